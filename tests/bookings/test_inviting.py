"""A guardian invites another one: by a link that works once, with no more rights than he has."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from bookings import families, inviting
from bookings.models import CoGuardianInvitation, Guardian, Guardianship, Household
from projects.models import Change, OutboxMessage, Role

from ..factories.accounts import UserFactory
from ..factories.bookings import ChildFactory, GuardianFactory
from ..factories.projects import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def dad(school):
    return UserFactory(email="dad@home.org", name="Omar Khan")


def token_of(mail):
    return re.search(r"/invitations/([^/]+)/", mail.text)[1]


def invite(guardian, *children, **more):
    told = {"name": "Omar", "email": "dad@home.org", "relation": "father", **more}
    return inviting.invite(by=guardian, children=children, **told)


def test_who_accepts_has_the_given_rights_and_a_household_of_his_own(school, guardian, child, dad):
    sister = ChildFactory(institution=school, of=guardian)
    invite(guardian, child, sister, may_see_medical=True, may_collect=False)
    mail = OutboxMessage.objects.get(to="dad@home.org")
    assert mail.is_secret
    invitation = inviting.of_token(school, token_of(mail))
    mine = inviting.accept(invitation=invitation, user=dad)
    assert mine.household != guardian.household
    assert {right.child for right in families.guardianships(mine)} == {child, sister}
    right = mine.guardianships.get(child=child)
    assert (right.may_book, right.may_see_medical, right.may_collect) == (True, True, False)
    assert (right.relation, right.contact_order) == ("father", 2)
    told = OutboxMessage.objects.get(to=guardian.email)
    assert "Omar Khan is a guardian now" in told.subject
    assert Change.objects.filter(by=dad, model="bookings.guardianship").count() == 2


def test_a_link_works_once(school, guardian, child, dad):
    invitation = invite(guardian, child)
    inviting.accept(invitation=invitation, user=dad)
    with pytest.raises(inviting.CannotAnswer, match="accepted already"):
        inviting.accept(invitation=invitation, user=UserFactory())
    assert Guardianship.objects.filter(child=child).count() == 2


def test_a_link_ends_after_two_weeks(school, guardian, child, dad, clock):
    invitation = invite(guardian, child)
    clock.pass_by(days=14)
    with pytest.raises(inviting.CannotAnswer, match="has ended"):
        inviting.accept(invitation=invitation, user=dad)
    assert not Guardian.objects.filter(user=dad).exists()


def test_no_is_said_without_an_account_and_told(school, guardian, child):
    invitation = invite(guardian, child)
    inviting.refuse(invitation=invitation)
    with pytest.raises(inviting.CannotAnswer):
        inviting.refuse(invitation=invitation)
    assert "turned down" in OutboxMessage.objects.get(to=guardian.email).text


def test_what_was_taken_back_opens_nothing(school, guardian, child, dad):
    invitation = invite(guardian, child)
    inviting.withdraw(invitation=invitation)
    with pytest.raises(inviting.CannotAnswer, match="has ended"):
        inviting.accept(invitation=invitation, user=dad)


def test_asked_again_the_first_link_ends(school, guardian, child):
    first, second = invite(guardian, child), invite(guardian, child)
    first.refresh_from_db()
    assert (first.state, second.state) == ("withdrawn", "open")


def test_nobody_gives_a_right_that_he_has_not(school, guardian, child):
    guardian.guardianships.update(may_see_medical=False)
    with pytest.raises(inviting.CannotInvite, match="rights that you have"):
        invite(guardian, child, may_see_medical=True)
    guardian.guardianships.update(may_book=False)
    with pytest.raises(inviting.CannotInvite, match="may not invite"):
        invite(guardian, child)


def test_a_right_lost_since_is_given_no_more(school, guardian, child, dad):
    invitation = invite(guardian, child)
    guardian.guardianships.update(may_book=False)
    with pytest.raises(inviting.CannotAnswer, match="no longer give"):
        inviting.accept(invitation=invitation, user=dad)


def test_a_child_of_others_is_not_invited_for(school, guardian, family):
    _other, theirs = family()
    with pytest.raises(inviting.CannotInvite):
        invite(guardian, theirs)
    assert not CoGuardianInvitation.objects.exists()


def test_a_restriction_leaves_it_to_the_office(school, guardian, child):
    barred = GuardianFactory(institution=school)
    Guardianship.objects.create(
        institution=school, guardian=barred, child=child, restriction_note="court order", may_collect=False
    )
    with pytest.raises(inviting.CannotInvite, match="The office adds guardians"):
        invite(guardian, child)


def test_who_was_a_guardian_and_is_no_longer_comes_back_by_the_office_only(school, guardian, child, dad):
    once = GuardianFactory(institution=school, user=dad)
    ended = timezone.localdate() - timedelta(days=1)
    right = Guardianship.objects.create(institution=school, guardian=once, child=child, valid_to=ended)
    with pytest.raises(inviting.CannotInvite, match="The office adds guardians"):
        invite(guardian, child)
    right.valid_to = None
    right.save()
    with pytest.raises(inviting.CannotInvite, match="already"):
        invite(guardian, child)


def test_rights_that_there_are_stay_as_they_are(school, guardian, child, dad):
    invitation = invite(guardian, child)
    mine = GuardianFactory(institution=school, user=dad, email="work@firm.org")
    Guardianship.objects.create(institution=school, guardian=mine, child=child, may_book=False)
    inviting.accept(invitation=invitation, user=dad)
    assert not mine.guardianships.get().may_book
    assert Household.objects.count() == 2


def test_nobody_accepts_his_own_invitation(school, guardian, child):
    with pytest.raises(inviting.CannotAnswer, match="invited yourself"):
        inviting.accept(invitation=invite(guardian, child), user=guardian.user)


# --- pages --------------------------------------------------------------------------------------------------
def test_from_the_childs_page_to_the_other_familys_page(client, school, guardian, child, dad):
    child_page = f"/b/{school.slug}/family/{child.public_id}/"
    client.force_login(guardian.user)
    told = {"name": "Omar", "email": "dad@home.org", "children": [child.public_id], "may_book": "on"}
    client.post(f"{child_page}guardians/", told)
    assert "dad@home.org" in client.get(child_page).text
    link = f"/b/{school.slug}/invitations/{token_of(OutboxMessage.objects.get(to='dad@home.org'))}/"
    client.logout()
    page = client.get(link).text
    assert child.first_name in page
    assert "/account/login/" in client.post(link, {"answer": "accept"})["Location"]
    client.force_login(dad)
    assert client.post(link, {"answer": "accept"})["Location"] == f"/b/{school.slug}/family/"
    assert child.first_name in client.get(f"/b/{school.slug}/family/").text
    assert "accepted already" in client.get(link).text


def test_a_form_that_asks_too_much_comes_back_with_the_reason(client, school, guardian, child):
    guardian.guardianships.update(may_collect=False)
    client.force_login(guardian.user)
    told = {"name": "O", "email": guardian.email, "children": [child.public_id], "may_collect": "on"}
    page = client.post(f"/b/{school.slug}/family/{child.public_id}/guardians/", told).text
    assert "is a guardian of" in page
    assert not CoGuardianInvitation.objects.exists()


def test_the_office_sees_invitations_and_takes_them_back(client, school, guardian, child):
    invitation = invite(guardian, child)
    school.requires_second_factor = False
    school.save()
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    address = f"/at/{school.slug}/staff/bookings/coguardianinvitation/"
    assert "dad@home.org" in client.get(address).text
    assert client.get(f"{address}{invitation.pk}/change/").status_code == 200
    client.post(address, {"action": "take_back", "_selected_action": [invitation.pk]})
    invitation.refresh_from_db()
    assert invitation.state == "withdrawn"
