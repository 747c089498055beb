"""The seats found obey every hard rule that can be obeyed."""

import numpy as np
import pytest

from scheduling.solver.seating import NOWHERE, evaluate
from scheduling.solver.seating.search import Callbacks, solve
from scheduling.solver.stop import MaxSteps, NoImprovement

from .worlds import halls, random_problem


def seat(problem, steps=30, **more):
    return solve(problem, stop=MaxSteps(steps), **more)


@pytest.mark.parametrize("policy", ["none", "bench", "sides", "four"])
@pytest.mark.parametrize("seed", range(6))
def test_everybody_sits_and_no_neighbour_has_the_same_exam(seed, policy):
    problem = random_problem(seed, neighbours=policy, candidate_ground=False, candidate_front=False)
    result = seat(problem)
    assert result.hard == 0
    assert result.measures["seated"] == problem.candidates


@pytest.mark.parametrize("seed", range(4))
def test_under_eight_neighbours_a_hall_filled_by_half_has_none(seed):
    chance = np.random.default_rng(seed)
    exams = [(0, int(chance.integers(3, 12))) for _ in range(7)]
    assert seat(halls((8, 6), (8, 6), exams=exams, neighbours="eight")).hard == 0


def test_a_distance_is_kept_where_chairs_have_places():
    place = {"chair_x": np.tile(np.arange(6) * 0.8, 5), "chair_y": np.repeat(np.arange(5) * 0.8, 6)}
    result = seat(halls((5, 6), exams=[(0, 9), (0, 7)], neighbours="distance", metres=1.25, **place))
    assert result.hard == 0


@pytest.mark.parametrize("sizes", [(18, 17), (13, 12, 10), (17, 9, 9), (12, 12, 11), (5,) * 7, (18,)])
def test_a_hall_that_can_just_hold_them_does(sizes):
    assert seat(halls((5, 7), exams=[(0, size) for size in sizes])).hard == 0


def test_an_exam_too_large_for_the_rule_is_seated_all_the_same_and_told():
    result = seat(halls((2, 2), exams=[(0, 3)]))
    assert result.measures["seated"] == 3
    assert result.counts["neighbours"] == 2 == result.hard


def test_who_has_no_chair_is_counted():
    result = seat(halls((1, 2), exams=[(0, 3)], neighbours="none"))
    assert (result.counts["chair_missing"], result.hard) == (1, 1)


def test_roll_numbers_rise_along_the_chairs_and_lie_together_in_rooms():
    problem = halls((4, 5), (4, 5), exams=[(0, 20), (0, 15)], order="roll")
    result = seat(problem)
    assert (result.hard, result.counts["roll_ranges"]) == (0, 0)


def test_every_arrangement_is_kept():
    problem = halls(
        (4, 5),
        (4, 5),
        (1, 2),
        (1, 3),
        exams=[(0, 18), (0, 10)],
        room_floor=[1, 0, 0, 1],
        candidate_own_room=np.arange(28) == 3,
        candidate_ground=np.isin(np.arange(28), (3, 5, 20)),
        candidate_front=np.isin(np.arange(28), (7, 8, 25)),
    )
    result = seat(problem)
    assert result.hard == 0
    assert problem.chair_room[result.chair[3]] == 2


def test_a_pinned_candidate_sits_on_the_chair():
    pins = np.full(12, NOWHERE)
    pins[[2, 9]] = 7, 8
    result = seat(halls((4, 5), exams=[(0, 6), (0, 6)], candidate_pin=pins))
    assert result.hard == 0
    assert result.chair[[2, 9]].tolist() == [7, 8]


def test_pools_limits_and_links_of_rooms_are_kept():
    problem = halls(
        *[(4, 5)] * 4,
        exams=[(0, 8), (0, 8), (0, 9), (0, 6)],
        part_rooms=np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]], dtype=bool),
        exam_alone=[False, False, True, False],
        exam_max_rooms=[1, 1, 1, 1],
        same_room=[(0, 1)],
        different_room=[(0, 3)],
        period_max_rooms=3,
    )
    found = evaluate(problem, seat(problem).chair)
    assert found.hard == 0


def test_those_of_an_exam_who_may_sit_anywhere_make_room_for_those_who_may_not():
    """Ten of an exam fit into the first room: six are tied to it, and the nine others would take it first.
    An exam that sits alone keeps the linear programme from putting it right."""
    problem = halls(
        (4, 5),
        (4, 5),
        (1, 2),
        exams=[(0, 15), (0, 1)],
        part_exam=[0, 0, 1],
        candidate_part=[0] * 9 + [1] * 6 + [2],
        part_rooms=[[True, True, False], [True, False, False], [False, False, True]],
        exam_alone=[False, True],
    )
    assert seat(problem, 1).hard == 0


def test_a_closed_room_and_dead_chairs_stay_empty():
    problem = halls(
        (3, 4),
        (3, 4),
        exams=[(0, 5), (0, 4)],
        room_open=[[False], [True]],
        chair_usable=np.arange(24) % 5 > 0,
    )
    assert seat(problem).hard == 0


def test_spare_seats_stay_free_while_there_is_room():
    problem = halls((4, 5), (4, 5), exams=[(0, 9), (0, 9), (0, 8)], room_spare=3)
    assert seat(problem).counts["spare_seats"] == 0


def test_one_exam_takes_no_more_than_its_share_of_a_room():
    problem = halls((4, 5), (4, 5), exams=[(0, 12)], neighbours="none", sparse_percent=30)
    assert seat(problem).counts["sparse"] == 0


def test_more_steps_make_no_worse_a_plan():
    problem = random_problem(3, weights={"rooms_used": 30, "split_rooms": 20, "exams_in_room": 5})
    few, many = seat(problem, 3), seat(problem, 60)
    assert (many.hard, many.cost) <= (few.hard, few.cost)


def test_the_same_seed_gives_the_same_seats():
    problem = random_problem(5)
    one, two = seat(problem, 9, seed=4), seat(problem, 9, seed=4)
    assert (one.chair == two.chair).all()


def test_an_earlier_plan_is_kept_but_for_what_must_change():
    problem = halls((4, 5), (4, 5), exams=[(0, 9), (0, 9), (0, 10)], weights={"moved_seat": 10})
    first = seat(problem)
    lost = int(problem.chair_room[first.chair[0]])
    usable = np.ones(problem.chairs, dtype=bool)
    usable[first.chair[0]] = False
    again = problem._replace(candidate_before=first.chair, chair_usable=usable)
    result = seat(again)
    assert result.hard == 0
    assert result.counts["moved_seat"] == 1
    assert (result.chair[1:] == first.chair[1:]).all()
    assert lost in (0, 1)


def test_a_cancelled_search_keeps_what_it_has():
    problem = random_problem(2)
    result = solve(problem, stop=MaxSteps(100), callbacks=Callbacks(is_cancelled=lambda: True))
    assert 0 < result.measures["seated"] < problem.candidates


def test_a_search_without_an_end_is_refused():
    with pytest.raises(ValueError, match="end"):
        solve(random_problem(2), stop=NoImprovement(1))


def test_progress_is_told_by_rule():
    told = []
    solve(random_problem(2), stop=MaxSteps(5), callbacks=Callbacks(progress=told.append, every_s=0))
    assert told
    assert set(told[-1].counts) >= {"neighbours", "chair_missing"}
