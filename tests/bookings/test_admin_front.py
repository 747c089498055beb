"""The front page of an institution with activities: today, and what waits for the office."""

from datetime import date

import pytest

from bookings import joining
from projects.models import Role

from ..factories.bookings import GuardianFactory, SessionFactory
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db

REGISTERS = 'href="/b/school/registers/"'


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", requires_second_factor=False)


@pytest.fixture
def front(client, school):
    """front(role): the page as a member with that role sees it."""

    def front(role=Role.OFFICE):
        client.force_login(MembershipFactory(institution=school, role=role).user)
        return client.get("/at/school/staff/").content.decode()

    return front


def test_the_front_page_says_what_waits_for_the_office(front, school):
    SessionFactory(institution=school)
    guardian = GuardianFactory(institution=school)
    joining.name_child(guardian=guardian, child_name="Omar", date_of_birth=date(2018, 6, 1))
    page = front()
    assert REGISTERS in page
    assert "Children to link" in page
    assert 'href="/at/school/staff/attention/#matter-' in page
    assert "Wishes to be erased" not in page


def test_what_waits_is_told_to_nobody_else(front, school):
    SessionFactory(institution=school)
    assert REGISTERS not in front(Role.STAFF)


def test_where_there_are_no_activities_nothing_is_told_of_them(front):
    assert REGISTERS not in front()
