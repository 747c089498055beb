import os
from typing import Any

from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_email, validate_slug
from django.db import transaction

from accounts.models import User
from projects import outbox, sharing
from projects.management.project_command import ProjectCommand
from projects.models import Institution, Membership, Project, ProjectMember, ProjectRole, Role

PASSWORD = "DATESHEET_OWNER_PASSWORD"  # noqa: S105 - the name of a variable


class Command(ProjectCommand):
    help = f"Make what is missing of institution, owner and project. {PASSWORD} gives a new owner a password."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--name", default="", help="the project's name")
        parser.add_argument("--institution-name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        self.make_tables()
        with transaction.atomic():
            self.make(options)

    def make(self, options: dict[str, Any]) -> None:
        institution_slug, slug = self.split(options["project"])
        try:
            validate_email(options["owner"])
        except ValidationError:
            raise CommandError("Write the owner's whole e-mail address after --owner.") from None
        institution, is_new_institution = Institution.objects.get_or_create(
            slug=institution_slug, defaults={"name": options["institution_name"] or named(institution_slug)}
        )
        owner, link = self.owner(options["owner"], institution)
        if is_new_institution:
            # Somebody must let the others in.
            Membership.objects.create(institution=institution, user=owner, role=Role.ADMINISTRATOR)
        project = Project.objects.filter(institution=institution, slug=slug).first()
        is_new = project is None
        if project is None:
            try:
                project = sharing.make_project(
                    institution=institution, slug=slug, name=options["name"] or named(slug), by=owner
                )
            except sharing.CannotCopy as reason:
                raise CommandError(str(reason)) from None
        member, _new = ProjectMember.objects.get_or_create(
            project=project, user=owner, defaults={"role": ProjectRole.OWNER}
        )
        if member.role != ProjectRole.OWNER:
            sharing.change_role(member=member, role=ProjectRole.OWNER, by=owner)
        sentence = f"{project.path} {'is made' if is_new else 'was there already'}; {owner.email} owns it."
        if link:
            sentence += f"\nThe owner chooses a password here: {link}"
        facts = {
            "project": project.path,
            "owner": owner.email,
            "made": is_new,
            "made_institution": is_new_institution,
            "set_password_url": link,
        }
        self.answer(facts, sentence, as_json=options["json"])

    def split(self, path: str) -> tuple[str, str]:
        parts = path.split("/")
        try:
            for part in parts:
                validate_slug(part)
        except ValidationError:
            parts = []
        if len(parts) != 2:
            raise CommandError("Write the project as institution-slug/project-slug.")
        return parts[0], parts[1]

    def owner(self, email: str, institution: Institution) -> tuple[User, str]:
        """The person, and for one without a password the address at which to choose it."""
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            user = User.objects.create_user(
                email, os.environ.get(PASSWORD) or None, language=institution.language
            )
            user.confirm_email()
        if user.has_usable_password():
            return user, ""
        token = PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
        return user, outbox.page_address("account_reset_password_from_key", user_pk_to_url_str(user), token)


def named(slug: str) -> str:
    return slug.replace("-", " ").capitalize()
