"""A parent and a member of staff, on a telephone, with nothing but what the pages and mails tell them."""

import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache

from accounts.models import User
from projects import outbox
from projects.models import Role
from tests.factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse 9"


@pytest.fixture
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 360, "height": 740}, "locale": "en-GB"}


@pytest.fixture(autouse=True)
def no_code_has_been_used():
    cache.clear()


def post():
    """The newest mail's words."""
    outbox.sweep()
    return mail.outbox[-1].body


def code_of(secret):
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def test_a_parent_makes_an_account_chooses_urdu_and_signs_out(page, assert_accessible):
    page.goto("/account/login/")
    assert_accessible(page)
    page.get_by_role("link", name="Make one").click()
    assert_accessible(page)
    page.get_by_label("Your name").fill("Parent")
    page.get_by_label("E-mail address").fill("parent@home.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    assert_accessible(page)
    code = re.search(r"[A-Z0-9]{4,}-?[A-Z0-9]{2,}", post()).group()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/")
    page.goto("/account/language/")
    page.get_by_role("button", name="اردو").click()
    page.wait_for_selector("html[dir=rtl]")
    assert_accessible(page)
    for address in ("email", "password/change", "2fa", "sessions"):
        page.goto(f"/account/{address}/")
        assert page.get_attribute("html", "dir") == "rtl"
        assert_accessible(page)
    assert User.objects.get().language == "ur"


def test_staff_add_a_second_factor_on_the_way_to_their_work_and_sign_in_with_it(page, assert_accessible):
    alice = User.objects.create_user("alice@example.edu", PASSWORD, name="Alice")
    alice.confirm_email()
    institution = InstitutionFactory(slug="crescent", requires_second_factor=True)
    MembershipFactory(institution=institution, user=alice, role=Role.ADMINISTRATOR)

    def sign_in():
        page.goto("/at/crescent/staff/projects/change/")
        page.get_by_label("E-mail address").fill(alice.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()

    sign_in()
    page.wait_for_url("**/2fa/totp/activate/")
    assert_accessible(page)
    secret = page.locator("main code").inner_text()
    page.get_by_label("code").fill(code_of(secret))
    page.get_by_role("button", name="Go on").click()
    assert_accessible(page)
    page.get_by_role("link", name="I have kept them: go on").click()
    page.wait_for_url("**/at/crescent/staff/projects/change/")

    page.context.clear_cookies()
    cache.clear()
    sign_in()
    page.wait_for_url("**/2fa/authenticate/")
    assert_accessible(page)
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/at/crescent/staff/projects/change/")
