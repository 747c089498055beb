"""From the rows of a sheet, as people write them, to those of its table."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from projects.models import Project
from projects.spreadsheets.checking import ABSENT, accepted, as_key
from projects.spreadsheets.table import Table

from .models import ExamCourse, Period, Room, TeacherPair
from .sheet_targets import Key, Rows, Target
from .sheets import FLAGS, definition


def table_rows(project: Project, tables: Sequence[Table], target: Target) -> Rows:
    """The good rows of a sheet, in the columns of its table."""
    rows = accepted(tables, target.sheet)
    shape = _SHAPES.get(target.sheet)
    rows = shape(rows, project, tables) if shape else rows
    length = len(next(iter(rows.values()), []))
    for name in target.key:
        if length and name not in rows:
            empty = next((c.empty for c in definition(target.sheet).columns if c.name == name), None)
            rows[name] = [empty] * length
    return rows


def _room_rows(rows: Rows, project: Project, tables: Sequence[Table]) -> Rows:
    """A room without a capacity has that of its layout; a known one keeps what no column speaks of."""
    if not rows:
        return rows
    length = len(rows["room"])
    layouts = zip(
        *(rows.get(name, [ABSENT] * length) for name in ("rows", "columns", "seats_per_bench")), strict=True
    )
    codes = Room.objects.for_project(project).values_list("code", flat=True)
    known = {code.casefold() for code in codes}
    capacities = []
    for room, capacity, layout in zip(
        rows["room"], rows.get("exam_capacity", [ABSENT] * length), layouts, strict=True
    ):
        if capacity is None or (capacity is ABSENT and room.casefold() not in known):
            capacity = prod(1 if value is ABSENT else value for value in layout)
        capacities.append(capacity)
    rows["exam_capacity"] = capacities
    return rows


def _teaches_rows(rows: Rows, project: Project, tables: Sequence[Table]) -> Rows:
    """The Teachers sheet may name courses as well."""
    teachers = accepted(tables, "Teachers")
    if "courses_taught" not in teachers:
        return rows
    rows = rows or {"staff_no": [], "course_code": []}
    rows.setdefault("section", [""] * len(rows["staff_no"]))
    known = {as_key(pair) for pair in zip(rows["staff_no"], rows["course_code"], strict=True)}
    for staff_no, codes in zip(teachers["staff_no"], teachers["courses_taught"], strict=True):
        for code in () if codes is ABSENT else codes:
            if as_key((staff_no, code)) not in known:
                rows["staff_no"].append(staff_no)
                rows["course_code"].append(code)
                rows["section"].append("")
    return rows


def _arrangement_rows(rows: Rows, project: Project, tables: Sequence[Table]) -> Rows:
    """One row per arrangement: a student's row may name several by its columns of yes and no."""
    if not rows:
        return rows
    made: Rows = {name: [] for name in rows if name not in FLAGS}
    made.setdefault("kind", [])
    seen: set[Key] = set()
    for index, roll_no in enumerate(rows["roll_no"]):
        given = {name: values[index] for name, values in rows.items()}
        kinds = [kind for name, kind in FLAGS.items() if given.get(name) is True]
        if given.get("kind") not in (None, "", ABSENT):
            kinds.insert(0, given["kind"])
        elif any(given.get(name) not in (None, 0, ABSENT) for name in ("extra_percent", "extra_minutes")):
            kinds.insert(0, "extra time")
        for kind in dict.fromkeys(kinds):
            if (key := as_key((roll_no, kind))) in seen:
                continue
            seen.add(key)
            for name, column in made.items():
                is_time = name in ("extra_percent", "extra_minutes")
                column.append(
                    kind if name == "kind" else 0 if is_time and kind in FLAGS.values() else given[name]
                )
    return made


def _exam_of(project: Project, tables: Sequence[Table]) -> Callable[[str], str]:
    """Course code → the code of its exam; its own where the exam is still to be made."""
    known = {
        code.casefold(): exam
        for code, exam in ExamCourse.objects.for_project(project).values_list("course__code", "exam__code")
    }
    return lambda code: known.get(code.casefold(), code)


def _fixed_rows(rows: Rows, project: Project, tables: Sequence[Table]) -> Rows:
    """One row per exam and room. A period says its date; a date alone leaves the period open."""
    if not rows:
        return rows
    exam_of = _exam_of(project, tables)
    starts: dict[Key, Any] = {
        (day, label.casefold()): start
        for day, label, start in Period.objects.for_project(project).values_list("date", "label", "starts")
    }
    periods = accepted(tables, "Periods")
    for index, label in enumerate(periods.get("period", [])):
        if label not in ("", ABSENT):
            starts[periods["date"][index], label.casefold()] = periods["start"][index]
    made: Rows = {"exam": [], "sitting": [], "date": [], "period": [], "room": []}
    seen: set[Key] = set()
    length = len(rows["course_code"])
    empty = [None] * length
    for code, day, start, label, rooms in zip(
        rows["course_code"],
        *(rows.get(name, empty) for name in ("date", "start", "period", "rooms")),
        strict=True,
    ):
        day = None if day is ABSENT else day
        if start in (None, ABSENT) and label not in (None, "", ABSENT):
            start = starts.get((day, label.casefold()))
        period = (day, start) if day and start not in (None, ABSENT) else None
        exam = exam_of(code)
        for room in (() if rooms in (None, ABSENT) else rooms) or (None,):
            if (key := as_key((exam, room))) not in seen:
                seen.add(key)
                for name, value in zip(made, (exam, 1, None if period else day, period, room), strict=True):
                    made[name].append(value)
    return made


def _link_rows(rows: Rows, project: Project, tables: Sequence[Table]) -> Rows:
    """Links of courses are links of their exams; courses of one exam need none."""
    if not rows:
        return rows
    exam_of = _exam_of(project, tables)
    made: Rows = {
        name: [] for name in ("kind", "exam_a", "exam_b", *rows.keys() - {"kind", "course_a", "course_b"})
    }
    seen: set[Key] = set()
    for index, kind in enumerate(rows["kind"]):
        first, second = exam_of(rows["course_a"][index]), exam_of(rows["course_b"][index])
        key = as_key((kind, first, second))
        if first.casefold() == second.casefold() or key in seen:
            continue
        seen.add(key)
        for name, column in made.items():
            column.append({"kind": kind, "exam_a": first, "exam_b": second}.get(name) or rows[name][index])
    return made


def _pair_rows(rows: Rows, project: Project, tables: Sequence[Table]) -> Rows:
    """Two teachers are one pair, in the order in which the project has them."""
    if not rows:
        return rows
    stored = TeacherPair.objects.for_project(project).values_list(
        "teacher_a__staff_no", "teacher_b__staff_no"
    )
    known = {as_key(pair) for pair in stored}
    made: Rows = {name: [] for name in rows}
    for index, pair in enumerate(zip(rows["staff_no"], rows["other_staff_no"], strict=True)):
        one, other = as_key(pair)
        told = {name: values[index] for name, values in rows.items()}
        if (other, one) in known:
            one, other = other, one
            told |= {"staff_no": pair[1], "other_staff_no": pair[0]}
        known.add((one, other))
        for name, column in made.items():
            column.append(told[name])
    return _without_twins(made)


def _without_twins(rows: Rows) -> Rows:
    """Of several rows about one pair the last."""
    last = {
        as_key(pair): n for n, pair in enumerate(zip(rows["staff_no"], rows["other_staff_no"], strict=True))
    }
    return {name: [column[n] for n in last.values()] for name, column in rows.items()}


_SHAPES: dict[str, Callable[[Rows, Project, Sequence[Table]], Rows]] = {
    "Rooms": _room_rows,
    "Teaches": _teaches_rows,
    "Fixed": _fixed_rows,
    "Links": _link_rows,
    "Accommodations": _arrangement_rows,
    "Pairs": _pair_rows,
}
