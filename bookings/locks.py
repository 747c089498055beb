"""Who comes first. Every act that gives or frees a place runs through carry_out() and locks in one order:

    idempotency row → Places by pk → children by pk → household → bookings, wait entries, offers

PostgreSQL: row locks FOR NO KEY UPDATE (a plain FOR UPDATE would make every insert that refers to the row
wait, and two of those deadlock), READ COMMITTED, so that what is read after the lock is as new as the lock.
SQLite: the whole transaction is the lock (BEGIN IMMEDIATE), but its waiters sleep and retry in no order; a
queue in front of it makes the threads of a process take turns.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from .compiled import compiled_once
from .models import Child, Places

log = logging.getLogger(__name__)

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)

# How long anybody waits for a lock before being told that there is a rush.
LOCK_SECONDS = 4
TRIES = 3
# A deadlock or a transaction that came too late: the database has undone it, and it may go again.
GO_AGAIN = {"40P01", "40001"}
LOCK_TIMED_OUT = "55P03"


class Busy(Exception):
    """So many want the same at this moment that it was not this one's turn in time. Nothing was written."""

    retry_after = 2  # seconds

    def __init__(self) -> None:
        super().__init__(_("There is a rush at this moment. Try again in a few seconds: nothing was booked."))


@dataclass
class Trial:
    """For tests: a race must show when the locks are off, or the test that they hold proves nothing."""

    locks_are_off: bool = False
    # Says for each lock whether it is taken in the wrong order.
    is_reversed: Callable[[], bool] | None = None
    # Called with the name of each step that an act reaches: to wait there, or to die there.
    at_step: Callable[[str], None] | None = None

    @property
    def changes_locks(self) -> bool:
        return self.locks_are_off or self.is_reversed is not None


trial = Trial()


def step(name: str) -> None:
    """An act has come so far."""
    if trial.at_step:
        trial.at_step(name)


class Turns:
    """A lock that goes to whoever has waited longest. A thread that has it may take it again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._owner: int | None = None

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Raises Busy if it does not come in time."""
        me = threading.get_ident()
        if self._owner == me:
            yield
            return
        my_turn = threading.Event()
        with self._guard:
            self._queue.append(my_turn)
            if len(self._queue) == 1:
                my_turn.set()
        if not my_turn.wait(seconds):
            self._leave(my_turn)
            raise Busy
        self._owner = me
        try:
            yield
        finally:
            self._owner = None
            self._leave(my_turn)

    def _leave(self, one: threading.Event) -> None:
        with self._guard:
            was_first = self._queue[0] is one
            self._queue.remove(one)
            if was_first and self._queue:
                self._queue[0].set()


turns = Turns()


class Overtaken(Exception):
    """Refused because time has passed: `then` says what that leaves to do, once the act is undone."""

    then: Callable[[], Any] | None = None


under_way = threading.local()


def carry_out(work: Callable[[], T]) -> T:
    """Run work in a transaction of its own, again if the database had to undo it. Raises Busy.

    Whoever holds the outer transaction of an act that is called inside one has also to run it again.
    """
    is_inner = getattr(under_way, "is_any", False)
    under_way.is_any = True
    try:
        return _carry_out(work)
    except Overtaken as reason:
        # An inner act is undone with the outer one, and so would be what it does now.
        if not is_inner and (then := reason.then):
            reason.then = None
            then()
        raise
    finally:
        under_way.is_any = is_inner


def _carry_out(work: Callable[[], T]) -> T:
    for tries_left in reversed(range(TRIES)):
        try:
            return _carry_out_once(work)
        except OperationalError as error:
            state = getattr(error.__cause__, "sqlstate", None)
            is_locked = state == LOCK_TIMED_OUT or "database is locked" in str(error)
            if is_locked or (state in GO_AGAIN and not tries_left):
                log.warning("an act gave up waiting: %s", state or "database is locked")
                raise Busy from error
            if state not in GO_AGAIN or connection.in_atomic_block:
                raise
            log.info("an act goes again after %s", state)
            time.sleep(random.uniform(0.02, 0.1) * (TRIES - tries_left))  # noqa: S311
    raise AssertionError("the last try returns or raises")


def _carry_out_once(work: Callable[[], T]) -> T:
    if connection.vendor == "sqlite":
        if trial.locks_are_off:
            return work()
        with turns.turn(LOCK_SECONDS), transaction.atomic():
            return work()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        return work()


def lock_places(session_ids: Collection[int]) -> dict[int, Places]:
    """The Places rows by session, locked until the transaction ends, in one order for everybody."""
    rows = _on_trial(_places(session_ids)) if trial.changes_locks else _locked_places(session_ids)
    locked = {places.session_id: places for places in rows}
    step("places locked")
    return locked


def lock_children(child_ids: Collection[int]) -> dict[int, Child]:
    """The children by pk, after the Places: two sessions cannot take the same child at the same time."""
    rows = _on_trial(_children(child_ids)) if trial.changes_locks else _locked_children(child_ids)
    locked = {child.pk: child for child in rows}
    step("children locked")
    return locked


def _places(session_ids: Collection[int]) -> QuerySet[Places]:
    return Places.objects.filter(session__id__in=session_ids).order_by("pk")


def _children(child_ids: Collection[int]) -> QuerySet[Child]:
    return Child.objects.filter(pk__in=child_ids).select_related("person").order_by("pk")


@compiled_once
def _locked_places(session_ids: list[int]) -> QuerySet[Places]:
    return _places(session_ids).select_for_update(no_key=True, of=("self",))


@compiled_once
def _locked_children(child_ids: list[int]) -> QuerySet[Child]:
    return _children(child_ids).select_for_update(no_key=True, of=("self",))


def _on_trial(rows: QuerySet[Row]) -> QuerySet[Row]:
    if trial.is_reversed and trial.is_reversed():
        rows = rows.order_by("-pk")
    return rows if trial.locks_are_off else rows.select_for_update(no_key=True, of=("self",))
