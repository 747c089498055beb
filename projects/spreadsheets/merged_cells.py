"""Merged cells hold their value in the first row only: it is the value of every row that they cover."""

from bisect import bisect_left
from collections.abc import Mapping

from django.utils.translation import ngettext

from .cells import shown
from .opening import Sheet
from .report import Level, Report
from .table import Table


def fill_merged(table: Table, sheet: Sheet, positions: Mapping[str, int], report: Report) -> None:
    """Give each row of a merged range its value, and note in `table.tops` in which row it stands.

    A range that begins at or above the headers is a title. One over several columns speaks for its first.
    """
    names = {position: name for name, position in positions.items()}
    filled: dict[str, list[int]] = {}
    for first, last, position in sorted(sheet.merged()):
        name = names.get(position)
        top = bisect_left(table.numbers, first)
        if name is None or top == len(table.numbers) or table.numbers[top] != first:
            continue
        cells, tops = table.cells[name], table.tops.setdefault(name, {})
        for index in range(top + 1, bisect_left(table.numbers, last + 1)):
            # Ranges do not overlap, but a file may say so: each row is filled once.
            if index in tops:
                break
            tops[index] = top
            if shown(cells[top]):
                cells[index] = cells[top]
                filled.setdefault(name, []).append(table.numbers[top])
    for name, rows in filled.items():
        table.note(
            report,
            Level.INFO,
            ngettext(
                "Merged cells of this column gave their value to %(count)d row below them.",
                "Merged cells of this column gave their value to %(count)d rows below them.",
                len(rows),
            )
            % {"count": len(rows)},
            row=rows[0],
            column=table.headers[name],
        )


def follow_tops(table: Table) -> None:
    """What became of the value at the top (zeros put before it, a fault) holds for all rows of the range."""
    for name, tops in table.tops.items():
        cells = table.cells[name]
        for index, top in tops.items():
            cells[index] = cells[top]
            if (top, name) in table.told:
                table.told.add((index, name))
                table.hold_back(index)
