"""Writes docs/rules.md: python -m tests.scheduling.write_rules_page. A test says when it is out of date."""

import os
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
TEST = "test_the_rule_is_kept_where_without_it_a_plan_breaks_it"

# Where the planner sets what the rules page of the project does not.
PLACES = {
    "unplaced": "always",
    "length": "exam, period, Rules page",
    "period": "exam's own rules, fixed placements, holidays, weekly breaks, Rules page",
    "unseated": "registrations, rooms",
    "seats": "rooms, Rules page",
    "room": "exam's own rules, features, fixed placements, closures, lessons, candidate groups, Rules page",
    "exclusive": "exam",
    "max_rooms": "exam",
    "period_exams": "period, Rules page",
    "period_candidates": "period, Rules page",
    "period_rooms": "period, Rules page",
}
HEAD = """# Rules

Every rule of a datesheet: where the planner sets it, what its finding counts, and the smallest season in
which it decides something. For each of these seasons a test asks that a plan made without the rule breaks it
and that one made with it does not, so that the test fails when the rule's term is taken out of the solver. In
the demo's season each of them binds too (`tests/scheduling/test_sample_season.py`).

Where a rule must or should hold, the planner says which on the Rules page. For those a second test asks that,
where it only should hold, the smallest case breaks it for a dearer wish, at its price for each fault
(`tests/scheduling/test_rules.py::test_what_need_not_be_kept_has_its_price`). Links between two exams must or
should hold one by one; a clash may be allowed student by student.

Made by `python -m tests.scheduling.write_rules_page`; do not edit.

| Rule | Code | Kind | Set in | The finding counts | Smallest case | Test |
|---|---|---|---|---|---|---|
"""

SEAT_PLACES = {
    "chair_missing": "registrations, rooms",
    "chair_twice": "always",
    "stranger": "registrations",
    "chair_unusable": "rooms, seats, closures, lessons",
    "neighbours": "seating policy, Rooms and seats page",
    "roll_order": "seating policy",
    "arrangement": "access arrangements",
    "seat_pin": "pinned seats",
    "layout": "rooms, seats",
    "spare_seats": "seating policy, Rooms and seats page",
}
SEAT_HEAD = """
## Seats

The same for seats: each smallest case is seated without the rule first, which breaks it. S1 to S16 are the
numbers of the list of seating rules; what it asks of rooms and blocks of an exam (S8) and of different
lengths in a room (S9) are rules of the datesheet above, counted again for the rooms that the seats have.

| Rule | Code | Kind | Set in | The finding counts | Smallest case | Test |
|---|---|---|---|---|---|---|
"""

DUTY_PLACES = {
    "unfilled": "always",
    "missing_posts": "staffing steps, rooms, duty policy, access arrangements",
    "two_duties_at_once": "duty policy",
    "teacher_away": "absences, exemptions, lessons, teachers",
    "not_senior": "duty policy, designations",
    "relative_alone": "relatives",
    "most_duties": "teachers, designations",
    "pair_never": "pairs of teachers",
    "duty_pin": "pinned duties",
    "pair_together": "pairs of teachers, Rules page",
    "both_sessions": "duty policy, Rules page",
}
DUTY_HEAD = """
## Duties

The same for duties; each smallest case has an earlier roster that breaks the rule. Rules that must hold by
the planner's choice are marked on the Rules page.

| Rule | Code | Kind | Set in | The finding counts | Smallest case | Test |
|---|---|---|---|---|---|---|
"""


def seats() -> str:
    from scheduling import rules
    from scheduling.findings.seats import HARD_RULES, SOFT_RULES

    from .seat_rule_cases import CASES

    lines = []
    for code, rule in (HARD_RULES | SOFT_RULES).items():
        info = rules.RULE_OF_CODE.get(code)
        may = "must or should hold" if info and info.may_be_hard else "should hold"
        kind = may if info else "must hold"
        what = " ".join((rule.__doc__ or "").split())
        place = SEAT_PLACES.get(code, "Rooms and seats page")
        found = CASES.get(code)
        case = found.words if found else "None: the database refuses a second candidate on a chair."
        test = f"test_the_rule_of_seats_is_kept_where_without_it_they_break_it[{code}]"
        test = test if found else "test_the_database_seats_nobody_on_a_taken_chair"
        lines.append(
            f"| {rules.rule_words(code)} | `{code}` | {kind} | {place} | {what} | {case} "
            f"| `tests/scheduling/test_rules_of_seats.py::{test}` |\n"
        )
    return SEAT_HEAD + "".join(lines)


def duties() -> str:
    from scheduling import rules
    from scheduling.findings.duties import DUTY_RULES

    from .duty_rule_cases import CASES

    lines = []
    for code, rule in DUTY_RULES.items():
        info = rules.RULE_OF_CODE.get(code)
        may = "must or should hold" if info and info.may_be_hard else "should hold"
        kind = may if info else "must hold"
        what = " ".join((rule.__doc__ or "").split())
        place = DUTY_PLACES.get(code, "Rules page")
        test = "test_the_rule_of_duties_is_kept_where_without_it_a_roster_breaks_it"
        lines.append(
            f"| {rules.rule_words(code)} | `{code}` | {kind} | {place} | {what} "
            f"| {CASES[code].words} | `tests/scheduling/test_rules_of_duties.py::{test}[{code}]` |\n"
        )
    return DUTY_HEAD + "".join(lines)


def page() -> str:
    from scheduling import findings, rules

    from .rule_cases import CASES

    lines = []
    for kind, counted in (("must hold", findings.HARD_RULES), ("should hold", findings.SOFT_RULES)):
        for code, rule in counted.items():
            place = PLACES.get(code, "Rules page" if code in rules.RULE_OF_CODE else "links between exams")
            found = CASES.get(code)
            case = found.words if found else "Any season: the finding names an exam that has no period."
            test = TEST if found else "test_an_exam_is_placed_even_where_every_period_is_dear"
            what = " ".join((rule.__doc__ or "").split())
            info = rules.RULE_OF_CODE.get(code)
            holds = "must or should hold" if info and info.may_be_hard else kind
            lines.append(
                f"| {rules.rule_words(code)} | `{code}` | {holds} | {place} | {what} | {case} "
                f"| `tests/scheduling/test_rules.py::{test}{f'[{code}]' if found else ''}` |\n"
            )
    return HEAD + "".join(lines) + seats() + duties()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
