"""Small problems for the solver's tests: a bare one to add a rule to, and random ones that use every rule."""

from itertools import combinations

import numpy as np

from scheduling.solver.timetable import HARD, PairRule, Plan, Problem, make_problem
from scheduling.solver.timetable.problem import MAY_BE_SOFT, PERIOD_PAIR_KINDS, ROOM_PAIR_KINDS
from scheduling.solver.timetable.score import SOFT_CODES

NOTHING = np.zeros(0, dtype=np.int64)


def season(exams: int = 2, days: int = 2, per_day: int = 2, **fields) -> Problem:
    """Exams of 60 minutes, periods of 180 from 9:00 every 240 minutes, no students, no rooms."""
    periods = days * per_day
    fields = {
        "duration": [60] * exams,
        "period_day": [100 + p // per_day for p in range(periods)],
        "period_start": [540 + 240 * (p % per_day) for p in range(periods)],
        "period_length": [180] * periods,
        **fields,
    }
    return make_problem(**fields)


def plan(periods, uses=()) -> Plan:
    """uses: rows (part, room, seats)."""
    columns = np.array(uses, dtype=np.int64).reshape(-1, 3).T
    return Plan(np.array(periods, dtype=np.int64), *columns)


def is_same(one: Plan, two: Plan) -> bool:
    """Whether two plans are the same, place by place."""
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def random_season(seed: int, exams: int, rules: bool = True) -> Problem:
    """Every rule of the problem is used, with random numbers."""
    rng = np.random.default_rng(seed)
    days, per_day, rooms, students = 4, 3, 6, 4 * exams
    periods = days * per_day
    count = int(rng.integers(2 * students, 3 * students))
    student, exam = rng.integers(0, students, count), rng.integers(0, exams, count)
    size = np.array([len(np.unique(student[exam == e])) for e in range(exams)])
    grouped = rng.random(exams) < 0.2
    parts = [
        (e, n)
        for e in range(exams)
        for n in ((size[e] // 2, size[e] - size[e] // 2) if grouped[e] else (size[e],))
    ]
    most = rng.integers(1, 4, exams)
    seats = rng.integers(3, 30, rooms)[:, None] * np.ones(periods, dtype=int)
    seats[rng.random(seats.shape) < 0.05] = 0
    pairs = []
    for kind in (*PERIOD_PAIR_KINDS, *ROOM_PAIR_KINDS):
        for _ in range(2):
            a, b = (int(e) for e in rng.choice(exams, 2, replace=False))
            soft = kind in PERIOD_PAIR_KINDS and rng.random() < 0.6
            value = int(rng.integers(1, 3)) if kind == "min_days" else 300
            pairs.append(PairRule(kind, a, b, int(rng.integers(1, 9)) if soft else HARD, value))
    shared = [
        (s, int(a), int(b))
        for s in range(students)
        for a, b in combinations(np.unique(exam[student == s]), 2)
    ]
    spared = [row for row in shared if rng.random() < 0.1]
    published = plan(
        rng.integers(-1, periods, exams),
        [(k, int(rng.integers(rooms)), 1) for k in range(len(parts)) if rng.random() < 0.7],
    )
    return season(
        exams,
        days,
        per_day,
        duration=rng.choice([60, 90, 120], exams),
        registration_student=student,
        registration_exam=exam,
        registration_weight=rng.choice([1.0, 0.3], count),
        students=students,
        size=size,
        period_penalty=rng.integers(0, 3, periods),
        late_period=np.arange(periods) // 6,
        period_max_exams=rng.integers(exams // 3, exams, periods),
        period_max_candidates=rng.integers(40, 90, periods),
        period_max_rooms=rng.integers(4, rooms + 1, periods),
        room_seats=seats,
        room_penalty=rng.integers(0, 3, rooms),
        room_block=rng.integers(0, 3, rooms),
        exam_periods=rng.random((exams, periods)) < 0.9,
        exam_period_penalty=rng.integers(0, 3, (exams, periods)),
        exam_rooms=rng.random((exams, rooms)) < 0.9,
        exam_room_penalty=rng.integers(0, 3, (exams, rooms)),
        exclusive=rng.random(exams) < 0.1,
        max_rooms=most,
        pinned_period=np.where(rng.random(exams) < 0.05, rng.integers(0, periods, exams), -1),
        pinned_rooms=[(int(rng.integers(exams)), int(rng.integers(rooms)))],
        front_load=rng.integers(0, 2, exams),
        last_season=np.where(rng.random(exams) < 0.5, rng.random(exams), np.nan),
        part_exam=[e for e, _ in parts],
        part_size=[n for _, n in parts],
        pair_rules=pairs,
        allowed_clashes=spared,
        soft={code: int(rng.integers(1, 9)) for code in MAY_BE_SOFT if rng.random() < 0.3},
        person_exam=np.stack([rng.integers(0, exams, exams), np.arange(exams)], axis=1),
        person_away=[(int(rng.integers(exams)), int(rng.integers(periods))) for _ in range(3)],
        cohort_exam=np.stack([rng.integers(0, exams // 3, exams), np.arange(exams)], axis=1),
        cohort_gap=2,
        spread=3,
        short_break=90,
        travel_break=120 * int(rng.integers(0, 2)),
        day_limit=1,
        window_limit=2,
        window_days=int(rng.integers(2, 6)),
        published=published,
        weights={code: int(rng.integers(1, 9)) for code in SOFT_CODES if not code.startswith("wish")},
    )
