"""How far a project has come, and what must be there before it goes on.

What a stage needs, and what must not be disturbed now, is known to the apps that do the work: they
register it in their AppConfig.ready(). A need or a guard answers with sentences for the planner; none means
that all is well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User

from . import history
from .models import Project, Stage

Sentences = Callable[[Project], Iterable[str]]

_needs: dict[Stage, list[Sentences]] = defaultdict(list)
_guards: list[Sentences] = []


class NotReady(Exception):
    """Why a project cannot enter a stage yet, in words for the planner."""


def register_need(stage: Stage, need: Sentences) -> None:
    """Have the function say what a project lacks for that stage."""
    if need not in _needs[stage]:
        _needs[stage].append(need)


def register_guard(guard: Sentences) -> None:
    """Have the function say why a project's rows must stay as they are now, such as a run under way."""
    if guard not in _guards:
        _guards.append(guard)


def unmet(project: Project, stage: Stage) -> list[str]:
    """What the project lacks for that stage and the ones before it, in order."""
    needs = [need for earlier in Stage if earlier.number <= stage.number for need in _needs[earlier]]
    return list(dict.fromkeys(sentence for need in needs for sentence in need(project)))


def hindrances(project: Project) -> list[str]:
    """Why the project's rows must stay as they are now."""
    return [sentence for guard in _guards for sentence in guard(project)]


@transaction.atomic
def move_to(*, project: Project, stage: Stage, by: User) -> None:
    """Enter a stage. Going back to an earlier one needs nothing; it changes no data."""
    stage = Stage(stage)
    current = Project.objects.select_for_update().get(pk=project.pk)
    if current.is_archived:
        raise NotReady(_("This project is archived: take it out of the archive first."))
    is_forward = stage.number > Stage(current.stage).number
    if is_forward and (lacking := unmet(current, stage)):
        raise NotReady(" ".join(lacking))
    if stage != current.stage:
        with history.acting(by=by):
            current.stage = stage
            current.save(update_fields=["stage"])
    project.stage = stage
