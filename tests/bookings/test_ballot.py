from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from django.db import connection

from bookings import ballot, booking
from bookings.ballot import CannotDraw, CannotWish, Protocol, Wish
from bookings.invariants import find_faults
from bookings.models import Booking, DrawResult, Preference, Session, WaitEntry
from tests.factories.accounts import UserFactory
from tests.factories.bookings import SessionFactory, TermFactory

TUESDAY = datetime(2027, 1, 5, tzinfo=UTC)


# --- the draw alone -----------------------------------------------------------------------------------------


def protocol(wishes, places, clashes=(), refused=(), most_places=1):
    wishes = [Wish(*wish) for wish in wishes]
    return Protocol(wishes, dict(places), list(clashes), list(refused), most_places)


def test_the_same_seed_draws_the_same_and_another_draws_anew():
    asked = protocol([(f"c{n}", "chess", 1, 5) for n in range(20)], {"chess": 5})
    assert ballot.allocate(asked, "one") == ballot.allocate(asked, "one")
    winners = [{c for c, has in ballot.allocate(asked, seed).items() if has} for seed in ("one", "two")]
    assert [len(one) for one in winners] == [5, 5]
    assert winners[0] != winners[1]


def test_a_protocol_says_the_same_after_it_was_written_down():
    asked = protocol([("a", "chess", 1, 5), ("b", "art", 1, 2)], {"chess": 1, "art": 1}, [("chess", "art")])
    assert Protocol.from_json(asked.as_json()) == asked


def test_a_priority_comes_before_any_lot():
    asked = protocol([("a", "chess", 1, 5), ("b", "chess", 1, 1)], {"chess": 1})
    for seed in "abcdefgh":
        assert ballot.allocate(asked, seed)["b"] == ["chess"]


def test_nobody_keeps_a_place_that_somebody_with_a_better_lot_wants():
    """Deferred acceptance: what a child gets, nobody with a better claim wanted more than what they got."""
    names = [f"c{n}" for n in range(30)]
    wishes = [
        (name, session, rank, 5)
        for n, name in enumerate(names)
        for rank, session in enumerate(
            sorted("ABCD", key=lambda s, n=n: sha256(f"{s}{n}".encode()).hexdigest()), 1
        )
    ]
    asked = protocol(wishes, dict.fromkeys("ABCD", 6))
    got = ballot.allocate(asked, "seed")
    rank = {(w.child, w.session): w.rank for w in asked.wishes}
    has = {child: (sessions or [None])[0] for child, sessions in got.items()}
    assert Counter(has.values()) == {**dict.fromkeys("ABCD", 6), None: 6}
    for child in names:
        dearer = [s for s in "ABCD" if has[child] is None or rank[child, s] < rank[child, has[child]]]
        for session in dearer:
            inside = [other for other in names if has[other] == session]
            assert all(ballot.lot("seed", other) < ballot.lot("seed", child) for other in inside)


def test_everybody_has_one_before_anybody_has_two_and_no_two_clash():
    asked = protocol(
        [(c, s, r, 5) for c in "abc" for r, s in enumerate(["chess", "art", "choir"], 1)],
        {"chess": 2, "art": 2, "choir": 9},
        clashes=[("chess", "choir")],
        most_places=2,
    )
    got = ballot.allocate(asked, "x")
    assert all(got.values())
    assert not any({"chess", "choir"} <= set(has) for has in got.values())


def test_who_may_not_come_gets_nothing():
    asked = protocol([("a", "chess", 1, 5)], {"chess": 1}, refused=[("a", "chess")])
    assert ballot.allocate(asked, "x") == {}


def test_no_child_is_luckier_for_its_number(rounds):
    """χ² of the winners of many draws, 9 degrees of freedom: above 27.9 once in a thousand by chance."""
    asked = protocol([(f"child-{n}", "chess", 1, 5) for n in range(10)], {"chess": 1})
    draws = rounds(2000, 10_000)
    wins = Counter(
        child
        for number in range(draws)
        for child, has in ballot.allocate(asked, f"seed {number}").items()
        if has
    )
    expected = draws / 10
    assert sum((wins[f"child-{n}"] - expected) ** 2 / expected for n in range(10)) < 27.9


# --- the acts -----------------------------------------------------------------------------------------------


@pytest.fixture
def sessions(school, clock):
    term = TermFactory(institution=school)
    begins = [TUESDAY + timedelta(hours=hour) for hour in (9, 9, 14)]
    return [
        SessionFactory(institution=school, term=term, meetings_at=[(at, at + timedelta(hours=1))])
        for at in begins
    ]


@pytest.fixture
def opened(sessions, clock):
    """A ballot over three sessions with one place each, of which the first two are at the same time."""
    made = ballot.open_ballot(
        term=sessions[0].term,
        name="Spring",
        opens_at=clock.now,
        closes_at=clock.now + timedelta(days=1),
        sessions=sessions,
        staff=UserFactory(),
    )
    for session in sessions:
        session.refresh_from_db()
    return made


@pytest.fixture
def wishing(opened, sessions, family):
    """wishing(0, 2): a family that wishes for the sessions of those numbers, the dearest first."""

    def wishing(*numbers):
        guardian, child = family()
        ballot.wish(ballot=opened, child=child, sessions=[sessions[n] for n in numbers], by=guardian)
        return guardian, child

    return wishing


def test_the_promise_is_public_and_the_seed_is_not(opened):
    opened.refresh_from_db()
    assert opened.seed_commitment == sha256(opened.secret_seed.encode()).hexdigest()
    assert opened.seed == ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_seed FROM bookings_ballot")
        assert opened.secret_seed not in cursor.fetchone()[0]


def test_while_places_are_drawn_nobody_books_them(opened, sessions, family):
    guardian, child = family()
    with pytest.raises(booking.CannotBook) as refusal:
        booking.book(session=sessions[0], child=child, by=guardian)
    assert refusal.value.code == "ballot"


def test_wishes_replace_those_before_and_have_limits(opened, sessions, wishing, family, clock, school):
    guardian, child = wishing(0, 2)
    ballot.wish(ballot=opened, child=child, sessions=[sessions[2]], by=guardian)
    assert list(Preference.objects.values_list("session", "rank")) == [(sessions[2].pk, 1)]
    stranger, _child = family()
    other = SessionFactory(institution=school)
    for refused in (
        {"sessions": [sessions[0]], "by": stranger},
        {"sessions": [sessions[0]] * 2, "by": guardian},
        {"sessions": [other], "by": guardian},
        {"sessions": [sessions[0]] * 6, "by": guardian},
    ):
        with pytest.raises(booking.CannotBook):
            ballot.wish(ballot=opened, child=child, **refused)
    clock.pass_by(days=1)
    with pytest.raises(CannotWish):
        ballot.wish(ballot=opened, child=child, sessions=[sessions[0]], by=guardian)


def test_it_is_drawn_once_and_only_after_the_wishes_have_closed(opened, wishing, clock):
    wishing(0)
    with pytest.raises(CannotDraw):
        ballot.draw(ballot=opened, staff=None)
    with pytest.raises(CannotDraw):
        ballot.publish(ballot=opened, staff=None)
    clock.pass_by(days=1)
    ballot.draw(ballot=opened, staff=None)
    with pytest.raises(CannotDraw):
        ballot.draw(ballot=opened, staff=None)
    assert not Booking.objects.exists()


def test_the_published_draw_books_queues_and_can_be_repeated(opened, sessions, wishing, clock):
    families = [wishing(0, 1), wishing(0, 1), wishing(0, 2)]
    clock.pass_by(days=1)
    ballot.draw(ballot=opened, staff=UserFactory())
    ballot.publish(ballot=opened, staff=UserFactory())
    opened.refresh_from_db()

    assert ballot.recompute(opened)
    assert find_faults() == []
    live = Booking.objects.live()
    # The dearest of all goes to the best lot; whoever can, has another.
    lots = sorted(families, key=lambda one: ballot.lot(opened.seed, one[1].public_id))
    assert live.get(session=sessions[0]).child == lots[0][1]
    assert live.count() == (2 if lots[0] == families[2] else 3)
    waiting = WaitEntry.objects.filter(session=sessions[0]).order_by("seq")
    assert [entry.child for entry in waiting] == [child for _guardian, child in lots[1:]]
    # What is left over is for whoever comes first.
    assert Session.objects.get(pk=sessions[2].pk).ballot.published_at

    DrawResult.objects.filter(outcome="placed").update(outcome="enough")
    assert not ballot.recompute(opened)


def test_the_dearer_wish_that_comes_true_later_frees_the_lesser_place(
    opened, sessions, wishing, clock, django_capture_on_commit_callbacks
):
    wishing(0, 1)
    wishing(0, 1)
    clock.pass_by(days=1)
    ballot.draw(ballot=opened, staff=None)
    ballot.publish(ballot=opened, staff=None)
    first, second = (Booking.objects.live().get(session=session) for session in sessions[:2])

    with django_capture_on_commit_callbacks(execute=True):
        booking.cancel(booking=first, staff=UserFactory())

    assert Booking.objects.live().get(session=sessions[0]).child == second.child
    assert not Booking.objects.live().filter(session=sessions[1]).exists()
    assert find_faults() == []


def test_a_child_that_may_no_longer_come_loses_its_lot_to_the_queue(opened, sessions, wishing, clock):
    families = [wishing(0), wishing(0)]
    clock.pass_by(days=1)
    ballot.draw(ballot=opened, staff=None)
    winner = DrawResult.objects.get(outcome="placed").child
    winner.left_on = TUESDAY.date() - timedelta(days=9)
    winner.save()
    ballot.publish(ballot=opened, staff=None)
    [other] = [child for _guardian, child in families if child != winner]
    assert Booking.objects.live().get().child == other
    assert "left" in DrawResult.objects.get(child=winner).reason
    opened.refresh_from_db()
    assert ballot.recompute(opened)
    assert find_faults() == []
