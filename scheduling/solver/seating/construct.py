"""The seats of one period: rooms for the exams, exams on chairs, candidates on their exam's chairs."""

import random
from collections import defaultdict

import numpy as np

from .colour import bring_forward, colour
from .exact import most_seated
from .insert import insert
from .neighbours import Shape
from .problem import NO_LIMIT, NOWHERE, Ints, Problem
from .rooms import RESORTS, Hall, Unit, distribute, improve

DRAWS_OF_ROOMS, LATER = 60, 300  # of each part, to improve the rooms of a first attempt and of a later one


def seat_period(
    problem: Problem,
    shapes: list[Shape],
    period: int,
    candidates: Ints,
    chance: random.Random,
    noise: float = 0.0,
) -> Ints:
    """The chair of each of the period's candidates, NOWHERE for whom there is none."""
    hall = Hall(problem, shapes, period)
    chair = np.full(len(candidates), NOWHERE, dtype=np.int64)
    place = {int(candidate): number for number, candidate in enumerate(candidates)}
    for candidate, where in _pinned(problem, hall, candidates):
        chair[place[candidate]] = where
    for candidate, where in _alone(problem, hall, candidates[chair == NOWHERE]):
        chair[place[candidate]] = where
    units = units_of(problem, hall, candidates[chair == NOWHERE])
    waiting = distribute(hall, units, chance, noise, RESORTS[:2])
    if waiting:
        waiting = _exactly(hall, units, waiting)
        waiting = distribute(hall, units, chance, 0.0, RESORTS[2:], waiting)
    else:
        improve(hall, units, chance, (LATER if noise else DRAWS_OF_ROOMS) * len(units))
    for room, groups in _by_room(problem, hall, units).items():
        first, last = problem.room_ptr[room], problem.room_ptr[room + 1]
        locked = np.full(last - first, NOWHERE, dtype=np.int64)
        pinned = candidates[(chair >= first) & (chair < last)]
        locked[chair[[place[int(c)] for c in pinned]] - first] = problem.candidate_exam[pinned]
        counts = {exam: len(members) for exam, members in groups.items()}
        there = colour(shapes[room], counts, int(last - first), locked, chance, hall.class_of[room])
        first_row = problem.chair_front[first:last]
        wanted = {exam: int(problem.candidate_front[members].sum()) for exam, members in groups.items()}
        there = bring_forward(shapes[room], there, locked, first_row, wanted, chance)
        for candidate, where in _sit_down(problem, shapes[room], there, locked, groups, int(first)):
            chair[place[candidate]] = where
    return chair


def _exactly(hall: Hall, units: list[Unit], waiting: dict[int, int]) -> dict[int, int]:
    """Where a linear programme seats more of the units than the rooms found so far, as it does; who waits
    then. Only where none of the rules that it does not know is in the way."""
    p = hall.problem
    exams = [unit.exam for unit in units]
    knows_all = (
        not p.exam_alone[exams].any()
        and (p.exam_max_rooms[exams] == NO_LIMIT).all()
        and not hall.apart
        and p.period_max_rooms[hall.period] >= p.rooms
        and sum(hall.total) == sum(hall.share.values())  # nobody is pinned
    )
    if not knows_all:
        return waiting
    most = most_seated(p, hall.shapes, hall.period, units, taken=frozenset(hall.own))
    if most.seated <= sum(hall.share.values()):
        return waiting
    for number, room in list(hall.share):
        hall.take(number, units[number], room, hall.share[number, room])
    left = {number: len(unit.candidates) for number, unit in enumerate(units)}
    for number, room, count in most.shares:
        hall.put(number, units[number], room, count)
        left[number] -= count
    return {number: count for number, count in left.items() if count}


def _pinned(problem: Problem, hall: Hall, candidates: Ints) -> list[tuple[int, int]]:
    """Who has a chair of his own; the first of two who want one chair."""
    found: dict[int, int] = {}
    rooms = problem.chair_room
    for candidate in candidates[problem.candidate_pin[candidates] != NOWHERE].tolist():
        chair = int(problem.candidate_pin[candidate])
        room = int(rooms[chair])
        if chair not in found and problem.chair_usable[chair] and hall.open[room]:
            found[chair] = candidate
            unit = Unit(
                int(problem.candidate_exam[candidate]),
                int(problem.candidate_part[candidate]),
                candidates[:0],
                (),
            )
            hall.put(-1 - candidate, unit, room, 1)
            del hall.share[-1 - candidate, room]
    return [(candidate, chair) for chair, candidate in found.items()]


def _alone(problem: Problem, hall: Hall, candidates: Ints) -> list[tuple[int, int]]:
    """The smallest free room for each candidate who needs one."""
    found = []
    for candidate in candidates[problem.candidate_own_room[candidates]].tolist():
        part = int(problem.candidate_part[candidate])
        rooms = [
            room
            for room in np.flatnonzero(problem.part_rooms[part]).tolist()
            if hall.open[room]
            and hall.capacity[room]
            and not hall.there[room]
            and room not in hall.own
            and (problem.room_floor[room] <= 0 or not problem.candidate_ground[candidate])
        ]
        if not rooms or hall.used >= hall.max_rooms:
            continue
        room = min(rooms, key=lambda r: (hall.capacity[r], hall.dislike[r], r))
        hall.own.add(room)
        hall.used += 1
        here = np.arange(problem.room_ptr[room], problem.room_ptr[room + 1])
        usable = here[problem.chair_usable[here]]
        found.append((candidate, int(usable[np.argmax(problem.chair_front[usable])])))
    return found


def units_of(problem: Problem, hall: Hall, candidates: Ints) -> list[Unit]:
    """Candidates by part of exam; those who need the ground floor apart, where their rooms have one."""
    units = []
    ground = problem.candidate_ground[candidates]
    for part in np.unique(problem.candidate_part[candidates]).tolist():
        mine = problem.candidate_part[candidates] == part
        rooms = [room for room in np.flatnonzero(problem.part_rooms[part]).tolist() if hall.open[room]]
        low = [room for room in rooms if problem.room_floor[room] <= 0]
        exam = int(problem.part_exam[part])
        groups = [(mine & ground, low or rooms), (mine & ~ground, rooms)]
        units += [Unit(exam, part, candidates[who], tuple(where)) for who, where in groups if who.any()]
    return units


def _by_room(problem: Problem, hall: Hall, units: list[Unit]) -> dict[int, dict[int, list[int]]]:
    """room → exam → its candidates there: each room a stretch of roll numbers, neighbouring rooms in turn."""
    found: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    rooms_of: dict[int, list[int]] = defaultdict(list)
    for number, room in hall.share:
        rooms_of[number].append(room)
    for number, rooms in rooms_of.items():
        at = 0
        for room in sorted(rooms, key=lambda r: (problem.room_block[r], problem.room_floor[r], r)):
            count = hall.share[number, room]
            found[room][units[number].exam] += units[number].candidates[at : at + count].tolist()
            at += count
    return found


def _sit_down(
    problem: Problem, shape: Shape, there: Ints, locked: Ints, groups: dict[int, list[int]], first: int
) -> list[tuple[int, int]]:
    """Each exam's candidates on its chairs by roll number along the chairs; who needs the front, there."""
    found = []
    for exam, members in groups.items():
        chairs = (np.flatnonzero((there == exam) & (locked == NOWHERE)) + first).tolist()
        members = sorted(members)
        wants = [c for c in members if problem.candidate_front[c]]
        if wants:
            front = [chair for chair in chairs if problem.chair_front[chair]][: len(wants)]
            for candidate, chair in zip(wants, front, strict=False):
                found.append((candidate, chair))
                members.remove(candidate)
                chairs.remove(chair)
        found += zip(members, chairs, strict=True)
    return found


def keep_period(problem: Problem, shapes: list[Shape], period: int, candidates: Ints) -> Ints:
    """The chairs of the earlier plan where they still serve, and chairs for who has none there.

    Of two neighbours with one exam, of two on one chair and of those beyond a room's seats the later goes.
    """
    chair = problem.candidate_before[candidates].copy()
    pin = problem.candidate_pin[candidates]
    chair = np.where(pin != NOWHERE, pin, chair)
    room = np.append(problem.chair_room, NOWHERE)[chair]
    part = problem.candidate_part[candidates]
    good = (chair != NOWHERE) & np.append(problem.chair_usable, False)[chair]
    good &= problem.room_open[room, period] & ((pin != NOWHERE) | problem.part_rooms[part, room])
    good &= ~problem.candidate_ground[candidates] | (problem.room_floor[room] <= 0) | (pin != NOWHERE)
    good &= (
        ~problem.candidate_front[candidates] | np.append(problem.chair_front, False)[chair] | (pin != NOWHERE)
    )
    on: dict[int, int] = {}
    near: dict[int, list[int]] = defaultdict(list)
    for number in np.unique(room[good]).tolist():
        for a, b in (shapes[number].edges + problem.room_ptr[number]).tolist():
            near[a].append(b)
            near[b].append(a)
    there: dict[int, int] = defaultdict(int)
    alone: set[int] = set()
    exam = problem.candidate_exam[candidates]
    first = np.lexsort((candidates, ~problem.candidate_own_room[candidates], pin == NOWHERE))
    for number in first.tolist():
        where, at = int(chair[number]), int(room[number])
        keeps = (
            good[number]
            and where not in on
            and at not in alone
            and there[at] < problem.room_capacity[at]
            and not (problem.candidate_own_room[candidates[number]] and there[at])
            and not any(on.get(other) == exam[number] for other in near[where])
        )
        if not keeps:
            chair[number] = NOWHERE
            continue
        on[where] = int(exam[number])
        there[at] += 1
        if problem.candidate_own_room[candidates[number]]:
            alone.add(at)
    return insert(problem, shapes, period, candidates, chair)
