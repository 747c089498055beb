"""Who changed what, when, why, before and after."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_actor: ContextVar[Any] = ContextVar("actor", default=None)
_reason: ContextVar[str] = ContextVar("reason", default="")


@contextmanager
def acting(*, by: Any, reason: str = "") -> Iterator[None]:
    """Changes made inside are written down as this person's, for this reason."""
    actor, why = _actor.set(by), _reason.set(reason)
    try:
        yield
    finally:
        _actor.reset(actor)
        _reason.reset(why)
