"""Somebody falls ill or declines: the nearest stands in, the others keep what they have."""

import pytest

from scheduling import models, standing_in

from .staffed import Season

pytestmark = pytest.mark.django_db


@pytest.fixture
def season():
    """Three mornings, a room each; Ayesha has two of them and Bilal one."""
    season = Season()
    season.use("fair_minutes", limit=0)
    room = season.room("A")
    for at in (0, 3, 6):
        season.exam(at, room)
    season.ayesha, season.bilal = season.teacher("Ayesha"), season.teacher("Bilal")
    for at, teacher in ((0, season.ayesha), (3, season.ayesha), (6, season.bilal)):
        season.add(models.DutyPin, teacher=teacher, period=season.periods[at])
    season.roster = season.staff()
    season.solution.measures["datesheet"] = {"hard": 0, "cost": 0, "reasons": [], "by_rule": {}}
    season.solution.save()
    models.DutyPin.objects.all().delete()
    return season


def who(solution):
    rows = models.Duty.objects.filter(solution=solution).order_by("period__date")
    return [row.teacher.name if row.teacher else "" for row in rows]


def duty(season, at=0):
    return models.Duty.objects.get(solution=season.solution, period=season.periods[at])


def test_the_nearest_to_the_target_is_asked_first(season):
    season.teacher("Clara")

    found = standing_in.substitutes(duty=duty(season))

    assert [row.teacher.name for row in found] == ["Clara", "Bilal"]
    assert found[0].why == "120 minutes below the target"
    assert found[0].cost < found[1].cost


def test_who_is_away_is_not_asked(season):
    clara = season.teacher("Clara")
    season.add(models.Unavailability, teacher=clara, date=season.periods[0].date)
    assert [row.teacher.name for row in standing_in.substitutes(duty=duty(season))] == ["Bilal"]


def test_a_sick_teacher_s_duties_go_to_others_in_a_new_version(season):
    done = standing_in.replace(solution=season.solution, teacher=season.ayesha)

    assert who(done.solution) == ["Bilal", "Bilal", "Bilal"]
    assert who(season.solution) == ["Ayesha", "Ayesha", "Bilal"]
    assert done.names == ["Ayesha (Ayesha)", "Bilal (Bilal)"]
    assert done.solution.parent == season.solution
    assert done.solution.unfilled == 0


def test_only_the_duties_of_the_day_change_hands(season):
    done = standing_in.replace(solution=season.solution, teacher=season.ayesha, on=season.periods[3].date)
    assert who(done.solution) == ["Ayesha", "Bilal", "Bilal"]
    assert len(done.touched) == 1


def test_a_declined_duty_touches_nobody_else(season):
    season.teacher("Clara")
    done = standing_in.decline(duty=duty(season, at=6))
    assert who(done.solution) == ["Ayesha", "Ayesha", "Clara"]
    assert [(row.before, row.now) for row in done.touched] == [("Bilal (Bilal)", "Clara (Clara)")]


def test_where_nobody_is_free_one_other_hands_a_duty_on(season):
    """Only Bilal can come on the first day, and he may have one duty: Clara takes his."""
    models.Teacher.objects.filter(pk=season.bilal.pk).update(max_duties=1)
    clara = season.teacher("Clara")
    season.add(models.Unavailability, teacher=clara, date=season.periods[0].date)

    done = standing_in.decline(duty=duty(season, at=0))

    assert who(done.solution) == ["Bilal", "Ayesha", "Clara"]
    assert done.solution.unfilled == 0
    assert done.names == ["Ayesha (Ayesha)", "Bilal (Bilal)", "Clara (Clara)"]


def test_a_post_that_nobody_can_take_stays_open_and_the_reason_is_said(season):
    models.Teacher.objects.filter(pk=season.bilal.pk).update(may_invigilate=False)

    done = standing_in.replace(solution=season.solution, teacher=season.ayesha, on=season.periods[0].date)

    assert who(done.solution)[0] == ""
    assert done.solution.unfilled == 1
    assert done.reasons


def test_a_duty_is_handed_to_a_chosen_teacher(season):
    done = standing_in.hand_on(duty=duty(season), to=season.bilal)
    assert who(done.solution) == ["Bilal", "Ayesha", "Bilal"]


def test_a_teacher_who_is_not_free_is_refused(season):
    season.add(models.Unavailability, teacher=season.bilal, date=season.periods[0].date)
    with pytest.raises(standing_in.CannotStandIn, match="choose another teacher"):
        standing_in.hand_on(duty=duty(season), to=season.bilal)


def test_a_teacher_without_duties_is_told_so(season):
    clara = season.teacher("Clara")
    with pytest.raises(standing_in.CannotStandIn, match="nothing is to be done"):
        standing_in.replace(solution=season.solution, teacher=clara)


def test_duties_of_rooms_that_have_changed_are_to_be_made_again(season):
    models.RoomShare.objects.filter(placement__period=season.periods[0]).delete()
    with pytest.raises(standing_in.CannotStandIn, match="make the duties again"):
        standing_in.substitutes(duty=duty(season))


@pytest.fixture
def with_a_left_over_duty(season):
    """Bilal still has a duty on the first morning, in a room that is used no more."""
    season.add(
        models.Duty,
        solution=season.solution,
        period=season.periods[0],
        room=season.room("B"),
        role=models.Role.INVIGILATOR,
        starts=season.periods[0].starts,
        ends=season.periods[0].ends,
        teacher=season.bilal,
    )
    return season


def test_who_has_a_duty_that_no_room_asks_for_is_not_given_another_at_that_time(with_a_left_over_duty):
    season = with_a_left_over_duty
    clara = season.teacher("Clara")
    assert [row.teacher for row in standing_in.substitutes(duty=duty_in(season, "A"))] == [clara]
    with pytest.raises(standing_in.CannotStandIn, match="choose another teacher"):
        standing_in.hand_on(duty=duty_in(season, "A"), to=season.bilal)

    done = standing_in.replace(solution=season.solution, teacher=season.ayesha)

    assert duty_in(season, "A", done.solution).teacher == clara


def test_a_duty_that_no_room_asks_for_is_not_handed_on(with_a_left_over_duty):
    season = with_a_left_over_duty
    with pytest.raises(standing_in.CannotStandIn, match="make the duties again"):
        standing_in.decline(duty=duty_in(season, "B"))


def duty_in(season, room, solution=None):
    rows = models.Duty.objects.filter(solution=solution or season.solution, period=season.periods[0])
    return rows.get(room__code=room)


def test_who_watched_a_room_that_is_used_no_more_goes_to_the_one_that_is(season):
    models.RoomShare.objects.filter(placement__period=season.periods[0]).update(room=season.room("B"))
    before = who(season.solution)

    done = standing_in.follow_rooms(solution=season.solution, periods={season.periods[0].pk})

    assert duty_in(season, "B").teacher == season.ayesha
    assert who(done.solution) == before
    assert [(row.before, row.now) for row in done.touched] == [("", "Ayesha (Ayesha)")]


def test_who_is_free_in_one_period_keeps_watching_in_another(season):
    """Ayesha's room is lost on two days: on the second there is another one for her."""
    models.RoomShare.objects.filter(placement__period=season.periods[0]).delete()
    models.RoomShare.objects.filter(placement__period=season.periods[3]).update(room=season.room("B"))

    done = standing_in.follow_rooms(
        solution=season.solution, periods={season.periods[0].pk, season.periods[3].pk}
    )

    assert who(done.solution) == ["Ayesha", "Bilal"]
    assert [(row.before, row.now) for row in done.touched] == [
        ("", "Ayesha (Ayesha)"),
        ("Ayesha (Ayesha)", ""),
    ]


def test_who_may_not_have_the_new_post_has_none_and_it_stays_open(season):
    season.use("own_exam_room", is_hard=True)
    models.RoomShare.objects.filter(placement__period=season.periods[0]).delete()
    season.exam(0, season.room("B"), taught_by=(season.ayesha,))

    done = standing_in.follow_rooms(solution=season.solution, periods={season.periods[0].pk})

    assert duty_in(season, "B").teacher is None
    assert who(done.solution) == ["", "Ayesha", "Bilal"]
    assert [(row.before, row.now) for row in done.touched] == [("Ayesha (Ayesha)", "")]
    assert done.solution.unfilled == 1
