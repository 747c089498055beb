"""What is wrong with a plan, counted from the tables.

Every rule once more, written apart from the solver on purpose: after a run both must count the same. A rule
is a function from Facts to its faults; the number of its faults is the sum of their sizes.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import combinations
from math import ceil
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from . import rules
from .models import (
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
    Sitting,
    SittingCandidate,
    Solution,
    Student,
    Teaches,
    Unavailability,
    WeeklyBreak,
)


class Fault(NamedTuple):
    """One breach of a rule: how much it counts, and what it is about, in words."""

    size: float
    about: str


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

    @cached_property
    def candidates(self) -> dict[int, dict[int, float]]:
        """student → {sitting: weight of the registration}"""
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
        for student, course, kind in (
            Registration.objects.for_project(project).order_by("pk").values_list("student", "course", "kind")
        ):
            exam = exam_of_course.get(course)
            if exam not in self.of_exam:
                continue
            sittings = self.of_exam[exam]
            sitting = sittings[0] if len(sittings) == 1 else batch[student, exam]
            weight = weight_of_kind[kind]
            found[student][sitting] = max(weight, found[student].get(sitting, 0.0))
        return found

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
                (group.pk for group, _rooms in self.groups if _belongs(student, group)), None
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
        """The solution that the run was to stay close to."""
        run = self.solution.run
        return Facts(run.start_from) if run and run.start_from else None

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
            if in_term and row.date.weekday() == lesson.weekday and _overlap(row, lesson):
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


def _belongs(student: Student, group: CandidateGroup) -> bool:
    return (
        (not group.gender or group.gender == student.gender)
        and (not group.shift or group.shift.casefold() == student.shift.casefold())
        and (not group.campus or group.campus.casefold() == student.campus.casefold())
        and (not group.programme_id or group.programme_id == student.programme_id)
    )


def _overlap(one: Any, other: Any) -> bool:
    return one.starts < other.ends and other.starts < one.ends


# What must hold


def unplaced(facts: Facts) -> Iterator[Fault]:
    """Exams without a period."""
    for sitting in facts.sittings:
        if sitting not in facts.when:
            yield Fault(1, facts.code(sitting))


def clash(facts: Facts) -> Iterator[Fault]:
    """Students with two exams at once that nobody allowed."""
    for pair in facts.pairs:
        if pair.early == pair.late and (pair.student, pair.first, pair.second) not in facts.allowed:
            yield Fault(1, _of_student(facts, pair))


def person_clash(facts: Facts) -> Iterator[Fault]:
    """Teachers whose courses are examined at once."""
    for teacher, sittings in facts.people.items():
        at_once = Counter(facts.when[sitting] for sitting in sittings if sitting in facts.when)
        for place, exams in at_once.items():
            if exams > 1:
                yield Fault(exams - 1, f"{teacher}: {facts.periods[place]}")


def wrong_period(facts: Facts) -> Iterator[Fault]:
    """Exams in a period that is not theirs: too short, forbidden, a holiday, a break, not the fixed one."""
    project = facts.solution.project
    holidays = set(Holiday.objects.for_project(project).values_list("date", flat=True))
    breaks = list(WeeklyBreak.objects.for_project(project))
    named: dict[int, list[ExamRule]] = defaultdict(list)
    for rule in ExamRule.objects.for_project(project).filter(kind__in=["only", "never"]):
        if rule.date or rule.period_id:
            named[rule.exam_id].append(rule)
    fixed = list(FixedPlacement.objects.for_project(project).select_related("exam"))
    fixed_of = {(row.exam_id, row.sitting_number): row for row in fixed if row.date or row.period_id}
    teachers: dict[int, set[int]] = defaultdict(set)
    for teacher, sittings in facts.people.items():
        for sitting in sittings:
            teachers[sitting].add(teacher)
    for sitting, place in facts.when.items():
        row, period = facts.sittings[sitting], facts.periods[place]
        only = [rule for rule in named[row.exam_id] if rule.kind == ExamRule.Kind.ONLY]
        never = [rule for rule in named[row.exam_id] if rule.kind == ExamRule.Kind.NEVER]
        pin = fixed_of.get((row.exam_id, row.number))
        is_wrong = (
            row.exam.duration > period.minutes
            or period.date in holidays
            or any(gap.weekday == period.date.weekday() and _overlap(gap, period) for gap in breaks)
            or any(_names(rule, period) for rule in never)
            or (only and not any(_names(rule, period) for rule in only))
            or (pin is not None and pin.period_id not in (None, period.pk))
            or (pin is not None and pin.date not in (None, period.date))
            or any((teacher, place) in facts.away for teacher in teachers[sitting])
        )
        if is_wrong:
            yield Fault(1, f"{facts.code(sitting)}: {period}")


def _names(rule: ExamRule, period: Period) -> bool:
    return rule.date == period.date or rule.period_id == period.pk


def unseated(facts: Facts) -> Iterator[Fault]:
    """Candidates of placed exams for whom there is no seat in the exam's rooms."""
    for (sitting, group), size in facts.group_sizes.items():
        row = facts.sittings[sitting]
        if sitting in facts.when and row.exam.needs_room:
            given = sum(candidates for _room, candidates in facts.shares.get((sitting, group), ()))
            if given < size:
                yield Fault(size - given, facts.code(sitting))


def seats(facts: Facts) -> Iterator[Fault]:
    """Rooms with more candidates than seats in a period."""
    for (place, room), there in facts.in_room.items():
        has = 0 if (place, room) in facts.closed else facts.rooms[room].exam_capacity
        if sum(candidates for _sitting, candidates in there) > has:
            yield Fault(1, f"{facts.rooms[room]}: {facts.periods[place]}")


def wrong_room(facts: Facts) -> Iterator[Fault]:
    """Uses of rooms that are closed or do not suit the exam or the group."""
    project = facts.solution.project
    pools = {group.pk: rooms for group, rooms in facts.groups}
    pins: dict[tuple[int, int], set[int]] = defaultdict(set)
    for pin in FixedPlacement.objects.for_project(project).filter(room__isnull=False):
        if facts.rooms[pin.room_id].is_usable:
            pins[pin.exam_id, pin.sitting_number].add(pin.room_id)
    only: dict[int, set[int]] = {}
    never: dict[int, set[int]] = defaultdict(set)
    for rule in ExamRule.objects.for_project(project).filter(kind__in=["only", "never"]):
        if rule.room_id or rule.pool_id:
            rooms = {rule.room_id} if rule.room_id else set(rule.pool.rooms.values_list("pk", flat=True))
            if rule.kind == ExamRule.Kind.NEVER:
                never[rule.exam_id] |= rooms
            else:
                only.setdefault(rule.exam_id, set()).update(rooms)
    for (sitting, group), shares in facts.shares.items():
        row = facts.sittings[sitting]
        needs = {word.strip().casefold() for word in row.exam.room_features.split(",") if word.strip()}
        for room, _candidates in shares:
            is_wrong = (
                sitting not in facts.when
                or (facts.when[sitting], room) in facts.closed
                or not facts.rooms[room].is_usable
                or facts.rooms[room].exam_capacity == 0
                or not needs <= facts.rooms[room].feature_set
                or (group is not None and room not in pools[group])
                or (row.exam_id in only and room not in only[row.exam_id])
                or room in never[row.exam_id]
                or (pins.get((row.exam_id, row.number)) and room not in pins[row.exam_id, row.number])
            )
            if is_wrong:
                yield Fault(1, f"{facts.code(sitting)}: {facts.rooms[room]}")


def exclusive(facts: Facts) -> Iterator[Fault]:
    """Exams that need their rooms for themselves and share one."""
    faulty = set()
    for there in facts.in_room.values():
        sittings = {sitting for sitting, _candidates in there}
        if len(sittings) > 1:
            faulty |= {sitting for sitting in sittings if facts.sittings[sitting].exam.is_alone_in_room}
    for sitting in faulty:
        yield Fault(1, facts.code(sitting))


def max_rooms(facts: Facts) -> Iterator[Fault]:
    """Exams, or groups of them, in more rooms than the exam may use."""
    for (sitting, _group), shares in facts.shares.items():
        most = facts.sittings[sitting].exam.max_rooms
        if most is not None and len(shares) > most:
            yield Fault(1, facts.code(sitting))


def _beyond(there: Counter[int], most: dict[int, int | None], facts: Facts) -> Iterator[Fault]:
    for place, count in there.items():
        limit = most[place]
        if limit is not None and count > limit:
            yield Fault(count - limit, str(facts.periods[place]))


def period_exams(facts: Facts) -> Iterator[Fault]:
    """Exams beyond the most that a period may have."""
    most = {place: row.max_exams for place, row in enumerate(facts.periods)}
    yield from _beyond(Counter(facts.when.values()), most, facts)


def period_candidates(facts: Facts) -> Iterator[Fault]:
    """Candidates beyond the most that a period may have."""
    there: Counter[int] = Counter()
    for sitting, place in facts.when.items():
        there[place] += facts.size[sitting]
    yield from _beyond(there, {place: row.max_candidates for place, row in enumerate(facts.periods)}, facts)


def period_rooms(facts: Facts) -> Iterator[Fault]:
    """Rooms beyond the most that a period may have."""
    there = Counter(place for place, _room in facts.in_room)
    yield from _beyond(there, {place: row.max_rooms for place, row in enumerate(facts.periods)}, facts)


def _link_holds(facts: Facts, link: ExamLink, a: int, b: int) -> bool:
    """Whether the link holds between these two sittings; with one of them unplaced it does."""
    if a not in facts.when or b not in facts.when:
        return True
    p, q = facts.when[a], facts.when[b]
    days = abs((facts.date_of(p) - facts.date_of(q)).days)
    kind = ExamLink.Kind(link.kind)
    if kind in (ExamLink.Kind.SAME_ROOM, ExamLink.Kind.DIFFERENT_ROOM):
        one, two = (
            {room for key, shares in facts.shares.items() if key[0] == sitting for room, _n in shares}
            for sitting in (a, b)
        )
        if p != q or not one or not two:
            return True
        return not one & two if kind == ExamLink.Kind.DIFFERENT_ROOM else (one <= two or two <= one)
    return {
        ExamLink.Kind.SAME_PERIOD: p == q,
        ExamLink.Kind.DIFFERENT_PERIOD: p != q,
        ExamLink.Kind.BEFORE: p < q,
        ExamLink.Kind.SAME_DAY: days == 0,
        ExamLink.Kind.DIFFERENT_DAY: days > 0,
        ExamLink.Kind.MIN_GAP: days > link.gap_days,
    }[kind]


def _links(kind: ExamLink.Kind, *, is_hard: bool) -> Callable[[Facts], Iterator[Fault]]:
    def broken_links(facts: Facts) -> Iterator[Fault]:
        for link in ExamLink.objects.for_project(facts.solution.project).filter(kind=kind, is_hard=is_hard):
            for a in facts.of_exam.get(link.exam_a_id, ()):
                for b in facts.of_exam.get(link.exam_b_id, ()):
                    if not _link_holds(facts, link, a, b):
                        yield Fault(1, f"{facts.code(a)}, {facts.code(b)}")

    broken_links.__doc__ = f"Links “{kind.label}” that do not hold."
    return broken_links


# What should hold


def allowed_clash(facts: Facts) -> Iterator[Fault]:
    """Students with two exams at once, as was allowed."""
    for pair in facts.pairs:
        if pair.early == pair.late and (pair.student, pair.first, pair.second) in facts.allowed:
            yield Fault(1, _of_student(facts, pair))


def _of_student(facts: Facts, pair: Pair) -> str:
    return f"{facts.roll_nos[pair.student]}: {facts.code(pair.first)}, {facts.code(pair.second)}"


def _pairs_where(holds: Callable[[Facts, int, int], float]) -> Callable[[Facts], Iterator[Fault]]:
    """Faults of students' pairs by the two periods alone, which are looked at once each."""

    def faults(facts: Facts) -> Iterator[Fault]:
        known: dict[tuple[int, int], float] = {}
        for pair in facts.pairs:
            key = (pair.early, pair.late)
            if key not in known:
                known[key] = holds(facts, *key) if pair.early != pair.late else 0
            if known[key]:
                yield Fault(known[key] * pair.weight, _of_student(facts, pair))

    faults.__doc__ = holds.__doc__
    return faults


def _in_a_row(facts: Facts, early: int, late: int) -> float:
    """Two exams of a student in two periods of a day that follow each other."""
    return late - early == 1 and facts.date_of(early) == facts.date_of(late)


def _in_a_day(facts: Facts, early: int, late: int) -> float:
    """Two exams of a student on one day, not in a row."""
    return late - early > 1 and facts.date_of(early) == facts.date_of(late)


def _close_by(facts: Facts, early: int, late: int) -> float:
    """Two exams of a student 1, 2, … 5 times 24 hours apart, rounded up: 16, 8, 4, 2, 1."""
    days = ceil((facts.starts_at(late) - facts.starts_at(early)) / timedelta(days=1))
    return {1: 16, 2: 8, 3: 4, 4: 2, 5: 1}.get(days, 0)


def _overnight(facts: Facts, early: int, late: int) -> float:
    """The last period of a day and the first of the next."""
    is_last = facts.date_of(early) != facts.date_of(early + 1)
    is_first = facts.date_of(late) != facts.date_of(late - 1)
    return is_last and is_first and facts.date_of(late) - facts.date_of(early) == timedelta(days=1)


def _short_break(facts: Facts, early: int, late: int) -> float:
    """Fewer minutes between two exams of a student than the rule says."""
    minutes = (facts.starts_at(late) - facts.ends_at(early)) / timedelta(minutes=1)
    return minutes < (facts.settings["short_break"].limit or 0)


def _student_days(facts: Facts) -> Iterator[tuple[int, Counter[date]]]:
    for student, sittings in facts.candidates.items():
        yield student, Counter(facts.date_of(facts.when[s]) for s in sittings if s in facts.when)


def day_limit(facts: Facts) -> Iterator[Fault]:
    """Exams of a student on a day beyond the rule's number."""
    most = facts.settings["day_limit"].limit or 0
    for student, days in _student_days(facts):
        for day, exams in days.items():
            if most and exams > most:
                yield Fault(exams - most, f"{facts.roll_nos[student]}: {day}")


def window_limit(facts: Facts) -> Iterator[Fault]:
    """Exams of a student beyond the rule's number in any of its stretches of days."""
    setting = facts.settings["window_limit"]
    if not setting.limit or not setting.days or not facts.periods:
        return
    first, last = facts.periods[0].date, facts.periods[-1].date
    width = min(setting.days, (last - first).days + 1)
    starts = [first + timedelta(days=n) for n in range((last - first).days + 2 - width)]
    for student, days in _student_days(facts):
        if sum(days.values()) <= setting.limit:
            continue
        for start in starts:
            exams = sum(n for day, n in days.items() if start <= day < start + timedelta(days=width))
            if exams > setting.limit:
                yield Fault(exams - setting.limit, f"{facts.roll_nos[student]}: {start}")


def cohort_gap(facts: Facts) -> Iterator[Fault]:
    """Days missing between two exams of one programme, semester and shift."""
    gap = facts.settings["cohort_gap"].days or 0
    if not gap or not facts.settings["cohort_gap"].is_on:
        return
    members: dict[tuple, list[int]] = defaultdict(list)
    for pk, *cohort in Student.objects.for_project(facts.solution.project).values_list(
        "pk", "programme", "semester", "shift"
    ):
        if cohort[0]:
            members[tuple(cohort)].append(pk)
    for students in members.values():
        taken = Counter(sitting for student in students for sitting in facts.candidates.get(student, ()))
        # an exam is a class's own if a quarter of the class sits it
        own = sorted(s for s, n in taken.items() if n >= len(students) / 4 and s in facts.when)
        own = [
            s for s in own if len(facts.of_exam[facts.sittings[s].exam_id]) == 1
        ]  # batches have no one date
        for one, two in combinations(own, 2):
            apart = abs((facts.date_of(facts.when[one]) - facts.date_of(facts.when[two])).days)
            if apart < gap:
                yield Fault(gap - apart, f"{facts.code(one)}, {facts.code(two)}")


def front_load(facts: Facts) -> Iterator[Fault]:
    """Large exams, and exams better early, in the last periods."""
    setting = facts.settings["front_load"]
    in_order = sorted(facts.sittings, key=lambda s: (facts.sittings[s].exam.code, facts.sittings[s].number))
    largest = sorted(in_order, key=lambda s: -facts.size[s])[: setting.limit or 0]
    wanted = {s for s in facts.sittings if facts.sittings[s].exam.front_load} | set(largest)
    for sitting in wanted:
        if facts.when.get(sitting, -1) >= max(0, len(facts.periods) - (setting.days or 0)):
            yield Fault(1, facts.code(sitting))


def period_penalty(facts: Facts) -> Iterator[Fault]:
    """The dislike of the period, for each exam in it."""
    for sitting, place in facts.when.items():
        if facts.periods[place].penalty:
            yield Fault(facts.periods[place].penalty, f"{facts.code(sitting)}: {facts.periods[place]}")


def _wishes(facts: Facts) -> Iterator[ExamRule]:
    yield from ExamRule.objects.for_project(facts.solution.project).filter(kind__in=["prefer", "avoid"])


def period_preference(facts: Facts) -> Iterator[Fault]:
    """Exams not on the days and in the periods where they would rather be."""
    for wish in _wishes(facts):
        if not (wish.date or wish.period_id):
            continue
        for sitting in facts.of_exam.get(wish.exam_id, ()):
            if sitting in facts.when:
                period = facts.periods[facts.when[sitting]]
                if _names(wish, period) == (wish.kind == ExamRule.Kind.AVOID):
                    yield Fault(wish.weight, f"{facts.code(sitting)}: {period}")


def rotation(facts: Facts) -> Iterator[Fault]:
    """Ten times the place last season times the place now, both from 0 (first) to 1 (last), rounded."""
    for sitting, place in facts.when.items():
        before = facts.sittings[sitting].exam.last_season_position
        if before:
            size = round(10 * float(before) * place / max(1, len(facts.periods) - 1))
            if size:
                yield Fault(size, facts.code(sitting))


def moved_period(facts: Facts) -> Iterator[Fault]:
    """Exams in another period than in the plan that the run started from."""
    for sitting, place in facts.when.items():
        if facts.earlier and facts.earlier.when.get(sitting, place) != place:
            yield Fault(1, facts.code(sitting))


def days_used(facts: Facts) -> Iterator[Fault]:
    """Days with an exam."""
    for day in {facts.date_of(place) for place in facts.when.values()}:
        yield Fault(1, str(day))


def _room_uses(facts: Facts) -> Iterator[tuple[int, int]]:
    for (sitting, _group), shares in facts.shares.items():
        for room, _candidates in shares:
            yield sitting, room


def room_penalty(facts: Facts) -> Iterator[Fault]:
    """The dislike of the room, for each exam or group in it."""
    for sitting, room in _room_uses(facts):
        if facts.rooms[room].penalty:
            yield Fault(facts.rooms[room].penalty, f"{facts.code(sitting)}: {facts.rooms[room]}")


def room_preference(facts: Facts) -> Iterator[Fault]:
    """Exams not in the rooms where they would rather be."""
    wishes = [
        (wish, {wish.room_id} if wish.room_id else set(wish.pool.rooms.values_list("pk", flat=True)))
        for wish in _wishes(facts)
        if wish.room_id or wish.pool_id
    ]
    for sitting, room in _room_uses(facts):
        for wish, named in wishes:
            is_there = room in named
            if wish.exam_id == facts.sittings[sitting].exam_id and is_there == (wish.kind == "avoid"):
                yield Fault(wish.weight, f"{facts.code(sitting)}: {facts.rooms[room]}")


def moved_room(facts: Facts) -> Iterator[Fault]:
    """Rooms that an exam did not use in the plan that the run started from."""
    if facts.earlier:
        before: dict[int, set[int]] = defaultdict(set)
        for sitting, room in _room_uses(facts.earlier):
            before[sitting].add(room)
        for sitting, room in _room_uses(facts):
            if before[sitting] and room not in before[sitting]:
                yield Fault(1, f"{facts.code(sitting)}: {facts.rooms[room]}")


def mixed_durations(facts: Facts) -> Iterator[Fault]:
    """Different lengths of exams in one room at a time, beyond the first."""
    for (place, room), there in facts.in_room.items():
        lengths = {facts.sittings[sitting].exam.duration for sitting, _candidates in there}
        if len(lengths) > 1:
            yield Fault(len(lengths) - 1, f"{facts.rooms[room]}: {facts.periods[place]}")


def split_rooms(facts: Facts) -> Iterator[Fault]:
    """Rooms of an exam, or of a group of it, beyond the first."""
    for (sitting, _group), shares in facts.shares.items():
        if len(shares) > 1:
            yield Fault(len(shares) - 1, facts.code(sitting))


def split_blocks(facts: Facts) -> Iterator[Fault]:
    """Rooms of an exam in another block than its first room."""
    for (sitting, _group), shares in facts.shares.items():
        block_of = [(facts.rooms[room].campus, facts.rooms[room].block) for room, _candidates in shares]
        elsewhere = sum(block != block_of[0] for block in block_of)
        if elsewhere:
            yield Fault(elsewhere, facts.code(sitting))


def empty_seats(facts: Facts) -> Iterator[Fault]:
    """Free seats in rooms that are used, less those whom a room holds beyond its seats."""
    for (place, room), there in facts.in_room.items():
        has = 0 if (place, room) in facts.closed else facts.rooms[room].exam_capacity
        free = has - sum(candidates for _sitting, candidates in there)
        if free:
            yield Fault(free, f"{facts.rooms[room]}: {facts.periods[place]}")


HARD_RULES: dict[str, Callable[[Facts], Iterator[Fault]]] = {
    "unplaced": unplaced,
    "clash": clash,
    "person_clash": person_clash,
    "period": wrong_period,
    "unseated": unseated,
    "seats": seats,
    "room": wrong_room,
    "exclusive": exclusive,
    "max_rooms": max_rooms,
    "period_exams": period_exams,
    "period_candidates": period_candidates,
    "period_rooms": period_rooms,
    "same_period": _links(ExamLink.Kind.SAME_PERIOD, is_hard=True),
    "different_period": _links(ExamLink.Kind.DIFFERENT_PERIOD, is_hard=True),
    "before": _links(ExamLink.Kind.BEFORE, is_hard=True),
    "same_day": _links(ExamLink.Kind.SAME_DAY, is_hard=True),
    "different_day": _links(ExamLink.Kind.DIFFERENT_DAY, is_hard=True),
    "min_days": _links(ExamLink.Kind.MIN_GAP, is_hard=True),
    "same_room": _links(ExamLink.Kind.SAME_ROOM, is_hard=True),
    "different_room": _links(ExamLink.Kind.DIFFERENT_ROOM, is_hard=True),
}
SOFT_RULES: dict[str, Callable[[Facts], Iterator[Fault]]] = {
    "allowed_clash": allowed_clash,
    "two_in_a_row": _pairs_where(_in_a_row),
    "two_in_a_day": _pairs_where(_in_a_day),
    "proximity_clock": _pairs_where(_close_by),
    "overnight": _pairs_where(_overnight),
    "short_break": _pairs_where(_short_break),
    "day_limit": day_limit,
    "window_limit": window_limit,
    "cohort_gap": cohort_gap,
    "front_load": front_load,
    "period_penalty": period_penalty,
    "period_preference": period_preference,
    "rotation": rotation,
    "moved_period": moved_period,
    "days_used": days_used,
    "room_penalty": room_penalty,
    "room_preference": room_preference,
    "moved_room": moved_room,
    "mixed_durations": mixed_durations,
    "split_rooms": split_rooms,
    "split_blocks": split_blocks,
    "empty_seats": empty_seats,
    "wish_same_period": _links(ExamLink.Kind.SAME_PERIOD, is_hard=False),
    "wish_different_period": _links(ExamLink.Kind.DIFFERENT_PERIOD, is_hard=False),
    "wish_before": _links(ExamLink.Kind.BEFORE, is_hard=False),
    "wish_same_day": _links(ExamLink.Kind.SAME_DAY, is_hard=False),
    "wish_different_day": _links(ExamLink.Kind.DIFFERENT_DAY, is_hard=False),
    "wish_min_days": _links(ExamLink.Kind.MIN_GAP, is_hard=False),
}
WORST_SHOWN = 5


class Finding(NamedTuple):
    """A sentence to the planner about one rule. level: error, warning, info or skipped."""

    level: str
    rule: str
    count: float  # type: ignore[assignment]  # a tuple's own count is not missed
    message: str


def check(solution: Solution) -> list[Finding]:
    """Every rule recounted from the tables. A rule that the project does not use is skipped, not green."""
    facts = Facts(solution)
    found = []
    for code, rule in HARD_RULES.items():
        is_soft = code == "clash" and not facts.settings["clash"].is_hard
        found.append(_finding(code, "warning" if is_soft else "error", rule, facts))
    for code, rule in SOFT_RULES.items():
        setting = facts.settings.get(code)
        if setting is not None and not setting.is_on:
            found.append(Finding("skipped", code, 0, _("The project does not use this rule.")))
        elif code.startswith("moved_") and facts.earlier is None:
            found.append(Finding("skipped", code, 0, _("There is no earlier plan to stay with.")))
        else:
            found.append(_finding(code, "warning", rule, facts))
    return found


def _finding(code: str, level: str, rule: Callable[[Facts], Iterator[Fault]], facts: Facts) -> Finding:
    faults = list(rule(facts))
    if not faults:
        return Finding("info", code, 0, _("No fault."))
    worst = sorted(faults, key=lambda fault: -fault.size)[:WORST_SHOWN]
    more = len(faults) - len(worst)
    about = "; ".join(fault.about for fault in worst) + (_("; and %d more") % more if more else "")
    count = round(sum(fault.size for fault in faults), 2)
    return Finding(level, code, int(count) if count == int(count) else count, about)


def count_hard(findings: list[Finding]) -> int:
    return int(sum(finding.count for finding in findings if finding.level == "error"))
