"""Reports add up what the rows say, cost the same for a few rows as for many, and are the office's."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from bookings import booking, reports, till
from bookings.models import AttendanceMark, Booking, Discount, WaitEntry
from bookings.reports import Scope
from projects.models import Role

from ..factories.bookings import BookingFactory, ChildFactory, GuardianFactory, SessionFactory, TermFactory
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(
        slug="school", currency="GBP", time_zone="Europe/London", requires_second_factor=False
    )


@pytest.fixture
def term(school):
    return TermFactory(institution=school, name="Winter")


@pytest.fixture
def offer(school, term):
    def offer(name, **values):
        return SessionFactory(institution=school, term=term, activity__name=name, **values)

    return offer


@pytest.fixture
def take(school):
    """take(session): a place in it, for a new family."""

    def take(session, **values):
        guardian = GuardianFactory(institution=school)
        child = ChildFactory(institution=school, of=guardian)
        return BookingFactory(institution=school, session=session, child=child, **values)

    return take


def line(report, name):
    row = next(row for row in report.rows if row[0] == name)
    return dict(zip([column.header for column in report.columns], row, strict=True))


def test_numbers_by_activity(school, term, offer, take):
    chess, _choir = offer("Chess", capacity=4), offer("Choir", capacity=2)
    for _child in range(3):
        take(chess)
    take(chess, state=Booking.State.CANCELLED, confirmed_at=None, ended_at=datetime(2027, 1, 2, tzinfo=UTC))
    told = line(reports.numbers(Scope(school, term=term)), "Chess")
    assert (told["Places"], told["Booked"], told["Still free"], told["Given up"]) == (4, 3, 1, 1)
    assert told["Filled"] == 0.75
    assert reports.numbers(Scope(school, term=term)).totals[1:4] == [2, 6, 3]


def test_another_term_and_school_do_not_count(school, term, offer, take):
    take(offer("Chess"))
    SessionFactory(institution=school, activity__name="Judo")
    BookingFactory()
    assert [row[0] for row in reports.numbers(Scope(school, term=term)).rows] == ["Chess"]
    assert len(reports.numbers(Scope(school)).rows) == 2
    assert len(reports.numbers(Scope(school, reports.TERM)).rows) == 2


def test_weeks_begin_on_monday_where_the_school_is_and_none_is_left_out(school, offer, take):
    chess = offer("Chess", capacity=9)
    # 23:30 UTC on Sunday 6 June is Monday in London.
    for moment in (datetime(2027, 6, 6, 23, 30, tzinfo=UTC), datetime(2027, 6, 22, 9, tzinfo=UTC)):
        Booking.objects.filter(pk=take(chess).pk).update(created_at=moment)
    rows = reports.numbers(Scope(school, reports.WEEK)).rows
    assert [row[:2] for row in rows] == [
        [date(2027, 6, 7), 1],
        [date(2027, 6, 14), 0],
        [date(2027, 6, 21), 1],
    ]


def test_income_is_what_the_ledger_says(school, term, offer, clock):
    Discount.objects.create(
        institution=school, name="All", kind=Discount.Kind.EARLY, percent=10, from_number=1
    )
    chess = offer("Chess", capacity=3, price=Decimal("10.10"))
    guardian = GuardianFactory(institution=school)
    for _child in range(2):
        booking.book(session=chess, child=ChildFactory(institution=school, of=guardian), by=guardian)
    till.take(household=guardian.household, amount=Decimal("12.00"), way="cash", staff=None)
    told = line(reports.income(Scope(school, term=term)), "Chess")
    assert told["Price"] == Decimal("20.20")
    assert told["Discounts"] == Decimal("2.02")
    assert told["Charged"] == Decimal("18.18")
    assert (told["Paid"], told["Still to pay"]) == (Decimal("12.00"), Decimal("6.18"))
    [week] = reports.income(Scope(school, reports.WEEK)).rows
    assert week[1] == Decimal("18.18")
    assert week[-1] == Decimal("12.00")


def test_what_was_written_off_or_is_kept_of_a_cancelled_place_is_told_apart(school, term, offer, clock):
    chess = offer("Chess", capacity=3, price=Decimal("10.00"))
    guardian = GuardianFactory(institution=school)
    first, second = (
        booking.book(session=chess, child=ChildFactory(institution=school, of=guardian), by=guardian).booking
        for _child in range(2)
    )
    till.write_off(charge=first.charges.get(), amount=Decimal(4), reason="hardship", staff=None)
    till.take(household=guardian.household, amount=Decimal(9), way="cash", staff=None)
    booking.cancel(booking=second, percent=50)
    told = line(reports.income(Scope(school, term=term)), "Chess")
    assert [told[name] for name in ("Charged", "Written off", "Paid", "Still to pay")] == [15, 4, 9, 2]
    [week] = reports.income(Scope(school, reports.WEEK)).rows
    assert (week[1], week[2], week[-1]) == (15, 4, 9)


def test_waiting_and_what_became_of_it(school, term, offer):
    chess = offer("Chess", capacity=0)
    for seq, state in enumerate(["waiting", "waiting", "promoted", "withdrawn", "skipped"], 1):
        WaitEntry.objects.create(
            institution=school,
            session=chess,
            child=ChildFactory(institution=school),
            seq=seq,
            state=state,
            ended_at=None if state == "waiting" else datetime(2027, 1, 5, tzinfo=UTC),
        )
    told = line(reports.waiting(Scope(school, term=term)), "Chess")
    assert [told[name] for name in ("Waiting", "Got a place", "Left", "Passed over")] == [2, 1, 1, 1]
    assert told["Longest wait in days"] == 0
    assert sum(row[1] for row in reports.waiting(Scope(school, reports.WEEK)).rows) == 5


def test_attendance_counts_the_meetings_that_are_over(school, term, offer, take, clock):
    chess = offer("Chess", capacity=3)
    first = chess.meetings.order_by("starts_at").first()
    children = [take(chess).child for _child in range(3)]
    clock.now = first.ends_at + timedelta(hours=1)
    for child, state in zip(children, ["present", "absent"], strict=False):
        AttendanceMark.objects.create(institution=school, meeting=first, child=child, state=state)
    told = line(reports.attendance(Scope(school, term=term)), "Chess")
    assert (told["Meetings"], told["Expected"], told["Came"], told["Absent"]) == (1, 3, 1, 1)
    assert (told["Not marked"], told["Came of those marked"]) == (1, 0.5)
    [week] = reports.attendance(Scope(school, reports.WEEK)).rows
    assert week[0] == date(2027, 1, 4)


@pytest.mark.parametrize("what", reports.REPORTS)
@pytest.mark.parametrize("by", [reports.ACTIVITY, reports.WEEK, reports.TERM])
def test_a_report_costs_the_same_for_many_rows(
    school, term, offer, take, what, by, django_assert_max_num_queries
):
    for number in range(3):
        session = offer(f"Club {number}", capacity=9)
        for _child in range(3):
            take(session)
    with django_assert_max_num_queries(6):
        reports.REPORTS[what](Scope(school, by, term))


def test_bars_end_where_the_longest_does_and_turn_round(school, term, offer, take):
    chess, choir = offer("Chess", capacity=4), offer("Choir", capacity=2)
    take(chess)
    take(choir)
    report = reports.numbers(Scope(school, term=term))
    drawn = reports.chart(report)
    assert [bar.name for bar in drawn.bars] == ["Chess", "Choir"]
    assert [(part.start, part.length) for part in drawn.bars[0].parts] == [(0, 25), (25, 75)]
    turned = reports.chart(report, from_the_right=True)
    assert [(part.start, part.length) for part in turned.bars[0].parts] == [(75, 25), (0, 75)]
    assert reports.chart(reports.waiting(Scope(school, term=term))) is None


REPORTS = "/at/school/staff/reports/"


@pytest.fixture
def office(client, school):
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    return client


@pytest.mark.parametrize("what", reports.REPORTS)
@pytest.mark.parametrize("by", ["activity", "week", "term", "nonsense"])
def test_the_office_reads_and_takes_along(office, offer, take, what, by):
    take(offer("Chess"))
    asked = f"{REPORTS}?what={what}&by={by}&term=all"
    assert office.get(asked).status_code == 200
    assert office.get(f"{asked}&format=csv").content.startswith(b"\xef\xbb\xbf")
    sheet = load_workbook(io.BytesIO(office.get(f"{asked}&format=xlsx").content)).active
    assert sheet.max_column > 2


def test_the_page_shows_figures_as_table_and_bars(office, offer, take):
    take(offer("Chess", capacity=1200))
    page = office.get(f"{REPORTS}?what=numbers&term=all").text
    assert "1,200" in page
    assert "<svg" in page
    assert "<table>" in page


@pytest.mark.parametrize("role", [Role.TUTOR, Role.STAFF])
def test_others_have_no_reports(client, school, role):
    client.force_login(MembershipFactory(institution=school, role=role).user)
    assert client.get(REPORTS).status_code in (403, 404)
