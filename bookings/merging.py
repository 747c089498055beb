"""Two families that were one become one: all rows of the duplicate move to the household that is kept.

Whatever refers to the duplicate household, its guardians and its children is found from the models, so that
nothing new is forgotten. The ledger is never changed: the balance moves by a transfer. What was done is kept
row by row (FamilyMerge.moved), so that undo() puts it back exactly.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.apps import apps
from django.core import serializers
from django.db import IntegrityError, models, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history

from . import locks, money, owed
from .duplicates import Same, children_of, digits, plain, same_people
from .models import (
    AbsenceNotice,
    Allocation,
    AttendanceMark,
    AuthorisedCollector,
    Booking,
    Charge,
    Child,
    Consent,
    DrawResult,
    EmergencyContact,
    FamilyMerge,
    Guardian,
    Guardianship,
    Household,
    Invitee,
    LedgerEntry,
    Meeting,
    MeetingGuest,
    Payment,
    Preference,
    Refund,
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


class CannotUndo(Exception):
    """Why a merge cannot be undone any more, in words for the office."""


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


def clashes(*, kept: Household, other: Household, same: list[Same]) -> Iterator[str]:
    """Sentences about what the office must put right first."""
    if kept.pk == other.pk:
        yield _("Choose two different households.")
        return
    for row in (kept, other):
        if row.merged_into_id:
            yield _("%s was merged already.") % row
    for pair in same:
        if isinstance(pair.kept, Guardian):
            if pair.kept.user_id and pair.other.user_id and pair.kept.user_id != pair.other.user_id:
                yield _(
                    "%s signs in with two accounts: keep the two as two guardians, or ask which one is used."
                ) % (pair.kept)
        else:
            yield from _clashes_of_children(pair.kept, pair.other)


def _clashes_of_children(kept: Child, other: Child) -> Iterator[str]:
    both = [kept.pk, other.pk]
    if kept.number and other.number and kept.number != other.number:
        yield _("%(child)s has two school numbers, %(one)s and %(other)s: put them right first.") % {
            "child": kept,
            "one": kept.number,
            "other": other.number,
        }
    live = list(Booking.objects.live().filter(child__in=both).select_related("session__activity"))
    mine = {row.session_id for row in live if row.child_id == kept.pk}
    theirs = [row for row in live if row.child_id == other.pk]
    for row in theirs:
        if row.session_id in mine:
            yield _("%(child)s has two places in %(session)s: cancel one of them first.") % {
                "child": kept,
                "session": row.session,
            }
    yield from _same_time(kept, mine, theirs)
    waits = WaitEntry.objects.filter(child__in=both, state__in=WaitEntry.LIVE)
    waiting = set(waits.filter(child=kept).values_list("session", flat=True))
    for entry in waits.filter(child=other, session__in=waiting).select_related("session__activity"):
        yield _("%(child)s waits twice for %(session)s: take one out of the queue first.") % {
            "child": kept,
            "session": entry.session,
        }
    for model, of, words in (
        (AttendanceMark, "meeting", _("%(child)s is marked twice on the register of %(what)s.")),
        (DrawResult, "ballot", _("%(child)s took part twice in the draw %(what)s.")),
        (Preference, "ballot", _("%(child)s has wishes twice in the ballot %(what)s.")),
    ):
        rows: Any = model._default_manager.filter(child__in=both)
        mine_too = set(rows.filter(child=kept).values_list(of, flat=True))
        for row in rows.filter(child=other, **{f"{of}__in": mine_too}).select_related(of)[:1]:
            yield words % {"child": kept, "what": getattr(row, of)}


def _same_time(kept: Child, mine: set[int], theirs: list[Booking]) -> Iterator[str]:
    coming = Meeting.objects.live().filter(ends_at__gt=timezone.now())
    dates = coming.filter(session__in=mine | {row.session_id for row in theirs})
    of_session: dict[int, list[Meeting]] = {}
    for meeting in dates.select_related("session__activity"):
        of_session.setdefault(meeting.session_id, []).append(meeting)
    for row in theirs:
        for here in mine - {row.session_id}:
            overlap = any(
                a.starts_at < b.ends_at and b.starts_at < a.ends_at
                for a in of_session.get(row.session_id, [])
                for b in of_session.get(here, [])
            )
            if overlap:
                yield _("%(child)s would be in %(one)s and %(other)s at the same time: cancel one first.") % {
                    "child": kept,
                    "one": of_session[here][0].session,
                    "other": row.session,
                }


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
            told[name] = [_as_text(row, name), None]
            setattr(row, name, value)
            told[name][1] = _as_text(row, name)
        model._base_manager.filter(pk=row.pk).update(**values)
        self.steps.append(["changed", model._meta.label, row.pk, told])

    def remove(self, row: models.Model) -> None:
        self.steps.append(["removed", serializers.serialize("json", [row])])
        type(row)._base_manager.filter(pk=row.pk).delete()


def _as_text(row: models.Model, name: str) -> Any:
    field: Any = row._meta.get_field(name.removesuffix("_id"))
    value = getattr(row, name)
    return value if value is None or isinstance(value, bool | int) else field.value_to_string(row)


def merge(*, kept: Household, other: Household, same: list[Same], staff: User | None) -> FamilyMerge:
    """All of `other` moves to `kept`; `same` are the people who are one. Raises CannotMerge."""

    def work() -> FamilyMerge:
        _hold(kept, other)
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
        _write_down(row, _("%(other)s merged into %(kept)s"), staff)
        return row

    return locks.carry_out(work)


def _hold(kept: Household, other: Household) -> None:
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
    _transfer(row, amount, "merge")
    return amount


def _transfer(row: FamilyMerge, amount: Decimal, word: str) -> None:
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


def _write_down(row: FamilyMerge, words: str, staff: User | None) -> None:
    with history.acting(by=staff):
        history.note(
            institution=row.institution,
            what=words % {"other": row.merged, "kept": row.kept},
            model=Household,
            rows=len(row.moved["steps"]),
        )


# --- undoing ------------------------------------------------------------------------------------------------


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
        _hold(row.kept, row.merged)
        _must_be_untouched(row)
        with history.quiet():
            _transfer(row, -_balance_now(row), "unmerge")
            for step in reversed(row.moved["steps"]):
                _put_back(*step)
            row.undone_at = timezone.now()
            row.save(update_fields=["undone_at"])
        _write_down(row, _("%(other)s is no longer merged into %(kept)s"), staff)

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
            if name.endswith("_id") and _as_text(current, name) != after:
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
    for label, pk, _told in _changed(row):
        for model, word in ((Charge, "charge"), (Payment, "payment"), (Refund, "refund")):
            if label == model._meta.label:
                refs.append(f"{word}:{pk}")
    since = LedgerEntry.objects.filter(
        household=row.kept, account=LedgerEntry.Account.FAMILY, ref__in=refs, at__gte=row.done_at
    ).aggregate(sum=Sum("amount"))["sum"]
    return Decimal(row.moved["balance"]) + money.round_to(since or Decimal(0), "")
