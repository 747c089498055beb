"""Every page of bookings, and who gets what: a page that is not named here fails."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from bookings import feeds, urls
from bookings.models import (
    AttendanceAlert,
    AuthorisedCollector,
    Booking,
    CoGuardianInvitation,
    ConsentKind,
    EmergencyContact,
    Guardian,
    Guardianship,
    LateMark,
    MedicalNote,
    Offer,
    WaitEntry,
)
from bookings.models.secrets import token_hash
from projects.models import Change, Institution, Role
from projects.throttle import Rate
from tests.factories.accounts import UserFactory
from tests.factories.bookings import (
    BookingFactory,
    ChildFactory,
    GuardianFactory,
    SessionFactory,
    TermFactory,
    TutorFactory,
)
from tests.factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43
INVITED = "i" * 43


@pytest.fixture
def world():
    school = InstitutionFactory(slug="school")
    now = timezone.now()
    mine = GuardianFactory(institution=school, user=UserFactory(email="mine@home.org"))
    child = ChildFactory(institution=school, of=mine)
    co = GuardianFactory(institution=school, user=UserFactory(email="co@home.org"))
    rights = {"may_book": False, "may_see_medical": False}
    Guardianship.objects.create(institution=school, guardian=co, child=child, **rights)
    other = GuardianFactory(institution=school, user=UserFactory(email="other@home.org"))
    ChildFactory(institution=school, of=other)
    tutor = TutorFactory(institution=school, user=UserFactory(email="tutor@school.org"))
    TutorFactory(institution=school, user=UserFactory(email="second@school.org"))
    MembershipFactory(institution=school, user=UserFactory(email="office@school.org"), role=Role.OFFICE)
    UserFactory(email="stranger@nowhere.org")
    term = TermFactory(
        institution=school, starts_on=now.date() - timedelta(days=5), ends_on=now.date() + timedelta(days=90)
    )
    dates = [
        (now - timedelta(minutes=1), now + timedelta(hours=1)),
        (now + timedelta(days=7), now + timedelta(days=7, hours=1)),
    ]
    session = SessionFactory(institution=school, term=term, tutor=tutor, capacity=5, meetings_at=dates)
    booking = BookingFactory(institution=school, session=session, child=child, booked_by=mine)
    full = SessionFactory(
        institution=school,
        term=term,
        capacity=1,
        meetings_at=[(now + timedelta(days=3), now + timedelta(days=3, hours=1))],
    )
    entry = WaitEntry.objects.create(institution=school, session=full, child=child, asked_by=mine, seq=1)
    offered = SessionFactory(
        institution=school,
        term=term,
        capacity=1,
        meetings_at=[(now + timedelta(days=4), now + timedelta(days=4, hours=1))],
    )
    held = BookingFactory(
        institution=school,
        session=offered,
        child=child,
        state=Booking.State.HELD,
        confirmed_at=None,
        hold_until=now + timedelta(hours=1),
    )
    asked = WaitEntry.objects.create(
        institution=school, session=offered, child=child, asked_by=mine, seq=1, state="offered", booking=held
    )
    Offer.objects.create(
        institution=school,
        entry=asked,
        booking=held,
        token_hash=token_hash(TOKEN),
        expires_at=now + timedelta(hours=1),
    )
    invitation = CoGuardianInvitation.objects.create(
        institution=school,
        invited_by=mine,
        name="Dad",
        email="dad@home.org",
        token_hash=token_hash(INVITED),
        expires_at=now + timedelta(days=1),
    )
    invitation.children.add(child)
    meeting = session.meetings.order_by("starts_at")[0]
    of_child = {"institution": school, "child": child}
    return SimpleNamespace(
        child=child,
        session=session,
        invitation=invitation,
        invited=INVITED,
        booking=booking,
        entry=entry,
        asked=asked,
        meeting=meeting,
        coming=session.meetings.order_by("starts_at")[1],
        contact=EmergencyContact.objects.create(**of_child, name="Aunt", phone="1"),
        collector=AuthorisedCollector.objects.create(**of_child, name="Uncle"),
        note=MedicalNote.objects.create(**of_child, text="Nuts"),
        consent=ConsentKind.objects.create(institution=school, code="photos", name="Photos", text="May we?"),
        feed=feeds.make(guardian=mine, child=child),
        alert=AttendanceAlert.objects.create(**of_child, meeting=meeting),
        late=LateMark.objects.create(**of_child, meeting=meeting, values={"state": "late"}, marked_at=now),
    )


ROLES = ["anonymous", "stranger", "other", "co", "mine", "tutor", "second", "office"]
EVERYBODY = dict.fromkeys(ROLES, 200)
SIGNED_IN = {**EVERYBODY, "anonymous": 302}
# A visitor signs in; who is no guardian goes on to the page where one becomes one.
A_GUARDIAN = {**dict.fromkeys(ROLES, 302), "other": 200, "co": 200, "mine": 200}
OF_THE_CHILD = {**A_GUARDIAN, "other": 404}
WHO_BOOKS_FOR_IT = {**OF_THE_CHILD, "co": 404}
STAFF = {**dict.fromkeys(ROLES, 404), "anonymous": 302, "tutor": 200, "second": 200, "office": 200}
OF_THE_MEETING = {**STAFF, "second": 404}

# name: the keys in its address, who may read it
PAGES = {
    "catalogue": ([], EVERYBODY),
    "session": (["session.public_id"], EVERYBODY),
    "feed": (["feed"], EVERYBODY),
    "join": ([], SIGNED_IN),
    "ask_to_join": ([], SIGNED_IN),
    "family": ([], A_GUARDIAN),
    "me": ([], A_GUARDIAN),
    "account": ([], A_GUARDIAN),
    "data": ([], A_GUARDIAN),
    "book": ([], A_GUARDIAN),
    "child": (["child.public_id"], OF_THE_CHILD),
    "health": (["child.public_id"], WHO_BOOKS_FOR_IT),
    "cancel": (["booking.public_id"], WHO_BOOKS_FOR_IT),
    "swap": (["booking.public_id"], WHO_BOOKS_FOR_IT),
    "leave": (["entry.public_id"], WHO_BOOKS_FOR_IT),
    "offer": (["token"], WHO_BOOKS_FOR_IT),
    "offer_of_entry": (["asked.public_id"], WHO_BOOKS_FOR_IT),
    "invitation": (["invited"], EVERYBODY),
    "registers": ([], STAFF),
    "on_site": ([], STAFF),
    "worker": ([], STAFF),
    "offline": ([], STAFF),
    "register": (["meeting.pk"], OF_THE_MEETING),
    "printed": (["meeting.pk"], OF_THE_MEETING),
    "collect": (["meeting.pk", "child.public_id"], OF_THE_MEETING),
    "register_health": (["meeting.pk", "child.public_id"], OF_THE_MEETING),
}
# What only takes a form: name, keys, what is sent, who is served (a redirect to the page where it shows).
TO_THE_PAGE = dict.fromkeys(ROLES, 302)
ACTS = {
    "choose": (["session.public_id"], {}, TO_THE_PAGE),
    "data_export": ([], {}, A_GUARDIAN),
    "data_erasure": ([], {"note": ""}, TO_THE_PAGE),
    "contact": (["child.public_id"], {"name": "A", "phone": "1"}, {"other": 404, "co": 404}),
    "contact_removed": (["child.public_id", "contact.pk"], {}, {"other": 404, "co": 404}),
    "collector": (["child.public_id"], {"name": "A"}, {"other": 404, "co": 404}),
    "collector_removed": (["child.public_id", "collector.pk"], {}, {"other": 404, "co": 404}),
    "consent": (["child.public_id", "consent.code"], {}, {"other": 404, "co": 404}),
    "health_removed": (["child.public_id", "note.pk"], {}, {"other": 404, "co": 404}),
    "invited": (
        ["child.public_id"],
        {"name": "A", "email": "a@localhost", "children": "child.public_id"},
        {"other": 404, "co": 404},
    ),
    "invitation_withdrawn": (["child.public_id", "invitation.pk"], {}, {"other": 404, "co": 404}),
    "calendar": (["child.public_id"], {"revoke": "1"}, {"other": 404}),
    "absence": (["child.public_id", "coming.pk"], {}, {"other": 404}),
    "mark": (["meeting.pk"], {"child": "child.public_id", "state": "present"}, "meeting"),
    "alert": (["alert.pk"], {}, "meeting"),
    "late_mark": (["late.pk"], {}, "meeting"),
    "marks": (["meeting.pk"], {}, {**OF_THE_MEETING, "tutor": 400, "office": 400}),
}
# Pages that have tests of their own.
ELSEWHERE = {
    "ballot": "test_ballots",
    "draw_file": "test_ballots",
    "wishes": "test_ballots",
    "booked": "test_booking: shows what is in the visitor's own session",
    "pay": "tests/bookings/test_paying.py",
    "paid": "tests/bookings/test_paying.py",
    "receipt": "tests/bookings/test_paying.py",
    "payout": "tests/bookings/test_paying.py",
    "payment_webhook": "tests/bookings/test_paying.py",
    "local_checkout": "tests/bookings/test_paying.py",
}


def all_names(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from all_names(pattern.url_patterns)
        else:
            yield pattern.name


def test_every_page_is_named_here():
    assert set(all_names(urls.urlpatterns)) - set(ELSEWHERE) == set(PAGES) | set(ACTS)


def key(world, path):
    if path == "token":
        return TOKEN
    found = world
    for part in path.split("."):
        found = getattr(found, part)
    return found


def address(world, name, keys, school="school"):
    return reverse(f"bookings:{name}", args=[school, *(key(world, path) for path in keys)])


def client_of(role):
    client = Client()
    if role != "anonymous":
        client.force_login(apps.get_model("accounts.User").objects.get(email__startswith=f"{role}@"))
    return client


def rows():
    """How much there is, and how it stands: what a page of others must not change."""
    models = list(apps.get_app_config("bookings").get_models())
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


@pytest.mark.parametrize("role", ROLES)
def test_who_reads_what_and_reading_changes_nothing(world, role):
    client = client_of(role)
    before = rows()
    for name, (keys, expected) in PAGES.items():
        response = client.get(address(world, name, keys))
        assert response.status_code == expected[role], name
        if response.status_code == 200 and expected is not EVERYBODY:
            assert "no-store" in response["Cache-Control"], name
    assert rows() == before


def test_every_page_tells_the_browser_what_it_may_not_do(world):
    for role in ("anonymous", "mine", "tutor"):
        client = client_of(role)
        for name, (keys, _expected) in PAGES.items():
            response = client.get(address(world, name, keys))
            assert response["X-Content-Type-Options"] == "nosniff", name
            assert response["X-Frame-Options"] == "DENY", name
            assert response["Referrer-Policy"] == "same-origin", name
            policy = response["Content-Security-Policy"]
            for none in ("object-src", "base-uri", "frame-ancestors"):
                assert f"{none} 'none'" in policy, name
            assert "unsafe" not in policy, name
            assert "http" not in policy, name


@pytest.mark.parametrize("role", ROLES)
def test_who_does_what_and_others_change_nothing(world, role):
    client = client_of(role)
    for name, (keys, sent, expected) in ACTS.items():
        before = rows()
        if expected == "meeting":
            expected = {**OF_THE_MEETING, "tutor": 302, "office": 302}
        sent = {field: key(world, value) if "." in value else value for field, value in sent.items()}
        response = client.post(address(world, name, keys), sent)
        assert response.status_code == {**TO_THE_PAGE, **expected}[role], name
        is_served = (
            role == "mine"
            or (role in ("tutor", "office") and name in ("mark", "alert", "late_mark"))
            or ({**TO_THE_PAGE, **expected}[role] == 200)
            or (role in ("other", "co") and name == "data_erasure")
            or (role == "co" and name in ("calendar", "absence"))
        )
        if not is_served and name != "choose":
            assert rows() == before, name


@pytest.mark.parametrize("name", ACTS)
def test_what_changes_something_takes_a_form_with_a_token_only(world, name):
    keys, _sent, _expected = ACTS[name]
    asked = address(world, name, keys)
    assert client_of("mine").get(asked).status_code == 405
    client = Client(enforce_csrf_checks=True)
    assert client.post(asked, {}).status_code == 403


@pytest.mark.parametrize("name", [name for name, (keys, _expected) in PAGES.items() if keys])
def test_in_another_school_nothing_of_it_is_found(world, name):
    keys, _expected = PAGES[name]
    guardian = apps.get_model("bookings.Guardian").objects.get(user__email="mine@home.org")
    GuardianFactory(institution=InstitutionFactory(slug="third"), user=guardian.user)
    TutorFactory(
        institution=apps.get_model("projects.Institution").objects.get(slug="third"), user=guardian.user
    )
    response = client_of("mine").get(address(world, name, keys, school="third"))
    assert response.status_code == 404


def test_whoever_tries_the_numbers_of_others_is_written_down_and_slowed(world):
    client = client_of("other")
    asked = address(world, "child", ["child.public_id"])
    answers = [client.get(asked).status_code for _number in range(60)]
    assert answers[:30] == [404] * 30
    assert 429 in answers
    noted = Change.objects.filter(label__contains="bookings:child")
    assert noted.count() == answers.count(404)
    assert noted.first().by.email == "other@home.org"


@pytest.mark.parametrize(
    ("rights", "refused"),
    [
        ({"may_collect": False}, ["collector", "collector_removed"]),
        ({"may_collect": False, "may_book": False}, ["collector", "collector_removed", "absence"]),
    ],
)
def test_who_must_not_take_a_child_home_names_no_one_who_may_nor_hides_it(world, rights, refused):
    Guardianship.objects.filter(guardian__user__email="mine@home.org").update(**rights)
    client = client_of("mine")
    for name in ("collector_removed", "collector", "absence"):
        keys, sent, _expected = ACTS[name]
        response = client.post(address(world, name, keys), sent)
        assert response.status_code == (404 if name in refused else 302), name
    page = client.get(address(world, "child", ["child.public_id"])).content.decode()
    assert reverse("bookings:collector", args=["school", world.child.public_id]) not in page
    page = client.get(address(world, "family", [])).content.decode()
    assert ("Not coming?" in page) == ("absence" not in refused)


def test_too_many_medical_notes_are_slowed_down(world, monkeypatch):
    monkeypatch.setattr("bookings.views.children.CHANGES", (Rate(1, 60),))
    client, asked = client_of("mine"), address(world, "health", ["child.public_id"])
    answers = [client.post(asked, {"nothing": "1"}) for _number in range(2)]
    assert [answer.status_code for answer in answers] == [302, 429]
    assert answers[1]["Retry-After"]


def test_too_many_answers_to_invitations_are_slowed_down(world, monkeypatch):
    monkeypatch.setattr("bookings.views.inviting.ANSWERS", (Rate(1, 60),))
    client, asked = client_of("anonymous"), address(world, "invitation", ["invited"])
    answers = [client.post(asked, {"answer": "refuse"}).status_code for _number in range(2)]
    assert answers == [200, 429]


def test_a_guardian_whose_account_is_closed_is_told_so(world):
    Guardian.objects.filter(user__email="mine@home.org").update(is_active=False)
    response = client_of("mine").get(address(world, "family", []))
    assert response.status_code == 403
    assert "Your account is closed here" in response.content.decode()


@pytest.mark.parametrize("email", ["tutor@school.org", "office@school.org"])
def test_staff_open_no_register_without_the_second_factor_that_is_asked_of_them(client, world, email):
    Institution.objects.update(requires_second_factor=True)
    client.force_login(User.objects.get(email=email))
    address = reverse("bookings:register", args=["school", world.meeting.pk])
    assert client.get(address).url == reverse("mfa_activate_totp")
    assert client.session["continue_to"] == address
    assert client.get(reverse("bookings:catalogue", args=["school"])).status_code == 200
