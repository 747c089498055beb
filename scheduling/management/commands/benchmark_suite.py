"""Solve folders of benchmark instances with several seeds, beside the published figures."""

import csv
import os
import platform
import statistics
from argparse import ArgumentParser
from collections.abc import Iterator
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
HEAD = """| instance | mean | best | worst | standard deviation | hard | at least | M moves/s | published |
|---|---|---|---|---|---|---|---|---|"""
PAGE = """# How good is it

Made by `python manage.py benchmark_suite --page`; do not edit. {seconds:g} seconds of {clock} time,
{workers} worker{s}, seeds {seeds}, construction and everything else included; one set of parameters for all.
Machine: {machine}; load average at the end {load:.1f} (what else ran there took its share of the moves a
second). Cost: ITC-2007's sum of penalties, Carter's cost per student. *At least*: what no plan can cost less
than (`bounds.py`). *Published*: ITC-2007 means within the competition's time (SCHC: Bykov & Petrovic; SA:
Battistutta, Schaerf & Urli), Carter best of runs of hours (cMA: Leite et al.), both from the comparison files
of Leite et al.

{table}
"""


def seeds(text: str) -> list[int]:
    """ "1-3,7" -> [1, 2, 3, 7]"""
    ends = [part.partition("-") for part in text.split(",")]
    return [seed for first, _, last in ends for seed in range(int(first), int(last or first) + 1)]


class Command(BaseCommand):
    help = "Solve every ITC-2007, Carter and JSON instance of folders with several seeds, and print a table."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+")
        parser.add_argument("--seconds", type=float, default=30)
        parser.add_argument("--seeds", type=seeds, default=seeds("1-5"))
        parser.add_argument("--workers", type=int, default=1)
        parser.add_argument("--clock", choices=["wall", "cpu"], default="cpu")
        parser.add_argument("--csv", type=Path, help="file for the single runs, written as they end")
        parser.add_argument("--solutions", type=Path, help="folder for the plans, to validate them")
        parser.add_argument("--page", type=Path, help="Markdown file for the table, with how it was made")

    def handle(self, *args: Any, **options: Any) -> None:
        files = [path for folder in options["folders"] for path in instances_in(folder)]
        if not files:
            raise CommandError("There is no .exam, .crs or .json file there. Name a folder that has some.")
        portfolio.warm_up()
        rows: list[dict[str, Any]] = []
        self.stdout.write(HEAD)
        table = [HEAD]
        for path in files:
            try:
                found = list(self.runs(path, options))
            except ValueError as reason:
                self.stderr.write(f"{path}: {reason}")
                continue
            rows += found
            if options["csv"]:
                with options["csv"].open("w", newline="") as file:
                    writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
                    writer.writeheader()
                    writer.writerows(rows)
            table.append(line(found))
            self.stdout.write(table[-1])
            self.stdout.flush()
        if options["page"]:
            told = {name: options[name] for name in ("seconds", "clock", "workers")}
            page = PAGE.format(
                **told,
                s="" if options["workers"] == 1 else "s",
                seeds=", ".join(map(str, options["seeds"])),
                machine=f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}",
                load=os.getloadavg()[0],
                table="\n".join(table),
            )
            options["page"].write_text(page, encoding="utf-8")

    def runs(self, path: Path, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
        instance = formats.read_instance(path)
        for seed in options["seeds"]:
            result = portfolio.solve_together(
                instance.problem,
                seconds=options["seconds"],
                clock=options["clock"],
                seed=seed,
                workers=options["workers"],
            )
            if options["solutions"]:
                formats.write_solution(
                    options["solutions"] / f"{instance.name}-{seed}.sol", instance, result.plan
                )
            yield {"instance": instance.name, **summary(instance, result)}


def instances_in(folder: Path) -> list[Path]:
    return sorted(path for ending in ("exam", "crs", "json") for path in folder.glob(f"**/*.{ending}"))


def line(runs: list[dict[str, Any]]) -> str:
    """One row of the table."""
    costs = [run["cost"] for run in runs]
    name = runs[0]["instance"]
    speed = statistics.mean(run["moves_per_s"] for run in runs) / 1e6
    cells = [
        name,
        *(f"{cost:.6g}" for cost in (statistics.mean(costs), min(costs), max(costs))),
        f"{statistics.pstdev(costs):.3g}",
        str(max(run["hard"] for run in runs)),
        f"{runs[0]['lower_bound'].get('all', 0):.6g}",
        f"{speed:.1f}",
        PUBLISHED.get(name, ""),
    ]
    return f"| {' | '.join(cells)} |"
