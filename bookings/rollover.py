"""From one term to the next: years move up, leavers free their places, sessions are copied to the new dates.

Looked at first (plan_of), then done as one transaction (roll_over). Done again it changes nothing: a session
knows what it was copied from, and a term whether its children have moved up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history

from . import booking as places
from . import locks, timetable, waitlist
from .models import Booking, Child, Meeting, Places, Session, SignUpWindow, Term, WaitEntry, YearGroup
from .timetable import Dates


class CannotRollOver(Exception):
    """Why this term cannot go over into that one, in words for the office."""


class Move(NamedTuple):
    """The children of a year, who move on together."""

    year: YearGroup
    to: YearGroup
    children: list[Child]


class Leaver(NamedTuple):
    """A child of the last year, with the places and queues it gives up."""

    child: Child
    bookings: list[Booking]
    waits: list[WaitEntry]


class Copy(NamedTuple):
    """A session and its dates in the new term."""

    session: Session
    dates: list[Dates]


@dataclass
class Plan:
    """What a roll-over would do, or did."""

    term: Term
    to: Term
    moves: list[Move] = field(default_factory=list)
    leavers: list[Leaver] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    # Sessions that were copied before.
    copied_before: int = 0

    @property
    def moved_children(self) -> int:
        return sum(len(move.children) for move in self.moves)

    @property
    def freed_places(self) -> int:
        return sum(len(leaver.bookings) for leaver in self.leavers)

    @property
    def with_places(self) -> list[Leaver]:
        return [leaver for leaver in self.leavers if leaver.bookings or leaver.waits]

    @property
    def without_places(self) -> list[Leaver]:
        return [leaver for leaver in self.leavers if not (leaver.bookings or leaver.waits)]

    @property
    def is_empty(self) -> bool:
        return not (self.moves or self.leavers or self.copies)


def plan_of(*, term: Term, to: Term, moves_up: bool = True, copies: bool = True) -> Plan:
    """What rolling `term` over into `to` (saved or not) would do now. Raises CannotRollOver."""
    if to.starts_on <= term.ends_on:
        raise CannotRollOver(
            _("%(to)s begins before %(term)s ends: choose a later term, or put its days right.")
            % {"to": to, "term": term}
        )
    plan = Plan(term, to)
    if moves_up and term.rolled_over_at is None:
        _plan_children(plan)
    if copies:
        _plan_copies(plan)
    return plan


def _plan_children(plan: Plan) -> None:
    here = plan.term.institution
    years = {year.pk: year for year in YearGroup.objects.for_institution(here)}
    pupils = Child.objects.for_institution(here).filter(
        left_on__isnull=True, erased_at__isnull=True, merged_into__isnull=True, year_group__isnull=False
    )
    of_year: dict[int, list[Child]] = {}
    for child in pupils.order_by("family_name", "given_name", "pk"):
        of_year.setdefault(child.year_group_id or 0, []).append(child)
    last = [child for year, children in of_year.items() if not years[year].next_id for child in children]
    plan.moves = [
        Move(year, years[year.next_id], of_year[year.pk])
        for year in years.values()
        if year.next_id and year.pk in of_year
    ]
    plan.leavers = _leavers(last, plan.term)


def _leavers(children: list[Child], term: Term) -> list[Leaver]:
    """With what they have after the term's last day: until then their places are theirs."""
    zone = ZoneInfo(term.institution.time_zone)
    after = datetime.combine(term.ends_on + timedelta(days=1), datetime.min.time(), zone)
    later = Meeting.objects.live().filter(starts_at__gte=max(after, timezone.now())).values("session")
    theirs = {"child__in": children, "session__in": later}
    bookings: dict[int, list[Booking]] = {}
    for row in Booking.objects.live().filter(**theirs).select_related("session__activity").order_by("pk"):
        bookings.setdefault(row.child_id, []).append(row)
    waits: dict[int, list[WaitEntry]] = {}
    for entry in WaitEntry.objects.waiting().filter(**theirs).select_related("session__activity"):
        waits.setdefault(entry.child_id, []).append(entry)
    return [Leaver(child, bookings.get(child.pk, []), waits.get(child.pk, [])) for child in children]


def _plan_copies(plan: Plan) -> None:
    here = plan.term.institution
    copied = set()
    if plan.to.pk:
        there = Session.objects.for_institution(here).filter(term=plan.to, rolled_from__isnull=False)
        copied = set(there.values_list("rolled_from", flat=True))
    closures = timetable.closures_of(here)
    sessions = (
        Session.objects.for_institution(here)
        .filter(term=plan.term, state=Session.State.OPEN)
        .select_related("institution", "activity", "places", "location", "tutor")
        .prefetch_related(
            Prefetch("meetings", Meeting.objects.live().filter(is_make_up=False), to_attr="kept_dates")
        )
    )
    for session in sessions:
        if session.pk in copied:
            plan.copied_before += 1
        else:
            plan.copies.append(Copy(session, _new_dates(session, plan, closures)))


def _new_dates(session: Any, plan: Plan, closures: Iterable[Any]) -> list[Dates]:
    """Weekly ones over the new term; others so many weeks later, at the same hour of the clock."""
    if session.weekday is not None and session.starts and session.ends:
        return timetable.weekly_dates(session, term=plan.to, closures=closures)
    zone = ZoneInfo(session.institution.time_zone)
    later = weeks_between(plan.term, plan.to)
    moved = []
    for meeting in session.kept_dates:
        begins, ends = (shifted(moment, later, zone) for moment in (meeting.starts_at, meeting.ends_at))
        day = begins.date()
        if plan.to.starts_on <= day <= plan.to.ends_on and not timetable.is_closed(day, closures):
            moved.append(Dates(begins, ends))
    return moved


def weeks_between(term: Term, to: Term) -> timedelta:
    """Whole weeks, so that a Tuesday stays a Tuesday."""
    mondays = [day - timedelta(days=day.weekday()) for day in (term.starts_on, to.starts_on)]
    return mondays[1] - mondays[0]


def shifted(moment: datetime, later: timedelta, zone: ZoneInfo) -> datetime:
    """So many days later at the same hour of the clock, whatever was done to the clock in between."""
    local = moment.astimezone(zone)
    return datetime.combine(local.date() + later, local.time(), zone)


def roll_over(
    *, term: Term, to: Term, staff: User | None, moves_up: bool = True, copies: bool = True
) -> Plan:
    """Do what plan_of says, all of it or nothing; return what was done. Raises CannotRollOver, Busy."""
    is_new = to.pk is None

    def work() -> Plan:
        locked = Term.objects.select_for_update(of=("self",)).select_related("institution").get(pk=term.pk)
        if is_new:
            to.pk, to._state.adding = None, True  # the try before was undone
        plan = plan_of(term=locked, to=to, moves_up=moves_up, copies=copies)
        with history.acting(by=staff, reason=_("%(term)s rolled over") % {"term": locked}):
            if is_new:
                to.save()
            _free(plan, staff)
            _move_up(plan)
            for copy in plan.copies:
                _write_copy(copy, plan)
            if moves_up and locked.rolled_over_at is None:
                locked.rolled_over_at = timezone.now()
                locked.save(update_fields=["rolled_over_at"])
            _write_down(plan)
        return plan

    return locks.carry_out(work)


def _free(plan: Plan, staff: User | None) -> None:
    """By the acts that everybody's places end by, so that their queues are served. All locks in one order."""
    ended = [row for leaver in plan.leavers for row in leaver.bookings]
    waits = [entry for leaver in plan.leavers for entry in leaver.waits]
    locks.lock_places({row.session_id for row in ended} | {entry.session_id for entry in waits})
    # Whoever leaves is not to move up into a place that another leaver frees.
    Child.objects.filter(pk__in=[leaver.child.pk for leaver in plan.leavers]).update(
        left_on=plan.term.ends_on
    )
    reason = _("has left the school")
    for entry in waits:
        waitlist.leave(entry=entry, staff=staff, reason=reason)
    for row in sorted(ended, key=lambda row: row.session_id):
        places.cancel(booking=row, staff=staff, reason=reason, percent=100)


def _move_up(plan: Plan) -> None:
    """All years at once: nobody moves twice, because who moves was read before anybody did."""
    for move in plan.moves:
        Child.objects.filter(pk__in=[child.pk for child in move.children]).update(year_group=move.to)


def _write_copy(copy: Copy, plan: Plan) -> Session:
    """A draft: the office looks it through before families see it. A ballot is not copied."""
    old = copy.session
    zone = ZoneInfo(old.institution.time_zone)
    later = weeks_between(plan.term, plan.to)

    def at(moment: datetime | None) -> datetime | None:
        return shifted(moment, later, zone) if moment else None

    def on(day: date | None) -> date | None:
        return day + later if day else None

    new = Session.objects.create(
        institution_id=old.institution_id,
        activity=old.activity,
        term=plan.to,
        name=old.name,
        state=Session.State.DRAFT,
        tutor=old.tutor,
        location=old.location,
        weekday=old.weekday,
        starts=old.starts,
        ends=old.ends,
        price=old.price,
        fewest=old.fewest,
        decide_on=on(old.decide_on),
        opens_at=at(old.opens_at),
        closes_at=at(old.closes_at),
        last_joining_on=on(old.last_joining_on),
        rolled_from=old,
    )
    Places.objects.create(institution_id=old.institution_id, session=new, capacity=old.places.capacity)
    with history.quiet():
        SignUpWindow.objects.bulk_create(
            SignUpWindow(
                institution_id=old.institution_id,
                session=new,
                year_group_id=window.year_group_id,
                opens_at=shifted(window.opens_at, later, zone),
                closes_at=at(window.closes_at),
            )
            for window in old.windows.all()
        )
        Meeting.objects.bulk_create(
            Meeting(institution_id=old.institution_id, session=new, **dates._asdict()) for dates in copy.dates
        )
    return new


def _write_down(plan: Plan) -> None:
    """One line that sums it up, unless there was nothing to do."""
    if plan.is_empty:
        return
    history.note(
        institution=plan.term.institution,
        what=_("%(term)s rolled over into %(to)s") % {"term": plan.term, "to": plan.to},
        model=Term,
        after={
            "moved_up": plan.moved_children,
            "left": len(plan.leavers),
            "places_freed": plan.freed_places,
            "sessions_copied": len(plan.copies),
        },
    )


def open_drafts(sessions: Iterable[Session]) -> int:
    """Drafts stand in the catalogue from now on; how many."""
    drafts = Session.objects.filter(pk__in=[row.pk for row in sessions], state=Session.State.DRAFT)
    return drafts.update(state=Session.State.OPEN)
