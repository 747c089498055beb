"""The kernels against the law: whatever a random walk does, they keep the cost that the rules count."""

import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.solver.stop import MaxSteps
from scheduling.solver.timetable import kernels, state
from scheduling.solver.timetable.model import lend_seats
from scheduling.solver.timetable.score import evaluate
from scheduling.solver.timetable.search import Search
from tests.scheduling.solver.timetable.worlds import random_season

EVERY_MOVE = np.array([600, 800, 40, 64, 128])


class Walked(NamedTuple):
    stats: np.ndarray  # moves made, by kind
    most_owed: int  # seats that were lent at once


def walk(
    seed: int, exams: int, rounds: int = 30, draws: int = 40, dear: int = 1, lends: bool = False
) -> Walked:
    """Anneal in small bites at random temperatures, and count everything anew after each. lends: at random
    prices of seats that rooms lend, a third of all seats being there."""
    problem = random_season(seed, exams)
    problem = problem._replace(weights={code: dear * weight for code, weight in problem.weights.items()})
    if lends:
        soft = {code: price for code, price in problem.soft.items() if code != "seats"}
        problem = problem._replace(room_seats=-(-problem.room_seats // 3), soft=soft)
    search = Search(problem, MaxSteps(1), seed, problem.weights, None, None)
    if lends:
        search.lending = lend_seats(search.model, problem, problem.weights, search.conflicts, search.units)
    search.act("start", 0.0, 0)
    search.act("build", 0.0, 60)
    assert search.state.table.dtype == (np.int32 if dear == 1 else np.int64)
    rng = np.random.default_rng(seed)
    most_owed = 0
    for turn in range(rounds):
        sums = search.state.sums
        price = search.model.seat_price if search.model.lends else 0
        counted = problem._replace(soft={**problem.soft, "seats": 1}) if price else problem
        found = evaluate(counted, search.plan_now(), conflicts=search.conflicts)
        owed = found.counts["seats"] if price else 0
        assert owed == sums[state.MISSING] or not price
        most_owed = max(most_owed, owed)
        left_out = found.counts.pop("unplaced")
        assert round((found.cost - owed) * problem.scale) + owed * price == sums[state.COST]
        assert found.hard == left_out
        assert left_out == sum(len(search.units.members[u]) for u in np.flatnonzero(search.state.period < 0))
        if turn == rounds // 2:
            search.act("rewind", 0.0, 0)
            assert sums[state.COST] == sums[state.BEST]
        else:
            if lends and turn % 7 == 6:
                search.act("return", 0.0, 0)
            elif lends:
                search.act("seats", 0.0, int(rng.integers(1, 100)))
            temperature = dear * float(10 ** rng.uniform(0, 4))
            kernels.anneal(search.model, search.state, EVERY_MOVE, temperature, draws)
    best = evaluate(problem, search.best_plan(), conflicts=search.conflicts)
    assert best.hard == best.counts["unplaced"]
    return Walked(search.state.stats, most_owed)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), exams=st.integers(6, 24))
def test_a_random_walk_keeps_the_cost_that_the_rules_count(seed, exams):
    walk(seed, exams)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), exams=st.integers(6, 24))
def test_what_rooms_lend_is_counted_and_never_part_of_the_best_plan(seed, exams):
    walk(seed, exams, lends=True)


def test_rooms_lend_seats_in_random_walks():
    assert max(walk(seed, 16, lends=True).most_owed for seed in range(6)) > 0


@pytest.mark.parametrize(("seed", "exams"), [(44, 6), (519580, 18), (500754, 19), (582275, 13)])
def test_the_best_plan_comes_back_also_where_groups_share_rooms(seed, exams):
    walk(seed, exams)


def test_random_walks_make_every_kind_of_move():
    made = sum(walk(seed, 16).stats for seed in range(12))
    kinds = [state.SHIFTED, state.EJECTED, state.CHAINED, state.ROOM_MOVED, state.SWAPPED]
    assert (made[kinds] > 0).all()


@pytest.mark.slow
def test_no_kernel_reads_or_writes_outside_its_arrays_and_dear_rules_are_counted_too(tmp_path):
    script = (
        "from tests.scheduling.solver.timetable.test_kernels import walk\n"
        "for seed in range(8): walk(seed, 8 + seed, dear=10**7)\n"
    )
    checked = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=checked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
