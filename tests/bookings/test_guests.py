"""A child at one meeting without a place: expected, told, on the family's page, and gone again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings import attendance, glance, guests
from bookings import booking as acts
from bookings.models import MeetingGuest
from projects.models import Change, OutboxMessage, Role

from ..factories.bookings import ChildFactory, GuardianFactory, SessionFactory
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", requires_second_factor=False)


@pytest.fixture
def mother(school):
    return GuardianFactory(institution=school)


@pytest.fixture
def zara(school, mother):
    return ChildFactory(institution=school, of=mother, given_name="Zara")


@pytest.fixture
def chess(school):
    at = timezone.now() + timedelta(days=3)
    return SessionFactory(
        institution=school, activity__name="Chess", capacity=1, meetings_at=[(at, at + timedelta(hours=1))]
    )


def add(session, child, **more):
    return guests.add(meeting=session.meetings.get(), child=child, kind="trial", staff=None, **more)


def test_a_guest_stands_on_the_register_and_its_guardian_is_told(chess, mother, zara):
    add(chess, zara)
    [line] = attendance.register(chess.meetings.get())
    assert (line.child, line.guest) == (zara, "trial")
    assert "Zara is expected at Chess" in OutboxMessage.objects.get(to=mother.email).text
    assert [item.what for item in glance.of(mother).children[0].diary] == ["Chess (trial)"]


def test_a_full_room_takes_a_reason(chess, mother, zara):
    acts.book(session=chess, child=ChildFactory(institution=chess.institution, of=mother), by=mother)
    with pytest.raises(guests.CannotCome, match="All places"):
        add(chess, zara)
    add(chess, zara, reason="missed last week")
    assert Change.objects.filter(reason="missed last week").exists()


def test_who_is_booked_or_elsewhere_or_gone_is_no_guest(chess, school, mother, zara):
    acts.book(session=chess, child=zara, by=mother)
    with pytest.raises(guests.CannotCome, match="already"):
        add(chess, zara)
    at = chess.meetings.get().starts_at + timedelta(minutes=30)
    judo = SessionFactory(institution=school, meetings_at=[(at, at + timedelta(hours=1))])
    with pytest.raises(guests.CannotCome, match="is in Chess at that time"):
        add(judo, zara)
    left = ChildFactory(institution=school, of=mother, left_on=timezone.localdate())
    with pytest.raises(guests.CannotCome, match="left the school"):
        add(judo, left)
    with pytest.raises(guests.CannotCome, match="no such child"):
        add(judo, ChildFactory())


def test_a_cancelled_meeting_has_no_guests(chess, zara):
    chess.meetings.update(cancelled_at=timezone.now())
    with pytest.raises(guests.CannotCome, match="does not take place"):
        add(chess, zara)


def test_the_office_adds_a_guest_and_takes_it_back(client, school, chess, mother, zara):
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    page = "/at/school/staff/attendance/guests/"
    client.post(page, {"child": "Zara", "meeting": "Chess", "kind": "make-up"})
    assert "Does not come" in client.get(page).text
    client.post(page, {"remove": MeetingGuest.objects.get().pk})
    assert not MeetingGuest.objects.exists()
    assert OutboxMessage.objects.filter(to=mother.email).count() == 2
