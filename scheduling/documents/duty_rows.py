"""Who watches what in a solution, as plain rows, and how evenly that is shared out."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from scheduling.documents.tables import PeriodRow, RoomRow, SolutionRows, StudentRow, TeacherRow
from scheduling.duty_targets import targets_of
from scheduling.models import Duty, DutyPolicy, Publication, Role, Solution, Teacher
from scheduling.roll_order import natural_key

# On a list the room's people come first, then who serves more than one.
ROLES = [Role.SUPERINTENDENT, Role.INVIGILATOR, Role.READER, Role.SCRIBE, Role.SUPERVISOR, Role.RESERVE]


class DutyRow(NamedTuple):
    """A post; without a teacher it is open. Without a room it serves a block or the whole period."""

    period: PeriodRow
    room: RoomRow | None
    block: str
    role: str
    number: int
    starts: dt.time
    ends: dt.time
    teacher: TeacherRow | None
    student: StudentRow | None

    @property
    def minutes(self) -> int:
        return (self.ends.hour - self.starts.hour) * 60 + self.ends.minute - self.starts.minute

    @property
    def times(self) -> str:
        return f"{self.starts:%H:%M}–{self.ends:%H:%M}"

    def reports_at(self, minutes_before: int) -> dt.time:
        start = dt.datetime.combine(self.period.date, self.starts)
        return (start - dt.timedelta(minutes=minutes_before)).time()


class Load(NamedTuple):
    """What a teacher has in this season; minutes throughout."""

    teacher: TeacherRow
    designation: str
    share: float
    duties: int
    minutes: int
    days: int
    reserves: int
    carried: int
    target: int

    @property
    def deviation(self) -> int:
        return self.minutes - self.target


@dataclass(frozen=True)
class DutyRows:
    """Duties by period, block, room and role."""

    duties: list[DutyRow]
    loads: list[Load]
    report_before: int
    # Teacher pk → duties that the public was told of and that are not there now: calendars call them off.
    called_off: dict[int, list[DutyRow]]

    @cached_property
    def of_teacher(self) -> dict[int, list[DutyRow]]:
        found: dict[int, list[DutyRow]] = defaultdict(list)
        for duty in self.duties:
            if duty.teacher:
                found[duty.teacher.pk].append(duty)
        return dict(found)

    def periods(self) -> Iterable[tuple[PeriodRow, list[DutyRow]]]:
        for period, duties in groupby(self.duties, key=lambda duty: duty.period):
            yield period, list(duties)


def duty_rows_of(solution: Solution, rows: SolutionRows) -> DutyRows:
    project = solution.project
    periods = {period.pk: period for period in rows.periods}
    rooms = {room.pk: room for room in rows.rooms}
    teachers = {teacher.pk: teacher for teacher in rows.teachers}
    students = {student.pk: student for student in rows.students}

    def read(solution_pk: int) -> list[DutyRow]:
        return [
            DutyRow(
                periods[row.period_id],
                rooms.get(row.room_id) if row.room_id else None,
                row.block,
                row.role,
                row.number,
                row.starts,
                row.ends,
                teachers.get(row.teacher_id) if row.teacher_id else None,
                students.get(row.student_id) if row.student_id else None,
            )
            for row in Duty.objects.for_project(project).filter(solution=solution_pk)
        ]

    duties = sorted(read(solution.pk), key=_in_order)
    policy = DutyPolicy.objects.for_project(project).first() or DutyPolicy()
    earlier = Publication.objects.for_project(project).exclude(solution=solution).first()
    return DutyRows(
        duties,
        _loads(solution, duties, teachers),
        policy.report_before,
        _called_off(read(earlier.solution_id) if earlier else [], duties),
    )


def _called_off(before: list[DutyRow], now: list[DutyRow]) -> dict[int, list[DutyRow]]:
    kept = {(duty.teacher.pk, duty.period.pk) for duty in now if duty.teacher}
    found: dict[int, list[DutyRow]] = defaultdict(list)
    for duty in before:
        if duty.teacher and (duty.teacher.pk, duty.period.pk) not in kept:
            found[duty.teacher.pk].append(duty)
    return dict(found)


def _in_order(duty: DutyRow) -> tuple[object, ...]:
    room = duty.room
    return (
        duty.period,
        room is None,
        room.block if room else duty.block,
        natural_key(room.code if room else ""),
        ROLES.index(Role(duty.role)),
        duty.number,
    )


def _loads(solution: Solution, duties: list[DutyRow], teachers: dict[int, TeacherRow]) -> list[Load]:
    """Everybody who may be asked or was, the most senior first."""
    of_teacher: dict[int, list[DutyRow]] = defaultdict(list)
    for duty in duties:
        if duty.teacher:
            of_teacher[duty.teacher.pk].append(duty)
    listed = [
        teacher
        for teacher in Teacher.objects.for_project(solution.project).select_related("designation")
        if teacher.may_invigilate or teacher.pk in of_teacher
    ]
    targets = targets_of(solution.project, [(duty.period.date, duty.minutes) for duty in duties])
    loads = []
    for teacher in listed:
        own = of_teacher[teacher.pk]
        loads.append(
            Load(
                teacher=teachers[teacher.pk],
                designation=teacher.designation.name if teacher.designation else "",
                share=float(teacher.share),
                duties=len(own),
                minutes=sum(duty.minutes for duty in own),
                days=len({duty.period.date for duty in own}),
                reserves=sum(duty.role == Role.RESERVE for duty in own),
                carried=teacher.carried_minutes,
                target=targets.get(teacher.pk, 0),
            )
        )
    rank = {t.pk: t.designation.rank if t.designation else 999 for t in listed}
    return sorted(loads, key=lambda load: (rank[load.teacher.pk], load.designation, load.teacher.staff_no))
