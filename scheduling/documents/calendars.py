"""Exams as calendar files: of a programme, a student, a teacher."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from projects.calendar_files import CalendarEvent, Status, calendar_file, stable_uid
from projects.models import Project
from scheduling.documents.lists import (
    rooms_for_student,
    rooms_of,
    sittings_of_cohorts,
    students_in_order,
    title_of,
)
from scheduling.documents.tables import SittingRow, SolutionRows
from scheduling.documents.words import WORDS
from scheduling.models import Publication, Solution


@dataclass(frozen=True)
class Season:
    """What all calendars of one solution have in common.

    `sequence` is the newest version that the public was shown: a later one replaces what calendars hold.
    """

    project: Project
    zone: ZoneInfo
    sequence: int
    status: Status
    changed_at: dt.datetime
    language: str

    @property
    def name(self) -> str:
        return f"{self.project.institution.name}: {self.project.name}"


def season_of(solution: Solution, publication: Publication | None, language: str) -> Season:
    project = solution.project
    newest = Publication.objects.for_project(project).order_by("-version").first()
    is_final = publication is not None and publication.kind == Publication.Kind.FINAL
    return Season(
        project=project,
        zone=ZoneInfo(project.institution.time_zone),
        sequence=newest.version if newest else 0,
        status="CONFIRMED" if is_final else "TENTATIVE",
        changed_at=publication.published_at if publication else solution.created_at,
        language=language,
    )


def programme_calendars(rows: SolutionRows, season: Season, only: str = "") -> Iterator[tuple[str, bytes]]:
    """Name and file of each programme's calendar, all its semesters together."""
    of_programme: dict[str, dict[int, SittingRow]] = {}
    for (programme, _), sittings in sittings_of_cohorts(rows).items():
        of_programme.setdefault(programme, {}).update((sitting.pk, sitting) for sitting in sittings)
    for programme, found in of_programme.items():
        if programme and (not only or programme == only):
            yield programme, _file(found.values(), season, programme, rooms_of)


def student_calendars(rows: SolutionRows, season: Season, only: str = "") -> Iterator[tuple[str, bytes]]:
    for student in students_in_order(rows, only):
        yield (
            student.roll_no,
            _file(
                rows.of_student[student.pk],
                season,
                student.roll_no,
                rooms_for_student,
                extra_minutes=student.extra_minutes,
            ),
        )


def teacher_calendars(rows: SolutionRows, season: Season, only: str = "") -> Iterator[tuple[str, bytes]]:
    for teacher in rows.teachers:
        sittings = rows.of_teacher.get(teacher.pk)
        if sittings and (not only or teacher.staff_no == only):
            yield teacher.staff_no, _file(sittings, season, teacher.staff_no, rooms_of)


def _file(
    sittings: Iterable[SittingRow],
    season: Season,
    whose: str,
    rooms: Callable[[SittingRow, str], object],
    extra_minutes: Callable[[int], int] = lambda duration: 0,
) -> bytes:
    events = (_event(sitting, season, rooms, extra_minutes(sitting.duration)) for sitting in sittings)
    return calendar_file(
        [event for event in events if event], name=f"{season.name} · {whose}", changed_at=season.changed_at
    )


def _event(
    sitting: SittingRow, season: Season, rooms: Callable[[SittingRow, str], object], extra_minutes: int
) -> CalendarEvent | None:
    # What was announced and has no period now must be called off in the calendars that hold it.
    period = sitting.period or sitting.was_in
    if period is None:
        return None
    starts_at = dt.datetime.combine(period.date, period.starts, tzinfo=season.zone)
    codes = "/".join(sitting.courses) or sitting.code
    place = rooms(sitting, season.language)
    words = WORDS[season.language]
    return CalendarEvent(
        uid=stable_uid(season.project.path, sitting.code, sitting.number),
        title=f"{codes} {title_of(sitting, season.language)}",
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(minutes=sitting.duration + extra_minutes),
        place=place if isinstance(place, str) else ", ".join(place or ()),
        description=f"{words['period']} {period.name}, {season.name}",
        sequence=season.sequence,
        status=season.status if sitting.period else "CANCELLED",
    )
