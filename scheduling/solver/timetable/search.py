"""The search: construct, find the temperatures, cool. Python keeps the time, the kernels do the moves."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from ..stop import MaxSeconds, MaxSteps, Spent, Stop
from . import construct, kernels, model, score, state
from .bounds import lower_bounds
from .lending import SeatPrice
from .problem import UNPLACED, Ints, Plan, Problem, find_conflicts

CHUNK_S = 0.02  # one call of a kernel, about
LEVELS = 500  # temperatures of a search that is bounded by steps
MOST_DRAWS = 20_000  # of one call when time does not rule, so that a cancel is heard
BUILD_STEPS = 20  # steps of construction per exam when time does not rule
BUILD_SHARE = 0.3  # of the time, at most, for construction
# Temperatures as multiples of the mean price of a shift, and the levels of the pilot's excess cost (1 =
# hot, 0 = frozen) where the search proper starts and ends; measured, see README.md.
PILOT_SHARE, PILOT_LEVELS, PILOT_HOT, PILOT_COLD = 0.05, 40, 5.0, 1500.0
START_EXCESS, END_EXCESS, END_FACTOR = 0.45, 0.02, 0.4
# With many draws for each unit and period a search may start hotter: from the first number of draws on it
# goes towards HOT_EXCESS, which it reaches at the second.
HOT_EXCESS, FEW_DRAWS, MANY_DRAWS, SHORT_SEATS = 0.75, 5_000, 15_000, 0.8
MOST_SPREAD = 3.0
RESUME_HOT, RESUME_COLD = 30.0, 600.0
MIX = (256, 128, 4, 8, 64)  # two-seed chains, room moves, period swaps of 4096; Kempe, ejection of 256
# A long search cools several times, each from the best plan, at first from REHEAT of the first heat: where
# more draws for each unit and period than these could be made, they find more than one slow cooling.
CYCLE_DRAWS, REHEAT = 70_000, 0.3
LOAN = 0.7  # of a cooling, while which rooms lend seats where these are short
CHAIN_WORK = 0.6  # units that two-seed chains look at, for each draw of any move, at most


class Step(NamedTuple):
    """One entry of the record of a run: what was done, how hot, how many times."""

    act: str
    temperature: float
    times: int


class Progress(NamedTuple):
    """What a callback is told. counts: faults by rule of the best plan (`score.Score.counts`)."""

    seconds: float
    temperature: float
    hard: int
    cost: float
    counts: dict[str, float]
    steps: int


class Callbacks(NamedTuple):
    """progress is called about every `every_s` seconds, is_cancelled between kernel calls (20 ms)."""

    progress: Callable[[Progress], None] | None = None
    is_cancelled: Callable[[], bool] | None = None
    every_s: float = 1.0


class Result(NamedTuple):
    """hard, cost, counts, costs: of the plan, by `score.evaluate`. unplaced: exams left out.

    first_feasible_s: seconds to the first plan without a hard fault, None if there was none. replay: give
    it to `solve` with the same problem, weights, initial plan and seed for the same plan. stats: moves
    drawn, moves made by kind, moves drawn per second of the processor. bounds: what no whole plan can cost
    less than, by rule and in all (`bounds.lower_bounds`); {} after a cancel.
    """

    plan: Plan
    hard: int
    cost: float
    counts: dict[str, float]
    costs: dict[str, float]
    unplaced: tuple[int, ...]
    first_feasible_s: float | None
    steps: int
    seconds: float
    cpu_s: float
    seed: int
    replay: tuple[Step, ...]
    stats: dict[str, float]
    bounds: dict[str, float]


def solve(
    problem: Problem,
    *,
    stop: Stop | None = None,
    seed: int = 1,
    weights: Mapping[str, int] | None = None,
    initial: Plan | None = None,
    callbacks: Callbacks | None = None,
    replay: tuple[Step, ...] | None = None,
) -> Result:
    """The best plan found: fewest exams left out, then lowest cost. What is placed breaks no hard rule.

    stop: `MaxSeconds(30)` if None. weights override those of the problem. initial: a plan to go on from.
    Same problem, seed and MaxSteps: same plan. A run that time ended is repeated by its `replay`.
    """
    stop = MaxSeconds(30) if stop is None else stop
    if not stop.is_bounded:
        raise ValueError("Give the search an end: seconds or steps.")
    return Search(problem, stop, seed, {**problem.weights, **(weights or {})}, initial, callbacks).run(replay)


class _Cancelled(Exception):
    pass


class Search:
    """One search: its model and state, its clock, and the record of what it did."""

    def __init__(
        self,
        problem: Problem,
        stop: Stop,
        seed: int,
        weights: Mapping[str, int],
        initial: Plan | None,
        callbacks: Callbacks | None,
    ) -> None:
        self.began, self.cpu_began = time.perf_counter(), time.process_time()
        score.check_weights(weights)
        self.problem, self.stop, self.seed, self.weights = problem, stop, seed, weights
        self.initial = initial
        self.callbacks = callbacks or Callbacks()
        self.conflicts = find_conflicts(problem)
        self.units = model.find_units(problem, self.conflicts)
        self.model = model.build(problem, weights, self.conflicts, self.units)
        self.owning = self.lending = self.model  # where rooms lend no seats, and where they do
        self.state = state.make_state(self.model, seed)
        self.mix = np.array(MIX, dtype=np.int64)
        self.record: list[Step] = []
        self.steps = 0
        self.best = (state.NEVER, state.NEVER)
        self.improved_s, self.improved_steps = 0.0, 0
        self.first_feasible_s: float | None = None
        self.told_s = 0.0
        self.temperature = 0.0
        self.draws_each = 0.0  # that the search will make for each unit and period, about
        short = problem.part_size.sum() > SHORT_SEATS * problem.room_seats.sum()
        self.lends_seats = bool(short) and "seats" not in problem.soft
        if self.lends_seats:
            self.lending = model.lend_seats(self.model, problem, weights, self.conflicts, self.units)
        self.chunk = 500
        self.timed = not isinstance(stop, MaxSteps)
        self.compile()

    def compile(self) -> None:
        """Kernels for long numbers are compiled when a search first needs them; that is none of its time."""
        wall, cpu = time.perf_counter(), time.process_time()
        construct.build(self.model, self.state, 0)
        kernels.anneal(self.model, self.state, self.mix, 1.0, 0)
        self.began += time.perf_counter() - wall
        self.cpu_began += time.process_time() - cpu

    def run(self, replay: tuple[Step, ...] | None) -> Result:
        """Search until the stop or a cancel; with `replay` do what that record says instead."""
        try:
            if replay is not None:
                for step in replay:
                    self.act(*step)
            else:
                self.plan_and_do()
        except _Cancelled:
            # Who cancels waits for no proofs.
            return self.result({})
        return self.result(lower_bounds(self.problem, self.weights))

    def plan_and_do(self) -> None:
        self.act("start", 0.0, 0)
        self.construct()
        if len(self.model.movable) and len(self.model.near) > 1:
            self.cool()

    def act(self, act: str, temperature: float, count: int) -> None:
        """Do one step of the record, and record it."""
        m, s = self.model, self.state
        self.temperature = temperature
        if act == "start":
            if self.initial is not None:
                self.wish(*self.as_units(self.initial))
                self.wish_what_can_be()
        elif act == "build":
            count = construct.build(m, s, count)
        elif act == "rewind":
            self.rewind()
        elif act == "seats":
            self.lend_seats(count)
        elif act == "return":
            self.return_seats()
        elif act == "chains":
            self.mix[state.TWO_SEED] = count
            self.mix[state.KEMPE] = -(-MIX[state.KEMPE] * count // MIX[state.TWO_SEED])
        else:
            kernels.anneal(m, s, self.mix, temperature, count)
            self.steps += count
        self.record.append(Step(act, temperature, count))
        self.listen()

    def construct(self) -> None:
        """Place all that can be placed, for BUILD_SHARE of the time or BUILD_STEPS an exam at most."""
        s = self.state
        done, chunk, most = 0, 50, max(1000, BUILD_STEPS * len(s.period))
        hopeless = int((s.clashes >= model.IMPOSSIBLE).all(axis=1).sum())
        while s.sums[state.UNPLACED] > hopeless:
            began = time.perf_counter()
            self.act("build", 0.0, chunk)
            done += chunk
            if self.timed:
                chunk = _adapt(chunk, time.perf_counter() - began)
            if (self.progress() > BUILD_SHARE) if self.timed else (done >= most):
                break
        if s.sums[state.UNPLACED] > s.sums[state.BEST_UNPLACED]:
            self.act("rewind", 0.0, 0)

    def cool(self) -> None:
        hot, cold = self.temperatures()
        chains, units = self.state.stats[[state.CHAINS, state.CHAIN_UNITS]].tolist()
        if chains:
            # Where they are long, as in dense problems, chains would take most of the time.
            share = min(1.0, CHAIN_WORK * 4096 * chains / units / MIX[state.TWO_SEED])
            self.act("chains", 0.0, max(1, int(MIX[state.TWO_SEED] * share)))
        cycles = max(1, round(self.draws_each / CYCLE_DRAWS))
        size = float(self.problem.part_size.mean()) if self.lends_seats else 1.0
        begin, cycle, first = self.progress(), 0, hot
        seat = SeatPrice(hot, cold, size)
        while (now := self.progress()) < 1:
            done = cycles * (now - begin) / (1 - begin) - cycle
            if done >= 1:
                cycle, done, first = cycle + int(done), done % 1, REHEAT * hot
                seat = SeatPrice(hot, cold, size)
                if self.model.lends:
                    self.act("return", 0.0, 0)
                self.act("rewind", 0.0, 0)
            temperature = first * (cold / first) ** max(0.0, done)
            if self.lends_seats and done < LOAN:
                price = seat.at(temperature, done, owes=bool(self.state.sums[state.MISSING] > 0))
                if price != self.model.seat_price:
                    self.act("seats", 0.0, price)
            elif self.model.lends:
                self.settle()
            self.draw(temperature, 1 / LEVELS)

    def draw(self, temperature: float, share: float) -> None:
        """One kernel call: at most this share of the search, and short enough to hear a cancel."""
        if isinstance(self.stop, MaxSteps):
            level = max(1, int(self.stop.steps * share))
            self.act("anneal", temperature, max(1, min(level, MOST_DRAWS, self.stop.steps - self.steps)))
            return
        began, before = time.perf_counter(), self.progress()
        self.act("anneal", temperature, self.chunk)
        used_s, used = time.perf_counter() - began, self.progress() - before
        slow = max(used_s / CHUNK_S, used / share, 1e-3)
        self.chunk = max(1, int(self.chunk * min(2.0, max(0.5, 1 / slow))))

    def temperatures(self) -> tuple[float, float]:
        """Where to start and to end. The mean price of a shift that costs gives the order of size; a quick
        cooling from far above it to far below shows at which temperatures the cost falls most."""
        s = self.state
        placed = np.flatnonzero(s.period >= 0)
        price = s.table[placed, : len(s.members)] - s.table[placed, s.period[placed]][:, None]
        dear = price[(s.clashes[placed] == 0) & (price > 0)]
        typical = float(dear.mean()) if len(dear) else float(self.problem.scale)
        if self.initial is not None:
            return typical / RESUME_HOT, typical / RESUME_COLD
        hot, cold = typical * PILOT_HOT, typical / PILOT_COLD
        begin, drawn = self.progress(), self.steps
        tried, costs = [], []
        while (share := (self.progress() - begin) / PILOT_SHARE) < 1:
            tried.append(hot * (cold / hot) ** share)
            self.draw(tried[-1], PILOT_SHARE / PILOT_LEVELS)
            costs.append(int(s.sums[state.COST]))
        if len(costs) < 2:
            return hot, cold
        fallen = np.minimum.accumulate(np.array(costs, dtype=float))
        # The first costs are still those of the first plan. Where hardly any cost is left, what a hot plan
        # costs says little about where the search pays.
        frozen = float(fallen[-1])
        hot_cost = float(np.median(costs[2:8])) if len(costs) > 8 else float(fallen[0])
        spread = max(1.0, 0.01 * (hot_cost - frozen), min(hot_cost - frozen, MOST_SPREAD * frozen))
        self.draws_each = (self.steps - drawn) / PILOT_SHARE / s.clashes.size
        heat = min(1.0, max(0.0, (self.draws_each - FEW_DRAWS) / (MANY_DRAWS - FEW_DRAWS)))
        excess = START_EXCESS + heat * (HOT_EXCESS - START_EXCESS)
        start = tried[int(np.argmax(fallen <= frozen + excess * spread))]
        end = END_FACTOR * tried[int(np.argmax(fallen <= frozen + END_EXCESS * spread))]
        return start, min(end, start / 10)

    def progress(self) -> float:
        """How much of the search is done, 0 to 1."""
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
        """Note a better plan, tell the callbacks, hear a cancel."""
        s = self.state
        wall = time.perf_counter() - self.began
        found = (int(s.sums[state.BEST_UNPLACED]), int(s.sums[state.BEST]))
        if found < self.best:
            self.best = found
            self.improved_s, self.improved_steps = wall, self.steps
            if found[0] == 0 and self.first_feasible_s is None:
                self.first_feasible_s = wall
        if self.callbacks.progress is not None and wall - self.told_s >= self.callbacks.every_s:
            self.told_s = wall
            now = score.evaluate(self.problem, self.best_plan(), self.weights, self.conflicts)
            self.callbacks.progress(
                Progress(wall, self.temperature, now.hard, now.cost, now.counts, self.steps)
            )
        if self.callbacks.is_cancelled is not None and self.callbacks.is_cancelled():
            raise _Cancelled

    def best_plan(self) -> Plan:
        s = self.state
        return self.as_plan(s.best_period, s.best_slots, s.best_slot_room, s.best_slot_seats)

    def plan_now(self) -> Plan:
        s = self.state
        return self.as_plan(s.period, s.slots, s.slot_room, s.slot_seats)

    def as_plan(self, period: Ints, slots: Ints, rooms: Ints, seats: Ints) -> Plan:
        used = np.flatnonzero(slots)
        part = np.repeat(used, slots[used])
        place = [range(self.model.slot_ptr[k], self.model.slot_ptr[k] + slots[k]) for k in used]
        where = np.array([i for places in place for i in places], dtype=np.int64)
        return Plan(period[self.units.unit], part, rooms[where], seats[where])

    def as_units(self, plan: Plan) -> tuple[Ints, Ints, Ints, Ints]:
        """A plan in the shape that `construct.load` wants; units whose exams disagree are left out."""
        m, s = self.model, self.state
        period = np.full(len(s.period), UNPLACED, dtype=np.int64)
        for u, exams in enumerate(self.units.members):
            where = np.unique(np.asarray(plan.period)[exams])
            if len(where) == 1:
                period[u] = where[0]
        slots = np.zeros(len(s.slots), dtype=np.int64)
        rooms, seats = np.zeros_like(s.slot_room), np.zeros_like(s.slot_seats)
        for part, room, count in zip(plan.part, plan.room, plan.seats, strict=True):
            if slots[part] < m.part_most[part]:
                rooms[m.slot_ptr[part] + slots[part]] = room
                seats[m.slot_ptr[part] + slots[part]] = count
                slots[part] += 1
        return period, slots, rooms, seats

    def wish(self, period: Ints, slots: Ints, rooms: Ints, seats: Ints) -> None:
        """Have the construction place units so first."""
        s = self.state
        s.wish_period[:], s.wish_slots[:], s.wish_room[:], s.wish_seats[:] = period, slots, rooms, seats
        s.sums[state.HAS_WISHES] = 1

    def wish_what_can_be(self) -> None:
        """Units without a choice go where they must. Rooms that are closed are no wish where seats are short:
        who waits for the others would find none, and large exams are the hardest to place elsewhere."""
        m, s = self.model, self.state
        possible = s.clashes < model.IMPOSSIBLE
        fixed = (possible.sum(axis=1) == 1) & ~possible[np.arange(len(possible)), s.wish_period]
        s.wish_period[fixed] = possible[fixed].argmax(axis=1)
        placed = s.wish_period >= 0
        wanted = np.bincount(s.wish_period[placed], m.unit_seats[placed], len(m.seats))
        is_short = np.append(wanted > s.seats_free, False)
        for u in np.flatnonzero(fixed | is_short[s.wish_period]):
            for k in m.part[m.part_ptr[u] : m.part_ptr[u + 1]]:
                rooms = s.wish_room[m.slot_ptr[k] : m.slot_ptr[k] + s.wish_slots[k]]
                if fixed[u] or (m.seats[s.wish_period[u], rooms] < 0).any():
                    s.wish_slots[k] = 0

    def lend_seats(self, price: int) -> None:
        """Rooms lend seats that they lack, each at this price, from now on."""
        s = self.state
        if not self.model.lends:
            self.model = self.lending
            s.free[s.free >= 0] += self.model.overflow
        s.sums[state.COST] += (price - self.model.seat_price) * s.sums[state.MISSING]
        self.model = self.model._replace(seat_price=price)

    def return_seats(self) -> None:
        """Rooms lend no more. Exams that find no seats where they are go elsewhere, or stay out."""
        s = self.state
        self.model = self.owning
        self.place_anew(s.period, s.slots, s.slot_room, s.slot_seats)

    def settle(self) -> None:
        """End a loan: find places for what it leaves without, or go back to the best plan."""
        s = self.state
        self.act("return", 0.0, 0)
        for _ in range(BUILD_STEPS):
            if s.sums[state.UNPLACED] <= s.sums[state.BEST_UNPLACED]:
                return
            self.act("build", 0.0, len(s.period))
        self.act("rewind", 0.0, 0)

    def rewind(self) -> None:
        """Go back to the best plan."""
        s = self.state
        self.place_anew(s.best_period, s.best_slots, s.best_slot_room, s.best_slot_seats)

    def place_anew(self, period: Ints, slots: Ints, rooms: Ints, seats: Ints) -> None:
        """Put all where it was in a plan, as far as it can be, and what cannot where it costs least."""
        s = self.state
        period, slots, rooms, seats = period.copy(), slots.copy(), rooms.copy(), seats.copy()
        fresh = state.make_state(self.model, self.seed)
        for name in set(s._fields) - {"random", "sums", "stats", "history", "tabu"}:
            if not name.startswith("best_"):
                getattr(s, name)[...] = getattr(fresh, name)
        s.sums[[state.COST, state.MISSING]] = 0
        s.sums[state.UNPLACED] = len(s.period)
        # Exams of several groups first: between their groups a rule about common rooms may not hold yet.
        has_groups = np.diff(self.model.part_ptr) > 1
        for now in (has_groups, ~has_groups):
            wished = np.where(now, period, UNPLACED)
            self.wish(wished, slots, rooms, seats)
            construct.build(self.model, s, int((wished >= 0).sum()))

    def result(self, bounds: dict[str, float]) -> Result:
        """The best plan, counted anew by the rules; AssertionError if the kernels counted something else."""
        plan = self.best_plan()
        found = score.evaluate(self.problem, plan, self.weights, self.conflicts)
        cost = round(found.cost * self.problem.scale)
        if len(plan.period) and self.best[1] < state.NEVER and cost != self.best[1]:
            raise AssertionError(f"The kernels count {self.best[1]} where the rules count {cost}.")
        wall, cpu = time.perf_counter() - self.began, time.process_time() - self.cpu_began
        stats = self.state.stats.tolist()
        return Result(
            plan=plan,
            hard=found.hard,
            cost=found.cost,
            counts=found.counts,
            costs=found.costs,
            unplaced=tuple(np.flatnonzero(plan.period < 0).tolist()),
            first_feasible_s=self.first_feasible_s if found.hard == 0 else None,
            steps=self.steps,
            seconds=wall,
            cpu_s=cpu,
            seed=self.seed,
            replay=tuple(self.record),
            stats={
                "drawn": stats[state.DRAWN],
                "shifted": stats[state.SHIFTED],
                "ejected": stats[state.EJECTED],
                "chained": stats[state.CHAINED],
                "room_moved": stats[state.ROOM_MOVED],
                "swapped": stats[state.SWAPPED],
                "moves_per_s": stats[state.DRAWN] / max(1e-9, cpu),
            },
            bounds=bounds,
        )


def _adapt(count: int, seconds: float) -> int:
    """How many to do next time for a call of CHUNK_S; at most twice or half as many as this time."""
    wanted = count * CHUNK_S / max(seconds, 1e-6)
    return max(1, int(min(2 * count, max(count / 2, wanted))))
