"""The search: every period seated, then seated again and again while time is left, the better plan kept."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..stop import MaxSeconds, MaxSteps, Spent, Stop
from . import score
from .arrange import arrange
from .construct import keep_period, seat_period
from .neighbours import Shape, shapes_of
from .problem import NOWHERE, Ints, Problem, make_problem

NOISE = 0.3  # of an exam's size, in the order in which exams are given rooms
ROOMS_SHARE = 0.5  # of the time for rooms and patterns, the rest for who sits on which chair
HARD_TRIES = 30  # of a period with hard faults before the others have their turn again


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
    if not stop.is_bounded:
        raise ValueError("Give the search an end: seconds or steps.")
    shapes = shapes_of(problem)
    problem = problem._replace(weights={**problem.weights, **(weights or {})})
    plan = _Plan(problem, shapes, seed, stop, callbacks or Callbacks(), began)
    plan.build()
    plan.improve()
    plan.arrange()
    return result_of(problem, plan.chair, shapes, time.perf_counter() - began, seed)


def result_of(
    problem: Problem, chair: Ints, shapes: list[Shape], seconds: float = 0.0, seed: int = 1
) -> Result:
    """What these chairs are worth."""
    found = score.evaluate(problem, chair, shapes=shapes)
    elsewhere = [score.RULE_OF_CODE[code] for code in score.OF_THE_DATESHEET]
    return Result(
        chair=chair,
        hard=found.hard - sum(found.counts[rule.code] for rule in elsewhere if rule.hard),
        cost=found.cost,
        counts={code: count for code, count in found.counts.items() if code not in score.OF_THE_DATESHEET},
        costs={code: cost for code, cost in found.costs.items() if code not in score.OF_THE_DATESHEET},
        measures=measures(problem, chair, found, seconds),
        seconds=seconds,
        seed=seed,
    )


def warm_up() -> None:
    """Have everything compiled, by the smallest problem that needs it."""
    hall = make_problem(
        chair_room=[0] * 4,
        chair_row=[1, 1, 2, 2],
        chair_across=[1, 2, 1, 2],
        exam_period=[0],
        candidate_exam=[0, 0],
        candidate_student=[0, 1],
        weights={"same_neighbour": 1},
    )
    solve(hall, stop=MaxSteps(1))


class _Plan:
    """The chairs so far, and what each period's cost."""

    def __init__(
        self, problem: Problem, shapes: list[Shape], seed: int, stop: Stop, tell: Any, began: float
    ) -> None:
        self.problem, self.shapes, self.seed, self.stop, self.tell = problem, shapes, seed, stop, tell
        self.began, self.cpu_began = began, time.process_time()
        self.chair = np.full(problem.candidates, NOWHERE, dtype=np.int64)
        by_period = problem.exam_period[problem.candidate_exam]
        self.mine = {period: np.flatnonzero(by_period == period) for period in np.unique(by_period).tolist()}
        self.part = {period: part_of(problem, mine) for period, mine in self.mine.items()}
        self.worth: dict[int, tuple[int, int]] = {}
        self.tries: dict[int, int] = dict.fromkeys(self.mine, 0)
        self.steps, self.told_s, self.improved_s, self.improved_steps = 0, 0.0, 0.0, 0

    def build(self) -> None:
        """Every period once; where there is an earlier plan, by that too, and the better is kept."""
        for period, mine in self.mine.items():
            self.attempt(period, noise=0.0)
            if (self.problem.candidate_before[mine] != NOWHERE).any():
                self.keep(period, keep_period(self.problem, self.shapes, period, mine))
            if self.is_over(whole=False):
                break

    def improve(self) -> None:
        """Try the periods again in turn, those with hard faults first, with a shaken order."""
        rooms_share = 1.0 if isinstance(self.stop, MaxSteps) else ROOMS_SHARE
        while self.mine and not self.is_over() and self.progress() < rooms_share:
            faulty = [period for period, worth in self.worth.items() if worth[0]]
            period = min(faulty or self.mine, key=lambda p: (self.tries[p], p))
            if not faulty or self.tries[period] >= HARD_TRIES:
                period = min(self.mine, key=lambda p: (self.tries[p], p))
            self.attempt(period, noise=NOISE)

    def arrange(self) -> None:
        """The candidates on their exams' chairs, over what is left of the time."""
        begin = self.progress()
        in_steps = isinstance(self.stop, MaxSteps)
        if begin >= 1 and not in_steps:
            return
        share = None if in_steps else lambda: (self.progress() - begin) / (1 - begin)
        found = arrange(self.problem, self.shapes, self.chair, seed=self.seed, progress=share)
        before, after = (score.evaluate(self.problem, one, shapes=self.shapes) for one in (self.chair, found))
        if (after.hard, after.cost) < (before.hard, before.cost):
            self.chair = found

    def attempt(self, period: int, noise: float) -> None:
        chance = random.Random(f"{self.seed} {period} {self.tries[period]}")  # noqa: S311  (nothing secret)
        self.tries[period] += 1
        self.steps += 1
        self.keep(period, seat_period(self.problem, self.shapes, period, self.mine[period], chance, noise))

    def keep(self, period: int, chair: Ints) -> None:
        found = score.evaluate(self.part[period], chair, shapes=self.shapes)
        worth = (found.counts["chair_missing"] + found.hard, found.cost)
        if period not in self.worth or worth < self.worth[period]:
            self.worth[period] = worth
            self.chair[self.mine[period]] = chair
            self.improved_s, self.improved_steps = time.perf_counter() - self.began, self.steps

    def is_over(self, whole: bool = True) -> bool:
        """Time or steps are used up, or somebody cancels; without `whole` only the latter."""
        wall = time.perf_counter() - self.began
        if self.tell.progress is not None and wall - self.told_s >= self.tell.every_s:
            self.told_s = wall
            found = score.evaluate(self.problem, self.chair, shapes=self.shapes)
            self.tell.progress(Progress(wall, 0.0, found.hard, found.cost, found.counts, self.steps))
        if self.tell.is_cancelled is not None and self.tell.is_cancelled():
            return True
        return whole and self.progress() >= 1

    def progress(self) -> float:
        wall = time.perf_counter() - self.began
        spent = Spent(
            wall,
            time.process_time() - self.cpu_began,
            self.steps,
            wall - self.improved_s,
            self.steps - self.improved_steps,
        )
        return self.stop.progress(spent)


def part_of(problem: Problem, candidates: Ints) -> Problem:
    """The problem with these candidates only, whose numbers are their places here."""
    fields = {
        name: getattr(problem, name)[candidates] for name in Problem._fields if name.startswith("candidate_")
    }
    return problem._replace(**fields)


def measures(problem: Problem, chair: Ints, found: score.Score, seconds: float) -> dict[str, Any]:
    """What the planner is told of the seats."""
    seated = int((chair != NOWHERE).sum())
    return {
        "candidates": problem.candidates,
        "seated": seated,
        "policy": str(problem.neighbours),
        "same_exam_neighbours": found.counts["neighbours"],
        "rooms_used": found.counts["rooms_used"],
        "seconds": round(seconds, 2),
    }
