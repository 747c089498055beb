"""Which posts a solution asks for: who must be where, from when to when.

Halls first: a room in a period with all who sit there. Seats say it exactly. Before there are seats, each
candidate of a placement over several rooms may sit in any of them, so that all of them are staffed for it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import time
from typing import NamedTuple

from projects.models import Project

from .candidate_groups import FIELDS, group_of
from .models import (
    AccessArrangement,
    AllowedClash,
    CandidateGroup,
    DutyPolicy,
    ExamCourse,
    Period,
    Placement,
    Registration,
    Role,
    Room,
    RoomShare,
    Seating,
    Sitting,
    SittingCandidate,
    Solution,
    StaffingStep,
    Student,
)

LAST_MINUTE = 24 * 60 - 1  # a post ends on the day on which it starts


class Post(NamedTuple):
    """A place to be watched. student: for whom a reader or scribe works, with whom a supervisor waits."""

    period: Period
    room: Room | None
    block: str
    role: str
    number: int
    starts: time
    ends: time
    student: int | None = None

    @property
    def minutes(self) -> int:
        return minute(self.ends) - minute(self.starts)

    @property
    def key(self) -> tuple[int, int | None, str, str, int]:
        """The same post in another solution has the same key."""
        return self.period.pk, self.room.pk if self.room else None, self.block, self.role, self.number


@dataclass
class Hall:
    """A room in a period: how many sit there, which exams (primary keys), who, and until which minute."""

    period: Period
    room: Room
    candidates: int = 0
    exams: set[int] = field(default_factory=set)
    students: set[int] = field(default_factory=set)
    ends: int = 0


class Sat(NamedTuple):
    """An exam in a period: its candidates, and where each of them sits or may sit."""

    placement: Placement
    period: Period
    students: dict[int, tuple[int, ...]]  # student → rooms
    rooms: Counter[int]  # room → candidates


class Attendance:
    """Who sits where in a solution, read once."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.project: Project = solution.project
        self.rooms = {row.pk: row for row in Room.objects.for_project(self.project)}
        self.arrangements: dict[int, list[AccessArrangement]] = defaultdict(list)
        for row in AccessArrangement.objects.for_project(self.project).order_by("pk"):
            self.arrangements[row.student_id].append(row)
        self.sat = list(self._sat())
        self.halls = self._halls()

    def _sat(self) -> Iterator[Sat]:
        placements = (
            Placement.objects.filter(solution=self.solution, period__isnull=False)
            .select_related("period", "sitting__exam")
            .order_by("period__date", "period__starts", "sitting__exam__code", "sitting__number")
        )
        shares: dict[int, list[tuple[int, int | None, int]]] = defaultdict(list)
        for placement, room, group, candidates in (
            RoomShare.objects.filter(placement__solution=self.solution)
            .order_by("pk")
            .values_list("placement", "room", "group", "candidates")
        ):
            shares[placement].append((room, group, candidates))
        seats: dict[int, dict[int, tuple[int, ...]]] = defaultdict(dict)
        for placement, student, room in Seating.objects.filter(solution=self.solution).values_list(
            "placement", "student", "room"
        ):
            seats[placement][student] = (room,)
        candidates_of = _candidates(self.project)
        groups = (
            _groups(self.project) if any(group for rows in shares.values() for _, group, _ in rows) else {}
        )
        for row in placements:
            rooms: Counter[int] = Counter()
            for room, _group, candidates in shares[row.pk]:
                rooms[room] += candidates
            if row.period is None or not rooms:
                continue
            seated = seats[row.pk]
            everybody = candidates_of.get(row.sitting_id, ())
            students = {
                student: seated.get(student)
                or tuple(room for room, group, _ in shares[row.pk] if group == groups.get(student))
                or tuple(rooms)
                for student in everybody
            }
            yield Sat(row, row.period, students, rooms)

    def _halls(self) -> list[Hall]:
        found: dict[tuple[int, int], Hall] = {}
        for sat in self.sat:
            period, exam = sat.period, sat.placement.sitting.exam
            for room, candidates in sat.rooms.items():
                hall = found.setdefault((period.pk, room), Hall(period, self.rooms[room]))
                hall.candidates += candidates
                hall.exams.add(exam.pk)
                hall.ends = max(hall.ends, minute(period.starts) + exam.duration)
            for student, rooms in sat.students.items():
                ends = self.finish(sat, student)
                for room in rooms:
                    hall = found.setdefault((period.pk, room), Hall(period, self.rooms[room]))
                    hall.students.add(student)
                    hall.ends = max(hall.ends, ends)
        for hall in found.values():
            hall.ends = min(hall.ends, LAST_MINUTE)
        return sorted(
            found.values(),
            key=lambda hall: (hall.period.date, hall.period.starts, hall.room.block, hall.room.code),
        )

    def needs(self, student: int, period: Period, *kinds: str) -> list[AccessArrangement]:
        """What the student has been granted of these kinds, as long as it is valid."""
        return [
            row
            for row in self.arrangements.get(student, ())
            if row.kind in kinds and row.holds_on(period.date)
        ]

    def finish(self, sat: Sat, student: int) -> int:
        """The minute of the day at which the student must have finished, extra time included."""
        period, duration = sat.period, sat.placement.sitting.exam.duration
        granted = self.arrangements.get(student, ())
        extra = sum(row.minutes_for(duration) for row in granted if row.holds_on(period.date))
        return min(minute(period.starts) + duration + extra, LAST_MINUTE)


def posts_of(attendance: Attendance) -> list[Post]:
    """Every post of a solution, in order of time: rooms, reserves, blocks, single candidates' people."""
    policy = policy_of(attendance.project)
    steps = steps_of(attendance.project)
    found = []
    halls_of: dict[int, list[Hall]] = defaultdict(list)
    for hall in attendance.halls:
        halls_of[hall.period.pk].append(hall)
        needed = needed_in(hall.room, hall.candidates, policy, steps)
        for number in range(1, needed + 1):
            found.append(_post(hall.period, hall.room, "", Role.INVIGILATOR, number, ends=hall.ends))
    for halls in halls_of.values():
        period, ends = halls[0].period, max(hall.ends for hall in halls)
        for number in range(1, started(len(halls), policy.rooms_per_reserve) + 1):
            found.append(_post(period, None, "", Role.RESERVE, number, ends=ends))
        in_block = Counter(hall.room.block for hall in halls)
        for block, rooms in sorted(in_block.items()):
            block_ends = max(hall.ends for hall in halls if hall.room.block == block)
            for number in range(1, started(rooms, policy.rooms_per_superintendent) + 1):
                found.append(_post(period, None, block, Role.SUPERINTENDENT, number, ends=block_ends))
    found += _of_single_candidates(attendance)
    found += _between_two_exams(attendance)
    return sorted(found, key=lambda post: (post.period.date, post.starts))


def _of_single_candidates(attendance: Attendance) -> Iterator[Post]:
    roles = {
        AccessArrangement.Kind.READER.value: Role.READER,
        AccessArrangement.Kind.SCRIBE.value: Role.SCRIBE,
    }
    taken: Counter[tuple] = Counter()
    for sat in attendance.sat:
        period = sat.period
        for student in sorted(attendance.arrangements.keys() & sat.students.keys()):
            for need in attendance.needs(student, period, *roles):
                room, role = attendance.rooms[sat.students[student][0]], roles[need.kind]
                taken[period.pk, room.pk, role] += 1
                yield _post(
                    period,
                    room,
                    "",
                    role,
                    taken[period.pk, room.pk, role],
                    ends=attendance.finish(sat, student),
                    student=student,
                )


def _between_two_exams(attendance: Attendance) -> Iterator[Post]:
    """Of two exams at once a student sits the longer first, the other right after it, never alone between."""
    sat_in: dict[tuple[int, int], list[Sat]] = defaultdict(list)
    allowed = AllowedClash.objects.for_project(attendance.project).filter(is_supervised=True).order_by("pk")
    wanted = list(allowed)
    exams = {exam for row in wanted for exam in (row.exam_a_id, row.exam_b_id)}
    for sat in attendance.sat:
        if sat.placement.sitting.exam_id in exams:
            for student in {row.student_id for row in wanted} & sat.students.keys():
                sat_in[student, sat.placement.sitting.exam_id].append(sat)
    taken: Counter[tuple] = Counter()
    for row in wanted:
        for one in sat_in[row.student_id, row.exam_a_id]:
            for other in sat_in[row.student_id, row.exam_b_id]:
                period = one.period
                if other.period.pk != period.pk:
                    continue
                ends = sorted(attendance.finish(sat, row.student_id) for sat in (one, other))
                second = ends[0] - minute(period.starts)
                first = one if attendance.finish(one, row.student_id) == ends[1] else other
                room = attendance.rooms[first.students[row.student_id][0]]
                begins = min(ends[1], LAST_MINUTE - 1)
                taken[period.pk, room.pk] += 1
                yield _post(
                    period,
                    room,
                    "",
                    Role.SUPERVISOR,
                    taken[period.pk, room.pk],
                    begins=begins,
                    ends=min(begins + max(second, 1), LAST_MINUTE),
                    student=row.student_id,
                )


def _post(
    period: Period,
    room: Room | None,
    block: str,
    role: str,
    number: int,
    *,
    ends: int,
    begins: int | None = None,
    student: int | None = None,
) -> Post:
    start = minute(period.starts) if begins is None else begins
    return Post(period, room, block, role, number, clock(start), clock(ends), student)


def policy_of(project: Project) -> DutyPolicy:
    return DutyPolicy.objects.for_project(project).first() or DutyPolicy(project=project)


def steps_of(project: Project) -> list[StaffingStep]:
    """The staffing steps, the first first; without any, one invigilator per started thirty."""
    rows = list(StaffingStep.objects.for_project(project).order_by("first"))
    return rows or [StaffingStep(project=project, first=1, base=1, per=30)]


def needed_in(room: Room, candidates: int, policy: DutyPolicy, steps: Iterable[StaffingStep]) -> int:
    """Invigilators for so many candidates: the room's own number, else by the last step that has begun.

    base + max(0, started(candidates − first + 1, per) − 1), a remainder of at most `tolerance` not counted;
    never fewer than the policy's least.
    """
    if room.invigilators is not None:
        return room.invigilators
    needed = policy.least_per_room
    for step in steps:
        if step.first <= candidates:
            counted = min(candidates, step.last or candidates) - step.first + 1
            more = max(0, started(counted, step.per or 0, step.tolerance) - 1)
            needed = max(policy.least_per_room, step.base + more)
    return needed


def started(count: int, per: int, tolerance: int = 0) -> int:
    """How many times `per` is begun by the count; 0 for nothing at all, and if per is 0."""
    if not per or not count:
        return 0
    return count // per + (count % per > tolerance)


def minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def clock(minutes: int) -> time:
    return time(*divmod(minutes, 60))


def _candidates(project: Project) -> dict[int, list[int]]:
    """sitting → its candidates"""
    in_batches = defaultdict(list)
    for sitting, student in (
        SittingCandidate.objects.for_project(project).order_by("pk").values_list("sitting", "student")
    ):
        in_batches[sitting].append(student)
    exam_of_course = dict(ExamCourse.objects.for_project(project).values_list("course", "exam"))
    of_exam: dict[int, dict[int, None]] = defaultdict(dict)
    for course, student in (
        Registration.objects.for_project(project).order_by("pk").values_list("course", "student")
    ):
        if course in exam_of_course:
            of_exam[exam_of_course[course]][student] = None
    sittings = Sitting.objects.for_project(project).order_by("pk").values_list("pk", "exam")
    several = Counter(exam for _sitting, exam in sittings)
    return {
        sitting: in_batches[sitting] if several[exam] > 1 else list(of_exam[exam])
        for sitting, exam in sittings
    }


def _groups(project: Project) -> dict[int, int]:
    """student → the first candidate group that fits"""
    groups = list(CandidateGroup.objects.for_project(project))
    found = {}
    for student, *facts in Student.objects.for_project(project).values_list("pk", *FIELDS):
        place = group_of(groups, *facts)
        if place is not None:
            found[student] = groups[place].pk
    return found
