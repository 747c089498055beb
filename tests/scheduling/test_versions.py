"""A new version of a plan is a copy: the old one stays as it was."""

import pytest

from scheduling import solving, versions
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
