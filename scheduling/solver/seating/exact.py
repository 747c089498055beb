"""How many candidates of a period can have a chair with no neighbour of their own exam: never more than this.

A linear programme over x[u, r], the candidates of unit u in room r:

    max Σ x[u, r]   with   Σ_r x[u, r] ≤ size(u),   Σ_u x[u, r] ≤ seats(r),
                           Σ_{u of exam e} x[u, r] ≤ largest(r)

where largest(r) is the exact size of the largest set of chairs of r without neighbours. It is a transport
problem, so that its best solution is whole. What it seats is a bound from above under every policy; where
chairs fall into two classes (bench of two, sides, four neighbours) it is nearly always reached.
"""

from typing import NamedTuple

import numpy as np

from .neighbours import Shape
from .problem import Problem
from .rooms import Unit


class Most(NamedTuple):
    """seated: candidates, at most. shares: (unit, room, candidates) that reach it. short: units that compete
    for too few chairs, and rooms: those that are too few for them."""

    seated: int
    shares: list[tuple[int, int, int]]
    short: list[int]
    rooms: list[int]


def most_seated(
    problem: Problem,
    shapes: list[Shape],
    period: int,
    units: list[Unit],
    *,
    neighbours: bool = True,
    taken: frozenset[int] = frozenset(),
) -> Most:
    """The most candidates of these units that the period's rooms can seat. taken: rooms of somebody alone."""
    import highspy

    open_rooms = problem.room_open[:, period]
    pairs = [
        (number, room)
        for number, unit in enumerate(units)
        for room in unit.rooms
        if open_rooms[room] and room not in taken and problem.room_capacity[room]
    ]
    if not pairs:
        return Most(0, [], list(range(len(units))), [])
    unit_of, room_of = np.array(pairs).T
    seats = problem.room_capacity
    largest = np.array([shape.largest for shape in shapes]) if neighbours else seats
    share = np.maximum(seats * problem.sparse_percent // 100, 0) if neighbours else seats
    most = np.minimum(np.minimum(largest, share), seats)
    exam_of = np.array([unit.exam for unit in units])
    rows = [unit_of, len(units) + room_of]
    limits = np.concatenate([[len(unit.candidates) for unit in units], seats])
    together, at = np.unique(exam_of[unit_of] * problem.rooms + room_of, return_inverse=True)
    if len(together) < len(pairs):
        rows.append(len(limits) + at)
        limits = np.concatenate([limits, most[together % problem.rooms]])
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(pairs), len(limits)
    # A little more for large rooms, so that exams are cut into few parts.
    lp.col_cost_ = -1.0 - 1e-3 * seats[room_of] / max(1, int(seats.max()))
    lp.col_lower_ = np.zeros(len(pairs))
    lp.col_upper_ = most[room_of].astype(float)
    lp.row_lower_ = np.full(len(limits), -highspy.kHighsInf)
    lp.row_upper_ = limits.astype(float)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.arange(0, len(rows) * (len(pairs) + 1), len(rows))
    lp.a_matrix_.index_ = np.stack(rows, axis=1).ravel()
    lp.a_matrix_.value_ = np.ones(len(rows) * len(pairs))
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(lp)
    solver.run()
    solution = solver.getSolution()
    given = np.rint(solution.col_value).astype(np.int64)
    price = -np.array(solution.row_dual)
    served = np.bincount(unit_of, given, len(units)).astype(np.int64)
    sizes = limits[: len(units)]
    # Another candidate of these could not be seated, however the others moved.
    short = [
        number for number in range(len(units)) if price[number] < 0.5 and served[number] <= sizes[number]
    ]
    shares = [(u, r, n) for (u, r), n in zip(pairs, given.tolist(), strict=True) if n]
    tight = np.flatnonzero(price[len(units) : len(units) + problem.rooms] > 0.5).tolist()
    return Most(int(given.sum()), shares, short if served.sum() < sizes.sum() else [], tight)
