"""The exam timetable solver. Arrays in, arrays out: `make_problem`, then `solve`."""

from ..stop import Any, MaxSeconds, MaxSteps, NoImprovement
from .problem import HARD, UNPLACED, PairRule, Plan, Problem, make_problem
from .score import DEFAULT_WEIGHTS, RULES, Score, evaluate
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
