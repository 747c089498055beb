"""The school of the demo is one that a school would not be ashamed of."""

import pytest

from bookings import attention
from bookings.invariants import find_faults
from bookings.models import Booking
from bookings.sample_school import invent
from tests.factories.accounts import UserFactory
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db


def test_the_sample_school_keeps_its_own_rules_and_no_tutor_is_in_two_places():
    school = InstitutionFactory()
    invent(institution=school, guardian=UserFactory(), tutor=UserFactory(), families=12)
    assert Booking.objects.for_institution(school).live().exists()
    assert find_faults(school) == []
    waiting = [matter.title for matter in attention.matters(school)]
    assert "One tutor in two places" not in waiting
    assert "Dates without a tutor" not in waiting
