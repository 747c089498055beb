"""The second factor, from adding it to signing in with it."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from projects.models import Role
from tests.factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse 9"


@pytest.fixture(autouse=True)
def no_code_has_been_used():
    cache.clear()


@pytest.fixture
def alice():
    user = User.objects.create_user("alice@example.edu", PASSWORD, name="Alice")
    user.confirm_email()
    return user


def sign_in(client, **words):
    return client.post("/account/login/", {"login": "alice@example.edu", "password": PASSWORD, **words})


def code_of(secret):
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def add_app(client):
    """The secret of a newly added app."""
    page = client.get("/account/2fa/totp/activate/").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    secret = re.search(r"<code dir=\"ltr\">(\w+)</code>", page).group(1)
    response = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert response.url == "/account/2fa/recovery-codes/"
    cache.clear()
    return secret


def test_sessions_that_needed_no_code_end_when_an_app_is_added(
    client, alice, django_capture_on_commit_callbacks
):
    elsewhere = Client()
    sign_in(elsewhere)
    sign_in(client)
    with django_capture_on_commit_callbacks(execute=True):
        add_app(client)
    assert elsewhere.get("/account/email/").url.startswith("/account/login/")
    assert client.get("/account/email/").status_code == 200


def test_signing_in_asks_for_the_app_s_code(client, alice):
    sign_in(client)
    secret = add_app(client)
    client.logout()
    assert sign_in(client).url == "/account/2fa/authenticate/"
    assert client.get("/account/email/").status_code == 302
    assert client.post("/account/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302
    assert client.get("/account/email/").status_code == 200


def test_a_code_works_once(client, alice):
    sign_in(client)
    secret = add_app(client)
    code = code_of(secret)
    for expected in (302, 200):
        client.logout()
        sign_in(client)
        assert client.post("/account/2fa/authenticate/", {"code": code}).status_code == expected


def test_a_recovery_code_signs_in_once(client, alice):
    sign_in(client)
    add_app(client)
    codes = re.findall(r"\b\d{8}\b", client.get("/account/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    for expected in (302, 200):
        client.logout()
        sign_in(client)
        assert client.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == expected


def test_codes_cannot_be_guessed_at_will(client, alice):
    sign_in(client)
    add_app(client)
    client.logout()
    sign_in(client)
    answers = [client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_the_secret_lies_encrypted_in_the_database(client, alice):
    sign_in(client)
    secret = add_app(client)
    assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))


def test_an_old_secret_key_still_reads_the_secrets(client, alice, settings):
    sign_in(client)
    secret = add_app(client)
    client.logout()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    sign_in(client)
    assert client.post("/account/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302


def test_staff_who_need_a_second_factor_add_it_and_go_on_where_they_wanted_to(client, alice):
    institution = InstitutionFactory(slug="crescent", requires_second_factor=True)
    MembershipFactory(institution=institution, user=alice, role=Role.ADMINISTRATOR)
    wanted = "/at/crescent/staff/projects/change/?action=added"
    assert sign_in(client, next=wanted).url == wanted
    assert client.get(wanted).url == "/account/2fa/totp/activate/"
    add_app(client)
    codes = client.get("/account/2fa/recovery-codes/").content.decode()
    assert f'href="{wanted}"' in codes
    assert client.get(wanted).status_code == 200
    assert "continue_to" not in client.session
