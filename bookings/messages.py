"""What families are told about places: rows of the outbox, written in the transaction of what they tell.

One reason, one message: its key holds the booking, wait entry or offer and what became of it.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from .journal import Journal
from .models import Booking, Guardian, Offer, WaitEntry

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


# Said in the reader's language, when the message is.
_date_format = lazy(date_format, str)


def moment(at: datetime, booking: Booking) -> Any:
    """In the institution's own time."""
    return _date_format(at.astimezone(ZoneInfo(booking.institution.time_zone)), "DATETIME_FORMAT")


def tell_booking(journal: Journal, words: tuple[Any, Any], booking: Booking, **more: Any) -> None:
    key = f"booking:{booking.pk}:{booking.state}:{booking.sequence}"
    _tell(journal, booking.booked_by, words, booking, key, **more)


def tell_entry(journal: Journal, words: tuple[Any, Any], entry: WaitEntry, **more: Any) -> None:
    _tell(journal, entry.asked_by, words, entry, f"wait:{entry.pk}:{entry.state}", **more)


def tell_offer(journal: Journal, words: tuple[Any, Any], offer: Offer, **more: Any) -> None:
    key = f"offer:{offer.pk}:{offer.state}"
    # The link in it lets its reader answer.
    is_secret = "token" in more
    _tell(journal, offer.entry.asked_by, words, offer.entry, key, is_secret=is_secret, **more)


def _tell(
    journal: Journal,
    guardian: Guardian | None,
    words: tuple[Any, Any],
    about: Booking | WaitEntry,
    key: str,
    *,
    is_secret: bool = False,
    **more: Any,
) -> None:
    named = {"child": about.child.first_name, "session": about.session, **more}
    subject, text = (format_lazy(sentence, **named) for sentence in words)
    journal.tell(
        guardian,
        "bookings_news",
        dedupe=key,
        is_secret=is_secret,
        subject=subject,
        news=text,
        about=about,
        **more,
    )
