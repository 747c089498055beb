"""The duties of a solution, by person and by session: who has how much, and which posts are open."""

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from .duty_targets import targets_of
from .models import Duty, DutyPin, Period, Role, Solution, Teacher

# In a session first who looks after the room, then who serves more than one.
ORDER = (Role.SUPERINTENDENT, Role.INVIGILATOR, Role.READER, Role.SCRIBE, Role.SUPERVISOR, Role.RESERVE)


class PersonLine(NamedTuple):
    """What a teacher has in this solution; minutes throughout. deviation: above 0 more than the target."""

    teacher: Teacher
    duties: int
    minutes: int
    target: int
    days: int
    reserves: int

    @property
    def deviation(self) -> int:
        return self.minutes - self.target

    @property
    def off(self) -> int:
        return abs(self.deviation)


class Session(NamedTuple):
    period: Period
    posts: list[Duty]


class Roster:
    """Read once: eight queries, whatever the size."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        rows = Duty.objects.for_project(solution.project).filter(solution=solution)
        # Few periods, rooms and people have many posts: each is read once.
        found = list(rows.prefetch_related("period", "room", "teacher", "student"))
        self.posts = sorted(found, key=_place)

    @cached_property
    def open(self) -> list[Duty]:
        return [post for post in self.posts if post.teacher_id is None]

    @cached_property
    def pinned(self) -> set[tuple[int, int]]:
        """(teacher, period) of the pinned duties"""
        rows = DutyPin.objects.for_project(self.solution.project)
        return set(rows.values_list("teacher", "period"))

    @cached_property
    def of_teacher(self) -> dict[int, list[Duty]]:
        found: dict[int, list[Duty]] = defaultdict(list)
        for post in self.posts:
            if post.teacher_id is not None:
                found[post.teacher_id].append(post)
        return found

    @cached_property
    def targets(self) -> dict[int, int]:
        return targets_of(self.solution.project, [(post.period.date, post.minutes) for post in self.posts])

    @cached_property
    def people(self) -> list[PersonLine]:
        """Everybody who may watch or does, the most senior first."""
        rows = Teacher.objects.for_project(self.solution.project).select_related("designation", "department")
        lines = []
        for teacher in rows:
            own = self.of_teacher.get(teacher.pk, [])
            if not own and not teacher.may_invigilate:
                continue
            lines.append(
                PersonLine(
                    teacher,
                    len(own),
                    sum(post.minutes for post in own),
                    self.targets.get(teacher.pk, 0),
                    len({post.period.date for post in own}),
                    sum(post.role == Role.RESERVE for post in own),
                )
            )
        return sorted(lines, key=_rank)

    @cached_property
    def sessions(self) -> list[Session]:
        found: dict[int, Session] = {}
        for post in self.posts:
            found.setdefault(post.period_id, Session(post.period, [])).posts.append(post)
        return list(found.values())


def _place(post: Duty) -> tuple:
    room = post.room
    return (
        post.period.date,
        post.period.starts,
        room is None,
        room.block if room else post.block,
        room.code if room else "",
        ORDER.index(Role(post.role)),
        post.number,
    )


def _rank(line: PersonLine) -> tuple:
    designation = line.teacher.designation
    return (
        designation is None,
        designation.rank if designation else 0,
        designation.name if designation else "",
        line.teacher.staff_no,
    )
