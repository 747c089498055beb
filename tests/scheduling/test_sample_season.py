"""The demo's season: real in size and in what makes it hard."""

import numpy as np
import pytest

from scheduling import findings, importing
from scheduling.adapter import timetable
from scheduling.sample_season import add_office_work, invent
from scheduling.solver.timetable.score import evaluate

from ..factories.projects import ProjectFactory
from .adapter.test_timetable import random_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(tmp_path):
    project = ProjectFactory()
    path = tmp_path / "workbook.xlsx"
    invent(students=1200).save(path)
    importing.import_workbooks(project=project, uploads=[importing.Upload(path, path.name)])
    add_office_work(project)
    return project


def test_every_rule_binds_in_the_sample_season(project):
    """Plans made by throwing dice, and plans that put all exams into one period, break every one of them."""
    chance = np.random.default_rng(1)
    season = timetable.season_of(project)
    before = timetable.write_solution(
        season, random_plan(season.problem, chance), project=project, run=None, parent=None
    )
    season = timetable.season_of(project, stay_close_to=before)
    broken = set()
    for period in [None, 0, 1, season.problem.periods - 1]:
        plan = random_plan(season.problem, chance)
        if period is not None:
            plan = plan._replace(period=np.full(season.problem.exams, period))
        broken |= {code for code, count in evaluate(season.problem, plan).counts.items() if count}
    # the sample wishes for one thing between two exams; the other wishes are bound in rule_cases
    rules = set(findings.HARD_RULES) | {code for code in findings.SOFT_RULES if "wish" not in code}
    assert rules | {"wish_same_day"} <= broken


def test_the_same_seed_invents_the_same_season():
    assert invent(students=300).sheets == invent(students=300).sheets
    assert invent(students=300).sheets != invent(students=300, seed=1).sheets
