"""A school in its first week of 2027, and a family."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.bookings import ChildFactory, GuardianFactory, SessionFactory
from tests.factories.projects import InstitutionFactory


class Clock:
    """clock.now is what the server's clock shows; it stands still until a test moves it."""

    def __init__(self):
        self.now = datetime(2027, 1, 2, 12, tzinfo=UTC)

    def pass_by(self, **time):
        self.now += timedelta(**time)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock.now)
    return clock


@pytest.fixture
def school(db):
    return InstitutionFactory(currency="GBP")


@pytest.fixture
def guardian(school):
    return GuardianFactory(institution=school)


@pytest.fixture
def child(school, guardian):
    return ChildFactory(institution=school, of=guardian)


@pytest.fixture
def session(school):
    """One free place, on two Tuesdays 15:30–16:30 from 5 January 2027."""
    return SessionFactory(institution=school)


@pytest.fixture
def family(school):
    """family(): another guardian with a child."""

    def family(**of_child):
        guardian = GuardianFactory(institution=school)
        return guardian, ChildFactory(institution=school, of=guardian, **of_child)

    return family
