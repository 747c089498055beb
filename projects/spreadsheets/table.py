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
    # Column → row of a merged cell → the row at whose top the value stands. By index.
    tops: dict[str, dict[int, int]] = field(default_factory=dict)
    told: set[tuple[int, str]] = field(default_factory=set)  # cells, by index and column, with a fault

    def header(self, name: str, index: int) -> str:
        if name in self.headers_by_row:
            return self.headers_by_row[name][index]
        return self.headers.get(name) or self.dataset.column(name).header

    def cell_fault(self, report: Report, index: int, name: str, message: str) -> None:
        """The cell's own value is at fault. That of merged cells is told once, at the top, for all rows."""
        top = self.tops.get(name, {}).get(index, index)
        if (top, name) in self.told:
            self.hold_back(index)
        else:
            self.told |= {(top, name), (index, name)}
            self.fault(report, index, name, message, at=top)

    def hold_back(self, index: int) -> None:
        if self.states[index] == GOOD:
            self.states[index] = HELD_BACK

    def fault(self, report: Report, index: int, name: str, message: str, *, at: int | None = None) -> None:
        """One error at one cell, that of this row or the row `at`; this row is not taken."""
        self.states[index] = FAULTY
        at = index if at is None else at
        report.add(
            Level.ERROR,
            message,
            file=self.report.file,
            sheet=self.report.sheet,
            row=self.numbers[at],
            column=self.header(name, at),
            value=shown(self.cells[name][at]) if name in self.cells else "",
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
