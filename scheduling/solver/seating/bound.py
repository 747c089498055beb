"""What no plan of seats can be better than, proved period by period.

Hard faults: who cannot sit without a neighbour of the own exam (`exact.most_seated`) has no chair or such a
neighbour, each at least one fault, since so many chairs beyond the largest set without neighbours have at
least as many pairs of neighbours among them.

Cost of a plan without hard faults: an integer programme over rooms alone, which chairs can only make dearer:

    min  Σ_r rooms_used · y[r] + Σ_u split_rooms · (Σ_r z[u, r] − 1) + Σ_u split_blocks · (Σ_b B[u, b] − 1)
         + Σ_r exams_in_room · o[r] + Σ_r mixed_durations · m[r] + Σ_{u, r} dislike(r) · z[u, r]
    with Σ_r x[u, r] = size(u),  x[u, r] ≤ largest(r) · z[u, r],  Σ_u x[u, r] ≤ seats(r) · y[r],
         z[u, r] ≤ y[r],  z[u, r] ≤ B[u, block(r)],  Σ_u z[u, r] − most ≤ o[r],
         z[u, r] ≤ d[r, length(u)],  Σ_l d[r, l] − y[r] ≤ m[r],
         Σ_{r on the ground} x[u, r] ≥ those of u who need it

HiGHS gives its proven bound even where it is not given the time to close the gap, and the best that it has
found itself: of rooms alone, without chairs, so that a plan of seats need not reach it. The rules about
persons and roll numbers are taken to cost nothing.
"""

from math import ceil
from typing import NamedTuple

import numpy as np

from .construct import units_of
from .exact import most_seated
from .neighbours import Shape, shapes_of
from .problem import NO_LIMIT, Problem
from .rooms import Hall, Unit


class Bound(NamedTuple):
    """hard: faults that every plan has. cost: the least of a plan without any; proved in `seconds` for each
    period at most. found: the best of rooms alone that HiGHS has found in that time; ∞ if none."""

    hard: int
    cost: int
    found: float


def lower_bound(problem: Problem, seconds: float = 10.0) -> Bound:
    shapes = shapes_of(problem)
    by_period = problem.exam_period[problem.candidate_exam]
    hard, cost, found = 0, 0, 0.0
    for period in np.unique(by_period).tolist():
        who = np.flatnonzero((by_period == period) & ~problem.candidate_own_room)
        units = units_of(problem, Hall(problem, shapes, period), who)
        most = most_seated(problem, shapes, period, units, neighbours=problem.must_keep_neighbours)
        lacking = len(who) - most.seated
        hard += lacking
        if not lacking:
            least, best = _rooms(problem, shapes, period, units, seconds)
            cost, found = cost + least, found + best
    return Bound(hard, cost, found)


def _rooms(
    problem: Problem, shapes: list[Shape], period: int, units: list[Unit], seconds: float
) -> tuple[int, float]:
    """What the rooms of a period cost at least, and the best that is found."""
    import highspy

    p, weights = problem, problem.weights
    price = {
        code: weights.get(code, 0)
        for code in (
            "rooms_used",
            "split_rooms",
            "split_blocks",
            "exams_in_room",
            "mixed_durations",
            "room_penalty",
        )
    }
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", seconds)
    # One part of an exam is what the rules about rooms count; who needs the ground floor is of it, and has a
    # seat in fewer rooms.
    parts: dict[int, int] = {}
    allowed: dict[int, set[int]] = {}
    for unit in units:
        parts[unit.part] = parts.get(unit.part, 0) + len(unit.candidates)
        allowed.setdefault(unit.part, set()).update(unit.rooms)
    rooms = sorted(set().union(*allowed.values())) if allowed else []
    inf = highspy.kHighsInf
    columns = 0

    def column(cost: float, upper: float, whole: bool = True) -> int:
        nonlocal columns
        solver.addCol(cost, 0.0, upper, 0, np.array([], dtype=np.int32), np.array([]))
        if whole:
            solver.changeColIntegrality(columns, highspy.HighsVarType.kInteger)
        columns += 1
        return columns - 1

    def row(terms: list[tuple[int, float]], low: float, high: float) -> None:
        index = np.array([place for place, _factor in terms], dtype=np.int32)
        solver.addRow(
            low, high, len(terms), index, np.array([factor for _place, factor in terms], dtype=float)
        )

    used = {room: column(price["rooms_used"], 1.0) for room in rooms}
    sits: dict[tuple[int, int], int] = {}
    many: dict[tuple[int, int], int] = {}
    for part, size in parts.items():
        blocks: dict[int, int] = {}
        for room in sorted(allowed[part]):
            largest = min(
                shapes[room].largest if p.must_keep_neighbours else size, int(p.room_capacity[room]), size
            )
            dislike = price["room_penalty"] * int(p.room_penalty[room])
            z = sits[part, room] = column(price["split_rooms"] + dislike, 1.0)
            x = many[part, room] = column(0.0, float(largest), whole=False)
            row([(x, 1.0), (z, -float(largest))], -inf, 0.0)
            row([(z, 1.0), (used[room], -1.0)], -inf, 0.0)
            if price["split_blocks"]:
                block = int(p.room_block[room])
                if block not in blocks:
                    blocks[block] = column(price["split_blocks"], 1.0)
                row([(z, 1.0), (blocks[block], -1.0)], -inf, 0.0)
        row([(many[part, room], 1.0) for room in allowed[part]], size, size)
        most = int(p.exam_max_rooms[p.part_exam[part]])
        if most < NO_LIMIT:
            row([(sits[part, room], 1.0) for room in allowed[part]], -inf, most)
    for unit in units:
        if set(unit.rooms) < allowed[unit.part]:
            row([(many[unit.part, room], 1.0) for room in unit.rooms], len(unit.candidates), inf)
    for room in rooms:
        here = [part for part in parts if (part, room) in sits]
        seats = float(p.room_capacity[room])
        row([*((many[part, room], 1.0) for part in here), (used[room], -seats)], -inf, 0.0)
        if p.most_exams and price["exams_in_room"]:
            over = column(price["exams_in_room"], inf)
            row([*((sits[part, room], 1.0) for part in here), (over, -1.0)], -inf, p.most_exams)
        if price["mixed_durations"]:
            lengths: dict[int, int] = {}
            for part in here:
                minutes = int(p.exam_duration[p.part_exam[part]])
                if minutes not in lengths:
                    lengths[minutes] = column(0.0, 1.0)
                row([(sits[part, room], 1.0), (lengths[minutes], -1.0)], -inf, 0.0)
            mixed = column(price["mixed_durations"], inf)
            terms = [(place, 1.0) for place in lengths.values()]
            row([*terms, (used[room], -1.0), (mixed, -1.0)], -inf, 0.0)
    free = (price["split_rooms"] + price["split_blocks"]) * len(parts)  # the first of each part
    solver.run()
    told = solver.getInfo()
    bound, is_found = (
        told.mip_dual_bound - free,
        told.primal_solution_status == highspy.kSolutionStatusFeasible,
    )
    best = float(round(told.objective_function_value)) - free if is_found else np.inf
    return (max(0, ceil(bound - 1e-6)) if np.isfinite(bound) else 0), best
