"""A planner's change by hand. A pin holds an exam where it is, in every run from now on.

A move goes into a draft of the plan: what others rely on stays until that draft is live.
"""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history
from projects.models import Project

from . import versions
from .drafts import draft_of
from .models import Exam, FixedPlacement, Period, Placement, RoomShare, Sitting, Solution
from .move_prices import Moves
from .recounting import recount_if_quick, recount_soon
from .solver.timetable.problem import Plan


class CannotEdit(Exception):
    """Why the plan cannot be changed so, in words for the planner."""


@transaction.atomic
def pin(*, solution: Solution, exam: Exam, by: User) -> int:
    """Hold every sitting of the exam in its period of the solution; return how many were pinned.

    A period that was uploaded for the exam stays as it was uploaded: it holds the exam already.
    """
    _refuse_archived(solution.project)
    placements = Placement.objects.for_project(solution.project).filter(solution=solution, sitting__exam=exam)
    placed = [row for row in placements.select_related("sitting", "period") if row.period_id]
    if not placed:
        raise CannotEdit(_("%s has no period in this solution: there is nothing to hold.") % exam.code)
    held = set(
        FixedPlacement.objects.for_project(exam.project)
        .filter(exam=exam, room=None, origin=FixedPlacement.Origin.UPLOADED)
        .values_list("sitting_number", flat=True)
    )
    pinned = 0
    for row in placed:
        if row.sitting.number in held:
            continue
        with history.acting(by=by):
            FixedPlacement.objects.update_or_create(
                project=exam.project,
                exam=exam,
                sitting_number=row.sitting.number,
                room=None,
                defaults={"period": row.period, "date": None, "origin": FixedPlacement.Origin.PINNED},
            )
        pinned += 1
    if not pinned:
        raise CannotEdit(_("%s is fixed by an uploaded sheet already.") % exam.code)
    return pinned


@transaction.atomic
def unpin(*, solution: Solution, exam: Exam, by: User) -> int:
    """Let the solver move the exam again; return how many pins were taken out. Uploaded dates stay."""
    _refuse_archived(solution.project)
    pins = FixedPlacement.objects.for_project(exam.project).filter(
        exam=exam, room=None, origin=FixedPlacement.Origin.PINNED
    )
    with history.acting(by=by):
        taken_out, _each = pins.delete()
    if not taken_out:
        raise CannotEdit(
            _("%s is not pinned. A date that was uploaded is changed in the fixed placements.") % exam.code
        )
    return taken_out


def _refuse_archived(project: Project) -> None:
    if project.is_archived:
        raise CannotEdit(_("This project is archived. Bring it back before you change it."))


class Moved(NamedTuple):
    """solution: the draft with the change. unseated: candidates whose chairs went with the old period."""

    solution: Solution
    unseated: int


def move(*, solution: Solution, sitting: Sitting, period: Period, by: User) -> Moved:
    """Hold the sitting in that period, in rooms that are free there; nothing else moves."""
    return _replace(solution, by, {sitting: period})


def swap(*, solution: Solution, one: Sitting, other: Sitting | None, by: User) -> Moved:
    """Two sittings in each other's periods."""
    if other is None:
        raise CannotEdit(_("Choose the exam to change places with."))
    places = dict(
        Placement.objects.filter(solution=solution, sitting__in=[one, other], period__isnull=False)
        .select_related("period")
        .values_list("sitting", "period")
    )
    if len(places) < 2:
        raise CannotEdit(_("Both exams need a period to change places."))
    if places[one.pk] == places[other.pk]:
        raise CannotEdit(_("Both exams are in that period already."))
    periods = Period.objects.for_project(solution.project).in_bulk(places.values())
    return _replace(solution, by, {one: periods[places[other.pk]], other: periods[places[one.pk]]})


def _replace(solution: Solution, by: User, moves: dict[Sitting, Period]) -> Moved:
    _refuse_archived(solution.project)
    for sitting in moves:
        _refuse_held(solution, sitting)

    def compute() -> tuple[Moves, Plan]:
        seen = Moves(solution)
        place = {row.pk: number for number, row in enumerate(seen.season.periods)}
        numbers = {seen.number_of(sitting): place[period.pk] for sitting, period in moves.items()}
        if all(int(seen.plan.period[number]) == there for number, there in numbers.items()):
            raise CannotEdit(_("It is in that period already."))
        return seen, seen.moved(*numbers.items())

    def write(held: Solution, found: tuple[Moves, Plan]) -> Moved:
        draft, gone = draft_of(held), 0
        for sitting, period in moves.items():
            row = Placement.objects.get(solution=draft, sitting=sitting)
            row.shares.all().delete()
            gone += row.seatings.all().delete()[0]
            Placement.objects.filter(pk=row.pk).update(period=period)
            _write_rooms(row, *found, found[0].number_of(sitting))
        recount_soon(draft)
        return Moved(draft, gone)

    moved = versions.write_unchanged(of=solution, compute=compute, write=write, refused=CannotEdit)
    recount_if_quick(moved.solution)
    return moved


def _refuse_held(solution: Solution, sitting: Sitting) -> None:
    held = FixedPlacement.objects.for_project(solution.project).filter(
        exam=sitting.exam, sitting_number=sitting.number, room=None
    )
    if held.filter(origin=FixedPlacement.Origin.PINNED).exists():
        raise CannotEdit(_("%s is pinned: take the pin out first.") % sitting.exam.code)


def _write_rooms(row: Placement, seen: Moves, plan: Plan, number: int) -> None:
    problem, season = seen.problem, seen.season
    RoomShare.objects.bulk_create(
        RoomShare(
            institution_id=row.institution_id,
            project_id=row.project_id,
            placement=row,
            room=season.rooms[room],
            group_id=season.part_groups[part],
            candidates=seats,
        )
        for part, room, seats in zip(plan.part.tolist(), plan.room.tolist(), plan.seats.tolist(), strict=True)
        if problem.part_exam[part] == number
    )
