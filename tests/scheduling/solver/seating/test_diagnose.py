"""Every shortage is told with its numbers, and its cure cures it."""

import numpy as np
import pytest

from scheduling.solver.seating import NOWHERE, Problem, evaluate
from scheduling.solver.seating.diagnose import Cure, explain, find_shortages
from scheduling.solver.seating.search import solve
from scheduling.solver.stop import MaxSteps

from .worlds import halls, random_problem


def apply(problem: Problem, cure: Cure) -> Problem:
    """What the planner would do."""
    p = problem
    if cure.kind == "mend":
        usable = p.chair_usable.copy()
        dead = np.flatnonzero((p.chair_room == cure.room) & ~usable)[: cure.number]
        usable[dead] = True
        capacity = p.room_capacity.copy()
        capacity[cure.room] += cure.number
        return p._replace(chair_usable=usable, room_capacity=capacity)
    if cure.kind == "open":
        opened = p.room_open.copy()
        opened[list(cure.rooms), cure.period] = True
        return p._replace(room_open=opened)
    if cure.kind == "lend":
        rooms = p.part_rooms.copy()
        rooms[~rooms.all(axis=1), cure.room] = True
        return p._replace(part_rooms=rooms)
    if cure.kind == "rooms":
        limits = p.exam_max_rooms.copy() if cure.exam != NOWHERE else p.period_max_rooms.copy()
        limits[cure.exam if cure.exam != NOWHERE else cure.period] = cure.number
        name = "exam_max_rooms" if cure.exam != NOWHERE else "period_max_rooms"
        return p._replace(**{name: limits})
    if cure.kind == "policy":
        return p._replace(neighbours=cure.policy)
    assert cure.kind == "move"
    when = p.exam_period.copy()
    when[cure.exam] = cure.period
    return p._replace(exam_period=when)


closed = {"room_open": np.array([[True], [False], [False]])}
CASES = {
    "seats in a period": (
        halls((3, 4), exams=[(0, 8), (0, 6), (1, 2)], neighbours="none"),
        ("period_seats", 14, 12, "move"),
    ),
    "a closed room": (
        halls((2, 4), (3, 3), (2, 2), exams=[(0, 8), (0, 4)], neighbours="none", **closed),
        ("period_seats", 12, 8, "open"),
    ),
    "several closed rooms": (
        halls(
            (2, 4),
            (1, 2),
            (2, 2),
            (1, 3),
            exams=[(0, 8), (0, 5)],
            neighbours="none",
            room_open=np.array([[True], [False], [False], [False]]),
        ),
        ("period_seats", 13, 8, "open"),
    ),
    "dead chairs": (
        halls((3, 4), exams=[(0, 4), (0, 4), (0, 3)], chair_usable=np.arange(12) > 2),
        ("period_seats", 11, 9, "mend"),
    ),
    "an exam too large for the rule": (
        halls((4, 5), exams=[(0, 12)]),
        ("too_large", 12, 10, "policy"),
    ),
    "own rooms": (
        halls(
            (4, 5),
            (2, 2),
            (2, 3),
            exams=[(0, 12), (0, 10)],
            candidate_own_room=np.arange(22) < 2,
            room_open=[[True], [False], [True]],
        ),
        ("own_rooms", 2, 1, "open"),
    ),
    "several own rooms": (
        halls(
            (4, 5),
            (2, 2),
            (2, 3),
            exams=[(0, 12), (0, 10)],
            candidate_own_room=np.arange(22) < 2,
            room_open=[[True], [False], [False]],
        ),
        ("own_rooms", 2, 0, "open"),
    ),
    "the ground floor": (
        halls(
            (2, 2),
            (3, 4),
            exams=[(0, 6), (1, 1)],
            room_floor=[0, 1],
            candidate_ground=np.arange(7) < 5,
            neighbours="none",
            room_open=[[True, True], [True, True]],
        ),
        ("ground_seats", 5, 4, None),
    ),
    "a pool": (
        halls(
            (2, 3),
            (2, 4),
            (3, 4),
            exams=[(0, 3), (0, 2), (0, 2)],
            part_rooms=[[True, False, False]] * 3,
        ),
        ("pool_seats", 7, 6, "lend"),
    ),
    "the rooms that suit an exam": (
        halls((2, 3), (2, 4), (4, 4), exams=[(0, 7)], part_rooms=[[True, False, False]], neighbours="none"),
        ("exam_seats", 7, 6, "lend"),
    ),
    "most rooms of an exam": (
        halls((2, 3), (2, 3), (2, 3), exams=[(0, 8)], exam_max_rooms=2),
        ("max_rooms", 8, 6, "rooms"),
    ),
    "most rooms of a period": (
        halls((2, 3), (2, 3), exams=[(0, 5), (0, 4)], period_max_rooms=1, neighbours="none"),
        ("period_rooms", 9, 6, "rooms"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_shortage_is_told_with_its_numbers_and_its_cure_cures_it(name):
    problem, (kind, needed, available, cure) = CASES[name]

    short = find_shortages(problem)

    assert [(one.kind, one.needed, one.available) for one in short] == [(kind, needed, available)]
    assert evaluate(problem, solve(problem, stop=MaxSteps(5)).chair).hard > 0
    if cure is not None:
        assert short[0].cure.kind == cure
        cured = apply(problem, short[0].cure)
        assert find_shortages(cured) == []
        assert evaluate(cured, solve(cured, stop=MaxSteps(5)).chair).hard == 0


def test_front_seats_that_are_too_few_are_told():
    short = find_shortages(halls((3, 3), exams=[(0, 4)], candidate_front=True))
    assert [(one.kind, one.needed, one.available) for one in short] == [("front_seats", 4, 3)]


def test_an_exam_that_fits_under_no_rule_is_cut_in_sittings():
    """Alone in the only room, twice as many as there are chairs."""
    problem = halls((2, 3), exams=[(0, 12)], part_rooms=[[True]], neighbours="none")
    kinds = {one.kind: one.cure for one in find_shortages(problem)}
    assert kinds["exam_seats"].kind == "split"
    assert kinds["exam_seats"].number == 2


@pytest.mark.parametrize("seed", range(4))
def test_a_season_in_which_all_fit_has_no_shortage(seed):
    problem = random_problem(seed, candidate_ground=False, candidate_front=False)
    assert find_shortages(problem) == []
    assert explain(problem, solve(problem, stop=MaxSteps(5)).chair) == []


def test_two_exams_that_are_too_large_together_are_proved_afterwards():
    """The second takes the five good chairs of the first room; of its other four and the three good ones of
    the second room the first exam lacks one. Each alone would fit, and so would both without the rule."""
    rooms = [[True, True], [True, False]]
    problem = halls((3, 3), (2, 3), exams=[(0, 8), (0, 5)], part_rooms=rooms)
    chair = solve(problem, stop=MaxSteps(20)).chair
    assert find_shortages(problem) == []
    told = explain(problem, chair)
    assert [(one.kind, one.exams, one.needed - one.available) for one in told] == [("neighbours", (0, 1), 1)]


def test_faults_that_nothing_proves_are_told_as_the_search_s_own():
    problem = halls((2, 2), exams=[(0, 2), (0, 2)])
    bad = np.array([0, 1, 2, 3])
    assert [one.kind for one in explain(problem, bad)] == ["not_found"]
