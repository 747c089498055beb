"""A rush over HTTP, small: the site answers everybody, and no place is given twice."""

import json
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bookings.invariants import find_faults
from bookings.models import Booking, WaitEntry
from tests.factories.bookings import ChildFactory, GuardianFactory, SessionFactory


def told(live_server, **options) -> dict:
    out = StringIO()
    call_command(
        "load_test",
        url=live_server.url,
        **{"requests": 24, "at_once": 6, "children": 12, "capacity": 5, **options},
        json=True,
        stdout=out,
    )
    return json.loads(out.getvalue())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by_api", [False, True])
def test_a_rush_books_exactly_the_places_there_are(live_server, by_api):
    found = told(live_server, api=by_api)
    assert (found["booked"], found["faults"]) == (5, [])
    assert Booking.objects.live().count() == 5
    assert not {status for status in found["statuses"] if int(status) >= 500}


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by_api", [False, True])
def test_when_sign_up_opens_the_first_have_the_places_and_the_others_their_numbers(
    live_server, by_api, rounds
):
    """The opening minute: every parent of a school at once, by the order in which the server hears them."""
    parents, places = rounds(24, 2_000), rounds(6, 300)
    sizes = {"requests": parents, "children": parents, "capacity": places, "at_once": rounds(8, 64)}
    found = told(live_server, api=by_api, **sizes)
    print(found)
    # Who was told to come back in a moment has neither.
    busy = found["statuses"].pop("429", 0)
    assert found["statuses"] == {"201" if by_api else "302": parents - busy}
    assert (found["booked"], found["waiting"], found["faults"]) == (places, parents - places - busy, [])
    last_place = Booking.objects.live().latest("created_at").created_at
    queue = list(WaitEntry.objects.in_turn().values_list("seq", "joined_at"))
    assert [number for number, _at in queue] == list(range(1, len(queue) + 1))
    assert sorted([last_place, *(at for _number, at in queue)]) == [last_place, *(at for _n, at in queue)]


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_processes_that_book_at_once_book_exactly_the_places_there_are(database_url, rounds):
    """Four of them, and no thread of one takes turns with a thread of another: only the database's lock."""
    session, asked = SessionFactory(capacity=5), rounds(16, 400)
    guardian = GuardianFactory(institution=session.institution)
    children = [ChildFactory(institution=session.institution, of=guardian) for _number in range(asked)]
    connection.close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bookings.crash"],
            env={**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _number in range(4)
    ]
    for number, process in enumerate(processes):
        for child in children[number::4]:
            order = {"act": "book", "session": session.pk, "child": child.pk, "guardian": guardian.pk}
            process.stdin.write(json.dumps({**order, "key": f"form {child.pk}"}) + "\n")
        process.stdin.close()
    told = [line.split()[0] for process in processes for line in process.stdout]
    for process in processes:
        process.stdout.close()
        process.wait(20)
    # Nobody was told that the database is locked.
    assert told == ["done"] * asked
    assert (Booking.objects.live().count(), WaitEntry.objects.waiting().count()) == (5, asked - 5)
    assert find_faults() == []


@pytest.mark.parametrize("address", ["http://example.edu/", "http://10.0.0.1:8000/"])
def test_other_machines_are_not_driven(address):
    with pytest.raises(CommandError, match="own site only"):
        call_command("load_test", url=address)


def test_it_is_bounded():
    with pytest.raises(CommandError, match="At most"):
        call_command("load_test", url="http://127.0.0.1:8000", requests=10**9)
