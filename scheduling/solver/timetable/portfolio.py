"""Several searches at once, each in a process of its own, with seeds of their own; the best plan counts.

Processes are started as programs, not by multiprocessing: a worker of a task queue may have no children of
that kind.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ..stop import MaxSeconds, MaxSteps
from .problem import Plan, Problem, make_problem
from .search import Callbacks, Progress, Result, Search, solve

POLL_S = 0.05
PATIENCE_S = 30.0  # for a process that ought to have ended


def warm_up() -> None:
    """Compile the kernels, or load them from the cache."""
    tiny = make_problem(
        duration=[60, 60],
        period_day=[1, 1],
        period_start=[0, 60],
        period_length=[60, 60],
        registration_student=[0, 0],
        registration_exam=[0, 1],
    )
    Search(tiny, MaxSteps(1), 1, {}, None, None)


def solve_together(
    problem: Problem,
    *,
    seconds: float,
    workers: int = 1,
    clock: Literal["wall", "cpu"] = "wall",
    seed: int = 1,
    weights: Mapping[str, int] | None = None,
    initial: Plan | None = None,
    callbacks: Callbacks | None = None,
) -> Result:
    """`solve` for so many seconds in so many processes, with the seeds seed, seed + 1, ...; the best result.

    Its seed and its replay record repeat it in one process. cpu_s is the winner's, seconds are those of all.
    """
    stop = MaxSeconds(seconds, clock)
    if workers <= 1:
        return solve(problem, stop=stop, seed=seed, weights=weights, initial=initial, callbacks=callbacks)
    callbacks = callbacks or Callbacks()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="timetable-") as name:
        folder = Path(name)
        runs = []
        for number in range(workers):
            task = {"stop": stop, "seed": seed + number, "weights": weights, "initial": initial}
            (folder / f"{number}.task").write_bytes(pickle.dumps({"problem": problem, **task}))
            runs.append(_start(folder, number))
        try:
            told = began
            cancelled = False
            while any(run.poll() is None for run in runs):
                time.sleep(POLL_S)
                if not cancelled and callbacks.is_cancelled is not None and callbacks.is_cancelled():
                    cancelled = True
                    (folder / "cancel").touch()
                now = time.perf_counter()
                if callbacks.progress is not None and now - told >= callbacks.every_s:
                    told = now
                    heard = [found for number in range(workers) if (found := _hear(folder, number))]
                    if heard:
                        callbacks.progress(min(heard, key=lambda found: (found.hard, found.cost)))
        finally:
            for run in runs:
                if run.poll() is None:
                    run.kill()
                run.wait(PATIENCE_S)
        results = []
        for number in range(workers):
            with contextlib.suppress(OSError):
                # Written by our own processes into a folder of our own.
                results.append(pickle.loads((folder / f"{number}.result").read_bytes()))  # noqa: S301
    if not results:
        raise RuntimeError("No search came to its end. Is there enough memory for so many workers?")
    best: Result = min(results, key=lambda result: (result.hard, result.cost, result.seed))
    firsts = [result.first_feasible_s for result in results if result.first_feasible_s is not None]
    return best._replace(seconds=time.perf_counter() - began, first_feasible_s=min(firsts, default=None))


def _start(folder: Path, number: int) -> "subprocess.Popen[bytes]":
    root = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    # Numpy's threads would only take the cores from the searches.
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "scheduling.solver.timetable.worker", str(folder), str(number)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def _hear(folder: Path, number: int) -> Progress | None:
    try:
        found = pickle.loads((folder / f"{number}.progress").read_bytes())  # noqa: S301
    except (OSError, EOFError, pickle.UnpicklingError):
        return None
    return Progress(*found)


def work(folder: Path, number: int) -> None:
    """One process of the portfolio: read the task, solve, write the result."""
    task = pickle.loads((folder / f"{number}.task").read_bytes())  # noqa: S301
    cancel, parent = folder / "cancel", os.getppid()
    asked = [time.perf_counter(), False]

    def is_cancelled() -> bool:
        # The folder goes, or the parent does, when nobody waits for the result any more.
        if time.perf_counter() - asked[0] > POLL_S:
            asked[:] = time.perf_counter(), cancel.exists() or not folder.exists() or os.getppid() != parent
        return bool(asked[1])

    def progress(now: Progress) -> None:
        _write(folder / f"{number}.progress", tuple(now))

    warm_up()
    result = solve(**task, callbacks=Callbacks(progress, is_cancelled))
    _write(folder / f"{number}.result", result)


def _write(path: Path, content: object) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".draft" + path.suffix)
    draft.write_bytes(pickle.dumps(content))
    draft.replace(path)
