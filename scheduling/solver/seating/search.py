"""The search: every period seated, then seated again and again while time is left, the better plan kept."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..stop import MaxSeconds, Stop
from . import score
from .construct import seat_period
from .neighbours import shapes_of
from .problem import NOWHERE, Ints, Problem


class Progress(NamedTuple):
    """What a callback is told; counts: faults by rule of the best plan."""

    seconds: float
    temperature: float
    hard: int
    cost: float
    counts: dict[str, int]
    steps: int


class Callbacks(NamedTuple):
    """progress is called about every `every_s` seconds, is_cancelled between periods."""

    progress: Callable[[Any], None] | None = None
    is_cancelled: Callable[[], bool] | None = None
    every_s: float = 1.0


class Result(NamedTuple):
    """chair: (candidates,) the chair of each, NOWHERE without one. hard, cost, counts, costs: by
    `score.evaluate`, the rules that the datesheet counts left out of counts and costs. measures: what a
    planner is told, fit for JSON. seed: with the problem and MaxSteps, the same plan again."""

    chair: Ints
    hard: int
    cost: int
    counts: dict[str, int]
    costs: dict[str, int]
    measures: dict[str, Any]
    seconds: float
    seed: int


def solve(
    problem: Problem,
    *,
    stop: Stop | None = None,
    seed: int = 1,
    weights: Mapping[str, int] | None = None,
    callbacks: Any = None,
) -> Result:
    """The best seats found: fewest hard faults, then lowest cost."""
    began = time.perf_counter()
    stop = MaxSeconds(30) if stop is None else stop
    shapes = shapes_of(problem)
    tell = callbacks or Callbacks()
    chair = np.full(problem.candidates, NOWHERE, dtype=np.int64)
    by_period = problem.exam_period[problem.candidate_exam]
    told = 0.0
    for period in np.unique(by_period).tolist():
        mine = np.flatnonzero(by_period == period)
        chance = random.Random(f"{seed} {period}")  # noqa: S311  (nothing secret)
        chair[mine] = seat_period(problem, shapes, period, mine, chance)
        if tell.is_cancelled is not None and tell.is_cancelled():
            break
        now = time.perf_counter() - began
        if tell.progress is not None and now - told >= tell.every_s:
            told = now
            found = score.evaluate(problem, chair, weights, shapes)
            tell.progress(Progress(now, 0.0, found.hard, found.cost, found.counts, period))
    found = score.evaluate(problem, chair, weights, shapes)
    seconds = time.perf_counter() - began
    kept = {code: count for code, count in found.counts.items() if code not in score.OF_THE_DATESHEET}
    return Result(
        chair=chair,
        hard=hard_of_seats(problem, found),
        cost=found.cost,
        counts=kept,
        costs={code: cost for code, cost in found.costs.items() if code not in score.OF_THE_DATESHEET},
        measures=measures(problem, chair, found, seconds),
        seconds=seconds,
        seed=seed,
    )


def hard_of_seats(problem: Problem, found: score.Score) -> int:
    """Hard faults without those that the datesheet tells."""
    elsewhere = (score.RULE_OF_CODE[code] for code in score.OF_THE_DATESHEET)
    return found.hard - sum(found.counts[rule.code] for rule in elsewhere if rule.hard)


def measures(problem: Problem, chair: Ints, found: score.Score, seconds: float) -> dict[str, Any]:
    """What the planner is told of the seats."""
    seated = int((chair != NOWHERE).sum())
    return {
        "candidates": problem.candidates,
        "seated": seated,
        "policy": problem.neighbours,
        "same_exam_neighbours": found.counts["neighbours"],
        "rooms_used": found.counts["rooms_used"],
        "seconds": round(seconds, 2),
    }
