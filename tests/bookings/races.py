"""Many people at once: real threads, each with a database connection of its own."""

import threading
import time
from contextlib import contextmanager

from django.db import connection

from bookings import locks
from bookings.invariants import find_faults


def at_once(*acts, connected=True):
    """Run all acts from the same moment on; what each returned or raised, in their order.

    They start with a connection, unless there are fewer of those than acts.
    """
    start, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        try:
            if connected:
                connection.ensure_connection()
            start.wait()
            results[number] = act()
        except Exception as error:  # of whatever kind: the test looks at it
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def in_turn_by(workers, acts, connected=True):
    """All acts, so many at a time; what each returned or raised, in their order."""
    acts = list(acts)
    results, waiting, guard = [None] * len(acts), iter(range(len(acts))), threading.Lock()

    def work():
        while True:
            with guard:
                number = next(waiting, None)
            if number is None:
                return
            try:
                results[number] = acts[number]()
            except Exception as error:  # of whatever kind: the test looks at it
                results[number] = error

    at_once(*[work] * workers, connected=connected)
    return results


@contextmanager
def without_locks(seconds=0.05, at="checked"):
    """The negative control: no lock, and time between the check and the deed. The race must show."""
    locks.trial.locks_are_off = True
    locks.trial.at_step = lambda name: time.sleep(seconds) if name == at else None
    try:
        yield
    finally:
        locks.trial.locks_are_off = False
        locks.trial.at_step = None


def faults_of(results):
    """What a race without locks left behind: faults in the rows, or errors of the database's own guards."""
    errors = [one for one in results if isinstance(one, Exception) and "Error" in type(one).__name__]
    return find_faults() + [repr(error) for error in errors]
