"""The search: a first plan that fills what can be filled, then better ones, within time or steps."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..stop import MaxSeconds, MaxSteps, Spent, Stop
from . import bound, kernels, score
from .problem import BAN_RULES, NONE, OPEN, Ints, Problem, make_problem

CHUNK_S = 0.02
MOST_DRAWS = 200_000
LEVELS = 400
# Of the median price of a change that costs something: where the search starts and ends; measured. One that
# goes on from a roster first stays near it, then looks as far as any other: the better of both is kept.
HOT, RESUME, COLD = 0.5, 0.05, 0.0005


class Progress(NamedTuple):
    """What a callback is told: of the best plan so far."""

    seconds: float
    temperature: float
    hard: int
    cost: int
    counts: dict[str, int]
    steps: int


class Callbacks(NamedTuple):
    """progress is called about every `every_s` seconds, is_cancelled between kernel calls (20 ms)."""

    progress: Callable[[Progress], None] | None = None
    is_cancelled: Callable[[], bool] | None = None
    every_s: float = 1.0


class Result(NamedTuple):
    """who: the teacher of each post, OPEN (−1) for none. The rest by `score.evaluate`, but for measures: what
    a planner is shown."""

    who: Ints
    hard: int
    cost: int
    counts: dict[str, int]
    costs: dict[str, int]
    measures: dict[str, Any]
    steps: int
    seconds: float
    seed: int


def solve(
    problem: Problem,
    *,
    stop: Stop | None = None,
    seed: int = 1,
    initial: Ints | None = None,
    callbacks: Callbacks | None = None,
) -> Result:
    """The best plan found: fewest hard faults, then lowest cost.

    stop: `MaxSeconds(30)` if None. initial: the teacher of each post in a plan to go on from; the problem's
    earlier plan if None. Same problem, seed and MaxSteps: same plan.
    """
    stop = MaxSeconds(30) if stop is None else stop
    if not stop.is_bounded:
        raise ValueError("Give the search an end: seconds or steps.")
    warm_up()
    return Search(problem, stop, seed, initial, callbacks).run()


def warm_up() -> None:
    """Compile every kernel, or load it from the cache, so that no search pays for it."""
    if not _warm:
        tiny = make_problem(start=[0, 60], end=[60, 120], period=[0, 1], day=[0, 0], target=[60, 60])
        search = Search(tiny, MaxSteps(1), 1, None, None)
        _warm.append(search.run())
        # Its first plan is the best there is, so it did not come to the loop.
        kernels.anneal(search.model, search.state, 1.0, 1)


_warm: list[Result] = []


class _Cancelled(Exception):
    pass


class Search:
    def __init__(
        self,
        problem: Problem,
        stop: Stop,
        seed: int,
        initial: Ints | None,
        callbacks: Callbacks | None,
    ) -> None:
        self.began, self.cpu_began = time.perf_counter(), time.process_time()
        self.problem, self.stop, self.seed = problem, stop, seed
        self.callbacks = callbacks or Callbacks()
        self.is_fixed, pinned = keep_pins(problem)
        self.model = make_model(problem, self.is_fixed, pinned)
        self.state = make_state(self.model, seed)
        begin = problem.earlier if initial is None else initial
        self.goes_on = bool((begin != OPEN).any())
        self.start_from = np.where(pinned != OPEN, pinned, begin)
        self.steps = 0
        self.temperature = 0.0
        self.told_s = 0.0
        self.improved_s, self.improved_steps, self.best = 0.0, 0, np.iinfo(np.int64).max
        self.least_open, self.least_cost = 0, 0

    def run(self) -> Result:
        try:
            self.construct()
            self.prove()
            if len(self.model.movable) and self.problem.teachers > 1:
                self.cool()
        except _Cancelled:
            pass
        return self.result()

    def construct(self) -> None:
        kernels.load(self.model, self.state, self.start_from)
        self.fill_open_posts()
        kernels.note_best(self.state)
        self.listen()

    def fill_open_posts(self) -> None:
        """The posts for which fewest teachers may be asked first."""
        choices = self.model.allowed.sum(axis=0)
        open_posts = np.flatnonzero(self.state.who == OPEN)
        movable = ~self.is_fixed
        for post in open_posts[np.argsort(choices[open_posts], kind="stable")]:
            if movable[post]:
                kernels.fill(self.model, self.state, post, movable)
                self.listen()

    def prove(self) -> None:
        """What no plan can be better than, given as many open posts as this one has."""
        open_posts = int((self.state.who == OPEN).sum())
        if open_posts:
            self.least_open = bound.least_open(self.problem)
        self.least_cost = bound.least_cost(self.problem, open_posts)
        self.listen()

    def is_proven(self) -> bool:
        return int(self.state.sums[kernels.BEST]) <= self.least_cost

    def cool(self) -> None:
        begin = self.progress()
        chunk = 2000
        while (now := self.progress()) < 1 and not self.is_proven():
            self.temperature = self.temperature_at(min(1.0, (now - begin) / max(1e-9, 1 - begin)))
            if isinstance(self.stop, MaxSteps):
                level = max(1, self.stop.steps // LEVELS)
                chunk = max(1, min(level, MOST_DRAWS, self.stop.steps - self.steps))
            began = time.perf_counter()
            kernels.anneal(self.model, self.state, self.temperature, chunk)
            self.steps += chunk
            if not isinstance(self.stop, MaxSteps):
                used = max(1e-6, time.perf_counter() - began)
                chunk = max(1, min(MOST_DRAWS, int(chunk * min(2.0, max(0.5, CHUNK_S / used)))))
            self.listen()
        kernels.open_where_cheaper(self.model, self.state)
        self.fill_open_posts()
        kernels.note_best(self.state)

    def temperature_at(self, share: float) -> float:
        """From hot to cold in that share of the time."""
        start = HOT
        if self.goes_on:
            start = RESUME if share < 0.5 else HOT
            share = 2 * share if share < 0.5 else 2 * share - 1
        weight = max(1, int(self.model.weight[kernels.W_FAIR]))
        typical = float(np.median(self.model.minutes)) ** 2 / 60 * weight
        hot, cold = max(1.0, start * typical), max(0.01, COLD * typical)
        return hot * (cold / hot) ** share

    def progress(self) -> float:
        wall = time.perf_counter() - self.began
        return self.stop.progress(
            Spent(
                wall,
                time.process_time() - self.cpu_began,
                self.steps,
                wall - self.improved_s,
                self.steps - self.improved_steps,
            )
        )

    def listen(self) -> None:
        wall = time.perf_counter() - self.began
        best = int(self.state.sums[kernels.BEST])
        if best < self.best:
            self.best, self.improved_s, self.improved_steps = best, wall, self.steps
        if self.callbacks.progress is not None and wall - self.told_s >= self.callbacks.every_s:
            self.told_s = wall
            now = score.evaluate(self.problem, self.state.best_who)
            self.callbacks.progress(
                Progress(wall, self.temperature, now.hard, now.cost, now.counts, self.steps)
            )
        if self.callbacks.is_cancelled is not None and self.callbacks.is_cancelled():
            raise _Cancelled

    def result(self) -> Result:
        kernels.note_best(self.state)
        who = self.state.best_who.copy()
        found = score.evaluate(self.problem, who)
        seconds = time.perf_counter() - self.began
        return Result(
            who=who,
            hard=found.hard,
            cost=found.cost,
            counts=found.counts,
            costs=found.costs,
            measures=score.measures_of(self.problem, who, found)
            | {
                "bound": self.least_cost,
                "gap": gap(found.cost, self.least_cost),
                "least_open": self.least_open,
                "seconds": round(seconds, 1),
            },
            steps=self.steps,
            seconds=seconds,
            seed=self.seed,
        )


def gap(cost: int, least: int) -> float:
    """What a better plan could save at most, in percent of the cost; 0 is proven to be the best."""
    return round(100 * (cost - least) / max(1, cost), 2)


def keep_pins(problem: Problem) -> tuple[np.ndarray, Ints]:
    """Posts whose teacher is pinned, and who it is: fewest choices first; what cannot be is left out."""
    pinned = np.full(problem.posts, OPEN, np.int64)
    forbidden = problem.forbidden
    duties = np.zeros(problem.teachers, np.int64)
    for teacher, posts in sorted(problem.pins, key=lambda pin: len(pin[1])):
        for post in posts:
            if pinned[post] != OPEN or forbidden[teacher, post] or duties[teacher] >= problem.most[teacher]:
                continue
            if _clashes(problem, np.flatnonzero(pinned == teacher), post):
                continue
            pinned[post] = teacher
            duties[teacher] += 1
            break
    return pinned != OPEN, pinned


def _clashes(problem: Problem, posts: Ints, post: int) -> bool:
    """The post cannot go with one of these."""
    gap = problem.limits.gap
    return bool(
        (
            (problem.period[posts] == problem.period[post])
            | (
                (problem.start[posts] < problem.end[post] + gap)
                & (problem.start[post] < problem.end[posts] + gap)
            )
        ).any()
    )


def make_model(problem: Problem, is_fixed: np.ndarray, pinned: Ints) -> kernels.Model:
    weight = np.zeros(kernels.WEIGHTS, np.int64)
    for code, place in kernels.WEIGHT_OF.items():
        weight[place] = kernels.FAULT_PRICE if code in problem.hard else problem.weights.get(code, 0)
    limit = np.zeros(kernels.LIMITS, np.int64)
    limit[kernels.L_FREE] = problem.limits.free_minutes
    limit[kernels.L_A_DAY] = problem.limits.a_day
    limit[kernels.L_ON_END] = problem.limits.on_end
    limit[kernels.L_DAYS] = problem.limits.days
    limit[kernels.L_SPAN] = problem.limits.span
    limit[kernels.L_GAP] = problem.limits.gap
    teams = len(problem.team_wants_woman)
    in_team = np.flatnonzero(problem.team != NONE)
    in_team = in_team[np.argsort(problem.team[in_team], kind="stable")]
    allowed = ~problem.forbidden
    if "woman_in_room" in problem.hard:
        for team in np.flatnonzero(problem.team_wants_woman):
            posts = np.flatnonzero(problem.team == team)
            # Which of a room's posts a woman has makes no difference: let it be the first that is free.
            if len(posts) and not problem.is_woman[pinned[posts][pinned[posts] != OPEN]].any():
                for post in posts[~is_fixed[posts]][:1]:
                    allowed[~problem.is_woman, post] = False
    never = np.zeros((problem.teachers, problem.teachers), bool)
    for a, b in problem.never:
        never[a, b] = never[b, a] = True
    kin = np.zeros((problem.teachers, teams) if len(problem.kin) else (1, 1), bool)
    for teacher, team in problem.kin:
        kin[teacher, team] = True
    both = np.concatenate([problem.together, problem.together[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    lowest = int(problem.rank.max(initial=0))
    return kernels.Model(
        start=problem.start,
        end=problem.end,
        minutes=problem.minutes,
        period=problem.period,
        day=problem.day,
        room=problem.room,
        team=problem.team,
        kind=problem.kind,
        allowed=np.ascontiguousarray(allowed),
        ban=problem.ban & np.uint8(255 - sum(BAN_RULES[rule] for rule in BAN_RULES if rule in problem.hard)),
        target=problem.target,
        most=problem.most,
        least=problem.least,
        steps=np.where(problem.rank > 0, lowest - problem.rank, 0),
        is_woman=problem.is_woman,
        wants_woman=problem.team_wants_woman,
        team_ptr=np.concatenate([[0], np.cumsum(np.bincount(problem.team[in_team], minlength=teams))]),
        team_post=in_team,
        period_ptr=np.concatenate([[0], np.cumsum(np.bincount(problem.period, minlength=1))]),
        period_post=np.argsort(problem.period, kind="stable"),
        never=never,
        kin=kin,
        mate_ptr=np.searchsorted(both[:, 0], np.arange(problem.teachers + 1)),
        mate=np.ascontiguousarray(both[:, 1]),
        earlier=problem.earlier,
        kind_low=problem.kind_low,
        kind_high=problem.kind_high,
        movable=np.flatnonzero(~is_fixed),
        weight=weight,
        limit=limit,
    )


def make_state(model: kernels.Model, seed: int) -> kernels.State:
    posts, teachers = len(model.start), len(model.target)
    periods = int(model.period.max(initial=0)) + 1
    sums = np.zeros(kernels.SUMS, np.int64)
    sums[kernels.BEST] = np.iinfo(np.int64).max
    return kernels.State(
        who=np.full(posts, OPEN, np.int64),
        roster=np.zeros((teachers + 1, periods + 2), np.int64),
        duties=np.zeros(teachers, np.int64),
        minutes=np.zeros(teachers, np.int64),
        price=np.zeros(teachers, np.int64),
        team_price=np.zeros(len(model.wants_woman), np.int64),
        met=np.zeros((teachers, teachers), np.int16),
        visits=np.zeros((teachers, int(model.room.max(initial=0)) + 1), np.int16),
        best_who=np.full(posts, OPEN, np.int64),
        sums=sums,
        stats=np.zeros(kernels.STATS, np.int64),
        random=np.array([np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] | 1], np.uint64),
        queue=np.zeros(posts + 1, np.int64),
        parent=np.full(posts, -1, np.int64),
        seen=np.zeros(posts, np.int64),
    )
