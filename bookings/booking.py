"""Places given and given up: book, several at once, cancel, swap, force, confirm what was paid for.

Each act checks before the lock (to answer quickly) and again after it; the capacity comes last. Each is one
transaction: rows, counters, ledger, history, messages and the idempotency key stand or fall together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User

from . import instalments, keys, locks, messages, money, owed
from .checks import CannotBook, Case, Facts, NoPlace, duplicates_and_clashes, first_refusal, window
from .locks import Busy
from .models import (
    Activity,
    Booking,
    BookingRules,
    Child,
    Guardian,
    Household,
    Meeting,
    Offer,
    Places,
    Session,
    Source,
    WaitEntry,
)
from .models.secrets import new_public_id
from .places import Act, Hall, carry_out
from .waitlist import (
    CannotJoin,
    close_entries,
    enter_queue,
    facts_of,
    heads_of,
    lock_children_of,
    position,
    promote,
    rest_later,
    serve,
    serve_all_due,
    serve_session,
    user_of,
)

__all__ = ["Busy", "CannotBook", "CannotJoin", "NoPlace"]


class CannotCancel(Exception):
    """Why this place cannot be given up (any more), in words for the guardian."""


class PlaceGone(locks.Overtaken):
    """The money came too late: the place is somebody else's. Give the money back."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.then = lambda: serve_session(session)


class Wish(NamedTuple):
    session: Session
    child: Child


@dataclass
class Outcome:
    """What came of one wish: a place, a number in the queue, or why neither."""

    booking: Booking | None = None
    entry: WaitEntry | None = None
    refusal: CannotBook | None = None
    is_replay: bool = False

    @property
    def position(self) -> int | None:
        """In the queue, now."""
        return position(self.entry) if self.entry else None


class Cancelled(NamedTuple):
    """By how much less the household owes, and who moved up."""

    booking: Booking
    refund: Decimal
    promoted: list[Booking]


# --- booking ------------------------------------------------------------------------------------------------


def book(
    *,
    session: Session,
    child: Child,
    by: Guardian | None = None,
    staff: User | None = None,
    key: str = "",
    owner: str = "",
    source: str | None = None,
    or_queue: bool = False,
    drops: Booking | None = None,
    promo_code: str = "",
    parts: int = 1,
) -> Outcome:
    """A place for the child, or with or_queue a number in the queue for it.

    `by` is the guardian who books, `staff` whoever does so at the counter (for a guardian, or for a free
    place also without one). The same `key` again gives the same answer. `drops` is a place that is given up
    when the child moves up from the queue; in `parts` instalments it is paid. Raises CannotBook, NoPlace,
    Busy, and KeyUsedDifferently of bookings.keys.
    """
    [outcome] = book_many(
        wishes=[Wish(session, child)],
        by=by,
        staff=staff,
        key=key,
        owner=owner,
        source=source,
        or_queue=or_queue,
        drops=drops,
        promo_code=promo_code,
        parts=parts,
    )
    return outcome


def book_many(
    *,
    wishes: Sequence[Wish],
    by: Guardian | None = None,
    staff: User | None = None,
    key: str = "",
    owner: str = "",
    source: str | None = None,
    all_or_none: bool = True,
    or_queue: bool = False,
    drops: Booking | None = None,
    promo_code: str = "",
    parts: int = 1,
) -> list[Outcome]:
    """Several children or sessions in one transaction, in the order of the wishes.

    all_or_none: the first wish that cannot be had raises, and nothing is written. Otherwise each wish gets
    its own outcome. or_queue: where there is no place, the child joins the queue ("book what you can, queue
    the rest" is all_or_none=False with or_queue=True; all_or_none with or_queue refuses what may not be).
    """
    asked = _Asked(
        facts=facts_of([wish.session for wish in wishes]),
        wishes=wishes,
        by=by,
        staff=staff,
        key=key,
        owner=owner or _owner(by, staff),
        source=source or (Source.OFFICE if staff else Source.GUARDIAN),
        all_or_none=all_or_none,
        or_queue=or_queue,
        drops=drops,
        promo_code=promo_code,
        parts=parts,
    )
    try:
        if all_or_none:
            asked.answer_quickly()
        return carry_out(asked.facts, asked.work, by=user_of(by, staff))
    except CannotBook:
        # Refused now, but granted before under this key: the answer was lost, or the button pressed twice.
        if replay := asked.replay():
            return replay
        raise
    except IntegrityError as fault:
        if keys.is_taken(fault) and (replay := asked.replay()):
            return replay
        raise


@dataclass
class _Asked:
    """One call of book_many."""

    facts: Facts
    wishes: Sequence[Wish]
    by: Guardian | None
    staff: User | None
    key: str
    owner: str
    source: str
    all_or_none: bool
    or_queue: bool
    drops: Booking | None
    promo_code: str
    parts: int

    def __post_init__(self) -> None:
        # Given out before anything is written, so that the key's row tells from the start what comes of it.
        self.public_ids = [new_public_id() for _wish in self.wishes]

    def case(self, wish: Wish, child: Child, *, is_full: bool) -> Case:
        # What goes when the child moves up stays until then: it is in the way of a place that is had at once.
        instead_of = frozenset({self.drops.pk} if self.drops and is_full else ())
        return Case(self.facts, self.facts.sessions[wish.session.pk], child, self.by, instead_of)

    def answer_quickly(self) -> None:
        """Without any lock: most who come after the last place has gone need not wait to hear it."""
        cases = [self.case(wish, wish.child, is_full=self._is_full(wish)) for wish in self.wishes]
        is_full = not self.or_queue and any(self._is_full(wish) for wish in self.wishes)
        if not (is_full or any(next(window(case), None) for case in cases)):
            return
        self.facts.read_rights(self._pairs())
        self.facts.read_children([wish.child for wish in self.wishes])
        for wish, case in zip(self.wishes, cases, strict=True):
            if refusal := first_refusal(case):
                raise refusal
            if self._is_full(wish):
                raise NoPlace(session=wish.session, child=wish.child)

    def _is_full(self, wish: Wish) -> bool:
        places: Places = self.facts.sessions[wish.session.pk].places
        ends = places.next_hold_ends_at
        return not places.open and not (ends and ends <= self.facts.now)

    def _pairs(self) -> list[tuple[int | None, int]]:
        return [(self.by.pk if self.by else None, wish.child.pk) for wish in self.wishes]

    def work(self, act: Act) -> list[Outcome]:
        row = self._key.write([{"id": public_id} for public_id in self.public_ids])
        act.enter_halls()
        children = lock_children_of(act, [], *(wish.child.pk for wish in self.wishes), pairs=self._pairs())
        for hall in act.halls.values():
            hall.expire_holds()
        if any(hall.places.waiting for hall in act.halls.values()):
            self.facts.read_queue(list(children.values()))
        outcomes = [
            self._answer(act, wish, children[wish.child.pk], public_id)
            for wish, public_id in zip(self.wishes, self.public_ids, strict=True)
        ]
        for hall in act.halls.values():
            rest_later(act, hall)
        if row and any(outcome.refusal for outcome in outcomes):
            row.result = [
                _as_json(one, outcome) for one, outcome in zip(row.result or [], outcomes, strict=True)
            ]
            row.save(update_fields=["result"])
        return outcomes

    def _answer(self, act: Act, wish: Wish, child: Child, public_id: str) -> Outcome:
        hall = act.halls[wish.session.pk]
        try:
            if refusal := first_refusal(self.case(wish, child, is_full=not hall.places.open)):
                raise refusal
            locks.step("checked")
            if hall.places.open:
                return Outcome(booking=self._take(act, hall, child, public_id))
            if not self.or_queue:
                raise NoPlace(session=hall.session, child=child)
            entry = enter_queue(
                act,
                hall,
                child,
                by=self.by,
                drops=self.drops,
                promo_code=self.promo_code,
                public_id=public_id,
                parts=self.parts,
            )
            return Outcome(entry=entry)
        except CannotBook as refusal:
            if self.all_or_none:
                raise
            return Outcome(refusal=refusal)

    def _take(self, act: Act, hall: Hall, child: Child, public_id: str) -> Booking:
        parts = instalments.allowed(session=hall.session, parts=self.parts)
        right = self.facts.rights.get((self.by.pk if self.by else 0, child.pk))
        household = right.guardian.household if right else None
        price = money.price_for(
            session=hall.session, child=child, household=household, promo_code=self.promo_code
        )
        must_pay = bool(price.amount) and hall.session.activity.paying == Activity.Paying.NOW
        if must_pay and household and owed.credit_held(household) >= price.amount:
            must_pay = False  # its credit pays
        until = _hold_until(self.facts) if must_pay and not self.staff else None
        booking = hall.take(
            child,
            by=right.guardian if right else None,
            household=household,
            source=self.source,
            price=price,
            hold_until=until,
            public_id=public_id,
            parts=parts,
        )
        act.facts.bookings[child.pk].append(booking)
        if until:
            words = {"until": messages.moment(until, booking)}
            messages.tell_booking(act.journal, messages.HELD, booking, **words)
        else:
            messages.tell_booking(act.journal, messages.BOOKED, booking)
        return booking

    # --- the same question again ---

    @property
    def _key(self) -> keys.Key:
        wishes = [[wish.session.pk, wish.child.pk] for wish in self.wishes]
        asked = [wishes, self.all_or_none, self.or_queue, self.drops.pk if self.drops else None]
        if self.parts != 1:
            asked.append(self.parts)
        return keys.Key(self.facts.institution, self.owner, "book", self.key, [asked, self.promo_code])

    def replay(self) -> list[Outcome] | None:
        """The answer that was given under this key; None if there is none."""
        result = self._key.result()
        if result is None:
            return None
        ids = [one["id"] for one in result]
        found = {"institution": self.facts.institution, "public_id__in": ids}
        parts = ("session__activity", "child")
        bookings = {row.public_id: row for row in Booking.objects.filter(**found).select_related(*parts)}
        entries = {row.public_id: row for row in WaitEntry.objects.filter(**found).select_related(*parts)}
        return [
            Outcome(
                bookings.get(one["id"]),
                entries.get(one["id"]),
                CannotBook(one["refusal"], code=one["code"]) if "code" in one else None,
                is_replay=True,
            )
            for one in result
        ]


def _as_json(kept: dict[str, str], outcome: Outcome) -> dict[str, str]:
    if outcome.refusal is None:
        return kept
    return {**kept, "code": outcome.refusal.code, "refusal": str(outcome.refusal)}


def _owner(by: Guardian | None, staff: User | None) -> str:
    user = user_of(by, staff)
    return f"user:{user}" if user else f"guardian:{by.pk}" if by else "nobody"


def _hold_until(facts: Facts) -> datetime:
    return facts.now + timedelta(minutes=BookingRules.of(facts.institution).hold_minutes)


# --- giving up ----------------------------------------------------------------------------------------------


def refund_told(*, booking: Booking, at: datetime | None = None) -> Decimal:
    """How much comes back if the booking is cancelled now, by its policy; free of charge cancels free."""
    charged = booking.charges.filter(kind="place", cancelled_at=None).first() if booking.price else None
    if charged is None:
        return Decimal(0)
    percent = percent_back(booking.session, at or timezone.now())
    return money.round_to(charged.amount * percent / 100, charged.currency)


def percent_back(session: Session, at: datetime) -> int:
    """How much of a price comes back at that moment.

    All without a policy; else the step with the most days that lie before the first meeting.
    """
    policy = session.activity.refund_policy
    first = session.meetings.live().order_by("starts_at").values_list("starts_at", flat=True).first()
    if policy is None or first is None:
        return 100
    zone = ZoneInfo(session.institution.time_zone)
    days = (first.astimezone(zone).date() - at.astimezone(zone).date()).days
    fitting = [step for step in policy.steps.all() if step.days <= days]
    return max(fitting, key=lambda step: step.days).percent if fitting else 0


def cancel(
    *,
    booking: Booking,
    by: Guardian | None = None,
    staff: User | None = None,
    reason: str = "",
    percent: int | None = None,
) -> Cancelled:
    """The place is given up and goes to the queue in the same transaction.

    A guardian must be in time; the office may always, and may name how much comes back (percent).
    Raises CannotCancel; CannotBook (not-yours) if the child is not on the guardian's list.
    """
    facts = facts_of([booking.session])

    def work(act: Act) -> Cancelled:
        act.enter_halls()
        hall = act.halls[booking.session_id]
        fresh = _fresh(booking, hall)
        _must_be_theirs(act, fresh, by)
        if not fresh.is_live:
            raise CannotCancel(_("This place is given up already."))
        _must_be_in_time(act, fresh, by, staff)
        back = percent_back(hall.session, act.now) if percent is None else percent
        _end_offer(act, hall, fresh, by)
        refund = hall.give_up(
            fresh,
            state=Booking.State.CANCELLED,
            because=reason or _("cancelled"),
            by=user_of(by, staff),
            percent=back,
        )
        messages.tell_booking(act.journal, messages.CANCELLED, fresh)
        locks.step("cancelled")
        hall.expire_holds()
        promoted = serve(act, [hall])
        rest_later(act, hall)
        return Cancelled(fresh, refund, promoted)

    return carry_out(facts, work, by=user_of(by, staff), reason=reason)


def _fresh(booking: Booking, hall: Hall) -> Booking:
    """The booking as it is now that its session is locked."""
    fresh = Booking.objects.select_related("child", "booked_by", "household").get(pk=booking.pk)
    fresh.session = hall.session
    return fresh


def _must_be_theirs(act: Act, booking: Booking, by: Guardian | None) -> None:
    if by is None:
        return
    act.facts.read_rights([(by.pk, booking.child_id)])
    right = act.facts.rights.get((by.pk, booking.child_id))
    if right is None or not right.may_book:
        raise CannotBook(_("There is no such place on your list. Ask the office."), code="not-yours")


def _must_be_in_time(act: Act, booking: Booking, by: Guardian | None, staff: User | None) -> None:
    """Before the cut-off of the next meeting. The office, and what follows from other acts, may always."""
    if by is None or staff:
        return
    coming = Meeting.objects.live().filter(session=booking.session, starts_at__gt=act.now)
    following = coming.order_by("starts_at").values_list("starts_at", flat=True).first()
    if following is None:
        raise CannotCancel(_("%s is over, so there is nothing to cancel.") % booking.session)
    policy = booking.session.activity.refund_policy
    if policy and act.now > following - timedelta(hours=policy.cancel_hours):
        raise CannotCancel(
            _("It is too late to cancel here: less than %s hours before it begins. Ask the office.")
            % policy.cancel_hours
        )


def _end_offer(act: Act, hall: Hall, booking: Booking, by: Guardian | None) -> None:
    """A place that was only offered: whoever gives it up declines."""
    offers = Offer.objects.filter(booking=booking, state=Offer.State.OPEN)
    if offer := offers.select_related("entry__child", "entry__asked_by").first():
        offer.entry.session = hall.session
        hall.close_offer(offer, state=Offer.State.DECLINED, by=by)
        hall.end_wait(offer.entry, state=WaitEntry.State.DECLINED)


def swap(*, booking: Booking, to: Session, by: Guardian | None = None, staff: User | None = None) -> Booking:
    """Another session in place of this one, as one act: the old place goes only if there is a new one.

    What the old place cost comes off, what the new one costs is owed; of a difference in the family's favour
    by its refund policy. Where that must be paid at once, the new place is held and the old one kept until
    the difference is there. Raises CannotBook, CannotCancel.
    """
    facts = facts_of([booking.session, to])

    def work(act: Act) -> Booking:
        act.enter_halls()
        old, new = act.halls[booking.session_id], act.halls[to.pk]
        for hall in (old, new):
            hall.expire_holds()
        fresh = _fresh(booking, old)
        if not fresh.is_live:
            raise CannotCancel(_("This place is given up already."))
        if fresh.replaced_by.live().exists():
            raise CannotCancel(_("A swap of this place waits to be paid: pay for it, or give it up first."))
        queue = heads_of(old, freed=1)
        guardian = by or fresh.booked_by
        pairs = [(guardian.pk if guardian else None, fresh.child_id)]
        children = lock_children_of(act, [queue], fresh.child_id, pairs=pairs)
        _must_be_in_time(act, fresh, by, staff)
        child = children[fresh.child_id]
        if refusal := first_refusal(Case(facts, new.session, child, guardian, frozenset({fresh.pk}))):
            raise refusal
        if not new.places.open:
            raise NoPlace(session=to, child=child)
        right = facts.rights.get((guardian.pk if guardian else 0, child.pk))
        household = right.guardian.household if right else None
        had = fresh.discounts
        price = _price_moved(fresh, new.session, child, household)
        must_pay = new.session.activity.paying == Activity.Paying.NOW and not staff
        missing = price.amount - money.paid_for(fresh)
        if must_pay and missing > 0 and not (household and owed.credit_held(household) >= missing):
            # Until it is paid the promo code is the old place's: should the hold lapse, nothing has changed.
            money.take_codes_again(fresh, had)
            return _hold_swap(act, fresh, new, child, guardian, money.uncounted(price))
        taken = _take_for(act, new, child, guardian, source=fresh.source, price=price, parts=fresh.parts)
        percent = 100 if by is None or staff else percent_back(old.session, act.now)
        _give_up_for(act, old, fresh, taken, user_of(by, staff), percent)
        messages.tell_booking(act.journal, messages.BOOKED, taken)
        promote(act, queue, children)
        rest_later(act, old)
        return taken

    return carry_out(facts, work, by=user_of(by, staff))


def _price_moved(old: Booking, to: Session, child: Child, household: Household | None) -> money.Price:
    """The promo code of the old place goes along, if it counts for the new one."""
    code = money.code_of(old)
    money.give_codes_back(old)
    return money.price_with_kept(session=to, child=child, household=household, promo_code=code)


def _hold_swap(
    act: Act, old: Booking, new: Hall, child: Child, guardian: Guardian | None, price: money.Price
) -> Booking:
    """The new place until its payment is due; the old one stays."""
    until = _hold_until(act.facts)
    held = _take_for(
        act, new, child, guardian, source=old.source, price=price, hold_until=until, parts=old.parts
    )
    held.replaces = old
    held.save(update_fields=["replaces"])
    words = {"until": messages.moment(until, held)}
    messages.tell_booking(act.journal, messages.HELD, held, **words)
    return held


def _give_up_for(act: Act, hall: Hall, old: Booking, taken: Booking, by: int | None, percent: int) -> None:
    """The old place ends because there is a new one, and what was paid for it counts for that one.

    Of what the new one costs less, as much comes back as if that much had been cancelled.
    """
    money.carry_over(old=old, new=taken)
    money.move_codes(old=old, new=taken)
    for charge in taken.charges.filter(cancelled_at=None):
        instalments.mark(charge)
    because = _("swapped for %s") % taken.session
    hall.give_up(
        old,
        state=Booking.State.CANCELLED,
        because=because,
        by=by,
        percent=percent,
        kept_for=taken.price,
    )
    of_child = act.facts.bookings[taken.child_id]
    act.facts.bookings[taken.child_id] = [row for row in of_child if row.pk != old.pk]


def _take_for(
    act: Act,
    hall: Hall,
    child: Child,
    guardian: Guardian | None,
    *,
    source: str,
    price: money.Price | None = None,
    **more: Any,
) -> Booking:
    """A place at the price of today: confirmed and paid later, unless it is held until a moment."""
    right = act.facts.rights.get((guardian.pk if guardian else 0, child.pk))
    household: Household | None = right.guardian.household if right else None
    price = price or money.price_for(session=hall.session, child=child, household=household)
    more["parts"] = min(more.get("parts", 1), hall.session.activity.most_parts)
    by = right.guardian if right else None
    booking = hall.take(child, by=by, household=household, source=source, price=price, **more)
    act.facts.bookings[child.pk].append(booking)
    return booking


def force(*, session: Session, child: Child, staff: User, reason: str, by: Guardian | None = None) -> Booking:
    """A place by the office's decision, if need be beyond the capacity; windows, ages and limits aside.

    A child still cannot have two places at the same time. The caller has made sure that `staff` may do this.
    """
    if not reason.strip():
        raise CannotBook(_("Say why: a place beyond the rules needs a reason."), code="reason")
    facts = facts_of([session])

    def work(act: Act) -> Booking:
        act.enter_halls()
        hall = act.halls[session.pk]
        hall.expire_holds()
        pairs = [(by.pk if by else None, child.pk)]
        locked = lock_children_of(act, [], child.pk, pairs=pairs)[child.pk]
        if hall.places.is_closed:
            words = _("%s is called off. Choose another session.") % session
            raise CannotBook(words, code="cancelled-session")
        if refusal := next(duplicates_and_clashes(Case(facts, hall.session, locked, by)), None):
            raise refusal
        is_extra = not hall.places.open
        _leave_queue(act, hall, locked)
        booking = _take_for(act, hall, locked, by, source=Source.OFFICE, reason=reason, is_extra=is_extra)
        messages.tell_booking(act.journal, messages.BOOKED, booking)
        return booking

    return carry_out(facts, work, by=user_of(None, staff), reason=reason)


def _leave_queue(act: Act, hall: Hall, child: Child) -> None:
    """Who gets a place otherwise no longer waits for one."""
    entries = WaitEntry.objects.waiting().filter(session=hall.session, child=child)
    for entry in entries.select_related("asked_by"):
        entry.session, entry.child = hall.session, child
        hall.end_wait(entry, state=WaitEntry.State.WITHDRAWN, reason=_("has a place"))


def confirm(*, booking: Booking) -> Booking:
    """The money has come. A hold that is over still counts while the place is free and nobody waits.

    A place that was kept until a swap is paid goes now. Returns the booking that stands: another row if the
    old one had ended. Raises PlaceGone: give it back.
    """
    kept = booking.replaces
    facts = facts_of([booking.session, *([kept.session] if kept else [])])

    def work(act: Act) -> Booking:
        act.enter_halls()
        hall = act.halls[booking.session_id]
        fresh = _fresh(booking, hall)
        if fresh.state == Booking.State.CONFIRMED:
            return fresh
        is_late = fresh.state != Booking.State.HELD or bool(fresh.hold_until and fresh.hold_until <= act.now)
        if is_late:
            fresh = _confirm_late(act, hall, fresh)
        else:
            hall.confirm(fresh)
            messages.tell_booking(act.journal, messages.BOOKED, fresh)
        if kept:
            _finish_swap(act, kept, fresh)
        return fresh

    return carry_out(facts, work, by=None)


def _finish_swap(act: Act, kept: Booking, stands: Booking) -> None:
    hall = act.halls[kept.session_id]
    old = _fresh(kept, hall)
    if not old.is_live:
        return
    _give_up_for(act, hall, old, stands, None, percent_back(hall.session, act.now))
    serve(act, [hall])
    rest_later(act, hall)


def _confirm_late(act: Act, hall: Hall, booking: Booking) -> Booking:
    """Others may have booked, and this child elsewhere, since the hold ran out."""
    pairs = [(booking.booked_by_id, booking.child_id)]
    child = lock_children_of(act, [], booking.child_id, pairs=pairs)[booking.child_id]
    if booking.state == Booking.State.CANCELLED or hall.places.waiting or hall.places.is_closed:
        raise PlaceGone(hall.session)
    instead_of = frozenset({booking.replaces_id} if booking.replaces_id else ())
    case = Case(act.facts, hall.session, child, booking.booked_by, instead_of)
    if next(duplicates_and_clashes(case), None):
        raise PlaceGone(hall.session)
    if booking.state == Booking.State.HELD:
        hall.confirm(booking)
    elif hall.places.open:
        # At the price that was asked for, which is what was paid.
        price = money.agreed(booking)
        booking = _take_for(
            act,
            hall,
            child,
            booking.booked_by,
            source=booking.source,
            price=price,
            parts=booking.parts,
        )
    else:
        raise PlaceGone(hall.session)
    messages.tell_booking(act.journal, messages.BOOKED, booking)
    return booking


def extend_hold(*, booking: Booking, until: datetime) -> bool:
    """A payment is under way: the place is held longer. False if the hold is over already."""
    facts = facts_of([booking.session])

    def work(act: Act) -> bool:
        act.enter_halls()
        hall = act.halls[booking.session_id]
        fresh = _fresh(booking, hall)
        if fresh.state != Booking.State.HELD or fresh.hold_until is None or fresh.hold_until <= act.now:
            return False
        hall.hold_until(fresh, max(fresh.hold_until, until))
        return True

    return carry_out(facts, work, by=None)


def call_off(*, session: Session, staff: User | None, reason: str) -> int:
    """The session does not take place: places end and are not charged, the queue closes. How many places."""
    facts = facts_of([session])

    def work(act: Act) -> int:
        act.enter_halls()
        hall = act.halls[session.pk]
        rows = list(
            Booking.objects.live()
            .filter(session=session)
            .select_related("child", "booked_by", "household")
            .order_by("pk")
        )
        for booking in rows:
            booking.session = hall.session
            _end_offer(act, hall, booking, None)
            hall.give_up(booking, state=Booking.State.CANCELLED, because=reason, by=user_of(None, staff))
            messages.tell_booking(act.journal, messages.CALLED_OFF, booking, why=reason)
        close_entries(act, hall, reason)
        Places.objects.filter(pk=hall.places.pk).update(is_closed=True, next_hold_ends_at=None)
        before = {"state": session.state}
        Session.objects.filter(pk=session.pk).update(state=Session.State.CANCELLED)
        coming = Meeting.objects.live().filter(session=session, starts_at__gt=act.now)
        coming.update(cancelled_at=act.now, cancelled_because=reason[:200])
        act.journal.note(session, before=before, after={"state": Session.State.CANCELLED}, reason=reason)
        return len(rows)

    return carry_out(facts, work, by=user_of(None, staff), reason=reason)


expire_due: Callable[..., int] = serve_all_due
