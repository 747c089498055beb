"""Six ways in which posts stay open: each says what is short, where, and the cheapest cure."""

from datetime import time

import pytest

from scheduling import models

from ..staffed import Season

pytestmark = pytest.mark.django_db


@pytest.fixture
def season():
    return Season()


def test_too_few_teachers_in_a_period(season):
    rooms = [season.room(code) for code in "ABC"]
    season.exam(0, *rooms, candidates=60)
    season.teacher()
    season.teacher()

    roster = season.staff()

    assert roster.result.counts["unfilled"] == 1
    (reason,) = roster.reasons()
    assert "needs 3 teachers and 2 can come: 1 short" in reason
    assert "find 1 more for that period" in reason


def test_a_department_away(season):
    physics = season.add(models.Department, name="Physics")
    season.exam(0, season.room("A"), season.room("B"), candidates=40)
    season.teacher()
    for name in ("Bohr", "Curie"):
        teacher = season.teacher(name, department=physics)
        season.add(
            models.Unavailability, teacher=teacher, date=season.periods[0].date, starts=time(8), ends=time(13)
        )

    (reason,) = season.staff().reasons()

    assert "Of Physics 2 of 2 are away." in reason
    assert "1 of those who are away come after all: Bohr (Bohr), Curie (Curie)" in reason


def test_the_most_duties_are_too_low_in_all(season):
    lecturer = season.add(models.Designation, name="Lecturer", rank=4, max_duties=2)
    room = season.room("A")
    for at in range(6):
        season.exam(at, room)
    season.teacher(designation=lecturer)
    season.teacher(designation=lecturer)

    roster = season.staff()

    assert roster.result.measures["open"] == roster.result.measures["least_open"] == 2
    (reason,) = roster.reasons()
    assert "may have 4 duties in all and 6 are needed: the most duties are 2 too low" in reason
    assert "raise the most duties of Lecturer by 1 (2 of them)" in reason


def test_the_most_is_raised_of_those_who_are_there(season):
    """Assistants are the most junior, but away when duties are open: one more each would not help."""
    lecturer = season.add(models.Designation, name="Lecturer", rank=3, max_duties=1)
    assistant = season.add(models.Designation, name="Assistant", rank=4, max_duties=1)
    for at in (0, 3, 6):
        season.exam(at, season.room(f"A{at}"), season.room(f"B{at}"), candidates=40)
    for _ in range(2):
        season.teacher(designation=lecturer)
        away = season.teacher(designation=assistant)
        for at in (3, 6):
            season.add(models.Unavailability, teacher=away, date=season.periods[at].date)

    (reason,) = season.staff().reasons()

    assert "may have 4 duties in all and 6 are needed" in reason
    assert "raise the most duties of Lecturer by 1 (2 of them)" in reason


def test_women_without_a_duty_left_cannot_watch(season):
    season.use("woman_in_room", is_hard=True)
    hira = season.teacher("Hira", gender="F", max_duties=1)
    for name in ("Ali", "Omar"):
        season.teacher(name, gender="M")
    room = season.room("A")
    for at in (0, 3):
        season.exam(at, room, students=(season.student(gender="F"),))
    season.add(models.DutyPin, teacher=hira, period=season.periods[0])

    (reason,) = season.staff().reasons()

    assert "rooms with women: 1, women who can watch: 0; 1 short" in reason


def test_teachers_with_a_most_of_their_own_are_named(season):
    room = season.room("A")
    for at in range(3):
        season.exam(at, room)
    season.teacher("Noor", max_duties=2)

    (reason,) = season.staff().reasons()

    assert "let these have more duties, 1 in all: Noor (Noor)" in reason


def test_only_those_who_are_there_when_posts_are_open_are_to_have_more_duties(season):
    for at in (0, 3):
        season.exam(at, season.room(f"A{at}"))
    season.teacher("Noor", max_duties=1)
    away = season.teacher("Omar", max_duties=1)
    season.add(models.DutyPin, teacher=away, period=season.periods[0])
    season.exam(3, season.room("B"))
    season.add(models.Unavailability, teacher=away, date=season.periods[3].date)
    season.add(models.DutyPin, teacher=season.teacher("Sana", max_duties=1), period=season.periods[3])
    season.exam(0, season.room("C"))
    season.add(models.DutyPin, teacher=season.teacher("Zain", max_duties=1), period=season.periods[0])
    season.exam(3, season.room("D"))

    (reason,) = season.staff().reasons()

    assert "let these have more duties, 1 in all: Zain (Zain)." in reason


def test_no_woman_for_a_room_in_which_women_sit(season):
    season.use("woman_in_room", is_hard=True)
    season.exam(0, season.room("A"), students=(season.student(gender="F"),))
    season.exam(0, season.room("B"), students=(season.student(gender="F"),))
    season.teacher("Hira", gender="F")
    for name in ("Ali", "Omar"):
        season.teacher(name, gender="M")

    roster = season.staff()

    assert roster.result.counts["unfilled"] == 1
    (reason,) = roster.reasons()
    assert "rooms with women: 2, women who can watch: 1; 1 short" in reason
    assert "find 1 more women for that period, or seat the women in fewer rooms" in reason


def test_seniors_are_short(season):
    season.ask(rooms_per_superintendent=1, senior_rank=1)
    professor = season.add(models.Designation, name="Professor", rank=1)
    lecturer = season.add(models.Designation, name="Lecturer", rank=3)
    season.exam(0, season.room("A", block="X"), season.room("B", block="Y"), candidates=40)
    season.teacher(designation=professor)
    for _ in range(4):
        season.teacher(designation=lecturer)

    (reason,) = season.staff().reasons()

    assert "needs 2 superintendents, 1 of the seniors can come: 1 short" in reason
    assert "let rank 3 lead too (2 more)" in reason  # two others watch in the rooms


def test_who_is_away_or_has_the_most_duties_does_not_lead_instead(season):
    season.ask(rooms_per_superintendent=1, senior_rank=1)
    reader = season.add(models.Designation, name="Reader", rank=2)
    lecturer = season.add(models.Designation, name="Lecturer", rank=3)
    season.exam(0, season.room("A"))
    away = season.teacher(designation=reader)
    season.add(models.Unavailability, teacher=away, date=season.periods[0].date)
    for _ in range(2):
        season.teacher(designation=lecturer)

    (reason,) = season.staff().reasons()

    assert "let rank 3 lead too (1 more)" in reason


def test_who_has_the_most_duties_already_is_not_asked_to_come_after_all(season):
    for at in (0, 3):
        season.exam(at, season.room(f"A{at}"), season.room(f"B{at}"), candidates=40)
    season.teacher()
    full, free = season.teacher("Full", max_duties=1), season.teacher("Free")
    for teacher in (full, free):
        season.add(models.Unavailability, teacher=teacher, date=season.periods[0].date)
    season.add(models.DutyPin, teacher=full, period=season.periods[3])

    (reason,) = season.staff().reasons()

    assert "1 of those who are away come after all: Free (Free)." in reason


def test_whoever_is_free_teaches_what_is_sat_there(season):
    season.use("own_exam_room", is_hard=True)
    teachers = (season.teacher("Euler"), season.teacher("Gauss"))
    season.exam(0, season.room("A"), taught_by=teachers)

    (reason,) = season.staff().reasons()

    assert "whoever is free teaches what is sat there: Euler (Euler), Gauss (Gauss); 1 short" in reason
    assert "bring in 1 of another subject" in reason


def test_pins_that_contradict_the_data_or_each_other(season):
    room = season.room("A")
    season.exam(0, room)
    season.exam(3, room)
    away, one, other = season.teacher("Away"), season.teacher("One"), season.teacher("Other")
    season.add(models.Unavailability, teacher=away, date=season.periods[3].date)
    season.add(models.DutyPin, teacher=away, period=season.periods[3], room=room)
    for teacher in (one, other):
        season.add(models.DutyPin, teacher=teacher, period=season.periods[0], room=room)
    season.add(models.DutyPin, teacher=away, period=season.periods[8])

    roster = season.staff()

    assert roster.result.counts["duty_pin"] == roster.found("duty_pin") == 3
    assert roster.result.counts["unfilled"] == 0
    said = "\n".join(roster.reasons())
    assert "Away (Away) is pinned to A in Tue 05 Jan 2A, but is away then: drop the pin." in said
    assert "Other (Other) and One (One) are pinned to the same post" in said
    assert "where no such post is" in said


def test_more_pins_than_a_teacher_may_have_duties(season):
    room = season.room("A")
    teacher, _other = season.teacher("Noor", max_duties=1), season.teacher()
    for at in (0, 3):
        season.exam(at, room)
        season.add(models.DutyPin, teacher=teacher, period=season.periods[at])

    roster = season.staff()

    assert roster.result.counts["unfilled"] == 0
    assert "Noor (Noor) has 2 pinned duties and may have 1: drop 1 of the pins." in roster.reasons()


def test_nothing_is_said_where_nothing_is_short(season):
    season.exam(0, season.room("A"))
    season.teacher()
    assert season.staff().reasons() == []
