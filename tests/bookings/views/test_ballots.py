"""Wishes, and a draw that anybody can do again with what its page publishes."""

from datetime import timedelta
from hashlib import sha256

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings import ballot as acts
from bookings.models import Ballot, Booking, Preference
from bookings.models.secrets import EncryptedTextField
from tests.factories.bookings import ChildFactory, GuardianFactory, SessionFactory, TermFactory
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school")


@pytest.fixture
def sessions(school):
    today = timezone.localdate()
    term = TermFactory(institution=school, starts_on=today, ends_on=today + timedelta(days=90))
    begins = [timezone.now() + timedelta(days=days) for days in (20, 21, 22)]
    return [
        SessionFactory(
            institution=school,
            term=term,
            meetings_at=[(at, at + timedelta(hours=1))],
            activity__name=name,
        )
        for at, name in zip(begins, ("Chess", "Choir", "Judo"), strict=True)
    ]


@pytest.fixture
def ballot(sessions):
    now = timezone.now()
    made = acts.open_ballot(
        term=sessions[0].term,
        name="Winter draw",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        sessions=sessions,
        staff=None,
        most_wishes=2,
    )
    for session in sessions:
        session.refresh_from_db()
    return made


def family(school, name):
    guardian = GuardianFactory(institution=school)
    return guardian, ChildFactory(institution=school, given_name=name, of=guardian)


def address(ballot, rest=""):
    return f"/b/school/ballots/{ballot.public_id}/{rest}"


def publish(ballot):
    Ballot.objects.filter(pk=ballot.pk).update(closes_at=timezone.now() - timedelta(seconds=1))
    ballot.refresh_from_db()
    acts.draw(ballot=ballot, staff=None)
    acts.publish(ballot=ballot, staff=None)
    ballot.refresh_from_db()


def test_wishes_are_ranked_changed_and_taken_back(client, school, sessions, ballot):
    guardian, zara = family(school, "Zara")
    client.force_login(guardian.user)
    there = address(ballot, f"wishes/{zara.public_id}/")
    chess, choir, _judo = sessions

    def wishes():
        return list(Preference.objects.values_list("session__activity__name", "rank"))

    client.post(there, {"rank-1": chess.pk, "rank-2": choir.pk})
    assert wishes() == [("Chess", 1), ("Choir", 2)]
    client.post(there, {"rank-1": choir.pk, "rank-2": choir.pk})
    assert wishes() == [("Choir", 1)]
    assertContains(client.get(address(ballot)), "in the draw")
    client.post(there, {"rank-1": "999"})
    assert wishes() == []


def test_nobody_wishes_for_the_child_of_others(client, school, sessions, ballot):
    _guardian, zara = family(school, "Zara")
    other, _child = family(school, "Omar")
    client.force_login(other.user)
    there = address(ballot, f"wishes/{zara.public_id}/")
    assert client.post(there, {"rank-1": sessions[0].pk}).status_code == 404
    assert not Preference.objects.exists()


def test_the_seed_is_promised_before_and_told_after_with_all_that_one_needs(client, school, sessions, ballot):
    families = [family(school, name) for name in ("Zara", "Omar", "Hira", "Ali")]
    for guardian, child in families:
        acts.wish(ballot=ballot, child=child, sessions=sessions[:2], by=guardian)
    page = client.get(address(ballot)).content.decode()
    assert ballot.seed_commitment in page
    assert ballot.secret_seed not in page
    assert client.get(address(ballot, "draw.json")).status_code == 404

    publish(ballot)

    told = client.get(address(ballot, "draw.json")).json()
    assert sha256(told["seed"].encode()).hexdigest() == told["commitment"] == ballot.seed_commitment
    again = acts.allocate(acts.Protocol.from_json(told), told["seed"])
    placed = {(row["child"], row["session"]) for row in told["results"] if row["drawn"]}
    assert {(child, session) for child, has in again.items() for session in has} == placed
    assert len(placed) == Booking.objects.count() == 2


def test_the_page_of_the_draw_names_one_s_own_children_only(client, school, sessions, ballot):
    mine, zara = family(school, "Zara")
    other, omar = family(school, "Omar")
    for guardian, child in ((mine, zara), (other, omar)):
        acts.wish(ballot=ballot, child=child, sessions=sessions[:1], by=guardian)
    publish(ballot)
    client.force_login(mine.user)
    page = client.get(address(ballot))
    assertContains(page, "Zara")
    assertNotContains(page, "Omar")


def test_no_page_reads_the_seed_before_it_is_published(client, school, sessions, ballot, monkeypatch):
    def read(self, value, expression, connection):
        raise AssertionError("the seed was read")

    monkeypatch.setattr(EncryptedTextField, "from_db_value", read)
    for there in ("/b/school/", f"/b/school/sessions/{sessions[0].public_id}/", address(ballot)):
        assert client.get(there).status_code == 200
