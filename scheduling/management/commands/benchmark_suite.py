"""Solve a folder of benchmark instances with several seeds, beside the published figures."""

import csv
import statistics
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scheduling.solver.timetable import formats, portfolio

from .solve_benchmark import summary

# ITC-2007: means over runs within the competition's time (comparison file AlgRanking_NIS_12_AVG of Leite et
# al. 2019): step counting hill climbing (Bykov & Petrovic), annealing (Battistutta, Schaerf & Urli 2017).
# Carter: best published solutions of the cellular memetic algorithm (Leite et al. 2018), recounted.
PUBLISHED = {
    "exam_comp_set1": "SCHC 4008, SA 3927",
    "exam_comp_set2": "SCHC 404, SA 408",
    "exam_comp_set3": "SCHC 8012, SA 8850",
    "exam_comp_set4": "SCHC 13312, SA 15618",
    "exam_comp_set5": "SCHC 2582, SA 2849",
    "exam_comp_set6": "SCHC 25448, SA 26081",
    "exam_comp_set7": "SCHC 3893, SA 3662",
    "exam_comp_set8": "SCHC 6944, SA 7730",
    "exam_comp_set9": "SCHC 949, SA 992",
    "exam_comp_set10": "SCHC 12985, SA 14000",
    "exam_comp_set11": "SCHC 25194, SA 27782",
    "exam_comp_set12": "SCHC 5181, SA 5550",
    "car-f-92": "cMA 3.69",
    "car-s-91": "cMA 4.37",
    "ear-f-83": "cMA 32.48",
    "hec-s-92": "cMA 10.04",
    "kfu-s-93": "cMA 12.82",
    "lse-f-91": "cMA 9.78",
    "pur-s-93": "cMA 4.12",
    "rye-s-93": "cMA 7.89",
    "sta-f-83": "cMA 157.03",
    "tre-s-92": "cMA 7.67",
    "uta-s-92": "cMA 3.01",
    "ute-s-92": "cMA 24.82",
    "yor-f-83": "cMA 34.51",
}
COLUMNS = ("instance", "seed", "hard", "cost", "first_feasible_s", "moves_per_s", "wall_s", "cpu_s")


def seeds(text: str) -> list[int]:
    """ "1-3,7" -> [1, 2, 3, 7]"""
    ends = [part.partition("-") for part in text.split(",")]
    return [seed for first, _, last in ends for seed in range(int(first), int(last or first) + 1)]


class Command(BaseCommand):
    help = "Solve every ITC-2007 and Carter instance of a folder with several seeds, and print a table."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--seconds", type=float, default=30)
        parser.add_argument("--seeds", type=seeds, default=seeds("1-5"))
        parser.add_argument("--workers", type=int, default=1)
        parser.add_argument("--clock", choices=["wall", "cpu"], default="cpu")
        parser.add_argument("--csv", type=Path, help="file for the single runs")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"]
        files = sorted([*folder.glob("**/*.exam"), *folder.glob("**/*.crs")])
        if not files:
            raise CommandError(f"{folder} holds no .exam and no .crs file.")
        portfolio.warm_up()
        rows = []
        self.stdout.write("| instance | mean | best | worst | standard deviation | hard | published |")
        self.stdout.write("|---|---|---|---|---|---|---|")
        for path in files:
            instance = formats.read_instance(path)
            found = [
                summary(
                    instance,
                    portfolio.solve_together(
                        instance.problem,
                        seconds=options["seconds"],
                        clock=options["clock"],
                        seed=seed,
                        workers=options["workers"],
                    ),
                )
                for seed in options["seeds"]
            ]
            rows += [{"instance": instance.name, **one} for one in found]
            costs = [one["cost"] for one in found]
            self.stdout.write(
                f"| {instance.name} | {statistics.mean(costs):.6g} | {min(costs):.6g} | {max(costs):.6g} "
                f"| {statistics.pstdev(costs):.3g} | {max(one['hard'] for one in found)} "
                f"| {PUBLISHED.get(instance.name, '')} |"
            )
        if options["csv"]:
            with options["csv"].open("w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
