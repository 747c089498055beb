"""Who is to be seated where, as arrays: periods, rooms and their chairs, exams, candidates.

Everything is numbered from 0. An exam here is one sitting in its period; a candidate is one student of one
exam, so that a student of five exams is five candidates. Chairs are numbered through all rooms, room by room,
in each room in the order in which its seats are counted. Names stay with the caller.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

NOWHERE = -1
NO_LIMIT = np.iinfo(np.int32).max

POLICIES = ("none", "bench", "sides", "four", "eight", "distance")
ORDERS = ("mixed", "roll")


class Problem(NamedTuple):
    """One season's seating, checked. Build it with `make_problem`, which explains every field."""

    room_ptr: Ints  # (rooms + 1,) chairs of room r: [ptr[r], ptr[r + 1])
    chair_row: Ints
    chair_across: Ints
    chair_bench: Ints  # chairs of one bench have one number
    chair_usable: Bools
    chair_front: Bools
    chair_x: Floats
    chair_y: Floats
    room_capacity: Ints
    room_spare: Ints
    room_block: Ints
    room_floor: Ints
    room_penalty: Ints
    room_open: Bools  # (rooms, periods)
    period_day: Ints
    period_max_rooms: Ints
    exam_period: Ints
    exam_duration: Ints
    exam_alone: Bools
    exam_max_rooms: Ints
    part_exam: Ints
    part_rooms: Bools  # (parts, rooms)
    candidate_exam: Ints  # in order of exam, then roll number
    candidate_part: Ints
    candidate_student: Ints
    candidate_cohort: Ints
    candidate_own_room: Bools
    candidate_ground: Bools
    candidate_front: Bools
    candidate_pin: Ints  # a chair, or NOWHERE
    candidate_before: Ints  # the chair of an earlier plan, or NOWHERE
    same_room: Ints  # (n, 2) exams
    different_room: Ints  # (n, 2) exams
    neighbours: str
    metres: float
    order: str
    must_keep_neighbours: bool
    most_exams: int
    sparse_percent: int
    weights: Mapping[str, int]

    @property
    def rooms(self) -> int:
        return len(self.room_capacity)

    @property
    def chairs(self) -> int:
        return len(self.chair_row)

    @property
    def periods(self) -> int:
        return len(self.period_day)

    @property
    def exams(self) -> int:
        return len(self.exam_period)

    @property
    def parts(self) -> int:
        return len(self.part_exam)

    @property
    def candidates(self) -> int:
        return len(self.candidate_exam)

    @property
    def chair_room(self) -> Ints:
        return np.repeat(np.arange(self.rooms), np.diff(self.room_ptr))


def make_problem(
    *,
    chair_room: ArrayLike,
    chair_row: ArrayLike,
    chair_across: ArrayLike,
    exam_period: ArrayLike,
    candidate_exam: ArrayLike,
    candidate_student: ArrayLike,
    rooms: int | None = None,
    periods: int | None = None,
    chair_bench: ArrayLike | None = None,
    chair_usable: ArrayLike | None = None,
    chair_front: ArrayLike | None = None,
    chair_x: ArrayLike | None = None,
    chair_y: ArrayLike | None = None,
    room_capacity: ArrayLike | None = None,
    room_spare: ArrayLike = 0,
    room_block: ArrayLike = 0,
    room_floor: ArrayLike = 0,
    room_penalty: ArrayLike = 0,
    room_open: ArrayLike = True,
    period_day: ArrayLike | None = None,
    period_max_rooms: ArrayLike = NO_LIMIT,
    exam_duration: ArrayLike = 60,
    exam_alone: ArrayLike = False,
    exam_max_rooms: ArrayLike = NO_LIMIT,
    part_exam: ArrayLike | None = None,
    part_rooms: ArrayLike = True,
    candidate_part: ArrayLike | None = None,
    candidate_cohort: ArrayLike = NOWHERE,
    candidate_own_room: ArrayLike = False,
    candidate_ground: ArrayLike = False,
    candidate_front: ArrayLike = False,
    candidate_pin: ArrayLike = NOWHERE,
    candidate_before: ArrayLike = NOWHERE,
    same_room: Iterable[tuple[int, int]] = (),
    different_room: Iterable[tuple[int, int]] = (),
    neighbours: str = "four",
    metres: float = 1.25,
    order: str = "mixed",
    must_keep_neighbours: bool = True,
    most_exams: int = 0,
    sparse_percent: int = 100,
    weights: Mapping[str, int] | None = None,
) -> Problem:
    """A checked Problem; ValueError with a sentence if it cannot be one. A single value stands for all.

    chair_room: each chair's room, in ascending order. chair_row, chair_across: its place; chairs whose rows
        or places differ by 1 are neighbours. chair_bench: chairs with one number share a bench (None: none
        do). chair_x, chair_y: metres, NaN where unknown. chair_front: in the front row (None: the usable
        chairs of the lowest row of each room).
    room_capacity: most candidates in an exam (None: its usable chairs). room_spare: seats kept free.
        room_block, room_floor, room_penalty (dislike), room_open: (rooms, periods).
    period_day: any number per day. period_max_rooms: rooms that may be used at once.
    exam_alone: shares its rooms with no other exam. exam_max_rooms: of each part of it.
    part_exam, part_rooms: candidates of one exam who may sit in the same rooms; (parts, rooms). None: each
        exam is one part that may sit anywhere. candidate_part: the part of each candidate.
    candidate_exam: ascending; candidates of one exam in order of roll number. candidate_cohort: class, or
        NOWHERE. candidate_pin, candidate_before: a chair, or NOWHERE.
    same_room, different_room: pairs of exams of one period.
    neighbours: one of POLICIES; metres is the least distance under "distance" (a room with a chair of
        unknown place is taken as "four"). order: "mixed", or "roll" for ascending roll numbers along the
        chairs. most_exams: in a room, beyond which each costs; 0 = any. sparse_percent: of a room's
        capacity, the most of one exam.
    weights: price of each soft rule of `score.RULES`.
    """
    room = _ints(chair_room)
    count = int(room.max(initial=-1)) + 1 if rooms is None else rooms
    if (np.diff(room) < 0).any():
        raise ValueError("The chairs must come room by room.")
    chairs = len(room)
    usable = _fill(chair_usable, chairs, True)
    row, across = _ints(chair_row), _ints(chair_across)
    exam = _ints(candidate_exam)
    if (np.diff(exam) < 0).any():
        raise ValueError("The candidates must come exam by exam.")
    when = _ints(exam_period)
    exams = len(when)
    total = (int(when.max(initial=-1)) + 1 if period_day is None else len(_ints(period_day))) or 1
    total = total if periods is None else periods
    ptr = np.searchsorted(room, np.arange(count + 1))
    places = np.bincount(room[usable], minlength=count)
    owner = np.arange(exams) if part_exam is None else _ints(part_exam)
    if part_exam is not None and candidate_part is None:
        raise ValueError("Say to which part of the exam each candidate belongs.")
    problem = Problem(
        room_ptr=ptr,
        chair_row=row,
        chair_across=across,
        chair_bench=np.arange(chairs) if chair_bench is None else _ints(chair_bench),
        chair_usable=usable,
        chair_front=_front(room, row, usable, count) if chair_front is None else _bools(chair_front),
        chair_x=_floats(chair_x, chairs),
        chair_y=_floats(chair_y, chairs),
        room_capacity=places if room_capacity is None else np.minimum(_spread(room_capacity, count), places),
        room_spare=_spread(room_spare, count),
        room_block=_spread(room_block, count),
        room_floor=_spread(room_floor, count),
        room_penalty=_spread(room_penalty, count),
        room_open=np.array(np.broadcast_to(np.asarray(room_open, dtype=bool), (count, total))),
        period_day=np.arange(total) if period_day is None else _ints(period_day),
        period_max_rooms=_spread(period_max_rooms, total),
        exam_period=when,
        exam_duration=_spread(exam_duration, exams),
        exam_alone=_fill(exam_alone, exams, False),
        exam_max_rooms=_spread(exam_max_rooms, exams),
        part_exam=owner,
        part_rooms=np.array(np.broadcast_to(np.asarray(part_rooms, dtype=bool), (len(owner), count))),
        candidate_exam=exam,
        candidate_part=exam.copy() if candidate_part is None else _ints(candidate_part),
        candidate_student=_ints(candidate_student),
        candidate_cohort=_spread(candidate_cohort, len(exam)),
        candidate_own_room=_fill(candidate_own_room, len(exam), False),
        candidate_ground=_fill(candidate_ground, len(exam), False),
        candidate_front=_fill(candidate_front, len(exam), False),
        candidate_pin=_spread(candidate_pin, len(exam)),
        candidate_before=_spread(candidate_before, len(exam)),
        same_room=np.array(list(same_room), dtype=np.int64).reshape(-1, 2),
        different_room=np.array(list(different_room), dtype=np.int64).reshape(-1, 2),
        neighbours=neighbours,
        metres=float(metres),
        order=order,
        must_keep_neighbours=must_keep_neighbours,
        most_exams=most_exams,
        sparse_percent=sparse_percent,
        weights=dict(weights or {}),
    )
    _check(problem)
    return problem


def _check(problem: Problem) -> None:
    p = problem
    if p.neighbours not in POLICIES:
        raise ValueError(
            f"There is no neighbour rule {p.neighbours!r}. Choose one of: {', '.join(POLICIES)}."
        )
    if p.order not in ORDERS:
        raise ValueError(f"There is no order {p.order!r}. Choose one of: {', '.join(ORDERS)}.")
    if p.neighbours == "distance" and p.metres <= 0:
        raise ValueError("Give the distance between candidates of one exam in metres, above 0.")
    if not 1 <= p.sparse_percent <= 100:
        raise ValueError("One exam may take between 1 and 100 percent of a room.")
    lengths = {
        "chair": (p.chair_row, p.chair_across, p.chair_bench, p.chair_usable, p.chair_front),
        "exam": (p.exam_period, p.exam_duration),
        "candidate": (p.candidate_exam, p.candidate_part, p.candidate_student),
    }
    for name, arrays in lengths.items():
        if len({len(array) for array in arrays}) > 1:
            raise ValueError(f"Some lists about each {name} are longer than others.")
    for name, numbers, most in (
        ("an exam", p.candidate_exam, p.exams),
        ("a part", p.candidate_part, p.parts),
        ("an exam", p.part_exam, p.exams),
        ("a period", p.exam_period, p.periods),
        ("an exam", p.same_room, p.exams),
        ("an exam", p.different_room, p.exams),
    ):
        if numbers.size and (numbers.min() < 0 or numbers.max() >= most):
            raise ValueError(f"There is no such number of {name}: {numbers.max()}.")
    for chairs in (p.candidate_pin, p.candidate_before):
        if chairs.size and (chairs.min() < NOWHERE or chairs.max() >= p.chairs):
            raise ValueError(f"There is no chair {chairs.max()}.")
    if (p.part_exam[p.candidate_part] != p.candidate_exam).any():
        raise ValueError("A candidate belongs to a part of another exam.")
    keys = np.stack([p.chair_room, p.chair_row, p.chair_across], axis=1)
    if len(np.unique(keys, axis=0)) < len(keys):
        raise ValueError("Two chairs of a room stand in one place.")


def _ints(values: ArrayLike) -> Ints:
    return np.asarray(values, dtype=np.int64)


def _bools(values: ArrayLike) -> Bools:
    return np.asarray(values, dtype=bool)


def _spread(values: ArrayLike, count: int) -> Ints:
    return np.array(np.broadcast_to(_ints(values), count))


def _fill(values: ArrayLike | None, count: int, usual: bool) -> Bools:
    return np.array(np.broadcast_to(_bools(usual if values is None else values), count))


def _floats(values: ArrayLike | None, count: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(np.nan if values is None else values, dtype=float), count))


def _front(room: Ints, row: Ints, usable: Bools, rooms: int) -> Bools:
    first = np.full(rooms, np.iinfo(np.int64).max)
    np.minimum.at(first, room[usable], row[usable])
    return usable & (row == first[room])
