"""Named states of a project that it can go back to."""

from tempfile import TemporaryFile

from django.core.files import File
from django.db import transaction
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User

from . import archive, files, history, stages
from .models import Project, SavePoint

MOST = 30
MOST_AUTOMATIC = 5
MOST_BYTES = 1024**3


class CannotSave(Exception):
    """Why no save point was made, in words for the planner."""


class CannotGoBack(Exception):
    """Why the project stays as it is, in words for the planner."""


def make(*, project: Project, name: str, by: User | None) -> SavePoint:
    """Keep the project as it is now under that name."""
    with transaction.atomic():
        # One at a time, so that the limits hold.
        Project.objects.select_for_update().get(pk=project.pk)
        check_name(project=project, name=name)
        return _keep(project, name.strip(), by)


def check_name(*, project: Project, name: str) -> None:
    """Raise CannotSave if the project can have no further save point, or none of that name."""
    name = name.strip()
    if not name:
        raise CannotSave(_("Give the save point a name."))
    if len(name) > 150:
        raise CannotSave(_("Choose a name of at most 150 letters."))
    kept = SavePoint.objects.for_project(project)
    if kept.filter(name=name).exists():
        raise CannotSave(_("There is a save point of that name: choose another name."))
    if kept.filter(is_automatic=False).count() >= MOST:
        raise CannotSave(
            _("A project keeps at most %(most)s save points: remove one first.") % {"most": MOST}
        )


def go_back(*, savepoint: SavePoint, by: User | None) -> SavePoint:
    """Replace the project's data by that of the save point; returns the save point made of what it was."""
    project = Project.objects.get(pk=savepoint.project_id)
    _check_may_go_back(project)
    new: SavePoint | None = None
    try:
        with transaction.atomic():
            project = Project.objects.select_for_update().get(pk=project.pk)
            _check_may_go_back(project)
            new = _keep(project, _automatic_name(project), by, is_automatic=True)
            with history.acting(by=by), history.quiet(), savepoint.archive.open("rb") as file:
                archive.replace(project, file)
            with history.acting(by=by):
                history.note(
                    institution=project.institution,
                    project=project,
                    what=_("went back to save point “%(name)s”") % {"name": savepoint.name},
                    model=SavePoint,
                )
            _drop_old_automatic(project, but=savepoint)
    except BaseException as fault:
        if new:
            files.discard(new.archive)
        if isinstance(fault, archive.CannotRestore):
            raise CannotGoBack(str(fault)) from fault
        if isinstance(fault, FileNotFoundError):
            raise CannotGoBack(_("The file of this save point is gone: choose another one.")) from fault
        if isinstance(fault, CannotSave):
            raise CannotGoBack(str(fault)) from fault
        raise
    return new


def remove(*, savepoint: SavePoint) -> None:
    """Forget a save point, with its file."""
    with transaction.atomic():
        savepoint.delete()
        transaction.on_commit(lambda: files.discard(savepoint.archive))


def _check_may_go_back(project: Project) -> None:
    if project.is_archived:
        raise CannotGoBack(_("This project is archived: take it out of the archive first."))
    if sentences := stages.hindrances(project):
        raise CannotGoBack(" ".join(sentences))


def _automatic_name(project: Project) -> str:
    at = date_format(timezone.localtime(), "j M Y H:i:s")
    taken = SavePoint.objects.for_project(project)
    name = before = _("Before going back, %(at)s") % {"at": at}
    number = 1
    while taken.filter(name=name).exists():
        number += 1
        name = f"{before} ({number})"
    return name


def _keep(project: Project, name: str, by: User | None, *, is_automatic: bool = False) -> SavePoint:
    with TemporaryFile() as file:
        archive.dump(project, file, leaving_out=archive.STANDS_APART)
        size = file.tell()
        kept = SavePoint.objects.for_project(project).aggregate(bytes=Sum("size"))["bytes"] or 0
        if kept + size > MOST_BYTES:
            raise CannotSave(
                _("The save points of a project may take %(most)s together: remove old ones first.")
                % {"most": filesizeformat(MOST_BYTES)}
            )
        row = SavePoint(
            project=project,
            institution_id=project.institution_id,
            name=name,
            stage=project.stage,
            size=size,
            is_automatic=is_automatic,
            created_by=by,
        )
        file.seek(0)
        row.archive.save("savepoint.zip", File(file), save=False)
    try:
        row.save()
    except BaseException:
        files.discard(row.archive)
        raise
    return row


def _drop_old_automatic(project: Project, *, but: SavePoint) -> None:
    automatic = SavePoint.objects.for_project(project).filter(is_automatic=True).exclude(pk=but.pk)
    for old in automatic.order_by("-created_at", "-pk")[MOST_AUTOMATIC:]:
        remove(savepoint=old)
