"""The work of a run: rows to arrays, the search, a new Solution and its independent check.

A run of all parts makes the datesheet, then the seats, then the duties, of one Solution. Each part is written
whole or not at all. Apart from solving.py because it loads the compiled solvers, which the pages do without.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from . import findings, versions
from .adapter import left_out, timetable
from .models import Run, Solution
from .recounting import datesheet_now, until_counted
from .solver import stop as stopping
from .solver.timetable import portfolio
from .solver.timetable.portfolio import solve_together
from .solver.timetable.search import Callbacks, Progress, Result, Step, solve
from .solving import CannotSolve, Lost, beat, end, mine

__all__ = ["carry_out", "warm_up"]

log = logging.getLogger(__name__)

# What a new version of a plan keeps when a part of it is made again: duties follow the rooms' candidates.
KEPT: dict[str, tuple[str, ...]] = {Run.Part.SEATS: (), Run.Part.DUTIES: ("seats",)}


def warm_up(part: str = Run.Part.DATESHEET) -> None:
    """Have what a run of that part needs compiled, or loaded: it may take a minute."""
    if part not in KEPT:
        portfolio.warm_up()
    for follower in KEPT:
        if part in {follower, Run.Part.ALL}:
            _solver_of(follower)[1].warm_up()


def _solver_of(part: str) -> tuple[ModuleType, ModuleType]:
    """Rows and arrays, and the search, of a part that follows the datesheet; loaded when it is wanted."""
    if part == Run.Part.SEATS:
        from .adapter import seats
        from .solver.seating import search as seating

        return seats, seating
    from .adapter import duties
    from .solver.duties import search as staffing

    return duties, staffing


def carry_out(run: Run) -> None:
    watch = Watch(run)
    warm_up(run.part)
    beat(run)
    solution: Solution | None
    if run.part in KEPT:
        solution = _follow(run, watch, run.part, base=run.start_from)
    else:
        solution = _make_datesheet(run, watch)
        if run.part == Run.Part.ALL and solution is not None and not watch.is_over():
            for part in KEPT:
                if not watch.is_over():
                    _follow(run, watch, part, base=solution, into=solution)
    if solution is None:
        end(run, Run.State.CANCELLED, message=_("Cancelled before there was a plan to keep."))
        return
    # Once, for all parts: to count every rule of a large season takes as long as a search.
    judge(solution)
    # What was last told is older than the plan that is kept.
    told = {"best": solution.cost, "hard": solution.hard}
    end(
        run,
        Run.State.CANCELLED if watch.is_over() else Run.State.DONE,
        progress=run.progress | told,
        record=run.record,
    )


def _make_datesheet(run: Run, watch: "Watch") -> Solution | None:
    season = timetable.season_of(run.project, stay_close_to=run.start_from)
    input_hash = season.input_hash
    if run.replay_of and run.replay_of.input_hash != input_hash:
        raise CannotSolve(_("The data or the rules have changed since that run: it cannot be taken again."))
    mine(run).update(input_hash=input_hash)
    beat(run)
    with watch.at(Run.Part.DATESHEET, run.seconds):
        result = _search(run, season, watch)
    # Who cancels waits for no proofs.
    patience = 0.0 if watch.is_over() else left_out.EXPLAIN_S
    reasons = left_out.why_not_whole(season, result.plan, seconds=patience)
    with transaction.atomic():
        beat(run)
        if watch.is_over() and len(result.unplaced) == season.problem.exams:
            return None
        solution = timetable.write_solution(
            season,
            result.plan,
            project=run.project,
            run=run,
            parent=run.start_from,
            unplaced=len(result.unplaced),
        )
        solution.measures["datesheet"] = {
            "hard": result.hard,
            "cost": round(result.cost),
            "reasons": reasons,
            "bounds": result.bounds,
            "by_rule": _counted(result),
        }
        _keep_for_now(solution)
        run.progress |= {"seconds": round(result.seconds, 1), "by_rule": result.counts}
        run.record |= {"seed": result.seed, "steps": result.replay}
    return solution


def _search(run: Run, season: timetable.Season, watch: "Watch") -> Result:
    """The search itself: by another run's record, by steps, or by the clock in one or several processes."""
    initial = season.plan_of(run.start_from) if run.start_from else None
    if run.replay_of:
        record = run.replay_of.record
        steps = tuple(Step(*step) for step in record["steps"])
        return solve(
            season.problem, seed=record["seed"], initial=initial, callbacks=watch.callbacks, replay=steps
        )
    if run.steps:
        stop = stopping.MaxSteps(run.steps)
        return solve(season.problem, stop=stop, seed=run.seed, initial=initial, callbacks=watch.callbacks)
    return solve_together(
        season.problem,
        seconds=run.seconds,
        workers=run.workers,
        seed=run.seed,
        initial=initial,
        callbacks=watch.callbacks,
    )


def _follow(
    run: Run, watch: "Watch", part: str, *, base: Solution | None, into: Solution | None = None
) -> Solution:
    """Seats or duties for the base's datesheet, written into a new version of it, or into itself."""
    if base is None:
        raise CannotSolve(_("No solution is live yet: solve, look, and make one live."))
    adapter, search = _solver_of(part)
    earlier = base if part in base.measures else None
    season = adapter.season_of(base, stay_close_to=earlier)
    beat(run)
    seconds = max(run.seconds / 2, 1.0)
    stop = stopping.MaxSteps(run.steps) if run.steps else stopping.MaxSeconds(seconds)
    with watch.at(part, seconds):
        result = search.solve(season.problem, stop=stop, seed=run.seed, callbacks=watch.callbacks)
    reasons = [*season.why_not, *adapter.reasons(season, result)]
    with transaction.atomic():
        beat(run)
        solution = into or versions.new_version(of=base, run=run, keep=KEPT[part])
        adapter.write(season, result, solution)
        solution.measures[part] = {
            **result.measures,
            "hard": result.hard,
            "cost": round(result.cost),
            "reasons": reasons,
            "by_rule": _counted(result),
        }
        _keep_for_now(solution)
    if part == Run.Part.SEATS:
        # They may lie in other rooms than the datesheet had: what its rules count of rooms is new.
        solution.measures["datesheet"] |= datesheet_now(solution)
    return solution


def _counted(result: Any) -> dict[str, dict[str, Any]]:
    return {
        code: {"count": count, "cost": result.costs.get(code, 0)}
        for code, count in result.counts.items()
        if count
    }


JUDGED = ("measures", "hard", "cost", "by_rule", "findings")


def _keep_for_now(solution: Solution) -> None:
    """With the rows, in one transaction: what the parts' solvers counted. The check of a large season takes
    longer than others should wait who want to write."""
    _sum_up(solution)
    solution.findings = until_counted(solution)
    solution.save(update_fields=JUDGED)


def judge(solution: Solution) -> None:
    """Sum up what the parts' solvers counted, and check it by the independent findings; both are kept."""
    _sum_up(solution)
    found = findings.check(solution)
    said = [
        findings.Finding("error", "unplaced", 0, sentence)
        for part in solution.measures.values()
        for sentence in part["reasons"]
    ]
    solution.findings = [finding._asdict() for finding in [*found, *said]]
    solution.save(update_fields=JUDGED)
    hard = findings.count_hard(found)
    if hard != solution.hard:
        log.error(
            "solution %s: the solver counts %s hard faults, the check %s", solution.pk, solution.hard, hard
        )


def _sum_up(solution: Solution) -> None:
    parts = solution.measures.values()
    solution.hard = sum(part["hard"] for part in parts)
    solution.cost = solution.measures["datesheet"]["cost"]
    solution.by_rule = {code: row for part in parts for code, row in part["by_rule"].items()}


class Watch:
    """Tells the run's row how the search goes, and the search whether somebody wants it to stop."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.asked_at = 0.0
        self.is_cancelled = False
        self.part: str = run.part
        self.limit = run.seconds

    @contextmanager
    def at(self, part: str, seconds: float) -> Iterator[None]:
        """While it works on that part, for at most so many seconds."""
        self.part, self.limit = part, round(seconds)
        yield

    def progress(self, now: Progress) -> None:
        history = self.run.progress.setdefault("curves", {}).setdefault(self.part, [])
        history.append([round(now.seconds, 1), round(now.cost)])
        if len(history) > 200:  # thin it out: the curve's shape is what counts
            del history[1::2]
        self.run.progress |= {
            "part": self.part,
            "seconds": round(now.seconds, 1),
            "limit": self.limit,
            "temperature": now.temperature,
            "best": round(now.cost),
            "hard": now.hard,
            "by_rule": now.counts,
        }
        if not mine(self.run).update(heartbeat_at=timezone.now(), progress=self.run.progress):
            raise Lost

    def cancelled(self) -> bool:
        """The search asks every 20 ms; the row is read ten times a second."""
        if time.monotonic() - self.asked_at > 0.1:
            self.asked_at = time.monotonic()
            self.is_cancelled = self.is_over()
        return self.is_cancelled

    def is_over(self) -> bool:
        """Somebody asked the run to stop."""
        return Run.objects.filter(pk=self.run.pk, cancel_requested_at__isnull=False).exists()

    @property
    def callbacks(self) -> Callbacks:
        return Callbacks(progress=self.progress, is_cancelled=self.cancelled)
