from datetime import date, time

import pytest

from scheduling.exams import make_exams
from scheduling.models import Publication, Room, RuleSetting, Run, SeatingPolicy
from scheduling.readiness import Readiness
from scheduling.solving import make_live
from tests.factories.scheduling import (
    CourseFactory,
    ExamFactory,
    PeriodFactory,
    RegistrationFactory,
    RoomFactory,
    SolutionFactory,
    TeacherFactory,
)

from .worlds import small_season


def next_page(project):
    return Readiness(project).next_step.page


def test_the_next_step_leads_from_an_empty_project_to_a_published_datesheet(season):
    assert next_page(season) == "upload"
    RegistrationFactory(project=season)
    assert next_page(season) == "scheduling_room_changelist"
    RoomFactory(project=season)
    assert next_page(season) == "make_periods"
    PeriodFactory(project=season)
    assert next_page(season) == "make_exams"
    make_exams(project=season)
    assert next_page(season) == "rules"
    RuleSetting.objects.create(project=season, rule="clash")
    assert next_page(season) == "solve"
    run = Run.objects.create(project=season)
    assert next_page(season) == "run"
    run.state = Run.State.DONE
    run.save()
    solution = SolutionFactory(project=season)
    assert next_page(season) == "solution"
    solution.is_live = True
    solution.save()
    assert next_page(season) == "seats"
    seated = SolutionFactory(project=season, parent=solution, measures={"seats": {}})
    assert next_page(season) == "rooms_seated"
    make_live(solution=seated)
    assert next_page(season) == "datesheet"
    TeacherFactory(project=season)
    assert next_page(season) == "duties"
    solution = SolutionFactory(project=season, parent=seated, measures={"seats": {}, "duties": {}})
    assert next_page(season) == "roster"
    make_live(solution=solution)
    assert next_page(season) == "datesheet"
    Publication.objects.create(project=season, solution=solution, version=1, kind="final")
    assert "published" in Readiness(season).next_step.sentence


def test_a_project_counts_its_own_rows_only(season, other_season):
    RegistrationFactory(project=other_season)
    RoomFactory(project=other_season)
    ready = Readiness(season)
    assert (ready.students, ready.registrations, ready.usable_rooms, ready.seats) == (0, 0, 0, 0)


@pytest.fixture
def ready_season(season):
    """One exam of two candidates, a room of 30, one period of three hours."""
    course = CourseFactory(project=season)
    RegistrationFactory.create_batch(2, project=season, course=course)
    RoomFactory(project=season)
    PeriodFactory(project=season, date=date(2027, 1, 4), starts=time(9), ends=time(12))
    make_exams(project=season)
    return season


def test_nothing_is_said_to_be_there_while_something_is_wrong(ready_season):
    RuleSetting.objects.create(project=ready_season, rule="clash")
    assert "Everything is there" in Readiness(ready_season).next_step.sentence
    Room.objects.update(exam_capacity=1)
    assert {warning.level for warning in Readiness(ready_season).warnings} == {"error"}
    assert "in red" in Readiness(ready_season).next_step.sentence


def words(project):
    return " ".join(warning.message for warning in Readiness(project).warnings)


def test_a_season_with_room_enough_has_no_warning(ready_season):
    assert words(ready_season) == ""


def test_an_exam_longer_than_every_period_is_named(ready_season):
    ExamFactory(project=ready_season, code="LONG", duration=181)
    assert "LONG" in words(ready_season)


def test_an_exam_for_which_all_rooms_are_too_small_is_named(ready_season):
    Room.objects.update(exam_capacity=1)
    assert "2 candidates" in words(ready_season)


def test_large_numbers_are_told_in_thousands(ready_season):
    Room.objects.update(exam_capacity=1000)
    ready = Readiness(ready_season)
    ready.candidates = dict.fromkeys(ready.candidates, 12_345)
    told = " ".join(warning.message for warning in ready.warnings)
    assert "12,345 candidates, and all rooms together have 1,000 seats" in told
    assert "12,345 candidates are to be seated" in told


def test_fewer_seats_than_candidates_in_the_whole_season_are_told(ready_season):
    other = CourseFactory(project=ready_season)
    RegistrationFactory.create_batch(2, project=ready_season, course=other)
    make_exams(project=ready_season)
    Room.objects.update(exam_capacity=3)
    assert "4 candidates are to be seated" in words(ready_season)


def test_a_course_without_an_exam_is_told(ready_season):
    RegistrationFactory(project=ready_season)
    assert "1 course with registrations has no exam" in words(ready_season)


@pytest.mark.django_db
def test_a_room_with_fewer_chairs_than_seats_is_named():
    project = small_season()
    Room.objects.filter(project=project).update(rows=3)
    messages = [warning.message for warning in Readiness(project).warnings]
    assert "Hall says that it seats 40 in an exam, and its layout has 24 chairs." in messages


@pytest.mark.django_db
def test_an_exam_that_no_neighbour_rule_lets_in_is_named():
    project = small_season(students=63)
    SeatingPolicy.objects.create(project=project, neighbours="four")
    said = [warning for warning in Readiness(project).warnings if warning.page == "seats"]
    assert "C-0 has 21 candidates, and all rooms together hold 20 of one exam" in said[0].message
    SeatingPolicy.objects.filter(project=project).update(neighbours="none")
    assert not [warning for warning in Readiness(project).warnings if warning.page == "seats"]
