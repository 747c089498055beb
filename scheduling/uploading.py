"""An upload from the files to the rows: keep it, read it, let a person decide, take it over.

Reading and taking over happen in the queue, for large files take long. The row says how far it is; a task
that is delivered twice finds nothing to do, and taking over is one transaction.
"""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.models import User
from projects import files, history
from projects.models import FileKind, Project, StoredFile
from projects.spreadsheets.headers import Choice
from projects.spreadsheets.report import Finding, Report, SheetReport
from projects.spreadsheets.survey import CannotOpen

from . import importing
from .importing import CannotImport, HasErrors, Outcome, Upload
from .models import WorkbookImport

log = logging.getLogger(__name__)

State = WorkbookImport.State
# Files up to this size are read while the person waits; it takes about a second.
READ_AT_ONCE = 512 * 1024
MOST_FILES = 20
# The page shows so many findings; the workbook with its errors holds them all.
SHOWN = 300
# A worker that has said nothing for so long is gone; whoever looks may start again.
SILENCE = timedelta(minutes=10)


class CannotUpload(Exception):
    """Why the files were not taken in, in words for the person who chose them."""


def begin(*, project: Project, uploads: Sequence[File], by: User) -> WorkbookImport:
    """Keep the files and read them: at once if they are small, else by a worker."""
    if project.is_archived:
        raise CannotUpload(_("This project is archived. Bring it back before you change it."))
    if not uploads:
        raise CannotUpload(_("Choose at least one file."))
    if len(uploads) > MOST_FILES:
        raise CannotUpload(_("Choose at most %d files at a time.") % MOST_FILES)
    with transaction.atomic():
        row = WorkbookImport.objects.create(project=project, created_by=by)
        try:
            row.files.set(
                [files.store(project=project, file=upload, kind=FileKind.UPLOAD, by=by) for upload in uploads]
            )
        except files.CannotStore as reason:
            raise CannotUpload(str(reason)) from reason
        _hand_over(row)
    return row


def read_again(
    *,
    row: WorkbookImport,
    choices: Mapping[str, Choice],
    replaces: bool,
    headers: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Read the files anew, as a person decided about their sheets.

    `headers` (sheet of ours → header as written → column) are remembered for the next upload.
    """
    with transaction.atomic():
        waiting = WorkbookImport.objects.filter(pk=row.pk, state__in=[State.READ, State.FAILED]).update(
            state=State.WAITING,
            replaces=replaces,
            choices=row.choices | {sheet: _as_json(choice) for sheet, choice in choices.items()},
        )
        if not waiting:
            raise CannotUpload(_("This upload is at work just now: wait until it has been read."))
        for sheet, columns in (headers or {}).items():
            importing.remember_headers(project=row.project, sheet=sheet, columns=columns)
        _hand_over(row)


def take_over(*, row: WorkbookImport, skips_errors: bool) -> None:
    """Ask for the rows to be written: all of them, or with skips_errors the good ones."""
    if row.report.get("errors") and not skips_errors:
        raise CannotUpload(_("There are errors: correct them and upload again, or take the good rows only."))
    if not any(row.report.get("accepted", {}).values()):
        raise CannotUpload(_("There is no good row to take over. Look at the errors and upload again."))
    with transaction.atomic():
        asked = WorkbookImport.objects.filter(pk=row.pk, state=State.READ).update(
            state=State.ASKED, skips_errors=skips_errors
        )
        if not asked:
            raise CannotUpload(_("This upload has been taken over already, or it is at work just now."))
        _hand_over(row)


def start_again(*, row: WorkbookImport) -> None:
    """After a worker fell silent: read anew. Nothing was half-written."""
    silent_since = timezone.now() - SILENCE
    with transaction.atomic():
        again = WorkbookImport.objects.filter(
            pk=row.pk, state__in=WorkbookImport.AT_WORK, told_at__lt=silent_since
        ).update(state=State.WAITING, doing="")
        if not again:
            raise CannotUpload(_("It is still at work: wait for it."))
        _hand_over(row)


def is_silent(row: WorkbookImport) -> bool:
    return bool(row.is_at_work and row.told_at and row.told_at < timezone.now() - SILENCE)


def _hand_over(row: WorkbookImport) -> None:
    WorkbookImport.objects.filter(pk=row.pk).update(told_at=timezone.now())
    is_small = sum(stored.size for stored in row.files.all()) <= READ_AT_ONCE
    if is_small:
        transaction.on_commit(lambda: _at_once(row))
    else:
        transaction.on_commit(
            lambda: async_task("scheduling.tasks.carry_out_import", row.pk, cluster="sheets")
        )


def _at_once(row: WorkbookImport) -> None:
    try:
        carry_out(import_id=row.pk)
    except Exception:
        # The row says so to the person; the log says why to the administrator.
        log.exception("upload %s failed", row.pk)


def carry_out(*, import_id: int) -> str:
    """Do what the row waits for: read, or take over. What goes wrong is told on the row."""
    for waits, works, act in ((State.WAITING, State.READING, _read), (State.ASKED, State.TAKING, _take)):
        mine = WorkbookImport.objects.filter(pk=import_id, state=waits).update(
            state=works, message="", told_at=timezone.now()
        )
        if not mine:
            continue
        row = WorkbookImport.objects.select_related("project__institution", "created_by").get(pk=import_id)
        try:
            # What is told of the sheets stays with the row: in the words of who asked.
            reader = row.created_by.language if row.created_by else row.project.institution.language
            with history.acting(by=row.created_by), translation.override(reader):
                act(row)
        except Exception:
            _say(
                row,
                state=State.FAILED,
                message=_("It failed and nothing was written. Why stands in the log."),
            )
            raise
    return WorkbookImport.objects.get(pk=import_id).state


def _say(row: WorkbookImport, **fields: Any) -> None:
    WorkbookImport.objects.filter(pk=row.pk).update(told_at=timezone.now(), **fields)


def _uploads(row: WorkbookImport) -> list[Upload]:
    return [Upload(Path(stored.file.path), stored.name) for stored in row.files.order_by("pk")]


def _choices(row: WorkbookImport) -> dict[str, Choice]:
    return {sheet: Choice(**decided) for sheet, decided in row.choices.items()}


def _as_json(choice: Choice) -> dict[str, Any]:
    return {"dataset": choice.dataset, "header_row": choice.header_row, "columns": dict(choice.columns)}


def _read(row: WorkbookImport) -> None:
    uploads = _uploads(row)
    outcome = importing.dry_run(
        project=row.project,
        uploads=uploads,
        choices=_choices(row),
        replace=row.replaces,
        tell=lambda words: _say(row, doing=words[:200]),
    )
    _keep_error_files(row, uploads, outcome.report)
    _say(row, state=State.READ, report=told_of(outcome), doing="")


def _take(row: WorkbookImport) -> None:
    try:
        outcome = importing.import_workbooks(
            project=row.project,
            uploads=_uploads(row),
            choices=_choices(row),
            replace=row.replaces,
            skip_errors=row.skips_errors,
            by=row.created_by,
            # What is told inside the transaction would be seen after it only: the row says enough.
        )
    except HasErrors as refusal:
        # The project has changed since the upload was read.
        _say(row, state=State.READ, report=told_of(refusal.outcome), message=str(refusal)[:500])
    except CannotImport as reason:
        _say(row, state=State.READ, message=str(reason))
    else:
        _say(row, state=State.DONE, report=told_of(outcome), doing="")


def _keep_error_files(row: WorkbookImport, uploads: Sequence[Upload], report: Report) -> None:
    for stored in row.error_files.all():
        files.remove(stored=stored)
    faulty = {finding.file for finding in report.errors}
    kept: list[StoredFile] = []
    for upload in (upload for upload in uploads if upload.name in faulty):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "errors.xlsx"
            try:
                importing.write_errors(upload=upload, report=report, out=out)
            except CannotOpen:
                continue  # what cannot be opened cannot be given back with remarks
            ending = _("what to correct")
            name = f"{Path(upload.name).stem} - {ending}.xlsx"
            with out.open("rb") as written:
                kept.append(
                    files.store(
                        project=row.project,
                        file=File(written),
                        kind=FileKind.INPUT,
                        by=row.created_by,
                        name=name,
                    )
                )
    row.error_files.set(kept)


def told_of(outcome: Outcome) -> dict[str, Any]:
    """What the page shows of an outcome, small enough for a row."""
    report = outcome.report
    return {
        "accepted": report.accepted,
        # Pairs: PostgreSQL keeps no order among the keys of a stored object.
        "changes": list(outcome.changes.items()),
        "exams_made": outcome.exams_made,
        "errors": len(report.errors),
        "sheets": [_sheet(entry) for entry in report.sheets],
        "findings": [_finding(finding) for finding in _worst_first(report.findings)[:SHOWN]],
        "more_findings": max(0, len(report.findings) - SHOWN),
    }


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(findings, key=lambda finding: order[finding.level])


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        **finding.as_dict(),
        "level": str(finding.level),
        "file": finding.file,
        "value": str(finding.value)[:120],
    }


def _sheet(entry: SheetReport) -> dict[str, Any]:
    return {
        "file": entry.file,
        "sheet": entry.sheet,
        "dataset": entry.dataset,
        "is_hidden": entry.is_hidden,
        "header_row": entry.header_row,
        "headers": list(entry.headers.items())[:200],
        "candidates": entry.candidates,
        "rows": entry.rows,
        "accepted": entry.accepted,
        "merged": entry.merged,
        "faulty": entry.faulty,
        "held_back": entry.held_back,
        "skipped": [(reason, rows) for reason, rows in entry.skipped.items() if rows],
    }
