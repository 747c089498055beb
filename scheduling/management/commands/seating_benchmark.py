"""Solve instances of seats, without a database: our faults and cost against the proven bound."""

import json
import time
from argparse import ArgumentParser
from math import isfinite
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scheduling.solver.duties.search import gap
from scheduling.solver.seating import evaluator, formats
from scheduling.solver.seating.bound import lower_bound
from scheduling.solver.seating.search import solve
from scheduling.solver.stop import MaxSeconds


class Command(BaseCommand):
    help = "Solve an instance of seats (JSON), or the ten published ones; faults, cost and proven bounds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(size.name for size in formats.PUBLISHED)
        parser.add_argument(
            "instances", nargs="*", help=f"JSON files, or names of published ones (all): {names}"
        )
        parser.add_argument(
            "--seconds", type=float, default=30, help="of processor time for each instance (30)"
        )
        parser.add_argument(
            "--bound-seconds", type=float, default=5, help="to prove the bound of each period (5)"
        )
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--write", type=Path, metavar="FOLDER", help="write instances and plans there")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = []
        for name in options["instances"] or [size.name for size in formats.PUBLISHED]:
            row = self.solve(self.instance(name), options)
            found.append(row)
            if not options["json"]:
                self.stdout.write(
                    f"{row['name']:<10} {row['candidates']:>6} candidates {row['exams']:>4} exams "
                    f"{row['policy']:<5}: {row['hard']} hard faults (at least {row['least_hard']}), "
                    f"cost {row['cost']:,}, of rooms {row['cost_of_rooms']:,}, bound {row['bound']:,}, "
                    f"HiGHS found {'none' if row['found'] is None else format(row['found'], ',')}, "
                    f"gap {row['gap']} %, {row['seconds']} s"
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

    def solve(self, instance: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        try:
            problem = formats.to_problem(instance)
        except ValueError as reason:
            raise CommandError(str(reason)) from reason
        began = time.monotonic()
        result = solve(problem, stop=MaxSeconds(options["seconds"], "cpu"), seed=options["seed"])
        seconds = round(time.monotonic() - began, 1)
        plan = formats.plan_of(problem, result.chair)
        counted = evaluator.evaluate(instance, plan)
        if counted["cost"] != result.cost:
            raise CommandError(
                f"{instance['name']}: the solver counts a cost of {result.cost}, the evaluator "
                f"{counted['cost']}."
            )
        bound = lower_bound(problem, options["bound_seconds"])
        if folder := options["write"]:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{instance['name']}.json").write_text(json.dumps(instance))
            (folder / f"{instance['name']}.plan.json").write_text(json.dumps(plan))
        about_persons = sum(
            instance["weights"].get(code, 0) * counted["counts"][code]
            for code in ("roll_ranges", "same_neighbour", "room_change", "cohort_neighbours")
        )
        return {
            "name": instance["name"],
            "candidates": problem.candidates,
            "exams": problem.exams,
            "policy": problem.neighbours,
            "hard": counted["hard"],
            "least_hard": bound.hard,
            "cost": counted["cost"],
            "cost_of_rooms": counted["cost"] - about_persons,
            "bound": bound.cost,
            "found": round(bound.found) if isfinite(bound.found) else None,
            "gap": gap(counted["cost"] - about_persons, bound.cost),
            "by_rule": {code: n for code, n in counted["counts"].items() if n},
            "seconds": seconds,
        }
