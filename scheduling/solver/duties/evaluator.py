"""Counts a roster of an instance from their JSON alone: no arrays, nothing of the solver's.

So it can tell whether the solver counts rightly, and so can anybody with a roster of another make. The rules
are in README.md.
"""

from collections import Counter, defaultdict
from itertools import combinations
from math import ceil
from typing import Any


def evaluate(instance: dict[str, Any], roster: dict[str, Any]) -> dict[str, Any]:
    """{"hard": faults of what must hold, "cost": price of the rest, "counts": {rule: faults}}"""
    counts = _Count(instance, roster["teachers"]).counts()
    hard, weights = instance["hard"], instance["weights"]
    used = {code: count for code, count in counts.items() if code in hard or weights.get(code)}
    return {
        "hard": sum(count for code, count in used.items() if code in hard),
        "cost": sum(count * weights[code] for code, count in used.items() if code not in hard),
        "counts": used,
    }


class _Count:
    def __init__(self, instance: dict[str, Any], who: list[int | None]) -> None:
        if len(who) != len(instance["posts"]):
            raise ValueError(f"The roster has {len(who)} posts, the instance {len(instance['posts'])}.")
        self.instance, self.who = instance, who
        self.posts, self.teachers = instance["posts"], instance["teachers"]
        self.limits = {k: float("inf") if v is None else v for k, v in instance["limits"].items()}
        self.mine: dict[int, list[dict[str, Any]]] = {n: [] for n in range(len(self.teachers))}
        self.team: dict[int, list[int | None]] = defaultdict(list)
        for post, teacher in zip(self.posts, who, strict=True):
            if teacher is not None:
                self.mine[teacher].append(post)
            if post["team"] is not None:
                self.team[post["team"]].append(teacher)
        self.met = Counter(
            frozenset(pair)
            for there in self.team.values()
            for pair in combinations([teacher for teacher in there if teacher is not None], 2)
        )

    def counts(self) -> dict[str, int]:
        found = Counter(
            {
                "unfilled": self.who.count(None),
                "duty_pin": sum(
                    teacher not in [self.who[post] for post in posts]
                    for teacher, posts in self.instance["pins"]
                ),
                "pair_never": sum(self.met[frozenset(pair)] for pair in self.instance["never"]),
                "same_partner": sum(times - 1 for times in self.met.values()),
                "woman_in_room": self.rooms_without_woman(),
                "relative_alone": self.rooms_of_relatives(),
                "moved_duty": sum(
                    post.get("earlier") is not None and post["earlier"] != teacher
                    for post, teacher in zip(self.posts, self.who, strict=True)
                ),
            }
        )
        for a, b in self.instance["together"]:
            could = min(len(self.mine[a]), len(self.mine[b]))
            found["pair_together"] += max(0, could - self.met[frozenset((a, b))])
        lowest = max((row["rank"] for row in self.teachers), default=0)
        for number, teacher in enumerate(self.teachers):
            for code, count in self.of_teacher(number, teacher, lowest):
                found[code] += count
        return dict(found)

    def rooms_without_woman(self) -> int:
        return sum(
            None not in self.team[team] and not any(self.teachers[who]["woman"] for who in self.team[team])
            for team in self.instance["teams_with_women"]
            if self.team[team]
        )

    def rooms_of_relatives(self) -> int:
        kin = {tuple(pair) for pair in self.instance["relatives"]}
        return sum(
            bool(there) and all((who, team) in kin for who in there) for team, there in self.team.items()
        )

    def of_teacher(self, number: int, teacher: dict[str, Any], lowest: int) -> list[tuple[str, int]]:
        mine = self.mine[number]
        numbers = {n for n, who in enumerate(self.who) if who == number}
        banned = {word: len(numbers & set(there)) for word, there in teacher["banned"].items()}
        off = sum(post["end"] - post["start"] for post in mine) - teacher["target"]
        days: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for post in mine:
            days[post["day"]].append(post)
        visits = Counter(post["room"] for post in mine if post["room"] is not None)
        most = teacher["most"]
        return [
            ("teacher_away", banned.get("away", 0)),
            ("own_exam_room", banned.get("own_exam_room", 0)),
            ("own_exam_period", banned.get("own_exam_period", 0)),
            ("not_senior", banned.get("not_senior", 0)),
            ("relative_alone", banned.get("relative", 0)),
            ("two_duties_at_once", sum(self.clash(a, b) for a, b in combinations(mine, 2))),
            ("most_duties", 0 if most is None else max(0, len(mine) - most)),
            ("least_duties", max(0, teacher["least"] - len(mine))),
            ("fair_minutes", max(0, abs(off) - self.limits["free_minutes"]) ** 2 // 60),
            ("juniors_first", (lowest - teacher["rank"]) * max(0, off) // 60 if teacher["rank"] else 0),
            ("duties_a_day", sum(self.over(len(there), "a_day") for there in days.values())),
            ("duties_on_end", sum(map(self.on_end, days.values()))),
            ("duty_days", self.over(len(days), "days")),
            ("duty_span", sum(map(self.span, days.values()))),
            ("even_kinds", sum(self.uneven(mine, teacher, word) for word in self.kinds())),
            ("same_duty_room", sum(times - 1 for times in visits.values())),
            ("both_sessions", max(0, len(days) - ceil(len(mine) / 2))),
        ]

    def clash(self, a: dict[str, Any], b: dict[str, Any]) -> bool:
        early, late = sorted((a, b), key=lambda post: post["start"])
        return a["period"] == b["period"] or late["start"] - early["end"] < self.limits["gap"]

    def over(self, count: int, limit: str) -> int:
        return int(max(0, count - self.limits[limit]))

    def on_end(self, there: list[dict[str, Any]]) -> int:
        periods = [post["period"] for post in there]
        beyond = 0
        for place, period in enumerate(periods):
            run = 1
            while run <= place and periods[place - run] == period - run:
                run += 1
            beyond += run > self.limits["on_end"]
        return beyond

    def span(self, there: list[dict[str, Any]]) -> int:
        long = max(post["end"] for post in there) - min(post["start"] for post in there)
        return 0 if long <= self.limits["span"] else ceil((long - self.limits["span"]) / 30)

    def kinds(self) -> list[str]:
        return ["reserve", "evening", "weekend", "long"]

    def uneven(self, mine: list[dict[str, Any]], teacher: dict[str, Any], kind: str) -> int:
        total = sum(kind in post["kinds"] for post in self.posts)
        whole = max(1, sum(row["target"] for row in self.teachers))
        has = sum(kind in post["kinds"] for post in mine)
        low, rest = divmod(total * teacher["target"], whole)
        return max(0, low - has, has - low - (rest > 0))
