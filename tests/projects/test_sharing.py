"""Who is let in and out, and what a copy, an archive and an end mean."""

import io
from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile

from projects import access, archive, sharing, stages
from projects.files import store
from projects.models import (
    BusyTime,
    Change,
    FileKind,
    Person,
    Project,
    ProjectMember,
    ProjectRole,
    StoredFile,
)
from scheduling import next_season
from scheduling.models import (
    Course,
    ExamLink,
    Period,
    Registration,
    Room,
    RoomPool,
    RuleSetting,
    Solution,
    Student,
)
from tests.factories.accounts import UserFactory
from tests.factories.everything import World
from tests.factories.projects import (
    ProjectMemberFactory,
)
from tests.factories.scheduling import (
    CourseFactory,
    DepartmentFactory,
    RegistrationFactory,
    StudentFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return UserFactory(email="alice@example.edu")


@pytest.fixture
def project(alice):
    return ProjectMemberFactory(user=alice, role=ProjectRole.OWNER).project


# --- members --------------------------------------------------------------------------------------------
def test_a_person_with_an_account_is_let_in(project, alice):
    bob = UserFactory(email="bob@example.edu")
    member = sharing.add_member(project=project, email="Bob@example.edu ", role="planner", by=alice)
    assert (member.user, member.role) == (bob, "planner")


def test_a_person_without_an_account_is_let_in_too(project, alice):
    member = sharing.add_member(project=project, email="new@example.edu", role="viewer", by=alice)
    assert not member.user.has_usable_password()


def test_a_member_is_not_added_twice(project, alice):
    with pytest.raises(sharing.CannotShare, match="already"):
        sharing.add_member(project=project, email="ALICE@example.edu", role="viewer", by=alice)


def test_a_department_member_needs_a_department(project, alice):
    with pytest.raises(sharing.CannotShare, match="department"):
        sharing.add_member(project=project, email="bob@example.edu", role="department", by=alice)


@pytest.mark.parametrize(("email", "role"), [("bob", "viewer"), ("bob@example.edu", "king")])
def test_what_is_no_address_or_no_role_is_refused(project, alice, email, role):
    with pytest.raises(sharing.CannotShare):
        sharing.add_member(project=project, email=email, role=role, by=alice)


def test_the_last_owner_stays_owner(project, alice):
    member = ProjectMember.objects.get(project=project, user=alice)
    with pytest.raises(sharing.CannotShare, match="somebody else an owner"):
        sharing.change_role(member=member, role="planner", by=alice)
    with pytest.raises(sharing.CannotShare, match="somebody else an owner"):
        sharing.remove_member(member=member, by=alice)


def test_an_owner_beside_another_may_go(project, alice):
    ProjectMemberFactory(project=project, role=ProjectRole.OWNER)
    sharing.remove_member(member=ProjectMember.objects.get(project=project, user=alice), by=alice)
    assert not access.projects_of(alice).exists()


def test_an_owner_of_another_project_does_not_count(project, alice):
    ProjectMemberFactory(role=ProjectRole.OWNER)
    with pytest.raises(sharing.CannotShare):
        sharing.remove_member(member=ProjectMember.objects.get(project=project, user=alice), by=alice)


# --- the next season ------------------------------------------------------------------------------------
@pytest.fixture
def parts(monkeypatch):
    monkeypatch.setattr(sharing, "_parts", {})
    next_season.register()


@pytest.fixture
def full(project, alice, parts):
    return World(project, "OURS").fill(alice).project


def copy(project, by, parts=("people", "rooms", "courses", "rules")):
    return sharing.copy_project(
        project=project, slug="autumn", name="Autumn", term="Autumn 2027", by=by, parts=parts
    )


def test_a_copy_keeps_people_rooms_courses_and_rules(full, alice):
    new = copy(full, alice)
    for model in (Student, Course, Room, RoomPool, RuleSetting, ExamLink):
        assert model.objects.for_project(new).count() == model.objects.for_project(full).count(), model
    assert RoomPool.objects.for_project(new).first().rooms.count() == 2


def test_a_copy_has_no_registrations_dates_or_plans(full, alice):
    new = copy(full, alice)
    for model in (Registration, Period, Solution, StoredFile):
        assert not model.objects.for_project(new).exists(), model
    assert (new.stage, new.term) == ("data", "Autumn 2027")


def test_a_copy_belongs_to_who_made_it_alone(full, alice):
    bob = ProjectMemberFactory(project=full, role=ProjectRole.PLANNER).user
    new = copy(full, bob)
    assert [(member.user, member.role) for member in ProjectMember.objects.for_project(new)] == [
        (bob, "owner")
    ]


def test_a_part_that_was_not_chosen_stays_behind(full, alice):
    new = copy(full, alice, parts=["rooms"])
    assert Room.objects.for_project(new).exists()
    assert not Student.objects.for_project(new).exists()


def test_an_address_in_use_is_refused(full, alice):
    with pytest.raises(sharing.CannotCopy, match="has that address"):
        sharing.copy_project(project=full, slug=full.slug, name="Again", by=alice, parts=["rooms"])


@pytest.mark.parametrize("slug", ["", "With Space", "../x", "staff", "a" * 51, "Ümlaut"])
def test_an_address_that_would_lead_nowhere_is_refused(project, alice, slug):
    with pytest.raises(sharing.CannotCopy, match="address"):
        sharing.make_project(institution=project.institution, slug=slug, name="New", by=alice)


# --- archive and end ------------------------------------------------------------------------------------
def test_an_archived_project_is_read_only_until_it_is_taken_out(project, alice):
    sharing.put_away(project=project, by=alice)
    standing = access.standing(alice, project.institution.slug, project.slug)
    assert not standing.may_edit
    sharing.take_out(project=project, by=alice)
    assert access.standing(alice, project.institution.slug, project.slug).may_edit


def test_a_project_that_somebody_is_at_is_not_archived(project, alice, monkeypatch):
    monkeypatch.setattr(stages, "_guards", [lambda project: ["A run is under way."]])
    with pytest.raises(sharing.CannotPutAway, match="A run"):
        sharing.put_away(project=project, by=alice)
    project.refresh_from_db()
    assert not project.is_archived


def test_a_project_is_deleted_with_its_rows_and_files(
    full, alice, settings, django_capture_on_commit_callbacks
):
    neighbour = StudentFactory(project__institution=full.institution).project
    theirs = store(project=neighbour, file=ContentFile(b"theirs", "a.csv"), kind=FileKind.UPLOAD, by=alice)
    person = Person.objects.create(institution=full.institution, number="7")
    hours = {
        "starts_at": datetime(2027, 1, 1, 9, tzinfo=UTC),
        "ends_at": datetime(2027, 1, 1, 10, tzinfo=UTC),
    }
    for source in (f"project:{full.pk}", f"project:{neighbour.pk}"):
        BusyTime.objects.create(institution=full.institution, person=person, source=source, **hours)
    key = full.pk

    with django_capture_on_commit_callbacks(execute=True):
        sharing.delete_project(project=full, typed=full.slug, by=alice)

    assert not Project.objects.filter(pk=key).exists()
    assert Student.objects.for_project(neighbour).exists()
    assert not BusyTime.objects.filter(source=f"project:{key}").exists()
    assert BusyTime.objects.filter(source=f"project:{neighbour.pk}").exists()
    left = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert left == [settings.MEDIA_ROOT / theirs.file.name]
    assert not (settings.MEDIA_ROOT / str(neighbour.institution_id) / str(key)).exists()


def test_who_deleted_it_is_remembered(project, alice):
    sharing.delete_project(project=project, typed=project.slug, by=alice)
    change = Change.objects.latest("pk")
    assert (change.action, change.label, change.by) == ("removed", project.name, alice)


def test_a_project_is_deleted_only_if_its_address_is_typed(project, alice):
    with pytest.raises(sharing.CannotDelete, match=project.slug):
        sharing.delete_project(project=project, typed=project.name, by=alice)
    project.refresh_from_db()


def test_a_project_that_is_being_solved_is_not_deleted(project, alice, monkeypatch):
    monkeypatch.setattr(stages, "_guards", [lambda project: ["A run is under way."]])
    with pytest.raises(sharing.CannotDelete, match="A run"):
        sharing.delete_project(project=project, typed=project.slug, by=alice)


def test_a_member_restores_the_own_projects_archive(project, alice):
    bea = ProjectMemberFactory(project=project, role=ProjectRole.VIEWER).user
    ProjectMember.objects.get_or_create(project=project, user=alice, defaults={"role": ProjectRole.PLANNER})
    file = io.BytesIO()
    archive.dump(project, file)
    new = sharing.restore_as_new(
        institution=project.institution, slug="new", name="New", by=alice, file=io.BytesIO(file.getvalue())
    )
    members = dict(ProjectMember.objects.filter(project=new).values_list("user", "role"))
    assert members.items() >= {alice.pk: ProjectRole.OWNER, bea.pk: ProjectRole.VIEWER}.items()


def test_a_refused_archive_leaves_no_project_behind(project, alice):
    with pytest.raises(archive.CannotRestore):
        sharing.restore_as_new(
            institution=project.institution, slug="new", name="New", by=alice, file=ContentFile(b"junk")
        )
    assert not Project.objects.filter(slug="new").exists()


# --- departments ----------------------------------------------------------------------------------------
@pytest.fixture
def physics(project):
    """The standing of a member who may edit the department of physics."""
    member = ProjectMemberFactory(project=project, role=ProjectRole.DEPARTMENT, department=" physics")
    return access.standing(member.user, project.institution.slug, project.slug)


def test_a_member_edits_the_rows_of_the_own_department(project, physics):
    ours = DepartmentFactory(project=project, name="Physics")
    course = CourseFactory(project=project, department=ours)
    assert physics.may_edit_row(course)
    assert physics.may_edit_row(TeacherFactory(project=project, department=ours))
    assert physics.may_edit_row(RegistrationFactory(project=project, course=course))


def test_rows_of_others_and_of_none_are_read_only(project, physics):
    assert not physics.may_edit_row(CourseFactory(project=project))
    theirs = DepartmentFactory(project=project, name="Chemistry")
    assert not physics.may_edit_row(CourseFactory(project=project, department=theirs))
    assert not physics.may_edit_row(DepartmentFactory(project=project, name="Physics"))
    assert not physics.may_edit_row(StudentFactory(project=project))


def test_a_department_of_that_name_elsewhere_is_out_of_reach(physics):
    elsewhere = DepartmentFactory(name="Physics")
    assert not physics.may_edit_row(CourseFactory(project=elsewhere.project, department=elsewhere))


def test_a_member_without_a_department_edits_nothing(project):
    member = ProjectMemberFactory(project=project, role=ProjectRole.DEPARTMENT, department="")
    standing = access.standing(member.user, project.institution.slug, project.slug)
    assert not standing.may_edit_row(CourseFactory(project=project))
