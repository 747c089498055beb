"""What families are told: in their language, once, with the dates for their calendar."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone, translation
from django.utils.translation import gettext

from bookings import booking as acts
from bookings import messages, tasks, waitlist
from bookings.models import AbsenceNotice, BookingRules
from projects import outbox
from projects.models import OutboxMessage
from tests.factories.accounts import UserFactory
from tests.factories.bookings import (
    ActivityFactory,
    ChildFactory,
    GuardianFactory,
    LocationFactory,
    SessionFactory,
    TermFactory,
)
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db

ZONE = ZoneInfo("Europe/London")


class Phone:
    """A text message provider."""

    sent = []

    def send(self, to, text):
        self.sent.append((to, text))


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", name="Hill School", time_zone="Europe/London")


@pytest.fixture
def mother(school):
    return GuardianFactory(institution=school, user=UserFactory(email="amna@home.org"))


@pytest.fixture
def zara(school, mother):
    return ChildFactory(institution=school, given_name="Zara", of=mother)


@pytest.fixture
def offer(school):
    def offer(*begins, capacity=5, **activity):
        begins = begins or [timezone.now() + timedelta(days=3)]
        return SessionFactory(
            institution=school,
            capacity=capacity,
            term=TermFactory(institution=school, ends_on=max(begins).date(), starts_on=timezone.localdate()),
            activity=ActivityFactory(institution=school, name="Chess & <b>Go</b>", **activity),
            meetings_at=[(at, at + timedelta(hours=1)) for at in begins],
        )

    return offer


def sent():
    outbox.sweep()
    return mail.outbox


def test_a_booking_brings_its_dates_and_a_cancellation_takes_them_away(offer, mother, zara):
    january, july = (datetime(timezone.now().year + 1, month, 5, 16, tzinfo=ZONE) for month in (1, 7))
    place = acts.book(session=offer(january, july), child=zara, by=mother).booking
    [booked] = sent()
    calendar = booked.attachments[0].content
    assert "METHOD:PUBLISH" in calendar
    assert calendar.count("BEGIN:VEVENT") == 2
    assert calendar.count("DTSTART;TZID=Europe/London:") == 2
    assert calendar.count("T160000") >= 2

    acts.cancel(booking=place, by=mother)

    cancelled = sent()[1].attachments[0].content
    assert "METHOD:CANCEL" in cancelled
    assert cancelled.count("STATUS:CANCELLED") == 2
    assert lines_of(calendar, "UID:") == lines_of(cancelled, "UID:")
    first, last = (max(map(int, lines_of(text, "SEQUENCE:"))) for text in (calendar, cancelled))
    assert last > first


def lines_of(calendar, name):
    """What the file says under that name, sorted."""
    return sorted(line.removeprefix(name) for line in calendar.splitlines() if line.startswith(name))


def test_a_mail_that_leaves_late_tells_the_dates_as_they_are_then(offer, mother, zara):
    session = offer()
    acts.book(session=session, child=zara, by=mother)
    meeting = session.meetings.get()
    meeting.cancelled_at, meeting.sequence = timezone.now(), 1
    meeting.save()
    assert "STATUS:CANCELLED" in sent()[0].attachments[0].content


def test_a_message_is_in_its_reader_s_language_and_nothing_in_it_is_markup(offer, mother, zara):
    mother.language = "ur"
    mother.save()
    acts.book(session=offer(), child=zara, by=mother)
    [message] = sent()
    page = message.alternatives[0].content
    assert '<html lang="ur" dir="rtl">' in page
    assert "Chess &amp; &lt;b&gt;Go&lt;/b&gt;" in page
    assert "Chess & <b>Go</b>" in message.subject


def test_an_offer_s_link_opens_the_offer_and_is_kept_nowhere(client, school, offer, mother, zara):
    session = offer(capacity=1, promotion="offer")
    stranger = GuardianFactory(institution=school, user=UserFactory(email="other@home.org"))
    theirs = acts.book(
        session=session, child=ChildFactory(institution=school, of=stranger), by=stranger
    ).booking
    waitlist.join(session=session, child=zara, by=mother)
    acts.cancel(booking=theirs, by=stranger)
    offered = next(message for message in sent() if "/offers/" in message.body)
    assert offered.to == ["amna@home.org"]
    address = next(word for word in offered.body.split() if "/offers/" in word)
    client.force_login(mother.user)
    assert client.get(address[address.index("/b/") :]).status_code == 200
    assert not OutboxMessage.objects.filter(text__contains="/offers/").exists()


def test_an_offer_that_is_over_before_its_letter_has_left_is_not_sent(school, offer, mother, zara):
    session = offer(capacity=1, promotion="offer")
    stranger = GuardianFactory(institution=school, user=UserFactory(email="other@home.org"))
    theirs = acts.book(
        session=session, child=ChildFactory(institution=school, of=stranger), by=stranger
    ).booking
    waitlist.join(session=session, child=zara, by=mother)
    acts.cancel(booking=theirs, by=stranger)
    acts.call_off(session=session, staff=UserFactory(), reason="tutor is ill")
    assert not [message for message in sent() if "/offers/" in message.body]
    assert any("tutor is ill" in message.body for message in sent() if message.to == ["amna@home.org"])


def test_texts_go_to_who_wants_them_where_the_school_sends_them(settings, school, offer, mother, zara):
    settings.TEXT_MESSAGE_PROVIDER = f"{__name__}.Phone"
    mother.wants_texts, mother.phone = True, "0300"
    mother.save()
    acts.book(session=offer(), child=zara, by=mother)
    assert not OutboxMessage.objects.filter(channel="text").exists()
    BookingRules.objects.create(institution=school, sends_texts=True)
    acts.book(session=offer(timezone.now() + timedelta(days=9)), child=zara, by=mother)
    text = OutboxMessage.objects.get(channel="text")
    assert text.to == "0300"
    assert "Zara" in text.text


def test_a_meeting_that_does_not_take_place_is_told_once(offer, mother, zara):
    session = offer()
    acts.book(session=session, child=zara, by=mother)
    meeting = session.meetings.get()
    meeting.cancelled_at, meeting.cancelled_because = timezone.now(), "Snow"
    meeting.save()
    for _twice in range(2):
        messages.tell_meeting_off(meeting=meeting)
    told = OutboxMessage.objects.filter(subject__startswith="Does not take place")
    assert "Snow" in told.get().text


def test_families_are_reminded_of_tomorrow_once_and_not_of_what_they_called_off(
    school, offer, mother, zara, monkeypatch
):
    tomorrow = (timezone.now().astimezone(ZONE) + timedelta(days=1)).replace(hour=15, minute=30)
    session, other = offer(tomorrow), offer(tomorrow + timedelta(hours=2))
    for one in (session, other):
        acts.book(session=one, child=zara, by=mother)
    AbsenceNotice.objects.create(institution=school, meeting=other.meetings.get(), child=zara)
    for _twice in range(2):
        messages.tell_tomorrow(institution=school, day=tomorrow.date())
    [reminder] = [message for message in sent() if message.subject.startswith("Tomorrow")]
    assert "15:30" in reminder.body
    assert "17:30" not in reminder.body


def test_a_reminder_tells_what_is_so_when_it_leaves(school, offer, mother, zara):
    tomorrow = (timezone.now().astimezone(ZONE) + timedelta(days=1)).replace(hour=15, minute=30)
    session, other = offer(tomorrow), offer(tomorrow + timedelta(hours=2))
    place = acts.book(session=session, child=zara, by=mother).booking
    acts.book(session=other, child=zara, by=mother)
    messages.tell_tomorrow(institution=school, day=tomorrow.date())
    acts.cancel(booking=place, by=mother)
    other.location = LocationFactory(institution=school, name="Gym")
    other.price = 5
    other.save()
    body = next(message.body for message in sent() if message.subject.startswith("Tomorrow"))
    assert "15:30" not in body
    assert "17:30" in body
    assert "Gym" in body


def facts_of(message):
    """What a letter tells in lines of its own, by name."""
    lines = (line.partition(": ") for line in message.body.splitlines())
    return {name: value for name, colon, value in lines if colon}


def test_a_confirmation_tells_when_where_what_it_costs_and_how_to_pay(settings, school, offer, mother, zara):
    settings.CARD_PAYMENTS = ""
    at = datetime(timezone.now().year + 1, 7, 5, 16, tzinfo=ZONE)
    session = offer(at, at + timedelta(weeks=1))
    session.price, session.location = (
        40,
        LocationFactory(institution=school, name="Gym", address="1 Mill Lane"),
    )
    session.save()
    acts.book(session=session, child=zara, by=mother)
    session.location.name = "Small hall"
    session.location.save()
    [message] = sent()
    told = facts_of(message)
    assert told["First date"].endswith(f"5 July {at.year}, 16:00–17:00")
    assert told["In all"] == f"2 dates, until 12 July {at.year}"
    assert told["Where"] == "Small hall, 1 Mill Lane"
    assert told["Price"].endswith("40")
    assert mother.household.reference in told["To pay"]
    assert "Small hall" in message.alternatives[0].content


def test_a_letter_from_the_queue_tells_the_position_as_it_is_then(school, offer, mother, zara, family):
    session = offer(capacity=1)
    session.price = 7
    session.save()
    stranger, child = family()
    acts.book(session=session, child=child, by=stranger)
    before, other = family()
    entry = waitlist.join(session=session, child=other, by=before)
    waitlist.join(session=session, child=zara, by=mother)
    waitlist.leave(entry=entry, by=before)
    [message] = [one for one in sent() if one.to == [mother.email]]
    told = facts_of(message)
    assert told["Position in the queue"] == "1"
    assert told["Price"].endswith("7")
    assert "at once" in told["When a place is free"]


def test_what_has_been_overtaken_is_not_told(offer, mother, zara):
    place = acts.book(session=offer(), child=zara, by=mother).booking
    acts.cancel(booking=place, by=mother)
    assert [message.subject for message in sent()] == ["Cancelled: Chess & <b>Go</b>"]
    assert OutboxMessage.objects.get(subject__contains="has a place").state == "dropped"


def test_a_letter_about_an_offer_tells_until_when_to_answer(school, offer, mother, zara, family):
    session = offer(capacity=1, promotion="offer")
    stranger, child = family()
    theirs = acts.book(session=session, child=child, by=stranger).booking
    waitlist.join(session=session, child=zara, by=mother)
    acts.cancel(booking=theirs, by=stranger)
    offered = next(message for message in sent() if "/offers/" in message.body)
    assert "Answer until" in facts_of(offered)
    assert "First date" in facts_of(offered)


def test_a_cancellation_tells_what_is_no_longer_owed(school, offer, mother, zara):
    session = offer()
    session.price = 12
    session.save()
    place = acts.book(session=session, child=zara, by=mother).booking
    acts.cancel(booking=place, by=mother)
    [message] = sent()
    assert facts_of(message)["No longer owed"].endswith("12")


def test_a_letter_s_facts_are_in_its_reader_s_language(offer, mother, zara):
    mother.language = "ur"
    mother.save()
    acts.book(session=offer(), child=zara, by=mother)
    [message] = sent()
    with translation.override("ur"):
        assert gettext("First date") in facts_of(message)


def test_reminders_go_out_towards_the_evening_only(monkeypatch, school, offer, mother, zara):
    tomorrow = (timezone.now().astimezone(ZONE) + timedelta(days=1)).replace(hour=12)
    acts.book(session=offer(tomorrow), child=zara, by=mother)
    hour = timezone.now().astimezone(ZONE).hour
    monkeypatch.setattr(tasks, "REMINDING_HOURS", [(hour + 12) % 24])
    assert tasks.remind() == 0
    monkeypatch.setattr(tasks, "REMINDING_HOURS", [hour])
    assert tasks.remind() == 1
