"""What must be true of all places, queues and accounts, counted again from the rows.

The acts keep counters and orders; these functions were written apart from them and trust none. Each yields a
sentence for every fault. Run after every test of a race or a crash, and each night (check_invariants).
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import CharField, Count, F, Max, Min, Model, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from projects.models import Institution, OutboxMessage

from .models import (
    Booking,
    Charge,
    LedgerEntry,
    Meeting,
    Offer,
    Payment,
    Places,
    Refund,
    WaitBlock,
    WaitEntry,
    WriteOff,
)

Faults = Iterator[str]


def find_faults(institution: Institution | None = None) -> list[str]:
    """All that is wrong at this moment, of one institution or of all; [] is what everybody wants to read."""
    return [fault for check in CHECKS for fault in check(institution)]


def _rows(model: type[Model], institution: Institution | None) -> Any:
    rows = model._default_manager.all()
    return rows.filter(institution=institution) if institution else rows


def _number(rows: Any, count: Any = None) -> Any:
    """A sub-select: how many rows (or what sum) there are for the session of the Places row outside."""
    of_session = rows.filter(session=OuterRef("session")).order_by().values("session")
    return Coalesce(Subquery(of_session.annotate(number=count or Count("pk")).values("number")), 0)


def counters_count_the_rows(institution: Institution | None) -> Faults:
    live = Booking.objects.live()
    places = _rows(Places, institution).annotate(
        live=_number(live),
        beyond=_number(live.filter(is_extra=True)),
        queue=_number(WaitEntry.objects.waiting()),
        in_blocks=_number(WaitBlock.objects.all(), Sum("waiting")),
        numbers=_number(WaitEntry.objects.all()),
        highest=_number(WaitEntry.objects.all(), Max("seq")),
    )
    wrong = ~Q(taken=F("live")) | ~Q(extra=F("beyond")) | ~Q(waiting=F("queue"))
    wrong |= ~Q(waiting=F("in_blocks")) | ~Q(numbers=F("highest")) | ~Q(next_seq=F("highest") + 1)
    for row in places.filter(wrong):
        yield (
            f"Session {row.session_id}: counts {row.taken} taken, {row.extra} beyond, {row.waiting} waiting, "
            f"next number {row.next_seq}; there are {row.live}, {row.beyond}, {row.queue} "
            f"({row.in_blocks} in blocks), {row.numbers} numbers up to {row.highest}."
        )


def nothing_is_oversold(institution: Institution | None) -> Faults:
    places = _rows(Places, institution).annotate(live=_number(Booking.objects.live()))
    for row in places.filter(live__gt=F("capacity") + F("extra")):
        yield f"Session {row.session_id}: {row.live} live bookings for {row.capacity}+{row.extra} places."


def no_place_is_free_while_somebody_waits(institution: Institution | None) -> Faults:
    places = _rows(Places, institution).annotate(
        live=_number(Booking.objects.live()), queue=_number(WaitEntry.objects.waiting())
    )
    for row in places.filter(live__lt=F("capacity") + F("extra"), queue__gt=0):
        yield f"Session {row.session_id}: {row.queue} wait while a place is free."


def nobody_is_there_twice(institution: Institution | None) -> Faults:
    for model, states in ((Booking, Booking.LIVE), (WaitEntry, WaitEntry.LIVE)):
        rows = _rows(model, institution).filter(state__in=states).order_by()
        for twice in rows.values("session", "child").annotate(times=Count("pk")).filter(times__gt=1):
            yield (
                f"Child {twice['child']} has {twice['times']} live {model._meta.verbose_name_plural} "
                f"in session {twice['session']}."
            )


def nobody_is_passed_by(institution: Institution | None) -> Faults:
    """Without priorities places go out by number: nobody with a lower number still waits."""
    entries = _rows(WaitEntry, institution).filter(band_reason="").order_by("session", "seq")
    session, latest, first_waiting = None, 0, None
    for of, seq, state, booking in entries.values_list("session", "seq", "state", "booking"):
        if of != session:
            session, latest, first_waiting = of, 0, None
        if booking is not None:
            if booking < latest:
                yield f"Session {of}: number {seq} had its place before a lower number."
            if first_waiting:
                yield f"Session {of}: number {seq} has a place, and number {first_waiting} still waits."
            latest = max(latest, booking)
        elif state == WaitEntry.State.WAITING:
            first_waiting = first_waiting or seq


def nobody_is_in_two_places(institution: Institution | None) -> Faults:
    """Half open; a hold that has run out and a place about to be given up do not count."""
    now = timezone.now()
    given_up = WaitEntry.objects.filter(
        drops__isnull=False, state__in=[WaitEntry.State.PROMOTED, WaitEntry.State.ACCEPTED, "offered"]
    )
    bookings = _rows(Booking, institution).filter(state__in=Booking.LIVE)
    bookings = bookings.exclude(state="held", hold_until__lte=now)
    bookings = bookings.exclude(pk__in=given_up.values("drops"))
    # A place is kept until the one it is swapped for is paid.
    bookings = bookings.exclude(
        pk__in=Booking.objects.live().filter(replaces__isnull=False).values("replaces")
    )
    times = (
        Meeting.objects.live()
        .filter(session__bookings__in=bookings, ends_at__gt=now)
        .order_by("session__bookings__child", "starts_at")
        .values_list("session__bookings__child", "session", "starts_at", "ends_at")
    )
    child, until, there = None, now, None
    # The join finds every booking of the session: those that do not count are left out here.
    live = set(bookings.values_list("child", "session"))
    for of, session, starts_at, ends_at in times.distinct():
        if (of, session) not in live:
            continue
        if of != child:
            child, until, there = of, starts_at, None
        if starts_at < until and session != there:
            yield f"Child {of} is in sessions {there} and {session} at {starts_at:%Y-%m-%d %H:%M} UTC."
        if ends_at > until:
            until, there = ends_at, session


def offers_hold_their_places(institution: Institution | None) -> Faults:
    offers = _rows(Offer, institution).filter(state=Offer.State.OPEN)
    for offer in offers.exclude(entry__state="offered", booking__state="held"):
        yield f"Offer {offer.pk} is open, but its entry is not offered or its place not held."
    entries = _rows(WaitEntry, institution).filter(state=WaitEntry.State.OFFERED)
    for entry in entries.exclude(offers__state=Offer.State.OPEN):
        yield f"Wait entry {entry.pk} is offered a place by no open offer."


def holds_end_when_they_should(institution: Institution | None) -> Faults:
    held = Booking.objects.filter(state=Booking.State.HELD, session=OuterRef("session")).order_by()
    first = held.values("session").annotate(first=Min("hold_until")).values("first")
    places = _rows(Places, institution).annotate(first=Subquery(first)).filter(first__isnull=False)
    for row in places.filter(Q(next_hold_ends_at__isnull=True) | Q(next_hold_ends_at__gt=F("first"))):
        yield f"Session {row.session_id}: a hold ends at {row.first}, and nobody looks before."


def the_ledger_balances(institution: Institution | None) -> Faults:
    entries = _rows(LedgerEntry, institution).order_by().values("institution", "kind", "ref")
    for one in entries.annotate(total=Sum("amount")).exclude(total=0):
        yield f"Ledger {one['kind']} {one['ref']}: the entries differ by {one['total']}."


def what_moved_is_in_the_ledger(institution: Institution | None) -> Faults:
    """Each payment that came, refund that went, charge and what was taken back of it, debt that was let off
    stands there with its amount."""
    charges = _rows(Charge, institution)
    moved: tuple[tuple[Any, str, str, str, int], ...] = (
        (_rows(Payment, institution).filter(state="succeeded"), "payment", "payment", "amount", -1),
        (_rows(Refund, institution).filter(state="succeeded"), "refund", "refund", "amount", 1),
        (_rows(WriteOff, institution), "write-off", "writeoff", "amount", -1),
        (charges.filter(amount__gt=0), "charge", "charge", "amount", 1),
        (charges.filter(taken_back__gt=0), "charge", "reversal", "taken_back", -1),
    )
    wrong = []
    for rows, word, kind, amount, sign in moved:
        entries = LedgerEntry.objects.filter(
            ref=Concat(Value(f"{word}:"), Cast(OuterRef("pk"), CharField())), kind=kind, account="family"
        )
        found = rows.order_by().annotate(entered=Subquery(entries.values("amount")[:1]))
        found = found.filter(Q(entered__isnull=True) | ~Q(entered=F(amount) * sign))
        wrong.append(found.values_list(Value(word), "pk", amount, "entered"))
    for word, pk, amount, entered in wrong[0].union(*wrong[1:], all=True):
        yield f"The {word} {pk} of {amount} stands in the ledger with {entered}."


def places_are_charged_while_they_last(institution: Institution | None) -> Faults:
    live = Charge.objects.filter(cancelled_at__isnull=True, kind=Charge.Kind.PLACE, booking=OuterRef("pk"))
    bookings = _rows(Booking, institution).annotate(charge=Subquery(live.values("pk")[:1]))
    missing = Q(state=Booking.State.CONFIRMED, charge__isnull=True, price__gt=0, household__isnull=False)
    for booking in bookings.filter(missing):
        yield f"Booking {booking.pk} costs {booking.price}, and nobody owes it."
    ended = ~Q(state__in=Booking.LIVE) & Q(charge__isnull=False)
    for booking in bookings.filter(ended):
        yield f"Booking {booking.pk} has ended, and its charge {booking.charge} has not."


def messages_are_about_something(institution: Institution | None) -> Faults:
    """Each message about a place, a wait or an offer has its row."""
    messages = OutboxMessage.objects.filter(dedupe__isnull=False)
    if institution:
        messages = messages.filter(institution=institution)
    for word, model in (("booking", Booking), ("wait", WaitEntry), ("offer", Offer)):
        told: dict[int, int] = {}
        for pk, dedupe in messages.filter(dedupe__contains=f":{word}:").values_list("pk", "dedupe"):
            _institution, kind, row, *_rest = (dedupe or "").split(":")
            if kind == word and row.isdigit():
                told[int(row)] = pk
        known = set(model._default_manager.values_list("pk", flat=True)) if told else set()
        for lost in sorted(set(told) - known):
            yield f"Message {told[lost]} tells of {word} {lost}, which does not exist."


CHECKS = (
    counters_count_the_rows,
    nothing_is_oversold,
    no_place_is_free_while_somebody_waits,
    nobody_is_there_twice,
    nobody_is_passed_by,
    nobody_is_in_two_places,
    offers_hold_their_places,
    holds_end_when_they_should,
    the_ledger_balances,
    what_moved_is_in_the_ledger,
    places_are_charged_while_they_last,
    messages_are_about_something,
)
