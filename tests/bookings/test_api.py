"""Other systems book by the same acts, with a token of their institution and keys of their own."""

import pytest

from bookings import booking as acts
from bookings import locks
from bookings.models import ApiClient, Booking
from bookings.models.secrets import new_token, token_hash

from ..factories.bookings import ChildFactory, GuardianFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def guardian():
    return GuardianFactory()


@pytest.fixture
def child(guardian):
    return ChildFactory(institution=guardian.institution, of=guardian)


@pytest.fixture
def session(guardian):
    return SessionFactory(institution=guardian.institution, capacity=1)


def caller(client, institution, **rights):
    token = new_token()
    ApiClient.objects.create(
        institution=institution,
        name=token[:5],
        token_hash=token_hash(token),
        **{"may_write": True, **rights},
    )

    def call(method, path, body=None, key=""):
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        return getattr(client, method)(
            f"/api/v1/{path}", body, content_type="application/json", headers=headers
        )

    return call


@pytest.fixture
def call(client, guardian):
    return caller(client, guardian.institution)


def wish(session, child, guardian, **more):
    return {
        "session": session.public_id,
        "child": child.public_id,
        "guardian": guardian.public_id,
        **more,
    }


def test_without_a_token_nothing_is_told(client):
    assert client.get("/api/v1/sessions").status_code == 401
    answer = client.get("/api/v1/sessions", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


def test_a_revoked_token_opens_nothing(client, guardian):
    call = caller(client, guardian.institution)
    ApiClient.objects.update(revoked_at="2100-01-01T00:00Z")
    assert call("get", "sessions").status_code == 401


def test_the_catalogue_says_how_many_places_are_free(call, session):
    [told] = call("get", "sessions").json()
    assert (told["id"], told["places"], told["free"]) == (session.public_id, 1, 1)


def test_a_place_is_booked_and_the_same_key_books_it_once(call, session, child, guardian):
    first = call("post", "bookings", wish(session, child, guardian), key="k1")
    again = call("post", "bookings", wish(session, child, guardian), key="k1")
    assert first.status_code == again.status_code == 201
    assert first.json()["booking"]["id"] == again.json()["booking"]["id"]
    assert Booking.objects.count() == 1


def test_the_same_key_with_another_question_is_refused(call, session, child, guardian):
    call("post", "bookings", wish(session, child, guardian), key="k1")
    other = SessionFactory(institution=guardian.institution)
    answer = call("post", "bookings", wish(other, child, guardian), key="k1")
    assert answer.status_code == 422


def test_the_queue_is_joined_told_and_left(call, session, child, guardian):
    call("post", "bookings", wish(session, child, guardian))
    second = ChildFactory(institution=guardian.institution, of=guardian)
    full = call("post", "bookings", wish(session, second, guardian))
    assert (full.status_code, full.json()["code"]) == (409, "full")
    queued = call("post", "bookings", wish(session, second, guardian, or_queue=True)).json()["waiting"]
    assert queued["position"] == 1
    assert call("get", f"queue/{queued['id']}").json()["position"] == 1
    assert call("post", f"queue/{queued['id']}/leave").json()["state"] == "withdrawn"


def test_a_cancelled_place_goes_to_the_first_in_the_queue(call, session, child, guardian):
    place = call("post", "bookings", wish(session, child, guardian)).json()["booking"]
    second = ChildFactory(institution=guardian.institution, of=guardian)
    call("post", "queue", wish(session, second, guardian))
    told = call("post", f"bookings/{place['id']}/cancel").json()
    assert (told["booking"]["state"], told["moved_up"]) == ("cancelled", 1)
    assert Booking.objects.live().get().child == second


def test_of_another_institution_nothing_is_found(client, session, child, guardian):
    stranger = caller(client, GuardianFactory().institution)
    assert stranger("get", f"sessions/{session.public_id}").status_code == 404
    assert stranger("post", "bookings", wish(session, child, guardian)).status_code == 404
    assert stranger("get", "bookings").json() == []


def test_a_child_of_others_is_not_found(call, session, guardian):
    theirs = ChildFactory(
        institution=guardian.institution, of=GuardianFactory(institution=guardian.institution)
    )
    assert call("post", "bookings", wish(session, theirs, guardian)).status_code == 404


def test_a_token_that_only_reads_books_nothing(client, session, child, guardian):
    reader = caller(client, guardian.institution, may_write=False)
    assert reader("post", "bookings", wish(session, child, guardian)).status_code == 403
    assert not Booking.objects.exists()


def test_fields_that_nobody_asked_for_change_nothing(call, session, child, guardian):
    answer = call(
        "post", "bookings", wish(session, child, guardian, state="confirmed", price=0, source="office")
    )
    assert answer.status_code == 201
    assert Booking.objects.get().source == "api"


@pytest.mark.parametrize("asked", ["limit=-1", "offset=-1", f"offset={10**20}"])
def test_a_page_that_cannot_be_is_refused(call, session, asked):
    assert call("get", f"sessions?{asked}").status_code == 422


def test_a_null_character_is_refused(call, session, child, guardian):
    asked = wish(session, child, guardian) | {"child": "a\0", "promo_code": "b\0"}
    answer = call("post", "bookings", asked)
    assert answer.status_code == 422
    assert {"child", "promo_code"} <= set(answer.json()["message"].replace(":", ".").split("."))
    assert call("get", "bookings/a%00").status_code == 400


def test_activities_say_who_may_come_and_sessions_their_dates(call, session):
    [activity] = call("get", "activities").json()
    assert [one["id"] for one in activity["sessions"]] == [session.public_id]
    dates = call("get", f"sessions/{session.public_id}/meetings").json()
    assert [one["is_cancelled"] for one in dates] == [False, False]


def test_a_draft_is_not_there(call, session):
    type(session).objects.update(state="draft")
    assert call("get", f"sessions/{session.public_id}").status_code == 404
    assert call("get", "activities").json()[0]["sessions"] == []


def test_children_are_read_by_those_who_may_read_names(client, call, session, child, guardian):
    assert call("get", "children").status_code == 403
    reader = caller(client, guardian.institution, may_write=False, may_read_people=True)
    [told] = reader("get", "children").json()
    assert (told["id"], told["guardians"][0]["id"]) == (child.public_id, guardian.public_id)
    assert reader("get", "children?number=77").json() == []


def test_several_are_booked_all_or_none(call, session, child, guardian):
    other = ChildFactory(institution=guardian.institution, of=guardian)
    wishes = [{"session": session.public_id, "child": one.public_id} for one in (child, other)]
    asked = {"guardian": guardian.public_id, "wishes": wishes}
    assert call("post", "bookings/several", asked).json()["code"] == "full"
    assert not Booking.objects.exists()
    rest = {**asked, "all_or_none": False, "or_queue": True}
    first, second = call("post", "bookings/several", rest, key="k").json()
    assert (first["booking"]["state"], second["waiting"]["position"]) == ("confirmed", 1)
    assert call("post", "bookings/several", rest, key="k").json() == [first, second]


def test_a_place_is_swapped_in_one_act(call, session, child, guardian):
    booked = call("post", "bookings", wish(session, child, guardian)).json()["booking"]
    to = SessionFactory(institution=guardian.institution)
    swapped = call("post", f"bookings/{booked['id']}/swap", {"to": to.public_id}).json()
    assert (swapped["session"], swapped["state"]) == (to.public_id, "confirmed")
    assert Booking.objects.get(public_id=booked["id"]).state == "cancelled"


def test_an_offered_place_is_taken_once(call, child, guardian):
    session = SessionFactory(institution=guardian.institution, capacity=1, activity__promotion="offer")
    other = ChildFactory(institution=guardian.institution, of=guardian)
    booked = call("post", "bookings", wish(session, other, guardian)).json()["booking"]
    waits = call("post", "queue", wish(session, child, guardian)).json()
    assert call("post", f"queue/{waits['id']}/accept").status_code == 404
    call("post", f"bookings/{booked['id']}/cancel")
    assert call("post", f"queue/{waits['id']}/accept").json()["state"] == "confirmed"
    again = call("post", f"queue/{waits['id']}/accept")
    assert (again.status_code, again.json()["code"]) == (409, "offer-accepted")


def test_whatever_is_done_again_under_its_key_is_done_once(call, child, guardian):
    session = SessionFactory(institution=guardian.institution, capacity=1, activity__promotion="offer")
    other = ChildFactory(institution=guardian.institution, of=guardian)
    to = SessionFactory(institution=guardian.institution)

    def twice(path, body=None, key=""):
        first, again = (call("post", path, body, key=key or path) for _time in range(2))
        assert first.status_code == again.status_code < 300
        assert first.json() == again.json()
        return first.json()

    booked = call("post", "bookings", wish(session, other, guardian)).json()["booking"]
    waits = twice("queue", wish(session, child, guardian))
    twice(f"bookings/{booked['id']}/cancel")
    taken = twice(f"queue/{waits['id']}/accept")
    twice(f"bookings/{taken['id']}/swap", {"to": to.public_id})
    call("post", "bookings", wish(session, other, guardian))
    third = ChildFactory(institution=guardian.institution, of=guardian)
    waits = twice("queue", wish(session, third, guardian), key="another")
    twice(f"queue/{waits['id']}/leave")
    assert call("post", "queue", wish(to, third, guardian), key="queue").status_code == 422


def test_what_was_refused_under_a_key_may_be_asked_again_under_it(call, session, child, guardian):
    asked = wish(session, child, guardian)
    assert call("post", "queue", asked, key="k").json()["code"] == "places-free"
    other = ChildFactory(institution=guardian.institution, of=guardian)
    call("post", "bookings", wish(session, other, guardian))
    assert call("post", "queue", asked, key="k").status_code == 201


def test_every_refusal_has_its_words_and_stands_in_the_description(client, call, session, child, guardian):
    described = client.get("/api/v1/openapi.json").json()["paths"]
    asked = wish(session, child, guardian)
    for method, path, template, body in (
        ("get", "sessions/nothing", "sessions/{public_id}", None),
        ("get", "sessions?limit=x", "sessions", None),
        ("get", "children", "children", None),
        ("post", "bookings", "bookings", {"session": 5}),
        ("post", "bookings", "bookings", {**asked, "child": "nobody"}),
        ("post", "bookings/nothing/cancel", "bookings/{public_id}/cancel", None),
        ("post", "queue", "queue", asked),
        ("post", "queue/nothing/decline", "queue/{public_id}/decline", None),
    ):
        answer = call(method, path, body)
        assert answer.json().keys() == {"code", "message"}, path
        known = described[f"/api/v1/{template}"][method]["responses"]
        assert str(answer.status_code) in known, (path, answer.status_code)
    answer = client.get("/api/v1/sessions")
    assert (answer.status_code, answer.json()["code"]) == (401, "no-token")


def test_the_api_describes_itself(client):
    described = client.get("/api/v1/openapi.json").json()
    assert {"/api/v1/bookings", "/api/v1/sessions", "/api/v1/queue"} <= described["paths"].keys()
    for ways in described["paths"].values():
        for method, act in ways.items():
            asks = [(one["name"], one["in"]) for one in act.get("parameters", ())]
            assert (("Idempotency-Key", "header") in asks) == (method == "post")
            assert act["summary"]
            assert {"401", "403", "422"} <= act["responses"].keys()


def test_in_a_rush_the_answer_is_to_come_back_soon(call, session, child, guardian, monkeypatch):
    def too_many(**_asked):
        raise locks.Busy

    monkeypatch.setattr(acts, "book", too_many)
    answer = call("post", "bookings", wish(session, child, guardian), key="k1")
    assert (answer.status_code, answer.json()["code"]) == (429, "busy")
    assert int(answer["Retry-After"]) > 0
    monkeypatch.undo()
    assert call("post", "bookings", wish(session, child, guardian), key="k1").status_code == 201
