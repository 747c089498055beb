"""Contradictions planted one by one: each is named, and its fix works."""

import pytest

from scheduling.solver.stop import MaxSteps
from scheduling.solver.timetable import PairRule, solve
from scheduling.solver.timetable.diagnose import explain_left_out, find_contradictions
from tests.scheduling.solver.timetable.worlds import season

THREE_EXAMS = {"registration_student": [0, 0, 0], "registration_exam": [0, 1, 2]}
TRIANGLE = {"registration_student": [0, 0, 1, 1, 2, 2], "registration_exam": [0, 1, 1, 2, 0, 2]}
CASES = {
    # kind: (what is wrong, exams named, what the fix makes of it)
    "too_long": ({"duration": [60, 60, 200]}, (2,), {"period_length": [200] * 4}),
    "too_large": ({"size": [5, 5, 50], "room_seats": [20, 20]}, (2,), {"room_seats": [20, 40]}),
    "no_period": (
        {"person_exam": [(0, 2)], "person_away": [(0, p) for p in range(4)]},
        (2,),
        {"person_away": ()},
    ),
    "student": ({**THREE_EXAMS, "days": 1}, (0, 1, 2), {"days": 2}),
    "person": (
        {"person_exam": [(0, 0), (0, 1)], "pinned_period": [1, 1, -1]},
        (0, 1),
        {"pinned_period": [1, -1, -1]},
    ),
    "clique": ({**TRIANGLE, "days": 1}, (0, 1, 2), {"days": 2}),
    "rules": (
        {"pair_rules": [PairRule("before", 0, 1), PairRule("before", 1, 2), PairRule("before", 2, 0)]},
        (0, 1, 2),
        {"pair_rules": [PairRule("before", 0, 1), PairRule("before", 1, 2)]},
    ),
    "seats": ({"size": [50, 50, 50], "room_seats": [[30, 30, 30, 30]]}, (0, 1, 2), {"room_seats": [50]}),
    "exams": ({"period_max_exams": [0, 1, 1, 0]}, (0, 1, 2), {"period_max_exams": [1, 1, 1, 0]}),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_contradiction_is_named_and_its_fix_works(kind):
    fields, exams, fix = CASES[kind]
    if kind == "seats":
        fields = {**fields, "size": [30, 50, 50], "room_seats": [30, 20], "days": 1}
        fix = {"days": 2}
    reasons = find_contradictions(season(3, **fields))
    assert (reasons[0].kind, reasons[0].exams) == (kind, exams)
    assert reasons[0].fixes
    cured = season(3, **{**fields, **fix})
    assert find_contradictions(cured) == []
    assert solve(cured, stop=MaxSteps(500)).hard == 0


def test_a_sentence_uses_the_planners_names():
    reason = find_contradictions(season(3, **THREE_EXAMS, days=1))[0]
    said = reason.sentence(lambda e: f"MTH-{e}", lambda p: ["Mon", "Tue"][p], lambda s: "Hira Raza")
    assert said == "Student Hira Raza has 3 exams (MTH-0, MTH-1, MTH-2) with only 2 periods (Mon, Tue)."


def test_a_season_that_can_be_placed_has_no_contradiction():
    assert find_contradictions(season(3, **THREE_EXAMS)) == []


def test_an_exam_that_is_left_out_is_told_what_is_in_its_way():
    problem = season(3, **THREE_EXAMS, days=1)
    result = solve(problem, stop=MaxSteps(500))
    (reason,) = explain_left_out(problem, result.plan)
    assert reason.exams == result.unplaced
    assert [cause for _, cause, _ in reason.in_the_way] == ["clash", "clash"]
    assert "would have to move" in reason.sentence()
