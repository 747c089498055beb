"""Money that passes through the office: taken in cash, by transfer or voucher, and taken back."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User

from . import instalments, money, paying
from . import money_messages as messages
from .models import Household, LedgerEntry, Payment, Refund
from .owed import dues
from .paying import CannotPay

Account, Kind = LedgerEntry.Account, LedgerEntry.Kind


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
