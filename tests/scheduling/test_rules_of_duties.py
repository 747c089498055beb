"""Every rule of duties decides something: without it a roster breaks it, with it a roster does not."""

import pytest

from scheduling.findings.duties import DUTY_RULES

from .duty_rule_cases import CASES
from .staffed import Season

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("code", CASES)
def test_the_rule_of_duties_is_kept_where_without_it_a_roster_breaks_it(code):
    season = Season()
    bring_in = CASES[code].build(season)
    free = season.staff()
    bring_in()
    broken = free.found(code)

    bound = season.staff()

    assert bound.found(code) < broken
    assert bound.result.hard == 0


def test_every_rule_of_duties_has_its_case():
    assert set(CASES) == set(DUTY_RULES)
