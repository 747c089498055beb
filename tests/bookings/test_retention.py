"""What is known of a child's health goes when the child has been away long enough, and not before."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings import medical, tasks
from bookings.models import BookingRules, EmergencyContact, MedicalNote
from projects.models import Change
from tests.factories.accounts import UserFactory
from tests.factories.bookings import ChildFactory

pytestmark = pytest.mark.django_db


def noted(**of_child):
    child = ChildFactory(**of_child)
    medical.write(child=child, by=UserFactory(), severity="allergy", text="peanuts")
    EmergencyContact.objects.create(
        institution=child.institution, child=child, name="B. Thistlewood", phone="1"
    )
    return child


def test_health_notes_and_contacts_go_when_a_child_has_been_away_long_enough():
    today = timezone.localdate()
    here, left_lately = noted(), noted(left_on=today - timedelta(days=90))
    gone = noted(left_on=today - timedelta(days=91))
    assert tasks.forget() == 2
    assert set(MedicalNote.objects.values_list("child", flat=True)) == {here.pk, left_lately.pk}
    assert not EmergencyContact.objects.filter(child=gone).exists()
    assert Change.objects.filter(institution=gone.institution, label__startswith="Forgotten").exists()
    told = Change.objects.filter(institution=gone.institution)
    assert "Thistlewood" not in str(list(told.values_list("label", "before", "after")))
    assert tasks.forget() == 0


def test_the_school_says_how_long():
    child = noted(left_on=timezone.localdate() - timedelta(days=20))
    BookingRules.objects.create(institution=child.institution, keeps_days=14)
    assert tasks.forget() == 2
