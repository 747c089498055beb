"""Which dataset a sheet holds and in which row its headers stand, whatever its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cells import text
from .columns import ERROR_HEADER, Dataset, header_key

SEARCHED_ROWS = 50


@dataclass(frozen=True)
class Choice:
    """What a person decided about a sheet. None: let the contents decide."""

    dataset: str | None = None  # "" leaves the sheet out
    header_row: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)  # header as written → column name, "" not read


@dataclass(frozen=True)
class Layout:
    """Where a dataset's columns stand. Rows count from 1, columns from 0."""

    dataset: Dataset
    header_row: int
    columns: Mapping[str, int]  # column name → position
    headers: Mapping[int, str]  # position → header as written
    is_named: bool = False  # the sheet bears the dataset's name

    @property
    def missing(self) -> list[str]:
        return [column.header for column in self.dataset.required if column.name not in self.columns]

    @property
    def lacks_choice(self) -> bool:
        """Of some columns at least one must be there."""
        needed = self.dataset.needs_one_of
        return bool(needed) and not any(name in self.columns for name in needed)

    @property
    def fits(self) -> bool:
        return not self.missing and not self.lacks_choice

    @property
    def score(self) -> tuple[bool, float]:
        unread = len(self.headers) - len(self.columns)
        return (self.fits, len(self.columns) - unread / 4 + self.is_named / 2)

    @property
    def unread(self) -> list[int]:
        read = set(self.columns.values())
        return [position for position in self.headers if position not in read]


Remembered = Mapping[str, Mapping[str, str]]  # dataset → header as written → column name


def candidates(
    head: Sequence[Sequence[Any]],
    datasets: Sequence[Dataset],
    *,
    sheet: str,
    choice: Choice,
    remembered: Remembered,
) -> list[Layout]:
    """Every reading of the first rows that makes sense, best first."""
    if choice.dataset is not None:
        datasets = [dataset for dataset in datasets if dataset.name == choice.dataset]
    found = []
    written = [_written(row) for row in head[:SEARCHED_ROWS]]
    keys = [{place: header_key(header) for place, header in row.items()} for row in written]
    for dataset in datasets:
        words = _words(dataset, {**remembered.get(dataset.name, {}), **choice.columns})
        is_named = header_key(sheet) in {header_key(name) for name in (dataset.name, *dataset.aliases)}
        layouts = [
            _layout(written[number - 1], keys[number - 1], number, dataset, words, is_named)
            for number in range(1, len(written) + 1)
            if choice.header_row in (None, number)
        ]
        best = max(layouts, key=lambda layout: (layout.score, -layout.header_row), default=None)
        enough = 1 if choice.dataset or choice.header_row or is_named else 2
        if best and len(best.columns) >= enough:
            found.append(best)
    # Of equals the one with the longer key says more: who sits what, rather than who.
    return sorted(found, key=lambda layout: (layout.score, len(layout.dataset.key)), reverse=True)


def _words(dataset: Dataset, decided: Mapping[str, str]) -> dict[str, str]:
    words: dict[str, str] = {}
    for column in dataset.columns:
        for word in (column.header, column.name, *column.aliases):
            words.setdefault(header_key(word), column.name)
    # A column that was remembered may be gone since.
    known = {"", *words.values()}
    words.update({header_key(header): name for header, name in decided.items() if name in known})
    return words


def _written(row: Sequence[Any]) -> dict[int, str]:
    """The texts of a row by their place, as people wrote them."""
    texts = {place: header_text(cell) for place, cell in enumerate(row) if isinstance(cell, str) and cell}
    return {place: text for place, text in texts.items() if text and not text.startswith(ERROR_HEADER)}


def _layout(
    headers: Mapping[int, str],
    keys: Mapping[int, str],
    number: int,
    dataset: Dataset,
    words: Mapping[str, str],
    is_named: bool,
) -> Layout:
    columns: dict[str, int] = {}
    for place, key in keys.items():
        if (name := words.get(key)) and name not in columns:
            columns[name] = place
    return Layout(dataset=dataset, header_row=number, columns=columns, headers=headers, is_named=is_named)


def header_text(cell: str) -> str:
    """The header as the person wrote it, without odd spaces."""
    try:
        return text(cell)
    except ValueError:
        return " ".join(cell.split())


def choose(found: Sequence[Layout]) -> tuple[list[Layout], list[str]]:
    """The layouts to read a sheet by, and the names between which its contents do not decide.

    One sheet may feed several datasets: student, course and registration in each row. Another dataset is read
    too when the sheet holds all that it requires and a column that the first leaves unread.
    """
    if not found:
        return [], []
    first = found[0]
    rivals = [
        layout.dataset.name
        for layout in found[1:]
        if layout.score == first.score
        and len(layout.dataset.key) == len(first.dataset.key)
        and set(layout.columns.values()) == set(first.columns.values())
    ]
    if rivals:
        return [], [first.dataset.name, *rivals]
    chosen = [first]
    if first.fits:
        unread = set(first.unread)
        for layout in found[1:]:
            same_row = layout.header_row == first.header_row
            if same_row and layout.fits and len(layout.columns) > 1 and unread & set(layout.columns.values()):
                chosen.append(layout)
                unread -= set(layout.columns.values())
    return chosen, []
