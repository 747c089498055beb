"""What a planner reads of a rule, and what may be set."""

from typing import NamedTuple


class RuleInfo(NamedTuple):
    """A rule for the planner. `limit_label` and `days_label` name its two numbers, if it has them."""

    code: str
    words: str
    sentence: str
    is_on: bool = True
    is_hard: bool = False
    may_be_hard: bool = False
    may_be_soft: bool = True
    may_be_off: bool = True
    weight: int = 1
    limit: int | None = None
    limit_label: str = ""
    most: int = 10_000  # that the limit may be
    days: int | None = None
    days_label: str = ""
    part: str = "datesheet"  # of the plan: datesheet, seats or duties
