"""Rows against rows: the same row twice, and references to rows that are not there.

A fault is told once, where it is: a row that names a rejected row is held back without a word of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .cells import shown, squeezed
from .columns import Dataset, Reference
from .report import Level, Report
from .table import FAULTY, GOOD, HELD_BACK, MERGED, Table

Key = tuple[Any, ...]
# (dataset name, names of its columns) → keys of the rows that are in the project already
Existing = Callable[[str, tuple[str, ...]], Iterable[Key]]


def as_key(values: Iterable[Any]) -> Key:
    """How keys are compared: the case of letters does not count."""
    return tuple(value.casefold() if value.__class__ is str else value for value in values)


def as_keys(columns: Sequence[Sequence[Any]]) -> Iterator[Key]:
    """The keys of all rows of these columns."""
    folded = (
        [value.casefold() if value.__class__ is str else value for value in column] for column in columns
    )
    return zip(*folded, strict=True)


def merge_twins(tables: Sequence[Table], report: Report) -> None:
    """The same row again is merged; the same key with other values is an error at the later row."""
    by_dataset: dict[str, list[Table]] = {}
    for table in tables:
        by_dataset.setdefault(table.dataset.name, []).append(table)
    for family in by_dataset.values():
        seen: dict[Key, tuple[Table, int]] = {}
        for table in family:
            _merge_in(table, seen, report)


def _merge_in(table: Table, seen: dict[Key, tuple[Table, int]], report: Report) -> None:
    names = [name for name in table.dataset.key if name in table.values]
    merged = []
    for index, key in enumerate(as_keys([table.values[name] for name in names])):
        if table.states[index] != GOOD:
            continue
        earlier = seen.get(key)
        if earlier is None:
            seen[key] = (table, index)
            continue
        differing = _differences(*earlier, table, index)
        if differing:
            table.fault(report, index, names[0], _sentence(earlier, table, names, index, differing))
        else:
            table.states[index] = MERGED
            merged.append(table.numbers[index])
    if merged:
        table.report.merged = len(merged)
        listed = ", ".join(map(str, merged[:10])) + (", …" if len(merged) > 10 else "")
        words = ngettext(
            "One row repeats an earlier row and counts once: %(rows)s.",
            "%(count)d rows repeat earlier rows and count once: %(rows)s.",
            len(merged),
        )
        message = words % {"count": len(merged), "rows": listed}
        table.note(report, Level.INFO, message, row=merged[0])


def _differences(earlier: Table, first: int, later: Table, second: int) -> list[str]:
    """Headers of the columns in which two rows of one key differ. An empty later cell differs from none."""
    differing = []
    for name, values in later.values.items():
        if name not in earlier.values or not later.dataset.column(name).is_compared:
            continue
        here, there = values[second], earlier.values[name][first]
        if here not in (None, "", ()) and as_key((here,)) != as_key((there,)):
            differing.append(later.header(name, second))
    return differing


def _sentence(
    earlier: tuple[Table, int], table: Table, names: Sequence[str], index: int, differing: Sequence[str]
) -> str:
    first, place = earlier
    words = (
        _(
            "%(key)s stands in row %(row)d already, with another %(columns)s. "
            "Correct one of the two rows, or delete one."
        )
        if first.report.sheet == table.report.sheet
        else _(
            "%(key)s stands in row %(row)d of sheet “%(sheet)s” already, with another %(columns)s. "
            "Correct one of the two rows, or delete one."
        )
    )
    return words % {
        "key": ", ".join(shown(table.values[name][index]) for name in names),
        "row": first.numbers[place],
        "sheet": first.report.sheet,
        "columns": ", ".join(dict.fromkeys(differing)),
    }


@dataclass
class _Known:
    """The keys of one dataset that can be named, and those whose row has a fault of its own."""

    good: set[Key]
    faulty: list[Key]
    has_sheet: bool

    def __post_init__(self) -> None:
        self.whole_faulty = {key for key in self.faulty if None not in key and "" not in key}
        # A key with an unreadable part stands for every key that agrees in the others.
        self.partly_faulty = [
            key
            for key in self.faulty
            if key not in self.whole_faulty and any(part not in (None, "") for part in key)
        ]
        self.by_squeezed: dict[str, Key] | None = None

    def is_faulty(self, key: Key) -> bool:
        return key in self.whole_faulty or any(
            all(part in (None, "") or part == wanted for part, wanted in zip(pattern, key, strict=True))
            for pattern in self.partly_faulty
        )

    def resembling(self, key: Key) -> Key | None:
        if self.by_squeezed is None:
            self.by_squeezed = {squeezed("".join(map(str, good))): good for good in self.good}
        return self.by_squeezed.get(squeezed("".join(map(str, key))))


def check_references(
    tables: Sequence[Table],
    datasets: Sequence[Dataset],
    report: Report,
    *,
    existing: Existing,
    replaced: Iterable[str] = (),
) -> None:
    """Every reference must name a row of the project or of these tables. Rows of `replaced` datasets go.

    Datasets are taken in their order, so that a row held back holds back those that name it.
    """
    gone = set(replaced)
    known: dict[tuple[str, tuple[str, ...]], _Known] = {}
    for dataset in datasets:
        for table in (table for table in tables if table.dataset.name == dataset.name):
            for reference in dataset.references:
                if not all(name in table.values for name in reference.columns):
                    continue
                slot = (reference.dataset, reference.keys)
                if slot not in known:
                    known[slot] = _known(tables, *slot, existing, gone)
                _check_reference(table, reference, known[slot], report)


def _known(
    tables: Sequence[Table], name: str, keys: tuple[str, ...], existing: Existing, gone: set[str]
) -> _Known:
    good = set() if name in gone else {as_key(key) for key in existing(name, keys)}
    faulty: list[Key] = []
    named = [table for table in tables if table.dataset.name == name]
    for table in named:
        columns = [table.values.get(key, [None] * len(table.numbers)) for key in keys]
        for key, state in zip(as_keys(columns), table.states, strict=True):
            if state in (GOOD, MERGED):
                good.add(key)
            elif state in (FAULTY, HELD_BACK):
                faulty.append(key)
    return _Known(good=good, faulty=[key for key in faulty if key not in good], has_sheet=bool(named))


def _check_reference(table: Table, reference: Reference, known: _Known, report: Report) -> None:
    columns = [table.values[name] for name in reference.columns]
    folded = as_keys(columns)
    for index, values in enumerate(zip(*columns, strict=True)):
        whole = next(folded)
        if table.states[index] != GOOD or whole in known.good:
            continue
        keys = [(item,) for item in values[0]] if reference.is_list else [values]
        for written in keys:
            key = as_key(written)
            if None in key or "" in key or key in known.good:
                continue
            if known.is_faulty(key):
                table.states[index] = HELD_BACK
                continue
            if not known.good and not known.faulty:
                _say_absent(table, reference, known, report)
                _hold_back_all(table, reference)
                return
            name = reference.columns[-1]
            tell = table.cell_fault if len(reference.columns) == 1 else table.fault
            tell(report, index, name, _unknown(reference, known, written, key))


def _unknown(reference: Reference, known: _Known, written: Key, key: Key) -> str:
    called = ", ".join(shown(part) for part in written)
    if similar := known.resembling(key):
        like = ", ".join(str(part) for part in similar).upper()
        words = _("No %(one)s is called %(name)s, but one is called %(like)s. Write it in the same way.")
        return words % {"one": reference.one, "name": called, "like": like}
    words = _("No %(one)s %(name)s is known. Correct it here, or add the %(one)s to %(sheet)s.")
    return words % {"one": reference.one, "name": called, "sheet": reference.dataset}


def _say_absent(table: Table, reference: Reference, known: _Known, report: Report) -> None:
    column = reference.columns[-1]
    report.add(
        Level.ERROR,
        _(
            "This column names rows of %(sheet)s, and there are none yet. "
            "Upload %(sheet)s before or together with %(this)s."
        )
        % {"sheet": reference.dataset, "this": table.dataset.name},
        file=table.report.file,
        sheet=table.report.sheet,
        row=table.report.header_row,
        column=table.header(column, 0),
    )


def _hold_back_all(table: Table, reference: Reference) -> None:
    for index, value in enumerate(table.values[reference.columns[-1]]):
        if table.states[index] == GOOD and value not in (None, "", ()):
            table.states[index] = HELD_BACK


def conclude(tables: Iterable[Table], report: Report) -> None:
    """Write down how many rows went which way, and put the findings in order."""
    report.sort()
    for table in tables:
        table.report.accepted = table.states.count(GOOD)
        table.report.faulty = table.states.count(FAULTY)
        table.report.held_back = table.states.count(HELD_BACK)


class Absent:
    """The value of a column that the row's sheet does not have: what is known stays as it is."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


def accepted(tables: Iterable[Table], dataset: str) -> dict[str, list[Any]]:
    """The rows of a dataset that can be written, by column; columns that no sheet has are left out."""
    family = [table for table in tables if table.dataset.name == dataset]
    rows: dict[str, list[Any]] = {name: [] for table in family for name in table.values}
    for table in family:
        good = table.good()
        for name, column in rows.items():
            values = table.values.get(name)
            column += [ABSENT] * len(good) if values is None else [values[index] for index in good]
    return rows
