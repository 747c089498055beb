"""What the commands about one project share: how it is named, --json, and failing with a sentence."""

import json
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from projects.models import Project


class ProjectCommand(BaseCommand):
    """A command whose first word is PROJECT: institution-slug/project-slug. Subclasses write `work`."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="institution-slug/project-slug")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def make_tables(self) -> None:
        """In a database that nobody has used yet; one that holds anything is migrated by its keeper."""
        if not connection.introspection.table_names():
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)

    def find_project(self, path: str) -> Project:
        self.make_tables()
        institution, _slash, slug = path.partition("/")
        project = (
            Project.objects.filter(institution__slug=institution, slug=slug)
            .select_related("institution")
            .first()
        )
        if project is None:
            raise CommandError(
                f"There is no project {path}. Make it with: create_project {path} --owner EMAIL"
            )
        return project

    def answer(self, facts: dict[str, Any], sentence: str, *, as_json: bool) -> None:
        self.stdout.write(json.dumps(facts, ensure_ascii=False, default=str) if as_json else sentence)
