"""What import_families and import_activities share."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings import importing
from projects.models import Institution
from projects.spreadsheets.survey import CannotOpen

SHOWN = 200


class ListCommand(BaseCommand):
    what = ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("institution", metavar="INSTITUTION", help="its address")
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")
        parser.add_argument("--skip-errors", action="store_true", help="take the rows without errors")
        parser.add_argument("--errors", metavar="OUT.xlsx", type=Path, help="the list again, with its errors")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        institution = Institution.objects.filter(slug=options["institution"]).first()
        if institution is None:
            raise CommandError(f"There is no institution {options['institution']}.")
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        act = getattr(importing, f"import_{self.what}")
        reason = ""
        try:
            outcome = act(
                institution=institution,
                path=path,
                name=path.name,
                dry_run=options["dry_run"],
                skip_errors=options["skip_errors"],
            )
        except importing.HasErrors as refusal:
            outcome, reason = refusal.outcome, str(refusal)
        errors = outcome.report.errors
        if errors and options["errors"]:
            try:
                importing.write_errors(
                    path=path, name=path.name, report=outcome.report, out=options["errors"]
                )
            except CannotOpen as refusal:
                raise CommandError(str(refusal)) from refusal
        facts = {
            "accepted": outcome.report.accepted,
            "changes": outcome.changes,
            "errors": [finding.as_dict() for finding in errors],
        }
        self.stdout.write(json.dumps(facts, ensure_ascii=False) if options["json"] else _sentences(facts))
        if reason or (errors and not options["skip_errors"]):
            raise CommandError(reason or f"{len(errors)} errors.", returncode=1)


def _sentences(facts: dict[str, Any]) -> str:
    told = [
        f"{what}: " + ", ".join(f"{count} {way}" for way, count in ways.items() if count)
        for what, ways in facts["changes"].items()
    ]
    told += [
        f"{error['sheet']}, row {error['row']}, {error['column']}: {error['message']}"
        for error in facts["errors"][:SHOWN]
    ]
    return "\n".join(told)
