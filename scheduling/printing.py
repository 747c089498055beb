"""Have the prints of a solution made by a worker, as files of the project."""

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.models import User
from projects import files, history
from projects.models import FileKind

from .documents.prints import PRINTS, NothingToPrint, Press
from .models import Placement, Solution


class CannotPrint(Exception):
    """Why nothing can be printed, in words for the person who asked."""


def request_prints(
    *, solution: Solution, codes: list[str], formats: list[str], language: str, by: User | None
) -> int:
    """Have a worker make these prints in these formats after the commit. How many were asked for."""
    wanted = [
        (code, format)
        for code in codes
        if code in PRINTS
        for format in formats
        if format in PRINTS[code].formats
    ]
    if not wanted:
        raise CannotPrint(_("Choose at least one print and one format that it comes in."))
    if not Placement.objects.for_project(solution.project).filter(solution=solution, period__isnull=False):
        raise CannotPrint(_("This solution places no exam: there is nothing to print."))
    for code, format in wanted:
        transaction.on_commit(
            lambda code=code, format=format: async_task(
                "scheduling.tasks.make_print",
                solution.pk,
                code,
                format,
                language,
                by.pk if by else None,
                cluster="sheets",
            )
        )
    return len(wanted)


def make_print(*, solution: Solution, code: str, format: str, language: str, by: User | None) -> int:
    """Make one print and keep its files with the project's output; how many files."""
    # Beside the same print in the language of the house it needs a name of its own.
    own = solution.project.institution.language
    tongue = "" if language == own else f"-{language}"
    with TemporaryDirectory() as place, history.acting(by=by):
        try:
            written = Press(solution, language).write(code, format, Path(place))
        except NothingToPrint:
            return 0
        if format == "ics":
            written = [_zipped(written, Path(place) / f"{solution.project.slug}-{code}-calendars.zip")]
        for path in written:
            with path.open("rb") as contents:
                files.store(
                    project=solution.project,
                    file=File(contents, name=path.name),
                    kind=FileKind.OUTPUT,
                    by=by,
                    name=f"{path.stem}-{solution.number}{tongue}{path.suffix}",
                )
    return len(written)


def _zipped(written: list[Path], out: Path) -> Path:
    """A calendar for each person is thousands of files: one file to take home."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in written:
            archive.write(path, path.name)
    return out
