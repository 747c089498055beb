"""The law: what every rule says and how its faults are counted. Plain and slow; the kernels must agree.

Counts of student rules are weighted by registration (a pair of registrations weighs as the lighter one), so
they are whole numbers unless some registrations weigh less than 1. Sources: "ITC" = McCollum, McMullan,
Burke, Parkes & Qu, The Second International Timetabling Competition: Examination Timetabling Track
(QUB/IEEE/Tech/ITC2007/Exam/v4.0); "Carter" = Carter, Laporte & Lee, Examination timetabling: algorithmic
strategies and applications (1996).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .problem import (
    HARD,
    PERIOD_PAIR_KINDS,
    ROOM_PAIR_KINDS,
    Bools,
    Conflicts,
    Ints,
    PairRule,
    Plan,
    Problem,
    allowed_periods,
    find_conflicts,
)


class Rule(NamedTuple):
    """code: its name in data. words: its name for people. hard: may never be broken. weight: usual price of
    one fault in a season of a university (0 = not used unless asked for)."""

    code: str
    words: str
    hard: bool
    weight: int = 0


RULES: tuple[Rule, ...] = (
    Rule("unplaced", "Every exam has a period", True),
    Rule("clash", "No student has two exams at once", True),
    Rule("person_clash", "No teacher or examiner has two exams at once", True),
    Rule("period", "An exam is in one of its periods, long enough, with its people there", True),
    Rule("unseated", "Every candidate has a seat", True),
    Rule("seats", "No room holds more than its seats", True),
    Rule("room", "An exam uses rooms that are open and suitable", True),
    Rule("exclusive", "An exam that needs its rooms for itself shares none", True),
    Rule("max_rooms", "No exam uses more rooms than it may", True),
    Rule("period_exams", "No period has more exams than it may", True),
    Rule("period_candidates", "No period has more candidates than it may", True),
    Rule("period_rooms", "No period uses more rooms than there are invigilators for", True),
    Rule("same_period", "Two exams are in the same period", True),
    Rule("different_period", "Two exams are in different periods", True),
    Rule("before", "One exam is before another", True),
    Rule("same_day", "Two exams are on the same day", True),
    Rule("different_day", "Two exams are on different days", True),
    Rule("min_gap", "Two exams have a least gap in minutes", True),
    Rule("min_days", "Two exams have a least distance in days", True),
    Rule("adjacent", "Two exams are in neighbouring periods", True),
    Rule("same_room", "Two exams use the same room", True),
    Rule("different_room", "Two exams use different rooms", True),
    Rule("soft_clash", "No student has two exams at once (clashes allowed as a whole)", False),
    Rule("allowed_clash", "Students with a clash that is allowed", False, 100),
    Rule("two_in_a_row", "Students with two exams in a row", False, 10),
    Rule("two_in_a_day", "Students with two exams in a day, not in a row", False, 5),
    Rule("period_spread", "Students with two exams within a spread of periods", False),
    Rule("proximity", "Students with exams close together, by periods", False),
    Rule("proximity_clock", "Students with exams close together, by the clock", False, 1),
    Rule("overnight", "Students with the last exam of a day and the first of the next", False, 3),
    Rule("short_break", "Students with too short a break between two exams", False, 20),
    Rule("travel", "Distance between two exams of a student that are close in time", False, 5),
    Rule("day_limit", "Students with too many exams in a day", False, 50),
    Rule("window_limit", "Students with too many exams in a few days", False, 10),
    Rule("cohort_gap", "Days missing between exams of one programme and semester", False, 5),
    Rule("front_load", "Large exams late", False, 5),
    Rule("period_penalty", "Exams in unwelcome periods", False, 1),
    Rule("period_preference", "Exams away from the periods that they would like", False, 1),
    Rule("rotation", "Exams late again after a late place last season", False, 1),
    Rule("moved_period", "Exams in another period than published", False, 50),
    Rule("moved_room", "Rooms used that were not published for the exam", False, 5),
    Rule("days_used", "Days with exams", False),
    Rule("room_penalty", "Exams in unwelcome rooms", False, 1),
    Rule("room_preference", "Exams away from the rooms that they would like", False, 1),
    Rule("mixed_durations", "Exams of different length in one room", False, 2),
    Rule("split_rooms", "Exams split over rooms", False, 3),
    Rule("split_blocks", "Distance between the rooms of one exam", False, 3),
    Rule("empty_seats", "Empty seats in rooms that are used", False),
    *(
        Rule(f"wish_{kind}", f"Wish between two exams: {kind.replace('_', ' ')}", False, 1)
        for kind in PERIOD_PAIR_KINDS
    ),
)
DEFAULT_WEIGHTS = {rule.code: rule.weight for rule in RULES if not rule.hard and rule.weight}
SOFT_CODES = tuple(rule.code for rule in RULES if not rule.hard)


class Score(NamedTuple):
    """hard: faults of hard rules in all. cost: price of the soft ones. counts: faults by rule (every rule
    of RULES that has any, and every hard rule). costs: price by soft rule; their sum is cost."""

    hard: int
    cost: float
    counts: dict[str, float]
    costs: dict[str, float]


def evaluate(
    problem: Problem,
    plan: Plan,
    weights: Mapping[str, int] | None = None,
    conflicts: Conflicts | None = None,
) -> Score:
    """Count every rule from scratch. `weights` overrides those of the problem."""
    pairs = find_conflicts(problem) if conflicts is None else conflicts
    price = {**problem.weights, **(weights or {})}
    check_weights(price)
    counts: dict[str, float] = {
        "unplaced": unplaced(plan),
        "clash": clash(problem, plan, pairs),
        "person_clash": person_clash(problem, plan),
        "period": wrong_period(problem, plan),
        "unseated": unseated(problem, plan),
        "seats": seats(problem, plan),
        "room": wrong_room(problem, plan),
        "exclusive": exclusive(problem, plan),
        "max_rooms": too_many_rooms(problem, plan),
        "period_exams": period_exams(problem, plan),
        "period_candidates": period_candidates(problem, plan),
        "period_rooms": period_rooms(problem, plan),
        **{kind: hard_pairs(problem, plan, kind) for kind in PERIOD_PAIR_KINDS},
        **{kind: room_pairs(problem, plan, kind) for kind in ROOM_PAIR_KINDS},
    }
    hard = int(sum(counts.values()))
    costs: dict[str, float] = {}

    def add(code: str, count: float, cost: float | None = None) -> None:
        if count:
            counts[code] = count
            costs[code] = count * price.get(code, 0) if cost is None else cost

    clashes = soft_clash(problem, plan, pairs)
    add("soft_clash", clashes, clashes * problem.clash_weight)
    add("allowed_clash", allowed_clash(problem, plan, pairs))
    both = (plan.period[pairs.a] >= 0) & (plan.period[pairs.b] >= 0)
    p, q = plan.period[pairs.a[both]], plan.period[pairs.b[both]]
    for code, faults in STUDENT_PAIRS.items():
        total = int((faults(problem, p, q) * pairs.weight[both]).sum())
        add(code, total if problem.scale == 1 else total / problem.scale)
    for code, by_exam in EXAM_IN_PERIOD.items():
        placed = np.flatnonzero(plan.period >= 0)
        add(code, int(by_exam(problem)[placed, plan.period[placed]].sum()))
    far = travel(problem, plan, pairs)
    add("travel", far if problem.scale == 1 else far / problem.scale)
    add("day_limit", day_limit(problem, plan))
    add("window_limit", window_limit(problem, plan))
    add("cohort_gap", cohort_gap(problem, plan))
    add("days_used", days_used(problem, plan))
    add("room_penalty", room_penalty(problem, plan))
    add("room_preference", room_preference(problem, plan))
    add("moved_room", moved_room(problem, plan))
    add("mixed_durations", mixed_durations(problem, plan))
    add("split_rooms", split_rooms(problem, plan))
    add("split_blocks", split_blocks(problem, plan))
    add("empty_seats", empty_seats(problem, plan))
    for kind in PERIOD_PAIR_KINDS:
        broken = [rule for rule in soft_pairs(problem, plan) if rule.kind == kind]
        add(f"wish_{kind}", len(broken), sum(rule.weight for rule in broken))
    costs = {code: cost for code, cost in costs.items() if cost}
    return Score(hard, round(sum(costs.values()), 2), counts, costs)


def check_weights(weights: Mapping[str, int]) -> None:
    unknown = sorted(set(weights) - set(SOFT_CODES))
    if unknown:
        raise ValueError(f"There is no soft rule that is called {unknown[0]!r}.")


# Hard rules


def unplaced(plan: Plan) -> int:
    """Exams without a period."""
    return int((plan.period < 0).sum())


def clash(problem: Problem, plan: Plan, pairs: Conflicts) -> int:
    """Students in two exams of one period, once for each such pair of exams; allowed clashes left out."""
    return 0 if problem.clash_weight != HARD else _barred_clashes(plan, pairs)


def _barred_clashes(plan: Plan, pairs: Conflicts) -> int:
    here = plan.period[pairs.a]
    return int(pairs.barred[(here >= 0) & (here == plan.period[pairs.b])].sum())


def person_clash(problem: Problem, plan: Plan) -> int:
    """For each teacher or examiner and period: exams there beyond the first."""
    rows = np.unique(problem.person_exam, axis=0)
    when = plan.period[rows[:, 1]]
    busy = np.unique(np.stack([rows[:, 0], when], axis=1)[when >= 0], axis=0, return_counts=True)[1]
    return int((busy - 1).sum())


def wrong_period(problem: Problem, plan: Plan) -> int:
    """Exams in a period that is not theirs: forbidden, shorter than the exam (ITC period utilisation), with a
    person of theirs away, or not the one where the exam is fixed."""
    placed = np.flatnonzero(plan.period >= 0)
    return int((~allowed_periods(problem)[placed, plan.period[placed]]).sum())


def unseated(problem: Problem, plan: Plan) -> int:
    """Candidates of placed exams without a seat; a part without candidates that has no room counts as one."""
    given = np.bincount(plan.part, plan.seats, problem.parts)
    used = np.bincount(plan.part, minlength=problem.parts)
    placed = plan.period[problem.part_exam] >= 0
    short = np.maximum(problem.part_size - given, 0) + ((problem.part_size == 0) & (used == 0))
    return int(short[placed].sum())


def seats(problem: Problem, plan: Plan) -> int:
    """(period, room) pairs where more are seated than there are seats (ITC room occupancy)."""
    taken = np.zeros((problem.periods, problem.rooms), dtype=np.int64)
    np.add.at(taken, (_use_period(problem, plan), plan.room), plan.seats)
    return int((taken > problem.room_seats.T).sum())


def wrong_room(problem: Problem, plan: Plan) -> int:
    """Uses of a room that is closed in the period or not suitable for that part of the exam; uses by exams
    that have no period."""
    suitable = problem.part_rooms[plan.part, plan.room]
    period = plan.period[problem.part_exam[plan.part]]
    is_open = problem.room_seats[plan.room, period] > 0
    return int((~(suitable & is_open & (period >= 0))).sum())


def exclusive(problem: Problem, plan: Plan) -> int:
    """Exams that need their rooms for themselves and share one (ITC room exclusive)."""
    faulty = set()
    for exams in _room_exams(problem, plan).values():
        if len(exams) > 1:
            faulty |= {exam for exam in exams if problem.exclusive[exam]}
    return len(faulty)


def too_many_rooms(problem: Problem, plan: Plan) -> int:
    """Parts of exams in more rooms than the exam may use."""
    used = np.bincount(plan.part, minlength=problem.parts)
    return int((used > problem.max_rooms[problem.part_exam]).sum())


def period_exams(problem: Problem, plan: Plan) -> int:
    """Exams beyond the most that a period may have."""
    there = np.bincount(plan.period[plan.period >= 0], minlength=problem.periods)
    return int(np.maximum(there - problem.period_max_exams, 0).sum())


def period_candidates(problem: Problem, plan: Plan) -> int:
    """Candidates beyond the most that a period may have."""
    placed = plan.period >= 0
    there = np.bincount(plan.period[placed], problem.size[placed], problem.periods).astype(np.int64)
    return int(np.maximum(there - problem.period_max_candidates, 0).sum())


def period_rooms(problem: Problem, plan: Plan) -> int:
    """Rooms in use beyond the most that a period may have (invigilators at hand)."""
    cells = np.array(list(_room_exams(problem, plan)), dtype=np.int64).reshape(-1, 2)
    there = np.bincount(cells[:, 0], minlength=problem.periods)
    return int(np.maximum(there - problem.period_max_rooms, 0).sum())


def is_broken(problem: Problem, kind: str, value: int, p: Ints, q: Ints) -> Bools:
    """Whether a rule of this kind between a (in p) and b (in q) is broken.

    same_period: p != q. different_period: p = q. before: p >= q (ITC AFTER, with the exams exchanged).
    same_day, different_day: by the date. min_gap: fewer than `value` minutes between the end of the earlier
    and the start of the later. min_days: dates fewer than `value` days apart. adjacent: not |p - q| = 1 on
    one date.
    """
    day = problem.period_day
    if kind == "same_period":
        broken = p != q
    elif kind == "different_period":
        broken = p == q
    elif kind == "before":
        broken = p >= q
    elif kind == "same_day":
        broken = day[p] != day[q]
    elif kind == "different_day":
        broken = day[p] == day[q]
    elif kind == "min_gap":
        broken = _break_between(problem, p, q) < value
    elif kind == "min_days":
        broken = np.abs(day[p] - day[q]) < value
    else:
        broken = (np.abs(p - q) != 1) | (day[p] != day[q])
    return np.asarray(broken, dtype=bool)


def hard_pairs(problem: Problem, plan: Plan, kind: str) -> int:
    """Hard rules of this kind between two exams that are broken."""
    return sum(rule.kind == kind and rule.weight == HARD for rule in _broken_pairs(problem, plan))


def soft_pairs(problem: Problem, plan: Plan) -> list[PairRule]:
    """The wishes between two exams that are not met."""
    return [rule for rule in _broken_pairs(problem, plan) if rule.weight != HARD]


def _broken_pairs(problem: Problem, plan: Plan) -> list[PairRule]:
    broken = []
    for rule in problem.pair_rules:
        if rule.kind in ROOM_PAIR_KINDS:
            continue
        p, q = plan.period[rule.a : rule.a + 1], plan.period[rule.b : rule.b + 1]
        if p[0] >= 0 and q[0] >= 0 and is_broken(problem, rule.kind, rule.value, p, q)[0]:
            broken.append(rule)
    return broken


def room_pairs(problem: Problem, plan: Plan, kind: str) -> int:
    """Rules of this kind that are broken while both exams are in one period. same_room: neither exam's
    rooms are all among the other's. different_room: they use a common room."""
    rooms: dict[int, set[int]] = {}
    for part, room in zip(plan.part, plan.room, strict=True):
        rooms.setdefault(int(problem.part_exam[part]), set()).add(int(room))
    faults = 0
    for rule in problem.pair_rules:
        one, two = rooms.get(rule.a, set()), rooms.get(rule.b, set())
        if rule.kind == kind and one and two and plan.period[rule.a] == plan.period[rule.b]:
            faults += bool(one & two) if kind == "different_room" else not (one <= two or two <= one)
    return faults


# Soft rules of students: faults of a pair of exams of one student in periods p and q (arrays), both orders
# alike


def two_in_a_row(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if |p - q| = 1 on one date (ITC)."""
    return _count((np.abs(p - q) == 1) & _one_day(problem, p, q))


def two_in_a_day(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if |p - q| >= 2 on one date (ITC)."""
    return _count((np.abs(p - q) >= 2) & _one_day(problem, p, q))


def period_spread(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if 1 <= |p - q| <= spread, whatever the dates (ITC, in addition to the two above)."""
    distance = np.abs(p - q)
    return _count((distance >= 1) & (distance <= problem.spread))


def proximity(problem: Problem, p: Ints, q: Ints) -> Ints:
    """proximity[d - 1] for d = |p - q| >= 1 (Carter: 16, 8, 4, 2, 1)."""
    return _by_distance(problem.proximity, np.abs(p - q))


def proximity_clock(problem: Problem, p: Ints, q: Ints) -> Ints:
    """proximity[d - 1] for d = hours between the starts / proximity_hours, rounded up."""
    clock = problem.period_day * 1440 + problem.period_start
    steps = np.ceil(np.abs(clock[p] - clock[q]) / (60 * problem.proximity_hours)).astype(np.int64)
    return _by_distance(problem.proximity, np.where(p == q, 0, np.maximum(steps, 1)))


def overnight(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if one is the last period of a date and the other the first of the next date."""
    day = problem.period_day
    is_last = np.append(day[:-1] != day[1:], True)
    is_first = np.insert(day[:-1] != day[1:], 0, True)
    early, late = np.minimum(p, q), np.maximum(p, q)
    return _count(is_last[early] & is_first[late] & (day[late] - day[early] == 1))


def short_break(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if fewer than short_break minutes lie between the end of one period and the start of the next."""
    return _count((p != q) & (_break_between(problem, p, q) < problem.short_break))


def _count(faults: NDArray[Any]) -> Ints:
    return np.asarray(faults, dtype=np.int64)


def _by_distance(prices: Ints, distance: Ints) -> Ints:
    padded = np.concatenate(([0], prices, [0]))
    return np.asarray(padded[np.minimum(distance, len(prices) + 1)], dtype=np.int64)


def _one_day(problem: Problem, p: Ints, q: Ints) -> Bools:
    return np.asarray((problem.period_day[p] == problem.period_day[q]) & (p != q), dtype=bool)


def _break_between(problem: Problem, p: Ints, q: Ints) -> Ints:
    start = problem.period_day * 1440 + problem.period_start
    early, late = np.minimum(p, q), np.maximum(p, q)
    return np.asarray(start[late] - (start[early] + problem.period_length[early]))


STUDENT_PAIRS = {
    "two_in_a_row": two_in_a_row,
    "two_in_a_day": two_in_a_day,
    "period_spread": period_spread,
    "proximity": proximity,
    "proximity_clock": proximity_clock,
    "overnight": overnight,
    "short_break": short_break,
}


def soft_clash(problem: Problem, plan: Plan, pairs: Conflicts) -> int:
    """Clashes as `clash` counts them, when they are soft as a whole."""
    return 0 if problem.clash_weight == HARD else _barred_clashes(plan, pairs)


def allowed_clash(problem: Problem, plan: Plan, pairs: Conflicts) -> int:
    """Students in two exams of one period who may have both."""
    here = plan.period[pairs.a]
    same = (here >= 0) & (here == plan.period[pairs.b])
    return int((pairs.students - pairs.barred)[same].sum())


def travel(problem: Problem, plan: Plan, pairs: Conflicts) -> int:
    """For each student and two exams in different periods with fewer than travel_break minutes between:
    distance of the blocks of their first rooms."""
    if problem.travel_break <= 0:
        return 0
    first = np.full(problem.exams, -1, dtype=np.int64)
    # The last row that is written stays: the first use of the first part.
    order = np.argsort(plan.part, kind="stable")[::-1]
    first[problem.part_exam[plan.part[order]]] = problem.room_block[plan.room[order]]
    here = (plan.period[pairs.a] >= 0) & (plan.period[pairs.b] >= 0)
    here &= (first[pairs.a] >= 0) & (first[pairs.b] >= 0)
    one, two = pairs.a[here], pairs.b[here]
    near = close_in_time(problem, plan.period[one], plan.period[two])
    return int((near * problem.block_distance[first[one], first[two]] * pairs.weight[here]).sum())


def close_in_time(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if fewer than travel_break minutes lie between the two periods."""
    return _count((p != q) & (_break_between(problem, p, q) < problem.travel_break))


def day_limit(problem: Problem, plan: Plan) -> int:
    """For each student and date: exams beyond day_limit."""
    if problem.day_limit <= 0:
        return 0
    return int(np.maximum(_exams_by_day(problem, plan) - problem.day_limit, 0).sum())


def window_limit(problem: Problem, plan: Plan) -> int:
    """For each student and each window of window_days dates on end (holidays count): exams beyond
    window_limit. A season shorter than the window is one window."""
    if problem.window_limit <= 0 or problem.window_days <= 0:
        return 0
    by_day = _exams_by_day(problem, plan)
    sums = np.cumsum(np.pad(by_day, ((0, 0), (1, 0))), axis=1)
    width = min(problem.window_days, by_day.shape[1])
    return int(np.maximum(sums[:, width:] - sums[:, :-width] - problem.window_limit, 0).sum())


def _exams_by_day(problem: Problem, plan: Plan) -> Ints:
    day = problem.period_day - problem.period_day.min()
    there = np.zeros((problem.students, int(day.max()) + 1), dtype=np.int64)
    period = np.repeat(plan.period, np.diff(problem.registration_ptr))
    placed = period >= 0
    np.add.at(there, (problem.registration_student[placed], day[period[placed]]), 1)
    return there


def cohort_gap(problem: Problem, plan: Plan) -> int:
    """For each cohort and two of its exams: days missing, max(0, cohort_gap - |day - day'|)."""
    return sum(
        max(0, problem.cohort_gap - abs(int(problem.period_day[p]) - int(problem.period_day[q])))
        for one, two in cohort_pairs(problem)
        if (p := plan.period[one]) >= 0 and (q := plan.period[two]) >= 0
    )


def cohort_pairs(problem: Problem) -> list[tuple[int, int]]:
    """Two exams of one cohort, once for each cohort that has both."""
    if problem.cohort_gap <= 0:
        return []
    rows = np.unique(problem.cohort_exam, axis=0)
    groups = np.split(rows[:, 1], np.flatnonzero(np.diff(rows[:, 0])) + 1)
    return [(int(a), int(b)) for group in groups for i, a in enumerate(group) for b in group[i + 1 :]]


def days_used(problem: Problem, plan: Plan) -> int:
    """Dates with at least one exam."""
    return len(np.unique(problem.period_day[plan.period[plan.period >= 0]]))


# Soft rules of one exam in one period: (exams, periods) tables of faults


def front_load(problem: Problem) -> Ints:
    """front_load of the exam x late_period of the period (ITC: 1 for a large exam in a late period)."""
    return np.outer(problem.front_load, problem.late_period)


def period_penalty(problem: Problem) -> Ints:
    """The penalty of the period (ITC)."""
    return np.repeat(problem.period_penalty[None, :], problem.exams, axis=0)


def period_preference(problem: Problem) -> Ints:
    """How little this exam likes this period."""
    return problem.exam_period_penalty


def rotation(problem: Problem) -> Ints:
    """10 x place last season x place in this one, rounded; places run from 0 (first) to 1 (last)."""
    now = np.linspace(0, 1, problem.periods)
    return np.rint(10 * np.outer(np.nan_to_num(problem.last_season), now)).astype(np.int64)


def moved_period(problem: Problem) -> Ints:
    """1 in every period but the published one."""
    if problem.published is None:
        return np.zeros((problem.exams, problem.periods), dtype=np.int64)
    was = problem.published.period[:, None]
    return _count((was >= 0) & (was != np.arange(problem.periods)[None, :]))


EXAM_IN_PERIOD = {
    "front_load": front_load,
    "period_penalty": period_penalty,
    "period_preference": period_preference,
    "rotation": rotation,
    "moved_period": moved_period,
}


# Soft rules of rooms


def room_penalty(problem: Problem, plan: Plan) -> int:
    """The penalty of the room, for each part of an exam there (ITC)."""
    return int(problem.room_penalty[plan.room].sum())


def room_preference(problem: Problem, plan: Plan) -> int:
    """How little this exam likes this room."""
    return int(problem.part_room_penalty[plan.part, plan.room].sum())


def moved_room(problem: Problem, plan: Plan) -> int:
    """Uses of a room where the published plan did not have that exam."""
    return int(moved_room_table(problem)[plan.part, plan.room].sum())


def moved_room_table(problem: Problem) -> Ints:
    """(parts, rooms) 1 where the published plan did not have the exam; 0 for exams that it left out."""
    was = problem.published
    if was is None or not len(was.part):
        return np.zeros((problem.parts, problem.rooms), dtype=np.int64)
    known = np.zeros((problem.exams, problem.rooms), dtype=bool)
    known[problem.part_exam[was.part], was.room] = True
    left_out = ~np.logical_or.reduce(known, axis=1)
    stays: Bools = known | left_out[:, None]
    return 1 - stays[problem.part_exam].astype(np.int64)


def mixed_durations(problem: Problem, plan: Plan) -> int:
    """For each (period, room) in use: different durations of its exams - 1 (ITC)."""
    rooms = _room_exams(problem, plan).values()
    return sum(len({int(problem.duration[exam]) for exam in exams}) - 1 for exams in rooms)


def split_rooms(problem: Problem, plan: Plan) -> int:
    """Rooms of a part of an exam beyond the first."""
    used = np.bincount(plan.part, minlength=problem.parts)
    return int(np.maximum(used - 1, 0).sum())


def split_blocks(problem: Problem, plan: Plan) -> int:
    """Distance from the first room of a part of an exam to each of its others."""
    first: dict[int, int] = {}
    far = 0
    for part, room in zip(plan.part, plan.room, strict=True):
        home = first.setdefault(int(part), int(room))
        far += int(problem.block_distance[problem.room_block[home], problem.room_block[room]])
    return far


def empty_seats(problem: Problem, plan: Plan) -> int:
    """Free seats in rooms that are used, over all periods."""
    period = _use_period(problem, plan)
    open_seats = sum(int(problem.room_seats[room, when]) for when, room in _room_exams(problem, plan))
    return open_seats - int(plan.seats[period >= 0].sum())


def _use_period(problem: Problem, plan: Plan) -> Ints:
    return plan.period[problem.part_exam[plan.part]]


def _room_exams(problem: Problem, plan: Plan) -> dict[tuple[int, int], set[int]]:
    """(period, room) -> exams there."""
    there: dict[tuple[int, int], set[int]] = {}
    for part, room, period in zip(plan.part, plan.room, _use_period(problem, plan), strict=True):
        there.setdefault((int(period), int(room)), set()).add(int(problem.part_exam[part]))
    return there
