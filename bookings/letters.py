"""The facts in letters: when, where, what is to be paid and how, the position, the deadline.

Told when a letter leaves, from the rows as they are then, in its reader's language and the school's own time.
A letter about a place, or a wait, that has ended meanwhile does not leave: another tells what became of it.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects.outbox import NotSoAnyMore

from . import messages, money, owed, payments, waitlist
from .models import (
    AbsenceNotice,
    Activity,
    Booking,
    BookingRules,
    Instalment,
    Meeting,
    Offer,
    Refund,
    Session,
    WaitEntry,
)
from .templatetags.activities import money as amount_of


class Fact(NamedTuple):
    name: str
    value: Any


def of_booking(about: dict[str, Any]) -> dict[str, Any]:
    """About a place that is booked, held, offered or given up."""
    parts = ("institution", "child", "household__institution", "session__location")
    booking = Booking.objects.select_related(*parts, "session__activity__refund_policy").get(pk=about["row"])
    is_over = booking.state != about["state"] or booking.has_lapsed(timezone.now())
    if about["state"] in Booking.LIVE and is_over:
        raise NotSoAnyMore
    dates = _dates(booking.session, booking.institution)
    return _told([*dates, *_money(booking), *_deadlines(booking)])


def of_wait(about: dict[str, Any]) -> dict[str, Any]:
    """About a number in the queue, and an offer that came of it."""
    entry = WaitEntry.objects.select_related(
        "institution",
        "child",
        "asked_by__household",
        "promo_code",
        "booking__household__institution",
        "session__activity__refund_policy",
        "session__location",
    ).get(pk=about["row"])
    if about["state"] in WaitEntry.LIVE and entry.state != about["state"]:
        raise NotSoAnyMore
    facts = _dates(entry.session, entry.institution)
    if entry.state == WaitEntry.State.OFFERED and entry.booking:
        entry.booking.session, entry.booking.institution = entry.session, entry.institution
        return _told([*facts, *_money(entry.booking), *_deadlines(entry.booking)])
    if entry.state != WaitEntry.State.WAITING:
        return _told(facts)
    position = waitlist.position(entry)
    if position and BookingRules.of(entry.institution).shows_position:
        facts.insert(0, Fact(_("Position in the queue"), position))
    household = entry.asked_by.household if entry.asked_by else None
    code = entry.promo_code.code if entry.promo_code else ""
    price = money.price_with_kept(
        session=entry.session, child=entry.child, household=household, promo_code=code
    )
    currency = entry.institution.currency
    facts.append(Fact(_("Price"), amount_of(price.amount, currency) if price.amount else _("no charge")))
    return _told([*facts, Fact(_("When a place is free"), _what_then(entry.session.activity))])


def of_tomorrow(about: list[list[int]]) -> dict[str, Any]:
    """What of these dates (booking, meeting) still takes place with the child, where, and what is unpaid."""
    bookings = Booking.objects.select_related("institution", "child", "household__institution").filter(
        pk__in=[booking for booking, _meeting in about], state=Booking.State.CONFIRMED
    )
    booked = {row.pk: row for row in bookings.select_related("session__activity")}
    coming = Meeting.objects.live().filter(pk__in=[meeting for _booking, meeting in about])
    meetings = {row.pk: row for row in coming.select_related("location", "session__location")}
    absent = set(AbsenceNotice.objects.filter(meeting__in=meetings).values_list("meeting", "child"))
    items = []
    for booking, meeting in ((booked.get(one), meetings.get(other)) for one, other in about):
        if booking and meeting and (meeting.pk, booking.child_id) not in absent:
            at = meeting.starts_at.astimezone(ZoneInfo(booking.institution.time_zone))
            items.append((at, booking, _where(meeting, meeting.session), _to_pay(booking)))
    if not items:
        raise NotSoAnyMore
    items.sort(key=lambda item: item[0])
    at, first, *_rest = items[0]
    named = {"child": first.child.first_name, "session": first.session, "at": f"{at:%H:%M}"}
    return {"day": at.date(), "items": items, "news": str(format_lazy(messages.REMINDER, **named))}


def _told(facts: list[Fact]) -> dict[str, Any]:
    return {"facts": [(name, str(value)) for name, value in facts]}


# --- when and where -----------------------------------------------------------------------------------------


def _dates(session: Session, institution: Any) -> list[Fact]:
    zone, now = ZoneInfo(institution.time_zone), timezone.now()
    meetings = list(session.meetings.live().select_related("location").order_by("starts_at"))
    coming = [row for row in meetings if row.ends_at > now]
    if not coming:
        return []
    first, last = coming[0], coming[-1]
    starts, ends = first.starts_at.astimezone(zone), first.ends_at.astimezone(zone)
    name = _("First date") if coming == meetings else _("Next date")
    facts = [Fact(name, f"{date_format(starts, 'l j F Y')}, {starts:%H:%M}–{ends:%H:%M}")]
    if len(coming) > 1:
        words = ngettext("%(dates)s date, until %(last)s", "%(dates)s dates, until %(last)s", len(coming))
        last_on = date_format(last.starts_at.astimezone(zone), "j F Y")
        facts.append(Fact(_("In all"), words % {"dates": len(coming), "last": last_on}))
    if where := _where(first, session):
        facts.append(Fact(_("Where"), where))
    return facts


def _where(meeting: Meeting, session: Session) -> str:
    place = meeting.location or session.location
    return ", ".join(part for part in (str(place), place.address) if part) if place else ""


def _moment(at: datetime, institution: Any) -> str:
    return date_format(at.astimezone(ZoneInfo(institution.time_zone)), "DATETIME_FORMAT")


def _what_then(activity: Activity) -> str:
    if activity.promotion == Activity.Promotion.OFFER:
        hours = activity.offer_hours
        words = ngettext(
            "we ask you, and you have %(hours)s hour to answer",
            "we ask you, and you have %(hours)s hours to answer",
            hours,
        )
        return words % {"hours": hours}
    return _("it is booked for you at once, and we write")


# --- money and deadlines ------------------------------------------------------------------------------------


def _money(booking: Booking) -> list[Fact]:
    if not booking.price:
        return [Fact(_("Price"), _("no charge"))] if booking.is_live else []
    price = amount_of(booking.price, booking.currency)
    charge = booking.charges.order_by("-pk").first()
    if charge is None:
        return [Fact(_("Price"), price)] if booking.is_live else []
    left = _open(booking)
    if not booking.is_live:
        back = Refund.objects.filter(booking=booking).exclude(state=Refund.State.FAILED)
        to_card = sum(row.amount for row in back)
        facts = [Fact(_("No longer owed"), amount_of(charge.taken_back, booking.currency))]
        if to_card:
            facts.append(Fact(_("Goes back to your card"), amount_of(to_card, booking.currency)))
        if left:
            facts.append(Fact(_("Still to pay"), f"{amount_of(left, booking.currency)}, {_how(booking)}"))
        return facts
    if not left:
        return [Fact(_("Price"), _("%(price)s, paid") % {"price": price})]
    facts = [Fact(_("Price"), price)]
    parts = list(charge.instalments.filter(state=Instalment.State.DUE).order_by("number"))
    if parts:
        days = (
            _("%(amount)s on %(day)s")
            % {"amount": amount_of(part.amount, booking.currency), "day": date_format(part.due_on, "j F Y")}
            for part in parts
        )
        facts.append(Fact(_("In parts"), "; ".join(days)))
    words = _("%(amount)s by %(day)s, %(how)s") if not parts else _("%(amount)s in all, %(how)s")
    named = {
        "amount": amount_of(left, booking.currency),
        "day": date_format(charge.due_on, "j F Y"),
        "how": _how(booking),
    }
    facts.append(Fact(_("To pay"), words % named))
    return facts


def _open(booking: Booking) -> Decimal:
    """What of the place is still to be paid."""
    dues = owed.dues(booking.household) if booking.household else []
    return sum((due.open for due in dues if due.charge.booking_id == booking.pk), Decimal(0))


def _to_pay(booking: Booking) -> str:
    left = _open(booking) if booking.price else Decimal(0)
    return amount_of(left, booking.currency) if left else ""


def _how(booking: Booking) -> str:
    if booking.state == Booking.State.HELD:
        return _("by card on your family's page")
    reference = {"reference": booking.household.reference if booking.household else ""}
    if payments.card_provider() is not None:
        return (
            _("by card on your family's page, by transfer with the reference %(reference)s, or at the office")
            % reference
        )
    return _("by transfer with the reference %(reference)s, or at the office") % reference


def _deadlines(booking: Booking) -> list[Fact]:
    if booking.state == Booking.State.HELD and booking.hold_until:
        is_offer = Offer.objects.filter(booking=booking, state=Offer.State.OPEN).exists()
        name = _("Answer until") if is_offer else _("Pay until")
        return [Fact(name, _moment(booking.hold_until, booking.institution))]
    policy = booking.session.activity.refund_policy
    if booking.state != Booking.State.CONFIRMED or policy is None:
        return []
    now = timezone.now()
    coming = booking.session.meetings.live().filter(starts_at__gt=now).order_by("starts_at").first()
    until = coming.starts_at - timedelta(hours=policy.cancel_hours) if coming else now
    return [Fact(_("Cancel until"), _moment(until, booking.institution))] if until > now else []
