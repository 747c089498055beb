"""Solve instances of duties, without a database: our cost against the proven bound."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scheduling.solver.duties import evaluator, formats
from scheduling.solver.duties.search import gap, solve
from scheduling.solver.stop import MaxSeconds


class Command(BaseCommand):
    help = "Solve an instance of duties (JSON), or the ten published ones; cost, proven bound and gap."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(size.name for size in formats.PUBLISHED)
        parser.add_argument(
            "instances", nargs="*", help=f"JSON files, or names of published ones (all): {names}"
        )
        parser.add_argument(
            "--seconds", type=float, default=60, help="of processor time for each instance (60)"
        )
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--write", type=Path, metavar="FOLDER", help="write instances and rosters there")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = []
        for name in options["instances"] or [size.name for size in formats.PUBLISHED]:
            instance = self.instance(name)
            row = self.solve(instance, options["seconds"], options["seed"], options["write"])
            found.append(row)
            if not options["json"]:
                self.stdout.write(
                    f"{row['name']:<16} {row['posts']:>5} posts {row['teachers']:>4} teachers: "
                    f"{row['open']} open (at least {row['least_open']}), {row['hard']} hard faults, "
                    f"cost {row['cost']:,}, bound {row['bound']:,}, gap {row['gap']} %, {row['seconds']} s"
                )
        if options["json"]:
            self.stdout.write(json.dumps(found))

    def instance(self, name: str) -> dict[str, Any]:
        for size in formats.PUBLISHED:
            if size.name == name:
                return formats.invent(size)
        try:
            return formats.read(Path(name))
        except (OSError, ValueError) as reason:
            raise CommandError(str(reason)) from reason

    def solve(
        self, instance: dict[str, Any], seconds: float, seed: int, folder: Path | None
    ) -> dict[str, Any]:
        began = time.monotonic()
        try:
            problem = formats.to_problem(instance)
        except ValueError as reason:
            raise CommandError(str(reason)) from reason
        result = solve(problem, stop=MaxSeconds(seconds, "cpu"), seed=seed)
        roster = formats.roster_of(result.who)
        counted = evaluator.evaluate(instance, roster)
        if (counted["hard"], counted["cost"]) != (result.hard, result.cost):
            raise CommandError(
                f"{instance['name']}: the solver counts {result.hard} and {result.cost}, the evaluator "
                f"{counted['hard']} and {counted['cost']}."
            )
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{instance['name']}.json").write_text(json.dumps(instance))
            (folder / f"{instance['name']}.roster.json").write_text(json.dumps(roster))
        return {
            "name": instance["name"],
            "posts": problem.posts,
            "teachers": problem.teachers,
            "open": result.measures["open"],
            "least_open": result.measures["least_open"],
            "hard": counted["hard"],
            "cost": counted["cost"],
            "bound": result.measures["bound"],
            "gap": gap(counted["cost"], result.measures["bound"]),
            "largest_deviation": result.measures["largest_deviation"],
            "seconds": round(time.monotonic() - began, 1),
        }
