"""A Solution as plain rows. Templates and writers see only these: no model, no query, no lazy field."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from projects.models import Project
from scheduling.models import (
    AccessArrangement,
    ExamCourse,
    Lesson,
    Period,
    Placement,
    Publication,
    Registration,
    Room,
    RoomClosure,
    RoomShare,
    SittingCandidate,
    Solution,
    Student,
    Teacher,
    Teaches,
)


@dataclass(frozen=True, order=True)
class PeriodRow:
    date: dt.date
    starts: dt.time
    ends: dt.time
    label: str
    pk: int

    @property
    def name(self) -> str:
        return self.label or f"{self.starts:%H:%M}"

    @property
    def times(self) -> str:
        return f"{self.starts:%H:%M}–{self.ends:%H:%M}"


@dataclass(frozen=True)
class RoomRow:
    code: str
    block: str
    seats: int
    pk: int


@dataclass(frozen=True)
class TeacherRow:
    staff_no: str
    name: str
    department: str
    email: str
    pk: int


@dataclass(frozen=True)
class StudentRow:
    roll_no: str
    name: str
    father_name: str
    programme: str
    semester: str
    section: str
    pk: int
    # Those that give extra time.
    arrangements: tuple[AccessArrangement, ...] = ()

    @property
    def cohort(self) -> tuple[str, str]:
        return self.programme, self.semester

    def extra_minutes(self, sitting: "SittingRow") -> int:
        """What the arrangements that hold on its day add to a sitting; 0 while it has no day."""
        if sitting.period is None:
            return 0
        day = sitting.period.date
        return sum(one.minutes_for(sitting.duration) for one in self.arrangements if one.holds_on(day))


@dataclass(frozen=True, eq=False)
class SittingRow:
    """One sitting of an exam, placed or not. `rooms` holds (room, candidates of this sitting in it)."""

    pk: int
    exam_pk: int
    code: str
    title: str
    duration: int
    number: int
    sittings: int
    needs_room: bool
    courses: tuple[str, ...]
    examiners: tuple[TeacherRow, ...]
    candidates: int
    period: PeriodRow | None
    rooms: tuple[tuple[RoomRow, int], ...]
    # (programme, semester): candidates
    cohorts: dict[tuple[str, str], int] = field(default_factory=dict)
    # Where the public was told it would be, if it is nowhere now.
    was_in: PeriodRow | None = None

    @property
    def starts_at(self) -> dt.datetime | None:
        return dt.datetime.combine(self.period.date, self.period.starts) if self.period else None

    def ends_at(self, extra_minutes: int = 0) -> dt.datetime | None:
        starts_at = self.starts_at
        return starts_at + dt.timedelta(minutes=self.duration + extra_minutes) if starts_at else None

    def times(self, extra_minutes: int = 0) -> str:
        """From the start of the period to the exam's own finish, which may be sooner than the period's."""
        starts_at, ends_at = self.starts_at, self.ends_at(extra_minutes)
        return f"{starts_at:%H:%M}–{ends_at:%H:%M}" if starts_at and ends_at else ""

    @property
    def programmes(self) -> list[str]:
        """The one with the most candidates first."""
        counts: Counter[str] = Counter()
        for (programme, _), candidates in self.cohorts.items():
            counts[programme] += candidates
        del counts[""]
        return sorted(counts, key=lambda name: (-counts[name], name))

    @property
    def sort_key(self) -> tuple[bool, dt.date, dt.time, str, int]:
        if self.period is None:
            return True, dt.date.max, dt.time.max, self.code, self.number
        return False, self.period.date, self.period.starts, self.code, self.number


@dataclass(frozen=True)
class SolutionRows:
    """The whole solution. Sittings are in the order in which they are sat, the unplaced ones last."""

    periods: list[PeriodRow]
    rooms: list[RoomRow]
    sittings: list[SittingRow]
    students: list[StudentRow]
    teachers: list[TeacherRow]
    # period pk → seats of the rooms that are open in it
    seats_in: dict[int, int]
    # student or teacher pk → their sittings, in order
    of_student: dict[int, list[SittingRow]]
    of_teacher: dict[int, list[SittingRow]]

    @property
    def placed(self) -> list[SittingRow]:
        return [sitting for sitting in self.sittings if sitting.period]

    @property
    def unplaced(self) -> list[SittingRow]:
        return [sitting for sitting in self.sittings if not sitting.period]

    @property
    def days(self) -> list[dt.date]:
        return sorted({sitting.period.date for sitting in self.sittings if sitting.period})


def rows_of(solution: Solution) -> SolutionRows:
    """Everything a print needs, in a dozen queries whatever the size."""
    project = solution.project
    periods = {
        p.pk: PeriodRow(p.date, p.starts, p.ends, p.label, p.pk) for p in Period.objects.for_project(project)
    }
    rooms = {r.pk: RoomRow(r.code, r.block, r.exam_capacity, r.pk) for r in Room.objects.for_project(project)}
    teachers = {
        t.pk: TeacherRow(t.staff_no, t.name, t.department.name if t.department else "", t.email, t.pk)
        for t in Teacher.objects.for_project(project).select_related("department")
    }
    students = {row.pk: row for row in _students(project)}
    courses_of, exam_of = _courses(project)
    examiners_of = _examiners(project, exam_of, teachers)
    placements = list(
        Placement.objects.for_project(project).filter(solution=solution).select_related("sitting__exam")
    )
    candidates_of, regular_of = _candidates(project, exam_of, placements)
    shares = _shares(project, solution, rooms)
    before = _published_before(solution, periods)
    sittings_of_exam = Counter(placement.sitting.exam_id for placement in placements)

    sittings = []
    of_student: dict[int, list[SittingRow]] = defaultdict(list)
    of_teacher: dict[int, list[SittingRow]] = defaultdict(list)
    for placement in placements:
        sitting, exam = placement.sitting, placement.sitting.exam
        candidates = candidates_of[sitting.pk]
        row = SittingRow(
            pk=sitting.pk,
            exam_pk=exam.pk,
            code=exam.code,
            title=exam.title,
            duration=exam.duration,
            number=sitting.number,
            sittings=sittings_of_exam[exam.pk],
            needs_room=exam.needs_room,
            courses=tuple(courses_of[exam.pk]),
            examiners=tuple(teachers[pk] for pk in examiners_of[exam.pk]),
            candidates=len(candidates),
            period=periods.get(placement.period_id),
            rooms=tuple(shares[placement.pk]),
            cohorts=_count_cohorts(students, candidates, regular_of[exam.pk]),
            was_in=None if placement.period_id else before.get(sitting.pk),
        )
        sittings.append(row)
    sittings.sort(key=lambda row: row.sort_key)
    for row in sittings:
        for pk in candidates_of[row.pk]:
            of_student[pk].append(row)
        for teacher in row.examiners:
            of_teacher[teacher.pk].append(row)
    return SolutionRows(
        periods=sorted(periods.values()),
        rooms=sorted(rooms.values(), key=lambda room: (room.block, room.code)),
        sittings=sittings,
        students=list(students.values()),
        teachers=sorted(teachers.values(), key=lambda teacher: teacher.staff_no),
        seats_in=_seats_in(project, list(periods.values())),
        of_student=dict(of_student),
        of_teacher=dict(of_teacher),
    )


def _students(project: Project) -> Iterable[StudentRow]:
    extra: dict[int, list[AccessArrangement]] = defaultdict(list)
    for arrangement in AccessArrangement.objects.for_project(project):
        if arrangement.extra_percent or arrangement.extra_minutes:
            extra[arrangement.student_id].append(arrangement)
    rows = Student.objects.for_project(project).order_by("roll_no").values_list(
        "roll_no", "name", "father_name", "programme__name", "semester", "section", "pk"
    )  # fmt: skip
    for roll_no, name, father_name, programme, semester, section, pk in rows:
        yield StudentRow(
            roll_no, name, father_name, programme or "", semester, section, pk, tuple(extra.get(pk, ()))
        )


def _courses(project: Project) -> tuple[dict[int, list[str]], dict[int, int]]:
    """Exam → codes of its courses; course → its exam."""
    courses_of: dict[int, list[str]] = defaultdict(list)
    exam_of: dict[int, int] = {}
    rows = ExamCourse.objects.for_project(project).order_by("course__code")
    for exam, course, code in rows.values_list("exam_id", "course_id", "course__code"):
        courses_of[exam].append(code)
        exam_of[course] = exam
    return courses_of, exam_of


def _examiners(
    project: Project, exam_of: dict[int, int], teachers: dict[int, TeacherRow]
) -> dict[int, list[int]]:
    """Who teaches a course examines it."""
    examiners: dict[int, set[int]] = defaultdict(set)
    for teacher, course in Teaches.objects.for_project(project).values_list("teacher_id", "course_id"):
        if course in exam_of:
            examiners[exam_of[course]].add(teacher)
    return defaultdict(
        list, {exam: sorted(pks, key=lambda pk: teachers[pk].staff_no) for exam, pks in examiners.items()}
    )


def _candidates(
    project: Project, exam_of: dict[int, int], placements: list[Placement]
) -> tuple[dict[int, list[int]], dict[int, set[int]]]:
    """Sitting → its students: those named for a batch, else all who are registered for the exam's courses.
    And exam → those for whom it is not a repeat."""
    named: dict[int, set[int]] = defaultdict(set)
    for sitting, student in SittingCandidate.objects.for_project(project).values_list("sitting", "student"):
        named[sitting].add(student)
    registered: dict[int, set[int]] = defaultdict(set)
    regular: dict[int, set[int]] = defaultdict(set)
    registrations = Registration.objects.for_project(project).values_list("student_id", "course_id", "kind")
    for student, course, kind in registrations:
        if course in exam_of:
            registered[exam_of[course]].add(student)
            if kind == Registration.Kind.REGULAR:
                regular[exam_of[course]].add(student)
    batches = Counter(placement.sitting.exam_id for placement in placements)
    candidates = {
        p.sitting_id: sorted(
            named[p.sitting_id] if batches[p.sitting.exam_id] > 1 else registered[p.sitting.exam_id]
        )
        for p in placements
    }
    return candidates, regular


def _shares(
    project: Project, solution: Solution, rooms: dict[int, RoomRow]
) -> dict[int, list[tuple[RoomRow, int]]]:
    """Placement → its rooms with their candidates, the fullest first; groups in one room are added up."""
    counts: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    rows = RoomShare.objects.for_project(project).filter(placement__solution=solution)
    for placement, room, candidates in rows.values_list("placement_id", "room_id", "candidates"):
        counts[placement][room] += candidates
    shares: dict[int, list[tuple[RoomRow, int]]] = defaultdict(list)
    for placement, of_room in counts.items():
        pairs = ((rooms[room], candidates) for room, candidates in of_room.items())
        shares[placement] = sorted(pairs, key=lambda pair: (-pair[1], pair[0].code))
    return shares


def _count_cohorts(
    students: dict[int, StudentRow], candidates: list[int], regular: set[int]
) -> dict[tuple[str, str], int]:
    """Repeaters do not make an exam one of their class's, unless nobody else sits it."""
    first_time = [pk for pk in candidates if pk in regular]
    return dict(Counter(students[pk].cohort for pk in first_time or candidates))


def _published_before(solution: Solution, periods: dict[int, PeriodRow]) -> dict[int, PeriodRow]:
    """Sitting → where the newest publication of another solution had it, so that calendars can cancel it."""
    earlier = Publication.objects.for_project(solution.project).exclude(solution=solution).first()
    if earlier is None:
        return {}
    rows = Placement.objects.for_project(solution.project).filter(solution=earlier.solution_id)
    return {
        sitting: periods[period]
        for sitting, period in rows.filter(period__isnull=False).values_list("sitting_id", "period_id")
    }


def _seats_in(project: Project, periods: list[PeriodRow]) -> dict[int, int]:
    """Seats of the usable rooms that have neither a closure nor a lesson during the period."""
    usable = Room.objects.for_project(project).filter(is_usable=True)
    seats = dict(usable.values_list("pk", "exam_capacity"))
    closures = list(RoomClosure.objects.for_project(project))
    lessons = list(Lesson.objects.for_project(project).filter(room__isnull=False))
    open_seats = {}
    for period in periods:
        taken = {
            row.room_id
            for row in closures
            if row.date == period.date
            and (row.starts or dt.time.min) < period.ends
            and period.starts < (row.ends or dt.time.max)
        } | {
            row.room_id
            for row in lessons
            if row.weekday == period.date.weekday()
            and row.starts < period.ends
            and period.starts < row.ends
            and (row.first_on or dt.date.min) <= period.date <= (row.last_on or dt.date.max)
        }
        open_seats[period.pk] = sum(count for pk, count in seats.items() if pk not in taken)
    return open_seats
