"""The home page lists what is a person's own, and leads back to where the work stopped."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from projects.models import Place, Project, ProjectRole, Role
from tests.factories.projects import MembershipFactory, ProjectFactory, ProjectMemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return ProjectMemberFactory(role=ProjectRole.PLANNER, project__name="Spring")


@pytest.fixture
def signed_in(client, member):
    client.force_login(member.user)
    return client


def opened(project, user, minutes_ago, path="/staff/"):
    at = timezone.now() - timedelta(minutes=minutes_ago)
    return Place.objects.create(project=project, user=user, path=path, opened_at=at)


def names(response):
    return [entry.project.name for entry in response.context["entries"]]


def test_the_project_opened_last_by_this_person_comes_first(signed_in, member):
    second = ProjectMemberFactory(user=member.user, project__name="Autumn").project
    never = ProjectMemberFactory(user=member.user, project__name="Never").project
    opened(member.project, member.user, 10)
    opened(second, member.user, 5)
    opened(never, ProjectMemberFactory(project=never).user, 1)
    response = signed_in.get("/")
    assert names(response) == ["Autumn", "Spring", "Never"]
    assert response.context["last"] == second


def test_the_day_it_was_opened_is_the_institutions_own(signed_in, member):
    institution = member.project.institution
    institution.time_zone = "Asia/Karachi"
    institution.save()
    late = datetime(2026, 11, 30, 20, tzinfo=UTC)
    Project.objects.filter(pk=member.project_id).update(last_accessed_at=late)
    assert "opened 1 Dec 2026" in signed_in.get("/").content.decode()


def test_projects_of_others_are_not_listed(signed_in):
    ProjectFactory(name="Secret")
    assert "Secret" not in signed_in.get("/").content.decode()


def test_archived_projects_stand_apart(signed_in, member):
    put_away = ProjectMemberFactory(user=member.user, project__is_archived=True).project
    response = signed_in.get("/")
    assert names(response) == ["Spring"]
    assert [entry.project for entry in response.context["archived"]] == [put_away]


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.ADMINISTRATOR, True), (Role.OFFICE, True), (Role.TUTOR, False), (Role.STAFF, False)],
)
def test_administrators_and_the_office_make_projects(client, role, may):
    membership = MembershipFactory(role=role)
    client.force_login(membership.user)
    assert (b"New project" in client.get("/").content) is may
    made = client.post(
        f"/at/{membership.institution.slug}/staff/new-project/", {"name": "Autumn", "slug": "autumn"}
    )
    assert made.status_code == (302 if may else 403)
    assert (client.get(f"/at/{membership.institution.slug}/autumn/staff/").status_code == 200) is may


def test_the_number_of_queries_does_not_grow_with_the_projects(
    signed_in, member, django_assert_max_num_queries
):
    for _ in range(5):
        ProjectMemberFactory(user=member.user)
    with django_assert_max_num_queries(12):
        signed_in.get("/")


def test_a_page_that_was_open_is_gone_back_to(signed_in, member):
    inside = f"/at/{member.project.path}"
    signed_in.get(f"{inside}/staff/scheduling/room/")
    assert signed_in.get(f"{inside}/").url == f"{inside}/staff/scheduling/room/"


def test_an_administrator_resumes_without_being_a_member(client):
    membership = MembershipFactory(role=Role.ADMINISTRATOR)
    project = ProjectFactory(institution=membership.institution)
    client.force_login(membership.user)
    client.get(f"/at/{project.path}/staff/scheduling/room/")
    assert client.get(f"/at/{project.path}/").url.endswith("/staff/scheduling/room/")
    membership.delete()
    assert client.get(f"/at/{project.path}/").status_code == 404


def test_who_was_never_there_begins_at_the_front(signed_in, member):
    assert signed_in.get(f"/at/{member.project.path}/").url == f"/at/{member.project.path}/staff/"


def test_nobody_resumes_in_a_project_of_others(signed_in):
    assert signed_in.get(f"/at/{ProjectFactory().path}/").status_code == 404
