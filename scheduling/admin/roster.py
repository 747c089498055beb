"""The roster of a solution by person and by session; one post of it: hold it, give it to somebody else."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from projects.addresses import number as number_in
from projects.models import Project

from .. import duty_changes
from ..drafts import is_draft
from ..models import Department, Designation, Duty, DutyPin, Solution, Teacher
from ..rosters import PersonLine, Roster
from . import parts
from .duties_page import PART, may_staff

# A deviation within so many minutes is as near as whole duties come.
NEAR = 60


class PeopleFilter(forms.Form):
    q = forms.CharField(label=gettext_lazy("Name or staff number"), required=False)
    department = forms.ModelChoiceField(
        Department.objects.none(), required=False, empty_label=gettext_lazy("All departments")
    )
    designation = forms.ModelChoiceField(
        Designation.objects.none(), required=False, empty_label=gettext_lazy("All designations")
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.for_project(project)
        self.fields["designation"].queryset = Designation.objects.for_project(project)

    def wanted(self, people: list[PersonLine]) -> list[PersonLine]:
        if not self.is_valid():
            return people
        told = self.cleaned_data
        word = told["q"].casefold()
        return [
            line
            for line in people
            if word in f"{line.teacher.name} {line.teacher.staff_no}".casefold()
            and told["department"] in {None, line.teacher.department}
            and told["designation"] in {None, line.teacher.designation}
        ]


def _day_shown(asked: str, days: list[date], found: Roster) -> date | None:
    """One day at a time, for there may be thousands of posts; first the one where somebody is wanted."""
    named = [day for day in days if day.isoformat() == asked]
    wanted = [post.period.date for post in found.open]
    return next(iter([*named, *wanted, *days]), None)


@require_safe
def roster(request: HttpRequest, number: int) -> HttpResponse:
    solution = parts.solution_of(request, number)
    found = Roster(solution)
    by_session = request.GET.get("by") == "session"
    days = sorted({session.period.date for session in found.sessions})
    day = _day_shown(request.GET.get("day", ""), days, found)
    form = PeopleFilter(request.GET, project=request.project)
    people = [] if by_session else form.wanted(found.people)
    chosen = number_in(request.GET.get("teacher", ""))
    deviations = [abs(line.deviation) for line in found.people]
    return parts.page(
        request,
        "roster",
        title=_("Duty roster"),
        solution=solution,
        roster=found,
        by_session=by_session,
        days=days,
        day=day,
        sessions=[session for session in found.sessions if session.period.date == day],
        form=form,
        people=people,
        widest=max(deviations, default=0) or 1,
        largest=max(deviations, default=0),
        near=NEAR,
        chosen=get_object_or_404(Teacher.objects.for_project(request.project), pk=chosen) if chosen else None,
        chosen_posts=(own := found.of_teacher.get(chosen, []) if chosen else []),
        chosen_days=sorted({post.period.date for post in own}),
        solutions=Solution.objects.for_project(request.project)[:30],
        may_edit=may_staff(request.standing),
        **parts.told(solution, PART),
    )


@require_safe
def duty(request: HttpRequest, number: int, duty: int) -> HttpResponse:
    """One post: who has it, and who else could."""
    row = _duty(request, number, duty)
    return parts.page(
        request,
        "duty",
        title=str(row.get_role_display()).capitalize(),
        solution=row.solution,
        duty=row,
        is_pinned=DutyPin.objects.for_project(request.project)
        .filter(teacher=row.teacher_id, period=row.period_id)
        .exists(),
        choices=duty_changes.choices_for(row),
        near=NEAR,
        may_edit=may_staff(request.standing),
        writes_a_copy=not is_draft(row.solution),
    )


def _duty(request: HttpRequest, number: int, duty: int) -> Duty:
    rows = Duty.objects.for_project(request.project).filter(solution=number)
    rows = rows.select_related("project__institution", "solution__project", "period", "room", "teacher")
    return get_object_or_404(rows, pk=duty)


@require_POST
def pin_duty(request: HttpRequest, number: int, duty: int) -> HttpResponse:
    row = _duty(request, number, duty)
    if not may_staff(request.standing):
        parts.refuse(request)
        return redirect("admin:duty", number, row.pk)
    try:
        if "unpin" in request.POST:
            duty_changes.unpin_duty(duty=row, by=request.user)
        else:
            duty_changes.pin_duty(duty=row, by=request.user)
    except duty_changes.CannotGive as reason:
        messages.error(request, str(reason))
    return redirect("admin:duty", number, row.pk)


@require_POST
def give_duty(request: HttpRequest, number: int, duty: int) -> HttpResponse:
    row = _duty(request, number, duty)
    told = request.POST.get("teacher", "")
    if not may_staff(request.standing):
        parts.refuse(request)
        return redirect("admin:duty", number, row.pk)
    teacher = None
    if told:
        teachers = Teacher.objects.for_project(request.project)
        teacher = get_object_or_404(teachers, pk=number_in(told))
    try:
        given = duty_changes.give(duty=row, teacher=teacher, by=request.user)
    except duty_changes.CannotGive as reason:
        messages.error(request, str(reason))
        return redirect("admin:duty", number, row.pk)
    if given.solution_id != row.solution_id:
        messages.success(
            request, _("The change is kept in “%s”. Make it live when it is good.") % given.solution
        )
    return redirect("admin:duty", given.solution_id, given.pk)


@require_POST
def stand_in(request: HttpRequest, number: int) -> HttpResponse:
    """A teacher is ill: the duties of a day, or all of them, go to the nearest others."""
    solution = parts.solution_of(request, number)
    teachers = Teacher.objects.for_project(request.project)
    teacher = get_object_or_404(teachers, pk=number_in(request.POST.get("teacher", "")))
    if not may_staff(request.standing):
        parts.refuse(request)
        return redirect("admin:roster", number)
    from .. import standing_in  # compiled code, which the other pages do without

    on = parse_date(request.POST.get("on", "")) if request.POST.get("on") else None
    try:
        done = standing_in.replace(solution=solution, teacher=teacher, on=on)
    except (standing_in.CannotStandIn, ValueError) as reason:
        messages.error(request, str(reason))
        return redirect("admin:roster", number)
    return _tell(request, done)


@require_POST
def decline_duty(request: HttpRequest, number: int, duty: int) -> HttpResponse:
    """The post goes to the nearest other teacher."""
    row = _duty(request, number, duty)
    if not may_staff(request.standing):
        parts.refuse(request)
        return redirect("admin:duty", number, row.pk)
    from .. import standing_in

    try:
        done = standing_in.decline(duty=row)
    except (standing_in.CannotStandIn, ValueError) as reason:
        messages.error(request, str(reason))
        return redirect("admin:duty", number, row.pk)
    return _tell(request, done)


def _tell(request: HttpRequest, done: Any) -> HttpResponse:
    """Each duty that changed hands, by name; and what stays open, with the reason."""
    changes = [
        _("%(duty)s: %(now)s instead of %(before)s")
        % {"duty": row.duty, "now": row.now or _("open"), "before": row.before or _("nobody")}
        for row in done.touched
    ]
    words = _("In “%(solution)s” these duties changed hands: %(changes)s. Make it live when it is good.")
    messages.success(request, words % {"solution": done.solution, "changes": "; ".join(changes)})
    for reason in done.reasons:
        messages.warning(request, reason)
    return redirect("admin:roster", done.solution.pk)
