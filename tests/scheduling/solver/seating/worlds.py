"""Small halls of chairs for the seating solver's tests."""

from typing import Any

import numpy as np

from scheduling.solver.seating import Problem, make_problem


def halls(*shapes: tuple[int, int], exams: list[tuple[int, int]], **more: Any) -> Problem:
    """Rooms of so many rows and columns; exams as (period, candidates), every candidate another student."""
    chairs = [
        (room, row, across)
        for room, (rows, columns) in enumerate(shapes)
        for row in range(1, rows + 1)
        for across in range(1, columns + 1)
    ]
    room, row, across = zip(*chairs, strict=True)
    exam = np.repeat(np.arange(len(exams)), [size for _period, size in exams])
    given = {
        "chair_room": room,
        "chair_row": row,
        "chair_across": across,
        "exam_period": [period for period, _size in exams],
        "candidate_exam": exam,
        "candidate_student": np.arange(len(exam)),
        "rooms": len(shapes),
    }
    return make_problem(**{**given, **more})


def random_problem(seed: int, **more: Any) -> Problem:
    """Three periods, five rooms, two dozen exams, something of every kind."""
    chance = np.random.default_rng(seed)
    shapes = [tuple(chance.integers(3, 8, 2).tolist()) for _ in range(5)]
    seats = sum(rows * columns for rows, columns in shapes)
    exams = []
    for period in range(3):
        left = int(seats * chance.uniform(0.5, 0.9))
        while left > 0:
            size = min(left, int(chance.integers(1, max(2, seats // 6))))
            exams.append((period, size))
            left -= size
    total = sum(size for _period, size in exams)
    student = np.concatenate(
        [
            chance.permutation(seats)[: sum(size for when, size in exams if when == period)]
            for period in range(3)
        ]
    )
    given = {
        "candidate_student": student,
        "candidate_cohort": chance.integers(-1, 4, total),
        "candidate_front": chance.random(total) < 0.02,
        "candidate_ground": chance.random(total) < 0.02,
        "room_floor": [0, 1, 0, 2, 1],
        "room_block": [0, 0, 1, 1, 2],
        "room_spare": chance.integers(0, 2, 5),
        "room_penalty": [0, 0, 3, 0, 1],
        "exam_duration": chance.choice([60, 120, 180], len(exams)),
        "period_day": [0, 0, 1],
        "most_exams": 3,
    }
    return halls(*shapes, exams=exams, **{**given, **more})
