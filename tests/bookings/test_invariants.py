"""Each fault that can be planted is found, and by the check that is meant to find it."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bookings import booking, invariants, tasks, waitlist
from bookings.invariants import find_faults
from bookings.models import (
    Activity,
    Booking,
    Charge,
    LedgerEntry,
    Offer,
    Payment,
    Places,
    WaitBlock,
    WaitEntry,
)
from projects.models import OutboxMessage
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, HouseholdFactory, SessionFactory
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def world(school, family, clock):
    """A session with a paid place, an offered one, and a queue of three; all is well."""
    session = SessionFactory(
        institution=school, capacity=2, price=5, activity__promotion=Activity.Promotion.OFFER
    )
    families = [family() for _number in range(6)]
    places = [booking.book(session=session, child=c, by=g).booking for g, c in families[:2]]
    for guardian, child in families[2:]:
        waitlist.join(session=session, child=child, by=guardian)
    booking.cancel(booking=places[0], staff=UserFactory())
    assert find_faults() == []
    return session


def elsewhere_at_the_same_time(world):
    other = SessionFactory(institution=world.institution)
    BookingFactory(institution=world.institution, session=other, child=_confirmed().child)


def _confirmed():
    return Booking.objects.get(state="confirmed", price=5)


def _forget(index):
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index}")


def booked_twice(world):
    _forget("bookings_booking_one_live")
    Places.objects.filter(session=world).update(capacity=5)
    BookingFactory(institution=world.institution, session=world, child=_confirmed().child, price=0)


def waits_twice(world):
    _forget("bookings_wait_one_live")
    first = WaitEntry.objects.filter(state="waiting").first()
    WaitEntry.objects.create(institution=world.institution, session=world, child=first.child, seq=9)


def passed_by(world):
    Places.objects.filter(session=world).update(capacity=3)
    last = WaitEntry.objects.order_by("-seq").first()
    made = BookingFactory(institution=world.institution, session=world, child=last.child)
    WaitEntry.objects.filter(pk=last.pk).update(state="promoted", booking=made, ended_at=NOW)


def unbalanced(world):
    entry = LedgerEntry.objects.filter(account="family").first()
    LedgerEntry.objects.create(
        institution=world.institution,
        household=entry.household,
        account="cash",
        kind="transfer",
        ref="lost",
        amount=3,
        currency="GBP",
    )


FAULTS = {
    "taken drifts": (
        lambda world: Places.objects.filter(session=world).update(taken=1),
        "counters_count_the_rows",
    ),
    "waiting drifts": (
        lambda world: Places.objects.filter(session=world).update(waiting=9),
        "counters_count_the_rows",
    ),
    "a block drifts": (lambda world: WaitBlock.objects.update(waiting=9), "counters_count_the_rows"),
    "a number is left out": (
        lambda world: WaitEntry.objects.filter(seq=2).update(seq=77),
        "counters_count_the_rows",
    ),
    "oversold": (
        lambda world: (
            [
                BookingFactory.create_batch(
                    3, institution=world.institution, session=world, state="confirmed"
                )
                for _once in [Places.objects.filter(session=world).update(capacity=9)]
            ]
            and Places.objects.filter(session=world).update(capacity=2, taken=2)
        ),
        "nothing_is_oversold",
    ),
    "free while somebody waits": (
        lambda world: Places.objects.filter(session=world).update(capacity=3),
        "no_place_is_free_while_somebody_waits",
    ),
    "booked twice": (booked_twice, "nobody_is_there_twice"),
    "waits twice": (waits_twice, "nobody_is_there_twice"),
    "passed by": (passed_by, "nobody_is_passed_by"),
    "in two places": (elsewhere_at_the_same_time, "nobody_is_in_two_places"),
    "an offer without a place": (
        lambda world: Booking.objects.filter(state="held").update(state="confirmed", confirmed_at=NOW),
        "offers_hold_their_places",
    ),
    "offered without an offer": (
        lambda world: Offer.objects.update(state="withdrawn"),
        "offers_hold_their_places",
    ),
    "a hold that nobody looks after": (
        lambda world: Places.objects.filter(session=world).update(next_hold_ends_at=None),
        "holds_end_when_they_should",
    ),
    "the ledger differs": (unbalanced, "the_ledger_balances"),
    "a payment that nobody entered": (
        lambda world: Payment.objects.create(
            institution=world.institution,
            household=HouseholdFactory(institution=world.institution),
            provider="cash",
            amount=5,
            state="succeeded",
            settled_at=NOW,
        ),
        "what_moved_is_in_the_ledger",
    ),
    "nobody owes it": (
        lambda world: Charge.objects.filter(cancelled_at=None).update(cancelled_at=NOW),
        "places_are_charged_while_they_last",
    ),
    "a message about nothing": (
        lambda world: OutboxMessage.objects.create(
            institution=world.institution, to="a@example.edu", text="x", dedupe="1:booking:999999:confirmed:0"
        ),
        "messages_are_about_something",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(world, fault):
    plant, name = FAULTS[fault]
    plant(world)
    check = getattr(invariants, name)
    assert list(check(world.institution))
    assert find_faults(world.institution)
    assert find_faults(InstitutionFactory()) == []


def test_a_hold_that_has_run_out_and_a_place_about_to_be_dropped_are_no_clash(school, guardian, child, clock):
    paid = SessionFactory(institution=school, price=5, activity__paying=Activity.Paying.NOW)
    booking.book(session=paid, child=child, by=guardian)
    clock.pass_by(minutes=31)
    booking.book(session=SessionFactory(institution=school), child=child, by=guardian)
    assert find_faults() == []


def test_the_command_says_what_is_wrong_and_exits_with_one(world, capsys):
    call_command("check_invariants")
    assert "is true" in capsys.readouterr().out
    Places.objects.filter(session=world).update(taken=1)
    with pytest.raises(SystemExit) as exit:
        call_command("check_invariants", world.institution.slug)
    assert exit.value.code == 1
    assert "1 taken" in capsys.readouterr().out
    call_command("check_invariants", InstitutionFactory().slug)
    with pytest.raises(CommandError):
        call_command("check_invariants", "nowhere")


def test_it_asks_the_same_few_questions_of_a_school_of_any_size(world, django_assert_max_num_queries):
    with django_assert_max_num_queries(21):
        find_faults()


def test_what_is_wrong_at_night_stands_in_the_log(world, caplog):
    assert tasks.count_again() == 0
    Places.objects.filter(session=world).update(taken=1)
    assert tasks.count_again() > 0
    assert "1 taken" in caplog.text
