"""Have the prints of a solution made by a worker, as files of the project."""

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from django.core.cache import cache
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.models import User
from projects import files, history
from projects.documents.words import LANGUAGES
from projects.models import FileKind, Project

from .documents.plan import why_not
from .documents.prints import PRINTS, NothingToPrint, Press, Print
from .models import Placement, Solution

# What waits or is being made is forgotten after this long, whatever became of it.
REMEMBERED_SECONDS = 2 * 3600


class CannotPrint(Exception):
    """Why nothing can be printed, in words for the person who asked."""


class UnderWay(NamedTuple):
    """A print that was asked for. `done` of `total` pages, 0 of 0 while it waits; or why it was not made."""

    code: str
    format: str
    language: str
    done: int
    total: int
    reason: str


def request_prints(
    *, solution: Solution, codes: list[str], formats: list[str], language: str, by: User | None
) -> int:
    """Have a worker make these prints in these formats after the commit. How many were asked for.

    Those that need seats or duties are left out while there are none.
    """
    chosen = [code for code in codes if code in PRINTS]
    wanted = [(code, format) for code in chosen for format in formats if format in PRINTS[code].formats]
    if not wanted:
        raise CannotPrint(_("Choose at least one print and one format that it comes in."))
    if not Placement.objects.for_project(solution.project).filter(solution=solution, period__isnull=False):
        raise CannotPrint(_("This solution places no exam: there is nothing to print."))
    reasons = reasons_against(solution, language)
    possible = [(code, format) for code, format in wanted if code not in reasons]
    if not possible:
        raise CannotPrint(reasons[wanted[0][0]])
    for code, format in possible:
        transaction.on_commit(
            lambda code=code, format=format: _hand_over(solution, code, format, language, by)
        )
    return len(possible)


def reasons_against(solution: Solution, language: str) -> dict[str, str]:
    """Print → why it cannot be made of this solution yet."""
    language = language if language in LANGUAGES else "en"
    reasons = {needs: why_not(solution, needs, language) for needs in ("seats", "duties")}
    return {each.code: reasons[each.needs] for each in PRINTS.values() if reasons.get(each.needs)}


def _hand_over(solution: Solution, code: str, format: str, language: str, by: User | None) -> None:
    _note(solution.project, code, format, language)
    by_id = by.pk if by else None
    async_task("scheduling.tasks.make_print", solution.pk, code, format, language, by_id, cluster="sheets")


def make_print(*, solution: Solution, code: str, format: str, language: str, by: User | None) -> int:
    """Make one print and keep its files with the project's output, each as soon as it is there; how many."""
    project = solution.project
    # Beside the same print in the language of the house it needs a name of its own.
    tongue = "" if language == project.institution.language else f"-{language}"

    def progress(done: int, total: int) -> None:
        _note(project, code, format, language, done, total)

    stored = 0
    with TemporaryDirectory() as place, history.acting(by=by):
        try:
            written = Press(solution, language).files(code, format, Path(place), progress=progress)
            if format == "ics":
                written = iter([_zipped(written, Path(place) / f"{project.slug}-{code}-calendars.zip")])
            for path in written:
                _keep(path, f"{path.stem}-{solution.number}{tongue}{path.suffix}", PRINTS[code], project, by)
                stored += 1
                path.unlink()
        except NothingToPrint as reason:
            _note(project, code, format, language, reason=str(reason))
            return 0
        except BaseException:
            reason = _("It could not be made. Ask who looks after this machine.")
            _note(project, code, format, language, reason=reason)
            raise
    cache.delete(_key(project, code, format, language))
    return stored


def _keep(path: Path, name: str, of: Print, project: Project, by: User | None) -> None:
    kind = FileKind.PRIVATE if of.is_confidential else FileKind.OUTPUT
    with path.open("rb") as contents:
        files.store(project=project, file=File(contents, name=path.name), kind=kind, by=by, name=name)


def _zipped(written, out: Path) -> Path:
    """A calendar for each person is thousands of files: one file to take home."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in written:
            archive.write(path, path.name)
    return out


# --- what is under way ------------------------------------------------------------------------------------
def under_way(project: Project) -> list[UnderWay]:
    """What was asked for and is not there yet, or could not be made."""
    keys = {
        _key(project, each.code, format, language): (each.code, format, language)
        for each in PRINTS.values()
        for format in each.formats
        for language in LANGUAGES
    }
    found = cache.get_many(keys)
    return [UnderWay(*keys[key], *found[key]) for key in keys if key in found]


def _note(
    project: Project,
    code: str,
    format: str,
    language: str,
    done: int = 0,
    total: int = 0,
    reason: str = "",
) -> None:
    cache.set(_key(project, code, format, language), (done, total, reason), REMEMBERED_SECONDS)


def _key(project: Project, code: str, format: str, language: str) -> str:
    return f"print-{project.pk}-{code}-{format}-{language}"
