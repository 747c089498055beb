from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bookings import booking, keys, waitlist
from bookings.booking import CannotBook, CannotCancel, NoPlace, Wish
from bookings.invariants import find_faults
from bookings.models import (
    Activity,
    Booking,
    IdempotencyKey,
    LedgerEntry,
    Places,
    RefundPolicy,
    RefundStep,
    SignUpWindow,
    WaitEntry,
)
from projects.models import Change, OutboxMessage, Person
from tests.factories.accounts import UserFactory
from tests.factories.bookings import (
    ActivityFactory,
    BookingFactory,
    CategoryFactory,
    ChildFactory,
    GuardianFactory,
    GuardianshipFactory,
    LocationFactory,
    SessionFactory,
    TermFactory,
    YearGroupFactory,
)

pytestmark = pytest.mark.django_db

TUESDAY = datetime(2027, 1, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def moment(clock):
    return clock


@pytest.fixture(autouse=True)
def everything_stays_sound(db):
    yield
    assert find_faults() == []


def places(session):
    return Places.objects.get(session=session)


def refused(**wish):
    with pytest.raises(CannotBook) as refusal:
        booking.book(**wish)
    return refusal.value.code


# --- one booking --------------------------------------------------------------------------------------------


def test_a_free_place_is_booked_with_one_message_and_one_line_of_history(session, child, guardian):
    outcome = booking.book(session=session, child=child, by=guardian)

    made = outcome.booking
    assert made.state == Booking.State.CONFIRMED
    assert (made.booked_by, made.household) == (guardian, guardian.household)
    assert places(session).taken == 1
    assert OutboxMessage.objects.get().to == guardian.email
    change = Change.objects.get(row_id=made.pk, model="bookings.booking")
    assert (change.by, change.action) == (guardian.user, "added")


def test_the_third_child_for_two_places_waits_first_in_the_queue(school, family):
    session = SessionFactory(institution=school, capacity=2)
    for _number in range(2):
        guardian, child = family()
        booking.book(session=session, child=child, by=guardian)
    guardian, child = family()

    assert refused(session=session, child=child, by=guardian) == "full"
    outcome = booking.book(session=session, child=child, by=guardian, or_queue=True)

    assert (outcome.booking, outcome.position) == (None, 1)
    assert Booking.objects.live().count() == 2


def test_a_place_is_paid_later_unless_the_activity_asks_for_it_at_once(school, child, guardian, clock):
    later = SessionFactory(institution=school, price=Decimal("12.50"))
    now = SessionFactory(
        institution=school,
        price=8,
        activity__paying=Activity.Paying.NOW,
        meetings_at=[(TUESDAY, TUESDAY + timedelta(hours=1))],
    )
    assert booking.book(session=later, child=child, by=guardian).booking.state == "confirmed"
    held = booking.book(session=now, child=child, by=guardian).booking
    assert (held.state, held.hold_until) == ("held", clock.now + timedelta(minutes=30))
    owed = LedgerEntry.objects.filter(account="family").values_list("amount", flat=True)
    assert sorted(owed) == [Decimal(8), Decimal("12.50")]

    assert booking.confirm(booking=held).state == "confirmed"
    assert booking.confirm(booking=held).pk == held.pk


def test_a_place_is_due_on_the_day_that_it_is_at_the_school(school, child, guardian, clock):
    school.time_zone = "Asia/Karachi"
    school.save()
    clock.now = datetime(2027, 1, 2, 22, tzinfo=UTC)
    made = booking.book(
        session=SessionFactory(institution=school, price=10), child=child, by=guardian
    ).booking
    assert made.charges.get().due_on == date(2027, 1, 3)


def test_a_free_place_costs_nobody_anything_and_a_negative_price_is_refused(session, child, guardian):
    booking.book(session=session, child=child, by=guardian)
    assert not LedgerEntry.objects.exists()
    session.price = -1
    with pytest.raises(IntegrityError), transaction.atomic():
        session.save()


def test_the_same_place_is_not_booked_twice(school, session, child, guardian):
    booking.book(session=session, child=child, by=guardian)
    assert refused(session=session, child=child, by=guardian) == "already-booked"
    paid = SessionFactory(
        institution=school,
        price=8,
        activity__paying=Activity.Paying.NOW,
        capacity=2,
        meetings_at=[(TUESDAY, TUESDAY + timedelta(hours=1))],
    )
    assert booking.book(session=paid, child=child, by=guardian).booking.state == "held"
    assert refused(session=paid, child=child, by=guardian) == "already-booked"
    assert Booking.objects.count() == 2


def test_who_cancelled_may_book_again_and_the_old_row_stays(session, child, guardian):
    first = booking.book(session=session, child=child, by=guardian).booking
    booking.cancel(booking=first, by=guardian)
    second = booking.book(session=session, child=child, by=guardian).booking
    assert second.pk != first.pk
    assert list(Booking.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "confirmed"]


def test_the_child_of_others_is_nowhere(session, child, family):
    stranger, _child = family()
    assert refused(session=session, child=child, by=stranger) == "not-yours"
    assert refused(session=session, child=child, by=stranger, or_queue=True) == "not-yours"
    assert not WaitEntry.objects.exists()


def test_a_guardian_without_the_right_may_not_book_also_if_it_went_meanwhile(session, child, guardian):
    other = GuardianFactory(institution=session.institution)
    right = GuardianshipFactory(institution=session.institution, guardian=other, child=child, may_book=False)
    assert refused(session=session, child=child, by=other) == "no-right"
    right.may_book = True
    right.save()
    assert booking.book(session=session, child=child, by=other).booking
    # Between the form and its answer the right is taken away.
    right.delete()
    assert (
        refused(session=SessionFactory(institution=session.institution), child=child, by=other) == "not-yours"
    )


def test_a_closed_account_books_nothing(session, child, guardian):
    guardian.user.is_active = False
    guardian.user.save()
    assert refused(session=session, child=child, by=guardian) == "inactive"


def test_the_office_books_for_a_family_without_an_account(school, session):
    guardian = GuardianFactory(institution=school, user=None)
    child = ChildFactory(institution=school, of=guardian)
    made = booking.book(session=session, child=child, by=guardian, staff=UserFactory()).booking
    assert (made.source, made.booked_by) == ("office", guardian)
    assert not OutboxMessage.objects.exists()


def test_a_child_of_another_institution_has_no_place_here(session):
    stranger = ChildFactory()
    assert refused(session=session, child=stranger, staff=UserFactory()) == "not-yours"


def test_one_booking_asks_at_most_twenty_questions(school, guardian, django_capture_on_commit_callbacks):
    """The dearest: paid, years and windows of their own, a student with exams, a key, the bell."""
    year = YearGroupFactory(institution=school)
    person = Person.objects.create(institution=school, number="1")
    child = ChildFactory(institution=school, of=guardian, year_group=year, person=person)
    session = SessionFactory(
        institution=school,
        price=20,
        activity=ActivityFactory(institution=school, category=CategoryFactory(institution=school)),
        location=LocationFactory(institution=school),
    )
    session.activity.year_groups.add(year)
    SignUpWindow.objects.create(
        institution=school, session=session, year_group=year, opens_at=TUESDAY - timedelta(days=30)
    )
    with CaptureQueriesContext(connection) as asked, django_capture_on_commit_callbacks(execute=True):
        booking.book(session=session, child=child, by=guardian, key="form-1")
    # BEGIN and COMMIT are a savepoint and its release here.
    assert len(asked) <= 20, [query["sql"][:80] for query in asked]


def test_the_number_of_questions_does_not_grow_with_past_bookings(school, session, child, guardian, family):
    with CaptureQueriesContext(connection) as empty:
        booking.cancel(booking=booking.book(session=session, child=child, by=guardian).booking, by=guardian)
    for _number in range(20):
        other, their_child = family()
        made = booking.book(session=session, child=their_child, by=other).booking
        booking.cancel(booking=made, by=other)
    with CaptureQueriesContext(connection) as full:
        booking.cancel(booking=booking.book(session=session, child=child, by=guardian).booking, by=guardian)
    assert len(full) == len(empty)


# --- several at once ----------------------------------------------------------------------------------------


def test_two_siblings_get_both_places_or_none(session, child, guardian):
    sibling = ChildFactory(institution=session.institution, of=guardian)
    wishes = [Wish(session, child), Wish(session, sibling)]
    with pytest.raises(NoPlace) as refusal:
        booking.book_many(wishes=wishes, by=guardian)
    assert refusal.value.child == sibling
    assert not Booking.objects.exists()
    assert not OutboxMessage.objects.exists()

    waitlist.change_capacity(session=session, capacity=2, staff=None)
    outcomes = booking.book_many(wishes=wishes, by=guardian)
    assert all(outcome.booking for outcome in outcomes)


def test_book_what_you_can_and_queue_the_rest(school, session, child, guardian):
    full = SessionFactory(
        institution=school, capacity=0, meetings_at=[(TUESDAY, TUESDAY + timedelta(hours=1))]
    )
    too_old = SessionFactory(institution=school, activity__oldest=5)
    outcomes = booking.book_many(
        wishes=[Wish(session, child), Wish(full, child), Wish(too_old, child)],
        by=guardian,
        all_or_none=False,
        or_queue=True,
        key="form-1",
    )
    assert outcomes[0].booking.session == session
    assert outcomes[1].position == 1
    # It is at the time of the first, which the child has by now.
    assert outcomes[2].refusal.code == "clash"
    again = booking.book_many(
        wishes=[Wish(session, child), Wish(full, child), Wish(too_old, child)],
        by=guardian,
        all_or_none=False,
        or_queue=True,
        key="form-1",
    )
    assert [one.is_replay for one in again] == [True] * 3
    assert again[0].booking == outcomes[0].booking
    assert again[1].entry == outcomes[1].entry
    assert again[2].refusal.code == "clash"


# --- the same question twice --------------------------------------------------------------------------------


def test_a_form_that_is_sent_twice_books_once_and_both_see_the_same(session, child, guardian):
    first = booking.book(session=session, child=child, by=guardian, key="form-1")
    second = booking.book(session=session, child=child, by=guardian, key="form-1")
    assert second.booking == first.booking
    assert (first.is_replay, second.is_replay) == (False, True)
    assert OutboxMessage.objects.count() == 1


def test_the_same_key_with_another_question_is_refused(school, session, child, guardian):
    booking.book(session=session, child=child, by=guardian, key="form-1")
    other = SessionFactory(
        institution=school, capacity=9, meetings_at=[(TUESDAY, TUESDAY + timedelta(hours=1))]
    )
    with pytest.raises(keys.KeyUsedDifferently):
        booking.book(session=other, child=child, by=guardian, key="form-1")
    assert Booking.objects.count() == 1


def test_the_same_key_of_another_person_is_another_key(school, child, guardian, family):
    session = SessionFactory(institution=school, capacity=2)
    other, their_child = family()
    booking.book(session=session, child=child, by=guardian, key="form-1")
    outcome = booking.book(session=session, child=their_child, by=other, key="form-1")
    assert not outcome.is_replay
    assert Booking.objects.live().count() == 2


def test_a_refused_form_may_be_sent_again(session, child, guardian, family):
    other, their_child = family()
    theirs = booking.book(session=session, child=their_child, by=other).booking
    assert refused(session=session, child=child, by=guardian, key="form-1") == "full"
    assert not IdempotencyKey.objects.exists()
    booking.cancel(booking=theirs, by=other)
    assert booking.book(session=session, child=child, by=guardian, key="form-1").booking


# --- cancelling, swapping, forcing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_before", "comes_back"), [(20, "20.00"), (14, "20.00"), (13, "10.00"), (3, "10.00"), (2, "0.00")]
)
def test_how_much_comes_back_goes_by_the_days_before(school, child, guardian, clock, days_before, comes_back):
    policy = RefundPolicy.objects.create(institution=school, name="P")
    for days, percent in ((14, 100), (3, 50)):
        RefundStep.objects.create(institution=school, policy=policy, days=days, percent=percent)
    session = SessionFactory(institution=school, price=20, activity__refund_policy=policy)
    made = booking.book(session=session, child=child, by=guardian).booking
    clock.now = TUESDAY - timedelta(days=days_before) + timedelta(hours=9)
    assert booking.refund_told(booking=made) == Decimal(comes_back)
    assert booking.cancel(booking=made, by=guardian).refund == Decimal(comes_back)
    total = sum(LedgerEntry.objects.filter(account="family").values_list("amount", flat=True))
    assert total == Decimal(20) - Decimal(comes_back)


def test_families_cancel_in_time_and_the_office_always(school, child, guardian, clock):
    policy = RefundPolicy.objects.create(institution=school, name="P", cancel_hours=24)
    session = SessionFactory(institution=school, activity__refund_policy=policy)
    made = booking.book(session=session, child=child, by=guardian).booking
    clock.now = TUESDAY + timedelta(hours=1)
    with pytest.raises(CannotCancel):
        booking.cancel(booking=made, by=guardian)
    booking.cancel(booking=made, staff=UserFactory(), reason="moved away")
    with pytest.raises(CannotCancel):
        booking.cancel(booking=made, staff=UserFactory())


def test_nobody_cancels_for_others(session, child, guardian, family):
    made = booking.book(session=session, child=child, by=guardian).booking
    stranger, _child = family()
    with pytest.raises(CannotBook):
        booking.cancel(booking=made, by=stranger)
    assert places(session).taken == 1


def test_a_swap_gives_the_old_place_to_the_queue_and_only_if_there_is_a_new_one(
    school, child, guardian, family
):
    early, late = (
        SessionFactory(
            institution=school,
            price=price,
            meetings_at=[(TUESDAY + timedelta(hours=hour), TUESDAY + timedelta(hours=hour + 1))],
        )
        for hour, price in ((9, 10), (10, 4))
    )
    mine = booking.book(session=early, child=child, by=guardian).booking
    other, their_child = family()
    theirs = booking.book(session=late, child=their_child, by=other).booking
    third, waiting_child = family()
    waitlist.join(session=early, child=waiting_child, by=third)
    with pytest.raises(NoPlace):
        booking.swap(booking=mine, to=late, by=guardian)
    assert Booking.objects.get(pk=mine.pk).is_live

    booking.cancel(booking=theirs, by=other)
    new = booking.swap(booking=mine, to=late, by=guardian)
    assert new.session == late
    assert Booking.objects.live().get(session=early).child == waiting_child
    owed = LedgerEntry.objects.filter(account="family", household=guardian.household)
    assert sum(owed.values_list("amount", flat=True)) == 4


def test_a_swap_to_the_same_time_is_no_clash_with_itself(school, session, child, guardian):
    mine = booking.book(session=session, child=child, by=guardian).booking
    same_time = SessionFactory(institution=school)
    assert booking.swap(booking=mine, to=same_time, by=guardian).session == same_time


def test_a_swap_for_something_cheaper_brings_back_what_cancelling_that_much_would(school, child, guardian):
    policy = RefundPolicy.objects.create(institution=school, name="P")
    RefundStep.objects.create(institution=school, policy=policy, days=3, percent=50)
    dear = SessionFactory(institution=school, price=20, activity__refund_policy=policy)
    cheap = SessionFactory(institution=school, price=4, activity__refund_policy=policy)
    mine = booking.book(session=dear, child=child, by=guardian).booking
    mine = booking.swap(booking=mine, to=cheap, by=guardian)
    owed = LedgerEntry.objects.filter(account="family")
    assert sum(owed.values_list("amount", flat=True)) == 4 + 8
    # For the same price nothing is lost.
    other = SessionFactory(institution=school, price=4, activity__refund_policy=policy)
    booking.swap(booking=mine, to=other, by=guardian)
    assert sum(owed.values_list("amount", flat=True)) == 4 + 8


def test_nobody_swaps_a_place_for_itself(school, child, guardian):
    session = SessionFactory(institution=school, capacity=2)
    taken = booking.book(session=session, child=child, by=guardian).booking
    with pytest.raises(CannotBook) as refusal:
        booking.swap(booking=taken, to=session, by=guardian)
    assert refusal.value.code == "already-booked"


def test_the_office_gives_a_place_beyond_the_capacity_with_a_reason(session, child, guardian, family):
    booking.book(session=session, child=child, by=guardian)
    other, their_child = family()
    staff = UserFactory()
    with pytest.raises(CannotBook):
        booking.force(session=session, child=their_child, staff=staff, reason=" ")
    extra = booking.force(session=session, child=their_child, staff=staff, reason="twin", by=other)
    row = places(session)
    assert (row.taken, row.capacity, row.extra) == (2, 1, 1)
    assert Change.objects.get(row_id=extra.pk, model="bookings.booking").reason == "twin"
    # The place goes with whom it was given to.
    booking.cancel(booking=extra, staff=staff)
    assert (places(session).taken, places(session).extra) == (1, 0)


def test_a_session_that_is_called_off_ends_its_places_and_its_queue(school, child, guardian, family):
    session = SessionFactory(institution=school, price=10)
    booking.book(session=session, child=child, by=guardian)
    other, their_child = family()
    waitlist.join(session=session, child=their_child, by=other)
    assert booking.call_off(session=session, staff=UserFactory(), reason="tutor is ill") == 1
    assert not Booking.objects.live().exists()
    assert WaitEntry.objects.get().state == "closed"
    assert sum(LedgerEntry.objects.filter(account="family").values_list("amount", flat=True)) == 0
    assert refused(session=session, child=their_child, by=other) == "cancelled-session"


# --- holds --------------------------------------------------------------------------------------------------


@pytest.fixture
def paid(school):
    return SessionFactory(institution=school, price=8, activity__paying=Activity.Paying.NOW)


def test_a_hold_counts_until_it_ends_and_then_goes_without_any_worker(paid, child, guardian, family, clock):
    held = booking.book(session=paid, child=child, by=guardian).booking
    other, their_child = family()
    assert refused(session=paid, child=their_child, by=other) == "full"
    clock.pass_by(minutes=31)
    assert booking.book(session=paid, child=their_child, by=other).booking
    held.refresh_from_db()
    assert held.state == "expired"
    assert sum(held.entries.filter(account="family").values_list("amount", flat=True)) == 0


def test_a_hold_that_ended_elsewhere_is_no_clash(school, paid, child, guardian, clock):
    booking.book(session=paid, child=child, by=guardian)
    same_time = SessionFactory(institution=school)
    assert refused(session=same_time, child=child, by=guardian) == "clash"
    clock.pass_by(minutes=31)
    assert booking.book(session=same_time, child=child, by=guardian).booking


def test_money_that_comes_late_counts_while_the_place_is_free_and_nobody_waits(paid, child, guardian, clock):
    held = booking.book(session=paid, child=child, by=guardian).booking
    clock.pass_by(minutes=31)
    assert booking.confirm(booking=held).state == "confirmed"
    assert places(paid).taken == 1


def test_money_that_comes_after_the_hold_was_swept_books_anew(paid, child, guardian, clock):
    held = booking.book(session=paid, child=child, by=guardian).booking
    clock.pass_by(minutes=31)
    waitlist.serve_all_due()
    assert booking.confirm(booking=held).pk != held.pk


def test_money_that_comes_after_the_place_has_gone_is_given_back(paid, child, guardian, family, clock):
    held = booking.book(session=paid, child=child, by=guardian).booking
    other, their_child = family()
    waitlist.join(session=paid, child=their_child, by=other)
    clock.pass_by(minutes=31)
    with pytest.raises(booking.PlaceGone):
        booking.confirm(booking=held)
    assert Booking.objects.live().get().child == their_child


def test_a_hold_may_be_made_longer_while_it_lasts(paid, child, guardian, clock):
    held = booking.book(session=paid, child=child, by=guardian).booking
    assert booking.extend_hold(booking=held, until=clock.now + timedelta(hours=1))
    clock.pass_by(minutes=61)
    assert not booking.extend_hold(booking=held, until=clock.now + timedelta(hours=1))


def test_a_clock_that_is_set_back_makes_no_hold_immortal(paid, child, guardian, family, clock):
    booking.book(session=paid, child=child, by=guardian)
    other, their_child = family()
    waitlist.join(session=paid, child=their_child, by=other)
    clock.pass_by(hours=-1)
    waitlist.serve_all_due()
    assert WaitEntry.objects.get().state == "waiting"
    clock.pass_by(hours=1, minutes=31)
    for _twice in range(2):
        waitlist.serve_all_due()
    assert Booking.objects.live().get().child == their_child


# --- limits that other bookings make ------------------------------------------------------------------------


def test_a_third_place_in_a_term_is_refused_until_one_is_given_up(school, child, guardian):
    term = TermFactory(institution=school, most_bookings=2)
    sessions = [
        SessionFactory(
            institution=school,
            term=term,
            meetings_at=[(TUESDAY + timedelta(hours=hour), TUESDAY + timedelta(hours=hour + 1))],
        )
        for hour in range(3)
    ]
    first = booking.book(session=sessions[0], child=child, by=guardian).booking
    booking.book(session=sessions[1], child=child, by=guardian)
    assert refused(session=sessions[2], child=child, by=guardian) == "too-many"
    booking.cancel(booking=first, by=guardian)
    assert booking.book(session=sessions[2], child=child, by=guardian).booking


def test_the_database_itself_refuses_to_oversell(session):
    BookingFactory(institution=session.institution, session=session)
    with pytest.raises(IntegrityError), transaction.atomic():
        Places.objects.filter(session=session).update(taken=2)


def test_a_key_is_forgotten_after_two_days(session, child, guardian, clock):
    booking.book(session=session, child=child, by=guardian, key="form-1")
    clock.pass_by(hours=48)
    assert keys.forget() == 0
    clock.pass_by(seconds=1)
    assert keys.forget() == 1
