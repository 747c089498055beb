"""The seating solver. Arrays in, arrays out: `make_problem`, then `search.solve`."""

from .problem import NOWHERE, Problem, make_problem
from .score import DEFAULT_WEIGHTS, RULES, Score, evaluate

__all__ = ["DEFAULT_WEIGHTS", "NOWHERE", "RULES", "Problem", "Score", "evaluate", "make_problem"]
