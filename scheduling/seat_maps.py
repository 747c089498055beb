"""A room in a period of a solution as a map: each chair, who sits there, and how good that is."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from math import hypot, inf
from typing import NamedTuple

from django.db.models import Count

from .layouts import Chair, chairs_of
from .models import (
    AccessArrangement,
    Period,
    Room,
    Seating,
    SeatingPolicy,
    SeatPin,
    Sitting,
    Solution,
    Student,
)

# Colours of the map; more exams than these in one room begin again, and their codes tell them apart.
COLOURS = 8

Key = tuple[int, int, int]

# Rows and chairs from one's own to a neighbour's.
FOUR = ((0, -1), (0, 1), (-1, 0), (1, 0))
STEPS = {
    SeatingPolicy.Neighbours.NONE: (),
    SeatingPolicy.Neighbours.SIDES: ((0, -1), (0, 1)),
    SeatingPolicy.Neighbours.EIGHT: (*FOUR, (-1, -1), (-1, 1), (1, -1), (1, 1)),
}


class ExamThere(NamedTuple):
    """An exam in the room. colour: 1 to COLOURS."""

    pk: int
    code: str
    title: str
    colour: int
    candidates: int


class Place(NamedTuple):
    """A chair on the map. touching: neighbours, as the policy has them, who sit the same exam."""

    chair: Chair
    seating: Seating | None = None
    exam: ExamThere | None = None
    is_pinned: bool = False
    arrangements: tuple[AccessArrangement, ...] = ()
    touching: int = 0

    @property
    def address(self) -> str:
        return "-".join(str(part) for part in self.chair.key)


class SeatMap:
    """Read once: five queries, however large the room."""

    def __init__(self, solution: Solution, period: Period, room: Room) -> None:
        self.solution, self.period, self.room = solution, period, room
        self.policy = policy_of(solution)
        self.chairs = {chair.key: chair for chair in chairs_of(room)}
        rows = (
            Seating.objects.for_project(solution.project)
            .filter(solution=solution, period=period, room=room)
            .select_related("student", "placement__sitting__exam")
        )
        self.seatings: dict[Key, Seating] = {(row.row, row.column, row.side): row for row in rows}

    @cached_property
    def exams(self) -> dict[int, ExamThere]:
        """The exams in the room by pk, the largest first."""
        there = {row.placement.sitting.exam_id: row.placement.sitting.exam for row in self.seatings.values()}
        sizes = Counter(row.placement.sitting.exam_id for row in self.seatings.values())
        ordered = sorted(there.values(), key=lambda exam: (-sizes[exam.pk], exam.code))
        return {
            exam.pk: ExamThere(exam.pk, exam.code, exam.title, number % COLOURS + 1, sizes[exam.pk])
            for number, exam in enumerate(ordered)
        }

    @cached_property
    def places(self) -> dict[Key, Place]:
        """Every chair; one that is gone from the layout since stays as long as somebody sits there."""
        gone = {
            key: Chair(*key, number=10**6, label=row.label, across=key[1], is_usable=False, is_front=False,
                       is_aisle=False)
            for key, row in self.seatings.items()
            if key not in self.chairs
        }  # fmt: skip
        return {key: self._place(chair) for key, chair in (self.chairs | gone).items()}

    def _place(self, chair: Chair) -> Place:
        row = self.seatings.get(chair.key)
        if row is None:
            return Place(chair)
        exam = row.placement.sitting.exam_id
        return Place(
            chair,
            row,
            self.exams[exam],
            (row.student_id, exam) in self.pins,
            tuple(self.arrangements[row.student_id]),
            self.touching(chair, exam, row),
        )

    def touching(self, chair: Chair, exam: int, but: Seating | None = None) -> int:
        """Neighbours of that chair who sit the exam, `but` left out."""
        around = (self.seatings.get(key) for key in self.neighbours[chair.key])
        return sum(row is not None and row != but and row.placement.sitting.exam_id == exam for row in around)

    @cached_property
    def neighbours(self) -> dict[Key, list[Key]]:
        chairs = [*self.chairs.values()]
        at = {(chair.row, chair.across): chair for chair in chairs}
        return {chair.key: [other.key for other in self._beside(chair, at, chairs)] for chair in chairs} | {
            key: [] for key in self.seatings if key not in self.chairs
        }

    def _beside(self, chair: Chair, at: dict[tuple[int, int], Chair], chairs: list[Chair]) -> Iterator[Chair]:
        kinds, kind = SeatingPolicy.Neighbours, SeatingPolicy.Neighbours(self.policy.neighbours)
        if kind == kinds.BENCH:
            yield from (other for other in chairs if other != chair and other.key[:2] == chair.key[:2])
        elif kind == kinds.DISTANCE and self.is_measured:
            near = float(self.policy.metres) - 1e-9
            yield from (other for other in chairs if other != chair and _metres(chair, other) < near)
        else:
            for down, right in STEPS.get(kind, FOUR):
                if other := at.get((chair.row + down, chair.across + right)):
                    yield other

    @cached_property
    def is_measured(self) -> bool:
        """Every usable chair has its place in metres; else a distance means the four neighbours."""
        return all(
            chair.x is not None and chair.y is not None for chair in self.chairs.values() if chair.is_usable
        )

    @cached_property
    def pins(self) -> set[tuple[int, int]]:
        rows = SeatPin.objects.for_project(self.solution.project).filter(room=self.room)
        return set(rows.values_list("student", "exam"))

    @cached_property
    def arrangements(self) -> dict[int, list[AccessArrangement]]:
        found: dict[int, list[AccessArrangement]] = defaultdict(list)
        students = [row.student_id for row in self.seatings.values()]
        rows = AccessArrangement.objects.for_project(self.solution.project).filter(student__in=students)
        for row in rows.order_by("kind"):
            if row.holds_on(self.period.date):
                found[row.student_id].append(row)
        return found

    @cached_property
    def lines(self) -> list[list[Place | None]]:
        """Rows from the front; None where there is no chair, such as an aisle."""
        if not self.places:
            return []
        at = {(place.chair.row, place.chair.across): place for place in self.places.values()}
        rows = sorted({row for row, _across in at})
        across = range(min(a for _row, a in at), max(a for _row, a in at) + 1)
        return [[at.get((row, a)) for a in across] for row in rows]

    @cached_property
    def free(self) -> list[Place]:
        """Usable chairs that nobody has, in the order in which they are counted."""
        there = [place for place in self.places.values() if place.chair.is_usable and not place.seating]
        return sorted(there, key=lambda place: place.chair.number)

    @property
    def dead(self) -> int:
        return sum(not chair.is_usable for chair in self.chairs.values())

    @cached_property
    def same_exam_pairs(self) -> int:
        """Pairs of neighbours, as the policy has them, who sit the same exam."""
        return sum(place.touching for place in self.places.values()) // 2


def _metres(one: Chair, other: Chair) -> float:
    """Infinite to a chair whose place is not known, such as a dead one."""
    if one.x is None or one.y is None or other.x is None or other.y is None:
        return inf
    return hypot(one.x - other.x, one.y - other.y)


def policy_of(solution: Solution) -> SeatingPolicy:
    own = SeatingPolicy.objects.for_project(solution.project).first()
    return own or SeatingPolicy(project=solution.project)


class RoomUse(NamedTuple):
    room: Room
    candidates: int
    exams: int


def rooms_in_use(solution: Solution) -> dict[Period, list[RoomUse]]:
    """Period → its rooms with seated candidates, in order of time and of the rooms; two queries."""
    counted = (
        Seating.objects.for_project(solution.project)
        .filter(solution=solution)
        .order_by()
        .values("period", "room")
        .annotate(candidates=Count("pk"), exams=Count("placement__sitting__exam", distinct=True))
    )
    rooms = {room.pk: room for room in Room.objects.for_project(solution.project)}
    used: dict[int, list[RoomUse]] = defaultdict(list)
    for row in counted:
        used[row["period"]].append(RoomUse(rooms[row["room"]], row["candidates"], row["exams"]))
    periods = Period.objects.for_project(solution.project).filter(pk__in=used).order_by("date", "starts")
    return {
        period: sorted(used[period.pk], key=lambda use: (use.room.block, use.room.code)) for period in periods
    }


class ChangedSeat(NamedTuple):
    """A candidate whose seat differs between two solutions; "" for none."""

    roll_no: str
    name: str
    exam: str
    before: str
    now: str


def changed_seats(solution: Solution, earlier: Solution) -> list[ChangedSeat]:
    """Who sits elsewhere than in the earlier solution: first who has no seat, then by roll number."""
    now, before = _seats_of(solution), _seats_of(earlier)
    differing = [key for key in now.keys() | before.keys() if now.get(key) != before.get(key)]
    students = Student.objects.in_bulk({student for student, _sitting in differing})
    sittings = Sitting.objects.select_related("exam").in_bulk({sitting for _student, sitting in differing})
    changed = [
        ChangedSeat(
            students[student].roll_no,
            students[student].name,
            sittings[sitting].exam.code,
            before.get((student, sitting), ""),
            now.get((student, sitting), ""),
        )
        for student, sitting in differing
    ]
    return sorted(changed, key=lambda row: (row.now != "", row))


def _seats_of(solution: Solution) -> dict[tuple[int, int], str]:
    """(student, sitting) → room and seat"""
    rows = Seating.objects.for_project(solution.project).filter(solution=solution)
    told = rows.values_list("student", "placement__sitting", "room__code", "label")
    return {(student, sitting): f"{room} {label}" for student, sitting, room, label in told.iterator(5000)}
