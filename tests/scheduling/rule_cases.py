"""For every rule the smallest season in which it decides something.

A case pulls exams to where the rule does not want them, by their own wishes. Without the rule they go there,
and the rule's finding says so; with it they do not. docs/rules.md is made from this (write_rules_page.py).
"""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any, NamedTuple

from scheduling import rules
from scheduling.exams import make_sittings
from scheduling.models import (
    AllowedClash,
    Course,
    Exam,
    ExamCourse,
    ExamLink,
    ExamRule,
    Period,
    Programme,
    Registration,
    Room,
    Student,
    Teacher,
    Teaches,
)

from ..factories.projects import ProjectFactory

WISH, RULE = 5, 1000
STARTS = (time(9), time(12, 30), time(16))


class World:
    """Three days of three periods of three hours; a room of 30; no rule but those that a case switches on."""

    def __init__(self) -> None:
        self.project = ProjectFactory()
        self.periods = [
            self.add(
                Period,
                date=date(2027, 1, 4) + timedelta(days=n // 3),
                starts=STARTS[n % 3],
                ends=time(STARTS[n % 3].hour + 3, STARTS[n % 3].minute),
                label=f"{n // 3 + 1}{'ABC'[n % 3]}",
            )
            for n in range(9)
        ]
        self.room = self.add(Room, code="R30", block="X", exam_capacity=30)
        self.students = 0
        off = {code: row._replace(is_on=False) for code, row in rules.settings_of(self.project).items()}
        rules.save_settings(project=self.project, settings=off)
        self.use("period_preference", weight=1)
        self.use("room_preference", weight=1)

    def add(self, model: type, **fields: Any) -> Any:
        return model.objects.create(project=self.project, institution=self.project.institution, **fields)

    def use(self, rule: str, **fields: Any) -> None:
        setting = rules.settings_of(self.project)[rule]
        rules.save_settings(
            project=self.project, settings={rule: setting._replace(is_on=True, **{"weight": RULE, **fields})}
        )

    def student(self, **fields: Any) -> Student:
        self.students += 1
        return self.add(Student, roll_no=f"S{self.students}", name=f"S{self.students}", **fields)

    def exam(
        self,
        code: str,
        *,
        at: int | None = None,
        sits: list[Student] | int = 1,
        avoids: tuple = (),
        **fields: Any,
    ) -> Exam:
        """An exam that would like to be in period `at` and not in the rooms that it avoids."""
        course = self.add(Course, code=code, title=code)
        exam = self.add(Exam, code=code, title=code, **{"duration": 120, **fields})
        self.add(ExamCourse, exam=exam, course=course)
        for student in [self.student() for _ in range(sits)] if isinstance(sits, int) else sits:
            self.add(Registration, student=student, course=course)
        make_sittings(project=self.project, exams=[exam])
        if at is not None:
            self.wish(exam, at)
        for room in avoids:
            self.add(ExamRule, exam=exam, kind="avoid", room=room, weight=WISH)
        return exam

    def wish(self, exam: Exam, at: int) -> None:
        ExamRule.objects.filter(exam=exam, period__isnull=False).delete()
        self.add(ExamRule, exam=exam, kind="prefer", period=self.periods[at], weight=WISH)


class Case(NamedTuple):
    """build: makes the season and returns the act that brings the rule into it."""

    code: str
    words: str
    build: Callable[[World], Callable[[], Any]]
    goes_on: bool = False  # the second run starts from the first plan


CASES: dict[str, Case] = {}


def case(code: str, *, goes_on: bool = False) -> Callable:
    def keep(build: Callable[[World], Callable[[], Any]]) -> Callable:
        CASES[code] = Case(code, " ".join((build.__doc__ or "").split()), build, goes_on)
        return build

    return keep


@case("clash")
def _(w: World):
    """Two exams would like the same period; then a student is registered for both."""
    one, two = w.exam("E1", at=0), w.exam("E2", at=0)
    student = one.courses.get().registrations.get().student
    return lambda: w.add(Registration, student=student, course=two.courses.get())


@case("person_clash")
def _(w: World):
    """Two exams of one teacher would like the same period."""
    teacher = w.add(Teacher, staff_no="T", name="T")
    for code in ("E1", "E2"):
        w.add(Teaches, teacher=teacher, course=w.exam(code, at=0).courses.get())
    return lambda: w.use("person_clash", is_hard=True)


@case("period")
def _(w: World):
    """An exam would like a period that is then forbidden to it."""
    exam = w.exam("E1", at=0)
    return lambda: w.add(ExamRule, exam=exam, kind="never", period=w.periods[0])


@case("length")
def _(w: World):
    """An exam of two hours would like a period that is then cut to one."""
    w.exam("E1", at=0)
    return lambda: Period.objects.filter(pk=w.periods[0].pk).update(ends=time(10))


@case("unseated")
def _(w: World):
    """An exam of 5 fits a room of 10; then 10 more candidates register."""
    w.room.exam_capacity = 10
    w.room.save()
    w.add(Room, code="R10", block="X", exam_capacity=10)
    course = w.exam("E1", sits=5).courses.get()
    return lambda: [w.add(Registration, student=w.student(), course=course) for _ in range(10)]


@case("seats")
def _(w: World):
    """Two exams of 15 fit the room of 30 together; then it has only 20 seats."""
    w.exam("E1", at=0, sits=15)
    w.exam("E2", at=0, sits=15)
    return lambda: Room.objects.filter(pk=w.room.pk).update(exam_capacity=20)


@case("room")
def _(w: World):
    """An exam avoids one of two rooms; then the other is forbidden to it."""
    other = w.add(Room, code="R31", block="X", exam_capacity=30)
    exam = w.exam("E1", avoids=(other,))
    return lambda: w.add(ExamRule, exam=exam, kind="never", room=w.room)


@case("exclusive")
def _(w: World):
    """Two exams would like the same period and there is one room; then one needs it for itself."""
    one = w.exam("E1", at=0)
    w.exam("E2", at=0)
    return lambda: Exam.objects.filter(pk=one.pk).update(is_alone_in_room=True)


@case("max_rooms")
def _(w: World):
    """An exam of 20 avoids the large room for two of 10; then it may use only one."""
    for code in "AB":
        w.add(Room, code=code, block="X", exam_capacity=10)
    exam = w.exam("E1", sits=20, avoids=(w.room,))
    return lambda: Exam.objects.filter(pk=exam.pk).update(max_rooms=1)


@case("period_exams")
def _(w: World):
    """Two exams would like a period that then takes one only."""
    w.exam("E1", at=0)
    w.exam("E2", at=0)
    return lambda: Period.objects.filter(pk=w.periods[0].pk).update(max_exams=1)


@case("period_candidates")
def _(w: World):
    """Two exams of 5 would like a period that then takes 8 candidates only."""
    w.exam("E1", at=0, sits=5)
    w.exam("E2", at=0, sits=5)
    return lambda: Period.objects.filter(pk=w.periods[0].pk).update(max_candidates=8)


@case("period_rooms")
def _(w: World):
    """Two exams in rooms of their own would like a period for which there is then one invigilator."""
    w.add(Room, code="R31", block="X", exam_capacity=30)
    w.exam("E1", at=0, sits=20)
    w.exam("E2", at=0, sits=20)
    return lambda: Period.objects.filter(pk=w.periods[0].pk).update(max_rooms=1)


def _link(code: str, kind: ExamLink.Kind, first: int, second: int, words: str, **fields: Any) -> None:
    def build(w: World):
        one, two = w.exam("E1", at=first), w.exam("E2", at=second)
        return lambda: w.add(ExamLink, kind=kind, exam_a=one, exam_b=two, **fields)

    build.__doc__ = words
    case(code)(build)


LINKS = (
    ("same_period", ExamLink.Kind.SAME_PERIOD, 0, 1, "Two exams would like different periods"),
    ("different_period", ExamLink.Kind.DIFFERENT_PERIOD, 0, 0, "Two exams would like the same period"),
    ("before", ExamLink.Kind.BEFORE, 1, 0, "The first exam would like a later period than the second"),
    ("same_day", ExamLink.Kind.SAME_DAY, 0, 3, "Two exams would like different days"),
    ("different_day", ExamLink.Kind.DIFFERENT_DAY, 0, 2, "Two exams would like the same day"),
    ("min_days", ExamLink.Kind.MIN_GAP, 0, 3, "Two exams would like neighbouring days"),
)
for _code, _kind, _first, _second, _words in LINKS:
    _link(_code, _kind, _first, _second, f"{_words}; then they are linked.")
    _link(
        f"wish_{_code}",
        _kind,
        _first,
        _second,
        f"{_words}; then a dear wish links them.",
        is_hard=False,
        weight=RULE,
    )


@case("same_room")
def _(w: World):
    """Two exams of one period each avoid the other's room; then they must share one."""
    other = w.add(Room, code="R31", block="X", exam_capacity=30)
    one, two = w.exam("E1", at=0, avoids=(other,)), w.exam("E2", at=0, avoids=(w.room,))
    return lambda: w.add(ExamLink, kind="same room", exam_a=one, exam_b=two)


@case("different_room")
def _(w: World):
    """Two exams of one period avoid the same room; then they may not share one."""
    other = w.add(Room, code="R31", block="X", exam_capacity=30)
    one, two = w.exam("E1", at=0, avoids=(other,)), w.exam("E2", at=0, avoids=(other,))
    return lambda: w.add(ExamLink, kind="different room", exam_a=one, exam_b=two)


@case("allowed_clash")
def _(w: World):
    """A student may have two exams at once, and both would like that; then it has its price."""
    student = w.student()
    one, two = w.exam("E1", at=0, sits=[student]), w.exam("E2", at=0, sits=[student])
    w.add(AllowedClash, student=student, exam_a=one, exam_b=two, reason="agreed")
    return lambda: w.use("allowed_clash")


def _of_one_student(code: str, first: int, second: int, words: str, **fields: Any) -> None:
    def build(w: World):
        student = w.student()
        w.exam("E1", at=first, sits=[student])
        w.exam("E2", at=second, sits=[student])
        return lambda: w.use(code, **fields)

    build.__doc__ = words
    case(code)(build)


_of_one_student(
    "two_in_a_row", 0, 1, "A student's two exams would like periods of a day that follow each other."
)
_of_one_student(
    "two_in_a_day", 0, 2, "A student's two exams would like the first and the last period of a day."
)
_of_one_student(
    "proximity_clock", 0, 3, "A student's two exams would like neighbouring days of a short season."
)
_of_one_student("proximity", 0, 1, "A student's two exams would like periods that follow each other.")
_of_one_student("period_spread", 0, 3, "A student's two exams would like two days on end.", limit=3)
_of_one_student(
    "overnight", 2, 3, "A student's two exams would like a day's last period and the next day's first."
)
_of_one_student(
    "short_break", 0, 1, "A student's two exams would like periods with half an hour between.", limit=60
)
_of_one_student("day_limit", 0, 2, "A student's two exams would like one day.", limit=1)
_of_one_student("window_limit", 0, 3, "A student's two exams would like two days on end.", limit=1, days=2)


@case("travel")
def _(w: World):
    """A student's exams, an hour apart, avoid each other's block; there is room in both."""
    w.add(Room, code="Y30", block="Y", exam_capacity=30)
    far = Room.objects.get(project=w.project, code="Y30")
    student = w.student()
    w.exam("E1", at=0, sits=[student], avoids=(far,))
    w.exam("E2", at=1, sits=[student], avoids=(w.room,))
    return lambda: w.use("travel", limit=90)


@case("cohort_gap")
def _(w: World):
    """Two exams of one class, but of different students, would like one day."""
    programme = w.add(Programme, name="P")
    for code in ("E1", "E2"):
        w.exam(code, at=0, sits=[w.student(programme=programme, semester="1")])
    return lambda: w.use("cohort_gap", days=2)


@case("front_load")
def _(w: World):
    """An exam that is better early would like the last period."""
    w.exam("E1", at=8, front_load=True)
    return lambda: w.use("front_load", limit=0, days=3)


@case("period_penalty")
def _(w: World):
    """An exam would like a period that everybody dislikes."""
    Period.objects.filter(pk=w.periods[0].pk).update(penalty=1)
    w.exam("E1", at=0)
    return lambda: w.use("period_penalty")


@case("period_preference")
def _(w: World):
    """Only one period is not disliked, and an exam would rather be in another."""
    Period.objects.for_project(w.project).exclude(pk=w.periods[0].pk).update(penalty=50)
    w.use("period_penalty", weight=1)
    w.exam("E1", at=1)
    return lambda: w.use("period_preference")


@case("rotation")
def _(w: World):
    """An exam that was last in the season before would like the last period again."""
    w.exam("E1", at=8, last_season_position=1)
    return lambda: w.use("rotation")


@case("days_used")
def _(w: World):
    """Two exams would like different days."""
    w.exam("E1", at=0)
    w.exam("E2", at=3)
    return lambda: w.use("days_used")


@case("moved_period", goes_on=True)
def _(w: World):
    """An exam would like another period than in the plan that the run starts from."""
    exam = w.exam("E1", at=0)

    def change_its_mind() -> None:
        w.wish(exam, 5)
        w.use("moved_period")

    return change_its_mind


@case("moved_room", goes_on=True)
def _(w: World):
    """An exam avoids the room that it has in the plan that the run starts from."""
    other = w.add(Room, code="R31", block="X", exam_capacity=30)
    exam = w.exam("E1", avoids=(other,))

    def change_its_mind() -> None:
        ExamRule.objects.filter(exam=exam).update(room=w.room)
        w.use("moved_room")

    return change_its_mind


@case("room_penalty")
def _(w: World):
    """An exam avoids a room, and everybody dislikes the other."""
    other = w.add(Room, code="R31", block="X", exam_capacity=30)
    Room.objects.filter(pk=w.room.pk).update(penalty=1)
    w.exam("E1", avoids=(other,))
    return lambda: w.use("room_penalty")


@case("room_preference")
def _(w: World):
    """Everybody dislikes a room, and an exam would rather be in it."""
    other = w.add(Room, code="R31", block="X", exam_capacity=30, penalty=50)
    w.use("room_penalty", weight=1)
    w.exam("E1", avoids=(w.room,))
    assert other
    return lambda: w.use("room_preference")


@case("mixed_durations")
def _(w: World):
    """Exams of one and of two hours would like the same period, and there is one room."""
    w.exam("E1", at=0, duration=60)
    w.exam("E2", at=0, duration=120)
    return lambda: w.use("mixed_durations")


@case("split_rooms")
def _(w: World):
    """An exam of 20 avoids the large room for two of 10."""
    for code in "AB":
        w.add(Room, code=code, block="X", exam_capacity=10)
    w.exam("E1", sits=20, avoids=(w.room,))
    return lambda: w.use("split_rooms")


@case("split_blocks")
def _(w: World):
    """An exam of 40 needs two rooms and avoids the second one of its block."""
    beside = w.add(Room, code="X31", block="X", exam_capacity=30)
    w.add(Room, code="Y31", block="Y", exam_capacity=30)
    w.exam("E1", sits=40, avoids=(beside,))
    return lambda: w.use("split_blocks")


@case("empty_seats")
def _(w: World):
    """An exam of 5 avoids the room of 5 for the one of 30."""
    small = w.add(Room, code="R5", block="X", exam_capacity=5)
    w.exam("E1", sits=5, avoids=(small,))
    return lambda: w.use("empty_seats")
