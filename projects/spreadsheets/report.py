"""What a dry run tells: findings by sheet, row and column, and how many rows of each sheet went which way."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(NamedTuple):
    """A sentence about a cell, a row (no column), a sheet (row 0) or a file (no sheet)."""

    level: Level
    file: str
    sheet: str
    row: int
    column: str
    value: str
    message: str

    def as_dict(self) -> dict[str, str | int]:
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "message": self.message,
        }


@dataclass
class SheetReport:
    """How one sheet was read. Everything here can be shown and, by a choice, corrected."""

    file: str
    sheet: str
    dataset: str = ""  # "" when the sheet was left out
    is_hidden: bool = False
    header_row: int = 0
    headers: dict[str, str] = field(default_factory=dict)  # as written → column name, "" when not read
    candidates: list[str] = field(default_factory=list)
    rows: int = 0
    accepted: int = 0
    merged: int = 0
    faulty: int = 0
    held_back: int = 0  # they name a row that has a fault of its own
    skipped: Counter[str] = field(default_factory=Counter)  # reason → rows


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
    sheets: list[SheetReport] = field(default_factory=list)

    def add(
        self,
        level: Level,
        message: str,
        *,
        file: str = "",
        sheet: str = "",
        row: int = 0,
        column: str = "",
        value: str = "",
    ) -> None:
        self.findings.append(Finding(level, file, sheet, row, column, value, message))

    def sort(self) -> None:
        """By file and sheet as they were read, then by row."""
        places = {(entry.file, entry.sheet): place for place, entry in enumerate(self.sheets)}
        self.findings.sort(key=lambda finding: (places.get((finding.file, finding.sheet), -1), finding.row))

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == Level.ERROR]

    @property
    def accepted(self) -> dict[str, int]:
        """Rows by dataset that can be written."""
        counts: dict[str, int] = {}
        for sheet in self.sheets:
            if sheet.dataset:
                counts[sheet.dataset] = counts.get(sheet.dataset, 0) + sheet.accepted
        return counts
