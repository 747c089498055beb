"""The ledger: who watched too much this season watches less in the next."""

import pytest

from projects import sharing
from scheduling import ledger, models
from tests.factories.accounts import UserFactory

from .staffed import Season

pytestmark = pytest.mark.django_db


@pytest.fixture
def season():
    """Three duties of two hours for two teachers: one has an hour too much, the other an hour too little."""
    season = Season()
    season.use("fair_minutes", limit=0)
    room = season.room("A")
    for at in (0, 3, 6):
        season.exam(at, room)
    season.one, season.two = season.teacher("One"), season.teacher("Two")
    season.roster = season.staff()
    models.Solution.objects.filter(pk=season.solution.pk).update(is_live=True)
    return season


def next_season(season, *parts):
    return sharing.copy_project(
        project=season.project, slug="next", name="Next", by=UserFactory(), parts=parts
    )


def carried(project):
    return sorted(models.Teacher.objects.for_project(project).values_list("carried_minutes", flat=True))


def test_the_balance_of_a_season_is_what_was_watched_beyond_the_target(season):
    assert sorted(ledger.balances(season.solution).values()) == [-60, 60]


def test_the_copy_for_the_next_season_takes_the_balance_along(season):
    copy = next_season(season, "people")
    busy = max(season.one, season.two, key=lambda row: len(season.roster.of(row)))
    assert carried(copy) == [-60, 60]
    assert models.Teacher.objects.for_project(copy).get(name=busy.name).carried_minutes == 60
    assert carried(season.project) == [0, 0]


def test_the_balance_is_made_good_in_the_next_season(season):
    busy = max(season.one, season.two, key=lambda row: len(season.roster.of(row)))
    for row in (season.one, season.two):
        models.Teacher.objects.filter(pk=row.pk).update(carried_minutes=60 if row == busy else -60)

    roster = season.staff(seed=3)

    assert len(roster.of(busy)) == 1
    assert sorted(ledger.balances(season.solution).values()) == [0, 0]


def test_a_season_without_live_duties_keeps_what_was_carried_over(season):
    models.Solution.objects.update(is_live=False)
    models.Teacher.objects.filter(pk=season.one.pk).update(carried_minutes=45)
    assert carried(next_season(season, "people")) == [0, 45]


def test_what_a_target_could_not_take_in_is_carried_on(season):
    """One has watched far more than a share before: Two watches all of it, and is that much nearer."""
    models.Teacher.objects.filter(pk=season.one.pk).update(carried_minutes=5000)
    season.staff(seed=3)
    assert carried(next_season(season, "people")) == [0, 5000 - 3 * 120]


def test_who_has_no_part_in_a_season_keeps_what_was_carried_over(season):
    models.Teacher.objects.filter(pk=season.one.pk).update(carried_minutes=600, may_invigilate=False)
    season.staff(seed=3)
    one = models.Teacher.objects.for_project(next_season(season, "people")).get(name=season.one.name)
    assert one.carried_minutes == 600
