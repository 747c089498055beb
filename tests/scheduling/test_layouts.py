"""The chairs of a room: where they stand, what they are called, in which order they are counted."""

import pytest

from scheduling import layouts
from scheduling.models import Placement, Publication, Room, Seat, Seating, Solution, Student
from tests.factories.scheduling import RoomFactory

from .rule_cases import World

pytestmark = pytest.mark.django_db


def labels(**fields):
    return [chair.label for chair in layouts.chairs_of(RoomFactory(**fields))]


def test_seats_are_counted_down_the_columns():
    assert labels(rows=2, columns=2) == ["A1", "A2", "B1", "B2"]


def test_seats_are_counted_along_the_rows():
    room = RoomFactory(rows=2, columns=2, numbering="rows")
    chairs = layouts.chairs_of(room)
    assert [chair.label for chair in chairs] == ["A1", "A2", "B1", "B2"]
    assert [chair.key for chair in chairs] == [(1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 2, 1)]


def test_seats_are_counted_down_one_column_and_up_the_next():
    assert labels(rows=3, columns=2, numbering="snake") == ["A1", "A2", "A3", "B3", "B2", "B1"]


def test_a_bench_has_a_place_for_each():
    assert labels(rows=1, columns=2, seats_per_bench=2) == ["A1-1", "A1-2", "B1-1", "B1-2"]


def test_columns_after_z_go_on_with_aa():
    assert labels(rows=1, columns=28)[-3:] == ["Z1", "AA1", "AB1"]


def test_a_room_without_rows_is_as_square_as_it_gets():
    chairs = layouts.chairs_of(RoomFactory(rows=0, columns=0, exam_capacity=10))
    assert len(chairs) == 10
    assert max(chair.row for chair in chairs) == 3


def test_a_layout_of_seats_counts_before_rows_and_columns():
    room = RoomFactory(rows=5, columns=5)
    for column, label, usable in ((1, "door", True), (2, "", True), (4, "", False)):
        Seat.objects.create(
            project=room.project,
            room=room,
            row=1,
            column=column,
            label=label,
            is_usable=usable,
            x=column,
            y=0,
        )
    door, second, dead = layouts.chairs_of(room)
    assert [chair.label for chair in (door, second, dead)] == ["door", "B1", "D1"]
    assert [chair.is_usable for chair in (door, second, dead)] == [True, True, False]
    assert (second.x, second.y) == (2.0, 0.0)
    # No third column: an aisle.
    assert (second.across, dead.across) == (2, 4)
    assert second.is_aisle


def test_the_front_is_the_first_row_that_can_be_used():
    room = RoomFactory(rows=0, columns=0, exam_capacity=2)
    for row, usable in ((1, False), (2, True), (3, True)):
        Seat.objects.create(project=room.project, room=room, row=row, column=1, is_usable=usable)
    assert [chair.is_front for chair in layouts.chairs_of(room)] == [False, True, False]


def test_all_rooms_are_read_with_one_query(django_assert_num_queries):
    rooms = RoomFactory.create_batch(3)
    with django_assert_num_queries(1):
        found = layouts.chairs_of_rooms(rooms)
    assert [len(found[room.pk]) for room in rooms] == [30, 30, 30]


def test_a_room_with_fewer_chairs_than_it_says_is_named():
    room = RoomFactory(rows=2, columns=3, exam_capacity=8)
    RoomFactory(project=room.project, rows=2, columns=4, exam_capacity=8)
    assert layouts.rooms_with_too_few_chairs(room.project) == [(room, 6)]


def test_the_layout_of_a_room_that_the_public_has_seen_is_frozen():
    world = World()
    exam = world.exam("E1", sits=1)
    solution = Solution.objects.create_next(project=world.project)
    placement = world.add(Placement, solution=solution, sitting=exam.sittings.get(), period=world.periods[0])
    world.add(
        Seating,
        solution=solution,
        placement=placement,
        period=placement.period,
        student=Student.objects.get(project=world.project),
        room=world.room,
        row=1,
        column=1,
        label="A1",
    )
    layouts.refuse_if_printed(world.room)  # nobody has seen it yet
    world.add(Publication, solution=solution, version=1, kind="draft")
    with pytest.raises(layouts.FrozenLayout, match="R30"):
        layouts.refuse_if_printed(world.room)
    assert not layouts.is_printed(world.add(Room, code="R31", exam_capacity=4))
