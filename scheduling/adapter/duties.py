"""The door between the tables and the solver of duties: a solution's rooms to posts, posts to Duty rows."""

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from .. import rules
from ..duty_targets import most_duties_of, targets_of
from ..models import (
    Duty,
    DutyPin,
    DutyPolicy,
    ExamCourse,
    Exemption,
    Gender,
    Lesson,
    Period,
    Relative,
    Role,
    Solution,
    Student,
    Teacher,
    TeacherPair,
    Teaches,
    Unavailability,
)
from ..posts import Attendance, Hall, Post, minute, policy_of, posts_of
from ..solver.duties import problem as arrays
from ..solver.duties.problem import NO_LIMIT, NONE, OPEN, Limits, Problem, make_problem
from . import duty_shortages

if TYPE_CHECKING:
    from ..solver.duties.search import Result

DAY = 24 * 60
# Those of one room in one period who watch together.
TEAM_ROLES = (Role.INVIGILATOR, Role.READER, Role.SCRIBE)


class Season(NamedTuple):
    """A Problem, the rows that its numbers stand for, and what is known to be short before it starts."""

    problem: Problem
    solution: Solution
    posts: list[Post]
    teachers: list[Teacher]
    halls: list[Hall | None]  # of each team; None for a room where only a supervisor waits
    pins: list[DutyPin]  # as in the problem
    why_not: list[str]


def season_of(solution: Solution, *, stay_close_to: Solution | None = None) -> Season:
    """A solution's rooms as a Problem; ValueError with a sentence for the planner if it cannot be one."""
    return _Reader(solution, stay_close_to).season()


class _Reader:
    """Reads one solution. Each method fills one part of the Problem."""

    def __init__(self, solution: Solution, earlier: Solution | None) -> None:
        self.solution, self.earlier = solution, earlier
        self.project = project = solution.project
        self.settings = rules.settings_of(project)
        self.policy = policy_of(project)
        self.attendance = Attendance(solution)
        self.posts = posts_of(self.attendance)
        self.teachers = list(
            Teacher.objects.for_project(project)
            .select_related("designation", "department")
            .order_by("staff_no")
        )
        self.number_of = {row.pk: number for number, row in enumerate(self.teachers)}
        periods = Period.objects.for_project(project).order_by("date", "starts")
        self.period_number = {pk: number for number, pk in enumerate(periods.values_list("pk", flat=True))}
        self.halls = self.attendance.halls
        self.hall_of = {(hall.period.pk, hall.room.pk): hall for hall in self.halls}
        self.team_number = {key: number for number, key in enumerate(self.hall_of)}
        self.midnight = [post.period.date.toordinal() * DAY for post in self.posts]
        self.starts = np.array(
            [day + minute(post.starts) for day, post in zip(self.midnight, self.posts, strict=True)], np.int64
        )
        self.ends = np.array(
            [day + minute(post.ends) for day, post in zip(self.midnight, self.posts, strict=True)], np.int64
        )

    def season(self) -> Season:
        if not self.posts:
            raise ValueError(_("No room is used: make a datesheet with rooms before its duties."))
        if not any(row.may_invigilate for row in self.teachers):
            raise ValueError(_("Nobody may invigilate. Upload teachers first."))
        use = self.settings
        targets = targets_of(self.project, [(post.period.date, post.minutes) for post in self.posts])
        ranks = [row.designation.rank if row.designation else 0 for row in self.teachers]
        room_number: dict[int, int] = {}
        pins = list(
            DutyPin.objects.for_project(self.project)
            .select_related("teacher", "period", "room")
            .order_by("pk")
        )
        problem = make_problem(
            start=self.starts,
            end=self.ends,
            period=[self.period_number[post.period.pk] for post in self.posts],
            day=[post.period.date.toordinal() for post in self.posts],
            room=[
                room_number.setdefault(post.room.pk, len(room_number)) if post.room else NONE
                for post in self.posts
            ],
            team=self.teams(),
            kind=self.kinds(),
            ban=self.bans(),
            target=[targets.get(row.pk, 0) for row in self.teachers],
            most=[NO_LIMIT if (most := most_duties_of(row)) is None else most for row in self.teachers],
            least=self.least(),
            rank=ranks,
            is_woman=[row.gender == Gender.FEMALE for row in self.teachers],
            team_wants_woman=self.wants_woman(),
            never=self.pairs(TeacherPair.Kind.NEVER),
            together=self.pairs(TeacherPair.Kind.TOGETHER),
            kin=self.kin(),
            pins=[(self.number_of[pin.teacher_id], self.posts_of_pin(pin)) for pin in pins],
            earlier=self.earlier_teachers(),
            limits=Limits(
                free_minutes=use["fair_minutes"].limit or 0,
                a_day=1 if self.policy.same_day == DutyPolicy.SameDay.ONE else self.limit("duties_a_day"),
                on_end=self.limit("duties_on_end"),
                days=self.limit("duty_days"),
                span=min(NO_LIMIT, 60 * self.limit("duty_span")),
                gap=self.policy.gap_minutes,
            ),
            weights=self.weights(),
            hard=self.hard_rules(),
        )
        halls: list[Hall | None] = [*self.halls]
        season = Season(problem, self.solution, self.posts, self.teachers, halls, pins, [])
        return season._replace(why_not=duty_shortages.contradictions(season))

    def weights(self) -> dict[str, int]:
        """The prices of what should hold."""
        left_out = set() if self.earlier else {"moved_duty"}
        if self.policy.same_day != DutyPolicy.SameDay.KEEP:
            left_out.add("both_sessions")
        return {
            rule.code: self.settings[rule.code].weight
            for rule in rules.RULES
            if rule.part == "duties" and self.settings[rule.code].is_on and rule.code not in left_out
        }

    def hard_rules(self) -> set[str]:
        """Rules that must hold by the planner's own choice."""
        chosen = {
            rule.code
            for rule in rules.RULES
            if rule.part == "duties"
            and rule.may_be_hard
            and self.settings[rule.code].is_on
            and self.settings[rule.code].is_hard
        }
        return chosen | ({"duties_a_day"} if self.policy.same_day == DutyPolicy.SameDay.ONE else set())

    def limit(self, rule: str) -> int:
        setting = self.settings[rule]
        return NO_LIMIT if not setting.is_on or setting.limit is None else setting.limit

    def teams(self) -> list[int]:
        return [
            self.team_number[post.period.pk, post.room.pk] if post.room and post.role in TEAM_ROLES else NONE
            for post in self.posts
        ]

    def kinds(self) -> list[int]:
        """Bits of arrays.KINDS; none if nobody asks for even shares."""
        rule = self.settings["even_kinds"]
        if not rule.is_on:
            return [0] * len(self.posts)
        return [
            arrays.RESERVE * (post.role == Role.RESERVE)
            + arrays.EVENING * (post.starts.hour >= (rule.limit or 24))
            + arrays.WEEKEND * (post.period.date.weekday() >= 5)
            + arrays.LONG * (post.minutes >= (rule.days or NO_LIMIT))
            for post in self.posts
        ]

    def bans(self) -> np.ndarray:
        """(teachers, posts): why a teacher cannot or had better not have a post."""
        found = np.zeros((len(self.teachers), len(self.posts)), np.uint8)
        days = np.array([post.period.date.toordinal() for post in self.posts])
        found[[not row.may_invigilate for row in self.teachers]] |= arrays.AWAY
        for away in Unavailability.objects.for_project(self.project).filter(
            decision=Unavailability.Decision.APPROVED
        ):
            there = days == away.date.toordinal()
            if away.starts is not None and away.ends is not None:
                midnight = away.date.toordinal() * DAY
                there &= (self.starts < midnight + minute(away.ends)) & (
                    midnight + minute(away.starts) < self.ends
                )
            found[self.number_of[away.teacher_id], there] |= arrays.AWAY
        for exemption in Exemption.objects.for_project(self.project):
            there = (days >= exemption.first_on.toordinal()) & (days <= exemption.last_on.toordinal())
            found[self.number_of[exemption.teacher_id], there] |= arrays.AWAY
        self.ban_lessons(found, days)
        self.ban_own_exams(found)
        seniors = np.array(
            [
                row.designation is not None and 0 < row.designation.rank <= self.policy.senior_rank
                for row in self.teachers
            ]
        )
        lead = np.array([post.role == Role.SUPERINTENDENT for post in self.posts])
        found[np.ix_(~seniors, lead)] |= arrays.NOT_SENIOR
        kin = defaultdict(set)
        for teacher, student in Relative.objects.for_project(self.project).values_list("teacher", "student"):
            kin[student].add(self.number_of[teacher])
        for number, post in enumerate(self.posts):
            for teacher in kin.get(post.student or 0, ()):
                found[teacher, number] |= arrays.OF_KIN
        return found

    def ban_lessons(self, found: np.ndarray, days: np.ndarray) -> None:
        weekdays = np.array([post.period.date.weekday() for post in self.posts])
        begins, ends = self.starts - self.midnight, self.ends - self.midnight
        for lesson in Lesson.objects.for_project(self.project).filter(teacher__isnull=False):
            there = (
                (weekdays == lesson.weekday) & (begins < minute(lesson.ends)) & (minute(lesson.starts) < ends)
            )
            if lesson.first_on:
                there &= days >= lesson.first_on.toordinal()
            if lesson.last_on:
                there &= days <= lesson.last_on.toordinal()
            found[self.number_of[lesson.teacher_id], there] |= arrays.AWAY

    def ban_own_exams(self, found: np.ndarray) -> None:
        exam_of_course = dict(ExamCourse.objects.for_project(self.project).values_list("course", "exam"))
        teachers_of: dict[int, set[int]] = defaultdict(set)
        for teacher, course in Teaches.objects.for_project(self.project).values_list("teacher", "course"):
            if course in exam_of_course:
                teachers_of[exam_of_course[course]].add(self.number_of[teacher])
        in_period: dict[int, set[int]] = defaultdict(set)
        for sat in self.attendance.sat:
            in_period[sat.period.pk] |= teachers_of.get(sat.placement.sitting.exam_id, set())
        for number, post in enumerate(self.posts):
            if self.settings["own_exam_period"].is_on:
                found[sorted(in_period[post.period.pk]), number] |= arrays.OWN_PERIOD
            if self.settings["own_exam_room"].is_on and post.room and post.role in TEAM_ROLES:
                for exam in self.hall_of[post.period.pk, post.room.pk].exams:
                    found[sorted(teachers_of.get(exam, ())), number] |= arrays.OWN_ROOM

    def least(self) -> list[int]:
        if not self.settings["least_duties"].is_on:
            return [0] * len(self.teachers)
        return [
            row.designation.min_duties if row.may_invigilate and row.designation else 0
            for row in self.teachers
        ]

    def wants_woman(self) -> list[bool]:
        if not self.settings["woman_in_room"].is_on:
            return [False] * len(self.halls)
        women = set(
            Student.objects.for_project(self.project)
            .filter(gender=Gender.FEMALE)
            .values_list("pk", flat=True)
        )
        return [not women.isdisjoint(hall.students) for hall in self.halls]

    def pairs(self, kind: str) -> list[tuple[int, int]]:
        return [
            (self.number_of[a], self.number_of[b])
            for a, b in TeacherPair.objects.for_project(self.project)
            .filter(kind=kind)
            .values_list("teacher_a", "teacher_b")
        ]

    def kin(self) -> list[tuple[int, int]]:
        pairs = Relative.objects.for_project(self.project).values_list("teacher", "student")
        return [
            (self.number_of[teacher], team)
            for teacher, student in pairs
            for team, hall in enumerate(self.halls)
            if student in hall.students
        ]

    def posts_of_pin(self, pin: DutyPin) -> list[int]:
        return [
            number
            for number, post in enumerate(self.posts)
            if post.period.pk == pin.period_id
            and post.role == pin.role
            and (pin.room_id is None or (post.room is not None and post.room.pk == pin.room_id))
        ]

    def earlier_teachers(self) -> list[int]:
        if self.earlier is None:
            return [NONE] * len(self.posts)
        had = {
            key_of(row): row.teacher_id
            for row in Duty.objects.filter(solution=self.earlier, teacher__isnull=False)
        }
        return [self.number_of.get(had.get(post.key, 0), NONE) for post in self.posts]


def duty_of(post: Post, solution: Solution) -> Duty:
    """The row of a post that nobody has yet, to be saved."""
    return Duty(
        institution_id=solution.institution_id,
        project_id=solution.project_id,
        solution=solution,
        period=post.period,
        room=post.room,
        block=post.block,
        role=post.role,
        number=post.number,
        starts=post.starts,
        ends=post.ends,
        student_id=post.student,
    )


@transaction.atomic
def write(season: Season, result: "Result", solution: Solution) -> None:
    """The plan as the Duty rows of a solution, in place of those that it has."""
    Duty.objects.filter(solution=solution).delete()
    rows = [duty_of(post, solution) for post in season.posts]
    for row, teacher in zip(rows, result.who, strict=True):
        row.teacher = None if teacher == OPEN else season.teachers[teacher]
    Duty.objects.bulk_create(rows, batch_size=2000)
    solution.unfilled = int((result.who == OPEN).sum())
    solution.measures["duties"] = {**solution.measures.get("duties", {}), **result.measures}
    solution.save(update_fields=["unfilled", "measures"])


def reasons(season: Season, result: "Result") -> list[str]:
    """What is short, where, and the cheapest cure, in the planner's words; nothing if nothing is."""
    return reasons_of(season, result.who)


def reasons_of(season: Season, who: arrays.Ints) -> list[str]:
    return duty_shortages.why_open(season, who)


def duties_without_post(season: Season) -> list[Duty]:
    """A teacher's duties in the season's solution that its rooms ask for no more."""
    wanted = {post.key for post in season.posts}
    rows = Duty.objects.filter(solution=season.solution, teacher__isnull=False)
    return [row for row in rows if key_of(row) not in wanted]


def key_of(duty: Duty) -> tuple[int, int | None, str, str, int]:
    """As Post.key: the same post in another solution has the same key."""
    return duty.period_id, duty.room_id, duty.block, duty.role, duty.number
