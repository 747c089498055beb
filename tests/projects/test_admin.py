"""What holds for every list inside the wall."""

from copy import copy

import pytest
from django.contrib.admin import site
from django.db import IntegrityError

from accounts.models import User
from projects import savepoints, sharing
from projects.admin import ProjectScopedAdmin, ProjectScopedForm
from projects.models import ProjectMember, ProjectRole
from scheduling.models import Holiday
from tests.factories.projects import ProjectMemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(client):
    """pages(address, data=None): what a planner gets there."""
    member = ProjectMemberFactory(role=ProjectRole.PLANNER)
    client.force_login(member.user)

    def pages(address, data=None):
        address = f"/at/{member.project.path}/staff/scheduling/{address}"
        return client.get(address) if data is None else client.post(address, data)

    return pages


@pytest.mark.parametrize(
    "asked",
    [
        "student/?programme__id__exact=1",
        "student/?programme__isnull=True",
        "student/?semester=1",
        "exam/?courses__department__id__exact=1",
        "exam/?needs_room__exact=1",
        "hold/?released_at__isempty=1",
        "unavailability/?date__year=2027&date__month=1",
    ],
)
def test_a_list_is_narrowed_by_its_own_filters(asked, pages):
    assert pages(asked).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        "student/?name__regex=(a%2B)%2B$",
        "student/?email__startswith=a",
        f"exam/?id__in={10**30}",
        f"exam/?courses__department={10**30}",
    ],
)
def test_a_question_that_no_filter_asks_is_refused(asked, pages):
    assert pages(asked).status_code == 400


@pytest.mark.parametrize("key", ["", "²", str(10**30)])
def test_a_chosen_row_has_a_number(key, pages):
    chosen = {"action": "delete_selected", "_selected_action": [key], "index": "0"}
    assert pages("course/", chosen).status_code == 400


def test_only_our_own_models_have_pages_on_the_staff_site():
    """A queue's schedule, for one, runs any code that it names."""
    ours = {"accounts", "bookings", "projects", "scheduling"}
    assert {model._meta.app_label for model in site._registry} <= ours


@pytest.mark.parametrize(
    ("language", "added", "saved", "removed"),
    [
        ("en", "is there now", "is saved", "is removed"),
        ("ur", "شامل ہو گیا", "محفوظ ہو گیا", "حذف ہو گیا"),
    ],
)
def test_what_was_done_to_a_row_is_told_in_our_own_words(pages, client, language, added, saved, removed):
    User.objects.update(language=language)

    def told(address, data):
        pages(address, data)
        return pages("holiday/").text

    assert added in told("holiday/add/", {"date": "2027-01-04", "name": "Founders"})
    pk = Holiday.objects.get().pk
    assert saved in told(f"holiday/{pk}/change/", {"date": "2027-01-05", "name": "Founders"})
    assert removed in told(f"holiday/{pk}/delete/", {"post": "yes"})
    pk = Holiday.objects.create(project=ProjectMember.objects.get().project, date="2027-01-04").pk
    chosen = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    assert "successfully" not in told("holiday/", chosen).casefold()


@pytest.mark.parametrize(
    "asked", ["course/?q=%00", "student/?semester=%00", "course/?%00=1", "course/?o=%00"]
)
def test_a_null_character_in_a_question_is_refused(asked, pages):
    assert pages(asked).status_code == 400


@pytest.mark.parametrize("key", ["junk", "²", str(10**30), "-1"])
def test_a_choice_that_is_no_row_is_not_looked_for(key, pages):
    assert pages(f"registration/add/?student={key}&course={key}").status_code == 200
    response = pages("registration/add/", {"student": key, "course": key, "kind": "regular", "section": ""})
    assert set(response.context["adminform"].form.errors) == {"student", "course"}


@pytest.mark.parametrize(
    "asked",
    ["field_name=junk", "model_name=junk&field_name=x", "app_label=%20&field_name=x", "field_name=id", ""],
)
def test_a_choice_of_no_field_is_nobodys(asked, pages, client):
    project = ProjectMember.objects.get().project
    told = {"app_label": "scheduling", "model_name": "registration", "term": ""}
    told |= dict(part.split("=") for part in asked.split("&") if part)
    response = client.get(f"/at/{project.path}/staff/autocomplete/", told)
    assert response.status_code in {403, 404}


# --- saved meanwhile ---------------------------------------------------------------------------------------


@pytest.fixture
def save_first(monkeypatch):
    """save_first(admin): between the check and the saving of a form somebody saves the same."""

    def save_first(admin):
        saves = admin.save_model

        def save_model(self, request, obj, form, change):
            saves(self, request, copy(obj), form, change)
            saves(self, request, obj, form, change)

        monkeypatch.setattr(admin, "save_model", save_model)

    return save_first


def test_a_form_that_was_saved_twice_at_once_is_shown_again_and_says_so(pages, save_first):
    save_first(ProjectScopedAdmin)
    response = pages("holiday/add/", {"date": "2027-01-04", "name": "Founders' Day"})
    assert response.status_code == 200
    assert "saved a moment ago" in response.text
    assert "Founders" in response.text
    assert not Holiday.objects.exists()


def test_the_reason_is_the_forms_own_if_it_finds_one_by_then(pages, monkeypatch):
    """The first of two clicks is saved for good by the time the form of the second is checked again."""
    checks = ProjectScopedForm.full_clean

    def full_clean(self):
        if self.refusal:
            Holiday.objects.get_or_create(project=self.project, date="2027-01-04")
        checks(self)

    def save_model(self, request, obj, form, change):
        raise IntegrityError

    monkeypatch.setattr(ProjectScopedForm, "full_clean", full_clean)
    monkeypatch.setattr(ProjectScopedAdmin, "save_model", save_model)
    response = pages("holiday/add/", {"date": "2027-01-04", "name": ""})
    assert "That day is a holiday already." in response.text
    assert "saved a moment ago" not in response.text


def test_what_an_act_refuses_after_the_check_stands_in_the_form(client, monkeypatch):
    def make(**told):
        raise savepoints.CannotSave("Remove one first.")

    member = ProjectMemberFactory(role=ProjectRole.OWNER)
    client.force_login(member.user)
    at = f"/at/{member.project.path}/staff/projects"
    monkeypatch.setattr(savepoints, "make", make)
    response = client.post(f"{at}/savepoint/add/", {"name": "before"})
    assert (response.status_code, "Remove one first." in response.text) == (200, True)

    def add_member(**told):
        raise sharing.CannotShare("That person is a member already.")

    monkeypatch.setattr(sharing, "add_member", add_member)
    told = {"email": "new@example.edu", "role": "viewer", "department": ""}
    response = client.post(f"{at}/projectmember/add/", told)
    assert (response.status_code, "a member already" in response.text) == (200, True)


def test_a_removal_that_an_act_refuses_is_told_on_the_list(client, monkeypatch):
    def remove_member(**told):
        raise sharing.CannotShare("Make somebody else an owner first.")

    member = ProjectMemberFactory(role=ProjectRole.OWNER)
    other = ProjectMemberFactory(project=member.project, role=ProjectRole.OWNER)
    client.force_login(member.user)
    monkeypatch.setattr(sharing, "remove_member", remove_member)
    at = f"/at/{member.project.path}/staff/projects/projectmember/{other.pk}/delete/"
    assert "Make somebody else an owner first." in client.post(at, {"post": "yes"}, follow=True).text
