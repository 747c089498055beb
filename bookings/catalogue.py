"""What stands in an institution's catalogue: no person, only what, when and how many places.

Places are shown as they are now; who asks for one is told the truth under the lock (bookings.booking).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import (
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.utils import timezone

from projects.models import Institution

from .models import Activity, Closure, Meeting, Session, SignUpWindow, Term, YearGroup


@dataclass(frozen=True)
class Wanted:
    """What a visitor looks for; empty: everything."""

    words: str = ""
    term: Term | None = None
    category: Any = None
    weekday: int | None = None
    year_group: YearGroup | None = None
    age: int | None = None
    is_free: bool = False


def terms(institution: Institution) -> list[Term]:
    """Those that are not over, the first to end first."""
    today = timezone.localdate()
    return list(Term.objects.for_institution(institution).filter(ends_on__gte=today).order_by("starts_on"))


def sessions(institution: Institution, wanted: Wanted) -> QuerySet[Session]:
    """The sessions that fit, with all that a list shows of them in one query, by weekday and time."""
    found = Session.objects.for_institution(institution).in_catalogue()
    if wanted.term:
        found = found.filter(term=wanted.term)
    else:
        found = found.filter(term__ends_on__gte=timezone.localdate())
    if wanted.weekday is not None:
        found = found.filter(weekday=wanted.weekday)
    if wanted.is_free:
        has_places = Q(places__waiting=0, places__taken__lt=F("places__capacity") + F("places__extra"))
        found = found.filter(has_places)
    found = found.select_related("term", "tutor", "location", "places", "ballot")
    return found.defer("ballot__secret_seed").order_by("weekday", "starts", "pk")


def activities(institution: Institution, wanted: Wanted) -> QuerySet[Activity]:
    """The activities that fit and have a session that fits, with these as `fitting`, by name."""
    fitting = sessions(institution, wanted)
    found = Activity.objects.for_institution(institution).filter(is_published=True)
    for word in wanted.words.split():
        found = found.filter(
            Q(name__icontains=word) | Q(description__icontains=word) | Q(category__name__icontains=word)
        )
    if wanted.category:
        found = found.filter(category=wanted.category)
    if wanted.age is not None:
        found = found.filter(
            Q(youngest__isnull=True) | Q(youngest__lte=wanted.age),
            Q(oldest__isnull=True) | Q(oldest__gte=wanted.age),
        )
    if wanted.year_group:
        asked = Activity.year_groups.through.objects.filter(activity=OuterRef("pk"))
        found = found.filter(~Exists(asked) | Exists(asked.filter(yeargroup=wanted.year_group)))
    windows = Prefetch("windows", SignUpWindow.objects.select_related("year_group"))
    listed = fitting.annotate(**_dates()).prefetch_related(windows)
    return (
        found.filter(Exists(fitting.order_by().filter(activity=OuterRef("pk"))))
        .select_related("category")
        .prefetch_related("year_groups", Prefetch("sessions", listed, to_attr="fitting"))
        .order_by("name")
    )


def _dates() -> dict[str, Subquery]:
    """A session's first and last live meeting, and how many there are."""
    live = Meeting.objects.live().filter(session=OuterRef("pk")).order_by().values("session")
    return {
        "first_at": Subquery(live.annotate(at=Min("starts_at")).values("at")),
        "last_at": Subquery(live.annotate(at=Max("starts_at")).values("at")),
        "dates": Subquery(live.annotate(n=Count("pk")).values("n"), output_field=IntegerField()),
    }


def session(institution: Institution, public_id: str) -> Session | None:
    """One session of the catalogue, also one that was called off; None if there is no such."""
    windows = Prefetch("windows", SignUpWindow.objects.select_related("year_group"))
    found = (
        Session.objects.for_institution(institution)
        .filter(public_id=public_id, activity__is_published=True)
        .exclude(state=Session.State.DRAFT)
        .select_related("activity__category", "activity__prerequisite", "activity__refund_policy")
        .select_related("term", "tutor", "location", "places", "ballot")
        .prefetch_related("activity__year_groups", "activity__consents", windows)
    )
    return found.defer("ballot__secret_seed").annotate(**_dates()).first()


class Availability:
    """Can a visitor ask for a place in this session now? Its `code` is one of the words below.

    open, queue (full, but one can wait), soon (sign-up opens later), closed (sign-up is over), ballot (its
    places are drawn), over (nobody can join any more), off (called off).
    """

    # A session with its dates: see _dates().
    session: Any

    def __init__(self, of: Session, *, at: datetime, year_group: YearGroup | None = None) -> None:
        self.session, self.at, self.year_group = of, at, year_group

    @cached_property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """When this year group may sign up; of a visitor whose year is not known, when anybody may."""
        own = list(self.session.windows.all())
        for window in own:
            if self.year_group and window.year_group_id == self.year_group.pk:
                return window.opens_at, window.closes_at
        if own and self.session.opens_at is None:
            # Open to the years that are named only.
            return min(window.opens_at for window in own), self.session.closes_at
        return self.session.opens_at, self.session.closes_at

    @cached_property
    def code(self) -> str:
        opens_at, closes_at = self.window
        last_joining_on, last_at = self.session.last_joining_on, self.session.last_at
        if self.session.state == Session.State.CANCELLED or self.session.places.is_closed:
            return "off"
        today = timezone.localdate(self.at)
        if (last_joining_on and last_joining_on < today) or (last_at and last_at <= self.at):
            return "over"
        if self.session.ballot and not self.session.ballot.published_at:
            return "ballot"
        if opens_at and self.at < opens_at:
            return "soon"
        if closes_at and self.at >= closes_at:
            return "closed"
        return "open" if self.session.places.open else "queue"

    @property
    def can_be_asked(self) -> bool:
        return self.code in ("open", "queue")

    @property
    def places(self) -> int:
        return self.session.places.open

    @property
    def share_taken(self) -> int:
        """In tenths, for the bar."""
        every = self.session.places.capacity + self.session.places.extra
        return min(10, round(10 * self.session.places.taken / every)) if every else 10


@dataclass(frozen=True)
class Day:
    on: date
    meetings: list[Meeting]
    closure: str


def week(institution: Institution, wanted: Wanted, *, of: date) -> list[Day]:
    """Monday to Sunday of that week: the meetings of all sessions that fit, cancelled ones too."""
    monday = of - timedelta(days=of.weekday())
    days = [monday + timedelta(days=n) for n in range(7)]
    zone = timezone.get_current_timezone()
    starts_at = datetime(monday.year, monday.month, monday.day, tzinfo=zone)
    after = monday + timedelta(days=7)
    ends_at = datetime(after.year, after.month, after.day, tzinfo=zone)
    # A term says nothing here: the week does.
    fitting = sessions(institution, wanted).filter(activity__in=activities(institution, wanted).values("pk"))
    meetings = list(
        Meeting.objects.for_institution(institution)
        .filter(session__in=fitting.order_by().values("pk"), starts_at__gte=starts_at, starts_at__lt=ends_at)
        .select_related("session__activity__category", "session__places", "session__location", "location")
        .order_by("starts_at", "session__activity__name", "pk")
    )
    closed = list(
        Closure.objects.for_institution(institution).filter(starts_on__lte=days[-1], ends_on__gte=days[0])
    )
    return [
        Day(
            day,
            [meeting for meeting in meetings if timezone.localdate(meeting.starts_at) == day],
            next((row.name for row in closed if row.starts_on <= day <= row.ends_on), ""),
        )
        for day in days
    ]


def first_week(institution: Institution, term: Term | None) -> date:
    """The week that a visitor wants to see first: this one, or the first of a term that is to come."""
    today = timezone.localdate()
    return max(today, term.starts_on) if term else today
