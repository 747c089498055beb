"""The office's reports: a table, its bars beside it, and both to take along as xlsx or csv."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from projects.spreadsheets.writing import write_csv, write_xlsx

from .. import reports as tables
from ..models import Term

FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def reports(request: HttpRequest) -> HttpResponse:
    terms = list(Term.objects.for_institution(request.institution))
    what = _one_of(request.GET.get("what"), tables.REPORTS, "numbers")
    by = _one_of(request.GET.get("by"), (tables.ACTIVITY, tables.WEEK, tables.TERM), tables.ACTIVITY)
    scope = tables.Scope(request.institution, by, _term(request, terms))
    report = tables.REPORTS[what](scope)
    if (kind := request.GET.get("format")) in FORMATS:
        return _download(report, f"{what}-{by}", kind or "")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Reports"),
        "report": report,
        "chart": tables.chart(report, from_the_right=get_language_bidi()),
        "is_from_the_right": get_language_bidi(),
        "what": what,
        "by": by,
        "term": scope.term,
        "terms": terms,
        "whats": {
            "numbers": _("Numbers"),
            "income": _("Income"),
            "waiting": _("Waiting"),
            "attendance": _("Attendance"),
        },
        "bys": {tables.ACTIVITY: _("activity"), tables.WEEK: _("week"), tables.TERM: _("term")},
        "currency": request.institution.currency,
        "is_all_money": what == "income" and by == tables.WEEK,
    }
    return TemplateResponse(request, "bookings/staff/reports.html", context)


def _one_of(told: str | None, known: Any, default: str) -> str:
    return told if told in known else default


def _term(request: HttpRequest, terms: list[Term]) -> Term | None:
    """The one asked for; without a word the newest that has begun."""
    asked = request.GET.get("term")
    if asked == "all":
        return None
    begun = [term for term in terms if term.starts_on <= timezone.localdate()] or terms
    return next((term for term in terms if str(term.pk) == asked), begun[0] if begun else None)


def _download(report: tables.Report, name: str, kind: str) -> HttpResponse:
    headers = [column.header for column in report.columns]
    rows = [*report.rows, report.totals]
    with TemporaryDirectory() as place:
        path = Path(place) / f"{name}.{kind}"
        if kind == "xlsx":
            write_xlsx(path, {report.title: (headers, rows)})
        else:
            write_csv(path, headers, rows)
        response = HttpResponse(path.read_bytes(), content_type=FORMATS[kind])
    response["Content-Disposition"] = f'attachment; filename="{path.name}"'
    return response
