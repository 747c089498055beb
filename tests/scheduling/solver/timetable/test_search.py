"""What `solve` promises: the best plan it can, the same one again, in time."""

import numpy as np
import pytest

from scheduling.solver.stop import Any, MaxSeconds, MaxSteps, NoImprovement, Spent
from scheduling.solver.timetable import Callbacks, PairRule, evaluate, portfolio, solve
from scheduling.solver.timetable.problem import MAY_BE_SOFT
from tests.scheduling.solver.timetable.test_score import CASES
from tests.scheduling.solver.timetable.worlds import is_same, plan, random_season, season

# What is asked for with its own weight has no entry in weights.
PRICED = sorted(
    code
    for code in CASES
    if not evaluate(season(**CASES[code][0]), CASES[code][1]).hard and "wish" not in code
)


@pytest.mark.parametrize("code", PRICED)
def test_the_search_keeps_a_soft_rule_that_has_a_weight(code):
    fields, broken, kept, _ = CASES[code]
    problem = season(**fields, weights={code: 5})
    result = solve(problem, stop=MaxSteps(2000), initial=broken)
    assert result.hard == 0
    assert result.cost <= evaluate(problem, kept).cost


@pytest.mark.parametrize(
    "code", [code for code in CASES if evaluate(season(**CASES[code][0]), CASES[code][1]).hard]
)
def test_the_search_never_breaks_a_hard_rule(code):
    problem = season(**CASES[code][0])
    result = solve(problem, stop=MaxSteps(500))
    assert result.counts[code] == 0


@pytest.mark.parametrize("code", MAY_BE_SOFT)
def test_a_rule_that_need_not_hold_is_kept_where_it_can_be(code):
    fields, broken, _, _ = CASES[code]
    result = solve(season(**fields, soft={code: 7}), stop=MaxSteps(2000), initial=broken)
    assert (result.hard, result.cost) == (0, 0)


# Two exams that one period cannot both have unless the rule is broken once.
ONE_TOO_MANY = {
    "clash": {"registration_student": [0, 0], "registration_exam": [0, 1]},
    "person_clash": {"person_exam": [(0, 0), (0, 1)]},
    "length": {"duration": [60, 200]},
    "period": {"exam_periods": [[1], [0]]},
    "room": {"room_seats": [9], "size": [4, 4], "exam_rooms": [[1], [0]]},
    "seats": {"room_seats": [9], "size": [5, 5]},
    "period_exams": {"period_max_exams": [1]},
    "period_candidates": {"size": [5, 5], "max_rooms": [0, 0], "period_max_candidates": [9]},
    "period_rooms": {"room_seats": [5, 5], "size": [5, 5], "period_max_rooms": [1]},
}


@pytest.mark.parametrize("code", MAY_BE_SOFT)
def test_a_rule_that_need_not_hold_is_broken_rather_than_an_exam_left_out(code):
    fields = {**ONE_TOO_MANY[code], "days": 1, "per_day": 1}
    assert len(solve(season(**fields), stop=MaxSteps(100)).unplaced) == 1
    result = solve(season(**fields, soft={code: 7}), stop=MaxSteps(100))
    assert (result.hard, result.counts[code], result.cost) == (0, 1, 7)


def test_an_exam_over_all_seats_is_short_of_as_few_as_can_be():
    rooms = {"room_seats": [30, 20, 30], "days": 1, "per_day": 1, "soft": {"seats": 100}}
    result = solve(season(1, size=[90], **rooms, weights={"split_rooms": 3}), stop=MaxSteps(100))
    assert result.counts["seats"] == 10
    whole = solve(season(1, size=[31], **rooms, weights={"split_rooms": 500}), stop=MaxSteps(100))
    assert (whole.counts["seats"], len(whole.plan.room)) == (1, 1)


def test_the_same_seed_and_steps_give_the_same_plan():
    problem = random_season(3, 20)
    one, two = (solve(problem, stop=MaxSteps(5000), seed=7) for _ in range(2))
    other = solve(problem, stop=MaxSteps(5000), seed=8)
    assert is_same(one.plan, two.plan)
    assert one.steps == 5000
    assert not is_same(one.plan, other.plan)


def test_a_run_that_time_ended_is_repeated_by_its_record():
    problem = random_season(4, 20)
    timed = solve(problem, stop=MaxSeconds(0.3), seed=5)
    again = solve(problem, stop=MaxSeconds(0.3), seed=5, replay=timed.replay)
    assert is_same(timed.plan, again.plan)
    assert (timed.cost, timed.steps) == (again.cost, again.steps)


def test_a_search_that_lends_seats_owes_none_and_is_repeated_by_its_record():
    rng = np.random.default_rng(1)
    exams, seats = 24, 60
    problem = season(
        exams, 3, 3, room_seats=[seats], size=[20] * exams, max_rooms=[1] * exams, spread=3,
        registration_student=rng.integers(0, 60, 150), registration_exam=rng.integers(0, exams, 150),
        weights={"period_spread": 1},
    )  # fmt: skip
    timed = solve(problem, stop=MaxSeconds(0.5), seed=5)
    assert timed.hard == 0
    assert {"seats", "return"} <= {step.act for step in timed.replay}
    assert is_same(timed.plan, solve(problem, seed=5, replay=timed.replay).plan)


def test_a_long_search_cools_more_than_once():
    problem = season(4, 1, 3, spread=2, registration_student=[0, 0], registration_exam=[0, 1])
    long, short = (solve(problem, stop=MaxSteps(steps)) for steps in (3_000_000, 20_000))
    assert [step.act for step in long.replay].count("rewind") > 0
    assert "rewind" not in [step.act for step in short.replay]


def test_the_fewest_exams_are_left_out():
    # Five exams of one student, three periods.
    problem = season(5, 3, 1, registration_student=[0] * 5, registration_exam=range(5))
    result = solve(problem, stop=MaxSteps(2000))
    assert len(result.unplaced) == 2
    assert result.counts["clash"] == 0
    assert result.first_feasible_s is None


def test_what_can_be_nowhere_does_not_hold_up_the_rest():
    problem = season(3, duration=[60, 500, 60])
    assert solve(problem, stop=MaxSteps(500)).unplaced == (1,)


def test_a_large_exam_is_split_over_few_rooms_of_one_block():
    problem = season(
        1, room_seats=[30, 30, 30, 30, 20], room_block=[0, 1, 0, 1, 1], size=[75],
        weights={"split_rooms": 3, "split_blocks": 10},
    )  # fmt: skip
    result = solve(problem, stop=MaxSteps(500))
    assert set(result.plan.room.tolist()) == {1, 3, 4}
    assert result.plan.seats.sum() == 75


def test_groups_of_candidates_sit_in_their_own_rooms():
    problem = season(
        1, room_seats=[40, 40], size=[50], part_exam=[0, 0], part_size=[30, 20], part_rooms=[[1, 0], [0, 1]],
    )  # fmt: skip
    result = solve(problem, stop=MaxSteps(100))
    assert list(zip(result.plan.part, result.plan.room, result.plan.seats, strict=True)) == [
        (0, 0, 30),
        (1, 1, 20),
    ]


def test_exams_with_an_allowed_clash_may_have_to_share_a_period():
    fields = {"registration_student": [0, 0], "registration_exam": [0, 1], "days": 1, "per_day": 1}
    assert len(solve(season(**fields), stop=MaxSteps(100)).unplaced) == 1
    spared = solve(season(**fields, allowed_clashes=[(0, 0, 1)]), stop=MaxSteps(100))
    assert spared.hard == 0
    assert spared.counts["allowed_clash"] == 1


def test_a_given_plan_is_kept_where_it_can_be():
    problem = random_season(9, 16)
    before = solve(problem, stop=MaxSteps(20000)).plan
    again = solve(problem, stop=MaxSteps(1), initial=before)
    assert is_same(again.plan, before)


def test_a_change_moves_only_what_must_move():
    # Four exams of one student in four periods: who takes another's period changes places with it.
    problem = season(8, registration_student=[0] * 4, registration_exam=range(4))
    before = solve(problem, stop=MaxSteps(500)).plan
    fixed = np.full(8, -1)
    fixed[0] = before.period[1]
    changed = problem._replace(pinned_period=fixed, published=before)
    result = solve(changed, stop=MaxSteps(2000), initial=before, weights={"moved_period": 5})
    assert result.counts["moved_period"] == 2


def test_a_closed_room_moves_the_exams_that_are_easy_to_place_elsewhere():
    # One period is full. When a room is closed there, the exam that shares students with all others stays.
    problem = season(
        5, 2, 1, room_seats=[9, 9, 9], size=[9, 9, 9, 1, 1], max_rooms=[1] * 5,
        registration_student=[0, 0, 1, 1], registration_exam=[0, 3, 0, 4],
    )  # fmt: skip
    before = plan([0, 0, 0, 1, 1], [(0, 2, 9), (1, 0, 9), (2, 1, 9), (3, 0, 1), (4, 0, 1)])
    seats = problem.room_seats.copy()
    seats[2] = 0
    changed = problem._replace(room_seats=seats, published=before)
    result = solve(changed, stop=MaxSteps(1), initial=before, weights={"moved_period": 5})
    assert result.hard == 0
    assert result.plan.period[0] == 0
    assert result.counts["moved_period"] == 1


def test_a_change_moves_no_more_exams_than_a_search_from_nothing_would():
    problem = random_season(11, 24)._replace(published=None)
    before = solve(problem, stop=MaxSteps(20000)).plan
    moved = next(e for e in range(24) if before.period[e] >= 0 and problem.pinned_period[e] < 0)
    fixed = problem.pinned_period.copy()
    fixed[moved] = next(
        p for p in range(problem.periods) if problem.exam_periods[moved, p] and p != before.period[moved]
    )
    changed = problem._replace(pinned_period=fixed, published=before)
    weights = {"moved_period": 10**6}
    result = solve(changed, stop=MaxSteps(20000), initial=before, weights=weights)
    anew = solve(changed, stop=MaxSteps(200000), weights=weights)
    assert len(result.unplaced) <= len(anew.unplaced)
    assert result.counts["moved_period"] <= anew.counts["moved_period"]


def test_it_can_be_cancelled_and_tells_of_its_progress():
    told = []
    callbacks = Callbacks(told.append, lambda: len(told) >= 2, every_s=0.0)
    result = solve(random_season(5, 20), stop=MaxSeconds(600), callbacks=callbacks)
    assert len(told) >= 2
    assert told[-1].counts["clash"] == 0
    assert result.seconds < 600
    assert evaluate(random_season(5, 20), result.plan).cost == result.cost


def test_several_processes_return_the_best_with_its_record():
    problem = random_season(6, 20)
    result = portfolio.solve_together(problem, seconds=0.3, workers=2, seed=3)
    again = solve(problem, seed=result.seed, replay=result.replay)
    assert result.seed in (3, 4)
    assert is_same(result.plan, again.plan)


def test_a_search_without_an_end_is_refused():
    with pytest.raises(ValueError, match="Give the search an end"):
        solve(season(), stop=NoImprovement(1.0))


def test_the_first_of_several_stops_counts():
    spent = Spent(wall_s=1.0, steps=10, idle_steps=5)
    assert Any(MaxSeconds(4), MaxSteps(20)).progress(spent) == 0.5
    assert Any(MaxSeconds(4), NoImprovement(steps=5)).progress(spent) == 1.0
    assert not Any(NoImprovement(1.0)).is_bounded


def test_seats_are_never_given_twice():
    problem = season(4, 1, 1, room_seats=[5, 5], size=[4, 4, 1, 1])
    result = solve(problem, stop=MaxSteps(100))
    assert result.hard == 0
    assert np.bincount(result.plan.room, result.plan.seats).tolist() == [5, 5]


def test_coinciding_exams_take_a_room_each():
    problem = season(
        room_seats=[5, 5], size=[4, 4], max_rooms=[1, 1], pair_rules=[PairRule("same_period", 0, 1)],
    )  # fmt: skip
    result = solve(problem, stop=MaxSteps(100))
    assert result.plan.period[0] == result.plan.period[1]
    assert sorted(result.plan.room) == [0, 1]


def test_nothing_to_move_is_no_fault():
    result = solve(season(1, 1, 1), stop=MaxSteps(10))
    assert is_same(result.plan, plan([0]))
