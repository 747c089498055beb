from datetime import UTC, datetime

import pytest

from bookings import booking
from bookings.models import Booking
from projects.models import Change, OutboxMessage
from tests.factories.bookings import ChildFactory, GuardianFactory, SessionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def test_a_free_place_is_booked_at_once():
    session = SessionFactory()
    guardian = GuardianFactory(institution=session.institution)
    child = ChildFactory(institution=session.institution, of=guardian)

    outcome = booking.book(session=session, child=child, by=guardian)

    session.places.refresh_from_db()
    assert outcome.booking.state == Booking.State.CONFIRMED
    assert session.places.taken == 1
    assert OutboxMessage.objects.get().to == guardian.email
    assert Change.objects.filter(row_id=outcome.booking.pk, model="bookings.booking").count() == 1
