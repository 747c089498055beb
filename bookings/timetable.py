"""The dates of sessions: made from a weekly pattern, cancelled one by one, or all of a day at once."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history
from projects.models import Institution

from . import messages
from .models import Booking, Child, Closure, Guardian, Meeting, Session, Term


class CannotChange(Exception):
    """Why this date cannot be made or cancelled so, in words for the office."""


def make_meetings(session: Session) -> int:
    """The weekly dates of a session over its term, without closures; how many were added.

    Dates that are there already stay. Times are local: they do not move with the clocks.
    """
    dates = weekly_dates(session, term=session.term, closures=closures_of(session.institution))
    there = set(session.meetings.values_list("starts_at", flat=True))
    new = [one for one in dates if one.starts_at not in there]
    Meeting.objects.bulk_create(
        Meeting(institution_id=session.institution_id, session=session, **one._asdict()) for one in new
    )
    return len(new)


class Dates(NamedTuple):
    """From when until when, in the institution's own time."""

    starts_at: datetime
    ends_at: datetime


def closures_of(institution: Institution) -> list[Closure]:
    return list(Closure.objects.for_institution(institution))


def is_closed(day: date, closures: Iterable[Closure]) -> bool:
    return any(closure.starts_on <= day <= closure.ends_on for closure in closures)


def weekly_dates(session: Session, *, term: Term, closures: Iterable[Closure]) -> list[Dates]:
    """The session's weekday over a term, without closures. CannotChange if it has no weekday or times."""
    if session.weekday is None or session.starts is None or session.ends is None:
        raise CannotChange(_("Give the session its weekday and times first."))
    zone = ZoneInfo(session.institution.time_zone)
    first = term.starts_on + timedelta(days=(session.weekday - term.starts_on.weekday()) % 7)
    days = [first + timedelta(weeks=week) for week in range((term.ends_on - first).days // 7 + 1)]
    return [
        Dates(datetime.combine(day, session.starts, zone), datetime.combine(day, session.ends, zone))
        for day in days
        if not is_closed(day, closures)
    ]


@transaction.atomic
def cancel_meeting(*, meeting: Meeting, staff: User | None, reason: str) -> int:
    """One date does not take place; to how many families a message goes. No register, no absence."""
    if not reason.strip():
        raise CannotChange(_("Say why: the families read it."))
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("institution").get(pk=meeting.pk)
    if meeting.cancelled_at:
        raise CannotChange(_("That date is cancelled already."))
    meeting.cancelled_at, meeting.cancelled_because = timezone.now(), reason[:200]
    meeting.sequence += 1
    with history.acting(by=staff):
        meeting.save(update_fields=["cancelled_at", "cancelled_because", "sequence"])
    return messages.tell_meeting_off(meeting=meeting)


@transaction.atomic
def make_up(*, meeting: Meeting, starts_at: datetime, staff: User | None, note: str = "") -> Meeting:
    """Another date in place of a cancelled one, as long as it was; its families are told."""
    made = planned_make_up(meeting=meeting, starts_at=starts_at)
    with history.acting(by=staff):
        made.save()
    messages.tell_made_up(meeting=made, note=note)
    return made


def planned_make_up(*, meeting: Meeting, starts_at: datetime) -> Meeting:
    """The date as it would be, unsaved. Raises CannotChange."""
    if not meeting.cancelled_at:
        raise CannotChange(_("That date takes place: cancel it first."))
    if starts_at <= timezone.now():
        raise CannotChange(_("A make-up date lies ahead: choose a later one."))
    if Meeting.objects.filter(session=meeting.session_id, starts_at=starts_at).exists():
        raise CannotChange(_("The session meets at that time already."))
    local = starts_at.astimezone(ZoneInfo(meeting.institution.time_zone))
    if closed := next(
        (row for row in closures_of(meeting.institution) if is_closed(local.date(), [row])), None
    ):
        raise CannotChange(_("That day is closed (%s): choose another.") % closed)
    return Meeting(
        institution_id=meeting.institution_id,
        session=meeting.session,
        starts_at=starts_at,
        ends_at=starts_at + (meeting.ends_at - meeting.starts_at),
        location=meeting.location,
        tutor=meeting.tutor,
        is_make_up=True,
        instead_of=meeting,
    )


class Told(NamedTuple):
    """A child who is booked, and how its family is reached: by no way means that somebody has to call."""

    child: Child
    guardian: Guardian | None
    sessions: list[Session]
    ways: list[str]


def who_is_told(sessions: Iterable[Session]) -> list[Told]:
    """The families of these sessions; who has to be called comes first."""
    by_session = {session.pk: session for session in sessions}
    rows = Booking.objects.filter(session__in=by_session, state=Booking.State.CONFIRMED)
    found: dict[tuple[int, int | None], Told] = {}
    for row in rows.select_related("child", "booked_by__institution").order_by("child__family_name", "pk"):
        guardian = row.booked_by
        ways = [str(way.label) for way in messages.ways_to(guardian)] if guardian else []
        told = found.setdefault((row.child_id, row.booked_by_id), Told(row.child, guardian, [], ways))
        told.sessions.append(by_session[row.session_id])
    return sorted(found.values(), key=lambda one: bool(one.ways))


def in_the_way(meeting: Meeting) -> list[str]:
    """What else is at that time: the tutor, the room, and children who are elsewhere; sentences."""
    others = (
        Meeting.objects.for_institution(meeting.institution)
        .live()
        .between(meeting.starts_at, meeting.ends_at)
        .exclude(session=meeting.session_id)
        .select_related("session__activity", "session__tutor", "session__location", "tutor", "location")
    )
    tutor = meeting.tutor or meeting.session.tutor
    room = meeting.location or meeting.session.location
    found = []
    for other in others:
        if tutor and (other.tutor or other.session.tutor) == tutor:
            found.append(_("%(tutor)s leads %(session)s then.") % {"tutor": tutor, "session": other.session})
        if room and (other.location or other.session.location) == room:
            found.append(_("%(session)s is in %(room)s then.") % {"room": room, "session": other.session})
    mine = Booking.objects.filter(session=meeting.session_id, state=Booking.State.CONFIRMED)
    elsewhere = Booking.objects.filter(
        session__in=[other.session_id for other in others],
        state=Booking.State.CONFIRMED,
        child__in=mine.values("child"),
    )
    names = sorted({row.child.full_name for row in elsewhere.select_related("child")})
    if names:
        found.append(_("Elsewhere then: %s.") % ", ".join(names))
    return found


class Closing(NamedTuple):
    """What closing a day would cancel."""

    meetings: list[Meeting]
    children: int


def preview_of_closing(*, institution: Institution, day: date) -> Closing:
    zone = ZoneInfo(institution.time_zone)
    starts_at = datetime.combine(day, datetime.min.time(), zone)
    ends_at = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
    meetings = list(
        Meeting.objects.for_institution(institution)
        .live()
        .filter(starts_at__gte=starts_at, starts_at__lt=ends_at)
        .select_related("session__activity", "institution")
        .order_by("starts_at")
    )
    return Closing(meetings, _children_of(meetings))


def _children_of(meetings: Iterable[Meeting]) -> int:
    sessions = {meeting.session_id for meeting in meetings}
    booked = Booking.objects.filter(session__in=sessions, state=Booking.State.CONFIRMED)
    return booked.values("child").distinct().count()


@transaction.atomic
def close_day(*, institution: Institution, day: date, staff: User | None, reason: str) -> Closing:
    """Closed today: every date of the day is cancelled, its families are told, and the day is a closure."""
    if not reason.strip():
        raise CannotChange(_("Say why: the families read it."))
    closing = preview_of_closing(institution=institution, day=day)
    for meeting in closing.meetings:
        cancel_meeting(meeting=meeting, staff=staff, reason=reason)
    with history.acting(by=staff):
        Closure.objects.get_or_create(
            institution=institution, starts_on=day, ends_on=day, defaults={"name": reason[:120]}
        )
    return closing
