"""How many minutes each ought to watch."""

from datetime import timedelta
from decimal import Decimal

import pytest

from scheduling import models
from scheduling.duty_targets import share_out, targets_of

from .staffed import Season

NO_MOST = [float("inf")] * 3


def test_minutes_are_shared_out_by_weight():
    assert share_out(600, [1, 2, 3], [0, 0, 0], NO_MOST) == [100, 200, 300]


def test_whole_minutes_keep_the_sum():
    assert sum(share_out(100, [1, 1, 1], [0, 0, 0], NO_MOST)) == 100


def test_what_was_watched_too_much_before_is_taken_off():
    assert share_out(300, [1, 1, 1], [60, 0, -60], NO_MOST) == [40, 100, 160]


def test_nobody_owes_less_than_nothing():
    assert share_out(300, [1, 1, 1], [900, 0, 0], NO_MOST) == [0, 150, 150]


def test_what_the_most_duties_do_not_allow_goes_to_the_others():
    assert share_out(600, [1, 1, 1], [0, 0, 0], [100, float("inf"), float("inf")]) == [100, 250, 250]


def test_who_owes_nothing_and_who_is_at_the_most_leave_equals_equal():
    assert share_out(100, [1, 1, 1], [0, 0, 200], [60, float("inf"), float("inf")]) == [50, 50, 0]


def test_targets_are_no_more_than_all_may_do():
    assert share_out(600, [1, 1], [0, 0], [100, 200]) == [100, 200]


def test_nobody_with_a_weight_leaves_everything_undone():
    assert share_out(600, [0, 0], [0, 0], NO_MOST[:2]) == [0, 0]


@pytest.mark.django_db
def test_designation_part_time_and_exemption_lower_the_target():
    season = Season()
    professor = season.add(models.Designation, name="Professor", rank=1, weight=Decimal("0.5"))
    whole, old, half, ill = (
        season.teacher("whole"),
        season.teacher("old", designation=professor),
        season.teacher("half", share=Decimal("0.5")),
        season.teacher("ill"),
    )
    season.teacher("no", may_invigilate=False)
    first = season.periods[0].date
    season.add(models.Exemption, teacher=ill, first_on=first, last_on=first)

    targets = targets_of(season.project, [(first, 120), (first + timedelta(days=1), 120), (first, 60)])

    # weights 1, 0.5, 0.5 and, without the first day, 120 of 300 minutes
    assert targets == {whole.pk: 125, old.pk: 62, half.pk: 63, ill.pk: 50}


@pytest.mark.django_db
def test_the_teacher_s_own_most_goes_before_the_designation_s():
    season = Season()
    lecturer = season.add(models.Designation, name="Lecturer", rank=4, max_duties=5)
    few = season.teacher("few", designation=lecturer, max_duties=1)
    many = season.teacher("many", designation=lecturer)
    day = season.periods[0].date
    assert targets_of(season.project, [(day, 100)] * 4) == {few.pk: 100, many.pk: 300}
