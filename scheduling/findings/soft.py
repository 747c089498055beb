"""What should hold."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import combinations
from math import ceil

from ..models import ExamLink, ExamRule, Student
from .facts import Facts, Fault, names, of_student, shown
from .links import links


def allowed_clash(facts: Facts) -> Iterator[Fault]:
    """Students with two exams at once, as was allowed."""
    for pair in facts.pairs:
        if pair.early == pair.late and (pair.student, pair.first, pair.second) in facts.allowed:
            yield Fault(1, of_student(facts, pair))


def _pairs_where(holds: Callable[[Facts, int, int], float]) -> Callable[[Facts], Iterator[Fault]]:
    """Faults of students' pairs by the two periods alone, which are looked at once each."""

    def faults(facts: Facts) -> Iterator[Fault]:
        known: dict[tuple[int, int], float] = {}
        for pair in facts.pairs:
            key = (pair.early, pair.late)
            if key not in known:
                known[key] = holds(facts, *key) if pair.early != pair.late else 0
            if known[key]:
                yield Fault(known[key] * pair.weight, of_student(facts, pair))

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


def _close_by_periods(facts: Facts, early: int, late: int) -> float:
    """Two exams of a student 1, 2, … 5 periods apart: 16, 8, 4, 2, 1."""
    return {1: 16, 2: 8, 3: 4, 4: 2, 5: 1}.get(late - early, 0)


def _within_periods(facts: Facts, early: int, late: int) -> float:
    """Two exams of a student at most so many periods apart as the rule says."""
    return late - early <= (facts.settings["period_spread"].limit or 0)


def _overnight(facts: Facts, early: int, late: int) -> float:
    """The last period of a day and the first of the next."""
    is_last = facts.date_of(early) != facts.date_of(early + 1)
    is_first = facts.date_of(late) != facts.date_of(late - 1)
    return is_last and is_first and facts.date_of(late) - facts.date_of(early) == timedelta(days=1)


def _short_break(facts: Facts, early: int, late: int) -> float:
    """Fewer minutes between two exams of a student than the rule says."""
    minutes = (facts.starts_at(late) - facts.ends_at(early)) / timedelta(minutes=1)
    return minutes < (facts.settings["short_break"].limit or 0)


def travel(facts: Facts) -> Iterator[Fault]:
    """Two exams of a student with fewer minutes between than the rule says, in different blocks."""
    most = facts.settings["travel"].limit or 0
    if not facts.settings["travel"].is_on:
        return
    home: dict[int, tuple[str, str]] = {}
    for (sitting, _group), shares in facts.shares.items():
        room = facts.rooms[shares[0][0]]
        home.setdefault(sitting, (room.campus, room.block))
    for pair in facts.pairs:
        one, two = home.get(pair.first), home.get(pair.second)
        if pair.early == pair.late or one is None or two is None or one == two:
            continue
        if (facts.starts_at(pair.late) - facts.ends_at(pair.early)) / timedelta(minutes=1) < most:
            yield Fault(pair.weight, of_student(facts, pair))


def _student_days(facts: Facts) -> Iterator[tuple[int, Counter[date]]]:
    for student, sittings in facts.candidates.items():
        yield student, Counter(facts.date_of(facts.when[s]) for s in sittings if s in facts.when)


def day_limit(facts: Facts) -> Iterator[Fault]:
    """Exams of a student on a day beyond the rule's number."""
    most = facts.settings["day_limit"].limit or 0
    for student, days in _student_days(facts):
        for day, exams in days.items():
            if most and exams > most:
                yield Fault(exams - most, f"{facts.roll_nos[student]}: {shown(day)}")


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
                if names(wish, period) == (wish.kind == ExamRule.Kind.AVOID):
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
        yield Fault(1, shown(day))


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


SOFT_RULES: dict[str, Callable[[Facts], Iterator[Fault]]] = {
    "allowed_clash": allowed_clash,
    "two_in_a_row": _pairs_where(_in_a_row),
    "two_in_a_day": _pairs_where(_in_a_day),
    "proximity_clock": _pairs_where(_close_by),
    "proximity": _pairs_where(_close_by_periods),
    "period_spread": _pairs_where(_within_periods),
    "overnight": _pairs_where(_overnight),
    "short_break": _pairs_where(_short_break),
    "travel": travel,
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
    "wish_same_period": links(ExamLink.Kind.SAME_PERIOD, is_hard=False),
    "wish_different_period": links(ExamLink.Kind.DIFFERENT_PERIOD, is_hard=False),
    "wish_before": links(ExamLink.Kind.BEFORE, is_hard=False),
    "wish_same_day": links(ExamLink.Kind.SAME_DAY, is_hard=False),
    "wish_different_day": links(ExamLink.Kind.DIFFERENT_DAY, is_hard=False),
    "wish_min_days": links(ExamLink.Kind.MIN_GAP, is_hard=False),
}
