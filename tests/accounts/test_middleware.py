import pytest
from allauth.usersessions.models import UserSession

from accounts import middleware
from accounts.models import User

pytestmark = pytest.mark.django_db


def test_a_session_s_last_use_is_kept_without_a_write_at_each_page(client, monkeypatch):
    user = User.objects.create_user("alice@example.edu", "correct horse 9")
    user.confirm_email()
    client.post("/account/login/", {"login": user.email, "password": "correct horse 9"})
    client.get("/account/email/")
    first = UserSession.objects.get().last_seen_at
    client.get("/account/email/")
    assert UserSession.objects.get().last_seen_at == first
    now = middleware.time.time() + middleware.SEEN_EVERY + 1
    monkeypatch.setattr(middleware.time, "time", lambda: now)
    client.get("/account/email/")
    assert UserSession.objects.get().last_seen_at > first


def test_a_visitor_s_language_is_the_browser_s_before_any_choice(client):
    page = client.get("/account/login/", HTTP_ACCEPT_LANGUAGE="ur")
    assert 'dir="rtl"' in page.content.decode()
