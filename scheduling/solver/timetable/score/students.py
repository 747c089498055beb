"""Rules of students, teachers and cohorts: who has which exams when."""

import numpy as np

from ..problem import Bools, Conflicts, Ints, Plan, Problem
from .periods import break_between, count


def clash(problem: Problem, plan: Plan, pairs: Conflicts) -> int:
    """Students in two exams of one period, once for each such pair of exams; allowed clashes left out."""
    here = plan.period[pairs.a]
    return int(pairs.barred[(here >= 0) & (here == plan.period[pairs.b])].sum())


def person_clash(problem: Problem, plan: Plan) -> int:
    """Teachers and examiners at two exams of one period, once for each such pair of exams."""
    rows = np.unique(problem.person_exam, axis=0)
    when = plan.period[rows[:, 1]]
    busy = np.unique(np.stack([rows[:, 0], when], axis=1)[when >= 0], axis=0, return_counts=True)[1]
    return int((busy * (busy - 1) // 2).sum())


def two_in_a_row(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if |p - q| = 1 on one date (ITC)."""
    return count((np.abs(p - q) == 1) & _one_day(problem, p, q))


def two_in_a_day(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if |p - q| >= 2 on one date (ITC)."""
    return count((np.abs(p - q) >= 2) & _one_day(problem, p, q))


def period_spread(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if 1 <= |p - q| <= spread, whatever the dates (ITC, in addition to the two above)."""
    distance = np.abs(p - q)
    return count((distance >= 1) & (distance <= problem.spread))


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
    return count(is_last[early] & is_first[late] & (day[late] - day[early] == 1))


def short_break(problem: Problem, p: Ints, q: Ints) -> Ints:
    """1 if fewer than short_break minutes lie between the end of one period and the start of the next."""
    return count((p != q) & (break_between(problem, p, q) < problem.short_break))


def _by_distance(prices: Ints, distance: Ints) -> Ints:
    padded = np.concatenate(([0], prices, [0]))
    return np.asarray(padded[np.minimum(distance, len(prices) + 1)], dtype=np.int64)


def _one_day(problem: Problem, p: Ints, q: Ints) -> Bools:
    return np.asarray((problem.period_day[p] == problem.period_day[q]) & (p != q), dtype=bool)


STUDENT_PAIRS = {
    "two_in_a_row": two_in_a_row,
    "two_in_a_day": two_in_a_day,
    "period_spread": period_spread,
    "proximity": proximity,
    "proximity_clock": proximity_clock,
    "overnight": overnight,
    "short_break": short_break,
}


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
    return count((p != q) & (break_between(problem, p, q) < problem.travel_break))


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
