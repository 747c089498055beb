"""A lower bound is below every plan, and as near as its relaxation allows."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.solver.stop import MaxSteps
from scheduling.solver.timetable import solve
from scheduling.solver.timetable.bounds import cheapest_periods, lower_bounds
from tests.scheduling.solver.timetable.worlds import random_season, season

# {rule: (problem, what it costs at least)}
CASES = {
    "two_in_a_row": ({"registration_student": [0] * 4, "registration_exam": range(4)}, 2 * 2),
    "day_limit": (
        {"registration_student": [0] * 4, "registration_exam": range(4), "day_limit": 1}, 2 * 2,
    ),
    "window_limit": (
        {"registration_student": [0] * 4, "registration_exam": range(4), "window_limit": 3, "window_days": 2},
        2 * 1,
    ),
    "period_penalty": ({"period_penalty": [1, 2, 3, 4]}, 2 * 4),
    "front_load": ({"front_load": [1, 0, 0, 1], "late_period": [1, 1, 1, 1]}, 2 * 2),
    # Two of the four find a seat in the cheap room.
    "room_penalty": (
        {"room_seats": [[5, 5, 0, 0], [9, 9, 9, 9]], "size": [5] * 4, "max_rooms": [1] * 4,
         "room_penalty": [0, 3]},
        2 * 6,
    ),
    "split_rooms": ({"room_seats": [5, 4], "size": [9, 5, 5, 5]}, 2 * 1),
    "days_used": ({"period_max_exams": [1, 1, 2, 1]}, 2 * 2),
}  # fmt: skip


@pytest.mark.parametrize("code", CASES)
def test_a_rule_that_must_cost_something_has_its_bound(code):
    fields, least = CASES[code]
    problem = season(4, **fields, weights={code: 2})
    assert lower_bounds(problem) == {code: least, "all": least}
    assert solve(problem, stop=MaxSteps(3000)).costs[code] >= least


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_whole_plan_costs_less_than_its_bounds(seed):
    problem = random_season(seed, 9)
    result = solve(problem, stop=MaxSteps(3000))
    if not result.unplaced:
        assert result.cost >= result.bounds.get("all", 0)
        for code, least in result.bounds.items():
            assert code == "all" or result.costs.get(code, 0) >= least


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), periods=st.integers(2, 8))
def test_the_cheapest_periods_are_the_cheapest(seed, periods):
    near = np.random.default_rng(seed).integers(0, 9, (periods, periods))
    near = near + near.T
    found = cheapest_periods(near, periods)
    for k in range(periods + 1):
        least = min(
            sum(int(near[p, q]) for p, q in combinations(chosen, 2))
            for chosen in combinations(range(periods), k)
        )
        assert found[k] == least


def test_without_an_exams_period_there_is_no_bound():
    assert lower_bounds(season(duration=[60, 500], period_penalty=[1, 1, 1, 1])) == {}
