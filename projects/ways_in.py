"""Where a person may go besides the staff's projects: the home page asks each app that has such pages."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from accounts.models import User


class WayIn(NamedTuple):
    """A link on the home page: whose, what, where, and its icon."""

    institution: str
    name: str
    address: str
    icon: str


_askers: list[Callable[[User], Iterable[WayIn]]] = []


def add(asker: Callable[[User], Iterable[WayIn]]) -> None:
    """Have the home page show what this returns for whoever is signed in."""
    _askers.append(asker)


def of(user: User) -> list[WayIn]:
    return [way for asker in _askers for way in asker(user)]
