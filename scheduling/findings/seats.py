"""What is wrong with the seats, counted from the tables; apart from the seating solver on purpose.

A candidate is a student of one sitting. Where a student has two exams in one period, each has a chair of its
own: the second is sat after the first, under supervision.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from django.utils.translation import gettext as _

from .. import layouts, rules
from ..models import AccessArrangement, Run, Seating, SeatingPolicy, SeatPin, Solution, Student
from ..roll_order import students_in_order
from . import _finding
from .facts import Facts, Fault, Finding, shown

# To the chairs that count as neighbours: rows down, places to the right. Of a distance in a room whose chairs
# have no places in metres, as of four.
STEPS: dict[str, tuple[tuple[int, int], ...]] = {
    SeatingPolicy.Neighbours.NONE: (),
    SeatingPolicy.Neighbours.SIDES: ((0, 1),),
    SeatingPolicy.Neighbours.FOUR: ((0, 1), (1, 0)),
    SeatingPolicy.Neighbours.EIGHT: ((0, 1), (1, 0), (1, 1), (1, -1)),
}


class Sat(NamedTuple):
    """A row of Seating, by primary keys; `place` is the period's place in time."""

    student: int
    sitting: int
    place: int
    room: int
    key: tuple[int, int, int]
    label: str


class SeatFacts:
    """The seats of a solution and what their rules need."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.solution = facts.solution
        project = facts.solution.project
        self.policy = SeatingPolicy.objects.for_project(project).first() or SeatingPolicy(project=project)
        self.chairs = {
            (room, chair.key): chair
            for room, chairs in layouts.chairs_of_rooms(facts.rooms.values()).items()
            for chair in chairs
        }
        self.sat = [
            Sat(student, sitting, facts.place_in_time[period], room, (row, column, side), label)
            for student, sitting, period, room, row, column, side, label in Seating.objects.filter(
                solution=facts.solution
            ).values_list("student", "placement__sitting", "period", "room", "row", "column", "side", "label")
        ]
        self.in_room: dict[tuple[int, int], list[Sat]] = defaultdict(list)
        for sat in self.sat:
            self.in_room[sat.place, sat.room].append(sat)

    @cached_property
    def expected(self) -> set[tuple[int, int]]:
        """(student, sitting) of placed exams that need a room"""
        needing = {sitting for sitting in self.facts.when if self.facts.sittings[sitting].exam.needs_room}
        return {
            (student, sitting)
            for student, sittings in self.facts.candidates.items()
            for sitting in sittings
            if sitting in needing
        }

    @cached_property
    def beside(self) -> list[tuple[Sat, Sat]]:
        """Neighbours under the policy, each pair once."""
        return [pair for there in self.in_room.values() for pair in self._beside(there)]

    def _beside(self, there: list[Sat]) -> Iterator[tuple[Sat, Sat]]:
        rule = self.policy.neighbours
        kinds = SeatingPolicy.Neighbours
        at = {(sat.key[0], self.chairs[sat.room, sat.key].across): sat for sat in there if self._is_good(sat)}
        if rule == kinds.BENCH:
            benches: dict[tuple[int, int], list[Sat]] = defaultdict(list)
            for sat in at.values():
                benches[sat.key[:2]].append(sat)
            for mates in benches.values():
                yield from ((one, two) for n, one in enumerate(mates) for two in mates[n + 1 :])
            return
        if rule == kinds.DISTANCE:
            room = there[0].room
            usable = [chair for (of, _key), chair in self.chairs.items() if of == room and chair.is_usable]
            if all(chair.x is not None and chair.y is not None for chair in usable):
                yield from self._near(list(at.values()))
                return
        steps = STEPS.get(rule, STEPS[kinds.FOUR])
        for (row, across), sat in at.items():
            for down, right in steps:
                other = at.get((row + down, across + right))
                if other is not None:
                    yield sat, other

    def _near(self, there: list[Sat]) -> Iterator[tuple[Sat, Sat]]:
        least = float(self.policy.metres) ** 2
        for n, one in enumerate(there):
            a = self.chairs[one.room, one.key]
            for two in there[n + 1 :]:
                b = self.chairs[two.room, two.key]
                if (a.x - b.x) ** 2 + (a.y - b.y) ** 2 < least - 1e-8:
                    yield one, two

    def _is_good(self, sat: Sat) -> bool:
        chair = self.chairs.get((sat.room, sat.key))
        return chair is not None and chair.is_usable

    @cached_property
    def number_in_roll_order(self) -> dict[int, int]:
        rows = students_in_order(self.solution.project)
        return {student: number for number, (student, _roll_no) in enumerate(rows)}

    @cached_property
    def in_line(self) -> dict[tuple[int, int], list[Sat]]:
        """(sitting, room) → who sits there, along the chairs"""
        found: dict[tuple[int, int], list[Sat]] = defaultdict(list)
        for sat in self.sat:
            found[sat.sitting, sat.room].append(sat)
        for there in found.values():
            there.sort(key=self._number)
        return found

    def _number(self, sat: Sat) -> int:
        chair = self.chairs.get((sat.room, sat.key))
        return chair.number if chair else 0

    def arranged(self, kind: str) -> Iterator[Sat]:
        """Who has that arrangement on the day."""
        rows = AccessArrangement.objects.for_project(self.solution.project).filter(kind=kind)
        until = dict(rows.values_list("student", "valid_until"))
        for sat in self.sat:
            if sat.student in until:
                last = until[sat.student]
                if last is None or self.facts.date_of(sat.place) <= last:
                    yield sat

    @cached_property
    def pins(self) -> dict[tuple[int, int], tuple[int, tuple[int, int, int]]]:
        """(student, exam) → (room, chair)"""
        rows = SeatPin.objects.for_project(self.solution.project)
        return {(pin.student_id, pin.exam_id): (pin.room_id, (pin.row, pin.column, pin.side)) for pin in rows}

    @cached_property
    def earlier(self) -> dict[tuple[int, int], tuple[int, tuple[int, int, int]]]:
        """(student, sitting) → (room, chair) in the solution whose seats were to be kept"""
        before, run = self.solution.parent, self.solution.run
        if before is None or "seats" not in before.measures or (run and run.part != Run.Part.SEATS):
            return {}
        rows = Seating.objects.filter(solution=before).values_list(
            "student", "placement__sitting", "room", "row", "column", "side"
        )
        return {(student, sitting): (room, tuple(key)) for student, sitting, room, *key in rows}

    def who(self, sat: Sat) -> str:
        return f"{self.facts.roll_nos[sat.student]} {self.facts.code(sat.sitting)}: {self.where(sat)}"

    def where(self, sat: Sat) -> str:
        return f"{self.facts.rooms[sat.room]} {sat.label}, {self.facts.periods[sat.place]}"

    def room_at(self, place: int, room: int) -> str:
        return f"{self.facts.rooms[room]}, {self.facts.periods[place]}"


# What must hold


def chair_missing(seats: SeatFacts) -> Iterator[Fault]:
    """Candidates of placed exams without a chair (S1)."""
    seated = {(sat.student, sat.sitting) for sat in seats.sat}
    missing = Counter(sitting for _student, sitting in seats.expected - seated)
    for sitting, count in missing.items():
        yield Fault(count, seats.facts.code(sitting))


def chair_twice(seats: SeatFacts) -> Iterator[Fault]:
    """Candidates beyond the first on one chair in one period (S1)."""
    for there in seats.in_room.values():
        for key, count in Counter(sat.key for sat in there).items():
            if count > 1:
                yield Fault(count - 1, next(seats.where(sat) for sat in there if sat.key == key))


def stranger(seats: SeatFacts) -> Iterator[Fault]:
    """Seats of students who are no candidates of the exam (any more), or in another period than it (S1)."""
    for sat in seats.sat:
        if (sat.student, sat.sitting) not in seats.expected or seats.facts.when[sat.sitting] != sat.place:
            yield Fault(1, seats.who(sat))


def chair_unusable(seats: SeatFacts) -> Iterator[Fault]:
    """Candidates on a chair that is out of use or gone, in a closed room or beyond its capacity (S2)."""
    for (place, room), there in seats.in_room.items():
        wrong = [sat for sat in there if (place, room) in seats.facts.closed or not seats._is_good(sat)]
        for sat in wrong:
            yield Fault(1, seats.who(sat))
        usable = sum(chair.is_usable for (of, _key), chair in seats.chairs.items() if of == room)
        beyond = len(there) - min(usable, seats.facts.rooms[room].exam_capacity)
        if beyond > 0:
            yield Fault(beyond, seats.room_at(place, room))


def neighbours(seats: SeatFacts) -> Iterator[Fault]:
    """Pairs of neighbours who sit the same exam: bench mates, left and right, front and back, diagonals, or
    nearer than so many metres, as the seating policy says (S3, S6, S7)."""
    for one, two in seats.beside:
        if one.sitting == two.sitting:
            yield Fault(1, f"{seats.facts.code(one.sitting)}: {seats.where(one)} / {two.label}")


def roll_order(seats: SeatFacts) -> Iterator[Fault]:
    """Where seats follow the roll numbers: candidates with a lower one than who sits before them along the
    chairs, in one exam and room; pins, own rooms and front seats apart (S5)."""
    if seats.policy.order != SeatingPolicy.Order.ROLL:
        return
    kinds = AccessArrangement.Kind
    apart = {sat for kind in (kinds.OWN_ROOM, kinds.FRONT_SEAT) for sat in seats.arranged(kind)}
    number = seats.number_in_roll_order
    for there in seats.in_line.values():
        line = [sat for sat in there if sat not in apart and _pin(seats, sat) is None]
        for before, sat in pairwise(line):
            if number[sat.student] < number[before.student]:
                yield Fault(1, seats.who(sat))


def arrangement(seats: SeatFacts) -> Iterator[Fault]:
    """Candidates with an own room who share one, who need the ground floor and sit above it, or the front row
    and sit behind it (S10)."""
    kinds = AccessArrangement.Kind
    for sat in seats.arranged(kinds.OWN_ROOM):
        if len(seats.in_room[sat.place, sat.room]) > 1:
            yield Fault(1, seats.who(sat))
    for sat in seats.arranged(kinds.GROUND_FLOOR):
        if seats.facts.rooms[sat.room].floor > 0:
            yield Fault(1, seats.who(sat))
    for sat in seats.arranged(kinds.FRONT_SEAT):
        if not (seats._is_good(sat) and seats.chairs[sat.room, sat.key].is_front):
            yield Fault(1, seats.who(sat))


def _pin(seats: SeatFacts, sat: Sat) -> tuple[int, tuple[int, int, int]] | None:
    pin = seats.pins.get((sat.student, seats.facts.sittings[sat.sitting].exam_id))
    return pin if pin in seats.chairs else None


def seat_pin(seats: SeatFacts) -> Iterator[Fault]:
    """Candidates who do not sit on the chair that is pinned for them."""
    at = {(sat.student, sat.sitting): (sat.room, sat.key) for sat in seats.sat}
    for (student, exam), pin in seats.pins.items():
        for sitting in seats.facts.of_exam.get(exam, ()):
            if (
                pin in seats.chairs
                and (student, sitting) in seats.expected
                and at.get((student, sitting)) != pin
            ):
                yield Fault(1, f"{seats.facts.roll_nos[student]} {seats.facts.code(sitting)}")


def layout(seats: SeatFacts) -> Iterator[Fault]:
    """Seats that the room's layout does not have by that name, because it was changed since (S16)."""
    for sat in seats.sat:
        chair = seats.chairs.get((sat.room, sat.key))
        if chair is None or chair.label != sat.label:
            yield Fault(1, seats.who(sat))


# What should hold


def sparse(seats: SeatFacts) -> Iterator[Fault]:
    """Candidates of an exam in a room beyond the share of its capacity that one exam may take (S6)."""
    percent = seats.facts.settings["sparse"].limit or 100
    for (sitting, room), there in seats.in_line.items():
        usable = sum(chair.is_usable for (of, _key), chair in seats.chairs.items() if of == room)
        most = min(usable, seats.facts.rooms[room].exam_capacity) * percent // 100
        if len(there) > most:
            yield Fault(len(there) - most, f"{seats.facts.code(sitting)}: {seats.facts.rooms[room]}")


def cohort_neighbours(seats: SeatFacts) -> Iterator[Fault]:
    """Pairs of neighbours of one programme, semester and section, whatever they sit (S4)."""
    rows = Student.objects.for_project(seats.solution.project).values_list(
        "pk", "programme", "semester", "section"
    )
    cohort = {pk: tuple(cohort) for pk, *cohort in rows if cohort[0]}
    for one, two in seats.beside:
        if one.student in cohort and cohort[one.student] == cohort.get(two.student):
            yield Fault(1, f"{seats.who(one)} / {two.label}")


def exams_in_room(seats: SeatFacts) -> Iterator[Fault]:
    """Exams in a room at a time beyond the rule's number (S8)."""
    most = seats.facts.settings["exams_in_room"].limit
    for (place, room), there in seats.in_room.items():
        exams = len({sat.sitting for sat in there})
        if most and exams > most:
            yield Fault(exams - most, seats.room_at(place, room))


def roll_ranges(seats: SeatFacts) -> Iterator[Fault]:
    """Ranges of roll numbers of an exam in a room beyond the first: who follows whom in the exam's list of
    candidates sits in the same room (S11)."""
    number = seats.number_in_roll_order
    of_sitting: dict[int, list[int]] = defaultdict(list)
    for student, sitting in seats.expected:
        of_sitting[sitting].append(number[student])
    place_in_list = {
        (sitting, student): place
        for sitting, students in of_sitting.items()
        for place, student in enumerate(sorted(students))
    }
    for (sitting, room), there in seats.in_line.items():
        places = sorted(
            place_in_list[sitting, number[sat.student]]
            for sat in there
            if (sitting, number[sat.student]) in place_in_list
        )
        gaps = sum(after - before > 1 for before, after in pairwise(places))
        if gaps:
            yield Fault(gaps, f"{seats.facts.code(sitting)}: {seats.facts.rooms[room]}")


def rooms_used(seats: SeatFacts) -> Iterator[Fault]:
    """Rooms in use, counted in each period (S12)."""
    for place, room in seats.in_room:
        yield Fault(1, seats.room_at(place, room))


def spare_seats(seats: SeatFacts) -> Iterator[Fault]:
    """In rooms in use, seats missing from those that the seating policy keeps free (S12)."""
    policy = seats.policy
    for (place, room), there in seats.in_room.items():
        capacity = seats.facts.rooms[room].exam_capacity
        spare = max(policy.spare_seats, -(-capacity * policy.spare_percent // 100))
        usable = sum(chair.is_usable for (of, _key), chair in seats.chairs.items() if of == room)
        missing = spare - max(0, min(usable, capacity) - len(there))
        if missing > 0:
            yield Fault(missing, seats.room_at(place, room))


def same_neighbour(seats: SeatFacts) -> Iterator[Fault]:
    """Times beyond the first that two students are neighbours in the season (S13)."""
    met = Counter(frozenset((one.student, two.student)) for one, two in seats.beside)
    for pair, times in met.items():
        if times > 1:
            yield Fault(times - 1, ", ".join(sorted(seats.facts.roll_nos[student] for student in pair)))


def moved_seat(seats: SeatFacts) -> Iterator[Fault]:
    """Candidates on another chair than in the solution whose seats were to be kept (S14)."""
    for sat in seats.sat:
        before = seats.earlier.get((sat.student, sat.sitting))
        if before is not None and before in seats.chairs and before != (sat.room, sat.key):
            yield Fault(1, seats.who(sat))


def room_change(seats: SeatFacts) -> Iterator[Fault]:
    """Rooms beyond the first of a student on one day (S15)."""
    rooms: dict[tuple[int, date], set[int]] = defaultdict(set)
    for sat in seats.sat:
        rooms[sat.student, seats.facts.date_of(sat.place)].add(sat.room)
    for (student, day), used in rooms.items():
        if len(used) > 1:
            yield Fault(len(used) - 1, f"{seats.facts.roll_nos[student]}: {shown(day)}")


HARD_RULES: dict[str, Callable[[SeatFacts], Iterator[Fault]]] = {
    rule.__name__: rule
    for rule in (
        chair_missing,
        chair_twice,
        stranger,
        chair_unusable,
        neighbours,
        roll_order,
        arrangement,
        seat_pin,
        layout,
    )
}
SOFT_RULES: dict[str, Callable[[SeatFacts], Iterator[Fault]]] = {
    rule.__name__: rule
    for rule in (
        sparse,
        cohort_neighbours,
        exams_in_room,
        roll_ranges,
        rooms_used,
        spare_seats,
        same_neighbour,
        moved_seat,
        room_change,
    )
}


def check(solution: Solution, facts: Facts | None = None) -> list[Finding]:
    """Every rule about seats recounted from the tables. `facts`: of the solution, if already read."""
    seats = SeatFacts(Facts(solution) if facts is None else facts)
    settings = seats.facts.settings
    found = []
    for code, rule in (HARD_RULES | SOFT_RULES).items():
        setting = settings.get(code)
        if setting is not None and not setting.is_on and rules.RULE_OF_CODE[code].may_be_off:
            found.append(Finding("skipped", code, 0, _("The project does not use this rule.")))
        elif code == "moved_seat" and not seats.earlier:
            found.append(Finding("skipped", code, 0, _("There is no earlier plan to stay with.")))
        else:
            is_hard = code in HARD_RULES and (setting is None or setting.is_hard)
            found.append(_finding(code, "error" if is_hard else "warning", rule, seats))
    return found
