"""Dates follow the local clock, leave out closures, and end with a message to the families."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from bookings import timetable
from bookings.models import Booking, Closure, Meeting
from projects.models import OutboxMessage, Role

from ..factories.bookings import (
    BookingFactory,
    ChildFactory,
    GuardianFactory,
    LocationFactory,
    SessionFactory,
    TermFactory,
    TutorFactory,
)
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def session(**of_term):
    school = InstitutionFactory(time_zone="Europe/London")
    session = SessionFactory(
        institution=school,
        term=TermFactory(institution=school, **of_term),
        weekday=6,
        starts=time(15, 30),
        ends=time(16, 30),
    )
    session.meetings.all().delete()
    return session


def test_the_local_hour_stays_when_the_clocks_change():
    weekly = session(starts_on=date(2027, 3, 21), ends_on=date(2027, 3, 28))
    timetable.make_meetings(weekly)
    assert [meeting.starts_at for meeting in weekly.meetings.order_by("starts_at")] == [
        datetime(2027, 3, 21, 15, 30, tzinfo=UTC),
        datetime(2027, 3, 28, 14, 30, tzinfo=UTC),
    ]


def test_closures_are_left_out_and_dates_made_once():
    weekly = session(starts_on=date(2027, 3, 1), ends_on=date(2027, 3, 31))
    Closure.objects.create(
        institution=weekly.institution, name="Trip", starts_on=date(2027, 3, 13), ends_on=date(2027, 3, 14)
    )
    assert [timetable.make_meetings(weekly) for _ in range(2)] == [3, 0]


def test_without_a_weekday_there_are_no_weekly_dates():
    single = session()
    single.weekday = None
    with pytest.raises(timetable.CannotChange, match="weekday"):
        timetable.make_meetings(single)


def test_a_date_is_cancelled_once_and_with_a_reason():
    meeting = SessionFactory().meetings.first()
    with pytest.raises(timetable.CannotChange, match="Say why"):
        timetable.cancel_meeting(meeting=meeting, staff=None, reason=" ")
    timetable.cancel_meeting(meeting=meeting, staff=None, reason="Snow")
    with pytest.raises(timetable.CannotChange, match="already"):
        timetable.cancel_meeting(meeting=meeting, staff=None, reason="Snow")


def test_a_make_up_date_lies_ahead_of_a_cancelled_one():
    meeting = SessionFactory().meetings.first()
    later = timezone.now() + timedelta(days=3)
    with pytest.raises(timetable.CannotChange, match="takes place"):
        timetable.make_up(meeting=meeting, starts_at=later, staff=None)
    timetable.cancel_meeting(meeting=meeting, staff=None, reason="Snow")
    meeting.refresh_from_db()
    with pytest.raises(timetable.CannotChange, match="lies ahead"):
        timetable.make_up(meeting=meeting, starts_at=timezone.now(), staff=None)
    made = timetable.make_up(meeting=meeting, starts_at=later, staff=None)
    assert made.is_make_up
    assert made.ends_at - made.starts_at == timedelta(hours=1)
    assert Meeting.objects.filter(session=meeting.session).live().count() == 2


# --- who is told --------------------------------------------------------------------------------------------
@pytest.fixture
def chess():
    """Three are booked: one family has mail, one is booked by the office, one has neither mail nor text."""
    chess = SessionFactory(capacity=5)
    here = {"institution": chess.institution}
    mailed = GuardianFactory(**here, email="dua@home.org")
    silent = GuardianFactory(**here, user=None, email="", phone="0300 1")
    for by in (mailed, silent, None):
        BookingFactory(**here, session=chess, child=ChildFactory(**here), booked_by=by)
    return chess


def test_who_has_to_be_called_comes_first(chess):
    told = timetable.who_is_told([chess])
    assert [bool(one.ways) for one in told] == [False, False, True]
    assert told[-1].guardian.email == "dua@home.org"


def test_the_reason_stands_in_the_mail_and_a_make_up_date_is_told_with_the_one_it_stands_for(chess):
    meeting = chess.meetings.first()
    assert timetable.cancel_meeting(meeting=meeting, staff=None, reason="The hall is flooded.") == 1
    assert "The hall is flooded." in OutboxMessage.objects.get().text
    meeting.refresh_from_db()
    later = timezone.now() + timedelta(days=3)
    made = timetable.make_up(meeting=meeting, starts_at=later, staff=None, note="In the small hall.")
    assert made.instead_of == meeting
    mail = OutboxMessage.objects.exclude(dedupe__contains="meeting-off").get()
    assert "instead of 5 January 2027" in mail.text
    assert "In the small hall." in mail.text
    assert mail.to == "dua@home.org"


def test_a_make_up_date_is_refused_on_a_closed_day_and_where_the_session_meets_already(chess):
    first, second = chess.meetings.order_by("starts_at")
    timetable.cancel_meeting(meeting=first, staff=None, reason="Snow")
    first.refresh_from_db()
    with pytest.raises(timetable.CannotChange, match="meets at that time"):
        timetable.planned_make_up(meeting=first, starts_at=second.starts_at)
    day = second.starts_at + timedelta(days=1)
    Closure.objects.create(
        institution=chess.institution, name="Trip", starts_on=day.date(), ends_on=day.date()
    )
    with pytest.raises(timetable.CannotChange, match="Trip"):
        timetable.planned_make_up(meeting=first, starts_at=day)


def test_what_is_in_the_way_of_a_make_up_date_is_said(chess):
    here = {"institution": chess.institution}
    tutor, hall = TutorFactory(**here, name="Omar"), LocationFactory(**here, name="Hall 1")
    at = timezone.now() + timedelta(days=2)
    other = SessionFactory(
        **here, tutor=tutor, location=hall, capacity=3, meetings_at=[(at, at + timedelta(hours=2))]
    )
    child = chess.bookings.first().child
    BookingFactory(**here, session=other, child=child)
    type(chess).objects.filter(pk=chess.pk).update(tutor=tutor, location=hall)
    meeting = chess.meetings.select_related("session").first()
    timetable.cancel_meeting(meeting=meeting, staff=None, reason="Snow")
    meeting.refresh_from_db()
    planned = timetable.planned_make_up(meeting=meeting, starts_at=at + timedelta(hours=1))
    said = " ".join(timetable.in_the_way(planned))
    assert "Omar leads" in said
    assert "is in Hall 1 then" in said
    assert child.full_name in said


# --- the office's pages -------------------------------------------------------------------------------------
@pytest.fixture
def office(client, chess):
    type(chess.institution).objects.update(requires_second_factor=False)
    client.force_login(MembershipFactory(institution=chess.institution, role=Role.OFFICE).user)
    client.at = f"/at/{chess.institution.slug}/staff/"
    return client


def test_dates_are_cancelled_for_the_office_s_own_reason_after_a_look_at_who_is_told(office, chess):
    meeting = chess.meetings.first()
    chosen = {"action": "cancel", "_selected_action": [meeting.pk]}
    page = office.get(office.post(f"{office.at}bookings/meeting/", chosen)["Location"])
    assert "dua" in page.text or "call them" in page.text
    assert "0300 1" in page.text
    address = f"{office.at}dates/cancel/"
    office.post(address, {"row": [meeting.pk], "sure": "1", "reason": " "})
    assert not Meeting.objects.exclude(cancelled_at=None).exists()
    office.post(address, {"row": [meeting.pk], "sure": "1", "reason": "Flooded"})
    assert Meeting.objects.get(pk=meeting.pk).cancelled_because == "Flooded"
    assert "Flooded" in office.get(f"{office.at}bookings/meeting/?when=cancelled").text


def test_a_make_up_date_is_looked_at_and_then_made(office, chess):
    meeting = chess.meetings.first()
    timetable.cancel_meeting(meeting=meeting, staff=None, reason="Snow")
    chosen = {"action": "make_up", "_selected_action": [meeting.pk]}
    address = office.post(f"{office.at}bookings/meeting/", chosen)["Location"]
    assert 'value="15:30"' in office.get(address).text
    day = (timezone.now() + timedelta(days=4)).date()
    told = {"row": [meeting.pk], "day": day, "starts": "16:00", "note": ""}
    assert "0300 1" in office.post(address, told).text
    assert not Meeting.objects.filter(is_make_up=True).exists()
    office.post(address, {**told, "sure": "1"})
    assert Meeting.objects.get(is_make_up=True).instead_of == meeting


def test_a_session_is_called_off_for_the_office_s_own_reason(office, chess):
    chosen = {"action": "call_off", "_selected_action": [chess.pk]}
    address = office.post(f"{office.at}bookings/session/", chosen)["Location"]
    assert "call them" in office.get(address).text
    office.post(address, {"row": [chess.pk], "sure": "1", "reason": "The tutor has left."})
    assert not Booking.objects.live().exists()
    assert "The tutor has left." in OutboxMessage.objects.get(to="dua@home.org").text


def test_dates_and_sessions_of_others_are_no_choice(office):
    theirs = SessionFactory()
    meeting = theirs.meetings.first()
    for page, row in (("cancel", meeting), ("call-off", theirs)):
        office.post(f"{office.at}dates/{page}/", {"row": [row.pk], "sure": "1", "reason": "Snow"})
    theirs.refresh_from_db()
    assert theirs.state == "open"
    assert not Meeting.objects.exclude(cancelled_at=None).exists()
