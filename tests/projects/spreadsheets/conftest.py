from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook as XlsxWorkbook

from projects.spreadsheets.cells import code, limited, whole
from projects.spreadsheets.checking import check_references, conclude, merge_twins
from projects.spreadsheets.columns import Column, Dataset, Reference
from projects.spreadsheets.headers import Choice
from projects.spreadsheets.moments import clock, day, hours, is_ambiguous_day
from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.reading import read_workbook
from projects.spreadsheets.report import Report
from projects.spreadsheets.table import Table

Save = Callable[..., Path]

# A small world of three sheets, enough for every claim about reading.
PEOPLE = Dataset(
    name="People",
    one="person",
    aliases=("Folk",),
    key=("number",),
    columns=(
        Column("number", "Number", ("No", "ID"), clean=limited(code, 12), required=True, keeps_zeros=True),
        Column("name", "Name", ("Full Name",), required=True),
        Column("age", "Age", ("Years",), clean=whole(0, 150), empty=None),
        Column("town", "Town"),
    ),
)
BOOKS = Dataset(
    name="Loans",
    one="loan",
    key=("number", "book"),
    columns=(
        Column("number", "Number", ("No", "ID"), clean=code, required=True),
        Column("book", "Book", ("Title",), required=True),
    ),
    references=(Reference(("number",), "People", ("number",), "person"),),
)
VISITS = Dataset(
    name="Visits",
    one="visit",
    key=("course_code",),
    may_be_wide=True,
    columns=(
        Column("course_code", "Code", clean=code, required=True),
        Column("title", "Title"),
        Column(
            "date",
            "Date",
            clean=day(),
            empty=None,
            doubt=is_ambiguous_day(),
            carry_with=("start", "hours"),
            required=True,
        ),
        Column("period", "Period"),
        Column("start", "Start", clean=clock, empty=None),
        Column("end", "End", clean=clock, empty=None),
        Column("hours", "Hours", clean=hours, empty=None, unpack=("start", "end")),
    ),
)
DATASETS = (PEOPLE, BOOKS, VISITS)


@pytest.fixture
def save(tmp_path) -> Save:
    """save({"Sheet": rows, …}) writes an xlsx file; `change` gets the workbook before it is saved."""

    def save(
        sheets: Mapping[str, Iterable[Sequence[Any]]],
        change: Callable[[XlsxWorkbook], None] | None = None,
        name: str = "book.xlsx",
    ) -> Path:
        book = XlsxWorkbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        if change:
            change(book)
        path = tmp_path / name
        book.save(path)
        return path

    return save


class Read:
    """What came of reading a file: the tables, the report, and shorthands for both."""

    def __init__(self, tables: list[Table], report: Report) -> None:
        self.tables, self.report = tables, report

    @property
    def errors(self) -> list[tuple[str, int, str]]:
        return [(error.sheet, error.row, error.column) for error in self.report.errors]

    @property
    def said(self) -> str:
        return "\n".join(finding.message for finding in self.report.findings)

    def column(self, name: str) -> list[Any]:
        return [self.tables[0].values[name][index] for index in self.tables[0].good()]


@pytest.fixture
def read() -> Callable[..., Read]:
    """read(path) opens, reads and checks a file against the three small datasets."""

    def read(
        path: Path,
        choices: Mapping[str, Choice] | None = None,
        existing: Iterable[tuple[str]] = (),
        **options: Any,
    ) -> Read:
        report = Report()
        tables = read_workbook(open_workbook(path), DATASETS, report, choices=choices, **options)
        merge_twins(tables, report)
        check_references(tables, DATASETS, report, existing=lambda sheet, keys: existing)
        conclude(tables, report)
        return Read(tables, report)

    return read
