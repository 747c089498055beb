"""What an installation holds already outlives an update."""

from decimal import Decimal

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from bookings import booking
from bookings.invariants import find_faults
from bookings.models import Booking, Charge, PromoCode
from tests.factories.bookings import SessionFactory

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name):
    MigrationExecutor(connection).migrate([("bookings", name)])


def newest():
    return max(name for app, name in MigrationExecutor(connection).loader.graph.nodes if app == "bookings")


@pytest.fixture
def before_promo_codes_belonged_to_places():
    """The database goes back behind the update, and forward again whatever happens."""
    try:
        yield lambda: migrate("0004_retention")
    finally:
        migrate(newest())


def test_discounts_and_what_was_taken_back_of_a_price_are_known_after_the_update(
    clock, school, child, guardian, before_promo_codes_belonged_to_places
):
    PromoCode.objects.create(institution=school, code="SPRING", amount=5)
    session = SessionFactory(institution=school, price=Decimal(40))
    given_up = booking.book(session=session, child=child, by=guardian).booking
    booking.cancel(booking=given_up, by=guardian)
    booking.book(session=session, child=child, by=guardian, promo_code="SPRING")

    def told():
        discounts = list(Booking.objects.order_by("pk").values_list("discounts", flat=True))
        return discounts, list(Charge.objects.order_by("pk").values_list("amount", "taken_back"))

    before = told()
    assert [len(one) for one in before[0]] == [0, 1]
    assert before[1] == [(40, 40), (35, 0)]
    before_promo_codes_belonged_to_places()
    migrate(newest())
    assert told() == before
    assert find_faults() == []
