"""Letting people in and out: who is invited gets a role at once, and a mail that leads in."""

from typing import Any

from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User

from . import outbox
from .models import Institution, Membership, Project, ProjectMember, Role


class CannotLetGo(Exception):
    """Why a member of the institution stays as they are, in words for an administrator."""


@transaction.atomic
def invite(*, institution: Institution, email: str, name: str, role: str, by: User) -> Membership:
    """Make the person with that address a member of the institution; a new person gets an account."""
    user = _person(email, name, institution)
    membership, is_new = Membership.objects.get_or_create(
        institution=institution, user=user, defaults={"role": role}
    )
    if is_new:
        _tell(user, institution, membership.get_role_display(), by)
    return membership


@transaction.atomic
def invite_to_project(
    *, project: Project, email: str, name: str, role: str, by: User, department: str = ""
) -> ProjectMember:
    """Share the project with the person with that address; a new person gets an account."""
    user = _person(email, name, project.institution)
    member, is_new = ProjectMember.objects.get_or_create(
        project=project, user=user, defaults={"role": role, "department": department}
    )
    if is_new:
        _tell(user, project.institution, f"{member.get_role_display()} ({project})", by)
    return member


@transaction.atomic
def change_role(*, membership: Membership, role: str) -> None:
    membership = _locked(membership)
    if role != Role.ADMINISTRATOR:
        _refuse_the_last(membership)
    membership.role = role
    membership.save(update_fields=["role"])


@transaction.atomic
def remove(*, membership: Membership) -> None:
    membership = _locked(membership)
    _refuse_the_last(membership)
    membership.delete()


def _locked(membership: Membership) -> Membership:
    # Two administrators who remove each other at once must not both succeed.
    Institution.objects.select_for_update(no_key=True).get(pk=membership.institution_id)
    return Membership.objects.get(pk=membership.pk)


def _refuse_the_last(membership: Membership) -> None:
    if is_last_administrator(membership):
        raise CannotLetGo(_("Make somebody else an administrator first: this is the last one."))


def is_last_administrator(membership: Membership) -> bool:
    """Without an administrator nobody could let anybody in again."""
    others = Membership.objects.for_institution(membership.institution).exclude(pk=membership.pk)
    is_administrator = (
        Membership.objects.for_institution(membership.institution)
        .filter(pk=membership.pk, role=Role.ADMINISTRATOR)
        .exists()
    )
    return is_administrator and not others.filter(role=Role.ADMINISTRATOR, user__is_active=True).exists()


def _person(email: str, name: str, institution: Institution) -> User:
    # Whoever has an account keeps the name that they gave themselves.
    known = User.objects.filter(email__iexact=email).first()
    return known or User.objects.create_user(email, name=name, language=institution.language)


def _tell(user: User, institution: Institution, role: str, by: User) -> None:
    context: dict[str, Any] = {
        "by": str(by),
        "role": role,
        "sign_in_url": outbox.page_address("account_login"),
    }
    if not user.has_usable_password():
        token = PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
        context["set_password_url"] = outbox.page_address(
            "account_reset_password_from_key", user_pk_to_url_str(user), token
        )
    outbox.write(
        institution=institution,
        to=user.email,
        template="invitation",
        context=context,
        language=user.language,
        # The office must not be able to read another person's way in.
        is_secret="set_password_url" in context,
    )
