"""The map of a room in a period: look at it, hold a candidate on a chair, put one on another chair."""

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from .. import seat_moves
from ..drafts import is_draft
from ..models import Period, Room, Seating, Solution
from ..seat_maps import Key, Place, SeatMap, rooms_in_use
from . import parts

CHAIR = re.compile(r"(\d{1,5})-(\d{1,5})-(\d{1,5})")


def _key(told: str) -> Key | None:
    found = CHAIR.fullmatch(told)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


@require_safe
def seat_map(request: HttpRequest, number: int, period: int, room: int) -> HttpResponse:
    solution, when, where = _asked(request, number, period, room)
    there = SeatMap(solution, when, where)
    key = _key(request.GET.get("seat", ""))
    chosen = there.places.get(key) if key else None
    used = rooms_in_use(solution)
    return parts.page(
        request,
        "seat_map",
        title=where.code,
        solution=solution,
        period=when,
        room=where,
        map=there,
        chosen=chosen,
        chairs_to_go_to=_to_go_to(there, chosen) if chosen else [],
        other_rooms=[use.room for use in used.get(when, ())],
        other_periods=[other for other, uses in used.items() if any(use.room == where for use in uses)],
        may_edit=request.standing.may_edit,
        writes_a_copy=not is_draft(solution),
    )


def _asked(request: HttpRequest, number: int, period: int, room: int) -> tuple[Solution, Period, Room]:
    project = request.project
    return (
        parts.solution_of(request, number),
        get_object_or_404(Period.objects.for_project(project), pk=period),
        get_object_or_404(Room.objects.for_project(project), pk=room),
    )


def _to_go_to(there: SeatMap, chosen: Place) -> list[tuple[Place, int]]:
    """Chairs for the chosen candidate, each with its neighbours of the same exam; free ones first."""
    if chosen.seating is None or chosen.exam is None:
        return []
    choices = [
        (place, there.touching(place.chair, chosen.exam.pk, but=chosen.seating))
        for place in there.places.values()
        if place.chair.is_usable and place != chosen
    ]
    return sorted(choices, key=lambda pair: (pair[0].seating is not None, pair[1], pair[0].chair.number))


def _seating(request: HttpRequest, number: int, seating: int) -> Seating:
    rows = Seating.objects.for_project(request.project).filter(solution=number)
    rows = rows.select_related(
        "project__institution", "solution__project", "student__project", "room", "placement__sitting__exam"
    )
    return get_object_or_404(rows, pk=seating)


@require_POST
def pin_seat(request: HttpRequest, number: int, seating: int) -> HttpResponse:
    row = _seating(request, number, seating)
    if not request.standing.may_edit:
        parts.refuse(request)
        return _back(row)
    try:
        if "unpin" in request.POST:
            seat_moves.unpin_seat(seating=row, by=request.user)
        else:
            seat_moves.pin_seat(seating=row, by=request.user)
    except seat_moves.CannotMove as reason:
        messages.error(request, str(reason))
    return _back(row)


@require_POST
def move_candidate(request: HttpRequest, number: int, seating: int) -> HttpResponse:
    row = _seating(request, number, seating)
    key = _key(request.POST.get("to", ""))
    if not request.standing.may_edit:
        parts.refuse(request)
        return _back(row)
    if key is None:
        messages.error(request, _("Choose a chair first."))
        return _back(row)
    try:
        moved = seat_moves.move(seating=row, room=row.room, key=key, by=request.user)
    except seat_moves.CannotMove as reason:
        messages.error(request, str(reason))
        return _back(row)
    if moved.solution_id != row.solution_id:
        messages.success(
            request, _("The change is kept in “%s”. Make it live when it is good.") % moved.solution
        )
    return _back(moved)


def _back(row: Seating) -> HttpResponse:
    address = reverse("admin:seat_map", args=[row.solution_id, row.period_id, row.room_id])
    return redirect(f"{address}?seat={row.row}-{row.column}-{row.side}")
