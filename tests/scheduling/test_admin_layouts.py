"""Where candidates have been told their seats, no page, import or upload changes the chairs."""

import pytest
import tablib

from projects.models import ProjectRole
from scheduling import importing
from scheduling.importing import Upload
from scheduling.models import Publication, Room, Seat
from scheduling.resources import sheets

from .seated import Hall

pytestmark = pytest.mark.django_db

NO_SEATS = {"seats-TOTAL_FORMS": "0", "seats-INITIAL_FORMS": "0"}
NO_CLOSURES = {"closures-TOTAL_FORMS": "0", "closures-INITIAL_FORMS": "0"}
WORDS = "Candidates have been told their seats"


@pytest.fixture
def hall(season):
    """A published room of two by two, with a candidate in it."""
    hall = Hall(season, rows=2, columns=2)
    hall.seat("E1", (1, 1))
    Publication.objects.create(project=season, solution=hall.solution, version=1, kind="draft")
    return hall


@pytest.fixture
def planner(pages_of):
    return pages_of(ProjectRole.PLANNER)


def change(pages, room, **told):
    before = {
        "code": room.code, "block": room.block, "campus": room.campus, "floor": room.floor,
        "exam_capacity": room.exam_capacity, "teaching_capacity": "", "rows": room.rows,
        "columns": room.columns, "seats_per_bench": room.seats_per_bench, "numbering": room.numbering,
        "is_usable": "on", "penalty": room.penalty, "invigilators": "", "features": room.features,
    }  # fmt: skip
    data = NO_SEATS | NO_CLOSURES | before | told
    return pages.post(f"scheduling/room/{room.pk}/change/", data)


def test_the_grid_of_a_published_room_stays(planner, hall):
    answer = change(planner, hall.room, columns=3)
    assert WORDS in answer.content.decode()
    assert Room.objects.get(pk=hall.room.pk).columns == 2


def test_what_moves_no_chair_may_change(planner, hall):
    assert change(planner, hall.room, exam_capacity=3, features="fans").status_code == 302
    assert Room.objects.get(pk=hall.room.pk).features == "fans"


def test_the_grid_of_a_room_that_nobody_was_told_may_change(planner, hall):
    Publication.objects.all().delete()
    assert change(planner, hall.room, columns=3).status_code == 302


def test_a_seat_is_not_added_below_a_published_room(planner, hall):
    told = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "0", "0-row": "1", "0-column": "1", "0-side": "1"}
    answer = change(planner, hall.room, **{f"seats-{name}": value for name, value in told.items()})
    assert WORDS in answer.content.decode()
    assert not Seat.objects.exists()


def test_a_published_seat_is_neither_renamed_nor_removed(planner, hall):
    seat = Seat.objects.create(project=hall.season, room=hall.room, row=1, column=1, side=1, label="A1")
    address = f"scheduling/seat/{seat.pk}/"
    told = {"room": hall.room.pk, "row": "1", "column": "1", "side": "1", "label": "Z9", "is_usable": "on"}
    assert WORDS in planner.post(address + "change/", told).content.decode()
    planner.post(address + "delete/", {"post": "yes"})
    assert Seat.objects.get().label == "A1"


@pytest.mark.parametrize(
    ("resource", "headers", "row"),
    [
        (sheets.RoomResource, ["Room", "Rows", "Columns"], ["R", "5", "2"]),
        (sheets.SeatResource, ["Room", "Row", "Column", "Label"], ["R", "1", "1", "Z9"]),
    ],
)
def test_an_import_on_the_lists_page_changes_no_published_chair(hall, resource, headers, row):
    Room.objects.update(code="R")
    (refused,) = resource(project=hall.season).import_data(tablib.Dataset(row, headers=headers)).invalid_rows
    assert WORDS in str(refused.error)


@pytest.mark.parametrize(
    ("sheet", "text"),
    [
        ("Rooms", "Room,Rows,Columns,Exam Capacity\nR,2,5,4\n"),
        ("Seats", "Room,Row,Column,Label\nR,1,1,Z9\n"),
    ],
)
def test_an_uploaded_sheet_changes_no_published_chair(hall, tmp_path, sheet, text):
    Room.objects.update(code="R")
    path = tmp_path / f"{sheet}.csv"
    path.write_text(text)
    outcome = importing.dry_run(project=hall.season, uploads=[Upload(path=path, name=path.name)])
    assert [
        finding.message.startswith(WORDS) for finding in outcome.report.findings if finding.level == "error"
    ]


def test_the_same_rooms_may_be_uploaded_again(hall, tmp_path):
    Room.objects.update(code="R")
    path = tmp_path / "Rooms.csv"
    path.write_text("Room,Rows,Columns,Exam Capacity,Features\nR,2,2,4,fans\n")
    outcome = importing.dry_run(project=hall.season, uploads=[Upload(path=path, name=path.name)])
    assert not outcome.report.errors
