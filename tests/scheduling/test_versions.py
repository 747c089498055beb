"""A new version of a plan is a copy: the old one stays as it was."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling import publishing, solving, versions
from scheduling.models import Duty, Placement, RoomShare, Seating

from ..factories.scheduling import StudentFactory
from .worlds import small_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def solution():
    """A datesheet with one candidate on a chair and one post."""
    solution = solving.solve_now(project=small_season(), steps=500)
    placement = solution.placements.select_related("period").first()
    room = placement.shares.first().room
    here = {"project": solution.project, "solution": solution, "period": placement.period, "room": room}
    Seating.objects.create(
        **here,
        placement=placement,
        student=StudentFactory(project=solution.project),
        row=1,
        column=1,
        label="A1",
    )
    Duty.objects.create(**here, role="invigilator", starts="09:00", ends="12:00")
    solution.measures |= {"seats": {"hard": 0}, "duties": {"hard": 0}}
    solution.save()
    return solution


def test_a_version_has_the_same_periods_and_rooms(solution):
    new = versions.new_version(of=solution)

    assert (new.number, new.parent, new.is_live) == (2, solution, False)
    for model, columns in (
        (Placement, ["sitting", "period"]),
        (RoomShare, ["placement__sitting", "room", "group", "candidates"]),
    ):
        name = "solution" if model is Placement else "placement__solution"
        old_rows, new_rows = (
            sorted(model.objects.filter(**{name: one}).values_list(*columns)) for one in (solution, new)
        )
        assert old_rows == new_rows != []


def test_a_version_keeps_its_seats_on_its_own_placements(solution):
    new = versions.new_version(of=solution, keep=("seats",))
    seat = Seating.objects.get(solution=new)
    assert seat.placement.solution == new
    assert seat.label == "A1"
    assert not Duty.objects.filter(solution=new).exists()
    assert set(new.measures) == {"datesheet", "seats"}


def test_a_version_keeps_its_duties(solution):
    new = versions.new_version(of=solution, keep=("duties",))
    assert Duty.objects.get(solution=new).role == "invigilator"
    assert not Seating.objects.filter(solution=new).exists()
    assert Seating.objects.filter(solution=solution).count() == 1


def test_a_plan_goes_with_all_that_it_holds_and_its_versions_stay(solution):
    new = versions.new_version(of=solution)
    versions.remove(solution=solution)
    new.refresh_from_db()
    assert new.parent is None
    for model in (Placement, Seating, Duty):
        assert set(model.objects.values_list("solution", flat=True)) == {new.pk}
    assert set(RoomShare.objects.values_list("placement__solution", flat=True)) == {new.pk}


def test_a_large_plan_goes_without_its_rows_being_read(solution):
    with CaptureQueriesContext(connection) as queries:
        versions.remove(solution=solution)
    read = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    tables = [model._meta.db_table for model in (Seating, Duty, RoomShare)]
    assert not [sql for sql in read for table in tables if f'FROM "{table}"' in sql]


@pytest.mark.parametrize("state", ["live", "published"])
def test_a_plan_that_somebody_relies_on_stays(solution, state):
    solving.make_live(solution=solution)
    if state == "published":
        publishing.publish(project=solution.project, kind="draft")
        solving.make_live(solution=versions.new_version(of=solution))
        solution.refresh_from_db()
    with pytest.raises(versions.CannotRemove, match=state):
        versions.remove(solution=solution)
