"""Money comes once, books the place that it was for, and goes back when the place is gone."""

import json
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule

from bookings import booking as acts
from bookings import glance, instalments, invariants, money, owed, paying, payments, till, waitlist
from bookings.models import (
    Activity,
    Booking,
    Charge,
    Instalment,
    LedgerEntry,
    Payment,
    ProviderEvent,
    Refund,
    RefundPolicy,
    RefundStep,
    TrialObject,
)
from bookings.payments import local
from bookings.payments.stripe import Stripe
from projects.models import OutboxMessage
from projects.throttle import Rate

from ..factories.bookings import ChildFactory, GuardianFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def local_cards(settings):
    settings.CARD_PAYMENTS = "local"
    payments.provider_named.cache_clear()


@pytest.fixture
def guardian():
    return GuardianFactory()


@pytest.fixture
def session(guardian):
    session = SessionFactory(institution=guardian.institution, price=Decimal("40.00"), capacity=1)
    session.activity.paying = Activity.Paying.NOW
    session.activity.save()
    return session


def book(session, guardian) -> Booking:
    child = ChildFactory(institution=guardian.institution, of=guardian)
    return acts.book(session=session, child=child, by=guardian).booking


@pytest.fixture
def held(session, guardian):
    """A place that waits to be paid."""
    place = book(session, guardian)
    assert place.state == Booking.State.HELD
    return place


def begin(guardian) -> Payment:
    charges = Charge.objects.filter(household=guardian.household)
    paying.begin(
        household=guardian.household, charges=list(charges), paid_url="http://x/paid", back_url="http://x/"
    )
    return Payment.objects.latest("pk")


def pay(payment, way="pay"):
    local.answer_checkout(ref=payment.provider_ref, way=way)


def message(payment, kind="checkout.session.completed", event="evt_1"):
    return local.message(ref=payment.provider_ref, kind=kind, event_id=event)


def told(payment, **of_message):
    body, signature = message(payment, **of_message)
    paying.receive(provider="local", body=body, signature=signature)


def sums() -> set[Decimal]:
    found: dict = {}
    for kind, ref, amount in LedgerEntry.objects.values_list("kind", "ref", "amount"):
        found[kind, ref] = found.get((kind, ref), 0) + amount
    return set(found.values())


def test_paid_in_time_the_place_is_booked_with_a_receipt(held, guardian, django_capture_on_commit_callbacks):
    payment = begin(guardian)
    pay(payment)
    told(payment)

    held.refresh_from_db()
    payment.refresh_from_db()
    assert held.state == Booking.State.CONFIRMED
    assert payment.state == Payment.State.SUCCEEDED
    assert payment.receipt_number
    assert owed.balance(guardian.household) == 0
    assert owed.dues(guardian.household) == []
    assert sums() == {Decimal(0)}
    assert OutboxMessage.objects.filter(subject__startswith="Receipt").count() == 1


def test_a_message_that_comes_five_times_acts_once(held, guardian):
    payment = begin(guardian)
    pay(payment)
    for event in ("evt_1", "evt_1", "evt_2", "evt_1", "evt_3"):
        told(payment, event=event)
    assert LedgerEntry.objects.filter(kind="payment").count() == 2
    assert ProviderEvent.objects.count() == 3


def test_an_old_failure_after_the_payment_changes_nothing(held, guardian):
    payment = begin(guardian)
    pay(payment)
    told(payment)
    body, _signature = message(payment, kind="checkout.session.async_payment_failed", event="evt_0")
    late = json.loads(body)
    late["data"]["object"]["payment_status"] = "unpaid"
    news = payments.News(payments.Event.FAILED, payment.provider_ref)
    paying.act_on("local", news)
    payment.refresh_from_db()
    assert payment.state == Payment.State.SUCCEEDED


def test_an_unsigned_message_is_turned_away_and_logged(client, held, guardian, caplog):
    payment = begin(guardian)
    pay(payment)
    body, signature = message(payment)
    address = reverse("bookings:payment_webhook", args=["local"])
    for forged in ("", "t=1,v1=abc", signature.replace("v1=", "v1=0")):
        answer = client.post(
            address, body, content_type="application/json", headers={"Stripe-Signature": forged}
        )
        assert answer.status_code == 400
    assert not ProviderEvent.objects.exists()
    refused = [line for line in caplog.messages if "without a valid signature" in line]
    assert len(refused) == 3
    assert body.decode() not in caplog.text
    answer = client.post(
        address, body, content_type="application/json", headers={"Stripe-Signature": signature}
    )
    assert answer.status_code == 200
    held.refresh_from_db()
    assert held.state == Booking.State.CONFIRMED


def test_a_message_for_an_unknown_provider_is_not_found(client):
    address = reverse("bookings:payment_webhook", args=["nobody"])
    assert client.post(address, b"{}", content_type="application/json").status_code == 404
    assert client.post(address).status_code == 400


def test_money_that_comes_late_books_the_place_while_it_is_free(held, guardian):
    payment = begin(guardian)
    Booking.objects.filter(pk=held.pk).update(hold_until=timezone.now() - timedelta(minutes=1))
    held.session.places.next_hold_ends_at = timezone.now() - timedelta(minutes=1)
    held.session.places.save()
    acts.expire_due()
    pay(payment)
    told(payment)
    live = Booking.objects.get(session=held.session, state=Booking.State.CONFIRMED)
    assert live.child == held.child
    assert owed.dues(guardian.household) == []
    assert sums() == {Decimal(0)}


def test_money_that_comes_when_the_place_is_gone_goes_back(held, guardian):
    payment = begin(guardian)
    Booking.objects.filter(pk=held.pk).update(hold_until=timezone.now() - timedelta(minutes=1))
    held.session.places.next_hold_ends_at = timezone.now() - timedelta(minutes=1)
    held.session.places.save()
    stranger = GuardianFactory(institution=guardian.institution)
    child = ChildFactory(institution=guardian.institution, of=stranger)
    acts.book(session=held.session, child=child, by=stranger)

    pay(payment)
    told(payment)
    back = Refund.objects.get()
    assert back.amount == Decimal("40.00")
    paying.send_refund(back.pk)
    back.refresh_from_db()
    assert back.state == Refund.State.SUCCEEDED
    assert owed.balance(guardian.household) == 0
    held.session.places.refresh_from_db()
    assert held.session.places.taken == 1
    assert OutboxMessage.objects.filter(subject__contains="gone").exists()


def test_a_cancelled_place_gives_back_to_the_card_by_its_policy(held, guardian):
    policy = RefundPolicy.objects.create(institution=guardian.institution, name="half")
    RefundStep.objects.create(institution=guardian.institution, policy=policy, days=0, percent=50)
    held.session.activity.refund_policy = policy
    held.session.activity.save()
    payment = begin(guardian)
    pay(payment)
    told(payment)
    held.refresh_from_db()

    assert acts.refund_told(booking=held) == Decimal("20.00")
    assert acts.cancel(booking=held, by=guardian).refund == Decimal("20.00")

    back = Refund.objects.get()
    assert back.amount == Decimal("20.00")
    for _again in range(2):
        paying.send_refund(back.pk)
    assert TrialObject.objects.filter(body__object="refund").count() == 1
    assert LedgerEntry.objects.filter(kind="refund").count() == 2
    assert owed.balance(guardian.household) == 0
    assert sums() == {Decimal(0)}


def test_what_was_paid_in_cash_stays_as_credit_and_pays_the_next(session, guardian):
    session.activity.paying = Activity.Paying.LATER
    session.activity.save()
    child = ChildFactory(institution=guardian.institution, of=guardian)
    place = acts.book(session=session, child=child, by=guardian).booking
    till.take(household=guardian.household, amount=Decimal(40), way="cash", staff=None)
    acts.cancel(booking=place, by=guardian)
    assert owed.balance(guardian.household) == -40

    acts.book(session=session, child=child, by=guardian)
    assert owed.dues(guardian.household) == []


@pytest.fixture
def credit(guardian):
    till.take(household=guardian.household, amount=Decimal(40), way="cash", staff=None)


def test_a_place_that_credit_pays_for_is_booked_at_once_and_told_once(credit, session, guardian):
    place = book(session, guardian)
    assert (place.state, owed.balance(guardian.household)) == (Booking.State.CONFIRMED, 0)
    told = OutboxMessage.objects.exclude(subject__startswith="Receipt").get()
    assert "has a place" in told.text
    assert invariants.find_faults() == []


def test_credit_pays_for_one_of_two_places_and_the_other_is_held(credit, session, guardian):
    waitlist.change_capacity(session=session, capacity=2, staff=None)
    children = [ChildFactory(institution=session.institution, of=guardian) for _number in range(2)]
    wishes = [acts.Wish(session, child) for child in children]
    first, second = acts.book_many(wishes=wishes, by=guardian)
    assert first.booking.state == Booking.State.CONFIRMED
    assert second.booking.state == Booking.State.HELD
    assert invariants.find_faults() == []


def test_credit_that_is_on_its_way_back_to_the_card_pays_for_nothing(credit, session, guardian):
    Refund.objects.create(
        institution=session.institution,
        household=guardian.household,
        payment=Payment.objects.get(),
        amount=Decimal(1),
        currency="GBP",
    )
    assert book(session, guardian).state == Booking.State.HELD


def test_a_held_place_is_booked_by_the_clock_when_credit_comes(credit, session, guardian):
    other = book(SessionFactory(institution=session.institution, price=Decimal(40)), guardian)
    held = book(session, guardian)
    acts.cancel(booking=other)
    paying.catch_up()
    held.refresh_from_db()
    assert held.state == Booking.State.CONFIRMED


def test_a_place_that_credit_pays_only_in_part_waits_for_the_rest(held, guardian):
    till.take(household=guardian.household, amount=Decimal(10), way="cash", staff=None)
    paying.confirm_covered([held])
    paying.catch_up()
    held.refresh_from_db()
    assert held.state == Booking.State.HELD


def test_a_hold_that_is_over_is_not_booked_by_credit(credit, session, guardian):
    other = book(SessionFactory(institution=session.institution, price=Decimal(40)), guardian)
    held = book(session, guardian)
    acts.cancel(booking=other)
    Booking.objects.filter(pk=held.pk).update(hold_until=timezone.now() - timedelta(minutes=1))
    held.refresh_from_db()
    paying.confirm_covered([held])
    assert held.state == Booking.State.HELD


def test_who_begins_to_pay_in_the_last_minute_has_time_to_finish_but_not_for_ever(held, guardian):
    def hold_ends_in(minutes, begun):
        until = timezone.now() + timedelta(minutes=minutes)
        Booking.objects.filter(pk=held.pk).update(hold_until=until, created_at=timezone.now() - begun)
        begin(guardian)
        held.refresh_from_db()
        return round((held.hold_until - timezone.now()).total_seconds() / 60)

    assert hold_ends_in(1, timedelta(minutes=29)) == 10
    assert hold_ends_in(20, timedelta(minutes=10)) == 20
    assert hold_ends_in(1, timedelta(minutes=59)) == 1


def test_a_hold_that_has_run_out_is_due_no_longer_also_before_it_is_swept_away(held, guardian):
    assert [due.charge.booking for due in owed.dues(guardian.household)] == [held]
    Booking.objects.filter(pk=held.pk).update(hold_until=timezone.now())
    assert owed.dues(guardian.household) == []
    page = glance.of(guardian)
    assert (page.balance, page.children[0].ended[0].state) == (0, Booking.State.EXPIRED)


def test_a_part_of_the_price_that_comes_late_books_nothing(held, guardian):
    Booking.objects.filter(pk=held.pk).update(hold_until=timezone.now())
    payment = Payment.objects.create(
        institution=held.institution,
        household=guardian.household,
        provider="local",
        amount=Decimal(10),
        currency="GBP",
    )
    paying.allocate(payment, owed.dues(guardian.household, with_lapsed=True))
    paying.settle(payment)
    paying.confirm_places(payment)
    held.refresh_from_db()
    assert held.state == Booking.State.HELD


def test_a_silent_provider_charges_nobody_twice(held, guardian, monkeypatch):
    quiet = Stripe(
        key=local.KEY, webhook_secret=local.webhook_secret(), http_client=local.LocalStripe(is_silent=True)
    )
    monkeypatch.setattr(payments, "card_provider", lambda: quiet)
    with pytest.raises(paying.CannotPay, match="does not answer"):
        begin(guardian)
    lost = Payment.objects.get()
    assert lost.state == Payment.State.CREATED
    # The same attempt again, in Stripe's own words, is the same checkout.
    provider = payments.provider_named("local")
    again = [provider.begin(lost, what="x", paid_url="http://x/", back_url="http://x/") for _ in range(2)]
    assert len({checkout.ref for checkout in again}) == 1
    assert TrialObject.objects.count() == 1


def test_what_nobody_told_of_is_asked_for(held, guardian):
    payment = begin(guardian)
    pay(payment, way="pay untold")
    assert not Schedule.objects.filter(func="bookings.payments.local.tell").exists()
    Payment.objects.update(next_poll_at=timezone.now())
    assert paying.catch_up() == 1
    held.refresh_from_db()
    assert held.state == Booking.State.CONFIRMED


def test_a_payment_whose_beginning_was_lost_is_given_up_after_an_hour(held, guardian):
    payment = Payment.objects.create(
        institution=guardian.institution,
        household=guardian.household,
        provider="local",
        amount=1,
        currency="PKR",
        next_poll_at=timezone.now(),
    )
    Payment.objects.filter(pk=payment.pk).update(created_at=timezone.now() - timedelta(hours=2))
    paying.catch_up()
    payment.refresh_from_db()
    assert payment.state == Payment.State.CANCELLED


def test_a_refund_of_more_than_was_paid_is_refused(held, guardian):
    payment = begin(guardian)
    pay(payment)
    told(payment)
    payment.refresh_from_db()
    with pytest.raises(paying.CannotPay, match=r"at most 40\.00"):
        paying.refund(payment=payment, amount=Decimal(41), reason="")


def test_a_charge_in_parts_is_paid_part_by_part(session, guardian):
    session.activity.paying = Activity.Paying.LATER
    session.activity.save()
    child = ChildFactory(institution=guardian.institution, of=guardian)
    acts.book(session=session, child=child, by=guardian)
    charge = Charge.objects.get()
    parts = instalments.split(charge=charge, parts=3, first_on=timezone.localdate())
    assert [part.amount for part in parts] == [Decimal("13.34"), Decimal("13.33"), Decimal("13.33")]

    till.take(household=guardian.household, amount=Decimal("13.34"), way="bank", staff=None)

    assert list(charge.instalments.values_list("state", flat=True)) == ["paid", "due", "due"]


def test_a_payout_has_a_slip_for_its_own_family_only(client, guardian):
    home, slug = guardian.household, guardian.institution.slug
    till.take(household=home, amount=Decimal(9), way="cash", staff=None)
    row = till.pay_out(household=home, amount=Decimal(9), way="bank", staff=None)
    address = f"/b/{slug}/account/payouts/{row.pk}.pdf"
    client.force_login(guardian.user)
    assert address in client.get(f"/b/{slug}/account/").text
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF")
    client.force_login(GuardianFactory(institution=guardian.institution).user)
    assert client.get(address).status_code == 404


@pytest.fixture
def in_parts(session):
    """The session may be paid in three parts, a fortnight apart."""
    Activity.objects.update(most_parts=3, days_between_parts=14, paying=Activity.Paying.LATER)
    session.refresh_from_db()
    return session


def plan_of(place):
    rows = place.charges.get().instalments.order_by("number")
    return [(row.amount, (row.due_on - timezone.localdate()).days) for row in rows]


THREE = [(Decimal("13.34"), 0), (Decimal("13.33"), 14), (Decimal("13.33"), 28)]


def test_a_family_chooses_instalments_while_booking(in_parts, guardian):
    child = ChildFactory(institution=guardian.institution, of=guardian)
    place = acts.book(session=in_parts, child=child, by=guardian, parts=3).booking
    assert plan_of(place) == THREE


def test_more_instalments_than_the_office_allows_are_refused(in_parts, guardian):
    child = ChildFactory(institution=guardian.institution, of=guardian)
    for parts in (4, 0):
        with pytest.raises(acts.CannotBook, match="at most 3") as refusal:
            acts.book(session=in_parts, child=child, by=guardian, parts=parts)
        assert refusal.value.code == "parts"
    assert not Charge.objects.exists()


def test_a_held_place_is_booked_once_its_first_instalment_is_paid(in_parts, guardian):
    Activity.objects.update(paying=Activity.Paying.NOW)
    in_parts.refresh_from_db()
    child = ChildFactory(institution=guardian.institution, of=guardian)
    place = acts.book(session=in_parts, child=child, by=guardian, parts=3).booking
    assert place.state == "held"
    till.take(household=guardian.household, amount=Decimal("13.34"), way="cash", staff=None)
    place.refresh_from_db()
    assert place.state == "confirmed"
    assert list(place.charges.get().instalments.values_list("state", flat=True)) == ["paid", "due", "due"]


def test_who_waits_keeps_the_instalments_for_the_place(in_parts, guardian):
    school = guardian.institution
    other = GuardianFactory(institution=school)
    theirs = acts.book(session=in_parts, child=ChildFactory(institution=school, of=other), by=other).booking
    child = ChildFactory(institution=school, of=guardian)
    acts.book(session=in_parts, child=child, by=guardian, parts=3, or_queue=True)
    [moved_up] = acts.cancel(booking=theirs, by=other).promoted
    assert plan_of(moved_up) == THREE


def test_a_family_pays_by_card_the_part_that_is_due(client, session, guardian):
    client.force_login(guardian.user)
    session.activity.paying = Activity.Paying.LATER
    session.activity.save()
    place = book(session, guardian)
    instalments.split(charge=place.charges.get(), parts=4, first_on=timezone.localdate())
    slug = session.institution.slug
    page = client.get(f"/b/{slug}/account/").text
    assert "What is due by today" in page
    answer = client.post(f"/b/{slug}/account/pay/", {"parts": "now"})
    assert Payment.objects.get().amount == 10
    assert "/pay/local/" in answer.headers["Location"]


def test_what_is_due_later_is_not_ticked_and_not_paid_unasked(client, session, guardian):
    client.force_login(guardian.user)
    home, today = guardian.household, timezone.localdate()
    till.charge(household=home, amount=Decimal(7), what="Ball", staff=None)
    later = till.charge(
        household=home, amount=Decimal(9), what="Shirt", staff=None, due_on=today + timedelta(days=9)
    )
    slug = session.institution.slug
    page = client.get(f"/b/{slug}/account/").text
    assert page.count(" checked>") == 1
    assert "Rs 7" in page.partition("Due by today")[2]
    client.post(f"/b/{slug}/account/pay/")
    assert Payment.objects.get().amount == 7
    client.post(f"/b/{slug}/account/pay/", {"charge": later.pk, "parts": "now"})
    assert Payment.objects.latest("pk").amount == 9


@pytest.mark.parametrize("way", ["cash", "card"])
@pytest.mark.parametrize("percent", [0, 25, 100])
@pytest.mark.parametrize("paid", [0, 15, 40])
@pytest.mark.parametrize("to", [None, 0, 30, 50])
def test_what_is_kept_due_and_given_back_adds_up(session, guardian, clock, way, percent, paid, to):
    """Cancelled, or swapped for what costs less, nothing or more: what is kept and the new price are owed."""
    Activity.objects.update(paying=Activity.Paying.LATER)
    session.activity.refresh_from_db()
    policy = RefundPolicy.objects.create(institution=session.institution, name="Some")
    RefundStep.objects.create(institution=session.institution, policy=policy, days=0, percent=percent)
    Activity.objects.update(refund_policy=policy)
    session.activity.refresh_from_db()
    home, place = guardian.household, book(session, guardian)
    if paid and way == "cash":
        till.take(household=home, amount=Decimal(paid), way="cash", staff=None)
    elif paid:
        row = {"provider": "local", "amount": Decimal(paid), "currency": home.institution.currency}
        payment = Payment.objects.create(institution=home.institution, household=home, **row)
        paying.allocate(payment, owed.dues(home))
        paying.settle(payment)

    if to is None:
        acts.cancel(booking=place, by=guardian)
        price = Decimal(0)
    else:
        price = Decimal(to)
        new = SessionFactory(institution=session.institution, price=price)
        acts.swap(booking=place, to=new, by=guardian)

    kept = max(40 - price, Decimal(0)) * (100 - percent) / 100
    back = sum(Refund.objects.values_list("amount", flat=True))
    due = sum(one.open for one in owed.dues(home))
    assert (due, owed.credit(home) + back) == (max(price + kept - paid, 0), max(paid - price - kept, 0))
    assert not (back and way == "cash")
    assert owed.balance(home) == due - owed.credit(home) - back
    assert invariants.find_faults() == []


def test_what_is_kept_of_a_cancelled_place_is_paid_by_card(session, guardian):
    Activity.objects.update(paying=Activity.Paying.LATER)
    session.activity.refresh_from_db()
    place = book(session, guardian)
    acts.cancel(booking=place, percent=50)
    payment = begin(guardian)
    pay(payment)
    told(payment)
    assert owed.dues(guardian.household) == []
    assert not Refund.objects.exists()
    assert invariants.find_faults() == []


def test_a_late_part_is_reminded_of_once_and_then_the_offices(session, guardian):
    session.activity.paying = Activity.Paying.LATER
    session.activity.save()
    child = ChildFactory(institution=guardian.institution, of=guardian)
    acts.book(session=session, child=child, by=guardian)
    today = timezone.localdate()
    instalments.split(charge=Charge.objects.get(), parts=2, first_on=today - timedelta(days=1))
    assert [instalments.remind(today) for _ in range(2)] == [1, 0]
    assert instalments.remind(today + timedelta(days=8)) == 1
    assert Instalment.objects.filter(state="failed").count() == 1
    assert OutboxMessage.objects.filter(subject__contains="nstalment").count() == 2


def test_of_others_neither_charge_nor_receipt_is_found(client, held, guardian):
    payment = begin(guardian)
    pay(payment)
    told(payment)
    stranger = GuardianFactory(institution=guardian.institution)
    client.force_login(stranger.user)
    slug = guardian.institution.slug
    assert client.get(reverse("bookings:receipt", args=[slug, payment.public_id])).status_code == 404
    answer = client.post(reverse("bookings:pay", args=[slug]), {"charge": Charge.objects.get().pk})
    assert answer.url == reverse("bookings:account", args=[slug])
    assert Payment.objects.filter(household=stranger.household).count() == 0


def test_payments_without_end_are_slowed_down(client, held, guardian, monkeypatch):
    monkeypatch.setattr("bookings.views.paying.PAYMENTS", (Rate(1, 60),))
    client.force_login(guardian.user)
    asked = reverse("bookings:pay", args=[guardian.institution.slug])
    assert [client.post(asked).status_code for _number in range(2)] == [302, 429]
    assert Payment.objects.count() == 1


def test_a_family_pays_on_the_local_page_and_reads_its_receipt(client, held, guardian):
    client.force_login(guardian.user)
    slug = guardian.institution.slug
    account = client.get(reverse("bookings:account", args=[slug]))
    assert "Rs 40" in account.text
    checkout = client.post(reverse("bookings:pay", args=[slug]), {"charge": Charge.objects.get().pk}).url
    path = checkout.removeprefix("http://127.0.0.1:8000")
    path = path[path.index("/pay/") :]
    assert "no money moves" in client.get(path).text
    back = client.post(path, {"way": "pay untold"})
    assert back.url.endswith(reverse("bookings:paid", args=[slug]))
    page = client.get(reverse("bookings:paid", args=[slug]))
    assert "Paid, thank you" in page.text
    receipt = client.get(reverse("bookings:receipt", args=[slug, Payment.objects.get().public_id]))
    assert receipt.content.startswith(b"%PDF")


@pytest.mark.django_db(transaction=True)
def test_five_messages_at_once_act_once(settings, guardian):
    session = SessionFactory(institution=guardian.institution, price=Decimal(10), capacity=1)
    session.activity.paying = Activity.Paying.NOW
    session.activity.save()
    child = ChildFactory(institution=guardian.institution, of=guardian)
    acts.book(session=session, child=child, by=guardian)
    payment = begin(guardian)
    pay(payment)
    messages = [message(payment, event=f"evt_{number % 2}") for number in range(5)]
    barrier = threading.Barrier(5)
    faults = []

    def tell(body, signature):
        barrier.wait()
        try:
            paying.receive(provider="local", body=body, signature=signature)
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell, args=one) for one in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert LedgerEntry.objects.filter(kind="payment").count() == 2
    assert Booking.objects.get().state == Booking.State.CONFIRMED


@pytest.fixture
def dearer(session):
    """Paid at once like the first, and dearer."""
    dearer = SessionFactory(institution=session.institution, price=Decimal("55.00"), capacity=1)
    dearer.activity.paying = Activity.Paying.NOW
    dearer.activity.save()
    return dearer


@pytest.fixture
def paid(held):
    till.take(household=held.household, amount=Decimal("40.00"), way="cash", staff=None)
    held.refresh_from_db()
    return held


def test_a_swap_is_held_until_the_difference_is_paid_and_the_old_place_kept(paid, dearer, guardian):
    held = acts.swap(booking=paid, to=dearer, by=guardian)
    assert (held.state, Booking.objects.get(pk=paid.pk).state) == ("held", "confirmed")
    assert [due.open for due in owed.dues(guardian.household)] == [Decimal("15.00")]
    assert invariants.find_faults() == []

    till.take(household=guardian.household, amount=Decimal("15.00"), way="cash", staff=None)
    assert Booking.objects.get(pk=held.pk).state == "confirmed"
    assert Booking.objects.get(pk=paid.pk).state == "cancelled"
    assert owed.balance(guardian.household) == 0
    assert owed.dues(guardian.household) == []
    assert money.paid_for(held) == Decimal("55.00")
    assert not Refund.objects.exists()
    assert invariants.find_faults() == []


def test_a_swap_that_nobody_pays_for_leaves_the_old_place(paid, dearer, guardian, monkeypatch):
    held = acts.swap(booking=paid, to=dearer, by=guardian)
    with pytest.raises(acts.CannotCancel):
        acts.swap(booking=paid, to=SessionFactory(institution=guardian.institution), by=guardian)
    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    acts.expire_due()
    assert Booking.objects.get(pk=held.pk).state == "expired"
    assert Booking.objects.get(pk=paid.pk).state == "confirmed"
    assert owed.balance(guardian.household) == 0
    assert invariants.find_faults() == []


def test_a_swap_to_what_costs_less_is_done_at_once_and_the_rest_goes_back(paid, dearer, guardian, session):
    dear = acts.swap(booking=paid, to=dearer, by=guardian)
    till.take(household=guardian.household, amount=Decimal("15.00"), way="cash", staff=None)
    back = acts.swap(booking=Booking.objects.get(pk=dear.pk), to=session, by=guardian)
    assert back.state == "confirmed"
    assert money.paid_for(back) == Decimal("40.00")
    assert owed.balance(guardian.household) == Decimal("-15.00")
    assert invariants.find_faults() == []


def test_a_swap_for_a_free_place_brings_no_more_back_than_cancelling_would(paid, guardian, session):
    policy = RefundPolicy.objects.create(institution=guardian.institution, name="Nothing comes back")
    session.activity.refund_policy = policy
    session.activity.save()
    free = SessionFactory(institution=guardian.institution, price=0)
    acts.swap(booking=paid, to=free, by=guardian)
    assert owed.balance(guardian.household) == 0


def test_the_place_that_a_paid_swap_frees_goes_to_its_queue(paid, dearer, guardian, session):
    other = GuardianFactory(institution=guardian.institution)
    waiting = ChildFactory(institution=guardian.institution, of=other)
    acts.swap(booking=paid, to=dearer, by=guardian)
    waitlist.join(session=session, child=waiting, by=other)
    till.take(household=guardian.household, amount=Decimal("15.00"), way="cash", staff=None)
    assert Booking.objects.live().get(session=session).child == waiting
    assert invariants.find_faults() == []
