from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory

from projects import throttle
from projects.models import Bucket
from projects.throttle import Rate, SlowDown

FIVE_A_MINUTE = (Rate(5, 60),)


@pytest.fixture
def clock(monkeypatch):
    """clock.wait(seconds): later, without waiting."""

    class Clock:
        now = datetime(2027, 1, 4, 9, tzinfo=UTC)

        def wait(self, seconds):
            self.now += timedelta(seconds=seconds)

    clock = Clock()
    monkeypatch.setattr(throttle.timezone, "now", lambda: clock.now)
    return clock


def act(*parts, rates=FIVE_A_MINUTE):
    throttle.slow_down("trial", *parts, rates=rates)


def fill(*parts, rates=FIVE_A_MINUTE):
    for _ in range(rates[0].amount):
        act(*parts, rates=rates)


@pytest.mark.django_db
def test_so_many_at_once_and_then_a_wait(clock):
    fill("alice")
    with pytest.raises(SlowDown) as refusal:
        act("alice")
    assert refusal.value.seconds == 12  # the time in which one of five in a minute leaks away


@pytest.mark.django_db
def test_who_waits_as_told_gets_through(clock):
    fill("alice")
    with pytest.raises(SlowDown) as refusal:
        act("alice")
    clock.wait(refusal.value.seconds)
    act("alice")


@pytest.mark.django_db
def test_being_refused_does_not_lengthen_the_wait(clock):
    fill("alice")
    for _ in range(50):
        with pytest.raises(SlowDown):
            act("alice")
    clock.wait(12)
    act("alice")


@pytest.mark.django_db
def test_one_person_s_haste_is_not_another_s(clock):
    fill("alice")
    act("bob")


@pytest.mark.django_db
def test_a_second_rate_makes_the_wait_grow(clock):
    rates = (Rate(5, 60), Rate(8, 3600))
    waits = []
    for _ in range(9):
        try:
            act("alice", rates=rates)
        except SlowDown as reason:
            waits.append(reason.seconds)
            clock.wait(reason.seconds)
            act("alice", rates=rates)
    assert waits[0] == 12
    assert waits[-1] > 300
    assert waits == sorted(waits)


@pytest.mark.django_db
def test_an_act_that_turned_out_well_can_be_given_back(clock):
    fill("alice")
    throttle.give_back("trial", "alice", rates=FIVE_A_MINUTE)
    act("alice")


@pytest.mark.django_db
def test_nothing_personal_lies_in_a_bucket(clock):
    act("alice@example.edu", "192.0.2.7")
    key = Bucket.objects.get().key
    assert len(key) == 64
    assert int(key, 16)


@pytest.mark.django_db
def test_old_buckets_are_swept(clock):
    act("alice")
    clock.wait(3 * 24 * 3600)
    act("bob")
    assert throttle.sweep() == 1
    assert Bucket.objects.count() == 1


@pytest.mark.django_db
def test_a_throttled_page_says_how_long_to_wait(clock, client):
    view = throttle.throttled("page", Rate(1, 30))(lambda request: HttpResponse("here"))
    request = client.get("/account/login/").wsgi_request
    assert view(request).status_code == 200
    refused = view(request)
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")
    assert b"Wait 30 seconds" in refused.content
    clock.wait(30)
    assert view(request).status_code == 200


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64")],
)
def test_a_visitor_is_an_address_or_an_ipv6_network(address, counted_as):
    assert throttle.client_address(RequestFactory().get("/", REMOTE_ADDR=address)) == counted_as


def test_a_visitor_cannot_choose_an_address_by_a_header():
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert throttle.client_address(request) == "192.0.2.7"


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_so_many_get_through(rounds, clock):
    def attempt(number):
        try:
            act("crowd", rates=(Rate(7, 3600),))
        except SlowDown:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        through = sum(threads.map(attempt, range(rounds(40, 400))))
    assert through == 7
