"""Calendars of bookings: what goes with a mail, and the secret address that a calendar follows."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from projects import outbox
from projects.calendar_files import CalendarEvent, calendar_file, stable_uid
from projects.models import BusyTime, Institution

from .models import Booking, CalendarFeed, Child, Guardian, Guardianship, Meeting, MeetingGuest, Session
from .models.secrets import new_token, token_hash

# What a guest's date is made of.
AT = (
    "child",
    "meeting__institution",
    "meeting__location",
    "meeting__session__location",
    "meeting__session__activity",
)


@transaction.atomic
def make(*, guardian: Guardian, child: Child) -> str:
    """A new secret; the one before leads nowhere from now on."""
    revoke(guardian=guardian, child=child)
    token = new_token()
    CalendarFeed.objects.create(
        institution=guardian.institution, guardian=guardian, child=child, token_hash=token_hash(token)
    )
    return token


def revoke(*, guardian: Guardian, child: Child) -> None:
    feeds = CalendarFeed.objects.for_institution(guardian.institution).filter(guardian=guardian, child=child)
    feeds.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())


def address(institution: Institution, token: str) -> str:
    return outbox.page_address("bookings:feed", institution.slug, token)


def of_token(institution: Institution, token: str) -> CalendarFeed | None:
    """The feed that this secret opens, as long as its guardian still has the child."""
    feed = (
        CalendarFeed.objects.for_institution(institution)
        .filter(token_hash=token_hash(token), revoked_at__isnull=True, guardian__is_active=True)
        .select_related("child", "guardian")
        .first()
    )
    if feed is None:
        return None
    rights = Guardianship.objects.for_institution(institution).filter(
        guardian=feed.guardian, child=feed.child
    )
    return feed if rights.on(timezone.localdate()).exists() else None


def feed_file(feed: CalendarFeed) -> bytes:
    """All dates of the child's places and as a guest, called-off ones as cancelled, and its exams."""
    institution, child = feed.institution, feed.child
    rows = Booking.objects.for_institution(institution).filter(child=child)
    bookings = list(rows.select_related("session__activity", "session__location").order_by("pk"))
    # A session booked again after it was given up is there once, as it is now.
    latest = {event.uid: event for event in sorted(events_of(bookings), key=lambda event: event.sequence)}
    as_guest = MeetingGuest.objects.for_institution(institution).filter(child=child).order_by("pk")
    events = [*latest.values(), *map(_guest_event, as_guest.select_related(*AT))]
    if child.person_id:
        zone = ZoneInfo(institution.time_zone)
        events += [
            CalendarEvent(
                uid=stable_uid(
                    "busy", institution.pk, busy.source, busy.person_id, busy.what, busy.starts_at
                ),
                title=f"{child.first_name}: {busy.what}",
                starts_at=busy.starts_at.astimezone(zone),
                ends_at=busy.ends_at.astimezone(zone),
            )
            for busy in BusyTime.objects.for_institution(institution).filter(person=child.person_id)
        ]
    stamps = [booking.ended_at or booking.created_at for booking in bookings]
    return calendar_file(
        events,
        name=_("%(child)s at %(school)s") % {"child": child.first_name, "school": institution.name},
        changed_at=max(stamps, default=feed.created_at),
    )


def attachment(booking_id: int) -> str:
    """What goes with the mail about a booking: its dates as they are now; as CANCEL if it has ended."""
    booking = Booking.objects.select_related(
        "institution", "child", "session__activity", "session__location"
    ).get(pk=booking_id)
    events = events_of([booking])
    if not events:
        return ""
    return calendar_file(
        events,
        name=f"{booking.session} ({booking.child.first_name})",
        changed_at=booking.ended_at or booking.confirmed_at or booking.created_at,
        method="PUBLISH" if booking.is_live else "CANCEL",
    ).decode()


def events_of(bookings: Iterable[Booking], *, is_cancelled: bool = False) -> list[CalendarEvent]:
    """One event for each date of each booking. An ended booking's dates are cancelled.

    A calendar takes the highest sequence: the booking's and the meeting's changes both count.
    """
    bookings = list(bookings)
    meetings: dict[int, list[Meeting]] = {}
    rows = Meeting.objects.filter(session__in={booking.session_id for booking in bookings})
    for meeting in rows.select_related("location", "institution"):
        meetings.setdefault(meeting.session_id, []).append(meeting)
    return [
        _event(booking, meeting, is_cancelled or not booking.is_live)
        for booking in bookings
        for meeting in meetings.get(booking.session_id, [])
    ]


def _event(booking: Booking, meeting: Meeting, is_cancelled: bool) -> CalendarEvent:
    # A later booking of the same session begins above what an earlier one has sent.
    sequence = (booking.pk % 1_000_000) * 100 + booking.sequence + meeting.sequence
    return _date(meeting, booking.session, booking.child, sequence, is_cancelled=is_cancelled)


def _guest_event(guest: MeetingGuest) -> CalendarEvent:
    return _date(guest.meeting, guest.meeting.session, guest.child, guest.meeting.sequence)


def _date(
    meeting: Meeting, session: Session, child: Child, sequence: int, *, is_cancelled: bool = False
) -> CalendarEvent:
    institution = meeting.institution
    zone = ZoneInfo(institution.time_zone)
    place = meeting.location or session.location
    is_off = is_cancelled or meeting.cancelled_at is not None
    return CalendarEvent(
        # The child's date, whichever booking of it: to cancel and book again is one event that comes back.
        uid=stable_uid("meeting", institution.pk, meeting.pk, child.pk),
        title=f"{session.activity.name} ({child.first_name})",
        starts_at=meeting.starts_at.astimezone(zone),
        ends_at=meeting.ends_at.astimezone(zone),
        place=", ".join(part for part in (str(place), place.address) if part) if place else "",
        description=session.name,
        sequence=sequence,
        status="CANCELLED" if is_off else "CONFIRMED",
    )
