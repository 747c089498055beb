"""What is short, where, and what would help at the least trouble: before the search and after it.

Each shortage is proved by counting: so many candidates need so many chairs, and there are fewer. A cure is a
change that makes the numbers fit; of several the one that troubles fewest people is told, in this order:
mend chairs, open a room, lend the pool a room, allow another room, another neighbour rule, another period for
an exam, two sittings for it, and where nothing of these is enough the seats that are missing.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .construct import units_of
from .exact import most_seated
from .neighbours import Shape, shapes_of
from .problem import NO_LIMIT, NOWHERE, Bools, Ints, Problem
from .rooms import Hall

# From strict to lax; an exam that does not fit under one may fit under one further on.
LAXER = ("eight", "distance", "four", "sides", "bench", "none")


class Cure(NamedTuple):
    """kind: mend (`number` chairs of `room`), open (`rooms` in the period), lend (`room` to the pool), rooms
    (allow the exam or the period `number` rooms), policy (neighbours by `policy`), move (`exam` to `period`),
    split (`exam` in `number` sittings), seats (`number` more, wherever)."""

    kind: str
    number: int = 0
    exam: int = NOWHERE
    room: int = NOWHERE
    period: int = NOWHERE
    policy: str = ""
    rooms: tuple[int, ...] = ()


class Shortage(NamedTuple):
    """kind: period_seats (all rooms of a period), exam_seats (the rooms of an exam), pool_seats (rooms of
    several exams or a group), max_rooms, period_rooms, too_large (an exam by the neighbour rule), neighbours
    (several together), own_rooms, ground_seats, front_seats, not_found (nothing proves that it cannot be).

    exams, part: whom it is about. needed, available: candidates, and the chairs (or rooms) for them.
    """

    kind: str
    period: int
    needed: int
    available: int
    cure: Cure
    exams: tuple[int, ...] = ()
    part: int = NOWHERE


class _Period:
    """The numbers of one period."""

    def __init__(self, problem: Problem, shapes: list[Shape], period: int) -> None:
        self.problem, self.shapes, self.period = problem, shapes, period
        self.who = np.flatnonzero(problem.exam_period[problem.candidate_exam] == period)
        self.open = problem.room_open[:, period]
        self.seats = np.where(self.open, problem.room_capacity, 0)
        self.alone = self.who[problem.candidate_own_room[self.who]]
        self.others = self.who[~problem.candidate_own_room[self.who]]
        self.parts = np.unique(problem.candidate_part[self.others])
        self.size = {
            int(part): int((problem.candidate_part[self.others] == part).sum()) for part in self.parts
        }

    def shortages(self) -> Iterator[Shortage]:
        yield from self.own_rooms()
        yield from self.whole_period()
        yield from self.each_exam()
        yield from self.pools()
        yield from self.ground()
        yield from self.front()

    def whole_period(self) -> Iterator[Shortage]:
        p, needed = self.problem, len(self.others)
        here = np.sort(self.seats)[::-1]
        limit = int(p.period_max_rooms[self.period])
        if needed > here.sum():
            everywhere = np.ones(p.rooms, dtype=bool)
            yield self.short(
                "period_seats", needed, int(here.sum()), self.cure(needed - int(here.sum()), everywhere)
            )
        elif needed > here[:limit].sum():
            enough = int(np.searchsorted(np.cumsum(here), needed)) + 1
            cure = Cure("rooms", number=enough, period=self.period)
            yield self.short("period_rooms", needed, int(here[:limit].sum()), cure)

    def each_exam(self) -> Iterator[Shortage]:
        p = self.problem
        for exam in np.unique(p.part_exam[self.parts]).tolist():
            parts = [part for part in self.size if p.part_exam[part] == exam]
            needed = sum(self.size[part] for part in parts)
            rooms = np.asarray(p.part_rooms[parts].any(axis=0), dtype=bool)
            seats = int(self.seats[rooms].sum())
            if needed > seats:
                yield self.short("exam_seats", needed, seats, self.cure(needed - seats, rooms, exam), (exam,))
                continue
            for part in parts:
                most = int(p.exam_max_rooms[exam])
                mine = np.sort(self.most(p.part_rooms[part]))[::-1]
                if most < NO_LIMIT and self.size[part] > mine[:most].sum() and self.size[part] <= mine.sum():
                    enough = int(np.searchsorted(np.cumsum(mine), self.size[part])) + 1
                    cure = Cure("rooms", number=enough, exam=exam)
                    yield self.short("max_rooms", self.size[part], int(mine[:most].sum()), cure, (exam,))
            most_chairs = int(self.most(rooms).sum())
            if needed > most_chairs:
                cure = self.cure_of_policy(needed, rooms, exam)
                yield self.short("too_large", needed, most_chairs, cure, (exam,))

    def pools(self) -> Iterator[Shortage]:
        """Parts that may sit in the same rooms and in no others."""
        p = self.problem
        pools: dict[bytes, list[int]] = defaultdict(list)
        for part in self.size:
            if not p.part_rooms[part].all():
                pools[p.part_rooms[part].tobytes()].append(part)
        for parts in pools.values():
            rooms = p.part_rooms[parts[0]]
            needed, seats = sum(self.size[part] for part in parts), int(self.seats[rooms].sum())
            exams = tuple(sorted({int(p.part_exam[part]) for part in parts}))
            if needed > seats and len(exams) > 1:
                cure = self.cure(needed - seats, rooms, lend=True)
                yield self.short("pool_seats", needed, seats, cure, exams, parts[0])

    def own_rooms(self) -> Iterator[Shortage]:
        p, needed = self.problem, len(self.alone)
        if not needed:
            return
        rooms = np.sort(self.seats[self.seats > 0])
        # The smallest rooms for them, the rest for the others.
        free = rooms[::-1].cumsum()
        for_others = int(np.searchsorted(free, len(self.others))) + 1 if len(self.others) else 0
        available = max(0, len(rooms) - for_others)
        if len(self.others) and (not len(free) or len(self.others) > free[-1]):
            return  # no room is free for anybody: said of the whole period
        if needed > available:
            exams = tuple(sorted({int(p.candidate_exam[c]) for c in self.alone}))
            closed = np.flatnonzero(~self.open & (p.room_capacity > 0)).tolist()
            lacking = needed - available
            if len(closed) >= lacking:
                smallest = sorted(closed, key=lambda r: (p.room_capacity[r], r))[:lacking]
                cure = Cure("open", number=lacking, period=self.period, rooms=tuple(smallest))
            else:
                cure = Cure("own_rooms", number=lacking)
            yield self.short("own_rooms", needed, available, cure, exams)

    def ground(self) -> Iterator[Shortage]:
        p = self.problem
        who = self.others[p.candidate_ground[self.others]]
        if not len(who):
            return
        rooms = p.part_rooms[p.candidate_part[who]].any(axis=0) & (p.room_floor <= 0)
        seats = int(self.seats[rooms].sum())
        if len(who) > seats:
            exams = tuple(sorted({int(p.candidate_exam[c]) for c in who}))
            low = ~self.open & (p.room_floor <= 0)
            cure = (
                self.open_rooms(len(who) - seats, low, p.room_capacity)
                or self.move(exams, len(who) - seats, who)
                or Cure("ground_seats", number=len(who) - seats)
            )
            yield self.short("ground_seats", len(who), seats, cure, exams)

    def front(self) -> Iterator[Shortage]:
        p = self.problem
        who = self.others[p.candidate_front[self.others]]
        if not len(who):
            return
        rooms = p.part_rooms[p.candidate_part[who]].any(axis=0) & self.open
        chairs = int((p.chair_front & rooms[p.chair_room]).sum())
        if len(who) > chairs:
            exams = tuple(sorted({int(p.candidate_exam[c]) for c in who}))
            yield self.short(
                "front_seats", len(who), chairs, Cure("front_seats", number=len(who) - chairs), exams
            )

    # --- cures -------------------------------------------------------------------------------------------
    def most(self, rooms: Bools) -> Ints:
        """The most chairs that one exam may take in each of these rooms."""
        p = self.problem
        largest = np.array([shape.largest for shape in self.shapes])
        share = p.room_capacity * p.sparse_percent // 100
        return np.where(rooms & self.open, np.minimum(np.minimum(largest, share), p.room_capacity), 0)

    def cure(self, lacking: int, rooms: Bools, exam: int = NOWHERE, lend: bool = False) -> Cure:
        """For so many seats too few in these rooms."""
        p = self.problem
        broken = np.bincount(p.chair_room[~p.chair_usable], minlength=p.rooms)
        mendable = np.flatnonzero(rooms & self.open & (broken >= lacking)).tolist()
        if mendable:
            return Cure("mend", number=lacking, room=min(mendable, key=lambda r: (broken[r], r)))
        if opened := self.open_rooms(lacking, rooms & ~self.open, p.room_capacity):
            return opened
        if not rooms.all():
            spare = int(self.seats.sum()) - len(self.others)
            others = np.flatnonzero(~rooms & self.open & (p.room_capacity >= lacking)).tolist()
            if others and spare >= 0:
                return Cure("lend", number=lacking, room=min(others, key=lambda r: (p.room_capacity[r], r)))
        here = tuple(int(p.part_exam[part]) for part in self.size if (p.part_rooms[part] & rooms).any())
        found = self.move(here if exam == NOWHERE else (exam,), lacking)
        if found:
            return found
        if exam != NOWHERE and (seats := int(self.seats[rooms].sum())):
            return Cure("split", number=-(-self.count(exam) // seats), exam=exam)
        return Cure("seats", number=lacking)

    def open_rooms(self, lacking: int, closed: Bools, seats: Ints) -> Cure | None:
        """The smallest closed room with so many seats; if there is none, the largest until it is enough."""
        rooms = np.flatnonzero(closed & (seats > 0)).tolist()
        enough = [room for room in rooms if seats[room] >= lacking]
        chosen = [min(enough, key=lambda room: (seats[room], room))] if enough else []
        for room in sorted(rooms, key=lambda room: (-seats[room], room)):
            if seats[chosen].sum() < lacking:
                chosen.append(room)
        if seats[chosen].sum() < lacking:
            return None
        return Cure("open", number=len(chosen), period=self.period, rooms=tuple(chosen))

    def cure_of_policy(self, needed: int, rooms: Bools, exam: int) -> Cure:
        """For an exam that the neighbour rule makes too large: the next laxer one under which it fits."""
        p = self.problem
        largest = int(self.most(rooms).sum())
        sizes = np.array([shape.largest for shape in self.shapes])
        if opened := self.open_rooms(needed - largest, rooms & ~self.open, sizes):
            return opened
        for policy in LAXER[LAXER.index(p.neighbours) + 1 :]:
            lax = p._replace(neighbours=policy)
            chairs = sum(
                min(shape.largest, int(p.room_capacity[room]) * p.sparse_percent // 100)
                for room, shape in enumerate(shapes_of(lax))
                if rooms[room] and self.open[room]
            )
            if chairs >= needed:
                return Cure("policy", policy=policy)
        return Cure("split", number=-(-needed // max(1, largest)), exam=exam)

    def move(self, exams: tuple[int, ...], lacking: int, who: Ints | None = None) -> Cure | None:
        """The smallest of the exams whose leaving is enough, and a period with seats for it in which none of
        its candidates sits."""
        p = self.problem
        by_period = p.exam_period[p.candidate_exam]
        free = (p.room_open * p.room_capacity[:, None]).sum(axis=0) - np.bincount(
            by_period, minlength=p.periods
        )
        for exam in sorted(set(exams), key=self.count):
            mine = p.candidate_exam == exam
            gone = int(mine.sum()) if who is None else int(mine[who].sum())
            if gone < lacking:
                continue
            busy = np.isin(p.candidate_student, p.candidate_student[mine]) & ~mine
            taken = np.unique(by_period[busy])
            for period in np.argsort(-free, kind="stable").tolist():
                if period != self.period and period not in taken and free[period] >= mine.sum():
                    return Cure("move", exam=exam, period=period)
        return None

    def count(self, exam: int) -> int:
        return int((self.problem.candidate_exam == exam).sum())

    def short(
        self,
        kind: str,
        needed: int,
        available: int,
        cure: Cure,
        exams: tuple[int, ...] = (),
        part: int = NOWHERE,
    ) -> Shortage:
        return Shortage(kind, self.period, needed, available, cure, exams, part)


def find_shortages(problem: Problem, shapes: list[Shape] | None = None) -> list[Shortage]:
    """What cannot be, known before anybody is seated; period by period."""
    shapes = shapes_of(problem) if shapes is None else shapes
    found: list[Shortage] = []
    for period in np.unique(problem.exam_period).tolist():
        found += _Period(problem, shapes, period).shortages()
    return found


def explain(problem: Problem, chair: Ints, shapes: list[Shape] | None = None) -> list[Shortage]:
    """For the periods in which the seats found leave a candidate out or beside one of the same exam, without
    a shortage that was known before: whether that is proved, by the linear programme of `exact`."""
    shapes = shapes_of(problem) if shapes is None else shapes
    known = {shortage.period for shortage in find_shortages(problem, shapes)}
    found = []
    for period in np.unique(problem.exam_period).tolist():
        if period in known:
            continue
        here = _Period(problem, shapes, period)
        missing, beside = _faults(problem, shapes, here.who, chair[here.who])
        if not missing and not (beside and problem.must_keep_neighbours):
            continue
        hall = Hall(problem, shapes, period)
        units = units_of(problem, hall, here.others)
        smallest = np.argsort(np.where(here.seats > 0, here.seats, NO_LIMIT), kind="stable")
        taken = frozenset(smallest[: len(here.alone)].tolist())
        for kind, neighbours in (("pool_seats", False), ("neighbours", True)):
            if kind == "neighbours" and not problem.must_keep_neighbours:
                continue
            most = most_seated(problem, shapes, period, units, neighbours=neighbours, taken=taken)
            lacking = len(here.others) - most.seated
            if lacking > 0:
                exams = tuple(sorted({units[number].exam for number in most.short}))
                cure = here.move(exams, lacking) or Cure("seats", number=lacking)
                size = sum(len(units[number].candidates) for number in most.short)
                found.append(here.short(kind, size, size - lacking, cure, exams))
                break
        else:
            found.append(here.short("not_found", missing or beside, 0, Cure("time")))
    return found


def _faults(problem: Problem, shapes: list[Shape], who: Ints, chair: Ints) -> tuple[int, int]:
    """Candidates of a period without a chair, and pairs of neighbours with one exam."""
    on = np.full(problem.chairs + 1, NOWHERE, dtype=np.int64)
    on[chair] = problem.candidate_exam[who]
    on[-1] = NOWHERE
    beside = 0
    for room, shape in enumerate(shapes):
        edges = shape.edges + problem.room_ptr[room]
        one, other = on[edges[:, 0]], on[edges[:, 1]]
        beside += int(((one == other) & (one != NOWHERE)).sum())
    return int((chair == NOWHERE).sum()), beside
