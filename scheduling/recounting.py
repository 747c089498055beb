"""After a change by hand: every rule counted afresh, and kept with the solution."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from . import findings, rules
from .adapter import timetable
from .models import Duty, Placement, Registration, Run, Solution
from .solver.timetable.score import evaluate

# Seasons with more registrations are counted by a worker; a page does not wait so long.
MOST_AT_ONCE = 20_000
# Until then the solution says so.
PENDING = rules.BEING_COUNTED
# Of the duties' measures what holds of the solver's own plan only.
PROVEN = {"bound", "gap", "least_open"}
# What a part that follows the datesheet may be short of.
SHORT = {Run.Part.SEATS.value: "unseated", Run.Part.DUTIES.value: "unfilled"}
COUNTED = ("measures", "by_rule", "hard", "cost", "findings", "unplaced", "unseated", "unfilled")


def recount_soon(solution: Solution) -> None:
    """With the change, in one transaction: the solution says that it is being counted.

    Who changed it calls `recount_if_quick` after that; where it is not, a worker is asked here.
    """
    solution.findings = until_counted(solution)
    _count_rows(solution)
    solution.save(update_fields=["findings", "unplaced", "unfilled"])
    if not _is_quick(solution):
        transaction.on_commit(lambda: async_task("scheduling.tasks.recount", solution.pk, cluster="sheets"))


def keep_part(
    solution: Solution, part: str, found: Any, *, measures: dict[str, Any], reasons: list[str]
) -> None:
    """What a part's solver counts after a change, in place of what it counted before. Part of the change.

    found: has counts, costs, hard and cost. reasons: what is short, where, and the cheapest cure.
    """
    by_rule = {
        code: {"count": count, "cost": found.costs.get(code, 0)}
        for code, count in found.counts.items()
        if count
    }
    before = solution.measures[part]
    told = {"hard": found.hard, "cost": found.cost, "reasons": reasons, "by_rule": by_rule}
    kept = {name: value for name, value in before.items() if name not in PROVEN}
    solution.measures[part] = kept | measures | told
    solution.hard += found.hard - before.get("hard", 0)
    others = {code: row for code, row in solution.by_rule.items() if code not in found.counts}
    solution.by_rule = others | by_rule
    said = [findings.Finding("error", SHORT[part], 0, reason)._asdict() for reason in reasons]
    old = before.get("reasons", ())
    solution.findings = [*(row for row in solution.findings if row["message"] not in old), *said]
    solution.save(update_fields=["unseated", "measures", "hard", "by_rule", "findings"])
    recount_soon(solution)


def recount_if_quick(solution: Solution) -> None:
    """Count at once, after the change is written: others who want to write do not wait for it."""
    if _is_quick(solution):
        recount(solution)


def _is_quick(solution: Solution) -> bool:
    return Registration.objects.for_project(solution.project).count() <= MOST_AT_ONCE


def recount(solution: Solution) -> None:
    """Keep what the solver and the independent check count now. Of seats and duties a rule costs its count
    times its price."""
    found = findings.check(solution)
    measures = {part: dict(told) for part, told in solution.measures.items()}
    measures["datesheet"] = measures.get("datesheet", {"reasons": []}) | datesheet_now(solution)
    for part in (Run.Part.SEATS.value, Run.Part.DUTIES.value):
        if part in measures:
            before = measures[part].get("cost")
            measures[part] |= _counted(part, found, solution)
            if measures[part]["cost"] != before:  # what was proven is of another plan, or other rules
                measures[part] = {k: told for k, told in measures[part].items() if k not in PROVEN}
    solution.measures = measures
    solution.by_rule = {code: row for told in measures.values() for code, row in told["by_rule"].items()}
    solution.hard = findings.count_hard(found)
    solution.cost = measures["datesheet"]["cost"]
    reasons = [row for row in solution.findings if row["level"] == "error" and not row["count"]]
    solution.findings = [*(finding._asdict() for finding in found), *reasons]
    missing = [finding.count for finding in found if finding.rule == "chair_missing"]
    solution.unseated = int(sum(missing))
    _count_rows(solution)
    with transaction.atomic():
        held = Solution.objects.select_for_update(no_key=True).filter(pk=solution.pk).first()
        # Whoever has changed it since has it counted again.
        if held is not None and held.changes == solution.changes:
            solution.save(update_fields=COUNTED)


def until_counted(solution: Solution) -> list[dict[str, Any]]:
    """The findings of a plan that has changed, until the full count: what is known, and that more follows."""
    words = _("The rules are being counted. Look again in a minute.")
    return [findings.Finding("warning", PENDING, 1, words)._asdict(), *_known_so_far(solution)]


def _known_so_far(solution: Solution) -> list[dict[str, Any]]:
    """The solution's findings, with what the parts' solvers count now of that which must hold.

    So the plan's hard faults have their rows at once; the full count says which they are.
    """
    settings = rules.settings_of(solution.project)
    counts = {
        code: row["count"]
        for told in solution.measures.values()
        for code, row in told["by_rule"].items()
        if rules.must_hold(code, settings)
    }
    words = _("Which ones is being counted.")
    known = [findings.Finding("error", code, count, words)._asdict() for code, count in counts.items()]
    # A reason for what is short counts nothing; it stays.
    others = [
        found
        for found in solution.findings
        if (found["level"] == "error" and not found["count"])
        or not (
            found["rule"] == PENDING or found["rule"] in counts or rules.must_hold(found["rule"], settings)
        )
    ]
    return [*known, *others]


def _count_rows(solution: Solution) -> None:
    solution.unplaced = Placement.objects.filter(solution=solution, period=None).count()
    solution.unfilled = Duty.objects.filter(solution=solution, teacher=None).count()


def datesheet_now(solution: Solution) -> dict[str, Any]:
    """What the solver counts of the plan's datesheet. Who has no chair lacks a place in a room too: once the
    plan has chairs, that is a fault of the seats only."""
    season = timetable.season_of(solution.project, stay_close_to=solution.stays_close_to)
    now = evaluate(season.problem, season.plan_of(solution))
    told_by_seats = {"unseated"} if Run.Part.SEATS in solution.measures else set()
    by_rule = {
        code: {"count": count, "cost": now.costs.get(code, 0)}
        for code, count in now.counts.items()
        if count and code not in told_by_seats
    }
    hard = now.hard - sum(now.counts[code] for code in told_by_seats)
    return {"hard": hard, "cost": round(now.cost), "by_rule": by_rule}


def _counted(part: str, found: list[findings.Finding], solution: Solution) -> dict[str, Any]:
    settings = rules.settings_of(solution.project)
    mine = [finding for finding in found if finding.count and _part_of(finding.rule) == part]
    by_rule = {}
    for finding in mine:
        price = settings[finding.rule].weight if finding.level == "warning" else 0
        by_rule[finding.rule] = {"count": finding.count, "cost": round(finding.count * price)}
    return {
        "hard": int(sum(finding.count for finding in mine if finding.level == "error")),
        "cost": sum(row["cost"] for row in by_rule.values()),
        "by_rule": by_rule,
    }


def _part_of(code: str) -> str:
    if code in rules.RULE_OF_CODE:
        return rules.RULE_OF_CODE[code].part
    if code in findings.HARD_RULES or code in findings.SOFT_RULES:
        return Run.Part.DATESHEET
    from .findings import seats  # it needs the tables of seats only where there are any

    return Run.Part.SEATS if code in seats.HARD_RULES else Run.Part.DUTIES
