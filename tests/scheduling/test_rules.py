"""Every rule decides something: without it a plan breaks it, with it a plan does not."""

import pytest

from scheduling import findings, rules, solving

from ..factories.projects import ProjectFactory
from .rule_cases import CASES, World
from .worlds import small_season
from .write_rules_page import PAGE, page

pytestmark = pytest.mark.django_db

STEPS = 3000


def count(solution, code: str) -> float:
    return next(found.count for found in findings.check(solution) if found.rule == code)


@pytest.mark.parametrize("code", CASES)
def test_the_rule_is_kept_where_without_it_a_plan_breaks_it(code):
    world = World()
    bring_in = CASES[code].build(world)
    earlier = solving.solve_now(project=world.project, steps=STEPS)
    start = earlier if CASES[code].goes_on else None
    if CASES[code].goes_on:
        bring_in()
        rules.save_settings(
            project=world.project,
            settings={code: rules.settings_of(world.project)[code]._replace(is_on=False)},
        )
        free = solving.solve_now(project=world.project, steps=STEPS, start_from=start)
        world.use(code)
    else:
        free = earlier
        bring_in()

    bound = solving.solve_now(project=world.project, steps=STEPS, start_from=start)

    assert count(free, code) > 0
    assert count(bound, code) < count(free, code)
    assert bound.hard == 0


def test_an_exam_is_placed_even_where_every_period_is_dear():
    """The rule unplaced, which nobody can switch off: the finding names an exam that is left out."""
    project = small_season()
    solution = solving.solve_now(project=project, steps=STEPS)
    assert count(solution, "unplaced") == 0
    left_out = solution.placements.first()
    left_out.period = None
    left_out.save()
    assert count(solution, "unplaced") == 1


def test_every_rule_that_is_counted_has_its_case():
    assert set(CASES) | {"unplaced"} == set(findings.HARD_RULES) | set(findings.SOFT_RULES)


def test_a_preset_sets_every_rule():
    project = ProjectFactory()
    rules.apply_preset(project=project, name="school-board")
    assert rules.settings_of(project)["day_limit"].limit == 1
    rules.apply_preset(project=project, name="university")
    assert rules.settings_of(project)["day_limit"].limit == 2


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(rules.UnknownPreset, match="university"):
        rules.apply_preset(project=ProjectFactory(), name="kindergarten")


def test_the_page_of_rules_is_up_to_date():
    assert PAGE.read_text() == page(), "Run: python -m tests.scheduling.write_rules_page"


# How often the case's plan breaks a rule that need not hold.
FAULTS = {
    "clash": 1,
    "person_clash": 1,
    "length": 1,
    "period": 1,
    "room": 1,
    "seats": 10,
    "period_exams": 1,
    "period_candidates": 2,
    "period_rooms": 1,
}


@pytest.mark.parametrize("code", FAULTS)
def test_what_need_not_be_kept_has_its_price(code):
    """The case's wish is dearer than the rule, which no longer holds."""
    world = World()
    bring_in = CASES[code].build(world)
    bring_in()
    world.use(code, is_hard=False, weight=2)
    world.use("period_preference", weight=100)
    world.use("room_preference", weight=100)

    solution = solving.solve_now(project=world.project, steps=STEPS)

    assert count(solution, code) == FAULTS[code]
    assert (solution.hard, solution.by_rule[code]["cost"]) == (0, 2 * FAULTS[code])


def test_every_rule_that_need_not_hold_has_its_case():
    assert set(FAULTS) == {rule.code for rule in rules.RULES if rule.part == "datesheet" and rule.may_be_hard}


def test_clashes_that_need_not_hold_have_a_price_even_at_weight_nothing():
    """Weight 0 means hard to the solver, which is the opposite of what the planner said."""
    world = World()
    bring_in = CASES["clash"].build(world)
    bring_in()
    world.use("clash", is_hard=False, weight=0)

    solution = solving.solve_now(project=world.project, steps=STEPS)

    assert count(solution, "clash") == 1
    assert solution.hard == 0
