import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core import mail
from django.db import connection

from accounts.models import User
from projects import members, outbox
from projects.models import Membership, OutboxMessage, ProjectMember, Role
from tests.factories.accounts import UserFactory
from tests.factories.projects import InstitutionFactory, MembershipFactory, ProjectFactory

pytestmark = pytest.mark.django_db


def invite(institution, email="new@example.edu", role=Role.OFFICE):
    return members.invite(
        institution=institution, email=email, name="New Person", role=role, by=UserFactory(name="Alice")
    )


def test_a_new_person_gets_an_account_a_role_and_a_way_to_choose_a_password(client):
    membership = invite(InstitutionFactory(name="Crescent College", language="ur"))
    assert (membership.user.name, membership.role, membership.user.language) == ("New Person", "office", "ur")
    outbox.sweep()
    link = re.search(r"/account/password/reset/key/\S+", mail.outbox[-1].body).group()
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "correct horse 9", "password2": "correct horse 9"})
    # The mail has shown that the address is theirs: no code is asked for.
    assert client.get("/account/email/").status_code == 200


def test_a_way_in_is_shown_to_nobody_but_its_reader():
    invite(InstitutionFactory())
    assert OutboxMessage.objects.get().is_secret


def test_who_has_an_account_keeps_name_and_password_and_is_told():
    bob = User.objects.create_user("bob@example.edu", "correct horse 9", name="Bob")
    membership = invite(InstitutionFactory(), "BOB@example.edu")
    bob.refresh_from_db()
    assert (membership.user, bob.name, bob.check_password("correct horse 9")) == (bob, "Bob", True)
    message = OutboxMessage.objects.get()
    assert "reset/key" not in message.text
    assert not message.is_secret


def test_a_second_invitation_changes_nothing():
    institution = InstitutionFactory()
    invite(institution)
    assert invite(institution, role=Role.ADMINISTRATOR).role == Role.OFFICE
    assert (Membership.objects.count(), OutboxMessage.objects.count()) == (1, 1)


def test_a_project_is_shared_with_one_person_and_the_institution_is_not():
    project = ProjectFactory()
    member = members.invite_to_project(
        project=project, email="new@example.edu", name="", role="viewer", by=UserFactory()
    )
    assert ProjectMember.objects.for_project(project).get() == member
    assert not Membership.objects.exists()


def test_the_last_administrator_is_known():
    institution = InstitutionFactory()
    first = MembershipFactory(institution=institution, role=Role.ADMINISTRATOR)
    assert members.is_last_administrator(first)
    second = MembershipFactory(institution=institution, role=Role.ADMINISTRATOR)
    assert not members.is_last_administrator(first)
    second.user.is_active = False
    second.user.save()
    assert members.is_last_administrator(first)
    # Another institution's administrator is of no help.
    MembershipFactory(role=Role.ADMINISTRATOR)
    assert members.is_last_administrator(first)


@pytest.mark.parametrize("act", [members.remove, lambda **row: members.change_role(role=Role.STAFF, **row)])
def test_the_last_administrator_neither_goes_nor_becomes_another(act):
    membership = MembershipFactory(role=Role.ADMINISTRATOR)
    with pytest.raises(members.CannotLetGo, match="somebody else"):
        act(membership=membership)
    MembershipFactory(institution=membership.institution, role=Role.ADMINISTRATOR)
    act(membership=membership)
    assert Membership.objects.filter(role=Role.ADMINISTRATOR).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_remove_each_other_at_once_one_stays():
    institution = InstitutionFactory()
    both = [MembershipFactory(institution=institution, role=Role.ADMINISTRATOR) for _ in range(2)]
    ready = Barrier(2)

    def remove(membership):
        try:
            ready.wait()
            members.remove(membership=membership)
        except members.CannotLetGo:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(remove, both)) == [False, True]
    assert Membership.objects.count() == 1
