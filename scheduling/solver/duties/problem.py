"""What is to be staffed, as arrays: posts in order of time, teachers, and who may not be where.

Everything is numbered from 0: posts, teachers, periods, days, rooms, teams. A team are the posts of one room
in one period, whose teachers watch together. Names stay with the caller; times are minutes from one zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OPEN = -1  # a post without a teacher
NONE = -1  # a post without a room or a team; a post that nobody had before

# Why a teacher cannot or had better not have a post: bits of Problem.ban.
AWAY = 1  # absent, exempted, in a lesson, or not an invigilator at all
OWN_ROOM = 2  # the room holds an exam of the teacher's own courses
OWN_PERIOD = 4  # such an exam is sat elsewhere at that time
NOT_SENIOR = 8  # the post asks for a rank that the teacher has not
OF_KIN = 16  # the post is about one candidate, a relative
BAN_RULES = {
    "teacher_away": AWAY,
    "own_exam_room": OWN_ROOM,
    "own_exam_period": OWN_PERIOD,
    "not_senior": NOT_SENIOR,
    "relative_alone": OF_KIN,
}

# Kinds of posts that are shared evenly: bits of Problem.kind.
RESERVE, EVENING, WEEKEND, LONG = 1, 2, 4, 8
KINDS = (RESERVE, EVENING, WEEKEND, LONG)

NO_LIMIT = np.iinfo(np.int32).max


class Limits(NamedTuple):
    """Numbers of the rules. free_minutes: of a deviation, that cost nothing. span: minutes from the start of
    the first duty of a day to the end of the last."""

    free_minutes: int = 0
    a_day: int = NO_LIMIT
    on_end: int = NO_LIMIT
    days: int = NO_LIMIT
    span: int = NO_LIMIT
    gap: int = 0


class Problem(NamedTuple):
    """One season's duties, checked. Build it with `make_problem`, which explains every field."""

    start: Ints
    end: Ints
    period: Ints
    day: Ints
    room: Ints
    team: Ints
    kind: Ints
    ban: NDArray[np.uint8]
    target: Ints
    most: Ints
    least: Ints
    rank: Ints
    is_woman: Bools
    team_wants_woman: Bools
    never: Ints
    together: Ints
    kin: Ints
    pins: tuple[tuple[int, tuple[int, ...]], ...]
    earlier: Ints
    limits: Limits
    weights: Mapping[str, int]
    hard: frozenset[str]
    kind_low: Ints
    kind_high: Ints

    @property
    def posts(self) -> int:
        return len(self.start)

    @property
    def teachers(self) -> int:
        return len(self.target)

    @property
    def minutes(self) -> Ints:
        return self.end - self.start

    @property
    def forbidden(self) -> Bools:
        """(teachers, posts): pairs that no plan has."""
        bits = sum(bit for rule, bit in BAN_RULES.items() if rule in self.hard)
        return (self.ban & np.uint8(bits)) != 0


def make_problem(
    *,
    start: ArrayLike,
    end: ArrayLike,
    period: ArrayLike,
    day: ArrayLike,
    target: ArrayLike,
    room: ArrayLike | None = None,
    team: ArrayLike | None = None,
    kind: ArrayLike | None = None,
    ban: ArrayLike | None = None,
    most: ArrayLike | None = None,
    least: ArrayLike | None = None,
    rank: ArrayLike | None = None,
    is_woman: ArrayLike | None = None,
    team_wants_woman: ArrayLike | None = None,
    never: Iterable[tuple[int, int]] = (),
    together: Iterable[tuple[int, int]] = (),
    kin: Iterable[tuple[int, int]] = (),
    pins: Iterable[tuple[int, Sequence[int]]] = (),
    earlier: ArrayLike | None = None,
    limits: Limits | None = None,
    weights: Mapping[str, int] | None = None,
    hard: Iterable[str] = (),
) -> Problem:
    """Check and complete. ValueError says in words what does not fit.

    start, end, period, day: (posts,) minutes, number of the period in order of time, ordinal of the day;
        posts in order of time. Nobody has two posts in one period.
    target: (teachers,) minutes that a teacher ought to watch.
    room, team: (posts,) −1 for none. kind: (posts,) bits RESERVE, EVENING, WEEKEND, LONG.
    ban: (teachers, posts) bits AWAY, OWN_ROOM, ….
    most, least: (teachers,) duties. rank: (teachers,) 1 is the most senior, 0 none.
    is_woman: (teachers,). team_wants_woman: (teams,).
    never, together: pairs of teachers. kin: teacher and team in which a relative sits.
    pins: a teacher and the posts of which the teacher has one, in every plan.
    earlier: (posts,) the teacher of an earlier plan, −1 for none.
    weights: price of a fault by soft rule (`score.RULES`); a rule without one costs nothing. hard: codes of
        rules, soft by nature, that must hold.
    """
    from .score import HARD_ALWAYS, RULES

    starts = _ints(start)
    posts, teachers = len(starts), len(_ints(target))
    teams = _ints(team, posts, NONE)
    weight_of = {code: int(weight) for code, weight in (weights or {}).items() if weight}
    unknown = (set(weight_of) | set(hard)) - {rule.code for rule in RULES}
    if unknown:
        raise ValueError(f"There is no rule {', '.join(sorted(unknown))}.")
    if any(weight < 0 for weight in weight_of.values()):
        raise ValueError("A weight is 0 or more.")
    bans = np.zeros((teachers, posts), np.uint8) if ban is None else np.asarray(ban, np.uint8)
    found = Problem(
        start=starts,
        end=_ints(end),
        period=_ints(period),
        day=_ints(day),
        room=_ints(room, posts, NONE),
        team=teams,
        kind=_ints(kind, posts, 0),
        ban=np.ascontiguousarray(bans.reshape(teachers, posts)),
        target=_ints(target),
        most=np.minimum(_ints(most, teachers, NO_LIMIT), NO_LIMIT),
        least=_ints(least, teachers, 0),
        rank=_ints(rank, teachers, 0),
        is_woman=np.zeros(teachers, bool) if is_woman is None else np.asarray(is_woman, bool),
        team_wants_woman=(
            np.zeros(int(teams.max(initial=NONE)) + 1, bool)
            if team_wants_woman is None
            else np.asarray(team_wants_woman, bool)
        ),
        never=_pairs(never),
        together=_pairs(together),
        kin=_pairs(kin),
        pins=tuple((int(teacher), tuple(int(post) for post in of)) for teacher, of in pins),
        earlier=_ints(earlier, posts, NONE),
        limits=limits or Limits(),
        weights=weight_of,
        hard=frozenset(hard) | HARD_ALWAYS,
        kind_low=np.zeros((teachers, len(KINDS)), np.int64),
        kind_high=np.zeros((teachers, len(KINDS)), np.int64),
    )
    _check(found)
    low, high = _even_shares(found)
    return found._replace(kind_low=low, kind_high=high)


def _even_shares(problem: Problem) -> tuple[Ints, Ints]:
    """(teachers, kinds): the share of each kind of posts by target, rounded down and up."""
    total = max(1, int(problem.target.sum()))
    counts = np.array([((problem.kind & kind) != 0).sum() for kind in KINDS], np.int64)
    product = problem.target[:, None] * counts[None, :]
    return product // total, -(-product // total)


def _check(problem: Problem) -> None:
    posts, teachers = problem.posts, problem.teachers
    for name in ("end", "period", "day", "room", "team", "kind", "earlier"):
        if len(getattr(problem, name)) != posts:
            raise ValueError(f"{name} is not about {posts} posts.")
    for name in ("most", "least", "rank", "is_woman"):
        if len(getattr(problem, name)) != teachers:
            raise ValueError(f"{name} is not about {teachers} teachers.")
    if (problem.end <= problem.start).any():
        raise ValueError("A post ends before it starts.")
    if (np.diff(problem.start) < 0).any():
        raise ValueError("The posts are not in order of time.")
    if (problem.target < 0).any():
        raise ValueError("A target is 0 or more minutes.")
    if len(problem.team_wants_woman) <= problem.team.max(initial=NONE):
        raise ValueError("A post belongs to a team that there is not.")
    for pairs in (problem.never, problem.together):
        if len(pairs) and not (pairs.min() >= 0 and pairs.max() < teachers):
            raise ValueError("A pair names a teacher that there is not.")
    for teacher, of in problem.pins:
        if not 0 <= teacher < teachers or not all(0 <= post < posts for post in of):
            raise ValueError("A pin names a teacher or a post that there is not.")
    if posts and not -1 <= problem.earlier.min() <= problem.earlier.max() < teachers:
        raise ValueError("The earlier plan names a teacher that there is not.")


def _ints(values: ArrayLike | None, size: int = 0, default: int = 0) -> Ints:
    if values is None:
        return np.full(size, default, np.int64)
    return np.ascontiguousarray(values, dtype=np.int64).reshape(-1)


def _pairs(pairs: Iterable[tuple[int, int]]) -> Ints:
    return np.array(sorted({(int(a), int(b)) for a, b in pairs}), np.int64).reshape(-1, 2)
