"""The demo's season, smaller: all posts filled, nobody off by more than a duty, the balance carries over."""

import pytest

from projects import sharing
from scheduling import importing, ledger, models, solving
from scheduling.findings import duties as findings
from scheduling.sample_season import add_office_work, invent
from tests.factories.accounts import UserFactory

from ..factories.projects import ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def solution(tmp_path):
    project = ProjectFactory()
    path = tmp_path / "workbook.xlsx"
    invent(students=900).save(path)
    importing.import_workbooks(project=project, uploads=[importing.Upload(path, path.name)])
    add_office_work(project)
    plan = solving.solve_now(project=project, steps=20_000)
    return solving.solve_now(project=project, part="duties", steps=200_000, start_from=plan)


def test_all_posts_are_filled_fairly_and_the_balance_goes_into_the_next_season(solution):
    found = {row.rule: row for row in findings.check(solution)}
    told = solution.measures["duties"]
    longest = max(duty.minutes for duty in models.Duty.objects.filter(solution=solution))
    balance = ledger.balances(solution)

    assert solution.unfilled == 0
    assert not [row for row in found.values() if row.level == "error" and row.count]
    assert max(map(abs, balance.values())) == told["largest_deviation"] <= longest
    assert sum(balance.values()) == 0

    solving.make_live(solution=solution)
    copy = sharing.copy_project(
        project=solution.project, slug="next", name="Next", by=UserFactory(), parts=["people"]
    )
    carried = models.Teacher.objects.for_project(copy).values_list("carried_minutes", flat=True)
    assert sorted(carried) == sorted(balance.values())
