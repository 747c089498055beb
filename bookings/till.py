"""What the office does with a family's account: money taken and taken back, credit paid out, debts let off,
other things charged. Each act adds to the ledger, holds the household meanwhile, and the family is told.
"""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User

from . import instalments, money, paying
from . import money_messages as messages
from .models import Booking, Charge, Household, LedgerEntry, Payment, Refund, WriteOff
from .owed import Due, credit, dues
from .paying import CannotPay

Account, Kind = LedgerEntry.Account, LedgerEntry.Kind


class CannotLetOff(Exception):
    """Why this debt cannot be written off, or not called back, in words for the office."""


class CannotCharge(Exception):
    """Why this cannot be charged, or not taken back, in words for the office."""


def take(*, household: Household, amount: Decimal, way: str, staff: User | None, note: str = "") -> Payment:
    """Money that the office has in its hand, or on its bank account: "cash", "bank" or "voucher".

    It goes to what is due first; what is over stays as the family's credit.
    """
    with transaction.atomic():
        payment = enter(household=household, amount=amount, way=way, staff=staff, note=note)
    paying.confirm_places(payment)
    return payment


def enter(*, household: Household, amount: Decimal, way: str, staff: User | None, note: str = "") -> Payment:
    """What take() writes, for a transaction of the caller's, who calls confirm_places() after it."""
    if way not in money.TILLS:
        raise CannotPay(_("Say how it was paid: cash, bank or voucher."))
    if amount <= 0:
        raise CannotPay(_("A payment is more than 0: to give money back, refund it."))
    Household.objects.select_for_update(no_key=True).get(pk=household.pk)
    payment = Payment.objects.create(
        institution=household.institution,
        household=household,
        provider=way,
        amount=amount,
        currency=household.institution.currency,
        note=note,
        taken_by=staff,
    )
    paying.allocate(payment, dues(household))
    paying.settle(payment, by=staff)
    return payment


@transaction.atomic
def take_back_entered(*, payment: Payment, staff: User | None) -> None:
    """take_back() for what was not found on a bank statement: there it is undone at its line."""
    if payment.bank_lines.exists():
        raise CannotPay(_("This payment stands on a bank statement: undo it at its line there."))
    take_back(payment=payment, staff=staff)


def take_back(*, payment: Payment, staff: User | None) -> None:
    """It was entered for the wrong family, or by mistake: the ledger gets the opposite, the family is told.

    Inside a transaction. What it had paid for is due again; places stay booked. Raises CannotPay.
    """
    Household.objects.select_for_update(no_key=True).get(pk=payment.household_id)
    payment = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("household__institution")
        .get(pk=payment.pk)
    )
    if payment.state != Payment.State.SUCCEEDED or payment.provider not in money.TILLS:
        raise CannotPay(_("Only money that the office has entered can be taken back."))
    if payment.refunds.exclude(state=Refund.State.FAILED).exists():
        raise CannotPay(_("Some of it was given back already: enter the rest by hand."))
    payment.state = Payment.State.CANCELLED
    payment.save(update_fields=["state"])
    money.enter_all(
        household=payment.household,
        currency=payment.currency,
        kind=Kind.REVERSAL,
        ref=f"payment:{payment.pk}",
        sides={Account.FAMILY: payment.amount, money.TILLS[payment.provider]: -payment.amount},
        what=payment.note,
        by=staff,
    )
    for allocation in payment.allocations.select_related("charge"):
        instalments.mark(allocation.charge)
    messages.tell_taken_back(payment)


# --- credit -------------------------------------------------------------------------------------------------


@transaction.atomic
def pay_out(
    *, household: Household, amount: Decimal, way: str, staff: User | None, reason: str = ""
) -> Refund:
    """Credit is given to the family, "cash" in its hand or by "bank". CannotPay if it has not so much."""
    if way not in {"cash", "bank"}:
        raise CannotPay(_("Say how it is paid out: in cash or by bank transfer."))
    Household.objects.select_for_update(no_key=True).get(pk=household.pk)
    _must_have(household, amount)
    row = Refund.objects.create(
        institution=household.institution,
        household=household,
        amount=amount,
        currency=household.institution.currency,
        way=way,
        reason=reason or _("Credit paid out"),
        given_by=staff,
    )
    paying.refunded(row, None)
    messages.tell_paid_out(row)
    return row


def give_back(*, payment: Payment, amount: Decimal, reason: str, staff: User | None) -> Refund:
    """Credit goes back to the card that a payment came from. CannotPay if there is not so much."""
    with transaction.atomic():
        household = Household.objects.select_for_update(no_key=True).get(pk=payment.household_id)
        _must_have(household, amount)
        return paying.refund(payment=payment, amount=amount, reason=reason, staff=staff)


def _must_have(household: Household, amount: Decimal) -> None:
    most = credit(household)
    if not 0 < amount <= most:
        raise CannotPay(
            _("The credit of this family is %(credit)s %(currency)s: pay out no more than that.")
            % {"credit": most, "currency": household.institution.currency}
        )


# --- debts --------------------------------------------------------------------------------------------------


def may_be_let_off(household: Household) -> list[Due]:
    """What is due and no place is held for: a hold ends by itself, and nothing is owed then."""
    return [
        due
        for due in dues(household)
        if due.charge.booking is None or due.charge.booking.state != Booking.State.HELD
    ]


@transaction.atomic
def write_off(*, charge: Charge, amount: Decimal | None, reason: str, staff: User | None) -> WriteOff:
    """The office no longer asks for what is open of a charge, or for a part of it. Raises CannotLetOff.

    The place stays booked. Should it be given up later, what was let off is not given back.
    """
    if not reason.strip():
        raise CannotLetOff(_("Say why: it stands in the books."))
    household = Household.objects.select_for_update(no_key=True).get(pk=charge.household_id)
    still = {due.charge.pk: due.open for due in may_be_let_off(household)}.get(charge.pk, Decimal(0))
    amount = still if amount is None else amount
    if not 0 < amount <= still:
        raise CannotLetOff(
            _("Of this %(open)s %(currency)s are open: write off no more than that.")
            % {"open": still, "currency": charge.currency}
        )
    row = WriteOff.objects.create(
        institution=charge.institution, charge=charge, amount=amount, reason=reason[:200], written_by=staff
    )
    money.enter(
        charge=charge,
        kind=Kind.WRITE_OFF,
        ref=f"write-off:{row.pk}",
        sides={Account.FAMILY: -amount, Account.WRITE_OFF: amount},
        by=staff,
    )
    instalments.mark(charge)
    messages.tell_let_off(row)
    return row


@transaction.atomic
def call_back(*, row: WriteOff, staff: User | None) -> None:
    """A debt that was written off is due again, by the opposite entry. Raises CannotLetOff."""
    Household.objects.select_for_update(no_key=True).get(pk=row.charge.household_id)
    row = WriteOff.objects.select_for_update(of=("self",)).select_related("charge__household").get(pk=row.pk)
    if row.undone:
        raise CannotLetOff(_("That is due again already."))
    money.undo_write_off(row=row, amount=row.amount, by=staff)
    instalments.mark(row.charge)
    messages.tell_due_again(row)


# --- other charges ------------------------------------------------------------------------------------------


@transaction.atomic
def charge(
    *,
    household: Household,
    amount: Decimal,
    what: str,
    staff: User | None,
    kind: str = Charge.Kind.OTHER,
    due_on: date | None = None,
) -> Charge:
    """Something besides a place: a late collection, a shirt. The family is told. Raises CannotCharge."""
    if kind not in {Charge.Kind.LATE, Charge.Kind.OTHER}:
        raise CannotCharge(_("A place is charged by its booking: book it at the counter."))
    if amount <= 0 or not what.strip():
        raise CannotCharge(_("Say what for, and an amount above 0."))
    currency = household.institution.currency
    row = Charge.objects.create(
        institution=household.institution,
        household=household,
        kind=kind,
        what=what.strip()[:200],
        amount=money.round_to(amount, currency),
        currency=currency,
        due_on=due_on or timezone.localdate(),
    )
    money.enter(
        charge=row,
        kind=Kind.CHARGE,
        ref=f"charge:{row.pk}",
        sides={Account.FAMILY: row.amount, Account.INCOME: -row.amount},
        by=staff,
    )
    messages.tell_charged(row)
    return row


@transaction.atomic
def take_back_charge(*, charge: Charge, staff: User | None) -> None:
    """It was charged by mistake, or let go. What was paid for it is credit. Raises CannotCharge."""
    household = Household.objects.select_for_update(no_key=True).get(pk=charge.household_id)
    fresh = Charge.objects.select_for_update(of=("self",)).get(pk=charge.pk)
    fresh.household = household
    if fresh.kind == Charge.Kind.PLACE:
        raise CannotCharge(_("This is the price of a place: cancel the place, or write the debt off."))
    if fresh.cancelled_at:
        raise CannotCharge(_("That is taken back already."))
    money.end_charge(charge=fresh, back=fresh.amount, by=staff)
    messages.tell_charge_gone(fresh)
