"""A solution and all that its rules need, read once."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

from django.utils.formats import date_format

from .. import rules
from ..models import (
    AllowedClash,
    CandidateGroup,
    ExamCourse,
    ExamRule,
    Lesson,
    Period,
    Placement,
    Registration,
    Room,
    RoomClosure,
    RoomShare,
    Sitting,
    SittingCandidate,
    Solution,
    Student,
    Teaches,
    Unavailability,
)


def shown(day: date) -> str:
    """A day as a period's name gives it."""
    return date_format(day, "D d M")


class Fault(NamedTuple):
    """One breach of a rule: how much it counts, and what it is about, in words."""

    size: float
    about: str


class Finding(NamedTuple):
    """A sentence to the planner about one rule. level: error, warning, info or skipped."""

    level: str
    rule: str
    count: float  # type: ignore[assignment]  # a tuple's own count is not missed
    message: str


class Pair(NamedTuple):
    """Two sittings of one student that both have a period; `first` is not later than `second`."""

    student: int
    first: int
    second: int
    early: int  # the period's place in time
    late: int
    weight: float


class Facts:
    """A solution and all that its rules need, read once. Sittings and so on are named by primary key."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        project = solution.project
        self.settings = rules.settings_of(project)
        self.periods = list(Period.objects.for_project(project).order_by("date", "starts"))
        self.place_in_time = {row.pk: place for place, row in enumerate(self.periods)}
        self.rooms = {row.pk: row for row in Room.objects.for_project(project)}
        self.sittings = {
            row.pk: row for row in Sitting.objects.for_project(project).select_related("exam").order_by("pk")
        }
        self.of_exam: dict[int, list[int]] = defaultdict(list)
        for row in self.sittings.values():
            self.of_exam[row.exam_id].append(row.pk)
        # sitting → place in time, for those that have a period
        self.when: dict[int, int] = {
            row.sitting_id: self.place_in_time[row.period_id]
            for row in Placement.objects.filter(solution=solution)
            if row.period_id and row.sitting_id in self.sittings
        }
        # (sitting, group) → rooms in the order in which they were given out
        self.shares: dict[tuple[int, int | None], list[tuple[int, int]]] = defaultdict(list)
        for share in (
            RoomShare.objects.filter(placement__solution=solution).select_related("placement").order_by("pk")
        ):
            self.shares[share.placement.sitting_id, share.group_id].append((share.room_id, share.candidates))

    @cached_property
    def roll_nos(self) -> dict[int, str]:
        return dict(Student.objects.for_project(self.solution.project).values_list("pk", "roll_no"))

    @property
    def candidates(self) -> dict[int, dict[int, float]]:
        """student → {sitting: weight of the registration}"""
        return self._candidates[0]

    @property
    def without_batch(self) -> list[tuple[int, int]]:
        """(student, exam) where the exam is held in batches and the student, perhaps late, is in none."""
        return self._candidates[1]

    @cached_property
    def _candidates(self) -> tuple[dict[int, dict[int, float]], list[tuple[int, int]]]:
        project = self.solution.project
        exam_of_course = dict(ExamCourse.objects.for_project(project).values_list("course", "exam"))
        batch = {
            (student, exam): sitting
            for student, exam, sitting in SittingCandidate.objects.for_project(project).values_list(
                "student", "sitting__exam", "sitting"
            )
        }
        weight_of_kind = rules.registration_weights(self.settings)
        found: dict[int, dict[int, float]] = defaultdict(dict)
        without_batch: list[tuple[int, int]] = []
        for student, course, kind in (
            Registration.objects.for_project(project).order_by("pk").values_list("student", "course", "kind")
        ):
            exam = exam_of_course.get(course)
            if exam not in self.of_exam:
                continue
            sittings = self.of_exam[exam]
            sitting = sittings[0] if len(sittings) == 1 else batch.get((student, exam))
            if sitting is None:
                without_batch.append((student, exam))
                continue
            weight = weight_of_kind[kind]
            found[student][sitting] = max(weight, found[student].get(sitting, 0.0))
        return found, without_batch

    @cached_property
    def size(self) -> Counter[int]:
        """sitting → number of its candidates"""
        return Counter(sitting for sittings in self.candidates.values() for sitting in sittings)

    @cached_property
    def pairs(self) -> list[Pair]:
        found = []
        for student, sittings in self.candidates.items():
            placed = sorted((self.when[s], s, w) for s, w in sittings.items() if s in self.when)
            for (early, first, one), (late, second, two) in combinations(placed, 2):
                found.append(Pair(student, first, second, early, late, min(one, two)))
        return found

    @cached_property
    def allowed(self) -> set[tuple[int, int, int]]:
        """(student, sitting, sitting), both ways round"""
        found = set()
        for row in AllowedClash.objects.for_project(self.solution.project):
            for a in self.of_exam.get(row.exam_a_id, ()):
                for b in self.of_exam.get(row.exam_b_id, ()):
                    found |= {(row.student_id, a, b), (row.student_id, b, a)}
        return found

    @cached_property
    def groups(self) -> list[tuple[CandidateGroup, set[int]]]:
        rows = CandidateGroup.objects.for_project(self.solution.project).prefetch_related("pool__rooms")
        return [(row, {room.pk for room in row.pool.rooms.all()}) for row in rows]

    @cached_property
    def group_sizes(self) -> Counter[tuple[int, int | None]]:
        """(sitting, group) → candidates; the group is None for who belongs to none"""
        group_of: dict[int, int | None] = {}
        for student in Student.objects.for_project(self.solution.project):
            group_of[student.pk] = next(
                (group.pk for group, _rooms in self.groups if belongs(student, group)), None
            )
        return Counter(
            (sitting, group_of[student])
            for student, sittings in self.candidates.items()
            for sitting in sittings
        )

    @cached_property
    def in_room(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """(place in time, room) → (sitting, candidates) there"""
        found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for (sitting, _group), shares in self.shares.items():
            if sitting in self.when:
                for room, candidates in shares:
                    found[self.when[sitting], room].append((sitting, candidates))
        return found

    @cached_property
    def closed(self) -> set[tuple[int, int]]:
        """(place in time, room) that cannot be used"""
        found = set()
        for row in RoomClosure.objects.for_project(self.solution.project):
            found |= {(place, row.room_id) for place in self._during(row.date, row.starts, row.ends)}
        for lesson in Lesson.objects.for_project(self.solution.project).filter(room__isnull=False):
            found |= {(place, lesson.room_id) for place in self._of_lesson(lesson)}
        return found

    @cached_property
    def earlier(self) -> "Facts | None":
        """The solution that the datesheet was to stay close to."""
        before = self.solution.stays_close_to
        return Facts(before) if before else None

    @cached_property
    def people(self) -> dict[int, set[int]]:
        """teacher → sittings of the teacher's courses"""
        exam_of_course = dict(
            ExamCourse.objects.for_project(self.solution.project).values_list("course", "exam")
        )
        found: dict[int, set[int]] = defaultdict(set)
        if self.settings["person_clash"].is_on:
            for teacher, course in Teaches.objects.for_project(self.solution.project).values_list(
                "teacher", "course"
            ):
                found[teacher] |= set(self.of_exam.get(exam_of_course.get(course), ()))
        return found

    @cached_property
    def away(self) -> set[tuple[int, int]]:
        """(teacher, place in time)"""
        found = set()
        absences = Unavailability.objects.for_project(self.solution.project)
        for row in absences.filter(decision=Unavailability.Decision.APPROVED):
            found |= {(row.teacher_id, place) for place in self._during(row.date, row.starts, row.ends)}
        for lesson in Lesson.objects.for_project(self.solution.project).filter(teacher__isnull=False):
            found |= {(lesson.teacher_id, place) for place in self._of_lesson(lesson)}
        return found

    def _during(self, day: date, starts: Any, ends: Any) -> Iterator[int]:
        for place, row in enumerate(self.periods):
            if row.date == day and (starts is None or (row.starts < ends and starts < row.ends)):
                yield place

    def _of_lesson(self, lesson: Lesson) -> Iterator[int]:
        for place, row in enumerate(self.periods):
            in_term = (lesson.first_on or row.date) <= row.date <= (lesson.last_on or row.date)
            if in_term and row.date.weekday() == lesson.weekday and overlap(row, lesson):
                yield place

    def date_of(self, place: int) -> date:
        return self.periods[place].date

    def starts_at(self, place: int) -> datetime:
        return datetime.combine(self.periods[place].date, self.periods[place].starts)

    def ends_at(self, place: int) -> datetime:
        return datetime.combine(self.periods[place].date, self.periods[place].ends)

    def code(self, sitting: int) -> str:
        row = self.sittings[sitting]
        several = len(self.of_exam[row.exam_id]) > 1
        return f"{row.exam.code} ({row.number})" if several else row.exam.code


def belongs(student: Student, group: CandidateGroup) -> bool:
    return (
        (not group.gender or group.gender == student.gender)
        and (not group.shift or group.shift.casefold() == student.shift.casefold())
        and (not group.campus or group.campus.casefold() == student.campus.casefold())
        and (not group.programme_id or group.programme_id == student.programme_id)
    )


def overlap(one: Any, other: Any) -> bool:
    return one.starts < other.ends and other.starts < one.ends


def names(rule: ExamRule, period: Period) -> bool:
    return rule.date == period.date or rule.period_id == period.pk


def of_student(facts: Facts, pair: Pair) -> str:
    return f"{facts.roll_nos[pair.student]}: {facts.code(pair.first)}, {facts.code(pair.second)}"
