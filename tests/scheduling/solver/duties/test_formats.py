"""The open format says all of a problem, and its evaluator counts as the solver does."""

import copy
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from scheduling.solver.duties import evaluator, formats, score
from scheduling.solver.duties.problem import OPEN, Problem

from .instances import instance


def any_roster(problem: Problem, seed: int) -> np.ndarray:
    """Anybody anywhere, and some posts open."""
    chance = np.random.default_rng(seed)
    return chance.integers(OPEN, problem.teachers, problem.posts)


@pytest.mark.parametrize("seed", range(6))
def test_a_problem_comes_back_from_json_as_it_was(seed):
    problem = instance(seed)
    again = formats.to_problem(json.loads(json.dumps(formats.to_instance(problem, "x"))))
    for name, value in problem._asdict().items():
        now = getattr(again, name)
        is_same = np.array_equal(value, now) if isinstance(value, np.ndarray) else value == now
        assert is_same, name


@pytest.mark.parametrize("seed", range(12))
def test_the_evaluator_counts_any_roster_as_the_rules_do(seed):
    problem = instance(seed)
    who = any_roster(problem, seed)
    counted = evaluator.evaluate(formats.to_instance(problem), formats.roster_of(who))
    found = score.evaluate(problem, who)
    assert {code: n for code, n in counted["counts"].items() if n} == {
        code: n for code, n in found.counts.items() if n
    }
    assert (counted["hard"], counted["cost"]) == (found.hard, found.cost)


def test_the_evaluator_refuses_a_roster_of_another_instance():
    problem = formats.to_instance(instance(0))
    with pytest.raises(ValueError, match="The roster has 1 posts"):
        evaluator.evaluate(problem, {"teachers": [None]})


def test_the_published_instances_are_the_same_every_time():
    assert len({size.name for size in formats.PUBLISHED}) == len(formats.PUBLISHED) == 10
    small = formats.PUBLISHED[0]
    assert formats.invent(small) == formats.invent(small)
    assert formats.invent(small) != formats.invent(small._replace(seed=99))


@pytest.mark.parametrize("size", formats.PUBLISHED[:4], ids=lambda size: size.name)
def test_the_published_instances_are_problems(size):
    problem = formats.to_problem(formats.invent(size))
    assert problem.teachers == size.teachers
    assert problem.target.sum() == problem.minutes.sum()


def test_an_instance_that_lacks_something_is_refused_in_words():
    whole = formats.to_instance(instance(0))
    for field in ("posts", "limits"):
        broken = copy.deepcopy(whole)
        del broken[field]
        with pytest.raises(ValueError, match=f"'{field}' is missing or not what it should be"):
            formats.to_problem(broken)


def test_the_command_tells_cost_bound_and_gap_and_writes_what_it_solved(tmp_path, capsys):
    call_command("duties_benchmark", "small-even", seconds=0.1, json=True, write=tmp_path)
    (told,) = json.loads(capsys.readouterr().out)
    assert told["posts"] == 60
    assert told["open"] == told["least_open"] == 0
    assert told["bound"] <= told["cost"]

    instance, roster = (formats.read(tmp_path / f"small-even{end}.json") for end in ("", ".roster"))
    assert evaluator.evaluate(instance, roster)["cost"] == told["cost"]


def test_the_command_refuses_a_file_that_is_none_in_words(tmp_path):
    (tmp_path / "x.json").write_text("[")
    with pytest.raises(CommandError, match="is no JSON"):
        call_command("duties_benchmark", str(tmp_path / "x.json"))
