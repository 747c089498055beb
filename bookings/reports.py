"""Numbers, income, waiting and attendance, by activity, week or term: tables, and bars drawn of them.

Each report is a handful of statements, however many rows it has.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Least, TruncWeek
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.models import Institution, TenantModel

from . import money
from .models import (
    AbsenceNotice,
    Activity,
    Allocation,
    AttendanceMark,
    Booking,
    Charge,
    LedgerEntry,
    Meeting,
    Payment,
    Places,
    Session,
    Term,
    WaitEntry,
)

ACTIVITY, WEEK, TERM = "activity", "week", "term"
# What a column holds: how it is shown, and whether it can be added up.
NAME, COUNT, MONEY, PERCENT, DAYS = "name", "count", "money", "percent", "days"
# Weeks of money are not of one term: so many are shown.
MOST_WEEKS = 53

Account = LedgerEntry.Account


class Column(NamedTuple):
    header: str
    kind: str = COUNT


class Report(NamedTuple):
    """`parts` are the columns of which the bars are made, side by side; the last may be what is left."""

    title: str
    columns: list[Column]
    rows: list[list[Any]]
    parts: tuple[int, ...]
    has_rest: bool = False

    @property
    def totals(self) -> list[Any]:
        """Sums of what can be added up; nothing for the rest."""
        sums: list[Any] = [_("Together")]
        for place, column in enumerate(self.columns[1:], 1):
            values = [row[place] for row in self.rows]
            sums.append(sum(values) if column.kind in (COUNT, MONEY) else None)
        return sums


class Scope(NamedTuple):
    """Of which school and term, and by what it is added up."""

    institution: Institution
    by: str = ACTIVITY
    term: Term | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.institution.time_zone)

    def rows(self, model: type[TenantModel], session: str) -> QuerySet:
        """The institution's, of the term's sessions. `session` is the way there: "meeting__session"."""
        found = model._default_manager.for_institution(self.institution).order_by()
        return found.filter(**{f"{session}__term": self.term}) if self.term and self.by != TERM else found

    def names(self) -> dict[Any, str]:
        """In the order in which they are shown."""
        if self.by == TERM:
            terms = Term.objects.for_institution(self.institution).order_by("starts_on")
            return {term.pk: term.name for term in terms}
        activities = Activity.objects.for_institution(self.institution).order_by("name")
        if self.term:
            of_term = Session.objects.filter(term=self.term).values("activity")
            activities = activities.filter(pk__in=of_term)
        return {activity.pk: activity.name for activity in activities}


Cells = dict[Any, dict[str, Any]]
# What a row is called, and its cells → the row.
Line = Callable[[Any, dict[str, Any]], list[Any]]


def _collect(cells: Cells, rows: Iterable[tuple[Any, ...]], *names: str) -> None:
    """(key, value, …) → cells[key][name] for each name."""
    for key, *values in rows:
        for name, value in zip(names, values, strict=True):
            cells[key][name] = value


def _spread(cells: Cells, rows: Iterable[tuple[Any, str, Any]]) -> None:
    """(key, state, value) → cells[key][state]."""
    for key, state, value in rows:
        cells[key][state] = value


def _empty() -> Cells:
    return defaultdict(lambda: defaultdict(int))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _weeks(rows: QuerySet, field: str, zone: ZoneInfo) -> QuerySet:
    return rows.annotate(week=TruncWeek(field, tzinfo=zone))


def _in_weeks(cells: Cells, line: Line) -> list[list[Any]]:
    """A row for each week from the first to the last, also for those in which nothing happened."""
    mondays = sorted({key.date() if isinstance(key, datetime) else key for key in cells if key})
    by_day = {key.date() if isinstance(key, datetime) else key: row for key, row in cells.items() if key}
    return [line(monday, by_day.get(monday, defaultdict(int))) for monday in _mondays(mondays)]


def _mondays(found: list[date]) -> Iterator[date]:
    monday = max(found[0], found[-1] - timedelta(weeks=MOST_WEEKS - 1)) if found else None
    while monday and monday <= found[-1]:
        yield monday
        monday += timedelta(weeks=1)


def _in_names(scope: Scope, cells: Cells, line: Line) -> list[list[Any]]:
    rows = [line(name, cells[key]) for key, name in scope.names().items()]
    return [*rows, line(_("Other"), cells[None])] if None in cells else rows


def _first(scope: Scope) -> Column:
    return Column({ACTIVITY: _("Activity"), WEEK: _("Week from"), TERM: _("Term")}[scope.by], NAME)


# --- the reports --------------------------------------------------------------------------------------------
def numbers(scope: Scope) -> Report:
    """How full it is; by week, how many came and went."""
    bookings, cells = scope.rows(Booking, "session"), _empty()
    given_up = bookings.filter(state=Booking.State.CANCELLED)
    if scope.by == WEEK:
        made = _weeks(bookings.exclude(state=Booking.State.EXPIRED), "created_at", scope.zone)
        _collect(cells, made.values_list("week").annotate(n=Count("pk")), "booked")
        ended = _weeks(given_up.filter(ended_at__isnull=False), "ended_at", scope.zone)
        _collect(cells, ended.values_list("week").annotate(n=Count("pk")), "given up")
        columns = [_first(scope), Column(_("Booked")), Column(_("Given up"))]
        rows = _in_weeks(cells, lambda name, cell: [name, cell["booked"], cell["given up"]])
        return Report(_("Numbers"), columns, rows, (1, 2))
    key = f"session__{scope.by}"
    places = scope.rows(Places, "session").filter(session__state=Session.State.OPEN).values_list(key)
    _collect(
        cells,
        places.annotate(n=Count("pk"), all=Sum(F("capacity") + F("extra")), has=Sum("taken")),
        *("sessions", "places", "booked"),
    )
    live = bookings.filter(state__in=Booking.LIVE).values_list(key)
    _collect(cells, live.annotate(n=Count("child", distinct=True)), "children")
    _collect(cells, given_up.values_list(key).annotate(n=Count("pk")), "given up")
    columns = [
        _first(scope),
        Column(_("Sessions")),
        Column(_("Places")),
        Column(_("Booked")),
        Column(_("Still free")),
        Column(_("Filled"), PERCENT),
        # A child in two activities is one child: it cannot be added up.
        Column(_("Children"), "children"),
        Column(_("Given up")),
    ]

    def line(name: str, cell: dict[str, Any]) -> list[Any]:
        places, booked = cell["places"], cell["booked"]
        free = max(places - booked, 0)
        share = _share(booked, places)
        return [name, cell["sessions"], places, booked, free, share, cell["children"], cell["given up"]]

    return Report(_("Numbers"), columns, _in_names(scope, cells, line), (3, 4), has_rest=True)


def income(scope: Scope) -> Report:
    """What was charged, let off and paid; by week, what came in by which way, whatever it was for."""
    cells = _empty()
    currency = scope.institution.currency

    def exact(amount: Any) -> Decimal:
        # SQLite adds up in binary fractions.
        return money.round_to(Decimal(amount or 0), currency)

    if scope.by == WEEK:
        everything = LedgerEntry.objects.for_institution(scope.institution).order_by()
        sums = _weeks(everything, "at", scope.zone).values_list("week", "account").annotate(sum=Sum("amount"))
        _spread(cells, sums)
        ways = (Account.CARD, Account.BANK, Account.CASH, Account.VOUCHER)
        columns = [_first(scope), Column(_("Charged"), MONEY), Column(_("Written off"), MONEY)]
        columns += [Column(str(way.label).capitalize(), MONEY) for way in ways]
        columns.append(Column(_("Came in"), MONEY))

        def week(name: str, cell: dict[str, Any]) -> list[Any]:
            came = [exact(cell[way]) for way in ways]
            charged = -exact(cell[Account.INCOME]) - exact(cell[Account.DISCOUNT])
            return [name, charged, exact(cell[Account.WRITE_OFF]), *came, sum(came, Decimal(0))]

        return Report(_("Income"), columns, _in_weeks(cells, week), (3, 4, 5, 6))
    entries = scope.rows(LedgerEntry, "booking__session").filter(
        account__in=[Account.INCOME, Account.DISCOUNT, Account.WRITE_OFF]
    )
    key = f"booking__session__{scope.by}"
    _spread(cells, entries.values_list(key, "account").annotate(sum=Sum("amount")))
    # What was paid of a charge counts up to what it still is: the rest went back, or is credit.
    came = Allocation.objects.filter(charge=OuterRef("pk"), payment__state=Payment.State.SUCCEEDED)
    came_in_all = came.order_by().values("charge").annotate(sum=Sum("amount")).values("sum")
    stands = F("amount") - F("taken_back")
    charges = scope.rows(Charge, "booking__session").annotate(paid=Least(Subquery(came_in_all), stands))
    _collect(cells, charges.filter(paid__gt=0).values_list(key).annotate(sum=Sum("paid")), "paid")
    amounts = [_("Price"), _("Discounts"), _("Charged"), _("Written off"), _("Paid"), _("Still to pay")]
    columns = [_first(scope), *(Column(header, MONEY) for header in amounts)]

    def line(name: str, cell: dict[str, Any]) -> list[Any]:
        price, off = -exact(cell[Account.INCOME]), exact(cell[Account.DISCOUNT])
        let_off, paid = exact(cell[Account.WRITE_OFF]), exact(cell["paid"])
        still = max(price - off - let_off - paid, Decimal(0))
        return [name, price, off, price - off, let_off, paid, still]

    return Report(_("Income"), columns, _in_names(scope, cells, line), (5, 6), has_rest=True)


GOT_A_PLACE = [WaitEntry.State.PROMOTED, WaitEntry.State.ACCEPTED]


def waiting(scope: Scope) -> Report:
    """Who waits, for how long, and what became of those who did."""
    entries, cells = scope.rows(WaitEntry, "session"), _empty()
    if scope.by == WEEK:
        joined = _weeks(entries, "joined_at", scope.zone)
        _collect(cells, joined.values_list("week").annotate(n=Count("pk")), "joined")
        ended = _weeks(entries.filter(ended_at__isnull=False), "ended_at", scope.zone).values_list("week")
        got = Count("pk", filter=Q(state__in=GOT_A_PLACE))
        _collect(cells, ended.annotate(got=got, left=Count("pk") - got), "got", "left")
        columns = [_first(scope), Column(_("Joined")), Column(_("Got a place")), Column(_("Left"))]
        rows = _in_weeks(cells, lambda name, cell: [name, cell["joined"], cell["got"], cell["left"]])
        return Report(_("Waiting"), columns, rows, (1,))
    key = f"session__{scope.by}"
    _spread(cells, entries.values_list(key, "state").annotate(n=Count("pk")))
    still = entries.filter(state=WaitEntry.State.WAITING).values_list(key)
    _collect(cells, still.annotate(first=Min("joined_at")), "since")
    columns = [
        _first(scope),
        Column(_("Waiting")),
        Column(_("Offered")),
        Column(_("Got a place")),
        Column(_("Left")),
        Column(_("Passed over")),
        Column(_("Longest wait in days"), DAYS),
    ]
    now = timezone.now()

    def line(name: str, cell: dict[str, Any]) -> list[Any]:
        got = sum(cell[state] for state in GOT_A_PLACE)
        left = cell["withdrawn"] + cell["declined"] + cell["closed"]
        days = (now - cell["since"]).days if cell["since"] else None
        return [name, cell["waiting"], cell["offered"], got, left, cell["skipped"] + cell["lapsed"], days]

    return Report(_("Waiting"), columns, _in_names(scope, cells, line), (1,))


def attendance(scope: Scope) -> Report:
    """Who came to the meetings that are over."""
    cells = _empty()
    way = "meeting__session"
    meetings = scope.rows(Meeting, "session").filter(ends_at__lte=timezone.now(), cancelled_at=None)
    confirmed = scope.rows(Booking, "session").filter(state=Booking.State.CONFIRMED)
    expected = dict(confirmed.values_list("session").annotate(n=Count("pk")))
    marks = scope.rows(AttendanceMark, way)
    notices = scope.rows(AbsenceNotice, way).filter(meeting__ends_at__lte=timezone.now())
    if scope.by == WEEK:
        meetings = _weeks(meetings, "starts_at", scope.zone)
        marks = _weeks(marks, "meeting__starts_at", scope.zone)
        notices = _weeks(notices, "meeting__starts_at", scope.zone)
        key = of_mark = "week"
    else:
        key, of_mark = f"session__{scope.by}", f"{way}__{scope.by}"
    for group, session, held in meetings.values_list(key, "session").annotate(n=Count("pk")):
        cells[group]["meetings"] += held
        cells[group]["expected"] += held * expected.get(session, 0)
    _spread(cells, marks.values_list(of_mark, "state").annotate(n=Count("pk")))
    _collect(cells, notices.values_list(of_mark).annotate(n=Count("pk")), "told")
    columns = [
        _first(scope),
        Column(_("Meetings")),
        Column(_("Expected")),
        Column(_("Came")),
        Column(_("Late")),
        Column(_("Absent")),
        Column(_("Absence reported")),
        Column(_("Not marked")),
        Column(_("Came of those marked"), PERCENT),
    ]

    def line(name: str, cell: dict[str, Any]) -> list[Any]:
        came, late, absent = cell["present"] + cell["left"], cell["late"], cell["absent"]
        marked = came + late + absent
        unmarked = max(cell["expected"] - marked, 0)
        share = _share(came + late, marked)
        return [name, cell["meetings"], cell["expected"], came, late, absent, cell["told"], unmarked, share]

    rows = _in_weeks(cells, line) if scope.by == WEEK else _in_names(scope, cells, line)
    return Report(_("Attendance"), columns, rows, (3, 4, 5))


REPORTS = {"numbers": numbers, "income": income, "waiting": waiting, "attendance": attendance}


# --- bars ---------------------------------------------------------------------------------------------------
# So many bars are drawn; all rows stand in the table.
MOST_BARS = 24


class Part(NamedTuple):
    """A piece of a bar: where it begins and how long it is, in percent of the picture's width.

    `number` is its colour: 0 for what is left.
    """

    number: int
    start: float
    length: float


class Bar(NamedTuple):
    name: Any
    total: Any
    parts: list[Part]
    top: int


class Chart(NamedTuple):
    bars: list[Bar]
    # Colour and words.
    legend: list[tuple[int, str]]
    height: int
    kind: str
    is_cut: bool


LINE = 44  # pixels: a name above its bar


def chart(report: Report, *, from_the_right: bool = False) -> Chart | None:
    """The report's bars, the longest first (weeks stay in order); None where there is nothing to draw."""

    def total(row: list[Any]) -> Any:
        return sum(max(row[part], 0) for part in report.parts)

    drawn = [row for row in report.rows if total(row) > 0]
    is_of_weeks = bool(drawn) and isinstance(drawn[0][0], date)
    drawn = drawn[-MOST_BARS:] if is_of_weeks else sorted(drawn, key=total, reverse=True)[:MOST_BARS]
    if not drawn:
        return None
    longest = max(map(total, drawn))
    bars = []
    for number, row in enumerate(drawn):
        parts, start = [], 0.0
        for place, part in enumerate(report.parts, 1):
            length = float(max(row[part], 0) / longest) * 100
            if length:
                begins = 100 - start - length if from_the_right else start
                colour = 0 if report.has_rest and place == len(report.parts) else place
                parts.append(Part(colour, round(begins, 3), round(length, 3)))
            start += length
        bars.append(Bar(row[0], total(row), parts, number * LINE))
    return Chart(
        bars,
        [
            (0 if report.has_rest and place == len(report.parts) else place, report.columns[part].header)
            for place, part in enumerate(report.parts, 1)
        ],
        len(bars) * LINE,
        report.columns[report.parts[0]].kind,
        len(drawn) < sum(total(row) > 0 for row in report.rows),
    )
