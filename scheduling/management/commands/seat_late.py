from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.management.project_command import ProjectCommand
from scheduling import recounting, reseating
from scheduling.models import Solution


class Command(ProjectCommand):
    help = "Seat candidates who have no seat yet, as a new solution in which nobody else moves."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--solution", type=int, help="the solution's number (the live one, else the newest)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.find_project(options["project"])
        solutions = Solution.objects.for_project(project)
        if options["solution"]:
            solutions = solutions.filter(number=options["solution"])
        solution = solutions.order_by("-is_live", "-number").first()
        if solution is None:
            raise CommandError(f"{options['project']} has no such solution yet. Make one with: solve")
        try:
            done = reseating.seat_late(solution=solution)
        except reseating.CannotReseat as reason:
            raise CommandError(str(reason)) from reason
        recounting.recount(done.solution)  # here nobody waits for a page
        lines = [f"{one.roll_no} {one.name}, {one.exam}: {one.now or 'no seat'}" for one in done.touched]
        self.answer(
            {
                "solution": done.solution.number,
                "hard": done.solution.hard,
                "unseated": done.solution.unseated,
                "touched": [one._asdict() for one in done.touched],
                "reasons": done.reasons,
            },
            "\n".join([f"Solution {done.solution.number}:", *lines, *done.reasons]),
            as_json=options["json"],
        )
