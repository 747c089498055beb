"""CS-9 comes before CS-10, on paper, in the plan and where it is counted again."""

import pytest

from scheduling.adapter import seats, timetable
from scheduling.findings.facts import Facts
from scheduling.findings.seats import SeatFacts
from scheduling.models import Student
from scheduling.roll_order import natural_key, students_in_order
from tests.factories.scheduling import StudentFactory
from tests.scheduling.seated import Hall

pytestmark = pytest.mark.django_db


def test_roll_numbers_sort_as_people_count():
    assert sorted(["CS-10", "CS-9", "cs-2"], key=natural_key) == ["cs-2", "CS-9", "CS-10"]


def test_students_of_other_projects_are_not_among_them(season, other_season):
    mine = StudentFactory(project=season, roll_no="7", semester="3")
    StudentFactory(project=other_season, roll_no="8")
    assert students_in_order(season, "semester") == [(mine.pk, "7", "3")]


def test_datesheet_seats_and_findings_number_students_in_one_order(season):
    hall = Hall(season, rows=1, columns=3)
    for row, roll_no in zip(hall.seat("A", (1, 1), (1, 2), (1, 3)), ["CS-10", "CS-9", "CS-2"], strict=True):
        Student.objects.filter(pk=row.student_id).update(roll_no=roll_no)
    keys = [Student.objects.get(roll_no=roll_no).pk for roll_no in ("CS-2", "CS-9", "CS-10")]
    planned = seats.season_of(hall.solution)
    assert planned.roll_nos == ["CS-2", "CS-9", "CS-10"]
    assert planned.students == timetable.season_of(season).students == keys
    assert SeatFacts(Facts(hall.solution)).number_in_roll_order == {key: n for n, key in enumerate(keys)}
