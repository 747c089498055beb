"""What prints are made from: a solution's rows, each kind read once and only when a print asks for it."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from projects.documents.typesetting import Pile
from projects.models import Project
from scheduling.documents.duty_rows import DutyRows, duty_rows_of
from scheduling.documents.seat_rows import SeatRows, seat_rows_of
from scheduling.documents.tables import SolutionRows, rows_of
from scheduling.documents.words import WORDS
from scheduling.models import Duty, Hold, Publication, Seating, Slip, Solution, StudentPhoto

# A section of a mass print: one page (or a person's few) as its template reads it.
Json = dict[str, object]


class Mass(NamedTuple):
    """A mass print. `total` counts the sections of all piles, for progress."""

    total: int
    piles: Iterator[Pile]


class Plan:
    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.project: Project = solution.project

    @cached_property
    def rows(self) -> SolutionRows:
        return rows_of(self.solution)

    @cached_property
    def seats(self) -> SeatRows:
        return seat_rows_of(self.solution, self.rows)

    @cached_property
    def duties(self) -> DutyRows:
        return duty_rows_of(self.solution, self.rows)

    @cached_property
    def publication(self) -> Publication | None:
        """The current publication, if it shows this solution."""
        current = Publication.objects.for_project(self.project).current()
        return current.filter(solution=self.solution).first()

    @cached_property
    def slips(self) -> dict[int, Slip]:
        """Student pk → slip, if this solution is published for good: before that no slip is valid."""
        if self.publication is None or self.publication.kind != Publication.Kind.FINAL:
            return {}
        return {slip.student_id: slip for slip in Slip.objects.for_project(self.project)}

    @cached_property
    def holds(self) -> dict[int, list[Hold]]:
        """Student pk → why the slip is withheld."""
        found: dict[int, list[Hold]] = {}
        for hold in Hold.objects.for_project(self.project).filter(released_at__isnull=True).order_by("pk"):
            found.setdefault(hold.student_id, []).append(hold)
        return found

    @cached_property
    def photos(self) -> dict[int, Path]:
        """Student pk → the picture's file."""
        photos = StudentPhoto.objects.for_project(self.project).select_related("file")
        return {photo.student_id: Path(photo.file.file.path) for photo in photos}


def why_not(solution: Solution, needs: str, language: str) -> str:
    """Why a print that needs seats or duties cannot be made of this solution yet, or ""."""
    table = {"seats": Seating, "duties": Duty}.get(needs)
    if table is None or table.objects.for_project(solution.project).filter(solution=solution).exists():
        return ""
    return WORDS[language][f"needs_{needs}"]


def once(name: str, taken: set[str]) -> str:
    """A file's name, with a number where another has it already; file systems may not tell A from a."""
    found, number = name, 1
    while found.casefold() in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found.casefold())
    return found
