"""May this child have a place here? Five checks in this order; whether there is one comes last.

    ownership → time and sign-up window → duplicates and clashes → eligibility and limits → payment

Pages ask refusals() for what to say; acts ask again after the lock. Bookings, the queue and the ballot ask
the same checks, so that nobody comes in by one door who would be refused at another.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import DateTimeField, QuerySet, Value
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from projects import people
from projects.models import BusyTime, Institution

from .compiled import compiled_once
from .models import (
    Activity,
    Booking,
    Child,
    Consent,
    ConsentKind,
    EmergencyContact,
    Guardian,
    Guardianship,
    Invitee,
    Meeting,
    Session,
    SignUpWindow,
    WaitEntry,
)


class CannotBook(Exception):
    """Why this child cannot have this place, in words for the guardian; `code` says it to programs.

    What else is known stands in attributes: opens_at (not-open-yet), consents (needs-consent), …
    """

    def __init__(self, words: str, *, code: str, **more: Any) -> None:
        super().__init__(words)
        self.code = code
        self.opens_at: datetime | None = None
        self.consents: list[Any] = []
        self.session: Session | None = None
        self.child: Child | None = None
        self.__dict__.update(more)


class NoPlace(CannotBook):
    """All places are taken, or others wait for the next: offer the queue."""

    def __init__(self, **more: Any) -> None:
        super().__init__(_("The last place has just gone. Join the waiting list?"), code="full", **more)


# These end a wait for good: there is nothing left to wait for.
OVER = frozenset({"past", "closed", "cancelled-session"})

# Each more doubles the time that PostgreSQL takes to plan the query.
SESSION_PARTS = [
    "activity__category",
    "term",
    "location",
    "ballot",
    "places",
]


class Window(NamedTuple):
    """When one year group may sign up."""

    opens_at: datetime | None
    closes_at: datetime | None


@compiled_once
def _sessions(ids: list[int]) -> QuerySet[Session]:
    return Session.objects.filter(pk__in=ids).select_related(*SESSION_PARTS).order_by()


@compiled_once
def _rules(activities: list[int], sessions: list[int]) -> QuerySet[Any]:
    """Which years may come, when they may sign up and what consents it takes, in one query."""
    never = Value(None, output_field=DateTimeField())
    years = Activity.year_groups.through.objects.filter(activity__id__in=activities)
    consents = Activity.consents.through.objects.filter(activity__id__in=activities)
    windows = SignUpWindow.objects.filter(session__id__in=sessions).order_by()
    # The windows first: what type the moments have, PostgreSQL sees by them.
    rows = windows.values_list(Value("window"), "session_id", "year_group_id", "opens_at", "closes_at")
    return rows.union(
        years.values_list(Value("year"), "activity_id", "yeargroup_id", never, never),
        consents.values_list(Value("consent"), "activity_id", "consentkind_id", never, never),
        all=True,
    ).order_by()


@compiled_once
def _meetings(sessions: list[int], now: datetime) -> QuerySet[Meeting]:
    rows = Meeting.objects.live().filter(session__id__in=sessions, ends_at__gt=now)
    return rows.select_related("location").order_by("starts_at")


@compiled_once
def _rights(guardians: list[int], children: list[int], day: date) -> QuerySet[Guardianship]:
    rows = Guardianship.objects.filter(guardian__id__in=guardians, child__id__in=children)
    return rows.on(day).select_related("guardian__user", "guardian__household")


@compiled_once
def _bookings(children: list[int], now: datetime) -> QuerySet[Booking]:
    # A hold that has run out is over, even where nobody has swept it away yet.
    rows = Booking.objects.live().filter(child__id__in=children).exclude(hold_until__lte=now, state="held")
    return rows.select_related("session__activity", "session__location")


@compiled_once
def _waits(sessions: list[int], children: list[int]) -> QuerySet[Any]:
    rows = WaitEntry.objects.filter(state__in=WaitEntry.LIVE).order_by()
    rows = rows.filter(session__id__in=sessions, child__id__in=children)
    return rows.values_list("session_id", "child_id")


@dataclass
class Facts:
    """What the checks know, fetched for all sessions and children at once.

    What the office sets (windows, rules) is read once; what other bookings change is read after the lock.
    """

    now: datetime
    institution: Institution = field(init=False)
    sessions: dict[int, Session] = field(default_factory=dict)
    years: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    windows: dict[int, dict[int, "Window"]] = field(default_factory=lambda: defaultdict(dict))
    consents: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    meetings: dict[int, list[Meeting]] = field(default_factory=lambda: defaultdict(list))
    rights: dict[tuple[int, int], Guardianship] = field(default_factory=dict)
    bookings: dict[int, list[Booking]] = field(default_factory=lambda: defaultdict(list))
    waiting: set[tuple[int, int]] = field(default_factory=set)
    exams: dict[int, list[BusyTime]] = field(default_factory=lambda: defaultdict(list))
    children: list[int] = field(default_factory=list)
    _known: dict[Any, set[Any]] = field(default_factory=dict)

    @property
    def today(self) -> Any:
        return self.now.astimezone(ZoneInfo(self.institution.time_zone)).date()

    def read_sessions(self, asked: Collection[Session]) -> None:
        """What the office has set for sessions of one institution."""
        self.institution = next(iter(asked)).institution
        self.sessions = {session.pk: session for session in _sessions({session.pk for session in asked})}
        for session in self.sessions.values():
            session.institution = self.institution
        self._read_meetings(self.sessions)
        self._read_rules()

    def _read_rules(self) -> None:
        kinds: dict[int, list[int]] = defaultdict(list)
        activities = {session.activity_id for session in self.sessions.values()}
        for kind, of, key, opens_at, closes_at in _rules(activities, self.sessions):
            if kind == "year":
                self.years[of].add(key)
            elif kind == "window":
                self.windows[of][key] = Window(opens_at, closes_at)
            else:
                kinds[key].append(of)
        for consent in ConsentKind.objects.filter(pk__in=kinds) if kinds else ():
            for activity in kinds[consent.pk]:
                self.consents[activity].append(consent)

    def _read_meetings(self, session_ids: Collection[int]) -> None:
        for session_id in session_ids:
            self.meetings[session_id] = []
        for meeting in _meetings(session_ids, self.now) if session_ids else ():
            self.meetings[meeting.session_id].append(meeting)

    def read_rights(self, pairs: Iterable[tuple[int | None, int]]) -> None:
        """What guardians may do for children: (guardian, child) pairs."""
        asked = [(guardian, child) for guardian, child in pairs if guardian]
        if not asked:
            return
        guardians, children = ({pair[side] for pair in asked} for side in (0, 1))
        for row in _rights(guardians, children, self.today):
            self.rights[row.guardian_id, row.child_id] = row

    def read_children(self, children: Collection[Child]) -> None:
        """What other bookings change: the children's live bookings with their dates, and exams."""
        self.children = ids = [child.pk for child in children]
        self._known = {}
        self.bookings = defaultdict(list)
        for booking in _bookings(ids, self.now):
            self.bookings[booking.child_id].append(booking)
        booked = {booking.session_id for of_child in self.bookings.values() for booking in of_child}
        self._read_meetings(booked - set(self.sessions))
        self._read_exams(children)

    def _read_exams(self, children: Collection[Child]) -> None:
        numbers = [child.person.number for child in children if child.person]
        dates = [meeting for session in self.sessions for meeting in self.meetings[session]]
        if not (numbers and dates):
            return
        begin, end = min(date.starts_at for date in dates), max(date.ends_at for date in dates)
        for time in people.busy(institution=self.institution, numbers=numbers, starts_at=begin, ends_at=end):
            self.exams[time.person_id].append(time)

    def known(self, what: Any, rows: QuerySet[Any], *columns: str) -> set[Any]:
        """Of which children there are such rows (and what else they say): asked once for all children."""
        if what not in self._known:
            found = rows.filter(child__in=self.children).values_list("child_id", *columns, flat=not columns)
            self._known[what] = set(found)
        return self._known[what]

    def read_queue(self, children: Collection[Child]) -> None:
        """Who of them waits already."""
        self.waiting = set(_waits(self.sessions, [child.pk for child in children]))


@dataclass(frozen=True)
class Case:
    """One child and one session, and who asks. Bookings in `instead_of` are given up for it."""

    facts: Facts
    session: Session
    child: Child
    by: Guardian | None = None
    instead_of: frozenset[int] = frozenset()
    # It waits already: that sign-up opens later is nothing against it.
    is_waiting: bool = False

    def others(self) -> list[Booking]:
        return [row for row in self.facts.bookings[self.child.pk] if row.pk not in self.instead_of]

    def no(self, code: str, words: str, **more: Any) -> CannotBook:
        return CannotBook(words, code=code, session=self.session, child=self.child, **more)


Refusals = Iterator[CannotBook]


def ownership(case: Case) -> Refusals:
    """A guardian books for a child of his own, if he may. Without a guardian the office books."""
    if case.child.institution_id != case.session.institution_id:
        yield case.no("not-yours", _("There is no such child on your list. Ask the office to add it."))
        return
    if case.by is None:
        return
    right = case.facts.rights.get((case.by.pk, case.child.pk))
    if right is None:
        yield case.no("not-yours", _("There is no such child on your list. Ask the office to add it."))
    elif not right.may_book:
        yield case.no("no-right", _("You may not book for %s. Ask the office.") % case.child.first_name)
    elif not right.guardian.is_active or (right.guardian.user and not right.guardian.user.is_active):
        yield case.no("inactive", _("Your account is closed. Ask the office to open it again."))


def time_and_window(case: Case) -> Refusals:
    session, facts = case.session, case.facts
    if session.state == Session.State.CANCELLED or session.places.is_closed:
        yield case.no("cancelled-session", _("%s is called off. Choose another session.") % session)
        return
    if session.state == Session.State.DRAFT:
        yield case.no("closed", _("Sign-up for %s is closed.") % session)
    if session.ballot and not session.ballot.published_at:
        yield case.no(
            "ballot",
            _("Places in %(session)s are drawn. Give your wishes until %(until)s.")
            % {"session": session, "until": _moment(session.ballot.closes_at, facts)},
        )
    is_late = session.last_joining_on and facts.today > session.last_joining_on
    if is_late or not any(meeting.starts_at > facts.now for meeting in facts.meetings[session.pk]):
        yield case.no("past", _("%s is over, or nobody can join any more. Choose another session.") % session)
    yield from window(case)


def window(case: Case) -> Refusals:
    """Asks no query: whether sign-up is open at this moment for this child's year."""
    session, now = case.session, case.facts.now
    own = case.facts.windows[session.pk]
    mine: Window | Session = own.get(case.child.year_group_id or 0, session)
    if mine is session and own and session.opens_at is None and not case.is_waiting:
        first = min(one.opens_at for one in own.values() if one.opens_at)
        yield case.no(
            "not-your-year-yet",
            _("Sign-up for %(session)s is open to other years (from %(opens)s).")
            % {"session": session, "opens": _moment(first, case.facts)},
            opens_at=first,
        )
    elif mine.opens_at and now < mine.opens_at and not case.is_waiting:
        yield case.no(
            "not-open-yet",
            _("Sign-up for %(session)s opens at %(opens)s.")
            % {"session": session, "opens": _moment(mine.opens_at, case.facts)},
            opens_at=mine.opens_at,
        )
    elif mine.closes_at and now >= mine.closes_at:
        yield case.no("closed", _("Sign-up for %s is closed.") % session)


def duplicates_and_clashes(case: Case) -> Refusals:
    name, others = case.child.first_name, case.others()
    # Also the one that is to be given up: nobody swaps a place for itself, or queues for what he has.
    if any(booking.session_id == case.session.pk for booking in case.facts.bookings[case.child.pk]):
        yield case.no(
            "already-booked",
            _("%(child)s has a place in %(session)s already.") % {"child": name, "session": case.session},
        )
        return
    for booking in others:
        if overlap(case.session, booking.session, case.facts):
            yield case.no(
                "clash",
                _("%(child)s is in %(other)s at that time. Cancel that first, or choose another session.")
                % {"child": name, "other": booking.session},
                with_what=booking,
            )
    for exam in case.facts.exams[case.child.person_id or 0]:
        if any(
            meeting.starts_at < exam.ends_at and exam.starts_at < meeting.ends_at
            for meeting in case.facts.meetings[case.session.pk]
        ):
            yield case.no(
                "exam-clash",
                _("%(child)s has an exam at that time: %(exam)s, %(at)s. Choose another session.")
                % {"child": name, "exam": exam.what, "at": _moment(exam.starts_at, case.facts)},
                with_what=exam,
            )


def overlap(one: Session, other: Session, facts: Facts) -> bool:
    """Do two sessions leave a child no time for both? Half open; the way between two locations counts."""
    return any(
        first.starts_at < second.ends_at + (gap := _gap(one, first, other, second))
        and second.starts_at < first.ends_at + gap
        for first in facts.meetings[one.pk]
        for second in facts.meetings[other.pk]
    )


def _gap(one: Session, first: Meeting, other: Session, second: Meeting) -> timedelta:
    here, there = first.location or one.location, second.location or other.location
    if here == there:
        return timedelta(0)
    return timedelta(minutes=max(place.travel_minutes if place else 0 for place in (here, there)))


def eligibility_and_limits(case: Case) -> Refusals:
    yield from _who_may_come(case)
    yield from _limits(case)
    yield from _what_must_be_known(case)


def _who_may_come(case: Case) -> Refusals:
    child, activity, facts = case.child, case.session.activity, case.facts
    name = child.first_name
    if child.left_on and (child.left_on <= facts.today or child.left_on < case.session.term.starts_on):
        yield case.no("left-school", _("%s has left the school. Ask the office.") % name)
    day = activity.age_on or case.session.term.starts_on
    age = child.age_on(day)
    if activity.youngest is not None and age < activity.youngest:
        yield case.no(
            "too-young",
            _("%(activity)s is for children from %(age)s years on; %(child)s is younger.")
            % {"activity": activity, "age": activity.youngest, "child": name},
        )
    if activity.oldest is not None and age > activity.oldest:
        yield case.no(
            "too-old",
            _("%(activity)s is for children up to %(age)s years; %(child)s is older.")
            % {"activity": activity, "age": activity.oldest, "child": name},
        )
    years = facts.years[activity.pk]
    if years and child.year_group_id not in years:
        yield case.no(
            "wrong-year",
            _("%(activity)s is for other years than that of %(child)s.")
            % {"activity": activity, "child": name},
        )
    if activity.is_by_invitation and not _is_invited(case):
        yield case.no("not-invited", _("%s is by invitation only. Ask the office.") % activity)
    if activity.prerequisite_id and not _has_been_in(case, activity.prerequisite_id):
        yield case.no(
            "prerequisite",
            _("%(activity)s comes after %(first)s. Book that first.")
            % {"activity": activity, "first": activity.prerequisite},
        )


def _is_invited(case: Case) -> bool:
    activity = case.session.activity
    invited = Invitee.objects.filter(activity=activity)
    return case.child.pk in case.facts.known(("invited", activity.pk), invited)


def _has_been_in(case: Case, activity_id: int) -> bool:
    confirmed = Booking.State.CONFIRMED
    # It may be booked in this same act.
    if any(row.session.activity_id == activity_id and row.state == confirmed for row in case.others()):
        return True
    been_there = Booking.objects.filter(session__activity=activity_id, state=confirmed)
    return case.child.pk in case.facts.known(("been in", activity_id), been_there)


def _limits(case: Case) -> Refusals:
    term, category = case.session.term, case.session.activity.category
    in_term = [row for row in case.others() if row.session.term_id == term.pk]
    in_category = [row for row in in_term if category and row.session.activity.category_id == category.pk]
    for most, rows, where in (
        (term.most_bookings, in_term, term),
        (category.most_bookings if category else None, in_category, category),
    ):
        if most is not None and len(rows) >= most:
            yield case.no(
                "too-many",
                _("%(child)s has %(count)s of at most %(most)s places in %(where)s. Cancel one first.")
                % {"child": case.child.first_name, "count": len(rows), "most": most, "where": where},
            )


def _what_must_be_known(case: Case) -> Refusals:
    child, activity, facts = case.child, case.session.activity, case.facts
    name = {"child": child.first_name, "activity": activity}
    if activity.needs_medical and child.medical_answered_at is None:
        yield case.no(
            "needs-medical",
            _("%(activity)s needs the medical questions answered for %(child)s first.") % name,
        )
    if activity.needs_emergency_contact and not _has_contact(case):
        yield case.no(
            "needs-contact", _("%(activity)s needs an emergency contact for %(child)s first.") % name
        )
    if kinds := facts.consents[activity.pk]:
        given = facts.known("consents", Consent.objects.in_force(), "kind_id")
        if missing := [kind for kind in kinds if (child.pk, kind.pk) not in given]:
            yield case.no(
                "needs-consent",
                _("%(activity)s needs your consent for %(child)s first.") % name,
                consents=missing,
            )


def _has_contact(case: Case) -> bool:
    return case.child.pk in case.facts.known("contacts", EmergencyContact.objects.all())


def payment(case: Case) -> Refusals:
    """Who would have to pay? The booking guardian's household; the office names a guardian."""
    if case.by is None and not case.session.is_free:
        yield case.no("payment", _("Say which guardian pays for %s.") % case.session)


CHECKS = (ownership, time_and_window, duplicates_and_clashes, eligibility_and_limits, payment)


def first_refusal(case: Case) -> CannotBook | None:
    return next((refusal for check in CHECKS for refusal in check(case)), None)


def refusals(
    *, session: Session, child: Child, by: Guardian | None = None, at: datetime | None = None
) -> list[CannotBook]:
    """All that stands against it at this moment; nothing is locked."""
    return refusals_of(sessions=[session], children=[child], by=by, at=at)[session.pk, child.pk]


def refusals_of(
    *,
    sessions: Collection[Session],
    children: Collection[Child],
    by: Guardian | None = None,
    at: datetime | None = None,
    instead_of: frozenset[int] = frozenset(),
) -> dict[tuple[int, int], list[CannotBook]]:
    """The same of each session for each child, for a page: as many questions for many as for one.

    Bookings in `instead_of` would be given up for it.
    """
    if not (sessions and children):
        return {}
    facts = Facts(at or timezone.now())
    facts.read_sessions(sessions)
    facts.read_rights([(by.pk if by else None, child.pk) for child in children])
    facts.read_children(children)
    cases = [
        Case(facts, facts.sessions[one.pk], child, by, instead_of) for one in sessions for child in children
    ]
    return {
        (case.session.pk, case.child.pk): [refusal for check in CHECKS for refusal in check(case)]
        for case in cases
    }


def _moment(at: datetime, facts: Facts) -> str:
    return date_format(at.astimezone(ZoneInfo(facts.institution.time_zone)), "DATETIME_FORMAT")
