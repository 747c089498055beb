"""What the staff's pages of a plan share; those of seats and of duties also their rules and their runs."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.addresses import number as number_in
from projects.models import Project

from .. import rules, solving
from ..models import Run, Solution
from ..rules import rule_words
from . import curve
from .rules_page import RuleForm


class StartForm(forms.Form):
    """How long a run of one part may take."""

    seconds = forms.IntegerField(
        label=gettext_lazy("Seconds"), min_value=1, max_value=solving.MOST_SECONDS, initial=60
    )


def rule_forms(request: HttpRequest, part: str, *, may_edit: bool) -> list[RuleForm]:
    settings = rules.settings_of(request.project)
    found = [
        RuleForm(request.POST or None, rule=rule, initial=settings[rule.code]._asdict())
        for rule in rules.RULES
        if rule.part == part
    ]
    if not may_edit:
        for form in found:
            for field in form.fields.values():
                field.disabled = True
    return found


def save_rules(project: Project, forms_of_part: list[RuleForm]) -> None:
    rules.save_settings(project=project, settings={form.rule.code: form.setting for form in forms_of_part})


def shown_solution(request: HttpRequest) -> Solution | None:
    """The one asked for; else the live plan; before there is one, the newest."""
    rows = Solution.objects.for_project(request.project)
    asked = number_in(request.GET.get("solution", ""))
    if asked is not None:
        return get_object_or_404(rows, pk=asked)
    return rows.order_by("-is_live", "-number").first()


def solution_of(request: HttpRequest, number: int) -> Solution:
    rows = Solution.objects.for_project(request.project).select_related("project__institution", "parent")
    return get_object_or_404(rows, pk=number)


def start(request: HttpRequest, part: Run.Part, solution: Solution | None, back: str) -> HttpResponse:
    """Ask for the run and go to its page; what hinders it is told on the page left."""
    form = StartForm(request.POST)
    seconds = form.cleaned_data["seconds"] if form.is_valid() else form.fields["seconds"].initial
    try:
        run = solving.request_run(
            project=request.project, by=request.user, part=part, seconds=seconds, start_from=solution
        )
    except solving.CannotSolve as reason:
        messages.error(request, str(reason))
        return redirect(back)
    return redirect("admin:run", run.pk)


def told(solution: Solution | None, part: str) -> dict[str, Any]:
    """What the part's solver said of a solution, for a page; nothing where the part was not made."""
    if solution is None or part not in solution.measures:
        return {}
    measured = solution.measures[part]
    broken = [
        {"words": rule_words(found["rule"]), **found}
        for found in solution.faults
        if found["level"] in {"error", "warning"} and _is_of(found["rule"], part, measured)
    ]
    return {"measures": measured, "reasons": measured.get("reasons", []), "broken": broken}


def _is_of(code: str, part: str, measured: dict[str, Any]) -> bool:
    rule = rules.RULE_OF_CODE.get(code)
    return rule.part == part if rule else code in measured.get("by_rule", {})


def run_under_way(project: Project) -> dict[str, Any]:
    solving.sweep(project=project)
    run = Run.objects.for_project(project).filter(state__in=Run.UNDER_WAY).first()
    return {"run": run, "curves": curve.of(run) if run else []}


def page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    site = admin.site.each_context(request)
    return TemplateResponse(request, f"scheduling/staff/{template}.html", {**site, **context})


def refuse(request: HttpRequest) -> None:
    messages.error(request, _("You may look at this project. Ask its owner if you need to change it."))
