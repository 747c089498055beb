"""What it would cost to hold an exam in each period: the solver's own rules, over the whole plan.

The exam takes rooms that are free there: its own where it can, else the one that fits best, else the largest.
Nothing else moves.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from .adapter import timetable
from .models import Period, Sitting, Solution
from .rules import rule_words
from .solver.timetable.problem import UNPLACED, Ints, Plan
from .solver.timetable.problem import find_conflicts as conflicts_of
from .solver.timetable.score import RULES, Score, evaluate

HARD_CODES = {rule.code for rule in RULES if rule.hard}


class Price(NamedTuple):
    """Of one period. hard, cost: what they would rise by (negative: fall). free_seats: chairs that no other
    exam has there. worse: the rules that would be broken more often, in words, and how much more often."""

    period: Period
    is_now: bool
    hard: int
    cost: int
    free_seats: int
    worse: list[tuple[str, int]]

    @property
    def level(self) -> str:
        """now, bad (a hard fault more), dear, same or good: the colour of the period."""
        if self.is_now:
            return "now"
        if self.hard > 0:
            return "bad"
        if self.hard < 0 or self.cost < 0:
            return "good"
        return "dear" if self.cost else "same"


class Moves:
    """A solution as the solver sees it, to try moves on."""

    def __init__(self, solution: Solution) -> None:
        # As the draft that a move goes into will be counted.
        self.season = timetable.season_of(solution.project, stay_close_to=solution.stays_close_to)
        self.problem = self.season.problem
        self.plan = self.season.plan_of(solution)
        self.conflicts = conflicts_of(self.problem)

    @cached_property
    def now(self) -> Score:
        return evaluate(self.problem, self.plan, conflicts=self.conflicts)

    def prices(self, sitting: Sitting) -> list[Price]:
        """One for each period, in order of time."""
        number = self.number_of(sitting)
        return [self._price(number, place) for place in range(self.problem.periods)]

    def number_of(self, sitting: Sitting) -> int:
        return next(n for n, row in enumerate(self.season.sittings) if row.pk == sitting.pk)

    def _price(self, number: int, place: int) -> Price:
        is_now = int(self.plan.period[number]) == place
        then = self.now if is_now else evaluate(
            self.problem, self.moved((number, place)), conflicts=self.conflicts
        )  # fmt: skip
        return Price(
            self.season.periods[place],
            is_now,
            then.hard - self.now.hard,
            round(then.cost - self.now.cost),
            int(np.maximum(self._free(place, but=number), 0).sum()),
            [(rule_words(code), count) for code, count in self._worse(then)],
        )

    def _worse(self, then: Score) -> list[tuple[str, int]]:
        """Rules that are broken more often than now, the hard ones first, then the dearest."""
        found = []
        for code, count in then.counts.items():
            more = count - self.now.counts.get(code, 0)
            dearer = then.costs.get(code, 0) - self.now.costs.get(code, 0)
            if more > 0 and (dearer > 0 or code in HARD_CODES):
                found.append((code not in HARD_CODES, -dearer, code, round(more)))
        return [(code, more) for _is_soft, _cost, code, more in sorted(found)]

    def moved(self, *moves: tuple[int, int]) -> Plan:
        """The plan with these sittings in these periods (by number), each with rooms that are free there."""
        period = self.plan.period.copy()
        sittings = [number for number, _place in moves]
        for number, place in moves:
            period[number] = place
        own = np.isin(self.problem.part_exam[self.plan.part], sittings)
        plan = Plan(period, self.plan.part[~own], self.plan.room[~own], self.plan.seats[~own])
        for number, place in moves:
            plan = self._with_rooms(plan, number, place, set(self.plan.room[own].tolist()))
        return plan

    def _free(self, place: int, *, but: int | None = None, plan: Plan | None = None) -> Ints:
        """Chairs of each room in that period that no exam has, `but` left out."""
        plan = self.plan if plan is None else plan
        owner = self.problem.part_exam[plan.part]
        there = (plan.period[owner] == place) & (owner != (-1 if but is None else but))
        used = np.bincount(plan.room[there], weights=plan.seats[there], minlength=self.problem.rooms)
        return self.problem.room_seats[:, place] - used.astype(np.int64)

    def _with_rooms(self, plan: Plan, number: int, place: int, before: set[int]) -> Plan:
        problem, uses = self.problem, []
        if place == UNPLACED:
            return plan
        owner = problem.part_exam[plan.part]
        there = plan.period[owner] == place
        taken = np.unique(plan.room[there])
        barred = (
            taken if problem.exclusive[number] else np.unique(plan.room[there & problem.exclusive[owner]])
        )
        free = self._free(place, plan=plan)
        free[barred] = 0
        for part in np.flatnonzero(problem.part_exam == number).tolist():
            left = int(problem.part_size[part])
            while left:
                room = self._room_for(np.where(problem.part_rooms[part], free, 0), left, before)
                if room is None:
                    room = self._overfull_room(part, place, barred)
                    if room is None:
                        break  # the score tells how many have no room
                    seats = left
                else:
                    seats = min(left, int(free[room]))
                uses.append((part, room, seats))
                free[room] -= seats
                left -= seats
        more = np.array(uses, dtype=np.int64).reshape(-1, 3)
        rows = np.vstack([np.column_stack([plan.part, plan.room, plan.seats]), more])
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        return Plan(plan.period, *rows.T)

    def _overfull_room(self, part: int, place: int, barred: Ints) -> int | None:
        """The largest open one that suits, where rooms may be too small."""
        seats = np.where(self.problem.part_rooms[part], self.problem.room_seats[:, place], 0)
        seats[barred] = 0
        if "seats" not in self.problem.soft or not seats.max(initial=0):
            return None
        return int(np.argmax(seats))

    @staticmethod
    def _room_for(free: Ints, left: int, before: set[int]) -> int | None:
        """One of its own rooms, else the smallest that holds all who are left, else the largest."""
        if free.max(initial=0) <= 0:
            return None
        own = [room for room in before if free[room] > 0]
        if own:
            return max(own, key=lambda room: (min(int(free[room]), left), -room))
        fits = np.flatnonzero(free >= left)
        return int(fits[np.argmin(free[fits])]) if len(fits) else int(np.argmax(free))
