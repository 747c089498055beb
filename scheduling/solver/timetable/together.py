"""A smallest set of exams and demands that cannot hold together.

Candidates are the exams that had to make room for others most often while a first plan was sought; they are
taken in twice as many at a time until it is proved that they cannot all be placed. Then QuickXplain (Junker
2004) takes away what the proof does not need, first exams, then demands. What remains is needed for the
proof, each of it, unless a proof ran out of time.
"""

import time
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import TypeVar

import numpy as np

from .changes import renumbered, restrict, without
from .exact import is_impossible
from .fixes import place_all
from .problem import HARD, NO_LIMIT, Problem, find_conflicts
from .reasons import Demand, Reason, numbers

FIRST_CANDIDATES = 8
MOST_CANDIDATES = 200
EACH = ("fixed", "allowed", "long", "alone", "max_rooms", "rooms")  # demands on one exam
PROOF_S = 2.0  # for one proof, at most
Item = TypeVar("Item")


def find_together(problem: Problem, exams: Iterable[int], until: float) -> Reason | None:
    """A reason why not all of `exams` can be placed, if one can be proved before `until` (of
    time.monotonic); None if there is none or it was not found."""
    exams = sorted(exams)
    plan, trouble = place_all(restrict(problem, exams))
    if not (plan.period < 0).any():
        return None
    trouble = trouble + (plan.period < 0) * (trouble.max(initial=0) + 1)
    order = [exams[i] for i in np.argsort(-trouble, kind="stable")]
    count = FIRST_CANDIDATES
    while not _proved(restrict(problem, order[:count]), until):
        if count >= min(len(order), MOST_CANDIDATES) or time.monotonic() > until:
            return None
        count *= 2
    core = _smallest(order[:count], lambda some: _proved(restrict(problem, some), until))
    core.sort()
    small = restrict(problem, core)
    if not (place_all(small)[0].period < 0).any():
        raise AssertionError(f"Exams {core} were proved impossible, and there is a plan for them.")
    asked = demands_of(small)

    def proved(kept: list[Demand]) -> bool:
        relaxed = small
        for demand in asked:
            if demand not in kept:
                relaxed = without(relaxed, demand)
        return _proved(relaxed, until)

    needed = _smallest(asked, proved)
    demands = [renumbered(demand, core) for demand in _merged(needed)]
    return Reason("together", tuple(core), demands=(*demands, Demand("periods", value=problem.periods)))


def _proved(problem: Problem, until: float) -> bool:
    seconds = min(PROOF_S, until - time.monotonic())
    return seconds > 0 and is_impossible(problem, seconds)


def _smallest(items: list[Item], is_too_much: Callable[[list[Item]], bool]) -> list[Item]:
    """QuickXplain: a part of `items` that is still too much and of which each is needed; the first ones are
    kept rather than the last ones."""

    def needed(given: list[Item], has_new: bool, some: list[Item]) -> list[Item]:
        if has_new and is_too_much(given):
            return []
        if len(some) == 1:
            return some
        half = (len(some) + 1) // 2
        late = needed(given + some[:half], True, some[half:])
        early = needed(given + late, bool(late), some[:half])
        return early + late

    if is_too_much([]):
        return []
    found = needed([], False, items)
    return found if is_too_much(found) else items


def demands_of(problem: Problem) -> list[Demand]:
    """What is asked for in this (small) problem, what a planner can change most easily first."""
    demands = []
    everyone = tuple(range(problem.exams))
    for e in everyone:
        if problem.pinned_period[e] >= 0:
            demands.append(Demand("fixed", (e,), (int(problem.pinned_period[e]),)))
    demands += [Demand("rule", (r.a, r.b), rule=r) for r in problem.pair_rules if r.weight == HARD]
    if "clash" not in problem.soft:
        pairs = find_conflicts(problem)
        for a, b, count in zip(pairs.a.tolist(), pairs.b.tolist(), pairs.barred.tolist(), strict=True):
            if count:
                demands.append(Demand("clash", (a, b), value=count))
    for e in everyone:
        if not problem.exam_periods[e].all():
            demands.append(Demand("allowed", (e,), numbers(problem.exam_periods[e])))
    for who in np.unique(problem.person_exam[:, 0]).tolist():
        exams = tuple(np.unique(problem.person_exam[problem.person_exam[:, 0] == who, 1]).tolist())
        away = np.unique(problem.person_away[problem.person_away[:, 0] == who, 1])
        if len(away):
            demands.append(Demand("away", exams, tuple(away.tolist()), who=who))
        if len(exams) > 1 and "person_clash" not in problem.soft:
            demands.append(Demand("person", exams, who=who))
    for e in everyone:
        fits = problem.duration[e] <= problem.period_length
        if not fits.all():
            demands.append(Demand("long", (e,), numbers(fits)))
    for e in np.unique(problem.part_exam).tolist():
        if problem.exclusive[e]:
            demands.append(Demand("alone", (e,)))
        if problem.max_rooms[e] < problem.rooms:
            demands.append(Demand("max_rooms", (e,), value=int(problem.max_rooms[e])))
        if not problem.part_rooms[problem.part_exam == e].all():
            demands.append(Demand("rooms", (e,)))
    for kind, all_of_it in (
        ("period_exams", problem.exams),
        ("period_candidates", int(problem.size.sum())),
        ("period_rooms", problem.rooms),
    ):
        limit = getattr(problem, kind.replace("period_", "period_max_"))
        if (limit < min(all_of_it, NO_LIMIT)).any():
            demands.append(Demand(kind, everyone, value=int(limit.min())))
    if problem.parts:
        seats = int(problem.room_seats.sum(axis=0).max(initial=0))
        demands.append(Demand("seats", everyone, value=seats))
    return demands


def _merged(demands: list[Demand]) -> list[Demand]:
    """Demands that say the same of several exams become one sentence, and so do clashes of which each two
    exams have one."""
    same: dict[tuple[object, ...], Demand] = {}
    for demand in demands:
        key = (demand.kind, demand.periods, demand.value)
        if demand.kind not in EACH:
            same[demand] = demand
        elif key in same:
            same[key] = same[key]._replace(exams=(*same[key].exams, *demand.exams))
        else:
            same[key] = demand
    demands = list(same.values())
    clashes = [demand for demand in demands if demand.kind == "clash"]
    exams = sorted({e for demand in clashes for e in demand.exams})
    if len(clashes) < 3 or {demand.exams for demand in clashes} != set(combinations(exams, 2)):
        return demands
    rest = [demand for demand in demands if demand.kind != "clash"]
    return [Demand("clashes", tuple(exams)), *rest]
