"""What the queue's workers do. The rows are the truth; a task may be delivered twice."""

import ctypes
import os
import signal
import subprocess
import sys
import time

from django.conf import settings

from accounts.models import User
from projects.models import StoredFile

from . import photos, printing, recounting, solving, uploading
from .models import Run, Solution

PR_SET_PDEATHSIG = 1
# Pages come first: the solver takes what is left of the processor.
NICENESS = 10


def carry_out_run(run_id: int) -> str:
    """Solve a run in a process of its own, which ends with this one however this one ends.

    Compiled code cannot be interrupted from inside; a process can. It also gets a low priority.
    """
    run = solving.claim(run_id=run_id)
    if run is None:
        return "not waiting"
    parent = os.getpid()

    def prepare() -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.nice(NICENESS)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    child = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "carry_out_run", str(run.pk), run.claim],
        preexec_fn=prepare,
        stdin=subprocess.DEVNULL,
    )
    try:
        while child.poll() is None:
            time.sleep(0.5)
            solving.beat(run)
    except solving.Lost:
        pass  # the child ended it, or it was swept up; then there is nothing left to do for the child
    finally:
        if child.poll() is None:
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
    solving.give_up(run)
    return Run.objects.get(pk=run_id).state


def make_print(solution_id: int, code: str, format: str, language: str, by_id: int | None) -> int:
    solution = Solution.objects.select_related("project__institution").filter(pk=solution_id).first()
    if solution is None:
        return 0  # deleted while the task waited
    by = User.objects.filter(pk=by_id).first()
    return printing.make_print(solution=solution, code=code, format=format, language=language, by=by)


def sweep_runs() -> int:
    return solving.sweep()


def carry_out_import(import_id: int) -> str:
    return uploading.carry_out(import_id=import_id)


def take_photos(file_id: int) -> int:
    """How many images were gone through; a task that is delivered twice finds no file any more."""
    stored = (
        StoredFile.objects.select_related("project__institution", "created_by").filter(pk=file_id).first()
    )
    return len(photos.take(stored=stored)) if stored else 0


def recount(solution_id: int) -> bool:
    """Whether there was a solution to count; it may have been deleted while the task waited."""
    solution = (
        Solution.objects.select_related("project__institution", "parent").filter(pk=solution_id).first()
    )
    if solution is not None:
        recounting.recount(solution)
    return solution is not None
