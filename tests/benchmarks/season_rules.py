"""A season with all rules on: python3 run.py bench season_rules WORKBOOK.xlsx [SECONDS [OUT.json]]

Imports the workbook into a database of its own, turns every rule on, solves for so many seconds of the
processor, cancels a second search, and then closes a room, fixes an exam elsewhere and solves again close to
the plan. With OUT.json the season is kept there; a season kept so can stand for WORKBOOK.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from scheduling.solver.stop import MaxSeconds
from scheduling.solver.timetable import exchange, portfolio
from scheduling.solver.timetable.problem import Plan, Problem
from scheduling.solver.timetable.search import Callbacks, Result, solve

ROOT = Path(__file__).resolve().parents[2]
AGAIN_S = 8.0  # of the processor, to solve again
STAY = {"moved_period": 50, "moved_room": 5}  # as the rules' own weights
ALL_RULES = """
from projects.models import Project
from scheduling import rules
project = Project.objects.get()
settings = {code: rule._replace(is_on=True) for code, rule in rules.settings_of(project).items()}
rules.save_settings(project=project, settings=settings)
"""


def main(source: str, seconds: str = "10", out: str = "") -> None:
    problem = exchange.read_problem(source if source.endswith(".json") else season_of(source, out))[0]
    portfolio.warm_up()
    result = solve(problem, stop=MaxSeconds(float(seconds), "cpu"))
    tell(
        "with all rules",
        result,
        first_feasible_s=result.first_feasible_s,
        million_moves_per_s=round(result.stats["moves_per_s"] / 1e6, 3),
        memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    )
    asked = [0.0]

    def is_cancelled() -> bool:
        if not asked[0] and time.perf_counter() - began > 2:
            asked[0] = time.perf_counter()
        return asked[0] > 0

    began = time.perf_counter()
    cancelled = solve(problem, stop=MaxSeconds(60), callbacks=Callbacks(is_cancelled=is_cancelled))
    tell("cancelled", cancelled, answers_in_s=round(time.perf_counter() - asked[0], 3))
    changed, moved = disturbed(problem, result.plan)
    again = solve(
        changed,
        stop=MaxSeconds(AGAIN_S, "cpu"),
        initial=result.plan,
        weights={**problem.weights, **STAY},
    )
    others = np.arange(problem.exams) != moved
    share = (again.plan.period != result.plan.period)[others].sum()
    tell("a room closed, an exam fixed elsewhere", again, others_moved=f"{share} of {others.sum()}")


def season_of(workbook: str, out: str) -> str:
    """Where the season of the workbook is kept as an instance."""
    with tempfile.TemporaryDirectory() as place:
        env = {**os.environ, "DATABASE_URL": f"sqlite:///{place}/bench.sqlite3", "DEMO": "1"}
        path = out or tempfile.mkstemp(suffix=".json")[1]
        for words in (
            ["migrate", "--verbosity=0"],
            ["create_project", "bench/season", "--owner", "bench@example.edu"],
            ["import_workbook", "bench/season", workbook],
            ["shell", "-v0", "-c", ALL_RULES],
            ["export_instance", "bench/season", "--out", path, "--anonymous"],
        ):
            command = [sys.executable, "manage.py", *words]
            subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=sys.stderr)
    return path


def disturbed(problem: Problem, plan: Plan) -> tuple[Problem, int]:
    """The problem without the room that is used most, and with the largest exam that has a choice fixed in
    the period where fewest others of its students' exams are; and that exam."""
    seats = problem.room_seats.copy()
    seats[np.bincount(plan.room, minlength=problem.rooms).argmax()] = 0
    pinned = problem.pinned_period.copy()
    moved = int(np.argmax(np.where(pinned < 0, problem.size, -1)))
    own = np.zeros(problem.students, dtype=bool)
    ptr = problem.registration_ptr
    own[problem.registration_student[ptr[moved] : ptr[moved + 1]]] = True
    there = np.zeros(problem.periods)
    for e in range(problem.exams):
        common = own[problem.registration_student[ptr[e] : ptr[e + 1]]].sum()
        there[plan.period[e]] += common * (e != moved)
    there[plan.period[moved]] = np.inf
    there[~problem.exam_periods[moved] | (problem.period_length < problem.duration[moved])] = np.inf
    pinned[moved] = int(there.argmin())
    return problem._replace(room_seats=seats, pinned_period=pinned, published=plan), moved


def tell(what: str, result: Result, **more: object) -> None:
    facts = {
        "hard": result.hard,
        "cost": round(result.cost),
        "cpu_s": round(result.cpu_s, 2),
        "wall_s": round(result.seconds, 2),
        **more,
    }
    print(json.dumps({what: facts}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
