"""The exam timetable solver. Arrays in, arrays out: `make_problem`, then `solve`."""

from typing import TYPE_CHECKING
from typing import Any as Anything

from ..stop import Any, MaxSeconds, MaxSteps, NoImprovement
from .problem import HARD, UNPLACED, PairRule, Plan, Problem, make_problem
from .score import DEFAULT_WEIGHTS, RULES, Score, evaluate

if TYPE_CHECKING:
    from .search import Callbacks, Progress, Result, Step, solve

__all__ = [
    "DEFAULT_WEIGHTS",
    "HARD",
    "RULES",
    "UNPLACED",
    "Any",
    "Callbacks",
    "MaxSeconds",
    "MaxSteps",
    "NoImprovement",
    "PairRule",
    "Plan",
    "Problem",
    "Progress",
    "Result",
    "Score",
    "Step",
    "evaluate",
    "make_problem",
    "solve",
]


def __getattr__(name: str) -> Anything:
    """The search loads the compiler: only who searches pays for it, not who builds or scores a problem."""
    if name in __all__:
        from . import search

        return getattr(search, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
