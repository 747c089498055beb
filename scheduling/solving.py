"""Ask for a run, carry it out, cancel it.

A run is a row: queued → running → done, failed or cancelled. The queue only rings the bell: it may ring twice
or not at all. A worker claims the row before it starts, and whoever looks at a project sweeps up runs whose
worker died. A run writes a new Solution; making it the live one is an act of its own.
"""

import logging
import secrets
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.models import User
from projects.models import Project, Stage

from . import stage_needs
from .models import Run, Solution

log = logging.getLogger(__name__)

# A run whose worker has not been heard of for so long is over: its process dies with its worker.
SILENCE = timedelta(seconds=45)
MOST_SECONDS = 4 * 3600


class CannotSolve(Exception):
    """Why there can be no run now, in words for the planner."""


class Lost(Exception):
    """The run was taken from this worker: swept up, or cancelled and over."""


def request_run(*, project: Project, by: User | None = None, **options: Any) -> Run:
    """Ask for a run; a worker takes it up after the commit. CannotSolve says what is missing.

    Options, as fields of Run: part, seconds, steps, seed, workers, start_from (a solution to go on from and
    stay close to; for seats and duties the plan that gets them, by default the live one, else the newest),
    replay_of (a run to take again exactly).
    """
    with transaction.atomic():
        run = _new_run(project=project, by=by, **options)
        transaction.on_commit(lambda: async_task("scheduling.tasks.carry_out_run", run.pk, cluster="solve"))
    return run


def _new_run(
    *, project: Project, by: User | None = None, seconds: int = 60, workers: int = 1, **options: Any
) -> Run:
    if not 1 <= seconds <= MOST_SECONDS:
        raise CannotSolve(_("Give the run between 1 second and %d hours.") % (MOST_SECONDS // 3600))
    if not 1 <= workers <= 64:
        raise CannotSolve(_("Use between 1 and 64 workers."))
    if options.get("steps") is not None and options["steps"] < 1:
        raise CannotSolve(_("Give the run at least one step."))
    part = Run.Part(options.setdefault("part", Run.Part.DATESHEET))
    if part in {Run.Part.SEATS, Run.Part.DUTIES}:
        options["start_from"] = options.get("start_from") or _plan_to_go_on_from(project)
    if lacking := stage_needs.for_run(project, part, options.get("start_from")):
        raise CannotSolve(" ".join(lacking))
    if replayed := options.get("replay_of"):
        if not replayed.record:
            raise CannotSolve(_("That run left no record of its steps: start a new run instead."))
        options["start_from"] = replayed.start_from
    sweep(project=project)
    try:
        with transaction.atomic():
            # Who archives the project meanwhile waits for the run, and is told of it; or was first.
            if Project.objects.select_for_update(no_key=True).get(pk=project.pk).is_archived:
                raise CannotSolve(_("This project is archived. Bring it back before you solve it."))
            return Run.objects.create(
                project=project, asked_by=by, seconds=seconds, workers=workers, **options
            )
    except IntegrityError as error:
        raise CannotSolve(
            _("A run of this project is under way. Wait for it, or cancel it; the best plan so far is kept.")
        ) from error


def _plan_to_go_on_from(project: Project) -> Solution | None:
    """The live plan, else the newest."""
    return Solution.objects.for_project(project).order_by("-is_live", "-number").first()


def cancel_run(*, run: Run) -> None:
    """End a run. One that waits ends at once; one that runs keeps its best plan so far."""
    now = timezone.now()
    waiting = Run.objects.filter(pk=run.pk, state=Run.State.QUEUED)
    if not waiting.update(state=Run.State.CANCELLED, ended_at=now, cancel_requested_at=now):
        Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(cancel_requested_at=now)


def sweep(*, project: Project | None = None) -> int:
    """Mark the runs whose worker died as failed; return how many."""
    silent = Run.objects.filter(state=Run.State.RUNNING, heartbeat_at__lt=timezone.now() - SILENCE)
    if project is not None:
        silent = silent.for_project(project)
    swept = 0
    for run in silent.select_related("project__institution", "asked_by"):
        with translation.override(_reader(run)):
            stopped, again = _("The worker stopped in the middle."), _("Start the run again.")
            message = f"{stopped} {_what_is_kept(run)} {again}"
        gone = silent.filter(pk=run.pk)
        if gone.update(state=Run.State.FAILED, ended_at=timezone.now(), message=message):
            _have_counted(run)
            swept += 1
    return swept


def _what_is_kept(run: Run) -> str:
    """What an unfinished run has written already: each part is written whole."""
    solution = run.solutions.first()
    if solution is None:
        return _("Nothing was changed.")
    parts = [part for part in Run.Part if part in solution.measures and run.part in {part, Run.Part.ALL}]
    words = _("Kept in “%(solution)s”: %(parts)s.")
    return words % {"solution": solution, "parts": ", ".join(str(part.label) for part in parts)}


def _reader(run: Run) -> str:
    """The language of whoever reads the run's messages."""
    return run.asked_by.language if run.asked_by else run.project.institution.language


def claim(*, run_id: int) -> Run | None:
    """Take a waiting run for this worker; None if somebody else has it or it is over."""
    token = secrets.token_hex(8)
    now = timezone.now()
    mine = Run.objects.filter(pk=run_id, state=Run.State.QUEUED).update(
        state=Run.State.RUNNING, claim=token, started_at=now, heartbeat_at=now
    )
    return (
        Run.objects.select_related("project__institution", "start_from", "asked_by").get(pk=run_id)
        if mine
        else None
    )


def beat(run: Run) -> None:
    """Say that the run is alive; Lost if it is no longer this worker's."""
    if not mine(run).update(heartbeat_at=timezone.now()):
        raise Lost


def mine(run: Run) -> QuerySet[Run]:
    return Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, claim=run.claim)


def solve_now(*, project: Project, by: User | None = None, **options: Any) -> Solution:
    """Carry out a run in this process, without the queue."""
    from . import searching

    # It may have to compile for a minute, and a run that is silent so long is swept up.
    searching.warm_up(options.get("part", Run.Part.DATESHEET))
    run = claim(run_id=_new_run(project=project, by=by, **options).pk)
    if run is None:
        raise CannotSolve(_("A worker took the run up first. Wait for it."))
    carry_out(run)
    run.refresh_from_db()
    solution = run.solutions.first()
    if solution is None:
        raise CannotSolve(run.message)
    return solution


def carry_out(run: Run) -> None:
    """Solve a claimed run and write its Solution, all or nothing. What goes wrong is told on the row."""
    from . import searching  # compiled code, which the pages do without

    try:
        with translation.override(_reader(run)):  # its messages stay on the row
            searching.carry_out(run)
    except Lost:
        log.info("run %s was taken from this worker", run.pk)
    except (ValueError, CannotSolve) as reason:
        kept = f" {_what_is_kept(run)}" if run.solutions.exists() else ""
        end(run, Run.State.FAILED, message=f"{reason}"[: 500 - len(kept)] + kept)
    except Exception:
        words = _("The solver failed. The administrator finds the reason in the log.")
        end(run, Run.State.FAILED, message=f"{words} {_what_is_kept(run)}")
        raise


def give_up(run: Run) -> None:
    """The run's process is gone; if it did not end the run, nobody will."""
    with translation.override(_reader(run)):
        stopped, again = _("The solver was stopped from outside."), _("Start the run again.")
        message = f"{stopped} {_what_is_kept(run)} {again}"
    if end(run, Run.State.FAILED, message=message):
        _have_counted(run)


def _have_counted(run: Run) -> None:
    """The plan of a run that nobody goes on with may have been written, and its rules not yet counted."""
    for pk in run.solutions.values_list("pk", flat=True):
        async_task("scheduling.tasks.recount", pk, cluster="sheets")


def end(run: Run, state: Run.State, **fields: Any) -> int:
    """The run is over; nothing happens, and 0 comes back, if it is no longer this worker's."""
    return mine(run).update(state=state, ended_at=timezone.now(), **fields)


@transaction.atomic
def make_live(*, solution: Solution, by: User | None = None) -> None:
    """The project's plan is this solution from now on."""
    project = Project.objects.select_for_update(no_key=True).get(pk=solution.project_id)
    Solution.objects.for_project(project).live().exclude(pk=solution.pk).update(is_live=False)
    Solution.objects.for_project(project).filter(pk=solution.pk).update(is_live=True)
    solution.is_live = True
    if Stage(project.stage).number < solution.stage.number:
        Project.objects.filter(pk=project.pk).update(stage=solution.stage)
