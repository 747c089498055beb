"""Calendar files (ics) of exams, duties and bookings, that calendars can follow through every change."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vText
from icalendar.enums import STATUS, TRANSP
from icalendar.parser import Contentline, Parameters

PRODUCT = "-//Datesheet//Calendar files//EN"
# Long enough to be polite, short enough for a room that moved overnight.
REFRESH_EVERY = dt.timedelta(hours=6)

_END = b"END:VEVENT\r\n"

Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]


@dataclass(frozen=True)
class CalendarEvent:
    """Both moments carry their time zone. A calendar finds an event again by `uid` and takes the version with
    the highest `sequence`; what is called off is sent once more as CANCELLED, else it would stay for ever."""

    uid: str
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str = ""
    description: str = ""
    sequence: int = 0
    status: Status = "CONFIRMED"


def stable_uid(*parts: object) -> str:
    """The same parts give the same identity, in every file and after every repair."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(str(part) for part in parts)))


def calendar_file(
    events: Iterable[CalendarEvent],
    *,
    name: str,
    changed_at: dt.datetime,
    method: Literal["PUBLISH", "CANCEL"] = "PUBLISH",
) -> bytes:
    """The file: UTF-8, lines of at most 75 octets, with the time zones that its events use.

    `changed_at` stands in every event, so that the same plan gives the same bytes. CANCEL tells a mail
    program that all its events are called off.
    """
    calendar = Calendar.new(prodid=PRODUCT, name=name, method=method, uid=stable_uid("calendar", name))
    calendar.add("REFRESH-INTERVAL", REFRESH_EVERY, parameters={"VALUE": "DURATION"})
    stamp = changed_at.astimezone(dt.UTC).replace(microsecond=0)
    events = list(events)
    years: dict[ZoneInfo, set[int]] = {}
    for event in events:
        for moment in (event.starts_at, event.ends_at):
            if isinstance(moment.tzinfo, ZoneInfo):
                years.setdefault(moment.tzinfo, set()).add(moment.year)
    parts = [_time_zone(zone, min(of), max(of)) for zone, of in sorted(years.items(), key=str)]
    parts += [_event(event, str(event.starts_at.tzinfo), stamp) for event in events]
    whole = calendar.to_ical()
    end = whole.rindex(b"END:VCALENDAR")
    return whole[:end] + b"".join(parts) + whole[end:]


# A season has one time zone and some hundred exams, and thousands of students who share them.
@lru_cache(maxsize=64)
def _time_zone(zone: ZoneInfo, first: int, last: int) -> bytes:
    """What the zone's clocks do in these years and a year around them."""
    around = dt.date(first - 1, 1, 1), dt.date(last + 2, 1, 1)
    return Timezone.from_tzinfo(zone, zone.key, *around).to_ical()


def _event(event: CalendarEvent, zone: str, stamp: dt.datetime) -> bytes:
    """Thousands of students share some hundred exams; each has a seat of their own."""
    whole = _without_place(replace(event, place=""), zone, stamp)
    if not event.place:
        return whole
    line = Contentline.from_parts("LOCATION", Parameters(), vText(event.place)).to_ical()
    return whole.removesuffix(_END) + line + b"\r\n" + _END


@lru_cache(maxsize=4096)
def _without_place(event: CalendarEvent, zone: str, stamp: dt.datetime) -> bytes:
    """`zone` is there for the cache: one moment in two zones is equal to Python, and two lines in a file."""
    return Event.new(
        uid=event.uid,
        stamp=stamp,
        last_modified=stamp,
        start=event.starts_at,
        end=event.ends_at,
        summary=event.title,
        description=event.description or None,
        sequence=event.sequence,
        status=STATUS(event.status),
        # A cancelled event takes nobody's time.
        transparency=TRANSP.TRANSPARENT if event.status == "CANCELLED" else TRANSP.OPAQUE,
    ).to_ical()
