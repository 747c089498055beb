"""A queue of one's own, with all its processes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from django.conf import settings


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


@contextmanager
def running_cluster() -> Iterator[psutil.Process]:
    """The queue of solves on the database in DATABASE_URL; whatever is left of it is ended afterwards."""
    started = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(started.pid)
    finally:
        for process in family(psutil.Process(started.pid)) if psutil.pid_exists(started.pid) else []:
            process.kill()
        started.wait()
