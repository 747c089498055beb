"""What a place costs, and what a household owes for it. Called inside the transaction of a booking.

Of the discounts for siblings, staff, early booking and several sessions the one that saves most counts;
a bursary, and then a promo code, take their part of what is left. Amounts are exact, rounded half up to what
the currency has after the point.
"""

from collections.abc import Iterable
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.models import User

from .checks import CannotBook
from .models import (
    Allocation,
    Booking,
    Charge,
    Child,
    Discount,
    Household,
    LedgerEntry,
    Payment,
    PromoCode,
    Refund,
    Session,
    WriteOff,
)
from .payments.provider import digits

Account, Kind = LedgerEntry.Account, LedgerEntry.Kind
# Where the money of a payment lies that came by no card.
TILLS = {"cash": Account.CASH, "bank": Account.BANK, "voucher": Account.VOUCHER}


class Given(NamedTuple):
    """A discount that was given, and how much it took off."""

    name: str
    amount: Decimal
    discount: int | None = None
    promo_code: int | None = None


class Price(NamedTuple):
    """amount is what is to be paid, after the discounts."""

    full: Decimal
    amount: Decimal
    discounts: tuple[Given, ...] = ()

    @property
    def as_json(self) -> list[dict[str, Any]]:
        """The discounts, as a booking keeps them."""
        return [{**given._asdict(), "amount": str(given.amount)} for given in self.discounts]


def price_for(*, session: Session, child: Child, household: Household | None, promo_code: str = "") -> Price:
    """What the place costs this family now. CannotBook for a promo code that does not count."""
    full = session.price
    code = code_for(session, promo_code) if promo_code else None
    if not full:
        return Price(full, full)
    currency = session.institution.currency
    left = full
    given: list[Given] = []
    general: list[Discount] = []
    bursaries: list[Discount] = []
    for discount in _discounts(session, child, household):
        if discount.kind == Discount.Kind.BURSARY:
            bursaries.append(discount)
        else:
            general.append(discount)
    best = max(general, key=lambda one: _saves(one, left, currency), default=None)
    counted: list[Discount | PromoCode] = [*([best] if best else []), *bursaries, *([code] if code else [])]
    for one in counted:
        off = _saves(one, left, currency)
        if not off:
            continue
        left -= off
        if isinstance(one, PromoCode):
            given.append(Given(one.code, off, promo_code=one.pk))
        else:
            given.append(Given(one.name, off, discount=one.pk))
    return Price(full, left, tuple(given))


def round_to(amount: Decimal, currency: str) -> Decimal:
    """0.105 → 0.11 in most currencies, 10.5 → 11 in those without a smaller coin."""
    return amount.quantize(Decimal(1).scaleb(-min(digits(currency), 2)), ROUND_HALF_UP)


def _saves(one: Discount | PromoCode, of: Decimal, currency: str) -> Decimal:
    return min(of, round_to(of * one.percent / 100 + one.amount, currency))


def price_with_kept(*, promo_code: str, **asked: Any) -> Price:
    """The same with a code that was given before, if it still counts: nobody loses a place over a code."""
    if promo_code:
        with suppress(CannotBook):
            return price_for(**asked, promo_code=promo_code)
    return price_for(**asked)


def _discounts(session: Session, child: Child, household: Household | None) -> Iterable[Discount]:
    """Those that hold for this child, session and day."""
    today = timezone.localdate()
    category = session.activity.category_id
    rows = Discount.objects.for_institution(session.institution).filter(
        Q(category=None) | Q(category=category),
        Q(child=None) | Q(child=child),
        Q(household=None) | Q(household=household),
        Q(starts_on=None) | Q(starts_on__lte=today),
        Q(ends_on=None) | Q(ends_on__gte=today),
        is_active=True,
    )
    # A bursary or staff discount is somebody's own, never everybody's.
    own = {Discount.Kind.BURSARY, Discount.Kind.STAFF}
    found = [row for row in rows if row.kind not in own or row.child_id or row.household_id]
    counted = {Discount.Kind.SIBLING, Discount.Kind.SEVERAL}
    if not any(row.kind in counted for row in found):
        return found
    live = (
        Booking.objects.for_institution(session.institution)
        .filter(state__in=Booking.LIVE, session__term=session.term_id)
        .filter(Q(child=child) | Q(household=household, household__isnull=False))
        .values_list("child", flat=True)
    )
    children = list(live)
    number: dict[str, int] = {
        Discount.Kind.SIBLING: len(set(children) - {child.pk}) + 1,
        Discount.Kind.SEVERAL: children.count(child.pk) + 1,
    }
    return [row for row in found if number.get(row.kind, row.from_number) >= row.from_number]


def code_for(session: Session, typed: str) -> PromoCode:
    """The promo code that was typed. CannotBook if it does not count for that session today."""
    today = timezone.localdate()
    code = (
        PromoCode.objects.for_institution(session.institution)
        .filter(
            Q(activity=None) | Q(activity=session.activity_id),
            Q(starts_on=None) | Q(starts_on__lte=today),
            Q(ends_on=None) | Q(ends_on__gte=today),
            Q(most_uses=None) | Q(used__lt=F("most_uses")),
            code__iexact=typed.strip(),
        )
        .first()
    )
    if code is None:
        raise CannotBook(
            _("This promo code does not count here: leave it out, or ask the office."), code="promo"
        )
    return code


def use_codes(price: Price) -> None:
    """The promo code of a price counts as used from now on. CannotBook if others have used it up."""
    for given in price.discounts:
        if given.promo_code:
            used = PromoCode.objects.filter(pk=given.promo_code).filter(
                Q(most_uses=None) | Q(used__lt=F("most_uses"))
            )
            if not used.update(used=F("used") + 1):
                raise CannotBook(_("This promo code has just been used up: leave it out."), code="promo")


def code_of(booking: Booking) -> str:
    """The promo code that its price was made with, as it is called now."""
    used = [one["promo_code"] for one in booking.discounts if one.get("promo_code")]
    found = PromoCode.objects.filter(pk__in=used).first()
    return found.code if found else ""


def give_codes_back(booking: Booking) -> None:
    """Its place ends, or another comes instead: others may use its promo code. Once a booking."""
    used = [one["promo_code"] for one in booking.discounts if one.get("promo_code")]
    if not used:
        return
    PromoCode.objects.filter(pk__in=used, used__gt=0).update(used=F("used") - 1)
    booking.discounts = [{**one, "promo_code": None} for one in booking.discounts]
    booking.save(update_fields=["discounts"])


def take_codes_again(booking: Booking, discounts: list[dict[str, Any]]) -> None:
    """The promo code that was given back counts for the place after all."""
    used = [one["promo_code"] for one in discounts if one.get("promo_code")]
    if used:
        PromoCode.objects.filter(pk__in=used).update(used=F("used") + 1)
        booking.discounts = discounts
        booking.save(update_fields=["discounts"])


def uncounted(price: Price) -> Price:
    """The same price; its promo code counts for another place until move_codes."""
    return price._replace(discounts=tuple(one._replace(promo_code=None) for one in price.discounts))


def move_codes(*, old: Booking, new: Booking) -> None:
    """A swap that was held is paid for: the use of a promo code goes along to the price made with it."""
    codes = {one["name"]: one["promo_code"] for one in old.discounts if one.get("promo_code")}
    moved = {one["name"] for one in new.discounts if not one.get("discount")} & codes.keys()
    if moved:
        for booking, there in ((old, {}), (new, codes)):
            booking.discounts = [
                {**one, "promo_code": there.get(one["name"])} if one["name"] in moved else one
                for one in booking.discounts
            ]
            booking.save(update_fields=["discounts"])


def agreed(booking: Booking) -> Price:
    """What its place costs, as it was told when the place was taken."""
    given = tuple(Given(**{**one, "amount": Decimal(one["amount"])}) for one in booking.discounts)
    return Price(booking.price + sum((one.amount for one in given), Decimal(0)), booking.price, given)


def charge_for_booking(*, booking: Booking, price: Price) -> Charge | None:
    """The household owes the price; nothing is written for a free place."""
    household = booking.household
    if not price.full or household is None:
        return None
    charge = Charge.objects.create(
        institution_id=booking.institution_id,
        household=household,
        booking=booking,
        what=f"{booking.session}: {booking.child.first_name}"[:200],
        amount=price.amount,
        currency=booking.currency,
        # The school's own day, wherever the server stands.
        due_on=timezone.localdate(timezone=ZoneInfo(booking.institution.time_zone)),
    )
    enter(
        charge=charge,
        kind=Kind.CHARGE,
        ref=f"charge:{charge.pk}",
        sides={
            Account.FAMILY: price.amount,
            Account.DISCOUNT: price.full - price.amount,
            Account.INCOME: -price.full,
        },
    )
    return charge


def take_back_charge(
    *, booking: Booking, percent: Decimal | int = 100, kept_for: Decimal = Decimal(0)
) -> Decimal:
    """The place was given up: the household owes so much less. Returns by how much; at most once a charge.

    `kept_for` is what the place costs that came instead: so much counts in full, and never goes back by card.
    """
    charge = (
        Charge.objects.for_institution(booking.institution)
        .filter(booking=booking, kind=Charge.Kind.PLACE, cancelled_at=None)
        .first()
    )
    if charge is None:
        return Decimal(0)
    moved = min(kept_for, charge.amount)
    back = moved + round_to((charge.amount - moved) * Decimal(percent) / 100, charge.currency)
    return end_charge(charge=charge, back=back, moved=moved)


def end_charge(
    *, charge: Charge, back: Decimal, moved: Decimal = Decimal(0), by: User | None = None
) -> Decimal:
    """So much of a charge is no longer owed; what is not paid of the rest is due. Returns what comes back.

    `moved` of it pays for something else already, and never goes back by card. What was let off was never
    paid: it counts first, or the family would be given what it never gave.
    """
    paid = sum((row.amount for row in _came(charge)), Decimal(0))
    let_off_rows = list(charge.write_offs.all())
    beyond = paid + sum((row.counts for row in let_off_rows), Decimal(0)) - (charge.amount - back)
    charge.cancelled_at, charge.taken_back = timezone.now(), back
    charge.save(update_fields=["cancelled_at", "taken_back"])
    enter(
        charge=charge,
        kind=Kind.REVERSAL,
        ref=f"charge:{charge.pk}",
        sides={Account.FAMILY: -back, Account.INCOME: back},
        by=by,
    )
    let_off = Decimal(0)
    for row in let_off_rows:
        row.charge = charge
        part = min(row.counts, max(beyond - let_off, Decimal(0)))
        if part and not row.undone:
            undo_write_off(row=row, amount=part, by=by)
            let_off += part
    charge.instalments.filter(state__in=["due", "failed"]).update(state="released")
    give_back(charge=charge, amount=min(back - moved, max(beyond - let_off, Decimal(0))))
    return back - let_off


def undo_write_off(*, row: WriteOff, amount: Decimal, by: User | None) -> None:
    """So much of what was let off counts no longer. Once a row."""
    row.undone = amount
    row.save(update_fields=["undone"])
    enter(
        charge=row.charge,
        kind=Kind.REVERSAL,
        ref=f"write-off:{row.pk}",
        sides={Account.FAMILY: amount, Account.WRITE_OFF: -amount},
        by=by,
    )


def _came(charge: Charge) -> QuerySet[Allocation]:
    return charge.allocations.filter(payment__state=Payment.State.SUCCEEDED)


def paid_for(booking: Booking) -> Decimal:
    """What has come for its place, by whatever way."""
    return sum((row.amount for row in _came_for(booking)), Decimal(0))


def _came_for(booking: Booking) -> Iterable[Allocation]:
    charges = Charge.objects.for_institution(booking.institution).filter(
        booking=booking, kind=Charge.Kind.PLACE, cancelled_at=None
    )
    came = Allocation.objects.filter(charge__in=charges, payment__state=Payment.State.SUCCEEDED)
    return came.select_related("payment", "charge").order_by("pk")


def carry_over(*, old: Booking, new: Booking) -> None:
    """What was paid for a place that is swapped is meant for the new one from now on.

    Otherwise the card would be given back what it is to pay again. Only what is over goes back.
    """
    charge = new.charges.filter(kind=Charge.Kind.PLACE, cancelled_at=None).first()
    if charge is None:
        return
    left = charge.amount - paid_for(new)
    for row in _came_for(old):
        part = min(left, row.amount)
        if part <= 0:
            break
        left -= part
        there = Allocation.objects.filter(payment=row.payment, charge=charge).first()
        there = there or Allocation(
            institution_id=row.institution_id, payment=row.payment, charge=charge, amount=Decimal(0)
        )
        there.amount += part
        there.save()
        row.amount -= part
        if row.amount:
            row.save(update_fields=["amount"])
        else:
            row.delete()


def give_back(*, charge: Charge, amount: Decimal) -> list[Refund]:
    """So much of what came by card for this charge goes back; what came otherwise stays as credit.

    The rows are written here; a worker asks the provider after the commit (bookings.paying.send_refund).
    """
    made = []
    paid = _came(charge).exclude(payment__provider__in=TILLS)
    for allocation in paid.select_related("payment"):
        part = min(amount, allocation.amount)
        if part > 0:
            amount -= part
            made.append(refund_row(payment=allocation.payment, amount=part, booking=charge.booking))
    return made


def refund_row(
    *, payment: Payment, amount: Decimal, booking: Booking | None, reason: str = "", staff: User | None = None
) -> Refund:
    """Money that is to go back by card, once this transaction is over."""
    row = Refund.objects.create(
        institution_id=payment.institution_id,
        household_id=payment.household_id,
        payment=payment,
        booking=booking,
        amount=amount,
        currency=payment.currency,
        reason=reason or _("Place cancelled"),
        given_by=staff,
    )
    if payment.provider not in TILLS:
        transaction.on_commit(lambda: async_task("bookings.paying.send_refund", row.pk, cluster="mail"))
    return row


def enter(*, charge: Charge, kind: str, ref: str, sides: dict[str, Decimal], by: User | None = None) -> None:
    """Both sides of a movement about a charge, or about nothing if no money moves."""
    enter_all(
        household=charge.household,
        booking=charge.booking,
        currency=charge.currency,
        what=charge.what,
        kind=kind,
        ref=ref,
        sides=sides,
        by=by,
    )


def enter_all(
    *,
    household: Household,
    currency: str,
    kind: str,
    ref: str,
    sides: dict[str, Decimal],
    what: str = "",
    booking: Booking | None = None,
    by: User | None = None,
) -> None:
    """Entries of the ledger that add up to nothing. ValueError if they do not."""
    if sum(sides.values()):
        raise ValueError(f"{ref}: the sides of the entry differ by {sum(sides.values())}.")
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            institution_id=household.institution_id,
            household=household,
            booking=booking,
            account=account,
            kind=kind,
            ref=ref,
            amount=amount,
            currency=currency,
            what=what[:200],
            by=by,
        )
        for account, amount in sides.items()
        if amount
    )
