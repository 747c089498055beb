"""The kernels against the law: whatever a random walk does, they keep the cost that the rules count."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.solver.stop import MaxSteps
from scheduling.solver.timetable import kernels, state
from scheduling.solver.timetable.score import evaluate
from scheduling.solver.timetable.search import Search
from tests.scheduling.solver.timetable.worlds import random_season

EVERY_MOVE = np.array([600, 800, 40, 64, 128])


def walk(seed: int, exams: int, rounds: int = 30, draws: int = 40, dear: int = 1) -> np.ndarray:
    """Anneal in small bites at random temperatures, and count everything anew after each."""
    problem = random_season(seed, exams)
    problem = problem._replace(weights={code: dear * weight for code, weight in problem.weights.items()})
    search = Search(problem, MaxSteps(1), seed, problem.weights, None, None)
    search.act("start", 0.0, 0)
    search.act("build", 0.0, 60)
    assert search.state.table.dtype == (np.int32 if dear == 1 else np.int64)
    rng = np.random.default_rng(seed)
    for turn in range(rounds):
        found = evaluate(problem, search.plan_now(), conflicts=search.conflicts)
        sums = search.state.sums
        left_out = found.counts.pop("unplaced")
        assert round(found.cost * problem.scale) == sums[state.COST]
        assert found.hard == left_out
        assert left_out == sum(len(search.units.members[u]) for u in np.flatnonzero(search.state.period < 0))
        if turn == rounds // 2:
            search.act("rewind", 0.0, 0)
            assert sums[state.COST] == sums[state.BEST]
        else:
            temperature = dear * float(10 ** rng.uniform(0, 4))
            kernels.anneal(search.model, search.state, EVERY_MOVE, temperature, draws)
    return search.state.stats


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), exams=st.integers(6, 24))
def test_a_random_walk_keeps_the_cost_that_the_rules_count(seed, exams):
    walk(seed, exams)


@pytest.mark.parametrize(("seed", "exams"), [(44, 6), (519580, 18), (500754, 19), (582275, 13)])
def test_the_best_plan_comes_back_also_where_groups_share_rooms(seed, exams):
    walk(seed, exams)


def test_random_walks_make_every_kind_of_move():
    made = sum(walk(seed, 16) for seed in range(12))
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
