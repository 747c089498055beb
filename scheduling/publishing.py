"""Show a plan to the public, and take it back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from projects import people
from projects.models import Project, Stage

from . import recounting, slips
from .documents.tables import SittingRow, SolutionRows, rows_of
from .models import Publication, Solution


class NotReady(Exception):
    """Why the plan cannot be published yet, in words for the planner."""


def publish(
    *,
    project: Project,
    kind: Publication.Kind | str,
    by: User | None = None,
    solution: Solution | None = None,
    notice: str = "",
    shows_rooms: bool = True,
) -> Publication:
    """Show the live solution (or this one) in place of what is shown now.

    A draft may still have faults, for people to object to; what is final may not. With the final one each
    candidate gets a slip. Rooms and seats are shown to the public only if `shows_rooms`.
    """
    kind = Publication.Kind(kind)
    shown = solution or Solution.objects.for_project(project).live().first()
    _refuse_unready(project, shown)
    if kind == Publication.Kind.FINAL:
        _refuse_faults(shown)
    seen = _as_it_stands(shown)
    rows = rows_of(shown)
    table = _table(rows.placed, with_rooms=shows_rooms)
    made_out = slips.make_out(solution=shown, rows=rows) if kind == Publication.Kind.FINAL else None
    busy = people.prepare_busy_times(institution=project.institution, rows=_busy_times(project, rows))
    # All that takes long is done: on SQLite nobody else writes until the end of this transaction.
    with transaction.atomic():
        project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        # None may slip in between the count and the rows that are shown.
        is_unchanged = Solution.objects.filter(pk=shown.pk, changes=shown.changes).exists()
        if project.is_archived or not is_unchanged or _as_it_stands(shown) != seen:
            raise NotReady(
                _("Somebody changed or published the plan meanwhile. Look at it and publish again.")
            )
        Publication.objects.for_project(project).current().update(
            withdrawn_at=timezone.now(), withdrawn_because=_("A newer version was published.")
        )
        last = Publication.objects.for_project(project).aggregate(last=Max("version"))["last"] or 0
        publication = Publication.objects.create(
            project=project,
            solution=shown,
            kind=kind,
            version=last + 1,
            notice=notice,
            published_by=by,
            shows_rooms=shows_rooms,
            table=table,
        )
        if made_out is not None:
            slips.hand_out(made_out, project=project)
        people.write_busy_times(institution=project.institution, source=_source(project), prepared=busy)
        Project.objects.filter(pk=project.pk).update(stage=Stage.PUBLISHED)
    return publication


@transaction.atomic
def withdraw(*, publication: Publication, because: str) -> None:
    """Take back what is shown. The reason is kept, and shown to the public in its place."""
    if not because.strip():
        raise NotReady(_("Say why the datesheet is taken back: the public reads it."))
    project = Project.objects.select_for_update(no_key=True).get(pk=publication.project_id)
    shown = Publication.objects.for_project(project).current().filter(pk=publication.pk)
    if not shown.update(withdrawn_at=timezone.now(), withdrawn_because=because):
        raise NotReady(_("That version is not shown any more. Look at the page of publications again."))
    people.replace_busy_times(institution=project.institution, source=_source(project), rows=[])
    Project.objects.filter(pk=project.pk).update(stage=publication.solution.stage)


def _refuse_unready(project: Project, solution: Solution | None) -> None:
    if project.is_archived:
        raise NotReady(_("This project is archived. Bring it back before you publish."))
    if solution is None:
        raise NotReady(_("No solution is live yet. Look at the solutions and make one live."))
    if solution.project_id != project.pk:
        raise NotReady(_("That solution is not of this project."))


def _refuse_faults(solution: Solution) -> None:
    """Counted now: rules, rooms and candidates may have changed since the plan was counted."""
    recounting.recount(solution)
    if solution.hard:
        raise NotReady(
            _("The live solution breaks rules that must hold (%d faults). Mend it, or publish it as a draft.")
            % solution.hard
        )


def _as_it_stands(solution: Solution) -> tuple[Any, ...]:
    """What changes when somebody changes the plan, makes another one live, or publishes."""
    versions = Publication.objects.for_project(solution.project).values_list("version", flat=True)
    plan = Solution.objects.filter(pk=solution.pk).values_list(
        "is_live", "hard", "cost", "measures", "findings"
    )
    return (list(versions), *plan)


def _table(sittings: Iterable[SittingRow], *, with_rooms: bool) -> list[dict[str, Any]]:
    """The datesheet as the public sees it, in order of time."""
    return [
        {
            "date": row.period.date.isoformat(),
            "starts": f"{row.period.starts:%H:%M}",
            "ends": f"{row.ends_at():%H:%M}",
            "period": row.period.name,
            "code": row.code if row.sittings == 1 else f"{row.code} ({row.number})",
            "title": row.title,
            "courses": list(row.courses),
            "programmes": row.programmes,
            "rooms": [room.code for room, _candidates in row.rooms] if with_rooms else [],
        }
        for row in sittings
        if row.period
    ]


def _source(project: Project) -> str:
    return f"project:{project.pk}"


def _busy_times(project: Project, rows: SolutionRows) -> list[tuple[str, datetime, datetime, str]]:
    """When each candidate sits, with that candidate's own finish."""
    zone = ZoneInfo(project.institution.time_zone)
    times = []
    for student in rows.students:
        for sitting in rows.of_student.get(student.pk, ()):
            if sitting.period:
                starts_at = sitting.starts_at.replace(tzinfo=zone)
                ends_at = sitting.ends_at(student.extra_minutes(sitting)).replace(tzinfo=zone)
                times.append((student.roll_no, starts_at, ends_at, f"{sitting.code} {sitting.title}"[:200]))
    return times
