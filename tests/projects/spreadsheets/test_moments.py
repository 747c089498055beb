from datetime import date, datetime, time, timedelta

import pytest

from projects.spreadsheets.cells import BadCell
from projects.spreadsheets.moments import (
    clock,
    day,
    hours,
    is_ambiguous_day,
    is_at_night,
    is_in_hours,
    minutes,
)

JANUARY_4 = date(2027, 1, 4)


@pytest.mark.parametrize(
    "written",
    [
        JANUARY_4,
        datetime(2027, 1, 4, 8, 30),
        46391.0,
        "46391",
        "2027-01-04",
        "2027-01-04T00:00:00",
        "04/01/2027",
        "4.1.27",
        "04-Jan-2027",
        "Monday, 4 January 2027",
        "January 4, 2027",
        "4th Jan 2027",
        "20270104",
        "Mon Jan 04 2027 05:00:00 GMT+0500 (Pakistan Standard Time)",
    ],
)
def test_a_date_is_read_in_its_usual_forms(written):
    assert day()(written) == JANUARY_4


def test_the_project_says_whether_the_day_comes_first():
    assert day(day_first=False)("04/01/2027") == date(2027, 4, 1)


def test_a_date_that_only_one_order_can_read_is_read_in_it():
    assert day()("01/31/2027") == date(2027, 1, 31)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("31-Feb-2027", "February 2027 has no day 31"),
        ("29/02/2027", "February 2027 has no day 29"),
        ("13/13/2027", "no month 13"),
        ("1971-01-01", "year 1971"),
        ("soon", "cannot be read as a date"),
        (3.0, "no date of this century"),
        (True, "Write a date"),
    ],
)
def test_what_is_no_date_is_refused_with_its_reason(written, reason):
    with pytest.raises(BadCell, match=reason):
        day()(written)


@pytest.mark.parametrize(
    ("written", "is_doubtful"),
    [
        ("03/04/2027", True),
        ("04/04/2027", False),
        ("31/01/2027", False),
        ("01/31/2027", True),
        ("2027-03-04", False),
    ],
)
def test_a_date_with_two_readings_is_doubted(written, is_doubtful):
    assert bool(is_ambiguous_day()(written, "Date")) is is_doubtful


@pytest.mark.parametrize(
    "written",
    [
        "08:30",
        "8.30 am",
        "8:30",
        "0830",
        " 8:30 A.M.",
        0.3541666667,
        "0.354167",
        time(8, 30),
        timedelta(hours=8.5),
        830.0,
    ],
)
def test_a_time_is_read_in_its_usual_forms(written):
    assert clock(written) == time(8, 30)


@pytest.mark.parametrize(
    ("written", "meant"), [("12 am", time(0)), ("12:15 pm", time(12, 15)), ("noon", time(12)), (9.0, time(9))]
)
def test_the_twelve_hour_clock_and_whole_hours_are_read(written, meant):
    assert clock(written) == meant


@pytest.mark.parametrize("written", ["25:00", "9:75", 8.3, "8.5", "13 pm", "two", True, date(2027, 1, 1)])
def test_what_is_no_time_or_several_is_refused(written):
    with pytest.raises(BadCell):
        clock(written)


@pytest.mark.parametrize("written", ["09:00 - 12:00", "9.00–12.00", "9 am to 12 noon", "9:00-12:00 pm"])
def test_hours_are_from_when_to_when(written):
    assert hours(written) == (time(9), time(12))


@pytest.mark.parametrize(
    "written", [120.0, "120", "120 min", "2 h", "2 hours", "1h 60m", "2:00", 2.0, time(2)]
)
def test_a_length_of_time_is_read_as_minutes(written):
    assert minutes(10, 600)(written) == 120


def test_a_small_bare_number_is_hours_and_doubted():
    assert is_in_hours(3.0, "Duration") == "read as hours"
    assert (
        is_in_hours(180.0, "Duration")
        == is_in_hours("3 h", "Duration")
        == is_in_hours(3.0, "Duration (hrs)")
        == ""
    )


def test_a_time_of_the_night_is_doubted():
    assert is_at_night("2:00", "Start") == is_at_night("2:00 - 5:00", "Hours") != ""
    assert (
        is_at_night("2:00 pm", "Start")
        == is_at_night(time(9), "Start")
        == is_at_night("lunch", "Start")
        == ""
    )


@pytest.mark.parametrize(
    ("written", "starts"),
    [("1:00 - 4:00 PM", 13), ("9:00 - 1:00 pm", 9), ("1 am - 4 pm", 1), ("13:00 - 16:00", 13)],
)
def test_one_pm_may_stand_for_both_ends(written, starts):
    assert hours(written)[0] == time(starts)


@pytest.mark.parametrize("written", ["two hours", "-5", "0", "900"])
def test_what_is_no_exams_length_is_refused(written):
    with pytest.raises(BadCell, match="minutes"):
        minutes(10, 600)(written)
