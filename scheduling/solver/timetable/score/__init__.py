"""The law: what every rule says and how its faults are counted. Plain and slow; the kernels must agree.

Counts of student rules are weighted by registration (a pair of registrations weighs as the lighter one), so
they are whole numbers unless some registrations weigh less than 1. Sources: "ITC" = McCollum, McMullan,
Burke, Parkes & Qu, The Second International Timetabling Competition: Examination Timetabling Track
(QUB/IEEE/Tech/ITC2007/Exam/v4.0); "Carter" = Carter, Laporte & Lee, Examination timetabling: algorithmic
strategies and applications (1996).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..problem import PERIOD_PAIR_KINDS, ROOM_PAIR_KINDS, Conflicts, Plan, Problem, find_conflicts
from .periods import (
    EXAM_IN_PERIOD,
    broken_table,
    days_used,
    hard_pairs,
    is_broken,
    period_candidates,
    period_exams,
    soft_pairs,
    too_short,
    unplaced,
    wrong_period,
)
from .rooms import (
    empty_seats,
    exclusive,
    mixed_durations,
    moved_room,
    moved_room_table,
    period_rooms,
    room_pairs,
    room_penalty,
    room_preference,
    seats,
    split_blocks,
    split_rooms,
    too_many_rooms,
    unseated,
    wrong_room,
)
from .students import (
    STUDENT_PAIRS,
    allowed_clash,
    clash,
    close_in_time,
    cohort_gap,
    cohort_pairs,
    day_limit,
    person_clash,
    travel,
    window_limit,
)

__all__ = [
    "DEFAULT_WEIGHTS",
    "EXAM_IN_PERIOD",
    "RULES",
    "SOFT_CODES",
    "STUDENT_PAIRS",
    "Rule",
    "Score",
    "broken_table",
    "check_weights",
    "close_in_time",
    "cohort_pairs",
    "evaluate",
    "is_broken",
    "moved_room_table",
]


class Rule(NamedTuple):
    """code: its name in data. words: its name for people. hard: must hold, unless `Problem.soft` has a price.
    weight: usual price of one fault in a season of a university (0 = not used unless asked for)."""

    code: str
    words: str
    hard: bool
    weight: int = 0


RULES: tuple[Rule, ...] = (
    Rule("unplaced", "Every exam has a period", True),
    Rule("clash", "No student has two exams at once", True),
    Rule("person_clash", "No teacher or examiner has two exams at once", True),
    Rule("length", "An exam fits into its period", True),
    Rule("period", "An exam is in one of its periods, with its people there", True),
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
    """hard: faults of rules that must hold, in all. cost: price of the others. counts: faults by rule (every
    rule of RULES that has any, and every hard rule). costs: price by rule; their sum is cost."""

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
    prices = {**problem.weights, **(weights or {})}
    check_weights(prices)
    counts: dict[str, float] = {
        "unplaced": unplaced(plan),
        "clash": clash(problem, plan, pairs),
        "person_clash": person_clash(problem, plan),
        "length": too_short(problem, plan),
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
    hard = int(sum(faults for code, faults in counts.items() if code not in problem.soft))
    costs: dict[str, float] = {code: counts[code] * price for code, price in problem.soft.items()}

    def add(code: str, count: float, cost: float | None = None) -> None:
        if count:
            counts[code] = count
            costs[code] = count * prices.get(code, 0) if cost is None else cost

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
