"""What would cure a reason: candidates, each tried out; those that work, the cheapest first."""

import time

import numpy as np

from .changes import apply_fix
from .model import hard_edges
from .problem import NO_LIMIT, Plan, Problem, find_conflicts
from .reasons import Demand, Fix, Reason

# How much it asks of a planner, roughly: a rule of one's own is given up sooner than a room is built.
EFFORT = (
    "release_period",
    "drop_rule",
    "split_exam",
    "any_room",
    "free_person",
    "share_room",
    "other_person",
    "raise_exams",
    "raise_candidates",
    "raise_rooms",
    "longer_period",
    "allow_clash",
    "add_period",
    "larger_room",
    "more_seats",
)
MOST_PAIRS = 6


def place_all(problem: Problem, plan: Plan | None = None, seed: int = 1) -> tuple[Plan, np.ndarray]:
    """A plan of what can be placed quickly, prices apart, beginning from `plan`; and how often each exam had
    to make room for another."""
    from ..stop import MaxSteps
    from .search import Search

    search = Search(problem._replace(weights={}), MaxSteps(1), seed, {}, plan, None)
    search.act("start", 0.0, 0)
    search.construct()
    return search.best_plan(), search.state.history[search.units.unit]


def with_fixes(problem: Problem, plan: Plan, reason: Reason, until: float) -> Reason:
    """The reason with the fixes that leave fewer exams out than `plan` does, the best first. Those that could
    not be tried before `until` (of time.monotonic) come last, untried; if none works, none is told."""
    before = int((plan.period < 0).sum())
    tried, untried = [], []
    for fix in candidates(problem, reason):
        if time.monotonic() > until:
            untried.append(fix)
            continue
        after = place_all(apply_fix(problem, fix), plan)[0]
        left_out = int((after.period < 0).sum())
        if left_out < before:
            tried.append(fix._replace(left_out=left_out))
    tried.sort(key=lambda fix: (fix.left_out, EFFORT.index(fix.kind), fix.value))
    return reason._replace(fixes=(*tried, *untried))


def candidates(problem: Problem, reason: Reason) -> list[Fix]:
    """What may help, by the kind of the reason."""
    exams = reason.exams
    if reason.kind == "together":
        fixes = [fix for demand in reason.demands for fix in _against(problem, demand)]
        return _once([*fixes, Fix("add_period", exams)])
    short = reason.needed - reason.available
    by_kind = {
        "too_long": lambda: [*_longer(problem, exams), *_release(problem, exams)],
        "too_large": lambda: [
            Fix("split_exam", exams),
            Fix("any_room", exams),
            Fix("larger_room", exams, value=int(reason.needed)),
            *_release(problem, exams),
        ],
        "no_period": lambda: [*_release(problem, exams), *_people(problem, exams), *_longer(problem, exams)],
        "student": lambda: [*_release(problem, exams), *_clashes(problem, exams)],
        "clique": lambda: [*_release(problem, exams), *_clashes(problem, exams)],
        "person": lambda: [
            *_release(problem, exams),
            *(Fix("other_person", (exam,), who=reason.who) for exam in exams[:MOST_PAIRS]),
            *_people(problem, exams),
        ],
        "rules": lambda: [
            *_release(problem, exams),
            *(Fix("drop_rule", (rule.a, rule.b), rule=rule) for rule in reason.rules),
        ],
        "seats": lambda: [
            Fix("any_room", exams),
            *(Fix("more_seats", exams, value=seats) for seats in _shares(problem, exams, short)),
        ],
        "exams": lambda: [
            Fix("raise_exams", value=int(problem.period_max_exams.max()) + -(-short // problem.periods))
        ],
        "left_out": lambda: [*_release(problem, exams), *_in_the_way(problem, reason)],
    }
    return _once([*by_kind[reason.kind](), Fix("add_period", exams)])


def _against(problem: Problem, demand: Demand) -> list[Fix]:
    kind, exams = demand.kind, demand.exams
    if kind in ("fixed", "allowed"):
        return [Fix("release_period", (exam,)) for exam in exams[:MOST_PAIRS]]
    if kind == "rule":
        return [Fix("drop_rule", exams, rule=demand.rule)]
    if kind in ("clash", "clashes"):
        return _clashes(problem, exams)
    if kind == "away":
        return [Fix("free_person", exams, demand.periods, who=demand.who)]
    if kind == "person":
        return [Fix("other_person", (exam,), who=demand.who) for exam in exams[:MOST_PAIRS]]
    if kind == "long":
        return _longer(problem, exams)
    if kind in ("alone", "max_rooms", "rooms"):
        same = {"alone": "share_room", "max_rooms": "split_exam", "rooms": "any_room"}
        return [Fix(same[kind], (exam,)) for exam in exams[:MOST_PAIRS]]
    if kind == "seats":
        return [Fix("more_seats", exams, value=seats) for seats in _shares(problem, exams, 0)]
    if kind.startswith("period_"):
        what = kind.removeprefix("period_")
        limit = getattr(problem, kind.replace("period_", "period_max_"))
        least = int(limit[limit < NO_LIMIT].min(initial=NO_LIMIT))
        sizes = problem.size[list(exams)]
        steps = {1, 2} if what != "candidates" else {int(sizes.min()), int(sizes.max())}
        return [Fix(f"raise_{what}", exams, value=least + step) for step in sorted(steps)]
    return []


def _release(problem: Problem, exams: tuple[int, ...]) -> list[Fix]:
    bound = [e for e in exams if problem.pinned_period[e] >= 0 or not problem.exam_periods[e].all()]
    each = [Fix("release_period", (e,)) for e in bound[:MOST_PAIRS]]
    return [*each, Fix("release_period", tuple(bound))] if len(bound) > 1 else each


def _clashes(problem: Problem, exams: tuple[int, ...]) -> list[Fix]:
    """The pairs with the fewest students in common."""
    pairs = find_conflicts(problem)
    here = np.isin(pairs.a, exams) & np.isin(pairs.b, exams) & (pairs.barred > 0)
    rows = sorted(
        zip(pairs.barred[here].tolist(), pairs.a[here].tolist(), pairs.b[here].tolist(), strict=True)
    )
    return [Fix("allow_clash", (a, b), value=count) for count, a, b in rows[:MOST_PAIRS]]


def _people(problem: Problem, exams: tuple[int, ...]) -> list[Fix]:
    """Each of their people there when away, and somebody else instead."""
    mine = problem.person_exam[np.isin(problem.person_exam[:, 1], exams)]
    fixes = []
    for who in np.unique(mine[:, 0]).tolist():
        away = np.unique(problem.person_away[problem.person_away[:, 0] == who, 1])
        if len(away):
            fixes.append(Fix("free_person", exams, tuple(away.tolist()), who=who))
            fixes.append(Fix("other_person", tuple(mine[mine[:, 0] == who, 1].tolist()), who=who))
    return fixes


def _longer(problem: Problem, exams: tuple[int, ...]) -> list[Fix]:
    """A period that can be made long enough without touching the next."""
    clock = problem.period_day * 1440 + problem.period_start
    free_until = np.append(clock[1:], clock[-1] + 1440) - clock
    fixes = []
    for e in exams:
        long_enough = problem.duration[e] <= problem.period_length
        mine = problem.exam_periods[e] & ~long_enough & (problem.duration[e] <= free_until)
        if problem.pinned_period[e] >= 0:
            mine &= np.arange(problem.periods) == problem.pinned_period[e]
        order = np.flatnonzero(mine)[np.argsort(-problem.period_length[mine], kind="stable")]
        fixes += [Fix("longer_period", (e,), (int(p),), value=int(problem.duration[e])) for p in order[:2]]
    return fixes


def _shares(problem: Problem, exams: tuple[int, ...], short: int) -> list[int]:
    """How many seats more in every period: what is short shared out, then what the least exam needs."""
    sizes = np.sort(problem.size[list(exams)]) if exams else np.zeros(1, dtype=np.int64)
    return sorted({max(1, -(-short // problem.periods)), int(sizes[0]), int(sizes[-1])} - {0})


def _in_the_way(problem: Problem, reason: Reason) -> list[Fix]:
    """Clashes with those who alone hold a period."""
    (exam,) = reason.exams
    edges = hard_edges(problem, find_conflicts(problem))
    nearest = sorted((row for row in reason.in_the_way if row[1] == "clash"), key=lambda row: len(row[2]))
    fixes = []
    for _, _, others in nearest[:MOST_PAIRS]:
        if len(others) == 1 and (min(exam, others[0]), max(exam, others[0])) in edges:
            fixes += _clashes(problem, (exam, others[0]))
    if any(row[1] == "rooms" for row in reason.in_the_way):
        fixes.append(Fix("more_seats", reason.exams, value=int(problem.size[exam])))
    return fixes


def _once(fixes: list[Fix]) -> list[Fix]:
    return list(dict.fromkeys(fixes))
