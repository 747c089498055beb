"""What waits for the office stands on one page, and nothing that does not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings import attention, family_data
from bookings import booking as acts
from bookings.models import BankLine, LinkRequest
from projects.models import OutboxMessage, Role

from ..factories.bookings import ChildFactory, GuardianFactory, SessionFactory, TutorFactory
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", requires_second_factor=False)


def in_days(days, hours=0):
    at = timezone.now() + timedelta(days=days, hours=hours)
    return [(at, at + timedelta(hours=1))]


def titles(school):
    return {matter.title: [row.words for row in matter.rows] for matter in attention.matters(school)}


def test_nothing_waits_where_all_is_well(school):
    SessionFactory(institution=school, tutor=TutorFactory(institution=school), meetings_at=in_days(3))
    assert titles(school) == {}


def test_a_session_with_too_few_children_is_told_until_it_has_enough(school):
    guardian = GuardianFactory(institution=school)
    session = SessionFactory(
        institution=school,
        activity__name="Chess",
        fewest=1,
        tutor=TutorFactory(institution=school),
        meetings_at=in_days(5),
    )
    assert titles(school)["Too few children"][0].startswith("Chess has 0 of at least 1 children")
    acts.book(session=session, child=ChildFactory(institution=school, of=guardian), by=guardian)
    assert titles(school) == {}


def test_a_tutor_in_two_places_a_date_without_one_and_a_clearance_that_runs_out(school):
    tutor = TutorFactory(institution=school, clearance_expires_on=timezone.localdate())
    for hours in (0, 0.5):
        SessionFactory(institution=school, tutor=tutor, meetings_at=in_days(3, hours))
    SessionFactory(institution=school, meetings_at=in_days(4))
    assert titles(school).keys() == {
        "One tutor in two places",
        "Dates without a tutor",
        "Clearances of tutors that run out",
    }


def test_the_office_opens_what_waits_by_one_link_each(client, school):
    guardian = GuardianFactory(institution=school)
    family_data.ask_for_erasure(guardian=guardian, note="")
    LinkRequest.objects.create(
        institution=school, guardian=guardian, child_name="Zara", date_of_birth=timezone.localdate()
    )
    BankLine.objects.create(institution=school, booked_on=timezone.localdate(), amount=5, fingerprint="x")
    OutboxMessage.objects.create(institution=school, to="a@example.edu", text="x", state="failed")
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    page = client.get("/at/school/staff/attention/")
    assert len(page.context["matters"]) == 4
    for _matter, rows in page.context["matters"]:
        for _words, address in rows:
            assert client.get(address).status_code == 200, address


def test_others_matters_are_not_told(school):
    SessionFactory(meetings_at=in_days(4), fewest=3)
    assert titles(school) == {}


def test_many_matters_take_as_many_questions_as_few(school, django_assert_max_num_queries):
    tutor = TutorFactory(institution=school)
    for number in range(6):
        SessionFactory(institution=school, tutor=tutor, fewest=9, meetings_at=in_days(2, number / 4))
    with django_assert_max_num_queries(14):
        assert len(titles(school)["Too few children"]) == 6
