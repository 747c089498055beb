"""Chairs for a few candidates among others who stay where they are: the late, and those of a lost room."""

from collections import defaultdict

import numpy as np

from .neighbours import Shape
from .problem import NO_LIMIT, NOWHERE, Ints, Problem
from .rooms import RESORTS, Limits


class Floor:
    """The chairs of a period: who sits on each, and what a candidate of an exam may still take."""

    def __init__(
        self, problem: Problem, shapes: list[Shape], period: int, candidates: Ints, chair: Ints
    ) -> None:
        self.problem, self.shapes, self.period = problem, shapes, period
        self.on = np.full(problem.chairs, NOWHERE, dtype=np.int64)  # candidates
        self.room_of = problem.chair_room
        self.there: list[dict[int, int]] = [
            defaultdict(int) for _ in range(problem.rooms)
        ]  # exam → candidates
        self.rooms_of_part: dict[int, set[int]] = defaultdict(set)
        self.own: set[int] = set()
        for candidate, where in zip(candidates.tolist(), chair.tolist(), strict=True):
            if where != NOWHERE:
                self.sit(candidate, where)

    def sit(self, candidate: int, chair: int) -> None:
        p, room = self.problem, int(self.room_of[chair])
        self.on[chair] = candidate
        self.there[room][int(p.candidate_exam[candidate])] += 1
        self.rooms_of_part[int(p.candidate_part[candidate])].add(room)
        if p.candidate_own_room[candidate] and len(self.there[room]) == 1:
            self.own.add(room)

    def seats(self, room: int, limits: Limits) -> int:
        """Free seats of the room."""
        p = self.problem
        spare = int(p.room_spare[room]) if limits.spare else 0
        return int(p.room_capacity[room]) - spare - sum(self.there[room].values())

    def may_use(self, part: int, room: int, limits: Limits) -> bool:
        p = self.problem
        exam, there = int(p.part_exam[part]), self.there[room]
        if not p.room_open[room, self.period] or not p.part_rooms[part, room] or room in self.own:
            return False
        if exam not in there:
            if there and (p.exam_alone[exam] or any(p.exam_alone[other] for other in there)):
                return False
            apart = p.different_room[(p.different_room == exam).any(axis=1)].ravel().tolist()
            if any(other in there for other in apart if other != exam):
                return False
            used = sum(bool(there) for there in self.there)
            if not there and limits.period_rooms and used >= p.period_max_rooms[self.period]:
                return False
        mine, most = self.rooms_of_part[part], int(p.exam_max_rooms[exam])
        return not (limits.max_rooms and most < NO_LIMIT and room not in mine and len(mine) >= most)

    def chairs_for(self, exam: int, room: int, wanted: int, limits: Limits, front: bool) -> list[int]:
        """Up to so many chairs of the room for the exam, none beside another of it, in order of counting."""
        p, first = self.problem, int(self.problem.room_ptr[room])
        wanted = min(wanted, self.seats(room, limits))
        shape = self.shapes[room]
        if limits.neighbours and p.sparse_percent < 100:
            most = int(p.room_capacity[room]) * p.sparse_percent // 100
            wanted = min(wanted, most - self.there[room].get(exam, 0))
        if wanted <= 0:
            return []
        on = self.on[first : int(p.room_ptr[room + 1])]
        exam_on = np.where(on != NOWHERE, p.candidate_exam[on], NOWHERE).tolist()
        free = [chair for chair in (shape.chairs + first).tolist() if self.on[chair] == NOWHERE]
        if front:
            free = [chair for chair in free if p.chair_front[chair]]
        near = defaultdict(list)
        if limits.neighbours:
            for a, b in (shape.edges + first).tolist():
                near[a].append(b)
                near[b].append(a)
        barred = {chair for chair in free if any(exam_on[other - first] == exam for other in near[chair])}
        best: list[int] = []
        # Chair by chair in order of counting; or class by class, which holds more in an empty room.
        for order in (
            free,
            *[[int(c) + first for part in classes for c in part] for classes in shape.patterns],
        ):
            taken: set[int] = set()
            allowed = set(free) - barred
            for chair in order:
                if chair in allowed and not any(other in taken for other in near[chair]):
                    taken.add(chair)
                    if len(taken) == wanted:
                        break
            if len(taken) > len(best):
                best = sorted(taken)
        return best


def insert(
    problem: Problem, shapes: list[Shape], period: int, candidates: Ints, chair: Ints, *, resorts: int = 4
) -> Ints:
    """Seat the candidates of a period who have no chair; everybody else stays. resorts: how many of `RESORTS`
    are tried, the first of which keep the neighbour rule. NOWHERE remains for whom there is none."""
    chair = chair.copy()
    place = {int(candidate): number for number, candidate in enumerate(candidates)}
    floor = Floor(problem, shapes, period, candidates, chair)

    def sit(candidate: int, where: int) -> None:
        floor.sit(candidate, where)
        chair[place[candidate]] = where

    waiting = candidates[chair == NOWHERE].tolist()
    for candidate in list(waiting):
        pin = int(problem.candidate_pin[candidate])
        if pin != NOWHERE and floor.on[pin] == NOWHERE and problem.room_open[floor.room_of[pin], period]:
            sit(candidate, pin)
            waiting.remove(candidate)
    for candidate in [c for c in waiting if problem.candidate_own_room[c]]:
        room = _own_room(floor, candidate)
        if room is not None:
            here = shapes[room].chairs + problem.room_ptr[room]
            sit(candidate, int(here[np.argmax(problem.chair_front[here])]))
            floor.own.add(room)
            waiting.remove(candidate)
    for limits in RESORTS[:resorts]:
        groups: dict[tuple[int, bool, bool], list[int]] = defaultdict(list)
        for candidate in waiting:
            key = (
                int(problem.candidate_part[candidate]),
                bool(problem.candidate_ground[candidate]),
                bool(problem.candidate_front[candidate]),
            )
            groups[key].append(candidate)
        for (part, ground, front), group in sorted(groups.items(), key=lambda item: -len(item[1])):
            kept = [(ground, front)] if limits.neighbours else [(ground, front), (False, False)]
            for low, ahead in kept:
                while group and (found := _room_for(floor, part, len(group), limits, low, ahead)):
                    for where in found:
                        sit(group.pop(0), where)
        waiting = [candidate for candidate in waiting if chair[place[candidate]] == NOWHERE]
        if not waiting:
            break
    return chair


def _own_room(floor: Floor, candidate: int) -> int | None:
    p, part = floor.problem, int(floor.problem.candidate_part[candidate])
    rooms = [
        room
        for room in range(p.rooms)
        if not floor.there[room]
        and len(floor.shapes[room].chairs)
        and floor.may_use(part, room, RESORTS[1])
        and (p.room_floor[room] <= 0 or not p.candidate_ground[candidate])
    ]
    return min(rooms, key=lambda room: (p.room_capacity[room], room), default=None)


def _room_for(floor: Floor, part: int, wanted: int, limits: Limits, ground: bool, front: bool) -> list[int]:
    """Chairs in one room for as many of the group as may be: where the exam sits already, else a room that is
    in use, else the smallest that holds all."""
    p, exam = floor.problem, int(floor.problem.part_exam[part])

    def value(room: int, many: int) -> tuple:
        there, seats = floor.there[room], floor.seats(room, limits)
        return many, exam in there, bool(there), -int(p.room_penalty[room]), -seats, -room

    at_best = [
        value(room, min(wanted, floor.seats(room, limits)))
        for room in np.flatnonzero(p.part_rooms[part]).tolist()
        if not (ground and p.room_floor[room] > 0) and floor.may_use(part, room, limits)
    ]
    best: tuple[tuple, list[int]] = ((0,), [])
    for most in sorted(at_best, reverse=True):
        if most <= best[0]:
            break
        room = -most[-1]
        if chairs := floor.chairs_for(exam, room, wanted, limits, front):
            best = max(best, (value(room, len(chairs)), chairs))
    return best[1]
