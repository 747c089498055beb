"""The queue's worker, as a process of its own that can be killed."""

import contextlib
import signal
import time
from datetime import timedelta

import psutil
import pytest
from django.utils import timezone

from scheduling import solving, tasks
from scheduling.models import Run, Solution
from tests.clusters import family, running_cluster

from .worlds import small_season

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def cluster(monkeypatch, database_url):
    """A running queue; whatever is left of it is ended after the test."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SOLVE_WORKERS", "1")
    with running_cluster() as process:
        yield process


def wait_for(condition, seconds: float = 120):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def solver_of(cluster: psutil.Process) -> psutil.Process | None:
    for one in family(cluster):
        with contextlib.suppress(psutil.NoSuchProcess):  # it may have just ended
            if "carry_out_run" in one.cmdline():
                return one
    return None


def has_progress(run: Run) -> bool:
    run.refresh_from_db()
    return run.state == Run.State.RUNNING and "best" in run.progress


@pytest.mark.parametrize("victim", ["worker", "cluster"])
def test_after_a_killed_worker_nothing_is_half_written_and_a_new_one_solves(cluster, victim):
    project = small_season()
    run = solving.request_run(project=project, seconds=600)
    wait_for(lambda: has_progress(run))
    solver = solver_of(cluster)

    for process in [solver.parent()] if victim == "worker" else family(cluster)[:-1]:
        process.send_signal(signal.SIGKILL)

    wait_for(lambda: not solver.is_running() or solver.status() == psutil.STATUS_ZOMBIE, 10)
    assert not Solution.objects.exists()
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    again = solving.request_run(project=project, seconds=1)
    run.refresh_from_db()
    assert run.state == Run.State.FAILED
    if victim == "cluster":
        tasks.carry_out_run(again.pk)  # the new worker
    wait_for(lambda: Run.objects.get(pk=again.pk).state == Run.State.DONE)
    assert Solution.objects.get().hard == 0


def test_a_running_solve_is_cancelled_with_its_best_plan(cluster):
    run = solving.request_run(project=small_season(), seconds=600)
    wait_for(lambda: has_progress(run))

    solving.cancel_run(run=run)

    wait_for(lambda: Run.objects.get(pk=run.pk).state == Run.State.CANCELLED, 10)
    assert Solution.objects.get().unplaced == 0
    wait_for(lambda: solver_of(cluster) is None, 10)
