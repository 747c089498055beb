"""The law: what every rule says and how its faults are counted. Plain; the search must agree.

The numbers S1 to S16 are those of the project's list of seating rules. Rules about rooms that the datesheet
counts already (rooms and blocks of an exam, different lengths in a room, disliked rooms) are priced here too,
so that the search sees them, and left out of the counts that are told.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from .neighbours import Shape, shapes_of
from .problem import NOWHERE, Ints, Problem


class Rule(NamedTuple):
    """code: its name in data. words: for people. hard: may not be broken. weight: usual price of a fault."""

    code: str
    words: str
    hard: bool
    weight: int = 0


RULES: tuple[Rule, ...] = (
    Rule("chair_missing", "Every candidate has a chair", True),
    Rule("chair_twice", "Nobody shares a chair", True),
    Rule("chair_unusable", "Nobody sits on a dead chair, in a closed room or beyond its seats", True),
    Rule("neighbours", "Neighbours sit different exams", True, 100),
    Rule("roll_order", "Roll numbers rise along the chairs", True),
    Rule("arrangement", "Own room, ground floor and front seats are kept", True),
    Rule("seat_pin", "Pinned candidates sit on their chairs", True),
    Rule("room", "Rooms that suit the candidates", True),
    Rule("exclusive", "Exams that need their rooms for themselves", True),
    Rule("max_rooms", "Most rooms of an exam", True),
    Rule("period_rooms", "Most rooms in a period", True),
    Rule("same_room", "Linked exams in the same rooms", True),
    Rule("different_room", "Linked exams in different rooms", True),
    Rule("sparse", "No exam fills too much of a room", False, 100),
    Rule("cohort_neighbours", "Neighbours of one class", False, 1),
    Rule("exams_in_room", "Many exams in a room", False, 5),
    Rule("roll_ranges", "Roll numbers of a room in several ranges", False, 2),
    Rule("rooms_used", "Rooms used", False, 3),
    Rule("spare_seats", "Seats missing from those to be kept free", False, 10),
    Rule("same_neighbour", "The same neighbour again", False, 1),
    Rule("moved_seat", "Candidates on another chair than before", False, 10),
    Rule("room_change", "Another room on the same day", False, 1),
    Rule("split_rooms", "Exams over several rooms", False, 20),
    Rule("split_blocks", "Exams over several blocks", False, 10),
    Rule("mixed_durations", "Different lengths in one room", False, 5),
    Rule("room_penalty", "Disliked rooms", False, 1),
)
RULE_OF_CODE = {rule.code: rule for rule in RULES}
DEFAULT_WEIGHTS = {rule.code: rule.weight for rule in RULES if not rule.hard}
# Told by the datesheet, which counts them of the rooms that the seats have.
OF_THE_DATESHEET = (
    "room",
    "exclusive",
    "max_rooms",
    "period_rooms",
    "same_room",
    "different_room",
    "split_rooms",
    "split_blocks",
    "mixed_durations",
    "room_penalty",
)


class Score(NamedTuple):
    """hard: faults of hard rules in all. counts: by rule. costs: price by soft rule; cost: their sum."""

    hard: int
    cost: int
    counts: dict[str, int]
    costs: dict[str, int]


class Seated(NamedTuple):
    """A plan looked at once: who sits, and the pairs of neighbours. All arrays by candidate or pair."""

    problem: Problem
    chair: Ints
    who: Ints  # candidates with a chair
    room: Ints  # (candidates,) NOWHERE without a chair
    period: Ints
    one: Ints  # candidates on neighbouring chairs in one period, each pair once
    other: Ints


def look(problem: Problem, chair: Ints, shapes: list[Shape] | None = None) -> Seated:
    """ValueError if the plan is not of this problem."""
    chair = np.asarray(chair, dtype=np.int64)
    if len(chair) != problem.candidates or (
        len(chair) and (chair.min() < NOWHERE or chair.max() >= problem.chairs)
    ):
        raise ValueError("Give every candidate a chair of the problem, or none.")
    period = problem.exam_period[problem.candidate_exam]
    who = np.flatnonzero(chair != NOWHERE)
    room = np.where(chair == NOWHERE, NOWHERE, np.append(problem.chair_room, NOWHERE)[chair])
    edges = all_edges(problem, shapes_of(problem) if shapes is None else shapes)
    on = np.full((problem.periods, problem.chairs + 1), NOWHERE, dtype=np.int64)
    on[period[who], chair[who]] = who
    one, other = on[:, edges[:, 0]], on[:, edges[:, 1]]
    both = (one != NOWHERE) & (other != NOWHERE)
    return Seated(problem, chair, who, room, period, one[both], other[both])


def all_edges(problem: Problem, shapes: list[Shape]) -> Ints:
    """Neighbouring chairs of all rooms, (n, 2)."""
    found = [shape.edges + problem.room_ptr[room] for room, shape in enumerate(shapes)]
    return np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int64)


def evaluate(
    problem: Problem, chair: Ints, weights: Mapping[str, int] | None = None, shapes: list[Shape] | None = None
) -> Score:
    """Count every rule from scratch. `weights` overrides those of the problem."""
    seated = look(problem, chair, shapes)
    price = {**problem.weights, **(weights or {})}
    unknown = sorted(set(price) - set(RULE_OF_CODE))
    if unknown:
        raise ValueError(f"There is no rule that is called {unknown[0]!r}.")
    counts = {code: int(rule(seated)) for code, rule in COUNTED.items()}
    soft = {rule.code for rule in RULES if not rule.hard}
    if not problem.must_keep_neighbours:
        soft.add("neighbours")
    hard = sum(count for code, count in counts.items() if code not in soft)
    costs = {code: counts[code] * price.get(code, 0) for code in soft}
    costs = {code: cost for code, cost in costs.items() if cost}
    return Score(hard, sum(costs.values()), counts, costs)


# Hard rules


def chair_missing(s: Seated) -> int:
    """S1. Candidates without a chair."""
    return len(s.chair) - len(s.who)


def chair_twice(s: Seated) -> int:
    """S1. Candidates beyond the first on one chair in one period."""
    keys = s.period[s.who] * s.problem.chairs + s.chair[s.who]
    return len(keys) - len(np.unique(keys))


def chair_unusable(s: Seated) -> int:
    """S2. Candidates on a chair that is out of use, in a closed room, or beyond the room's exam capacity."""
    p, who = s.problem, s.who
    wrong = ~p.chair_usable[s.chair[who]] | ~p.room_open[s.room[who], s.period[who]]
    there = np.bincount(s.period[who] * p.rooms + s.room[who], minlength=p.periods * p.rooms)
    beyond = np.maximum(there.reshape(p.periods, p.rooms) - p.room_capacity, 0)
    return int(wrong.sum() + beyond.sum())


def neighbours(s: Seated) -> int:
    """S3, S6, S7. Pairs of neighbours who sit the same exam. Who is a neighbour the policy says: bench mate,
    left and right, front and back too, diagonals too, or anybody nearer than so many metres."""
    exam = s.problem.candidate_exam
    return int((exam[s.one] == exam[s.other]).sum())


def roll_order(s: Seated) -> int:
    """S5. Where seats follow the roll numbers: candidates whose roll number is lower than that of the one
    before along the chairs of the room, in one exam; pins and front seats apart."""
    p = s.problem
    if p.order != "roll":
        return 0
    free = s.who[
        (p.candidate_pin[s.who] == NOWHERE) & ~p.candidate_front[s.who] & ~p.candidate_own_room[s.who]
    ]
    free = free[np.lexsort((s.chair[free], s.room[free], p.candidate_exam[free]))]
    same = (np.diff(p.candidate_exam[free]) == 0) & (np.diff(s.room[free]) == 0)
    return int((same & (np.diff(free) < 0)).sum())


def arrangement(s: Seated) -> int:
    """S10. Candidates with an own room who share one, who need the ground floor and sit above, or the front
    and sit behind; each counts once for each of these."""
    p, who = s.problem, s.who
    in_room = s.period[who] * p.rooms + s.room[who]
    there = np.bincount(in_room, minlength=p.periods * p.rooms)
    shares = p.candidate_own_room[who] & (there[in_room] > 1)
    above = p.candidate_ground[who] & (p.room_floor[s.room[who]] > 0)
    behind = p.candidate_front[who] & ~p.chair_front[s.chair[who]]
    return int(shares.sum() + above.sum() + behind.sum())


def seat_pin(s: Seated) -> int:
    """Candidates who do not sit on the chair that is pinned for them."""
    pin = s.problem.candidate_pin
    return int(((pin != NOWHERE) & (pin != s.chair)).sum())


# Soft rules


def _exam_in_room(s: Seated) -> tuple[Ints, Ints, Ints]:
    """For each exam in a room: exam, room, candidates."""
    keys, counts = np.unique(
        s.problem.candidate_exam[s.who] * s.problem.rooms + s.room[s.who], return_counts=True
    )
    return keys // s.problem.rooms, keys % s.problem.rooms, counts


def sparse(s: Seated) -> int:
    """S6. Candidates of an exam in a room beyond the share of its capacity that one exam may take."""
    _exam, room, count = _exam_in_room(s)
    most = s.problem.room_capacity[room] * s.problem.sparse_percent // 100
    return int(np.maximum(count - most, 0).sum())


def cohort_neighbours(s: Seated) -> int:
    """S4. Pairs of neighbours of one class (programme, semester and section), whatever they sit."""
    cohort = s.problem.candidate_cohort
    return int(((cohort[s.one] == cohort[s.other]) & (cohort[s.one] != NOWHERE)).sum())


def exams_in_room(s: Seated) -> int:
    """S8. Exams in a room beyond the number that is meant to be the most."""
    p = s.problem
    if not p.most_exams:
        return 0
    exam, room, _count = _exam_in_room(s)
    there = np.unique(p.exam_period[exam] * p.rooms + room, return_counts=True)[1]
    return int(np.maximum(there - p.most_exams, 0).sum())


def roll_ranges(s: Seated) -> int:
    """S11. Ranges of roll numbers of an exam in a room beyond the first: who follows whom in the exam's list
    of candidates sits in the same room."""
    exam, _room, _count = _exam_in_room(s)
    follows = np.diff(s.who) == 1
    same = (np.diff(s.problem.candidate_exam[s.who]) == 0) & (np.diff(s.room[s.who]) == 0)
    ranges = len(s.who) - int((follows & same).sum())
    return ranges - len(exam)


def rooms_used(s: Seated) -> int:
    """S12. Rooms in use, counted in each period."""
    return len(np.unique(s.period[s.who] * s.problem.rooms + s.room[s.who]))


def spare_seats(s: Seated) -> int:
    """S12. In rooms in use, seats missing from those that are to stay free for whoever turns up."""
    p = s.problem
    keys, there = np.unique(s.period[s.who] * p.rooms + s.room[s.who], return_counts=True)
    room = keys % p.rooms
    return int(np.maximum(p.room_spare[room] - np.maximum(p.room_capacity[room] - there, 0), 0).sum())


def same_neighbour(s: Seated) -> int:
    """S13. Times beyond the first that two students are neighbours in the season."""
    student = s.problem.candidate_student
    a, b = student[s.one], student[s.other]
    pairs = np.minimum(a, b) * (int(student.max(initial=0)) + 1) + np.maximum(a, b)
    return len(pairs) - len(np.unique(pairs))


def moved_seat(s: Seated) -> int:
    """S14. Candidates on another chair than in the earlier plan."""
    before = s.problem.candidate_before
    return int(((before != NOWHERE) & (s.chair != NOWHERE) & (before != s.chair)).sum())


def room_change(s: Seated) -> int:
    """S15. Rooms beyond the first of a student on one day."""
    p = s.problem
    days, day = np.unique(p.period_day, return_inverse=True)
    of_student = p.candidate_student[s.who] * len(days) + day[s.period[s.who]]
    return len(np.unique(of_student * p.rooms + s.room[s.who])) - len(np.unique(of_student))


# Rules about rooms that the datesheet counts too


def _part_in_room(s: Seated) -> tuple[Ints, Ints]:
    keys = np.unique(s.problem.candidate_part[s.who] * s.problem.rooms + s.room[s.who])
    return keys // s.problem.rooms, keys % s.problem.rooms


def _rooms_of_exams(s: Seated) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    exam, room, _count = _exam_in_room(s)
    for one, where in zip(exam.tolist(), room.tolist(), strict=True):
        found.setdefault(one, set()).add(where)
    return found


def room(s: Seated) -> int:
    """Parts of exams in rooms that are not for them or closed, each room once."""
    part, where = _part_in_room(s)
    period = s.problem.exam_period[s.problem.part_exam[part]]
    return int((~s.problem.part_rooms[part, where] | ~s.problem.room_open[where, period]).sum())


def exclusive(s: Seated) -> int:
    """Exams that need their rooms for themselves and share one."""
    p = s.problem
    exam, where, _count = _exam_in_room(s)
    _keys, at, there = np.unique(
        p.exam_period[exam] * p.rooms + where, return_inverse=True, return_counts=True
    )
    return len(np.unique(exam[p.exam_alone[exam] & (there[at] > 1)]))


def max_rooms(s: Seated) -> int:
    """Parts of exams in more rooms than the exam may use."""
    part, rooms = np.unique(_part_in_room(s)[0], return_counts=True)
    return int((rooms > s.problem.exam_max_rooms[s.problem.part_exam[part]]).sum())


def period_rooms(s: Seated) -> int:
    """Rooms beyond the most that a period may use."""
    p = s.problem
    used = np.unique(s.period[s.who] * p.rooms + s.room[s.who]) // p.rooms
    return int(np.maximum(np.bincount(used, minlength=p.periods) - p.period_max_rooms, 0).sum())


def same_room(s: Seated) -> int:
    """Linked exams of one period of which neither uses only rooms of the other."""
    rooms = _rooms_of_exams(s)
    pairs = [(rooms.get(a, set()), rooms.get(b, set())) for a, b in s.problem.same_room.tolist()]
    return sum(bool(a and b) and not (a <= b or b <= a) for a, b in pairs)


def different_room(s: Seated) -> int:
    """Linked exams of one period with a common room."""
    rooms = _rooms_of_exams(s)
    return sum(bool(rooms.get(a, set()) & rooms.get(b, set())) for a, b in s.problem.different_room.tolist())


def split_rooms(s: Seated) -> int:
    """S8. Rooms of a part of an exam beyond its first."""
    part, _room = _part_in_room(s)
    return len(part) - len(np.unique(part))


def split_blocks(s: Seated) -> int:
    """S8. Blocks of a part of an exam beyond its first."""
    part, room = _part_in_room(s)
    blocks = np.unique(np.stack([part, s.problem.room_block[room]], axis=1), axis=0)
    return len(blocks) - len(np.unique(blocks[:, 0]))


def mixed_durations(s: Seated) -> int:
    """S9. Different lengths of exams in one room at a time, beyond the first."""
    p = s.problem
    exam, room, _count = _exam_in_room(s)
    keys = np.unique(np.stack([p.exam_period[exam], room, p.exam_duration[exam]], axis=1), axis=0)
    return len(keys) - len(np.unique(keys[:, :2], axis=0))


def room_penalty(s: Seated) -> int:
    """The dislike of the room, for each part of an exam in it."""
    return int(s.problem.room_penalty[_part_in_room(s)[1]].sum())


COUNTED: dict[str, Callable[[Seated], int]] = {
    rule.__name__: rule
    for rule in (
        chair_missing,
        chair_twice,
        chair_unusable,
        neighbours,
        roll_order,
        arrangement,
        seat_pin,
        room,
        exclusive,
        max_rooms,
        period_rooms,
        same_room,
        different_room,
        sparse,
        cohort_neighbours,
        exams_in_room,
        roll_ranges,
        rooms_used,
        spare_seats,
        same_neighbour,
        moved_seat,
        room_change,
        split_rooms,
        split_blocks,
        mixed_durations,
        room_penalty,
    )
}
