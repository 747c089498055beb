from datetime import date, time

import pytest

from scheduling.calendar_making import CannotMakePeriods, Hours, make_periods, plan_periods
from scheduling.models import Holiday, Period, WeeklyBreak
from tests.factories.scheduling import PeriodFactory

MORNING = Hours("A", time(9), 180)
NOON = Hours("B", time(12, 30), 120)
# Monday 4 January 2027 to Saturday 9 January.
WEEK = {"first_on": date(2027, 1, 4), "last_on": date(2027, 1, 9), "weekdays": range(6)}


def starts(project):
    return [(row.date.day, f"{row.starts:%H:%M}") for row in Period.objects.for_project(project)]


def test_every_chosen_weekday_gets_every_period_of_the_day(season):
    made = make_periods(project=season, **WEEK | {"weekdays": {0, 5}}, hours=[NOON, MORNING])
    assert made == 4
    assert starts(season) == [(4, "09:00"), (4, "12:30"), (9, "09:00"), (9, "12:30")]


def test_a_holiday_has_no_period(season):
    Holiday.objects.create(project=season, date=date(2027, 1, 5), name="Solidarity day")
    make_periods(project=season, **WEEK | {"weekdays": {0, 1}}, hours=[MORNING])
    assert starts(season) == [(4, "09:00")]


def test_no_period_is_held_during_friday_prayers(season):
    WeeklyBreak.objects.create(
        project=season, weekday=4, starts=time(12), ends=time(14), name="Friday prayers"
    )
    make_periods(project=season, **WEEK | {"weekdays": {3, 4}}, hours=[MORNING, NOON])
    assert starts(season) == [(7, "09:00"), (7, "12:30"), (8, "09:00")]


def test_a_period_may_begin_when_a_break_ends(season):
    WeeklyBreak.objects.create(project=season, weekday=4, starts=time(12), ends=time(14))
    make_periods(project=season, **WEEK | {"weekdays": {4}}, hours=[Hours("B", time(14), 120)])
    assert starts(season) == [(8, "14:00")]


def test_hours_for_one_weekday_leave_the_others_alone(season):
    late = Hours("B", time(14, 30), 120, frozenset({4}))
    make_periods(project=season, **WEEK | {"weekdays": {3, 4}}, hours=[MORNING, late])
    assert starts(season) == [(7, "09:00"), (8, "09:00"), (8, "14:30")]


def test_the_plan_says_why_a_period_is_left_out(season):
    Holiday.objects.create(project=season, date=date(2027, 1, 4), name="Solidarity day")
    planned = plan_periods(project=season, **WEEK | {"weekdays": {0}}, hours=[MORNING])
    assert [row.left_out for row in planned] == ["Solidarity day"]


def test_periods_that_are_there_already_stay_and_are_not_made_twice(season):
    make_periods(project=season, **WEEK, hours=[MORNING])
    assert make_periods(project=season, **WEEK, hours=[MORNING, NOON]) == 6
    assert len(starts(season)) == 12


def test_a_period_that_would_overlap_another_is_not_made(season):
    PeriodFactory(project=season, date=date(2027, 1, 4), starts=time(10), ends=time(11))
    with pytest.raises(CannotMakePeriods, match="No new period"):
        make_periods(project=season, **WEEK | {"weekdays": {0}}, hours=[MORNING])


def test_periods_of_another_project_are_nobodys_business(season, other_season):
    PeriodFactory(project=other_season, date=date(2027, 1, 4), starts=time(9), ends=time(12))
    Holiday.objects.create(project=other_season, date=date(2027, 1, 4))
    assert make_periods(project=season, **WEEK | {"weekdays": {0}}, hours=[MORNING]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"last_on": date(2027, 1, 3)}, "before the first"),
        ({"last_on": date(2028, 6, 1)}, "a year at most"),
        ({"hours": []}, "at least one period"),
        ({"hours": [MORNING, Hours("B", time(11), 60)]}, "overlap"),
        ({"hours": [Hours("N", time(22), 180)]}, "before midnight"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused_in_a_sentence(season, change, words):
    with pytest.raises(CannotMakePeriods, match=words):
        plan_periods(**{"project": season, **WEEK, "hours": [MORNING], **change})
