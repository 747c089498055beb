"""A benchmark instance becomes a project and a project an instance, and a plan costs the same in both."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from scheduling import instances
from scheduling.adapter import timetable
from scheduling.models import ExamLink, Student
from scheduling.solver.stop import MaxSteps
from scheduling.solver.timetable import evaluate, exchange, formats, solve
from tests.factories.projects import ProjectFactory

from .worlds import random_season, small_season

pytestmark = pytest.mark.django_db

ITC = """[Exams:4]
60, 1, 2, 3
120, 1, 4
60, 4, 5
90, 6
[Periods:4]
01:06:2026, 09:00:00, 120, 0
01:06:2026, 14:00:00, 120, 3
02:06:2026, 09:00:00, 120, 0
05:06:2026, 23:00:00, 120, 1
[Rooms:2]
3, 0
2, 4
[PeriodHardConstraints]
0, AFTER, 1
2, EXCLUSION, 3
0, EXAM_COINCIDENCE, 3
[RoomHardConstraints]
1, ROOM_EXCLUSIVE
[InstitutionalWeightings]
TWOINAROW, 7
TWOINADAY, 5
PERIODSPREAD, 2
NONMIXEDDURATIONS, 10
FRONTLOAD, 1, 2, 6
"""


@pytest.fixture
def itc(tmp_path):
    path = tmp_path / "small.exam"
    path.write_text(ITC)
    return path


def plans(problem, count=20):
    """Plans good and bad, each exam in one room."""
    chance = np.random.default_rng(1)
    for _ in range(count):
        period = chance.integers(0, problem.periods, problem.exams)
        parts = np.arange(problem.parts)
        rooms = chance.integers(0, max(1, problem.rooms), problem.parts)
        yield solve(problem, stop=MaxSteps(1)).plan._replace(
            period=period, part=parts, room=rooms, seats=problem.part_size
        )


def costs(problem, plan):
    found = evaluate(problem, plan)
    return found.hard, found.cost, found.costs


def test_an_itc2007_instance_costs_in_the_project_what_it_costs_in_the_file(itc):
    project = ProjectFactory()
    instance = instances.import_instance(project=project, path=itc)
    season = timetable.season_of(project)
    assert season.problem.weights == {**instance.problem.weights, "allowed_clash": 100} or (
        season.problem.weights == instance.problem.weights
    )
    for plan in plans(instance.problem):
        assert costs(season.problem, plan) == costs(instance.problem, plan)
    assert ExamLink.objects.for_project(project).count() == 3


def test_a_carter_instance_costs_in_the_project_what_it_costs_in_the_file(tmp_path):
    (tmp_path / "tiny.crs").write_text("0001 2\n0002 2\n0003 1\n")
    (tmp_path / "tiny.stu").write_text("0001 0002\n0001 0003\n0002\n")
    project = ProjectFactory()
    instance = instances.import_instance(project=project, path=tmp_path / "tiny.crs", periods=4)
    season = timetable.season_of(project)
    for plan in plans(instance.problem):
        assert costs(season.problem, plan) == costs(instance.problem, plan)


def test_only_an_empty_project_takes_an_instance(itc):
    project = small_season()
    with pytest.raises(instances.CannotImport, match="Make a new one"):
        instances.import_instance(project=project, path=itc)


def test_a_file_that_is_no_instance_is_refused(tmp_path):
    with pytest.raises(instances.CannotImport, match="json file"):
        instances.import_instance(project=ProjectFactory(), path=tmp_path / "plan.txt")


@pytest.mark.parametrize("seed", range(4))
def test_a_season_comes_back_from_its_file_with_every_rule(seed, tmp_path):
    project = random_season(seed)
    path = tmp_path / "season.json"
    before = instances.export_instance(project=project, path=path)
    after = formats.read_instance(path).problem
    shifted = before._replace(
        period_day=before.period_day - before.period_day.min(),
        person_exam=after.person_exam,
        person_away=after.person_away,
    )
    assert exchange.as_json(after) == exchange.as_json(shifted)
    assert len(after.person_exam) == len(before.person_exam)
    plan = solve(before, stop=MaxSteps(2000)).plan
    assert evaluate(after, plan) == evaluate(before, plan)


def test_solve_benchmark_reads_a_season_and_finds_its_cost(tmp_path, capsys):
    project = small_season()
    out, plan_file = tmp_path / "season.json", tmp_path / "plan.json"
    call_command("export_instance", project.path, out=out)
    capsys.readouterr()
    call_command("solve_benchmark", str(out), seconds=0.5, json=True, solution=plan_file)
    found = json.loads(capsys.readouterr().out)
    plan = exchange.plan_from_json(json.loads(plan_file.read_text()))
    assert evaluate(timetable.season_of(project).problem, plan).cost == found["cost"]
    assert found["hard"] == 0


def test_an_anonymous_instance_names_nobody(tmp_path):
    project = small_season()
    Student.objects.for_project(project).update(name="Hira Raza")
    instances.export_instance(project=project, path=tmp_path / "a.json", is_anonymous=True)
    text = (tmp_path / "a.json").read_text()
    assert "names" not in json.loads(text)
    assert not any(name in text for name in ("S000", "C-0", "Hall"))
    instances.export_instance(project=project, path=tmp_path / "b.json")
    assert "S000" in (tmp_path / "b.json").read_text()


def test_the_commands_say_what_they_did_and_refuse_with_a_sentence(itc, tmp_path, capsys):
    project = ProjectFactory()
    call_command("import_instance", project.path, str(itc))
    assert "4 exams, 6 students" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Make a new one"):
        call_command("import_instance", project.path, str(itc))
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_instance", project.path, out=tmp_path / "no" / "where.json")
