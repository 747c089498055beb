"""Instances as open JSON, with every rule: what docs/instances.md describes.

`as_json` and `from_json` are inverse: the same Problem, day numbers apart, which begin at 0 in the file.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .problem import NO_LIMIT, UNPLACED, PairRule, Plan, Problem, make_problem

FORMAT, VERSION = "exam-season", 1
Labels = Mapping[str, Sequence[str]]  # exams, periods, rooms, students: their names by number


def as_json(problem: Problem, labels: Labels | None = None) -> dict[str, Any]:
    """The problem as lists and numbers; `labels` give exams, periods, rooms and students their names."""
    ptr = problem.registration_ptr
    exam = np.repeat(np.arange(problem.exams), np.diff(ptr))
    registrations = np.stack([problem.registration_student, exam], axis=1).tolist()
    if problem.scale > 1:
        for row, weight in zip(registrations, problem.registration_weight.tolist(), strict=True):
            row.append(weight / problem.scale)
    people = sorted({*problem.person_exam[:, 0].tolist(), *problem.person_away[:, 0].tolist()})
    person = {who: number for number, who in enumerate(people)}
    by_period = (problem.room_seats != problem.room_seats[:, :1]).any(axis=1)
    of_part = np.searchsorted(problem.part_exam, np.arange(problem.exams))
    dislikes = [
        [e, int(r), int(problem.part_room_penalty[k, r])]
        for e, k in enumerate(of_part)
        if k < problem.parts and problem.part_exam[k] == e
        for r in np.flatnonzero(problem.part_room_penalty[k])
    ]
    content = {
        "format": FORMAT,
        "version": VERSION,
        "exams": [
            {
                "minutes": int(problem.duration[e]),
                "candidates": int(problem.size[e]),
                "most_rooms": int(problem.max_rooms[e]),
                "alone": bool(problem.exclusive[e]),
                "fixed_period": _or_none(problem.pinned_period[e], UNPLACED),
                "front_load": int(problem.front_load[e]),
                "last_season": None if np.isnan(problem.last_season[e]) else float(problem.last_season[e]),
            }
            for e in range(problem.exams)
        ],
        "periods": [
            {
                "day": int(problem.period_day[p] - problem.period_day.min()),
                "starts": int(problem.period_start[p]),
                "minutes": int(problem.period_length[p]),
                "dislike": int(problem.period_penalty[p]),
                "late": int(problem.late_period[p]),
                "most_exams": _or_none(problem.period_max_exams[p], NO_LIMIT),
                "most_candidates": _or_none(problem.period_max_candidates[p], NO_LIMIT),
                "most_rooms": _or_none(problem.period_max_rooms[p], NO_LIMIT),
            }
            for p in range(problem.periods)
        ],
        "rooms": [
            {
                "seats": problem.room_seats[r].tolist() if by_period[r] else int(problem.room_seats[r, 0]),
                "dislike": int(problem.room_penalty[r]),
                "block": int(problem.room_block[r]),
            }
            for r in range(problem.rooms)
        ],
        "block_distance": problem.block_distance.tolist(),
        "students": problem.students,
        "registrations": registrations,
        "parts": [[int(e), int(n)] for e, n in zip(problem.part_exam, problem.part_size, strict=True)],
        "never_periods": np.argwhere(~problem.exam_periods).tolist(),
        "period_dislikes": _triples(problem.exam_period_penalty),
        "never_rooms": np.argwhere(~problem.part_rooms).tolist(),
        "room_dislikes": dislikes,
        "pairs": [rule._asdict() for rule in problem.pair_rules],
        "allowed_clashes": problem.allowed_clashes.tolist(),
        "soft": dict(problem.soft),
        "people_exams": [[person[who], e] for who, e in problem.person_exam.tolist()],
        "people_away": [[person[who], p] for who, p in problem.person_away.tolist()],
        "cohort_exams": problem.cohort_exam.tolist(),
        "cohort_gap": problem.cohort_gap,
        "spread": problem.spread,
        "proximity": problem.proximity.tolist(),
        "proximity_hours": problem.proximity_hours,
        "short_break": problem.short_break,
        "travel_break": problem.travel_break,
        "day_limit": problem.day_limit,
        "window_limit": problem.window_limit,
        "window_days": problem.window_days,
        "published": None if problem.published is None else plan_as_json(problem.published),
        "weights": dict(problem.weights),
    }
    if labels:
        content["names"] = {what: list(names) for what, names in labels.items()}
    return content


def from_json(content: Mapping[str, Any]) -> Problem:
    """The Problem of a file; ValueError with a sentence if it is none."""
    if content.get("format") != FORMAT or content.get("version") != VERSION:
        raise ValueError(f"This is no instance of the format {FORMAT}, version {VERSION}.")
    exams, periods, rooms = content["exams"], content["periods"], content["rooms"]
    parts = content["parts"]
    exam_periods = np.ones((len(exams), len(periods)), dtype=bool)
    exam_periods[_columns(content["never_periods"])] = False
    part_rooms = np.ones((len(parts), len(rooms)), dtype=bool)
    part_rooms[_columns(content["never_rooms"])] = False
    seats = [
        row["seats"] if isinstance(row["seats"], list) else [row["seats"]] * len(periods) for row in rooms
    ]
    return make_problem(
        duration=[row["minutes"] for row in exams],
        size=[row["candidates"] for row in exams],
        max_rooms=[row["most_rooms"] for row in exams],
        exclusive=[row["alone"] for row in exams],
        pinned_period=[UNPLACED if row["fixed_period"] is None else row["fixed_period"] for row in exams],
        front_load=[row["front_load"] for row in exams],
        last_season=[np.nan if row["last_season"] is None else row["last_season"] for row in exams],
        period_day=[row["day"] for row in periods],
        period_start=[row["starts"] for row in periods],
        period_length=[row["minutes"] for row in periods],
        period_penalty=[row["dislike"] for row in periods],
        late_period=[row["late"] for row in periods],
        period_max_exams=[_limit(row["most_exams"]) for row in periods],
        period_max_candidates=[_limit(row["most_candidates"]) for row in periods],
        period_max_rooms=[_limit(row["most_rooms"]) for row in periods],
        room_seats=np.array(seats, dtype=np.int64).reshape(len(rooms), len(periods)),
        room_penalty=[row["dislike"] for row in rooms],
        room_block=[row["block"] for row in rooms],
        block_distance=content["block_distance"],
        students=content["students"],
        registration_student=[row[0] for row in content["registrations"]],
        registration_exam=[row[1] for row in content["registrations"]],
        registration_weight=[row[2] if len(row) > 2 else 1.0 for row in content["registrations"]],
        part_exam=[exam for exam, _ in parts],
        part_size=[size for _, size in parts],
        part_rooms=part_rooms,
        exam_periods=exam_periods,
        exam_period_penalty=_grid(content["period_dislikes"], exam_periods.shape),
        exam_room_penalty=_grid(content["room_dislikes"], (len(exams), len(rooms))),
        pair_rules=[PairRule(**rule) for rule in content["pairs"]],
        allowed_clashes=content["allowed_clashes"],
        soft=content["soft"],
        person_exam=content["people_exams"],
        person_away=content["people_away"],
        cohort_exam=content["cohort_exams"],
        cohort_gap=content["cohort_gap"],
        spread=content["spread"],
        proximity=content["proximity"],
        proximity_hours=content["proximity_hours"],
        short_break=content["short_break"],
        travel_break=content["travel_break"],
        day_limit=content["day_limit"],
        window_limit=content["window_limit"],
        window_days=content["window_days"],
        published=None if content["published"] is None else plan_from_json(content["published"]),
        weights=content["weights"],
    )


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """period: of each exam, null if left out. uses: rows (part, room, seats)."""
    return {
        "period": [_or_none(period, UNPLACED) for period in plan.period],
        "uses": np.stack([plan.part, plan.room, plan.seats], axis=1).tolist(),
    }


def plan_from_json(content: Mapping[str, Any]) -> Plan:
    period = [UNPLACED if period is None else period for period in content["period"]]
    uses = np.array(content["uses"], dtype=np.int64).reshape(-1, 3).T
    return Plan(np.array(period, dtype=np.int64), *uses)


def write_problem(path: str | Path, problem: Problem, labels: Labels | None = None) -> None:
    Path(path).write_text(json.dumps(as_json(problem, labels), ensure_ascii=False), encoding="utf-8")


def read_problem(path: str | Path) -> tuple[Problem, dict[str, list[str]]]:
    """The problem and the names of its exams and so on, {} if the file has none."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return from_json(content), content.get("names", {})
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as reason:
        raise ValueError(f"{path} cannot be read as an instance: {reason!r}.") from reason


def _or_none(value: Any, nothing: int) -> int | None:
    return None if value == nothing else int(value)


def _limit(value: int | None) -> int:
    return -1 if value is None else value


def _triples(table: Any) -> list[list[int]]:
    return [[int(i), int(j), int(table[i, j])] for i, j in np.argwhere(table)]


def _columns(pairs: Any) -> tuple[Any, ...]:
    return tuple(np.array(pairs, dtype=np.int64).reshape(-1, 2).T)


def _grid(triples: Any, shape: tuple[int, int]) -> Any:
    table = np.zeros(shape, dtype=np.int64)
    row, column, value = np.array(triples, dtype=np.int64).reshape(-1, 3).T
    table[row, column] = value
    return table
