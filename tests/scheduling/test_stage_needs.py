"""A stage is refused with a sentence that says what is missing."""

import pytest
from django.utils import timezone

from projects import stages
from projects.models import Stage
from scheduling import publishing, solving
from scheduling.models import Period, Room, WorkbookImport
from scheduling.uploading import SILENCE

from ..factories.accounts import UserFactory
from ..factories.projects import ProjectFactory
from ..factories.scheduling import SolutionFactory
from .worlds import small_season

pytestmark = pytest.mark.django_db


def refusal(project, stage) -> str:
    with pytest.raises(stages.NotReady) as refused:
        stages.move_to(project=project, stage=stage, by=UserFactory())
    return str(refused.value)


def test_rules_wait_for_data():
    said = refusal(ProjectFactory(), Stage.RULES)
    assert "no students" in said
    assert "no registrations" in said


@pytest.mark.parametrize(("model", "word"), [(Period, "no periods"), (Room, "no rooms")])
def test_the_datesheet_waits_for_periods_and_rooms(model, word):
    project = small_season()
    model.objects.for_project(project).delete()
    assert word in refusal(project, Stage.DATESHEET)


def test_rooms_and_publishing_wait_for_a_live_and_a_published_solution():
    project = small_season()
    assert "No solution is live" in refusal(project, Stage.ROOMS)
    solving.make_live(solution=solving.solve_now(project=project, steps=500))
    assert "not published" in refusal(project, Stage.PUBLISHED)
    publishing.publish(project=project, kind="final")
    stages.move_to(project=project, stage=Stage.PUBLISHED, by=UserFactory())


def test_duties_wait_for_somebody_to_watch_until_a_plan_is_published():
    project = small_season()
    solution = SolutionFactory(project=project, is_live=True)
    assert "no teachers who may invigilate" in refusal(project, Stage.DUTIES)
    publishing.publish(project=project, kind="draft", solution=solution)
    assert stages.unmet(project, Stage.DUTIES) == []


@pytest.mark.parametrize(
    ("parts", "stage"),
    [([], "datesheet"), (["seats"], "rooms"), (["seats", "duties"], "duties"), (["duties"], "duties")],
)
def test_a_live_plan_brings_its_project_to_the_stage_of_its_parts(parts, stage):
    project = ProjectFactory()
    solving.make_live(solution=SolutionFactory(project=project, measures={part: {} for part in parts}))
    project.refresh_from_db()
    assert project.stage == stage


def test_rows_stay_as_they_are_while_a_run_is_under_way():
    project = small_season()
    assert stages.hindrances(project) == []
    solving.request_run(project=project)
    assert "run is under way" in stages.hindrances(project)[0]


def test_an_upload_at_work_keeps_the_rows_as_they_are_until_its_worker_falls_silent():
    project = ProjectFactory()
    row = WorkbookImport.objects.create(project=project, state=WorkbookImport.State.TAKING)
    WorkbookImport.objects.filter(pk=row.pk).update(told_at=timezone.now())
    assert any("upload" in sentence for sentence in stages.hindrances(project))
    WorkbookImport.objects.filter(pk=row.pk).update(told_at=timezone.now() - SILENCE)
    assert not stages.hindrances(project)
