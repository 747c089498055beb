"""Who of an exam's candidates sits on which of its chairs, by simulated annealing.

An exam's chairs stay its own, so that every hard rule stays kept; two of its candidates change places where
that serves the soft rules about persons. Where seats follow the roll numbers nothing is to be chosen.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .neighbours import Shape
from .problem import NOWHERE, Floats, Ints, Problem
from .score import all_edges

ABOUT_PERSONS = ("cohort_neighbours", "same_neighbour", "room_change", "roll_ranges", "moved_seat")
CHOSEN = [0, 1, 2, 4]  # those that exchanges can serve by themselves
DRAWS_EACH = 60  # of a candidate, at most
CHUNK = 20_000
HOT, COLD = 0.2, 0.02  # of the dearest price: the order of roll numbers is good already


class State(NamedTuple):
    """What the kernels need. Arrays by candidate, chair, part and student's day."""

    chair: Ints
    on: Ints  # (periods, chairs) candidate
    period: Ints
    exam: Ints
    part: Ints
    student: Ints
    cohort: Ints
    before: Ints
    day: Ints
    day_ptr: Ints
    day_list: Ints
    part_ptr: Ints
    part_list: Ints
    place: Ints  # (candidates,) in part_list
    movable: Ints
    room_of: Ints
    near_ptr: Ints
    near: Ints
    met: Ints  # (students, times) each one's neighbours in the season, with repetitions
    met_many: Ints
    price: Floats


def arrange(
    problem: Problem,
    shapes: list[Shape],
    chair: Ints,
    *,
    seed: int,
    progress: Callable[[], float] | None = None,
) -> Ints:
    """The same chairs with the candidates of each exam in a better order, if one is found.

    progress: how far along the time is, 0 to 1; None: as many draws as there are to be.
    """
    price = np.array([problem.weights.get(code, 0) for code in ABOUT_PERSONS], dtype=np.float64)
    movable = _movable(problem, chair)
    if problem.order == "roll" or not (price[CHOSEN] > 0).any() or len(movable) < 2:
        return chair
    from . import kernels

    state = _state(problem, shapes, chair.copy(), movable, price)
    kernels.fill(state)
    most = DRAWS_EACH * len(movable)
    best, lowest, now, done = state.chair.copy(), 0.0, 0.0, 0
    while done < most:
        share = done / most if progress is None else max(done / most, progress())
        if share >= 1:
            break
        heat = float(price.max()) * HOT * (COLD / HOT) ** share
        count = min(CHUNK, most - done)
        now += kernels.anneal(state, count, heat, (seed + done) % 2**31)
        done += count
        if now < lowest:
            best, lowest = state.chair.copy(), now
    return best


def _movable(problem: Problem, chair: Ints) -> Ints:
    held = problem.candidate_own_room | problem.candidate_ground | problem.candidate_front
    return np.flatnonzero((chair != NOWHERE) & ~held & (problem.candidate_pin == NOWHERE))


def _state(problem: Problem, shapes: list[Shape], chair: Ints, movable: Ints, price: Floats) -> State:
    p = problem
    period = p.exam_period[p.candidate_exam]
    on = np.full((p.periods, p.chairs), NOWHERE, dtype=np.int64)
    who = np.flatnonzero(chair != NOWHERE)
    on[period[who], chair[who]] = who
    edges = all_edges(p, shapes)
    both = np.concatenate([edges, edges[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    days = np.stack([p.candidate_student, p.period_day[period]], axis=1)
    day = np.unique(days, axis=0, return_inverse=True)[1].ravel()
    students = int(p.candidate_student.max(initial=0)) + 1
    near_ptr = _starts(both[:, 0], p.chairs)
    part_list = movable[np.argsort(p.candidate_part[movable], kind="stable")]
    place = np.zeros(p.candidates, dtype=np.int64)
    place[part_list] = np.arange(len(part_list))
    most_beside = int(np.diff(near_ptr).max(initial=0))
    most_exams = int(np.bincount(p.candidate_student, minlength=1).max(initial=0))
    room_for = most_beside * most_exams if price[1] > 0 else 0
    return State(
        chair=chair,
        on=on,
        period=period,
        exam=p.candidate_exam,
        part=p.candidate_part,
        student=p.candidate_student,
        cohort=p.candidate_cohort,
        before=p.candidate_before,
        day=day,
        day_ptr=_starts(day),
        day_list=np.argsort(day, kind="stable"),
        part_ptr=_starts(p.candidate_part[movable], p.parts),
        part_list=part_list,
        place=place,
        movable=movable,
        room_of=p.chair_room,
        near_ptr=near_ptr,
        near=both[:, 1].copy(),
        met=np.zeros((students, room_for + 1), dtype=np.int64),
        met_many=np.zeros(students, dtype=np.int64),
        price=price,
    )


def _starts(keys: Ints, count: int | None = None) -> Ints:
    many = (int(keys.max(initial=-1)) + 1) if count is None else count
    return np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=many))]).astype(np.int64)
