from django.apps import AppConfig
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
