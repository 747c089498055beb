"""Members, files and save points of a project, as each role meets them."""

import pytest

from projects.models import ProjectMember, ProjectRole
from tests.factories.projects import ProjectFactory, ProjectMemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory(institution__slug="here", slug="season")


@pytest.fixture
def as_(client, project):
    """as_(role): the visitor works in the project in that role."""

    def as_(role):
        client.force_login(ProjectMemberFactory(project=project, role=role, department="Physics").user)
        return client

    return as_


def address(page):
    return f"/at/here/season/staff/{page}/"


@pytest.mark.parametrize("role", [role for role in ProjectRole if role != ProjectRole.OWNER])
def test_only_owners_change_and_remove_members(role, as_, project):
    pages = as_(role)
    for member in (ProjectMember.objects.get(project=project), ProjectMemberFactory(project=project)):
        before = member.role
        at = f"projects/projectmember/{member.pk}"
        pages.post(address(f"{at}/change"), {"role": "owner", "department": "Physics"})
        pages.post(address(f"{at}/delete"), {"post": "yes"})
        assert ProjectMember.objects.get(pk=member.pk).role == before


def test_who_leaves_is_removed_from_an_archived_project_too(as_, project):
    pages = as_(ProjectRole.OWNER)
    leaver = ProjectMemberFactory(project=project)
    project.is_archived = True
    project.save()
    pages.post(address(f"projects/projectmember/{leaver.pk}/delete"), {"post": "yes"})
    assert not ProjectMember.objects.filter(pk=leaver.pk).exists()
