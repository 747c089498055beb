import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.models import User
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    user = User.objects.create_user("alice@example.edu", "correct horse 9", name="Alice")
    user.confirm_email()
    return user


def sign_in(client, user):
    return client.post("/account/login/", {"login": user.email, "password": "correct horse 9"})


def test_a_visitor_s_language_is_kept_in_a_cookie(client):
    client.post("/account/language/", {"language": "ur"})
    assert 'lang="ur" dir="rtl"' in client.get("/account/login/").content.decode()


def test_a_person_s_language_is_kept_with_the_account(client, alice):
    sign_in(client, alice)
    client.post("/account/language/", {"language": "ur"})
    alice.refresh_from_db()
    assert alice.language == "ur"
    client.cookies.pop("django_language")
    assert 'dir="rtl"' in client.get("/account/language/").content.decode()


def test_a_form_from_before_signing_in_is_refused_in_words(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    refused = browser.post("/account/language/", {"language": "ur"})
    assert refused.status_code == 403
    assert "load the page again and send it once more" in refused.content.decode()


def test_a_language_that_is_not_spoken_here_changes_nothing(client, alice):
    sign_in(client, alice)
    assert client.post("/account/language/", {"language": "xx"}).status_code == 200
    alice.refresh_from_db()
    assert alice.language == "en"


@pytest.mark.parametrize(
    ("after", "goes_to"),
    [("/account/email/", "/account/email/"), ("https://evil.example.org/", "/account/language/")],
)
def test_choosing_a_language_goes_back_to_where_one_was_and_nowhere_else(client, after, goes_to):
    assert client.post("/account/language/", {"language": "ur", "next": after}).url == goes_to


def test_a_session_can_be_ended_from_another_device(client, alice):
    phone = type(client)()
    sign_in(phone, alice)
    sign_in(client, alice)
    page = client.get("/account/sessions/").content.decode()
    (other,) = UserSession.objects.exclude(session_key=client.session.session_key)
    assert f"/account/sessions/{other.pk}/end/" in page
    client.post(f"/account/sessions/{other.pk}/end/")
    assert phone.get("/account/email/").status_code == 302
    assert client.get("/account/email/").status_code == 200


def test_all_other_sessions_can_be_ended_at_once(client, alice):
    others = [type(client)() for _ in range(3)]
    for one in [*others, client]:
        sign_in(one, alice)
    client.post("/account/sessions/")
    assert [one.get("/account/email/").status_code for one in [*others, client]] == [302, 302, 302, 200]


def test_nobody_ends_a_session_of_others(client, alice):
    sign_in(client, alice)
    session = UserSession.objects.get()
    stranger = type(client)()
    stranger.force_login(UserFactory())
    assert stranger.post(f"/account/sessions/{session.pk}/end/").status_code == 404
    assert client.get("/account/email/").status_code == 200


def test_a_session_is_not_ended_by_a_link(client, alice):
    sign_in(client, alice)
    assert client.get(f"/account/sessions/{UserSession.objects.get().pk}/end/").status_code == 405


@pytest.mark.parametrize(
    "address",
    [
        "/account/email/",
        "/account/password/change/",
        "/account/2fa/",
        "/account/sessions/",
        "/account/language/",
        "/account/logout/",
        "/account/2fa/totp/activate/",
    ],
)
def test_every_account_page_opens_in_both_directions(client, alice, address):
    for language, direction in (("en", "ltr"), ("ur", "rtl")):
        alice.language = language
        alice.save()
        sign_in(client, alice)
        page = client.get(address)
        assert page.status_code == 200
        assert f'dir="{direction}"' in page.content.decode()
        client.logout()


@pytest.mark.parametrize(
    "address",
    ["/account/login/", "/account/signup/", "/account/password/reset/", "/account/inactive/"],
)
def test_every_page_before_signing_in_opens(client, address):
    assert client.get(address).status_code == 200


def test_a_used_link_says_what_to_do(client):
    page = client.get("/account/password/reset/key/1-abc-def/")
    assert b"Ask for a new one" in page.content
