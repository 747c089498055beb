"""What is wrong with a plan, counted from the tables.

Every rule once more, written apart from the solver on purpose: after a run both must count the same. A rule
is a function from Facts to its faults; the number of its faults is the sum of their sizes.
"""

from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _

from ..models import Solution
from .facts import Facts, Fault, Finding
from .hard import HARD_RULES
from .soft import SOFT_RULES

__all__ = ["HARD_RULES", "SOFT_RULES", "Fault", "Finding", "check", "count_hard"]

WORST_SHOWN = 5


def check(solution: Solution) -> list[Finding]:
    """Every rule recounted from the tables. A rule that the project does not use is skipped, not green."""
    facts = Facts(solution)
    found = []
    for code, rule in HARD_RULES.items():
        is_soft = code in facts.settings and not facts.settings[code].is_hard
        found.append(_finding(code, "warning" if is_soft else "error", rule, facts))
    for code, rule in SOFT_RULES.items():
        setting = facts.settings.get(code)
        if setting is not None and not setting.is_on:
            found.append(Finding("skipped", code, 0, _("The project does not use this rule.")))
        elif code.startswith("moved_") and facts.earlier is None:
            found.append(Finding("skipped", code, 0, _("There is no earlier plan to stay with.")))
        else:
            found.append(_finding(code, "warning", rule, facts))
    if "seats" in solution.measures:
        from . import seats

        found.extend(seats.check(solution, facts))
    if "duties" in solution.measures:
        from . import duties

        found.extend(duties.check(solution))
    return found


def _finding(code: str, level: str, rule: Callable[[Facts], Iterator[Fault]], facts: Facts) -> Finding:
    faults = list(rule(facts))
    if not faults:
        return Finding("info", code, 0, _("No fault."))
    worst = sorted(faults, key=lambda fault: -fault.size)[:WORST_SHOWN]
    more = len(faults) - len(worst)
    about = "; ".join(fault.about for fault in worst) + (_("; and %d more") % more if more else "")
    count = round(sum(fault.size for fault in faults), 2)
    return Finding(level, code, int(count) if count == int(count) else count, about)


def count_hard(findings: list[Finding]) -> int:
    return int(sum(finding.count for finding in findings if finding.level == "error"))
