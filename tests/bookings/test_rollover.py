"""A term goes over into the next: who moves up, who leaves, what is copied."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bookings import booking, invariants, rollover, waitlist
from bookings.models import Booking, Child, Meeting, Session, SignUpWindow, Term
from projects.models import Change, OutboxMessage, Role

from ..factories.accounts import UserFactory
from ..factories.bookings import (
    ChildFactory,
    SessionFactory,
    TermFactory,
    YearGroupFactory,
)
from ..factories.projects import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def years(school):
    last = YearGroupFactory(institution=school, name="Year 6")
    return YearGroupFactory(institution=school, name="Year 5", next=last), last


@pytest.fixture
def term(school):
    return TermFactory(institution=school, name="Spring")


@pytest.fixture
def summer(school):
    """Fifteen weeks later."""
    return TermFactory(
        institution=school, name="Summer", starts_on=date(2027, 4, 19), ends_on=date(2027, 7, 9)
    )


@pytest.fixture
def staff():
    return UserFactory()


def test_years_move_up_once_and_the_last_leaves(clock, school, years, term, summer, staff, family):
    fifth, sixth = years
    _guardian, younger = family(year_group=fifth)
    _guardian, older = family(year_group=sixth)
    plan = rollover.roll_over(term=term, to=summer, staff=staff)
    assert (plan.moved_children, [leaver.child for leaver in plan.leavers]) == (1, [older])
    for _again in range(2):
        assert Child.objects.get(pk=younger.pk).year_group == sixth
        assert Child.objects.get(pk=younger.pk).left_on is None
        assert Child.objects.get(pk=older.pk).left_on == term.ends_on
        plan = rollover.roll_over(term=term, to=summer, staff=staff)
        assert plan.is_empty
    assert Change.objects.filter(label__contains="rolled over into").count() == 1


def test_who_has_left_before_stays_where_it_was(clock, school, years, term, summer, staff, family):
    _guardian, gone = family(year_group=years[0], left_on=date(2026, 7, 1))
    rollover.roll_over(term=term, to=summer, staff=staff)
    gone.refresh_from_db()
    assert (gone.year_group, gone.left_on) == (years[0], date(2026, 7, 1))


def test_a_leaver_frees_its_later_places_and_their_queues_are_served(
    clock, school, years, term, summer, staff, family
):
    guardian, leaver = family(year_group=years[1])
    other, stays = family(year_group=years[0])
    third, leaves_too = family(year_group=years[1])
    first = datetime(2027, 4, 20, 15, tzinfo=UTC)
    later = SessionFactory(
        institution=school, term=summer, price=20, meetings_at=[(first, first + timedelta(hours=1))]
    )
    now = SessionFactory(institution=school, term=term)
    kept = booking.book(session=now, child=leaver, by=guardian).booking
    freed = booking.book(session=later, child=leaver, by=guardian).booking
    waitlist.join(session=later, child=leaves_too, by=third)
    waitlist.join(session=later, child=stays, by=other)

    plan = rollover.roll_over(term=term, to=summer, staff=staff)
    assert plan.freed_places == 1
    assert Booking.objects.get(pk=freed.pk).state == "cancelled"
    assert Booking.objects.get(pk=kept.pk).state == "confirmed"
    assert Booking.objects.live().get(session=later).child == stays
    assert OutboxMessage.objects.filter(to=guardian.email, subject__contains="Cancelled").exists()
    assert invariants.find_faults() == []
    with pytest.raises(booking.CannotBook) as refused:
        booking.book(session=later, child=Child.objects.get(pk=leaver.pk), by=guardian)
    assert refused.value.code == "left-school"


def test_a_weekly_session_is_copied_as_a_draft_with_the_new_terms_dates(clock, school, term, summer, staff):
    old = SessionFactory(
        institution=school,
        term=term,
        capacity=7,
        price=12,
        fewest=3,
        opens_at=datetime(2026, 12, 1, 8, tzinfo=UTC),
        last_joining_on=date(2027, 2, 1),
    )
    window = SignUpWindow.objects.create(
        institution=school,
        session=old,
        year_group=YearGroupFactory(institution=school),
        opens_at=datetime(2026, 12, 2, 8, tzinfo=UTC),
    )
    rollover.roll_over(term=term, to=summer, staff=staff)
    new = Session.objects.get(rolled_from=old)
    assert (new.state, new.places.capacity, new.price, new.fewest) == ("draft", 7, 12, 3)
    assert new.opens_at == old.opens_at + timedelta(weeks=15)
    assert new.last_joining_on == date(2027, 5, 17)
    assert new.windows.get().opens_at == window.opens_at + timedelta(weeks=15)
    assert new.meetings.count() == 12
    assert new.meetings.first().starts_at == datetime(2027, 4, 20, 15, 30, tzinfo=UTC)


def test_single_dates_keep_their_weekday_and_hour_over_the_clock_change(clock, school, summer, staff):
    school.time_zone = "Europe/London"
    school.save()
    term = TermFactory(institution=school)
    at = datetime(2027, 1, 6, 16, tzinfo=UTC)  # four o'clock, in winter
    old = SessionFactory(
        institution=school, term=term, weekday=None, meetings_at=[(at, at + timedelta(hours=1))]
    )
    rollover.roll_over(term=term, to=summer, staff=staff)
    new = Meeting.objects.get(session__rolled_from=old)
    assert new.starts_at == datetime(2027, 4, 21, 15, tzinfo=UTC)  # four o'clock, in summer


def test_what_was_called_off_or_cancelled_is_not_copied(clock, school, term, summer, staff):
    off = SessionFactory(institution=school, term=term)
    booking.call_off(session=off, staff=None, reason="tutor is ill")
    single = SessionFactory(institution=school, term=term, weekday=None)
    single.meetings.filter(pk=single.meetings.first().pk).update(cancelled_at=clock.now)
    plan = rollover.plan_of(term=term, to=summer)
    assert [copy.session for copy in plan.copies] == [single]
    assert len(plan.copies[0].dates) == 1


def test_done_again_only_what_is_new_is_copied(clock, school, term, summer, staff):
    SessionFactory(institution=school, term=term)
    rollover.roll_over(term=term, to=summer, staff=staff)
    SessionFactory(institution=school, term=term)
    plan = rollover.roll_over(term=term, to=summer, staff=staff)
    assert (len(plan.copies), plan.copied_before) == (1, 1)
    assert Session.objects.filter(term=summer).count() == 2


def test_looking_changes_nothing(clock, school, years, term, family):
    family(year_group=years[0])
    SessionFactory(institution=school, term=term)
    to = Term(institution=school, name="Summer", starts_on=date(2027, 4, 19), ends_on=date(2027, 7, 9))
    before = Change.objects.count()
    plan = rollover.plan_of(term=term, to=to)
    assert (plan.moved_children, len(plan.copies)) == (1, 1)
    assert (Change.objects.count(), Term.objects.count()) == (before, 1)


def test_nothing_of_it_stays_if_something_goes_wrong(
    clock, school, years, term, summer, staff, family, monkeypatch
):
    _guardian, child = family(year_group=years[0])
    SessionFactory(institution=school, term=term)
    monkeypatch.setattr(rollover, "_write_copy", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rollover.roll_over(term=term, to=summer, staff=staff)
    child.refresh_from_db()
    assert child.year_group == years[0]
    assert Term.objects.get(pk=term.pk).rolled_over_at is None


def test_a_term_goes_over_into_a_later_one_only(school, term):
    overlaps = TermFactory(institution=school, starts_on=date(2027, 3, 1), ends_on=date(2027, 7, 1))
    with pytest.raises(rollover.CannotRollOver):
        rollover.plan_of(term=term, to=overlaps)


def test_the_office_looks_first_and_then_does_it(client, school, years, term, family):
    school.requires_second_factor = False
    school.save()
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    _guardian, child = family(year_group=years[0])
    family(year_group=years[1], given_name="Zara")
    SessionFactory(institution=school, term=term)
    address = f"/at/{school.slug}/staff/terms/roll-over/"
    told = {
        "term": term.pk,
        "name": "Summer",
        "starts_on": "2027-04-19",
        "ends_on": "2027-07-09",
        "moves_up": "on",
        "copies": "on",
    }
    page = client.post(address, told).text
    assert "Zara" in page
    assert "12 dates" in page
    assert not Term.objects.filter(name="Summer").exists()
    client.post(address, {**told, "sure": "1"})
    assert Session.objects.get(term__name="Summer").state == "draft"
    child.refresh_from_db()
    assert child.year_group == years[1]
    client.post(
        f"/at/{school.slug}/staff/bookings/session/",
        {"action": "open_drafts", "_selected_action": [Session.objects.get(term__name="Summer").pk]},
    )
    assert Session.objects.get(term__name="Summer").state == "open"


def test_a_term_of_others_is_no_choice(client, school, term):
    school.requires_second_factor = False
    school.save()
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    theirs = TermFactory(name="Theirs")
    address = f"/at/{school.slug}/staff/terms/roll-over/"
    assert "Theirs" not in client.get(address).text
    client.post(address, {"term": theirs.pk, "to": term.pk, "sure": "1", "moves_up": "on"})
    theirs.refresh_from_db()
    assert theirs.rolled_over_at is None
    assert ChildFactory._meta.model.objects.count() == 0
