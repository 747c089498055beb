"""Prints are asked for in the admin, made by a worker, kept with the project."""

import pytest
from django_q.models import OrmQ

from projects.models import Change, StoredFile
from scheduling import printing, solving, tasks

from ..factories.accounts import UserFactory
from .worlds import small_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def solution():
    return solving.solve_now(project=small_season(), steps=500)


def ask(solution, **options) -> int:
    wanted = {"codes": ["by_day"], "formats": ["csv"], "language": "en", "by": None, **options}
    return printing.request_prints(solution=solution, **wanted)


def test_every_print_is_asked_for_in_each_format_that_it_has(solution, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        asked = ask(solution, codes=["by_day", "by_programme"], formats=["csv", "ics"])
    assert asked == 3  # a day's list is no calendar
    assert OrmQ.objects.filter(key="sheets").count() == 3


def test_nothing_chosen_is_refused_in_words(solution):
    with pytest.raises(printing.CannotPrint, match="at least one print"):
        ask(solution, codes=[])


def test_a_plan_without_a_placed_exam_is_not_printed(solution):
    solution.placements.update(period=None)
    with pytest.raises(printing.CannotPrint, match="places no exam"):
        ask(solution)


def test_what_is_made_lies_with_the_project(solution):
    tasks.make_print(solution.pk, "by_day", "csv", "en", None)
    tasks.make_print(solution.pk, "by_student", "ics", "en", None)
    files = StoredFile.objects.for_project(solution.project).filter(kind="output")
    assert {file.name.rsplit(".")[-1] for file in files} == {"csv", "zip"}
    assert all(file.size for file in files)


def test_a_print_in_another_language_than_the_houses_says_so_in_its_name(solution):
    for language in ("en", "ur"):
        tasks.make_print(solution.pk, "by_day", "csv", language, None)
    names = sorted(StoredFile.objects.values_list("name", flat=True))
    assert [name for name in names if name.endswith("-ur.csv")] == [
        name.replace(".csv", "-ur.csv") for name in names if not name.endswith("-ur.csv")
    ]


def test_a_print_is_the_doing_of_who_asked_for_it(solution):
    alice = UserFactory()
    tasks.make_print(solution.pk, "by_day", "csv", "en", alice.pk)
    assert {change.by for change in Change.objects.filter(model="projects.storedfile")} == {alice}


def test_a_solution_deleted_in_the_meantime_is_not_printed(solution):
    pk = solution.pk
    solution.delete()
    assert tasks.make_print(pk, "by_day", "csv", "en", None) == 0
