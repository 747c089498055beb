"""What is wrong with a roster, counted from the tables: every rule of duties, apart from the solver."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import combinations
from math import ceil

from django.utils.translation import gettext as _

from .. import rules
from ..duty_targets import targets_of
from ..models import (
    Designation,
    Duty,
    DutyPin,
    DutyPolicy,
    ExamCourse,
    Exemption,
    Gender,
    Lesson,
    Period,
    Relative,
    Role,
    Run,
    Solution,
    StaffingStep,
    Student,
    Teacher,
    TeacherPair,
    Teaches,
    Unavailability,
)
from ..posts import Attendance, Hall
from .facts import Fault, Finding, shown

WORST_SHOWN = 5
WATCHING = {Role.INVIGILATOR, Role.READER, Role.SCRIBE}  # in a room, in sight of each other


class Roster:
    """A solution's duties and all that their rules need, read once."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.project = project = solution.project
        self.settings = rules.settings_of(project)
        self.policy = DutyPolicy.objects.for_project(project).first() or DutyPolicy(project=project)
        self.duties = list(
            Duty.objects.filter(solution=solution)
            .select_related("period", "room", "teacher__designation")
            .order_by("period__date", "starts", "pk")
        )
        self.of_teacher: dict[int, list[Duty]] = defaultdict(list)
        self.in_room: dict[tuple[int, int], list[Duty]] = defaultdict(list)
        for duty in self.duties:
            if duty.teacher_id:
                self.of_teacher[duty.teacher_id].append(duty)
            if duty.room_id and duty.role in WATCHING:
                self.in_room[duty.period_id, duty.room_id].append(duty)
        self.teachers = {
            row.pk: row for row in Teacher.objects.for_project(project).select_related("designation")
        }

    @cached_property
    def attendance(self) -> Attendance:
        return Attendance(self.solution)

    @cached_property
    def halls(self) -> dict[tuple[int, int], Hall]:
        return {(hall.period.pk, hall.room.pk): hall for hall in self.attendance.halls}

    @cached_property
    def targets(self) -> dict[int, int]:
        return targets_of(self.project, [(duty.period.date, duty.minutes) for duty in self.duties])

    @cached_property
    def off(self) -> dict[int, int]:
        """teacher → minutes above the target, or below it (< 0)"""
        return {
            teacher: sum(duty.minutes for duty in self.of_teacher.get(teacher, ()))
            - self.targets.get(teacher, 0)
            for teacher in self.targets.keys() | self.of_teacher.keys()
        }

    @cached_property
    def met(self) -> Counter[frozenset[int]]:
        """two teachers → rooms that they watch together"""
        return Counter(
            frozenset(pair)
            for there in self.in_room.values()
            for pair in combinations([duty.teacher_id for duty in there if duty.teacher_id], 2)
        )

    @cached_property
    def exams_of(self) -> dict[int, set[int]]:
        """teacher → exams of the teacher's courses"""
        exam_of = dict(ExamCourse.objects.for_project(self.project).values_list("course", "exam"))
        found: dict[int, set[int]] = defaultdict(set)
        for row in Teaches.objects.for_project(self.project):
            if row.course_id in exam_of:
                found[row.teacher_id].add(exam_of[row.course_id])
        return found

    @cached_property
    def order(self) -> dict[int, int]:
        """period → its place in time"""
        periods = Period.objects.for_project(self.project).order_by("date", "starts")
        return {row.pk: place for place, row in enumerate(periods)}

    @cached_property
    def relatives(self) -> dict[int, set[int]]:
        """teacher → students"""
        found: dict[int, set[int]] = defaultdict(set)
        for row in Relative.objects.for_project(self.project):
            found[row.teacher_id].add(row.student_id)
        return found

    @cached_property
    def earlier(self) -> dict[tuple, int]:
        """post → teacher of the plan that this one was to stay close to"""
        parent, run = self.solution.parent, self.solution.run
        if parent is None or (run is not None and run.part != Run.Part.DUTIES):
            return {}
        rows = Duty.objects.filter(solution=parent, teacher__isnull=False)
        return {_post(row): row.teacher_id for row in rows}

    def days(self, teacher: int) -> dict[date, list[Duty]]:
        found: dict[date, list[Duty]] = defaultdict(list)
        for duty in self.of_teacher.get(teacher, ()):
            found[duty.period.date].append(duty)
        return found

    def limit(self, rule: str) -> float:
        if rule == "duties_a_day" and self.policy.same_day == DutyPolicy.SameDay.ONE:
            return 1
        limit = self.settings[rule].limit
        return float("inf") if limit is None else limit


def check(solution: Solution) -> list[Finding]:
    """Every rule of duties recounted. A rule that the project does not use is skipped, not green."""
    roster = Roster(solution)
    found = []
    for code, rule in DUTY_RULES.items():
        level = _level(code, roster)
        if level == "skipped":
            found.append(Finding("skipped", code, 0, _("The project does not use this rule.")))
        else:
            found.append(_finding(code, level, rule, roster))
    return found


def _level(code: str, roster: Roster) -> str:
    setting = roster.settings.get(code)
    if setting is None:
        return "error"  # what the data demand
    same_day = roster.policy.same_day
    if code == "duties_a_day" and same_day == DutyPolicy.SameDay.ONE:
        return "error"
    unused = (code == "both_sessions" and same_day != DutyPolicy.SameDay.KEEP) or (
        code == "moved_duty" and not roster.earlier
    )
    if not setting.is_on or unused:
        return "skipped"
    return "error" if setting.is_hard and rules.RULE_OF_CODE[code].may_be_hard else "warning"


def _finding(code: str, level: str, rule: Callable[[Roster], Iterator[Fault]], roster: Roster) -> Finding:
    faults = list(rule(roster))
    if not faults:
        return Finding("info", code, 0, _("No fault."))
    worst = sorted(faults, key=lambda fault: -fault.size)[:WORST_SHOWN]
    more = len(faults) - len(worst)
    about = "; ".join(fault.about for fault in worst) + (_("; and %d more") % more if more else "")
    return Finding(level, code, int(sum(fault.size for fault in faults)), about)


def unfilled(roster: Roster) -> Iterator[Fault]:
    """Posts without a teacher."""
    for duty in roster.duties:
        if duty.teacher_id is None:
            yield Fault(1, str(duty))


def missing_posts(roster: Roster) -> Iterator[Fault]:
    """Posts that rooms, reserves, blocks or single candidates ask for and the roster does not have."""
    has = Counter((duty.period_id, duty.room_id, duty.block, duty.role) for duty in roster.duties)
    rooms_in: Counter[Period] = Counter()
    rooms_of_block: Counter[tuple[Period, str]] = Counter()
    steps = list(StaffingStep.objects.for_project(roster.project).order_by("-first"))
    for (period, room), hall in roster.halls.items():
        rooms_in[hall.period] += 1
        rooms_of_block[hall.period, hall.room.block] += 1
        short = _staff(hall, roster.policy, steps) - has[period, room, "", Role.INVIGILATOR]
        if short > 0:
            yield Fault(short, f"{hall.room}: {hall.period}")
    for when, rooms in rooms_in.items():
        if per := roster.policy.rooms_per_reserve:
            short = ceil(rooms / per) - has[when.pk, None, "", Role.RESERVE]
            if short > 0:
                yield Fault(short, f"{when}: {Role.RESERVE.label}")
    for (when, block), rooms in rooms_of_block.items():
        if per := roster.policy.rooms_per_superintendent:
            short = ceil(rooms / per) - has[when.pk, None, block, Role.SUPERINTENDENT]
            if short > 0:
                yield Fault(short, f"{when}: {Role.SUPERINTENDENT.label} {block}")
    for kind in (Role.READER, Role.SCRIBE):
        served = {(duty.period_id, duty.student_id) for duty in roster.duties if duty.role == kind}
        for sat in roster.attendance.sat:
            when = sat.period
            for student in roster.attendance.arrangements.keys() & sat.students.keys():
                if (when.pk, student) not in served and roster.attendance.needs(student, when, kind.value):
                    yield Fault(1, f"{when}: {kind.label}")


def _staff(hall: Hall, policy: DutyPolicy, steps: list[StaffingStep]) -> int:
    """Invigilators that a room asks for, counted candidate by candidate."""
    if hall.room.invigilators is not None:
        return hall.room.invigilators
    if not steps:
        return max(policy.least_per_room, ceil(hall.candidates / 30))
    step = next((step for step in steps if step.first <= hall.candidates), None)
    if step is None:
        return policy.least_per_room
    more = 0
    if step.per:
        last = min(hall.candidates, step.last or hall.candidates)
        # each further batch begins with its first candidate beyond the tolerance
        more = len(range(step.first + step.per + step.tolerance, last + 1, step.per))
    return max(policy.least_per_room, step.base + more)


def two_duties_at_once(roster: Roster) -> Iterator[Fault]:
    """Two duties of a teacher in one period, or with less time between than the duty policy asks for."""
    gap = timedelta(minutes=roster.policy.gap_minutes)
    for teacher, duties in roster.of_teacher.items():
        for one, two in combinations(duties, 2):
            if one.period_id == two.period_id or (
                _start(two) < _end(one) + gap and _start(one) < _end(two) + gap
            ):
                yield Fault(1, f"{roster.teachers[teacher]}: {one.period}, {two.period}")


def teacher_away(roster: Roster) -> Iterator[Fault]:
    """Duties while the teacher is away, exempted, in a lesson, or does not invigilate at all."""
    absences: dict[int, list[Unavailability]] = defaultdict(list)
    for row in Unavailability.objects.for_project(roster.project).filter(decision="approved"):
        absences[row.teacher_id].append(row)
    exemptions: dict[int, list[Exemption]] = defaultdict(list)
    for free in Exemption.objects.for_project(roster.project):
        exemptions[free.teacher_id].append(free)
    lessons: dict[int, list[Lesson]] = defaultdict(list)
    for lesson in Lesson.objects.for_project(roster.project).filter(teacher__isnull=False):
        lessons[lesson.teacher_id].append(lesson)
    for teacher, duties in roster.of_teacher.items():
        for duty in duties:
            day = duty.period.date
            is_away = (
                not roster.teachers[teacher].may_invigilate
                or any(
                    row.date == day
                    and (row.starts is None or (row.starts < duty.ends and duty.starts < row.ends))
                    for row in absences[teacher]
                )
                or any(row.first_on <= day <= row.last_on for row in exemptions[teacher])
                or any(
                    row.weekday == day.weekday()
                    and row.starts < duty.ends
                    and duty.starts < row.ends
                    and (row.first_on or day) <= day <= (row.last_on or day)
                    for row in lessons[teacher]
                )
            )
            if is_away:
                yield Fault(1, f"{roster.teachers[teacher]}: {duty.period}")


def not_senior(roster: Roster) -> Iterator[Fault]:
    """Superintendents below the rank that the duty policy asks for."""
    for duty in roster.duties:
        if duty.role == Role.SUPERINTENDENT and duty.teacher_id:
            rank = duty.teacher.designation.rank if duty.teacher.designation else 0
            if not 1 <= rank <= roster.policy.senior_rank:
                yield Fault(1, f"{duty.teacher}: {duty}")


def relative_alone(roster: Roster) -> Iterator[Fault]:
    """Rooms where only relatives of candidates watch; readers, scribes and supervisors of a relative."""
    for place, duties in roster.in_room.items():
        sit = roster.halls[place].students if place in roster.halls else set()
        if all(duty.teacher_id and roster.relatives[duty.teacher_id] & sit for duty in duties):
            yield Fault(1, f"{duties[0].room}: {duties[0].period}")
    for duty in roster.duties:
        if duty.student_id and duty.teacher_id and duty.student_id in roster.relatives[duty.teacher_id]:
            yield Fault(1, f"{duty.teacher}: {duty}")


def most_duties(roster: Roster) -> Iterator[Fault]:
    """Duties beyond the teacher's most, or else the designation's."""
    for teacher, duties in roster.of_teacher.items():
        row = roster.teachers[teacher]
        own = row.max_duties
        most = own if own is not None else (row.designation.max_duties if row.designation else None)
        if most is not None and len(duties) > most:
            yield Fault(len(duties) - most, str(row))


def pair_never(roster: Roster) -> Iterator[Fault]:
    """Rooms in which two watch who must not watch together."""
    for row in _pairs(roster, TeacherPair.Kind.NEVER):
        if together := roster.met[frozenset((row.teacher_a_id, row.teacher_b_id))]:
            yield Fault(together, str(row))


def duty_pin(roster: Roster) -> Iterator[Fault]:
    """Pinned duties that the roster does not have."""
    for pin in DutyPin.objects.for_project(roster.project).select_related("teacher", "period", "room"):
        if not any(
            duty.period_id == pin.period_id and duty.role == pin.role and pin.room_id in (None, duty.room_id)
            for duty in roster.of_teacher.get(pin.teacher_id, ())
        ):
            yield Fault(1, str(pin))


def own_exam_room(roster: Roster) -> Iterator[Fault]:
    """Duties in a room in which an exam of the teacher's own courses is sat."""
    for (period, room), duties in roster.in_room.items():
        sat = roster.halls[period, room].exams if (period, room) in roster.halls else set()
        for duty in duties:
            if duty.teacher_id and roster.exams_of[duty.teacher_id] & sat:
                yield Fault(1, f"{duty.teacher}: {duty}")


def own_exam_period(roster: Roster) -> Iterator[Fault]:
    """Duties while an exam of the teacher's own courses is sat."""
    sat_in: dict[int, set[int]] = defaultdict(set)
    for sat in roster.attendance.sat:
        sat_in[sat.period.pk].add(sat.placement.sitting.exam_id)
    for duty in roster.duties:
        if duty.teacher_id and roster.exams_of[duty.teacher_id] & sat_in[duty.period_id]:
            yield Fault(1, f"{duty.teacher}: {duty.period}")


def woman_in_room(roster: Roster) -> Iterator[Fault]:
    """Fully staffed rooms where women sit and no woman watches."""
    female = Student.objects.for_project(roster.project).filter(gender=Gender.FEMALE)
    women = set(female.values_list("pk", flat=True))
    for place, duties in roster.in_room.items():
        if place in roster.halls and women & roster.halls[place].students:
            watching = [
                roster.teachers[duty.teacher_id].gender if duty.teacher_id else "?" for duty in duties
            ]
            if Gender.FEMALE not in watching and "?" not in watching:
                yield Fault(1, f"{duties[0].room}: {duties[0].period}")


def least_duties(roster: Roster) -> Iterator[Fault]:
    """Duties missing to the least of the teacher's designation."""
    least = dict(Designation.objects.for_project(roster.project).values_list("pk", "min_duties"))
    for teacher, row in roster.teachers.items():
        short = least.get(row.designation_id, 0) - len(roster.of_teacher.get(teacher, ()))
        if row.may_invigilate and short > 0:
            yield Fault(short, str(row))


def fair_minutes(roster: Roster) -> Iterator[Fault]:
    """Minutes off the target, beyond the free ones, squared, by 60."""
    free = roster.settings["fair_minutes"].limit or 0
    for teacher, off in roster.off.items():
        if counted := max(0, abs(off) - free) ** 2 // 60:
            yield Fault(counted, f"{roster.teachers[teacher]}: {off:+d}")


def juniors_first(roster: Roster) -> Iterator[Fault]:
    """Hours above the target, times the ranks that are more junior, rounded down for each teacher."""
    ranks = [row.designation.rank for row in roster.teachers.values() if row.designation]
    lowest = max(ranks, default=0)
    for teacher, off in roster.off.items():
        designation = roster.teachers[teacher].designation
        counted = (lowest - designation.rank) * off // 60 if designation and designation.rank else 0
        if counted > 0:
            yield Fault(counted, f"{roster.teachers[teacher]}: {off:+d}")


def even_kinds(roster: Roster) -> Iterator[Fault]:
    """Reserves, evenings, weekends and long duties above or below the teacher's share, rounded up or down."""
    rule = roster.settings["even_kinds"]
    kinds: dict[str, Callable[[Duty], bool]] = {
        _("reserves"): lambda duty: duty.role == Role.RESERVE,
        _("evenings"): lambda duty: duty.starts.hour >= (rule.limit or 24),
        _("weekends"): lambda duty: duty.period.date.isoweekday() > 5,
        _("long duties"): lambda duty: rule.days is not None and rule.days > 0 and duty.minutes >= rule.days,
    }
    whole = sum(roster.targets.values()) or 1
    for words, is_one in kinds.items():
        total = sum(map(is_one, roster.duties))
        for teacher in roster.teachers:
            share, rest = divmod(total * roster.targets.get(teacher, 0), whole)
            has = sum(map(is_one, roster.of_teacher.get(teacher, ())))
            if not share <= has <= share + (rest > 0):
                wrong = share - has if has < share else has - share - (rest > 0)
                yield Fault(wrong, f"{roster.teachers[teacher]}: {has} {words}")


def duties_a_day(roster: Roster) -> Iterator[Fault]:
    """Duties on a day beyond the rule's number."""
    for teacher in roster.of_teacher:
        for day, duties in roster.days(teacher).items():
            if len(duties) > roster.limit("duties_a_day"):
                yield Fault(
                    len(duties) - roster.limit("duties_a_day"), f"{roster.teachers[teacher]}: {shown(day)}"
                )


def duties_on_end(roster: Roster) -> Iterator[Fault]:
    """Duties in periods of a day that follow each other, beyond the rule's number."""
    for teacher in roster.of_teacher:
        for day, duties in roster.days(teacher).items():
            places = [roster.order[duty.period_id] for duty in duties]
            for at, place in enumerate(places):
                back = 1
                while back <= at and places[at - back] == place - back:
                    back += 1
                if back > roster.limit("duties_on_end"):
                    yield Fault(1, f"{roster.teachers[teacher]}: {shown(day)}")


def duty_days(roster: Roster) -> Iterator[Fault]:
    """Days with a duty beyond the rule's number."""
    for teacher in roster.of_teacher:
        beyond = len(roster.days(teacher)) - roster.limit("duty_days")
        if beyond > 0:
            yield Fault(beyond, str(roster.teachers[teacher]))


def duty_span(roster: Roster) -> Iterator[Fault]:
    """Started half hours by which a day is longer than the rule's hours, from first start to last end."""
    for teacher in roster.of_teacher:
        for day, duties in roster.days(teacher).items():
            span = max(map(_end, duties)) - min(map(_start, duties))
            beyond = ceil((span.total_seconds() / 3600 - roster.limit("duty_span")) * 2)
            if beyond > 0:
                yield Fault(beyond, f"{roster.teachers[teacher]}: {shown(day)}")


def same_partner(roster: Roster) -> Iterator[Fault]:
    """Rooms that two teachers watch together beyond the first."""
    for pair, times in roster.met.items():
        if times > 1:
            yield Fault(times - 1, ", ".join(sorted(str(roster.teachers[teacher]) for teacher in pair)))


def same_duty_room(roster: Roster) -> Iterator[Fault]:
    """Duties of a teacher in one room beyond the first."""
    for teacher, duties in roster.of_teacher.items():
        for room, times in Counter(duty.room for duty in duties if duty.room_id).items():
            if times > 1:
                yield Fault(times - 1, f"{roster.teachers[teacher]}: {room}")


def pair_together(roster: Roster) -> Iterator[Fault]:
    """Duties that two could have had together: the fewer of their duties, less those together."""
    for row in _pairs(roster, TeacherPair.Kind.TOGETHER):
        pair = (row.teacher_a_id, row.teacher_b_id)
        could = min(len(roster.of_teacher.get(teacher, ())) for teacher in pair)
        if could > roster.met[frozenset(pair)]:
            yield Fault(could - roster.met[frozenset(pair)], str(row))


def both_sessions(roster: Roster) -> Iterator[Fault]:
    """Days with a duty beyond half of the teacher's duties, rounded up."""
    for teacher, duties in roster.of_teacher.items():
        beyond = len(roster.days(teacher)) - ceil(len(duties) / 2)
        if beyond > 0:
            yield Fault(beyond, str(roster.teachers[teacher]))


def moved_duty(roster: Roster) -> Iterator[Fault]:
    """Posts with another teacher than in the plan that the run started from, or with none."""
    for duty in roster.duties:
        before = roster.earlier.get(_post(duty))
        if before and before != duty.teacher_id:
            yield Fault(1, str(duty))


def _post(duty: Duty) -> tuple:
    return duty.period_id, duty.room_id, duty.block, duty.role, duty.number


def _pairs(roster: Roster, kind: str) -> Iterator[TeacherPair]:
    rows = TeacherPair.objects.for_project(roster.project).select_related("teacher_a", "teacher_b")
    yield from rows.filter(kind=kind).order_by("pk")


def _start(duty: Duty) -> datetime:
    return datetime.combine(duty.period.date, duty.starts)


def _end(duty: Duty) -> datetime:
    return datetime.combine(duty.period.date, duty.ends)


DUTY_RULES: dict[str, Callable[[Roster], Iterator[Fault]]] = {
    "unfilled": unfilled,
    "missing_posts": missing_posts,
    "two_duties_at_once": two_duties_at_once,
    "teacher_away": teacher_away,
    "not_senior": not_senior,
    "relative_alone": relative_alone,
    "most_duties": most_duties,
    "pair_never": pair_never,
    "duty_pin": duty_pin,
    "own_exam_room": own_exam_room,
    "own_exam_period": own_exam_period,
    "woman_in_room": woman_in_room,
    "least_duties": least_duties,
    "fair_minutes": fair_minutes,
    "juniors_first": juniors_first,
    "even_kinds": even_kinds,
    "duties_a_day": duties_a_day,
    "duties_on_end": duties_on_end,
    "duty_days": duty_days,
    "duty_span": duty_span,
    "same_partner": same_partner,
    "same_duty_room": same_duty_room,
    "pair_together": pair_together,
    "both_sessions": both_sessions,
    "moved_duty": moved_duty,
}
