"""The cast of the staff's pages: Alice plans `season`; `other_season` of the same institution is not hers."""

import pytest

from projects.models import ProjectRole
from tests.factories.accounts import UserFactory
from tests.factories.projects import ProjectFactory, ProjectMemberFactory


class Pages:
    """A person's browser on the staff pages of one project: pages.get("rules/")."""

    def __init__(self, client, project):
        self.client, self.root = client, f"/at/{project.path}/staff/"

    def get(self, path="", **data):
        return self.client.get(self.root + path, data)

    def post(self, path, data=None, **extra):
        return self.client.post(self.root + path, data or {}, **extra)


@pytest.fixture
def season(db):
    return ProjectFactory()


@pytest.fixture
def other_season(season):
    return ProjectFactory(institution=season.institution)


@pytest.fixture
def pages_of(client, season):
    """pages_of(role): the pages of `season` as a new member in that role sees them."""

    def pages_of(role):
        user = UserFactory()
        ProjectMemberFactory(project=season, user=user, role=role)
        client.force_login(user)
        pages = Pages(client, season)
        pages.user = user
        return pages

    return pages_of


@pytest.fixture
def alice_pages(pages_of):
    return pages_of(ProjectRole.PLANNER)
