"""At the desk a change is judged by what it makes worse, whatever the roster breaks already."""

import numpy as np
import pytest

from scheduling.solver.duties.problem import OPEN, make_problem
from scheduling.solver.duties.repair import Desk

SHE = 3


def room_for_two(**fields):
    """One room in one period, where women sit and two watch; four teachers, of whom the last is a woman."""
    return make_problem(
        start=[0, 0],
        end=[60, 60],
        period=[0, 0],
        day=[0, 0],
        target=[60, 60, 60, 60],
        team=[0, 0],
        is_woman=[False, False, False, True],
        team_wants_woman=[True],
        weights={"fair_minutes": 1},
        hard={"woman_in_room"},
        **fields,
    )


def who_could(problem, roster, post):
    return sorted(teacher for _price, teacher in Desk(problem, np.array(roster)).choices(post))


@pytest.mark.parametrize("her_post", [0, 1])
def test_where_a_woman_watches_a_man_stands_in_for_a_man(her_post):
    roster = [0, 0]
    roster[her_post] = SHE
    assert who_could(room_for_two(), roster, 1 - her_post) == [1, 2]


def test_the_only_woman_s_post_goes_to_no_man():
    desk = Desk(room_for_two(), np.array([SHE, 0]))
    assert desk.choices(0) == []
    desk.refill([0], without=SHE)
    assert desk.who.tolist() == [OPEN, 0]


def test_where_no_woman_watched_before_a_man_stands_in_all_the_same():
    assert who_could(room_for_two(), [0, 1], 0) == [2, SHE]
    desk = Desk(room_for_two(most=[1, 1, 1, 0]), np.array([0, 1]))
    desk.refill([0], without=0)
    assert desk.who.tolist() == [2, 1]


def test_a_relative_is_not_left_alone_in_the_room():
    problem = make_problem(
        start=[0],
        end=[60],
        period=[0],
        day=[0],
        target=[60, 60],
        team=[0],
        team_wants_woman=[False],
        kin=[(1, 0)],
        weights={"fair_minutes": 1},
    )
    desk = Desk(problem, np.array([0]))
    desk.refill([0], without=0)
    assert desk.who.tolist() == [OPEN]


def test_who_has_two_duties_at_once_gives_the_one_away_that_is_asked_for():
    problem = make_problem(
        start=[0, 0, 60], end=[60, 60, 120], period=[0, 0, 1], day=[0, 0, 0], target=[90, 90],
        weights={"fair_minutes": 1},
    )  # fmt: skip
    assert who_could(problem, [0, 0, 0], 0) == [1]
    assert who_could(problem, [0, 0, 1], 2) == [0]
