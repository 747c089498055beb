"""A charge paid in parts: equal amounts, each with its day; reminders, a week of grace, then the office's."""

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from . import money
from . import money_messages as messages
from .checks import CannotBook
from .models import Booking, Charge, Instalment, Payment, Session
from .owed import Due, total

GRACE = timedelta(days=7)


def by_now(due: Due, today: date) -> Due:
    """What of it is due by that day: without instalments all of it."""
    later = sum(
        part.amount
        for part in due.charge.instalments.all()
        if part.state == Instalment.State.DUE and part.due_on > today
    )
    return Due(due.charge, max(due.open - later, Decimal(0)))


def is_due(due: Due, today: date) -> bool:
    """Is any of it to be paid by that day?"""
    return due.charge.due_on <= today and by_now(due, today).open > 0


class CannotSplit(Exception):
    """Why a charge cannot be paid in such parts, in words for the office."""


class Part(NamedTuple):
    amount: Decimal
    due_on: date


def plan(*, amount: Decimal, currency: str, parts: int, first_on: date, days: int) -> list[Part]:
    """Equal parts and their days; what does not divide falls on the first."""
    each = money.round_to(amount / parts, currency)
    amounts = [amount - each * (parts - 1)] + [each] * (parts - 1)
    return [Part(part, first_on + timedelta(days=days * number)) for number, part in enumerate(amounts)]


def plan_for(*, session: Session, amount: Decimal, parts: int) -> list[Part]:
    """What a family is told before it books: by the activity's rule, the first part today."""
    institution = session.institution
    return plan(
        amount=amount,
        currency=institution.currency,
        parts=parts,
        first_on=timezone.localdate(timezone=ZoneInfo(institution.time_zone)),
        days=session.activity.days_between_parts,
    )


def allowed(*, session: Session, parts: int) -> int:
    """The number that was asked for; 1 for what is free. CannotBook if the activity does not allow it."""
    if session.is_free:
        return 1
    most = session.activity.most_parts
    if not 1 <= parts <= most:
        words = _("%(session)s is paid at once: choose no instalments.")
        if most > 1:
            words = _("%(session)s is paid in at most %(most)s instalments: choose fewer.")
        raise CannotBook(words % {"session": session, "most": most}, code="parts")
    return parts


def charge_for_booking(*, booking: Booking, price: money.Price) -> None:
    """The household owes the price, in the parts that were chosen."""
    charge = money.charge_for_booking(booking=booking, price=price)
    if charge and charge.amount and booking.parts > 1:
        days = booking.session.activity.days_between_parts
        split(charge=charge, parts=booking.parts, first_on=charge.due_on, days=days)


def split(*, charge: Charge, parts: int, first_on: date, days: int = 30) -> list[Instalment]:
    """Pay a charge in equal parts; what does not divide falls on the first."""
    if not 2 <= parts <= 24:
        raise CannotSplit(_("Between 2 and 24 instalments."))
    if charge.instalments.exists():
        raise CannotSplit(_("That charge has its instalments already."))
    made = plan(amount=charge.amount, currency=charge.currency, parts=parts, first_on=first_on, days=days)
    return Instalment.objects.bulk_create(
        Instalment(
            institution_id=charge.institution_id,
            charge=charge,
            number=number,
            amount=part.amount,
            due_on=part.due_on,
        )
        for number, part in enumerate(made, 1)
    )


def remind(today: date | None = None) -> int:
    """Daily: a reminder on the day after an unpaid part was due, a week's grace, then it is the office's."""
    today = today or timezone.localdate()
    late = Instalment.objects.filter(state=Instalment.State.DUE, due_on__lt=today)
    told = 0
    for part in late.select_related("charge__household", "charge__booking__booked_by"):
        if part.grace_until is None:
            part.grace_until = today + GRACE
            part.save(update_fields=["grace_until"])
            messages.tell_instalment_due(part)
            told += 1
        elif part.grace_until < today:
            part.state = Instalment.State.FAILED
            part.save(update_fields=["state"])
            messages.tell_instalment_failed(part)
            told += 1
    return told


def mark(charge: Charge) -> None:
    """Instalments are paid in their order by whatever has come for their charge, or was let off."""
    paid = charge.allocations.filter(payment__state=Payment.State.SUCCEEDED).aggregate(sum=Sum("amount"))
    let_off = charge.write_offs.aggregate(sum=Sum(F("amount") - F("undone")))
    left = total(paid) + total(let_off)
    for instalment in charge.instalments.exclude(state=Instalment.State.RELEASED).order_by("number"):
        left -= instalment.amount
        was_paid = instalment.state == Instalment.State.PAID
        if was_paid != (left >= 0):
            instalment.state = Instalment.State.PAID if left >= 0 else Instalment.State.DUE
            instalment.save(update_fields=["state"])
