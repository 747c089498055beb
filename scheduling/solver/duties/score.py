"""The law: what every rule of the duties says and how its faults are counted. Plain and slow; the kernels
must agree. I1 … I17 are the rules of invigilation as the field knows them; see README.md for the sources.

A plan is an array: the teacher of each post, OPEN (−1) for none.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from .problem import BAN_RULES, KINDS, NONE, OPEN, Ints, Problem


class Rule(NamedTuple):
    """code: its name in data. words: its name for people. hard: may never be broken. weight: usual price of
    one fault (0: not used unless asked for)."""

    code: str
    words: str
    hard: bool
    weight: int = 0


RULES: tuple[Rule, ...] = (
    Rule("unfilled", "Every post has a teacher", True),
    Rule("two_duties_at_once", "Nobody is in two places at once, nor rushes from one to the other", True),
    Rule("teacher_away", "Nobody watches while away, exempted or teaching", True),
    Rule("not_senior", "Superintendents are senior", True),
    Rule("relative_alone", "Nobody watches a relative alone", True),
    Rule("most_duties", "Nobody has more duties than the most", True),
    Rule("pair_never", "Two who must not watch together do not", True),
    Rule("duty_pin", "Pinned duties stay", True),
    Rule("own_exam_room", "Nobody watches an exam of the own courses", False, 500),
    Rule("own_exam_period", "Nobody watches while an own exam is sat", False, 50),
    Rule("woman_in_room", "A woman watches where women sit", False, 200),
    Rule("least_duties", "Everybody has the least duties", False, 200),
    Rule("fair_minutes", "Minutes by target: squares of what is off", False, 1),
    Rule("duties_a_day", "Duties on a day beyond the most", False, 200),
    Rule("duties_on_end", "Duties in a row beyond the most", False, 100),
    Rule("duty_days", "Days with a duty beyond the most", False),
    Rule("duty_span", "Half hours of a day from first to last duty beyond the most", False),
    Rule("juniors_first", "What is over goes to juniors", False, 1),
    Rule("even_kinds", "Reserves, evenings, weekends and long duties shared evenly", False, 20),
    Rule("same_partner", "The same two together again", False, 5),
    Rule("same_duty_room", "The same room again", False, 2),
    Rule("pair_together", "Two who had better watch together do not", False, 20),
    Rule("both_sessions", "Days with a single duty beyond an odd number's one", False),
    Rule("moved_duty", "Posts with another teacher than before", False, 50),
)
HARD_ALWAYS = frozenset(rule.code for rule in RULES if rule.hard)
DEFAULT_WEIGHTS = {rule.code: rule.weight for rule in RULES if not rule.hard and rule.weight}


class Score(NamedTuple):
    """hard: faults of what must hold. cost: price of the rest. counts: faults by rule; costs: price by soft
    rule, with the sum cost."""

    hard: int
    cost: int
    counts: dict[str, int]
    costs: dict[str, int]


def evaluate(problem: Problem, who: Ints) -> Score:
    """Count every rule that is used, from scratch."""
    counts = {
        code: int(rule(problem, who))
        for code, rule in COUNTED.items()
        if code in problem.hard or code in problem.weights
    }
    hard = sum(count for code, count in counts.items() if code in problem.hard)
    costs = {
        code: count * problem.weights[code]
        for code, count in counts.items()
        if code not in problem.hard and code in problem.weights
    }
    return Score(hard, sum(costs.values()), counts, costs)


def measures_of(problem: Problem, who: Ints, found: Score) -> dict[str, Any]:
    """What a planner is shown: all whole numbers or rounded, fit for JSON."""
    off = deviations(problem, who)
    duties = np.bincount(who[who != OPEN], minlength=problem.teachers)
    asked = problem.target > 0
    return {
        "cost": found.cost,
        "posts": problem.posts,
        "open": found.counts["unfilled"],
        "teachers": int((duties > 0).sum()),
        "target_minutes": int(problem.target.sum()),
        "largest_deviation": int(np.abs(off[asked]).max(initial=0)),
        "mean_deviation": round(float(np.abs(off[asked]).mean()), 1) if asked.any() else 0.0,
        "longest_duty": int(problem.minutes.max(initial=0)),
    }


def rosters(problem: Problem, who: Ints) -> list[list[int]]:
    """The posts of each teacher in order of time."""
    found: list[list[int]] = [[] for _ in range(problem.teachers)]
    for post, teacher in enumerate(who):
        if teacher != OPEN:
            found[teacher].append(post)
    return found


def teams(problem: Problem) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in problem.team_wants_woman]
    for post, team in enumerate(problem.team):
        if team != NONE:
            found[team].append(post)
    return found


def unfilled(problem: Problem, who: Ints) -> int:
    """I1, I15: posts without a teacher, reserves among them."""
    return int((np.asarray(who) == OPEN).sum())


def two_duties_at_once(problem: Problem, who: Ints) -> int:
    """I2: pairs of a teacher's duties in one period, or with fewer minutes between them than the gap."""
    return sum(
        problem.period[one] == problem.period[two]
        or problem.start[two] < problem.end[one] + problem.limits.gap
        for roster in rosters(problem, who)
        for one, two in combinations(roster, 2)
    )


def banned(bit: int) -> Callable[[Problem, Ints], int]:
    """I3, I4, I8: duties of a teacher who should not have them for this reason."""

    def count(problem: Problem, who: Ints) -> int:
        filled = np.flatnonzero(np.asarray(who) != OPEN)
        return int(((problem.ban[np.asarray(who)[filled], filled] & bit) != 0).sum())

    return count


def relative_alone(problem: Problem, who: Ints) -> int:
    """I7: fully staffed rooms where only relatives of candidates watch; duties for a relative alone."""
    kin = {(int(teacher), int(team)) for teacher, team in problem.kin}
    rooms = sum(
        bool(posts) and all((int(who[post]), team) in kin for post in posts)
        for team, posts in enumerate(teams(problem))
    )
    return rooms + banned(BAN_RULES["relative_alone"])(problem, who)


def most_duties(problem: Problem, who: Ints) -> int:
    """I9: duties beyond the most that a teacher may have."""
    return sum(
        max(0, len(roster) - int(most))
        for roster, most in zip(rosters(problem, who), problem.most, strict=True)
    )


def least_duties(problem: Problem, who: Ints) -> int:
    """I9: duties missing to the least that a teacher should have."""
    return sum(
        max(0, int(least) - len(roster))
        for roster, least in zip(rosters(problem, who), problem.least, strict=True)
    )


def pairs_met(problem: Problem, who: Ints) -> Iterator[tuple[int, int]]:
    """Every two teachers of one team, the smaller number first."""
    for posts in teams(problem):
        there = sorted(int(who[post]) for post in posts if who[post] != OPEN)
        yield from combinations(there, 2)


def pair_never(problem: Problem, who: Ints) -> int:
    """I14: rooms in which two watch who must not watch together."""
    apart = {(min(a, b), max(a, b)) for a, b in problem.never.tolist()}
    return sum(pair in apart for pair in pairs_met(problem, who))


def duty_pin(problem: Problem, who: Ints) -> int:
    """Pins that the plan does not keep."""
    return sum(all(who[post] != teacher for post in posts) for teacher, posts in problem.pins)


def woman_in_room(problem: Problem, who: Ints) -> int:
    """I6: rooms with all posts filled where women sit and none watches."""
    return sum(
        bool(posts)
        and bool(problem.team_wants_woman[team])
        and all(who[post] != OPEN and not problem.is_woman[who[post]] for post in posts)
        for team, posts in enumerate(teams(problem))
    )


def deviations(problem: Problem, who: Ints) -> Ints:
    """(teachers,) minutes above (or below, < 0) the target."""
    done = np.zeros(problem.teachers, np.int64)
    filled = np.asarray(who) != OPEN
    np.add.at(done, np.asarray(who)[filled], problem.minutes[filled])
    return done - problem.target


def unfair(off: int, free: int) -> int:
    """Minutes off, squared, by 60: half an hour 15, an hour 60, two hours 240; `free` of them are not."""
    return max(0, abs(off) - free) ** 2 // 60


def fair_minutes(problem: Problem, who: Ints) -> int:
    """I10: Σ over teachers of (minutes off target)² / 60."""
    return sum(unfair(int(off), problem.limits.free_minutes) for off in deviations(problem, who))


def juniors_first(problem: Problem, who: Ints) -> int:
    """I12: hours above target, times the ranks from there down to the most junior."""
    lowest = int(problem.rank.max(initial=0))
    steps = np.where(problem.rank > 0, lowest - problem.rank, 0)
    return int((steps * np.maximum(0, deviations(problem, who)) // 60).sum())


def days_of(problem: Problem, roster: list[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for post in roster:
        found[int(problem.day[post])].append(post)
    return found


def duties_a_day(problem: Problem, who: Ints) -> int:
    """I11, I16: duties on a day beyond the most."""
    return sum(
        max(0, len(posts) - problem.limits.a_day)
        for roster in rosters(problem, who)
        for posts in days_of(problem, roster).values()
    )


def duties_on_end(problem: Problem, who: Ints) -> int:
    """I11: duties in periods of a day that follow each other, beyond the most."""
    faults = 0
    for roster in rosters(problem, who):
        for posts in days_of(problem, roster).values():
            run, last = 0, -2
            for post in posts:
                run = run + 1 if problem.period[post] == last + 1 else 1
                last = int(problem.period[post])
                faults += run > problem.limits.on_end
    return faults


def duty_days(problem: Problem, who: Ints) -> int:
    """I11: days with a duty beyond the most."""
    return sum(
        max(0, len(days_of(problem, roster)) - problem.limits.days) for roster in rosters(problem, who)
    )


def duty_span(problem: Problem, who: Ints) -> int:
    """I11: started half hours by which a day lasts too long, from first duty's start to last one's end."""
    return sum(
        -(-max(0, int(max(problem.end[posts]) - problem.start[posts[0]]) - problem.limits.span) // 30)
        for roster in rosters(problem, who)
        for posts in days_of(problem, roster).values()
    )


def even_kinds(problem: Problem, who: Ints) -> int:
    """I13: of each kind, duties above the rounded-up or below the rounded-down share by target."""
    faults = 0
    for teacher, roster in enumerate(rosters(problem, who)):
        for place, kind in enumerate(KINDS):
            has = int(((problem.kind[roster] & kind) != 0).sum()) if roster else 0
            low, high = problem.kind_low[teacher, place], problem.kind_high[teacher, place]
            faults += max(0, int(has - high), int(low - has))
    return faults


def same_partner(problem: Problem, who: Ints) -> int:
    """I14: times that two watch a room together beyond the first."""
    return sum(times - 1 for times in Counter(pairs_met(problem, who)).values())


def same_duty_room(problem: Problem, who: Ints) -> int:
    """I14: times that a teacher has the same room beyond the first."""
    visits = Counter(
        (int(teacher), int(room))
        for teacher, room in zip(who, problem.room, strict=True)
        if teacher != OPEN and room != NONE
    )
    return sum(times - 1 for times in visits.values())


def pair_together(problem: Problem, who: Ints) -> int:
    """I14: duties that a pair could have had together: the fewer of their duties, less those together."""
    met = Counter(pairs_met(problem, who))
    duties = [len(roster) for roster in rosters(problem, who)]
    return sum(
        max(0, min(duties[a], duties[b]) - met[min(a, b), max(a, b)]) for a, b in problem.together.tolist()
    )


def both_sessions(problem: Problem, who: Ints) -> int:
    """I16: days with a duty beyond half of the duties, rounded up."""
    return sum(
        max(0, len(days_of(problem, roster)) - -(-len(roster) // 2)) for roster in rosters(problem, who)
    )


def moved_duty(problem: Problem, who: Ints) -> int:
    """I17: posts with another teacher than in the earlier plan, or with none."""
    return int(((problem.earlier != NONE) & (np.asarray(who) != problem.earlier)).sum())


COUNTED: dict[str, Callable[[Problem, Ints], int]] = {
    "unfilled": unfilled,
    "two_duties_at_once": two_duties_at_once,
    "teacher_away": banned(BAN_RULES["teacher_away"]),
    "not_senior": banned(BAN_RULES["not_senior"]),
    "relative_alone": relative_alone,
    "most_duties": most_duties,
    "pair_never": pair_never,
    "duty_pin": duty_pin,
    "own_exam_room": banned(BAN_RULES["own_exam_room"]),
    "own_exam_period": banned(BAN_RULES["own_exam_period"]),
    "woman_in_room": woman_in_room,
    "least_duties": least_duties,
    "fair_minutes": fair_minutes,
    "duties_a_day": duties_a_day,
    "duties_on_end": duties_on_end,
    "duty_days": duty_days,
    "duty_span": duty_span,
    "juniors_first": juniors_first,
    "even_kinds": even_kinds,
    "same_partner": same_partner,
    "same_duty_room": same_duty_room,
    "pair_together": pair_together,
    "both_sessions": both_sessions,
    "moved_duty": moved_duty,
}
