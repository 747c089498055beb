"""Many at once. Each race first shows itself with the locks off: else that they hold proves nothing."""

import random
import threading
import time
from contextlib import contextmanager, nullcontext
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.models import Count, OuterRef, Subquery
from django.test import Client
from django.utils import timezone

from bookings import booking, locks, waitlist
from bookings.booking import NoPlace, Wish
from bookings.invariants import find_faults
from bookings.locks import Busy
from bookings.models import Activity, ApiClient, Booking, IdempotencyKey, Offer, Places, WaitEntry
from bookings.models.secrets import new_token, token_hash
from projects.models import OutboxMessage, Role
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, ChildFactory, GuardianFactory, SessionFactory
from tests.factories.projects import MembershipFactory

from .races import at_once, faults_of, in_turn_by, without_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.soak]

on_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no row locks")


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    """How soon one hears of a rush is a test of its own; a slow machine must not answer for the others."""
    monkeypatch.setattr(locks, "LOCK_SECONDS", 60)


def families(institution, count):
    guardian = GuardianFactory(institution=institution)
    return [(guardian, ChildFactory(institution=institution, of=guardian)) for _number in range(count)]


def books(session, guardian, child, **more):
    return lambda: booking.book(session=session, child=child, by=guardian, **more)


def places(session):
    return Places.objects.get(session=session)


# --- the last place -----------------------------------------------------------------------------------------


def two_want_the_last_place():
    """What two who ask at once for one place hear, and the session."""
    session = SessionFactory()
    return session, at_once(*[books(session, *one) for one in families(session.institution, 2)])


def one_wins_and_the_other_hears_why(session, results):
    refused = [one for one in results if isinstance(one, NoPlace)]
    return len(refused) == 1 and places(session).taken == 1 and find_faults() == []


def test_without_the_lock_two_would_have_the_last_place():
    for _try in range(20):
        with without_locks():
            _session, results = two_want_the_last_place()
        if faults_of(results):
            return
    pytest.fail("the race did not show")


def test_of_two_who_want_the_last_place_one_gets_it(rounds):
    for _round in range(rounds(10, 500)):
        session, results = two_want_the_last_place()
        assert one_wins_and_the_other_hears_why(session, results), results


@contextmanager
def counted_in_the_statement_that_locks():
    """Looks right: lock the row and count the bookings. But the count is older than the lock."""

    def lock_places(session_ids):
        live = Booking.objects.live().filter(session=OuterRef("session")).order_by().values("session")
        rows = Places.objects.filter(session__in=session_ids).select_for_update(no_key=True, of=("self",))
        rows = rows.annotate(count=Subquery(live.annotate(number=Count("pk")).values("number")))
        locked = {row.session_id: row for row in rows}
        for row in locked.values():
            row.taken = row.count or 0
        return locked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "lock_places", lock_places)
        yield


@contextmanager
def in_repeatable_read():
    """Looks safer: but what is read after the lock is as old as the transaction."""

    def carry_out_once(work):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return work()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "_carry_out_once", carry_out_once)
        patch.setattr(locks, "TRIES", 1)
        yield


@on_postgres
@pytest.mark.parametrize("mutant", [without_locks, counted_in_the_statement_that_locks, in_repeatable_read])
def test_what_only_looks_like_a_lock_is_found_out(mutant):
    """Each of these makes the test above fail."""
    locks.trial.at_step = lambda name: time.sleep(0.05) if name == "checked" else None
    try:
        for _try in range(10):
            with mutant():
                session, results = two_want_the_last_place()
            if not one_wins_and_the_other_hears_why(session, results):
                return
    finally:
        locks.trial.at_step = None
    pytest.fail("the mutant lives")


def test_of_two_hundred_one_is_booked_and_the_others_wait_in_order(rounds):
    session, count = SessionFactory(), rounds(30, 200)
    everybody = families(session.institution, count)
    results = in_turn_by(24, [books(session, *one, or_queue=True) for one in everybody])
    assert not [one for one in results if isinstance(one, Exception)]
    assert len([one for one in results if one.booking]) == 1
    numbers = WaitEntry.objects.order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, count))
    assert find_faults() == []


def test_whichever_door_they_come_by_one_gets_the_last_place():
    session = SessionFactory()
    a, b, c, d = families(session.institution, 4)
    staff = UserFactory()
    results = at_once(
        books(session, *a),
        books(session, *b, source="api", owner="client:1"),
        books(session, *c, staff=staff),
        books(session, *d, staff=staff, source="import"),
    )
    assert len([one for one in results if isinstance(one, NoPlace)]) == 3
    assert places(session).taken == 1
    assert find_faults() == []


def at_the_api(session, guardian, child):
    token = new_token()
    row = {"institution": session.institution, "name": "api", "token_hash": token_hash(token)}
    ApiClient.objects.create(**row, may_write=True)
    wish = {"session": session.public_id, "child": child.public_id, "guardian": guardian.public_id}
    headers = {"Authorization": f"Bearer {token}"}
    return lambda: Client().post("/api/v1/bookings", wish, "application/json", headers=headers)


def on_the_page(session, guardian, child):
    page, at = Client(), f"/b/{session.institution.slug}"
    page.force_login(guardian.user)
    page.post(f"{at}/sessions/{session.public_id}/choose/")
    key = page.get(f"{at}/book/").context["key"]
    sent = {"key": key, "pick": f"{session.public_id}:{child.public_id}", "mode": "all"}
    return lambda: page.post(f"{at}/book/", sent)


def at_the_counter(session, _guardian, child):
    office = Client()
    office.force_login(MembershipFactory(institution=session.institution, role=Role.OFFICE).user)
    address = f"/at/{session.institution.slug}/staff/counter/book/"
    return lambda: office.post(address, {"child": str(child), "session": str(session)})


def test_at_whichever_desk_they_ask_nobody_sees_an_error_and_one_gets_the_last_place(rounds):
    for _round in range(rounds(1, 20)):
        session = SessionFactory(institution__requires_second_factor=False)
        desks = (at_the_api, on_the_page, at_the_counter)
        asked = [
            desk(session, *one) for desk, one in zip(desks, families(session.institution, 3), strict=True)
        ]
        answers = at_once(*asked)
        assert [one.status_code < 500 for one in answers] == [True] * 3, answers
        assert places(session).taken == 1
    assert find_faults() == []


# --- one child ----------------------------------------------------------------------------------------------


def one_child_wants_two_at_a_time():
    first = SessionFactory()
    second = SessionFactory(institution=first.institution)
    [(guardian, child)] = families(first.institution, 1)
    return at_once(books(first, guardian, child), books(second, guardian, child))


def test_without_the_lock_a_child_would_be_in_two_places():
    for _try in range(20):
        with without_locks():
            results = one_child_wants_two_at_a_time()
        if faults_of(results):
            return
    pytest.fail("the race did not show")


def test_a_child_gets_one_of_two_sessions_at_the_same_time(rounds):
    for _round in range(rounds(10, 200)):
        results = one_child_wants_two_at_a_time()
        assert sorted(getattr(one, "code", "booked") for one in results) == ["booked", "clash"]
    assert find_faults() == []


def test_without_the_lock_a_child_would_wait_twice():
    for _try in range(20):
        session = SessionFactory(capacity=0)
        [(guardian, child)] = families(session.institution, 1)
        with without_locks():
            results = at_once(*[books(session, guardian, child, or_queue=True)] * 2)
        if faults_of(results):
            return
    pytest.fail("the race did not show")


def test_a_child_that_joins_twice_at_once_waits_once(rounds):
    for _round in range(rounds(5, 100)):
        session = SessionFactory(capacity=0)
        [(guardian, child)] = families(session.institution, 1)
        join = lambda: waitlist.join(session=session, child=child, by=guardian)  # noqa: B023, E731
        first, second = at_once(join, join)
        assert first == second
    assert find_faults() == []


# --- several places -----------------------------------------------------------------------------------------


def baskets(count, sessions):
    """Acts of families that want three sessions each, in any order."""
    for guardian, child in families(sessions[0].institution, count):
        wishes = [Wish(session, child) for session in random.sample(sessions, 3)]
        yield lambda by=guardian, wishes=wishes: booking.book_many(wishes=wishes, by=by)


@pytest.fixture
def many_sessions():
    first = SessionFactory(capacity=9)
    begins = first.meetings.first().starts_at
    return [first] + [
        SessionFactory(
            institution=first.institution,
            capacity=9,
            meetings_at=[(begins + timedelta(hours=hour), begins + timedelta(hours=hour + 1))],
        )
        for hour in range(1, 20)
    ]


@pytest.fixture
def gone_again(monkeypatch):
    """Counts the transactions that the database has undone."""
    counted = []
    monkeypatch.setattr(locks.log, "info", lambda *words: counted.append(words))
    return counted


def test_baskets_in_any_order_do_not_deadlock(many_sessions, gone_again, rounds):
    results = in_turn_by(12, baskets(rounds(40, 2000), many_sessions))
    assert {type(one) for one in results} <= {list, NoPlace}
    assert gone_again == []
    assert find_faults() == []


@on_postgres
def test_the_wrong_order_deadlocks_and_the_retry_still_answers(many_sessions, gone_again, rounds):
    locks.trial.is_reversed = lambda: random.random() < 0.5
    locks.trial.at_step = lambda name: time.sleep(0.002) if name == "places locked" else None
    try:
        results = in_turn_by(12, baskets(rounds(60, 500), many_sessions))
    finally:
        locks.trial.is_reversed = locks.trial.at_step = None
    assert gone_again
    assert {type(one) for one in results} <= {list, NoPlace, Busy}
    assert find_faults() == []


# --- a rush -------------------------------------------------------------------------------------------------


def test_who_waits_too_long_hears_that_there_is_a_rush(monkeypatch):
    monkeypatch.setattr(locks, "LOCK_SECONDS", 1)
    session = SessionFactory()
    one, other = families(session.institution, 2)
    held, heard = threading.Event(), threading.Event()

    def hold(name):
        if name == "places locked" and not held.is_set():
            held.set()
            heard.wait(10)

    locks.trial.at_step = hold
    try:
        first = threading.Thread(target=lambda: (books(session, *one)(), connection.close()))
        first.start()
        held.wait(10)
        begun = time.monotonic()
        with pytest.raises(Busy) as busy:
            books(session, *other)()
        waited = time.monotonic() - begun
        heard.set()
        first.join()
    finally:
        locks.trial.at_step = None
    assert waited < locks.LOCK_SECONDS + 1
    assert busy.value.retry_after > 0
    assert Booking.objects.live().count() == 1
    assert find_faults() == []


@on_postgres
def test_more_clients_than_connections_oversell_nothing(rounds):
    session = SessionFactory(capacity=10)
    everybody = families(session.institution, rounds(60, 400))
    settings = connections.settings["default"]
    before = dict(settings["OPTIONS"]), settings["CONN_MAX_AGE"]
    settings["OPTIONS"] = {**settings["OPTIONS"], "pool": {"min_size": 1, "max_size": 5, "timeout": 30}}
    settings["CONN_MAX_AGE"] = 0

    def client(one):
        try:
            return books(session, *one)()
        finally:
            connection.close()

    try:
        clients = [lambda one=one: client(one) for one in everybody]
        results = in_turn_by(50, clients, connected=False)
    finally:
        at_once(lambda: connection.close_pool(), connected=False)
        settings["OPTIONS"], settings["CONN_MAX_AGE"] = before
    assert {type(one) for one in results} == {booking.Outcome, NoPlace}
    assert places(session).taken == 10
    assert find_faults() == []


# --- the same question at once ------------------------------------------------------------------------------


def test_without_the_lock_a_button_pressed_twice_would_book_twice():
    for _try in range(20):
        session = SessionFactory(capacity=5)
        [(guardian, child)] = families(session.institution, 1)
        with without_locks():
            results = at_once(*[books(session, guardian, child, key=f"form-{n}") for n in range(2)])
        if faults_of(results):
            return
    pytest.fail("the race did not show")


def test_one_key_many_times_at_once_has_one_effect(rounds):
    session = SessionFactory(capacity=5)
    [(guardian, child)] = families(session.institution, 1)
    count = rounds(16, 50)
    results = at_once(*[books(session, guardian, child, key="form-1")] * count)
    assert not [one for one in results if isinstance(one, Exception)]
    assert len({one.booking.pk for one in results}) == 1
    assert len([one for one in results if one.is_replay]) == count - 1
    assert IdempotencyKey.objects.count() == Booking.objects.count() == OutboxMessage.objects.count() == 1
    assert find_faults() == []


# --- the queue ----------------------------------------------------------------------------------------------


def test_numbers_have_no_gap_and_places_go_out_by_them(rounds):
    session, count = SessionFactory(capacity=0), rounds(60, 1200)
    everybody = families(session.institution, count)
    joins = [
        lambda by=guardian, child=child: waitlist.join(session=session, child=child, by=by)
        for guardian, child in everybody
    ]
    results = in_turn_by(24, joins)
    assert not [one for one in results if isinstance(one, Exception)]
    assert sorted(one.seq for one in results) == list(range(1, count + 1))

    for capacity in range(10, count + 10, max(10, count // 10)):
        waitlist.change_capacity(session=session, capacity=min(capacity, count), staff=None)
    waitlist.change_capacity(session=session, capacity=count, staff=None)
    served = WaitEntry.objects.order_by("booking_id").values_list("seq", flat=True)
    assert list(served) == list(range(1, count + 1))
    assert find_faults() == []


def test_without_the_lock_two_would_have_the_same_number():
    for _try in range(20):
        session = SessionFactory(capacity=0)
        everybody = families(session.institution, 2)
        with without_locks():
            results = at_once(*[books(session, *one, or_queue=True) for one in everybody])
        if faults_of(results):
            return
    pytest.fail("the race did not show")


def test_fifty_who_cancel_at_once_make_room_for_fifty_who_wait(rounds):
    count = rounds(10, 50)
    session = SessionFactory(capacity=count)
    taken = [BookingFactory(institution=session.institution, session=session) for _number in range(count)]
    waiting = [
        waitlist.join(session=session, child=child, by=guardian)
        for guardian, child in families(session.institution, count)
    ]
    results = at_once(*[lambda one=one: booking.cancel(booking=one) for one in taken])
    assert not [one for one in results if isinstance(one, Exception)]
    assert {entry.state for entry in WaitEntry.objects.filter(pk__in=[one.pk for one in waiting])} == {
        "promoted"
    }
    assert places(session).taken == count
    assert find_faults() == []


def one_cancels_and_a_stranger_books(times=2):
    """The one who waits, and what the stranger hears at last, who asks so many times."""
    session = SessionFactory()
    taken = BookingFactory(institution=session.institution, session=session)
    (guardian, child), stranger = families(session.institution, 2)
    entry = waitlist.join(session=session, child=child, by=guardian)

    def insist():
        for left in reversed(range(times)):
            try:
                return books(session, *stranger)()
            except NoPlace:
                if not left:
                    raise

    _cancelled, answer = at_once(lambda: booking.cancel(booking=taken), insist)
    return entry, answer


@on_postgres  # on SQLite the stranger's own act comes after all of the other's, and serves the queue first
def test_were_the_queue_served_after_the_commit_a_stranger_would_get_the_place(monkeypatch):
    """As others do it: what is free is anybody's, and the queue is served by another transaction."""

    def serve_later(_act, _halls):
        transaction.on_commit(lambda: time.sleep(0.2))
        return []

    monkeypatch.setattr(booking, "serve", serve_later)
    monkeypatch.setattr(Places, "open", property(lambda row: row.free))
    for _try in range(10):
        _entry, answer = one_cancels_and_a_stranger_books(times=100)
        if isinstance(answer, booking.Outcome):
            return
    pytest.fail("the race did not show")


def test_a_stranger_never_gets_a_freed_place_while_somebody_waits(rounds):
    for _round in range(rounds(10, 500)):
        entry, answer = one_cancels_and_a_stranger_books()
        assert isinstance(answer, NoPlace)
        entry.refresh_from_db()
        assert entry.state == "promoted"
    assert find_faults() == []


def test_without_the_lock_one_head_would_get_two_freed_places():
    for _try in range(20):
        session = SessionFactory(capacity=2)
        taken = [BookingFactory(institution=session.institution, session=session) for _number in range(2)]
        [(guardian, child)] = families(session.institution, 1)
        waitlist.join(session=session, child=child, by=guardian)
        with without_locks(at="children locked"):
            results = at_once(*[lambda one=one: booking.cancel(booking=one) for one in taken])
        if faults_of(results):
            return
    pytest.fail("the race did not show")


def offer_made():
    session = SessionFactory(activity__promotion=Activity.Promotion.OFFER)
    taken = BookingFactory(institution=session.institution, session=session)
    [(guardian, child)] = families(session.institution, 1)
    waitlist.join(session=session, child=child, by=guardian)
    booking.cancel(booking=taken)
    return session, Offer.objects.get(entry__session=session), guardian


def ends_soon(offer, seconds=0.02):
    soon = timezone.now() + timedelta(seconds=seconds)
    Offer.objects.filter(pk=offer.pk).update(expires_at=soon)
    Booking.objects.filter(pk=offer.booking_id).update(hold_until=soon)
    Places.objects.filter(session=offer.entry.session).update(next_hold_ends_at=soon)


def test_without_the_lock_an_offer_would_be_accepted_and_lapse():
    # Time enough for a slow machine to look at the offer while it stands.
    def sweep():
        time.sleep(0.35)
        waitlist.serve_all_due()

    for _try in range(20):
        _session, offer, guardian = offer_made()
        ends_soon(offer, seconds=0.3)
        with without_locks(seconds=0.8):
            results = at_once(lambda: waitlist.accept(offer=offer, by=guardian), sweep)  # noqa: B023
        if faults_of(results):
            return
    pytest.fail("the race did not show")


def test_an_offer_is_accepted_or_lapses_never_both(rounds):
    for _round in range(rounds(10, 200)):
        session, offer, guardian = offer_made()
        ends_soon(offer)

        def accept(offer=offer, guardian=guardian):
            time.sleep(random.uniform(0, 0.03))
            return waitlist.accept(offer=offer, by=guardian)

        def sweep():
            time.sleep(random.uniform(0, 0.03))
            waitlist.serve_all_due()

        accepted, _swept = at_once(accept, sweep)
        waitlist.serve_all_due()
        offer.refresh_from_db()
        if isinstance(accepted, waitlist.AlreadyAnswered):
            assert (offer.state, places(session).taken) == ("lapsed", 0)
        else:
            assert (offer.state, places(session).taken) == ("accepted", 1)
    assert find_faults() == []


def two_parents_answer():
    _session, offer, guardian = offer_made()
    return at_once(
        lambda: waitlist.accept(offer=offer, by=guardian),
        lambda: waitlist.decline(offer=offer, by=guardian),
    )


def test_without_the_lock_both_parents_would_be_told_yes():
    for _try in range(20):
        with without_locks():
            results = two_parents_answer()
        if not any(isinstance(one, waitlist.AlreadyAnswered) for one in results):
            return
    pytest.fail("the race did not show")


def test_of_two_parents_who_answer_at_once_one_is_told_of_the_other(rounds):
    for _round in range(rounds(5, 100)):
        results = two_parents_answer()
        assert len([one for one in results if isinstance(one, waitlist.AlreadyAnswered)]) == 1
    assert find_faults() == []


def test_a_promotion_is_there_when_the_cancellation_answers():
    session = SessionFactory()
    taken = BookingFactory(institution=session.institution, session=session)
    [(guardian, child)] = families(session.institution, 1)
    waitlist.join(session=session, child=child, by=guardian)
    seen = []

    def look():
        with nullcontext() if connection.vendor == "sqlite" else transaction.atomic():
            seen.append(Booking.objects.live().get(session=session).child_id)

    booking.cancel(booking=taken)
    at_once(look)
    assert seen == [child.pk]


def test_whoever_has_waited_longest_has_the_next_turn():
    turns, order = locks.Turns(), []
    with turns.turn(5):
        threads = []
        for number in range(5):
            thread = threading.Thread(target=lambda n=number: take(turns, order, n))
            thread.start()
            threads.append(thread)
            while len(turns._queue) < number + 2:
                time.sleep(0.001)
        with turns.turn(5):  # a thread that has it may take it again
            pass
        with pytest.raises(Busy):
            raise at_once(lambda: take(turns, order, "late", seconds=0.01))[0]
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def take(turns, order, number, seconds=5):
    with turns.turn(seconds):
        order.append(number)
