"""The staff's pages about a project as a whole, and the institution's settings."""

from tempfile import TemporaryFile
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from . import addresses, archive, files, letterhead, savepoints, sharing, stages
from .forms import CopyForm, DetailsForm, InstitutionForm, NewProjectForm, TypedAddressForm
from .models import SavePoint, Stage, StoredFile


def project(request: HttpRequest) -> HttpResponse:
    """Details, stage, copy, archive file, archive, end. Each button of the page posts what it does."""
    does = request.POST.get("do", "") if request.method == "POST" else ""
    forms: dict[str, Any] = {
        "details": DetailsForm(instance=_fresh(request)),
        "copy": CopyForm(initial=_next_season(request), auto_id="copy_%s") if _may_copy(request) else None,
        "delete": TypedAddressForm(),
    }
    if does:
        if does not in _ACTS:
            raise Http404
        may, act = _ACTS[does]
        if not may(request):
            raise PermissionDenied
        answer = act(request, forms)
        if answer is not None:
            return answer
    return TemplateResponse(
        request,
        "projects/project.html",
        {
            **admin.site.each_context(request),
            "title": _("This project"),
            "forms": forms,
            "stages": _way_ahead(request),
            "may_edit": request.standing.may_edit,
            "owns": request.standing.owns,
        },
    )


def _way_ahead(request: HttpRequest) -> list[tuple[Stage, list[str], bool]]:
    """The stages, what each needs beside the earlier ones, and whether it may be entered."""
    way, lacking = [], list[str]()
    # A stage without a page is not built yet.
    for stage in (stage for stage in Stage if stage in admin.site.stage_pages):
        now_lacking = stages.unmet(request.project, stage)
        is_earlier = stage.number < Stage(request.project.stage).number
        may_enter = request.standing.may_edit and (is_earlier or not now_lacking)
        way.append((stage, [sentence for sentence in now_lacking if sentence not in lacking], may_enter))
        lacking = now_lacking
    return way


def _fresh(request: HttpRequest) -> Any:
    """The project anew: a form that finds faults leaves its marks on its instance."""
    return type(request.project).objects.get(pk=request.project.pk)


def _next_season(request: HttpRequest) -> dict[str, str]:
    return {"name": _("%(name)s, next season") % {"name": request.project.name}}


def _may_copy(request: HttpRequest) -> bool:
    return bool(request.standing.owns and request.standing.may_make_projects)


def _here(request: HttpRequest) -> HttpResponse:
    return redirect(f"{admin.site.name}:project")


def _save_details(request: HttpRequest, forms: dict[str, Any]) -> HttpResponse | None:
    forms["details"] = form = DetailsForm(request.POST, instance=_fresh(request))
    if not form.is_valid():
        return None
    form.save()
    return _here(request)


def _move(request: HttpRequest, forms: dict[str, Any]) -> HttpResponse | None:
    try:
        stages.move_to(project=request.project, stage=_stage(request), by=request.user)
    except stages.NotReady as reason:
        messages.error(request, str(reason))
    return _here(request)


def _stage(request: HttpRequest) -> Stage:
    try:
        return Stage(request.POST.get("stage", ""))
    except ValueError:
        raise Http404 from None


def _copy(request: HttpRequest, forms: dict[str, Any]) -> HttpResponse | None:
    forms["copy"] = form = CopyForm(request.POST, auto_id="copy_%s")
    if not form.is_valid():
        return None
    try:
        new = sharing.copy_project(project=request.project, by=request.user, **form.cleaned_data)
    except sharing.CannotCopy as reason:
        form.add_error(None, str(reason))
        return None
    return redirect(addresses.staff(request, request.institution.slug, new.slug))


def _put_away(request: HttpRequest, forms: dict[str, Any]) -> HttpResponse:
    try:
        sharing.put_away(project=request.project, by=request.user)
    except sharing.CannotPutAway as reason:
        messages.error(request, str(reason))
    return _here(request)


def _take_out(request: HttpRequest, forms: dict[str, Any]) -> HttpResponse:
    sharing.take_out(project=request.project, by=request.user)
    return _here(request)


def _delete(request: HttpRequest, forms: dict[str, Any]) -> HttpResponse | None:
    forms["delete"] = form = TypedAddressForm(request.POST)
    if not form.is_valid():
        return None
    try:
        sharing.delete_project(project=request.project, by=request.user, **form.cleaned_data)
    except sharing.CannotDelete as reason:
        form.add_error("typed", str(reason))
        return None
    messages.success(request, _("%(name)s is gone.") % {"name": request.project.name})
    return redirect(addresses.outside(request, "home"))


def _export(request: HttpRequest, forms: dict[str, Any]) -> HttpResponse:
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    archive.dump(request.project, file)
    file.seek(0)
    name = f"{request.institution.slug}-{request.project.slug}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


_ACTS: dict[str, Any] = {
    "save": (lambda request: request.standing.owns and request.standing.may_edit, _save_details),
    "move": (lambda request: request.standing.may_edit, _move),
    "copy": (_may_copy, _copy),
    "put-away": (lambda request: request.standing.owns, _put_away),
    "take-out": (lambda request: request.standing.owns, _take_out),
    "export": (lambda request: request.standing.owns, _export),
    "delete": (lambda request: request.standing.owns, _delete),
}


def go_back(request: HttpRequest, number: int) -> HttpResponse:
    """Asks first, then goes back to a save point."""
    point = get_object_or_404(SavePoint.objects.for_project(request.project), pk=number)
    if not request.standing.may_edit:
        raise PermissionDenied
    if request.method == "POST":
        try:
            savepoints.go_back(savepoint=point, by=request.user)
        except savepoints.CannotGoBack as reason:
            messages.error(request, str(reason))
            return redirect("admin:projects_savepoint_changelist")
        messages.success(request, _("The project is as it was at “%(name)s”.") % {"name": point.name})
        return redirect("admin:index")
    context = {**admin.site.each_context(request), "title": _("Go back to “%s”?") % point.name}
    return TemplateResponse(request, "projects/go_back.html", {**context, "point": point})


@require_GET
def file(request: HttpRequest, number: int) -> HttpResponse:
    """A file to save. What a person may not have is not there."""
    stored = get_object_or_404(StoredFile.objects.for_project(request.project), pk=number)
    if not files.may_download(request.standing, stored):
        raise Http404
    return files.download(stored)


def new_project(request: HttpRequest) -> HttpResponse:
    """A new project of the institution, empty or from an archive file."""
    form = NewProjectForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _made(request, form.cleaned_data)
        except (sharing.CannotCopy, archive.CannotRestore) as reason:
            form.add_error(None, str(reason))
    context = {**admin.site.each_context(request), "title": _("New project"), "form": form}
    return TemplateResponse(request, "projects/new_project.html", context)


def _made(request: HttpRequest, told: dict[str, Any]) -> HttpResponse:
    known = {
        "institution": request.institution,
        "slug": told["slug"],
        "name": told["name"],
        "by": request.user,
    }
    if told["archive"]:
        project = sharing.restore_as_new(**known, file=told["archive"])
    else:
        project = sharing.make_project(**known, term=told["term"])
    return redirect(addresses.staff(request, request.institution.slug, project.slug))


def institution(request: HttpRequest) -> HttpResponse:
    """The institution's own settings."""
    form = InstitutionForm(request.POST or None, request.FILES or None, instance=_institution(request))
    if request.method == "POST" and form.is_valid():
        before = {name: form.initial.get(name) for name in form.changed_data}
        letterhead.save_settings(institution=form.save(commit=False), before=before)
        messages.success(request, _("Saved."))
        return redirect("admin:institution")
    context = {**admin.site.each_context(request), "title": _("The institution"), "form": form}
    return TemplateResponse(request, "projects/institution.html", context)


def _institution(request: HttpRequest) -> Any:
    return type(request.institution).objects.get(pk=request.institution.pk)
