"""The open format, the evaluator of its own and the proven bound agree with the solver."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from scheduling.solver.seating import NOWHERE, evaluate, evaluator, formats
from scheduling.solver.seating.bound import lower_bound
from scheduling.solver.seating.search import solve
from scheduling.solver.stop import MaxSteps

SMALL = [size for size in formats.PUBLISHED if size.periods <= 2]


def busy(seed: int) -> dict:
    """A small instance that uses every field of the format."""
    chance = np.random.default_rng(seed)
    policy = formats.PUBLISHED[seed % len(formats.PUBLISHED)].policy
    instance = formats.invent(formats.Size("busy", seed, 3, 5, 0.6, policy, special=0.1))
    instance["policy"] |= {"order": ["mixed", "roll"][seed % 2], "metres": 1.0, "most_percent": 40}
    if seed % 3 == 0:
        instance["policy"]["neighbours"] = "distance"
    for room in instance["rooms"]:
        room["spare"] = int(chance.integers(0, 15))
        room["closed"] = chance.permutation(3)[: chance.integers(0, 2)].tolist()
        if chance.random() < 0.7:
            for chair in room["chairs"]:
                chair |= {"x": chair["across"] * 0.7, "y": chair["row"] * 0.9}
    for exam in instance["exams"]:
        exam["alone"] = bool(chance.random() < 0.3)
        exam["most_rooms"] = [None, 1, 2][chance.integers(3)]
    for one in instance["candidates"]:
        if chance.random() < 0.05:
            one["needs"] = [["own room", "ground floor", "front seat"][chance.integers(3)]]
        if chance.random() < 0.05:
            one["pin"] = [int(chance.integers(5)), int(chance.integers(20))]
    instance["periods"][0]["most_rooms"] = 2
    first = [n for n, exam in enumerate(instance["exams"]) if exam["period"] == 0]
    instance["same_room"], instance["different_room"] = [first[:2]], [first[1:3]]
    instance["weights"] = dict.fromkeys((code for code in evaluate_codes() if code not in evaluator.HARD), 1)
    return instance


def evaluate_codes():
    problem = formats.to_problem(formats.invent(SMALL[0]))
    return [
        code
        for code in evaluate(problem, np.full(problem.candidates, NOWHERE)).counts
        if code != "moved_seat"
    ]


@pytest.mark.parametrize("seed", range(8))
def test_the_evaluator_counts_any_plan_as_the_solver_does(seed):
    instance = busy(seed)
    problem = formats.to_problem(instance)
    chance = np.random.default_rng(seed)
    chair = np.full(problem.candidates, NOWHERE)
    by_period = problem.exam_period[problem.candidate_exam]
    for period in range(3):
        mine = np.flatnonzero(by_period == period)
        order = chance.permutation(problem.chairs)[: len(mine)]
        chair[mine[: len(order)]] = np.where(chance.random(len(order)) < 0.9, order, NOWHERE)

    found = evaluate(problem, chair)
    counted = evaluator.evaluate(instance, formats.plan_of(problem, chair))

    assert counted["counts"] == {code: found.counts[code] for code in counted["counts"]}
    assert set(found.counts) - set(counted["counts"]) == {"moved_seat"}
    assert (counted["hard"], counted["cost"]) == (found.hard, found.cost)


def test_the_busy_instances_break_every_rule():
    """So that the test above leaves none out; two on one chair no plan of the solver's has."""
    seen = set()
    for seed in range(8):
        problem = formats.to_problem(busy(seed))
        chair = np.random.default_rng(seed).integers(0, problem.chairs, problem.candidates)
        chair[0] = NOWHERE
        seen |= {code for code, count in evaluate(problem, chair).counts.items() if count}
    assert set(evaluate_codes()) <= seen


@pytest.mark.parametrize("size", SMALL, ids=lambda size: size.name)
def test_no_plan_beats_the_bound(size):
    problem = formats.to_problem(formats.invent(size))
    bound = lower_bound(problem, seconds=3)
    result = solve(problem, stop=MaxSteps(6))
    assert (result.hard, bound.hard) == (0, 0)
    assert 0 < bound.cost <= min(result.cost, bound.found)


def test_the_bound_knows_who_needs_the_ground_floor():
    """All but one sit together upstairs, where the chairs are."""
    chairs = [{"row": n // 6, "across": n % 6} for n in range(30)]
    instance = {
        "policy": {"neighbours": "none"},
        "rooms": [
            {"chairs": chairs, "capacity": 30, "floor": 1},
            {"chairs": chairs[:5], "capacity": 5, "floor": 0},
        ],
        "periods": [{"day": 0}],
        "exams": [{"period": 0, "parts": [{}]}],
        "candidates": [
            {"exam": 0, "student": n, "needs": ["ground floor"] if n == 0 else []} for n in range(20)
        ],
        "weights": {"rooms_used": 3, "split_rooms": 20},
    }
    problem = formats.to_problem(instance)
    assert lower_bound(problem) == (0, 26, 26)
    assert solve(problem, stop=MaxSteps(1)).cost == 26


def test_the_bound_is_reached_where_that_is_plain():
    """One exam of 20, rooms of 30 and 15 chairs: the larger room alone, at three."""
    chairs = [{"row": n // 6, "across": n % 6} for n in range(30)]
    instance = {
        "policy": {"neighbours": "none"},
        "rooms": [{"chairs": chairs, "capacity": 30}, {"chairs": chairs[:15], "capacity": 15}],
        "periods": [{"day": 0}],
        "exams": [{"period": 0, "parts": [{}]}],
        "candidates": [{"exam": 0, "student": n} for n in range(20)],
        "weights": {"rooms_used": 3, "split_rooms": 20},
    }
    problem = formats.to_problem(instance)
    assert lower_bound(problem) == (0, 3, 3)
    assert solve(problem, stop=MaxSteps(1)).cost == 3
    # Beside nobody of the own exam 15 fit in the first and 8 in the second, so both are needed.
    instance["policy"]["neighbours"] = "four"
    problem = formats.to_problem(instance)
    assert lower_bound(problem) == (0, 26, 26)
    assert solve(problem, stop=MaxSteps(1)).cost == 26


def test_faults_that_every_plan_has_are_proved():
    chairs = [{"row": 0, "across": n} for n in range(4)]
    instance = {
        "policy": {"neighbours": "sides"},
        "rooms": [{"chairs": chairs, "capacity": 4}],
        "periods": [{"day": 0}],
        "exams": [{"period": 0, "parts": [{}]}],
        "candidates": [{"exam": 0, "student": n} for n in range(3)],
        "weights": {},
    }
    problem = formats.to_problem(instance)
    assert lower_bound(problem).hard == 1
    assert solve(problem, stop=MaxSteps(3)).hard == 1


def test_a_published_instance_is_the_same_every_time():
    assert formats.invent(SMALL[1]) == formats.invent(SMALL[1])
    assert len(formats.PUBLISHED) == 10


def test_the_command_tells_cost_and_bound_and_writes_files_that_it_reads_again(tmp_path, capsys):
    call_command("seating_benchmark", "seats-01", "--seconds=0.2", "--write", str(tmp_path), "--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["hard"], row["least_hard"]) == (0, 0)
    assert 0 < row["bound"] <= row["cost"]
    plan = json.loads((tmp_path / "seats-01.plan.json").read_text())
    instance = formats.read(tmp_path / "seats-01.json")
    assert evaluator.evaluate(instance, plan)["cost"] == row["cost"]
    call_command("seating_benchmark", str(tmp_path / "seats-01.json"), "--seconds=0.2", "--json")
    assert json.loads(capsys.readouterr().out)[0]["candidates"] == row["candidates"]


def test_what_is_no_instance_is_refused(tmp_path):
    (tmp_path / "other.json").write_text('{"candidates": [{}]}')
    with pytest.raises(CommandError, match="no instance of seats"):
        call_command("seating_benchmark", str(tmp_path / "other.json"))
    with pytest.raises(CommandError, match="No such file"):
        call_command("seating_benchmark", str(tmp_path / "none.json"))
