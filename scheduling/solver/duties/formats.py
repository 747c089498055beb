"""The open format of an instance of duties, JSON, and ten published instances made from seeds.

An instance says everything in words: posts with times in minutes from a common zero, teachers with their
target and the posts that they cannot have and why, pairs, pins, limits, weights. A roster is {"teachers":
[number of the teacher of each post, null for none]}. README.md explains every field; `evaluator` counts a
roster from these two alone.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .problem import (
    AWAY,
    EVENING,
    LONG,
    NO_LIMIT,
    NONE,
    NOT_SENIOR,
    OF_KIN,
    OPEN,
    OWN_PERIOD,
    OWN_ROOM,
    RESERVE,
    WEEKEND,
    Ints,
    Limits,
    Problem,
    make_problem,
)
from .score import DEFAULT_WEIGHTS

BANS = {
    "away": AWAY,
    "own_exam_room": OWN_ROOM,
    "own_exam_period": OWN_PERIOD,
    "not_senior": NOT_SENIOR,
    "relative": OF_KIN,
}
KIND_NAMES = {"reserve": RESERVE, "evening": EVENING, "weekend": WEEKEND, "long": LONG}


def to_instance(problem: Problem, name: str = "") -> dict[str, Any]:
    """A problem in the open format."""
    posts = [
        {
            "start": int(problem.start[n]),
            "end": int(problem.end[n]),
            "period": int(problem.period[n]),
            "day": int(problem.day[n]),
            "room": _or_none(int(problem.room[n])),
            "team": _or_none(int(problem.team[n])),
            "kinds": [word for word, bit in KIND_NAMES.items() if problem.kind[n] & bit],
            "earlier": _or_none(int(problem.earlier[n])),
        }
        for n in range(problem.posts)
    ]
    teachers = [
        {
            "target": int(problem.target[n]),
            "most": None if problem.most[n] == NO_LIMIT else int(problem.most[n]),
            "least": int(problem.least[n]),
            "rank": int(problem.rank[n]),
            "woman": bool(problem.is_woman[n]),
            "banned": {
                word: there.tolist()
                for word, bit in BANS.items()
                if len(there := np.flatnonzero(problem.ban[n] & bit))
            },
        }
        for n in range(problem.teachers)
    ]
    return {
        "name": name,
        "posts": posts,
        "teachers": teachers,
        "teams_with_women": np.flatnonzero(problem.team_wants_woman).tolist(),
        "teams": len(problem.team_wants_woman),
        "never": problem.never.tolist(),
        "together": problem.together.tolist(),
        "relatives": problem.kin.tolist(),
        "pins": [[teacher, list(posts_of)] for teacher, posts_of in problem.pins],
        "limits": {
            word: None if limit == NO_LIMIT else int(limit)
            for word, limit in problem.limits._asdict().items()
        },
        "weights": dict(problem.weights),
        "hard": sorted(problem.hard),
    }


def to_problem(instance: dict[str, Any]) -> Problem:
    """The problem of an instance; ValueError with a sentence if it is not one."""
    try:
        posts, teachers = instance["posts"], instance["teachers"]
        ban = np.zeros((len(teachers), len(posts)), np.uint8)
        for number, row in enumerate(teachers):
            for word, there in row.get("banned", {}).items():
                ban[number, there] |= BANS[word]
        wants = np.zeros(instance["teams"], bool)
        wants[instance["teams_with_women"]] = True
        return make_problem(
            start=[row["start"] for row in posts],
            end=[row["end"] for row in posts],
            period=[row["period"] for row in posts],
            day=[row["day"] for row in posts],
            room=[_or_minus(row["room"]) for row in posts],
            team=[_or_minus(row["team"]) for row in posts],
            kind=[sum(KIND_NAMES[word] for word in row["kinds"]) for row in posts],
            earlier=[_or_minus(row.get("earlier")) for row in posts],
            target=[row["target"] for row in teachers],
            most=[NO_LIMIT if row["most"] is None else row["most"] for row in teachers],
            least=[row["least"] for row in teachers],
            rank=[row["rank"] for row in teachers],
            is_woman=[row["woman"] for row in teachers],
            ban=ban,
            team_wants_woman=wants,
            never=instance["never"],
            together=instance["together"],
            kin=instance["relatives"],
            pins=instance["pins"],
            limits=Limits(
                **{word: NO_LIMIT if limit is None else limit for word, limit in instance["limits"].items()}
            ),
            weights=instance["weights"],
            hard=instance["hard"],
        )
    except (KeyError, IndexError, TypeError) as missing:
        raise ValueError(
            f"This is no instance of duties: {missing} is missing or not what it should be."
        ) from None


def read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} is no instance of duties.")
    return found


def roster_of(who: Ints) -> dict[str, Any]:
    return {"teachers": [_or_none(int(teacher)) for teacher in who]}


def _or_none(number: int) -> int | None:
    return None if number == NONE else number


def _or_minus(number: int | None) -> int:
    return OPEN if number is None else number


class Size(NamedTuple):
    """What a published instance is made from."""

    name: str
    seed: int
    days: int
    rooms: int
    teachers: int
    lengths: tuple[int, ...] = (120, 180)
    most: float = 1.6  # most duties, in times of the mean
    away: float = 0.05
    women: bool = False
    gap: int = 0
    extra_time: float = 0.0  # share of rooms that are open longer
    per_day: int = 3


PUBLISHED = (
    Size("small-even", 1, 4, 4, 20, (120,)),
    Size("small-mixed", 2, 5, 5, 24, (60, 120, 180)),
    Size("college", 3, 6, 10, 44, (60, 120, 180)),
    Size("college-women", 4, 6, 10, 50, (90, 120, 180), women=True),
    Size("board", 5, 12, 30, 90, (180,), per_day=1),
    Size("tight", 6, 8, 20, 70, (120, 180), most=1.1, away=0.15),
    Size("demo", 7, 16, 30, 220, (60, 90, 120, 180), extra_time=0.3, women=True),
    Size("gaps", 8, 10, 25, 120, (90, 180), gap=60, away=0.1),
    Size("university", 9, 7, 50, 210, (60, 120, 180), extra_time=0.05),
    Size("large", 10, 14, 80, 324, (60, 120, 180)),
)


def invent(size: Size) -> dict[str, Any]:
    """The instance of that size and seed; the same every time."""
    chance = np.random.default_rng(size.seed)
    begins = {1: (540,), 3: (510, 720, 930)}[size.per_day]
    rows: list[tuple[int, ...]] = []
    teams = 0
    for period in range(size.days * size.per_day):
        day, place = divmod(period, size.per_day)
        start = day * 1440 + begins[place]
        kind = EVENING * (begins[place] >= 900) + WEEKEND * (day % 6 == 5)
        used = chance.permutation(size.rooms)[: int(size.rooms * chance.uniform(0.5, 1.0))]
        for room in sorted(used.tolist()):
            length = int(chance.choice(size.lengths))
            if chance.random() < size.extra_time:
                length += length // 4
            for _ in range(1 + room % 3):
                long = LONG * (length > 180)
                rows.append((start, start + length, period, day, room, teams, kind + long))
            teams += 1
        for _ in range(-(-len(used) // 6)):
            rows.append((start, start + max(size.lengths), period, day, NONE, NONE, kind + RESERVE))
    start_, end, period_, day_, room_, team, kind_ = np.array(rows).T
    total, posts, teachers = int((end - start_).sum()), len(rows), size.teachers
    rank = chance.choice([1, 2, 3, 4], teachers, p=[0.1, 0.2, 0.3, 0.4])
    weight = np.array([0.0, 0.5, 0.8, 1.0, 1.25])[rank]
    target = np.floor(total * weight / weight.sum()).astype(np.int64)
    target[: total - int(target.sum())] += 1
    ban = np.zeros((teachers, posts), np.uint8)
    for teacher in range(teachers):
        away = chance.random(size.days) < size.away
        ban[teacher, away[day_]] |= AWAY
        own = chance.choice(teams, max(1, teams // 40), replace=False)
        ban[teacher, np.isin(team, own)] |= OWN_ROOM
    most = np.ceil(size.most * target / ((end - start_).mean())).astype(np.int64)
    pairs = chance.permutation(teachers)[:8].reshape(4, 2)  # who must not watch together
    problem = make_problem(
        start=start_,
        end=end,
        period=period_,
        day=day_,
        room=room_,
        team=team,
        kind=kind_,
        ban=ban,
        target=target,
        most=most,
        rank=rank,
        is_woman=chance.random(teachers) < 0.45,
        team_wants_woman=(chance.random(teams) < 0.7) & size.women,
        never=pairs,
        kin=[(int(chance.integers(teachers)), int(chance.integers(teams))) for _ in range(5)],
        limits=Limits(free_minutes=15, a_day=2, on_end=2, gap=size.gap),
        weights=DEFAULT_WEIGHTS,
        hard=["own_exam_room", *(["woman_in_room"] if size.women else [])],
    )
    return to_instance(problem, size.name)
