"""Rules of when an exam is: by itself, and against another exam."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..problem import (
    HARD,
    ROOM_PAIR_KINDS,
    Bools,
    Ints,
    PairRule,
    Plan,
    Problem,
    allowed_periods,
    long_enough,
    period_pairs,
)


def unplaced(plan: Plan) -> int:
    """Exams without a period."""
    return int((plan.period < 0).sum())


def wrong_period(problem: Problem, plan: Plan) -> int:
    """Exams in a period that is not theirs: forbidden, with a person of theirs away, or not the one where the
    exam is fixed."""
    return _outside(allowed_periods(problem), plan)


def too_short(problem: Problem, plan: Plan) -> int:
    """Exams in a period that is shorter than the exam (ITC period utilisation)."""
    return _outside(long_enough(problem), plan)


def _outside(periods: Bools, plan: Plan) -> int:
    placed = np.flatnonzero(plan.period >= 0)
    return int((~periods[placed, plan.period[placed]]).sum())


def period_exams(problem: Problem, plan: Plan) -> int:
    """Exams beyond the most that a period may have."""
    there = np.bincount(plan.period[plan.period >= 0], minlength=problem.periods)
    return int(np.maximum(there - problem.period_max_exams, 0).sum())


def period_candidates(problem: Problem, plan: Plan) -> int:
    """Candidates beyond the most that a period may have."""
    placed = plan.period >= 0
    there = np.bincount(plan.period[placed], problem.size[placed], problem.periods).astype(np.int64)
    return int(np.maximum(there - problem.period_max_candidates, 0).sum())


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
        broken = break_between(problem, p, q) < value
    elif kind == "min_days":
        broken = np.abs(day[p] - day[q]) < value
    else:
        broken = (np.abs(p - q) != 1) | (day[p] != day[q])
    return np.asarray(broken, dtype=bool)


def broken_table(problem: Problem, kind: str, value: int) -> Bools:
    """(periods of a, periods of b): whether that rule between a and b is broken there."""
    shape = (problem.periods, problem.periods)
    return is_broken(problem, kind, value, *period_pairs(problem)).reshape(shape)


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


def count(faults: NDArray[Any]) -> Ints:
    return np.asarray(faults, dtype=np.int64)


def break_between(problem: Problem, p: Ints, q: Ints) -> Ints:
    start = problem.period_day * 1440 + problem.period_start
    early, late = np.minimum(p, q), np.maximum(p, q)
    return np.asarray(start[late] - (start[early] + problem.period_length[early]))


def days_used(problem: Problem, plan: Plan) -> int:
    """Dates with at least one exam."""
    return len(np.unique(problem.period_day[plan.period[plan.period >= 0]]))


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
    return count((was >= 0) & (was != np.arange(problem.periods)[None, :]))


EXAM_IN_PERIOD = {
    "front_load": front_load,
    "period_penalty": period_penalty,
    "period_preference": period_preference,
    "rotation": rotation,
    "moved_period": moved_period,
}
