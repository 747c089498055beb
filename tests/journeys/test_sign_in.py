from allauth.account.models import EmailAddress

from tests.factories.projects import MembershipFactory


def test_a_member_signs_in_by_email(page, assert_accessible):
    member = MembershipFactory(user__email="alice@example.edu")
    member.user.set_password("correct horse battery")
    member.user.save()
    EmailAddress.objects.create(user=member.user, email=member.user.email, verified=True, primary=True)

    page.goto("/account/login/")
    assert_accessible(page)
    page.get_by_label("E-mail address").fill("alice@example.edu")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "login" not in url)

    assert member.institution.name in page.inner_text("body")
    assert_accessible(page)
