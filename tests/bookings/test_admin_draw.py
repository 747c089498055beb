"""A ballot at the office: made with its promise, drawn once after a look, published, and drawn again."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from bookings import ballot as acts
from bookings.models import Ballot, Booking, DrawResult, Preference, Session
from projects.models import Change, OutboxMessage, Role

from ..factories.bookings import ChildFactory, GuardianFactory, SessionFactory, TermFactory
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", requires_second_factor=False)


@pytest.fixture
def office(client, school):
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    return client


@pytest.fixture
def sessions(school):
    today = timezone.localdate()
    term = TermFactory(
        institution=school, starts_on=today - timedelta(days=3), ends_on=today + timedelta(days=60)
    )
    begins = timezone.now() + timedelta(days=9)
    return [
        SessionFactory(
            institution=school,
            term=term,
            activity__name=name,
            meetings_at=[(begins + timedelta(days=day), begins + timedelta(days=day, hours=1))],
        )
        for day, name in enumerate(("Chess", "Choir"))
    ]


@pytest.fixture
def ballot(sessions):
    now = timezone.now()
    ballot = acts.open_ballot(
        term=sessions[0].term,
        name="Clubs",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        sessions=sessions,
        staff=None,
    )
    for session in sessions:
        session.refresh_from_db()
    for name in ("Zara", "Omar"):
        guardian = GuardianFactory(institution=ballot.institution)
        child = ChildFactory(institution=ballot.institution, of=guardian, given_name=name)
        acts.wish(ballot=ballot, child=child, sessions=sessions, by=guardian)
    return ballot


def close(ballot):
    Ballot.objects.filter(pk=ballot.pk).update(closes_at=timezone.now() - timedelta(seconds=1))


def page_of(ballot):
    return f"/at/school/staff/counter/ballots/{ballot.pk}/"


def test_a_ballot_made_in_the_admin_has_its_promise_and_its_sessions(office, sessions):
    now = timezone.now()
    told = {
        "name": "Clubs",
        "term": sessions[0].term_id,
        "opens_at_0": now.date(),
        "opens_at_1": "00:00",
        "closes_at_0": now.date() + timedelta(days=2),
        "closes_at_1": "12:00",
        "most_wishes": 5,
        "most_places": 1,
        "sessions": [sessions[0].pk],
    }
    answer = office.post("/at/school/staff/bookings/ballot/add/", told)
    assert answer.status_code == 302, answer.text
    ballot = Ballot.objects.get()
    assert acts.commitment(ballot.secret_seed) == ballot.seed_commitment
    assert list(Session.objects.filter(ballot=ballot)) == [sessions[0]]


def test_a_session_that_was_wished_for_stays_in(office, ballot, sessions):
    address = f"/at/school/staff/bookings/ballot/{ballot.pk}/change/"
    told = {
        "name": "Clubs",
        "term": ballot.term_id,
        "opens_at_0": "2027-01-01",
        "opens_at_1": "00:00",
        "closes_at_0": "2027-01-09",
        "closes_at_1": "12:00",
        "most_wishes": 5,
        "most_places": 1,
    }
    assert "leave it in" in office.post(address, told).text
    assert Session.objects.filter(ballot=ballot).count() == 2


def test_sessions_of_another_term_are_no_choice(sessions, ballot):
    with pytest.raises(acts.CannotDraw):
        acts.choose_sessions(
            ballot=ballot, sessions=[*sessions, SessionFactory(institution=ballot.institution)]
        )


def test_from_the_wishes_to_the_published_draw(office, ballot):
    page = office.get(page_of(ballot)).text
    assert "2 children have wishes" in page
    assert 'value="draw"' not in page
    assert "Wait until the wishes" in office.post(page_of(ballot), {"act": "draw"}, follow=True).text
    close(ballot)
    assert 'value="draw"' in office.get(page_of(ballot)).text

    office.post(page_of(ballot), {"act": "draw"})
    looked = office.get(page_of(ballot)).text
    assert "What will be published" in looked
    assert "Zara" in looked
    assert not Booking.objects.exists()
    assert "Zara" not in office.get(f"/b/school/ballots/{ballot.public_id}/").text

    told = OutboxMessage.objects.count()
    office.post(page_of(ballot), {"act": "publish"})
    assert Booking.objects.count() == 2
    assert OutboxMessage.objects.count() > told
    assert "keeps its promise" in office.post(page_of(ballot), {"act": "recompute"}, follow=True).text
    assert Change.objects.filter(model="bookings.ballot", by__isnull=False).count() >= 2
    assert "once" in office.post(page_of(ballot), {"act": "publish"}, follow=True).text


def test_a_draw_that_was_tampered_with_is_found_out(office, ballot):
    close(ballot)
    acts.draw(ballot=ballot, staff=None)
    acts.publish(ballot=ballot, staff=None)
    DrawResult.objects.filter(outcome="placed").update(outcome="waiting")
    assert "Something else" in office.post(page_of(ballot), {"act": "recompute"}, follow=True).text


def test_a_child_that_was_refused_when_published_does_not_spoil_the_proof(ballot):
    close(ballot)
    acts.draw(ballot=ballot, staff=None)
    winner = DrawResult.objects.filter(outcome="placed").first().child
    winner.left_on = timezone.localdate() - timedelta(days=2)
    winner.save()
    acts.publish(ballot=ballot, staff=None)
    ballot.refresh_from_db()
    assert DrawResult.objects.filter(child=winner, outcome="refused").exists()
    assert acts.recompute(ballot)


def test_anybody_draws_again_from_the_file(client, ballot, tmp_path, capsys):
    close(ballot)
    acts.draw(ballot=ballot, staff=None)
    acts.publish(ballot=ballot, staff=None)
    file = tmp_path / "draw.json"
    told = client.get(f"/b/school/ballots/{ballot.public_id}/draw.json").text
    file.write_text(told)
    call_command("draw_again", file)
    assert "same 2 places" in capsys.readouterr().out
    file.write_text(told.replace('"drawn": true', '"drawn": false', 1))
    with pytest.raises(CommandError, match="not drawn so"):
        call_command("draw_again", file)
    file.write_text("{}")
    with pytest.raises(CommandError, match="no file"):
        call_command("draw_again", file)


def test_the_draw_is_the_offices_and_the_seed_nobodys(client, ballot, monkeypatch):
    client.force_login(MembershipFactory(institution=ballot.institution, role=Role.TUTOR).user)
    assert client.get(page_of(ballot)).status_code in (403, 404)
    client.force_login(MembershipFactory(institution=ballot.institution, role=Role.OFFICE).user)
    for there in (page_of(ballot), f"/at/school/staff/bookings/ballot/{ballot.pk}/change/"):
        assert ballot.secret_seed not in client.get(there).text
    other = Ballot.objects.exclude(pk=ballot.pk)
    assert client.get(page_of(ballot).replace(str(ballot.pk), "9999")).status_code == 404
    assert not other.exists()
    assert Preference.objects.count() == 4
