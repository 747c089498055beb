"""The roster's search: what it counts, what it keeps, what it proves."""

import numpy as np
import pytest

from scheduling.solver.duties import bound, kernels, score, search
from scheduling.solver.duties.problem import AWAY, EVENING, OPEN, WEEKEND, Limits, make_problem
from scheduling.solver.duties.search import Callbacks, Search, gap, solve
from scheduling.solver.stop import MaxSeconds, MaxSteps, NoImprovement

from .instances import instance

# what the kernels price beyond the soft rules
PRICED_FAULTS = ("relative_alone",)


@pytest.mark.parametrize("hard", [(), ("own_exam_room", "woman_in_room", "duties_a_day", "least_duties")])
@pytest.mark.parametrize("seed", range(4))
def test_the_kernels_count_as_the_rules_do_after_any_moves(seed, hard):
    problem = instance(seed, hard=hard)
    search = Search(problem, MaxSteps(1), seed, None, None)
    search.construct()
    for temperature in (2000.0, 200.0, 5.0):
        kernels.anneal(search.model, search.state, temperature, 2000)
        found = score.evaluate(problem, search.state.who)
        faults = sum(found.counts[code] for code in (*PRICED_FAULTS, *hard) if code != "own_exam_room")
        price = found.cost + found.counts["unfilled"] * kernels.OPEN_PRICE + faults * kernels.FAULT_PRICE
        assert search.state.sums[kernels.COST] == price
        for code in ("two_duties_at_once", "teacher_away", "not_senior", "most_duties", "pair_never"):
            assert found.counts[code] == 0


def test_the_same_seed_and_steps_give_the_same_roster():
    problem = instance(1)
    one, other = (solve(problem, stop=MaxSteps(5000), seed=7) for _ in range(2))
    assert (one.who == other.who).all()
    assert (one.who != solve(problem, stop=MaxSteps(5000), seed=8).who).any()


def test_a_search_without_an_end_is_refused():
    with pytest.raises(ValueError, match="Give the search an end"):
        solve(instance(1), stop=NoImprovement(steps=5))


def test_pins_are_kept():
    result = solve(instance(2), stop=MaxSteps(5000))
    assert result.counts["duty_pin"] == 0


def test_a_cancel_keeps_the_best_roster_so_far():
    asked = []

    def is_cancelled() -> bool:
        asked.append(1)
        return len(asked) > 500

    result = solve(instance(3), stop=MaxSeconds(600), callbacks=Callbacks(is_cancelled=is_cancelled))
    assert len(asked) == 501
    assert result.counts["unfilled"] == 0


def test_the_progress_is_told_with_the_counts_of_the_best():
    told = []
    solve(instance(3), stop=MaxSteps(4000), callbacks=Callbacks(progress=told.append, every_s=0.0))
    assert told[-1].cost <= told[0].cost
    assert told[-1].counts["unfilled"] == 0


def test_more_steps_are_not_worse_and_nothing_is_better_than_the_bound():
    problem = instance(5)
    short, long = (solve(problem, stop=MaxSteps(steps)) for steps in (500, 60_000))
    assert long.measures["bound"] <= long.cost < short.cost


def test_a_roster_that_meets_the_bound_ends_the_search():
    """Four posts of two hours for two teachers, two each: nothing is off."""
    problem = make_problem(
        start=[0, 200, 1440, 1640],
        end=[120, 320, 1560, 1760],
        period=[0, 1, 2, 3],
        day=[0, 0, 1, 1],
        target=[240, 240],
        weights={"fair_minutes": 1},
    )
    result = solve(problem, stop=MaxSeconds(600))
    assert (result.cost, result.measures["gap"]) == (0, 0)


def exhausted(problem) -> int:
    """The least cost of a full roster by trying all of them."""
    best = None
    for number in range(problem.teachers**problem.posts):
        who = np.array([number // problem.teachers**post % problem.teachers for post in range(problem.posts)])
        found = score.evaluate(problem, who)
        if found.hard == 0 and (best is None or found.cost < best):
            best = found.cost
    return best


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_is_below_the_best_of_all_rosters_and_the_search_finds_that(seed):
    chance = np.random.default_rng(seed)
    length = chance.choice([60, 90, 180], 6)
    start = np.arange(6) * 300
    problem = make_problem(
        start=start,
        end=start + length,
        period=range(6),
        day=np.arange(6) // 3,
        room=np.arange(6) % 2,
        target=[int(length.sum() * part) for part in (0.5, 0.3, 0.2)],
        rank=[1, 2, 3],
        most=[3, 8, 8],
        weights={"fair_minutes": 1, "juniors_first": 3, "duties_a_day": 200, "same_duty_room": 2},
        limits=Limits(a_day=2),
    )
    best = exhausted(problem)
    assert bound.least_cost(problem) <= best
    assert solve(problem, stop=MaxSteps(20_000)).cost == best


@pytest.mark.parametrize("seed", range(8))
def test_a_run_that_goes_on_from_a_roster_finds_the_best_however_far(seed):
    chance = np.random.default_rng(seed)
    length = chance.choice([60, 90, 180], 6)
    start = np.arange(6) * 300
    problem = make_problem(
        start=start,
        end=start + length,
        period=range(6),
        day=np.arange(6) // 3,
        target=[int(length.sum() * part) for part in (0.5, 0.3, 0.2)],
        earlier=chance.integers(0, 2, 6),
        weights={"fair_minutes": 1, "moved_duty": int(chance.choice([5, 40]))},
    )
    assert solve(problem, stop=MaxSteps(20_000)).cost == exhausted(problem)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_of_a_run_that_stays_close_is_below_the_best_of_all_rosters(seed):
    chance = np.random.default_rng(seed)
    length = chance.choice([60, 90, 180], 6)
    start = np.arange(6) * 300
    ban = np.zeros((3, 6), np.uint8)
    ban[0, 2] = AWAY
    problem = make_problem(
        start=start,
        end=start + length,
        period=range(6),
        day=np.arange(6) // 3,
        ban=ban,
        target=[int(length.sum() * part) for part in (0.5, 0.3, 0.2)],
        earlier=chance.integers(-1, 2, 6),
        weights={"fair_minutes": 1, "moved_duty": int(chance.choice([5, 40, 400]))},
    )
    assert bound.least_cost(problem) <= exhausted(problem)


def test_the_bound_counts_the_duties_that_must_change_hands():
    """One teacher had all four duties, shared evenly two of them move; one the teacher cannot have now."""
    problem = make_problem(
        start=[0, 300, 600, 900],
        end=[60, 360, 660, 960],
        period=[0, 1, 2, 3],
        day=[0, 0, 0, 0],
        ban=[[AWAY, 0, 0, 0], [0, 0, 0, 0]],
        target=[120, 120],
        earlier=[0, 0, 0, 0],
        weights={"fair_minutes": 10, "moved_duty": 7},
    )
    result = solve(problem, stop=MaxSteps(100))
    assert bound.least_cost(problem) == result.cost == 14
    assert result.measures["gap"] == 0


def test_the_bound_counts_the_lengths_that_cannot_be_shared_evenly():
    """Three posts of three hours for two: one is 90 minutes off, the other too."""
    problem = make_problem(
        start=[0, 300, 600],
        end=[180, 480, 780],
        period=[0, 1, 2],
        day=[0, 0, 0],
        target=[270, 270],
        weights={"fair_minutes": 1},
    )
    assert bound.least_cost(problem) == 2 * (90 * 90 // 60)
    assert solve(problem, stop=MaxSteps(100)).cost == 270


def test_who_is_away_on_all_evenings_stays_below_the_share_of_evenings():
    problem = make_problem(
        start=[0, 300, 1440],
        end=[120, 420, 1560],
        period=[0, 1, 2],
        day=[0, 0, 1],
        kind=[EVENING, 0, EVENING],
        target=[180, 180],
        ban=[[AWAY, 0, AWAY], [0, 0, 0]],
        weights={"even_kinds": 20},
    )
    # And the other has one too many.
    assert bound.least_cost(problem) == solve(problem, stop=MaxSteps(500)).cost == 40


@pytest.mark.parametrize("seed", range(16))
def test_the_bound_of_full_days_and_shares_is_below_the_best_of_all_rosters(seed):
    """Absences leave few days for what a teacher's target and shares ask for."""
    chance = np.random.default_rng(seed)
    start = np.array([0, 100, 200, 1440, 1540, 1640, 2880])
    problem = make_problem(
        start=start,
        end=start + chance.choice([60, 90], 7),
        period=range(7),
        day=[0, 0, 0, 1, 1, 1, 2],
        kind=chance.choice([0, EVENING, WEEKEND, EVENING + WEEKEND], 7),
        ban=AWAY * (chance.random((3, 7)) < 0.35),
        target=chance.choice([60, 180, 300], 3),
        weights={
            "fair_minutes": int(chance.choice([1, 3])),
            "even_kinds": int(chance.choice([20, 300])),
            "duties_a_day": int(chance.choice([0, 30, 200])),
            "duties_on_end": int(chance.choice([0, 100])),
        },
        hard=["duties_a_day"] if chance.random() < 0.25 else [],
        limits=Limits(a_day=int(chance.integers(1, 3)), on_end=int(chance.integers(1, 3))),
    )
    best = exhausted(problem)
    assert best is None or bound.least_cost(problem) <= best


def test_the_bound_counts_the_full_day_of_who_comes_on_one_day_only():
    """He is to watch six hours and comes on the first day: three duties, one beyond the most of a day."""
    problem = make_problem(
        start=[0, 300, 600, 1440],
        end=[120, 420, 720, 1560],
        period=[0, 1, 2, 3],
        day=[0, 0, 0, 1],
        ban=[[0, 0, 0, AWAY], [0, 0, 0, 0]],
        target=[360, 120],
        weights={"fair_minutes": 10, "duties_a_day": 200, "duties_on_end": 100},
        limits=Limits(a_day=2, on_end=2),
    )
    assert bound.least_cost(problem) == solve(problem, stop=MaxSteps(500)).cost == 300


def test_more_posts_in_a_room_than_teachers_are_repeats():
    problem = make_problem(
        start=[0, 300, 600],
        end=[180, 480, 780],
        period=[0, 1, 2],
        day=[0, 0, 0],
        room=[0, 0, 0],
        target=[360, 180],
        weights={"same_duty_room": 2},
    )
    assert bound.least_cost(problem) == 2


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5])
def test_as_few_posts_stay_open_as_can_be(seed):
    """Against the flow: absences and most duties, nothing else in the way."""
    chance = np.random.default_rng(seed)
    period = np.repeat(np.arange(8), 3)
    problem = make_problem(
        start=period * 200,
        end=period * 200 + 120,
        period=period,
        day=period // 2,
        target=[360] * 7,
        most=chance.integers(1, 5, 7),
        ban=(chance.random((7, 24)) < 0.5),
    )
    result = solve(problem, stop=MaxSteps(1000))
    assert result.counts["unfilled"] == bound.least_open(problem) > 0
    assert (result.who == OPEN).sum() == result.measures["open"]


def test_a_roster_that_goes_on_from_another_stays_with_it():
    problem = instance(4)
    first = solve(problem._replace(earlier=np.full(problem.posts, OPEN)), stop=MaxSteps(5000))
    dear = dict(problem.weights) | {"moved_duty": 10_000}
    second = solve(problem._replace(earlier=first.who, weights=dear), stop=MaxSteps(5000), seed=2)
    assert second.counts["moved_duty"] == 0


@pytest.mark.parametrize(("cost", "least", "percent"), [(0, 0, 0), (100, 100, 0), (200, 100, 50)])
def test_the_gap_is_in_percent_of_the_cost(cost, least, percent):
    assert gap(cost, least) == percent


def test_whoever_warms_up_has_the_loop_compiled_before_the_clock_runs(monkeypatch):
    monkeypatch.setattr(search, "_warm", [])
    turned = []
    monkeypatch.setattr(kernels, "anneal", lambda *told: turned.append(told))
    search.warm_up()
    search.warm_up()
    assert len(turned) == 1
