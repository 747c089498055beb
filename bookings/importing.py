"""From a school's lists to families and activities: a dry run that tells everything, then one transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext as _

from projects import history
from projects.models import Institution
from projects.spreadsheets.checking import ABSENT, accepted, conclude, merge_twins
from projects.spreadsheets.columns import Dataset
from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.reading import read_workbook
from projects.spreadsheets.report import Level, Report
from projects.spreadsheets.survey import CannotOpen
from projects.spreadsheets.table import Table
from projects.spreadsheets.writing import write_error_workbook

from . import sheets, timetable
from .models import (
    Activity,
    Category,
    Child,
    Guardian,
    Guardianship,
    Household,
    Location,
    Places,
    Session,
    Term,
    Tutor,
    YearGroup,
)


class HasErrors(Exception):
    """Nothing was written: the outcome's report says why, cell by cell."""

    def __init__(self, outcome: "Outcome") -> None:
        super().__init__(_("Nothing was written. Correct the rows, or take the good rows only."))
        self.outcome = outcome


@dataclass
class Outcome:
    """What an import did, or in a dry run would do. changes: {"children": {"added": n, "changed": n}, …}."""

    report: Report
    changes: dict[str, dict[str, int]] = field(default_factory=dict)

    def count(self, what: str, way: str) -> None:
        self.changes.setdefault(what, {"added": 0, "changed": 0, "left": 0})[way] += 1


class _DryRun(Exception):
    """Takes back what a dry run wrote in order to count it."""


def import_families(*, institution: Institution, path: Path, name: str, **how: Any) -> Outcome:
    """Children with their guardians, by the school's numbers. `dry_run`, `skip_errors`, `by`: see _carry_out.

    Rows are added or changed, never removed; a guardian is known by e-mail address, else by name in the
    household.
    """
    return _carry_out(institution, path, name, sheets.families(), _write_families, **how)


def import_activities(*, institution: Institution, path: Path, name: str, **how: Any) -> Outcome:
    """Activities with their weekly sessions and dates. The terms must be there."""
    return _carry_out(institution, path, name, sheets.activities(), _write_activities, **how)


def write_errors(*, path: Path, name: str, report: Report, out: Path) -> None:
    """The person's own workbook with an error column. Raises CannotOpen."""
    header_rows = {entry.sheet: entry.header_row for entry in report.sheets}
    write_error_workbook(out, open_workbook(path, name=name), report.findings, header_rows)


def _carry_out(
    institution: Institution,
    path: Path,
    name: str,
    dataset: Dataset,
    write: Callable[[Institution, Iterator[dict[str, Any]], Outcome], None],
    *,
    dry_run: bool = False,
    skip_errors: bool = False,
    by: Any = None,
) -> Outcome:
    """Read, check, write in one transaction. HasErrors unless the good rows alone are wanted."""
    report = Report()
    tables: list[Table] = []
    try:
        tables = read_workbook(open_workbook(path, name=name), [dataset], report)
    except CannotOpen as reason:
        report.add(Level.ERROR, str(reason), file=name, value=name)
    if not tables and not report.errors:
        wanted = ", ".join(column.header for column in dataset.required)
        report.add(
            Level.ERROR,
            _("No sheet was read: write these headers above the rows: %s.") % wanted,
            file=name,
        )
    merge_twins(tables, report)
    if dataset.name == "Activities":
        _check_terms(institution, tables, report)
    conclude(tables, report)
    outcome = Outcome(report)
    if report.errors and not (skip_errors or dry_run):
        raise HasErrors(outcome)
    try:
        with transaction.atomic(), history.acting(by=by, reason=(_("import of %s") % name)[:300]):
            Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
            write(institution, _rows(tables, dataset), outcome)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return outcome


def _check_terms(institution: Institution, tables: list[Table], report: Report) -> None:
    known = {
        name.casefold() for name in Term.objects.for_institution(institution).values_list("name", flat=True)
    }
    for table in tables:
        for index in table.good():
            term = table.values["term"][index]
            if term.casefold() not in known:
                table.fault(
                    report, index, "term", _("There is no such term: add it first, or correct the name.")
                )


def _rows(tables: list[Table], dataset: Dataset) -> Iterator[dict[str, Any]]:
    columns = accepted(tables, dataset.name)
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        yield {
            column.name: column.empty if row.get(column.name, ABSENT) is ABSENT else row[column.name]
            for column in dataset.columns
        }


def _write_families(institution: Institution, rows: Iterator[dict[str, Any]], outcome: Outcome) -> None:
    here = {"institution": institution}
    years = {row.name.casefold(): row for row in YearGroup.objects.for_institution(institution)}
    for row in rows:
        year = None
        if row["year_group"]:
            year = years.get(row["year_group"].casefold())
            if year is None:
                year = YearGroup.objects.create(**here, name=row["year_group"], order=len(years))
                years[year.name.casefold()] = year
                outcome.count("year groups", "added")
        child = _put(
            Child,
            {**here, "number": row["number"]},
            {
                "given_name": row["given_name"],
                "family_name": row["family_name"],
                "date_of_birth": row["date_of_birth"],
                "year_group": year,
                "class_name": row["class_name"],
            },
            outcome,
            "children",
        )
        guardian = _guardian(institution, row, outcome)
        _row, is_new = Guardianship.objects.get_or_create(
            **here,
            guardian=guardian,
            child=child,
            valid_to=None,
            defaults={"relation": row["relation"]},
        )
        outcome.count("guardianships", "added" if is_new else "left")


def _guardian(institution: Institution, row: dict[str, Any], outcome: Outcome) -> Guardian:
    guardians = Guardian.objects.for_institution(institution).filter(erased_at=None)
    known = None
    if row["email"]:
        known = guardians.filter(email__iexact=row["email"]).first()
    elif row["household"]:
        known = guardians.filter(name=row["guardian"], household__name=row["household"]).first()
    else:
        # Without anything else to know somebody by: the same name at the same child.
        known = guardians.filter(
            name=row["guardian"], email="", guardianships__child__number=row["number"]
        ).first()
    if known is None:
        household = None
        if row["household"]:
            household = Household.objects.for_institution(institution).filter(name=row["household"]).first()
        household = household or Household.objects.create(
            institution=institution,
            name=row["household"] or row["guardian"],
            reference=f"F{get_random_string(6, '23456789ABCDEFGHJKMNPQRSTUVWXYZ')}",
        )
        outcome.count("guardians", "added")
        return Guardian.objects.create(
            institution=institution,
            household=household,
            name=row["guardian"],
            email=row["email"],
            phone=row["phone"],
        )
    wanted = {"name": row["guardian"], "phone": row["phone"] or known.phone}
    return _update(known, wanted, outcome, "guardians")


def _write_activities(institution: Institution, rows: Iterator[dict[str, Any]], outcome: Outcome) -> None:
    here = {"institution": institution}
    terms = {row.name.casefold(): row for row in Term.objects.for_institution(institution)}
    slugs = set(Activity.objects.for_institution(institution).values_list("slug", flat=True))
    for row in rows:
        activity = Activity.objects.for_institution(institution).filter(name=row["activity"]).first()
        wanted = {
            "category": _named(Category, institution, row["category"]),
            "youngest": row["youngest"],
            "oldest": row["oldest"],
        }
        if row["description"]:
            wanted["description"] = row["description"]
        if activity is None:
            slug = _free_slug(row["activity"], slugs)
            activity = Activity.objects.create(**here, slug=slug, name=row["activity"], **wanted)
            outcome.count("activities", "added")
        else:
            _update(activity, wanted, outcome, "activities")
        if row["year_groups"]:
            activity.year_groups.set([_named(YearGroup, institution, name) for name in row["year_groups"]])
        _session(activity, terms[row["term"].casefold()], row, outcome)


def _session(activity: Activity, term: Term, row: dict[str, Any], outcome: Outcome) -> None:
    institution = activity.institution
    key = {"institution": institution, "activity": activity, "term": term, "name": row["group"]}
    wanted = {
        "weekday": row["weekday"],
        "starts": row["starts"],
        "ends": row["ends"],
        "price": row["price"],
        "tutor": _named(Tutor, institution, row["tutor"]),
        "location": _named(Location, institution, row["location"]),
    }
    known = Session.objects.filter(**key).first()
    if known is not None:
        # Its dates, and how many places it has, are changed by their own acts: families have booked them.
        _update(known, {name: wanted[name] for name in ("price", "tutor", "location")}, outcome, "sessions")
        return
    session = Session.objects.create(**key, **wanted)
    Places.objects.create(institution=institution, session=session, capacity=row["capacity"])
    timetable.make_meetings(session)
    outcome.count("sessions", "added")


def _free_slug(name: str, taken: set[str]) -> str:
    base = slugify(name)[:50] or "activity"
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    taken.add(slug)
    return slug


def _named(model: Any, institution: Institution, name: str) -> Any:
    """The row of that name, made if there is none; None for no name."""
    if not name:
        return None
    return model.objects.get_or_create(institution=institution, name=name)[0]


def _put(model: Any, key: dict[str, Any], values: dict[str, Any], outcome: Outcome, what: str) -> Any:
    row = model.objects.filter(**key).first()
    if row is None:
        outcome.count(what, "added")
        return model.objects.create(**key, **values)
    return _update(row, values, outcome, what)


def _update(row: Any, values: dict[str, Any], outcome: Outcome, what: str) -> Any:
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save(update_fields=changed)
    outcome.count(what, "changed" if changed else "left")
    return row
