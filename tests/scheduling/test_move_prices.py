import pytest

from projects.models import Project
from scheduling import findings, solving
from scheduling.editing import CannotEdit, move, swap
from scheduling.models import FixedPlacement, Placement, Room, RoomShare, Seating, Sitting, Solution
from scheduling.move_prices import Moves
from tests.factories.accounts import UserFactory
from tests.journeys.seasons import planned_season, staffed_season
from tests.scheduling.worlds import random_season

pytestmark = pytest.mark.django_db


def sitting(project, code):
    return Sitting.objects.select_related("exam").get(project=project, exam__code=code)


@pytest.fixture
def plan():
    """C-0, C-1 and C-2 in the first of four periods, C-3, C-4 and C-5 in the third; one hall for forty."""
    return Solution.objects.select_related("project").get(project=planned_season())


def periods_by_level(plan, code):
    prices = Moves(plan).prices(sitting(plan.project, code))
    return {price.period.pk: price for price in prices}, [price.level for price in prices]


def test_a_period_is_as_good_as_the_students_exams_there_let_it_be(plan):
    # Who sits C-0 sits C-3 too.
    prices, levels = periods_by_level(plan, "C-0")
    assert (levels[0], levels[2]) == ("now", "bad")
    clash = list(prices.values())[2]
    assert clash.hard == 4
    assert clash.worse[0] == ("No student has two exams at once", 4)
    assert [price.free_seats for price in prices.values()] == [32, 40, 28, 40]


def test_what_a_move_costs_is_what_the_draft_costs_in_the_end():
    project = random_season(3)
    solution = solving.solve_now(project=project, steps=300)
    moves = Moves(solution)
    row = Placement.objects.filter(solution=solution, period__isnull=False).order_by("pk")[2].sitting
    for price in moves.prices(row)[:6]:
        if price.is_now:
            continue
        draft = move(solution=solution, sitting=row, period=price.period, by=UserFactory()).solution
        assert draft.hard == moves.now.hard + price.hard
        assert draft.cost == pytest.approx(moves.now.cost + price.cost, abs=1)
        assert findings.count_hard(findings.check(draft)) == draft.hard


def test_an_exam_takes_rooms_that_are_free_in_its_new_period(plan):
    Room.objects.update(exam_capacity=13)
    small = Room.objects.create(project=plan.project, code="Small", exam_capacity=3)
    last = Moves(plan).season.periods[2]
    moved = move(solution=plan, sitting=sitting(plan.project, "C-1"), period=last, by=UserFactory())
    shares = RoomShare.objects.filter(
        placement__solution=moved.solution, placement__sitting__exam__code="C-1"
    )
    # The hall has one chair left there.
    assert dict(shares.values_list("room__code", "candidates")) == {"Hall": 1, small.code: 3}


def test_a_move_goes_into_a_draft_and_leaves_the_live_plan_alone(plan):
    before = list(plan.placements.order_by("pk").values_list("sitting", "period"))
    to = Moves(plan).season.periods[1]
    moved = move(solution=plan, sitting=sitting(plan.project, "C-0"), period=to, by=UserFactory())
    assert list(plan.placements.order_by("pk").values_list("sitting", "period")) == before
    assert moved.solution.placements.get(sitting__exam__code="C-0").period == to
    again = move(solution=moved.solution, sitting=sitting(plan.project, "C-1"), period=to, by=UserFactory())
    assert again.solution == moved.solution


def test_two_exams_change_places(plan):
    moved = swap(
        solution=plan, one=sitting(plan.project, "C-0"), other=sitting(plan.project, "C-5"), by=UserFactory()
    )
    then = dict(plan.placements.values_list("sitting__exam__code", "period"))
    now = dict(moved.solution.placements.values_list("sitting__exam__code", "period"))
    assert (now["C-0"], now["C-5"]) == (then["C-5"], then["C-0"])
    assert {code: now[code] for code in ("C-1", "C-4")} == {code: then[code] for code in ("C-1", "C-4")}


def test_chairs_of_the_old_period_are_given_up_and_counted():
    plan = Solution.objects.select_related("project").get(project=staffed_season())
    to = Moves(plan).season.periods[1]
    moved = move(solution=plan, sitting=sitting(plan.project, "C-0"), period=to, by=UserFactory())
    assert moved.unseated == moved.solution.unseated == 4
    assert Seating.objects.filter(solution=moved.solution).count() == 20


def test_a_pinned_exam_and_one_that_is_there_already_stay(plan):
    one, now = sitting(plan.project, "C-0"), Moves(plan).season.periods[0]
    with pytest.raises(CannotEdit, match="already"):
        move(solution=plan, sitting=one, period=now, by=UserFactory())
    with pytest.raises(CannotEdit, match="already"):
        swap(solution=plan, one=one, other=sitting(plan.project, "C-1"), by=UserFactory())
    FixedPlacement.objects.create(project=plan.project, exam=one.exam, period=now, origin="pinned")
    with pytest.raises(CannotEdit, match="pinned"):
        move(solution=plan, sitting=one, period=Moves(plan).season.periods[1], by=UserFactory())


def test_nothing_moves_in_an_archived_project(plan):
    Project.objects.update(is_archived=True)
    plan = Solution.objects.select_related("project").get(pk=plan.pk)
    with pytest.raises(CannotEdit, match="archived"):
        move(
            solution=plan,
            sitting=sitting(plan.project, "C-0"),
            period=Moves(plan).season.periods[1],
            by=UserFactory(),
        )
