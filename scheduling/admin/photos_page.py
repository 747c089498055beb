"""Photos of students: upload a zip, read what became of it."""

from datetime import timedelta

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from projects.models import FileKind, StoredFile

from .. import photos
from ..models import Student, StudentPhoto
from . import parts

SHOWN = 200
# A zip that has waited longer fell to a worker that is gone.
PATIENCE = timedelta(hours=1)


class PhotosForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Zip of images"), widget=forms.ClearableFileInput({"accept": ".zip"})
    )


def photos_page(request: HttpRequest) -> HttpResponse:
    form = PhotosForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and request.standing.may_edit and form.is_valid():
        try:
            photos.begin(project=request.project, upload=form.cleaned_data["file"], by=request.user)
        except photos.CannotTake as reason:
            form.add_error("file", str(reason))
        else:
            return redirect("admin:photos")
    report = photos.newest_report(request.project)
    students = Student.objects.for_project(request.project).count()
    there = StudentPhoto.objects.for_project(request.project).count()
    return parts.page(
        request,
        "photos",
        title=_("Photos of students"),
        form=form,
        report=report,
        left_out=report.left_out[:SHOWN] if report else [],
        there=there,
        without=students - there,
        waiting=StoredFile.objects.for_project(request.project)
        .filter(kind=FileKind.UPLOAD, name__iendswith=".zip", created_at__gt=timezone.now() - PATIENCE)
        .exists(),
        may_edit=request.standing.may_edit,
    )


@require_safe
def photo(request: HttpRequest, number: int) -> HttpResponse:
    """The picture itself: written by ourselves, so that a page may show it."""
    row = get_object_or_404(
        StudentPhoto.objects.for_project(request.project).select_related("file"), student=number
    )
    response = FileResponse(row.file.file.open("rb"), content_type="image/jpeg")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=300"
    return response
