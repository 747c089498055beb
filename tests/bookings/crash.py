"""A process that can be killed in the middle: python -m tests.bookings.crash, orders on its standard input.

Each order is a line of JSON; a fork carries it out and says "done ID", or dies at the step that the order
names. {"act": "book" | "cancel", "step": …, "session": …, "child": …, "guardian": …, "key": …, "booking": …}
"""

import json
import os
import signal
import sys


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(step):
    """This process ends at that step of an act; "bell" is the moment in which it rings the worker."""
    from bookings import locks
    from projects import outbox

    locks.trial.at_step = lambda name: die() if name == step else None
    if step == "bell":
        outbox._rung_at = float("-inf")  # it rings once in a second
        outbox.async_task = lambda *arguments, **options: die()


def carry_out(order):
    from bookings import booking
    from bookings.models import Booking, Child, Guardian, Session

    die_at(order.get("step"))
    if order["act"] == "cancel":
        done = booking.cancel(booking=Booking.objects.get(pk=order["booking"])).booking
    else:
        outcome = booking.book(
            session=Session.objects.get(pk=order["session"]),
            child=Child.objects.get(pk=order["child"]),
            by=Guardian.objects.get(pk=order["guardian"]),
            key=order["key"],
            or_queue=True,
        )
        done = outcome.booking or outcome.entry
    return done.pk


def main():
    import django

    django.setup()
    for line in sys.stdin:
        # A fork starts in milliseconds what a new process would start in seconds; no connection is open yet.
        child = os.fork()
        if child == 0:
            os.write(1, f"done {carry_out(json.loads(line))}\n".encode())
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            os.write(1, b"killed\n")
        elif status:
            os.write(1, b"failed\n")


if __name__ == "__main__":
    main()
