from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Datesheets"

    def ready(self) -> None:
        from projects import schedules

        # By the mail cluster: the solve cluster may be busy for hours.
        schedules.add("scheduling.tasks.sweep_runs", minutes=1, cluster="mail")
