"""What a family owes, charge by charge, and what credit it has: read from charges and the ledger."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.utils import timezone

from projects.models import Institution

from . import money
from .models import Charge, Household, LedgerEntry, Payment, Refund, WriteOff

Account = LedgerEntry.Account


class Due(NamedTuple):
    """A charge, and what of it is still to be paid."""

    charge: Charge
    open: Decimal


def balance(household: Household) -> Decimal:
    """More than 0 is owed by the family, less is its credit."""
    entries = LedgerEntry.objects.filter(household=household, account=Account.FAMILY)
    return total(entries.aggregate(sum=Sum("amount")))


def total(row: dict[str, Decimal | None]) -> Decimal:
    """SQLite adds up in binary fractions: what is a hair beside the sum of amounts is that sum."""
    return money.round_to(row["sum"] or Decimal(0), "")


def dues(household: Household, *, with_lapsed: bool = False) -> list[Due]:
    """What is open, the earliest due first. Credit that is meant for nothing else counts towards it."""
    found = dues_of(household.institution, with_lapsed=with_lapsed, household=household)
    return found.get(household.pk, [])


def dues_of(institution: Institution, *, with_lapsed: bool = False, **which: Any) -> dict[int, list[Due]]:
    """What is open of all households, or of those meant, by their keys: three statements.

    Of a place that was given up, what is kept of its price is due.
    with_lapsed: also of places whose hold has run out, which nobody has swept away yet.
    """
    charges = (
        Charge.objects.for_institution(institution)
        .filter(Q(cancelled_at=None) | Q(taken_back__lt=F("amount")), **which)
        .annotate(
            paid=Sum(
                "allocations__amount",
                filter=Q(allocations__payment__state=Payment.State.SUCCEEDED),
                default=0,
            ),
            let_off=Subquery(_let_off()),
        )
        .select_related("booking__child", "booking__session__activity", "booking__replaces")
        .order_by("due_on", "pk")
    )
    found: dict[int, list[Due]] = {}
    lapsed: dict[int, Decimal] = {}
    now = timezone.now()
    for charge in charges:
        left = charge.counts - total({"sum": charge.paid}) - total({"sum": charge.let_off})
        if not with_lapsed and charge.booking and charge.booking.has_lapsed(now):
            lapsed[charge.household_id] = lapsed.get(charge.household_id, Decimal(0)) + left
        elif left > 0:
            found.setdefault(charge.household_id, []).append(Due(charge, left))
    entries = LedgerEntry.objects.for_institution(institution).filter(account=Account.FAMILY, **which)
    balances = dict(entries.order_by().values_list("household").annotate(sum=Sum("amount")))
    going = _going_back(institution, **which) if found else {}

    def apart(key: int) -> Decimal:
        return going.get(key, Decimal(0)) - lapsed.get(key, Decimal(0))

    return {
        key: rest
        for key, of_one in found.items()
        if (rest := _after_credit(of_one, total({"sum": balances.get(key)}) + apart(key)))
    }


def _let_off() -> Any:
    """What was written off of the charge outside."""
    rows = WriteOff.objects.filter(charge=OuterRef("pk")).order_by().values("charge")
    return rows.annotate(sum=Sum(F("amount") - F("undone"))).values("sum")


def _going_back(institution: Institution, **which: Any) -> dict[int, Decimal]:
    """What is on its way back to families: credit that is no longer theirs to spend, by household."""
    rows = Refund.objects.for_institution(institution).filter(
        state__in=[Refund.State.CREATED, Refund.State.PENDING], **which
    )
    sums = rows.order_by().values_list("household").annotate(sum=Sum("amount"))
    return {key: total({"sum": amount}) for key, amount in sums}


class ComesBack(NamedTuple):
    """What a family gets if so much of a charge is no longer owed: to the card, as credit; the rest of it is
    what it need not pay any more. `still` is due all the same."""

    to_card: Decimal
    as_credit: Decimal
    let_off: Decimal
    still: Decimal


def comes_back(charge: Charge, off: Decimal) -> ComesBack:
    left = {due.charge.pk: due.open for due in dues(charge.household)}.get(charge.pk, Decimal(0))
    covered, kept = charge.amount - left, charge.amount - off
    back = max(covered - kept, Decimal(0))
    cards = charge.allocations.filter(payment__state=Payment.State.SUCCEEDED).exclude(
        payment__provider__in=money.TILLS
    )
    to_card = min(back, total(cards.aggregate(sum=Sum("amount"))))
    return ComesBack(to_card, back - to_card, off - back, max(kept - covered, Decimal(0)))


def credit(household: Household) -> Decimal:
    """What the family has paid beyond what it owes, and is not on its way back to it."""
    going = _going_back(household.institution, household=household).get(household.pk, Decimal(0))
    return max(-balance(household) - going, Decimal(0))


def _after_credit(found: list[Due], owed: Decimal) -> list[Due]:
    """What is left of the dues of a household that owes so much altogether."""
    credit = sum((due.open for due in found), Decimal(0)) - owed
    open_dues = []
    for due in map(_less_what_it_replaces, found):
        covered = min(max(credit, Decimal(0)), due.open)
        credit -= covered
        if due.open > covered:
            open_dues.append(Due(due.charge, due.open - covered))
    return open_dues


def _less_what_it_replaces(due: Due) -> Due:
    """A swap that waits to be paid costs the difference: what the old place was paid will count for it."""
    held = due.charge.booking
    if held is None or held.replaces is None or not (held.is_live and held.replaces.is_live):
        return due
    return Due(due.charge, max(due.open - money.paid_for(held.replaces), Decimal(0)))


def credit_held(household: Household) -> Decimal:
    """Its credit, which nobody else spends until this transaction is over."""
    return credit(Household.objects.select_for_update(no_key=True).get(pk=household.pk))
