"""Tables to xlsx and csv. What a person typed leaves as text, never as a formula that a program would run."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet

from projects.documents.page import Share, Table, Value, plain
from projects.documents.words import direction

# A spreadsheet program may take a cell that begins so for a formula; tabs and returns shift what follows.
_DANGEROUS = re.compile(r"^[\s']*[=+\-@|%＝＋－＠]")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_WIDEST, _NARROWEST = 60, 8
# Widths are measured on this many rows.
_ROWS_MEASURED = 500

_HEAD_FONT = Font(bold=True, color="FFFFFF")
_HEAD_FILL = PatternFill("solid", fgColor="24405C")
_LINE = Border(bottom=Side(style="thin", color="C9D1D9"))
_WRAP = Alignment(vertical="top", wrap_text=True)
_TOP = Alignment(vertical="top")


def write_xlsx(tables: Iterable[Table], path: Path, *, language: str = "en") -> Path:
    """One sheet a table: headings on the first row, so that the file can be uploaded again as it is."""
    workbook = Workbook(write_only=True)
    taken: set[str] = set()
    for table in tables:
        sheet = workbook.create_sheet(_sheet_name(table.title, taken))
        sheet.sheet_view.rightToLeft = direction(language) == "rtl"
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        for number, width in enumerate(_widths(table), start=1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        styles = _Styles(sheet)
        sheet.append([_head(sheet, styles, column.heading) for column in table.columns])
        for row in table.rows:
            sheet.append(
                [
                    _cell(sheet, styles, value, column.kind)
                    for value, column in zip(row, table.columns, strict=True)
                ]
            )
        if table.rows:
            sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{len(table.rows) + 1}"
    workbook.save(path)
    return path


def write_csv(table: Table, path: Path) -> Path:
    """UTF-8 with the mark by which Excel knows it. Csv knows no types: a dangerous cell begins with '."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_guarded(column.heading) for column in table.columns])
        for row in table.rows:
            writer.writerow([_csv_value(value) for value in row])
    return path


def csv_text(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_guarded(column.heading) for column in table.columns])
    writer.writerows([_csv_value(value) for value in row] for row in table.rows)
    return out.getvalue()


def text_of(value: Value) -> str:
    """What a cell says, on one line; lists with commas between."""
    if value is None:
        return ""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dt.time):
        return f"{value:%H:%M}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Share):
        return f"{value:.3f}"
    if isinstance(value, (int, float)):
        return str(value)
    return ", ".join(plain(one) for one in value)


def _guarded(text: str) -> str:
    return f"'{text}" if _DANGEROUS.match(text) else text


def _csv_value(value: Value) -> str:
    text = text_of(value)
    # Our own numbers and dates are no threat, and -3 is a number.
    return text if isinstance(value, (int, float, dt.date, dt.time)) else _guarded(text)


def _cell(sheet: WriteOnlyWorksheet, styles: "_Styles", value: Value, kind: str) -> WriteOnlyCell:
    if isinstance(value, (int, float)):
        cell = WriteOnlyCell(sheet, value)
        cell._style = styles.share if isinstance(value, Share) else styles.plain
    elif isinstance(value, dt.date):
        cell = WriteOnlyCell(sheet, value)
        cell._style = styles.date
    else:
        # Import sheets take times as text, as people type them.
        text = text_of(value)
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"
        is_wrapped = kind == "text" or isinstance(value, (list, tuple))
        cell._style = styles.text[_DANGEROUS.match(text) is not None, is_wrapped]
    return cell


class _Styles:
    """Made once a sheet: to give each of 300,000 cells its font and border takes most of the time."""

    def __init__(self, sheet: WriteOnlyWorksheet) -> None:
        def style(**how: object) -> StyleArray:
            cell = WriteOnlyCell(sheet)
            cell.border = _LINE
            for name, value in how.items():
                setattr(cell, name, value)
            return cell._style

        self.plain = style(alignment=_TOP)
        self.share = style(alignment=_TOP, number_format="0%")
        self.date = style(alignment=_TOP, number_format="yyyy-mm-dd")
        # Without the prefix, a reader who opens the cell and leaves it again turns its text into a formula.
        self.text = {
            (is_dangerous, is_wrapped): style(
                alignment=_WRAP if is_wrapped else _TOP, number_format="@", quotePrefix=is_dangerous
            )
            for is_dangerous in (True, False)
            for is_wrapped in (True, False)
        }
        self.head = style(font=_HEAD_FONT, fill=_HEAD_FILL, alignment=_WRAP)


def _head(sheet: WriteOnlyWorksheet, styles: _Styles, heading: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, plain(heading))
    cell.data_type = "s"
    cell._style = styles.head
    return cell


def _widths(table: Table) -> list[int]:
    columns = zip(*([c.heading for c in table.columns], *table.rows[:_ROWS_MEASURED]), strict=True)
    return [
        min(_WIDEST, max(_NARROWEST, 2 + max(len(text_of(value)) for value in column))) for column in columns
    ]


def _sheet_name(title: str, taken: set[str]) -> str:
    """At most 31 letters, none of []:*?/\\, no apostrophe at an end, each once whatever its case."""
    name = base = _SHEET_NAME.sub(" ", plain(title)).strip(" '")[:31] or "Sheet"
    number = 1
    while name.casefold() in taken:
        number += 1
        name = f"{base[: 30 - len(str(number))]} {number}"
    taken.add(name.casefold())
    return name
