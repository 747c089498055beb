"""What visitors find: what fits, how many places are left, and nothing of any person."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import BookingRules, Session, SignUpWindow
from tests.factories.bookings import (
    ActivityFactory,
    BookingFactory,
    GuardianFactory,
    SessionFactory,
    TermFactory,
    YearGroupFactory,
)
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", name="Hill School")


@pytest.fixture
def term(school):
    today = timezone.localdate()
    return TermFactory(institution=school, starts_on=today, ends_on=today + timedelta(days=90))


def offer(school, term, name, **values):
    """An activity with one session that meets next week."""
    session_values = {
        key: values.pop(key)
        for key in ("capacity", "weekday", "price", "opens_at", "closes_at")
        if key in values
    }
    activity = ActivityFactory(institution=school, name=name, **values)
    begins = timezone.now() + timedelta(days=7)
    meetings = [(begins, begins + timedelta(hours=1))]
    return SessionFactory(
        institution=school, activity=activity, term=term, meetings_at=meetings, **session_values
    )


def names(client, asked=""):
    return [activity.name for activity in client.get(f"/b/school/{asked}").context["page"]]


def test_filters_narrow_the_list(client, school, term):
    year_3, year_4 = (YearGroupFactory(institution=school, name=name) for name in ("Year 3", "Year 4"))
    offer(school, term, "Chess", weekday=0, youngest=10)
    football = offer(school, term, "Football", weekday=2, capacity=0)
    football.activity.year_groups.add(year_3)
    offer(school, term, "Choir", weekday=2)

    assert names(client) == ["Chess", "Choir", "Football"]
    assert names(client, "?q=foot") == ["Football"]
    assert names(client, "?day=2") == ["Choir", "Football"]
    assert names(client, "?age=8") == ["Choir", "Football"]
    assert names(client, f"?year={year_4.pk}") == ["Chess", "Choir"]
    assert names(client, "?free=on") == ["Chess", "Choir"]
    assert names(client, "?day=monday&age=-1&year=999") == ["Chess", "Choir", "Football"]


def test_drafts_unpublished_activities_and_past_terms_are_not_there(client, school, term):
    offer(school, term, "Chess", is_published=False)
    draft = offer(school, term, "Football")
    Session.objects.filter(pk=draft.pk).update(state=Session.State.DRAFT)
    SessionFactory(
        institution=school,
        term=TermFactory(institution=school, ends_on=date(2020, 1, 1), starts_on=date(2019, 1, 1)),
    )
    assert names(client) == []
    assert client.get(f"/b/school/sessions/{draft.public_id}/").status_code == 404


def test_the_list_takes_as_many_queries_for_500_activities_as_for_one(
    client, school, term, django_assert_max_num_queries
):
    offer(school, term, "Activity")
    with django_assert_max_num_queries(10):
        client.get("/b/school/")
    for number in range(499):
        offer(school, term, f"Activity {number}")
    with django_assert_max_num_queries(10):
        response = client.get("/b/school/?page=2")
    assert len(response.context["page"]) == 48


def test_the_week_takes_a_constant_number_of_queries(client, school, term, django_assert_max_num_queries):
    sessions = [offer(school, term, f"Activity {number}") for number in range(30)]
    monday = sessions[0].meetings.get().starts_at.date()
    with django_assert_max_num_queries(8):
        response = client.get(f"/b/school/?show=week&week={monday}")
    assert response.context["meetings"] == 30


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"capacity": 12}, "12 places left"),
        ({"capacity": 0}, "Full"),
        ({"opens_at": datetime(2126, 1, 1, 8, tzinfo=UTC)}, "Sign-up from Tue 1 Jan, 08:00"),
        ({"closes_at": datetime(2020, 1, 1, 8, tzinfo=UTC)}, "Sign-up is over"),
    ],
)
def test_a_session_says_whether_it_can_be_booked(client, school, term, values, words):
    session = offer(school, term, "Chess", **values)
    for address in ("/b/school/", f"/b/school/sessions/{session.public_id}/"):
        assertContains(client.get(address), words)


def test_a_session_that_is_open_to_one_year_tells_everybody_when(client, school, term):
    session = offer(school, term, "Chess")
    SignUpWindow.objects.create(
        institution=school,
        session=session,
        year_group=YearGroupFactory(institution=school, name="Year 3"),
        opens_at=datetime(2126, 1, 1, 8, tzinfo=UTC),
    )
    assertContains(client.get("/b/school/"), "Sign-up from Tue 1 Jan, 08:00")


def test_nobody_who_booked_is_named(client, school, term):
    session = offer(school, term, "Chess", capacity=2)
    booking = BookingFactory(institution=school, session=session)
    for address in ("/b/school/", "/b/school/?show=week", f"/b/school/sessions/{session.public_id}/"):
        assertNotContains(client.get(address), booking.child.given_name)


def test_a_catalogue_that_is_not_public_asks_to_sign_in_and_looks_like_none(client, school, term):
    BookingRules.objects.create(institution=school, is_public=False)
    there, nowhere = client.get("/b/school/"), client.get("/b/nowhere/")
    assertRedirects(there, "/account/login/?next=/b/school/")
    assertRedirects(nowhere, "/account/login/?next=/b/nowhere/")
    client.force_login(GuardianFactory(institution=InstitutionFactory()).user)
    assert client.get("/b/school/").status_code == client.get("/b/nowhere/").status_code == 404
    client.force_login(GuardianFactory(institution=school).user)
    assert client.get("/b/school/").status_code == 200
