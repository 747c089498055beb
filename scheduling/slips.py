"""Roll-number slips: issued when a datesheet is published for good, found by a code nobody can guess."""

import hashlib
import json
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from projects import bulk, history
from projects.models import Project

from .documents.seat_rows import SeatRows, seat_rows_of
from .documents.tables import SittingRow, SolutionRows, StudentRow, rows_of
from .models import (
    AccessArrangement,
    Hold,
    Placement,
    Publication,
    Registration,
    Seating,
    SittingCandidate,
    Slip,
    Solution,
)

# Without letters that are read as digits: I, L, O; and without U.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MISREAD = str.maketrans("ILO", "110")
# 60 bits: with 30,000 slips a guess finds one in 4 × 10¹³ tries.
CODE_LENGTH = 12


class NoSlip(Exception):
    """Why no slip is shown, in words for the student."""


@dataclass(frozen=True)
class SlipExam:
    """One exam of a student as it stands on the slip; without a period it has neither date nor times."""

    code: str
    title: str
    date: date | None
    starts: str
    ends: str
    room: str
    seat: str


# --- issuing ----------------------------------------------------------------------------------------------
class Slips(NamedTuple):
    """Made out, not yet handed out. new: student, code, content. changed: issue, content, primary key."""

    new: list[tuple[int, str, str]]
    changed: list[tuple[int, str, int]]


def make_out(*, solution: Solution, rows: SolutionRows | None = None) -> Slips:
    """A slip for each student with an exam; one that says something new gets the next issue number.

    `rows` of the solution, if they are read already. Takes long, and holds nobody up.
    """
    project = solution.project
    rows = rows or rows_of(solution)
    seats = seat_rows_of(solution, rows)
    known = {
        student: (pk, issue, content)
        for student, pk, issue, content in Slip.objects.for_project(project).values_list(
            "student", "pk", "issue", "content_hash"
        )
    }
    slips = Slips([], [])
    for student in rows.students:
        if student.pk not in rows.of_student:
            continue
        content = content_hash(student, rows.of_student[student.pk], seats)
        if student.pk not in known:
            slips.new.append((student.pk, new_code(), content))
            continue
        pk, issue, before = known[student.pk]
        if before != content:
            slips.changed.append((issue + 1, content, pk))
    return slips


@transaction.atomic
def hand_out(slips: Slips, *, project: Project) -> int:
    """Keep them, in two statements; how many are new or changed."""
    tenant = (project.institution_id, project.pk)
    columns = ("institution_id", "project_id", "issue", "student_id", "code", "content_hash")
    bulk.insert(Slip, columns, ((*tenant, 1, *slip) for slip in slips.new))
    bulk.update(Slip, ("issue", "content_hash"), slips.changed)
    for action, changes in (("added", slips.new), ("changed", slips.changed)):
        if changes:
            history.note(
                institution=project.institution,
                project=project,
                what="",
                action=action,
                model=Slip,
                rows=len(changes),
            )
    return len(slips.new) + len(slips.changed)


def content_hash(student: StudentRow, sittings: list[SittingRow], seats: SeatRows) -> str:
    """Of what a candidate acts upon: exams, dates, times, room, seat."""
    said = []
    for sitting in sittings:
        room, seat = seats.seat_of.get((student.pk, sitting.pk), (None, ""))
        said.append(
            [
                sitting.code,
                sitting.number,
                sitting.title,
                sitting.period.date.isoformat() if sitting.period else "",
                sitting.times(student.extra_minutes(sitting)),
                room.code if room else [one.code for one, _count in sitting.rooms],
                seat,
            ]
        )
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def new_code() -> str:
    return "".join(secrets.choice(LETTERS) for _n in range(CODE_LENGTH))


# --- finding ----------------------------------------------------------------------------------------------
def find_slip(*, publication: Publication, code: str) -> Slip:
    """The slip with this code, as it was typed or scanned. NoSlip tells nothing of why there is none."""
    typed = "".join(letter for letter in code.upper().translate(MISREAD) if letter in LETTERS)
    slips = Slip.objects.for_project(publication.project).select_related("student__programme")
    found = slips.filter(code=typed).first() if len(typed) == CODE_LENGTH else None
    if found is None:
        raise NoSlip(_("There is no slip with that code. Compare it with your slip, letter by letter."))
    return found


def may_be_seen(publication: Publication) -> bool:
    """Slips are valid with a datesheet that is published for good, and while it is."""
    return publication.kind == Publication.Kind.FINAL and publication.withdrawn_at is None


def desks_of(slip: Slip) -> list[tuple[str, str]]:
    """What withholds a slip, and to whom to go about it. The office's own notes stay in the office."""
    told = {
        Hold.Kind.FEES: (_("fees"), _("the accounts office")),
        Hold.Kind.ATTENDANCE: (_("attendance"), _("the head of your department")),
        Hold.Kind.DISCIPLINE: (_("discipline"), _("the controller of examinations")),
        Hold.Kind.OTHER: (_("other reasons"), _("the examination office")),
    }
    holds = Hold.objects.for_project(slip.project).filter(student=slip.student_id, released_at__isnull=True)
    return [told[Hold.Kind(kind)] for kind in holds.order_by("pk").values_list("kind", flat=True)]


def exams_of(slip: Slip, publication: Publication) -> list[SlipExam]:
    """The student's exams in what is published, in order of time. Seats only if the publisher shows them."""
    project, student = slip.project, slip.student_id
    registered = Registration.objects.for_project(project).filter(student=student)
    code_of = dict(registered.values_list("course__exam_courses__exam", "course__code"))
    placements = list(
        Placement.objects.for_project(project)
        .filter(solution=publication.solution_id, sitting__exam__in=[pk for pk in code_of if pk])
        .select_related("sitting__exam", "period")
    )
    batches = Counter(placement.sitting.exam_id for placement in placements)
    own_batches = set(
        SittingCandidate.objects.for_project(project)
        .filter(student=student)
        .values_list("sitting_id", flat=True)
    )
    seats = {
        seat.placement_id: seat
        for seat in Seating.objects.for_project(project)
        .filter(solution=publication.solution_id, student=student)
        .select_related("room")
    }
    arrangements = list(AccessArrangement.objects.for_project(project).filter(student=student))
    exams = []
    for placement in placements:
        exam = placement.sitting.exam
        if batches[exam.pk] > 1 and placement.sitting_id not in own_batches:
            continue
        extra = [
            one.minutes_for(exam.duration)
            for one in arrangements
            if placement.period and one.holds_on(placement.period.date)
        ]
        seat = seats.get(placement.pk) if publication.shows_rooms else None
        exams.append(_slip_exam(placement, code_of[exam.pk], exam.duration + sum(extra), seat))
    return sorted(exams, key=lambda exam: (exam.date is None, exam.date or date.max, exam.starts))


def _slip_exam(placement: Placement, code: str, minutes: int, seat: Seating | None) -> SlipExam:
    exam, period = placement.sitting.exam, placement.period
    starts = ends = ""
    if period:
        starts_at = datetime.combine(period.date, period.starts)
        starts, ends = f"{starts_at:%H:%M}", f"{starts_at + timedelta(minutes=minutes):%H:%M}"
    return SlipExam(
        code=code,
        title=exam.title,
        date=period.date if period else None,
        starts=starts,
        ends=ends,
        room=seat.room.code if seat else "",
        seat=seat.label if seat else "",
    )
