"""A project enters a stage when what the stage needs is there, and not before."""

import pytest

from projects import stages
from projects.models import Change, Stage
from tests.factories.accounts import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.scheduling import RoomFactory

pytestmark = pytest.mark.django_db


def needs_a_room(project):
    from scheduling.models import Room

    return [] if Room.objects.for_project(project).exists() else ["Add a room."]


@pytest.fixture(autouse=True)
def needs(monkeypatch):
    """The datesheet needs a room, and nothing else is asked."""
    monkeypatch.setattr(stages, "_needs", stages.defaultdict(list))
    monkeypatch.setattr(stages, "_guards", [])
    stages.register_need(Stage.DATESHEET, needs_a_room)


def test_a_stage_whose_needs_are_unmet_is_refused_with_the_sentence():
    project = ProjectFactory()
    with pytest.raises(stages.NotReady, match="Add a room"):
        stages.move_to(project=project, stage=Stage.DATESHEET, by=UserFactory())
    project.refresh_from_db()
    assert project.stage == Stage.DATA


def test_a_later_stage_needs_what_the_earlier_ones_need():
    with pytest.raises(stages.NotReady, match="Add a room"):
        stages.move_to(project=ProjectFactory(), stage=Stage.PUBLISHED, by=UserFactory())


def test_an_earlier_stage_does_not_ask_for_it():
    project = ProjectFactory()
    stages.move_to(project=project, stage=Stage.RULES, by=UserFactory())
    assert project.stage == Stage.RULES


def test_a_stage_whose_needs_are_met_is_entered_and_written_down():
    project, alice = RoomFactory().project, UserFactory()
    stages.move_to(project=project, stage=Stage.DATESHEET, by=alice)
    project.refresh_from_db()
    assert project.stage == Stage.DATESHEET
    change = Change.objects.filter(project_id=project.pk, model="projects.project").first()
    assert (change.by, change.after) == (alice, {"stage": "datesheet"})


def test_going_back_to_an_earlier_stage_needs_nothing():
    project = ProjectFactory(stage=Stage.DUTIES)
    stages.move_to(project=project, stage=Stage.DATESHEET, by=UserFactory())
    assert project.stage == Stage.DATESHEET


def test_an_archived_project_stays_where_it_is():
    project = ProjectFactory(is_archived=True)
    with pytest.raises(stages.NotReady, match="archived"):
        stages.move_to(project=project, stage=Stage.RULES, by=UserFactory())


def test_a_need_of_another_project_does_not_count():
    RoomFactory()
    assert stages.unmet(ProjectFactory(), Stage.DATESHEET) == ["Add a room."]


def test_guards_say_why_the_rows_must_stay():
    stages.register_guard(lambda project: [f"{project} is being solved."])
    assert stages.hindrances(ProjectFactory(name="Spring")) == ["Spring is being solved."]
