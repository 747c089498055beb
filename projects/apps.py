from django.apps import AppConfig, apps
from django.db import models
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = _("Institutions and projects")

    def ready(self) -> None:
        from . import schedules, second_wall

        schedules.add("projects.tasks.sweep_messages", minutes=1, cluster="mail")
        schedules.add("projects.tasks.tidy", minutes=60, cluster="mail")
        schedules.add("projects.files.sweep", minutes=24 * 60, cluster="mail")
        post_migrate.connect(schedules.keep, sender=self)
        post_migrate.connect(second_wall.build)
        _name_keys()


# Keys that say in what way somebody or something belongs to a row, in any app.
KEYS = {
    "answered_by": _("answered by"),
    "asked_by": _("asked by"),
    "by": _("by"),
    "collected_by": _("collected by"),
    "collected_by_guardian": _("collected by the guardian"),
    "created_by": _("made by"),
    "decided_by": _("decided by"),
    "done_by": _("done by"),
    "drawn_by": _("drawn by"),
    "given_by": _("given by"),
    "group": _("group"),
    "instead_of": _("instead of"),
    "marked_by": _("marked by"),
    "merged_into": _("merged into"),
    "parent": _("made from"),
    "published_by": _("published by"),
    "replaces": _("in place of"),
    "replay_of": _("taken again from"),
    "reported_by": _("reported by"),
    "resolved_by": _("settled by"),
    "rolled_from": _("carried over from"),
    "start_from": _("started from"),
    "written_by": _("written by"),
}


def _name_keys() -> None:
    """A key without a name of its own is called as above, or what its model is called, such as Booking.child,
    so that it is translated. Migrations never see it."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and isinstance(field.verbose_name, str):
                named = field.related_model._meta
                if field.name in KEYS and field.verbose_name == field.name.replace("_", " "):
                    field.verbose_name = KEYS[field.name]
                elif field.verbose_name == named.verbose_name_raw:
                    field.verbose_name = named.verbose_name or field.verbose_name
