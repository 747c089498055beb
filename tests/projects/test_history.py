"""Every way to change a tenant's row leaves a line of history, and no line can be changed."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from projects import history
from projects.models import Change, HistoryIsKept, Membership, Person, Project
from scheduling.models import Course, Registration, Room
from tests.factories.accounts import UserFactory
from tests.factories.projects import MembershipFactory, ProjectFactory
from tests.factories.scheduling import CourseFactory, RegistrationFactory, RoomFactory, StudentFactory

pytestmark = pytest.mark.django_db


def newest(project):
    return Change.objects.filter(project_id=project.pk).first()


def courses(project, count):
    return [
        Course(project=project, institution=project.institution, code=f"C{n}", title="Old", duration=60)
        for n in range(count)
    ]


def test_an_added_row_is_written_down_with_its_values_and_its_author():
    project, alice = ProjectFactory(), UserFactory(name="Alice")
    with history.acting(by=alice, reason="From the catalogue"):
        room = RoomFactory(project=project, code="B-1")
    change = newest(project)
    assert (change.action, change.by, change.reason) == ("added", alice, "From the catalogue")
    assert (change.model, change.row_id) == ("scheduling.room", str(room.pk))
    assert change.after["code"] == "B-1"
    assert change.before is None


def test_a_saved_row_keeps_the_values_that_changed_and_no_others():
    room = RoomFactory(exam_capacity=30)
    room.exam_capacity = 40
    room.save()
    change = newest(room.project)
    assert (change.action, change.before, change.after) == (
        "changed",
        {"exam_capacity": 30},
        {"exam_capacity": 40},
    )


def test_a_save_that_changes_nothing_leaves_no_line():
    room = RoomFactory()
    lines = Change.objects.count()
    # As a form gives it: text where the database holds a number.
    room.exam_capacity = str(room.exam_capacity)
    room.save()
    assert Change.objects.count() == lines


def test_a_reference_is_written_down_by_name():
    registration = RegistrationFactory(course__code="PH-1")
    registration.course = CourseFactory(project=registration.project, code="PH-2", title="Optics")
    registration.save()
    change = newest(registration.project)
    assert change.before["course"].startswith("PH-1")
    assert change.after == {"course": "PH-2 Optics"}


def test_a_deleted_row_is_written_down_with_what_went_with_it():
    registration = RegistrationFactory(course__code="PH-1")
    project = registration.project
    registration.course.delete()
    removed = {
        change.model: change for change in Change.objects.filter(project_id=project.pk, action="removed")
    }
    assert removed["scheduling.course"].before["code"] == "PH-1"
    assert removed["scheduling.registration"].rows == 1


def test_an_update_of_many_rows_is_one_line_with_the_first_rows_before_and_after():
    project = ProjectFactory()
    Course.objects.bulk_create(courses(project, 25))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        Course.objects.for_project(project).update(title="New")
    change = newest(project)
    assert (change.action, change.rows, change.row_id) == ("changed", 25, "")
    assert len(change.before) == len(change.after) == history.SAMPLE
    assert set(map(str, change.before.values())) == {"{'title': 'Old'}"}
    assert set(map(str, change.after.values())) == {"{'title': 'New'}"}
    assert len(queries) <= 8  # however many rows there are


def test_an_update_of_one_row_belongs_to_that_row():
    room = RoomFactory(exam_capacity=30)
    Room.objects.filter(pk=room.pk).update(exam_capacity=31)
    change = newest(room.project)
    assert (change.row_id, change.rows, change.label) == (str(room.pk), 1, room.code)
    assert change.after == {str(room.pk): {"exam_capacity": 31}}


def test_one_row_that_is_removed_or_added_in_bulk_keeps_its_name():
    room = RoomFactory()
    Room.objects.for_project(room.project).delete()
    assert (newest(room.project).action, newest(room.project).label) == ("removed", room.code)
    Course.objects.bulk_create(courses(room.project, 1))
    assert (newest(room.project).action, newest(room.project).label) == ("added", "C0 Old")


def test_an_update_that_finds_no_row_leaves_no_line():
    lines = Change.objects.count()
    assert Room.objects.filter(code="nowhere").update(exam_capacity=1) == 0
    assert Change.objects.count() == lines


def test_an_update_across_tenants_is_a_line_for_each():
    here, there = RoomFactory(), RoomFactory()
    Room.objects.filter(pk__in=[here.pk, there.pk]).update(exam_capacity=31)
    for room in (here, there):
        assert newest(room.project).rows == 1
        assert list(newest(room.project).after) == [str(room.pk)]


def test_rows_added_in_bulk_are_one_line():
    project = ProjectFactory()
    Course.objects.bulk_create(courses(project, 25))
    change = newest(project)
    assert (change.action, change.rows, len(change.after)) == ("added", 25, history.SAMPLE)


def test_rows_changed_in_bulk_are_one_line():
    project = ProjectFactory()
    rows = Course.objects.bulk_create(courses(project, 12))
    for row in rows:
        row.title = f"New {row.code}"
    Course.objects.bulk_update(rows, ["title"])
    change = newest(project)
    assert (change.action, change.rows) == ("changed", 12)
    assert change.before[str(rows[3].pk)] == {"title": "Old"}
    assert change.after[str(rows[3].pk)] == {"title": "New C3"}


def test_rows_deleted_in_bulk_are_one_line_for_each_kind():
    registration = RegistrationFactory()
    project = registration.project
    RegistrationFactory(project=project, student=registration.student)
    Course.objects.for_project(project).delete()
    removed = Change.objects.filter(project_id=project.pk, action="removed")
    assert {change.model: change.rows for change in removed} == {
        "scheduling.course": 2,
        "scheduling.registration": 2,
    }
    assert Registration.objects.count() == 0


def test_in_quiet_no_row_writes_history_and_a_note_sums_up():
    project = ProjectFactory()
    student, course = StudentFactory(project=project), CourseFactory(project=project)
    lines = Change.objects.count()
    with history.quiet(), CaptureQueriesContext(connection) as queries:
        Registration.objects.bulk_create(
            [Registration(project=project, institution=project.institution, student=student, course=course)]
        )
    assert Change.objects.count() == lines
    assert [query for query in queries if "projects_change" in query["sql"]] == []
    history.note(
        institution=project.institution,
        project=project,
        what="seasons.xlsx",
        action="added",
        model=Registration,
        rows=150_000,
    )
    assert (newest(project).rows, newest(project).label) == (150_000, "seasons.xlsx")


def test_when_a_project_was_last_opened_is_no_history():
    project = ProjectFactory()
    lines = Change.objects.count()
    Project.objects.filter(pk=project.pk).update(last_accessed_at="2027-01-04T09:00Z")
    project.refresh_from_db()
    project.save(update_fields=["last_accessed_at"])
    assert Change.objects.count() == lines


def test_a_masked_field_tells_that_it_changed_and_not_what_it_is(monkeypatch):
    monkeypatch.setattr(Room, "masked_fields", frozenset({"block"}))
    room = RoomFactory(block="North")
    Room.objects.filter(pk=room.pk).update(block="South")
    room.refresh_from_db()
    room.block = "East"
    room.save()
    written = str(list(Change.objects.filter(project_id=room.project_id).values("before", "after")))
    assert history.MASK in written
    assert not any(word in written for word in ("North", "South", "East"))


def test_history_is_undone_with_what_it_tells_of():
    room = RoomFactory()
    lines = Change.objects.count()
    with transaction.atomic():
        room.delete()
        transaction.set_rollback(True)
    assert Change.objects.count() == lines


@pytest.mark.parametrize(
    "attempt",
    [
        lambda change: change.save(),
        lambda change: change.delete(),
        lambda change: Change.objects.filter(pk=change.pk).update(reason="another"),
        lambda change: Change.objects.filter(pk=change.pk).delete(),
        lambda change: Change.objects.bulk_update([change], ["reason"]),
    ],
)
def test_a_line_of_history_can_be_neither_changed_nor_deleted(attempt):
    room = RoomFactory()
    with pytest.raises(HistoryIsKept):
        attempt(newest(room.project))


def test_history_outlives_its_project_and_its_author_but_not_its_institution():
    alice = UserFactory()
    with history.acting(by=alice):
        membership = MembershipFactory(user=alice)
        project = ProjectFactory(institution=membership.institution)
        RoomFactory(project=project)
    number, institution = project.pk, project.institution
    project.delete()
    alice.delete()
    assert Change.objects.filter(project_id=number, model="scheduling.room", by=None).count() == 2
    institution.delete()
    assert not Change.objects.exists()


def test_nobody_deletes_all_rows_through_a_manager():
    for model in (Person, Change, Membership):
        assert not hasattr(model.objects, "delete")
