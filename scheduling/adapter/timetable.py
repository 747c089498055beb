"""The door between the tables and the solver: rows to a Problem, a Plan to a new Solution.

The only file with both vocabularies. What the tables call a sitting is the solver's exam.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, time
from typing import Any, NamedTuple

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from projects.models import Project

from .. import rules
from ..candidate_groups import FIELDS, group_of
from ..models import (
    AllowedClash,
    CandidateGroup,
    ExamCourse,
    ExamLink,
    ExamRule,
    FixedPlacement,
    Holiday,
    Lesson,
    Period,
    Placement,
    Registration,
    Room,
    RoomClosure,
    RoomShare,
    Run,
    Sitting,
    SittingCandidate,
    Solution,
    Teaches,
    Unavailability,
    WeeklyBreak,
)
from ..roll_order import students_in_order
from ..solver.timetable.problem import HARD, UNPLACED, PairRule, Plan, Problem, make_problem

PAIR_KINDS = {
    ExamLink.Kind.SAME_PERIOD: "same_period",
    ExamLink.Kind.DIFFERENT_PERIOD: "different_period",
    ExamLink.Kind.BEFORE: "before",
    ExamLink.Kind.SAME_DAY: "same_day",
    ExamLink.Kind.DIFFERENT_DAY: "different_day",
    ExamLink.Kind.MIN_GAP: "min_days",
    ExamLink.Kind.SAME_ROOM: "same_room",
    ExamLink.Kind.DIFFERENT_ROOM: "different_room",
}
# A cohort sits an exam if at least this share of it is registered.
COHORT_SHARE = 0.25


class Season(NamedTuple):
    """A Problem and the rows that its numbers stand for."""

    problem: Problem
    sittings: list[Sitting]
    periods: list[Period]
    rooms: list[Room]
    students: list[int]  # primary keys
    part_groups: list[int | None]  # the candidate group of each part

    @property
    def input_hash(self) -> str:
        """The same data and rules give the same hash."""
        digest = hashlib.sha256()
        for name, value in zip(Problem._fields, self.problem, strict=True):
            digest.update(name.encode())
            digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
        return digest.hexdigest()

    def plan_of(self, solution: Solution) -> Plan:
        """A solution as the solver's plan. What no longer exists is left out."""
        return _Reader(solution.project).plan_of(solution, self)


def season_of(project: Project, *, stay_close_to: Solution | None = None) -> Season:
    """The project as a Problem; ValueError with a sentence for the planner if it cannot be one."""
    return _Reader(project).season(stay_close_to)


class _Reader:
    """Reads one project. Each method fills one part of the Problem."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.settings = rules.settings_of(project)
        self.sittings = list(
            Sitting.objects.for_project(project).select_related("exam").order_by("exam__code", "number")
        )
        self.periods = list(Period.objects.for_project(project).order_by("date", "starts"))
        self.rooms = list(Room.objects.for_project(project).filter(is_usable=True).order_by("block", "code"))
        self.index_of_sitting = {row.pk: number for number, row in enumerate(self.sittings)}
        self.index_of_period = {row.pk: number for number, row in enumerate(self.periods)}
        self.index_of_room = {row.pk: number for number, row in enumerate(self.rooms)}
        self.of_exam: dict[int, list[int]] = defaultdict(list)
        for number, row in enumerate(self.sittings):
            self.of_exam[row.exam_id].append(number)

    def season(self, stay_close_to: Solution | None) -> Season:
        if not self.sittings:
            raise ValueError(_("There is no exam to place. Upload courses and registrations first."))
        if not self.periods:
            raise ValueError(_("There is no period to place exams in. Add periods first."))
        students, student, exam, load = self.registrations()
        size = np.bincount(exam, minlength=len(self.sittings))
        groups = self.parts(student, exam, students)
        front, late = self.front_load(size)
        use = self.settings
        empty = Season(None, self.sittings, self.periods, self.rooms, students, groups[3])
        problem = make_problem(
            duration=[row.exam.duration for row in self.sittings],
            period_day=[row.date.toordinal() for row in self.periods],
            period_start=[_minute(row.starts) for row in self.periods],
            period_length=[row.minutes for row in self.periods],
            registration_student=student,
            registration_exam=exam,
            registration_weight=load,
            students=len(students),
            size=size,
            period_penalty=[row.penalty for row in self.periods],
            late_period=late,
            period_max_exams=[_or_none(row.max_exams) for row in self.periods],
            period_max_candidates=[_or_none(row.max_candidates) for row in self.periods],
            period_max_rooms=[_or_none(row.max_rooms) for row in self.periods],
            room_seats=self.room_seats(),
            room_penalty=[row.penalty for row in self.rooms],
            room_block=self.blocks(),
            exam_periods=self.exam_periods(),
            exam_period_penalty=self.exam_period_penalty(),
            exam_rooms=self.exam_rooms(),
            exam_room_penalty=self.exam_room_penalty(),
            exclusive=[row.exam.is_alone_in_room for row in self.sittings],
            max_rooms=[
                min(row.exam.max_rooms or len(self.rooms), len(self.rooms)) if row.exam.needs_room else 0
                for row in self.sittings
            ],
            pinned_period=self.pinned_period(),
            pinned_rooms=self.pinned_rooms(),
            front_load=front,
            last_season=[
                np.nan if row.exam.last_season_position is None else float(row.exam.last_season_position)
                for row in self.sittings
            ],
            part_exam=groups[0],
            part_size=groups[1],
            part_rooms=groups[2],
            pair_rules=self.pair_rules(),
            allowed_clashes=self.allowed_clashes(students),
            soft=rules.may_be_broken(use),
            person_exam=self.person_exam(),
            person_away=self.person_away(),
            cohort_exam=self.cohort_exam(students, student, exam),
            cohort_gap=use["cohort_gap"].days or 0,
            spread=use["period_spread"].limit or 0,
            short_break=use["short_break"].limit or 0,
            travel_break=use["travel"].limit or 0,
            day_limit=use["day_limit"].limit or 0,
            window_limit=use["window_limit"].limit or 0,
            window_days=use["window_limit"].days or 0,
            published=self.plan_of(stay_close_to, empty) if stay_close_to else None,
            weights=rules.weights(self.settings, has_published=stay_close_to is not None),
        )
        return empty._replace(problem=problem)

    def registrations(self) -> tuple[list[int], np.ndarray, np.ndarray, np.ndarray]:
        """Students' keys, and for each candidate of each sitting: student, sitting, weight in 0..1."""
        students = [key for key, _roll_no in students_in_order(self.project)]
        index_of_student = {pk: number for number, pk in enumerate(students)}
        exam_of_course = dict(
            ExamCourse.objects.for_project(self.project).values_list("course", "exam").order_by("pk")
        )
        batch = {
            (student, exam): self.index_of_sitting[sitting]
            for student, sitting, exam in SittingCandidate.objects.for_project(self.project).values_list(
                "student", "sitting", "sitting__exam"
            )
            if sitting in self.index_of_sitting
        }
        weight_of_kind = rules.registration_weights(self.settings)
        heaviest: dict[tuple[int, int], float] = {}
        for student, course, kind in Registration.objects.for_project(self.project).values_list(
            "student", "course", "kind"
        ):
            exam = exam_of_course.get(course)
            if exam is None or exam not in self.of_exam:
                continue
            sittings = self.of_exam[exam]
            number = sittings[0] if len(sittings) == 1 else batch.get((student, exam))
            if number is None:
                words = _("%s has candidates in none of its sittings. Save the exam again to share them out.")
                raise ValueError(words % self.sittings[sittings[0]].exam.code)
            key = (index_of_student[student], number)
            heaviest[key] = max(heaviest.get(key, 0.0), weight_of_kind[kind])
        pairs = sorted(heaviest)
        who, what = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return students, who, what, np.array([heaviest[pair] for pair in pairs])

    def room_seats(self, also_closed: Iterable[RoomClosure] = ()) -> np.ndarray:
        """(rooms, periods): seats, 0 while the room is closed or has a lesson."""
        capacities = np.array([row.exam_capacity for row in self.rooms], dtype=np.int64)
        seats = np.repeat(capacities[:, np.newaxis], len(self.periods), axis=1)
        for row in (*RoomClosure.objects.for_project(self.project), *also_closed):
            if row.room_id in self.index_of_room:
                for number in self.periods_during(row.date, row.starts, row.ends):
                    seats[self.index_of_room[row.room_id], number] = 0
        for lesson in Lesson.objects.for_project(self.project).filter(room__isnull=False):
            if lesson.room_id in self.index_of_room:
                for number in self.periods_of_lesson(lesson):
                    seats[self.index_of_room[lesson.room_id], number] = 0
        return seats

    def blocks(self) -> list[int]:
        number_of: dict[tuple[str, str], int] = {}
        return [number_of.setdefault((row.campus, row.block), len(number_of)) for row in self.rooms]

    def periods_during(self, day: date, starts: time | None, ends: time | None) -> list[int]:
        return [
            number
            for number, row in enumerate(self.periods)
            if row.date == day
            and (starts is None or ends is None or (row.starts < ends and starts < row.ends))
        ]

    def periods_of_lesson(self, lesson: Lesson) -> list[int]:
        return [
            number
            for number, row in enumerate(self.periods)
            if row.date.weekday() == lesson.weekday
            and row.starts < lesson.ends
            and lesson.starts < row.ends
            and (lesson.first_on is None or lesson.first_on <= row.date)
            and (lesson.last_on is None or row.date <= lesson.last_on)
        ]

    def exam_periods(self) -> np.ndarray:
        """(sittings, periods): where each may be, by holidays, breaks, its own rules and fixed dates."""
        shape = (len(self.sittings), len(self.periods))
        allowed = np.ones(shape, dtype=bool)
        holidays = set(Holiday.objects.for_project(self.project).values_list("date", flat=True))
        breaks = list(WeeklyBreak.objects.for_project(self.project))
        for number, row in enumerate(self.periods):
            in_break = any(
                gap.weekday == row.date.weekday() and row.starts < gap.ends and gap.starts < row.ends
                for gap in breaks
            )
            allowed[:, number] = row.date not in holidays and not in_break
        only: dict[int, np.ndarray] = {}
        for rule in self.exam_rules("only", "never").exclude(date=None, period=None):
            named = self.named_periods(rule)
            for number in self.of_exam[rule.exam_id]:
                if rule.kind == ExamRule.Kind.NEVER:
                    allowed[number] &= ~named
                else:
                    only.setdefault(number, np.zeros(shape[1], dtype=bool))
                    only[number] |= named
        for number, named in only.items():
            allowed[number] &= named
        for number, fixed in self.fixed():
            if fixed.date:
                allowed[number] &= np.array([row.date == fixed.date for row in self.periods])
        return allowed

    def exam_rules(self, *kinds: str) -> QuerySet[ExamRule]:
        return (
            ExamRule.objects.for_project(self.project)
            .filter(kind__in=kinds, exam__in=list(self.of_exam))
            .prefetch_related("pool__rooms")
            .order_by("pk")
        )

    def named_periods(self, rule: ExamRule) -> np.ndarray:
        return np.array([row.date == rule.date or row.pk == rule.period_id for row in self.periods])

    def named_rooms(self, rule: ExamRule) -> np.ndarray:
        named = {rule.room_id} if rule.room_id else {room.pk for room in rule.pool.rooms.all()}
        return np.array([row.pk in named for row in self.rooms], dtype=bool)

    def exam_period_penalty(self) -> np.ndarray:
        penalty = np.zeros((len(self.sittings), len(self.periods)), dtype=np.int64)
        for rule in self.exam_rules("prefer", "avoid").exclude(date=None, period=None):
            named = self.named_periods(rule)
            disliked = named if rule.kind == ExamRule.Kind.AVOID else ~named
            for number in self.of_exam[rule.exam_id]:
                penalty[number] += rule.weight * disliked
        return penalty

    def exam_rooms(self) -> np.ndarray:
        """(sittings, rooms): rooms with the features it needs, by its own rules."""
        suitable = np.ones((len(self.sittings), len(self.rooms)), dtype=bool)
        for number, row in enumerate(self.sittings):
            needs = {word.strip().casefold() for word in row.exam.room_features.split(",") if word.strip()}
            if needs:
                suitable[number] = [needs <= room.feature_set for room in self.rooms]
        only: dict[int, np.ndarray] = {}
        for rule in self.exam_rules("only", "never").exclude(room=None, pool=None):
            named = self.named_rooms(rule)
            for number in self.of_exam[rule.exam_id]:
                if rule.kind == ExamRule.Kind.NEVER:
                    suitable[number] &= ~named
                else:
                    only.setdefault(number, np.zeros(len(self.rooms), dtype=bool))
                    only[number] |= named
        for number, named in only.items():
            suitable[number] &= named
        return suitable

    def exam_room_penalty(self) -> np.ndarray:
        penalty = np.zeros((len(self.sittings), len(self.rooms)), dtype=np.int64)
        for rule in self.exam_rules("prefer", "avoid").exclude(room=None, pool=None):
            named = self.named_rooms(rule)
            disliked = named if rule.kind == ExamRule.Kind.AVOID else ~named
            for number in self.of_exam[rule.exam_id]:
                penalty[number] += rule.weight * disliked
        return penalty

    def fixed(self) -> list[tuple[int, FixedPlacement]]:
        """The fixed placements and the sitting that each is about."""
        number_of = {(row.exam_id, row.number): number for number, row in enumerate(self.sittings)}
        return [
            (number_of[fixed.exam_id, fixed.sitting_number], fixed)
            for fixed in FixedPlacement.objects.for_project(self.project).order_by("pk")
            if (fixed.exam_id, fixed.sitting_number) in number_of
        ]

    def pinned_period(self) -> list[int]:
        pinned = [UNPLACED] * len(self.sittings)
        for number, fixed in self.fixed():
            if fixed.period_id:
                pinned[number] = self.index_of_period[fixed.period_id]
        return pinned

    def pinned_rooms(self) -> list[tuple[int, int]]:
        return [
            (number, self.index_of_room[fixed.room_id])
            for number, fixed in self.fixed()
            if fixed.room_id in self.index_of_room
        ]

    def front_load(self, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which exams are harmed by a late place, by their size, and which periods are late."""
        rule = self.settings["front_load"]
        largest = np.argsort(-size, kind="stable")[: rule.limit or 0]
        wanted = np.array([row.exam.front_load for row in self.sittings], dtype=bool)
        wanted[largest] = True
        late = np.zeros(len(self.periods), dtype=np.int64)
        late[len(self.periods) - min(rule.days or 0, len(self.periods)) :] = 1
        return wanted.astype(np.int64), late

    def parts(self, student: np.ndarray, exam: np.ndarray, students: list[int]) -> tuple:
        """Parts of exams by candidate group: exam, size, rooms (None without groups), and their groups."""
        needs_room = np.array([row.exam.needs_room for row in self.sittings], dtype=bool)
        groups = list(CandidateGroup.objects.for_project(self.project).prefetch_related("pool__rooms"))
        if not groups:
            return None, None, None, [None] * int(needs_room.sum())
        groups_of = np.full(len(students), len(groups), dtype=np.int64)
        for number, (_key, _roll_no, *facts) in enumerate(students_in_order(self.project, *FIELDS)):
            place = group_of(groups, *facts)
            if place is not None:
                groups_of[number] = place
        masks = [
            np.array(
                [row.pk in {room.pk for room in group.pool.rooms.all()} for row in self.rooms], dtype=bool
            )
            for group in groups
        ]
        masks.append(np.ones(len(self.rooms), dtype=bool))
        keys: list[int | None] = [*(group.pk for group in groups), None]
        counts = np.zeros((len(self.sittings), len(keys)), dtype=np.int64)
        np.add.at(counts, (exam, groups_of[student]), 1)
        counts[~needs_room] = 0
        owner, key = np.nonzero(counts)
        return owner, counts[owner, key], np.array([masks[k] for k in key]), [keys[k] for k in key]

    def pair_rules(self) -> list[PairRule]:
        found = []
        for link in ExamLink.objects.for_project(self.project).order_by("pk"):
            kind = PAIR_KINDS[ExamLink.Kind(link.kind)]
            value = link.gap_days + 1 if kind == "min_days" else 0
            for a in self.of_exam.get(link.exam_a_id, ()):
                for b in self.of_exam.get(link.exam_b_id, ()):
                    price = HARD if link.is_hard else max(1, link.weight)  # HARD is 0
                    found.append(PairRule(kind, a, b, price, value))
        return found

    def allowed_clashes(self, students: list[int]) -> list[tuple[int, int, int]]:
        index_of_student = {pk: number for number, pk in enumerate(students)}
        return [
            (index_of_student[row.student_id], a, b)
            for row in AllowedClash.objects.for_project(self.project)
            for a in self.of_exam.get(row.exam_a_id, ())
            for b in self.of_exam.get(row.exam_b_id, ())
        ]

    def person_exam(self) -> list[tuple[int, int]]:
        if not self.settings["person_clash"].is_on:
            return []
        exam_of_course = dict(ExamCourse.objects.for_project(self.project).values_list("course", "exam"))
        pairs = {
            (teacher, number)
            for teacher, course in Teaches.objects.for_project(self.project).values_list("teacher", "course")
            for number in self.of_exam.get(exam_of_course.get(course), ())
        }
        return sorted(pairs)

    def person_away(self) -> list[tuple[int, int]]:
        if not self.settings["person_clash"].is_on:
            return []
        away = set()
        for row in Unavailability.objects.for_project(self.project).filter(
            decision=Unavailability.Decision.APPROVED
        ):
            away |= {
                (row.teacher_id, number) for number in self.periods_during(row.date, row.starts, row.ends)
            }
        for lesson in Lesson.objects.for_project(self.project).filter(teacher__isnull=False):
            away |= {(lesson.teacher_id, number) for number in self.periods_of_lesson(lesson)}
        return sorted(away)

    def cohort_exam(
        self, students: list[int], student: np.ndarray, exam: np.ndarray
    ) -> list[tuple[int, int]]:
        if not self.settings["cohort_gap"].is_on:
            return []
        number_of: dict[tuple, int] = {}
        cohort = np.array(
            [
                number_of.setdefault(tuple(key), len(number_of)) if key[0] else -1
                for _key, _roll_no, *key in students_in_order(self.project, "programme", "semester", "shift")
            ],
            dtype=np.int64,
        )
        counts = np.zeros((len(number_of), len(self.sittings)), dtype=np.int64)
        known = cohort[student] >= 0
        np.add.at(counts, (cohort[student][known], exam[known]), 1)
        size = np.bincount(cohort[cohort >= 0], minlength=len(number_of))
        for numbers in self.of_exam.values():
            if len(numbers) > 1:  # an exam in batches has no one date
                counts[:, numbers] = 0
        return [tuple(pair) for pair in np.argwhere(counts >= np.maximum(1, COHORT_SHARE * size)[:, None])]

    def plan_of(self, solution: Solution, season: Season) -> Plan:
        period = np.full(len(season.sittings), UNPLACED, dtype=np.int64)
        for sitting, when in Placement.objects.filter(solution=solution).values_list("sitting", "period"):
            if sitting in self.index_of_sitting and when in self.index_of_period:
                period[self.index_of_sitting[sitting]] = self.index_of_period[when]
        part_of: dict[tuple[int, int | None], int] = {}
        owners = self.part_owners(season)
        for number, key in enumerate(zip(owners, season.part_groups, strict=True)):
            part_of[key] = number
        uses = []
        for sitting, group, room, candidates in RoomShare.objects.filter(
            placement__solution=solution, placement__period__isnull=False
        ).values_list("placement__sitting", "group", "room", "candidates"):
            part = part_of.get((self.index_of_sitting.get(sitting, -1), group))
            if part is not None and room in self.index_of_room:
                uses.append((part, self.index_of_room[room], candidates))
        return Plan(period, *np.array(sorted(uses), dtype=np.int64).reshape(-1, 3).T)

    def part_owners(self, season: Season) -> list[int]:
        if season.problem is not None:
            return [int(exam) for exam in season.problem.part_exam]
        if CandidateGroup.objects.for_project(self.project).exists():
            students, student, exam, _load = self.registrations()
            return [int(owner) for owner in self.parts(student, exam, students)[0]]
        return [number for number, row in enumerate(self.sittings) if row.exam.needs_room]


@transaction.atomic
def write_solution(
    season: Season, plan: Plan, *, project: Project, run: Run | None, parent: Solution | None, **scores: Any
) -> Solution:
    """A plan as a new Solution of the project; nothing that exists is changed."""
    solution = Solution.objects.create_next(project=project, run=run, parent=parent, **scores)
    tenant = {"institution_id": project.institution_id, "project": project}
    placements = [
        Placement(
            **tenant,
            solution=solution,
            sitting=sitting,
            period=None if when == UNPLACED else season.periods[when],
        )
        for sitting, when in zip(season.sittings, plan.period, strict=True)
    ]
    Placement.objects.bulk_create(placements, batch_size=5000)
    RoomShare.objects.bulk_create(
        [
            RoomShare(
                **tenant,
                placement=placements[season.problem.part_exam[part]],
                room=season.rooms[room],
                group_id=season.part_groups[part],
                candidates=int(seats),
            )
            for part, room, seats in zip(plan.part, plan.room, plan.seats, strict=True)
            if plan.period[season.problem.part_exam[part]] != UNPLACED
        ],
        batch_size=5000,
    )
    return solution


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _or_none(limit: int | None) -> int:
    return -1 if limit is None else limit
