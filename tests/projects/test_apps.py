"""What a key is called: its model's name, so that lists of the staff say it in the reader's language."""

from django.utils import translation

from bookings.models import Booking, Meeting
from projects.models import SavePoint


def test_a_key_without_a_name_of_its_own_is_called_as_its_model_in_every_language():
    with translation.override("ur"):
        for key in (Booking._meta.get_field("child"), Meeting._meta.get_field("session")):
            assert str(key.verbose_name) == str(key.related_model._meta.verbose_name)
            assert not str(key.verbose_name).isascii()


def test_a_key_that_says_more_than_its_model_keeps_its_name():
    assert SavePoint._meta.get_field("created_by").verbose_name == "created by"
