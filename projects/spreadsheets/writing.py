"""Tables out, as xlsx and csv without live formulas, and a person's own workbook with its errors."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook as XlsxWorkbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from .cells import zero_padded
from .columns import ERROR_HEADER
from .opening import Sheet, Workbook
from .report import Finding, Level

MAX_ROWS = 1_048_576
_FAULT = PatternFill("solid", fgColor="FDE2E1")
_BOLD = Font(bold=True)
_FORMATS = {datetime: "yyyy-mm-dd hh:mm", date: "yyyy-mm-dd", time: "hh:mm", timedelta: "[h]:mm"}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Rows = Iterable[Sequence[Any]]


def csv_safe(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_DANGEROUS) and value.strip() != "-":
        return f"'{value}"
    return value


def write_csv(path: Path, headers: Sequence[str], rows: Rows) -> None:
    """UTF-8 with a mark at its beginning, by which Excel knows it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([csv_safe(header) for header in headers])
        for row in rows:
            writer.writerow([csv_safe(value) for value in row])


def write_xlsx(path: Path, sheets: Mapping[str, tuple[Sequence[str], Rows]]) -> None:
    """Sheets by name, each with its headers and rows. Headers stay in view while rows scroll."""
    book = XlsxWorkbook(write_only=True)
    for name, (headers, rows) in sheets.items():
        sheet = book.create_sheet(sheet_name(name, book.sheetnames))
        sheet.freeze_panes = "A2"
        rows = iter(rows)
        first = [list(row) for row, _ in zip(rows, range(200), strict=False)]
        for place, header in enumerate(headers):
            widest = max((len(str(row[place])) for row in first if place < len(row)), default=0)
            sheet.column_dimensions[get_column_letter(place + 1)].width = min(
                max(widest, len(header), 6) + 2, 60
            )
        sheet.append([_cell(sheet, header, bold=True) for header in headers])
        for row in first:
            sheet.append([_cell(sheet, value) for value in row])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    book.save(path)


def sheet_name(name: str, taken: Iterable[str]) -> str:
    """A name that Excel takes: at most 31 characters, none of []:*?/\\, and not in use."""
    base = "".join(" " if mark in "[]:*?/\\" else mark for mark in name).strip("' ")[:31] or "Sheet"
    lower = {other.casefold() for other in taken}
    free, number = base, 2
    while free.casefold() in lower:
        free, number = f"{base[:27]} {number}", number + 1
    return free


def _cell(sheet: Any, value: Any, *, bold: bool = False, fault: bool = False) -> Any:
    """The plain value where it is safe and plain; else a cell that says what it is."""
    if value is None or value == "":
        if not fault:
            return None
        value = ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        value = int(value)
    is_text = isinstance(value, str)
    if is_text:
        value = ILLEGAL_CHARACTERS_RE.sub("", value)[:32_767]
    number_format = _FORMATS.get(type(value))
    # "=1+1" would become a formula, here or when somebody edits the cell, and "#N/A" an error.
    is_dangerous = is_text and value.startswith(_DANGEROUS)
    needs_care = is_dangerous or (is_text and value[:1] == "#")
    if not (bold or fault or needs_care or number_format):
        return value
    cell = WriteOnlyCell(sheet, value)
    if is_text:
        cell.data_type = "s"
        cell.quotePrefix = is_dangerous
    if number_format:
        cell.number_format = number_format
    if bold:
        cell.font = _BOLD
    if fault:
        cell.fill = _FAULT
    return cell


def write_error_workbook(
    path: Path, workbook: Workbook, findings: Iterable[Finding], header_rows: Mapping[str, int]
) -> None:
    """The person's own workbook: sheets, rows and values in their places, and a last column with the errors.

    `header_rows`: sheet → the row of its headers, where the last column gets its own. Cells with a fault are
    shaded. The result can be corrected and uploaded again.
    """
    by_sheet: dict[str, dict[int, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        if finding.level == Level.ERROR and finding.file == workbook.name:
            by_sheet[finding.sheet][finding.row].append(finding)
    book = XlsxWorkbook(write_only=True)
    for sheet in workbook.sheets:
        target = book.create_sheet(sheet_name(sheet.name, book.sheetnames))
        if sheet.is_hidden:
            target.sheet_state = "hidden"
        for row in _with_errors(target, sheet, by_sheet.get(sheet.name, {}), header_rows.get(sheet.name, 1)):
            target.append(row)
    if all(sheet.is_hidden for sheet in workbook.sheets):
        book.create_sheet(sheet_name("Errors", book.sheetnames))
    book.save(path)


def _with_errors(
    target: Any, sheet: Sheet, findings: Mapping[int, list[Finding]], header_row: int
) -> Iterator[list[Any]]:
    width, last = _extent(sheet, header_row)
    errors = findings.keys()
    if errors:
        target.column_dimensions[get_column_letter(width + 1)].width = 70
    headers: list[str] = []
    for number, row in enumerate(sheet.rows(), 1):
        if number > last:
            break
        here = findings.get(number, []) + (findings.get(0, []) if number == header_row else [])
        if number == header_row:
            headers = [" ".join(cell.split()) if isinstance(cell, str) else "" for cell in row]
        faulty = {finding.column for finding in here if finding.column}
        written = []
        for place, value in enumerate(row[:width]):
            value = _as_seen(sheet, number, place, value)
            is_faulty = bool(faulty) and place < len(headers) and headers[place] in faulty
            written.append(_cell(target, value, fault=is_faulty, bold=number == header_row))
        if errors and (here or number == header_row):
            written += [None] * (width - len(written))
            messages = [_message(finding) for finding in here]
            if number == header_row:
                messages.insert(0, ERROR_HEADER)
            note = _cell(target, "\n".join(messages), bold=number == header_row, fault=bool(here))
            note.alignment = Alignment(wrap_text=True, vertical="top")
            written.append(note)
        yield written


def _extent(sheet: Sheet, header_row: int) -> tuple[int, int]:
    """Columns and rows up to the last value, less an error column of an earlier time."""
    width = last = 0
    own = None
    for number, row in enumerate(sheet.rows(), 1):
        used = len(row)
        while used and row[used - 1] in ("", None):
            used -= 1
        if used:
            width, last = max(width, used), number
        if number == header_row and used and str(row[used - 1]).startswith(ERROR_HEADER):
            own = used - 1
    return width if own is None else own, min(last, MAX_ROWS)


def _as_seen(sheet: Sheet, row: int, place: int, value: Any) -> Any:
    """What the fast reader did not see at this place: zeros, errors, formulas (as text: none runs)."""
    if (row, place) in sheet.padded and isinstance(value, float) and value.is_integer() and value >= 0:
        return zero_padded(value, sheet.padded[row, place])
    if (row, place) in sheet.broken:
        return sheet.broken[row, place]
    if (row, place) in sheet.unstored:
        return sheet.unstored[row, place]
    return value


def _message(finding: Finding) -> str:
    return f"{finding.column}: {finding.message}" if finding.column else finding.message
