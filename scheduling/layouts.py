"""The chairs of a room: where they stand, what they are called, in which order they are counted.

A room's Seat rows are its layout. Without any, its rows and columns of benches are; without these, as many
chairs as it seats in an exam, in a square as good as it gets. The exam capacity bounds how many are used, not
how many there are: where every second chair stays free, the others still stand.
"""

from collections import defaultdict
from collections.abc import Iterable
from math import ceil, sqrt
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from projects.models import Project

from .models import Publication, Room, Seat, Seating


class Chair(NamedTuple):
    """number: its place in the room's counting, from 1. label: as printed. across: its place along the row,
    counted in chairs from the left; a missing column is an aisle. x, y: metres, if the layout has them.
    """

    row: int
    column: int
    side: int
    number: int
    label: str
    across: int
    is_usable: bool
    is_front: bool
    is_aisle: bool
    x: float | None = None
    y: float | None = None

    @property
    def key(self) -> tuple[int, int, int]:
        return self.row, self.column, self.side


class FrozenLayout(Exception):
    """Why a room's layout cannot be changed now, in words for the planner."""


def chairs_of(room: Room, seats: Iterable[Seat] | None = None) -> list[Chair]:
    """The room's chairs in the order in which they are counted. `seats`: its Seat rows, if already read."""
    rows = list(room.seats.all()) if seats is None else list(seats)
    if rows:
        places: dict[tuple[int, int, int], Seat | None] = {
            (seat.row, seat.column, seat.side): seat for seat in rows
        }
        benches = max(room.seats_per_bench, *(seat.side for seat in rows), 1)
    else:
        places = dict.fromkeys(_grid(room))
        benches = max(room.seats_per_bench, 1)
    usable = [key for key, seat in places.items() if seat is None or seat.is_usable]
    front = min((row for row, _column, _side in usable), default=0)
    across = {key: (key[1] - 1) * benches + key[2] for key in places}
    taken = {(key[0], across[key]) for key in places}
    found = []
    for number, key in enumerate(_counted(list(places), room.numbering), start=1):
        seat = places[key]
        beside = {(key[0], across[key] - 1), (key[0], across[key] + 1)}
        found.append(
            Chair(
                *key,
                number=number,
                label=(seat.label if seat else "") or _label(key, benches, room.numbering),
                across=across[key],
                is_usable=seat is None or seat.is_usable,
                is_front=key[0] == front,
                is_aisle=not beside <= taken,
                x=None if seat is None or seat.x is None else float(seat.x),
                y=None if seat is None or seat.y is None else float(seat.y),
            )
        )
    return found


def chairs_of_rooms(rooms: Iterable[Room]) -> dict[int, list[Chair]]:
    """Room pk → its chairs, with one query for all."""
    rooms = list(rooms)
    seats: dict[int, list[Seat]] = defaultdict(list)
    for seat in Seat.objects.filter(room__in=[room.pk for room in rooms]):
        seats[seat.room_id].append(seat)
    return {room.pk: chairs_of(room, seats[room.pk]) for room in rooms}


def refuse_if_printed(room: Room) -> None:
    """A plan that the public has seen keeps its chairs: FrozenLayout if the room is used in one."""
    if is_printed(room):
        raise FrozenLayout(why_frozen(room))


def why_frozen(room: Room) -> str:
    return _("Candidates have been told their seats in %s: take the publication back first.") % room.code


def is_printed(room: Room) -> bool:
    """Whether a publication that is shown has candidates in the room."""
    return printed_rooms(room.project).filter(pk=room.pk).exists()


def printed_rooms(project: Project) -> QuerySet[Room]:
    """The rooms in which a publication that is shown has candidates."""
    shown = Publication.objects.for_project(project).current().values("solution")
    used = Seating.objects.for_project(project).filter(solution__in=shown)
    return Room.objects.for_project(project).filter(pk__in=used.values("room"))


def rooms_with_too_few_chairs(project: Project) -> list[tuple[Room, int]]:
    """Rooms whose layout has fewer usable chairs than their exam capacity says, and how many it has."""
    rooms = list(Room.objects.for_project(project).filter(is_usable=True).order_by("code"))
    chairs = chairs_of_rooms(rooms)
    counts = [(room, sum(chair.is_usable for chair in chairs[room.pk])) for room in rooms]
    return [(room, count) for room, count in counts if count < room.exam_capacity]


def _grid(room: Room) -> list[tuple[int, int, int]]:
    if room.rows and room.columns:
        rows, columns, benches = room.rows, room.columns, max(room.seats_per_bench, 1)
        return [
            (row, column, side)
            for row in range(1, rows + 1)
            for column in range(1, columns + 1)
            for side in range(1, benches + 1)
        ]
    columns = max(1, ceil(sqrt(room.exam_capacity)))
    return [(number // columns + 1, number % columns + 1, 1) for number in range(room.exam_capacity)]


def _counted(keys: list[tuple[int, int, int]], numbering: str) -> list[tuple[int, int, int]]:
    if numbering == Room.Numbering.ROWS:
        return sorted(keys)
    lines = sorted({(column, side) for _row, column, side in keys})
    place = {line: number for number, line in enumerate(lines)}
    turns = numbering == Room.Numbering.SNAKE

    def along(key: tuple[int, int, int]) -> tuple[int, int]:
        line = place[key[1], key[2]]
        return line, -key[0] if turns and line % 2 else key[0]

    return sorted(keys, key=along)


def _label(key: tuple[int, int, int], benches: int, numbering: str) -> str:
    """A letter for the line along which one counts, and the place in it: B7; on a bench of two B7-1."""
    row, column, side = key
    line, place = (row, column) if numbering == Room.Numbering.ROWS else (column, row)
    return f"{_letters(line)}{place}" + (f"-{side}" if benches > 1 else "")


def _letters(number: int) -> str:
    """1 → A, 26 → Z, 27 → AA; what is not counted from 1 keeps its number."""
    if number < 1:
        return f"{number}-"
    word = ""
    while number:
        number, letter = divmod(number - 1, 26)
        word = chr(ord("A") + letter) + word
    return word
