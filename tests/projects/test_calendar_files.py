"""Calendar files as calendars read them."""

import dataclasses
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from projects.calendar_files import CalendarEvent, calendar_file, stable_uid

KARACHI = ZoneInfo("Asia/Karachi")
BERLIN = ZoneInfo("Europe/Berlin")
CHANGED = datetime(2026, 12, 1, 8, 30, 15, 999, tzinfo=UTC)
NINE = datetime(2027, 1, 4, 9, tzinfo=KARACHI)


def event(**more) -> CalendarEvent:
    return CalendarEvent(
        **{
            "uid": stable_uid("a/b", "C-1", 1),
            "title": "C-1 Algebra",
            "starts_at": NINE,
            "ends_at": NINE + timedelta(hours=2),
        }
        | more
    )


def made(*events: CalendarEvent) -> bytes:
    return calendar_file(events, name="My exams", changed_at=CHANGED)


def read(contents: bytes):
    return Calendar.from_ical(contents).walk("VEVENT")


def test_what_goes_in_comes_out():
    [found] = read(made(event(place="B-1, C-2; D", description="Line one\nline two", sequence=3)))
    assert str(found["SUMMARY"]) == "C-1 Algebra"
    assert str(found["LOCATION"]) == "B-1, C-2; D"
    assert str(found["DESCRIPTION"]) == "Line one\nline two"
    assert (found["SEQUENCE"], str(found["STATUS"])) == (3, "CONFIRMED")
    assert (found.start, found.end) == (NINE, NINE + timedelta(hours=2))
    assert found["DTSTAMP"].dt == CHANGED.replace(microsecond=0)


def test_the_same_parts_give_the_same_identity_and_others_another():
    assert stable_uid("a/b", "C-1", 1) == stable_uid("a/b", "C-1", 1)
    assert len({stable_uid("a/b", "C-1", 1), stable_uid("a/b", "C-1", 2), stable_uid("a/c", "C-1", 1)}) == 3


def test_the_same_plan_gives_the_same_bytes():
    assert made(event()) == made(event())
    assert made(event()) != made(event(title="C-1 Analysis"))


def test_what_is_called_off_says_so_and_takes_no_time():
    [found] = read(made(event(status="CANCELLED", sequence=2)))
    assert (str(found["STATUS"]), str(found["TRANSP"])) == ("CANCELLED", "TRANSPARENT")


@pytest.mark.parametrize("title", ["ریاضی اور شماریات کا تعارف " * 9, "é" * 200, "x" * 75, "🙂" * 40])
def test_no_line_is_longer_than_75_octets_and_no_letter_is_lost(title):
    contents = made(event(title=title))
    assert max(len(line) for line in contents.split(b"\r\n")) <= 75
    assert str(read(contents)[0]["SUMMARY"]) == title


def test_each_time_zone_that_is_used_is_explained_once():
    later = dataclasses.replace(
        event(), starts_at=NINE.replace(tzinfo=BERLIN), ends_at=NINE.replace(hour=10, tzinfo=BERLIN)
    )
    zones = Calendar.from_ical(made(event(), event(), later)).walk("VTIMEZONE")
    assert [str(zone["TZID"]) for zone in zones] == ["Asia/Karachi", "Europe/Berlin"]


def test_a_summer_exam_keeps_its_hour_by_the_zone_in_the_file():
    starts_at = datetime(2027, 7, 1, 9, tzinfo=BERLIN)
    calendar = Calendar.from_ical(made(event(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))))
    [zone] = calendar.walk("VTIMEZONE")
    as_told = starts_at.replace(tzinfo=zone.to_tz(lookup_tzid=False))
    assert as_told.utcoffset() == timedelta(hours=2)


def test_the_same_moment_in_two_zones_keeps_its_own():
    berlin = {name: getattr(event(), name).astimezone(BERLIN) for name in ("starts_at", "ends_at")}
    assert made(event()) != made(event(**berlin))


def test_a_calendar_without_events_is_still_a_calendar():
    assert read(made()) == []
    assert made().endswith(b"END:VCALENDAR\r\n")
