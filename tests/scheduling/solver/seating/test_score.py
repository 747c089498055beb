"""Every rule of the seats counts what it says, in the smallest case."""

import numpy as np
import pytest

from scheduling.solver.seating import NOWHERE, RULES, evaluate
from scheduling.solver.seating.score import COUNTED

from .worlds import halls, random_problem


def counts(problem, chair, **weights):
    return evaluate(problem, np.array(chair), weights or None).counts


def test_every_rule_has_its_function():
    assert set(COUNTED) == {rule.code for rule in RULES}


def test_a_candidate_without_a_chair_counts():
    assert counts(halls((1, 2), exams=[(0, 2)]), [0, NOWHERE])["chair_missing"] == 1


def test_two_on_one_chair_count_in_one_period_only():
    assert counts(halls((1, 2), exams=[(0, 2)]), [0, 0])["chair_twice"] == 1
    assert counts(halls((1, 2), exams=[(0, 1), (1, 1)]), [0, 0])["chair_twice"] == 0


def test_dead_chairs_closed_rooms_and_candidates_beyond_the_capacity_count():
    assert counts(halls((1, 2), exams=[(0, 1)], chair_usable=[False, True]), [0])["chair_unusable"] == 1
    assert counts(halls((1, 2), exams=[(0, 1)], room_open=False), [0])["chair_unusable"] == 1
    assert counts(halls((1, 2), exams=[(0, 2)], room_capacity=1), [0, 1])["chair_unusable"] == 1


def test_neighbours_of_one_exam_count_and_of_two_do_not():
    problem = halls((2, 2), exams=[(0, 2), (0, 2)])
    assert counts(problem, [0, 1, 2, 3])["neighbours"] == 2
    assert counts(problem, [0, 3, 1, 2])["neighbours"] == 0


def test_who_sits_at_another_time_is_no_neighbour():
    assert counts(halls((1, 2), exams=[(0, 1), (1, 1)]), [0, 1])["same_neighbour"] == 0


def test_roll_numbers_that_fall_count_where_they_must_rise():
    sat = [2, 1, 0]
    assert counts(halls((1, 3), exams=[(0, 3)], order="roll"), sat)["roll_order"] == 2
    assert counts(halls((1, 3), exams=[(0, 3)]), sat)["roll_order"] == 0


def test_an_arrangement_counts_once_for_each_that_is_not_kept():
    problem = halls(
        (2, 2),
        exams=[(0, 2)],
        candidate_own_room=[True, False],
        candidate_ground=[True, False],
        candidate_front=[True, False],
        room_floor=1,
    )
    assert counts(problem, [3, 0])["arrangement"] == 3
    assert counts(problem, [0, NOWHERE])["arrangement"] == 1  # the floor


def test_a_pinned_candidate_elsewhere_counts():
    problem = halls((1, 3), exams=[(0, 2)], candidate_pin=[2, NOWHERE])
    assert counts(problem, [0, 2])["seat_pin"] == 1
    assert counts(problem, [2, 0])["seat_pin"] == 0


def test_an_exam_beyond_its_share_of_a_room_counts():
    assert counts(halls((2, 2), exams=[(0, 3)], sparse_percent=50), [0, 1, 2])["sparse"] == 1


def test_neighbours_of_one_class_count_in_different_exams_too():
    problem = halls((1, 3), exams=[(0, 1), (0, 1), (0, 1)], candidate_cohort=[7, 7, NOWHERE])
    assert counts(problem, [0, 1, 2])["cohort_neighbours"] == 1


def test_exams_beyond_the_most_in_a_room_count():
    assert counts(halls((1, 3), exams=[(0, 1)] * 3, most_exams=2), [0, 1, 2])["exams_in_room"] == 1


def test_ranges_of_roll_numbers_count_beyond_the_first():
    """Candidates 0, 1 | 2 | 3 of one exam: 0, 2 and 3 in the first room are two ranges, 1 is one."""
    problem = halls((1, 3), (1, 1), exams=[(0, 4)])
    assert counts(problem, [0, 3, 1, 2])["roll_ranges"] == 1
    assert counts(problem, [0, 1, 2, 3])["roll_ranges"] == 0


def test_rooms_count_in_each_period():
    assert counts(halls((1, 2), (1, 2), exams=[(0, 1), (0, 1), (1, 1)]), [0, 2, 0])["rooms_used"] == 3


def test_seats_missing_from_those_kept_free_count():
    problem = halls((1, 3), exams=[(0, 2)], room_spare=2)
    assert counts(problem, [0, 2])["spare_seats"] == 1


def test_the_same_neighbour_again_counts():
    problem = halls((1, 2), exams=[(0, 1), (0, 1), (1, 1), (1, 1)], candidate_student=[5, 6, 6, 5])
    assert counts(problem, [0, 1, 0, 1])["same_neighbour"] == 1


def test_a_seat_that_changed_counts():
    problem = halls((1, 2), exams=[(0, 2)], candidate_before=[0, NOWHERE])
    assert counts(problem, [1, 0])["moved_seat"] == 1


def test_a_second_room_on_a_day_counts():
    more = {"candidate_student": [1, 1], "exams": [(0, 1), (1, 1)]}
    assert counts(halls((1, 1), (1, 1), period_day=[3, 3], **more), [0, 1])["room_change"] == 1
    assert counts(halls((1, 1), (1, 1), period_day=[3, 4], **more), [0, 1])["room_change"] == 0


def test_what_the_datesheet_counts_of_rooms_is_seen_too():
    problem = halls(
        (1, 2),
        (1, 2),
        exams=[(0, 2), (0, 1), (0, 1)],
        exam_alone=[True, False, False],
        exam_max_rooms=[1, 9, 9],
        period_max_rooms=1,
        part_exam=[0, 1, 2],
        candidate_part=[0, 0, 1, 2],
        part_rooms=[[True, True], [False, True], [True, True]],
        same_room=[(1, 2)],
        different_room=[(0, 1)],
        exam_duration=[60, 120, 60],
        room_block=[0, 1],
        room_penalty=[0, 3],
    )
    found = counts(problem, [0, 2, 1, 3])
    assert {code: found[code] for code in ("room", "exclusive", "max_rooms", "period_rooms")} == {
        "room": 1,
        "exclusive": 1,
        "max_rooms": 1,
        "period_rooms": 1,
    }
    assert (found["same_room"], found["different_room"]) == (1, 1)
    assert (found["split_rooms"], found["split_blocks"], found["mixed_durations"]) == (1, 1, 1)
    assert found["room_penalty"] == 6


def test_neighbours_that_need_not_differ_have_a_price_instead():
    problem = halls((1, 2), exams=[(0, 2)], must_keep_neighbours=False, weights={"neighbours": 7})
    found = evaluate(problem, np.array([0, 1]))
    assert (found.hard, found.costs) == (0, {"neighbours": 7})


def test_the_cost_is_the_sum_of_weight_times_count():
    problem = random_problem(1)
    chair = np.random.default_rng(1).permutation(problem.candidates) % problem.chairs
    found = evaluate(problem, chair, {"rooms_used": 3, "roll_ranges": 2})
    assert found.cost == 3 * found.counts["rooms_used"] + 2 * found.counts["roll_ranges"]


def test_an_unknown_rule_is_refused_by_name():
    with pytest.raises(ValueError, match="comfort"):
        evaluate(halls((1, 1), exams=[(0, 1)]), np.array([0]), {"comfort": 1})


def test_a_plan_of_another_problem_is_refused():
    with pytest.raises(ValueError, match="every candidate"):
        evaluate(halls((1, 1), exams=[(0, 1)]), np.array([0, 0]))
