"""The stage of rooms and seats: how candidates are to sit, what does not fit, the run that seats them."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from projects.admin import ProjectScopedForm

from ..models import Period, Room, Run, Seating, SeatingPolicy, SeatPin, Solution
from ..seat_maps import changed_seats, policy_of, rooms_in_use
from . import parts

if TYPE_CHECKING:
    from ..reseating import Reseated

PART = Run.Part.SEATS
# So many changed seats are listed on a page.
SHOWN = 500
MOST_FOUND = 60
# So many candidates without a seat are named in a message.
NAMED = 10


class PolicyForm(ProjectScopedForm):
    class Meta:
        model = SeatingPolicy
        fields = ["neighbours", "metres", "order", "spare_seats", "spare_percent"]
        widgets = {"neighbours": forms.RadioSelect, "order": forms.RadioSelect}


def seats(request: HttpRequest) -> HttpResponse:
    may_edit = request.standing.may_edit
    solution = parts.shown_solution(request)
    policy = SeatingPolicy.objects.for_project(request.project).first() or SeatingPolicy(
        project=request.project, institution=request.institution
    )
    form = PolicyForm(request.POST or None, instance=policy)
    rule_forms = parts.rule_forms(request, PART, may_edit=may_edit)
    if request.method == "POST" and may_edit:
        if form.is_valid() and all(rule.is_valid() for rule in rule_forms):
            form.save()
            parts.save_rules(request.project, rule_forms)
            messages.success(request, _("The policy is kept. The next seats go by it."))
            return redirect("admin:seats")
    elif not may_edit:
        for field in form.fields.values():
            field.disabled = True
    return parts.page(
        request,
        "seats",
        title=_("Rooms and seats"),
        solution=solution,
        form=form,
        rule_forms=rule_forms,
        start_form=parts.StartForm(),
        pins=SeatPin.objects.for_project(request.project).count(),
        is_seated=solution is not None and PART in solution.measures,
        solutions=Solution.objects.for_project(request.project)[:20],
        may_edit=may_edit,
        **parts.told(solution, PART),
        **parts.run_under_way(request.project),
    )


@require_safe
def what_fits(request: HttpRequest) -> HttpResponse:
    """What is known not to fit before a run starts. Asked for by the page itself: it may take seconds."""
    from ..adapter import seats as adapter  # arrays, which the other pages do without

    solution = parts.shown_solution(request)
    reasons: list[Any] = adapter.season_of(solution).why_not if solution else []
    return parts.page(request, "seats_fit", solution=solution, reasons=reasons, title=_("What fits"))


@require_POST
def start_seats(request: HttpRequest) -> HttpResponse:
    solution = parts.shown_solution(request)
    if not request.standing.may_edit:
        parts.refuse(request)
        return redirect("admin:seats")
    return parts.start(request, PART, solution, "admin:seats")


@require_safe
def rooms_seated(request: HttpRequest, number: int) -> HttpResponse:
    """Every room of every period of a solution, with the way to its map."""
    solution = parts.solution_of(request, number)
    word = request.GET.get("q", "").strip()[:60]
    return parts.page(
        request,
        "rooms_seated",
        q=word,
        found=_seats_of(solution, word) if word else [],
        title=_("Rooms and seats"),
        solution=solution,
        periods=rooms_in_use(solution),
        policy=policy_of(solution),
        may_edit=request.standing.may_edit,
        solutions=Solution.objects.for_project(request.project)[:30],
        **parts.told(solution, PART),
    )


def _seats_of(solution: Solution, word: str) -> Any:
    """Seats of the candidates with that in their roll number or name, in order of roll number and time."""
    rows = Seating.objects.for_project(solution.project).filter(solution=solution)
    named = Q(student__roll_no__icontains=word) | Q(student__name__icontains=word)
    rows = rows.filter(named).select_related("student", "period", "room", "placement__sitting__exam")
    return rows.order_by("student__roll_no", "period__date", "period__starts")[:MOST_FOUND]


@require_safe
def seat_changes(request: HttpRequest, number: int) -> HttpResponse:
    """Who sits elsewhere than in the solution that this one was made from."""
    solution = parts.solution_of(request, number)
    changed = changed_seats(solution, solution.parent) if solution.parent else []
    return parts.page(
        request,
        "seat_changes",
        title=_("Changed seats"),
        solution=solution,
        changed=changed[:SHOWN],
        count=len(changed),
    )


@require_POST
def seat_late(request: HttpRequest, number: int) -> HttpResponse:
    """Candidates without a chair get one; nobody else moves."""
    solution = parts.solution_of(request, number)
    if not request.standing.may_edit:
        parts.refuse(request)
        return redirect("admin:rooms_seated", number)
    from .. import reseating  # compiled code, which the other pages do without

    try:
        done = reseating.seat_late(solution=solution)
    except (reseating.CannotReseat, ValueError) as reason:
        messages.error(request, str(reason))
        return redirect("admin:rooms_seated", number)
    return told_of(request, done)


@require_POST
def lose_room(request: HttpRequest, number: int, period: int, room: int) -> HttpResponse:
    """Those of a room are seated elsewhere: in this period, or in all of them."""
    solution = parts.solution_of(request, number)
    lost = get_object_or_404(Room.objects.for_project(request.project), pk=room)
    when = get_object_or_404(Period.objects.for_project(request.project), pk=period)
    if not request.standing.may_edit:
        parts.refuse(request)
        return redirect("admin:seat_map", number, period, room)
    from .. import reseating

    try:
        done = reseating.lose_room(
            solution=solution,
            room=lost,
            periods=None if "all" in request.POST else [when],
            because=request.POST.get("because", ""),
        )
    except (reseating.CannotReseat, ValueError) as reason:
        messages.error(request, str(reason))
        return redirect("admin:seat_map", number, period, room)
    return told_of(request, done)


def told_of(request: HttpRequest, done: "Reseated") -> HttpResponse:
    """How many sit elsewhere; by name who has no seat, with the reason and what would help."""
    short = done.without_seat
    if moved := len(done.touched) - len(short):
        words = ngettext(
            "%(n)d candidate has another seat, in “%(solution)s”.",
            "%(n)d candidates have other seats, in “%(solution)s”.",
            moved,
        )
        messages.success(request, words % {"n": moved, "solution": done.solution})
    if short:
        names = [f"{row.name} ({row.roll_no})" for row in short[:NAMED]]
        names += [_("and %d more") % (len(short) - NAMED)] if len(short) > NAMED else []
        words = ngettext(
            "%(n)d candidate has no seat in “%(solution)s”: %(names)s.",
            "%(n)d candidates have no seat in “%(solution)s”: %(names)s.",
            len(short),
        )
        told = {"n": len(short), "solution": done.solution, "names": ", ".join(names)}
        messages.error(request, words % told)
    if done.duties:
        gone = _("%(before)s has no duty then any more")
        changes = [f"{row.duty}: {row.now or gone % {'before': row.before}}" for row in done.duties]
        words = _("The duties followed the rooms: %(changes)s.")
        messages.success(request, words % {"changes": "; ".join(changes)})
    for reason in done.reasons:
        messages.warning(request, reason)
    if not short:
        messages.info(request, _("Make it live when it is good."))
    return redirect("admin:seat_changes", done.solution.pk)
