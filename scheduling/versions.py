"""A new version of a plan. Whoever changes seats or duties changes a copy; the old plan stays as it was."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from .models import Duty, Placement, RoomShare, Run, Seating, Solution

# Rows of one INSERT; more gain nothing.
BATCH = 5000


@transaction.atomic
def new_version(
    *, of: Solution, run: Run | None = None, keep: Collection[str] = ("seats", "duties")
) -> Solution:
    """A copy of the solution, not live, with the parts to keep: the datesheet with its rooms always."""
    solution = Solution.objects.create_next(
        project=of.project,
        run=run,
        parent=of,
        hard=of.hard,
        cost=of.cost,
        by_rule=of.by_rule,
        unplaced=of.unplaced,
        unseated=of.unseated if "seats" in keep else 0,
        unfilled=of.unfilled if "duties" in keep else 0,
        measures={part: told for part, told in of.measures.items() if part in {"datesheet", *keep}},
        findings=of.findings,
    )
    twins = _copy_placements(of, solution)
    _copy(RoomShare.objects.filter(placement__solution=of), {"placement_id": twins})
    if "seats" in keep:
        _copy(Seating.objects.filter(solution=of), {"placement_id": twins}, solution_id=solution.pk)
    if "duties" in keep:
        _copy(Duty.objects.filter(solution=of), {}, solution_id=solution.pk)
    return solution


def _copy_placements(of: Solution, to: Solution) -> dict[int, int]:
    """The placements again; the new row's key by the old one's."""
    old = list(Placement.objects.filter(solution=of).order_by("pk"))
    new = Placement.objects.bulk_create(
        [
            Placement(
                institution_id=row.institution_id,
                project_id=row.project_id,
                solution=to,
                sitting_id=row.sitting_id,
                period_id=row.period_id,
            )
            for row in old
        ],
        batch_size=BATCH,
    )
    return {before.pk: after.pk for before, after in zip(old, new, strict=True)}


def _copy(rows: QuerySet[Any], twins: dict[str, dict[int, int]], **fixed: int) -> None:
    """The rows again, with their references to copied rows led to the copies."""
    model = rows.model
    columns = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    copies = []
    for values in rows.order_by("pk").values(*columns).iterator(chunk_size=BATCH):
        for column, twin in twins.items():
            values[column] = twin[values[column]]
        copies.append(model(**(values | fixed)))
        if len(copies) >= BATCH:
            model.objects.bulk_create(copies)
            copies = []
    model.objects.bulk_create(copies)
