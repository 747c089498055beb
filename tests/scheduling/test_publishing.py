"""What is published stays as it was shown; what is not ready is refused in words."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models import F

from projects import people
from projects.models import BusyTime, Stage
from scheduling import publishing, recounting, slips, solving
from scheduling.models import Publication, RoomClosure, RoomShare, Solution, Student
from tests.factories.projects import ProjectMemberFactory

from .worlds import small_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = small_season()
    solving.make_live(solution=solving.solve_now(project=project, steps=1000))
    return project


def test_nothing_is_published_before_a_solution_is_live():
    project = small_season()
    with pytest.raises(publishing.NotReady, match="No solution is live"):
        publishing.publish(project=project, kind="draft")


def test_a_plan_with_hard_faults_is_published_as_a_draft_only(project):
    placement = project_solution(project).placements.first()
    placement.period = None
    placement.save()
    with pytest.raises(publishing.NotReady, match="breaks rules that must hold"):
        publishing.publish(project=project, kind="final")
    assert publishing.publish(project=project, kind="draft").version == 1


def test_what_changed_since_a_plan_was_counted_is_found_before_it_is_final(project):
    share = RoomShare.objects.filter(placement__solution=project_solution(project)).first()
    RoomClosure.objects.create(
        project=project,
        institution=project.institution,
        room=share.room,
        date=share.placement.period.date,
        reason="flood",
    )
    assert project_solution(project).hard == 0
    with pytest.raises(publishing.NotReady, match="breaks rules that must hold"):
        publishing.publish(project=project, kind="final")
    assert project_solution(project).hard > 0


def test_faults_that_were_mended_since_the_count_hold_nothing_up(project):
    Solution.objects.for_project(project).update(hard=2)
    assert publishing.publish(project=project, kind="final").version == 1
    assert project_solution(project).hard == 0


def test_a_change_while_the_rules_are_counted_is_not_published(project, monkeypatch):
    def count_and_change(solution):
        recounting.recount(solution)
        Solution.objects.filter(pk=solution.pk).update(changes=F("changes") + 1)

    monkeypatch.setattr(publishing, "recounting", SimpleNamespace(recount=count_and_change))
    with pytest.raises(publishing.NotReady, match="meanwhile"):
        publishing.publish(project=project, kind="final")
    assert not Publication.objects.exists()


def project_solution(project):
    return Solution.objects.for_project(project).live().get()


def test_a_newer_version_takes_the_place_of_the_older(project):
    publishing.publish(project=project, kind="draft")
    final = publishing.publish(project=project, kind="final")
    assert final.version == 2
    assert list(Publication.objects.for_project(project).current()) == [final]
    project.refresh_from_db()
    assert project.stage == Stage.PUBLISHED


def test_what_was_published_does_not_change_with_the_data(project):
    publication = publishing.publish(project=project, kind="final")
    exam = publication.solution.placements.first().sitting.exam
    exam.title = "Another title"
    exam.save()
    publication.refresh_from_db()
    assert "Another title" not in str(publication.table)


def test_publishing_tells_the_registry_when_each_student_is_busy(project):
    publishing.publish(project=project, kind="final")
    student = Student.objects.for_project(project).first()
    busy = BusyTime.objects.for_institution(project.institution).filter(person__number=student.roll_no)
    assert busy.count() == student.registrations.count()

    publishing.withdraw(publication=Publication.objects.current().get(), because="The hall is flooded.")

    assert not BusyTime.objects.exists()


def test_a_version_that_another_has_replaced_is_not_taken_back(project):
    older = publishing.publish(project=project, kind="draft")
    publishing.publish(project=project, kind="final")
    with pytest.raises(publishing.NotReady, match="not shown any more"):
        publishing.withdraw(publication=older, because="The hall is flooded.")
    assert BusyTime.objects.exists()
    project.refresh_from_db()
    assert project.stage == Stage.PUBLISHED


def test_a_project_whose_plan_is_taken_back_is_as_far_as_the_plan(project):
    publication = publishing.publish(project=project, kind="final")
    publication.solution.measures["seats"] = {}
    publication.solution.save()
    publishing.withdraw(publication=publication, because="The hall is flooded.")
    project.refresh_from_db()
    assert project.stage == Stage.ROOMS


def test_taking_back_needs_a_reason(project):
    publication = publishing.publish(project=project, kind="final")
    with pytest.raises(publishing.NotReady, match="Say why"):
        publishing.withdraw(publication=publication, because=" ")


def watched(act, real, held):
    def call(*told, **named):
        held[act] = connection.in_atomic_block
        return real(*told, **named)

    return call


@pytest.mark.django_db(transaction=True)
def test_whoever_books_meanwhile_waits_only_while_the_rows_are_written(project, monkeypatch):
    held = {}
    for module, act in (
        (publishing, "rows_of"),
        (publishing, "_table"),
        (slips, "make_out"),
        (people, "prepare_busy_times"),
        (slips, "hand_out"),
    ):
        monkeypatch.setattr(module, act, watched(act, getattr(module, act), held))

    publishing.publish(project=project, kind="final")

    assert held == {
        "rows_of": False,
        "_table": False,
        "make_out": False,
        "prepare_busy_times": False,
        "hand_out": True,
    }


def test_of_two_who_publish_at_once_the_later_is_told(project, monkeypatch):
    real = people.prepare_busy_times

    def overtaken(**told):
        monkeypatch.setattr(people, "prepare_busy_times", real)
        publishing.publish(project=project, kind="draft")
        return real(**told)

    monkeypatch.setattr(people, "prepare_busy_times", overtaken)
    with pytest.raises(publishing.NotReady, match="publish again"):
        publishing.publish(project=project, kind="final")
    assert [row.kind for row in Publication.objects.for_project(project)] == ["draft"]


def test_who_makes_a_plan_with_faults_live_is_told(client, project):
    owner = ProjectMemberFactory(project=project, role="owner").user
    solution = project_solution(project)
    Solution.objects.filter(pk=solution.pk).update(hard=2, is_live=False)
    client.force_login(owner)
    page = f"/at/{project.path}/staff/solutions/{solution.pk}/make-live/"
    assert "breaks rules that must hold (2 faults)" in client.post(page, follow=True).content.decode()
    assert project_solution(project) == solution
