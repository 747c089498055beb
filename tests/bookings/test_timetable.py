"""Dates follow the local clock, leave out closures, and end with a message to the families."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from bookings import timetable
from bookings.models import Closure, Meeting

from ..factories.bookings import SessionFactory, TermFactory
from ..factories.projects import InstitutionFactory

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
