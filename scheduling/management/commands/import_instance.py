from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.management.project_command import ProjectCommand
from scheduling import instances


class Command(ProjectCommand):
    help = "Turn an ITC-2007 .exam file or a Carter instance into an empty project's season."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--periods", type=int, help="of a Carter instance that is not one of the thirteen"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.find_project(options["project"])
        try:
            instance = instances.import_instance(
                project=project, path=options["file"], periods=options["periods"]
            )
        except instances.CannotImport as reason:
            raise CommandError(str(reason)) from reason
        problem = instance.problem
        facts = {
            "exams": problem.exams,
            "students": problem.students,
            "registrations": len(problem.registration_student),
            "periods": problem.periods,
            "rooms": problem.rooms,
        }
        said = ", ".join(f"{count:,} {what}" for what, count in facts.items())
        self.answer(facts, f"{said}. Solve it with: solve {project.path}", as_json=options["json"])
