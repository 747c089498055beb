"""A process that dies in the middle of an act leaves all of it or nothing; who was told so is booked."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.signals import connection_created

from bookings import booking
from bookings.invariants import find_faults
from bookings.models import ApiClient, Booking, IdempotencyKey, LedgerEntry, Places, WaitEntry
from bookings.models.secrets import new_token, token_hash
from projects.models import Change, OutboxMessage
from tests.factories.bookings import BookingFactory, ChildFactory, GuardianFactory, SessionFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.soak]


@pytest.fixture
def victim(database_url):
    """victim(order): what the process that was told to carry it out said last."""
    connection.close()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bookings.crash"],
        env={**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def give(**order):
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return process.stdout.readline().split()

    yield give
    process.stdin.close()
    process.wait(20)
    process.stdout.close()


def a_family(institution):
    guardian = GuardianFactory(institution=institution)
    return guardian, ChildFactory(institution=institution, of=guardian)


def is_nothing_left():
    left = (Booking, WaitEntry, IdempotencyKey, OutboxMessage, LedgerEntry)
    changes = Change.objects.filter(model__in=["bookings.booking", "bookings.waitentry"])
    return not any(model.objects.exists() for model in left) and not changes.exists()


BEFORE = [
    "key written",
    "places locked",
    "children locked",
    "checked",
    "booking written",
    "places written",
    "history written",
    "messages written",
    "before commit",
]
AFTER = ["bell", "committed"]
WISH = ("session", "child", "guardian")


def test_a_booking_that_dies_on_its_way_is_there_or_not_at_all(victim, rounds):
    for _round in range(rounds(1, 20)):
        for step in BEFORE + AFTER:
            session = SessionFactory(price=7)
            guardian, child = a_family(session.institution)
            order = {"session": session.pk, "child": child.pk, "guardian": guardian.pk, "key": f"form {step}"}
            assert victim(act="book", step=step, **order) == ["killed"]

            if step in BEFORE:
                assert is_nothing_left(), step
            else:
                assert Booking.objects.get(session=session).state == "confirmed"
            assert find_faults() == []

            # The family presses the button again.
            word, pk = victim(act="book", **order)
            assert (word, Booking.objects.get(session=session).pk) == ("done", int(pk))
            assert OutboxMessage.objects.count() == IdempotencyKey.objects.count() == 1
            assert find_faults() == []
            _empty()


def _empty():
    """Nothing of this round is left for the next."""
    IdempotencyKey.objects.all().delete()
    OutboxMessage.objects.all().delete()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM bookings_ledgerentry")
        else:
            cursor.execute("TRUNCATE bookings_ledgerentry")
        for table in ("bookings_charge", "bookings_offer", "bookings_waitentry", "bookings_booking"):
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("DELETE FROM projects_change")
        cursor.execute("DELETE FROM bookings_waitblock")
        cursor.execute("UPDATE bookings_places SET taken = 0, waiting = 0, next_seq = 1")


@pytest.mark.parametrize("step", ["wait entry written", "before commit"])
def test_a_number_in_the_queue_is_given_out_or_not_at_all(victim, step, rounds):
    session = SessionFactory(capacity=0)
    for _round in range(rounds(1, 20)):
        guardian, child = a_family(session.institution)
        order = {"session": session.pk, "child": child.pk, "guardian": guardian.pk, "key": f"form {child.pk}"}
        assert victim(act="book", step=step, **order) == ["killed"]
        assert not WaitEntry.objects.filter(child=child).exists()
        assert victim(act="book", **order)[0] == "done"
        assert find_faults() == []


@pytest.mark.parametrize("step", ["cancelled", "head served", "places written", "before commit", "committed"])
def test_a_cancelled_place_and_its_promotion_are_one(victim, step, rounds):
    for _round in range(rounds(1, 20)):
        session = SessionFactory()
        taken = BookingFactory(institution=session.institution, session=session)
        guardian, child = a_family(session.institution)
        entry = booking.book(session=session, child=child, by=guardian, or_queue=True).entry
        assert victim(act="cancel", step=step, booking=taken.pk) == ["killed"]

        taken.refresh_from_db()
        entry.refresh_from_db()
        both = (taken.state, entry.state)
        assert both == (("cancelled", "promoted") if step == "committed" else ("confirmed", "waiting"))
        assert find_faults() == []


def test_who_was_told_booked_is_booked_though_everything_was_killed(database_url, rounds):
    """Several processes book as fast as they can and are killed at a random moment, all at once."""
    session = SessionFactory(capacity=500)
    for _round in range(rounds(2, 20)):
        families = [a_family(session.institution) for _number in range(60)]
        connection.close()
        environment = {**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        workers = []
        for number in range(3):
            orders = "".join(
                json.dumps(
                    {
                        "act": "book",
                        "session": session.pk,
                        "child": child.pk,
                        "guardian": guardian.pk,
                        "key": f"form {child.pk}",
                    }
                )
                + "\n"
                for guardian, child in families[number::3]
            )
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.bookings.crash"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            worker.stdin.write(orders)
            worker.stdin.close()
            workers.append(worker)
        told = [workers[0].stdout.readline()]  # they are under way
        time.sleep(random.uniform(0, 0.6))
        for worker in workers:
            os.killpg(worker.pid, signal.SIGKILL)
        for worker in workers:
            told += worker.stdout.readlines()
            worker.stdout.close()
            worker.wait()
        acknowledged = {
            int(line.split()[1]) for line in told if line.startswith("done") and line.endswith("\n")
        }
        assert acknowledged <= set(Booking.objects.live().values_list("pk", flat=True))
        assert acknowledged
        assert find_faults() == []
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA integrity_check")
                assert cursor.fetchone() == ("ok",)


# --- the web server -----------------------------------------------------------------------------------------


@pytest.fixture
def web(database_url):
    """web(institution): ask its API, over HTTP, in a process that may die on the way; None if it did."""
    connection.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Its parent starts another process when one has died: that takes no time once the site is loaded.
    options = ["--preload", "--workers=1", "--threads=1", "--no-control-socket", f"--bind=127.0.0.1:{port}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "tests.bookings.web_that_dies"],
        env={**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        time.sleep(0.1)

    def of(institution):
        token = new_token()
        ApiClient.objects.create(
            institution=institution, name="web", token_hash=token_hash(token), may_write=True
        )

        def ask(path, asked=None, *, key="", die_at=""):
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            headers |= {"Idempotency-Key": key} if key else {}
            headers |= {"Die-At": die_at} if die_at else {}
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                line.request("POST", f"/api/v1/{path}", json.dumps(asked or {}), headers)
                answer = line.getresponse()
                return answer.status, json.loads(answer.read())
            except (http.client.HTTPException, ConnectionError):
                return None
            finally:
                line.close()

        return ask

    yield of
    server.send_signal(signal.SIGTERM)
    server.wait(30)


def test_a_web_process_that_dies_leaves_a_booking_or_nothing(web, rounds):
    session = SessionFactory(price=7, capacity=1000)
    ask = web(session.institution)
    for number in range(rounds(1, 20)):
        for step in BEFORE + AFTER:
            guardian, child = a_family(session.institution)
            wish = {name: row.public_id for name, row in zip(WISH, (session, child, guardian), strict=True)}
            key = f"form {step} {number}"
            assert ask("bookings", wish, key=key, die_at=step) is None
            made = list(Booking.objects.filter(child=child).values_list("public_id", flat=True))
            assert len(made) == (step in AFTER), step
            assert find_faults() == []

            # Whoever got no answer asks again.
            status, told = ask("bookings", wish, key=key)
            assert status == 201
            assert told["booking"]["id"] == Booking.objects.get(child=child).public_id
            assert made in ([], [told["booking"]["id"]])
    assert OutboxMessage.objects.count() == Places.objects.get(session=session).taken
    assert find_faults() == []


def test_a_web_process_that_dies_while_it_serves_the_queue_has_not_cancelled(web, rounds):
    for _round in range(rounds(1, 20)):
        session = SessionFactory()
        guardian, child = a_family(session.institution)
        taken = BookingFactory(institution=session.institution, session=session, booked_by=guardian)
        taken.child.guardianships.create(institution=session.institution, guardian=guardian)
        entry = booking.book(session=session, child=child, by=guardian, or_queue=True).entry
        ask = web(session.institution)
        cancelling = f"bookings/{taken.public_id}/cancel"
        assert ask(cancelling, die_at="head served") is None
        entry.refresh_from_db()
        assert (Booking.objects.get(pk=taken.pk).state, entry.state) == ("confirmed", "waiting")
        assert find_faults() == []
        status, told = ask(cancelling)
        assert (status, told["moved_up"]) == (200, 1)
        assert find_faults() == []


# --- a database that cannot write ---------------------------------------------------------------------------


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a full disk of PostgreSQL is not ours to make")
def test_a_full_disk_leaves_nothing_half_done():
    session = SessionFactory(capacity=3)
    guardian, child = a_family(session.institution)
    with pytest.raises(DatabaseError, match="full"), no_page_more():
        book_and_cancel(session, child, guardian, times=200)
    assert find_faults() == []
    for made in Booking.objects.live():
        booking.cancel(booking=made)
    assert booking.book(session=session, child=child, by=guardian).booking


@contextmanager
def no_page_more():
    """The database cannot grow, whoever opens it: to ring the worker closes the connection, now and then."""

    # Other tests have left holes behind, which would be written on for minutes.
    connection.cursor().execute("VACUUM")
    pages = connection.cursor().execute("PRAGMA page_count").fetchone()[0]

    def grow_to(pages):
        connection.cursor().execute(f"PRAGMA max_page_count = {pages}")

    def stop_growing(**_signal):
        grow_to(pages)

    stop_growing()
    connection_created.connect(stop_growing)
    try:
        yield
    finally:
        connection_created.disconnect(stop_growing)
        grow_to(1073741823)


def book_and_cancel(session, child, guardian, *, times):
    for number in range(times):
        made = booking.book(session=session, child=child, by=guardian, key=f"form {number}").booking
        booking.cancel(booking=made)


@contextmanager
def read_only():
    sqlite = connection.vendor == "sqlite"
    setting = "PRAGMA query_only =" if sqlite else "SET default_transaction_read_only ="
    connection.cursor().execute(f"{setting} on")
    try:
        yield
    finally:
        connection.cursor().execute(f"{setting} off")


def test_while_the_database_only_reads_a_person_is_told_so_in_a_sentence(client):
    session = SessionFactory()
    guardian, child = a_family(session.institution)
    slug = session.institution.slug
    client.force_login(guardian.user)
    client.post(f"/b/{slug}/sessions/{session.public_id}/choose/")
    client.raise_request_exception = False
    form = {"key": "form-1234", "pick": f"{session.public_id}:{child.public_id}"}
    with read_only():
        answer = client.post(f"/b/{slug}/book/", form)
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert is_nothing_left()
    assert client.post(f"/b/{slug}/book/", form).status_code == 302
    assert Booking.objects.get().state == "confirmed"


def test_a_database_that_is_read_only_leaves_nothing_half_done():
    session = SessionFactory()
    guardian, child = a_family(session.institution)
    only_read, write = (
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
        if connection.vendor == "sqlite"
        else ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
    )
    with connection.cursor() as cursor:
        cursor.execute(only_read)
        try:
            with pytest.raises(DatabaseError), transaction.atomic():
                booking.book(session=session, child=child, by=guardian, key="form-1")
        finally:
            cursor.execute(write)
    assert is_nothing_left()
    assert booking.book(session=session, child=child, by=guardian, key="form-1").booking
    assert Places.objects.get(session=session).taken == 1
