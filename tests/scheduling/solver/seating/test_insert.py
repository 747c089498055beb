"""Late candidates get chairs among the others, who stay where they are."""

import numpy as np
import pytest

from scheduling.solver.seating import NOWHERE, evaluate
from scheduling.solver.seating.insert import insert
from scheduling.solver.seating.neighbours import shapes_of
from scheduling.solver.seating.search import solve
from scheduling.solver.stop import MaxSteps

from .worlds import halls, random_problem


def put_in(problem, chair, period=0):
    by_period = problem.exam_period[problem.candidate_exam]
    mine = np.flatnonzero(by_period == period)
    found = chair.copy()
    found[mine] = insert(problem, shapes_of(problem), period, mine, chair[mine])
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_late_sit_well_and_nobody_moves(seed):
    problem = random_problem(seed, candidate_ground=False, candidate_front=False, candidate_cohort=NOWHERE)
    chair = solve(problem, stop=MaxSteps(9)).chair
    late = np.random.default_rng(seed).permutation(problem.candidates)[:6]
    before = chair.copy()
    before[late] = NOWHERE
    after = before
    for period in range(3):
        after = put_in(problem, after, period)
    assert (np.delete(after, late) == np.delete(chair, late)).all()
    assert evaluate(problem, after).hard == 0


def test_a_late_candidate_joins_the_exam_where_it_sits():
    problem = halls((4, 5), (4, 5), exams=[(0, 5)])
    chair = np.array([0, 2, 4, 6, NOWHERE])
    assert problem.chair_room[put_in(problem, chair)[4]] == 0


def test_a_late_candidate_with_an_own_room_gets_one():
    problem = halls((4, 5), (1, 2), exams=[(0, 3)], candidate_own_room=[False, False, True])
    assert put_in(problem, np.array([0, 2, NOWHERE]))[2] == 20


def test_a_late_candidate_gets_the_pinned_chair():
    pin = [NOWHERE, 7]
    assert put_in(halls((4, 5), exams=[(0, 2)], candidate_pin=pin), np.array([0, NOWHERE]))[1] == 7


def test_where_no_good_chair_is_left_a_bad_one_is_better_than_none():
    problem = halls((1, 2), exams=[(0, 2)])
    assert put_in(problem, np.array([0, NOWHERE])).tolist() == [0, 1]


def test_nobody_sits_in_a_full_room():
    problem = halls((1, 2), exams=[(0, 1), (0, 2)])
    assert put_in(problem, np.array([0, 1, NOWHERE])).tolist() == [0, 1, NOWHERE]


def test_the_ground_floor_and_the_front_are_kept():
    problem = halls(
        (3, 3),
        (3, 3),
        exams=[(0, 2)],
        room_floor=[1, 0],
        candidate_ground=[False, True],
        candidate_front=True,
    )
    chair = put_in(problem, np.array([NOWHERE, NOWHERE]))
    assert problem.chair_front[chair].all()
    assert problem.chair_room[chair[1]] == 1
