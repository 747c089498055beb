"""Contradictions planted one by one: each is named, and its best fix works when it is applied."""

import numpy as np
import pytest

from scheduling.solver.stop import MaxSteps
from scheduling.solver.timetable import PairRule, solve
from scheduling.solver.timetable.changes import apply_fix
from scheduling.solver.timetable.diagnose import explain, explain_left_out, find_contradictions
from tests.scheduling.solver.timetable.worlds import season

EXAMS, DAYS, PER_DAY = 14, 3, 2
PERIODS = DAYS * PER_DAY


def able(**fields):
    """A season of 14 exams in 6 periods and 3 rooms that can be placed; `fields` plants something in it.
    Exams 8 to 13 are of students of their own, 0 to 7 have none in common."""
    rng = np.random.default_rng(5)
    rows = [(s, int(e)) for s in range(20) for e in rng.choice(np.arange(8, EXAMS), 2, replace=False)]
    rows += fields.pop("more", [])
    student, exam = zip(*rows, strict=True)
    return season(
        EXAMS,
        DAYS,
        PER_DAY,
        **{
            "registration_student": student,
            "registration_exam": exam,
            "students": 60,
            "size": [10] * EXAMS,
            "room_seats": [30, 20, 15],
            "max_rooms": [1] * EXAMS,
            **fields,
        },
    )


def of(values, default, length=EXAMS):
    """A column with these values, else the default."""
    return [values.get(i, default) for i in range(length)]


def clash(*exams, student=30):
    return [(student, e) for e in exams]


def pairs(*exams, student=30):
    """Each two exams have a student of their own in common."""
    rows, number = [], student
    for i, a in enumerate(exams):
        for b in exams[i + 1 :]:
            rows += [(number, a), (number, b)]
            number += 1
    return rows


def only(exam_periods):
    allowed = np.ones((EXAMS, PERIODS), dtype=bool)
    for exam, periods in exam_periods.items():
        allowed[exam] = np.isin(np.arange(PERIODS), periods)
    return allowed


# what is planted: (fields, kind, exams named, words that the sentence must have, exams left out at best)
PLANTED = {
    "longer than every period": ({"duration": of({3: 200}, 60)}, "too_long", (3,), "200 minutes", 1),
    "larger than every room": ({"size": of({3: 50}, 10)}, "too_large", (3,), "50 seats", 1),
    "a person who is always away": (
        {"person_exam": [(0, 2)], "person_away": [(0, p) for p in range(PERIODS)]}, "no_period", (2,), "", 1,
    ),
    "a student with too many exams": (
        {"more": clash(*range(7))}, "student", tuple(range(7)), "Student 30 has 7 exams", 1,
    ),
    "a teacher with too many exams": (
        {"person_exam": [(4, e) for e in range(7)]}, "person", tuple(range(7)), "Person 4 must be at 7", 1,
    ),
    "exams that all clash": ({"more": pairs(*range(7))}, "clique", tuple(range(7)), "clash", 1),
    "rules in a circle": (
        {"pair_rules": [PairRule("before", 0, 1), PairRule("before", 1, 2), PairRule("before", 2, 0)]},
        "rules", (0, 1, 2), "rules", 1,
    ),
    "more candidates than seats": (
        {"size": of({}, 30), "room_seats": [30, 5, 30]}, "seats", tuple(range(EXAMS)), "420 seats", 2,
    ),
    "fewer places for exams than exams": (
        {"period_max_exams": [2, 2, 2, 2, 2, 3]}, "exams", tuple(range(EXAMS)), "14 exams", 1,
    ),
    "fixed dates against an order": (
        {"pinned_period": of({0: 3, 1: 2}, -1), "pair_rules": [PairRule("before", 0, 1)]},
        "rules", (0, 1), "0, 1", 1,
    ),
    "two fixed in one period with a student in common": (
        {"pinned_period": of({0: 3, 1: 3}, -1), "more": clash(0, 1)}, "student", (0, 1), "Student 30", 1,
    ),
    "an exam between two that follow each other": (
        {
            "pair_rules": [PairRule("before", 0, 1), PairRule("before", 1, 2)],
            "pinned_period": of({0: 2, 2: 3}, -1),
        },
        "rules", (0, 1, 2), "rules", 1,
    ),
    "the same period for exams that clash": (
        {"pair_rules": [PairRule("same_period", 0, 1)], "more": clash(0, 1)},
        "together", (0, 1), "0 and 1 are in the same period; 0, 1 have students in common (1)", 1,
    ),
    "free days that the season does not have": (
        {"pair_rules": [PairRule("min_days", 0, 1, value=2), PairRule("min_days", 1, 2, value=2),
                        PairRule("min_days", 0, 2, value=2)]},
        "together", (0, 1, 2), "at least 2 days apart", 1,
    ),
    "three exams alone in the one large room": (
        {"size": of({0: 25, 1: 25, 2: 25}, 10), "exam_periods": only({0: [1, 4], 1: [1, 4], 2: [1, 4]})},
        "together", (0, 1, 2), "only on 1, 4: 0, 1, 2", 1,
    ),
    "rooms of their own and few rooms": (
        {"exclusive": [e < 7 for e in range(EXAMS)], "exam_periods": only({e: [0, 1] for e in range(7)})},
        "together", tuple(range(7)), "rooms with no other exam", 1,
    ),
    "a circle of five clashes and two periods": (
        {
            "more": [row for i in range(5) for row in clash(i, (i + 1) % 5, student=30 + i)],
            "exam_periods": only({e: [2, 3] for e in range(5)}),
        },
        "together", tuple(range(5)), "students in common", 1,
    ),
    "different days with one day left": (
        {
            "pair_rules": [PairRule("different_day", 0, 1), PairRule("different_day", 1, 2),
                           PairRule("different_day", 0, 2)],
            "exam_periods": only({0: [0, 1, 2, 3], 1: [0, 1, 2, 3], 2: [0, 1, 2, 3]}),
        },
        "together", (0, 1, 2), "different days", 1,
    ),
    "too few invigilators for exams of one period": (
        {
            "period_max_rooms": [1] * PERIODS,
            "size": of({0: 18, 1: 18}, 5),
            "pair_rules": [PairRule("same_period", 0, 1)],
        },
        "together", (0, 1), "rooms in a period, at most: 1", 1,
    ),
    "an examiner's days against a student's": (
        {
            "person_exam": [(0, 0), (0, 1)],
            "person_away": [(0, p) for p in (0, 1, 4, 5)],
            "more": clash(0, 1, 2),
            "exam_periods": only({2: [2, 3]}),
        },
        "student", (0, 1, 2), "Student 30 has 3 exams", 1,
    ),
    "neighbouring periods on different days": (
        {"pair_rules": [PairRule("adjacent", 0, 1), PairRule("different_day", 0, 1)]},
        "together", (0, 1), "neighbouring periods", 1,
    ),
    "a limit of candidates against a common period": (
        {"period_max_candidates": [35] * PERIODS, "size": of({0: 20, 1: 20}, 5),
         "pair_rules": [PairRule("same_period", 0, 1)]},
        "together", (0, 1), "candidates in a period, at most: 35", 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED)
def test_what_was_planted_is_named_and_its_best_fix_works(planted):
    fields, kind, exams, words, least_left_out = PLANTED[planted]
    problem = able(**fields)
    plan = solve(problem, stop=MaxSteps(20000)).plan
    assert (plan.period < 0).sum() == least_left_out

    reason = explain(problem, plan, seconds=20)[0]

    assert (reason.kind, reason.exams) == (kind, exams)
    assert words in reason.sentence()
    best = reason.fixes[0]
    assert best.sentence()
    cured = solve(apply_fix(problem, best), stop=MaxSteps(20000))
    assert len(cured.unplaced) == best.left_out < least_left_out
    assert [fix.left_out for fix in reason.fixes] == sorted(fix.left_out for fix in reason.fixes)


def test_the_season_without_anything_planted_can_be_placed():
    problem = able()
    assert solve(problem, stop=MaxSteps(20000)).hard == 0
    assert find_contradictions(problem) == []
    assert explain(problem) == []


def test_what_is_not_needed_for_the_proof_is_not_told():
    fields, _, exams, _, _ = PLANTED["a circle of five clashes and two periods"]
    reason = explain(able(**fields), seconds=20)[0]
    assert reason.exams == exams
    assert sorted(demand.kind for demand in reason.demands) == ["allowed"] + ["clash"] * 5 + ["periods"]


def test_two_contradictions_are_told_apart():
    problem = able(
        duration=of({3: 200}, 60),
        pair_rules=[PairRule("same_period", 0, 1), PairRule("different_day", 0, 1)],
    )
    reasons = explain(problem, seconds=20)
    assert [(reason.kind, reason.exams) for reason in reasons] == [("too_long", (3,)), ("together", (0, 1))]
    assert all(reason.fixes[0].left_out == 1 for reason in reasons)


THREE_EXAMS = {"registration_student": [0, 0, 0], "registration_exam": [0, 1, 2]}


def test_a_sentence_uses_the_planners_names_and_language():
    reason = find_contradictions(season(3, **THREE_EXAMS, days=1))[0]

    def name(exam):
        return f"MTH-{exam}"

    said = reason.sentence(name, lambda p: ["Mon", "Tue"][p], lambda s: "Hira Raza")
    assert said == "Student Hira Raza has 3 exams (MTH-0, MTH-1, MTH-2) with only 2 periods (Mon, Tue)."
    assert reason.sentence(name, words=lambda _: "{exams} | {who}") == "MTH-0, MTH-1, MTH-2 | 0"


def test_an_exam_that_is_left_out_is_told_what_is_in_its_way():
    problem = season(3, **THREE_EXAMS, days=1)
    result = solve(problem, stop=MaxSteps(500))
    (reason,) = explain_left_out(problem, result.plan)
    assert reason.exams == result.unplaced
    assert [cause for _, cause, _ in reason.in_the_way] == ["clash", "clash"]
    assert "would have to move" in reason.sentence()
