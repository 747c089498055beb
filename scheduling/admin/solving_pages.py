"""Start a run, watch it, cancel it; see what came out, compare it, make it live."""

from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from projects.addresses import number as number_in
from projects.models import Project

from .. import exams, rules, solving
from ..models import Period, Placement, Run, Solution
from ..readiness import Readiness
from ..rules import rule_words
from . import curve, parts


class SolveForm(forms.Form):
    """How long, from where, with how much of the machine."""

    part = forms.ChoiceField(
        label=_("What to make"),
        choices=[
            (Run.Part.DATESHEET, _("the datesheet")),
            (Run.Part.SEATS, _("the seats of a datesheet")),
            (Run.Part.DUTIES, _("the duties of a datesheet")),
            (Run.Part.ALL, _("all three, one after the other")),
        ],
        required=False,
    )
    seconds = forms.IntegerField(
        label=_("Seconds"),
        min_value=1,
        max_value=solving.MOST_SECONDS,
        initial=120,
        help_text=_("The best plan so far is kept whenever it ends."),
    )
    start_from = forms.ModelChoiceField(
        label=_("Start from"),
        queryset=Solution.objects.none(),
        required=False,
        empty_label=_("an empty datesheet"),
        help_text=_(
            "Starting from a solution keeps close to it, as far as the rules say. Seats and duties are "
            "made for it, or for the live one."
        ),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=2**31 - 1,
        initial=1,
        help_text=_("Another number finds another way. The same number takes the same way again."),
    )
    workers = forms.IntegerField(
        label=_("Workers"),
        min_value=1,
        max_value=64,
        initial=1,
        help_text=_("Each tries on its own; the best one counts."),
    )

    def __init__(self, *args: Any, project: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["start_from"].queryset = Solution.objects.for_project(project)

    def clean_part(self) -> str:
        return self.cleaned_data["part"] or Run.Part.DATESHEET


def solve(request: HttpRequest) -> HttpResponse:
    may_edit = request.standing.may_edit
    begin_from = {"start_from": number_in(request.GET.get("from", ""))}
    form = SolveForm(request.POST or None, project=request.project, initial=begin_from)
    if request.method == "POST" and may_edit and form.is_valid():
        try:
            run = solving.request_run(project=request.project, by=request.user, **form.cleaned_data)
        except solving.CannotSolve as reason:
            form.add_error(None, str(reason))
        else:
            return redirect("admin:run", run.pk)
    solving.sweep(project=request.project)
    ready = Readiness(request.project)
    return parts.page(
        request,
        "solve",
        title=_("Solve"),
        form=form,
        ready=ready,
        run=ready.run_under_way,
        curves=curve.of(ready.run_under_way) if ready.run_under_way else [],
        runs=Run.objects.for_project(request.project).prefetch_related("solutions")[:8],
        may_edit=may_edit,
    )


def _run(request: HttpRequest, number: int) -> Run:
    return get_object_or_404(Run.objects.for_project(request.project).select_related("start_from"), pk=number)


def _solution(request: HttpRequest, number: int) -> Solution:
    rows = Solution.objects.for_project(request.project).select_related("run", "parent")
    return get_object_or_404(rows, pk=number)


@require_safe
def run(request: HttpRequest, number: int) -> HttpResponse:
    solving.sweep(project=request.project)
    row = _run(request, number)
    return parts.page(
        request,
        "run",
        title=str(row),
        run=row,
        curves=curve.of(row),
        solution=row.solutions.first(),
        by_rule=_broken(request.project, row.progress.get("by_rule", {})),
        may_edit=request.standing.may_edit,
    )


@require_safe
def run_progress(request: HttpRequest, number: int) -> HttpResponse:
    """The card of a run, asked for every two seconds; when the run is over the whole page is loaded anew."""
    row = _run(request, number)
    response = TemplateResponse(
        request,
        "scheduling/staff/run_card.html",
        {
            "run": row,
            "curves": curve.of(row),
            "by_rule": _broken(request.project, row.progress.get("by_rule", {})),
            "may_edit": request.standing.may_edit,
            "shows_rules": "rules" in request.GET,
        },
    )
    if not row.is_under_way:
        response["HX-Refresh"] = "true"
    return response


def _broken(project: Project, by_rule: dict[str, Any]) -> list[tuple[str, Any]]:
    """Rules in use that are broken somewhere, in words, the most often broken first.

    The solver counts all rules that it knows; those that the project does not use say nothing to its planner.
    """
    used = {code for code, setting in rules.settings_of(project).items() if setting.is_on}
    used |= rules.DEMANDS.keys()
    counted = [
        (rule_words(code), count)
        for code, count in by_rule.items()
        if count and code.removeprefix("wish_") in used
    ]
    return sorted(counted, key=lambda pair: -pair[1])


@require_POST
def cancel_run(request: HttpRequest, number: int) -> HttpResponse:
    row = _run(request, number)
    if not request.standing.may_edit:
        parts.refuse(request)
        return redirect("admin:run", number)
    solving.cancel_run(run=row)
    messages.info(request, _("The run is being stopped. Its best plan so far is kept."))
    return redirect("admin:run", number)


@require_POST
def replay_run(request: HttpRequest, number: int) -> HttpResponse:
    row = _run(request, number)
    if not request.standing.may_edit:
        parts.refuse(request)
        return redirect("admin:run", number)
    try:
        again = solving.request_run(
            project=request.project,
            by=request.user,
            seconds=row.seconds,
            steps=row.steps,
            seed=row.seed,
            workers=row.workers,
            start_from=row.start_from,
            replay_of=row,
        )
    except solving.CannotSolve as reason:
        messages.error(request, str(reason))
        return redirect("admin:run", number)
    return redirect("admin:run", again.pk)


class RuleLine(NamedTuple):
    """A rule in the table of a solution."""

    words: str
    level: str
    count: Any
    cost: int
    about: str
    least: int | None = None  # no plan costs less by this rule, as far as is proven


def _least(row: Solution, code: str) -> int | None:
    """What the search proved no whole plan to cost less than, by a rule or in all.

    A bound above what the plan costs is of rules that were changed since: it says nothing any more.
    """
    told = row.measures.get("datesheet", {})
    least = round(told.get("bounds", {}).get(code, 0))
    cost = row.cost if code == "all" else told.get("by_rule", {}).get(code, {}).get("cost", 0)
    return least if 0 < least <= round(cost) else None


@require_safe
def solution(request: HttpRequest, number: int) -> HttpResponse:
    row = _solution(request, number)
    lines = [
        RuleLine(
            rule_words(found["rule"]),
            found["level"],
            found["count"],
            row.by_rule.get(found["rule"], {}).get("cost", 0),
            found["message"],
            _least(row, found["rule"]),
        )
        for found in row.faults
    ]
    order = {"error": 0, "warning": 1, "info": 2, "skipped": 3}
    lines.sort(key=lambda line: (order.get(line.level, 9), -line.cost))
    return parts.page(
        request,
        "solution",
        title=str(row),
        solution=row,
        least=_least(row, "all"),
        shows_least=any(line.least is not None for line in lines),
        broken=[line for line in lines if line.level in {"error", "warning"}],
        kept=[line for line in lines if line.level == "info"],
        skipped=[line for line in lines if line.level == "skipped"],
        curves=curve.of(row.run) if row.run else [],
        placed=Placement.objects.filter(solution=row, period__isnull=False).count(),
        others=Solution.objects.for_project(request.project).exclude(pk=row.pk)[:20],
        may_edit=request.standing.may_edit,
        now=timezone.now(),
    )


@require_POST
def make_live(request: HttpRequest, number: int) -> HttpResponse:
    row = _solution(request, number)
    if not request.standing.may_edit:
        parts.refuse(request)
        return redirect("admin:solution", number)
    solving.make_live(solution=row, by=request.user)
    if row.hard:
        words = _(
            "%(plan)s is the live plan now, but breaks rules that must hold (%(hard)d faults): mend it."
        )
        messages.warning(request, words % {"plan": row, "hard": row.hard})
    else:
        messages.success(
            request, _("%s is the live plan now. Look through its datesheet, then publish.") % row
        )
    return redirect("admin:solution", number)


@require_safe
def compare(request: HttpRequest, number: int) -> HttpResponse:
    """Two solutions side by side: what each costs, and which exams lie elsewhere."""
    one = _solution(request, number)
    with_number = number_in(request.GET.get("with", ""))
    if with_number is None:
        return redirect("admin:solution", number)
    other = _solution(request, with_number)
    settings = rules.settings_of(request.project)
    codes = [
        code
        for code in dict.fromkeys([*one.by_rule, *other.by_rule])
        if rules.must_hold(code, settings)
        or one.by_rule.get(code, {}).get("cost")
        or other.by_rule.get(code, {}).get("cost")
    ]
    table = [(rule_words(code), one.by_rule.get(code, {}), other.by_rule.get(code, {})) for code in codes]
    table.sort(key=lambda line: -max(line[1].get("cost", 0), line[2].get("cost", 0)))
    places = Placement.objects.for_project(request.project)
    there = dict(places.filter(solution=other).values_list("sitting", "period"))
    moved = [
        (placement, there.get(placement.sitting_id))
        for placement in places.filter(solution=one)
        .select_related("sitting__exam", "period")
        .order_by(F("period__date"), "period__starts", "sitting__exam__code")
        if there.get(placement.sitting_id) != placement.period_id
    ]
    periods = {period.pk: period for period in Period.objects.for_project(request.project)}
    size = exams.count_candidates(project=request.project)
    return parts.page(
        request,
        "compare",
        title=_("%(one)s and %(other)s") % {"one": one, "other": other},
        one=one,
        other=other,
        table=table,
        moved=[
            (row.sitting, row.period, periods.get(pk), size.get(row.sitting.exam_id, 0)) for row, pk in moved
        ],
    )


@require_POST
def make_exams(request: HttpRequest) -> HttpResponse:
    if request.standing.may_edit:
        made = exams.make_exams(project=request.project)
        messages.success(request, _("%d exams were made. Look through their lengths.") % made)
    else:
        parts.refuse(request)
    return redirect("admin:scheduling_exam_changelist")
