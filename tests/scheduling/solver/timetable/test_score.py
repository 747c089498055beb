"""Each rule in the smallest plan that breaks it once, and in one that does not."""

import numpy as np
import pytest

from scheduling.solver.timetable import RULES, PairRule, evaluate
from scheduling.solver.timetable.problem import MAY_BE_SOFT
from tests.scheduling.solver.timetable.worlds import plan, season

ONE_STUDENT = {"registration_student": [0, 0], "registration_exam": [0, 1]}
ONE_ROOM = {"room_seats": [10], "size": [5, 5]}
BOTH_SEATED = [(0, 0, 5), (1, 0, 5)]

# rule: (problem, plan that breaks it, plan that keeps it, faults)
CASES = {
    "unplaced": ({}, plan([0, -1]), plan([0, 1]), 1),
    "clash": (ONE_STUDENT, plan([0, 0]), plan([0, 1]), 1),
    "person_clash": ({"person_exam": [(0, 0), (0, 1)]}, plan([0, 0]), plan([0, 1]), 1),
    "length": ({"period_length": [50, 180, 180, 180]}, plan([0, 1]), plan([1, 1]), 1),
    "period": ({"pinned_period": [2, -1]}, plan([0, 0]), plan([2, 0]), 1),
    "unseated": (ONE_ROOM, plan([0, 1], [(0, 0, 5)]), plan([0, 1], BOTH_SEATED), 5),
    "seats": ({"room_seats": [9], "size": [5, 5]}, plan([0, 0], BOTH_SEATED), plan([0, 1], BOTH_SEATED), 1),
    "room": (
        {"room_seats": [9, 9], "size": [5, 5], "exam_rooms": [[1, 0], [1, 1]]},
        plan([0, 1], [(0, 1, 5), (1, 1, 5)]),
        plan([0, 1], [(0, 0, 5), (1, 1, 5)]),
        1,
    ),
    "exclusive": ({**ONE_ROOM, "exclusive": [1, 0]}, plan([0, 0], BOTH_SEATED), plan([0, 1], BOTH_SEATED), 1),
    "max_rooms": (
        {"room_seats": [3, 3], "size": [5, 0], "max_rooms": [1, 0]},
        plan([0, 1], [(0, 0, 3), (0, 1, 2)]),
        plan([0, 1], [(0, 0, 3)]),
        1,
    ),
    "period_exams": ({"period_max_exams": [1, 1, 1, 1]}, plan([0, 0]), plan([0, 1]), 1),
    "period_candidates": (
        {"size": [5, 5], "max_rooms": [0, 0], "period_max_candidates": [9, 9, 9, 9]},
        plan([0, 0]),
        plan([0, 1]),
        1,
    ),
    "period_rooms": (
        {"room_seats": [5, 5], "size": [5, 5], "period_max_rooms": [1, 1, 1, 1]},
        plan([0, 0], [(0, 0, 5), (1, 1, 5)]),
        plan([0, 1], [(0, 0, 5), (1, 1, 5)]),
        1,
    ),
    "same_period": ({"pair_rules": [PairRule("same_period", 0, 1)]}, plan([0, 1]), plan([1, 1]), 1),
    "different_period": ({"pair_rules": [PairRule("different_period", 0, 1)]}, plan([1, 1]), plan([0, 1]), 1),
    "before": ({"pair_rules": [PairRule("before", 0, 1)]}, plan([1, 0]), plan([0, 1]), 1),
    "same_day": ({"pair_rules": [PairRule("same_day", 0, 1)]}, plan([1, 2]), plan([0, 1]), 1),
    "different_day": ({"pair_rules": [PairRule("different_day", 0, 1)]}, plan([0, 1]), plan([1, 2]), 1),
    # From 12:00 to 13:00 is an hour, to 9:00 of the next day 21.
    "min_gap": ({"pair_rules": [PairRule("min_gap", 0, 1, value=61)]}, plan([0, 1]), plan([0, 2]), 1),
    "min_days": (
        {"pair_rules": [PairRule("min_days", 0, 1, value=2)], "days": 3},
        plan([0, 2]),
        plan([0, 4]),
        1,
    ),
    "adjacent": ({"pair_rules": [PairRule("adjacent", 0, 1)]}, plan([1, 2]), plan([2, 3]), 1),
    "same_room": (
        {"room_seats": [10, 10], "size": [5, 5], "pair_rules": [PairRule("same_room", 0, 1)]},
        plan([0, 0], [(0, 0, 5), (1, 1, 5)]),
        plan([0, 0], [(0, 1, 5), (1, 1, 5)]),
        1,
    ),
    "different_room": (
        {"room_seats": [10, 10], "size": [5, 5], "pair_rules": [PairRule("different_room", 0, 1)]},
        plan([0, 0], [(0, 1, 5), (1, 1, 5)]),
        plan([0, 1], [(0, 1, 5), (1, 1, 5)]),
        1,
    ),
    "allowed_clash": ({**ONE_STUDENT, "allowed_clashes": [(0, 1, 0)]}, plan([0, 0]), plan([0, 1]), 1),
    "two_in_a_row": (ONE_STUDENT, plan([1, 0]), plan([1, 2]), 1),
    "two_in_a_day": ({**ONE_STUDENT, "per_day": 3}, plan([2, 0]), plan([1, 0]), 1),
    "period_spread": ({**ONE_STUDENT, "spread": 2}, plan([0, 2]), plan([0, 3]), 1),
    "proximity": ({**ONE_STUDENT, "days": 4}, plan([0, 5]), plan([0, 6]), 1),
    "proximity_clock": ({**ONE_STUDENT, "days": 7}, plan([0, 10]), plan([0, 11]), 1),
    "overnight": (ONE_STUDENT, plan([1, 2]), plan([1, 3]), 1),
    "short_break": ({**ONE_STUDENT, "short_break": 61}, plan([0, 1]), plan([0, 2]), 1),
    "travel": (
        {**ONE_STUDENT, "room_seats": [10, 10], "room_block": [0, 1], "size": [5, 5], "travel_break": 61},
        plan([0, 1], [(0, 0, 5), (1, 1, 5)]),
        plan([0, 1], [(0, 1, 5), (1, 1, 5)]),
        1,
    ),
    "day_limit": ({**ONE_STUDENT, "day_limit": 1}, plan([0, 1]), plan([0, 2]), 1),
    "window_limit": (
        {**ONE_STUDENT, "window_limit": 1, "window_days": 2, "days": 3, "per_day": 1},
        plan([0, 1]),
        plan([0, 2]),
        1,
    ),
    "cohort_gap": (
        {"cohort_exam": [(0, 0), (0, 1)], "cohort_gap": 2, "days": 3, "per_day": 1},
        plan([0, 1]),
        plan([0, 2]),
        1,
    ),
    "front_load": ({"front_load": [1, 0], "late_period": [0, 0, 0, 1]}, plan([3, 3]), plan([2, 3]), 1),
    "period_penalty": ({"period_penalty": [0, 1, 0, 0]}, plan([1, 0]), plan([0, 0]), 1),
    "period_preference": (
        {"exam_period_penalty": [[0, 1, 0, 0], [0, 0, 0, 0]]},
        plan([1, 1]),
        plan([0, 1]),
        1,
    ),
    "rotation": ({"last_season": [0.1, np.nan]}, plan([3, 3]), plan([0, 3]), 1),
    "moved_period": ({"published": plan([1, -1])}, plan([0, 0]), plan([1, 0]), 1),
    "moved_room": (
        {"room_seats": [9, 9], "size": [5, 5], "published": plan([0, 0], [(0, 0, 5)])},
        plan([0, 1], [(0, 1, 5), (1, 1, 5)]),
        plan([0, 1], [(0, 0, 5), (1, 1, 5)]),
        1,
    ),
    "room_penalty": (
        {**ONE_ROOM, "room_seats": [9, 9], "room_penalty": [0, 1]},
        plan([0, 1], [(0, 1, 5), (1, 0, 5)]),
        plan([0, 1], BOTH_SEATED),
        1,
    ),
    "room_preference": (
        {"size": [5, 5], "room_seats": [9, 9], "exam_room_penalty": [[0, 1], [0, 0]]},
        plan([0, 1], [(0, 1, 5), (1, 1, 5)]),
        plan([0, 1], [(0, 0, 5), (1, 1, 5)]),
        1,
    ),
    "mixed_durations": (
        {**ONE_ROOM, "duration": [60, 90]},
        plan([0, 0], BOTH_SEATED),
        plan([0, 1], BOTH_SEATED),
        1,
    ),
    "split_rooms": (
        {"room_seats": [3, 9], "size": [5, 5]},
        plan([0, 1], [(0, 0, 3), (0, 1, 2), (1, 1, 5)]),
        plan([0, 1], [(0, 1, 5), (1, 1, 5)]),
        1,
    ),
    "split_blocks": (
        {"room_seats": [3, 3, 9], "room_block": [0, 1, 0], "size": [5, 5]},
        plan([0, 1], [(0, 0, 3), (0, 1, 2), (1, 2, 5)]),
        plan([0, 1], [(0, 0, 3), (0, 2, 2), (1, 2, 5)]),
        1,
    ),
    "wish_same_period": ({"pair_rules": [PairRule("same_period", 0, 1, 4)]}, plan([0, 1]), plan([1, 1]), 1),
    "wish_different_period": (
        {"pair_rules": [PairRule("different_period", 0, 1, 4)]},
        plan([1, 1]),
        plan([0, 1]),
        1,
    ),
    "wish_before": ({"pair_rules": [PairRule("before", 0, 1, 4)]}, plan([1, 0]), plan([0, 1]), 1),
    "wish_same_day": ({"pair_rules": [PairRule("same_day", 0, 1, 4)]}, plan([1, 2]), plan([0, 1]), 1),
    "wish_different_day": (
        {"pair_rules": [PairRule("different_day", 0, 1, 4)]},
        plan([0, 1]),
        plan([1, 2]),
        1,
    ),
    "wish_min_gap": ({"pair_rules": [PairRule("min_gap", 0, 1, 4, 61)]}, plan([0, 1]), plan([0, 2]), 1),
    "wish_min_days": ({"pair_rules": [PairRule("min_days", 0, 1, 4, 1)]}, plan([0, 1]), plan([0, 2]), 1),
    "wish_adjacent": ({"pair_rules": [PairRule("adjacent", 0, 1, 4)]}, plan([1, 2]), plan([2, 3]), 1),
}


@pytest.mark.parametrize("code", CASES)
def test_a_rule_counts_its_fault_once(code):
    fields, broken, kept, faults = CASES[code]
    problem = season(**fields)
    assert evaluate(problem, broken).counts.get(code, 0) == faults
    assert evaluate(problem, kept).counts.get(code, 0) == 0


@pytest.mark.parametrize("code", MAY_BE_SOFT)
def test_a_rule_that_need_not_hold_costs_its_price(code):
    fields, broken, _, faults = CASES[code]
    found = evaluate(season(**fields, soft={code: 7}), broken)
    assert (found.hard, found.costs) == (0, {code: 7 * faults})


def test_a_closed_room_has_no_seats_and_does_not_suit():
    problem = season(room_seats=[[10, 0, 10, 10]], size=[5, 5])
    counts = evaluate(problem, plan([0, 1], BOTH_SEATED)).counts
    assert (counts["room"], counts["seats"]) == (1, 1)
    assert evaluate(problem, plan([0, 2], BOTH_SEATED)).hard == 0


def test_of_seats_that_may_be_too_few_each_missing_one_counts():
    problem = season(room_seats=[6], size=[5, 5], soft={"seats": 1})
    assert evaluate(problem, plan([0, 0], BOTH_SEATED)).counts["seats"] == 4


def test_every_rule_has_a_smallest_case():
    # Days and empty seats are never nought; they have tests of their own below.
    assert {rule.code for rule in RULES} - set(CASES) == {"days_used", "empty_seats"}


def test_days_with_exams_are_counted_once():
    assert evaluate(season(), plan([0, 1])).counts["days_used"] == 1
    assert evaluate(season(), plan([0, 2])).counts["days_used"] == 2


def test_empty_seats_count_in_rooms_that_are_used_only():
    problem = season(room_seats=[10, 30], size=[5, 4])
    assert evaluate(problem, plan([0, 0], [(0, 0, 5), (1, 0, 4)])).counts["empty_seats"] == 1
    assert evaluate(problem, plan([0, 0], [(0, 0, 5), (1, 1, 4)])).counts["empty_seats"] == 5 + 26


def test_a_pair_weighs_as_its_lighter_registration():
    problem = season(**ONE_STUDENT, registration_weight=[1.0, 0.3], weights={"two_in_a_row": 10})
    found = evaluate(problem, plan([0, 1]))
    assert (found.counts["two_in_a_row"], found.cost) == (0.3, 3.0)


def test_three_in_a_row_are_two_rows_and_one_day():
    problem = season(3, 1, 3, registration_student=[0, 0, 0], registration_exam=[0, 1, 2], spread=1)
    counts = evaluate(problem, plan([2, 0, 1])).counts
    assert (counts["two_in_a_row"], counts["two_in_a_day"], counts["period_spread"]) == (2, 1, 2)


def test_parts_of_an_exclusive_exam_may_share_its_room():
    problem = season(
        room_seats=[10], exclusive=[1, 0], max_rooms=[1, 0], size=[6, 0], part_exam=[0, 0], part_size=[3, 3],
        part_rooms=[[1], [1]],
    )  # fmt: skip
    assert evaluate(problem, plan([0, 0], [(0, 0, 3), (1, 0, 3)])).hard == 0


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="no soft rule that is called 'niceness'"):
        evaluate(season(weights={"niceness": 1}), plan([0, 1]))


@pytest.mark.parametrize("soft", [{"unplaced": 5}, {"clash": 0}])
def test_what_cannot_be_soft_is_refused(soft):
    with pytest.raises(ValueError, match=r"cannot be soft|price of 1 or more"):
        season(soft=soft)
