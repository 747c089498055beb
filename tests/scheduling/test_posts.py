"""Which posts a plan asks for, and from when to when."""

from datetime import time

import pytest

from scheduling import models
from scheduling.posts import Attendance, needed_in, posts_of

from .staffed import Season

pytestmark = pytest.mark.django_db


@pytest.fixture
def season():
    return Season()


def posts(season, role="invigilator"):
    return [post for post in posts_of(Attendance(season.solution)) if post.role == role]


@pytest.mark.parametrize(("candidates", "needed"), [(1, 1), (30, 1), (31, 2), (60, 2), (61, 3)])
def test_without_steps_there_is_one_per_started_thirty(candidates, needed):
    steps = [models.StaffingStep(first=1, base=1, per=30)]
    assert needed_in(models.Room(), candidates, models.DutyPolicy(), steps) == needed


@pytest.mark.parametrize(("candidates", "needed"), [(50, 2), (51, 3), (80, 3), (81, 4)])
def test_two_up_to_fifty_and_one_more_per_further_thirty(candidates, needed):
    steps = [
        models.StaffingStep(first=1, last=50, base=2),
        models.StaffingStep(first=51, base=3, per=30),
    ]
    assert needed_in(models.Room(), candidates, models.DutyPolicy(), steps) == needed


@pytest.mark.parametrize(("candidates", "needed"), [(30, 1), (35, 1), (36, 2), (65, 2), (96, 4)])
def test_a_remainder_of_at_most_the_tolerance_asks_for_nobody(candidates, needed):
    steps = [models.StaffingStep(first=1, base=1, per=30, tolerance=5)]
    assert needed_in(models.Room(), candidates, models.DutyPolicy(), steps) == needed


def test_the_least_of_the_policy_holds_and_a_room_s_own_number_before_all():
    steps = [models.StaffingStep(first=1, base=1, per=30)]
    assert needed_in(models.Room(), 5, models.DutyPolicy(least_per_room=2), steps) == 2
    assert needed_in(models.Room(invigilators=4), 5, models.DutyPolicy(least_per_room=2), steps) == 4


def test_a_room_is_watched_until_its_longest_exam_ends(season):
    room = season.room("A")
    season.exam(0, room, minutes=60)
    season.exam(0, room, minutes=150)
    (post,) = posts(season)[:1]
    assert (post.starts, post.ends) == (time(9), time(11, 30))
    assert len(posts(season)) == 2  # 40 candidates


def test_extra_time_keeps_the_room_longer(season):
    student = season.student()
    season.add(models.AccessArrangement, student=student, kind="extra time", extra_percent=25)
    season.exam(0, season.room("A"), minutes=120, students=(student,))
    assert [post.ends for post in posts(season)] == [time(11, 30)]


def test_seats_say_in_which_room_the_extra_time_is(season):
    student = season.student()
    season.add(models.AccessArrangement, student=student, kind="extra time", extra_minutes=30)
    one, other = season.room("A"), season.room("B")
    exam = season.exam(0, one, other, minutes=120, students=(student,))
    assert [post.ends for post in posts(season)] == [time(11, 30), time(11, 30)]
    season.add(
        models.Seating,
        solution=season.solution,
        placement=models.Placement.objects.get(sitting__exam=exam),
        period=season.periods[0],
        student=student,
        room=other,
        row=1,
        column=1,
        label="1",
    )
    assert [(post.room.code, post.ends) for post in posts(season)] == [
        ("A", time(11)),
        ("B", time(11, 30)),
    ]


def test_an_arrangement_that_has_run_out_asks_for_nothing(season):
    student = season.student()
    season.add(models.AccessArrangement, student=student, kind="reader", valid_until=season.periods[0].date)
    season.exam(0, season.room("A"), students=(student,))
    season.exam(3, season.room("B"), students=(student,))
    assert [post.period for post in posts(season, "reader")] == [season.periods[0]]


def test_a_reader_and_a_scribe_stay_as_long_as_the_candidates_slip_says(season):
    student = season.student()
    for kind in ("reader", "scribe"):
        season.add(models.AccessArrangement, student=student, kind=kind, extra_minutes=15)
    season.exam(0, season.room("A"), students=(student,))
    for role in ("reader", "scribe"):
        (post,) = posts(season, role)
        assert (post.student, post.room.code, post.ends) == (student.pk, "A", time(11, 30))


def test_reserves_by_rooms_of_a_period(season):
    season.ask(rooms_per_reserve=2)
    season.exam(0, *(season.room(code) for code in "ABC"), candidates=60)
    assert len(posts(season, "reserve")) == 2


def test_superintendents_by_rooms_of_a_block(season):
    season.ask(rooms_per_superintendent=2)
    rooms = [season.room(f"{block}{n}", block=block) for block, n in ("X1", "X2", "X3", "Y1")]
    season.exam(0, *rooms, candidates=80)
    assert [post.block for post in posts(season, "superintendent")] == ["X", "X", "Y"]


def test_a_student_with_two_exams_at_once_is_supervised_from_the_longer_to_the_end_of_the_other(season):
    student = season.student()
    one = season.exam(0, season.room("A"), minutes=120, students=(student,))
    two = season.exam(0, season.room("B"), minutes=60, students=(student,))
    season.add(models.AllowedClash, student=student, exam_a=one, exam_b=two, reason="agreed")
    (post,) = posts(season, "supervisor")
    assert (post.room.code, post.starts, post.ends) == ("A", time(11), time(12))


def test_an_allowed_clash_that_does_not_happen_asks_for_nobody(season):
    student = season.student()
    one = season.exam(0, season.room("A"), students=(student,))
    two = season.exam(1, season.room("B"), students=(student,))
    season.add(models.AllowedClash, student=student, exam_a=one, exam_b=two, reason="agreed")
    assert posts(season, "supervisor") == []
