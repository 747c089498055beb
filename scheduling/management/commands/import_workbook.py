import resource
import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.management.project_command import ProjectCommand
from projects.spreadsheets.survey import CannotOpen
from scheduling import importing
from scheduling.importing import CannotImport, HasErrors, Outcome, Upload

SHOWN = 200


class Command(ProjectCommand):
    help = "Read a registrar's workbooks (xlsx, xls, ods, csv) into a project, in one transaction."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")
        parser.add_argument("--skip-errors", action="store_true", help="take the rows without errors")
        parser.add_argument("--replace", action="store_true", help="remove rows that the sheets do not have")
        parser.add_argument(
            "--errors", metavar="OUT.xlsx", type=Path, help="write the workbook again, with its errors"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        start = time.monotonic()
        project = self.find_project(options["project"])
        uploads = [Upload(path=path, name=path.name) for path in options["files"]]
        if options["errors"] and not (folder := options["errors"].absolute().parent).is_dir():
            raise CommandError(f"There is no folder {folder} for --errors. Make it, or name another.")
        reason = ""
        if options["dry_run"]:
            outcome = importing.dry_run(project=project, uploads=uploads, replace=options["replace"])
        else:
            try:
                outcome = importing.import_workbooks(
                    project=project,
                    uploads=uploads,
                    replace=options["replace"],
                    skip_errors=options["skip_errors"],
                )
            except HasErrors as refusal:
                outcome, reason = refusal.outcome, str(refusal)
            except CannotImport as refusal:
                raise CommandError(str(refusal)) from None
        written = self._write_errors(options["errors"], uploads, outcome)
        facts = {
            "accepted": outcome.report.accepted,
            "changes": outcome.changes,
            "errors": [finding.as_dict() for finding in outcome.report.errors],
            "seconds": round(time.monotonic() - start, 2),
            # Linux counts in kilobytes.
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        }
        self.answer(facts, "\n".join([*_sentences(outcome), *written]), as_json=options["json"])
        if reason or (outcome.report.errors and not options["skip_errors"]):
            count = len(outcome.report.errors)
            found = f"{count} errors were found." if count > 1 else "One error was found."
            raise CommandError(reason or found, returncode=1)

    def _write_errors(self, out: Path | None, uploads: list[Upload], outcome: Outcome) -> list[str]:
        """One workbook for each file with errors: OUT.xlsx, OUT-2.xlsx …"""
        if out is None:
            return []
        faulty = {finding.file for finding in outcome.report.errors}
        written = []
        for upload in (upload for upload in uploads if upload.name in faulty):
            path = out if not written else out.with_stem(f"{out.stem}-{len(written) + 1}")
            try:
                importing.write_errors(upload=upload, report=outcome.report, out=path)
            except (CannotOpen, FileNotFoundError, IsADirectoryError):
                continue
            written.append(f"{path} is {upload.name} with its errors.")
        return written


def _sentences(outcome: Outcome) -> list[str]:
    lines = []
    for entry in outcome.report.sheets:
        if entry.dataset:
            rows = "row" if entry.accepted == 1 else "rows"
            parts = [f"{entry.accepted:,} {rows} taken as {entry.dataset}"]
            parts += [f"{entry.faulty:,} with errors"] if entry.faulty else []
            parts += [f"{entry.held_back:,} held back by errors elsewhere"] if entry.held_back else []
            parts += [f"{entry.merged:,} repeated"] if entry.merged else []
            parts += [f"{rows:,} skipped ({why})" for why, rows in entry.skipped.items() if rows]
            lines.append(f"{entry.file}, {entry.sheet}: {', '.join(parts)}.")
    for finding in outcome.report.findings[:SHOWN]:
        place = ", ".join(
            part
            for part in (
                finding.sheet or finding.file,
                f"row {finding.row}" if finding.row else "",
                finding.column,
                f"“{finding.value}”" if finding.value and finding.row else "",
            )
            if part
        )
        lines.append(f"{finding.level}: {place}: {finding.message}")
    if len(outcome.report.findings) > SHOWN:
        more = len(outcome.report.findings) - SHOWN
        lines.append(f"… and {more:,} more. Use --errors OUT.xlsx or --json to see all.")
    verb = "" if outcome.is_written else "would be "
    for sheet, counts in outcome.changes.items():
        words = ", ".join(f"{count:,} {verb}{way}" for way, count in counts.items() if count)
        lines.append(f"{sheet}: {words or 'nothing to do'}.")
    if outcome.exams_made:
        lines.append(f"{outcome.exams_made:,} exams made.")
    return lines
