"""What was saved comes back as it was, and what it replaces is saved first."""

import pytest

from projects import savepoints, stages
from projects.models import Change, Project, SavePoint, Stage
from scheduling.models import Registration, Student
from tests.factories.accounts import UserFactory
from tests.factories.projects import ProjectMemberFactory
from tests.factories.scheduling import RegistrationFactory, StudentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return UserFactory()


@pytest.fixture
def project():
    return RegistrationFactory(student__name="Ana").project


@pytest.fixture(autouse=True)
def no_guards(monkeypatch):
    monkeypatch.setattr(stages, "_guards", [])


def names(project):
    return list(Student.objects.for_project(project).order_by("name").values_list("name", flat=True))


def archives(settings):
    return sorted(settings.MEDIA_ROOT.rglob("*.zip"))


def test_going_back_brings_the_rows_and_the_stage_back(project, alice):
    point = savepoints.make(project=project, name="Before the move", by=alice)
    Student.objects.for_project(project).update(name="Bea")
    StudentFactory(project=project, name="Cara")
    Project.objects.filter(pk=project.pk).update(stage=Stage.RULES)

    savepoints.go_back(savepoint=point, by=alice)

    assert names(project) == ["Ana"]
    assert Registration.objects.for_project(project).get().student.name == "Ana"
    project.refresh_from_db()
    assert project.stage == Stage.DATA


def test_what_was_there_before_going_back_can_be_had_again(project, alice):
    point = savepoints.make(project=project, name="Early", by=alice)
    Student.objects.for_project(project).update(name="Bea")

    automatic = savepoints.go_back(savepoint=point, by=alice)
    savepoints.go_back(savepoint=automatic, by=alice)

    assert automatic.is_automatic
    assert names(project) == ["Bea"]


def test_going_back_leaves_the_members_and_the_save_points(project, alice):
    point = savepoints.make(project=project, name="Early", by=alice)
    later = savepoints.make(project=project, name="Later", by=alice)
    member = ProjectMemberFactory(project=project, user=alice)
    savepoints.go_back(savepoint=point, by=alice)
    assert {point, later} <= set(SavePoint.objects.for_project(project))
    member.refresh_from_db()


def test_going_back_is_written_down_once(project, alice):
    point = savepoints.make(project=project, name="Early", by=alice)
    before = Change.objects.count()
    savepoints.go_back(savepoint=point, by=alice)
    changes = Change.objects.order_by("pk")[before:]
    assert [change.label for change in changes if change.action == "did"] == [
        "went back to save point “Early”"
    ]
    assert not [change for change in changes if change.model.startswith("scheduling.")]


def test_nobody_goes_back_while_the_rows_must_stay(project, alice, settings):
    point = savepoints.make(project=project, name="Early", by=alice)
    stages.register_guard(lambda project: ["A run is under way: wait for it or cancel it."])
    before = archives(settings)
    with pytest.raises(savepoints.CannotGoBack, match="A run is under way"):
        savepoints.go_back(savepoint=point, by=alice)
    assert archives(settings) == before


def test_nothing_changes_when_the_archive_is_damaged(project, alice, settings):
    point = savepoints.make(project=project, name="Early", by=alice)
    with point.archive.storage.open(point.archive.name, "wb") as file:
        file.write(b"not a zip")
    before = archives(settings)
    with pytest.raises(savepoints.CannotGoBack, match="damaged"):
        savepoints.go_back(savepoint=point, by=alice)
    assert names(project) == ["Ana"]
    assert list(SavePoint.objects.for_project(project)) == [point]
    assert archives(settings) == before


def test_a_save_point_without_its_file_is_refused(project, alice):
    point = savepoints.make(project=project, name="Early", by=alice)
    point.archive.storage.delete(point.archive.name)
    with pytest.raises(savepoints.CannotGoBack, match="gone"):
        savepoints.go_back(savepoint=point, by=alice)


def test_an_archived_project_does_not_go_back(project, alice):
    point = savepoints.make(project=project, name="Early", by=alice)
    Project.objects.filter(pk=project.pk).update(is_archived=True)
    with pytest.raises(savepoints.CannotGoBack, match="archived"):
        savepoints.go_back(savepoint=point, by=alice)


@pytest.mark.parametrize("name", ["", "  ", "x" * 151])
def test_a_save_point_needs_a_name_that_can_be_shown(project, alice, name):
    with pytest.raises(savepoints.CannotSave, match="name"):
        savepoints.make(project=project, name=name, by=alice)


def test_a_name_is_given_once(project, alice):
    savepoints.make(project=project, name="Early", by=alice)
    with pytest.raises(savepoints.CannotSave, match="another name"):
        savepoints.make(project=project, name="Early", by=alice)


def test_another_project_may_use_the_name(project, alice):
    savepoints.make(project=project, name="Early", by=alice)
    savepoints.make(project=StudentFactory().project, name="Early", by=alice)


def test_there_is_a_most(project, alice, monkeypatch):
    monkeypatch.setattr(savepoints, "MOST", 1)
    savepoints.make(project=project, name="Early", by=alice)
    with pytest.raises(savepoints.CannotSave, match="at most 1 save points"):
        savepoints.make(project=project, name="Later", by=alice)


def test_their_size_has_a_limit(project, alice, monkeypatch):
    monkeypatch.setattr(savepoints, "MOST_BYTES", 10)
    with pytest.raises(savepoints.CannotSave, match="remove old ones"):
        savepoints.make(project=project, name="Early", by=alice)


def test_only_the_newest_automatic_ones_are_kept(
    project, alice, monkeypatch, settings, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(savepoints, "MOST_AUTOMATIC", 2)
    point = savepoints.make(project=project, name="Early", by=alice)
    with django_capture_on_commit_callbacks(execute=True):
        made = [savepoints.go_back(savepoint=point, by=alice) for _ in range(4)]
    kept = SavePoint.objects.for_project(project).filter(is_automatic=True)
    assert set(kept) == set(made[-2:])
    assert len(archives(settings)) == 3


def test_a_removed_save_point_takes_its_file_along(
    project, alice, settings, django_capture_on_commit_callbacks
):
    point = savepoints.make(project=project, name="Early", by=alice)
    with django_capture_on_commit_callbacks(execute=True):
        savepoints.remove(savepoint=point)
    assert not archives(settings)
