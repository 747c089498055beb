"""The datesheet of a solution as a grid of days and periods, with one exam looked at closely beside it."""

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from projects.addresses import number as number_in
from projects.models import Project

from .. import editing, exams
from ..drafts import is_draft
from ..models import (
    Course,
    Department,
    Exam,
    FixedPlacement,
    Period,
    Placement,
    Programme,
    Registration,
    Room,
    RoomShare,
    Sitting,
    Solution,
    Teaches,
)
from ..move_prices import Moves, Price
from ..rules import rule_words
from . import parts

# Rooms of a sitting that its entry names.
ROOMS_SHOWN = 3


class Entry(NamedTuple):
    """A sitting in its cell of the grid."""

    placement: Placement
    exam: Exam
    label: str
    candidates: int
    # All with their candidates, the fullest first; and some, by name. Said here, not by the template: a grid
    # may have thousands of entries.
    rooms: str
    first_rooms: str
    is_pinned: bool
    is_chosen: bool


class Cell(NamedTuple):
    period: Period
    entries: list[Entry]
    candidates: int
    price: Price | None = None  # what it would cost to move the chosen sitting here


class Day(NamedTuple):
    date: date
    cells: list[Cell | None]  # one for each column; None: no such period on this day


class FilterForm(forms.Form):
    """What the grid shows; empty: everything."""

    q = forms.CharField(label=gettext_lazy("Code or title"), required=False)
    programme = forms.ModelChoiceField(Programme.objects.none(), required=False)
    department = forms.ModelChoiceField(Department.objects.none(), required=False)
    room = forms.ModelChoiceField(Room.objects.none(), required=False)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, model, words in (
            ("programme", Programme, gettext_lazy("All programmes")),
            ("department", Department, gettext_lazy("All departments")),
            ("room", Room, gettext_lazy("All rooms")),
        ):
            self.fields[name].queryset = model.objects.for_project(project)
            self.fields[name].empty_label = words


@require_safe
def live_datesheet(request: HttpRequest) -> HttpResponse:
    """The live plan's datesheet; before there is one, the newest."""
    rows = Solution.objects.for_project(request.project)
    solution = rows.live().first() or rows.first()
    if solution is None:
        messages.info(request, _("There is no datesheet yet: start a run."))
        return redirect("admin:solve")
    return redirect("admin:datesheet", solution.pk)


@require_safe
def datesheet(request: HttpRequest, number: int) -> HttpResponse:
    solution = get_object_or_404(Solution.objects.for_project(request.project), pk=number)
    form = FilterForm(request.GET, project=request.project)
    placements = _wanted(_placements(solution), form)
    chosen_pk = number_in(request.GET.get("exam", ""))
    entries = _entries(solution, placements, chosen_pk)
    periods = list(Period.objects.for_project(request.project).order_by("date", "starts"))
    moving = _moving(request, solution, chosen_pk)
    columns, days = _grid(periods, entries, moving["prices"] if moving else {})
    context = {
        **admin.site.each_context(request),
        "title": _("Datesheet"),
        "solution": solution,
        "form": form,
        "is_filtered": any(form.cleaned_data.values()) if form.is_valid() else False,
        "columns": columns,
        "days": days,
        "left_out": entries[None],
        "shown": sum(len(found) for found in entries.values()),
        "solutions": Solution.objects.for_project(request.project)[:30],
        "findings": [
            {**found, "words": rule_words(found["rule"])}
            for level in ("error", "warning")
            for found in solution.faults
            if found["level"] == level
        ],
        "may_edit": request.standing.may_edit,
        **(_closely(request, solution, chosen_pk) if chosen_pk else {}),
        "moving": moving,
    }
    return TemplateResponse(request, "scheduling/staff/datesheet.html", context)


def _moving(request: HttpRequest, solution: Solution, chosen: int | None) -> dict[str, Any] | None:
    """For ?exam=…&move=…: the sitting that is to be moved, and what each period would cost."""
    asked = number_in(request.GET.get("move", ""))
    if asked is None or chosen is None or not request.standing.may_edit:
        return None
    sittings = Sitting.objects.for_project(request.project).filter(exam=chosen).select_related("exam")
    sitting = get_object_or_404(sittings, pk=asked)
    try:
        prices = Moves(solution).prices(sitting)
    except ValueError as reason:
        messages.error(request, str(reason))
        return None
    others = _placements(solution).filter(period__isnull=False).exclude(sitting=sitting)
    return {
        "sitting": sitting,
        "prices": {price.period.pk: price for price in prices},
        "others": others,
        "writes_a_copy": not is_draft(solution),
    }


def _placements(solution: Solution) -> Any:
    return (
        Placement.objects.for_project(solution.project)
        .filter(solution=solution)
        .select_related("sitting__exam")
        .prefetch_related("period")
        .order_by("sitting__exam__code", "sitting__number")
    )


def _wanted(placements: Any, form: FilterForm) -> Any:
    if not form.is_valid():
        return placements
    told = form.cleaned_data
    if told["q"]:
        by_code = placements.filter(sitting__exam__code__icontains=told["q"])
        placements = by_code | placements.filter(sitting__exam__title__icontains=told["q"])
    if told["programme"]:
        courses = Registration.objects.filter(
            project=told["programme"].project, student__programme=told["programme"]
        ).values("course")
        placements = placements.filter(sitting__exam__in=_exams_of(courses, told["programme"].project))
    if told["department"]:
        courses = Course.objects.filter(department=told["department"]).values("pk")
        placements = placements.filter(sitting__exam__in=_exams_of(courses, told["department"].project))
    if told["room"]:
        placements = placements.filter(pk__in=RoomShare.objects.filter(room=told["room"]).values("placement"))
    return placements


def _exams_of(courses: Any, project: Project) -> Any:
    return Exam.objects.for_project(project).filter(exam_courses__course__in=courses).values("pk")


def _entries(solution: Solution, placements: Any, chosen: int | None) -> dict[int | None, list[Entry]]:
    """period → its entries; None holds the sittings without a period."""
    shares: dict[int, list[tuple[str, int]]] = defaultdict(list)
    of_solution = RoomShare.objects.for_project(solution.project).filter(placement__solution=solution)
    for placement, code, candidates in of_solution.order_by("-candidates", "room__code").values_list(
        "placement", "room__code", "candidates"
    ):
        shares[placement].append((code, candidates))
    sizes = exams.count_candidates(project=solution.project)
    pinned = {
        (row.exam_id, row.sitting_number)
        for row in FixedPlacement.objects.for_project(solution.project).filter(room=None)
    }
    found: dict[int | None, list[Entry]] = defaultdict(list)
    for row in placements:
        exam, rooms = row.sitting.exam, shares[row.pk]
        label = f"{exam.code} ({row.sitting.number})" if exam.batch_size else exam.code
        candidates = sum(count for _code, count in rooms) or sizes.get(exam.pk, 0)
        is_pinned = (exam.pk, row.sitting.number) in pinned
        all_rooms = ", ".join(f"{code} {count}" for code, count in rooms)
        first = ", ".join(code for code, _count in rooms[:ROOMS_SHOWN])
        if len(rooms) > ROOMS_SHOWN:
            first += f" +{len(rooms) - ROOMS_SHOWN}"
        found[row.period_id].append(
            Entry(row, exam, label, candidates, all_rooms, first, is_pinned, exam.pk == chosen)
        )
    return found


def _grid(
    periods: list[Period], entries: dict[int | None, list[Entry]], prices: dict[int, Price]
) -> tuple[list[str], list[Day]]:
    """Columns are the periods' names, or their starts where they have none, in order of time."""
    earliest: dict[str, Any] = {}
    for period in periods:
        name = _column(period)
        earliest[name] = min(earliest.get(name, period.starts), period.starts)
    columns = sorted(earliest, key=lambda name: earliest[name])
    days: dict[date, dict[str, Cell]] = defaultdict(dict)
    for period in periods:
        there = entries.get(period.pk, [])
        days[period.date][_column(period)] = Cell(
            period, there, sum(entry.candidates for entry in there), prices.get(period.pk)
        )
    return columns, [Day(day, [cells.get(name) for name in columns]) for day, cells in days.items()]


def _column(period: Period) -> str:
    return period.label or f"{period.starts:%H:%M}"


def _closely(request: HttpRequest, solution: Solution, exam_pk: int) -> dict[str, Any]:
    exam = get_object_or_404(Exam.objects.for_project(request.project), pk=exam_pk)
    placements = _placements(solution).filter(sitting__exam=exam).prefetch_related("shares__room")
    courses = Course.objects.for_project(request.project).filter(exam_courses__exam=exam)
    fixed = FixedPlacement.objects.for_project(request.project).filter(exam=exam, room=None)
    return {
        "exam": exam,
        "exam_candidates": exams.count_candidates(project=request.project).get(exam.pk, 0),
        "exam_placements": placements,
        "exam_courses": courses,
        "exam_teachers": Teaches.objects.for_project(request.project)
        .filter(course__in=courses)
        .select_related("teacher"),
        "exam_fixed": fixed.select_related("period"),
        "exam_is_pinned": fixed.filter(origin=FixedPlacement.Origin.PINNED).exists(),
        "exam_is_uploaded": fixed.filter(origin=FixedPlacement.Origin.UPLOADED).exists(),
    }


@require_safe
def exam_beside(request: HttpRequest, number: int, exam: int) -> HttpResponse:
    """One exam of the datesheet, for the panel beside the grid."""
    solution = get_object_or_404(Solution.objects.for_project(request.project), pk=number)
    context = {
        "solution": solution,
        "may_edit": request.standing.may_edit,
        **_closely(request, solution, exam),
    }
    return TemplateResponse(request, "scheduling/staff/exam_beside.html", context)


@require_POST
def pin_exam(request: HttpRequest, number: int, exam: int) -> HttpResponse:
    """Pin the exam at its place, or take its pin out; then back to the datesheet as it was filtered."""
    solution = get_object_or_404(Solution.objects.for_project(request.project), pk=number)
    row = get_object_or_404(Exam.objects.for_project(request.project), pk=exam)
    if not request.standing.may_edit:
        parts.refuse(request)
    else:
        try:
            if "unpin" in request.POST:
                editing.unpin(solution=solution, exam=row, by=request.user)
            else:
                editing.pin(solution=solution, exam=row, by=request.user)
        except editing.CannotEdit as reason:
            messages.error(request, str(reason))
    back = redirect("admin:datesheet", number)
    back["Location"] += f"?exam={row.pk}"
    return back


@require_POST
def move_exam(request: HttpRequest, number: int, exam: int) -> HttpResponse:
    """Move one sitting of the exam to a period, or let it change places with another; in a draft."""
    solution = get_object_or_404(
        Solution.objects.for_project(request.project).select_related("project__institution", "parent"),
        pk=number,
    )
    sittings = Sitting.objects.for_project(request.project).select_related("exam")
    row = get_object_or_404(sittings.filter(exam=exam), pk=number_in(request.POST.get("sitting", "")))
    moved = None
    if not request.standing.may_edit:
        parts.refuse(request)
    else:
        try:
            if "period" in request.POST:
                periods = Period.objects.for_project(request.project)
                period = get_object_or_404(periods, pk=number_in(request.POST["period"]))
                moved = editing.move(solution=solution, sitting=row, period=period, by=request.user)
            else:
                other = sittings.filter(pk=number_in(request.POST.get("with", ""))).first()
                moved = editing.swap(solution=solution, one=row, other=other, by=request.user)
        except (editing.CannotEdit, ValueError) as reason:
            messages.error(request, str(reason))
    if moved is not None:
        _tell(request, moved, solution)
    back = redirect("admin:datesheet", moved.solution.pk if moved else number)
    back["Location"] += f"?exam={row.exam_id}"
    return back


def _tell(request: HttpRequest, moved: editing.Moved, before: Solution) -> None:
    if moved.solution.pk != before.pk:
        messages.success(
            request, _("The change is kept in “%s”. Make it live when it is good.") % moved.solution
        )
    if moved.unseated:
        messages.warning(
            request,
            _("%d candidates have no seat now: seat them on the page of its rooms.") % moved.unseated,
        )
