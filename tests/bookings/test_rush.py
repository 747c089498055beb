"""A rush over HTTP, small: the site answers everybody, and no place is given twice."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Booking


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


@pytest.mark.parametrize("address", ["http://example.edu/", "http://10.0.0.1:8000/"])
def test_other_machines_are_not_driven(address):
    with pytest.raises(CommandError, match="own site only"):
        call_command("load_test", url=address)


def test_it_is_bounded():
    with pytest.raises(CommandError, match="At most"):
        call_command("load_test", url="http://127.0.0.1:8000", requests=10**9)
