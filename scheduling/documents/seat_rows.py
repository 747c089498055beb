"""Who sits where in a solution, as plain rows: each room in each period with its candidates."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from scheduling.documents.tables import PeriodRow, RoomRow, SittingRow, SolutionRows, StudentRow
from scheduling.layouts import Chair, chairs_of_rooms
from scheduling.models import Room, Seating, Solution
from scheduling.roll_order import natural_key


class SeatRow(NamedTuple):
    student: StudentRow
    sitting: SittingRow
    key: tuple[int, int, int]
    label: str


@dataclass(frozen=True)
class Layout:
    """A room's chairs in the order of their numbers, the free and the dead ones too."""

    chairs: list[Chair]
    features: str = ""

    @cached_property
    def at(self) -> dict[tuple[int, int, int], Chair]:
        return {chair.key: chair for chair in self.chairs}

    def number(self, key: tuple[int, int, int]) -> tuple[int, tuple[int, int, int]]:
        """Sorts seats by their numbers; a chair that is gone from the layout comes last."""
        chair = self.at.get(key)
        return (chair.number if chair else 10**6), key

    def walk(self, key: tuple[int, int, int]) -> tuple[int, int]:
        """Sorts seats as one walks who hands out papers: down the first column and up the next."""
        row, column, _side = key
        return column, row if column % 2 else -row


@dataclass(frozen=True)
class RoomSession:
    """One room in one period."""

    period: PeriodRow
    room: RoomRow
    layout: Layout
    seats: list[SeatRow]

    @cached_property
    def exams(self) -> list[tuple[SittingRow, list[SeatRow]]]:
        """The exams in it, the largest first; of each the seats in order of roll number."""
        of_sitting: dict[int, list[SeatRow]] = defaultdict(list)
        for seat in self.seats:
            of_sitting[seat.sitting.pk].append(seat)
        groups = sorted(of_sitting.values(), key=lambda seats: (-len(seats), seats[0].sitting.code))
        return [(seats[0].sitting, sorted(seats, key=_by_roll)) for seats in groups]

    @cached_property
    def empty_chairs(self) -> list[Chair]:
        """Usable chairs without a candidate, in the order of their numbers."""
        taken = {seat.key for seat in self.seats}
        return [chair for chair in self.layout.chairs if chair.is_usable and chair.key not in taken]

    @property
    def seats_left(self) -> int:
        """How many more may sit here: the chairs may be more than the room may seat in an exam."""
        return max(0, min(len(self.empty_chairs), self.room.seats - len(self.seats)))

    @property
    def ends_at_last(self) -> str:
        return max(seat.sitting.times()[-5:] for seat in self.seats)


@dataclass(frozen=True)
class SeatRows:
    """Sessions by period, block and room. `unseated` holds who was left without a chair."""

    sessions: list[RoomSession]
    unseated: list[tuple[SittingRow, list[StudentRow]]]
    # (student, sitting) pk → room and seat
    seat_of: dict[tuple[int, int], tuple[RoomRow, str]]
    # sitting pk → its candidates' roll numbers in order
    rolls_of: dict[int, list[str]]

    def periods(self) -> Iterable[tuple[PeriodRow, list[RoomSession]]]:
        for period, sessions in groupby(self.sessions, key=lambda session: session.period):
            yield period, list(sessions)


def seat_rows_of(solution: Solution, rows: SolutionRows) -> SeatRows:
    """Raises nothing: without seats it is empty. Three queries whatever the size."""
    project = solution.project
    rooms = {room.pk: room for room in rows.rooms}
    students = {student.pk: student for student in rows.students}
    sittings = {sitting.pk: sitting for sitting in rows.sittings}
    kept = list(Room.objects.for_project(project))
    chairs = chairs_of_rooms(kept)
    layouts = {room.pk: Layout(chairs[room.pk], room.features) for room in kept}
    of_session: dict[tuple[int, int], list[SeatRow]] = defaultdict(list)
    seat_of: dict[tuple[int, int], tuple[RoomRow, str]] = {}
    found = Seating.objects.for_project(project).filter(solution=solution)
    for sitting_pk, room_pk, student_pk, row, column, side, label in found.values_list(
        "placement__sitting_id", "room_id", "student_id", "row", "column", "side", "label"
    ).iterator(chunk_size=5000):
        sitting, student = sittings[sitting_pk], students[student_pk]
        if sitting.period is None:
            continue
        seat = SeatRow(student, sitting, (row, column, side), label)
        of_session[sitting.period.pk, room_pk].append(seat)
        seat_of[student_pk, sitting_pk] = rooms[room_pk], label
    periods = {period.pk: period for period in rows.periods}
    sessions = [
        RoomSession(
            periods[period],
            rooms[room],
            layouts[room],
            sorted(seats, key=lambda seat, layout=layouts[room]: layout.number(seat.key)),
        )
        for (period, room), seats in of_session.items()
    ]
    sessions.sort(key=lambda session: (session.period, session.room.block, natural_key(session.room.code)))
    candidates: dict[int, list[StudentRow]] = defaultdict(list)
    for student_pk, of_student in rows.of_student.items():
        for sitting in of_student:
            candidates[sitting.pk].append(students[student_pk])
    unseated = [
        (sitting, left)
        for sitting in rows.placed
        if sitting.needs_room
        and (left := [s for s in candidates[sitting.pk] if (s.pk, sitting.pk) not in seat_of])
    ]
    rolls_of = {
        pk: sorted((student.roll_no for student in of_sitting), key=natural_key)
        for pk, of_sitting in candidates.items()
    }
    return SeatRows(sessions, unseated if sessions else [], seat_of, rolls_of)


def _by_roll(seat: SeatRow) -> tuple[tuple[int, str], ...]:
    return natural_key(seat.student.roll_no)


def ranges_of(rolls: Iterable[str], whole: list[str]) -> list[str]:
    """Roll numbers as they stand on a door: "21-CS-1 – 21-CS-57" where all of `whole` (the exam's candidates,
    in order) between the two are there, single ones by themselves."""
    place = {roll: n for n, roll in enumerate(whole)}
    ordered = sorted(rolls, key=lambda roll: place[roll])
    out: list[str] = []
    run: list[str] = []
    for roll in ordered:
        if run and place[roll] != place[run[-1]] + 1:
            out += _range(run)
            run = []
        run.append(roll)
    return out + _range(run)


def _range(run: list[str]) -> list[str]:
    return [f"{run[0]} – {run[-1]}"] if len(run) > 2 else run
