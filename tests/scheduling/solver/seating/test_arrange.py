"""Candidates of an exam change places; what the compiled code adds up is what the rules count."""

import numpy as np
import pytest

from scheduling.solver.seating import evaluate, kernels
from scheduling.solver.seating.arrange import ABOUT_PERSONS, _movable, _state, arrange
from scheduling.solver.seating.neighbours import shapes_of
from scheduling.solver.seating.search import solve
from scheduling.solver.stop import MaxSteps

from .worlds import halls, random_problem

PRICES = {"cohort_neighbours": 1, "same_neighbour": 3, "room_change": 2, "roll_ranges": 2, "moved_seat": 1}


@pytest.mark.parametrize("seed", range(5))
def test_the_score_after_is_the_score_before_and_the_change(seed):
    problem = random_problem(seed, weights=PRICES)
    chair = solve(problem, stop=MaxSteps(3), weights=dict.fromkeys(PRICES, 0)).chair
    problem = problem._replace(candidate_before=np.roll(chair, 1))
    price = np.array([PRICES[code] for code in ABOUT_PERSONS], dtype=float)
    state = _state(problem, shapes_of(problem), chair.copy(), _movable(problem, chair), price)
    kernels.fill(state)
    before = evaluate(problem, chair)
    for step in range(5):
        before = evaluate(problem, state.chair)
        change = kernels.anneal(state, 200, 2.0, seed + step)
        after = evaluate(problem, state.chair)
        assert after.cost == before.cost + change
        assert after.hard == before.hard
    assert (state.chair != chair).any()


def test_two_of_a_class_are_parted():
    """Two exams of two classes in one hall of chairs: each may sit among the other exam's other class."""
    cohort = np.tile([0, 1], 9)
    problem = halls((3, 6), exams=[(0, 9), (0, 9)], candidate_cohort=cohort, weights={"cohort_neighbours": 1})
    worst = solve(problem, stop=MaxSteps(1), weights={"cohort_neighbours": 0}).chair
    better = arrange(problem, shapes_of(problem), worst, seed=1)
    count = [evaluate(problem, one).counts["cohort_neighbours"] for one in (worst, better)]
    assert count[1] < count[0]


def test_where_seats_follow_roll_numbers_nobody_changes_places():
    problem = random_problem(1, weights=PRICES, order="roll")
    chair = solve(problem, stop=MaxSteps(2)).chair
    assert (arrange(problem, shapes_of(problem), chair, seed=1) == chair).all()


def test_who_has_an_arrangement_or_a_pin_stays():
    problem = random_problem(4, weights=PRICES)
    chair = solve(problem, stop=MaxSteps(2)).chair
    moved = np.flatnonzero(arrange(problem, shapes_of(problem), chair, seed=3) != chair)
    assert set(moved.tolist()) <= set(_movable(problem, chair).tolist())
    assert not (problem.candidate_front | problem.candidate_ground)[moved].any()
