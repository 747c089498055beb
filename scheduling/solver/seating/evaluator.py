"""Counts a plan of an instance from their JSON alone: no arrays, nothing of the solver's.

So it can tell whether the solver counts rightly, and so can anybody with a plan of another make. README.md
has the rules.
"""

from collections import Counter, defaultdict
from itertools import combinations, pairwise
from math import dist
from typing import Any

HARD = (
    "chair_missing",
    "chair_twice",
    "chair_unusable",
    "neighbours",
    "roll_order",
    "arrangement",
    "seat_pin",
    "room",
    "exclusive",
    "max_rooms",
    "period_rooms",
    "same_room",
    "different_room",
)


def evaluate(instance: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """{"hard": faults of what must hold, "cost": price of the rest, "counts": {rule: faults}}"""
    counts = _Count(instance, plan["seats"]).counts()
    return {
        "hard": sum(counts[code] for code in HARD),
        "cost": sum(instance["weights"].get(code, 0) * n for code, n in counts.items() if code not in HARD),
        "counts": counts,
    }


class _Count:
    def __init__(self, instance: dict[str, Any], seats: list[Any]) -> None:
        if len(seats) != len(instance["candidates"]):
            raise ValueError(
                f"The plan seats {len(seats)} candidates, the instance has {len(instance['candidates'])}."
            )
        self.instance = instance
        self.rooms, self.exams = instance["rooms"], instance["exams"]
        self.candidates, self.seats = instance["candidates"], seats
        self.policy = instance["policy"]
        self.seated = [n for n, seat in enumerate(seats) if seat is not None]
        # (period, room) → chair → candidates
        self.there: dict[tuple[int, int], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.exam_rooms: dict[int, Counter[int]] = defaultdict(Counter)
        self.part_rooms: dict[tuple[int, int], set[int]] = defaultdict(set)
        for n in self.seated:
            room, chair = seats[n]
            self.there[self.period(n), room][chair].append(n)
            self.exam_rooms[self.candidates[n]["exam"]][room] += 1
            self.part_rooms[self.candidates[n]["exam"], self.candidates[n].get("part", 0)].add(room)
        self.beside = [pair for key in self.there for pair in self.pairs(*key)]

    def period(self, n: int) -> int:
        return self.exams[self.candidates[n]["exam"]]["period"]

    def chair(self, n: int) -> dict[str, Any]:
        room, chair = self.seats[n]
        return self.rooms[room]["chairs"][chair]

    def usable(self, room: int) -> list[dict[str, Any]]:
        return [chair for chair in self.rooms[room]["chairs"] if not chair.get("dead")]

    def capacity(self, room: int) -> int:
        return min(self.rooms[room]["capacity"], len(self.usable(room)))

    def pairs(self, period: int, room: int) -> list[tuple[int, int]]:
        """Candidates on neighbouring chairs of a room."""
        chairs, rule = self.rooms[room]["chairs"], self.policy["neighbours"]
        if rule == "none":
            return []
        on = {c: who[-1] for c, who in self.there[period, room].items() if not chairs[c].get("dead")}
        places = all("x" in chair and "y" in chair for chair in self.usable(room))
        if rule == "distance" and not places:
            rule = "four"
        if rule in ("bench", "distance"):
            return [
                (on[a], on[b]) for a, b in combinations(on, 2) if self.is_near(rule, chairs[a], chairs[b])
            ]
        at = {(chairs[c]["row"], chairs[c]["across"]): n for c, n in on.items()}
        steps = {"sides": [(0, 1)], "four": [(0, 1), (1, 0)], "eight": [(0, 1), (1, 0), (1, 1), (1, -1)]}
        return [
            (n, at[row + down, across + right])
            for (row, across), n in at.items()
            for down, right in steps[rule]
            if (row + down, across + right) in at
        ]

    def is_near(self, rule: str, one: dict[str, Any], two: dict[str, Any]) -> bool:
        if rule == "bench":
            bench = [(chair["row"], chair.get("bench", chair["across"])) for chair in (one, two)]
            return bench[0] == bench[1]
        return dist((one["x"], one["y"]), (two["x"], two["y"])) < self.policy.get("metres", 1.25) - 1e-9

    def counts(self) -> dict[str, int]:
        rules = [getattr(self, name) for name in dir(self) if name.startswith("rule_")]
        return {rule.__name__.removeprefix("rule_"): int(rule()) for rule in rules}

    # --- what must hold ----------------------------------------------------------------------------------
    def rule_chair_missing(self) -> int:
        return len(self.seats) - len(self.seated)

    def rule_chair_twice(self) -> int:
        return sum(len(who) - 1 for chairs in self.there.values() for who in chairs.values())

    def rule_chair_unusable(self) -> int:
        wrong = sum(
            bool(self.chair(n).get("dead"))
            or self.period(n) in self.rooms[self.seats[n][0]].get("closed", ())
            for n in self.seated
        )
        beyond = (
            max(0, sum(map(len, chairs.values())) - self.capacity(room))
            for (_period, room), chairs in self.there.items()
        )
        return wrong + sum(beyond)

    def rule_neighbours(self) -> int:
        return sum(self.candidates[a]["exam"] == self.candidates[b]["exam"] for a, b in self.beside)

    def rule_roll_order(self) -> int:
        if self.policy.get("order", "mixed") != "roll":
            return 0
        lines: dict[tuple[int, int], list[int]] = defaultdict(list)
        for n in self.seated:
            one = self.candidates[n]
            if "pin" not in one and not {"front seat", "own room"} & set(one.get("needs", ())):
                lines[one["exam"], self.seats[n][0]].append(n)
        return sum(
            after < before
            for line in lines.values()
            for before, after in pairwise(sorted(line, key=lambda n: self.seats[n][1]))
        )

    def rule_arrangement(self) -> int:
        unmet = 0
        for n in self.seated:
            needs, room = self.candidates[n].get("needs", ()), self.seats[n][0]
            company = sum(map(len, self.there[self.period(n), room].values()))
            front = min(chair["row"] for chair in self.usable(room))
            is_front = self.chair(n)["row"] == front and not self.chair(n).get("dead")
            unmet += "own room" in needs and company > 1
            unmet += "ground floor" in needs and self.rooms[room].get("floor", 0) > 0
            unmet += "front seat" in needs and not is_front
        return unmet

    def rule_seat_pin(self) -> int:
        return sum("pin" in one and self.seats[n] != one["pin"] for n, one in enumerate(self.candidates))

    def rule_room(self) -> int:
        wrong = 0
        for (exam, part), rooms in self.part_rooms.items():
            allowed = self.exams[exam]["parts"][part].get("rooms")
            for room in rooms:
                is_closed = self.exams[exam]["period"] in self.rooms[room].get("closed", ())
                wrong += is_closed or (allowed is not None and room not in allowed)
        return wrong

    def exams_at(self, period: int, room: int) -> set[int]:
        return {self.candidates[n]["exam"] for who in self.there[period, room].values() for n in who}

    def rule_exclusive(self) -> int:
        faulty = set()
        for key in self.there:
            exams = self.exams_at(*key)
            faulty |= {e for e in exams if len(exams) > 1 and self.exams[e].get("alone")}
        return len(faulty)

    def rule_max_rooms(self) -> int:
        most = {e: exam.get("most_rooms") for e, exam in enumerate(self.exams)}
        return sum(
            most[exam] is not None and len(rooms) > most[exam]
            for (exam, _part), rooms in self.part_rooms.items()
        )

    def rule_period_rooms(self) -> int:
        used = Counter(period for period, _room in self.there)
        limits = [period.get("most_rooms") for period in self.instance["periods"]]
        return sum(max(0, n - limits[p]) for p, n in used.items() if limits[p] is not None)

    def rule_same_room(self) -> int:
        faults = 0
        for a, b in self.instance.get("same_room", ()):
            one, two = set(self.exam_rooms[a]), set(self.exam_rooms[b])
            faults += bool(one and two) and not (one <= two or two <= one)
        return faults

    def rule_different_room(self) -> int:
        pairs = self.instance.get("different_room", ())
        return sum(bool(set(self.exam_rooms[a]) & set(self.exam_rooms[b])) for a, b in pairs)

    # --- what should hold --------------------------------------------------------------------------------
    def rule_sparse(self) -> int:
        percent = self.policy.get("most_percent", 100)
        return sum(
            max(0, count - self.capacity(room) * percent // 100)
            for rooms in self.exam_rooms.values()
            for room, count in rooms.items()
        )

    def rule_cohort_neighbours(self) -> int:
        classes = [one.get("class") for one in self.candidates]
        return sum(classes[a] is not None and classes[a] == classes[b] for a, b in self.beside)

    def rule_exams_in_room(self) -> int:
        most = self.instance.get("most_exams_in_room", 0)
        return sum(max(0, len(self.exams_at(*key)) - most) for key in self.there) if most else 0

    def rule_roll_ranges(self) -> int:
        ranges = 0
        room_of = [None if seat is None else seat[0] for seat in self.seats]
        for n in self.seated:
            follows = n > 0 and self.candidates[n - 1]["exam"] == self.candidates[n]["exam"]
            ranges += not (follows and room_of[n - 1] == room_of[n])
        return ranges - sum(len(rooms) for rooms in self.exam_rooms.values())

    def rule_rooms_used(self) -> int:
        return len(self.there)

    def rule_spare_seats(self) -> int:
        return sum(
            max(
                0,
                self.rooms[room].get("spare", 0)
                - max(0, self.capacity(room) - sum(map(len, chairs.values()))),
            )
            for (_period, room), chairs in self.there.items()
        )

    def rule_same_neighbour(self) -> int:
        who = [one["student"] for one in self.candidates]
        met = Counter(frozenset((who[a], who[b])) for a, b in self.beside)
        return sum(times - 1 for times in met.values())

    def rule_room_change(self) -> int:
        rooms: dict[tuple[int, int], set[int]] = defaultdict(set)
        for n in self.seated:
            day = self.instance["periods"][self.period(n)]["day"]
            rooms[self.candidates[n]["student"], day].add(self.seats[n][0])
        return sum(len(used) - 1 for used in rooms.values())

    def rule_split_rooms(self) -> int:
        return sum(len(rooms) - 1 for rooms in self.part_rooms.values())

    def rule_split_blocks(self) -> int:
        blocks = ({self.rooms[room].get("block", 0) for room in rooms} for rooms in self.part_rooms.values())
        return sum(len(used) - 1 for used in blocks)

    def rule_mixed_durations(self) -> int:
        lengths = ({self.exams[e].get("minutes", 120) for e in self.exams_at(*key)} for key in self.there)
        return sum(len(used) - 1 for used in lengths)

    def rule_room_penalty(self) -> int:
        return sum(self.rooms[room].get("dislike", 0) for rooms in self.part_rooms.values() for room in rooms)
