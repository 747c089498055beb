import random

import pytest

from scheduling.findings.seats import check
from scheduling.layouts import chairs_of
from scheduling.models import AccessArrangement, SeatingPolicy, SeatPin
from scheduling.seat_maps import SeatMap, rooms_in_use
from tests.scheduling.seated import Hall


def test_neighbours_of_one_exam_are_counted_once_a_pair(season):
    hall = Hall(season, rows=2, columns=2)
    hall.seat("A", (1, 1), (1, 2), (2, 2))
    hall.seat("B", (2, 1))
    assert hall.map().same_exam_pairs == 2


def test_the_policy_says_who_is_a_neighbour(season):
    hall = Hall(season, rows=2, columns=2)
    hall.seat("A", (1, 1), (2, 2))
    counts = {}
    for kind in ("none", "bench", "sides", "four", "eight"):
        hall.policy(kind)
        counts[kind] = hall.map().same_exam_pairs
    assert counts == {"none": 0, "bench": 0, "sides": 0, "four": 0, "eight": 1}


def test_bench_mates_are_neighbours_and_the_next_bench_is_not(season):
    hall = Hall(season, rows=1, columns=2, seats_per_bench=2)
    hall.policy("bench")
    hall.seat("A", (1, 1, 1), (1, 1, 2), (1, 2, 1))
    assert hall.map().same_exam_pairs == 1


def test_a_distance_is_measured_in_metres(season):
    hall = Hall(season, rows=1, columns=3)
    hall.policy("distance", metres="1.50")
    for column in (1, 2, 3):
        hall.room.seats.create(project=season, row=1, column=column, x=column, y=0)
    hall.seat("A", (1, 1), (1, 3))
    assert hall.map().same_exam_pairs == 0
    hall.seat("A", (1, 2))
    assert hall.map().same_exam_pairs == 2


@pytest.mark.parametrize("kind", SeatingPolicy.Neighbours.values)
@pytest.mark.parametrize("is_measured", [True, False])
def test_a_map_counts_the_neighbours_that_the_independent_check_counts(season, kind, is_measured):
    chance = random.Random(kind)
    hall = Hall(season, rows=5, columns=3, seats_per_bench=3)
    hall.policy(kind, metres="1.30")
    for chair in chairs_of(hall.room):
        at = {"x": chair.across * 0.9, "y": chair.row * 1.2} if is_measured else {}
        row, column, side = chair.key
        hall.room.seats.create(project=season, row=row, column=column, side=side, **at)
    keys = [chair.key for chair in chairs_of(hall.room)]
    for key in chance.sample(keys, 30):
        hall.seat(chance.choice("AB"), key)
    told = hall.solution.measures["datesheet"]
    hall.solution.measures = {"datesheet": told, "seats": told}
    found = next(row for row in check(hall.solution) if row.rule == "neighbours")
    assert hall.map().same_exam_pairs == found.count


def test_dead_chairs_are_shown_and_not_offered(season):
    hall = Hall(season, rows=1, columns=1)
    for column, is_usable in ((1, True), (2, False), (4, True)):
        hall.room.seats.create(project=season, row=1, column=column, is_usable=is_usable)
    there = hall.map()
    assert [place and place.chair.label for place in there.lines[0]] == ["A1", "B1", None, "D1"]
    assert ([place.chair.label for place in there.free], there.dead) == (["A1", "D1"], 1)


def test_a_candidate_keeps_a_chair_that_is_gone_from_the_layout(season):
    hall = Hall(season, rows=1, columns=2)
    hall.seat("A", (1, 2))
    hall.room.columns = 1
    hall.room.save()
    assert [place.seating is not None for place in hall.map().lines[0]] == [False, True]


def test_pins_and_arrangements_are_marked(season):
    hall = Hall(season, rows=1, columns=2)
    pinned, other = hall.seat("A", (1, 1)) + hall.seat("B", (1, 2))
    chair = {"room": hall.room, "row": 1, "column": 1}
    exam = pinned.placement.sitting.exam
    SeatPin.objects.create(project=season, student=pinned.student, exam=exam, **chair)
    AccessArrangement.objects.create(project=season, student=other.student, kind="reader")
    one, two = hall.map().lines[0]
    assert (one.is_pinned, two.is_pinned) == (True, False)
    assert [need.kind for need in two.arrangements] == ["reader"]


def test_a_map_asks_no_more_for_more_candidates(season, django_assert_num_queries):
    hall = Hall(season, rows=5, columns=6)
    hall.seat("A", *[(row, column) for row in range(1, 6) for column in range(1, 7)])
    solution = type(hall.solution).objects.select_related("project").get()
    with django_assert_num_queries(5):
        there = SeatMap(solution, hall.period, hall.room)
        assert len([place for line in there.lines for place in line]) == 30


def test_rooms_in_use_are_told_by_period(season):
    hall = Hall(season, rows=1, columns=3)
    hall.seat("A", (1, 1), (1, 2))
    hall.seat("B", (1, 3))
    ((period, uses),) = rooms_in_use(hall.solution).items()
    assert (period, [(use.room, use.candidates, use.exams) for use in uses]) == (
        hall.period,
        [(hall.room, 3, 2)],
    )
