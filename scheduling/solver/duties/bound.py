"""What no plan can be better than, proven by linear programming (HiGHS).

`least_open`: posts that stay open whatever is done, by a maximum flow from teachers with their most duties
through one duty in a period to posts. `least_cost` adds up what rules cost that have nothing in common, each
by a relaxation of its own. Rosters: teachers choose how many duties of each length they have, regardless of
when; together they must be the posts. Its columns are whole rosters by length, priced by a knapsack; the
bound holds for any prices of the posts (Dantzig & Wolfe 1960; Geoffrion 1974). What absences do to a
teacher's days and shares of kinds is a part of the roster's cost.
"""

from collections.abc import Iterable
from itertools import combinations

import highspy
import numpy as np

from . import kernels
from .problem import KINDS, NO_LIMIT, NONE, NOT_SENIOR, Bools, Ints, Problem

ROUNDS = 200
CLOSE = 1e-4  # of the bound: no better prices are looked for
FAR = 1e7  # in place of "never" in a cost
MOST_PERIODS = 8  # of a day; with more of them nothing is proven of duties in a row


def least_open(problem: Problem) -> int:
    """Posts that stay open in every plan that breaks no hard rule about single teachers."""
    if not problem.posts:
        return 0
    allowed = ~problem.forbidden
    senior = (problem.ban & np.uint8(NOT_SENIOR)).any(axis=0)
    key = problem.period * 2 + senior
    groups, group_of = np.unique(key, return_inverse=True)
    sizes = np.bincount(group_of)
    may = np.zeros((problem.teachers, len(groups)), bool)
    for group in range(len(groups)):
        may[:, group] = allowed[:, group_of == group].any(axis=1)
    teacher, column = np.nonzero(may)
    pairs = list(zip(teacher.tolist(), (groups[column] // 2).tolist(), strict=True))
    solver = _quiet()
    rows = len(groups) + problem.teachers
    period_row: dict[tuple[int, int], int] = {}
    for pair in pairs:
        period_row.setdefault(pair, rows + len(period_row))
    inf = highspy.kHighsInf
    most = np.minimum(problem.most, problem.posts)
    upper = np.concatenate([sizes, most, np.ones(len(period_row))]).astype(float)
    lower, none = np.full(len(upper), -inf), np.zeros(len(upper), np.int32)
    solver.addRows(len(upper), lower, upper, 0, none, np.zeros(0, np.int32), [])
    arcs = len(pairs)
    index = np.empty((arcs, 3), np.int32)
    index[:, 0] = column
    index[:, 1] = len(groups) + teacher
    index[:, 2] = [period_row[pair] for pair in pairs]
    solver.addCols(
        arcs,
        np.full(arcs, -1.0),
        np.zeros(arcs),
        np.ones(arcs),
        3 * arcs,
        np.arange(0, 3 * arcs, 3, dtype=np.int32),
        index.ravel(),
        np.ones(3 * arcs),
    )
    solver.run()
    filled = -solver.getInfo().objective_function_value
    return max(0, problem.posts - int(np.floor(filled + 1e-6)))


def least_cost(problem: Problem, left_open: int = 0) -> int:
    """A cost below which no plan with so many open posts comes."""
    return (
        _least_of_rosters(problem, left_open)
        + _least_repeats(problem, left_open)
        + _least_beyond_shares(problem, left_open)
    )


def _least_beyond_shares(problem: Problem, left_open: int) -> int:
    """What all teachers' shares of a kind do not hold, as far as they can come, is above somebody's."""
    beyond = 0
    for place, kind in enumerate(KINDS):
        held = np.minimum(problem.kind_high[:, place], _most_of_kind(problem, kind, NO_LIMIT)).sum()
        beyond += max(0, int(((problem.kind & kind) != 0).sum() - left_open - held))
    return problem.weights.get("even_kinds", 0) * beyond


def _most_of_kind(problem: Problem, kind: int, a_day: int) -> Ints:
    """(teachers,) how many duties of the kind each can have, so many on a day."""
    can, there = ~problem.forbidden, (problem.kind & kind) != 0
    most = np.zeros(problem.teachers, np.int64)
    for day in np.unique(problem.day[there]):
        most += np.minimum(_comes(problem, can, there & (problem.day == day)).sum(axis=0), a_day)
    return np.minimum(most, problem.most)


def _comes(problem: Problem, can: Bools, there: Bools) -> Bools:
    """(periods, teachers): who can have one of these posts in each of their periods."""
    periods = np.unique(problem.period[there])
    return np.array([can[:, there & (problem.period == period)].any(axis=1) for period in periods])


def _least_repeats(problem: Problem, left_open: int) -> int:
    """More posts in a room than teachers, more meetings than pairs of teachers: some are repeats."""
    can = ~problem.forbidden & (problem.most > 0)[:, None]
    rooms = 0
    for room in np.unique(problem.room[problem.room != NONE]):
        there = problem.room == room
        rooms += max(0, int(there.sum()) - int(can[:, there].any(axis=1).sum()))
    bound = problem.weights.get("same_duty_room", 0) * max(0, rooms - left_open)
    if not left_open:
        sizes = np.bincount(problem.team[problem.team != NONE])
        meetings = int((sizes * (sizes - 1) // 2).sum())
        who = int(can.any(axis=1).sum())
        bound += problem.weights.get("same_partner", 0) * max(0, meetings - who * (who - 1) // 2)
    return bound


def _least_of_rosters(problem: Problem, left_open: int) -> int:
    lengths, supply = np.unique(problem.minutes, return_counts=True)
    if not len(lengths) or not problem.teachers:
        return 0
    cost = _cost_of_minutes(problem, int(lengths.max()))
    teachers = len(cost)
    solver = _quiet()
    inf = highspy.kHighsInf
    # Rows: each length's posts are all taken but for the open ones; each teacher has one roster.
    right = np.concatenate([supply, np.ones(teachers), [left_open]]).astype(float)
    empty = np.zeros(len(right), np.int32)
    solver.addRows(len(right), right, right, 0, empty, np.zeros(0, np.int32), [])
    for place in range(len(lengths)):  # an open post, and a way out while there are few columns
        solver.addCol(0.0, 0.0, inf, 2, [place, len(right) - 1], [1.0, 1.0])
        solver.addCol(FAR, 0.0, inf, 1, [place], [1.0])
        solver.addCol(FAR, 0.0, inf, 1, [place], [-1.0])
    for teacher in range(teachers):
        solver.addCol(FAR, 0.0, inf, 1, [len(lengths) + teacher], [1.0])
    best = 0.0
    price = np.zeros(len(lengths))
    for _ in range(ROUNDS):
        value, last = _knapsack(price, lengths, cost.shape[1])
        reduced = cost - value[None, :]
        chosen = reduced.argmin(axis=1)
        least = reduced[np.arange(teachers), chosen]
        bound = float(least.sum() + price @ supply - left_open * price.max(initial=0.0))
        best = max(best, bound)
        rosters = np.array([_roster(int(minutes), last, lengths) for minutes in chosen])
        for teacher in range(teachers):
            used = np.flatnonzero(rosters[teacher])
            solver.addCol(
                float(cost[teacher, chosen[teacher]]),
                0.0,
                inf,
                len(used) + 1,
                np.append(used, len(lengths) + teacher).astype(np.int32),
                np.append(rosters[teacher][used], 1.0),
            )
        solver.run()
        value_now = solver.getInfo().objective_function_value
        if value_now - best <= CLOSE * max(1.0, best):
            break
        price = np.array(solver.getSolution().row_dual[: len(lengths)])
    return max(0, int(np.ceil(best - 1e-6)))


def _cost_of_minutes(problem: Problem, longest: int) -> np.ndarray:
    """(teachers, minutes): what a teacher costs who watches so many minutes; ∞ beyond what is possible."""
    of_duties = _cost_of_duties(problem)
    possible = np.minimum(problem.most, np.isfinite(of_duties).sum(axis=1) - 1)
    most = possible * longest
    minutes = np.arange(int(most.max(initial=0)) + 1)
    off = minutes[None, :] - problem.target[:, None]
    beyond = np.maximum(0, np.abs(off) - problem.limits.free_minutes)
    cost = problem.weights.get("fair_minutes", 0) * (beyond**2 // 60).astype(float)
    lowest = int(problem.rank.max(initial=0))
    steps = np.where(problem.rank > 0, lowest - problem.rank, 0)
    cost += problem.weights.get("juniors_first", 0) * (steps[:, None] * np.maximum(0, off) // 60)
    if price := problem.weights.get("moved_duty", 0):
        cost += price * _least_moved(problem, minutes)
    cost += of_duties[:, -(-minutes // longest)]  # all as long as the longest: as few as can be
    cost[minutes[None, :] > most[:, None]] = np.inf
    return cost


def _cost_of_duties(problem: Problem) -> np.ndarray:
    """(teachers, duties): what it costs at least that there are so many, given who can come when; ∞ beyond.

    Their days are too full, and shares of kinds are missed that absences put out of reach. A duty beyond the
    most of a day can end one such fault of every kind.
    """
    full, hard = problem.weights.get("duties_a_day", 0), "duties_a_day" in problem.hard
    a_day = problem.limits.a_day if full or hard else NO_LIMIT
    increases, room = [], np.zeros(problem.teachers, np.int64)
    for day in np.unique(problem.day):
        there = problem.day == day
        comes = _comes(problem, ~problem.forbidden, there)
        increases.append(_increases_of_day(problem, np.unique(problem.period[there]), comes))
        room += np.minimum(comes.sum(axis=0), a_day)
    crowded = np.cumsum(np.sort(np.concatenate(increases), axis=0), axis=0)
    crowded = np.concatenate([np.zeros((1, problem.teachers)), crowded]).T
    missed, lacking = np.zeros((2, problem.teachers), np.int64)
    for place, kind in enumerate(KINDS):
        low = problem.kind_low[:, place]
        missed += np.maximum(0, low - _most_of_kind(problem, kind, a_day))
        lacking += np.maximum(0, low - _most_of_kind(problem, kind, NO_LIMIT))
    kinds = int(np.bitwise_or.reduce(problem.kind, initial=0)).bit_count()
    beyond = np.maximum(0, np.arange(crowded.shape[1])[None, :] - room[:, None])
    cost = np.full(crowded.shape, np.inf)
    for more in range(1 if hard else int((missed - lacking).max(initial=0)) + 1):
        left = np.maximum(lacking[:, None], missed[:, None] - kinds * (beyond + more))
        price = np.maximum(crowded, full * (beyond + more))
        cost = np.minimum(cost, price + problem.weights.get("even_kinds", 0) * left)
    return cost


def _increases_of_day(problem: Problem, periods: Ints, comes: Bools) -> np.ndarray:
    """(duties, teachers): what the first, second, … duty of the day adds at least for being too many."""
    limits, weights = problem.limits, problem.weights
    found = np.full(comes.shape, np.inf)
    absences, group = np.unique(comes, axis=1, return_inverse=True)
    for number, there in enumerate(absences.T):
        possible = periods[there]
        before = 0.0
        for many in range(1, len(possible) + 1):
            if many > limits.a_day and "duties_a_day" in problem.hard:
                break
            now = weights.get("duties_a_day", 0) * max(0, many - limits.a_day)
            if len(periods) <= MOST_PERIODS:
                runs = (_beyond_in_a_row(taken, limits.on_end) for taken in combinations(possible, many))
                now += weights.get("duties_on_end", 0) * min(runs)
            found[many - 1, group == number] = now - before
            before = now
    return found


def _beyond_in_a_row(periods: Iterable[int], most: int) -> int:
    """Duties in these periods of a day that have too many directly before them."""
    faults, run, last = 0, 0, -2
    for period in periods:
        run = run + 1 if period == last + 1 else 1
        faults += run > most
        last = period
    return faults


def _least_moved(problem: Problem, minutes: Ints) -> Ints:
    """(teachers, minutes): earlier duties that a teacher with so many minutes has not: those that cannot be,
    and of the others as many as do not go into the minutes, all as long as the longest."""
    forbidden = problem.forbidden
    lost = np.zeros((problem.teachers, len(minutes)), np.int64)
    for teacher in range(problem.teachers):
        had = problem.earlier == teacher
        kept = problem.minutes[had & ~forbidden[teacher]]
        beyond = np.maximum(0, kept.sum() - minutes)
        lost[teacher] = (had & forbidden[teacher]).sum() - (-beyond // max(1, kept.max(initial=1)))
    return lost


def _knapsack(price: np.ndarray, lengths: Ints, size: int) -> tuple[np.ndarray, Ints]:
    """(minutes,) the dearest duties that add up to so many minutes, −∞ if none do; and the last of them."""
    value = np.full(size, -np.inf)
    last = np.full(size, -1, np.int64)
    kernels.knapsack(price, lengths, value, last)
    return value, last


def _roster(minutes: int, last: Ints, lengths: Ints) -> np.ndarray:
    counts = np.zeros(len(lengths))
    while minutes > 0:
        counts[last[minutes]] += 1
        minutes -= int(lengths[last[minutes]])
    return counts


def _quiet() -> highspy.Highs:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    return solver
