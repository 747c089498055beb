"""Rules of where exams are sat."""

import numpy as np

from ..problem import Bools, Ints, Plan, Problem


def unseated(problem: Problem, plan: Plan) -> int:
    """Candidates of placed exams without a seat; a part without candidates that has no room counts as one."""
    given = np.bincount(plan.part, plan.seats, problem.parts)
    used = np.bincount(plan.part, minlength=problem.parts)
    placed = plan.period[problem.part_exam] >= 0
    short = np.maximum(problem.part_size - given, 0) + ((problem.part_size == 0) & (used == 0))
    return int(short[placed].sum())


def seats(problem: Problem, plan: Plan) -> int:
    """(period, room) pairs where more are seated than there are seats (ITC room occupancy); when that is
    soft, the seats that are missing there."""
    taken = np.zeros((problem.periods, problem.rooms), dtype=np.int64)
    np.add.at(taken, (_use_period(problem, plan), plan.room), plan.seats)
    missing = np.maximum(taken - problem.room_seats.T, 0)
    return int(missing.sum() if "seats" in problem.soft else (missing > 0).sum())


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


def period_rooms(problem: Problem, plan: Plan) -> int:
    """Rooms in use beyond the most that a period may have (invigilators at hand)."""
    cells = np.array(list(_room_exams(problem, plan)), dtype=np.int64).reshape(-1, 2)
    there = np.bincount(cells[:, 0], minlength=problem.periods)
    return int(np.maximum(there - problem.period_max_rooms, 0).sum())


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
