"""What was typed and not saved is kept for this person, at this address, within limits."""

import json

import pytest

from projects import drafts
from projects.models import ProjectRole
from tests.factories.projects import ProjectFactory, ProjectMemberFactory

pytestmark = pytest.mark.django_db

FIELDS = {"code": [["A1", ""]], "block": [["B", ""]]}


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def signed_in(client, project):
    client.force_login(ProjectMemberFactory(project=project, role=ProjectRole.PLANNER).user)
    return client


@pytest.fixture
def form(project):
    return f"/at/{project.path}/staff/scheduling/department/add/"


@pytest.fixture
def address(project, form):
    return f"/at/{project.path}/staff/drafts/?path={form}"


def keep(client, address, fields=FIELDS):
    return client.post(address, json.dumps({"fields": fields}), content_type="application/json")


def test_a_draft_comes_back(signed_in, address):
    assert keep(signed_in, address).status_code == 204
    told = signed_in.get(address).json()
    assert told["fields"] == FIELDS
    assert told["sentence"].startswith("You have unsaved work from")


def test_a_saved_form_has_no_draft(signed_in, address, form):
    keep(signed_in, address)
    saved = signed_in.post(form, {"name": "Physics"})
    assert saved.status_code == 302
    assert signed_in.get(address).status_code == 204


def test_a_form_with_errors_keeps_its_draft(signed_in, address, form):
    keep(signed_in, address)
    assert signed_in.post(form, {"name": ""}).status_code == 200
    assert signed_in.get(address).status_code == 200


def test_a_draft_can_be_thrown_away(signed_in, address):
    keep(signed_in, address)
    keep(signed_in, address, {})
    assert signed_in.get(address).status_code == 204


def test_another_person_has_another_draft(signed_in, client, project, address):
    keep(signed_in, address)
    client.force_login(ProjectMemberFactory(project=project).user)
    assert client.get(address).status_code == 204


@pytest.mark.parametrize("path", ["", "/staff/x/", "/at/there/season/staff/x/", "https://elsewhere.example/"])
def test_a_draft_stays_inside_its_project(signed_in, project, path):
    assert keep(signed_in, f"/at/{project.path}/staff/drafts/?path={path}").status_code == 400


@pytest.mark.parametrize(
    "body", ["", "[]", '{"fields": 1}', '{"fields": {"a": "b"}}', '{"fields": {"a": [[1, 2]]}}']
)
def test_what_is_no_draft_is_refused(signed_in, address, body):
    assert signed_in.post(address, body, content_type="application/json").status_code == 400
    assert signed_in.get(address).status_code == 204


def test_passwords_are_never_kept():
    session = {}
    drafts.keep(
        session, "/a", {"password1": [["secret", ""]], "api_token": [["secret", ""]], "name": [["Ana", ""]]}
    )
    assert drafts.find(session, "/a")["fields"] == {"name": [["Ana", ""]]}


def test_a_draft_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(drafts, "MOST_BYTES", 50)
    with pytest.raises(drafts.CannotKeep):
        drafts.keep({}, "/a", {"note": [["x" * 60, ""]]})


def test_the_oldest_drafts_go_first(monkeypatch):
    monkeypatch.setattr(drafts, "MOST", 2)
    session = {}
    for path in ("/a", "/b", "/a", "/c"):
        drafts.keep(session, path, FIELDS)
    assert list(session["drafts"]) == ["/a", "/c"]


def test_a_post_from_elsewhere_is_refused(project, address):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(ProjectMemberFactory(project=project).user)
    assert keep(client, address).status_code == 403
