"""A link to a new password: an hour for who forgot it, three days for who was invited and has none."""

from datetime import timedelta

import pytest
from allauth.account.forms import default_token_generator as links

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("password", "hours", "works"),
    [("correct horse 9", 0.9, True), ("correct horse 9", 1.1, False), (None, 71, True), (None, 73, False)],
)
def test_a_link_works_an_hour_for_who_has_a_password_and_three_days_for_who_has_none(
    monkeypatch, password, hours, works
):
    user = User.objects.create_user("alice@example.edu", password, name="Alice")
    token = links.make_token(user)
    now = links._now() + timedelta(hours=hours)
    monkeypatch.setattr(type(links), "_now", lambda self: now)
    assert links.check_token(user, token) is works


def test_a_link_is_dead_once_the_password_has_changed():
    user = User.objects.create_user("alice@example.edu", "correct horse 9", name="Alice")
    token = links.make_token(user)
    user.set_password("another horse 9")
    user.save()
    assert not links.check_token(user, token)
