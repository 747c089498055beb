"""A promo code belongs to a place: it comes with it, goes with it, and waits for it in the queue."""

from decimal import Decimal

import pytest

from bookings import booking, waitlist
from bookings.booking import CannotBook
from bookings.invariants import find_faults
from bookings.models import Activity, LedgerEntry, PromoCode
from tests.factories.bookings import BookingFactory, ChildFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def moment(clock):
    return clock


@pytest.fixture(autouse=True)
def everything_stays_sound(db):
    yield
    assert find_faults() == []


@pytest.fixture
def session(school):
    return SessionFactory(institution=school, price=Decimal(40))


@pytest.fixture
def spring(school):
    """Five off, once."""
    return PromoCode.objects.create(institution=school, code="SPRING", amount=5, most_uses=1)


def used(code):
    code.refresh_from_db()
    return code.used


def test_a_place_given_up_gives_its_code_back(session, child, guardian, spring):
    mine = booking.book(session=session, child=child, by=guardian, promo_code="spring").booking
    assert (mine.price, used(spring)) == (35, 1)
    booking.cancel(booking=mine, by=guardian)
    assert used(spring) == 0


def test_a_hold_that_ends_gives_its_code_back(session, child, guardian, spring, clock):
    Activity.objects.update(paying=Activity.Paying.NOW)
    session.activity.refresh_from_db()
    booking.book(session=session, child=child, by=guardian, promo_code="SPRING")
    clock.pass_by(hours=2)
    waitlist.serve_session(session)
    assert used(spring) == 0


def test_a_code_goes_along_when_its_place_is_swapped(school, session, child, guardian, spring):
    mine = booking.book(session=session, child=child, by=guardian, promo_code="SPRING").booking
    other = SessionFactory(institution=school, price=Decimal(50))
    mine = booking.swap(booking=mine, to=other, by=guardian)
    assert (mine.price, used(spring)) == (45, 1)
    booking.cancel(booking=mine, by=guardian)
    assert used(spring) == 0


@pytest.fixture
def held_swap(school, session, child, guardian, spring):
    """The place with the code, and the one that is held for it until the difference is paid."""
    mine = booking.book(session=session, child=child, by=guardian, promo_code="SPRING").booking
    other = SessionFactory(institution=school, price=Decimal(50), activity__paying=Activity.Paying.NOW)
    return mine, booking.swap(booking=mine, to=other, by=guardian)


def test_a_held_swap_that_lapses_leaves_the_code_with_the_old_place(held_swap, guardian, spring, clock):
    mine, held = held_swap
    assert (held.state, held.price, used(spring)) == ("held", 45, 1)
    clock.pass_by(hours=2)
    waitlist.serve_session(held.session)
    assert used(spring) == 1
    mine.refresh_from_db()
    booking.cancel(booking=mine, by=guardian)
    assert used(spring) == 0


def test_a_held_swap_that_is_paid_takes_the_code_along(held_swap, guardian, spring):
    _mine, held = held_swap
    booking.confirm(booking=held)
    held.refresh_from_db()
    assert used(spring) == 1
    booking.cancel(booking=held, by=guardian)
    assert used(spring) == 0


def test_of_two_wishes_with_a_code_for_one_the_other_is_not_booked(school, session, child, guardian, spring):
    sibling = ChildFactory(institution=school, of=guardian)
    other = SessionFactory(institution=school, price=Decimal(40))
    wishes = [booking.Wish(session, child), booking.Wish(other, sibling)]
    first, second = booking.book_many(wishes=wishes, by=guardian, promo_code="SPRING", all_or_none=False)
    assert (first.booking.price, second.refusal.code, used(spring)) == (35, "promo", 1)


def test_a_code_that_does_not_count_is_refused_in_the_queue_too(school, session, child, guardian):
    BookingFactory(institution=school, session=session)
    with pytest.raises(CannotBook, match="does not count"):
        booking.book(session=session, child=child, by=guardian, promo_code="NONSENSE", or_queue=True)


@pytest.mark.parametrize("promotion", Activity.Promotion.values)
def test_a_code_is_kept_in_the_queue_and_counts_for_the_place(
    school, session, child, guardian, spring, promotion
):
    """At once, or when the offer is accepted: the ledger has the whole price, and the discount."""
    Activity.objects.update(promotion=promotion)
    session.activity.refresh_from_db()
    taken = BookingFactory(institution=school, session=session)
    booking.book(session=session, child=child, by=guardian, promo_code="SPRING", or_queue=True)
    assert used(spring) == 0

    [mine] = booking.cancel(booking=taken).promoted
    if promotion == Activity.Promotion.OFFER:
        mine = waitlist.accept(offer=mine.offers.get(), by=guardian)

    assert (mine.price, used(spring)) == (35, 1)
    entered = LedgerEntry.objects.filter(booking=mine).values_list("account", "amount")
    assert dict(entered) == {"family": 35, "discount": 5, "income": -40}


def test_who_moves_up_after_the_code_was_used_up_has_the_place_at_its_price(
    school, session, child, guardian, spring
):
    taken = BookingFactory(institution=school, session=session)
    waitlist.join(session=session, child=child, by=guardian, promo_code="SPRING")
    PromoCode.objects.update(used=1)
    [mine] = booking.cancel(booking=taken).promoted
    assert mine.price == 40


def test_an_offer_that_lapses_gives_the_code_back(school, session, child, guardian, spring, clock):
    Activity.objects.update(promotion=Activity.Promotion.OFFER)
    session.activity.refresh_from_db()
    taken = BookingFactory(institution=school, session=session)
    waitlist.join(session=session, child=child, by=guardian, promo_code="SPRING")
    booking.cancel(booking=taken)
    assert used(spring) == 1
    clock.pass_by(days=2)
    waitlist.serve_session(session)
    assert used(spring) == 0


def test_money_that_comes_late_takes_the_place_at_the_price_that_was_paid(
    school, session, child, guardian, spring, clock
):
    Activity.objects.update(paying=Activity.Paying.NOW)
    session.activity.refresh_from_db()
    held = booking.book(session=session, child=child, by=guardian, promo_code="SPRING").booking
    clock.pass_by(hours=2)
    waitlist.serve_session(session)
    held.refresh_from_db()
    assert booking.confirm(booking=held).price == 35
