"""What a family owes, charge by charge, and what credit it has: read from charges and the ledger."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q, Sum

from projects.models import Institution

from . import money
from .models import Charge, Household, LedgerEntry, Payment

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


def dues(household: Household) -> list[Due]:
    """What is open, the earliest due first. Credit that is meant for nothing else counts towards it."""
    return dues_of(household.institution, household=household).get(household.pk, [])


def dues_of(institution: Institution, **which: Any) -> dict[int, list[Due]]:
    """What is open of all households, or of those meant, by their keys: two statements."""
    charges = (
        Charge.objects.for_institution(institution)
        .filter(cancelled_at=None, **which)
        .annotate(
            paid=Sum(
                "allocations__amount",
                filter=Q(allocations__payment__state=Payment.State.SUCCEEDED),
                default=0,
            )
        )
        .select_related("booking__child", "booking__session__activity", "booking__replaces")
        .order_by("due_on", "pk")
    )
    found: dict[int, list[Due]] = {}
    for charge in charges:
        left = charge.amount - total({"sum": charge.paid})
        if left > 0:
            found.setdefault(charge.household_id, []).append(Due(charge, left))
    entries = LedgerEntry.objects.for_institution(institution).filter(account=Account.FAMILY, **which)
    balances = dict(entries.order_by().values_list("household").annotate(sum=Sum("amount")))
    return {
        key: rest
        for key, of_one in found.items()
        if (rest := _after_credit(of_one, total({"sum": balances.get(key)})))
    }


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
