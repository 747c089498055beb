"""The cells of a table become values, column by column, with a finding for each that cannot be taken."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from .cells import BadCell, shown, text, zero_padded
from .columns import Column
from .merged_cells import fill_merged, follow_tops
from .opening import Sheet
from .report import Level, Report
from .table import GOOD, SKIPPED, Table

_NOTHING = {"-", "--", "—", "n/a", "na", "nil", "none", "null", ".", "tba", "?"}
_FOOTER = re.compile(
    r"\W*(grand |sub)?total\b|page \d|.*signature|signed\b|prepared by|checked by|approved by|printed (on|by)"
    r"|notes?\b|.*controller of exam|end of\b|copy to\b|registrar\b|continued\b",
    re.IGNORECASE,
)


def clean(table: Table, sheet: Sheet, positions: Mapping[str, int], report: Report) -> None:
    fill_merged(table, sheet, positions, report)
    _skip_footers(table)
    _heed_marks(table, sheet, positions, report)
    follow_tops(table)
    _carry_down(table)
    clean_columns(table, report)
    say_hidden(table, sheet, report)
    table.report.rows = len(table.numbers) - table.states.count(SKIPPED)


def clean_columns(table: Table, report: Report) -> None:
    """Fill the table's values. Of cells in `table.told` no second fault is reported."""
    for column in table.dataset.columns:
        if column.name in table.cells:
            table.values[column.name] = _clean_column(table, column, report)
    _unpack(table)
    _require(table, report)
    _check_rows(table, report)


def _skip_footers(table: Table) -> None:
    """Totals, signatures and notes under the rows: few cells, one of the usual words, no whole key."""
    required = [table.cells[column.name] for column in table.dataset.required if column.name in table.cells]
    if len(required) < 2:
        required = list(table.cells.values())
    for index, row in enumerate(zip(*required, strict=True)):
        if all(row):
            continue
        words = [word for cells in table.cells.values() if (word := shown(cells[index]))]
        if len(words) <= 2 and words and _FOOTER.match(words[0]):
            table.states[index] = SKIPPED
            table.report.skipped[gettext_noop("footer")] += 1


def _heed_marks(table: Table, sheet: Sheet, positions: Mapping[str, int], report: Report) -> None:
    """What the second look at the XML found, at the cells that are read."""
    if not (sheet.unstored or sheet.broken or sheet.padded):
        return
    index_of = {number: index for index, number in enumerate(table.numbers) if table.states[index] == GOOD}
    places = {position: name for name, position in positions.items()}

    def within(marks: Iterable[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], int, str]]:
        for row, position in sorted(marks):
            if row in index_of and position in places:
                yield (row, position), index_of[row], places[position]

    for mark, index, name in within(sheet.padded):
        cell = table.cells[name][index]
        if (
            table.dataset.column(name).keeps_zeros
            and isinstance(cell, float)
            and cell.is_integer()
            and cell >= 0
        ):
            table.cells[name][index] = zero_padded(cell, sheet.padded[mark])
    for mark, index, name in within(sheet.broken):
        table.cells[name][index] = sheet.broken[mark]
        table.cell_fault(
            report, index, name, _("The formula in this cell failed. Correct it, or type the value.")
        )
    for mark, index, name in within(sheet.unstored):
        table.cells[name][index] = sheet.unstored[mark]
        table.cell_fault(
            report,
            index,
            name,
            _(
                "This cell holds a formula whose result was not saved, and formulas are not worked out here. "
                "Open the workbook in the spreadsheet program and save it there, or type the value."
            ),
        )


def _carry_down(table: Table) -> None:
    """Where cells were merged before a program wrote them apart, the first row has the value.

    A blank row ends the block. Ranges that are merged still say themselves how far they go.
    """
    for column in table.dataset.columns:
        companions = [table.cells[name] for name in column.carry_with if name in table.cells]
        if column.name not in table.cells or not companions or column.name in table.tops:
            continue
        cells = table.cells[column.name]
        above, block = "", -1
        for index, cell in enumerate(cells):
            if table.blocks[index] != block:
                above, block = "", table.blocks[index]
            if shown(cell):
                above = cell
            elif any(shown(companion[index]) for companion in companions):
                cells[index] = above


def _clean_column(table: Table, column: Column, report: Report) -> list[Any]:
    clean, empty = column.clean, column.empty
    known: dict[Any, Any] = {"": empty}
    values = []
    doubts: dict[str, list[int]] = {}
    for index, cell in enumerate(table.cells[column.name]):
        # 1.0 and True are one key of a dict, and different cells.
        memo = cell if cell.__class__ is str else (cell.__class__, cell)
        if memo in known:
            values.append(known[memo])
            continue
        try:
            value = clean(cell)
            if value == "":
                value = empty
        except BadCell as reason:
            value = empty
            word = shown(cell).casefold()
            if table.states[index] == SKIPPED or (index, column.name) in table.told or not _visible(cell):
                pass
            elif column.required or word not in _NOTHING:
                table.cell_fault(report, index, column.name, str(reason))
        else:
            # Only what was read without fault is remembered: each faulty cell is reported.
            if column.doubt and (doubt := column.doubt(cell, table.header(column.name, index))):
                doubts.setdefault(doubt, []).append(index)
            else:
                known[memo] = value
        values.append(value)
    for doubt, indexes in doubts.items():
        _say_doubt(table, column, doubt, indexes, report)
    return values


def _visible(cell: Any) -> bool:
    try:
        return bool(text(cell))
    except BadCell:
        return True


def _say_doubt(table: Table, column: Column, doubt: str, indexes: list[int], report: Report) -> None:
    first = indexes[0]
    words = ngettext(
        "This cell can be read in two ways and was %(doubt)s. Check it.",
        "This cell like %(more)d more of this column can be read in two ways and was %(doubt)s. Check it.",
        len(indexes),
    )
    table.note(
        report,
        Level.WARNING,
        words % {"doubt": doubt, "more": len(indexes) - 1},
        row=table.numbers[first],
        column=table.header(column.name, first),
        value=shown(table.cells[column.name][first]),
    )


def _unpack(table: Table) -> None:
    for column in table.dataset.columns:
        if not column.unpack or column.name not in table.values:
            continue
        packed = table.values[column.name]
        for place, name in enumerate(column.unpack):
            if name not in table.values:
                table.values[name] = [value[place] if value else None for value in packed]
                table.cells[name] = table.cells[column.name]
                table.headers[name] = table.headers.get(column.name, "")
            else:
                own = table.values[name]
                table.values[name] = [
                    value if value is not None or not other else other[place]
                    for value, other in zip(own, packed, strict=True)
                ]


def _require(table: Table, report: Report) -> None:
    for column in table.dataset.required:
        values = table.values.get(column.name)
        if values is None or column.empty not in values:
            continue
        for index, value in enumerate(values):
            is_told = (index, column.name) in table.told
            if value == column.empty and not is_told and table.states[index] != SKIPPED:
                if column.name not in table.cells:
                    continue
                header = table.header(column.name, index)
                table.cell_fault(
                    report, index, column.name, _("%s is missing. Write it, or clear the whole row.") % header
                )


def _check_rows(table: Table, report: Report) -> None:
    """What one cell alone cannot show, such as an end before its start. Rows with a fault have been told."""
    check = table.dataset.check
    if check is None:
        return
    names = list(table.values)
    for index, values in enumerate(zip(*table.values.values(), strict=True)):
        if table.states[index] != GOOD:
            continue
        for name, message in check(dict(zip(names, values, strict=True))):
            table.fault(report, index, name if name in table.cells else names[0], message)


def say_hidden(table: Table, sheet: Sheet, report: Report) -> None:
    hidden = [number for number in table.numbers if number in sheet.hidden_rows]
    if hidden:
        listed = ", ".join(map(str, hidden[:10])) + (", …" if len(hidden) > 10 else "")
        words = ngettext(
            "A hidden row was read as well: %(rows)s. Delete what is not meant.",
            "%(count)d hidden rows were read as well: %(rows)s. Delete what is not meant.",
            len(hidden),
        )
        table.note(
            report,
            Level.WARNING,
            words % {"count": len(hidden), "rows": listed},
            row=hidden[0],
        )
