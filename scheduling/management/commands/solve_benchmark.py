"""Solve a benchmark instance, without a database."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scheduling.solver.timetable import formats, portfolio
from scheduling.solver.timetable.search import Result


class Command(BaseCommand):
    help = "Solve an ITC-2007 .exam file or a Carter instance (its stem, .crs or .stu)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instance", type=Path)
        parser.add_argument("--seconds", type=float, default=30)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--workers", type=int, default=1)
        parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
        parser.add_argument(
            "--periods", type=int, help="of a Carter instance that is not one of the thirteen"
        )
        parser.add_argument("--solution", type=Path, help="file to write the plan to")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            instance = formats.read_instance(options["instance"], options["periods"])
        except (OSError, ValueError) as reason:
            raise CommandError(str(reason)) from reason
        portfolio.warm_up()
        result = portfolio.solve_together(
            instance.problem,
            seconds=options["seconds"],
            clock=options["clock"],
            seed=options["seed"],
            workers=options["workers"],
        )
        if options["solution"]:
            formats.write_solution(options["solution"], instance, result.plan)
        found = summary(instance, result)
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            for name, value in found.items():
                self.stdout.write(f"{name}: {value}")
        if result.hard:
            raise CommandError(f"{result.hard} hard faults are left. Give it more seconds.")


def summary(instance: formats.Instance, result: Result) -> dict[str, Any]:
    """What the command reports; the cost in the benchmark's own unit (Carter: per student)."""
    return {
        "hard": result.hard,
        "cost": round(result.cost / instance.divisor, 4),
        "by_rule": {code: round(cost / instance.divisor, 4) for code, cost in result.costs.items()},
        "lower_bound": {code: round(cost / instance.divisor, 4) for code, cost in result.bounds.items()},
        "first_feasible_s": result.first_feasible_s,
        "moves_per_s": round(result.stats["moves_per_s"]),
        "wall_s": round(result.seconds, 3),
        "cpu_s": round(result.cpu_s, 3),
        "seed": result.seed,
    }
