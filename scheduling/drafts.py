"""A planner's own version of a plan: the first change by hand copies it, the next ones go on in the copy."""

from django.db import transaction
from django.utils.translation import gettext as _

from . import versions
from .models import Solution


def is_draft(solution: Solution) -> bool:
    """Made by hand, and neither live nor ever published: nobody relies on it yet."""
    return bool(
        solution.run_id is None
        and solution.parent_id
        and not solution.is_live
        and not solution.publications.exists()
    )


@transaction.atomic
def draft_of(solution: Solution) -> Solution:
    """The solution itself where it is a draft, else a new one with all that it holds: to be changed now."""
    held = Solution.objects.select_for_update(no_key=True).select_related(None).get(pk=solution.pk)
    if is_draft(held):
        held.project = solution.project
        held.changes += 1
        held.save(update_fields=["changes"])
        return held
    draft = versions.new_version(of=solution)
    draft.name = (_("%s, changed by hand") % solution)[:150]
    draft.save(update_fields=["name"])
    return draft
