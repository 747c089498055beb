"""What families are told about places: rows of the outbox, written in the transaction of what they tell.

One reason, one message: its key holds the booking, wait entry or offer and what became of it. Days, places,
prices and positions are told as they are when the letter leaves (bookings.letters).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from projects import outbox
from projects.models import Institution, Membership, OutboxMessage, Role
from projects.outbox import Attachment, Draft, Facts

from .journal import Journal
from .models import (
    AbsenceNotice,
    AttendanceAlert,
    Booking,
    BookingRules,
    Guardian,
    Guardianship,
    Meeting,
    MeetingGuest,
    Offer,
    WaitEntry,
)

# subject, text
BOOKED = _("{child} has a place: {session}"), _("{child} has a place in {session}.")
HELD = (
    _("A place is held for {child}: {session}"),
    _("A place in {session} is held for {child} until {until}. Pay until then, or it goes to the next."),
)
PROMOTED = (
    _("{child} has moved up: {session}"),
    _("A place in {session} has become free, and {child} was next: it is booked."),
)
OFFERED = (
    _("A place for {child}: {session}"),
    _("A place in {session} has become free, and {child} is next. Answer until {until}, or it goes on."),
)
WAITING = (
    _("{child} waits for a place: {session}"),
    _("{child} is on the waiting list of {session}. We write as soon as a place is free."),
)
LAPSED = (
    _("The place has gone to the next: {session}"),
    _("The time to answer is over: the place in {session} for {child} has gone to the next."),
)
SKIPPED = (
    _("{child} was passed over: {session}"),
    _("A place in {session} became free, but {child} cannot have it: {why}"),
)
CLOSED = _("The waiting list is closed: {session}"), _("{child} no longer waits for {session}: {why}")
CANCELLED = _("Cancelled: {session}"), _("The place of {child} in {session} is given up.")
CALLED_OFF = (
    _("Called off: {session}"),
    _("{session} does not take place, so {child} has no place there. {why}"),
)
EXPIRED = (
    _("The held place has gone: {session}"),
    _("The place in {session} was not paid for in time, so it is no longer held for {child}."),
)
MEETING_OFF = (
    _("Does not take place: {session}, {at}"),
    _("{session} does not take place on {at}, so {child} is not expected. {why}"),
)
MADE_UP = (
    _("Another date: {session}, {at}"),
    _("{session} takes place on {at} instead of {was}. {child} is expected then. {why}"),
)
GUEST = (
    _("{child} comes as a guest: {session}, {at}"),
    _("{child} is expected at {session} on {at} ({kind})."),
)
NO_GUEST = (
    _("{child} is no guest any more: {session}, {at}"),
    _("{child} is not expected at {session} on {at} any more."),
)
TOMORROW = _("Tomorrow, {day}")
REMINDER = _("Tomorrow at {at}: {session} ({child}).")
MISSING = (
    _("{child} has not arrived: {session}"),
    _("{child} was expected at {session} at {at} and is not there. Call the school at once, or report it."),
)
MISSING_FOR_OFFICE = (
    _("{child} has not arrived: {session}"),
    _("{child} was expected at {session} at {at} and is not there. The family has been told: call it."),
)


# Said in the reader's language, when the message is.
_date_format = lazy(date_format, str)


def moment(at: datetime, booking: Booking) -> Any:
    """In the institution's own time."""
    return _date_format(at.astimezone(ZoneInfo(booking.institution.time_zone)), "DATETIME_FORMAT")


def tell_booking(journal: Journal, words: tuple[Any, Any], booking: Booking, **more: Any) -> None:
    key = f"booking:{booking.pk}:{booking.state}:{booking.sequence}"
    # Whoever was never told that a place is booked has no dates in the calendar.
    attachments = () if words in (HELD, EXPIRED) else (calendar_of(booking),)
    _tell(journal, booking.booked_by, words, booking, key, attachments=attachments, **more)


def tell_entry(journal: Journal, words: tuple[Any, Any], entry: WaitEntry, **more: Any) -> None:
    _tell(journal, entry.asked_by, words, entry, f"wait:{entry.pk}:{entry.state}", **more)


def tell_offer(journal: Journal, words: tuple[Any, Any], offer: Offer, **more: Any) -> None:
    key = f"offer:{offer.pk}:{offer.state}"
    # The link in it lets its reader answer.
    is_secret = "token" in more
    _tell(journal, offer.entry.asked_by, words, offer.entry, key, is_secret=is_secret, **more)


def take_back_offer(journal: Journal, offer: Offer) -> None:
    """It is answered, or over: a letter about it that has not left yet would only mislead."""
    key = f"offer:{offer.pk}:{Offer.State.OPEN}"
    for dedupe in (key, f"{key}:text"):
        outbox.drop(institution=journal.institution, dedupe=dedupe)


def calendar_of(booking: Booking) -> Attachment:
    """The dates of the booking's meetings as they are when the mail leaves (bookings.feeds)."""
    return Attachment("activity.ics", "text/calendar", maker="bookings.booking", about=booking.pk)


def _tell(
    journal: Journal,
    guardian: Guardian | None,
    words: tuple[Any, Any],
    about: Booking | WaitEntry,
    key: str,
    *,
    is_secret: bool = False,
    attachments: Sequence[Attachment] = (),
    **more: Any,
) -> None:
    if guardian is None:
        return
    named = {"child": about.child.first_name, "session": about.session, **more}
    subject, text = (format_lazy(sentence, **named) for sentence in words)
    context = {"subject": subject, "news": text, **more}
    journal.drafts += _drafts(
        guardian,
        "bookings_news",
        context,
        key,
        is_secret=is_secret,
        attachments=attachments,
        facts=facts_about(about),
    )


def facts_about(about: Booking | WaitEntry) -> Facts:
    """What bookings.letters tells of it, if it is still so when the letter leaves."""
    teller = "bookings.booking" if isinstance(about, Booking) else "bookings.wait"
    return Facts(teller, {"row": about.pk, "state": about.state})


def _drafts(
    guardian: Guardian,
    template: str,
    context: dict[str, Any],
    dedupe: str,
    *,
    is_secret: bool = False,
    attachments: Sequence[Attachment] = (),
    facts: Facts | None = None,
) -> list[Draft]:
    """A mail where there is an address, a text message where they are wanted; else the counter tells it."""
    if not guardian.is_active:
        return []
    context = {"guardian": {"name": guardian.name}, **context}
    drafts = []
    if guardian.email:
        drafts.append(
            Draft(
                to=guardian.email,
                template=template,
                context=context,
                language=guardian.language,
                dedupe=dedupe,
                attachments=attachments,
                is_secret=is_secret,
                # In a rush the letters can wait, the places cannot.
                is_made_later=True,
                facts=facts,
            )
        )
    if _takes_texts(guardian):
        drafts.append(
            Draft(
                to=guardian.phone,
                template="bookings_text",
                context=context,
                language=guardian.language,
                dedupe=f"{dedupe}:text",
                channel=OutboxMessage.Channel.TEXT,
                is_secret=is_secret,
                is_made_later=True,
                facts=facts,
            )
        )
    return drafts


def _takes_texts(guardian: Guardian) -> bool:
    if not (settings.TEXT_MESSAGE_PROVIDER and guardian.wants_texts and guardian.phone):
        return False
    return BookingRules.of(guardian.institution).sends_texts


# --- meetings -----------------------------------------------------------------------------------------------


def tell_meeting_off(*, meeting: Meeting) -> int:
    """To the families of a cancelled meeting, inside the transaction that cancelled it; to how many."""
    local = meeting.starts_at.astimezone(ZoneInfo(meeting.institution.time_zone))
    drafts: list[Draft] = []
    live = Booking.objects.filter(session=meeting.session_id, state=Booking.State.CONFIRMED)
    for booking in live.select_related("child", "booked_by", "session__activity"):
        if booking.booked_by is None:
            continue
        named = {
            "session": booking.session,
            "child": booking.child.first_name,
            "at": _date_format(local, "DATETIME_FORMAT"),
            "why": meeting.cancelled_because,
        }
        subject, news = (format_lazy(sentence, **named) for sentence in MEETING_OFF)
        drafts += _drafts(
            booking.booked_by,
            "bookings_news",
            {"subject": subject, "news": news},
            f"meeting-off:{meeting.pk}:{meeting.sequence}:{booking.pk}",
            attachments=(calendar_of(booking),),
            facts=facts_about(booking),
        )
    outbox.write_all(institution=meeting.institution, drafts=drafts)
    return len(drafts)


def tell_made_up(*, meeting: Meeting, note: str = "") -> int:
    """To the families of a cancelled meeting: another date stands for it; to how many."""
    zone = ZoneInfo(meeting.institution.time_zone)
    was = meeting.instead_of
    drafts: list[Draft] = []
    live = Booking.objects.filter(session=meeting.session_id, state=Booking.State.CONFIRMED)
    for booking in live.select_related("child", "booked_by", "session__activity"):
        if booking.booked_by is None:
            continue
        named = {
            "session": booking.session,
            "child": booking.child.first_name,
            "at": _date_format(meeting.starts_at.astimezone(zone), "DATETIME_FORMAT"),
            "was": _date_format(was.starts_at.astimezone(zone), "DATE_FORMAT") if was else "",
            "why": note,
        }
        subject, news = (format_lazy(sentence, **named) for sentence in MADE_UP)
        drafts += _drafts(
            booking.booked_by,
            "bookings_news",
            {"subject": subject, "news": news},
            f"made-up:{meeting.pk}:{booking.pk}",
            attachments=(calendar_of(booking),),
            facts=facts_about(booking),
        )
    outbox.write_all(institution=meeting.institution, drafts=drafts)
    return len(drafts)


def tell_guest(*, guest: MeetingGuest, is_off: bool = False) -> int:
    """To the guardians who may book for the child, in the transaction that made it a guest, or none."""
    meeting, child = guest.meeting, guest.child
    local = meeting.starts_at.astimezone(ZoneInfo(guest.institution.time_zone))
    named = {
        "child": child.first_name,
        "session": meeting.session,
        "at": _date_format(local, "DATETIME_FORMAT"),
        "kind": guest.get_kind_display(),
    }
    subject, news = (format_lazy(sentence, **named) for sentence in (NO_GUEST if is_off else GUEST))
    rights = Guardianship.objects.filter(child=child, may_book=True).on(timezone.localdate())
    drafts: list[Draft] = []
    for right in rights.select_related("guardian"):
        key = f"guest:{guest.pk}:{'off' if is_off else 'on'}:{right.guardian_id}"
        drafts += _drafts(right.guardian, "bookings_news", {"subject": subject, "news": news}, key)
    outbox.write_all(institution=guest.institution, drafts=drafts)
    return len(drafts)


def ways_to(guardian: Guardian) -> list[OutboxMessage.Channel]:
    """How a message reaches this guardian: not at all, by mail, by text message, or by both."""
    if not guardian.is_active:
        return []
    ways = [OutboxMessage.Channel.MAIL] if guardian.email else []
    return [*ways, OutboxMessage.Channel.TEXT] if _takes_texts(guardian) else ways


def tell_tomorrow(*, institution: Institution, day: date) -> int:
    """Remind families of what their children have on that day: one message to each guardian, once."""
    zone = ZoneInfo(institution.time_zone)
    meetings: dict[int, list[Meeting]] = {}
    rows = Meeting.objects.for_institution(institution).live().filter(starts_at__date__range=_around(day))
    for meeting in rows.order_by("starts_at"):
        if meeting.starts_at.astimezone(zone).date() == day:
            meetings.setdefault(meeting.session_id, []).append(meeting)
    absent = set(AbsenceNotice.objects.filter(meeting__session__in=meetings).values_list("meeting", "child"))
    bookings = Booking.objects.filter(
        session__in=meetings, state=Booking.State.CONFIRMED, booked_by__isnull=False
    ).select_related("child", "booked_by", "session__activity")
    dates: dict[Guardian, list[tuple[datetime, Booking, Meeting]]] = {}
    for booking in bookings:
        for meeting in meetings[booking.session_id]:
            if (meeting.pk, booking.child_id) not in absent:
                local = meeting.starts_at.astimezone(zone)
                dates.setdefault(cast(Guardian, booking.booked_by), []).append((local, booking, meeting))
    drafts = [
        draft
        for guardian, items in dates.items()
        for draft in _drafts(
            guardian,
            "bookings_reminder",
            _reminder(items),
            f"reminder:{day}:{guardian.pk}",
            facts=Facts("bookings.tomorrow", [[booking.pk, meeting.pk] for _at, booking, meeting in items]),
        )
    ]
    outbox.write_all(institution=institution, drafts=drafts)
    return len(drafts)


def _around(day: date) -> tuple[date, date]:
    """Whatever the database's time zone is, the day lies between these."""
    return date.fromordinal(day.toordinal() - 1), date.fromordinal(day.toordinal() + 1)


def _reminder(items: Iterable[tuple[datetime, Booking, Meeting]]) -> dict[str, Any]:
    at, booking, _meeting = min(items, key=lambda item: item[0])
    named = {"child": booking.child.first_name, "session": booking.session, "at": f"{at:%H:%M}"}
    return {
        "subject": format_lazy(TOMORROW, day=_date_format(at, "l j F")),
        "news": format_lazy(REMINDER, **named),
    }


def tell_missing(*, alert: AttendanceAlert) -> int:
    """To the child's guardians and to the office, in the transaction that raised the alert."""
    meeting, child = alert.meeting, alert.child
    local = meeting.starts_at.astimezone(ZoneInfo(alert.institution.time_zone))
    named = {"child": child.full_name, "session": meeting.session, "at": f"{local:%H:%M}"}
    subject, news = (format_lazy(sentence, **named) for sentence in MISSING)
    context = {"subject": subject, "news": news}
    drafts: list[Draft] = []
    # Where a child should be is no news for who may neither book for it nor take it home.
    rights = Guardianship.objects.filter(Q(may_book=True) | Q(may_collect=True), child=child)
    rights = rights.on(timezone.localdate(meeting.starts_at))
    for right in rights.select_related("guardian"):
        drafts += _drafts(right.guardian, "bookings_news", context, f"missing:{alert.pk}:{right.guardian_id}")
    _subject, for_office = (format_lazy(sentence, **named) for sentence in MISSING_FOR_OFFICE)
    members = Membership.objects.filter(
        institution=alert.institution, role__in=[Role.OFFICE, Role.ADMINISTRATOR], user__is_active=True
    )
    drafts += [
        Draft(
            to=member.user.email,
            template="bookings_news",
            context={"subject": subject, "news": for_office, "guardian": member.user, "is_office": True},
            language=member.user.language,
            dedupe=f"missing:{alert.pk}:office:{member.user_id}",
        )
        for member in members.select_related("user")
    ]
    outbox.write_all(institution=alert.institution, drafts=drafts)
    return len(drafts)
