"""After a change by hand: every rule counted afresh from the tables, and kept with the solution."""

from typing import Any

from . import findings, rules
from .models import Duty, Placement, Solution


def recount(solution: Solution) -> None:
    """Keep what the independent check finds now. What a rule costs is its count times its price."""
    settings = rules.settings_of(solution.project)
    found = findings.check(solution)
    old = solution.by_rule
    parts: dict[str, dict[str, Any]] = {
        part: {**told, "by_rule": {}, "hard": 0, "cost": 0} for part, told in solution.measures.items()
    }
    for finding in found:
        part = parts.get(_part_of(finding.rule, solution))
        if part is None or not finding.count:
            continue
        if finding.level == "error":
            part["hard"] += int(finding.count)
        before = old.get(finding.rule, {})
        if before.get("count") == finding.count:
            cost = before["cost"]
        else:
            price = settings[finding.rule].weight if finding.rule in settings else 0
            cost = round(finding.count * price)
        part["by_rule"][finding.rule] = {"count": finding.count, "cost": cost}
        part["cost"] += cost
    solution.measures = parts
    solution.by_rule = {code: row for part in parts.values() for code, row in part["by_rule"].items()}
    solution.hard = findings.count_hard(found)
    solution.cost = parts.get("datesheet", {}).get("cost", solution.cost)
    reasons = [row for row in solution.findings if row["level"] == "error" and not row["count"]]
    solution.findings = [*(finding._asdict() for finding in found), *reasons]
    solution.unplaced = Placement.objects.filter(solution=solution, period=None).count()
    solution.unfilled = Duty.objects.filter(solution=solution, teacher=None).count()
    solution.save()


def _part_of(code: str, solution: Solution) -> str:
    for part, told in solution.measures.items():
        if code in told.get("by_rule", {}):
            return part
    return rules.RULE_OF_CODE[code].part if code in rules.RULE_OF_CODE else "datesheet"
