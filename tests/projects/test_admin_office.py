"""The office's pages, as each role meets them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects import outbox, people
from projects.models import Change, Membership, OutboxMessage, Role
from tests.factories.projects import (
    InstitutionFactory,
    MembershipFactory,
    ProjectFactory,
    ProjectMemberFactory,
)

pytestmark = pytest.mark.django_db

PAGES = ("institution", "membership", "outboxmessage", "person", "change")


@pytest.fixture
def institution():
    return InstitutionFactory(slug="here", name="Here")


@pytest.fixture
def as_(client, institution):
    """as_(role): the visitor works here in that role."""

    def as_(role, at=institution):
        client.force_login(MembershipFactory(institution=at, role=role).user)
        return client

    return as_


def address(page, institution="here"):
    return f"/at/{institution}/staff/projects/{page}/"


def message_to(institution, **fields):
    context = {"by": "Alice", "role": "office", "sign_in_url": "https://x.org"}
    return outbox.write(
        institution=institution,
        to="parent@example.org",
        template="invitation",
        context=context,
        language="en",
        **fields,
    )


@pytest.mark.parametrize(
    ("role", "may_open"),
    [
        (Role.ADMINISTRATOR, {"institution", "membership", "outboxmessage", "person", "change"}),
        (Role.OFFICE, {"outboxmessage", "person"}),
        (Role.TUTOR, set()),
        (Role.STAFF, set()),
    ],
)
def test_each_role_opens_its_own_pages(as_, role, may_open):
    client = as_(role)
    assert {page for page in PAGES if client.get(address(page)).status_code == 200} == may_open


def test_a_member_of_a_project_alone_opens_no_page_of_the_office(client, institution):
    project = ProjectFactory(institution=institution, slug="spring")
    client.force_login(ProjectMemberFactory(project=project).user)
    assert {client.get(address(page)).status_code for page in PAGES} == {403}
    inside = "/at/here/spring/staff/projects/"
    assert {page for page in PAGES if client.get(f"{inside}{page}/").status_code == 200} == {"change"}


def test_another_institution_s_rows_are_nowhere(as_):
    client = as_(Role.ADMINISTRATOR)
    there = InstitutionFactory(slug="there")
    message = message_to(there)
    people.register(institution=there, people=[("S-77", "Hidden Student")])
    member = MembershipFactory(institution=there, user__name="Hidden Member")
    for page in PAGES:
        assert b"Hidden" not in client.get(address(page)).content
        assert client.get(address(page, "there")).status_code == 404
    for page, row in (("outboxmessage", message), ("membership", member)):
        # Django's answer for what is not there: back to the front page.
        assert client.get(f"{address(page)}{row.pk}/change/").status_code == 302
        assert client.get(f"{address(page)}{row.pk}/history/").status_code == 404


def test_a_message_about_an_account_is_no_office_s(as_):
    outbox.write(
        institution=None,
        to="alice@example.org",
        template="account_code",
        context={"code": "XK"},
        language="en",
    )
    assert b"alice@example.org" not in as_(Role.ADMINISTRATOR).get(address("outboxmessage")).content


def test_the_office_sends_a_message_again(as_, institution):
    message = message_to(institution)
    outbox.send(message.pk)
    chosen = {"action": "send_again", "_selected_action": [message.pk]}
    page = as_(Role.OFFICE).post(address("outboxmessage"), chosen, follow=True)
    assert b"1 message is on its way" in page.content
    message.refresh_from_db()
    assert message.state == OutboxMessage.State.WAITING


def test_a_message_with_a_way_in_is_neither_shown_nor_sent_again(as_, institution):
    message = message_to(institution, is_secret=True)
    client = as_(Role.ADMINISTRATOR)
    page = client.get(f"{address('outboxmessage')}{message.pk}/change/").content
    assert b"Alice has let you in" not in page
    outbox.send(message.pk)
    chosen = {"action": "send_again", "_selected_action": [message.pk]}
    assert b"has been blanked" in client.post(address("outboxmessage"), chosen, follow=True).content


def test_messages_of_another_institution_are_not_sent_again(as_):
    message = message_to(InstitutionFactory())
    outbox.send(message.pk)
    chosen = {"action": "send_again", "_selected_action": [message.pk]}
    as_(Role.OFFICE).post(address("outboxmessage"), chosen)
    message.refresh_from_db()
    assert message.state == OutboxMessage.State.SENT


def test_an_administrator_invites_by_mail(as_, institution):
    words = {"email": "New@example.edu", "name": "New Person", "role": "office"}
    page = as_(Role.ADMINISTRATOR).post(f"{address('membership')}add/", words, follow=True)
    assert b"New Person is in" in page.content
    assert Membership.objects.for_institution(institution).get(user__email="new@example.edu").role == "office"
    assert OutboxMessage.objects.get().to == "new@example.edu"


def test_who_is_a_member_is_not_invited_again(as_, institution):
    member = MembershipFactory(institution=institution)
    words = {"email": member.user.email.upper(), "name": "", "role": "office"}
    page = as_(Role.ADMINISTRATOR).post(f"{address('membership')}add/", words)
    assert b"is a member already" in page.content


def test_the_last_administrator_can_be_neither_demoted_nor_removed(as_, institution):
    client = as_(Role.ADMINISTRATOR)
    last = Membership.objects.get()
    page = client.post(f"{address('membership')}{last.pk}/change/", {"role": "office"})
    assert b"this is the last one" in page.content
    assert client.post(f"{address('membership')}{last.pk}/delete/", {"post": "yes"}).status_code == 403
    MembershipFactory(institution=institution, role=Role.ADMINISTRATOR)
    assert client.post(f"{address('membership')}{last.pk}/change/", {"role": "office"}).status_code == 302


def test_an_administrator_asks_staff_for_a_second_factor_and_history_says_so(as_, institution):
    client = as_(Role.ADMINISTRATOR)
    there = InstitutionFactory()
    words = {"name": "Here", "language": "en", "time_zone": "Asia/Karachi", "currency": "PKR"}
    page = client.post(f"{address('institution')}{institution.pk}/change/", {**words, "time_zone": "Mars"})
    assert b"Asia/Karachi" in page.content
    client.post(
        f"{address('institution')}{institution.pk}/change/", {**words, "requires_second_factor": "on"}
    )
    institution.refresh_from_db()
    assert institution.requires_second_factor
    line = Change.objects.get(model="projects.institution")
    assert line.after[str(institution.pk)]["requires_second_factor"] is True
    # Another's is not there.
    client.post(f"{address('institution')}{there.pk}/change/", words)
    there.refresh_from_db()
    assert there.name != "Here"


def test_the_list_of_messages_takes_the_same_queries_for_one_and_for_many(as_, institution):
    client = as_(Role.OFFICE)
    client.get(address("outboxmessage"))  # a session's first page writes down that it was seen
    counts = []
    for _ in range(2):
        message_to(institution)
        message_to(institution)
        with CaptureQueriesContext(connection) as queries:
            client.get(address("outboxmessage"))
        counts.append(len(queries))
    assert counts[0] == counts[1]
