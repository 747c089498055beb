"""PostgreSQL goes away under load: who was told so is booked, and nothing is half done."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import DatabaseError, InterfaceError, connection, connections

from bookings import booking
from bookings.invariants import find_faults
from bookings.models import Booking, Session
from tests.factories.bookings import ChildFactory, GuardianFactory, SessionFactory
from tests.on_postgres import find_binaries, not_as_root

from .races import at_once, in_turn_by

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.soak,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite is no server"),
]


def families(institution, count):
    guardian = GuardianFactory(institution=institution)
    return [(guardian, ChildFactory(institution=institution, of=guardian)) for _number in range(count)]


def test_whose_connection_is_cut_is_booked_if_told_so(rounds):
    session = SessionFactory(capacity=1000)
    everybody = families(session.institution, rounds(60, 600))

    def books(guardian, child):
        try:
            return booking.book(session=session, child=child, by=guardian).booking.pk
        except (DatabaseError, InterfaceError):
            connection.close()
            raise

    def cut():
        for _time in range(rounds(3, 20)):
            time.sleep(random.uniform(0.02, 0.2))
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    acts = [lambda one=one: books(*one) for one in everybody]
    connection.close()
    told, _cut = at_once(lambda: in_turn_by(6, acts), cut)
    booked = {one for one in told if isinstance(one, int)}
    assert booked
    assert len(booked) < len(everybody), "nobody was cut off"
    connection.close()
    # Who was cut off while it was committing may be booked and not know it.
    assert booked <= set(Booking.objects.live().values_list("pk", flat=True))
    assert find_faults() == []


class Server:
    """A PostgreSQL of its own, as durable as it comes."""

    def __init__(self, home):
        self.prefix, self.binaries, self.options = not_as_root(find_binaries(), home)
        self.directory = home / "server"
        self.directory.mkdir()
        if self.options:
            home.chmod(0o755)
            os.chown(self.directory, -1, self.options["group"])
            self.directory.chmod(0o777)
        self.run("initdb", "--pgdata=data", "--username=postgres", "--auth=trust", "--no-sync")
        self.start()
        self.run("createdb", "-h", self.directory, "-U", "postgres", "datesheet")

    def run(self, program, *words):
        command = [*self.prefix, self.binaries / program, *words]
        return subprocess.run(
            command, check=True, capture_output=True, cwd=self.directory, timeout=60, **self.options
        )

    def start(self):
        self.process = subprocess.Popen(
            [
                *self.prefix,
                self.binaries / "postgres",
                "-D",
                "data",
                "-k",
                self.directory,
                "-clisten_addresses=",
            ],
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self.options,
        )
        for _try in range(600):
            try:
                self.run("psql", "-h", self.directory, "-U", "postgres", "-c", "SELECT 1", "postgres")
                return
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        pytest.fail("PostgreSQL does not start")

    def copy_tables(self):
        """Of the tests' own database, empty: to migrate takes much longer."""
        here = connection.settings_dict
        host = here["HOST"] or here["OPTIONS"]["host"]
        dump = self.run(
            "pg_dump", "-h", host, "-U", here["USER"], "--schema-only", "--no-owner", here["NAME"]
        )
        psql = [
            *self.prefix,
            self.binaries / "psql",
            "-q",
            "-h",
            self.directory,
            "-U",
            "postgres",
            "datesheet",
        ]
        subprocess.run(psql, check=True, capture_output=True, input=dump.stdout, timeout=60, **self.options)

    def stop(self, how):
        """SIGQUIT: as pg_ctl stop -m immediate, without a word to anybody and without a checkpoint."""
        self.process.send_signal(how)
        self.process.wait(60)


@pytest.fixture
def server():
    # A socket's path may have 107 characters.
    with TemporaryDirectory(prefix="pg-") as home:
        server = Server(Path(home))
        server.copy_tables()
        yield server
        server.stop(signal.SIGINT)


@contextmanager
def its_database(server):
    """Threads that begin inside work there; yields ask(act): what such a thread returns."""
    settings = connections.settings["default"]
    before = {name: settings[name] for name in ("HOST", "NAME", "USER", "PORT")}
    settings.update(HOST=str(server.directory), NAME="datesheet", USER="postgres", PORT="")

    def ask(act):
        [result] = at_once(act)
        if isinstance(result, Exception):
            raise result
        return result

    try:
        yield ask
    finally:
        settings.update(before)


def orders_for(session, count):
    pairs = families(Session.objects.get(pk=session).institution, count)
    keys = [
        {"child": child.pk, "guardian": guardian.pk, "key": f"form {child.pk}"} for guardian, child in pairs
    ]
    return [{"act": "book", "session": session, **of_family} for of_family in keys]


def loads(server, orders, processes=3):
    """Processes that book as fast as they can and say who is booked."""
    url = f"postgres://postgres@/datesheet?host={server.directory}"
    for number in range(processes):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bookings.crash"],
            env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        process.stdin.write("".join(json.dumps(order) + "\n" for order in orders[number::processes]))
        process.stdin.close()
        yield process


@pytest.mark.skipif("not config.getoption('soak')", reason="a server of its own takes its time")
def test_who_was_told_booked_is_booked_though_postgresql_was_stopped_at_once(server):
    with its_database(server) as ask:
        session = ask(lambda: SessionFactory(capacity=1000).pk)
        for _round in range(10):
            orders = ask(lambda: orders_for(session, 60))
            workers = list(loads(server, orders))
            told = [workers[0].stdout.readline()]  # they are under way
            time.sleep(random.uniform(0, 1))
            server.stop(signal.SIGQUIT)
            for worker in workers:
                told += worker.stdout.readlines()
                worker.stdout.close()
                worker.wait(60)
            server.start()  # it finds its way back by its log

            booked = {int(line.split()[1]) for line in told if line.startswith("done")}
            assert 0 < len(booked) < len(orders)
            assert booked <= ask(lambda: set(Booking.objects.live().values_list("pk", flat=True)))
            assert ask(find_faults) == []
