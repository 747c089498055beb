"""Sheets of places: Rooms, Seats."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.spreadsheets import cells
from projects.spreadsheets.cells import text
from projects.spreadsheets.columns import Dataset, Row

from .columns import (
    ROOM,
    code_column,
    column,
    room,
    text_column,
    whole_column,
    words,
    yes_no_column,
)


def floor(value: Any) -> int:
    """G, Ground and LG are floors too."""
    word = cells.squeezed(text(value)).removesuffix("floor")
    named = {"g": 0, "gf": 0, "ground": 0, "lg": -1, "basement": -1, "b": -1, "ug": 1}
    named |= {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
    named |= {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "1f": 1, "2f": 2, "3f": 3}
    return named[word] if word in named else cells.whole(-20, 200)(value)


def place(value: Any) -> int:
    """A seat's row or column: 3, or C."""
    word = text(value)
    if len(word) == 1 and "A" <= word.upper() <= "Z":
        return ord(word.upper()) - ord("A") + 1
    return cells.whole(1, 1000)(value)


NUMBERINGS = {
    "rows": ("along the rows", "by row"),
    "columns": ("down the columns", "by column"),
    "snake": ("serpentine", "zigzag"),
}

SEATS = ("rows", "columns", "exam_capacity")

ROOM_WITHOUT_SEATS = gettext_lazy("The room has no seats: give its exam capacity, or its rows and columns.")


def _room_has_seats(row: Row) -> Iterator[tuple[str, str]]:
    rows, columns, capacity = (row.get(name) for name in SEATS)
    if not row.keys() & set(SEATS):
        return  # only a new room needs them, and only the project knows which is new
    if bool(rows) != bool(columns):
        yield "columns" if rows else "rows", _("Give both the rows and the columns of seats, or neither.")
    elif not capacity and not rows:
        yield "room", str(ROOM_WITHOUT_SEATS)


def rooms() -> Dataset:
    return Dataset(
        name="Rooms",
        one="room",
        aliases=("Halls", "Venues", "Room Capacity", "Classrooms"),
        key=("room",),
        columns=(
            code_column("block", "Block", 60, "Building, Building Code, Block Name, Wing"),
            room(),
            whole_column("rows", "Rows", 0, 500, "No of Rows, Row Count", empty=0),
            whole_column("columns", "Columns", 0, 500, "Cols, No of Columns, Column Count", empty=0),
            whole_column(
                "seats_per_bench", "Seats per bench", 1, 20, "Per Bench, Bench Size, Cap per Bench", empty=1
            ),
            whole_column(
                "exam_capacity",
                "Exam Capacity",
                1,
                100_000,
                "Capacity, Seats, Exam Seats, Seating Capacity, Total Seats, Strength",
                help="How many can sit an exam; rows × columns where it is empty.",
            ),
            whole_column("teaching_capacity", "Teaching Capacity", 0, 100_000, "Class Capacity"),
            column("floor", "Floor", floor, "Storey, Level", empty=0),
            column("features", "Features", words(200), "Facilities, Equipment, Room Type"),
            yes_no_column("usable", "Usable", "Is Usable, Active, Available, Used for Exams", empty=True),
            text_column("campus", "Campus", 80, "Site"),
            column(
                "numbering",
                "Seat Numbering",
                cells.choice(NUMBERINGS),
                "Numbering",
                empty="columns",
                help="rows, columns or snake.",
            ),
            whole_column(
                "invigilators", "Invigilators Needed", 0, 1000, help="Empty: as the staffing steps say."
            ),
        ),
        check=_room_has_seats,
    )


def seats() -> Dataset:
    return Dataset(
        name="Seats",
        one="seat",
        aliases=("Seat", "Layout", "Room Layout"),
        key=("room", "row", "column", "side"),
        columns=(
            room(),
            column("row", "Row", place, "Seat Row, Row No", required=True, empty=None),
            column("column", "Column", place, "Col, Seat, Seat Column, Column No", required=True, empty=None),
            whole_column("side", "Side", 1, 20, "Bench Side, Place on Bench", empty=1),
            code_column("label", "Label", 20, "Seat Label, Seat Name"),
            column("x", "X", cells.decimal(-9999, 9999, 2), "X (m)", empty=None),
            column("y", "Y", cells.decimal(-9999, 9999, 2), "Y (m)", empty=None),
            column("attributes", "Attributes", words(200), "Features"),
            yes_no_column("usable", "Usable", "Active, Available", empty=True),
        ),
        references=(ROOM,),
    )
