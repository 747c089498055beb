"""The solver's arrays and the tables tell the same story."""

import numpy as np
import pytest

from scheduling import findings
from scheduling.adapter import timetable
from scheduling.models import Exam, ExamLink, Run
from scheduling.solver.timetable.problem import UNPLACED, Plan
from scheduling.solver.timetable.score import evaluate
from tests.factories.scheduling import ExamFactory, PeriodFactory

from ..worlds import random_season, small_season

pytestmark = pytest.mark.django_db


def random_plan(problem, chance) -> Plan:
    """Any plan at all, good or not: each exam anywhere or nowhere, each part in some rooms."""
    period = chance.integers(-1, problem.periods, problem.exams)
    uses = []
    for part, size in enumerate(problem.part_size):
        if period[problem.part_exam[part]] == UNPLACED:
            continue
        rooms = chance.permutation(problem.rooms)[: chance.integers(0, 4)]
        uses += [(part, room, int(chance.integers(1, max(2, size + 1)))) for room in sorted(rooms)]
    part, room, seats = np.array(uses, dtype=np.int64).reshape(-1, 3).T
    return Plan(period, part, room, seats)


@pytest.mark.parametrize("seed", range(8))
def test_findings_count_what_the_solver_counts(seed):
    project, chance = random_season(seed), np.random.default_rng(seed)
    season = timetable.season_of(project)
    before = timetable.write_solution(
        season, random_plan(season.problem, chance), project=project, run=None, parent=None
    )
    run = Run.objects.create(project=project, start_from=before)
    season = timetable.season_of(project, stay_close_to=before)
    plan = random_plan(season.problem, chance)
    score = evaluate(season.problem, plan)
    solution = timetable.write_solution(season, plan, project=project, run=run, parent=before)

    found = {finding.rule: finding.count for finding in findings.check(solution)}

    for code, count in score.counts.items():
        if code in found:
            assert found[code] == pytest.approx(count), code
    assert findings.count_hard(findings.check(solution)) == score.hard


def test_the_random_seasons_use_every_rule():
    """So that the test above leaves none out."""
    seen = set()
    for seed in range(8):
        project, chance = random_season(seed), np.random.default_rng(seed)
        season = timetable.season_of(project)
        before = timetable.write_solution(
            season, random_plan(season.problem, chance), project=project, run=None, parent=None
        )
        season = timetable.season_of(project, stay_close_to=before)
        score = evaluate(season.problem, random_plan(season.problem, chance))
        seen |= {code for code, count in score.counts.items() if count}
    assert set(findings.HARD_RULES) | set(findings.SOFT_RULES) <= seen


@pytest.mark.parametrize("seed", range(3))
def test_a_plan_comes_back_from_the_tables_as_it_went_in(seed):
    project, chance = random_season(seed), np.random.default_rng(seed)
    season = timetable.season_of(project)
    plan = random_plan(season.problem, chance)

    solution = timetable.write_solution(season, plan, project=project, run=None, parent=None)

    back = season.plan_of(solution)
    assert (back.period == plan.period).all()
    assert sorted(zip(*back[1:], strict=True)) == sorted(zip(*plan[1:], strict=True))


def test_a_wish_without_a_weight_is_no_hard_rule():
    """Weight 0 means hard to the solver."""
    project = small_season()
    a, b = Exam.objects.for_project(project)[:2]
    ExamLink.objects.create(project=project, kind="before", exam_a=a, exam_b=b, is_hard=False, weight=0)
    assert [rule.weight for rule in timetable.season_of(project).problem.pair_rules] == [1]


def test_the_same_rows_give_the_same_hash_and_a_changed_rule_another():
    project = random_season(1)
    before = timetable.season_of(project).input_hash
    assert timetable.season_of(project).input_hash == before

    exam = project_exam(project)
    exam.duration += 10
    exam.save()

    assert timetable.season_of(project).input_hash != before


def test_a_season_without_rooms_is_a_problem_too():
    exam = ExamFactory()
    PeriodFactory(project=exam.project)
    problem = timetable.season_of(exam.project).problem
    assert (problem.rooms, problem.periods) == (0, 1)


def project_exam(project):
    return timetable.Sitting.objects.for_project(project).select_related("exam").first().exam
