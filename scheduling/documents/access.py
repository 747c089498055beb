"""Who needs what in an exam: for the office and the room's invigilators, for no door and no other list."""

from collections import defaultdict
from collections.abc import Iterator

from projects.documents.page import Band, Column, Section, Table, Value
from scheduling.documents.day_lists import period_heading
from scheduling.documents.lists import codes_of, rooms_of, title_of
from scheduling.documents.plan import Plan
from scheduling.documents.tables import SittingRow, StudentRow
from scheduling.documents.words import WORDS
from scheduling.models import AccessArrangement, Role


def columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["room_and_seat"], "code", 1.1),
        Column(words["roll_no"], "code", 1.2),
        Column(words["name"], width=1.7),
        Column(words["code"], "code", 1),
        Column(words["title"], width=2),
        Column(words["needs"], width=2.6),
        Column(words["own_finish"], "time"),
        Column(words["helper"], width=1.4),
    )


def sections(plan: Plan, language: str, only: str = "") -> Iterator[Section]:
    heading: object = None
    rows: list[tuple[Value, ...]] = []
    lines = (WORDS[language]["confidential"],)
    for sitting, student, needs in _found(plan):
        if heading is not None and sitting.period != heading:
            yield Section(period_heading(heading, language), [Band("", rows)], lines)  # type: ignore[arg-type]
            rows = []
        heading = sitting.period
        rows.append(_row(plan, sitting, student, needs, language))
    if heading is not None:
        yield Section(period_heading(heading, language), [Band("", rows)], lines)  # type: ignore[arg-type]


def _found(plan: Plan) -> Iterator[tuple[SittingRow, StudentRow, list[AccessArrangement]]]:
    """In the order in which exams are sat; what has run out by then is left away."""
    of_student: dict[int, list[AccessArrangement]] = defaultdict(list)
    for arrangement in AccessArrangement.objects.for_project(plan.project).order_by("kind"):
        of_student[arrangement.student_id].append(arrangement)
    students = {student.pk: student for student in plan.rows.students if student.pk in of_student}
    sat = [
        (sitting, student, sitting.period.date)
        for student in students.values()
        for sitting in plan.rows.of_student.get(student.pk, ())
        if sitting.period
    ]
    for sitting, student, day in sorted(sat, key=lambda pair: (pair[0].sort_key, pair[1].roll_no)):
        valid = [one for one in of_student[student.pk] if one.holds_on(day)]
        if valid:
            yield sitting, student, valid


def _row(
    plan: Plan, sitting: SittingRow, student: StudentRow, needs: list[AccessArrangement], language: str
) -> tuple[Value, ...]:
    own = plan.seats.seat_of.get((student.pk, sitting.pk))
    place = [own[0].code, own[1]] if own else rooms_of(sitting, language, with_counts=False)
    extra = sum(one.minutes_for(sitting.duration) for one in needs)
    return (
        place, student.roll_no, student.name, codes_of(sitting), title_of(sitting, language),
        [_need(one, language) for one in needs], sitting.times(extra)[-5:] if extra else "",
        _helpers(plan, sitting, student, language),
    )  # fmt: skip


def _need(one: AccessArrangement, language: str) -> str:
    words = WORDS[language]
    amount = [f"+{one.extra_percent}%"] if one.extra_percent else []
    amount += [f"+{one.extra_minutes} {words['short_minutes']}"] if one.extra_minutes else []
    said = " ".join([words[f"need_{one.kind}"], *amount])
    return f"{said} ({one.note})" if one.note else said


def _helpers(plan: Plan, sitting: SittingRow, student: StudentRow, language: str) -> list[str]:
    """Readers and scribes who work for this candidate then."""
    return [
        duty.teacher.name if duty.teacher else WORDS[language]["open_post"]
        for duty in plan.duties.duties
        if duty.student
        and duty.student.pk == student.pk
        and duty.period == sitting.period
        and duty.role in (Role.READER, Role.SCRIBE)
    ]


def tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    listed: list[tuple[Value, ...]] = [
        (
            sitting.period.date if sitting.period else None,
            sitting.period.name if sitting.period else None,
            *_row(plan, sitting, student, needs, language),
        )
        for sitting, student, needs in _found(plan)
    ]
    heads = (Column(words["date"], "date"), Column(words["period"]))
    plain_columns = (Column(column.heading, column.kind) for column in columns(language))
    return [Table(words["access_list"], (*heads, *plain_columns), listed)]
