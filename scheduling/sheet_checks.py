"""What only several rows of the sheets, or the sheets and the project together, can show."""

from collections.abc import Iterable, Sequence
from datetime import date, time
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from projects.models import Project
from projects.spreadsheets.checking import ABSENT, as_key, merge_twins
from projects.spreadsheets.report import Level, Report, SheetReport
from projects.spreadsheets.table import GOOD, Table

from . import layouts
from .models import Course, Period, Room, Seat
from .sheet_targets import Key
from .sheets import ROOM_WITHOUT_SEATS, SEATS, definition

# What a chair's place and name follow from, where a room is a plain grid.
GRID = ("rows", "columns", "seats_per_bench", "numbering")


def of(tables: Iterable[Table], name: str) -> list[Table]:
    return [table for table in tables if table.dataset.name == name]


def bring_along(project: Project, tables: Sequence[Table], report: Report) -> list[Table]:
    """A datesheet with titles and times says which courses and periods there are, where nothing else does."""
    fixed = [table for table in of(tables, "Fixed") if GOOD in table.states]
    brought = []
    for name, columns, needed, has_none in (
        ("Courses", ("course_code", "title"), "title", not Course.objects.for_project(project).exists()),
        ("Periods", ("date", "start", "end"), "end", not Period.objects.for_project(project).exists()),
    ):
        if not has_none or of(tables, name) or not all(needed in table.values for table in fixed):
            continue
        for table in fixed:
            brought.append(_table_from(table, name, columns))
            count = len(brought[-1].numbers)
            words = _("%(sheet)s: %(count)d are taken from this sheet, as the project has none yet.")
            table.note(report, Level.INFO, words % {"sheet": name, "count": count})
            report.sheets.append(brought[-1].report)
    if brought:
        merge_twins(brought, report)
    return brought


def _table_from(source: Table, name: str, columns: Sequence[str]) -> Table:
    """The good rows of one table, each key once, as a table of another dataset."""
    dataset = definition(name)
    entry = SheetReport(
        file=source.report.file, sheet=source.report.sheet, dataset=name, header_row=source.report.header_row
    )
    rows: dict[Key, tuple[int, Key]] = {}
    for index in source.good():
        values = tuple(source.values[column][index] for column in columns)
        key = as_key(values[: len(dataset.key)])
        if None not in key and "" not in key and values[-1] not in (None, ""):
            rows.setdefault(key, (source.numbers[index], values))
    table = Table(dataset=dataset, report=entry)
    table.numbers = [number for number, _values in rows.values()]
    table.values = {
        column: [values[place] for _number, values in rows.values()] for place, column in enumerate(columns)
    }
    table.states = bytearray(len(rows))
    entry.rows = len(rows)
    return table


def check_new_rooms(project: Project, tables: Sequence[Table], report: Report) -> None:
    """A sheet without columns for seats may speak of known rooms only."""
    silent = [table for table in of(tables, "Rooms") if not table.values.keys() & set(SEATS)]
    if not silent:
        return
    known = {code.casefold() for code in Room.objects.for_project(project).values_list("code", flat=True)}
    for table in of(tables, "Rooms"):
        if table not in silent:
            known |= {table.values["room"][index].casefold() for index in table.good()}
    for table in silent:
        for index in table.good():
            if table.values["room"][index].casefold() not in known:
                table.fault(report, index, "room", str(ROOM_WITHOUT_SEATS))


def check_frozen_layouts(project: Project, tables: Sequence[Table], report: Report) -> None:
    """Where candidates have been told their seats, the chairs stay as they are."""
    uploaded = [*of(tables, "Rooms"), *of(tables, "Seats")]
    rooms = {room.code.casefold(): room for room in layouts.printed_rooms(project)} if uploaded else {}
    if not rooms:
        return
    chairs = {
        (seat.room_id, seat.row, seat.column, seat.side): {"label": seat.label, "usable": seat.is_usable}
        for seat in Seat.objects.for_project(project).filter(room__in=list(rooms.values()))
    }
    for table in uploaded:
        for index in table.good():
            told = {name: values[index] for name, values in table.values.items()}
            room = rooms.get(told["room"].casefold())
            if room is None:
                continue
            if table.dataset.name == "Rooms":
                before: dict[str, Any] = {name: getattr(room, name) for name in GRID}
            else:
                key = (room.pk, told["row"], told["column"], told.get("side") or 1)
                before = chairs.get(key, {"row": None})
            for name, value in before.items():
                if told.get(name, ABSENT) not in (ABSENT, value):
                    table.fault(report, index, name, layouts.why_frozen(room))
                    break


def check_overlaps(project: Project, tables: Sequence[Table], report: Report, *, replace: bool) -> None:
    """Periods never overlap, neither in the sheets nor with those of the project that stay."""
    uploaded = of(tables, "Periods")
    if not uploaded:
        return
    rows = [
        _Stretch(
            table.values["date"][index],
            table.values["start"][index],
            table.values["end"][index],
            table,
            index,
        )
        for table in uploaded
        for index in table.good()
    ]
    named = {(row.day, row.starts) for row in rows}
    if not replace:
        rows += [
            _Stretch(day, starts, ends)
            for day, starts, ends in Period.objects.for_project(project).values_list("date", "starts", "ends")
            if (day, starts) not in named
        ]
    latest: _Stretch | None = None  # of the periods so far, the one that ends last
    for row in sorted(rows, key=lambda row: (row.day, row.starts)):
        if latest and row.day == latest.day and row.starts < latest.ends:
            # Of two that overlap, the row further down is told.
            other, later = sorted((latest, row), key=lambda each: each.place)
            _say_overlap(other, later, report)
        if latest is None or (row.day, row.ends) > (latest.day, latest.ends):
            latest = row


class _Stretch(NamedTuple):
    """A period of the sheets, or without a table one of the project."""

    day: date
    starts: time
    ends: time
    table: Table | None = None
    place: int = -1


def _say_overlap(other: _Stretch, later: _Stretch, report: Report) -> None:
    if later.table is None or later.table.states[later.place] != GOOD:
        return
    words = (
        _("This period overlaps the one of row %(row)d, from %(start)s to %(end)s. Change the times of one.")
        if other.table
        else _(
            "This period overlaps one that the project has, from %(start)s to %(end)s. "
            "Change the times of one."
        )
    )
    row = other.table.numbers[other.place] if other.table else 0
    later.table.fault(
        report,
        later.place,
        "start" if "start" in later.table.cells else "date",
        words % {"row": row, "start": f"{other.starts:%H:%M}", "end": f"{other.ends:%H:%M}"},
    )


def check_fixed_once(project: Project, tables: Sequence[Table], report: Report) -> None:
    """One exam has one time, also where several courses share it."""
    group_of = {
        code.casefold(): group.casefold()
        for code, group in Course.objects.for_project(project)
        .exclude(common_group="")
        .values_list("code", "common_group")
    }
    for table in of(tables, "Courses"):
        for index in table.good() if "common_group" in table.values else []:
            group_of[table.values["course_code"][index].casefold()] = table.values["common_group"][
                index
            ].casefold()
    seen: dict[str, tuple[Key, Table, int]] = {}
    for table in of(tables, "Fixed"):
        for index in table.good():
            code = table.values["course_code"][index]
            group = group_of.get(code.casefold(), "")
            when = tuple(
                table.values[name][index] if name in table.values else None
                for name in ("date", "period", "start")
            )
            first, other, place = seen.setdefault(
                f"group {group}" if group else code.casefold(), (when, table, index)
            )
            if first != when:
                shared = other.values["course_code"][place]
                words = (
                    _(
                        "%(code)s is fixed at another time in row %(row)d. One exam has one time: "
                        "correct one of the two rows."
                    )
                    if shared.casefold() == code.casefold()
                    else _(
                        "%(code)s shares its exam with %(shared)s, which is fixed at another time in row "
                        "%(row)d. One exam has one time: correct one of the two rows."
                    )
                )
                table.fault(
                    report,
                    index,
                    "course_code",
                    words % {"code": code, "shared": shared, "row": other.numbers[place]},
                )
