import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.ballot import Protocol, repeats


class Command(BaseCommand):
    help = "Draw a published ballot again from its file (draw-….json), without any database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = json.loads(options["file"].read_text(encoding="utf-8"))
            protocol = Protocol.from_json(told)
            drawn = [(row["child"], row["session"]) for row in told["results"] if row["drawn"]]
            seed, promised = told["seed"], told["commitment"]
        except (OSError, ValueError, KeyError, TypeError) as reason:
            raise CommandError("That is no file of a draw: save it from the ballot's page.") from reason
        if not repeats(protocol, seed=seed, promised=promised, drawn=drawn):
            raise CommandError("Something else comes out: the file was not drawn so.")
        self.stdout.write(
            f"The seed keeps its promise, and the same {len(drawn)} places come out of "
            f"{len(protocol.wishes)} wishes."
        )
