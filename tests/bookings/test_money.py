"""Prices are exact, discounts follow one rule, and the ledger always adds up to nothing."""

import random
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from bookings import money
from bookings.checks import CannotBook
from bookings.models import Charge, Discount, LedgerEntry, LedgerIsKept, PromoCode
from bookings.templatetags.activities import money as shown

from ..factories.bookings import BookingFactory, ChildFactory, HouseholdFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    return SessionFactory(price=Decimal("40.00"), capacity=9)


@pytest.fixture
def household(session):
    return HouseholdFactory(institution=session.institution)


@pytest.fixture
def child(session):
    return ChildFactory(institution=session.institution)


def discount(session, kind, percent, **fields):
    return Discount.objects.create(
        institution=session.institution,
        name=f"{kind} {percent}",
        kind=kind,
        percent=percent,
        **{"from_number": 1, **fields},
    )


def price(session, child, household, promo_code=""):
    return money.price_for(session=session, child=child, household=household, promo_code=promo_code)


def test_without_a_discount_the_place_costs_its_price(session, child, household):
    assert price(session, child, household).amount == Decimal("40.00")


def test_ten_per_cent_off_three_times_ten_cents_is_27_cents(session, child, household):
    session.price = 3 * Decimal("0.10")
    discount(session, Discount.Kind.SEVERAL, 10)
    assert price(session, child, household).amount == Decimal("0.27")


def test_of_the_general_discounts_the_best_counts_and_a_bursary_comes_on_top(session, child, household):
    discount(session, Discount.Kind.SEVERAL, 10)
    discount(session, Discount.Kind.EARLY, 25)
    discount(session, Discount.Kind.BURSARY, 50, child=child)
    told = price(session, child, household)
    assert told.amount == Decimal("15.00")
    assert [one.amount for one in told.discounts] == [Decimal("10.00"), Decimal("15.00")]


def test_a_bursary_is_nobody_elses(session, child, household):
    discount(session, Discount.Kind.BURSARY, 50, child=ChildFactory(institution=session.institution))
    assert price(session, child, household).amount == Decimal("40.00")


def test_the_sibling_discount_begins_with_the_second_child(session, child, household):
    discount(session, Discount.Kind.SIBLING, 10, from_number=2)
    assert price(session, child, household).amount == Decimal("40.00")

    sibling = ChildFactory(institution=session.institution)
    BookingFactory(institution=session.institution, session=session, child=sibling, household=household)

    assert price(session, child, household).amount == Decimal("36.00")


def test_a_discount_stays_though_the_first_sibling_cancels(session, child, household):
    """What was agreed is owed: who books is not charged again for what others of the family do later."""
    discount(session, Discount.Kind.SIBLING, 10, from_number=2)
    first, second = (
        BookingFactory(
            institution=session.institution,
            session=session,
            child=one,
            household=household,
            price=price(session, one, household).amount,
        )
        for one in (child, ChildFactory(institution=session.institution))
    )
    for booking in (first, second):
        told = money.Price(session.price, booking.price)
        money.charge_for_booking(booking=booking, price=told)

    assert money.take_back_charge(booking=first) == Decimal("40.00")

    assert Charge.objects.get(cancelled_at=None).amount == Decimal("36.00")
    owed = LedgerEntry.objects.filter(account="family").values_list("amount", flat=True)
    assert sum(owed) == Decimal("36.00")


def test_an_early_discount_ends_on_its_day(session, child, household):
    yesterday = timezone.localdate() - timedelta(days=1)
    discount(session, Discount.Kind.EARLY, 25, ends_on=yesterday)
    assert price(session, child, household).amount == Decimal("40.00")


def test_a_promo_code_is_typed_in_any_case_and_used_up(session, child, household):
    code = PromoCode.objects.create(institution=session.institution, code="SPRING", amount=5, most_uses=1)
    told = price(session, child, household, "spring ")
    assert told.amount == Decimal("35.00")

    money.use_codes(told)

    code.refresh_from_db()
    assert code.used == 1
    with pytest.raises(CannotBook, match="does not count here"):
        price(session, child, household, "SPRING")


def test_a_code_used_up_between_price_and_place_is_refused(session, child, household):
    code = PromoCode.objects.create(institution=session.institution, code="SPRING", amount=5, most_uses=1)
    told = price(session, child, household, "SPRING")
    code.used = 1
    code.save()
    with pytest.raises(CannotBook, match="just been used up"):
        money.use_codes(told)


def test_a_free_place_is_not_charged(session, child, household):
    session.price = Decimal(0)
    booking = BookingFactory(
        institution=session.institution, session=session, child=child, household=household
    )
    assert money.charge_for_booking(booking=booking, price=price(session, child, household)) is None
    assert not LedgerEntry.objects.exists()


@pytest.mark.soak
def test_the_ledger_balances_over_random_charges_and_cancellations(session, household, rounds):
    dice = random.Random(7)
    discount(session, Discount.Kind.EARLY, Decimal("12.5"))
    child = ChildFactory(institution=session.institution)
    for _turn in range(rounds(60, 10_000)):
        session.price = Decimal(dice.randrange(0, 20000)) / 100
        booking = BookingFactory(
            institution=session.institution,
            session=session,
            child=child,
            household=household,
            state="cancelled",
            confirmed_at=None,
            ended_at=timezone.now(),
        )
        money.charge_for_booking(booking=booking, price=price(session, child, household))
        if dice.random() < 0.5:
            money.take_back_charge(booking=booking, percent=dice.randrange(0, 101))
    sums = defaultdict(Decimal)
    for kind, ref, amount in LedgerEntry.objects.values_list("kind", "ref", "amount"):
        sums[kind, ref] += amount
    assert set(sums.values()) == {Decimal(0)}


def test_a_charge_is_taken_back_once(session, child, household):
    booking = BookingFactory(
        institution=session.institution, session=session, child=child, household=household
    )
    money.charge_for_booking(booking=booking, price=price(session, child, household))
    assert money.take_back_charge(booking=booking, percent=50) == Decimal("20.00")
    assert money.take_back_charge(booking=booking, percent=50) == 0
    assert Charge.objects.get().cancelled_at


def test_sides_that_differ_are_not_entered(household):
    with pytest.raises(ValueError, match="differ"):
        money.enter_all(
            household=household, currency="PKR", kind="charge", ref="x", sides={"family": Decimal(1)}
        )


def test_an_entry_is_neither_changed_nor_deleted(session, child, household):
    booking = BookingFactory(
        institution=session.institution, session=session, child=child, household=household
    )
    money.charge_for_booking(booking=booking, price=price(session, child, household))
    entry = LedgerEntry.objects.first()
    for change in (entry.save, entry.delete, LedgerEntry.objects.all().delete):
        with pytest.raises(LedgerIsKept):
            change()
    with pytest.raises(LedgerIsKept):
        LedgerEntry.objects.update(amount=0)


def test_currencies_without_a_smaller_coin_are_rounded_to_whole_ones():
    assert money.round_to(Decimal("10.5"), "JPY") == 11
    assert money.round_to(Decimal("0.105"), "GBP") == Decimal("0.11")


@pytest.mark.parametrize("language", ["en", "ur"])
def test_a_price_is_written_the_same_way_in_every_language(language):
    with translation.override(language):
        assert shown(Decimal("1234567.5"), "PKR") == "Rs 1,234,567.50"
        assert shown(Decimal(-1500), "GBP") == "−£1,500"
