"""A new version of a plan, and the end of one. Whoever changes seats or duties changes a copy."""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TypeVar

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from .models import Duty, Placement, RoomShare, Run, Seating, Solution

# Rows of one INSERT; more gain nothing.
BATCH = 5000
# How often something is computed from a plan that others go on changing.
TRIES = 3

Found = TypeVar("Found")
Written = TypeVar("Written")


class CannotRemove(Exception):
    """Why a plan stays, in words for the planner."""


def write_unchanged(
    *,
    of: Solution,
    compute: Callable[[], Found],
    write: Callable[[Solution, Found], Written],
    refused: type[Exception],
) -> Written:
    """Compute from a plan while others may write, then write at once, with the plan held.

    Computed again if the plan was changed meanwhile, or what it rests on; after some tries `refused` says so.
    """
    rows = Solution.objects.filter(pk=of.pk)
    for _try in range(TRIES):
        changes = rows.values_list("changes", flat=True).first()
        found = compute()
        with suppress(IntegrityError), transaction.atomic():
            held = rows.select_for_update(no_key=True).first()
            if held is not None and held.changes == changes:
                held.project = of.project
                return write(held, found)
    raise refused(_("Others are changing this plan or its data. Look at it again, then try once more."))


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
    _copy_placements(of, solution)
    _copy(RoomShare, of, solution)
    if "seats" in keep:
        _copy(Seating, of, solution)
    if "duties" in keep:
        _copy(Duty, of, solution)
    return solution


def _copy_placements(of: Solution, to: Solution) -> None:
    columns = ("institution_id", "project_id", "sitting_id", "period_id")
    rows = Placement.objects.filter(solution=of).order_by("pk").values(*columns)
    Placement.objects.bulk_create((Placement(solution=to, **row) for row in rows), batch_size=BATCH)


def _copy(model: type[RoomShare | Seating | Duty], of: Solution, to: Solution) -> None:
    """The rows again, of the copy and its placements; by the database, since they may be 100,000."""
    quote = connection.ops.quote_name
    table, placements = quote(model._meta.db_table), quote(Placement._meta.db_table)
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    taken = {"solution_id": "%(to)s", "placement_id": "twin.id"}
    values = [taken.get(str(column), f"old.{quote(str(column))}") for column in columns]
    joins = ""
    if "placement_id" in columns:
        joins = (
            f"JOIN {placements} first ON first.id = old.placement_id "
            f"JOIN {placements} twin ON twin.sitting_id = first.sitting_id AND twin.solution_id = %(to)s"
        )
    owner = "old.solution_id" if "solution_id" in columns else "first.solution_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(quote(str(column)) for column in columns)}) "  # noqa: S608
            f"SELECT {', '.join(values)} FROM {table} old {joins} WHERE {owner} = %(of)s ORDER BY old.id",
            {"of": of.pk, "to": to.pk},
        )


@transaction.atomic
def remove(*, solution: Solution) -> None:
    """Forget a plan with all that it holds. Quick: none of its rows, perhaps 100,000, is read."""
    held = Solution.objects.select_for_update(no_key=True).get(pk=solution.pk)
    if reason := why_kept(held):
        raise CannotRemove(reason)
    for rows in (
        Duty.objects.filter(solution=held),
        Seating.objects.filter(solution=held),
        RoomShare.objects.filter(placement__solution=held),
        Placement.objects.filter(solution=held),
    ):
        rows._raw_delete(connection.alias)
    held.delete()


def why_kept(solution: Solution) -> str:
    """Why a plan cannot be removed; empty if it can."""
    if solution.is_live:
        return _("%s is the live plan: make another one live first.") % solution
    if solution.publications.exists():
        return _("%s was published: what the public saw is kept.") % solution
    return ""
