"""A sheet becomes clean columns, with a finding for each cell that cannot be taken."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from .cells import shown
from .cleaning import clean, clean_columns, say_hidden
from .columns import Dataset, header_key
from .headers import SEARCHED_ROWS, Choice, Layout, Remembered, candidates, choose
from .opening import Sheet, Workbook
from .report import Level, Report, SheetReport
from .table import Table
from .wide import WideLayout, find_wide, read_wide


def read_workbook(
    workbook: Workbook,
    datasets: Sequence[Dataset],
    report: Report,
    *,
    choices: Mapping[str, Choice] | None = None,
    remembered: Remembered | None = None,
) -> list[Table]:
    """All sheets that hold one of the datasets. Hidden sheets are listed, and read only by choice.

    `choices`: "sheet", or "file/sheet" where files share sheet names → what a person decided about it.
    """
    for notice in workbook.notices:
        report.add(Level.WARNING, notice, file=workbook.name)
    tables = []
    decided = choices or {}
    for sheet in workbook.sheets:
        choice = decided.get(f"{workbook.name}/{sheet.name}") or decided.get(sheet.name) or Choice()
        tables += _read_sheet(workbook.name, sheet, datasets, report, choice, remembered or {})
    return tables


def _read_sheet(
    file: str,
    sheet: Sheet,
    datasets: Sequence[Dataset],
    report: Report,
    choice: Choice,
    remembered: Remembered,
) -> list[Table]:
    entry = SheetReport(file=file, sheet=sheet.name, is_hidden=sheet.is_hidden)
    if choice.dataset == "":
        report.sheets.append(entry)
        return []
    if sheet.is_hidden and choice.dataset is None:
        report.sheets.append(entry)
        message = _("The sheet is hidden and was left out. Choose what it holds to have it read.")
        report.add(Level.INFO, message, file=file, sheet=sheet.name)
        return []
    head = list(islice(sheet.rows(), SEARCHED_ROWS))
    wide = _wide_layout(head, datasets, choice)
    if wide:
        return [_read_wide_sheet(file, sheet, wide, next(d for d in datasets if d.may_be_wide), report)]
    found = candidates(head, datasets, sheet=sheet.name, choice=choice, remembered=remembered)
    chosen, rivals = choose(found)
    entry.candidates = rivals or [layout.dataset.name for layout in found if layout.fits]
    if rivals:
        report.sheets.append(entry)
        message = _("The sheet may hold %s. Give it one of these names, or choose.") % " / ".join(rivals)
        report.add(Level.ERROR, message, file=file, sheet=sheet.name)
    elif not chosen:
        report.sheets.append(entry)
        _say_unknown(file, sheet.name, head, datasets, report)
    return [
        table
        for layout in chosen
        if (table := _read_layout(file, sheet, layout, report, entry.candidates, first=layout is chosen[0]))
    ]


def _wide_layout(head: list[list[Any]], datasets: Sequence[Dataset], choice: Choice) -> WideLayout | None:
    target = next((dataset.name for dataset in datasets if dataset.may_be_wide), None)
    if target is None or choice.columns or choice.dataset not in (None, target):
        return None
    return find_wide(head)


def _say_unknown(
    file: str, sheet: str, head: list[list[Any]], datasets: Sequence[Dataset], report: Report
) -> None:
    """A sheet that bears one of our names must be readable; any other may be what it likes."""
    if not any(any(shown(cell) for cell in row) for row in head):
        report.add(Level.INFO, _("The sheet is empty."), file=file, sheet=sheet)
        return
    named = next(
        (d for d in datasets if header_key(sheet) in {header_key(name) for name in (d.name, *d.aliases)}),
        None,
    )
    if named:
        needed = ", ".join(column.header for column in named.required)
        words = _(
            "No row with the headers of %(sheet)s was found in the first %(rows)d rows. "
            "They need at least: %(headers)s."
        )
        message = words % {"sheet": named.name, "rows": SEARCHED_ROWS, "headers": needed}
        report.add(Level.ERROR, message, file=file, sheet=sheet)
    else:
        message = _("The sheet was left out: its headers fit none of the known sheets.")
        report.add(Level.WARNING, message, file=file, sheet=sheet)


def _read_layout(
    file: str, sheet: Sheet, layout: Layout, report: Report, fitting: list[str], *, first: bool
) -> Table | None:
    dataset = layout.dataset
    names = {position: name for name, position in layout.columns.items()}
    entry = SheetReport(
        file=file,
        sheet=sheet.name,
        dataset=dataset.name,
        is_hidden=sheet.is_hidden,
        header_row=layout.header_row,
        headers={header: names.get(position, "") for position, header in layout.headers.items()},
        candidates=fitting,
    )
    report.sheets.append(entry)
    if not layout.fits:
        lacking = layout.missing or [" / ".join(dataset.column(name).header for name in dataset.needs_one_of)]
        words = ngettext(
            "The sheet looks like %(sheet)s, but has no column %(columns)s. Add it, "
            "or choose which of its columns that is.",
            "The sheet looks like %(sheet)s, but lacks the columns %(columns)s. Add them, "
            "or choose which of its columns they are.",
            len(lacking),
        )
        report.add(
            Level.ERROR,
            words % {"sheet": dataset.name, "columns": ", ".join(lacking)},
            file=file, sheet=sheet.name, row=layout.header_row,
        )  # fmt: skip
        return None
    table = Table(dataset=dataset, report=entry)
    table.headers = {name: layout.headers[position] for name, position in layout.columns.items()}
    _collect(table, sheet, layout)
    if first and not table.numbers:
        table.note(
            report,
            Level.WARNING,
            _("There are headers here, and no row below them. Write the rows, or delete the sheet."),
            row=layout.header_row,
        )
    clean(table, sheet, layout.columns, report)
    if first:
        _say_unread(table, layout, report)
    return table


def _say_unread(table: Table, layout: Layout, report: Report) -> None:
    unread = [layout.headers[position] for position in layout.unread]
    if unread:
        listed = ", ".join(f"“{header}”" for header in unread[:20]) + (", …" if len(unread) > 20 else "")
        words = ngettext(
            "One column is not read: %(columns)s.",
            "%(count)d columns are not read: %(columns)s.",
            len(unread),
        )
        message = words % {"count": len(unread), "columns": listed}
        table.note(report, Level.INFO, message, row=layout.header_row)


def _collect(table: Table, sheet: Sheet, layout: Layout) -> None:
    """Fill numbers and cells; count what is skipped: titles, blank rows, repeated headers."""
    positions = list(layout.columns.values())
    width = max(positions) + 1
    pick = _picker(positions)
    titles: set[tuple[str, ...]] = set()
    header = tuple(header_key(layout.headers[position]) for position in positions)
    first_header = layout.headers[positions[0]].casefold()
    skipped = table.report.skipped
    picked_rows: list[tuple[Any, ...]] = []
    block = 0
    formulas = {row for row, position in sheet.unstored if position in positions}
    for number, row in enumerate(_rows_as_far_as(max(formulas, default=0), sheet), 1):
        may_be_blank = number not in formulas  # a formula without a result is something to tell of
        if may_be_blank and not any(row) and not any(shown(cell) for cell in row):
            skipped[gettext_noop("blank")] += number > layout.header_row
            block += 1
            continue
        if number <= layout.header_row:
            if number < layout.header_row:
                titles.add(_words_of(row))
                skipped[gettext_noop("above the header")] += 1
            continue
        if len(row) < width:
            row = row + [""] * (width - len(row))
        picked = pick(row)
        start = picked[0]
        # Most rows are told from the header by their first cell alone.
        looks_alike = start.__class__ is str and start.strip().casefold() == first_header
        if looks_alike and tuple(header_key(cell) for cell in picked) == header:
            skipped[gettext_noop("repeated header")] += 1
            continue
        if may_be_blank and not any(picked) and not any(shown(cell) for cell in picked):
            skipped[gettext_noop("nothing in the columns that are read")] += 1
            continue
        if titles and len(words := _words_of(row)) < 3 and words in titles:
            skipped[gettext_noop("repeated title")] += 1
            continue
        picked_rows.append(picked)
        table.numbers.append(number)
        table.blocks.append(block)
    columns = zip(*picked_rows, strict=True) if picked_rows else ([] for _ in positions)
    table.cells = {name: list(cells) for name, cells in zip(layout.columns, columns, strict=True)}
    table.states = bytearray(len(table.numbers))


def _rows_as_far_as(last: int, sheet: Sheet) -> Iterator[list[Any]]:
    """The sheet's rows, then empty ones up to the last that matters: the fast reader ends sooner."""
    number = 0
    for number, row in enumerate(sheet.rows(), 1):  # noqa: B007
        yield row
    for _number in range(number, last):
        yield []


def _picker(positions: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    return lambda row: tuple([row[position] for position in positions])


def _words_of(row: Iterable[Any]) -> tuple[str, ...]:
    return tuple(words for cell in row if (words := shown(cell)))


def _read_wide_sheet(file: str, sheet: Sheet, wide: WideLayout, dataset: Dataset, report: Report) -> Table:
    """A datesheet with one column per period, as rows of the dataset."""
    entry = SheetReport(
        file=file,
        sheet=sheet.name,
        dataset=dataset.name,
        is_hidden=sheet.is_hidden,
        header_row=wide.header_row,
        headers=dict.fromkeys(wide.headers.values(), ""),
        candidates=[dataset.name],
    )
    entry.headers[wide.headers[wide.date]] = "date"
    for period in wide.periods:
        entry.headers[period.header] = "course_code" if period.codes is None else "title"
        if period.codes is not None:
            entry.headers[wide.headers[period.codes]] = "course_code"
    report.sheets.append(entry)
    table = Table(dataset=dataset, report=entry)
    names = ("date", "period", "start", "end", "course_code", "title")
    table.cells = {name: [] for name in names}
    table.headers_by_row = {name: [] for name in names}
    positions: list[Mapping[str, int]] = []
    first_of_day: dict[int, int] = {}
    merged = {
        first: last
        for first, last, position in sheet.merged()
        if position == wide.date and first > wide.header_row
    }
    numbered = ((number, row) for number, row in enumerate(sheet.rows(), 1) if number > wide.header_row)
    for found in read_wide(wide, numbered, merged):
        index = len(table.numbers)
        if (first := first_of_day.setdefault(found.date_row, index)) < index:
            table.tops.setdefault("date", {})[index] = first
        table.numbers.append(found.row)
        table.blocks.append(0)
        positions.append(found.positions)
        for name in names:
            table.cells[name].append(found.cells[name])
            table.headers_by_row[name].append(found.headers[name])
    table.states = bytearray(len(table.numbers))
    for index, (row, places) in enumerate(zip(table.numbers, positions, strict=True)):
        for name, position in places.items():
            if (row, position) in sheet.unstored or (row, position) in sheet.broken:
                table.cell_fault(
                    report, index, name, _("The formula in this cell has no result. Type the value.")
                )
    clean_columns(table, report)
    say_hidden(table, sheet, report)
    entry.rows = len(set(table.numbers))
    return table
