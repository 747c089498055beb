"""The work of a run: rows to arrays, the search, a new Solution and its independent check, all or nothing.

Apart from solving.py because it loads the compiled solver, which the pages do without.
"""

import logging
import time

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from . import findings
from .adapter import timetable
from .models import Run, Solution
from .solver import stop as stopping
from .solver.timetable.portfolio import solve_together, warm_up
from .solver.timetable.search import Callbacks, Progress, Result, Step, solve
from .solving import CannotSolve, Lost, beat, end, mine

__all__ = ["carry_out", "warm_up"]

log = logging.getLogger(__name__)


def carry_out(run: Run) -> None:
    warm_up()
    season = timetable.season_of(run.project, stay_close_to=run.start_from)
    input_hash = season.input_hash
    if run.replay_of and run.replay_of.input_hash != input_hash:
        raise CannotSolve(_("The data or the rules have changed since that run: it cannot be taken again."))
    mine(run).update(input_hash=input_hash)
    beat(run)
    result = _search(run, season)
    reasons = timetable.why_not_whole(season, result.plan)
    with transaction.atomic():
        beat(run)
        cancelled = Run.objects.filter(pk=run.pk, cancel_requested_at__isnull=False).exists()
        if cancelled and len(result.unplaced) == season.problem.exams:
            end(run, Run.State.CANCELLED, message=_("Cancelled before there was a plan to keep."))
            return
        solution = _write(run, season, result)
        _judge(solution, reasons)
        # What was last told is older than the plan that is kept.
        told = {
            "seconds": round(result.seconds, 1),
            "limit": run.seconds,
            "best": solution.cost,
            "hard": solution.hard,
            "by_rule": result.counts,
        }
        end(
            run,
            Run.State.CANCELLED if cancelled else Run.State.DONE,
            progress=run.progress | told,
            record={"seed": result.seed, "steps": result.replay},
        )


def _search(run: Run, season: timetable.Season) -> Result:
    """The search itself: by another run's record, by steps, or by the clock in one or several processes."""
    initial = season.plan_of(run.start_from) if run.start_from else None
    callbacks = Watch(run).callbacks
    if run.replay_of:
        record = run.replay_of.record
        steps = tuple(Step(*step) for step in record["steps"])
        return solve(season.problem, seed=record["seed"], initial=initial, callbacks=callbacks, replay=steps)
    if run.steps:
        stop = stopping.MaxSteps(run.steps)
        return solve(season.problem, stop=stop, seed=run.seed, initial=initial, callbacks=callbacks)
    return solve_together(
        season.problem,
        seconds=run.seconds,
        workers=run.workers,
        seed=run.seed,
        initial=initial,
        callbacks=callbacks,
    )


def _write(run: Run, season: timetable.Season, result: Result) -> Solution:
    by_rule = {
        code: {"count": count, "cost": result.costs.get(code, 0)}
        for code, count in result.counts.items()
        if count
    }
    return timetable.write_solution(
        season,
        result.plan,
        project=run.project,
        run=run,
        parent=run.start_from,
        hard=result.hard,
        cost=round(result.cost),
        by_rule=by_rule,
        unplaced=len(result.unplaced),
    )


def _judge(solution: Solution, why_not_whole: list[str]) -> None:
    """The independent check, kept with the solution, and why exams are left out."""
    found = findings.check(solution)
    reasons = [findings.Finding("error", "unplaced", 0, sentence) for sentence in why_not_whole]
    solution.findings = [finding._asdict() for finding in [*found, *reasons]]
    solution.save(update_fields=["findings"])
    hard = findings.count_hard(found)
    if hard != solution.hard:
        log.error(
            "solution %s: the solver counts %s hard faults, the check %s", solution.pk, solution.hard, hard
        )


class Watch:
    """Tells the run's row how the search goes, and the search whether somebody wants it to stop."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.asked_at = 0.0
        self.is_cancelled = False

    def progress(self, now: Progress) -> None:
        history = self.run.progress.setdefault("history", [])
        history.append([round(now.seconds, 1), round(now.cost)])
        if len(history) > 200:  # thin it out: the curve's shape is what counts
            del history[1::2]
        self.run.progress |= {
            "seconds": round(now.seconds, 1),
            "limit": self.run.seconds,
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
            self.is_cancelled = Run.objects.filter(pk=self.run.pk, cancel_requested_at__isnull=False).exists()
        return self.is_cancelled

    @property
    def callbacks(self) -> Callbacks:
        return Callbacks(progress=self.progress, is_cancelled=self.cancelled)
