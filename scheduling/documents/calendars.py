"""Exams and duties as calendar files: of a programme, a student, a teacher."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from projects.calendar_files import CalendarEvent, Status, calendar_file, stable_uid
from projects.documents.page import Value
from projects.documents.writers import text_of
from projects.models import Project
from scheduling.documents.duty_rows import DutyRow, DutyRows
from scheduling.documents.lists import (
    room_and_seat,
    rooms_of,
    sittings_of_cohorts,
    students_in_order,
    title_of,
)
from scheduling.documents.plan import Plan
from scheduling.documents.tables import SittingRow
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


def programme_calendars(plan: Plan, season: Season, only: str = "") -> Iterator[tuple[str, bytes]]:
    """Name and file of each programme's calendar, all its semesters together."""
    of_programme: dict[str, dict[int, SittingRow]] = {}
    for (programme, _), sittings in sittings_of_cohorts(plan.rows).items():
        of_programme.setdefault(programme, {}).update((sitting.pk, sitting) for sitting in sittings)
    for programme, found in of_programme.items():
        if programme and (not only or programme == only):
            events = (
                _exam(sitting, season, rooms_of(sitting, season.language)) for sitting in found.values()
            )
            yield programme, _file(events, season, programme)


def student_calendars(plan: Plan, season: Season, only: str = "") -> Iterator[tuple[str, bytes]]:
    """With the student's own room, seat and finish."""
    for student in students_in_order(plan.rows, only):
        events = (
            _exam(
                sitting,
                season,
                room_and_seat(sitting, student, plan.seats.seat_of, season.language),
                student.extra_minutes(sitting),
            )
            for sitting in plan.rows.of_student[student.pk]
        )
        yield student.roll_no, _file(events, season, student.roll_no)


def teacher_calendars(plan: Plan, season: Season, only: str = "") -> Iterator[tuple[str, bytes]]:
    """The exams that a teacher set, and the duties that a teacher has."""
    for teacher in plan.rows.teachers:
        if only and teacher.staff_no != only:
            continue
        exams = plan.rows.of_teacher.get(teacher.pk, ())
        events = [_exam(sitting, season, rooms_of(sitting, season.language)) for sitting in exams]
        events += [_duty(duty, plan.duties, season) for duty in plan.duties.of_teacher.get(teacher.pk, ())]
        gone = plan.duties.called_off.get(teacher.pk, ())
        events += [_duty(duty, plan.duties, season, is_gone=True) for duty in gone]
        if events:
            yield teacher.staff_no, _file(events, season, teacher.staff_no)


def _file(events: Iterable[CalendarEvent | None], season: Season, whose: str) -> bytes:
    return calendar_file(
        [event for event in events if event], name=f"{season.name} · {whose}", changed_at=season.changed_at
    )


def _exam(sitting: SittingRow, season: Season, place: Value, extra_minutes: int = 0) -> CalendarEvent | None:
    # What was announced and has no period now must be called off in the calendars that hold it.
    period = sitting.period or sitting.was_in
    if period is None:
        return None
    starts_at = dt.datetime.combine(period.date, period.starts, tzinfo=season.zone)
    codes = "/".join(sitting.courses) or sitting.code
    words = WORDS[season.language]
    return CalendarEvent(
        uid=stable_uid(season.project.path, sitting.code, sitting.number),
        title=f"{codes} {title_of(sitting, season.language)}",
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(minutes=sitting.duration + extra_minutes),
        place=text_of(place),
        description=f"{words['period']} {period.name}, {season.name}",
        sequence=season.sequence,
        status=season.status if sitting.period else "CANCELLED",
    )


def _duty(duty: DutyRow, duties: DutyRows, season: Season, *, is_gone: bool = False) -> CalendarEvent:
    """One a period and teacher, whatever becomes of its room and role."""
    words = WORDS[season.language]
    starts_at, ends_at = (
        dt.datetime.combine(duty.period.date, time, tzinfo=season.zone) for time in (duty.starts, duty.ends)
    )
    report = words["report_at"].format(time=f"{duty.reports_at(duties.report_before):%H:%M}")
    return CalendarEvent(
        uid=stable_uid(season.project.path, "duty", duty.period.pk, duty.teacher.pk if duty.teacher else 0),
        title=f"{words['duty']}: {words[duty.role]}",
        starts_at=starts_at,
        ends_at=ends_at,
        place=duty.room.code if duty.room else duty.block,
        description=f"{report}. {words['period']} {duty.period.name}, {season.name}",
        sequence=season.sequence,
        status="CANCELLED" if is_gone else season.status,
    )
