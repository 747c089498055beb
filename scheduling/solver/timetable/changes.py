"""A Problem with something changed: fewer exams, a demand given up, a fix applied."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np

from .problem import NO_LIMIT, UNPLACED, Ints, Problem
from .reasons import Demand, Fix


def restrict(problem: Problem, exams: Iterable[int]) -> Problem:
    """The same season with these exams only, numbered anew in their order."""
    keep = np.array(sorted(exams), dtype=np.int64)
    number = np.full(problem.exams, -1, dtype=np.int64)
    number[keep] = np.arange(len(keep))
    rows = [np.arange(problem.registration_ptr[e], problem.registration_ptr[e + 1]) for e in keep]
    row = np.concatenate([*rows, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    parts = number[problem.part_exam] >= 0

    def renumber(table: Ints, *columns: int) -> Ints:
        table = table.copy()
        for column in columns:
            table[:, column] = number[table[:, column]]
        return table[(table[:, list(columns)] >= 0).all(axis=1)]

    rules = [rule._replace(a=int(number[rule.a]), b=int(number[rule.b])) for rule in problem.pair_rules]
    return problem._replace(
        **{
            name: getattr(problem, name)[keep]
            for name in (
                "duration",
                "size",
                "exam_periods",
                "exam_period_penalty",
                "exclusive",
                "max_rooms",
                "pinned_period",
                "front_load",
                "last_season",
            )
        },
        registration_ptr=np.concatenate(([0], np.cumsum([len(one) for one in rows]))).astype(np.int64),
        registration_student=problem.registration_student[row],
        registration_weight=problem.registration_weight[row],
        part_exam=number[problem.part_exam[parts]],
        part_size=problem.part_size[parts],
        part_rooms=problem.part_rooms[parts],
        part_room_penalty=problem.part_room_penalty[parts],
        pair_rules=tuple(rule for rule in rules if rule.a >= 0 and rule.b >= 0),
        allowed_clashes=renumber(problem.allowed_clashes, 1, 2),
        person_exam=renumber(problem.person_exam, 1),
        cohort_exam=renumber(problem.cohort_exam, 1),
        published=None,
    )


def renumbered(demand: Demand, exams: Iterable[int]) -> Demand:
    """A demand of a restricted problem, in the numbers of the whole one."""
    of = sorted(exams)
    rule = demand.rule
    if rule is not None:
        rule = rule._replace(a=of[rule.a], b=of[rule.b])
    return demand._replace(exams=tuple(of[e] for e in demand.exams), rule=rule)


def without(problem: Problem, demand: Demand) -> Problem:
    """The problem if this demand is given up."""
    kind = demand.kind
    if kind == "long":
        return problem._replace(duration=_put(problem.duration, demand.exams, 0))
    if kind == "fixed":
        return problem._replace(pinned_period=_put(problem.pinned_period, demand.exams, UNPLACED))
    if kind == "allowed":
        return problem._replace(exam_periods=_put(problem.exam_periods, demand.exams, True))
    if kind == "seats":
        return _without_rooms(problem)
    if kind.startswith("period_"):
        lifted: Any = {f"period_max_{kind.removeprefix('period_')}": np.full(problem.periods, NO_LIMIT)}
        return problem._replace(**lifted)
    same = {
        "rule": "drop_rule",
        "away": "free_person",
        "person": "other_person",
        "clash": "allow_clash",
        "alone": "share_room",
        "max_rooms": "split_exam",
        "rooms": "any_room",
    }
    return apply_fix(problem, Fix(same[kind], demand.exams, who=demand.who, rule=demand.rule))


def apply_fix(problem: Problem, fix: Fix) -> Problem:
    """The problem with the fix."""
    exams, kind = list(fix.exams), fix.kind
    if kind == "add_period":
        return _add_period(problem, exams)
    if kind == "release_period":
        return problem._replace(
            pinned_period=_put(problem.pinned_period, exams, UNPLACED),
            exam_periods=_put(problem.exam_periods, exams, True),
        )
    if kind == "split_exam":
        return problem._replace(max_rooms=_put(problem.max_rooms, exams, problem.rooms))
    if kind == "any_room":
        mine = np.isin(problem.part_exam, exams)
        return problem._replace(part_rooms=problem.part_rooms | mine[:, None])
    if kind == "share_room":
        return problem._replace(exclusive=_put(problem.exclusive, exams, False))
    if kind in ("larger_room", "more_seats"):
        return _add_room(problem, exams, fix.value)
    if kind == "allow_clash":
        rows = _common(problem, exams)
        return problem._replace(allowed_clashes=np.concatenate([problem.allowed_clashes, rows]))
    if kind == "drop_rule":
        return problem._replace(pair_rules=tuple(rule for rule in problem.pair_rules if rule != fix.rule))
    if kind.startswith("raise_"):
        name = f"period_max_{kind.removeprefix('raise_')}"
        return problem._replace(**{name: np.maximum(getattr(problem, name), fix.value)})
    if kind == "longer_period":
        length = problem.period_length.copy()
        length[list(fix.periods)] = np.maximum(length[list(fix.periods)], fix.value)
        return problem._replace(period_length=length)
    if kind == "free_person":
        away = problem.person_away
        freed = (away[:, 0] == fix.who) & (np.isin(away[:, 1], fix.periods) | (not fix.periods))
        return problem._replace(person_away=away[~freed])
    rows = problem.person_exam  # other_person
    return problem._replace(person_exam=rows[~((rows[:, 0] == fix.who) & np.isin(rows[:, 1], exams))])


def _put(values: np.ndarray, exams: Iterable[int], value: object) -> np.ndarray:
    values = values.copy()
    values[list(exams)] = value
    return values


def _common(problem: Problem, exams: list[int]) -> Ints:
    """Rows (student, exam, exam) of all students that two of these exams share."""
    ptr, student = problem.registration_ptr, problem.registration_student
    rows = [
        (int(who), one, two)
        for one, two in combinations(exams, 2)
        for who in np.intersect1d(student[ptr[one] : ptr[one + 1]], student[ptr[two] : ptr[two + 1]])
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _without_rooms(problem: Problem) -> Problem:
    return problem._replace(
        max_rooms=np.zeros_like(problem.max_rooms),
        part_exam=problem.part_exam[:0],
        part_size=problem.part_size[:0],
        part_rooms=problem.part_rooms[:0],
        part_room_penalty=problem.part_room_penalty[:0],
        pair_rules=tuple(rule for rule in problem.pair_rules if not rule.kind.endswith("_room")),
    )


def _add_period(problem: Problem, exams: list[int]) -> Problem:
    """One more period on the day after the last, like the longest that there is; for these exams."""
    for_them = np.zeros((problem.exams, 1), dtype=bool)
    for_them[exams] = True
    like = {
        "period_day": int(problem.period_day[-1]) + 1,
        "period_start": int(problem.period_start[0]),
        "period_length": int(problem.period_length.max()),
        "period_penalty": 0,
        "late_period": int(problem.late_period[-1]),
        "period_max_exams": int(problem.period_max_exams.max()),
        "period_max_candidates": int(problem.period_max_candidates.max()),
        "period_max_rooms": int(problem.period_max_rooms.max()),
    }
    longer: Any = {name: np.append(getattr(problem, name), value) for name, value in like.items()}
    return problem._replace(
        **longer,
        room_seats=np.hstack([problem.room_seats, problem.room_seats.max(axis=1, keepdims=True)]),
        exam_periods=np.hstack([problem.exam_periods, for_them]),
        exam_period_penalty=np.hstack(
            [problem.exam_period_penalty, np.zeros((problem.exams, 1), dtype=np.int64)]
        ),
    )


def _add_room(problem: Problem, exams: list[int], seats: int) -> Problem:
    """One more room, open always, for these exams."""
    mine = np.isin(problem.part_exam, exams)[:, None]
    full = problem.max_rooms == problem.rooms
    return problem._replace(
        room_seats=np.vstack([problem.room_seats, np.full((1, problem.periods), seats)]),
        room_penalty=np.append(problem.room_penalty, 0),
        room_block=np.append(problem.room_block, 0),
        part_rooms=np.hstack([problem.part_rooms, mine]),
        part_room_penalty=np.hstack(
            [problem.part_room_penalty, np.zeros((problem.parts, 1), dtype=np.int64)]
        ),
        max_rooms=problem.max_rooms + (full & (problem.max_rooms > 0)),
    )
