"""Every rule of seats decides something: without it the seats break it, with it they do not."""

import pytest
from django.db import IntegrityError

from scheduling import models, rules
from scheduling.findings import seats as findings

from .seat_rule_cases import CASES, Hall

pytestmark = pytest.mark.django_db


def count(solution, code: str) -> float:
    return next(found.count for found in findings.check(solution) if found.rule == code)


@pytest.mark.parametrize("code", CASES)
def test_the_rule_of_seats_is_kept_where_without_it_they_break_it(code):
    hall = Hall()
    bring_in = CASES[code].build(hall)
    earlier = None
    if CASES[code].goes_on:
        earlier = models.Solution.objects.for_project(hall.project).get()
    free = hall.seat(parent=earlier)
    bring_in()

    bound = hall.seat(parent=earlier, stay=earlier)

    assert count(free, code) > 0
    assert count(bound, code) < count(free, code)
    assert not [found for found in findings.check(bound) if found.level == "error"]


def test_the_database_seats_nobody_on_a_taken_chair():
    """The rule chair_twice: no plan can break it."""
    hall = Hall()
    hall.sits("E1", 2)
    one, other = models.Seating.objects.filter(solution=hall.seat())
    with pytest.raises(IntegrityError):
        models.Seating.objects.filter(pk=other.pk).update(row=one.row, column=one.column)


def test_every_rule_of_seats_has_its_case():
    assert set(CASES) | {"chair_twice"} == set(findings.HARD_RULES) | set(findings.SOFT_RULES)


def test_every_rule_of_seats_has_words():
    for code in findings.HARD_RULES | findings.SOFT_RULES:
        assert code in rules.RULE_OF_CODE or code in rules.DEMANDS
