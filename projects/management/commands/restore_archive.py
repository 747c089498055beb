from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts.models import User
from projects import archive, sharing
from projects.management.project_command import ProjectCommand
from projects.models import Institution, Project

from .create_project import named


class Command(ProjectCommand):
    help = "Fill a new or empty project of an institution from an archive file."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--owner", metavar="EMAIL", help="who owns the project, if it is new")
        parser.add_argument("--name", default="", help="the project's name, if it is new")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        institution_slug, _slash, slug = options["project"].partition("/")
        institution = Institution.objects.filter(slug=institution_slug).first()
        if institution is None:
            raise CommandError(f"There is no institution {institution_slug}: make it with create_project.")
        project = Project.objects.filter(institution=institution, slug=slug).first()
        try:
            if project is None:
                project = sharing.make_project(
                    institution=institution,
                    slug=slug,
                    name=options["name"] or named(slug),
                    by=self.owner(options["owner"]),
                )
            with open(options["file"], "rb") as file:
                rows = archive.restore(project, file)
        except (sharing.CannotCopy, archive.CannotRestore) as reason:
            raise CommandError(str(reason)) from None
        except OSError as fault:
            raise CommandError(f"{options['file']} cannot be read: {fault.strerror}.") from None
        facts = {"project": project.path, "rows": rows}
        self.answer(facts, f"{project.path}: {sum(rows.values()):,} rows.", as_json=options["json"])

    def owner(self, email: str | None) -> User:
        user = User.objects.filter(email__iexact=email).first() if email else None
        if user is None:
            raise CommandError("The project is new: name somebody with an account after --owner.")
        return user
