from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling import solving
from scheduling.models import Run


class Command(BaseCommand):
    help = "Solve a run that a worker has claimed. Workers call this; people use the admin, or solve."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int)
        parser.add_argument("claim")

    def handle(self, *args: Any, **options: Any) -> None:
        run = (
            Run.objects.select_related("project__institution", "start_from", "replay_of")
            .filter(pk=options["run"], claim=options["claim"], state=Run.State.RUNNING)
            .first()
        )
        if run is None:
            raise CommandError("That run is over or another worker's.")
        solving.carry_out(run)
