from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.management.project_command import ProjectCommand
from scheduling import instances


class Command(ProjectCommand):
    help = "Write a project's season with all its rules as an open JSON instance (docs/instances.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", metavar="FILE", type=Path, required=True)
        parser.add_argument("--anonymous", action="store_true", help="without any name")

    def handle(self, *args: Any, **options: Any) -> None:
        project, out = self.find_project(options["project"]), options["out"]
        try:
            problem = instances.export_instance(project=project, path=out, is_anonymous=options["anonymous"])
        except ValueError as reason:
            raise CommandError(str(reason)) from reason
        except OSError as reason:
            raise CommandError(f"{out} cannot be written: {reason.strerror}.") from reason
        facts = {"out": str(out), "exams": problem.exams, "bytes": out.stat().st_size}
        said = f"{problem.exams:,} exams in {out}. Solve it with: solve_benchmark {out}"
        self.answer(facts, said, as_json=options["json"])
