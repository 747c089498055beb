"""Why a season cannot be placed whole: before solving and after.

`find_contradictions` looks for simple proofs that some exam must stay out; `explain` adds those that take a
search (together.py), what is in the way of exams for which there is no proof, and the fixes that work.
"""

import time
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from . import score
from .model import can_be_seated, hard_edges
from .problem import (
    HARD,
    NO_LIMIT,
    ROOM_PAIR_KINDS,
    Bools,
    Conflicts,
    PairRule,
    Plan,
    Problem,
    possible_periods,
    without_soft_limits,
)
from .problem import find_conflicts as _find_conflicts
from .reasons import Reason, numbers

MOST_STARTS = 200  # exams from which a clique is grown
MOST_TOGETHER = 8


def explain(
    problem: Problem, plan: Plan | None = None, *, seconds: float = 10.0, conflicts: Conflicts | None = None
) -> list[Reason]:
    """Why `plan` (by default one that is made quickly) leaves exams out, and the fixes that leave fewer out
    when tried, the best first. What can be proved comes first; exams that no proof names are told what is in
    their way. It takes about so many seconds; a fix that there was no time to try says so (left_out -1)."""
    from .fixes import place_all, with_fixes
    from .together import find_together

    began = time.monotonic()
    problem = without_soft_limits(problem)
    if plan is None:
        plan = place_all(problem)[0]
    left_out = set(np.flatnonzero(plan.period < 0).tolist())
    if not left_out:
        return []
    reasons = find_contradictions(problem, conflicts)
    rest = set(range(problem.exams))
    for reason in reasons:
        rest -= _freed(reason, left_out)
    for _ in range(MOST_TOGETHER):
        found = find_together(problem, rest, began + seconds / 2)
        if found is None:
            break
        reasons.append(found)
        rest -= _freed(found, left_out)
    told = {exam for reason in reasons for exam in reason.exams}
    reasons += [
        reason for reason in explain_left_out(problem, plan, conflicts) if not told.issuperset(reason.exams)
    ]
    return [with_fixes(problem, plan, reason, began + seconds) for reason in reasons]


def _freed(reason: Reason, left_out: set[int]) -> set[int]:
    """Exams without which the reason is none, as far as it can be told."""
    return left_out & set(reason.exams) or {reason.exams[0]}


def find_contradictions(problem: Problem, conflicts: Conflicts | None = None) -> list[Reason]:
    """Reasons why some exam must stay out, each proved by itself; the most telling first."""
    problem = without_soft_limits(problem)
    conflicts = _find_conflicts(problem) if conflicts is None else conflicts
    allowed = possible_periods(problem)
    able = can_be_seated(problem)
    alone = _alone(problem, allowed, able)
    told = {exam for reason in alone for exam in reason.exams}
    domain = allowed & able
    crowded = _crowded(problem, domain, told)
    told |= {exam for reason in crowded for exam in reason.exams}
    neighbours = defaultdict(set)
    for a, b in hard_edges(problem, conflicts):
        neighbours[a].add(b)
        neighbours[b].add(a)
    return (
        alone + crowded + _cliques(domain, neighbours, told) + _rules(problem, domain, told) + _sums(problem)
    )


def _alone(problem: Problem, allowed: Bools, able: Bools) -> list[Reason]:
    reasons = []
    for exam in np.flatnonzero(~(allowed & able).any(axis=1)).tolist():
        mine = problem.exam_periods[exam]
        fixed = int(problem.pinned_period[exam])
        if fixed >= 0:
            mine = mine & (np.arange(problem.periods) == fixed)
        longest = int(problem.period_length[mine].max(initial=0))
        if mine.any() and longest < problem.duration[exam]:
            reasons.append(
                Reason(
                    "too_long",
                    (exam,),
                    numbers(mine),
                    int(problem.duration[exam]),
                    longest,
                )
            )
        elif allowed[exam].any():
            parts = np.flatnonzero(problem.part_exam == exam)
            seats = [
                np.sort(problem.room_seats[problem.possible_rooms[k]][:, allowed[exam]], axis=0)[::-1][
                    : problem.max_rooms[exam]
                ]
                .sum(axis=0)
                .max(initial=0)
                for k in parts
            ]
            short = int(np.argmax(problem.part_size[parts] - np.array(seats)))
            reasons.append(
                Reason(
                    "too_large",
                    (exam,),
                    numbers(allowed[exam]),
                    int(problem.part_size[parts[short]]),
                    int(seats[short]),
                )
            )
        else:
            reasons.append(Reason("no_period", (exam,)))
    return reasons


def _crowded(problem: Problem, domain: Bools, told: set[int]) -> list[Reason]:
    """Students and people with more exams than periods to have them in; one reason for each set of exams."""
    exams_of: dict[tuple[str, int], list[int]] = defaultdict(list)
    if "clash" not in problem.soft:
        exam = np.repeat(np.arange(problem.exams), np.diff(problem.registration_ptr))
        counts = np.bincount(problem.registration_student, minlength=problem.students)
        spared = set(problem.allowed_clashes[:, 0].tolist())
        # Few periods for many exams can only be where the student has more exams than some exam has periods.
        least = int(domain.sum(axis=1).min(initial=problem.periods))
        for student, e in zip(problem.registration_student.tolist(), exam.tolist(), strict=True):
            if counts[student] > least and student not in spared:
                exams_of["student", student].append(e)
    if "person_clash" not in problem.soft:
        for person, e in np.unique(problem.person_exam, axis=0).tolist():
            exams_of["person", person].append(e)
    reasons: dict[tuple[int, ...], Reason] = {}
    for (kind, who), exams in exams_of.items():
        group = tuple(sorted(_tightest([e for e in exams if e not in told], domain)))
        if group and group not in reasons:
            periods = numbers(np.logical_or.reduce(domain[list(group)]))
            reasons[group] = Reason(kind, group, periods, len(group), len(periods), who)
    return list(reasons.values())


def _tightest(exams: list[int], domain: Bools) -> list[int]:
    """The smallest group of these exams (each two of which clash) with fewer periods than exams, found by
    their sets of periods; [] if there is none of that form."""
    best: list[int] = []
    sets = [domain[e] for e in exams]
    union = np.zeros(domain.shape[1], dtype=bool)
    for mask in [*sets, np.logical_or.reduce(sets) if sets else union]:
        inside = [e for e, own in zip(exams, sets, strict=True) if not (own & ~mask).any()]
        if len(inside) > mask.sum():
            inside = inside[: int(mask.sum()) + 1]
            if not best or len(inside) < len(best):
                best = inside
    return best


def _cliques(domain: Bools, neighbours: dict[int, set[int]], told: set[int]) -> list[Reason]:
    """Groups of exams of which each two clash, grown greedily, with fewer periods than exams."""
    reasons: list[Reason] = []
    starts = sorted(neighbours, key=lambda e: (int(domain[e].sum()), -len(neighbours[e])))[:MOST_STARTS]
    for start in starts:
        if start in told:
            continue
        clique, around = [start], neighbours[start] - told
        while around:
            # Those with the fewest periods of their own first, then those with most common neighbours.
            union = domain[clique].any(axis=0)
            nearest = min((int((domain[e] & ~union).sum()), -len(neighbours[e] & around), e) for e in around)[
                2
            ]
            clique.append(nearest)
            around = around & neighbours[nearest]
        group = _tightest(clique, domain)
        if group:
            periods = numbers(np.logical_or.reduce(domain[group]))
            exams = tuple(sorted(group))
            reasons.append(Reason("clique", exams, periods, len(exams), len(periods)))
            told |= set(exams)
    return reasons


def _rules(problem: Problem, domain: Bools, told: set[int]) -> list[Reason]:
    """Take away periods that a rule between two exams makes impossible until nothing changes; an exam
    without any left is in a contradiction with all rules that took some away, directly or through others."""
    rules = [rule for rule in problem.pair_rules if rule.weight == HARD and rule.kind not in ROOM_PAIR_KINDS]
    domain = domain.copy()
    blamed: dict[int, set[PairRule]] = defaultdict(set)
    holds = {(rule.kind, rule.value): ~score.broken_table(problem, rule.kind, rule.value) for rule in rules}
    reasons: list[Reason] = []
    changed = True
    while changed:
        changed = False
        for rule in rules:
            if rule.a in told or rule.b in told:
                continue
            table = holds[rule.kind, rule.value]
            for one, two, fits in ((rule.a, rule.b, table), (rule.b, rule.a, table.T)):
                left = domain[one] & fits[:, domain[two]].any(axis=1)
                if (left == domain[one]).all():
                    continue
                blamed[one] |= {rule} | blamed[two]
                domain[one] = left
                changed = True
                if not left.any():
                    guilty = tuple(blamed[one])
                    exams = tuple(sorted({e for r in guilty for e in (r.a, r.b)}))
                    reasons.append(Reason("rules", exams, rules=guilty))
                    told |= set(exams)
                    break
    return reasons


def _sums(problem: Problem) -> list[Reason]:
    """Seats of a group of rooms, and exams of all periods, that cannot suffice."""
    reasons = []
    held = int(np.minimum(problem.period_max_exams, problem.exams).sum())
    if held < problem.exams:
        exams = tuple(range(problem.exams))
        reasons.append(Reason("exams", exams, (), problem.exams, held))
    masks = (
        np.unique(problem.possible_rooms, axis=0)
        if problem.parts
        else np.zeros((0, problem.rooms), dtype=bool)
    )
    limits = np.minimum(problem.period_max_candidates, NO_LIMIT)
    for mask in masks:
        inside = ~(problem.possible_rooms & ~mask).any(axis=1)
        needed = int(problem.part_size[inside].sum())
        available = int(np.minimum(problem.room_seats[mask].sum(axis=0), limits).sum())
        if needed > available:
            exams = tuple(np.unique(problem.part_exam[inside]).tolist())
            reasons.append(Reason("seats", exams, (), needed, available))
    return reasons


def explain_left_out(problem: Problem, plan: Plan, conflicts: Conflicts | None = None) -> list[Reason]:
    """For each exam that the plan leaves out: what is in its way in every period."""
    problem = without_soft_limits(problem)
    conflicts = _find_conflicts(problem) if conflicts is None else conflicts
    left_out = set(np.flatnonzero(plan.period < 0).tolist())
    if not left_out:
        return []
    allowed = possible_periods(problem) & can_be_seated(problem)
    clashing = defaultdict(set)
    for a, b in hard_edges(problem, conflicts):
        if a in left_out:
            clashing[a].add(b)
        if b in left_out:
            clashing[b].add(a)
    exams_in = np.bincount(plan.period[plan.period >= 0], minlength=problem.periods)
    candidates_in = np.bincount(
        plan.period[plan.period >= 0], problem.size[plan.period >= 0], minlength=problem.periods
    )
    reasons = []
    for exam in sorted(left_out):
        obstacles: list[tuple[int, str, tuple[int, ...]]] = []
        for p in range(problem.periods):
            clashes = tuple(sorted(e for e in clashing[exam] if plan.period[e] == p))
            ruled = tuple(_rule_partners(problem, plan, exam, p))
            full = exams_in[p] >= problem.period_max_exams[p]
            full |= candidates_in[p] + problem.size[exam] > problem.period_max_candidates[p]
            if not allowed[exam, p]:
                obstacles.append((p, "closed", ()))
            elif clashes:
                obstacles.append((p, "clash", clashes))
            elif ruled:
                obstacles.append((p, "rule", ruled))
            else:
                obstacles.append((p, "full" if full else "rooms", ()))
        reasons.append(Reason("left_out", (exam,), in_the_way=tuple(obstacles)))
    return reasons


def _rule_partners(problem: Problem, plan: Plan, exam: int, period: int) -> Iterable[int]:
    """Exams whose hard rule with this one would be broken if it were in the period."""
    here = np.array([period])
    for rule in problem.pair_rules:
        if rule.weight != HARD or rule.kind in ROOM_PAIR_KINDS or exam not in (rule.a, rule.b):
            continue
        other = rule.b if rule.a == exam else rule.a
        there = plan.period[other : other + 1]
        if there[0] < 0:
            continue
        p, q = (here, there) if rule.a == exam else (there, here)
        if score.is_broken(problem, rule.kind, rule.value, p, q)[0]:
            yield other
