"""A Problem in the shape that the kernels need: exams merged into units, every price a number in a table.

A unit is one exam, or several that must share a period (hard same_period between exams without a common
student). All prices are whole numbers in 1 / Problem.scale.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from . import score
from .problem import (
    HARD,
    MAY_BE_SOFT,
    NO_LIMIT,
    PERIODS_OF_RULE,
    ROOM_PAIR_KINDS,
    Bools,
    Conflicts,
    Ints,
    PairRule,
    Problem,
    period_pairs,
    possible_periods,
    without_soft_limits,
)

IMPOSSIBLE = 1 << 14  # clashes of a unit where it cannot be; more than any has neighbours
NOWHERE = 1 << 52  # price of a unit where it cannot be, while the model is built
BROKEN_LINK = 1 << 44
LOG_STEPS = 4096
DRAWN_BY, MEAN_DRAWS = 0.5, 16  # how often a unit is drawn: by which power of its students in common
BLOCK = 8  # columns of a table that are written at once; rows are padded to a multiple


class Model(NamedTuple):
    """U units, E exams, P periods, R rooms, K parts, D days, L duration classes."""

    # units
    movable: Ints  # units that have a choice of periods, each as often as it is to be drawn
    static: np.ndarray  # (U, P and padding) price of the unit alone
    barred: np.ndarray  # (U, P) IMPOSSIBLE where the unit cannot be, else 0
    gain: Ints  # (U,) how much less a move of the unit may cost for links and limits of periods, at most
    slack: Ints  # (U,) and with rooms, days, students' spans and ways; NOWHERE: no bound
    edge_ptr: Ints  # (U + 1,) neighbours: units that must not share its period
    edge_to: np.ndarray
    edge_weight: np.ndarray
    edge: np.ndarray  # (U, U) weight + 1, 0 = no edge
    touching: np.ndarray  # (U, words) a bit for each neighbour
    near: np.ndarray  # (P, P and padding) price of a pair of exams of one student in these periods
    near_lo: np.ndarray  # first and one past the last period where near[p] is not 0
    near_hi: np.ndarray
    # links: rules between two units that are not a plain clash
    link_ptr: Ints
    link_to: Ints
    link_first: Bools
    link_price: Ints  # price of one fault, BROKEN_LINK if hard
    link_kind: Ints
    link_faults: Ints  # (kinds, P, P)
    # limits of periods, days in use
    unit_exams: Ints
    unit_candidates: Ints
    unit_seats: Ints  # that its parts need
    period_exams: Ints
    period_candidates: Ints
    period_rooms: Ints
    exams_price: int  # of an exam, candidate or room beyond the limit, 0 = there may be none
    candidates_price: int
    rooms_price: int
    period_day: Ints
    day_price: int
    # students with more exams than a limit
    crowd_ptr: Ints  # (U + 1,) such students of each unit
    crowd_student: Ints
    crowds: int  # such students
    student_ptr: Ints  # (crowds + 1,) units of each such student
    student_unit: Ints
    # spans: days or windows of days in which a student has a limit of exams
    span_first: Ints  # day
    span_last: Ints
    span_limit: Ints
    span_price: Ints  # of an exam beyond it
    day_spans: np.ndarray  # (D, words) a bit for each span that holds the day
    # pairs of exams of a student, by exam, where the distance of their rooms has a price
    exam_ptr: Ints  # (U + 1,) exams of each unit
    exam: Ints
    travel_ptr: Ints  # (E + 1,)
    travel_to: Ints
    travel_weight: Ints
    travel_unit: Ints  # unit of travel_to
    travel_near: Ints  # (P, P) 1 if too little time lies between
    travel_price: Ints  # (B, B)
    travels: bool
    has_extras: bool  # links, limits, days, crowds or travel
    # rooms
    part_ptr: Ints  # (U + 1,)
    part: Ints
    part_exam: Ints
    part_size: Ints
    part_most: Ints
    part_duration: Ints  # duration class
    part_exclusive: Bools
    part_price: Ints  # (K, R), -1 = not suitable
    part_least: Ints  # (K,) price of the rooms of the part, at least
    slot_ptr: Ints  # (K + 1,) room for the rooms of each part
    exam_part_ptr: Ints  # (E + 1,)
    room_link_ptr: Ints  # (E + 1,)
    room_link_to: Ints
    room_link_same: Bools
    seats: Ints  # (P, R), -1 = closed
    overflow: int  # candidates that a room may hold beyond its seats, each at seat_price
    seat_price: int
    lends: bool  # those seats are lent: a plan that has any is none
    block: Ints
    blocks: int
    block_price: Ints  # (B, B)
    mixed_price: int
    split_price: int
    empty_price: int
    # shared constants
    log: np.ndarray  # -ln of a uniform draw, ascending index


class Units(NamedTuple):
    """unit: (exams,) the unit of each exam. members: exams of each unit."""

    unit: Ints
    members: list[Ints]


def find_units(problem: Problem, conflicts: Conflicts) -> Units:
    """Merge exams that must share a period. A merge that would put exams with a common student or person into
    one unit is left out, and so is one that no period can have: that rule stays a link, so that one exam
    stays unplaced and not both."""
    rules = [rule for rule in problem.pair_rules if rule.kind == "same_period" and rule.weight == HARD]
    if not rules:
        alone = np.arange(problem.exams)
        return Units(alone, list(alone[:, None]))
    clashing: dict[int, set[int]] = defaultdict(set)
    common = set(zip(conflicts.a.tolist(), conflicts.b.tolist(), strict=True))
    for one, two in hard_edges(problem, conflicts) | common | set(person_pairs(problem)):
        clashing[one].add(two)
        clashing[two].add(one)
    allowed = possible_periods(problem) & can_be_seated(problem)
    group = {exam: {exam} for exam in range(problem.exams)}
    hard = without_soft_limits(problem)
    for rule in rules:
        one, two = group[rule.a], group[rule.b]
        if one is two or any(clashing[exam] & two for exam in one):
            continue
        both = sorted(one | two)
        able = allowed[both].all(axis=0) & _within_limits(hard, both) & _agreeing(problem, both)
        if not able.any():
            continue
        one |= two
        for exam in two:
            group[exam] = one
    unit = np.zeros(problem.exams, dtype=np.int64)
    members = []
    for exam in range(problem.exams):
        if min(group[exam]) == exam:
            members.append(np.array(sorted(group[exam]), dtype=np.int64))
            unit[members[-1]] = len(members) - 1
    return Units(unit, members)


def hard_edges(problem: Problem, conflicts: Conflicts) -> set[tuple[int, int]]:
    """Pairs of exams (a < b) that must not share a period: common students, people, different_period."""
    edges = set()
    if "clash" not in problem.soft:
        barred = conflicts.barred > 0
        edges |= set(zip(conflicts.a[barred].tolist(), conflicts.b[barred].tolist(), strict=True))
    if "person_clash" not in problem.soft:
        edges |= set(person_pairs(problem))
    for rule in problem.pair_rules:
        if rule.kind == "different_period" and rule.weight == HARD:
            edges.add((min(rule.a, rule.b), max(rule.a, rule.b)))
    return edges


def person_pairs(problem: Problem) -> Counter[tuple[int, int]]:
    """{(a, b) with a < b: teachers and examiners who must be at both}."""
    exams_of = defaultdict(set)
    for person, exam in problem.person_exam.tolist():
        exams_of[person].add(exam)
    return Counter(pair for exams in exams_of.values() for pair in combinations(sorted(exams), 2))


def build(problem: Problem, weights: Mapping[str, int], conflicts: Conflicts, units: Units) -> Model:
    """The model of a problem under these weights of soft rules."""
    unit, periods, count = units.unit, problem.periods, len(units.members)
    scale = problem.scale
    price = {code: weights.get(code, 0) * scale for code in score.SOFT_CODES}
    soft = {code: problem.soft.get(code, 0) * scale for code in MAY_BE_SOFT}

    p, q = period_pairs(problem)
    total = np.zeros(periods * periods, dtype=np.int64)
    for code, faults in score.STUDENT_PAIRS.items():
        if price[code]:
            # The weight of a pair is in 1 / scale already.
            total += faults(problem, p, q) * (price[code] // scale)
    near = total.reshape(periods, periods)

    static = _static(problem, price, units)
    edge = np.zeros((count, count), dtype=np.int32)
    one, two = unit[np.array(list(hard_edges(problem, conflicts)), dtype=np.int64).reshape(-1, 2).T]
    edge[one, two] = edge[two, one] = 1
    links = _Links(problem, unit)
    near_kind = -1
    # A pair with some students spared still clashes for the others: no price for the spared ones.
    one, two = unit[conflicts.a], unit[conflicts.b]
    clashes = edge[one, two] > 0
    for u, v in ((one, two), (two, one)):
        np.add.at(edge, (u[clashes], v[clashes]), conflicts.weight[clashes])
    for a, b, weight, students, barred in zip(
        *(field[~clashes].tolist() for field in conflicts), strict=True
    ):
        u, v = unit[a], unit[b]
        if near_kind < 0:
            near_kind = links.add_matrix(near)
        links.add(u, v, near_kind, weight)
        links.add(
            u,
            v,
            links.kind("different_period", 0),
            price["allowed_clash"] * (students - barred) + soft["clash"] * barred,
        )
    for (one, two), people in person_pairs(problem).items():
        if not edge[unit[one], unit[two]]:
            links.add(unit[one], unit[two], links.kind("different_period", 0), soft["person_clash"] * people)
    for rule in problem.pair_rules:
        if rule.kind in ROOM_PAIR_KINDS:
            continue
        _add_rule(links, static, unit, rule, scale)
    if price["cohort_gap"]:
        kind = links.add_matrix(_cohort_faults(problem, p, q).reshape(periods, periods))
        for one, two in score.cohort_pairs(problem):
            u, v = unit[one], unit[two]
            if u == v:
                static[u] += price["cohort_gap"] * problem.cohort_gap
            else:
                links.add(u, v, kind, price["cohort_gap"])

    barred = np.where(static >= NOWHERE, IMPOSSIBLE, 0).astype(np.int16)
    common = edge.sum(axis=1) - (edge > 0).sum(axis=1)
    dearest = np.where(barred, 0, static).max(axis=1, initial=0) + common * int(near.max(initial=0))
    # Half as long numbers are twice as fast, if they are long enough.
    number: Any = np.int32 if dearest.max(initial=0) < 1 << 30 else np.int64

    def padded(table: Ints) -> np.ndarray:
        return np.pad(table, ((0, 0), (0, -periods % BLOCK))).astype(number)

    neighbours = [np.flatnonzero(row) for row in edge]
    span = [np.flatnonzero(row) for row in near]
    link_arrays = links.arrays(count)
    crowd_ptr, crowd_student, crowds = _crowds(problem, price, unit, count)
    candidates = np.bincount(unit, problem.size, count).astype(np.int64)
    day = problem.period_day - problem.period_day.min()
    exams = np.bincount(unit, minlength=count).astype(np.int64)
    gain = link_arrays.gain + soft["period_exams"] * exams + soft["period_candidates"] * candidates
    by_student = np.argsort(crowd_student, kind="stable")
    travel = _travels(problem, price, conflicts, unit)
    exam_ptr, exam = _csr(((u, e) for e, u in enumerate(unit)), count)
    limited = any(
        (limit < NO_LIMIT).any() for limit in (problem.period_max_exams, problem.period_max_candidates)
    )
    part_ptr, part = _csr(((unit[exam], k) for k, exam in enumerate(problem.part_exam)), count)
    most = problem.max_rooms[problem.part_exam]
    part_price = np.where(
        problem.possible_rooms,
        price["room_penalty"] * problem.room_penalty[None, :]
        + price["room_preference"] * problem.part_room_penalty
        + price["moved_room"] * score.moved_room_table(problem)
        + soft["room"] * ~problem.part_rooms,
        -1,
    )
    room_link_ptr, room_link_to, room_link_same = _room_links(problem)
    # What a part can cost less elsewhere, at most; no bound where it depends on others.
    least = np.where(part_price < 0, np.iinfo(np.int32).max, part_price)
    least = least.min(axis=1, initial=np.iinfo(np.int32).max).astype(np.int64)
    ease = np.maximum(part_price.max(axis=1, initial=0) - least, 0) + price["mixed_durations"]
    # A part that no room holds alone is in several wherever it is.
    rooms_needed = np.ones_like(least) if soft["seats"] else _fewest_rooms(problem)
    least = least * rooms_needed + price["split_rooms"] * (rooms_needed - 1)
    loose = ("empty_seats", "split_rooms", "split_blocks", "days_used", "travel")
    if crowds or soft["seats"] or any(price[code] for code in loose):
        ease = ease + NOWHERE
    fields: dict[str, Any] = dict(
        movable=_often(np.flatnonzero((barred == 0).sum(axis=1) > 1), common),
        static=padded(np.where(barred, 0, static)),
        barred=barred,
        gain=gain,
        slack=gain + np.bincount(unit[problem.part_exam], ease, count).astype(np.int64),
        edge_ptr=np.concatenate(([0], np.cumsum([len(row) for row in neighbours]))).astype(np.int64),
        edge_to=np.concatenate([*neighbours, np.zeros(0, dtype=np.int64)]).astype(np.int32),
        edge_weight=np.concatenate(
            [*(edge[u][row] - 1 for u, row in enumerate(neighbours)), np.zeros(0)]
        ).astype(number),
        edge=edge,
        touching=_bits(edge > 0),
        near=padded(near),
        near_lo=np.array([row[0] if len(row) else 0 for row in span], dtype=np.int64),
        near_hi=np.array([row[-1] + 1 if len(row) else 0 for row in span], dtype=np.int64),
        link_ptr=link_arrays.ptr,
        link_to=link_arrays.to,
        link_first=link_arrays.first,
        link_price=link_arrays.price,
        link_kind=link_arrays.kind,
        link_faults=link_arrays.faults,
        unit_exams=exams,
        unit_candidates=candidates,
        unit_seats=np.bincount(unit[problem.part_exam], problem.part_size, count).astype(np.int64),
        period_exams=problem.period_max_exams,
        period_candidates=problem.period_max_candidates,
        period_rooms=problem.period_max_rooms,
        exams_price=soft["period_exams"],
        candidates_price=soft["period_candidates"],
        rooms_price=soft["period_rooms"],
        period_day=day,
        day_price=price["days_used"],
        crowd_ptr=crowd_ptr,
        crowd_student=crowd_student,
        crowds=crowds,
        student_ptr=np.searchsorted(crowd_student[by_student], np.arange(crowds + 1)).astype(np.int64),
        student_unit=np.repeat(np.arange(count), np.diff(crowd_ptr))[by_student].astype(np.int64),
        **_spans(problem, price, day),
        exam_ptr=exam_ptr,
        exam=exam,
        **travel,
        has_extras=bool(len(link_arrays.to) or limited or price["days_used"] or crowds or travel["travels"]),
        part_ptr=part_ptr,
        part=part,
        part_exam=problem.part_exam,
        part_size=problem.part_size,
        part_most=most,
        part_duration=np.unique(problem.duration, return_inverse=True)[1].astype(np.int64)[problem.part_exam],
        part_exclusive=problem.exclusive[problem.part_exam],
        part_price=part_price.astype(np.int64),
        part_least=least,
        slot_ptr=np.concatenate(([0], np.cumsum(most))).astype(np.int64),
        exam_part_ptr=np.searchsorted(problem.part_exam, np.arange(problem.exams + 1)).astype(np.int64),
        room_link_ptr=room_link_ptr,
        room_link_to=room_link_to,
        room_link_same=room_link_same,
        seats=np.ascontiguousarray(np.where(problem.room_seats > 0, problem.room_seats, -1).T),
        overflow=int(problem.part_size.sum()) if soft["seats"] else 0,
        seat_price=soft["seats"],
        lends=False,
        block=problem.room_block,
        blocks=int(problem.room_block.max(initial=0)) + 1 if price["split_blocks"] else 1,
        block_price=price["split_blocks"] * problem.block_distance,
        mixed_price=price["mixed_durations"],
        split_price=price["split_rooms"],
        empty_price=price["empty_seats"],
        log=-np.log((np.arange(LOG_STEPS) + 0.5) / LOG_STEPS),
    )
    # One layout for all problems: another one would be compiled anew.
    for name, value in fields.items():
        if isinstance(value, np.ndarray):
            fields[name] = np.ascontiguousarray(value)
    return Model(**fields)


def lend_seats(
    model: Model, problem: Problem, weights: Mapping[str, int], conflicts: Conflicts, units: Units
) -> Model:
    """The same model where rooms lend seats that they lack, at a price of 1 each."""
    soft = build(problem._replace(soft={**problem.soft, "seats": 1}), weights, conflicts, units)
    return model._replace(
        overflow=soft.overflow, seat_price=1, lends=True, slack=soft.slack, part_least=soft.part_least
    )


def _static(problem: Problem, price: Mapping[str, int], units: Units) -> Ints:
    by_exam = np.zeros((problem.exams, problem.periods), dtype=np.int64)
    for code, faults in score.EXAM_IN_PERIOD.items():
        if price[code]:
            by_exam += price[code] * faults(problem)
    for code, periods in PERIODS_OF_RULE.items():
        if code in problem.soft:
            by_exam += problem.soft[code] * problem.scale * ~periods(problem)
    allowed = possible_periods(problem) & can_be_seated(problem)
    static = np.stack([by_exam[exams].sum(axis=0) for exams in units.members])
    hard = without_soft_limits(problem)
    possible = np.stack([allowed[exams].all(axis=0) & _within_limits(hard, exams) for exams in units.members])
    return np.where(possible, static, NOWHERE)


def _within_limits(problem: Problem, exams: Iterable[int]) -> Bools:
    """Periods that may have so many exams, candidates and seats in rooms. problem: without soft limits."""
    exams = list(exams)
    within = len(exams) <= problem.period_max_exams
    within &= problem.size[exams].sum() <= problem.period_max_candidates
    first, last = (np.searchsorted(problem.part_exam, exams, side) for side in ("left", "right"))
    if (last - first).sum() < 2:
        return np.asarray(within, dtype=bool)  # one part: see `can_be_seated`
    parts = np.concatenate([np.arange(*ends) for ends in zip(first, last, strict=True)])
    seats = problem.room_seats[problem.possible_rooms[parts].any(axis=0)]
    seats = np.sort(seats, axis=0)[::-1]
    seats = np.where(np.arange(len(seats))[:, None] < problem.period_max_rooms[None, :], seats, 0)
    return np.asarray(within & (problem.part_size[parts].sum() <= seats.sum(axis=0)), dtype=bool)


def _agreeing(problem: Problem, exams: list[int]) -> Bools:
    """Periods in which the hard rules between these exams allow all of them at once."""
    agreed = np.ones(problem.periods, dtype=bool)
    p = np.arange(problem.periods)
    for rule in problem.pair_rules:
        inside = rule.a in exams and rule.b in exams and rule.kind not in ROOM_PAIR_KINDS
        if inside and rule.weight == HARD:
            agreed &= ~score.is_broken(problem, rule.kind, rule.value, p, p)
    return agreed


def can_be_seated(problem: Problem) -> Bools:
    """(exams, periods): where each part of the exam would find rooms if the period were empty."""
    problem = without_soft_limits(problem)
    able = np.ones((problem.exams, problem.periods), dtype=bool)
    for k, exam in enumerate(problem.part_exam):
        seats = problem.room_seats[problem.possible_rooms[k]]
        most = min(len(seats), int(problem.max_rooms[exam]))
        if not most:
            able[exam] = False
            continue
        largest = np.partition(seats, len(seats) - most, axis=0)[len(seats) - most :]
        if most > problem.period_max_rooms.min():
            largest = np.sort(largest, axis=0)[::-1]
            largest = np.where(np.arange(most)[:, None] < problem.period_max_rooms[None, :], largest, 0)
        able[exam] &= (largest.sum(axis=0) >= problem.part_size[k]) & largest.any(axis=0)
    return able


def _fewest_rooms(problem: Problem) -> Ints:
    """How many rooms each part needs in a period in which all that suit it are free."""
    fewest = np.ones(problem.parts, dtype=np.int64)
    largest = problem.room_seats.max(axis=1, initial=0)
    for k, size in enumerate(problem.part_size):
        seats = np.sort(largest[problem.possible_rooms[k]])[::-1]
        fewest[k] += (np.cumsum(seats)[:-1] < size).sum()
    return fewest


def _add_rule(links: "_Links", static: Ints, unit: Ints, rule: PairRule, scale: int) -> None:
    u, v = unit[rule.a], unit[rule.b]
    hard = rule.weight == HARD
    if u == v:
        p = np.arange(static.shape[1])
        broken = score.is_broken(links.problem, rule.kind, rule.value, p, p)
        static[u] = np.where(broken & hard, NOWHERE, static[u] + broken * rule.weight * scale)
    elif rule.kind == "different_period" and hard:
        return  # an edge
    else:
        links.add(u, v, links.kind(rule.kind, rule.value), BROKEN_LINK if hard else rule.weight * scale)


def _cohort_faults(problem: Problem, p: Ints, q: Ints) -> Ints:
    apart = np.abs(problem.period_day[p] - problem.period_day[q])
    return np.maximum(problem.cohort_gap - apart, 0)


class _LinkArrays(NamedTuple):
    ptr: Ints
    to: Ints
    first: Bools
    price: Ints
    kind: Ints
    faults: Ints
    gain: Ints


class _Links:
    """Collects the links: what two units cost by their two periods, table by table."""

    def __init__(self, problem: Problem, unit: Ints) -> None:
        self.problem = problem
        self.matrices: list[Ints] = []
        self.known: dict[tuple[str, int], int] = {}
        self.price: dict[tuple[int, int, int], int] = defaultdict(int)

    def add_matrix(self, faults: Ints) -> int:
        """A table of faults (u's period, v's period), and its mirror image at the next index."""
        self.matrices += [faults, faults.T]
        return len(self.matrices) - 2

    def kind(self, kind: str, value: int) -> int:
        """The number of the table of that rule."""
        key = (kind, value)
        if key not in self.known:
            self.known[key] = self.add_matrix(score.broken_table(self.problem, *key).astype(np.int64))
        return self.known[key]

    def add(self, u: int, v: int, kind: int, price: int) -> None:
        """Each fault in table `kind` of units u and v costs `price` more; BROKEN_LINK: there may be none."""
        if price:
            self.price[int(u), int(v), kind] += price

    def arrays(self, units: int) -> _LinkArrays:
        """Every link from both of its ends, by unit."""
        rows: list[tuple[int, int, bool, int, int]] = []
        for (u, v, kind), price in self.price.items():
            price = BROKEN_LINK if price >= BROKEN_LINK else price
            rows += [(u, v, True, price, kind), (v, u, False, price, kind + 1)]
        rows.sort()
        periods = self.problem.periods
        faults = np.array(self.matrices, dtype=np.int64).reshape(-1, periods, periods)
        columns = np.array(rows, dtype=np.int64).reshape(-1, 5)
        soft = columns[columns[:, 3] < BROKEN_LINK]
        most = faults.max(axis=(1, 2)) if len(faults) else np.zeros(0, dtype=np.int64)
        return _LinkArrays(
            ptr=np.searchsorted(columns[:, 0], np.arange(units + 1)).astype(np.int64),
            to=columns[:, 1].copy(),
            first=columns[:, 2].astype(bool),
            price=columns[:, 3].copy(),
            kind=columns[:, 4].copy(),
            faults=np.ascontiguousarray(faults),
            gain=np.bincount(soft[:, 0], soft[:, 3] * most[soft[:, 4]], units).astype(np.int64),
        )


def _crowds(problem: Problem, price: Mapping[str, int], unit: Ints, units: int) -> tuple[Ints, Ints, int]:
    """Students who can break a limit at all, renumbered, by unit."""
    exams = np.bincount(problem.registration_student, minlength=problem.students)
    crowded = np.zeros(problem.students, dtype=bool)
    if price["day_limit"] and problem.day_limit > 0:
        crowded |= exams > problem.day_limit
    if price["window_limit"] and problem.window_limit > 0 and problem.window_days > 0:
        crowded |= exams > problem.window_limit
    number = np.cumsum(crowded) - 1
    exam = np.repeat(np.arange(problem.exams), np.diff(problem.registration_ptr))
    here = crowded[problem.registration_student]
    of_unit, student = unit[exam[here]], number[problem.registration_student[here]]
    order = np.argsort(of_unit, kind="stable")
    ptr = np.searchsorted(of_unit[order], np.arange(units + 1)).astype(np.int64)
    return ptr, student[order], int(crowded.sum())


def _spans(problem: Problem, price: Mapping[str, int], day: Ints) -> dict[str, Any]:
    """The days and windows of days whose limit has a price."""
    days = int(day.max()) + 1
    rows = []
    if price["window_limit"] and problem.window_limit > 0 and problem.window_days > 0:
        length = min(problem.window_days, days)
        rows += [
            (first, first + length - 1, problem.window_limit, price["window_limit"])
            for first in range(days - length + 1)
        ]
    if price["day_limit"] and problem.day_limit > 0:
        rows += [(first, first, problem.day_limit, price["day_limit"]) for first in range(days)]
    first, last, limit, each = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    number = np.arange(days)[:, None]
    return {
        "span_first": first,
        "span_last": last,
        "span_limit": limit,
        "span_price": each,
        "day_spans": _bits((first <= number) & (number <= last)),
    }


def _travels(problem: Problem, price: Mapping[str, int], conflicts: Conflicts, unit: Ints) -> dict[str, Any]:
    """The fields of travel, without pairs where it costs nothing."""
    p, q = period_pairs(problem)
    prices = price["travel"] // problem.scale * problem.block_distance
    is_used = bool(prices.any() and problem.travel_break > 0 and problem.parts)
    weight = conflicts.weight[: len(conflicts.weight) * is_used]
    one, two = conflicts.a[: len(weight)], conflicts.b[: len(weight)]
    a, b, both = np.concatenate([one, two]), np.concatenate([two, one]), np.concatenate([weight, weight])
    order = np.argsort(a, kind="stable")
    return {
        "travel_ptr": np.searchsorted(a[order], np.arange(problem.exams + 1)).astype(np.int64),
        "travel_to": b[order],
        "travel_weight": both[order],
        "travel_unit": unit[b[order]],
        "travel_near": score.close_in_time(problem, p, q).reshape(problem.periods, problem.periods),
        "travel_price": prices,
        "travels": is_used,
    }


def _room_links(problem: Problem) -> tuple[Ints, Ints, Bools]:
    rows = []
    for rule in problem.pair_rules:
        if rule.kind in ROOM_PAIR_KINDS:
            same = rule.kind == "same_room"
            rows += [(rule.a, rule.b, same), (rule.b, rule.a, same)]
    rows.sort()
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    ptr = np.searchsorted(columns[:, 0], np.arange(problem.exams + 1)).astype(np.int64)
    return ptr, columns[:, 1].copy(), columns[:, 2].astype(bool)


def _often(units: Ints, common: Ints) -> Ints:
    """Units with many students in common with others more often: the others soon are where they like, and
    most moves of theirs are made and change nothing."""
    share = (1.0 + common[units]) ** DRAWN_BY
    times = np.round(MEAN_DRAWS * share * len(share) / share.sum(initial=1e-9))
    return np.repeat(units, np.maximum(1, times).astype(np.int64))


def _bits(table: Bools) -> np.ndarray:
    """Each row as bits, 64 to a word, the first lowest."""
    table = np.pad(table, ((0, 0), (0, -table.shape[1] % 64)))
    return np.packbits(table, axis=1, bitorder="little").view(np.uint64)


def _csr(pairs: Iterable[tuple[int, int]], count: int) -> tuple[Ints, Ints]:
    rows = np.array(sorted((int(a), int(b)) for a, b in pairs), dtype=np.int64).reshape(-1, 2)
    return np.searchsorted(rows[:, 0], np.arange(count + 1)).astype(np.int64), rows[:, 1].copy()
