"""What waits for the office: asked by families, gone wrong, or to be decided soon; most pressing first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from projects.models import Institution, OutboxMessage

from .models import (
    AttendanceAlert,
    Ballot,
    BankLine,
    Booking,
    DataRequest,
    Instalment,
    LateMark,
    LinkRequest,
    Meeting,
    Session,
    Tutor,
)

# So far ahead one looks.
SOON = timedelta(days=14)
# A clearance that runs out is renewed in good time.
CLEARANCE = timedelta(days=30)
# So many of a kind are named; how many more there are is told.
MOST = 8


class Row(NamedTuple):
    """A sentence, and the page where it is dealt with: the name of a staff page and what it takes."""

    words: str
    page: str
    of: tuple[object, ...] = ()


@dataclass
class Matter:
    """Things of one kind."""

    title: str
    rows: list[Row]
    is_urgent: bool = False

    @property
    def shown(self) -> list[Row]:
        return self.rows[:MOST]

    @property
    def more(self) -> int:
        return max(len(self.rows) - MOST, 0)


@dataclass(frozen=True)
class _Now:
    institution: Institution
    at: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.institution.time_zone)

    @property
    def today(self) -> date:
        return self.at.astimezone(self.zone).date()

    def moment(self, at: datetime) -> str:
        return date_format(at.astimezone(self.zone), "DATETIME_FORMAT")

    @property
    def coming(self) -> Any:
        """Meetings of the next two weeks, each with who leads it (`leader`, a tutor's key)."""
        rows = Meeting.objects.for_institution(self.institution).live().between(self.at, self.at + SOON)
        rows = rows.filter(session__state=Session.State.OPEN)
        return rows.annotate(leader=Coalesce("tutor", "session__tutor"))


def matters(institution: Institution, *, now: datetime | None = None) -> list[Matter]:
    """Only those that there is something of; a constant number of queries."""
    told = _Now(institution, now or timezone.now())
    found = []
    for title, is_urgent, rows in KINDS:
        if lines := list(rows(told)):
            found.append(Matter(str(title()), lines, is_urgent))
    return found


def _missing(now: _Now) -> Iterator[Row]:
    rows = AttendanceAlert.objects.for_institution(now.institution).filter(
        resolved_at=None, meeting__ends_at__gt=now.at - timedelta(days=1)
    )
    for row in rows.select_related("child", "meeting__session__activity"):
        words = _("%(child)s is missing at %(session)s.")
        named = {"child": row.child, "session": row.meeting.session}
        yield Row(words % named, "bookings_attendancealert_changelist")


def _too_few(now: _Now) -> Iterator[Row]:
    """Fewer children than the session takes place from, and the day to decide is near or over."""
    near = now.today + timedelta(days=7)
    sessions = (
        Session.objects.for_institution(now.institution)
        .filter(state=Session.State.OPEN, fewest__gt=0)
        .annotate(
            booked=Count("bookings", filter=Q(bookings__state=Booking.State.CONFIRMED), distinct=True),
            first_at=Min("meetings__starts_at", filter=Q(meetings__cancelled_at=None)),
        )
        .filter(booked__lt=F("fewest"), first_at__gt=now.at)
        .select_related("activity")
        .order_by("first_at")
    )
    for row in sessions:
        until = row.decide_on or row.first_at.astimezone(now.zone).date() - timedelta(days=3)
        if until <= near:
            words = _("%(session)s has %(booked)s of at least %(fewest)s children: decide by %(day)s.")
            named = {
                "session": row,
                "booked": row.booked,
                "fewest": row.fewest,
                "day": date_format(until, "DATE_FORMAT"),
            }
            yield Row(words % named, "bookings_session_change", (row.pk,))


def _led_twice(now: _Now) -> Iterator[Row]:
    meetings = now.coming.filter(leader__isnull=False).select_related("session__activity")
    tutors = Tutor.objects.for_institution(now.institution).in_bulk()
    for leader, own in groupby(meetings.order_by("leader", "starts_at"), lambda row: row.leader):
        for first, second in pairwise(own):
            if second.starts_at < first.ends_at:
                words = _("%(tutor)s leads %(one)s and %(other)s at the same time, %(at)s.")
                named = {
                    "tutor": tutors[leader],
                    "one": first.session,
                    "other": second.session,
                    "at": now.moment(second.starts_at),
                }
                yield Row(words % named, "bookings_meeting_change", (second.pk,))


def _led_by_nobody(now: _Now) -> Iterator[Row]:
    for row in now.coming.filter(leader=None).select_related("session__activity").order_by("starts_at"):
        words = _("%(session)s, %(at)s") % {"session": row.session, "at": now.moment(row.starts_at)}
        yield Row(words, "bookings_meeting_change", (row.pk,))


def _clearances(now: _Now) -> Iterator[Row]:
    leading = now.coming.order_by().values("leader")
    rows: Any = Tutor.objects.for_institution(now.institution).filter(
        pk__in=leading, clearance_expires_on__lte=now.today + CLEARANCE
    )
    for row in rows.order_by("clearance_expires_on"):
        day = date_format(row.clearance_expires_on, "DATE_FORMAT")
        words = _("%(tutor)s: until %(day)s") % {"tutor": row, "day": day}
        yield Row(words, "bookings_tutor_change", (row.pk,))


def _links(now: _Now) -> Iterator[Row]:
    rows = LinkRequest.objects.for_institution(now.institution).filter(state=LinkRequest.State.OPEN)
    for row in rows.select_related("guardian"):
        words = _("%(guardian)s asks for %(child)s.")
        named = {"guardian": row.guardian, "child": row.child_name}
        yield Row(words % named, "bookings_linkrequest_changelist")


def _erasures(now: _Now) -> Iterator[Row]:
    rows = DataRequest.objects.for_institution(now.institution).filter(
        kind=DataRequest.Kind.ERASURE, state=DataRequest.State.OPEN
    )
    for row in rows.select_related("guardian").order_by("asked_at"):
        yield Row(str(row.guardian), "erase_family")


def _letters(now: _Now) -> Iterator[Row]:
    rows = OutboxMessage.objects.for_institution(now.institution).filter(
        state=OutboxMessage.State.FAILED, created_at__gt=now.at - SOON
    )
    for row in rows:
        yield Row(f"{row.to}: {row}", "projects_outboxmessage_change", (row.pk,))


def _late_marks(now: _Now) -> Iterator[Row]:
    rows = LateMark.objects.for_institution(now.institution).filter(decided_at=None)
    for row in rows.select_related("child", "meeting__session__activity", "meeting__institution"):
        words = _("%(child)s at %(meeting)s") % {"child": row.child, "meeting": row.meeting}
        yield Row(words, "bookings_attendancemark_changelist")


def _instalments(now: _Now) -> Iterator[Row]:
    rows = Instalment.objects.for_institution(now.institution).filter(state=Instalment.State.FAILED)
    for row in rows.select_related("charge__household"):
        words = _("%(family)s: %(what)s, instalment %(number)s")
        charge = row.charge
        named = {"family": charge.household, "what": charge.what, "number": row.number}
        yield Row(words % named, "family_account", (charge.household_id,))


def _bank_lines(now: _Now) -> Iterator[Row]:
    rows = BankLine.objects.for_institution(now.institution).filter(state=BankLine.State.OPEN)
    for row in rows.order_by("booked_on", "pk"):
        yield Row(str(row), "bank_line", (row.pk,))


def _ballots(now: _Now) -> Iterator[Row]:
    rows = Ballot.objects.for_institution(now.institution).defer("secret_seed")
    for row in rows.filter(closes_at__lte=now.at, published_at=None):
        words = _("%s is drawn: publish it.") if row.drawn_at else _("%s has closed: draw it.")
        yield Row(words % row, "draw", (row.pk,))


KINDS: list[tuple[Callable[[], str], bool, Callable[[_Now], Iterator[Row]]]] = [
    (lambda: _("Missing children"), True, _missing),
    (lambda: _("Letters that did not leave"), True, _letters),
    (lambda: _("One tutor in two places"), True, _led_twice),
    (lambda: _("Too few children"), False, _too_few),
    (lambda: _("Dates without a tutor"), False, _led_by_nobody),
    (lambda: _("Clearances of tutors that run out"), False, _clearances),
    (lambda: _("Children to link"), False, _links),
    (lambda: _("Wishes to be erased"), False, _erasures),
    (lambda: _("Marks that came late"), False, _late_marks),
    (lambda: _("Instalments that were not paid"), False, _instalments),
    (lambda: _("Lines of bank statements"), False, _bank_lines),
    (lambda: _("Ballots"), False, _ballots),
]
