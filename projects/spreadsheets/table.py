"""Clean rows on their way into the project."""

from dataclasses import dataclass, field
from typing import Any

from .cells import shown
from .columns import Dataset
from .report import Level, Report, SheetReport

GOOD, FAULTY, MERGED, HELD_BACK, SKIPPED = range(5)


@dataclass
class Table:
    """The clean rows of one sheet for one dataset. Lists run in step: one entry per row."""

    dataset: Dataset
    report: SheetReport
    numbers: list[int] = field(default_factory=list)
    cells: dict[str, list[Any]] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)
    states: bytearray = field(default_factory=bytearray)
    headers: dict[str, str] = field(default_factory=dict)
    # Under which header a cell stands, where that differs from row to row (a wide datesheet).
    headers_by_row: dict[str, list[str]] = field(default_factory=dict)
    blocks: list[int] = field(default_factory=list)

    def header(self, name: str, index: int) -> str:
        if name in self.headers_by_row:
            return self.headers_by_row[name][index]
        return self.headers.get(name) or self.dataset.column(name).header

    def fault(self, report: Report, index: int, name: str, message: str) -> None:
        """One error at one cell; the row is not taken."""
        self.states[index] = FAULTY
        report.add(
            Level.ERROR,
            message,
            file=self.report.file,
            sheet=self.report.sheet,
            row=self.numbers[index],
            column=self.header(name, index),
            value=shown(self.cells[name][index]) if name in self.cells else "",
        )

    def note(
        self, report: Report, level: Level, message: str, *, row: int = 0, column: str = "", value: str = ""
    ) -> None:
        report.add(
            level,
            message,
            file=self.report.file,
            sheet=self.report.sheet,
            row=row,
            column=column,
            value=value,
        )

    def good(self) -> list[int]:
        return [index for index, state in enumerate(self.states) if state == GOOD]
