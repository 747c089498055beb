"""For every rule of seats the smallest hall in which it decides something.

A case is seated first without the rule, and the rule's finding says that it is broken; seated again with it,
it is broken less or not at all. docs/rules.md is made from this.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from scheduling import models
from scheduling.adapter import seats
from scheduling.solver.seating.search import solve
from scheduling.solver.stop import MaxSteps

from .rule_cases import World

DEAR = 1000


class Hall(World):
    """A room of five rows of six; anybody may sit anywhere until a case says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.shape(self.room, 5, 6)
        self.policy = self.add(models.SeatingPolicy, neighbours="none")
        self.when: dict[int, int] = {}

    def shape(self, room: models.Room, rows: int, columns: int) -> models.Room:
        room.rows, room.columns, room.exam_capacity = rows, columns, rows * columns
        room.save()
        return room

    def another(self, code: str = "R40", rows: int = 5, columns: int = 8) -> models.Room:
        return self.shape(self.add(models.Room, code=code, exam_capacity=1), rows, columns)

    def sits(self, code: str, sits: Any, period: int = 0, **fields: Any) -> models.Exam:
        exam = self.exam(code, sits=sits, **fields)
        self.when[exam.pk] = period
        return exam

    def set_policy(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self.policy, name, value)
        self.policy.save()

    def seat(
        self, parent: models.Solution | None = None, stay: models.Solution | None = None
    ) -> models.Solution:
        solution = models.Solution.objects.create_next(project=self.project, parent=parent)
        for sitting in models.Sitting.objects.for_project(self.project):
            period = self.periods[self.when[sitting.exam_id]]
            self.add(models.Placement, solution=solution, sitting=sitting, period=period)
        season = seats.season_of(solution, stay_close_to=stay)
        seats.write(season, solve(season.problem, stop=MaxSteps(12)), solution)
        return solution


class Case(NamedTuple):
    """build: makes the hall and returns the act that brings the rule into it."""

    code: str
    words: str
    build: Callable[[Hall], Callable[[], Any]]
    goes_on: bool = False  # there is an earlier plan to stay with


CASES: dict[str, Case] = {}


def case(code: str, *, goes_on: bool = False) -> Callable:
    def keep(build: Callable[[Hall], Callable[[], Any]]) -> Callable:
        CASES[code] = Case(code, " ".join((build.__doc__ or "").split()), build, goes_on)
        return build

    return keep


def register(h: Hall, exam: models.Exam, student: models.Student) -> models.Registration:
    return h.add(models.Registration, student=student, course=exam.courses.get())


@case("chair_missing")
def _(h: Hall):
    """Two more candidates register after the plan was made."""
    exam = h.sits("E1", 3)
    return lambda: [register(h, exam, h.student()) for _ in range(2)]


@case("stranger")
def _(h: Hall):
    """A candidate takes the registration back after the plan was made."""
    h.sits("E1", 3)
    return lambda: models.Registration.objects.filter(project=h.project).first().delete()


@case("chair_unusable")
def _(h: Hall):
    """The room of an exam of 3 is closed after the plan was made; there is another."""
    h.sits("E1", 3)
    h.another()
    return lambda: h.add(models.RoomClosure, room=h.room, date=h.periods[0].date)


@case("neighbours")
def _(h: Hall):
    """Two exams of 6; then left and right, front and back must differ."""
    h.sits("E1", 6)
    h.sits("E2", 6)
    return lambda: h.set_policy(neighbours="four")


@case("roll_order")
def _(h: Hall):
    """Two candidates have changed places; then seats must follow the roll numbers."""
    h.sits("E1", 4)

    def follow() -> None:
        one, *_others, last = models.Seating.objects.filter(project=h.project).order_by("column", "row")
        here = {"row": one.row, "column": one.column, "label": one.label}
        there = {"row": last.row, "column": last.column, "label": last.label}
        for row, place in ((one, {"row": 99}), (last, here), (one, there)):
            models.Seating.objects.filter(pk=row.pk).update(**place)
        h.set_policy(order="roll")

    return follow


@case("arrangement")
def _(h: Hall):
    """A candidate of 10 sits behind; then that candidate needs the front row."""
    h.sits("E1", 10)

    def need() -> None:
        behind = models.Seating.objects.filter(project=h.project, row__gt=1).first()
        h.add(models.AccessArrangement, student=behind.student, kind="front seat")

    return need


@case("seat_pin")
def _(h: Hall):
    """The last candidate of 4 is pinned to the chair in the corner."""
    exam = h.sits("E1", 4)
    student = models.Student.objects.for_project(h.project).order_by("-roll_no").first()
    return lambda: h.add(models.SeatPin, student=student, exam=exam, room=h.room, row=5, column=6)


@case("layout")
def _(h: Hall):
    """The room's seats are numbered along the rows after the plan was made."""
    h.sits("E1", 4)
    return lambda: models.Room.objects.filter(pk=h.room.pk).update(numbering="rows")


@case("sparse")
def _(h: Hall):
    """An exam of 15 takes half of a room of 30; then at most 30 percent. There is another room."""
    h.sits("E1", 15)
    h.another()
    return lambda: h.use("sparse", limit=30)


@case("cohort_neighbours")
def _(h: Hall):
    """Two exams of 9 fill a room of 18, half of each exam's candidates from one class, half from another."""
    h.shape(h.room, 3, 6)
    h.set_policy(neighbours="four")
    classes = [h.add(models.Programme, name=name) for name in "PQ"]
    for code in ("E1", "E2"):
        h.sits(code, [h.student(programme=classes[n % 2]) for n in range(9)])
    return lambda: h.use("cohort_neighbours")


@case("exams_in_room")
def _(h: Hall):
    """Three exams of 2 fit one room; then one exam to a room is enough. There is another."""
    for code in ("E1", "E2", "E3"):
        h.sits(code, 2)
    h.another()
    return lambda: h.use("exams_in_room", limit=1)


@case("roll_ranges")
def _(h: Hall):
    """Two exams of 12 lie in two rooms of 12, and candidates of a class rather not beside each other."""
    h.shape(h.room, 3, 4)
    h.another(rows=3, columns=4)
    h.set_policy(neighbours="four")
    classes = [h.add(models.Programme, name=name) for name in "PQ"]
    for code in ("E1", "E2"):
        h.sits(code, [h.student(programme=classes[n % 2]) for n in range(12)])
    h.use("cohort_neighbours", weight=1)
    return lambda: h.use("roll_ranges")


@case("rooms_used")
def _(h: Hall):
    """Two exams of different length would rather not share a room; then each room has a price."""
    h.another()
    h.sits("E1", 5)
    h.sits("E2", 5, duration=60)
    h.use("mixed_durations", weight=5)
    return lambda: h.use("rooms_used")


@case("spare_seats")
def _(h: Hall):
    """An exam of 30 fills the room; then 3 seats of each room stay free. There is another room."""
    h.another()
    h.sits("E1", 30)

    def keep_free() -> None:
        h.set_policy(spare_seats=3)
        h.use("spare_seats")

    return keep_free


@case("same_neighbour")
def _(h: Hall):
    """The same ten students sit two exams each, in two periods, five and five."""
    h.set_policy(neighbours="four")
    h.shape(h.room, 2, 5)
    students = [h.student() for _ in range(10)]
    for period in (0, 3):
        h.sits(f"E{period}", students[:5], period)
        h.sits(f"F{period}", students[5:], period)
    return lambda: h.use("same_neighbour")


@case("room_change")
def _(h: Hall):
    """Twelve sit six and six in two rooms; of those of the second exam that day the rooms' halves differ."""
    h.shape(h.room, 2, 6)
    h.another(rows=2, columns=6)
    h.set_policy(neighbours="four")
    students = [h.add(models.Student, roll_no=f"R{n:02}", name=f"R{n}") for n in range(16)]
    h.sits("E1", students[:12], 0)
    h.sits("E2", students[4:], 1)
    return lambda: h.use("room_change")


@case("moved_seat", goes_on=True)
def _(h: Hall):
    """A candidate with the first roll number registers after the plan that the run starts from was made."""
    exam = h.sits("E1", 5)
    h.seat()
    register(h, exam, h.add(models.Student, roll_no="A0", name="A0"))
    return lambda: h.use("moved_seat")
