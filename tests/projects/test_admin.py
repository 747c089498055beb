"""What holds for every list inside the wall."""

import pytest
from django.contrib.admin import site

from projects.models import ProjectRole
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
    assert {model._meta.app_label for model in site._registry} <= {"accounts", "projects", "scheduling"}
