"""The open format of an instance of seats, JSON, and ten published instances made from seeds.

An instance says everything in words and plain numbers: rooms with their chairs, exams in their periods,
candidates in order of exam and roll number, the neighbour policy, weights. A plan is {"seats": [[room, chair]
of each candidate, null for none]}. README.md explains every field; `evaluator` counts a plan from these two
alone.
"""

import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .problem import NO_LIMIT, NOWHERE, Ints, Problem, make_problem

WEIGHTS = {
    "exams_in_room": 5,
    "roll_ranges": 2,
    "rooms_used": 3,
    "same_neighbour": 1,
    "split_rooms": 20,
    "split_blocks": 10,
    "mixed_durations": 5,
    "room_penalty": 1,
}


def to_problem(instance: dict[str, Any]) -> Problem:
    """The arrays; ValueError with a sentence if the instance cannot be one."""
    try:
        return _to_problem(instance)
    except (KeyError, TypeError, IndexError) as fault:
        raise ValueError(f"This is no instance of seats: {fault!r} is missing or wrong.") from fault


def _to_problem(instance: dict[str, Any]) -> Problem:
    rooms, exams, candidates = instance["rooms"], instance["exams"], instance["candidates"]
    chairs = [(number, chair) for number, room in enumerate(rooms) for chair in room["chairs"]]
    first = np.cumsum([0, *(len(room["chairs"]) for room in rooms)])
    parts = [(number, part) for number, exam in enumerate(exams) for part in exam["parts"]]
    of_exam = np.cumsum([0, *(len(exam["parts"]) for exam in exams)])
    periods = len(instance["periods"])
    policy = instance["policy"]
    far = float("nan")
    pins = np.full(len(candidates), NOWHERE, dtype=np.int64)
    for number, one in enumerate(candidates):
        if "pin" in one:
            pins[number] = first[one["pin"][0]] + one["pin"][1]
    return make_problem(
        chair_room=[number for number, _chair in chairs],
        chair_row=[chair["row"] for _room, chair in chairs],
        chair_across=[chair["across"] for _room, chair in chairs],
        chair_bench=_benches(chairs),
        chair_usable=[not chair.get("dead", False) for _room, chair in chairs],
        chair_x=[chair.get("x", far) for _room, chair in chairs],
        chair_y=[chair.get("y", far) for _room, chair in chairs],
        rooms=len(rooms),
        periods=periods,
        room_capacity=[room["capacity"] for room in rooms],
        room_spare=[room.get("spare", 0) for room in rooms],
        room_block=[room.get("block", 0) for room in rooms],
        room_floor=[room.get("floor", 0) for room in rooms],
        room_penalty=[room.get("dislike", 0) for room in rooms],
        room_open=[[period not in room.get("closed", ()) for period in range(periods)] for room in rooms],
        period_day=[period["day"] for period in instance["periods"]],
        period_max_rooms=[_limit(period.get("most_rooms")) for period in instance["periods"]],
        exam_period=[exam["period"] for exam in exams],
        exam_duration=[exam.get("minutes", 120) for exam in exams],
        exam_alone=[exam.get("alone", False) for exam in exams],
        exam_max_rooms=[_limit(exam.get("most_rooms")) for exam in exams],
        part_exam=[number for number, _part in parts],
        part_rooms=[
            [part.get("rooms") is None or room in part["rooms"] for room in range(len(rooms))]
            for _exam, part in parts
        ],
        candidate_exam=[one["exam"] for one in candidates],
        candidate_part=[of_exam[one["exam"]] + one.get("part", 0) for one in candidates],
        candidate_student=[one["student"] for one in candidates],
        candidate_cohort=[one.get("class", NOWHERE) for one in candidates],
        candidate_own_room=["own room" in one.get("needs", ()) for one in candidates],
        candidate_ground=["ground floor" in one.get("needs", ()) for one in candidates],
        candidate_front=["front seat" in one.get("needs", ()) for one in candidates],
        candidate_pin=pins,
        same_room=[tuple(pair) for pair in instance.get("same_room", [])],
        different_room=[tuple(pair) for pair in instance.get("different_room", [])],
        neighbours=policy["neighbours"],
        metres=policy.get("metres", 1.25),
        order=policy.get("order", "mixed"),
        most_exams=instance.get("most_exams_in_room", 0),
        sparse_percent=policy.get("most_percent", 100),
        weights=instance["weights"],
    )


def _benches(chairs: list[tuple[int, dict[str, Any]]]) -> list[int]:
    seen: dict[tuple[int, int, int], int] = {}
    return [
        seen.setdefault((room, chair["row"], chair.get("bench", chair["across"])), len(seen))
        for room, chair in chairs
    ]


def _limit(most: int | None) -> int:
    return NO_LIMIT if most is None else most


def plan_of(problem: Problem, chair: Ints) -> dict[str, Any]:
    """Chairs in the open format."""
    room = problem.chair_room
    return {
        "seats": [
            None if where == NOWHERE else [int(room[where]), int(where - problem.room_ptr[room[where]])]
            for where in chair.tolist()
        ]
    }


def read(path: Path) -> dict[str, Any]:
    """An instance from a file; ValueError if it is none."""
    instance = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(instance, dict) or "candidates" not in instance:
        raise ValueError(f"{path} is no instance of seats.")
    return {"name": path.stem, **instance}


class Size(NamedTuple):
    """What a published instance is made of. fill: share of all seats that each period needs. special: share
    of candidates with an arrangement, of exams with rooms of their own and so on."""

    name: str
    seed: int
    periods: int
    rooms: int
    fill: float
    policy: str
    largest: float = 0.2  # exam, as a share of the seats
    special: float = 0.0
    order: str = "mixed"


PUBLISHED = (
    Size("seats-01", 101, 1, 4, 0.60, "four"),
    Size("seats-02", 102, 2, 6, 0.75, "four", special=0.03),
    Size("seats-03", 103, 3, 8, 0.90, "four"),
    Size("seats-04", 104, 4, 10, 0.70, "sides", special=0.02),
    Size("seats-05", 105, 4, 10, 0.80, "bench", largest=0.4),
    Size("seats-06", 106, 4, 12, 0.45, "eight"),
    Size("seats-07", 107, 6, 12, 0.75, "none", order="roll", special=0.02),
    Size("seats-08", 108, 8, 20, 0.80, "four", largest=0.45, special=0.01),
    Size("seats-09", 109, 20, 50, 0.70, "four", largest=0.3),
    Size("seats-10", 110, 42, 80, 0.80, "four", largest=0.25),
)
SHAPES = ((5, 5), (6, 5), (8, 5), (8, 6), (10, 8), (15, 10))


def invent(size: Size) -> dict[str, Any]:
    """The published instance of that size; the same every time."""
    chance = random.Random(size.seed)  # noqa: S311  (nothing secret)
    rooms = [_room(chance, size) for _ in range(size.rooms)]
    rooms[0]["floor"] = 0  # somewhere for those who need it
    seats = sum(room["capacity"] for room in rooms)
    exams: list[dict[str, Any]] = []
    candidates: list[dict[str, Any]] = []
    for period in range(size.periods):
        # Nobody sits twice in a period.
        students = iter(chance.sample(range(3 * seats), seats))
        left = int(size.fill * seats)
        while left > 0:
            many = min(left, 1 + int(chance.paretovariate(0.9) * 6), int(size.largest * seats))
            exam: dict[str, Any] = {"period": period, "minutes": chance.choice((60, 120, 180)), "parts": [{}]}
            if chance.random() < size.special:
                exam["parts"] = [{"rooms": sorted(chance.sample(range(size.rooms), max(2, size.rooms // 3)))}]
                many = min(many, seats // 12 + 1)
            for student in sorted(next(students) for _ in range(many)):
                one: dict[str, Any] = {"exam": len(exams), "student": student, "class": student % 7}
                if chance.random() < size.special / 4:
                    one["needs"] = [chance.choice(("ground floor", "front seat"))]
                candidates.append(one)
            exams.append(exam)
            left -= many
    return {
        "name": size.name,
        "policy": {"neighbours": size.policy, "order": size.order},
        "most_exams_in_room": 4,
        "rooms": rooms,
        "periods": [{"day": period // 2} for period in range(size.periods)],
        "exams": exams,
        "candidates": candidates,
        "weights": WEIGHTS,
    }


def _room(chance: random.Random, size: Size) -> dict[str, Any]:
    rows, columns = chance.choice(SHAPES)
    chairs: list[dict[str, Any]] = [
        {"row": row, "across": across, "bench": (across + 1) // 2}
        for across in range(1, columns + 1)
        for row in range(1, rows + 1)
    ]
    for chair in chairs:
        if chance.random() < size.special:
            chair["dead"] = True
    return {
        "chairs": chairs,
        "capacity": sum("dead" not in chair for chair in chairs),
        "block": chance.randrange(4),
        "floor": chance.randrange(3),
        "dislike": chance.choice((0, 0, 0, 2)),
    }
