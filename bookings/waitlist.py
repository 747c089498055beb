"""The queue for a session: first come, first served by a number that is given out under the lock.

A freed place is given to the queue in the transaction that frees it. While anybody waits, no place is public:
Places.open is 0. A head that no longer fits is passed over with a reason and told; a very long row of such
heads is served in several transactions, and the place stays the queue's in between.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from projects.models import Institution

from . import instalments, locks, messages, money, owed
from .checks import OVER, CannotBook, Case, Facts, first_refusal
from .compiled import compiled_once
from .models import (
    Activity,
    Booking,
    BookingRules,
    Child,
    Guardian,
    Household,
    Offer,
    Places,
    PromoCode,
    Session,
    Source,
    WaitBlock,
    WaitEntry,
)
from .models.secrets import new_token, token_hash
from .places import Act, Hall, carry_out, count_in_block

# Heads looked at in one transaction beyond the free places: more are passed over in the next one.
SPARE = 20


class CannotJoin(CannotBook):
    """Why this child cannot wait here, in words for the guardian."""


class CannotLeave(Exception):
    """The wait is over already, in words for the guardian."""


class AlreadyAnswered(locks.Overtaken):
    """The offer is no longer open; `state` says what became of it. What has lapsed serves the queue."""

    def __init__(self, state: str, session: Session) -> None:
        words = {
            Offer.State.ACCEPTED: _("This offer is accepted already: the place is yours."),
            Offer.State.DECLINED: _("This offer was declined. Join the waiting list again if you like."),
        }
        lapsed = _("The time to answer is over: the place has gone to the next. Join the waiting list again?")
        super().__init__(words.get(state, lapsed))  # type: ignore[call-overload]
        self.state = state
        if state == Offer.State.LAPSED:
            self.then = lambda: serve_session(session)


class CapacityTooSmall(Exception):
    """More places are taken than there would be, in words for the office."""


def facts_of(sessions: Collection[Session], *, now: datetime | None = None) -> Facts:
    """What the checks know of sessions of one institution."""
    facts = Facts(now or timezone.now())
    facts.read_sessions(sessions)
    return facts


def user_of(by: Guardian | None, staff: User | None) -> int | None:
    """Whose act it is, for the history."""
    return staff.pk if staff else by.user_id if by else None


# --- serving ------------------------------------------------------------------------------------------------


@dataclass
class Heads:
    """The first of a queue, in turn, and the children they stand for."""

    hall: Hall
    entries: list[WaitEntry]

    @property
    def children(self) -> set[int]:
        return {entry.child_id for entry in self.entries}


def heads_of(hall: Hall, *, freed: int = 0) -> Heads:
    """Who is next for the free places and those about to be freed, with some to spare."""
    free = hall.places.free + freed
    if not (free and hall.places.waiting) or hall.places.is_closed:
        return Heads(hall, [])
    entries = WaitEntry.objects.waiting().filter(session=hall.session).in_turn()
    return Heads(hall, list(entries[: free + SPARE]))


def promote(act: Act, heads: Heads, children: dict[int, Child]) -> list[Booking]:
    """Give the free places to the heads that may have them. Their children are locked, the facts read."""
    promoted = []
    for entry in heads.entries:
        if not heads.hall.places.free:
            break
        entry.child = children[entry.child_id]
        right = act.facts.rights.get((entry.asked_by_id or 0, entry.child_id))
        if right:
            entry.asked_by = right.guardian
        language = entry.asked_by.language if entry.asked_by else act.facts.institution.language
        with translation.override(language):
            if booking := _promote_one(act, heads.hall, entry):
                promoted.append(booking)
        locks.step("head served")
    return promoted


def _promote_one(act: Act, hall: Hall, entry: WaitEntry) -> Booking | None:
    """A place, or an offer of one, for the head of the queue; None if it cannot have it."""
    entry.session = hall.session
    by, child, activity = entry.asked_by, entry.child, hall.session.activity
    instead_of = frozenset({entry.drops_id} if entry.drops_id else ())
    case = Case(act.facts, hall.session, child, by, instead_of, is_waiting=True)
    if refusal := first_refusal(case):
        is_over = refusal.code in OVER
        state = WaitEntry.State.CLOSED if is_over else WaitEntry.State.SKIPPED
        hall.end_wait(entry, state=state, reason=str(refusal))
        words = messages.CLOSED if is_over else messages.SKIPPED
        messages.tell_entry(act.journal, words, entry, why=str(refusal))
        return None
    household = by.household if by else None
    price = _price(hall.session, entry, household)
    must_answer = activity.promotion == Activity.Promotion.OFFER
    must_pay = bool(price.amount) and activity.paying == Activity.Paying.NOW
    until = answer_until(act.facts, activity.offer_hours) if must_answer or must_pay else None
    booking = hall.take(
        child,
        by=by,
        household=household,
        source=Source.QUEUE,
        price=price,
        hold_until=until,
        charge=until is None,
        # The rule may have changed since.
        parts=min(entry.parts, activity.most_parts),
    )
    act.facts.bookings[child.pk].append(booking)
    if until:
        _offer(act, hall, entry, booking, until)
    else:
        hall.end_wait(entry, state=WaitEntry.State.PROMOTED, booking=booking)
        messages.tell_booking(act.journal, messages.PROMOTED, booking)
        _drop_lower_choice_later(entry)
    return booking


def _price(session: Session, entry: WaitEntry, household: Household | None) -> money.Price:
    """With the promo code that was kept."""
    code = ""
    if entry.promo_code_id:
        # Locked, so that nobody uses it up between the price and the place.
        code = PromoCode.objects.select_for_update(no_key=True).get(pk=entry.promo_code_id).code
    return money.price_with_kept(session=session, child=entry.child, household=household, promo_code=code)


def _offer(act: Act, hall: Hall, entry: WaitEntry, booking: Booking, until: datetime) -> None:
    token = new_token()
    offer = Offer.objects.create(
        institution=act.facts.institution,
        entry=entry,
        booking=booking,
        token_hash=token_hash(token),
        expires_at=until,
    )
    hall.end_wait(entry, state=WaitEntry.State.OFFERED, booking=booking)
    act.journal.note(offer, after={"expires_at": until})
    words = {"until": messages.moment(until, booking), "token": token}
    messages.tell_offer(act.journal, messages.OFFERED, offer, **words)


def serve(act: Act, halls: Iterable[Hall]) -> list[Booking]:
    """Give what is free in these halls to their queues. Locks the heads' children."""
    queues = [heads for hall in halls if (heads := heads_of(hall)).entries]
    if not queues:
        return []
    children = lock_children_of(act, queues)
    return [booking for heads in queues for booking in promote(act, heads, children)]


def lock_children_of(
    act: Act, queues: Iterable[Heads], *others: int, pairs: Iterable[tuple[int | None, int]] = ()
) -> dict[int, Child]:
    """Lock all children that an act is about, in one go and one order; then read what the checks ask."""
    queues = list(queues)
    ids = {child for heads in queues for child in heads.children} | set(others)
    children = locks.lock_children(ids)
    entries = [entry for heads in queues for entry in heads.entries]
    act.facts.read_rights([*pairs, *((entry.asked_by_id, entry.child_id) for entry in entries)])
    act.facts.read_children(list(children.values()))
    return children


def serve_session(session: Session) -> list[Booking]:
    """End what has run out, and serve the queue until nothing is free or nobody is left."""
    promoted: list[Booking] = []
    facts = facts_of([session])

    def work(act: Act) -> bool:
        act.enter_halls()
        hall = act.halls[session.pk]
        hall.expire_holds()
        waited = hall.places.waiting
        promoted.extend(serve(act, [hall]))
        # On and on only while somebody leaves the queue: a counter that has drifted must not spin for ever.
        return bool(hall.places.free) and 0 < hall.places.waiting < waited

    while carry_out(facts, work, by=None):
        pass
    return promoted


def serve_all_due(*, institution: Institution | None = None, limit: int = 200) -> int:
    """For the worker, each minute: ended holds, and queues that a crash left with a free place. How many."""
    due = Q(next_hold_ends_at__lte=timezone.now()) | Q(waiting__gt=0, taken__lt=F("capacity") + F("extra"))
    rows = Places.objects.filter(due, is_closed=False)
    if institution:
        rows = rows.for_institution(institution)
    sessions = Session.objects.filter(places__in=rows).select_related("institution").order_by("pk")[:limit]
    for session in sessions:
        serve_session(session)
    drop_lower_choices()
    return len(sessions)


def rest_later(act: Act, hall: Hall) -> None:
    """The heads of one transaction were used up, and more wait for what is still free: go on after it."""
    if hall.places.free and hall.places.waiting and not hall.places.is_closed:
        transaction.on_commit(lambda: serve_session(hall.session), robust=True)


def answer_until(facts: Facts, hours: int) -> datetime:
    """So many hours from now, not counting those in which families are left alone."""
    rules = BookingRules.of(facts.institution)
    zone = ZoneInfo(facts.institution.time_zone)
    left, at = timedelta(hours=hours), facts.now
    while left:
        local = at.astimezone(zone)
        begins, ends = _next(local, rules.quiet_from), _next(local, rules.quiet_until)
        if rules.quiet_from == rules.quiet_until:
            return at + left
        if ends < begins:  # it is quiet now
            at = ends
            continue
        awake = min(left, begins - at)
        at, left = at + awake, left - awake
    return at


def _next(local: datetime, time: Any) -> datetime:
    """The next moment after `local` at which the clock shows that time."""
    then = local.replace(hour=time.hour, minute=time.minute, second=0, microsecond=0)
    then = then if then > local else then + timedelta(days=1)
    # As a moment, not as a reading of the clock: the clock may be changed in between.
    return then.astimezone(ZoneInfo("UTC"))


# --- joining and leaving ------------------------------------------------------------------------------------


def join(
    *,
    session: Session,
    child: Child,
    by: Guardian | None = None,
    staff: User | None = None,
    drops: Booking | None = None,
    band: int = WaitEntry.ORDINARY,
    band_reason: str = "",
    promo_code: str = "",
) -> WaitEntry:
    """The next number in the queue; who waits already keeps the number.

    `drops` is a place that is given up when this one comes; `band` a priority with its reason, given by the
    office; `promo_code` is kept for the place. Raises CannotBook, and CannotJoin where a place is free for
    all.
    """
    facts = facts_of([session])

    def work(act: Act) -> WaitEntry:
        act.enter_halls()
        hall = act.halls[session.pk]
        locked = lock_children_of(act, [], child.pk, pairs=[(by.pk if by else None, child.pk)])[child.pk]
        hall.expire_holds()
        facts.read_queue([locked])
        instead_of = frozenset({drops.pk} if drops else ())
        if refusal := first_refusal(Case(facts, hall.session, locked, by, instead_of)):
            raise refusal
        locks.step("checked")
        if hall.places.open:
            raise CannotJoin(_("There is a place in %s: book it.") % session, code="places-free")
        entry = enter_queue(
            act,
            hall,
            locked,
            by=by,
            drops=drops,
            band=band,
            band_reason=band_reason,
            promo_code=promo_code,
        )
        rest_later(act, hall)
        return entry

    return carry_out(facts, work, by=user_of(by, staff), reason=band_reason)


def enter_queue(
    act: Act,
    hall: Hall,
    child: Child,
    *,
    by: Guardian | None,
    drops: Booking | None = None,
    band: int = WaitEntry.ORDINARY,
    band_reason: str = "",
    promo_code: str = "",
    public_id: str = "",
    parts: int = 1,
) -> WaitEntry:
    """The checks have said yes, and there is no place: the next number, or the one that the child has."""
    code = money.code_for(hall.session, promo_code) if promo_code else None
    parts = instalments.allowed(session=hall.session, parts=parts)
    if (hall.session.pk, child.pk) in act.facts.waiting:
        waits = WaitEntry.objects.get(session=hall.session, child=child, state__in=WaitEntry.LIVE)
        if code:
            waits.promo_code = code
            waits.save(update_fields=["promo_code"])
        return waits
    right = act.facts.rights.get((by.pk if by else 0, child.pk))
    guardian = right.guardian if right else by
    entry = hall.enter(
        child,
        by=guardian,
        drops=drops,
        band=band,
        band_reason=band_reason,
        promo_code=code,
        public_id=public_id,
        parts=parts,
    )
    act.facts.waiting.add((hall.session.pk, child.pk))
    messages.tell_entry(act.journal, messages.WAITING, entry)
    return entry


def leave(
    *, entry: WaitEntry, by: Guardian | None = None, staff: User | None = None, reason: str = ""
) -> None:
    """Give up waiting. Raises CannotLeave if the wait is over, CannotBook if the child is not `by`'s."""
    facts = facts_of([entry.session])

    def work(act: Act) -> None:
        act.enter_halls()
        fresh = WaitEntry.objects.select_related("child").get(pk=entry.pk)
        may_answer(act.facts, fresh, by)
        if fresh.state != WaitEntry.State.WAITING:
            raise CannotLeave(_("This wait is over already."))
        fresh.session = entry.session
        state, why = WaitEntry.State.WITHDRAWN, reason or _("left the queue")
        act.halls[entry.session_id].end_wait(fresh, state=state, reason=why)

    carry_out(facts, work, by=user_of(by, staff), reason=reason)


def may_answer(facts: Facts, entry: WaitEntry, by: Guardian | None) -> None:
    """Any guardian who may book for the child may answer for it; without one the office does."""
    if by is None:
        return
    facts.read_rights([(by.pk, entry.child_id)])
    right = facts.rights.get((by.pk, entry.child_id))
    if right is None or not right.may_book:
        raise CannotBook(
            _("There is no such child on your list. Ask the office to add it."), code="not-yours"
        )


def set_band(*, entry: WaitEntry, band: int, reason: str, staff: User) -> None:
    """Another priority, with its reason. The number stays."""
    facts = facts_of([entry.session])

    def work(act: Act) -> None:
        act.enter_halls()
        fresh = WaitEntry.objects.select_related("child", "session").get(pk=entry.pk)
        if fresh.state != WaitEntry.State.WAITING:
            raise CannotLeave(_("This wait is over already."))
        before = {"band": fresh.band}
        count_in_block(fresh, -1)
        fresh.band = band
        fresh.band_reason = reason if band != WaitEntry.ORDINARY else ""
        fresh.save(update_fields=["band", "band_reason"])
        count_in_block(fresh, +1)
        act.journal.note(fresh, before=before, after={"band": band}, reason=reason)

    carry_out(facts, work, by=user_of(None, staff), reason=reason)


def close_queue(*, session: Session, reason: str, staff: User | None = None) -> int:
    """Nobody waits any more; all are told why. How many waited."""
    facts = facts_of([session])

    def work(act: Act) -> int:
        act.enter_halls()
        return close_entries(act, act.halls[session.pk], reason)

    return carry_out(facts, work, by=user_of(None, staff), reason=reason)


def close_entries(act: Act, hall: Hall, reason: str) -> int:
    waiting = WaitEntry.objects.waiting().filter(session=hall.session).in_turn()
    entries = list(waiting.select_related("child", "asked_by"))
    for entry in entries:
        entry.session = hall.session
        hall.end_wait(entry, state=WaitEntry.State.CLOSED, reason=reason)
        messages.tell_entry(act.journal, messages.CLOSED, entry, why=reason)
    return len(entries)


def change_capacity(
    *, session: Session, capacity: int, staff: User | None, reason: str = ""
) -> list[Booking]:
    """Another number of places. More serve the queue at once; fewer than are taken raise CapacityTooSmall."""
    facts = facts_of([session])

    def work(act: Act) -> list[Booking]:
        act.enter_halls()
        hall = act.halls[session.pk]
        places, before = hall.places, hall.places.capacity
        if places.taken > capacity + places.extra:
            raise CapacityTooSmall(
                _("%(taken)s places are taken: cancel some first, or leave at least %(least)s.")
                % {"taken": places.taken, "least": places.taken - places.extra}
            )
        Places.objects.filter(pk=places.pk).update(capacity=capacity)
        places.capacity = capacity
        act.journal.note(places, before={"capacity": before}, after={"capacity": capacity}, reason=reason)
        hall.expire_holds()
        promoted = serve(act, [hall])
        rest_later(act, hall)
        return promoted

    return carry_out(facts, work, by=user_of(None, staff), reason=reason)


# --- offers -------------------------------------------------------------------------------------------------


def offer_of_token(institution: Institution, token: str) -> Offer | None:
    offers = Offer.objects.for_institution(institution).filter(token_hash=token_hash(token))
    return offers.select_related("entry__session__activity", "entry__child", "booking").first()


def accept(*, offer: Offer, by: Guardian | None = None, staff: User | None = None) -> Booking:
    """The offered place is booked, or held for its payment. Raises AlreadyAnswered."""

    def work(act: Act, hall: Hall, fresh: Offer) -> Booking:
        booking, entry = fresh.booking, fresh.entry
        hall.close_offer(fresh, state=Offer.State.ACCEPTED, by=by)
        home = booking.household
        must_pay = bool(booking.price) and hall.session.activity.paying == Activity.Paying.NOW
        if must_pay and not staff and not (home and owed.credit_held(home) >= booking.price):
            until = act.now + timedelta(minutes=BookingRules.of(act.facts.institution).hold_minutes)
            hall.hold_until(booking, until)
            words = {"until": messages.moment(until, booking)}
            messages.tell_booking(act.journal, messages.HELD, booking, **words)
        else:
            hall.confirm(booking)
            messages.tell_booking(act.journal, messages.BOOKED, booking)
        instalments.charge_for_booking(booking=booking, price=money.agreed(booking))
        hall.end_wait(entry, state=WaitEntry.State.ACCEPTED)
        _drop_lower_choice_later(entry)
        return booking

    return _answer(offer, work, by=by, staff=staff)


def decline(*, offer: Offer, by: Guardian | None = None, staff: User | None = None) -> None:
    """The place goes to the next in the same transaction. Raises AlreadyAnswered."""

    def work(act: Act, hall: Hall, fresh: Offer) -> None:
        hall.close_offer(fresh, state=Offer.State.DECLINED, by=by)
        user = user_of(by, staff)
        hall.give_up(fresh.booking, state=Booking.State.EXPIRED, because="offer declined", by=user)
        hall.end_wait(fresh.entry, state=WaitEntry.State.DECLINED)
        serve(act, [hall])
        rest_later(act, hall)

    _answer(offer, work, by=by, staff=staff)


def _answer(offer: Offer, work: Callable[..., Any], *, by: Guardian | None, staff: User | None) -> Any:
    session = offer.entry.session
    facts = facts_of([session])

    def answer(act: Act) -> Any:
        act.enter_halls()
        hall = act.halls[session.pk]
        parts = ("entry__child", "entry__asked_by", "booking__child", "booking__household")
        fresh = Offer.objects.select_related(*parts).get(pk=offer.pk)
        may_answer(act.facts, fresh.entry, by)
        if fresh.state != Offer.State.OPEN:
            raise AlreadyAnswered(fresh.state, session)
        if fresh.expires_at <= act.now:
            raise AlreadyAnswered(Offer.State.LAPSED, session)
        fresh.entry.session = fresh.booking.session = hall.session
        locks.step("checked")
        return work(act, hall, fresh)

    return carry_out(facts, answer, by=user_of(by, staff))


# --- a lower choice that is given up ------------------------------------------------------------------------


def _drop_lower_choice_later(entry: WaitEntry) -> None:
    """Another session is another transaction: after this one, or when drop_lower_choices finds it."""
    if entry.drops_id:
        transaction.on_commit(lambda: drop_lower_choices(entry_id=entry.pk), robust=True)


def drop_lower_choices(*, entry_id: int | None = None) -> int:
    """Give up the places that were named when somebody moved up to a better one. How many."""
    from .booking import CannotCancel, cancel  # they serve each other's queues

    got = [WaitEntry.State.PROMOTED, WaitEntry.State.ACCEPTED]
    entries = WaitEntry.objects.filter(state__in=got, drops__state__in=Booking.LIVE)
    if entry_id:
        entries = entries.filter(pk=entry_id)
    dropped = 0
    for entry in entries.select_related("session__activity", "drops__session__institution"):
        try:
            cancel(booking=cast(Booking, entry.drops), reason=_("moved up to %s") % entry.session)
            dropped += 1
        except CannotCancel:
            pass  # it was given up otherwise in the meantime
    return dropped


# --- positions ----------------------------------------------------------------------------------------------


def position(entry: WaitEntry) -> int | None:
    """1 is next; None for who does not wait."""
    return positions([entry]).get(entry.pk)


def positions(entries: Iterable[WaitEntry]) -> dict[int, int]:
    """The positions of those who wait, by entry: exact, in one query, from sums of blocks of 256 numbers."""
    return {pk: before + beside + 1 for pk, before, beside in _positions([entry.pk for entry in entries])}


@compiled_once
def _positions(entries: list[int]) -> QuerySet[Any]:
    """Of each entry that waits: how many wait in the blocks before its own, and before it in its own."""
    asked = WaitEntry.objects.waiting().filter(pk__in=entries).order_by()
    of_session = {"session": OuterRef("session")}
    blocks = WaitBlock.objects.filter(
        Q(band__lt=OuterRef("band")) | Q(band=OuterRef("band"), block__lt=OuterRef("block")), **of_session
    )
    in_block = WaitEntry.objects.waiting().filter(
        **of_session,
        band=OuterRef("band"),
        seq__gte=OuterRef("block") * WaitBlock.SIZE,
        seq__lt=OuterRef("seq"),
    )
    return asked.annotate(block=F("seq") / WaitBlock.SIZE).values_list(
        "pk",
        Coalesce(Subquery(_of_all(blocks, Sum("waiting"))), 0),
        Coalesce(Subquery(_of_all(in_block, Count("pk"))), 0),
    )


def _of_all(rows: Any, sum_up: Any) -> Any:
    """One number for all rows, as a sub-select."""
    return rows.order_by().values("session").annotate(of_all=sum_up).values("of_all")
