"""The pages about a project as a whole: each act for those who may, and a sentence for the others."""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from projects import archive, files, savepoints
from projects.models import (
    FileKind,
    Institution,
    Project,
    ProjectMember,
    ProjectRole,
    Role,
    SavePoint,
    StoredFile,
)
from scheduling.models import Student
from tests.factories.projects import MembershipFactory, ProjectMemberFactory
from tests.factories.scheduling import CourseFactory, DepartmentFactory, StudentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return StudentFactory(name="Ana").project


@pytest.fixture
def as_role(client, project):
    """as_role(role): the client of a member with that role, and of nobody else."""

    def as_role(role, **options):
        member = ProjectMemberFactory(project=project, role=role, **options)
        client.force_login(member.user)
        return client

    return as_role


@pytest.fixture
def page(project):
    return f"/at/{project.path}/staff/"


def test_an_owner_exports_the_project(as_role, page):
    response = as_role(ProjectRole.OWNER).post(f"{page}project/", {"do": "export"})
    assert b"".join(response.streaming_content)[:2] == b"PK"
    assert "attachment" in response["Content-Disposition"]


@pytest.mark.parametrize("act", ["export", "put-away", "delete", "save", "copy"])
def test_a_planner_does_not_do_what_owners_do(as_role, page, act):
    assert as_role(ProjectRole.PLANNER).post(f"{page}project/", {"do": act}).status_code == 403


def test_an_unknown_act_is_not_there(as_role, page):
    assert as_role(ProjectRole.OWNER).post(f"{page}project/", {"do": "explode"}).status_code == 404


def test_an_owner_puts_the_project_away_and_takes_it_out(as_role, page, project):
    client = as_role(ProjectRole.OWNER)
    client.post(f"{page}project/", {"do": "put-away"})
    assert client.get(f"{page}scheduling/student/add/").status_code == 403
    client.post(f"{page}project/", {"do": "take-out"})
    assert client.get(f"{page}scheduling/student/add/").status_code == 200


def test_an_owner_deletes_the_project_by_typing_its_address(as_role, page, project):
    client = as_role(ProjectRole.OWNER)
    assert "type" in client.post(f"{page}project/", {"do": "delete", "typed": "no"}).content.decode().lower()
    assert Project.objects.filter(pk=project.pk).exists()
    assert client.post(f"{page}project/", {"do": "delete", "typed": project.slug}).url == "/"
    assert not Project.objects.filter(pk=project.pk).exists()


def test_a_stage_whose_needs_are_unmet_says_so(as_role, page, project):
    response = as_role(ProjectRole.PLANNER).post(
        f"{page}project/", {"do": "move", "stage": "published"}, follow=True
    )
    assert "There are no" in response.content.decode()
    project.refresh_from_db()
    assert project.stage == "data"


def test_an_administrator_copies_the_project(client, project):
    client.force_login(MembershipFactory(institution=project.institution, role=Role.ADMINISTRATOR).user)
    told = {"do": "copy", "name": "Autumn", "slug": "autumn", "parts": ["people"]}
    response = client.post(f"/at/{project.path}/staff/project/", told)
    assert response.url == f"/at/{project.institution.slug}/autumn/staff/"
    assert Student.objects.for_project(Project.objects.get(slug="autumn")).get().name == "Ana"


def test_a_new_project_comes_from_an_archive_file(client, project):
    client.force_login(MembershipFactory(institution=project.institution, role=Role.OFFICE).user)
    file = io.BytesIO()
    archive.dump(project, file)
    address = f"/at/{project.institution.slug}/staff/new-project/"
    for contents, status in ((b"junk", 200), (file.getvalue(), 302)):
        upload = SimpleUploadedFile("season.zip", contents)
        response = client.post(address, {"name": "Again", "slug": "again", "archive": upload})
        assert response.status_code == status
    assert Student.objects.for_project(Project.objects.get(slug="again")).get().name == "Ana"


# --- save points ----------------------------------------------------------------------------------------
def test_a_planner_makes_a_save_point_and_goes_back_to_it(as_role, page, project):
    client = as_role(ProjectRole.PLANNER)
    assert client.post(f"{page}projects/savepoint/add/", {"name": "Early"}).status_code == 302
    Student.objects.for_project(project).update(name="Bea")
    point = SavePoint.objects.get()
    assert client.get(f"{page}save-points/{point.pk}/go-back/").status_code == 200
    client.post(f"{page}save-points/{point.pk}/go-back/")
    assert Student.objects.for_project(project).get().name == "Ana"


def test_a_second_save_point_of_that_name_is_refused_with_a_sentence(as_role, page, project):
    savepoints.make(project=project, name="Early", by=None)
    response = as_role(ProjectRole.PLANNER).post(f"{page}projects/savepoint/add/", {"name": "Early"})
    assert "choose another name" in response.content.decode()


def test_a_viewer_neither_makes_one_nor_goes_back(as_role, page, project):
    point = savepoints.make(project=project, name="Early", by=None)
    client = as_role(ProjectRole.VIEWER)
    assert client.get(f"{page}projects/savepoint/add/").status_code == 403
    assert client.post(f"{page}save-points/{point.pk}/go-back/").status_code == 403


# --- members --------------------------------------------------------------------------------------------
def test_an_owner_lets_somebody_in(as_role, page, project):
    told = {"email": "bob@example.edu", "role": "viewer", "department": ""}
    assert as_role(ProjectRole.OWNER).post(f"{page}projects/projectmember/add/", told).status_code == 302
    assert ProjectMember.objects.get(user__email="bob@example.edu").role == "viewer"


def test_the_last_owner_is_kept_with_a_sentence(as_role, page, project):
    client = as_role(ProjectRole.OWNER)
    member = ProjectMember.objects.get()
    response = client.post(
        f"{page}projects/projectmember/{member.pk}/change/", {"role": "viewer", "department": ""}
    )
    assert "somebody else an owner first" in response.content.decode()
    assert (
        client.post(f"{page}projects/projectmember/{member.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    assert ProjectMember.objects.get().role == "owner"


def test_a_planner_lets_nobody_in(as_role, page):
    assert as_role(ProjectRole.PLANNER).get(f"{page}projects/projectmember/add/").status_code == 403


# --- files ----------------------------------------------------------------------------------------------
def stored(project, kind):
    return files.store(project=project, file=ContentFile(b"rows", "Students.csv"), kind=kind, by=None)


@pytest.mark.parametrize(("role", "status"), [(ProjectRole.PLANNER, 200), (ProjectRole.VIEWER, 404)])
def test_an_upload_is_for_those_who_plan(as_role, page, project, role, status):
    upload = stored(project, FileKind.UPLOAD)
    client = as_role(role)
    response = client.get(f"{page}files/{upload.pk}/")
    assert response.status_code == status
    assert (b"Students.csv" in client.get(f"{page}projects/storedfile/").content) is (status == 200)
    if status == 200:
        assert b"".join(response.streaming_content) == b"rows"


def test_a_file_that_is_lost_is_not_there(as_role, page, project):
    upload = stored(project, FileKind.UPLOAD)
    upload.file.storage.delete(upload.file.name)
    assert as_role(ProjectRole.PLANNER).get(f"{page}files/{upload.pk}/").status_code == 404


def test_a_removed_file_is_gone(as_role, page, project, settings, django_capture_on_commit_callbacks):
    upload = stored(project, FileKind.UPLOAD)
    with django_capture_on_commit_callbacks(execute=True):
        as_role(ProjectRole.PLANNER).post(f"{page}projects/storedfile/{upload.pk}/delete/", {"post": "yes"})
    assert not StoredFile.objects.exists()
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


# --- departments and the institution --------------------------------------------------------------------
def test_a_department_member_changes_its_courses_only(as_role, page, project):
    physics = DepartmentFactory(project=project, name="Physics")
    chemistry = DepartmentFactory(project=project, name="Chemistry")
    ours = CourseFactory(project=project, department=physics)
    theirs = CourseFactory(project=project, department=chemistry)
    client = as_role(ProjectRole.DEPARTMENT, department="Physics")
    told = {"code": "P1", "title": "Optics", "duration": 120, "kind": "theory", "department": physics.pk}

    def change(course, **other):
        return client.post(f"{page}scheduling/course/{course.pk}/change/", {**told, **other})

    assert change(theirs).status_code == 403
    assert "Choose your own department" in change(ours, department=chemistry.pk).content.decode()
    assert change(ours).status_code == 302
    ours.refresh_from_db()
    assert (ours.code, ours.department) == ("P1", physics)


def test_an_administrator_sets_the_institution_up(client, project):
    client.force_login(MembershipFactory(institution=project.institution, role=Role.ADMINISTRATOR).user)
    told = {"name": "City", "language": "en", "currency": "PKR"}
    address = f"/at/{project.institution.slug}/staff/institution/"
    assert "such as Asia/Karachi" in client.post(address, {**told, "time_zone": "Karachi"}).content.decode()
    fake = SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>")
    zone = {"time_zone": "Asia/Karachi"}
    assert "PNG or JPEG" in client.post(address, {**told, **zone, "logo": fake}).content.decode()
    assert client.post(address, {**told, **zone}).status_code == 302
    assert Institution.objects.get().name == "City"


def test_the_office_does_not(client, project):
    client.force_login(MembershipFactory(institution=project.institution, role=Role.OFFICE).user)
    assert client.get(f"/at/{project.institution.slug}/staff/institution/").status_code == 403
