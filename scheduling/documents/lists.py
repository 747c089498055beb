"""The datesheet as lists: by day, programme, room, student and teacher; on paper and as spreadsheet rows.

`only` narrows a print to one programme, room, student or teacher, by name, code, roll or staff number.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from projects.documents.page import Band, Column, Section, Table, Value, section_for_typst
from projects.documents.typesetting import Pile
from projects.documents.words import long_date, weekday
from scheduling.documents.plan import Mass, Plan
from scheduling.documents.tables import RoomRow, SittingRow, SolutionRows, StudentRow
from scheduling.documents.words import WORDS
from scheduling.roll_order import natural_key

# What a wall has room for; a longer list ends in "+n".
PROGRAMMES_SHOWN = 3
# A student is told so many rooms; more are a matter of the seating plan.
ROOMS_TOLD = 3

Cohort = tuple[str, str]


# --- cells ------------------------------------------------------------------------------------------------
def codes_of(sitting: SittingRow) -> Value:
    """Students look for the code of their course, which the exam's code may not be."""
    return list(sitting.courses) or [sitting.code]


def title_of(sitting: SittingRow, language: str) -> str:
    if sitting.sittings == 1:
        return sitting.title
    batch = WORDS[language]["sitting"].format(number=sitting.number, count=sitting.sittings)
    return f"{sitting.title} ({batch})"


def rooms_of(sitting: SittingRow, language: str, *, with_counts: bool = True) -> Value:
    if not sitting.rooms:
        return WORDS[language]["no_room"] if sitting.needs_room and sitting.period else None
    if len(sitting.rooms) == 1 or not with_counts:
        return [room.code for room, _ in sitting.rooms]
    return [f"{room.code} ({candidates})" for room, candidates in sitting.rooms]


# (student, sitting) pk → the student's own room and seat
SeatOf = Mapping[tuple[int, int], tuple[RoomRow, str]]


def room_and_seat(sitting: SittingRow, student: StudentRow, seat_of: SeatOf, language: str) -> Value:
    """The student's own room and seat; before there are seats, the rooms of the exam."""
    own = seat_of.get((student.pk, sitting.pk))
    return [own[0].code, own[1]] if own else rooms_for_student(sitting, language)


def rooms_for_student(sitting: SittingRow, language: str) -> Value:
    if len(sitting.rooms) > ROOMS_TOLD:
        return WORDS[language]["see_seating"]
    return rooms_of(sitting, language, with_counts=False)


def programmes_of(sitting: SittingRow) -> Value:
    names = sitting.programmes
    more = len(names) - PROGRAMMES_SHOWN
    return names if more <= 1 else [*names[:PROGRAMMES_SHOWN], f"+{more}"]


def examiners_of(sitting: SittingRow) -> Value:
    return [teacher.name for teacher in sitting.examiners]


def date_of(sitting: SittingRow, language: str) -> Value:
    return sitting.period.date if sitting.period else WORDS[language]["not_placed"]


def period_of(sitting: SittingRow) -> str:
    return sitting.period.name if sitting.period else ""


def when(sitting: SittingRow, language: str) -> tuple[Value, ...]:
    """Date, day, period, start and end, as five cells of a spreadsheet."""
    starts_at, ends_at = sitting.starts_at, sitting.ends_at()
    if sitting.period is None or starts_at is None or ends_at is None:
        return None, WORDS[language]["not_placed"], None, None, None
    day = sitting.period.date
    return day, weekday(day, language), sitting.period.name, starts_at.time(), ends_at.time()


def when_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["date"], "date"),
        Column(words["day"]),
        Column(words["period"]),
        Column(words["start"], "time"),
        Column(words["end"], "time"),
    )


def cohort_names(cohort: Cohort, language: str) -> tuple[str, str]:
    programme, semester = cohort
    return programme or WORDS[language]["no_programme"], semester_name(semester, language)


def semester_name(semester: str, language: str) -> str:
    """ "Semester 3"; what is more than a number ("Fall 2026") stands as it was typed."""
    return WORDS[language]["semester_n"].format(n=semester) if semester.isdecimal() else semester


def days_of(sittings: Iterable[SittingRow], language: str) -> Iterator[tuple[str, list[SittingRow]]]:
    """Heading of a day and its sittings; those without a period come last under a heading of their own."""
    for day, of_day in groupby(sittings, key=lambda s: s.period.date if s.period else None):
        yield long_date(day, language) if day else WORDS[language]["not_placed"], list(of_day)


# --- by day -----------------------------------------------------------------------------------------------
def by_day_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["time"], "time"),
        Column(words["period"]),
        Column(words["code"], "code", 1.3),
        Column(words["title"], width=2.8),
        Column(words["programmes"], width=2.2),
        Column(words["examiners"], width=1.8),
        Column(words["candidates"], "number"),
        Column(words["rooms"], "code", 2),
    )


def by_day_sections(rows: SolutionRows, language: str, only: str = "") -> Iterator[Section]:
    bands = [
        Band(heading, [_by_day_row(sitting, language) for sitting in sittings])
        for heading, sittings in days_of(rows.sittings, language)
    ]
    yield Section("", bands)


def _by_day_row(sitting: SittingRow, language: str) -> tuple[Value, ...]:
    return (
        sitting.times(),
        period_of(sitting),
        codes_of(sitting),
        title_of(sitting, language),
        programmes_of(sitting),
        examiners_of(sitting),
        sitting.candidates,
        rooms_of(sitting, language),
    )


def by_day_tables(rows: SolutionRows, language: str, only: str = "") -> list[Table]:
    """The list to read, and the sheet Fixed, which can be uploaded again: its headings stay English."""
    words = WORDS[language]
    columns = (
        Column(words["course_code"], "code"),
        Column(words["title"]),
        *when_columns(language),
        Column(words["programmes"]),
        Column(words["examiners"]),
        Column(words["candidates"], "number"),
        Column(words["rooms"], "code"),
    )
    listed: list[tuple[Value, ...]] = [
        (
            codes_of(sitting), title_of(sitting, language), *when(sitting, language), sitting.programmes,
            examiners_of(sitting), sitting.candidates, rooms_of(sitting, language),
        )
        for sitting in rows.sittings
    ]  # fmt: skip
    return [Table(words["by_day"], columns, listed), fixed_table(rows)]


def fixed_table(rows: SolutionRows) -> Table:
    """One row for each room of an exam, under its first course: the others of the exam follow it."""
    columns = (
        Column("Course Code", "code"),
        Column("Date", "date"),
        Column("Period", "code"),
        Column("Start", "time"),
        Column("End", "time"),
        Column("Room", "code"),
    )
    fixed: list[tuple[Value, ...]] = []
    for sitting in rows.placed:
        if sitting.sittings > 1 or sitting.period is None:
            continue
        period = sitting.period
        code = sitting.courses[0] if sitting.courses else sitting.code
        rooms = [room.code for room, _ in sitting.rooms] or [None]
        fixed += [(code, period.date, period.label, period.starts, period.ends, room) for room in rooms]
    return Table("Fixed", columns, fixed)


# --- by programme -----------------------------------------------------------------------------------------
def by_programme_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["date"]),
        Column(words["time"], "time"),
        Column(words["code"], "code", 1.4),
        Column(words["title"], width=3.4),
        Column(words["candidates"], "number"),
        Column(words["rooms"], "code", 2),
    )


def sittings_of_cohorts(rows: SolutionRows) -> dict[Cohort, list[SittingRow]]:
    """In order of programme and semester; students without a programme last."""
    of_cohort: dict[Cohort, list[SittingRow]] = defaultdict(list)
    for sitting in rows.sittings:
        for cohort in sitting.cohorts:
            of_cohort[cohort].append(sitting)
    order = sorted(of_cohort, key=lambda cohort: (not cohort[0], cohort[0], natural_key(cohort[1])))
    return {cohort: of_cohort[cohort] for cohort in order}


def by_programme_sections(rows: SolutionRows, language: str, only: str = "") -> Iterator[Section]:
    cohorts = sittings_of_cohorts(rows)
    for programme, of_programme in groupby(cohorts, key=lambda cohort: cohort[0]):
        if only and programme != only:
            continue
        bands = []
        for cohort in of_programme:
            listed = [
                (
                    date_of(sitting, language), sitting.times(), codes_of(sitting),
                    title_of(sitting, language), sitting.cohorts[cohort],
                    rooms_of(sitting, language, with_counts=False),
                )
                for sitting in cohorts[cohort]
            ]  # fmt: skip
            bands.append(Band(semester_name(cohort[1], language), listed))
        yield Section(programme or WORDS[language]["no_programme"], bands)


def by_programme_tables(rows: SolutionRows, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        Column(words["programme"]),
        Column(words["semester"], "code"),
        *when_columns(language),
        Column(words["course_code"], "code"),
        Column(words["title"]),
        Column(words["candidates"], "number"),
        Column(words["rooms"], "code"),
    )
    listed: list[tuple[Value, ...]] = [
        (
            *cohort, *when(sitting, language), codes_of(sitting), title_of(sitting, language),
            sitting.cohorts[cohort], rooms_of(sitting, language),
        )
        for cohort, sittings in sittings_of_cohorts(rows).items()
        for sitting in sittings
        if not only or cohort[0] == only
    ]  # fmt: skip
    return [Table(words["by_programme"], columns, listed)]


# --- by room ----------------------------------------------------------------------------------------------
def by_room_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["time"], "time"),
        Column(words["period"]),
        Column(words["code"], "code", 1.4),
        Column(words["title"], width=3),
        Column(words["examiners"], width=1.8),
        Column(words["candidates"], "number"),
    )


def sittings_of_rooms(rows: SolutionRows) -> Iterator[tuple[RoomRow, list[tuple[SittingRow, int]]]]:
    of_room: dict[int, list[tuple[SittingRow, int]]] = defaultdict(list)
    for sitting in rows.placed:
        for room, candidates in sitting.rooms:
            of_room[room.pk].append((sitting, candidates))
    for room in rows.rooms:
        if of_room[room.pk]:
            yield room, of_room[room.pk]


def by_room_sections(rows: SolutionRows, language: str, only: str = "") -> Iterator[Section]:
    words = WORDS[language]
    for room, used in sittings_of_rooms(rows):
        if only and room.code != only:
            continue
        candidates_of = {sitting.pk: candidates for sitting, candidates in used}
        bands = [
            Band(
                heading,
                [
                    (
                        sitting.times(), period_of(sitting), codes_of(sitting), title_of(sitting, language),
                        examiners_of(sitting), candidates_of[sitting.pk],
                    )
                    for sitting in sittings
                ],
            )
            for heading, sittings in days_of((sitting for sitting, _ in used), language)
        ]  # fmt: skip
        block = f"{words['block']} {room.block}" if room.block else ""
        yield Section((f"{words['room']} {room.code}", block, f"{words['seats']}: {room.seats}"), bands)


def by_room_tables(rows: SolutionRows, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        Column(words["block"], "code"),
        Column(words["room"], "code"),
        *when_columns(language),
        Column(words["course_code"], "code"),
        Column(words["title"]),
        Column(words["examiners"]),
        Column(words["candidates"], "number"),
        Column(words["seats"], "number"),
    )
    listed: list[tuple[Value, ...]] = [
        (
            room.block, room.code, *when(sitting, language), codes_of(sitting), title_of(sitting, language),
            examiners_of(sitting), candidates, room.seats,
        )
        for room, used in sittings_of_rooms(rows)
        for sitting, candidates in used
        if not only or room.code == only
    ]  # fmt: skip
    return [Table(words["by_room"], columns, listed)]


# --- by student -------------------------------------------------------------------------------------------
def by_student_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["date"]),
        Column(words["time"], "time"),
        Column(words["code"], "code", 1.3),
        Column(words["title"], width=3),
        Column(words["room_and_seat"], "code", 1.6),
    )


def students_in_order(rows: SolutionRows, only: str = "") -> list[StudentRow]:
    """Class by class, so that a pile can be handed out; students without an exam have nothing to receive."""
    chosen = [s for s in rows.students if s.pk in rows.of_student and (not only or s.roll_no == only)]
    return sorted(
        chosen,
        key=lambda s: (
            not s.programme,
            s.programme,
            natural_key(s.semester),
            s.section,
            natural_key(s.roll_no),
        ),
    )


def by_student_pages(plan: Plan, language: str, only: str = "") -> Mass:
    sections = by_student_sections(plan.rows, language, only, plan.seats.seat_of)
    pile = Pile("", (section_for_typst(section, language) for section in sections))
    return Mass(len(students_in_order(plan.rows, only)), iter([pile]))


def by_student_sections(rows: SolutionRows, language: str, only: str, seat_of: SeatOf) -> Iterator[Section]:
    """The finish is the student's own, with the extra time of an access arrangement: this print is theirs."""
    words = WORDS[language]
    for student in students_in_order(rows, only):
        listed = [
            (
                date_of(sitting, language), sitting.times(student.extra_minutes(sitting)),
                codes_of(sitting), title_of(sitting, language),
                room_and_seat(sitting, student, seat_of, language),
            )
            for sitting in rows.of_student[student.pk]
        ]  # fmt: skip
        father = (words["father_name"], student.father_name) if student.father_name else ""
        cohort = (*cohort_names(student.cohort, language), student.section)
        yield Section((student.roll_no, student.name), [Band("", listed)], (father, cohort))


def by_student_tables(rows: SolutionRows, language: str, only: str, seat_of: SeatOf) -> list[Table]:
    """The exam's own finish: extra time is shown to those who need it, not to every reader of a list."""
    words = WORDS[language]
    columns = (
        Column(words["roll_no"], "code"),
        Column(words["name"]),
        Column(words["programme"]),
        Column(words["semester"], "code"),
        Column(words["section"]),
        *when_columns(language),
        Column(words["course_code"], "code"),
        Column(words["title"]),
        Column(words["room"], "code"),
        Column(words["seat"], "code"),
    )
    nothing = None, None
    listed: list[tuple[Value, ...]] = []
    for s in students_in_order(rows, only):
        for sitting in rows.of_student[s.pk]:
            room, seat = seat_of.get((s.pk, sitting.pk), nothing)
            rooms = room.code if room else rooms_of(sitting, language, with_counts=False)
            listed.append(
                (
                    s.roll_no, s.name, s.programme, s.semester, s.section, *when(sitting, language),
                    codes_of(sitting), title_of(sitting, language), rooms, seat,
                )
            )  # fmt: skip
    return [Table(words["by_student"], columns, listed)]


# --- by teacher -------------------------------------------------------------------------------------------
def by_teacher_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["date"]),
        Column(words["time"], "time"),
        Column(words["code"], "code", 1.4),
        Column(words["title"], width=3.2),
        Column(words["candidates"], "number"),
        Column(words["rooms"], "code", 2),
    )


def by_teacher_sections(rows: SolutionRows, language: str, only: str = "") -> Iterator[Section]:
    for teacher in rows.teachers:
        if teacher.pk not in rows.of_teacher or (only and teacher.staff_no != only):
            continue
        listed = [
            (
                date_of(sitting, language), sitting.times(), codes_of(sitting), title_of(sitting, language),
                sitting.candidates, rooms_of(sitting, language),
            )
            for sitting in rows.of_teacher[teacher.pk]
        ]  # fmt: skip
        yield Section((teacher.name, teacher.staff_no, teacher.department), [Band("", listed)])


def by_teacher_tables(rows: SolutionRows, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        Column(words["staff_no"], "code"),
        Column(words["name"]),
        Column(words["department"]),
        *when_columns(language),
        Column(words["course_code"], "code"),
        Column(words["title"]),
        Column(words["candidates"], "number"),
        Column(words["rooms"], "code"),
    )
    listed: list[tuple[Value, ...]] = [
        (
            t.staff_no, t.name, t.department, *when(sitting, language), codes_of(sitting),
            title_of(sitting, language), sitting.candidates, rooms_of(sitting, language),
        )
        for t in rows.teachers
        for sitting in rows.of_teacher.get(t.pk, ())
        if not only or t.staff_no == only
    ]  # fmt: skip
    return [Table(words["by_teacher"], columns, listed)]
