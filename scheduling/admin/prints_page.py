"""Choose prints, look at one, have them made, take them home."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from projects import files
from projects.documents.words import LANGUAGES
from projects.models import FileKind, StoredFile

from .. import printing
from ..documents.prints import FORMATS, PRINTS, NothingToPrint, Press
from ..models import Solution

# How prints are laid out on the page.
GROUPS = (
    (_("Datesheet"), ("by_day", "wide", "matrix", "by_programme", "by_room", "by_student", "by_teacher")),
    (
        _("Seats"),
        (
            "seating_list", "posting_list", "seating_chart", "door_notice", "attendance", "desk_cards",
            "packing_list", "absentees", "seats_left", "access_list",
        ),
    ),
    (_("Slips"), ("slips", "slips_withheld")),
    (_("Duties"), ("duty_roster", "duty_matrix", "duty_letters", "duty_fairness")),
    (_("Reports"), ("quality",)),
)  # fmt: skip


def _language() -> str:
    language = get_language() or "en"
    return language if language in LANGUAGES else "en"


def _titles() -> list[tuple[str, str]]:
    """Each print's code, and its title in the reader's language."""
    return [(each.code, each.title(_language())) for each in PRINTS.values()]


def _groups(chosen: list[str], reasons: dict[str, str]) -> list[dict[str, Any]]:
    titles = dict(_titles())
    return [
        {
            "name": name,
            "prints": [
                {
                    "code": code,
                    "title": titles[code],
                    "formats": PRINTS[code].formats,
                    "is_chosen": code in chosen,
                    "reason": reasons.get(code, ""),
                }
                for code in codes
            ],
        }
        for name, codes in GROUPS
    ]


class PrintsForm(forms.Form):
    solution = forms.ModelChoiceField(label=_("Of"), queryset=Solution.objects.none(), empty_label=None)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    codes = forms.MultipleChoiceField(label=_("Prints"), required=False)
    formats = forms.MultipleChoiceField(
        label=_("Formats"),
        choices=[(format, format.upper()) for format in FORMATS],
        initial=["pdf"],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, project, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        solutions = Solution.objects.for_project(project).order_by("-is_live", "-number")
        self.fields["solution"].queryset = solutions
        self.fields["solution"].initial = solutions.first()
        language = project.institution.language
        self.fields["language"].initial = language
        self.fields["codes"].choices = _titles()
        self.fields["codes"].initial = ["by_day", "wide"]


def prints(request: HttpRequest) -> HttpResponse:
    form = PrintsForm(request.POST or None, project=request.project)
    if request.method == "POST" and request.standing.may_edit and form.is_valid():
        try:
            asked = printing.request_prints(by=request.user, **form.cleaned_data)
        except printing.CannotPrint as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, _("%d prints are being made. They appear below.") % asked)
            return redirect("admin:prints")
    solution = _solution(request)
    reasons = _reasons(request, solution) if solution else {}
    return TemplateResponse(
        request,
        "scheduling/staff/prints.html",
        {
            **admin.site.each_context(request),
            "title": _("Prints"),
            "form": form,
            "groups": _groups(form["codes"].value() or [], reasons),
            "has_solution": solution is not None,
            "may_edit": request.standing.may_edit,
            **_made(request),
        },
    )


def _solution(request: HttpRequest) -> Solution | None:
    """The live one, else the newest."""
    return Solution.objects.for_project(request.project).order_by("-is_live", "-number").first()


def _reasons(request: HttpRequest, solution: Solution) -> dict[str, str]:
    """Print → why it is not to be had: nothing to make it of yet, or not for this person."""
    reasons = printing.reasons_against(solution, _language())
    if not request.standing.may_read_confidences:
        withheld = _("Only planners look at it: it tells codes of slips, or what students confide.")
        reasons |= {each.code: str(withheld) for each in PRINTS.values() if each.is_confidential}
    return reasons


@require_safe
def prints_made(request: HttpRequest) -> HttpResponse:
    """The list of what has been made, asked for every few seconds."""
    return TemplateResponse(request, "scheduling/staff/prints_made.html", _made(request))


@require_safe
def preview_all(request: HttpRequest) -> HttpResponse:
    """The first page of every print that can be made, as pictures."""
    solution = _solution(request)
    if solution is None:
        raise Http404
    reasons = _reasons(request, solution)
    language = request.GET.get("language", request.project.institution.language)
    return TemplateResponse(
        request,
        "scheduling/staff/prints_seen.html",
        {
            **admin.site.each_context(request),
            "title": _("Look at all prints"),
            "groups": _groups([], reasons),
            "language": language if language in LANGUAGES else "en",
            "languages": settings.LANGUAGES,
        },
    )


@require_safe
def preview(request: HttpRequest, code: str) -> HttpResponse:
    """The first pages of a print of the live or newest solution, in the browser."""
    try:
        contents = _press(request, code).preview(code)
    except NothingToPrint as reason:
        messages.error(request, str(reason))
        return redirect("admin:prints")
    return HttpResponse(
        contents,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{code}.pdf"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_safe
def picture(request: HttpRequest, code: str) -> HttpResponse:
    """The first page of a print as a picture."""
    try:
        contents = _press(request, code).picture(code)
    except NothingToPrint as reason:
        raise Http404 from reason
    response = HttpResponse(contents, content_type="image/png")
    patch_cache_control(response, private=True, max_age=60)
    return response


def _press(request: HttpRequest, code: str) -> Press:
    solution = _solution(request)
    if solution is None or code not in PRINTS:
        raise Http404
    if PRINTS[code].is_confidential and not request.standing.may_read_confidences:
        raise PermissionDenied
    return Press(solution, request.GET.get("language", ""))


def _made(request: HttpRequest) -> dict[str, Any]:
    titles = dict(_titles())
    made = StoredFile.objects.for_project(request.project).filter(
        kind__in=[FileKind.OUTPUT, FileKind.PRIVATE]
    )
    return {
        "files": files.readable(request.standing, made)[:60],
        "under_way": [
            {"title": titles[one.code], **one._asdict()} for one in printing.under_way(request.project)
        ],
    }
