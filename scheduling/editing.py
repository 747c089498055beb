"""A planner's change by hand. A pin holds an exam where it is, in every run from now on."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history
from projects.models import Project

from .models import Exam, FixedPlacement, Placement, Solution


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
