"""Money that moves: payments begun, settled, taken at the office, given back.

What a provider tells is written down first, once, and acted upon after; whatever a crash leaves half-way is
found by `catch_up`. No provider is called inside a transaction.
"""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User

from . import booking as places
from . import instalments, money, payments
from . import money_messages as messages
from .models import (
    Allocation,
    Booking,
    BookingRules,
    Charge,
    Household,
    LedgerEntry,
    Payment,
    ProviderEvent,
    Refund,
)
from .owed import Due, dues, total
from .payments import Event, News

log = logging.getLogger(__name__)

Account, Kind = LedgerEntry.Account, LedgerEntry.Kind
# A place is held so long from the moment that its payment begins.
TIME_TO_PAY = timedelta(minutes=10)
# How long after the answer was lost it is asked for, and again.
ASK_AFTER = timedelta(minutes=2)


class CannotPay(Exception):
    """Why this cannot be paid or given back so, in words for the person."""


def begin(
    *,
    household: Household,
    charges: Sequence[Charge],
    paid_url: str,
    back_url: str,
    only_by_now: bool = False,
) -> str:
    """Begin a card payment of these charges; return where the family pays. CannotPay if nothing is open.

    only_by_now: of a charge in instalments what is due today, not the parts that come later.
    """
    provider = payments.card_provider()
    if provider is None:
        raise CannotPay(_("Cards are not taken here: pay at the office or by bank transfer."))
    with transaction.atomic():
        Household.objects.select_for_update(no_key=True).get(pk=household.pk)
        wanted = [due for due in dues(household) if due.charge in charges]
        if only_by_now:
            wanted = [instalments.by_now(due, timezone.localdate()) for due in wanted]
        amount = sum((due.open for due in wanted), Decimal(0))
        if amount <= 0:
            raise CannotPay(_("There is nothing to pay: it is settled already."))
        payment = Payment.objects.create(
            institution=household.institution,
            household=household,
            provider=provider.name,
            amount=amount,
            currency=household.institution.currency,
            next_poll_at=timezone.now() + ASK_AFTER,
        )
        allocate(payment, wanted)
    _hold_longer(wanted)
    what = ", ".join(due.charge.what for due in wanted)[:200]
    try:
        checkout = provider.begin(payment, what=what, paid_url=paid_url, back_url=back_url)
    except payments.ProviderSilent as silence:
        log.warning("payment %s: the provider is silent", payment.pk)
        raise CannotPay(
            _("The card service does not answer. Nothing was charged: try again in a minute.")
        ) from silence
    except payments.ProviderRefused as reason:
        Payment.objects.filter(pk=payment.pk).update(state=Payment.State.FAILED, next_poll_at=None)
        raise CannotPay(_("The card service says: %s") % reason) from reason
    Payment.objects.filter(pk=payment.pk).update(provider_ref=checkout.ref, state=Payment.State.PENDING)
    return checkout.url


def _hold_longer(wanted: Sequence[Due]) -> None:
    """Who begins to pay in the last minutes has time to finish; a place is not held for ever by beginning."""
    now = timezone.now()
    for due in wanted:
        held = due.charge.booking
        if held is not None and held.state == Booking.State.HELD:
            minutes = BookingRules.of(held.institution).hold_minutes
            last = held.created_at + timedelta(minutes=2 * minutes)
            places.extend_hold(booking=held, until=min(now + TIME_TO_PAY, last))


def allocate(payment: Payment, wanted: Sequence[Due]) -> None:
    left = payment.amount
    for due in wanted:
        part = min(left, due.open)
        if part > 0:
            Allocation.objects.create(
                institution_id=payment.institution_id, payment=payment, charge=due.charge, amount=part
            )
            left -= part


def settle(payment: Payment, by: User | None = None) -> None:
    """The money is there. Inside a transaction that holds the household."""
    now = timezone.now()
    payment.state = Payment.State.SUCCEEDED
    payment.settled_at = now
    payment.next_poll_at = None
    payment.receipt_number = f"{now.year}-{payment.pk:06}"
    payment.save(update_fields=["state", "settled_at", "next_poll_at", "receipt_number"])
    till = money.TILLS.get(payment.provider, Account.CARD)
    money.enter_all(
        household=payment.household,
        currency=payment.currency,
        kind=Kind.PAYMENT,
        ref=f"payment:{payment.pk}",
        sides={Account.FAMILY: -payment.amount, till: payment.amount},
        what=payment.note or str(payment.get_state_display()),
        by=by,
    )
    for allocation in payment.allocations.select_related("charge"):
        instalments.mark(allocation.charge)
    messages.tell_receipt(payment)


def receive(*, provider: str, body: bytes, signature: str) -> None:
    """A provider's message. NotFromProvider unless it is signed; the same message again changes nothing."""
    news = payments.provider_named(provider).read(body, signature)
    about = _about(provider, news)
    if about is None:
        log.info("%s tells of %s, which is not ours", provider, news.kind)
        return
    event, is_new = ProviderEvent.objects.get_or_create(
        institution_id=about.institution_id,
        provider=provider,
        event_id=news.event_id,
        defaults={"kind": news.kind, "payload": news.payload},
    )
    if not is_new and event.handled_at:
        return
    act_on(provider, news)
    event.handled_at = timezone.now()
    event.save(update_fields=["handled_at"])


def _about(provider: str, news: News) -> Payment | Refund | None:
    """The row that the news are about; a payment whose number was never learned is found by its own name."""
    if not news.ref:
        return None
    own_name = news.payload.get("metadata", {}).get("payment", "")
    payment = (
        Payment.objects.filter(Q(provider_ref=news.ref) | Q(public_id=own_name, provider_ref=""))
        .filter(provider=provider)
        .select_related("household__institution")
        .first()
    )
    refund_name = news.payload.get("metadata", {}).get("refund", "")
    return (
        payment
        or Refund.objects.filter(
            Q(provider_ref=news.ref) | Q(attempt_key=refund_name, provider_ref=""), payment__provider=provider
        ).first()
    )


def act_on(provider: str, news: News) -> None:
    """What the provider says has happened becomes true here, once."""
    about = _about(provider, news)
    if isinstance(about, Payment):
        if news.event == Event.PAID:
            _paid(about, news)
        elif news.event == Event.FAILED:
            _open(about).update(state=Payment.State.FAILED, next_poll_at=None)
    elif isinstance(about, Refund):
        if news.event == Event.REFUNDED:
            refunded(about, news)
        elif news.event == Event.REFUND_FAILED:
            Refund.objects.filter(pk=about.pk).exclude(state=Refund.State.SUCCEEDED).update(
                state=Refund.State.FAILED
            )


def _open(payment: Payment) -> QuerySet[Payment]:
    return Payment.objects.filter(pk=payment.pk).exclude(state=Payment.State.SUCCEEDED)


def _paid(payment: Payment, news: News) -> None:
    """The money has come. The amount that came counts, whatever was asked for."""
    with transaction.atomic():
        Household.objects.select_for_update(no_key=True).get(pk=payment.household_id)
        payment = (
            Payment.objects.select_for_update().select_related("household__institution").get(pk=payment.pk)
        )
        if payment.state != Payment.State.SUCCEEDED:
            if news.amount is not None and (news.amount, news.currency) != (payment.amount, payment.currency):
                log.error("payment %s: %s came in place of %s", payment.pk, news.amount, payment.amount)
                payment.amount = news.amount
                payment.save(update_fields=["amount"])
            payment.provider_ref = payment.provider_ref or news.ref
            payment.save(update_fields=["provider_ref"])
            settle(payment)
    confirm_places(payment)


def confirm_places(payment: Payment) -> None:
    """The places that were paid for are booked; a place that is gone is given back its money."""
    for allocation in payment.allocations.select_related(
        "charge__booking__session", "charge__booking__child"
    ):
        held, charge = allocation.charge.booking, allocation.charge
        if held is None or held.state == Booking.State.CONFIRMED:
            continue
        if charge.cancelled_at and charge.counts:
            continue  # what is kept of the price of a place that was given up
        today = timezone.localdate()
        left = [due for due in dues(payment.household, with_lapsed=True) if due.charge == charge]
        if any(instalments.by_now(due, today).open for due in left):
            continue  # a part of what is due by now: the place waits for the rest
        try:
            stands = places.confirm(booking=held)
        except places.PlaceGone:
            refund(
                payment=payment,
                amount=allocation.amount,
                reason=_("The place was gone when the money came."),
                booking=held,
            )
            messages.tell_place_gone(held)
        else:
            _meant_for(allocation, stands)


def confirm_covered(bookings: Iterable[Booking]) -> None:
    """Places that wait to be paid are booked where the family's credit pays: no payment would ever come."""
    now = timezone.now()
    held = [row for row in bookings if row.state == Booking.State.HELD]
    held = [row for row in held if row.household and row.hold_until and row.hold_until > now]
    for household in {row.household for row in held if row.household}:
        owing = {
            due.charge.booking_id
            for due in dues(household)
            if instalments.by_now(due, timezone.localdate()).open
        }
        for row in held:
            if row.household == household and row.pk not in owing:
                with suppress(places.PlaceGone):
                    places.confirm(booking=row)
                row.refresh_from_db()


def _meant_for(allocation: Allocation, booking: Booking) -> None:
    """The hold had run out, and the place was taken anew: the money is for its new charge."""
    charge = booking.charges.filter(cancelled_at=None).exclude(pk=allocation.charge_id).first()
    if charge is not None and allocation.charge.cancelled_at:
        allocation.charge = charge
        allocation.amount = min(allocation.amount, charge.amount)
        allocation.save(update_fields=["charge", "amount"])


def refund(
    *,
    payment: Payment,
    amount: Decimal,
    reason: str,
    booking: Booking | None = None,
    staff: User | None = None,
) -> Refund:
    """Give money back the way it came. CannotPay if it is more than what is left of the payment."""
    with transaction.atomic():
        Household.objects.select_for_update(no_key=True).get(pk=payment.household_id)
        if booking is not None:
            same = Refund.objects.filter(payment=payment, booking=booking).exclude(state=Refund.State.FAILED)
            if first := same.first():
                return first
        given = total(payment.refunds.exclude(state=Refund.State.FAILED).aggregate(sum=Sum("amount")))
        if payment.state != Payment.State.SUCCEEDED or not 0 < amount <= payment.amount - given:
            left = f"{payment.amount - given} {payment.currency}"
            raise CannotPay(_("Of this payment at most %(left)s can be given back.") % {"left": left})
        row = money.refund_row(payment=payment, amount=amount, booking=booking, reason=reason, staff=staff)
        if payment.provider in money.TILLS:
            refunded(row, None)
    return row


def send_refund(refund_id: int) -> None:
    """Ask the provider to send the money back. Safe to repeat: the provider acts once per attempt key."""
    row = Refund.objects.select_related("payment").get(pk=refund_id)
    if row.payment is None or row.state not in {Refund.State.CREATED, Refund.State.PENDING}:
        return
    provider = payments.provider_named(row.payment.provider)
    try:
        news = provider.refund(row)
    except payments.ProviderSilent:
        return  # catch_up asks again
    except payments.ProviderRefused as reason:
        Refund.objects.filter(pk=row.pk).update(state=Refund.State.FAILED, reason=str(reason)[:200])
        return
    Refund.objects.filter(pk=row.pk, provider_ref="").update(
        provider_ref=news.ref, state=Refund.State.PENDING
    )
    act_on(provider.name, news)


def refunded(row: Refund, news: News | None) -> None:
    with transaction.atomic():
        Household.objects.select_for_update(no_key=True).get(pk=row.household_id)
        row = (
            Refund.objects.select_for_update(of=("self",))
            .select_related("household", "payment")
            .get(pk=row.pk)
        )
        if row.state == Refund.State.SUCCEEDED:
            return
        row.state, row.settled_at = Refund.State.SUCCEEDED, timezone.now()
        row.provider_ref = row.provider_ref or (news.ref if news else "")
        row.save(update_fields=["state", "settled_at", "provider_ref"])
        till = money.TILLS.get(row.payment.provider if row.payment else row.way, Account.CARD)
        money.enter_all(
            household=row.household,
            booking=row.booking,
            currency=row.currency,
            kind=Kind.REFUND,
            ref=f"refund:{row.pk}",
            sides={Account.FAMILY: row.amount, till: -row.amount},
            what=row.reason,
            by=row.given_by,
        )


def ask(payment: Payment) -> None:
    """Ask the provider how a payment stands, and act on the answer, if there is one."""
    try:
        news = payments.provider_named(payment.provider).ask(payment)
    except (payments.ProviderSilent, payments.ProviderRefused, KeyError):
        return
    act_on(payment.provider, news)


def catch_up() -> int:
    """Ask what became of payments that nobody told of, and send refunds that were left; return how many."""
    now = timezone.now()
    asked = 0
    waiting = Payment.objects.filter(
        next_poll_at__lte=now, state__in=[Payment.State.CREATED, Payment.State.PENDING]
    )
    for payment in waiting.select_related("household__institution")[:100]:
        asked += 1
        if payment.provider_ref:
            later = now + max(ASK_AFTER, (now - payment.created_at) / 2)
            _open(payment).update(next_poll_at=later)
            ask(payment)
        else:  # the answer to its beginning was lost: nobody was ever led to pay it
            _open(payment).filter(created_at__lt=now - timedelta(hours=1)).update(
                state=Payment.State.CANCELLED, next_poll_at=None
            )
    left = Refund.objects.filter(
        state__in=[Refund.State.CREATED, Refund.State.PENDING], created_at__lt=now - ASK_AFTER
    )
    for pk in left.values_list("pk", flat=True)[:100]:
        asked += 1
        send_refund(pk)
    for event in ProviderEvent.objects.filter(handled_at=None, received_at__lt=now - ASK_AFTER)[:100]:
        paid = Payment.objects.filter(provider_ref=event.payload.get("id"), state=Payment.State.SUCCEEDED)
        for payment in paid:
            confirm_places(payment)
        ProviderEvent.objects.filter(pk=event.pk).update(handled_at=now)
    held = Booking.objects.filter(state=Booking.State.HELD, hold_until__gt=now)
    confirm_covered(held.select_related("household__institution", "session", "child", "replaces__session"))
    return asked
