"""From workbooks to rows: a dry run that tells everything, then one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects import history
from projects.models import Project
from projects.spreadsheets.checking import (
    ABSENT,
    accepted,
    as_key,
    check_references,
    conclude,
    merge_twins,
)
from projects.spreadsheets.headers import Choice
from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.reading import read_workbook
from projects.spreadsheets.report import Level, Report
from projects.spreadsheets.survey import CannotOpen
from projects.spreadsheets.table import FAULTY, HELD_BACK, Table
from projects.spreadsheets.writing import write_error_workbook

from .exams import make_exams, make_sittings
from .models import Course, Exam
from .sheet_checks import (
    bring_along,
    check_fixed_once,
    check_frozen_layouts,
    check_new_rooms,
    check_overlaps,
    of,
)
from .sheet_shapes import table_rows
from .sheet_targets import TARGETS, Key, Plan, Target, existing_keys, make_plan, remove, write
from .sheets import definitions

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Upload:
    """A file on this machine, and the name that its owner knows it by."""

    path: Path
    name: str


@dataclass
class Outcome:
    """What an import did, or in a dry run would do."""

    report: Report
    # sheet → {"added": n, "changed": n, "left": n, "removed": n}
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    exams_made: int = 0
    is_written: bool = False


class CannotImport(Exception):
    """Why nothing is imported into this project now, in words for the planner."""


class HasErrors(Exception):
    """Nothing was written: the outcome's report says why, cell by cell."""

    def __init__(self, outcome: Outcome) -> None:
        count = len(outcome.report.errors)
        super().__init__(
            ngettext(
                "One error: nothing was written. Correct it, or take the good rows only.",
                "%(count)d errors: nothing was written. Correct them, or take the good rows only.",
                count,
            )
            % {"count": count}
        )
        self.outcome = outcome


def dry_run(
    *,
    project: Project,
    uploads: Sequence[Upload],
    choices: Mapping[str, Choice] | None = None,
    replace: bool = False,
    tell: Tell = lambda words: None,
) -> Outcome:
    """Read and compare everything, write nothing. `choices`: sheet name → what a person decided about it.

    With `replace`, rows of the project that the uploaded sheets do not have would go.
    """
    report, tables = _read(project, uploads, choices or {}, tell)
    tell(_("Comparing with the project"))
    return _examine(project, report, tables, replace=replace)


def import_workbooks(
    *,
    project: Project,
    uploads: Sequence[Upload],
    choices: Mapping[str, Choice] | None = None,
    replace: bool = False,
    skip_errors: bool = False,
    by: Any = None,
    tell: Tell = lambda words: None,
) -> Outcome:
    """Write the sheets' rows in one transaction. Raises HasErrors, unless the good rows alone are wanted.

    Raises CannotImport if the project was archived, perhaps while the sheets were read.
    """
    report, tables = _read(project, uploads, choices or {}, tell)
    names = ", ".join(upload.name for upload in uploads)
    with transaction.atomic(), history.acting(by=by, reason=(_("import of %s") % names)[:300]):
        # Two imports of one project wait for each other.
        if Project.objects.select_for_update().get(pk=project.pk).is_archived:
            raise CannotImport(_("This project is archived. Bring it back before you change it."))
        tell(_("Comparing with the project"))
        outcome = _examine(project, report, tables, replace=replace)
        if outcome.report.errors and not skip_errors:
            raise HasErrors(outcome)
        with history.quiet():
            _write(project, outcome, tables, replace=replace, tell=tell)
    return outcome


def write_errors(*, upload: Upload, report: Report, out: Path) -> None:
    """The person's own workbook with an error column. Raises CannotOpen."""
    header_rows = {entry.sheet: entry.header_row for entry in report.sheets if entry.file == upload.name}
    write_error_workbook(out, open_workbook(upload.path, name=upload.name), report.findings, header_rows)


def remember_headers(*, project: Project, sheet: str, columns: Mapping[str, str]) -> None:
    """Keep how a person read a sheet's headers: {as written: column name, "" not read}."""
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        project.header_mappings = {
            **project.header_mappings,
            sheet: {**project.header_mappings.get(sheet, {}), **columns},
        }
        project.save(update_fields=["header_mappings"])


def _read(
    project: Project, uploads: Sequence[Upload], choices: Mapping[str, Choice], tell: Tell
) -> tuple[Report, list[Table]]:
    report = Report()
    tables: list[Table] = []
    datasets = definitions(day_first=project.dates_are_day_first)
    for upload in uploads:
        tell(_("Reading %s") % upload.name)
        try:
            workbook = open_workbook(upload.path, name=upload.name)
            tables += read_workbook(
                workbook, datasets, report, choices=choices, remembered=project.header_mappings
            )
        except CannotOpen as reason:
            report.add(Level.ERROR, str(reason), file=upload.name, value=upload.name)
        except FileNotFoundError:
            report.add(Level.ERROR, _("There is no such file."), file=upload.name, value=upload.name)
        except IsADirectoryError:
            sentence = _("This is a folder. Name the files in it.")
            report.add(Level.ERROR, sentence, file=upload.name, value=upload.name)
    if not tables and not report.errors:
        report.add(
            Level.ERROR,
            _(
                "No sheet was read: none has the headers of a known sheet. "
                "Write headers above the rows, such as Roll No, Name and Programme for students."
            ),
            file=", ".join(upload.name for upload in uploads),
        )
    return report, tables


def _examine(project: Project, report: Report, tables: list[Table], *, replace: bool) -> Outcome:
    """Check rows against rows and against the project; plan what would become of each table."""
    merge_twins(tables, report)
    tables += bring_along(project, tables, report)
    check_new_rooms(project, tables, report)
    check_frozen_layouts(project, tables, report)
    check_overlaps(project, tables, report, replace=replace)
    replaced = {table.dataset.name for table in tables} if replace else set()
    check_references(
        tables,
        definitions(day_first=project.dates_are_day_first),
        report,
        existing=lambda sheet, columns: existing_keys(project, sheet, columns),
        replaced=replaced,
    )
    check_fixed_once(project, tables, report)
    conclude(tables, report)
    outcome = Outcome(report=report)
    if replace:
        _refuse_to_empty(tables, report)
    for plan in _plans(project, tables, replace=replace):
        outcome.changes[plan.target.sheet] = plan.counts
    return outcome


def _refuse_to_empty(tables: Sequence[Table], report: Report) -> None:
    for name in dict.fromkeys(table.dataset.name for table in tables):
        family = [table for table in tables if table.dataset.name == name]
        if not any(table.report.accepted for table in family):
            family[0].note(
                report,
                Level.ERROR,
                _(
                    "There is no row to replace the %s of the project with, so they stay. "
                    "Add rows, or remove them in the project itself."
                )
                % name,
            )


def _plans(project: Project, tables: Sequence[Table], *, replace: bool) -> Iterable[Plan]:
    """One plan after the other: a table is compared when those that it names have been written."""
    named = {table.dataset.name for table in tables}
    for target in TARGETS:
        rows = table_rows(project, tables, target)
        if target.sheet in named or rows.get(target.key[0]):
            whole = replace and target.sheet in named and bool(rows.get(target.key[0]))
            spared = _faulty_keys(tables, target) if whole else ()
            yield make_plan(target, project, rows, replace=whole, spared=spared)


def _faulty_keys(tables: Sequence[Table], target: Target) -> set[Key]:
    """Keys of rows with a fault: what the project has under them stays."""
    spared: set[Key] = set()
    for table in of(tables, target.sheet):
        if not all(name in table.values for name in target.key):
            continue
        for index, state in enumerate(table.states):
            if state in (FAULTY, HELD_BACK):
                spared.add(as_key(table.values[name][index] for name in target.key))
    return spared


def _write(project: Project, outcome: Outcome, tables: Sequence[Table], *, replace: bool, tell: Tell) -> None:
    outcome.changes = {}
    done: list[Plan] = []
    for plan in _plans(project, tables, replace=replace):
        sheet = plan.target.sheet
        tell(_("Writing %s") % sheet)
        write(plan, project)
        done.append(plan)
        outcome.changes[sheet] = plan.counts
        if sheet == "Registrations" or (sheet == "Courses" and "Registrations" not in _names(tables)):
            outcome.exams_made += _make_exams(project, tables)
    for plan in reversed(done):
        remove(plan, project)
    if any(plan.removed for plan in done if plan.target.model is Course):
        Exam.objects.for_project(project).filter(exam_courses__isnull=True).delete()
    if "Registrations" in _names(tables):
        make_sittings(
            project=project, exams=Exam.objects.for_project(project).filter(batch_size__isnull=False)
        )
    _note(project, done, outcome)
    outcome.is_written = True


def _names(tables: Iterable[Table]) -> set[str]:
    return {table.dataset.name for table in tables}


def _make_exams(project: Project, tables: Sequence[Table]) -> int:
    """Every course with registrations has an exam, and so has every course with a fixed date or a link."""
    named = {
        code.casefold()
        for sheet, columns in (("Fixed", ("course_code",)), ("Links", ("course_a", "course_b")))
        for column in columns
        for code in accepted(tables, sheet).get(column, [])
    }
    also = [
        pk
        for pk, code in Course.objects.for_project(project).values_list("pk", "code")
        if code.casefold() in named
    ]
    return make_exams(project=project, also=also)


def _note(project: Project, plans: Iterable[Plan], outcome: Outcome) -> None:
    """One line of history for each table and each way, with the first rows' values."""
    for plan in plans:
        samples = {
            "added": (
                len(plan.added),
                None,
                [_values(plan, index) for index in plan.added[: history.SAMPLE]],
            ),
            "changed": (
                len(plan.changed),
                [plan.before[pk] for pk, *_rest in plan.changed[: history.SAMPLE]],
                [_values(plan, index) for _pk, index, _names in plan.changed[: history.SAMPLE]],
            ),
            "removed": (len(plan.removed), [plan.before[pk] for pk in plan.removed[: history.SAMPLE]], None),
        }
        for action, (rows, before, after) in samples.items():
            if rows:
                history.note(
                    institution=project.institution,
                    project=project,
                    model=plan.target.model,
                    what=plan.target.sheet,
                    rows=rows,
                    action=action,
                    before=before,
                    after=after,
                )


def _values(plan: Plan, index: int) -> dict[str, Any]:
    return {
        name: values[index] for name, values in plan.rows.items() if values[index] not in (None, "", ABSENT)
    }
