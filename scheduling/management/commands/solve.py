from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.management.project_command import ProjectCommand
from scheduling import solving
from scheduling.models import Run


class Command(ProjectCommand):
    help = "Make a datesheet, seats or duties in this process, without the queue, as a new solution."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--part", choices=Run.Part.values, default=Run.Part.DATESHEET)
        parser.add_argument("--seconds", type=int, default=60, help="how long the search may take (60)")
        parser.add_argument("--steps", type=int, help="so many steps instead: the same every time")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--workers", type=int, default=1, help="processes that search side by side (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.find_project(options["project"])
        try:
            solution = solving.solve_now(
                project=project,
                part=options["part"],
                seconds=options["seconds"],
                steps=options["steps"],
                seed=options["seed"],
                workers=options["workers"],
            )
        except solving.CannotSolve as reason:
            raise CommandError(str(reason)) from reason
        run = solution.run
        seconds = round((run.ended_at - run.started_at).total_seconds(), 2)
        self.answer(
            {
                "solution": solution.number,
                "hard": solution.hard,
                "cost": solution.cost,
                "by_rule": {code: row["count"] for code, row in solution.by_rule.items()},
                "unplaced": solution.unplaced,
                "unseated": solution.unseated or solution.by_rule.get("unseated", {}).get("count", 0),
                "unfilled": solution.unfilled,
                "seconds": seconds,
            },
            f"Solution {solution.number}: {solution.hard} hard faults, cost {solution.cost}, "
            f"{solution.unplaced} exams left out, {solution.unseated} candidates without a seat, "
            f"{solution.unfilled} posts open, {seconds} s.",
            as_json=options["json"],
        )
