"""Upload workbooks, look at what would become of them, correct how they were read, take them over."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from projects import files
from projects.addresses import number as number_in
from projects.spreadsheets.headers import Choice

from .. import uploading
from ..models import WorkbookImport
from ..sheets import definitions
from . import parts


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class UploadForm(forms.Form):
    files = forms.FileField(
        label=gettext_lazy("Workbooks and sheets"),
        widget=SeveralFiles({"accept": ".xlsx,.xlsm,.xls,.ods,.csv,.tsv,.txt"}),
    )


def upload(request: HttpRequest) -> HttpResponse:
    form = UploadForm()
    if request.method == "POST" and request.standing.may_edit:
        try:
            row = uploading.begin(
                project=request.project, uploads=request.FILES.getlist("files"), by=request.user
            )
        except uploading.CannotUpload as reason:
            messages.error(request, str(reason))
        else:
            return redirect("admin:upload_seen", row.pk)
    rows = WorkbookImport.objects.for_project(request.project).prefetch_related("files")
    return parts.page(
        request,
        "upload",
        title=_("Upload sheets"),
        form=form,
        rows=rows.select_related("created_by")[:15],
        sheets=definitions(),
        may_edit=request.standing.may_edit,
    )


def _row(request: HttpRequest, number: int) -> WorkbookImport:
    rows = WorkbookImport.objects.for_project(request.project).select_related("project")
    return get_object_or_404(rows, pk=number)


@require_safe
def seen(request: HttpRequest, number: int) -> HttpResponse:
    row = _row(request, number)
    told = row.report
    good = sum(told.get("accepted", {}).values())
    return parts.page(
        request,
        "upload_seen",
        title=", ".join(stored.name for stored in row.files.all()) or str(row),
        row=row,
        told=told,
        sheets=[_shown(sheet, place) for place, sheet in enumerate(told.get("sheets", []))],
        good=good,
        faulty=sum(sheet["faulty"] + sheet["held_back"] for sheet in told.get("sheets", [])),
        error_files=row.error_files.all(),
        is_silent=uploading.is_silent(row),
        may_edit=request.standing.may_edit,
    )


def _shown(sheet: dict[str, Any], place: int) -> dict[str, Any]:
    """A sheet with what a person may choose about it."""
    datasets = definitions()
    mine = next((dataset for dataset in datasets if dataset.name == sheet["dataset"]), None)
    columns = [(column.name, column.header) for column in mine.columns] if mine else []
    return {
        **sheet,
        "place": place,
        "datasets": [dataset.name for dataset in datasets],
        "columns": columns,
        "unread": [header for header, column in sheet["headers"] if not column],
    }


@require_safe
def progress(request: HttpRequest, number: int) -> HttpResponse:
    """The card of an upload at work, asked for every second; when it is through, the page is loaded anew."""
    row = _row(request, number)
    context = {"row": row, "is_silent": uploading.is_silent(row)}
    response = TemplateResponse(request, "scheduling/staff/upload_card.html", context)
    if not row.is_at_work:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def read_again(request: HttpRequest, number: int) -> HttpResponse:
    row = _row(request, number)
    if not request.standing.may_edit:
        parts.refuse(request)
        return redirect("admin:upload_seen", number)
    try:
        if uploading.is_silent(row):
            uploading.start_again(row=row)
        else:
            choices, headers = _decided(row, request.POST)
            uploading.read_again(
                row=row, choices=choices, replaces="replaces" in request.POST, headers=headers
            )
    except uploading.CannotUpload as reason:
        messages.error(request, str(reason))
    return redirect("admin:upload_seen", number)


def _decided(row: WorkbookImport, told: Any) -> tuple[dict[str, Choice], dict[str, dict[str, str]]]:
    """What differs from how the sheets were read, as choices; and the headers to remember.

    What was decided about a sheet before still holds.
    """
    choices: dict[str, Choice] = {}
    headers: dict[str, dict[str, str]] = {}
    for place, sheet in enumerate(row.report.get("sheets", [])):
        dataset = told.get(f"{place}-dataset", sheet["dataset"])
        header_row = number_in(told.get(f"{place}-header_row", ""))
        new_row = header_row if header_row != sheet["header_row"] else None
        is_other = dataset != sheet["dataset"]
        # What was chosen for another kind of sheet says nothing about this kind's columns.
        columns = {} if is_other else _columns(sheet, place, told)
        if is_other or new_row or columns:
            name = f"{sheet['file']}/{sheet['sheet']}"
            before = choices.get(name) or Choice(**row.choices.get(name, {}))
            choices[name] = Choice(
                dataset if is_other else before.dataset,
                new_row or before.header_row,
                {} if is_other else {**before.columns, **columns},
            )
        if columns:
            headers[sheet["dataset"]] = headers.get(sheet["dataset"], {}) | columns
    return choices, headers


def _columns(sheet: dict[str, Any], place: int, told: Any) -> dict[str, str]:
    """The headers of a sheet that are to be read as another column of ours, or as none."""
    mine = next((one for one in definitions() if one.name == sheet["dataset"]), None)
    ours = {"", *(column.name for column in mine.columns)} if mine else set()
    asked = {
        header: (column, told.get(f"{place}-column-{number}", column))
        for number, (header, column) in enumerate(sheet["headers"])
    }
    return {header: now for header, (before, now) in asked.items() if now != before and now in ours}


@require_POST
def take_over(request: HttpRequest, number: int) -> HttpResponse:
    row = _row(request, number)
    if not request.standing.may_edit:
        parts.refuse(request)
        return redirect("admin:upload_seen", number)
    try:
        uploading.take_over(row=row, skips_errors="skips_errors" in request.POST)
    except uploading.CannotUpload as reason:
        messages.error(request, str(reason))
    return redirect("admin:upload_seen", number)


@require_safe
def error_file(request: HttpRequest, number: int, file: int) -> HttpResponse:
    """The person's own workbook with a column that says what to correct."""
    return files.download(get_object_or_404(_row(request, number).error_files.all(), pk=file))
