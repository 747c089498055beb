"""Which candidates of a period sit in which room: before anybody has a chair.

An exam may take so many chairs of a room (`Shape.largest`), several exams together so many (`Shape.fill`).
Parts of exams are given rooms one by one, the hardest first: the room that holds all and has least left,
else the largest room full and so on. Who finds none is made room for by moving a part of another exam.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from .neighbours import Shape
from .problem import NO_LIMIT, Ints, Problem

HOT, COLD = 12.0, 0.5  # prices at which `improve` begins and ends


class Unit(NamedTuple):
    """Candidates of one part of an exam who may sit in the same rooms, in order of roll number."""

    exam: int
    part: int
    candidates: Ints
    rooms: tuple[int, ...]


class Limits(NamedTuple):
    """What is kept to. The last resorts leave one after the other."""

    neighbours: bool = True
    spare: bool = True
    max_rooms: bool = True
    period_rooms: bool = True


RESORTS = (
    Limits(),
    Limits(spare=False),
    Limits(neighbours=False, spare=False),
    Limits(neighbours=False, spare=False, max_rooms=False, period_rooms=False),
)


class Hall:
    """The rooms of a period while they fill."""

    def __init__(self, problem: Problem, shapes: list[Shape], period: int) -> None:
        self.problem, self.shapes, self.period = problem, shapes, period
        self.open = problem.room_open[:, period].tolist()
        self.capacity = problem.room_capacity.tolist()
        self.spare = problem.room_spare.tolist()
        self.alone = problem.exam_alone.tolist()
        self.length = problem.exam_duration.tolist()
        self.block = problem.room_block.tolist()
        self.dislike = problem.room_penalty.tolist()
        self.total = [0] * problem.rooms
        self.there: list[dict[int, int]] = [{} for _ in range(problem.rooms)]  # exam → candidates
        self.own: set[int] = set()  # rooms of somebody who sits alone
        self.used = 0
        self.max_rooms = int(problem.period_max_rooms[period])
        self.rooms_of_part: dict[int, dict[int, int]] = defaultdict(dict)  # room → candidates
        self.apart: dict[int, set[int]] = defaultdict(set)
        for a, b in problem.different_room.tolist():
            self.apart[a].add(b)
            self.apart[b].add(a)
        self.share: dict[tuple[int, int], int] = defaultdict(int)  # (unit, room) → candidates
        # Where a pattern has more than two classes an exam keeps to one of them in a room: exams that lie in
        # two find neighbours of their own. With two classes there is always a way round.
        self.classes = [_classes_of(shape) for shape in shapes]
        self.class_of: list[dict[int, int]] = [{} for _ in range(problem.rooms)]  # exam → class

    def free(self, unit: Unit, room: int, limits: Limits) -> int:
        """How many more of the unit the room can take."""
        if not self.open[room] or room in self.own:
            return 0
        problem, exam, there = self.problem, unit.exam, self.there[room]
        present = there.get(exam, 0)
        if not present:
            if there and (self.alone[exam] or any(self.alone[other] for other in there)):
                return 0
            if self.apart and self.apart[exam] & there.keys():
                return 0
            if not there and limits.period_rooms and self.used >= self.max_rooms:
                return 0
        if limits.max_rooms and room not in self.rooms_of_part[unit.part]:
            most = int(problem.exam_max_rooms[exam])
            if most < NO_LIMIT and len(self.rooms_of_part[unit.part]) >= most:
                return 0
        shape = self.shapes[room]
        seats = self.capacity[room] - (self.spare[room] if limits.spare else 0)
        if not limits.neighbours:
            return max(0, seats - self.total[room])
        exams = len(there) + (not present)
        whole = min(seats, shape.most(exams)) - self.total[room]
        mine = min(shape.largest, self.capacity[room] * problem.sparse_percent // 100) - present
        if classes := self.classes[room]:
            kept = self.class_of[room].get(exam)
            mine = min(mine, max(classes) if kept is None else classes[kept])
        return max(0, min(whole, mine))

    def put(self, number: int, unit: Unit, room: int, count: int) -> None:
        if not self.there[room]:
            self.used += 1
        if classes := self.classes[room]:
            fits = [place for place, seats in enumerate(classes) if seats >= count]
            tightest = min(fits, key=lambda p: classes[p]) if fits else classes.index(max(classes))
            classes[self.class_of[room].setdefault(unit.exam, tightest)] -= count
        self.there[room][unit.exam] = self.there[room].get(unit.exam, 0) + count
        self.total[room] += count
        mine = self.rooms_of_part[unit.part]
        mine[room] = mine.get(room, 0) + count
        self.share[number, room] += count

    def take(self, number: int, unit: Unit, room: int, count: int) -> None:
        there = self.there[room]
        there[unit.exam] -= count
        if classes := self.classes[room]:
            classes[self.class_of[room][unit.exam]] += count
            if not there[unit.exam]:
                del self.class_of[room][unit.exam]
        self.total[room] -= count
        self.share[number, room] -= count
        if not self.share[number, room]:
            del self.share[number, room]
        mine = self.rooms_of_part[unit.part]
        mine[room] -= count
        if not mine[room]:
            del mine[room]
        if not there[unit.exam]:
            del there[unit.exam]
            if not there:
                self.used -= 1

    def worth(self, rooms: Iterable[int], parts: Iterable[int]) -> float:
        """What these rooms and parts cost by the soft rules about rooms."""
        p, weights = self.problem, self.problem.weights
        cost = 0.0
        for room in rooms:
            there = self.there[room]
            if there:
                cost += weights.get("rooms_used", 0)
                cost += weights.get("mixed_durations", 0) * (len({self.length[exam] for exam in there}) - 1)
                if p.most_exams:
                    cost += weights.get("exams_in_room", 0) * max(0, len(there) - p.most_exams)
        for part in parts:
            used = self.rooms_of_part[part]
            cost += weights.get("split_rooms", 0) * (len(used) - 1)
            cost += weights.get("split_blocks", 0) * (len({self.block[room] for room in used}) - 1)
            cost += weights.get("room_penalty", 0) * sum(self.dislike[room] for room in used)
        return cost

    def price(self, unit: Unit, room: int) -> float:
        """What the room would cost the unit by the soft rules."""
        weights, there = self.problem.weights, self.there[room]
        cost = float(weights.get("room_penalty", 0) * self.dislike[room])
        mine = self.rooms_of_part[unit.part]
        if mine and room not in mine:
            cost += weights.get("split_rooms", 0)
            if self.block[room] not in {self.block[other] for other in mine}:
                cost += weights.get("split_blocks", 0)
        if not there:
            return cost + weights.get("rooms_used", 0)
        if unit.exam not in there:
            if self.problem.most_exams and len(there) >= self.problem.most_exams:
                cost += weights.get("exams_in_room", 0)
            if all(self.length[other] != self.length[unit.exam] for other in there):
                cost += weights.get("mixed_durations", 0)
        return cost


def _classes_of(shape: Shape) -> list[int]:
    """Free chairs by class of the pattern that holds most; nothing where there are one or two classes."""
    sizes = [len(part) for part in shape.patterns[0]]
    return sizes if len(sizes) > 2 else []


def distribute(
    hall: Hall,
    units: list[Unit],
    chance: random.Random,
    noise: float = 0.0,
    resorts: tuple[Limits, ...] = RESORTS,
    waiting: dict[int, int] | None = None,
) -> dict[int, int]:
    """Give the units rooms; unit → candidates for whom there is none. `noise` shakes the order; `waiting`:
    how many of each unit have none yet, if not all."""

    def hardness(number: int) -> tuple[int, float]:
        unit = units[number]
        few = int(hall.problem.exam_max_rooms[unit.exam]) < NO_LIMIT or hall.alone[unit.exam]
        narrow = sum(hall.capacity[room] for room in unit.rooms if hall.open[room])
        hard = few or narrow < 3 * len(unit.candidates)
        return -int(hard), -len(unit.candidates) * (1 + noise * chance.random())

    left = {number: len(unit.candidates) for number, unit in enumerate(units)} if waiting is None else waiting
    order = sorted(left, key=hardness)
    same = _companions(hall.problem)
    for limits in resorts:
        for number in order:
            if left[number]:
                left[number] -= _place(hall, units, number, left[number], limits, same)
        for number in order:
            while left[number] and (moved := _make_room(hall, units, number, left[number], limits)):
                left[number] -= moved
        left = {number: count for number, count in left.items() if count}
        if not left:
            break
        order = [number for number in order if number in left]
    return left


def _companions(problem: Problem) -> dict[int, set[int]]:
    same: dict[int, set[int]] = defaultdict(set)
    for a, b in problem.same_room.tolist():
        same[a].add(b)
        same[b].add(a)
    return same


def _place(
    hall: Hall, units: list[Unit], number: int, wanted: int, limits: Limits, same: dict[int, set[int]]
) -> int:
    unit, placed = units[number], 0
    rooms = unit.rooms
    for other in same.get(unit.exam, ()):
        # In the other's rooms only, if that has any yet.
        theirs = {room for room in range(len(hall.there)) if other in hall.there[room]}
        rooms = tuple(room for room in rooms if room in theirs) if theirs else rooms
    while placed < wanted:
        need = wanted - placed
        free = {room: seats for room in rooms if (seats := hall.free(unit, room, limits))}
        if not free:
            break
        whole = [room for room, seats in free.items() if seats >= need]
        if whole:
            # Of the rooms that hold it the cheapest; else the one that has least left.
            room = min(whole, key=lambda r: (hall.price(unit, r) + 0.2 * (free[r] - need), r))
        else:
            room = max(free, key=lambda r: (free[r] - 0.5 * hall.price(unit, r), -r))
        count = min(need, free[room])
        hall.put(number, unit, room, count)
        placed += count
    return placed


def _make_room(hall: Hall, units: list[Unit], number: int, wanted: int, limits: Limits) -> int:
    """Move some of another unit to where they may sit and the unit may not, and sit the unit there. The other
    may be of the same exam: of an exam so many fit into a room, and the others may go elsewhere."""
    unit = units[number]
    by_room: dict[int, list[int]] = defaultdict(list)
    for other, room in list(hall.share):
        if other != number:
            by_room[room].append(other)
    for room in unit.rooms:
        for other in by_room.get(room, ()):
            theirs = units[other]
            for elsewhere in theirs.rooms:
                if elsewhere == room:
                    continue
                most = min(wanted, hall.share[other, room], hall.free(theirs, elsewhere, limits))
                if most <= 0:
                    continue
                hall.take(other, theirs, room, most)
                hall.put(other, theirs, elsewhere, most)
                count = min(most, hall.free(unit, room, limits))
                if count:
                    hall.put(number, unit, room, count)
                if count < most:  # no more than is of use
                    hall.take(other, theirs, elsewhere, most - count)
                    hall.put(other, theirs, room, most - count)
                if count:
                    return count
    return 0


def improve(hall: Hall, units: list[Unit], chance: random.Random, draws: int) -> None:
    """Cheaper rooms by simulated annealing: all of a unit's candidates in a room go to another one, or change
    places with all of another unit's there. What is left is the cheapest that was met."""
    linked = set(hall.problem.same_room.ravel().tolist())
    movable = {number for number, unit in enumerate(units) if unit.exam not in linked and len(unit.rooms) > 1}
    shares = [key for key in hall.share if key[0] in movable]
    cost, cheapest, best = 0.0, 0.0, dict(hall.share)
    for draw in range(draws if len(shares) > 1 and hall.problem.weights else 0):
        one = shares[int(chance.random() * len(shares))]
        rooms = units[one[0]].rooms
        change = _change(hall, units, shares, one, rooms[int(chance.random() * len(rooms))], chance)
        if change is None:
            continue
        price, undo = change
        heat = HOT * (COLD / HOT) ** (draw / draws)
        if price > 0 and chance.random() >= math.exp(-price / heat):
            _shift(hall, units, undo)
            continue
        cost += price
        shares = [key for key in hall.share if key[0] in movable]
        if cost < cheapest - 1e-9:
            cheapest, best = cost, dict(hall.share)
    now = dict(hall.share)
    _shift(hall, units, [(number, room, None, count) for (number, room), count in now.items()])
    _shift(hall, units, [(number, None, room, count) for (number, room), count in best.items()])


# A unit's candidates leave a room for another one; None is neither.
Shift = tuple[int, int | None, int | None, int]


def _shift(hall: Hall, units: list[Unit], shifts: list[Shift]) -> None:
    for number, room, _to, count in shifts:
        if room is not None:
            hall.take(number, units[number], room, count)
    for number, _room, to, count in shifts:
        if to is not None:
            hall.put(number, units[number], to, count)


def _change(
    hall: Hall,
    units: list[Unit],
    shares: list[tuple[int, int]],
    one: tuple[int, int],
    to: int,
    chance: random.Random,
) -> tuple[float, list[Shift]] | None:
    """Do it, if every limit is kept by it: what it costs, and how it is undone."""
    number, room = one
    unit, count = units[number], hall.share[one]
    if to == room:
        return None
    shifts = [(number, room, to, count)]
    if hall.free(unit, to, RESORTS[0]) < count:
        there = [key for key in shares if key[1] == to and units[key[0]].exam != unit.exam]
        if not there:
            return None
        other = there[int(chance.random() * len(there))]
        if room not in units[other[0]].rooms:
            return None
        shifts.append((other[0], to, room, hall.share[other]))
    parts = {units[shift[0]].part for shift in shifts}
    before = hall.worth((room, to), parts)
    for n, leaving, _to, many in shifts:
        hall.take(n, units[n], leaving, many)
    done: list[tuple[int, int, int, int]] = []
    for n, leaving, entering, many in shifts:
        if hall.free(units[n], entering, RESORTS[0]) < many:
            _shift(hall, units, [(n, e, None, m) for n, _l, e, m in done])
            _shift(hall, units, [(n, None, out, m) for n, out, _e, m in shifts])
            return None
        hall.put(n, units[n], entering, many)
        done.append((n, leaving, entering, many))
    return hall.worth((room, to), parts) - before, [(n, into, out, m) for n, out, into, m in shifts]
