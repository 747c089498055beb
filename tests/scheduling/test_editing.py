import pytest

from scheduling.editing import CannotEdit, pin, unpin
from scheduling.models import FixedPlacement, Placement, Sitting
from tests.factories.accounts import UserFactory
from tests.factories.scheduling import ExamFactory, PeriodFactory, SolutionFactory


@pytest.fixture
def placement(season):
    exam = ExamFactory(project=season)
    return Placement.objects.create(
        project=season,
        solution=SolutionFactory(project=season),
        sitting=Sitting.objects.get(exam=exam),
        period=PeriodFactory(project=season),
    )


@pytest.fixture
def told(placement):
    return {"solution": placement.solution, "exam": placement.sitting.exam, "by": UserFactory()}


def test_a_pin_holds_an_exam_in_its_period(placement, told):
    assert pin(**told) == 1
    fixed = FixedPlacement.objects.get()
    assert (fixed.exam, fixed.period, fixed.origin) == (told["exam"], placement.period, "pinned")


def test_pinning_again_in_another_solution_moves_the_pin(season, placement, told):
    pin(**told)
    later = PeriodFactory(project=season)
    other = SolutionFactory(project=season)
    Placement.objects.create(project=season, solution=other, sitting=placement.sitting, period=later)
    pin(**told | {"solution": other})
    assert [fixed.period for fixed in FixedPlacement.objects.all()] == [later]


def test_taking_the_pin_out_frees_the_exam(told):
    pin(**told)
    assert unpin(**told) == 1
    assert not FixedPlacement.objects.exists()


def test_an_uploaded_date_is_neither_overwritten_nor_taken_out(season, placement, told):
    FixedPlacement.objects.create(
        project=season, exam=told["exam"], date=placement.period.date, origin="uploaded"
    )
    with pytest.raises(CannotEdit, match="uploaded"):
        pin(**told)
    with pytest.raises(CannotEdit, match="uploaded"):
        unpin(**told)
    assert FixedPlacement.objects.get().period is None


def test_an_exam_without_a_period_cannot_be_pinned(placement, told):
    Placement.objects.update(period=None)
    with pytest.raises(CannotEdit, match="no period"):
        pin(**told)


def test_an_archived_project_is_not_changed(placement, told):
    told["solution"].project.is_archived = True
    with pytest.raises(CannotEdit, match="archived"):
        pin(**told)
