from django.apps import AppConfig, apps
from django.db import models
from django.db.models.signals import post_migrate


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "Institutions and projects"

    def ready(self) -> None:
        from . import schedules

        schedules.add("projects.tasks.sweep_messages", minutes=1, cluster="mail")
        schedules.add("projects.tasks.tidy", minutes=60, cluster="mail")
        schedules.add("projects.files.sweep", minutes=24 * 60, cluster="mail")
        post_migrate.connect(schedules.keep, sender=self)
        _name_keys_as_their_models()


def _name_keys_as_their_models() -> None:
    """A key without a name of its own, such as Booking.child, is called what its model is called, so that
    it is translated with it. In English nothing changes, and migrations never see it."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and isinstance(field.verbose_name, str):
                named = field.related_model._meta
                if field.verbose_name == named.verbose_name_raw:
                    field.verbose_name = named.verbose_name or field.verbose_name
