"""What is to be solved, as arrays: exams, periods, rooms, who sits what, and the rules between them.

Everything is numbered from 0: exams (what a planner calls sittings: an ordinary exam has one), periods in
order of time, rooms, students, people (teachers and examiners), cohorts. Names stay with the caller.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

UNPLACED = -1
NO_LIMIT = np.iinfo(np.int32).max
HARD = 0  # the weight of a pair rule that must not be broken

PERIOD_PAIR_KINDS = (
    "same_period",
    "different_period",
    "before",
    "same_day",
    "different_day",
    "min_gap",
    "min_days",
    "adjacent",
)
ROOM_PAIR_KINDS = ("same_room", "different_room")
# Hard rules that a planner may let be broken at a price (`Problem.soft`).
MAY_BE_SOFT = (
    "clash",
    "person_clash",
    "length",
    "period",
    "room",
    "seats",
    "period_exams",
    "period_candidates",
    "period_rooms",
)


class PairRule(NamedTuple):
    """A rule between two exams.

    kind: same_period, different_period, before (`a` in an earlier period than `b`), same_day, different_day,
        min_gap (at least `value` minutes from the end of one period to the start of the other),
        min_days (at least `value` days apart; 1 is different_day), adjacent (neighbouring periods of one
        day), same_room (while both are in one period, `a` uses only rooms that `b` uses, or the other way
        round), different_room (in one period they use no common room).
    weight: HARD (0), or the cost of breaking a soft rule once. Room rules are always hard.
    """

    kind: str
    a: int
    b: int
    weight: int = HARD
    value: int = 0


class Plan(NamedTuple):
    """Who sits when and where.

    period: (exams,) the period of each exam, UNPLACED (-1) if left out.
    part, room, seats: (uses,) one row for every room that a part of an exam uses, with the seats it takes
        there. `part` counts parts as `Problem.part_exam` does; an exam without candidate groups has one
        part, or none if it needs no room.
    """

    period: Ints
    part: Ints
    room: Ints
    seats: Ints


class Problem(NamedTuple):
    """One exam season, checked. Build it with `make_problem`, which explains every field."""

    duration: Ints
    size: Ints
    students: int
    registration_ptr: Ints  # (exams + 1,) registrations of exam e: [ptr[e], ptr[e + 1])
    registration_student: Ints
    registration_weight: Ints  # in units of 1 / scale
    scale: int
    period_day: Ints
    period_start: Ints
    period_length: Ints
    period_penalty: Ints
    late_period: Ints
    period_max_exams: Ints
    period_max_candidates: Ints
    period_max_rooms: Ints
    room_seats: Ints  # (rooms, periods), 0 = closed
    room_penalty: Ints
    room_block: Ints
    block_distance: Ints
    exam_periods: Bools
    exam_period_penalty: Ints
    exclusive: Bools
    max_rooms: Ints
    pinned_period: Ints
    front_load: Ints
    last_season: NDArray[np.float64]
    part_exam: Ints
    part_size: Ints
    part_rooms: Bools
    part_room_penalty: Ints
    pair_rules: tuple[PairRule, ...]
    allowed_clashes: Ints  # (n, 3) student, exam, exam
    soft: Mapping[str, int]  # rules of MAY_BE_SOFT that need not hold, and the price of one fault
    person_exam: Ints  # (n, 2)
    person_away: Ints  # (n, 2)
    cohort_exam: Ints  # (n, 2)
    cohort_gap: int
    spread: int
    proximity: Ints
    proximity_hours: float
    short_break: int
    travel_break: int
    day_limit: int
    window_limit: int
    window_days: int
    published: Plan | None
    weights: Mapping[str, int]

    @property
    def exams(self) -> int:
        return len(self.duration)

    @property
    def periods(self) -> int:
        return len(self.period_day)

    @property
    def rooms(self) -> int:
        return len(self.room_penalty)

    @property
    def parts(self) -> int:
        return len(self.part_exam)

    @property
    def possible_rooms(self) -> Bools:
        """(parts, rooms): what part may use at all, if need be at a price."""
        return np.ones_like(self.part_rooms) if "room" in self.soft else self.part_rooms


def make_problem(
    *,
    duration: ArrayLike,
    period_day: ArrayLike,
    period_start: ArrayLike,
    period_length: ArrayLike,
    registration_student: ArrayLike = (),
    registration_exam: ArrayLike = (),
    registration_weight: ArrayLike | None = None,
    students: int | None = None,
    size: ArrayLike | None = None,
    period_penalty: ArrayLike | None = None,
    late_period: ArrayLike | None = None,
    period_max_exams: ArrayLike | None = None,
    period_max_candidates: ArrayLike | None = None,
    period_max_rooms: ArrayLike | None = None,
    room_seats: ArrayLike = (),
    room_penalty: ArrayLike | None = None,
    room_block: ArrayLike | None = None,
    block_distance: ArrayLike | None = None,
    exam_periods: ArrayLike | None = None,
    exam_period_penalty: ArrayLike | None = None,
    exam_rooms: ArrayLike | None = None,
    exam_room_penalty: ArrayLike | None = None,
    exclusive: ArrayLike | None = None,
    max_rooms: ArrayLike | None = None,
    pinned_period: ArrayLike | None = None,
    pinned_rooms: ArrayLike = (),
    front_load: ArrayLike | None = None,
    last_season: ArrayLike | None = None,
    part_exam: ArrayLike | None = None,
    part_size: ArrayLike | None = None,
    part_rooms: ArrayLike | None = None,
    pair_rules: Iterable[PairRule] = (),
    allowed_clashes: ArrayLike = (),
    soft: Mapping[str, int] | None = None,
    person_exam: ArrayLike = (),
    person_away: ArrayLike = (),
    cohort_exam: ArrayLike = (),
    cohort_gap: int = 0,
    spread: int = 0,
    proximity: ArrayLike = (16, 8, 4, 2, 1),
    proximity_hours: float = 24.0,
    short_break: int = 0,
    travel_break: int = 0,
    day_limit: int = 0,
    window_limit: int = 0,
    window_days: int = 0,
    published: Plan | None = None,
    weights: Mapping[str, int] | None = None,
) -> Problem:
    """Check the data and return the Problem; ValueError with a sentence for the planner if they cannot be
    right.

    E exams, P periods in order of time, R rooms. What is None has no effect.

    Exams: `duration` (E,) minutes. `size` (E,) seats needed, by default the number of its candidates.
    `registration_student`, `registration_exam` (N,) one row for each candidate of each exam (rows that repeat
    count once); `registration_weight` (N,) in 0..1, to a hundredth: how much the soft rules of students
    mind this registration (a repeater may weigh 0.3; a pair weighs as its lighter registration; clashes are
    hard at any weight). `students`: how many there are, by default the highest number + 1.
    `max_rooms` (E,): 1 = one room, k = at most k rooms for each part, 0 = needs no room; by default every
    room if there are rooms, else 0. `exclusive` (E,) bool: shares its rooms with no other exam.
    `exam_periods` (E, P) bool: allowed periods. `exam_rooms` (E, R) bool: suitable rooms.
    `pinned_period` (E,): a period, or -1. `pinned_rooms` (n, 2) rows (exam, room): only these rooms for
    that exam. `exam_period_penalty` (E, P), `exam_room_penalty` (E, R): preference, 0 = liked, more = less
    liked. `front_load` (E,): how much a late place harms a large exam; `late_period` (P,): how late a
    period is (ITC-2007: 1 for the n largest exams and the last m periods, else 0).
    `last_season` (E,): 0 (first) .. 1 (last) where the exam was in last season's datesheet, NaN = was not.

    Periods: `period_day` (P,) the day's number (a date's ordinal: 1 apart = next day), `period_start` (P,)
    minutes after midnight, `period_length` (P,) minutes, `period_penalty` (P,) for each exam placed there,
    `period_max_exams`, `period_max_candidates`, `period_max_rooms` (P,), -1 = no limit.

    Rooms: `room_seats` (R,) or, if it differs by period, (R, P), 0 = closed. `room_penalty` (R,) for each
    exam part placed there. `room_block` (R,) number of the building; `block_distance` (B, B), by default 1
    between two buildings.

    Candidate groups: `part_exam` (K,) ascending, `part_size` (K,), `part_rooms` (K, R) bool. Each part is
    seated by itself in its own suitable rooms; parts of one exam may share a room even if it is exclusive
    to the exam. Without them each exam that needs rooms is one part.

    Rules: `pair_rules` see PairRule. `allowed_clashes` (n, 3) rows (student, exam, exam): this student may
    have both in one period (counted as soft rule allowed_clash). `soft`: {rule of MAY_BE_SOFT: price of one
    fault} for hard rules that may be broken as a whole; of seats the price of each seat missing in a room.
    `person_exam` (n, 2): teachers and examiners who must be at an exam and cannot be at
    two at once; `person_away` (n, 2) rows (person, period).
    `cohort_exam` (n, 2) rows (cohort, exam): exams of one programme and semester should be at least
    `cohort_gap` days apart. `spread`: two exams of a student at most so
    many periods apart count for period_spread. `proximity` (D,): cost of two exams of a student 1, 2, .. D
    apart, in periods for the rule proximity, in steps of `proximity_hours` between starts for
    proximity_clock. `short_break`: minutes; two exams of a student with less between them count for
    short_break. `travel_break`: minutes; two exams of a student with less between them count the distance
    between the blocks of their first rooms. `day_limit` k: exams of a student beyond k in a day count;
    `window_limit` k, `window_days` n: beyond k in any n days on end. 0 = no such rule.
    `published`: the plan from which changes are counted. `weights`: {code of a soft rule: whole number}; a
    rule that is not named has no effect. Codes and words: `score.RULES`.
    """
    minutes = _ints(duration, "duration")
    exams = len(minutes)
    day, start = _ints(period_day, "period_day"), _ints(period_start, "period_start")
    length = _ints(period_length, "period_length")
    periods = len(day)
    if not exams:
        raise ValueError("There is no exam to place. Add exams first.")
    if not periods:
        raise ValueError("There is no period to place exams in. Add periods first.")
    if len(start) != periods or len(length) != periods:
        raise ValueError("Each period needs a day, a start and a length.")
    clock = day * 1440 + start
    if (np.diff(clock) < 0).any():
        raise ValueError("The periods are not in order of time. Sort them by date and start.")
    late = np.flatnonzero(clock[1:] < clock[:-1] + length[:-1])
    if len(late):
        raise ValueError(
            f"Period {late[0] + 2} starts before period {late[0] + 1} ends. Shorten one or move its start."
        )

    seats = np.asarray(room_seats, dtype=np.int64)
    rooms = len(seats)
    if seats.ndim != 2:
        seats = np.repeat(seats.reshape(rooms, 1), periods, axis=1)
    if seats.shape != (rooms, periods) or (seats < 0).any():
        raise ValueError("Each room needs a number of seats, 0 or more, for all periods or for each.")

    who = _index(registration_student, "registration_student", None)
    what = _index(registration_exam, "registration_exam", exams)
    if len(who) != len(what):
        raise ValueError("Each registration needs a student and an exam.")
    n_students = int(who.max(initial=-1)) + 1 if students is None else students
    if len(who) and int(who.max()) >= n_students:
        raise ValueError(
            f"A registration names student {int(who.max())}, but there are {n_students} students."
        )
    load = np.ones(len(who)) if registration_weight is None else np.asarray(registration_weight, dtype=float)
    if load.shape != who.shape or not ((load >= 0) & (load <= 1)).all():
        raise ValueError("The weight of a registration lies between 0 and 1.")
    scale = 1 if (load == 1).all() else 100
    # A registration listed twice counts once, with its larger weight.
    order = np.lexsort((-load, who, what))
    who, what, load = who[order], what[order], load[order]
    if len(who):
        first = np.concatenate(([True], (np.diff(what) != 0) | (np.diff(who) != 0)))
        who, what, load = who[first], what[first], load[first]
    ptr = np.searchsorted(what, np.arange(exams + 1)).astype(np.int64)

    needs = np.diff(ptr) if size is None else _per(size, exams, "size", 0)
    if (needs < 0).any() or (minutes < 0).any():
        raise ValueError("The size and the duration of an exam are 0 or more.")
    most = _per(max_rooms, exams, "max_rooms", rooms)
    suitable = _mask(exam_rooms, (exams, rooms), "exam_rooms")
    pinned_room = _rows(pinned_rooms, 2, "pinned_rooms", (exams, rooms))
    for exam in np.unique(pinned_room[:, 0]):
        only = np.zeros(rooms, dtype=bool)
        only[pinned_room[pinned_room[:, 0] == exam, 1]] = True
        suitable[exam] &= only
    room_dislike = _grid(exam_room_penalty, (exams, rooms), "exam_room_penalty")
    if part_exam is None:
        owner = np.flatnonzero(most > 0).astype(np.int64)
        portion, part_mask = needs[owner], suitable[owner]
    else:
        owner = _index(part_exam, "part_exam", exams)
        portion = _per(part_size, len(owner), "part_size", 0)
        part_mask = _mask(part_rooms, (len(owner), rooms), "part_rooms") & suitable[owner]
        if (np.diff(owner) < 0).any():
            raise ValueError("The candidate groups are not in the order of their exams.")
    if len(owner) and not rooms:
        raise ValueError("Some exams need a room, but there is none. Add rooms, or say that they need none.")

    pinned = _per(pinned_period, exams, "pinned_period", UNPLACED)
    if ((pinned < UNPLACED) | (pinned >= periods)).any():
        raise ValueError("An exam is fixed in a period that does not exist.")
    block = _per(room_block, rooms, "room_block", 0)
    blocks = int(block.max(initial=0)) + 1
    distance = (
        np.ones((blocks, blocks), dtype=np.int64) - np.eye(blocks, dtype=np.int64)
        if block_distance is None
        else np.asarray(block_distance, dtype=np.int64)
    )
    if distance.ndim != 2 or min(distance.shape) < blocks or (distance != distance.T).any():
        raise ValueError(
            "The distances between blocks need one row and one column for each block, both ways alike."
        )

    rules = tuple(PairRule(*rule) for rule in pair_rules)
    for rule in rules:
        if rule.kind not in PERIOD_PAIR_KINDS + ROOM_PAIR_KINDS:
            raise ValueError(f"There is no rule between exams that is called {rule.kind!r}.")
        if not (0 <= rule.a < exams and 0 <= rule.b < exams) or rule.weight < 0:
            raise ValueError(f"The rule {rule.kind} names an exam that does not exist, or a weight below 0.")
    rules = tuple(dict.fromkeys(rule for rule in rules if rule.a != rule.b))
    previous = np.full(exams, np.nan) if last_season is None else np.asarray(last_season, dtype=float)
    if previous.shape != (exams,) or not (np.isnan(previous) | ((previous >= 0) & (previous <= 1))).all():
        raise ValueError("The place of an exam last season lies between 0 (first) and 1 (last).")
    if published is not None:
        published = Plan(*(np.asarray(field, dtype=np.int64) for field in published))
        if len(published.period) != exams:
            raise ValueError("The published plan has another number of exams.")
    prices = {code: int(weight) for code, weight in (weights or {}).items()}
    if any(weight < 0 for weight in prices.values()):
        raise ValueError("The weight of a rule is 0 or more.")
    softened = {code: int(price) for code, price in (soft or {}).items()}
    for code, price in softened.items():
        if code not in MAY_BE_SOFT:
            raise ValueError(f"The rule {code!r} cannot be soft.")
        if price < 1:
            raise ValueError("A rule that may be broken has a price of 1 or more.")

    return Problem(
        duration=minutes,
        size=needs,
        students=n_students,
        registration_ptr=ptr,
        registration_student=who,
        registration_weight=np.rint(load * scale).astype(np.int64),
        scale=scale,
        period_day=day,
        period_start=start,
        period_length=length,
        period_penalty=_per(period_penalty, periods, "period_penalty", 0),
        late_period=_per(late_period, periods, "late_period", 0),
        period_max_exams=_limit(period_max_exams, periods, "period_max_exams"),
        period_max_candidates=_limit(period_max_candidates, periods, "period_max_candidates"),
        period_max_rooms=_limit(period_max_rooms, periods, "period_max_rooms"),
        room_seats=seats,
        room_penalty=_per(room_penalty, rooms, "room_penalty", 0),
        room_block=block,
        block_distance=distance,
        exam_periods=_mask(exam_periods, (exams, periods), "exam_periods"),
        exam_period_penalty=_grid(exam_period_penalty, (exams, periods), "exam_period_penalty"),
        exclusive=_per(exclusive, exams, "exclusive", 0).astype(bool),
        max_rooms=np.minimum(most, max(rooms, 1)),
        pinned_period=pinned,
        front_load=_per(front_load, exams, "front_load", 0),
        last_season=previous,
        part_exam=owner,
        part_size=portion,
        part_rooms=part_mask,
        part_room_penalty=room_dislike[owner],
        pair_rules=rules,
        allowed_clashes=_rows(allowed_clashes, 3, "allowed_clashes", (n_students, exams, exams)),
        soft=softened,
        person_exam=_rows(person_exam, 2, "person_exam", (None, exams)),
        person_away=_rows(person_away, 2, "person_away", (None, periods)),
        cohort_exam=_rows(cohort_exam, 2, "cohort_exam", (None, exams)),
        cohort_gap=int(cohort_gap),
        spread=int(spread),
        proximity=_ints(proximity, "proximity"),
        proximity_hours=float(proximity_hours),
        short_break=int(short_break),
        travel_break=int(travel_break),
        day_limit=int(day_limit),
        window_limit=int(window_limit),
        window_days=int(window_days),
        published=published,
        weights=prices,
    )


def long_enough(problem: Problem) -> Bools:
    """(exams, periods): where each exam fits into the period."""
    return np.asarray(problem.duration[:, None] <= problem.period_length[None, :], dtype=bool)


def allowed_periods(problem: Problem) -> Bools:
    """(exams, periods): where each exam may be by itself: allowed, its people there, the date if it is fixed.
    Whether it fits there is another matter."""
    allowed = problem.exam_periods.copy()
    if len(problem.person_away):
        people = 1 + int(max(problem.person_exam[:, 0].max(initial=0), problem.person_away[:, 0].max()))
        away = np.zeros((people, problem.periods), dtype=bool)
        away[problem.person_away[:, 0], problem.person_away[:, 1]] = True
        for person, exam in problem.person_exam:
            allowed[exam] &= ~away[person]
    fixed = np.flatnonzero(problem.pinned_period >= 0)
    only = np.zeros((len(fixed), problem.periods), dtype=bool)
    only[np.arange(len(fixed)), problem.pinned_period[fixed]] = True
    allowed[fixed] &= only
    return allowed


def possible_periods(problem: Problem) -> Bools:
    """(exams, periods): where each exam may be at all by itself, if need be at a price."""
    possible = np.ones((problem.exams, problem.periods), dtype=bool)
    for code, periods in PERIODS_OF_RULE.items():
        if code not in problem.soft:
            possible &= periods(problem)
    return possible


PERIODS_OF_RULE = {"length": long_enough, "period": allowed_periods}


def without_soft_limits(problem: Problem) -> Problem:
    """The problem as far as it must hold: soft limits of seats and periods lifted, so that whatever is proved
    of it is proved of the problem."""
    lifted: dict[str, Any] = {
        f"period_max_{what}": np.full(problem.periods, NO_LIMIT, dtype=np.int64)
        for what in ("exams", "candidates", "rooms")
        if f"period_{what}" in problem.soft
    }
    if "seats" in problem.soft:
        lifted["room_seats"] = problem.room_seats + (problem.room_seats > 0) * problem.part_size.sum()
    return problem._replace(**lifted)


def period_pairs(problem: Problem) -> tuple[Ints, Ints]:
    """All pairs of periods, row by row of a (periods, periods) table."""
    periods = np.arange(problem.periods)
    p, q = np.meshgrid(periods, periods, indexing="ij")
    return p.ravel(), q.ravel()


class Conflicts(NamedTuple):
    """Pairs of exams that share candidates, each once with a < b.

    a, b: (pairs,) exams. weight: sum over the common students of the lighter registration, in 1 / scale.
    students: common students. barred: those of them who must not have both at once (not in allowed_clashes).
    """

    a: Ints
    b: Ints
    weight: Ints
    students: Ints
    barred: Ints


def find_conflicts(problem: Problem) -> Conflicts:
    """The pairs of exams with common candidates."""
    exam = np.repeat(np.arange(problem.exams), np.diff(problem.registration_ptr))
    order = np.lexsort((exam, problem.registration_student))
    exam, student = exam[order], problem.registration_student[order]
    weight = problem.registration_weight[order]
    firsts, seconds, weights, students = [], [], [], []
    step = 1
    while True:
        same = np.flatnonzero(student[step:] == student[:-step])
        if not len(same):
            break
        firsts.append(exam[same])
        seconds.append(exam[same + step])
        weights.append(np.minimum(weight[same], weight[same + step]))
        students.append(student[same])
        step += 1
    empty = np.zeros(0, dtype=np.int64)
    if not firsts:
        return Conflicts(empty, empty, empty, empty, empty)
    key = np.concatenate(firsts) * problem.exams + np.concatenate(seconds)
    pair, which = np.unique(key, return_inverse=True)
    load = np.bincount(which, np.concatenate(weights), len(pair)).astype(np.int64)
    common = np.bincount(which, minlength=len(pair)).astype(np.int64)
    barred = common.copy()
    if len(problem.allowed_clashes):
        who, one, two = problem.allowed_clashes.T
        spared = np.minimum(one, two) * problem.exams + np.maximum(one, two)
        everyone = np.concatenate(students)
        here = np.isin(key * problem.students + everyone, spared * problem.students + who)
        barred -= np.bincount(which[here], minlength=len(pair)).astype(np.int64)
    return Conflicts(pair // problem.exams, pair % problem.exams, load, common, barred)


def _ints(values: Any, name: str) -> Ints:
    array = np.asarray(values)
    whole = array.astype(np.int64) if array.size else np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or (array.size and (whole != array).any()):
        raise ValueError(f"{name} must be one row of whole numbers.")
    return whole


def _per(values: Any, count: int, name: str, default: int) -> Ints:
    if values is None:
        return np.full(count, default, dtype=np.int64)
    array = _ints(values, name)
    if len(array) != count:
        raise ValueError(f"{name} has {len(array)} values where {count} are needed.")
    return array


def _limit(values: Any, count: int, name: str) -> Ints:
    array = _per(values, count, name, -1)
    return np.where(array < 0, NO_LIMIT, array)


def _index(values: Any, name: str, below: int | None) -> Ints:
    array = _ints(values, name)
    if array.size and (array.min() < 0 or (below is not None and array.max() >= below)):
        raise ValueError(f"{name} names something that does not exist.")
    return array


def _rows(values: Any, width: int, name: str, below: tuple[int | None, ...]) -> Ints:
    array = np.asarray(values, dtype=np.int64).reshape(-1, width)
    for column, top in zip(array.T, below, strict=True):
        _index(column, name, top)
    return array


def _mask(values: Any, shape: tuple[int, int], name: str) -> Bools:
    array = np.ones(shape, dtype=bool) if values is None else np.array(values, dtype=bool)
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape} where {shape} is needed.")
    return array


def _grid(values: Any, shape: tuple[int, int], name: str) -> Ints:
    array = np.zeros(shape, dtype=np.int64) if values is None else np.asarray(values, dtype=np.int64)
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape} where {shape} is needed.")
    return array
