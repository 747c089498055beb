"""Where the rows of each sheet go: which model and fields, what is there already, and how the two differ."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Any

from django.db import connection, models

from projects import bulk
from projects.models import Project, ProjectModel
from projects.spreadsheets.checking import ABSENT, as_key, as_keys

from .models import (
    AccessArrangement,
    Course,
    Designation,
    ExamLink,
    Exemption,
    FixedPlacement,
    Period,
    Registration,
    Relative,
    Room,
    Seat,
    StaffingStep,
    Student,
    Teacher,
    TeacherPair,
    Teaches,
    Unavailability,
)

BATCH = 5000
Rows = dict[str, list[Any]]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Target:
    """A sheet's table. `fields`: column → field, or "parent__field" where the column names a row of another
    table, or several of those where it takes several to name one."""

    sheet: str
    model: type[ProjectModel]
    key: tuple[str, ...]
    fields: Mapping[str, str | tuple[str, ...]]
    # Columns whose rows of the other table are made when they are missing.
    made_on_the_way: frozenset[str] = frozenset()

    def paths(self, column: str) -> tuple[str, ...]:
        paths = self.fields[column]
        return (paths,) if isinstance(paths, str) else paths

    def parent(self, column: str) -> models.ForeignKey | None:
        """The foreign key that the column fills, if it names a row of another table."""
        name, _, rest = self.paths(column)[0].partition("__")
        found = self.model._meta.get_field(name)
        return found if rest and isinstance(found, models.ForeignKey) else None


def _same(names: str) -> dict[str, str]:
    """Columns that bear their field's name."""
    return {name: name for name in names.split()}


TARGETS = (
    Target(
        "Students",
        Student,
        ("roll_no",),
        _same("roll_no name father_name semester section shift campus gender email")
        | {"programme": "programme__name"},
        frozenset({"programme"}),
    ),
    Target(
        "Courses",
        Course,
        ("course_code",),
        _same("title credits duration kind common_group")
        | {"course_code": "code", "department": "department__name"},
        frozenset({"department"}),
    ),
    Target(
        "Rooms",
        Room,
        ("room",),
        _same("block campus floor rows columns seats_per_bench exam_capacity teaching_capacity features")
        | _same("numbering invigilators")
        | {"room": "code", "usable": "is_usable"},
    ),
    Target(
        "Seats",
        Seat,
        ("room", "row", "column", "side"),
        _same("row column side label x y attributes") | {"room": "room__code", "usable": "is_usable"},
    ),
    Target(
        "Designations",
        Designation,
        ("designation",),
        _same("rank min_duties max_duties weight") | {"designation": "name"},
    ),
    Target(
        "Teachers",
        Teacher,
        ("staff_no",),
        _same("staff_no name gender email max_duties may_invigilate share carried_minutes")
        | {"designation": "designation__name", "department": "department__name"},
        frozenset({"designation", "department"}),
    ),
    Target(
        "Teaches",
        Teaches,
        ("staff_no", "course_code", "section"),
        {"staff_no": "teacher__staff_no", "course_code": "course__code", "section": "section"},
    ),
    Target(
        "Unavailability",
        Unavailability,
        ("staff_no", "date", "start"),
        _same("date reason") | {"staff_no": "teacher__staff_no", "start": "starts", "end": "ends"},
    ),
    Target(
        "Periods",
        Period,
        ("date", "start"),
        _same("date penalty max_exams max_candidates max_rooms")
        | {"period": "label", "start": "starts", "end": "ends"},
    ),
    Target(
        "Registrations",
        Registration,
        ("roll_no", "course_code"),
        _same("kind section") | {"roll_no": "student__roll_no", "course_code": "course__code"},
    ),
    Target(
        "Fixed",
        FixedPlacement,
        ("exam", "sitting", "room"),
        {
            "exam": "exam__code",
            "sitting": "sitting_number",
            "date": "date",
            "period": ("period__date", "period__starts"),
            "room": "room__code",
        },
    ),
    Target(
        "Links",
        ExamLink,
        ("kind", "exam_a", "exam_b"),
        _same("kind weight gap_days")
        | {"exam_a": "exam_a__code", "exam_b": "exam_b__code", "must_hold": "is_hard"},
    ),
    Target(
        "Accommodations",
        AccessArrangement,
        ("roll_no", "kind"),
        _same("kind extra_percent extra_minutes valid_until note") | {"roll_no": "student__roll_no"},
    ),
    Target("Staffing", StaffingStep, ("first",), _same("first last base per tolerance")),
    Target(
        "Exemptions",
        Exemption,
        ("staff_no", "first_on"),
        _same("first_on last_on reason") | {"staff_no": "teacher__staff_no"},
    ),
    Target(
        "Pairs",
        TeacherPair,
        ("staff_no", "other_staff_no"),
        _same("kind") | {"staff_no": "teacher_a__staff_no", "other_staff_no": "teacher_b__staff_no"},
    ),
    Target(
        "Relatives",
        Relative,
        ("staff_no", "roll_no"),
        {"staff_no": "teacher__staff_no", "roll_no": "student__roll_no"},
    ),
)


@dataclass
class Plan:
    """What would become of one table: rows to add by index, rows to change with the columns that differ."""

    target: Target
    rows: Rows
    added: list[int] = field(default_factory=list)
    changed: list[tuple[int, int, tuple[str, ...]]] = field(default_factory=list)  # pk, index, columns
    left: int = 0
    removed: list[int] = field(default_factory=list)
    before: dict[int, dict[str, Any]] = field(default_factory=dict)  # pk → values of rows that change or go

    @property
    def counts(self) -> dict[str, int]:
        return {
            "added": len(self.added),
            "changed": len(self.changed),
            "left": self.left,
            "removed": len(self.removed),
        }


def make_plan(
    target: Target, project: Project, rows: Rows, *, replace: bool, spared: Iterable[Key] = ()
) -> Plan:
    """Compare the rows with the table's. Only columns that the sheets have are looked at.

    `spared` are keys that stay although no row has them: their rows in the sheet have a fault.
    """
    plan = Plan(target=target, rows=rows)
    columns = [column for column in target.fields if column in rows]
    by_name = {column for column in columns if column in target.key or target.parent(column)}
    there = _existing(target, project, columns)
    length = len(next(iter(rows.values()), []))
    keys = list(as_keys([rows[name] for name in target.key])) if length else []
    if not there:
        plan.added = list(range(length))
        return plan
    for index, key in enumerate(keys):
        if key not in there:
            plan.added.append(index)
            continue
        pk, values = there[key]
        differing = tuple(
            column
            for column, value in zip(columns, values, strict=True)
            if not _is_same(value, rows[column][index], by_name=column in by_name)
        )
        if differing:
            plan.changed.append((pk, index, differing))
            plan.before[pk] = dict(zip(columns, values, strict=True))
        else:
            plan.left += 1
    if replace:
        kept = {*keys, *spared}
        for key, (pk, values) in there.items():
            if key not in kept:
                plan.removed.append(pk)
                plan.before[pk] = dict(zip(columns, values, strict=True))
    else:
        plan.left += len(there) - plan.left - len(plan.changed)
    return plan


def _existing(target: Target, project: Project, columns: list[str]) -> dict[Key, tuple[int, Key]]:
    paths = [path for column in columns for path in target.paths(column)]
    wide = any(len(target.paths(column)) > 1 for column in columns)
    places = [columns.index(name) for name in target.key] if all(k in columns for k in target.key) else []
    there = {}
    for pk, *values in target.model.objects.for_project(project).values_list("pk", *paths).iterator(BATCH):
        if wide:
            values = _folded(target, columns, values)
        there[as_key(values[place] for place in places)] = (pk, tuple(values))
    return there


def _folded(target: Target, columns: list[str], flat: list[Any]) -> list[Any]:
    """The values of a column of several paths become one tuple, None if the first is."""
    values, place = [], 0
    for column in columns:
        width = len(target.paths(column))
        value = tuple(flat[place : place + width])
        values.append(value[0] if width == 1 else value if value[0] is not None else None)
        place += width
    return values


def _is_same(stored: Any, written: Any, *, by_name: bool) -> bool:
    """`by_name`: the column is a key or names another row, so that the case of letters does not count."""
    if written is ABSENT or stored == written:
        return True
    if stored in (None, "") or written in (None, ""):
        return stored in (None, "") and written in (None, "")
    return by_name and as_key((stored,)) == as_key((written,))


def existing_keys(project: Project, sheet: str, columns: tuple[str, ...]) -> Iterator[Key]:
    """The keys of a sheet's rows that the project has, by these columns."""
    target = next(target for target in TARGETS if target.sheet == sheet)
    paths = [path for column in columns for path in target.paths(column)]
    return iter(target.model.objects.for_project(project).values_list(*paths))


def write(plan: Plan, project: Project) -> None:
    """Add and change. Rows to remove stay until every sheet is written."""
    columns = [column for column in plan.target.fields if column in plan.rows]
    stored = {column: _stored(plan, column, project) for column in columns}
    _add(plan, project, stored)
    _change(plan, stored)


def _field(target: Target, column: str) -> models.Field:
    parent = target.parent(column)
    return parent if parent is not None else target.model._meta.get_field(target.paths(column)[0])


def _stored(plan: Plan, column: str, project: Project) -> list[Any]:
    """The column as the database takes it; ABSENT where the row says nothing."""
    target, written = plan.target, plan.rows[column]
    known: dict[Any, Any] = {ABSENT: ABSENT}
    if target.parent(column) is not None:
        pks = _pks(plan, column, project)
        for value in set(written) - {ABSENT}:
            known[value] = None if value in (None, "") else pks[as_key(_as_tuple(value))]
    else:
        into = _field(target, column)
        for value in set(written) - {ABSENT}:
            known[value] = into.get_db_prep_save(value, connection)
    return [known[value] for value in written]


def _as_tuple(value: Any) -> Key:
    return value if isinstance(value, tuple) else (value,)


def _pks(plan: Plan, column: str, project: Project) -> dict[Key, int]:
    """Natural key → pk of the rows that a column names; by-the-way ones are made if they are missing."""
    target = plan.target
    parent = target.parent(column)
    assert parent is not None
    model = parent.related_model
    naturals = [path.partition("__")[2] for path in target.paths(column)]
    known = {
        as_key(natural): pk
        for *natural, pk in model.objects.for_project(project).values_list(*naturals, "pk")
    }
    if column in target.made_on_the_way:
        wanted: dict[str, str] = {}
        for value in dict.fromkeys(plan.rows[column]):
            if value is not ABSENT and value and (value.casefold(),) not in known:
                wanted.setdefault(value.casefold(), value)
        made = model.objects.bulk_create(
            model(institution_id=project.institution_id, project=project, **{naturals[0]: value})
            for value in wanted.values()
        )
        known |= {(getattr(row, naturals[0]).casefold(),): row.pk for row in made}
    return known


def _add(plan: Plan, project: Project, stored: Mapping[str, list[Any]]) -> None:
    """Whole columns go to the database as they are: model instances would cost more than all the rest."""
    if not plan.added:
        return
    model = plan.target.model
    filled = {_field(plan.target, column).column: values for column, values in stored.items()}
    columns: dict[str, Iterable[Any]] = {}
    for each in model._meta.concrete_fields:
        default = each.get_db_prep_save(each.get_default(), connection) if not each.primary_key else None
        if each.name == "institution":
            columns[each.column] = repeat(project.institution_id)
        elif each.name == "project":
            columns[each.column] = repeat(project.pk)
        elif each.column in filled:
            columns[each.column] = _chosen(filled[each.column], plan.added, default)
        elif not each.primary_key:
            columns[each.column] = repeat(default)
    bulk.insert(model, list(columns), zip(*columns.values(), strict=False))


def _chosen(values: list[Any], indexes: Iterable[int], default: Any) -> Iterator[Any]:
    return (default if (value := values[index]) is ABSENT else value for index in indexes)


def _change(plan: Plan, stored: Mapping[str, list[Any]]) -> None:
    """One UPDATE statement for each set of columns that differ, run for all its rows at once."""
    target = plan.target
    by_columns: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for pk, index, differing in plan.changed:
        by_columns.setdefault(differing, []).append((pk, index))
    for differing, changes in by_columns.items():
        columns = [_field(target, column).column for column in differing]
        rows = ([*(stored[column][index] for column in differing), pk] for pk, index in changes)
        bulk.update(target.model, columns, rows)


def remove(plan: Plan, project: Project) -> None:
    """Delete the rows that the sheets no longer have, with what hangs on them."""
    gone = iter(plan.removed)
    while batch := list(islice(gone, BATCH)):
        rows = plan.target.model.objects.for_project(project).filter(pk__in=batch)
        if plan.target.model is Designation:
            # Teachers of the project still have it.
            rows = rows.filter(teachers__isnull=True)
        rows.delete()
