"""What the apps and the keys between their rows are called, in the reader's language."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import translation
from django.utils.functional import Promise

from bookings.models import Booking, Meeting

OURS = ("accounts", "projects", "scheduling", "bookings")


@pytest.mark.parametrize("label", OURS)
def test_an_app_is_named_in_the_readers_language(label):
    assert isinstance(apps.get_app_config(label).verbose_name, Promise)


def test_a_key_to_a_person_says_in_the_readers_language_what_the_person_did():
    named = {
        f"{model._meta.label}.{field.name}": field.verbose_name
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.related_model._meta.label == settings.AUTH_USER_MODEL
    }
    assert "scheduling.Run.asked_by" in named
    assert [where for where, words in named.items() if not isinstance(words, Promise)] == []


def test_a_key_without_a_name_of_its_own_is_called_as_its_model_in_every_language():
    with translation.override("ur"):
        for key in (Booking._meta.get_field("child"), Meeting._meta.get_field("session")):
            assert str(key.verbose_name) == str(key.related_model._meta.verbose_name)
            assert not str(key.verbose_name).isascii()
