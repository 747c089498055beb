"""What a roster's problem refuses, in words."""

import pytest

from scheduling.solver.duties.problem import EVENING, make_problem

GOOD = {
    "start": [0, 200],
    "end": [100, 300],
    "period": [0, 1],
    "day": [0, 0],
    "target": [100, 100],
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"end": [0, 300]}, "ends before it starts"),
        ({"start": [250, 200]}, "not in order of time|ends before"),
        ({"target": [100, -1]}, "0 or more minutes"),
        ({"period": [0]}, "period is not about 2 posts"),
        ({"most": [1]}, "most is not about 2 teachers"),
        ({"never": [(0, 2)]}, "a teacher that there is not"),
        ({"pins": [(0, [5])]}, "a post that there is not"),
        ({"earlier": [0, 7]}, "earlier plan"),
        ({"weights": {"kindness": 1}}, "no rule kindness"),
        ({"weights": {"fair_minutes": -1}}, "0 or more"),
        ({"team": [0, 3], "team_wants_woman": [True]}, "a team that there is not"),
    ],
)
def test_what_does_not_fit_is_said(change, words):
    with pytest.raises(ValueError, match=words):
        make_problem(**{**GOOD, **change})


def test_kinds_are_shared_by_target_rounded_both_ways():
    problem = make_problem(**{**GOOD, "target": [300, 100]}, kind=[EVENING, EVENING])
    assert problem.kind_low[:, 1].tolist() == [1, 0]
    assert problem.kind_high[:, 1].tolist() == [2, 1]
