"""The stage of duties: how rooms are staffed, the run that fills the posts, what came out."""

from typing import NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from projects.access import CLERKS, Standing
from projects.admin import ProjectScopedForm
from projects.models import Project

from ..models import DutyPin, DutyPolicy, Exemption, Room, Run, Solution, StaffingStep
from ..posts import needed_in, policy_of, steps_of
from . import parts

PART = Run.Part.DUTIES
# Room sizes for which the page says how many invigilators the steps ask for.
EXAMPLES = (10, 30, 31, 60, 100, 200)


class DutyPolicyForm(ProjectScopedForm):
    class Meta:
        model = DutyPolicy
        fields = [
            "least_per_room",
            "rooms_per_reserve",
            "rooms_per_superintendent",
            "senior_rank",
            "gap_minutes",
            "same_day",
            "report_before",
        ]


class Example(NamedTuple):
    candidates: int
    invigilators: int


def may_staff(standing: Standing) -> bool:
    """Planners, and those who keep the duties."""
    return standing.project_role in CLERKS and not (standing.project and standing.project.is_archived)


def duties(request: HttpRequest) -> HttpResponse:
    may_edit = may_staff(request.standing)
    solution = parts.shown_solution(request)
    policy = DutyPolicy.objects.for_project(request.project).first() or DutyPolicy(
        project=request.project, institution=request.institution
    )
    form = DutyPolicyForm(request.POST or None, instance=policy)
    rule_forms = parts.rule_forms(request, PART, may_edit=may_edit)
    if request.method == "POST" and may_edit:
        if form.is_valid() and all(rule.is_valid() for rule in rule_forms):
            form.save()
            parts.save_rules(request.project, rule_forms)
            messages.success(request, _("The policy is kept. The next duties go by it."))
            return redirect("admin:duties")
    elif not may_edit:
        for field in form.fields.values():
            field.disabled = True
    steps = StaffingStep.objects.for_project(request.project)
    return parts.page(
        request,
        "duties",
        title=_("Duties"),
        solution=solution,
        form=form,
        rule_forms=rule_forms,
        start_form=parts.StartForm(),
        steps=steps,
        examples=_examples(request.project),
        pins=DutyPin.objects.for_project(request.project).count(),
        exemptions=Exemption.objects.for_project(request.project).count(),
        has_duties=solution is not None and PART in solution.measures,
        solutions=Solution.objects.for_project(request.project)[:20],
        may_edit=may_edit,
        **parts.told(solution, PART),
        **parts.run_under_way(request.project),
    )


def _examples(project: Project) -> list[Example]:
    policy, steps = policy_of(project), steps_of(project)
    return [Example(size, needed_in(Room(), size, policy, steps)) for size in EXAMPLES]


@require_POST
def start_duties(request: HttpRequest) -> HttpResponse:
    solution = parts.shown_solution(request)
    if not may_staff(request.standing):
        parts.refuse(request)
        return redirect("admin:duties")
    return parts.start(request, PART, solution, "admin:duties")
