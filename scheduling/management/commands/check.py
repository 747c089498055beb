from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.check import Command as SystemCheck

from projects.management.project_command import ProjectCommand
from scheduling import findings
from scheduling.models import Solution


class Command(SystemCheck, ProjectCommand):
    """`check PROJECT` recounts a plan; without an institution/project it is Django's own check."""

    help = (
        "Recount every rule of a project's plan from the tables (check institution/project), or check Django."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        SystemCheck.add_arguments(self, parser)
        parser.add_argument("--json", action="store_true", help="answer in JSON")
        parser.add_argument(
            "--solution", type=int, help="the solution's number (the live one, else the newest)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = args[0] if args else ""
        if "/" not in path:
            try:
                super().handle(*args, **options)
            except LookupError:
                raise CommandError(
                    f"There is neither a project nor an app {path}: write institution/project."
                ) from None
            return
        project = self.find_project(path)
        solutions = Solution.objects.for_project(project)
        if options["solution"]:
            solutions = solutions.filter(number=options["solution"])
        solution = solutions.order_by("-is_live", "-number").first()
        if solution is None:
            raise CommandError(f"{path} has no such solution yet. Make one with: solve {path}")
        found = findings.check(solution)
        hard = findings.count_hard(found)
        broken = [
            f"{finding.rule}: {finding.count} ({finding.message})" for finding in found if finding.count
        ]
        self.answer(
            {
                "solution": solution.number,
                "rules": {finding.rule: finding.count for finding in found if finding.level != "skipped"},
                "skipped": [finding.rule for finding in found if finding.level == "skipped"],
                "hard": hard,
            },
            "\n".join([f"Solution {solution.number}: {hard} hard faults.", *broken]),
            as_json=options["json"],
        )
        if hard:
            raise CommandError(f"{hard} hard faults.", returncode=1)
