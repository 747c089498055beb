"""From workbooks to rows: a dry run that tells everything, then one transaction."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

from django.db import transaction

from projects import history
from projects.models import Project
from projects.spreadsheets.checking import (
    ABSENT,
    accepted,
    as_key,
    check_references,
    conclude,
    merge_twins,
)
from projects.spreadsheets.headers import Choice
from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.reading import read_workbook
from projects.spreadsheets.report import Level, Report, SheetReport
from projects.spreadsheets.survey import CannotOpen
from projects.spreadsheets.table import FAULTY, GOOD, HELD_BACK, Table
from projects.spreadsheets.writing import write_error_workbook

from .exams import make_exams, make_sittings
from .models import Course, Exam, ExamCourse, Period
from .sheet_targets import TARGETS, Key, Plan, Rows, Target, existing_keys, make_plan, remove, write
from .sheets import FLAGS, definition, definitions

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Upload:
    """A file on this machine, and the name that its owner knows it by."""

    path: Path
    name: str


@dataclass
class Outcome:
    """What an import did, or in a dry run would do."""

    report: Report
    # sheet → {"added": n, "changed": n, "left": n, "removed": n}
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    exams_made: int = 0
    is_written: bool = False


class HasErrors(Exception):
    """Nothing was written: the outcome's report says why, cell by cell."""

    def __init__(self, outcome: Outcome) -> None:
        count = len(outcome.report.errors)
        super().__init__(
            f"{count} errors: nothing was written. Correct them, or take the good rows only."
            if count > 1
            else "One error: nothing was written. Correct it, or take the good rows only."
        )
        self.outcome = outcome


def dry_run(
    *,
    project: Project,
    uploads: Sequence[Upload],
    choices: Mapping[str, Choice] | None = None,
    replace: bool = False,
    tell: Tell = lambda words: None,
) -> Outcome:
    """Read and compare everything, write nothing. `choices`: sheet name → what a person decided about it.

    With `replace`, rows of the project that the uploaded sheets do not have would go.
    """
    report, tables = _read(project, uploads, choices or {}, tell)
    tell("Comparing with the project")
    return _examine(project, report, tables, replace=replace)


def import_workbooks(
    *,
    project: Project,
    uploads: Sequence[Upload],
    choices: Mapping[str, Choice] | None = None,
    replace: bool = False,
    skip_errors: bool = False,
    by: Any = None,
    tell: Tell = lambda words: None,
) -> Outcome:
    """Write the sheets' rows in one transaction. Raises HasErrors, unless the good rows alone are wanted."""
    report, tables = _read(project, uploads, choices or {}, tell)
    names = ", ".join(upload.name for upload in uploads)
    with transaction.atomic(), history.acting(by=by, reason=f"import of {names}"[:300]):
        # Two imports of one project wait for each other.
        Project.objects.select_for_update().get(pk=project.pk)
        tell("Comparing with the project")
        outcome = _examine(project, report, tables, replace=replace)
        if outcome.report.errors and not skip_errors:
            raise HasErrors(outcome)
        with history.quiet():
            _write(project, outcome, tables, replace=replace, tell=tell)
    return outcome


def write_errors(*, upload: Upload, report: Report, out: Path) -> None:
    """The person's own workbook with an error column. Raises CannotOpen."""
    header_rows = {entry.sheet: entry.header_row for entry in report.sheets if entry.file == upload.name}
    write_error_workbook(out, open_workbook(upload.path, name=upload.name), report.findings, header_rows)


def remember_headers(*, project: Project, sheet: str, columns: Mapping[str, str]) -> None:
    """Keep how a person read a sheet's headers ({as written: column name, "" not read}) for the next upload."""
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        project.header_mappings = {
            **project.header_mappings,
            sheet: {**project.header_mappings.get(sheet, {}), **columns},
        }
        project.save(update_fields=["header_mappings"])


# --- reading ------------------------------------------------------------------------------------------------


def _read(
    project: Project, uploads: Sequence[Upload], choices: Mapping[str, Choice], tell: Tell
) -> tuple[Report, list[Table]]:
    report = Report()
    tables: list[Table] = []
    datasets = definitions(day_first=project.dates_are_day_first)
    for upload in uploads:
        tell(f"Reading {upload.name}")
        try:
            workbook = open_workbook(upload.path, name=upload.name)
            tables += read_workbook(
                workbook, datasets, report, choices=choices, remembered=project.header_mappings
            )
        except CannotOpen as reason:
            report.add(Level.ERROR, str(reason), file=upload.name, value=upload.name)
        except FileNotFoundError:
            report.add(Level.ERROR, "There is no such file.", file=upload.name, value=upload.name)
    if not tables and not report.errors:
        report.add(Level.ERROR, "No sheet was read: none has the headers of a known sheet.")
    return report, tables


def _examine(project: Project, report: Report, tables: list[Table], *, replace: bool) -> Outcome:
    """Check rows against rows and against the project; plan what would become of each table."""
    merge_twins(tables, report)
    tables += _brought_along(project, tables, report)
    _check_overlaps(project, tables, report, replace=replace)
    replaced = {table.dataset.name for table in tables} if replace else set()
    check_references(
        tables,
        definitions(day_first=project.dates_are_day_first),
        report,
        existing=lambda sheet, columns: existing_keys(project, sheet, columns),
        replaced=replaced,
    )
    _check_fixed_once(project, tables, report)
    conclude(tables, report)
    outcome = Outcome(report=report)
    if replace:
        _refuse_to_empty(tables, report)
    for plan in _plans(project, tables, replace=replace):
        outcome.changes[plan.target.sheet] = plan.counts
    return outcome


def _refuse_to_empty(tables: Sequence[Table], report: Report) -> None:
    for name in dict.fromkeys(table.dataset.name for table in tables):
        family = [table for table in tables if table.dataset.name == name]
        if not any(table.report.accepted for table in family):
            family[0].note(
                report,
                Level.ERROR,
                f"There is no row to replace the {name} of the project with, so they stay. "
                "Add rows, or remove them in the project itself.",
            )


# --- what only several rows show ----------------------------------------------------------------------------


def _of(tables: Iterable[Table], name: str) -> list[Table]:
    return [table for table in tables if table.dataset.name == name]


def _brought_along(project: Project, tables: Sequence[Table], report: Report) -> list[Table]:
    """A datesheet with titles and times says which courses and periods there are, where nothing else does."""
    fixed = [table for table in _of(tables, "Fixed") if GOOD in table.states]
    brought = []
    for name, columns, needed, has_none in (
        ("Courses", ("course_code", "title"), "title", not Course.objects.for_project(project).exists()),
        ("Periods", ("date", "start", "end"), "end", not Period.objects.for_project(project).exists()),
    ):
        if not has_none or _of(tables, name) or not all(needed in table.values for table in fixed):
            continue
        for table in fixed:
            brought.append(_table_from(table, name, columns))
            count = len(brought[-1].numbers)
            message = f"{count} {name.lower()} are taken from this sheet, as the project has none yet."
            table.note(report, Level.INFO, message)
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
    table.numbers = [number for number, _ in rows.values()]
    table.values = {
        column: [values[place] for _, values in rows.values()] for place, column in enumerate(columns)
    }
    table.states = bytearray(len(rows))
    entry.rows = len(rows)
    return table


def _check_overlaps(project: Project, tables: Sequence[Table], report: Report, *, replace: bool) -> None:
    """Periods never overlap, neither in the sheets nor with those of the project that stay."""
    uploaded = _of(tables, "Periods")
    if not uploaded:
        return
    rows: list[tuple[date, time, time, Table | None, int]] = [
        (table.values["date"][index], table.values["start"][index], table.values["end"][index], table, index)
        for table in uploaded
        for index in table.good()
    ]
    named = {(day, starts) for day, starts, *_ in rows}
    if not replace:
        rows += [
            (day, starts, ends, None, 0)
            for day, starts, ends in Period.objects.for_project(project).values_list("date", "starts", "ends")
            if (day, starts) not in named
        ]
    # Of two that overlap, the row further down is told.
    rows.sort(key=lambda row: (row[0], row[1]))
    for before, after in itertools.pairwise(rows):
        if before[0] != after[0] or after[1] >= before[2]:
            continue
        later, other = _further_down(before, after)
        if later[3] is None or later[3].states[later[4]] != GOOD:
            continue
        where = f" of row {other[3].numbers[other[4]]}" if other[3] else " that the project has"
        later[3].fault(
            report,
            later[4],
            "start" if "start" in later[3].cells else "date",
            f"This period overlaps the one from {other[1]:%H:%M} to {other[2]:%H:%M}{where}. Change its times.",
        )


def _further_down(one: Any, two: Any) -> tuple[Any, Any]:
    if one[3] is None:
        return two, one
    if two[3] is None or one[4] > two[4]:
        return one, two
    return two, one


def _check_fixed_once(project: Project, tables: Sequence[Table], report: Report) -> None:
    """One exam has one time, also where several courses share it."""
    group_of = {
        code.casefold(): group.casefold()
        for code, group in Course.objects.for_project(project)
        .exclude(common_group="")
        .values_list("code", "common_group")
    }
    for table in _of(tables, "Courses"):
        for index in table.good() if "common_group" in table.values else []:
            group_of[table.values["course_code"][index].casefold()] = table.values["common_group"][
                index
            ].casefold()
    seen: dict[str, tuple[Key, Table, int]] = {}
    for table in _of(tables, "Fixed"):
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
                who = (
                    code
                    if shared.casefold() == code.casefold()
                    else f"{code} shares its exam with {shared}, which"
                )
                table.fault(
                    report,
                    index,
                    "course_code",
                    f"{who} is fixed at another time in row {other.numbers[place]}. One exam has one time: "
                    "correct one of the two rows.",
                )


# --- writing ------------------------------------------------------------------------------------------------


def _plans(project: Project, tables: Sequence[Table], *, replace: bool) -> Iterable[Plan]:
    """One plan after the other: a table is compared when those that it names have been written."""
    named = {table.dataset.name for table in tables}
    for target in TARGETS:
        rows = _rows(project, tables, target)
        if target.sheet in named or rows.get(target.key[0]):
            whole = replace and target.sheet in named and bool(rows.get(target.key[0]))
            spared = _faulty_keys(tables, target) if whole else ()
            yield make_plan(target, project, rows, replace=whole, spared=spared)


def _faulty_keys(tables: Sequence[Table], target: Target) -> set[Key]:
    """Keys of rows with a fault: what the project has under them stays."""
    spared: set[Key] = set()
    for table in _of(tables, target.sheet):
        if not all(name in table.values for name in target.key):
            continue
        for index, state in enumerate(table.states):
            if state in (FAULTY, HELD_BACK):
                spared.add(as_key(table.values[name][index] for name in target.key))
    return spared


def _rows(project: Project, tables: Sequence[Table], target: Target) -> Rows:
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
    """A room without a capacity has that of its layout."""
    if not rows:
        return rows
    length = len(rows["room"])
    across = [rows.get(name, [0] * length) for name in ("rows", "columns")]
    benches = rows.get("seats_per_bench", [1] * length)
    known = rows.get("exam_capacity", [None] * length)
    rows["exam_capacity"] = [
        capacity if capacity not in (None, ABSENT) else _number(down) * _number(along) * _number(bench)
        for capacity, down, along, bench in zip(known, *across, benches, strict=True)
    ]
    return rows


def _number(value: Any) -> int:
    return 1 if value is ABSENT else value


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
    starts = {
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


_SHAPES: dict[str, Callable[[Rows, Project, Sequence[Table]], Rows]] = {
    "Rooms": _room_rows,
    "Teaches": _teaches_rows,
    "Fixed": _fixed_rows,
    "Links": _link_rows,
    "Accommodations": _arrangement_rows,
}


def _write(project: Project, outcome: Outcome, tables: Sequence[Table], *, replace: bool, tell: Tell) -> None:
    outcome.changes = {}
    done: list[Plan] = []
    for plan in _plans(project, tables, replace=replace):
        sheet = plan.target.sheet
        tell(f"Writing {sheet}")
        write(plan, project)
        done.append(plan)
        outcome.changes[sheet] = plan.counts
        if sheet == "Registrations" or (sheet == "Courses" and "Registrations" not in _names(tables)):
            outcome.exams_made += _make_exams(project, tables)
    for plan in reversed(done):
        remove(plan, project)
    if any(plan.removed for plan in done if plan.target.model is Course):
        Exam.objects.for_project(project).filter(exam_courses__isnull=True).delete()
    if "Registrations" in _names(tables):
        make_sittings(
            project=project, exams=Exam.objects.for_project(project).filter(batch_size__isnull=False)
        )
    _note(project, done, outcome)
    outcome.is_written = True


def _names(tables: Iterable[Table]) -> set[str]:
    return {table.dataset.name for table in tables}


def _make_exams(project: Project, tables: Sequence[Table]) -> int:
    """Every course with registrations has an exam, and so has every course with a fixed date or a link."""
    named = {
        code.casefold()
        for sheet, columns in (("Fixed", ("course_code",)), ("Links", ("course_a", "course_b")))
        for column in columns
        for code in accepted(tables, sheet).get(column, [])
    }
    also = [
        pk
        for pk, code in Course.objects.for_project(project).values_list("pk", "code")
        if code.casefold() in named
    ]
    return make_exams(project=project, also=also)


def _note(project: Project, plans: Iterable[Plan], outcome: Outcome) -> None:
    """One line of history for each table and each way, with the first rows' values."""
    for plan in plans:
        samples = {
            "added": (
                len(plan.added),
                None,
                [_values(plan, index) for index in plan.added[: history.SAMPLE]],
            ),
            "changed": (
                len(plan.changed),
                [plan.before[pk] for pk, _, _ in plan.changed[: history.SAMPLE]],
                [_values(plan, index) for _, index, _ in plan.changed[: history.SAMPLE]],
            ),
            "removed": (len(plan.removed), [plan.before[pk] for pk in plan.removed[: history.SAMPLE]], None),
        }
        for action, (rows, before, after) in samples.items():
            if rows:
                history.note(
                    institution=project.institution,
                    project=project,
                    model=plan.target.model,
                    what=plan.target.sheet,
                    rows=rows,
                    action=action,
                    before=before,
                    after=after,
                )


def _values(plan: Plan, index: int) -> dict[str, Any]:
    return {
        name: values[index] for name, values in plan.rows.items() if values[index] not in (None, "", ABSENT)
    }
