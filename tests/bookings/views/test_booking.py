"""From a choice to a place or a queue, and back, whoever presses twice or at a bad moment."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings import booking as acts
from bookings import locks, waitlist
from bookings.models import Booking, BookingRules, ConsentKind, Offer, WaitEntry
from projects.models import Person
from tests.factories.bookings import (
    BookingFactory,
    ChildFactory,
    GuardianFactory,
    SessionFactory,
    TermFactory,
    YearGroupFactory,
)
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", name="Hill School")


@pytest.fixture
def mother(school):
    return GuardianFactory(institution=school)


@pytest.fixture
def zara(school, mother):
    return ChildFactory(institution=school, given_name="Zara", of=mother)


@pytest.fixture
def omar(school, mother):
    return ChildFactory(institution=school, given_name="Omar", of=mother)


@pytest.fixture
def family(client, mother):
    client.force_login(mother.user)
    return client


@pytest.fixture
def offer(school):
    """offer(name, capacity, …): a session that meets once, so many days from now."""
    today = timezone.localdate()
    term = TermFactory(institution=school, starts_on=today, ends_on=today + timedelta(days=90))

    def offer(name, capacity=5, days=3, **activity):
        begins = timezone.now() + timedelta(days=days)
        session = SessionFactory(
            institution=school,
            term=term,
            capacity=capacity,
            meetings_at=[(begins, begins + timedelta(hours=1))],
            activity__name=name,
            **{f"activity__{key}": value for key, value in activity.items()},
        )
        return session

    return offer


def choose(client, *sessions):
    for session in sessions:
        client.post(f"/b/school/sessions/{session.public_id}/choose/")
    return client.get("/b/school/book/")


def send(client, page, *pairs, mode="all", **more):
    sent = {
        "key": page.context["key"],
        "pick": [f"{s.public_id}:{c.public_id}" for s, c in pairs],
        "mode": mode,
    }
    return client.post("/b/school/book/", {**sent, **more}, follow=True)


def states():
    return sorted(Booking.objects.values_list("child__given_name", "session__activity__name", "state"))


def test_two_children_and_two_sessions_are_booked_at_once(family, offer, zara, omar):
    chess, choir = offer("Chess"), offer("Choir", days=4)
    page = choose(family, chess, choir)
    response = send(family, page, (chess, zara), (choir, zara), (choir, omar))
    assert states() == [
        ("Omar", "Choir", "confirmed"),
        ("Zara", "Chess", "confirmed"),
        ("Zara", "Choir", "confirmed"),
    ]
    assertContains(response, "Booked")
    assert choose(family).context["groups"] == []


def test_the_instalments_are_told_before_they_are_chosen(family, offer, zara):
    chess = offer("Chess", most_parts=2)
    chess.price = 30
    chess.save()
    page = choose(family, chess)
    told = [part.amount for _pick, plan in page.context["plans"][0][1] for part in plan]
    assert told == [15, 15]
    assertContains(page, "In 2 instalments")
    response = send(family, page, (chess, zara), parts="2")
    assertContains(response, "Instalment 2")
    assert Booking.objects.get().parts == 2


def test_what_is_paid_at_once_offers_no_instalments(family, offer, zara):
    chess = offer("Chess")
    chess.price = 30
    chess.save()
    page = choose(family, chess)
    assertNotContains(page, "instalment")
    send(family, page, (chess, zara), parts="2")
    assert states() == []


@pytest.mark.parametrize("key", ["", "../../x", "short"])
def test_a_form_whose_key_is_none_of_ours_is_answered_all_the_same(family, offer, zara, key):
    chess = offer("Chess")
    choose(family, chess)
    response = family.post(
        "/b/school/book/", {"key": key, "pick": f"{chess.public_id}:{zara.public_id}"}, follow=True
    )
    assertContains(response, "Booked")
    assert len(states()) == 1


def test_the_form_takes_as_many_queries_for_a_large_family_as_for_one_child(
    family, school, mother, offer, django_assert_max_num_queries
):
    needs = {"needs_emergency_contact": True, "needs_medical": True}
    wanted = [offer(name, days=days, **needs) for days, name in enumerate(("Chess", "Choir", "Judo"), 3)]
    photos = ConsentKind.objects.create(institution=school, code="photos", name="Photos", text="May we?")

    def asked(*sessions):
        choose(family, *sessions)
        with django_assert_max_num_queries(22) as queries:
            family.get("/b/school/book/")
        return len(queries)

    for session in wanted:
        session.activity.consents.add(photos)
    for number in range(4):
        student = Person.objects.create(institution=school, number=f"S-{number}")
        ChildFactory(institution=school, of=mother, person=student)
        if number == 0:
            of_one = asked(wanted[0])
    assert asked(*wanted) == of_one


def test_whoever_presses_twice_books_once_and_sees_the_same_page(family, offer, zara):
    chess = offer("Chess")
    page = choose(family, chess)
    first = send(family, page, (chess, zara))
    choose(family, chess)
    second = send(family, page, (chess, zara))
    assert first.redirect_chain == second.redirect_chain
    assert len(states()) == 1
    # Another device, or the session is gone: the act itself knows the key.
    session = family.session
    session["booked"] = {}
    session.save()
    choose(family, chess)
    send(family, page, (chess, zara))
    assert len(states()) == 1


def test_all_or_none_books_none_and_offers_the_queue_for_the_rest(family, offer, zara, omar):
    chess = offer("Chess", capacity=1)
    page = choose(family, chess)
    response = send(family, page, (chess, zara), (chess, omar))
    assert states() == []
    assertContains(response, "Join the queue?")
    assert response.context["mode"] == "queue"

    send(family, response, (chess, zara), (chess, omar), mode="queue")

    assert states() == [("Zara", "Chess", "confirmed")]
    assert WaitEntry.objects.get().child == omar


def test_a_full_session_is_waited_for_with_a_position(family, school, offer, zara):
    chess = offer("Chess", capacity=1)
    BookingFactory(institution=school, session=chess)
    page = choose(family, chess)
    assert page.context["only_queue"]
    assertContains(page, "You see your position")
    response = send(family, page, (chess, zara), mode="queue")
    assertContains(response, "position 1")
    assertContains(family.get("/b/school/family/"), "No. 1")

    entry = WaitEntry.objects.get()
    family.post(f"/b/school/queue/{entry.public_id}/leave/")
    entry.refresh_from_db()
    assert entry.state == WaitEntry.State.WITHDRAWN


def test_a_school_may_keep_positions_to_itself(family, school, offer, zara):
    BookingRules.objects.create(institution=school, shows_position=False)
    chess = offer("Chess", capacity=1)
    BookingFactory(institution=school, session=chess)
    page = choose(family, chess)
    assertContains(page, "only the office may put a child first")
    assertNotContains(page, "You see your position")
    response = send(family, page, (chess, zara), mode="queue")
    assertContains(response, "in the queue")
    assertNotContains(response, "position 1")
    assertNotContains(family.get("/b/school/family/"), "No. 1")
    assertNotContains(family.get(f"/b/school/queue/{WaitEntry.objects.get().public_id}/leave/"), "Position 1")


def test_what_is_missing_is_said_with_the_way_to_fill_it_in(family, school, offer, zara):
    chess = offer("Chess", needs_medical=True, needs_emergency_contact=True)
    chess.activity.consents.add(
        ConsentKind.objects.create(institution=school, code="photos", name="Photos", text="May we?")
    )
    response = choose(family, chess)
    [(_session, [pick])] = response.context["groups"]
    assert [part for _sentence, part in pick.to_fill_in] == ["health", "contacts", "consents"]
    assertContains(response, f"/b/school/family/{zara.public_id}/#consents")


def test_a_clash_names_the_other_activity(family, school, offer, zara):
    chess, choir = offer("Chess"), offer("Choir")
    BookingFactory(institution=school, session=choir, child=zara)
    response = choose(family, chess)
    [(_session, [pick])] = response.context["groups"]
    assert "Choir" in pick.reasons[0]
    assert not response.context["has_any"]


def test_a_child_of_others_and_a_session_not_chosen_are_ignored(family, school, offer, zara):
    chess, choir = offer("Chess"), offer("Choir")
    stranger = ChildFactory(institution=school)
    page = choose(family, chess)
    response = send(family, page, (chess, stranger), (choir, zara))
    assertContains(response, "Choose at least one child.")
    assert states() == []


def test_extra_fields_change_nothing(family, offer, zara):
    chess = offer("Chess")
    send(
        family, choose(family, chess), (chess, zara), state="confirmed", price="0", source="office", child="9"
    )
    booking = Booking.objects.get()
    assert (booking.source, booking.is_extra) == ("guardian", False)


def test_in_a_rush_the_form_comes_back_with_the_same_key(family, offer, zara, monkeypatch):
    chess = offer("Chess")
    page = choose(family, chess)

    def too_many(**asked):
        raise locks.Busy

    monkeypatch.setattr(acts, "book_many", too_many)
    response = send(family, page, (chess, zara))
    assert response.status_code == 429
    assert response["Retry-After"] == str(locks.Busy.retry_after)
    assertContains(response, page.context["key"], status_code=429)
    assertContains(response, "Your place in line is not lost", status_code=429)
    monkeypatch.undo()
    again = dict(response.context["again"])
    family.post("/b/school/book/", again)
    assert len(states()) == 1


def test_what_comes_back_is_told_before_a_place_is_given_up(family, offer, zara, mother):
    chess = offer("Chess")
    chess.price = 100
    chess.save()
    booking = acts.book(session=chess, child=zara, by=mother).booking
    address = f"/b/school/bookings/{booking.public_id}/cancel/"
    response = family.get(address)
    assert response.context["refund"] == acts.refund_told(booking=booking)
    assert states() == [("Zara", "Chess", "confirmed")]
    family.post(address)
    assert states() == [("Zara", "Chess", "cancelled")]
    assertRedirects(family.post(address), "/b/school/family/")


def test_a_place_is_swapped_for_a_free_one_only(family, school, offer, zara, mother):
    chess, choir, full = offer("Chess"), offer("Choir"), offer("Full", capacity=0)
    booking = acts.book(session=chess, child=zara, by=mother).booking
    address = f"/b/school/bookings/{booking.public_id}/swap/"
    assert family.get(address).context["others"] == [choir]
    assertContains(family.post(address, {"to": full.public_id}), "Choose a session with a free place.")
    family.post(address, {"to": choir.public_id})
    assert states() == [("Zara", "Chess", "cancelled"), ("Zara", "Choir", "confirmed")]


def test_a_place_is_swapped_for_what_the_child_may_have_only(family, school, offer, zara, mother):
    chess, at_the_same_time, later = offer("Chess"), offer("Choir", days=4), offer("Drama", days=5)
    acts.book(session=offer("Dance", days=4), child=zara, by=mother)
    for_others = offer("Rowing", days=6)
    for_others.activity.year_groups.add(YearGroupFactory(institution=school))
    booking = acts.book(session=chess, child=zara, by=mother).booking
    address = f"/b/school/bookings/{booking.public_id}/swap/"
    assert family.get(address).context["others"] == [later]
    family.post(address, {"to": at_the_same_time.public_id})
    assert ("Zara", "Chess", "confirmed") in states()


def test_who_is_elsewhere_at_that_time_may_wait_and_give_that_up(family, offer, zara, mother):
    mine, full = offer("Chess"), offer("Choir", capacity=0)
    chess = acts.book(session=mine, child=zara, by=mother).booking
    response = choose(family, full)
    assertContains(response, "choose below that it is given up")
    assertContains(response, f'value="{chess.public_id}" selected')
    send(family, response, (full, zara), drops=chess.public_id, mode="queue")
    waitlist.change_capacity(session=full, capacity=1, staff=None)
    waitlist.drop_lower_choices()
    assert states() == [("Zara", "Chess", "cancelled"), ("Zara", "Choir", "confirmed")]


def test_an_offer_is_accepted_once_by_the_link_in_the_mail(family, school, offer, zara, mother):
    chess = offer("Chess", capacity=1, promotion="offer")
    other = GuardianFactory(institution=school)
    first = acts.book(session=chess, child=ChildFactory(institution=school, of=other), by=other).booking
    waitlist.join(session=chess, child=zara, by=mother)
    acts.cancel(booking=first, by=other)
    entry = WaitEntry.objects.get()
    assertContains(family.get("/b/school/family/"), "Answer until")
    address = f"/b/school/queue/{entry.public_id}/offer/"
    assertContains(family.get(address), "Take the place")
    family.post(address, {"answer": "accept"})
    assert Offer.objects.get().state == Offer.State.ACCEPTED
    assertContains(family.post(address, {"answer": "decline"}), "accepted already")
    assert Booking.objects.get(child=zara).state == "confirmed"


def test_a_session_for_some_years_takes_their_children_only(family, school, offer, zara, omar):
    chess = offer("Chess")
    year = YearGroupFactory(institution=school)
    chess.activity.year_groups.add(year)
    zara.year_group = year
    zara.save()
    response = choose(family, chess)
    [(_session, picks)] = response.context["groups"]
    assert [bool(pick.refusals) for pick in picks] == [False, True]
    send(family, response, (chess, zara))
    assert states() == [("Zara", "Chess", "confirmed")]
