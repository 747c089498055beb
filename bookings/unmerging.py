"""A merge of two families is taken back: everything stands where it stood, as FamilyMerge.moved tells it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core import serializers
from django.db import IntegrityError
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history

from . import locks, merging, money
from .models import (
    Allocation,
    Booking,
    Charge,
    FamilyMerge,
    LedgerEntry,
    Payment,
    Refund,
    WriteOff,
)


class CannotUndo(Exception):
    """Why a merge cannot be undone any more, in words for the office."""


def undo(*, merge: FamilyMerge, staff: User | None) -> None:
    """Everything stands where it stood. Raises CannotUndo where something has happened to it since."""

    def work() -> None:
        row = (
            FamilyMerge.objects.select_for_update(of=("self",))
            .select_related("kept", "merged", "institution", "done_by")
            .get(pk=merge.pk)
        )
        if row.undone_at:
            raise CannotUndo(_("This merge is undone already."))
        if not row.moved:
            raise CannotUndo(_("The family was erased since: there is nothing to go back to."))
        merging.hold(row.kept, row.merged)
        _must_be_untouched(row)
        with history.quiet():
            merging.transfer(row, -_balance_now(row), "unmerge")
            for step in reversed(row.moved["steps"]):
                _put_back(*step)
            row.undone_at = timezone.now()
            row.save(update_fields=["undone_at"])
        merging.write_down(row, _("%(other)s is no longer merged into %(kept)s"), staff)

    try:
        locks.carry_out(work)
    except IntegrityError as fault:
        raise CannotUndo(
            _("Since the merge something was written that fits one family only: undo it by hand.")
        ) from fault


def _put_back(what: str, *of_row: Any) -> None:
    if what == "removed":
        for old in serializers.deserialize("json", of_row[0]):
            old.save()
        return
    label, pk, told = of_row
    model: Any = apps.get_model(label)
    values = {}
    for name, (before, _after) in told.items():
        field = model._meta.get_field(name.removesuffix("_id"))
        values[name] = getattr(field, "target_field", field).to_python(before)
    model._base_manager.filter(pk=pk).update(**values)


def _changed(row: FamilyMerge) -> Iterator[list[Any]]:
    """[label, key, {column: [before, after]}] of each row that was changed."""
    return (step[1:] for step in row.moved["steps"] if step[0] == "changed")


def _must_be_untouched(row: FamilyMerge) -> None:
    """What moved is still where it was put, and no money has followed it."""
    moved: dict[str, set[int]] = {}
    for label, pk, told in _changed(row):
        moved.setdefault(label, set()).add(pk)
        model = apps.get_model(label)
        current = model._base_manager.filter(pk=pk).first()
        if current is None:
            continue  # a contact that was deleted since stays deleted
        for name, (_before, after) in told.items():
            if name.endswith("_id") and merging.as_text(current, name) != after:
                raise CannotUndo(
                    _("%(kind)s %(row)s was changed since the merge: undo it by hand.")
                    % {"kind": model._meta.verbose_name, "row": current}
                )
    charges = moved.get(Charge._meta.label, set())
    later = Charge.objects.filter(booking__in=moved.get(Booking._meta.label, ())).exclude(pk__in=charges)
    came = Allocation.objects.filter(charge__in=charges, payment__state=Payment.State.SUCCEEDED).exclude(
        payment__in=moved.get(Payment._meta.label, ())
    )
    if later.exists() or came.exists():
        raise CannotUndo(
            _("Since the merge money has been charged or paid for places that would go back. Keep the merge.")
        )


def _balance_now(row: FamilyMerge) -> Decimal:
    """What was transferred, and what was entered since about charges, payments and refunds that go back."""
    refs = []
    charges = [pk for label, pk, _told in _changed(row) if label == Charge._meta.label]
    for let_off in WriteOff.objects.filter(charge__in=charges).values_list("pk", flat=True):
        refs.append(f"write-off:{let_off}")
    for label, pk, _told in _changed(row):
        for model, word in ((Charge, "charge"), (Payment, "payment"), (Refund, "refund")):
            if label == model._meta.label:
                refs.append(f"{word}:{pk}")
    since = LedgerEntry.objects.filter(
        household=row.kept, account=LedgerEntry.Account.FAMILY, ref__in=refs, at__gte=row.done_at
    ).aggregate(sum=Sum("amount"))["sum"]
    return Decimal(row.moved["balance"]) + money.round_to(since or Decimal(0), "")
