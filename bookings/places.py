"""Places taken and given up, numbers given out: what acts do while they hold a session's Places row.

Nobody else writes Booking, WaitEntry, Offer, Places or WaitBlock. Counters change by what was added, not to
what was read: should a lock ever be missing, the database's CHECK refuses what would oversell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import F, Min
from django.utils import timezone

from projects import history

from . import instalments, locks, messages, money
from .checks import Facts
from .journal import Journal
from .models import (
    Booking,
    Child,
    Guardian,
    Household,
    Offer,
    Places,
    PromoCode,
    Session,
    WaitBlock,
    WaitEntry,
)
from .models.secrets import new_public_id

T = TypeVar("T")

COUNTERS = ("extra", "taken", "waiting", "next_seq")


@dataclass
class Hall:
    """A session whose Places row this act holds."""

    session: Session
    places: Places
    journal: Journal
    now: datetime

    def __post_init__(self) -> None:
        self.session.places = self.places
        self._was = {name: getattr(self.places, name) for name in (*COUNTERS, "next_hold_ends_at")}

    def take(
        self,
        child: Child,
        *,
        by: Guardian | None,
        household: Household | None,
        source: str,
        price: money.Price,
        hold_until: datetime | None = None,
        charge: bool = True,
        reason: str = "",
        is_extra: bool = False,
        public_id: str = "",
        parts: int = 1,
    ) -> Booking:
        """A place for the child: confirmed, or held until a moment."""
        is_held = hold_until is not None
        money.use_codes(price)
        booking = Booking(
            institution=self.journal.institution,
            session=self.session,
            child=child,
            public_id=public_id or new_public_id(),
            state=Booking.State.HELD if is_held else Booking.State.CONFIRMED,
            source=source,
            booked_by=by,
            household=household,
            price=price.amount,
            currency=self.journal.institution.currency,
            discounts=price.as_json,
            parts=parts,
            hold_until=hold_until,
            confirmed_at=None if is_held else self.now,
            reason=reason,
            is_extra=is_extra,
        )
        booking.save(force_insert=True)
        locks.step("booking written")
        self.places.taken += 1
        self.places.extra += is_extra
        if hold_until:
            self._hold_ends(hold_until)
        if charge:
            instalments.charge_for_booking(booking=booking, price=price)
        self.journal.note(booking, after={"state": booking.state, "source": source}, reason=reason)
        return booking

    def _hold_ends(self, at: datetime) -> None:
        first = self.places.next_hold_ends_at
        self.places.next_hold_ends_at = min(first, at) if first else at

    def hold_until(self, booking: Booking, at: datetime) -> None:
        booking.hold_until = at
        booking.save(update_fields=["hold_until"])
        self._hold_ends(at)

    def confirm(self, booking: Booking) -> None:
        before = {"state": booking.state}
        booking.state, booking.confirmed_at = Booking.State.CONFIRMED, self.now
        booking.sequence += 1
        booking.save(update_fields=["state", "confirmed_at", "sequence"])
        self.journal.note(booking, before=before, after={"state": booking.state})

    def give_up(
        self,
        booking: Booking,
        *,
        state: str,
        because: str,
        by: int | None = None,
        percent: Decimal | int = 100,
        kept_for: Decimal = Decimal(0),
    ) -> Decimal:
        """A live booking ends; its place is free. By how much less its household owes (see money)."""
        before = {"state": booking.state}
        booking.state, booking.ended_at = state, self.now
        booking.ended_by_id, booking.ended_because = by, because[:200]
        booking.sequence += 1
        booking.save(update_fields=["state", "ended_at", "ended_by", "ended_because", "sequence"])
        self.places.taken -= 1
        # A place beyond the capacity goes with whom it was given to.
        self.places.extra -= booking.is_extra
        self.journal.note(booking, before=before, after={"state": state}, reason=because)
        money.give_codes_back(booking)
        if not booking.price:
            return Decimal(0)
        return money.take_back_charge(booking=booking, percent=percent, kept_for=kept_for)

    def expire_holds(self) -> int:
        """Holds whose time is over end here, whether or not a worker is alive. How many."""
        due = self.places.next_hold_ends_at
        if due is None or due > self.now:
            return 0
        held = Booking.objects.filter(session=self.session, state=Booking.State.HELD)
        rows = list(
            held.filter(hold_until__lte=self.now)
            .select_related("child", "booked_by")
            .order_by("hold_until", "pk")
        )
        offers = {
            offer.booking_id: offer
            for offer in Offer.objects.filter(booking__in=rows, state=Offer.State.OPEN).select_related(
                "entry__child", "entry__asked_by"
            )
        }
        for booking in rows:
            booking.session = self.session
            self.give_up(booking, state=Booking.State.EXPIRED, because="hold ended")
            if offer := offers.get(booking.pk):
                self.close_offer(offer, state=Offer.State.LAPSED)
                self.end_wait(offer.entry, state=WaitEntry.State.LAPSED)
                messages.tell_offer(self.journal, messages.LAPSED, offer)
            else:
                messages.tell_booking(self.journal, messages.EXPIRED, booking)
        self.places.next_hold_ends_at = held.aggregate(first=Min("hold_until"))["first"]
        return len(rows)

    def close_offer(self, offer: Offer, *, state: str, by: Guardian | None = None) -> None:
        before = {"state": offer.state}
        offer.state, offer.answered_by = state, by
        offer.answered_at = None if state == Offer.State.LAPSED else self.now
        offer.save(update_fields=["state", "answered_by", "answered_at"])
        messages.take_back_offer(self.journal, offer)
        self.journal.note(offer, before=before, after={"state": state})

    def enter(
        self,
        child: Child,
        *,
        by: Guardian | None,
        band: int = WaitEntry.ORDINARY,
        band_reason: str = "",
        drops: Booking | None = None,
        promo_code: PromoCode | None = None,
        public_id: str = "",
        parts: int = 1,
    ) -> WaitEntry:
        """The next number in the queue."""
        entry = WaitEntry(
            institution=self.journal.institution,
            session=self.session,
            child=child,
            public_id=public_id or new_public_id(),
            asked_by=by,
            seq=self.places.next_seq,
            band=band,
            band_reason=band_reason,
            drops=drops,
            promo_code=promo_code,
            parts=parts,
        )
        entry.save(force_insert=True)
        locks.step("wait entry written")
        self.places.next_seq += 1
        self.places.waiting += 1
        count_in_block(entry, +1)
        self.journal.note(entry, after={"seq": entry.seq, "band": entry.band}, reason=band_reason)
        return entry

    def end_wait(
        self, entry: WaitEntry, *, state: str, reason: str = "", booking: Booking | None = None
    ) -> None:
        """A live entry ends, or a place is offered to it."""
        before = {"state": entry.state}
        if entry.state == WaitEntry.State.WAITING:
            self.places.waiting -= 1
            count_in_block(entry, -1)
        entry.state, entry.reason = state, reason[:300]
        entry.booking = booking or entry.booking
        entry.ended_at = None if entry.is_live else self.now
        entry.save(update_fields=["state", "reason", "booking", "ended_at"])
        self.journal.note(entry, before=before, after={"state": state}, reason=reason)

    def write(self) -> None:
        """The counters, in one statement. Last of all, and only if they changed."""
        changes: dict[str, Any] = {}
        for name in COUNTERS:
            if added := getattr(self.places, name) - self._was[name]:
                changes[name] = F(name) + added
        if self.places.next_hold_ends_at != self._was["next_hold_ends_at"]:
            changes["next_hold_ends_at"] = self.places.next_hold_ends_at
        if changes:
            Places.objects.filter(pk=self.places.pk).update(**changes)
        locks.step("places written")


def count_in_block(entry: WaitEntry, added: int) -> None:
    """Keep the sums that positions are made of."""
    block = {"session_id": entry.session_id, "band": entry.band, "block": entry.seq // WaitBlock.SIZE}
    rows = WaitBlock.objects.filter(**block)
    if not rows.update(waiting=F("waiting") + added):
        WaitBlock.objects.create(institution_id=entry.institution_id, **block, waiting=added)


class Act:
    """One act under way: its moment, what it knows, whose places it holds, what it leaves behind."""

    def __init__(self, facts: Facts, *, by: int | None, reason: str = "") -> None:
        self.facts = facts
        self.now = facts.now
        self.journal = Journal(facts.institution, by=by, reason=reason)
        self.halls: dict[int, Hall] = {}

    def enter_halls(self) -> None:
        """Lock the places of all sessions of the facts. The first lock of every act."""
        for session_id, places in locks.lock_places(self.facts.sessions).items():
            self.halls[session_id] = Hall(self.facts.sessions[session_id], places, self.journal, self.now)

    def close(self) -> None:
        for hall in self.halls.values():
            hall.write()
        self.journal.write()
        locks.step("before commit")


def carry_out(facts: Facts, work: Callable[[Act], T], *, by: int | None, reason: str = "") -> T:
    """Run an act in a transaction of its own. Raises Busy (bookings.locks) and whatever work raises."""

    def once() -> T:
        facts.now = max(facts.now, timezone.now())
        act = Act(facts, by=by, reason=reason)
        # The journal says in one line what the rows would say in ten.
        with history.quiet():
            result = work(act)
            act.close()
        return result

    result = locks.carry_out(once)
    locks.step("committed")
    return result
