import pytest

from scheduling import seat_moves
from scheduling.models import CandidateGroup, RoomPool, RoomShare, Seating, SeatPin, Solution
from tests.factories.accounts import UserFactory
from tests.factories.scheduling import RoomFactory
from tests.scheduling.seated import Hall


@pytest.fixture
def alice(db):
    return UserFactory()


def chairs(solution):
    rows = Seating.objects.filter(solution=solution).select_related("student", "room")
    return {row.student.roll_no: (row.room.code, row.label) for row in rows}


def test_a_candidate_moves_in_a_copy_and_the_live_plan_stays(season, alice):
    hall = Hall(season, rows=1, columns=3)
    one, two = hall.seat("A", (1, 1), (1, 2))
    before = chairs(hall.solution)
    moved = seat_moves.move(seating=one, room=hall.room, key=(1, 3, 1), by=alice)
    assert chairs(hall.solution) == before
    code = hall.room.code
    assert chairs(moved.solution) == {
        one.student.roll_no: (code, "C1"),
        two.student.roll_no: (code, "B1"),
    }
    assert (moved.solution.parent, moved.solution.is_live) == (hall.solution, False)


def test_further_moves_go_on_in_the_same_copy(season, alice):
    hall = Hall(season, rows=1, columns=3)
    (one,) = hall.seat("A", (1, 1))
    first = seat_moves.move(seating=one, room=hall.room, key=(1, 2, 1), by=alice)
    second = seat_moves.move(seating=first, room=hall.room, key=(1, 3, 1), by=alice)
    assert second.solution == first.solution
    assert Solution.objects.count() == 2


def test_two_candidates_change_places(season, alice):
    hall = Hall(season, rows=1, columns=2)
    one, two = hall.seat("A", (1, 1)) + hall.seat("B", (1, 2))
    moved = seat_moves.move(seating=one, room=hall.room, key=(1, 2, 1), by=alice)
    labels = {roll: label for roll, (_room, label) in chairs(moved.solution).items()}
    assert labels == {one.student.roll_no: "B1", two.student.roll_no: "A1"}


def test_a_move_to_another_room_moves_the_count_of_candidates(season, alice):
    hall = Hall(season, rows=1, columns=2)
    one, _two = hall.seat("A", (1, 1), (1, 2))
    other = RoomFactory(project=season)
    moved = seat_moves.move(seating=one, room=other, key=(1, 1, 1), by=alice)
    shares = RoomShare.objects.filter(placement__solution=moved.solution)
    assert dict(shares.values_list("room__code", "candidates")) == {hall.room.code: 1, other.code: 1}


def test_the_last_of_a_group_to_leave_a_room_takes_its_count_along(season, alice):
    pool = RoomPool.objects.create(project=season, name="all")
    group = CandidateGroup.objects.create(project=season, name="everybody", pool=pool)
    hall = Hall(season, rows=1, columns=2)
    (one,) = hall.seat("A", (1, 1))
    RoomShare.objects.update(group=group)
    other = RoomFactory(project=season)
    moved = seat_moves.move(seating=one, room=other, key=(1, 1, 1), by=alice)
    share = RoomShare.objects.get(placement__solution=moved.solution)
    assert (share.room, share.group, share.candidates) == (other, group, 1)


def test_a_pin_follows_its_candidate(season, alice):
    hall = Hall(season, rows=1, columns=2)
    (one,) = hall.seat("A", (1, 1))
    seat_moves.pin_seat(seating=one, by=alice)
    seat_moves.move(seating=one, room=hall.room, key=(1, 2, 1), by=alice)
    pin = SeatPin.objects.get()
    assert (pin.row, pin.column, pin.side) == (1, 2, 1)
    seat_moves.unpin_seat(seating=one, by=alice)
    assert not SeatPin.objects.exists()


@pytest.mark.parametrize("key", [(1, 1, 1), (1, 2, 1), (9, 9, 1)])
def test_a_chair_that_is_ones_own_dead_or_nowhere_is_refused(season, alice, key):
    hall = Hall(season, rows=1, columns=2)
    for column in (1, 2):
        hall.room.seats.create(project=season, row=1, column=column, is_usable=column == 1)
    (one,) = hall.seat("A", (1, 1))
    with pytest.raises(seat_moves.CannotMove):
        seat_moves.move(seating=one, room=hall.room, key=key, by=alice)
    assert Solution.objects.count() == 1


def test_nothing_moves_in_an_archived_project(season, alice):
    hall = Hall(season, rows=1, columns=2)
    (one,) = hall.seat("A", (1, 1))
    season.is_archived = True
    season.save()
    one.project = season
    for act in (
        lambda: seat_moves.move(seating=one, room=hall.room, key=(1, 2, 1), by=alice),
        lambda: seat_moves.pin_seat(seating=one, by=alice),
        lambda: seat_moves.unpin_seat(seating=one, by=alice),
    ):
        with pytest.raises(seat_moves.CannotMove):
            act()
