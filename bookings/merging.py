"""Two families that were one become one: all rows of the duplicate move to the household that is kept.

Whatever refers to the duplicate household, its guardians and its children is found from the models, so that
nothing new is forgotten. The ledger is never changed: the balance moves by a transfer. What was done is kept
row by row (FamilyMerge.moved), so that bookings.unmerging puts it back exactly.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.core import serializers
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history

from . import locks, money, owed
from .duplicates import Same, children_of, digits, plain, same_people
from .merge_clashes import clashes
from .models import (
    AbsenceNotice,
    AuthorisedCollector,
    Booking,
    Child,
    Consent,
    EmergencyContact,
    FamilyMerge,
    Guardian,
    Guardianship,
    Household,
    Invitee,
    LedgerEntry,
    MeetingGuest,
    WaitEntry,
)

# Added to, never changed; and the story of merges itself.
LEFT_ALONE = (LedgerEntry, FamilyMerge, Household)
# Said twice, it is said once: what the kept one has already goes, and comes back with undo.
SAID_TWICE = (Guardianship, Consent, Invitee, AbsenceNotice, MeetingGuest)
# What the kept one does not say is taken from the other.
FILLED_IN: dict[type[models.Model], tuple[str, ...]] = {
    Household: ("address",),
    Guardian: ("email", "phone", "user_id"),
    Child: (
        "family_name",
        "known_as",
        "year_group_id",
        "class_name",
        "number",
        "person_id",
        "medical_answered_at",
    ),
}
# What must not stand in two rows at once: it leaves the duplicate before the kept one takes it.
ITS_OWN: dict[type[models.Model], dict[str, Any]] = {
    Guardian: {"email": "", "phone": "", "user_id": None, "is_active": False},
    Child: {"number": "", "person_id": None},
}


class CannotMerge(Exception):
    """Why these two cannot be one as they are, in words for the office; `clashes` are all of them."""

    def __init__(self, clashes: list[str]) -> None:
        super().__init__(" ".join(clashes))
        self.clashes = clashes


class Preview(NamedTuple):
    """Who is one, what stands in the way, and what would move."""

    same: list[Same]
    clashes: list[str]
    counts: dict[str, int]
    balance: Decimal


# --- looking ------------------------------------------------------------------------------------------------


def preview(*, kept: Household, other: Household, same: list[Same] | None = None) -> Preview:
    """What merging would do now; `same` are the people who are one (by default those who probably are)."""
    same = same_people(kept, other) if same is None else same
    counts: dict[str, int] = {}
    for model, field, old, _new in _references(kept, other, same):
        rows = model._base_manager.filter(**{field: old}).count()
        if rows and model._meta.label not in ("bookings.CoGuardianInvitation_children",):
            name = str(model._meta.verbose_name_plural)
            counts[name] = counts.get(name, 0) + rows
    return Preview(same, list(clashes(kept=kept, other=other, same=same)), counts, owed.balance(other))


def _references(
    kept: Household, other: Household, same: list[Same]
) -> Iterator[tuple[type[models.Model], str, Any, Any]]:
    """Every column of every model that may name a duplicate: model, column, the duplicate, the kept one."""
    pairs: list[tuple[Any, Any]] = [*((pair.other, pair.kept) for pair in same), (other, kept)]
    for old, new in pairs:
        relations: list[Any] = list(type(old)._meta.get_fields(include_hidden=True))
        for relation in relations:
            if not (relation.one_to_many or relation.one_to_one) or not relation.auto_created:
                continue
            model, field = relation.related_model, relation.field
            if not issubclass(model, LEFT_ALONE) and field.name != "merged_into":
                yield model, field.attname, old.pk, new.pk


# --- merging ------------------------------------------------------------------------------------------------


class _Story:
    """What was done, row by row, as JSON: ["changed", label, key, {column: [before, after]}] or
    ["removed", the row]. Undone from the last to the first."""

    def __init__(self) -> None:
        self.steps: list[list[Any]] = []

    def change(self, row: models.Model, **values: Any) -> None:
        """Write these columns, without the row's own history."""
        model = type(row)
        told = {}
        for name, value in values.items():
            told[name] = [as_text(row, name), None]
            setattr(row, name, value)
            told[name][1] = as_text(row, name)
        model._base_manager.filter(pk=row.pk).update(**values)
        self.steps.append(["changed", model._meta.label, row.pk, told])

    def remove(self, row: models.Model) -> None:
        self.steps.append(["removed", serializers.serialize("json", [row])])
        type(row)._base_manager.filter(pk=row.pk).delete()


def as_text(row: models.Model, name: str) -> Any:
    field: Any = row._meta.get_field(name.removesuffix("_id"))
    value = getattr(row, name)
    return value if value is None or isinstance(value, bool | int) else field.value_to_string(row)


def merge(*, kept: Household, other: Household, same: list[Same], staff: User | None) -> FamilyMerge:
    """All of `other` moves to `kept`; `same` are the people who are one. Raises CannotMerge."""

    def work() -> FamilyMerge:
        hold(kept, other)
        fresh = [_fresh(pair) for pair in same]
        homes = Household.objects.in_bulk([kept.pk, other.pk])
        mine, theirs = homes[kept.pk], homes[other.pk]
        if found := list(clashes(kept=mine, other=theirs, same=fresh)):
            raise CannotMerge(found)
        row = FamilyMerge(institution=mine.institution, kept=mine, merged=theirs, done_by=staff)
        with history.quiet():
            row.save()
            story = _Story()
            moved = _move_balance(row)
            for pair in [*fresh, Same(mine, theirs)]:
                _become_one(pair, story)
            _move_rows(mine, theirs, fresh, story)
            _say_once([pair.kept for pair in fresh if isinstance(pair.kept, Child)], story)
            row.moved = {"steps": story.steps, "balance": str(moved)}
            row.save(update_fields=["moved"])
        write_down(row, _("%(other)s merged into %(kept)s"), staff)
        return row

    return locks.carry_out(work)


def hold(kept: Household, other: Household) -> None:
    """In the order of all acts: places, children, households."""
    children = [child.pk for home in (kept, other) for child in children_of(home)]
    sessions = set(Booking.objects.live().filter(child__in=children).values_list("session", flat=True)) | set(
        WaitEntry.objects.waiting().filter(child__in=children).values_list("session", flat=True)
    )
    locks.lock_places(sessions)
    locks.lock_children(children)
    homes = Household.objects.filter(pk__in=[kept.pk, other.pk]).order_by("pk")
    list(homes.select_for_update(no_key=True))


def _fresh(pair: Same) -> Same:
    model = type(pair.kept)
    rows = model._base_manager.in_bulk([pair.kept.pk, pair.other.pk])
    return Same(rows[pair.kept.pk], rows[pair.other.pk])


def _become_one(pair: Same, story: _Story) -> None:
    """The duplicate points to the kept one, which takes what it had not."""
    kept, other = pair
    model = type(kept)
    taken = {
        name: getattr(other, name)
        for name in FILLED_IN[model]
        if getattr(kept, name) in (None, "") and getattr(other, name) not in (None, "")
    }
    story.change(other, merged_into_id=kept.pk, **ITS_OWN.get(model, {}))
    if taken:
        story.change(kept, **taken)


def _move_rows(kept: Household, other: Household, same: list[Same], story: _Story) -> None:
    shells = {pair.other.pk for pair in same if isinstance(pair.other, Guardian)}
    for model, field, old, new in _references(kept, other, same):
        for row in model._base_manager.filter(**{field: old}).order_by("pk"):
            if model is Guardian and row.pk in shells:
                continue  # it stays with the household that it was a duplicate in
            try:
                with transaction.atomic():
                    story.change(row, **{field: new})
            except IntegrityError as fault:
                is_link = not hasattr(model, "institution")
                if not (issubclass(model, SAID_TWICE) or is_link):
                    words = _("Both families have this, and one of them has to go first: %s")
                    raise CannotMerge([words % f"{model._meta.verbose_name} {row}"]) from fault
                story.remove(model._base_manager.get(pk=row.pk))


def _say_once(children: Iterable[Child], story: _Story) -> None:
    """The same person to call, or to collect, stands on the child's list once."""
    models_: tuple[Any, ...] = (EmergencyContact, AuthorisedCollector)
    for child in children:
        for model in models_:
            known = set()
            for row in model.objects.filter(child=child).order_by("pk"):
                key = (plain(row.name), digits(row.phone))
                if key in known:
                    story.remove(row)
                known.add(key)


def _move_balance(row: FamilyMerge) -> Decimal:
    """What the duplicate owes, or its credit, as a transfer between the two."""
    amount = owed.balance(row.merged)
    transfer(row, amount, "merge")
    return amount


def transfer(row: FamilyMerge, amount: Decimal, word: str) -> None:
    if not amount:
        return
    account = LedgerEntry.Account
    for side, home, part in (("from", row.merged, -amount), ("to", row.kept, amount)):
        money.enter_all(
            household=home,
            currency=row.institution.currency,
            kind=LedgerEntry.Kind.TRANSFER,
            ref=f"{word}:{row.pk}:{side}",
            sides={account.FAMILY: part, account.BETWEEN: -part},
            what=_("merge of families"),
            by=row.done_by,
        )


def write_down(row: FamilyMerge, words: str, staff: User | None) -> None:
    with history.acting(by=staff):
        history.note(
            institution=row.institution,
            what=words % {"other": row.merged, "kept": row.kept},
            model=Household,
            rows=len(row.moved["steps"]),
        )
