"""Signing in and up as a visitor meets it: through the pages."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from accounts.models import User
from projects import account_adapter, outbox
from projects.models import Bucket, OutboxMessage

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse 9"
SIGN_IN = "/account/login/"


@pytest.fixture
def alice():
    user = User.objects.create_user("alice@example.edu", PASSWORD, name="Alice", language="ur")
    user.confirm_email()
    return user


def sign_in(client, email="alice@example.edu", password=PASSWORD, **headers):
    return client.post(SIGN_IN, {"login": email, "password": password}, **headers)


def is_signed_in(client):
    return client.get("/account/email/").status_code == 200


def deliver():
    """What lies in the outbox is sent; the last mail's words."""
    outbox.sweep()
    return mail.outbox[-1].body


def wait(response):
    """As long as the page asks for, without waiting."""
    seconds = int(response["Retry-After"])
    for bucket in Bucket.objects.all():
        bucket.updated_at -= timedelta(seconds=seconds)
        bucket.save()


def guess(client, times, **headers):
    return [sign_in(client, password=f"wrong {n}", **headers) for n in range(times)][-1]


def test_the_right_password_signs_in_and_the_pages_speak_the_person_s_language(client, alice):
    response = sign_in(client)
    assert response.url == reverse("home")
    assert 'lang="ur" dir="rtl"' in client.get("/account/email/").content.decode()


def test_a_closed_account_does_not_sign_in(client, alice):
    alice.is_active = False
    alice.save()
    assert sign_in(client).url == "/account/inactive/"
    assert not is_signed_in(client)


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client, alice):
    answers = [
        re.sub(r'value="[^"]*"', "", sign_in(client, email, "wrong wrong").content.decode())
        for email in ("alice@example.edu", "nobody@example.edu")
    ]
    assert "do not belong together" in answers[0]
    assert answers[0] == answers[1]


def test_an_unknown_address_costs_as_much_hashing_as_a_known_one(client, alice, monkeypatch):
    hashed = []
    encode = account_adapter.User.set_password
    monkeypatch.setattr(User, "check_password", lambda self, password: hashed.append(password) or False)
    monkeypatch.setattr(
        User, "set_password", lambda self, password: hashed.append(password) or encode(self, password)
    )
    sign_in(client, "alice@example.edu", "wrong 1")
    sign_in(client, "nobody@example.edu", "wrong 2")
    assert hashed == ["wrong 1", "wrong 2"]


def test_guessing_is_slowed_down_and_the_owner_gets_in_after_the_wait(client, alice):
    refused = guess(client, 6)
    assert refused.status_code == 429
    assert b"nobody is locked out" in refused.content
    refused = sign_in(client)
    assert refused.status_code == 429
    wait(refused)
    assert sign_in(client).status_code == 302
    assert is_signed_in(client)


def test_an_unknown_address_is_slowed_down_like_a_known_one(client, alice):
    for n in range(6):
        response = sign_in(client, "nobody@example.edu", f"wrong {n}")
    assert response.status_code == 429


def test_a_stranger_s_guesses_do_not_slow_down_the_owner_elsewhere(client, alice):
    assert guess(client, 6, REMOTE_ADDR="198.51.100.1").status_code == 429
    assert sign_in(client, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_a_known_device_is_let_in_while_its_network_is_guessing(client, alice):
    sign_in(client)
    client.post("/account/logout/")
    stranger = type(client)()
    assert guess(stranger, 6).status_code == 429
    assert sign_in(client).status_code == 302


def test_a_device_is_known_for_the_address_that_signed_in_there_only(client, alice):
    sign_in(client)
    client.post("/account/logout/")
    for n in range(6):
        response = sign_in(client, "bob@example.edu", f"wrong {n}")
    assert response.status_code == 429


def test_right_passwords_are_not_counted(client, alice):
    for _ in range(8):
        client.cookies.clear()
        assert sign_in(client).status_code == 302


def test_the_link_of_a_forgotten_password_signs_in_whatever_others_guess(client, alice):
    guess(type(client)(), 6)
    client.post("/account/password/reset/", {"email": "alice@example.edu"})
    link = re.search(r"/account/password/reset/key/\S+", deliver()).group()
    form = client.get(link, follow=True)
    new = {"password1": "another horse 8", "password2": "another horse 8"}
    client.post(form.redirect_chain[-1][0], new)
    assert is_signed_in(client)
    alice.refresh_from_db()
    assert alice.check_password("another horse 8")
    assert EmailAddress.objects.get(user=alice).verified


def test_a_forgotten_password_is_answered_alike_for_an_unknown_address(client, alice):
    for email in ("alice@example.edu", "nobody@example.edu"):
        response = client.post("/account/password/reset/", {"email": email})
        assert response.url == "/account/password/reset/done/"
    assert OutboxMessage.objects.count() == 2
    assert "no account" in deliver()


def test_a_mailbox_is_not_flooded_and_the_page_does_not_tell(client, alice):
    for _ in range(9):
        response = client.post("/account/password/reset/", {"email": "alice@example.edu"})
        assert response.url == "/account/password/reset/done/"
    assert OutboxMessage.objects.count() == 5


def test_the_link_goes_to_the_configured_address_whatever_the_host_header_says(client, alice, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://exams.example.edu"
    client.post("/account/password/reset/", {"email": alice.email}, HTTP_HOST="evil.example.org")
    assert "https://exams.example.edu/account/password/reset/key/" in deliver()
    assert "evil" not in mail.outbox[-1].body


def sign_up(client, email):
    words = {"name": "Parent", "email": email, "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/account/signup/", words)


def test_signing_up_asks_for_the_code_in_the_mail(client):
    client.cookies["django_language"] = "ur"
    assert sign_up(client, "parent@home.org").url == "/account/confirm-email/"
    message = OutboxMessage.objects.get()
    assert (message.institution, message.is_secret) == (None, True)
    code = re.search(r"[A-Z0-9]{4,}-?[A-Z0-9]{2,}", deliver()).group()
    client.post("/account/confirm-email/", {"code": code})
    assert is_signed_in(client)
    parent = User.objects.get(email="parent@home.org")
    assert (parent.name, parent.language) == ("Parent", "ur")
    message.refresh_from_db()
    assert message.text == ""


def test_signing_up_with_a_known_address_looks_the_same_and_tells_its_owner(client, alice):
    assert sign_up(client, "alice@example.edu").url == "/account/confirm-email/"
    assert client.get("/account/confirm-email/").status_code == 200
    assert "You have one already" in deliver()
    assert mail.outbox[-1].to == ["alice@example.edu"]


def test_signing_up_hashes_once_whether_or_not_the_address_is_known(client, alice, monkeypatch):
    hashed = []
    encode = User.set_password
    monkeypatch.setattr(
        User, "set_password", lambda self, password: hashed.append(1) or encode(self, password)
    )
    sign_up(client, "parent@home.org")
    sign_up(type(client)(), "alice@example.edu")
    assert len(hashed) == 2


def test_a_changed_password_ends_other_sessions_and_tells_the_owner(client, alice):
    other = type(client)()
    sign_in(client)
    sign_in(other)
    words = {"oldpassword": PASSWORD, "password1": "another horse 8", "password2": "another horse 8"}
    client.post("/account/password/change/", words)
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert OutboxMessage.objects.get().to == "alice@example.edu"


def test_the_present_password_cannot_be_guessed_at_will(client, alice):
    sign_in(client)
    words = {"oldpassword": "wrong", "password1": "another horse 8", "password2": "another horse 8"}
    answers = [client.post("/account/password/change/", words).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_a_new_address_counts_once_its_code_is_entered_and_the_old_one_is_told(client, alice):
    sign_in(client)
    client.post("/account/email/", {"email": "alice@home.org", "action_add": ""})
    alice.refresh_from_db()
    assert alice.email == "alice@example.edu"
    code = re.search(r"[A-Z0-9]{4,}-?[A-Z0-9]{2,}", deliver()).group()
    client.post("/account/confirm-email/", {"code": code})
    alice.refresh_from_db()
    assert alice.email == "alice@home.org"
    deliver()
    assert mail.outbox[-1].to == ["alice@example.edu"]


@pytest.mark.parametrize("name", [*account_adapter.NOTICES])
def test_every_notice_has_its_sentence(name, alice, rf):
    from allauth.core import context

    adapter = account_adapter.AccountAdapter()
    request = rf.get("/")
    with context.request_context(request):
        adapter.request = request
        adapter.send_notification_mail(f"account/email/{name}", alice)
    assert OutboxMessage.objects.get().subject
