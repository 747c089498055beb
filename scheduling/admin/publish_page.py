"""Publish the live solution, as a draft or for good; take back what is shown."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from projects.addresses import outside

from .. import publishing
from ..models import Publication, Solution


class PublishForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("As"),
        choices=Publication.Kind.choices,
        initial=Publication.Kind.DRAFT,
        widget=forms.RadioSelect,
    )
    notice = forms.CharField(
        label=_("Notice above the datesheet"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Where to object, what to bring, what has changed."),
    )
    shows_rooms = forms.BooleanField(
        label=_("Show rooms and seats"),
        required=False,
        initial=True,
        help_text=_("Rooms on the public datesheet, room and seat on a student's own slip online."),
    )


class WithdrawForm(forms.Form):
    because = forms.CharField(
        label=_("Why is it taken back?"),
        max_length=250,
        help_text=_("The public reads this in place of the datesheet."),
    )


def publish(request: HttpRequest) -> HttpResponse:
    form = PublishForm(request.POST or None, initial=_as_shown(request))
    if request.method == "POST" and request.standing.may_edit and form.is_valid():
        try:
            publication = publishing.publish(project=request.project, by=request.user, **form.cleaned_data)
        except publishing.NotReady as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, _("Version %d is on the public page now.") % publication.version)
            return redirect("admin:publish")
    return _page(request, form=form, withdraw_form=WithdrawForm())


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    shown = get_object_or_404(Publication.objects.for_project(request.project).current())
    form = WithdrawForm(request.POST)
    if request.standing.may_edit and form.is_valid():
        try:
            publishing.withdraw(publication=shown, **form.cleaned_data)
        except publishing.NotReady as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, _("The datesheet is taken back. Its address says why."))
            return redirect("admin:publish")
    return _page(request, form=PublishForm(initial=_as_shown(request)), withdraw_form=form)


def _as_shown(request: HttpRequest) -> dict[str, Any]:
    """What is amended stays what it is: a draft in the place of what is final would take all slips back."""
    shown = Publication.objects.for_project(request.project).current().first()
    return {"kind": shown.kind, "shows_rooms": shown.shows_rooms} if shown else {}


def _page(request: HttpRequest, **context: Any) -> HttpResponse:
    versions = Publication.objects.for_project(request.project).select_related("solution", "published_by")
    return TemplateResponse(
        request,
        "scheduling/staff/publish.html",
        {
            **admin.site.each_context(request),
            "title": _("Publish"),
            "live": Solution.objects.for_project(request.project).live().first(),
            "shown": versions.current().first(),
            "versions": versions[:20],
            "address": request.build_absolute_uri(
                outside(request, "scheduling:datesheet", request.institution.slug, request.project.slug)
            ),
            "may_edit": request.standing.may_edit,
            **context,
        },
    )
