from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = _("Datesheets")

    def ready(self) -> None:
        from projects import archive, history, schedules, stages
        from projects.models import Stage

        from . import next_season, restored, rules, stage_needs

        # By the mail cluster: the solve cluster may be busy for hours.
        schedules.add("scheduling.tasks.sweep_runs", minutes=1, cluster="mail")
        stages.register_need(Stage.RULES, stage_needs.for_rules)
        stages.register_need(Stage.DATESHEET, stage_needs.for_datesheet)
        stages.register_need(Stage.ROOMS, stage_needs.for_rooms)
        stages.register_need(Stage.DUTIES, stage_needs.for_duties)
        stages.register_need(Stage.PUBLISHED, stage_needs.for_publishing)
        stages.register_guard(stage_needs.no_run_under_way)
        stages.register_guard(stage_needs.no_upload_at_work)
        next_season.register()
        history.show_label("scheduling.rulesetting", rules.rule_words)
        archive.when_restored(restored.mend)
