"""What must hold."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from ..models import ExamLink, ExamRule, FixedPlacement, Holiday, WeeklyBreak
from .facts import Facts, Fault, names, of_student, overlap
from .links import links


def unplaced(facts: Facts) -> Iterator[Fault]:
    """Exams without a period."""
    for sitting in facts.sittings:
        if sitting not in facts.when:
            yield Fault(1, facts.code(sitting))


def clash(facts: Facts) -> Iterator[Fault]:
    """Students with two exams at once that nobody allowed."""
    for pair in facts.pairs:
        if pair.early == pair.late and (pair.student, pair.first, pair.second) not in facts.allowed:
            yield Fault(1, of_student(facts, pair))


def person_clash(facts: Facts) -> Iterator[Fault]:
    """Teachers whose courses are examined at once, for each two such exams."""
    for teacher, sittings in facts.people.items():
        at_once = Counter(facts.when[sitting] for sitting in sittings if sitting in facts.when)
        for place, exams in at_once.items():
            if exams > 1:
                yield Fault(exams * (exams - 1) // 2, f"{teacher}: {facts.periods[place]}")


def too_short(facts: Facts) -> Iterator[Fault]:
    """Exams in a period that is shorter than they are."""
    for sitting, place in facts.when.items():
        if facts.sittings[sitting].exam.duration > facts.periods[place].minutes:
            yield Fault(1, f"{facts.code(sitting)}: {facts.periods[place]}")


def wrong_period(facts: Facts) -> Iterator[Fault]:
    """Exams in a period that is not theirs: forbidden, a holiday, a break, not the fixed one."""
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
            period.date in holidays
            or any(gap.weekday == period.date.weekday() and overlap(gap, period) for gap in breaks)
            or any(names(rule, period) for rule in never)
            or (only and not any(names(rule, period) for rule in only))
            or (pin is not None and pin.period_id not in (None, period.pk))
            or (pin is not None and pin.date not in (None, period.date))
            or any((teacher, place) in facts.away for teacher in teachers[sitting])
        )
        if is_wrong:
            yield Fault(1, f"{facts.code(sitting)}: {period}")


def unseated(facts: Facts) -> Iterator[Fault]:
    """Candidates of placed exams for whom there is no seat in the exam's rooms, and those of no batch; once
    the plan has chairs, who has none is counted there."""
    for student, exam in facts.without_batch:
        yield Fault(1, f"{facts.roll_nos[student]}: {facts.sittings[facts.of_exam[exam][0]].exam.code}")
    if "seats" in facts.solution.measures:
        return
    for (sitting, group), size in facts.group_sizes.items():
        row = facts.sittings[sitting]
        if sitting in facts.when and row.exam.needs_room:
            given = sum(candidates for _room, candidates in facts.shares.get((sitting, group), ()))
            if given < size:
                yield Fault(size - given, facts.code(sitting))


def seats(facts: Facts) -> Iterator[Fault]:
    """Rooms with more candidates than seats in a period; if that may be, the seats that are missing."""
    for (place, room), there in facts.in_room.items():
        has = 0 if (place, room) in facts.closed else facts.rooms[room].exam_capacity
        missing = sum(candidates for _sitting, candidates in there) - has
        if missing > 0:
            size = 1 if facts.settings["seats"].is_hard else missing
            yield Fault(size, f"{facts.rooms[room]}: {facts.periods[place]}")


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


HARD_RULES: dict[str, Callable[[Facts], Iterator[Fault]]] = {
    "unplaced": unplaced,
    "clash": clash,
    "person_clash": person_clash,
    "length": too_short,
    "period": wrong_period,
    "unseated": unseated,
    "seats": seats,
    "room": wrong_room,
    "exclusive": exclusive,
    "max_rooms": max_rooms,
    "period_exams": period_exams,
    "period_candidates": period_candidates,
    "period_rooms": period_rooms,
    "same_period": links(ExamLink.Kind.SAME_PERIOD, is_hard=True),
    "different_period": links(ExamLink.Kind.DIFFERENT_PERIOD, is_hard=True),
    "before": links(ExamLink.Kind.BEFORE, is_hard=True),
    "same_day": links(ExamLink.Kind.SAME_DAY, is_hard=True),
    "different_day": links(ExamLink.Kind.DIFFERENT_DAY, is_hard=True),
    "min_days": links(ExamLink.Kind.MIN_GAP, is_hard=True),
    "same_room": links(ExamLink.Kind.SAME_ROOM, is_hard=True),
    "different_room": links(ExamLink.Kind.DIFFERENT_ROOM, is_hard=True),
}
