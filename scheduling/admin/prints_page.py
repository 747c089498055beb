"""Choose prints, look at one, have them made, take them home."""

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from projects.documents.words import LANGUAGES
from projects.models import FileKind, StoredFile

from .. import printing
from ..documents.prints import FORMATS, PRINTS, NothingToPrint
from ..documents.prints import make_print as print_now
from ..models import Solution, Student


def _titles() -> list[tuple[str, str]]:
    """Each print's code, and its title in the reader's language."""
    language = get_language() or "en"
    return [(each.code, each.title(language if language in LANGUAGES else "en")) for each in PRINTS.values()]


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
    return TemplateResponse(
        request,
        "scheduling/staff/prints.html",
        {
            **admin.site.each_context(request),
            "title": _("Prints"),
            "form": form,
            "all_prints": [(code, words, code in (form["codes"].value() or [])) for code, words in _titles()],
            "formats": FORMATS,
            "has_solution": form.fields["solution"].queryset.exists(),
            "may_edit": request.standing.may_edit,
            "files": _made(request),
        },
    )


@require_safe
def prints_made(request: HttpRequest) -> HttpResponse:
    """The list of what has been made, asked for every few seconds."""
    return TemplateResponse(request, "scheduling/staff/prints_made.html", {"files": _made(request)})


@require_safe
def preview(request: HttpRequest, code: str) -> HttpResponse:
    """A print of the live or newest solution, in the browser; of a mass print its first page."""
    solution = Solution.objects.for_project(request.project).order_by("-is_live", "-number").first()
    if solution is None or code not in PRINTS:
        raise Http404
    only = ""
    if PRINTS[code].of == "student":
        first = Student.objects.for_project(request.project).filter(registrations__isnull=False).first()
        only = first.roll_no if first else ""
    try:
        name, contents = print_now(
            solution=solution, code=code, format="pdf", language=request.GET.get("language", ""), only=only
        )
    except NothingToPrint as reason:
        messages.error(request, str(reason))
        return redirect("admin:prints")
    if not name.endswith(".pdf"):
        raise Http404
    return HttpResponse(
        contents,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{code}.pdf"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _made(request: HttpRequest):
    return StoredFile.objects.for_project(request.project).filter(kind=FileKind.OUTPUT)[:60]
