"""A family's whole picture in a constant number of queries: places, queues, coming days, clashes, money."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

from django.db.models import Exists, OuterRef, Q, Sum
from django.utils import timezone

from projects.models import BusyTime

from . import families
from .models import (
    AbsenceNotice,
    Booking,
    Charge,
    Child,
    Guardian,
    Guardianship,
    Household,
    LedgerEntry,
    LinkRequest,
    Meeting,
    MeetingGuest,
    Offer,
    Payment,
    Preference,
    WaitEntry,
)
from .waitlist import positions

DAYS = 14


@dataclass
class Item:
    """Something in a child's diary: a meeting of a booked session, or an exam."""

    starts_at: datetime
    ends_at: datetime
    what: str
    meeting: Meeting | None = None
    booking: Booking | None = None
    guest: MeetingGuest | None = None
    is_absent: bool = False
    # What else is at that time.
    clashes: list[str] = field(default_factory=list)

    @property
    def is_off(self) -> bool:
        return bool(self.meeting and self.meeting.cancelled_at)


@dataclass
class ChildGlance:
    right: Guardianship
    # Bookings that know whether they need a payment; wait entries with their open offer and position.
    bookings: list[Any] = field(default_factory=list)
    waits: list[Any] = field(default_factory=list)
    diary: list[Item] = field(default_factory=list)
    ended: list[Booking] = field(default_factory=list)
    wishes: list[Preference] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    @property
    def child(self) -> Child:
        return self.right.child

    @property
    def next_up(self) -> Item | None:
        return next((item for item in self.diary if not item.is_off), None)


@dataclass
class Glance:
    children: list[ChildGlance]
    requests: list[LinkRequest]
    balance: Decimal
    payments: list[Payment]

    @property
    def offers(self) -> list[Any]:
        return [wait for one in self.children for wait in one.waits if wait.open_offer]

    @property
    def held(self) -> list[Any]:
        """Places that wait for their payment."""
        return [row for one in self.children for row in one.bookings if row.needs_payment]


def of(guardian: Guardian, *, now: datetime | None = None) -> Glance:
    now = now or timezone.now()
    children = {row.child_id: ChildGlance(row) for row in families.guardianships(guardian)}
    _add_bookings(children, now)
    _add_waits(children)
    _add_diary(children, now)
    household = guardian.household
    entries = LedgerEntry.objects.for_institution(guardian.institution).filter(
        household=household, account=LedgerEntry.Account.FAMILY
    )
    return Glance(
        children=list(children.values()),
        requests=list(guardian.link_requests.filter(state=LinkRequest.State.OPEN)),
        balance=(entries.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)) - _lapsed(children, household),
        payments=list(
            Payment.objects.for_institution(guardian.institution)
            .filter(household=household, state=Payment.State.SUCCEEDED)
            .order_by("-settled_at")[:5]
        ),
    )


def _lapsed(children: dict[int, ChildGlance], household: Household) -> Decimal:
    """What stands in the account for holds that nobody has swept away yet."""
    ended: list[Any] = [
        row for one in children.values() for row in one.ended if hasattr(row, "has_just_lapsed")
    ]
    mine = [row for row in ended if row.is_charged and row.household_id == household.pk]
    return sum((row.price for row in mine), Decimal(0))


def _add_bookings(children: dict[int, ChildGlance], now: datetime) -> None:
    recently = Q(state__in=Booking.LIVE) | Q(ended_at__gte=now - timedelta(days=60))
    rows: Any = (
        Booking.objects.filter(recently, child__in=children)
        .annotate(is_charged=Exists(Charge.objects.filter(booking=OuterRef("pk"), cancelled_at=None)))
        .select_related("session__activity__category", "session__location", "session__term")
        .order_by("session__weekday", "session__starts", "pk")
    )
    for row in rows:
        one = children[row.child_id]
        row.child = one.child
        if row.has_lapsed(now):
            # What was held and not taken up in time is nobody's any more, also before a worker says so.
            row.state, row.has_just_lapsed = Booking.State.EXPIRED, True
        row.needs_payment = row.state == Booking.State.HELD
        is_live = row.state == Booking.State.CONFIRMED or row.needs_payment
        (one.bookings if is_live else one.ended).append(row)


def _add_waits(children: dict[int, ChildGlance]) -> None:
    rows: list[Any] = list(
        WaitEntry.objects.filter(child__in=children, state__in=WaitEntry.LIVE)
        .select_related("session__activity__category", "session__places")
        .order_by("pk")
    )
    offers = {row.entry_id: row for row in Offer.objects.filter(entry__in=rows, state=Offer.State.OPEN)}
    places = positions([row for row in rows if row.state == WaitEntry.State.WAITING])
    for row in rows:
        one = children[row.child_id]
        row.child = one.child
        row.open_offer, row.position = offers.get(row.pk), places.get(row.pk)
        if row.open_offer:
            # The offer's own place is shown with the offer.
            one.bookings = [other for other in one.bookings if other.pk != row.open_offer.booking_id]
        one.waits.append(row)


def _add_diary(children: dict[int, ChildGlance], now: datetime) -> None:
    until = now + timedelta(days=DAYS)
    booked: dict[int, list[Booking]] = {}
    for one in children.values():
        for booking in one.bookings:
            booked.setdefault(booking.session_id, []).append(booking)
    coming = Meeting.objects.filter(session__in=booked).between(now, until)
    meetings = list(coming.select_related("location", "session__location").order_by("starts_at"))
    absent = set(
        AbsenceNotice.objects.filter(child__in=children, meeting__in=meetings).values_list("meeting", "child")
    )
    for meeting in meetings:
        for booking in booked[meeting.session_id]:
            is_absent = (meeting.pk, booking.child_id) in absent
            item = Item(
                meeting.starts_at,
                meeting.ends_at,
                booking.session.activity.name,
                meeting,
                booking,
                is_absent=is_absent,
            )
            children[booking.child_id].diary.append(item)
    _add_guests(children, now, until)
    _add_exams(children, now, until)
    for one in children.values():
        one.diary.sort(key=lambda item: (item.starts_at, item.ends_at))
        _mark_clashes(one.diary)


def _add_guests(children: dict[int, ChildGlance], now: datetime, until: datetime) -> None:
    """Single meetings that a child may come to without a place."""
    coming = Meeting.objects.between(now, until)
    rows = MeetingGuest.objects.filter(child__in=children, meeting__in=coming).select_related(
        "meeting__location", "meeting__session__location", "meeting__session__activity__category"
    )
    for row in rows:
        meeting = row.meeting
        what = f"{meeting.session.activity.name} ({row.get_kind_display()})"
        children[row.child_id].diary.append(
            Item(meeting.starts_at, meeting.ends_at, what, meeting, guest=row)
        )


def _add_exams(children: dict[int, ChildGlance], now: datetime, until: datetime) -> None:
    """What the institution's registry knows of the same child: its exams."""
    people: dict[int, list[ChildGlance]] = {}
    for one in children.values():
        if one.child.person_id:
            people.setdefault(one.child.person_id, []).append(one)
    if not people:
        return
    for busy in BusyTime.objects.filter(person__in=people).between(now, until):
        for one in people[busy.person_id]:
            one.diary.append(Item(busy.starts_at, busy.ends_at, busy.what))


def _mark_clashes(diary: list[Item]) -> None:
    held = [item for item in diary if not (item.is_off or item.is_absent)]
    for first, second in combinations(held, 2):
        if second.starts_at >= first.ends_at:
            continue
        if second.what not in first.clashes:
            first.clashes.append(second.what)
        if first.what not in second.clashes:
            second.clashes.append(first.what)
