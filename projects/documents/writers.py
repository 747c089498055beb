"""Tables to xlsx and csv. What a person typed leaves as text, never as a formula that a program would run."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from projects.documents.page import Share, Table, Value, plain
from projects.documents.words import direction

# A spreadsheet program may take a cell that begins so for a formula; tabs and returns shift what follows.
_DANGEROUS = re.compile(r"^[\s']*[=+\-@|%＝＋－＠]")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_WIDEST, _NARROWEST = 60, 8
# Widths are measured on this many rows.
_ROWS_MEASURED = 500

_A4 = 9
_LINE = {"bottom": 1, "bottom_color": "#C9D1D9", "valign": "top"}
_HEAD = {**_LINE, "bold": True, "font_color": "#FFFFFF", "bg_color": "#24405C", "text_wrap": True}


def write_xlsx(tables: Iterable[Table], path: Path, *, language: str = "en") -> Path:
    """One sheet a table: headings on the first row, so that the file can be uploaded again as it is."""
    taken: set[str] = set()
    # Row by row to the disk: a sheet of 100,000 rows does not fit into a small machine's memory.
    with Workbook(path, {"constant_memory": True}) as workbook:
        formats = _Formats(workbook)
        for table in tables:
            sheet = workbook.add_worksheet(_sheet_name(table.title, taken))
            if direction(language) == "rtl":
                sheet.right_to_left()
            sheet.freeze_panes(1, 0)
            sheet.repeat_rows(0)
            sheet.set_landscape()
            sheet.set_paper(_A4)
            sheet.fit_to_pages(1, 0)
            for number, width in enumerate(_widths(table)):
                sheet.set_column(number, number, width)
            if table.rows:
                sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
            for at, column in enumerate(table.columns):
                sheet.write_string(0, at, plain(column.heading), formats.head)
            kinds = [column.kind for column in table.columns]
            for number, row in enumerate(table.rows, start=1):
                for at, (value, kind) in enumerate(zip(row, kinds, strict=True)):
                    _write_cell(sheet, number, at, value, kind, formats)
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


class _Formats:
    def __init__(self, workbook: Workbook) -> None:
        self.head: Format = workbook.add_format(_HEAD)
        self.number: Format = workbook.add_format(_LINE)
        self.share: Format = workbook.add_format({**_LINE, "num_format": "0%"})
        self.date: Format = workbook.add_format({**_LINE, "num_format": "yyyy-mm-dd"})
        # Without the prefix, a reader who opens the cell and leaves it again turns its text into a formula.
        self.text: dict[tuple[bool, bool], Format] = {
            (is_dangerous, is_wrapped): workbook.add_format(
                {**_LINE, "num_format": "@", "quote_prefix": is_dangerous, "text_wrap": is_wrapped}
            )
            for is_dangerous in (True, False)
            for is_wrapped in (True, False)
        }


def _write_cell(sheet: Worksheet, row: int, at: int, value: Value, kind: str, formats: _Formats) -> None:
    if isinstance(value, (int, float)):
        sheet.write_number(row, at, value, formats.share if isinstance(value, Share) else formats.number)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, at, value, formats.date)
    else:
        # Import sheets take times as text, as people type them.
        text = text_of(value)
        is_wrapped = kind == "text" or isinstance(value, (list, tuple))
        is_dangerous = _DANGEROUS.match(text) is not None
        sheet.write_string(row, at, text, formats.text[is_dangerous, is_wrapped])


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
