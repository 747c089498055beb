"""Proof by integer programming (HiGHS) that some exams cannot all be placed.

x[e, p] = 1 if exam e is in period p; z[k, p, r] = 1 if part k uses room r there, y its seats. Where the rooms
would make the program too large, only the sums of seats are asked for: what is impossible then is so all the
more. Finding a plan is the search's business; here a time limit only means "not proved".
"""

from collections import defaultdict
from typing import Any

import highspy
import numpy as np

from . import score
from .model import can_be_seated, hard_edges
from .problem import (
    HARD,
    NO_LIMIT,
    ROOM_PAIR_KINDS,
    Problem,
    find_conflicts,
    possible_periods,
    without_soft_limits,
)

MOST_ROOM_VARIABLES = 12_000
INFINITY = highspy.kHighsInf


def is_impossible(problem: Problem, seconds: float) -> bool:
    """Whether it is proved, in so many seconds, that the exams cannot all be placed."""
    problem = without_soft_limits(problem)
    if not problem.exams:
        return False
    domain = possible_periods(problem) & can_be_seated(problem)
    if not domain.any(axis=1).all():
        return True
    program = _Program(problem, domain)
    return program.is_infeasible(seconds)


class _Program:
    def __init__(self, problem: Problem, domain: np.ndarray) -> None:
        self.problem, self.domain = problem, domain
        self.columns = 0
        self.upper: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[float, float, list[tuple[int, float]]]] = []
        self.x = {(int(e), int(p)): self.column() for e, p in np.argwhere(domain)}
        for e in range(problem.exams):
            self.row(1, 1, [(self.x[e, int(p)], 1) for p in np.flatnonzero(domain[e])])
        self.cliques()
        self.pair_rules()
        self.limits()
        if problem.parts:
            self.rooms()

    def column(self, upper: float = 1, whole: bool = True) -> int:
        self.upper.append(upper)
        self.whole.append(whole)
        self.columns += 1
        return self.columns - 1

    def row(self, low: float, high: float, terms: list[tuple[int, float]]) -> None:
        self.rows.append((low, high, terms))

    def cliques(self) -> None:
        """Exams that may not meet, by groups of which each two may not: fewer and stronger rows than by
        pairs."""
        edges = hard_edges(self.problem, find_conflicts(self.problem))
        near = defaultdict(set)
        for a, b in edges:
            near[a].add(b)
            near[b].add(a)
        open_edges = set(edges)
        while open_edges:
            clique = set(min(open_edges))
            around = set.intersection(*(near[e] for e in clique))
            while around:
                # Those that cover most pairs not covered yet.
                best = max(
                    around, key=lambda e: (sum((min(e, o), max(e, o)) in open_edges for o in clique), -e)
                )
                clique.add(best)
                around &= near[best]
            open_edges -= {(a, b) for a in clique for b in clique if a < b}
            for p in range(self.problem.periods):
                terms = [(self.x[e, p], 1.0) for e in sorted(clique) if (e, p) in self.x]
                if len(terms) > 1:
                    self.row(-INFINITY, 1, terms)

    def pair_rules(self) -> None:
        for rule in self.problem.pair_rules:
            if rule.weight != HARD or rule.kind in (*ROOM_PAIR_KINDS, "different_period"):
                continue
            broken = score.broken_table(self.problem, rule.kind, rule.value)
            for one, two, table in ((rule.a, rule.b, broken), (rule.b, rule.a, broken.T)):
                for here in np.flatnonzero(self.domain[one]).tolist():
                    there = np.flatnonzero(self.domain[two] & table[here]).tolist()
                    if there:
                        terms = [(self.x[two, other], 1.0) for other in there]
                        self.row(-INFINITY, 1, [(self.x[one, here], 1.0), *terms])

    def limits(self) -> None:
        problem = self.problem
        for each, most in (
            (np.ones(problem.exams), problem.period_max_exams),
            (problem.size, problem.period_max_candidates),
        ):
            for p in np.flatnonzero(most < min(NO_LIMIT, each.sum())).tolist():
                terms = [(self.x[e, p], float(each[e])) for e in range(problem.exams) if (e, p) in self.x]
                self.row(-INFINITY, float(most[p]), terms)

    def rooms(self) -> None:
        problem = self.problem
        cells = sum(
            int(problem.possible_rooms[k].sum()) * int(self.domain[e].sum())
            for k, e in enumerate(problem.part_exam)
        )
        if cells <= MOST_ROOM_VARIABLES:
            self.room_by_room()
        else:
            self.seats_by_group()

    def seats_by_group(self) -> None:
        """For each set of suitable rooms: the parts that must be inside have seats together."""
        problem = self.problem
        for mask in np.unique(problem.possible_rooms, axis=0):
            inside = np.flatnonzero(~(problem.possible_rooms & ~mask).any(axis=1))
            seats = problem.room_seats[mask].sum(axis=0)
            for p in range(problem.periods):
                terms: dict[Any, float] = defaultdict(float)
                for k in inside:
                    if (int(problem.part_exam[k]), p) in self.x:
                        terms[self.x[int(problem.part_exam[k]), p]] += float(problem.part_size[k])
                if sum(terms.values()) > seats[p]:
                    self.row(-INFINITY, float(seats[p]), list(terms.items()))

    def room_by_room(self) -> None:
        problem = self.problem
        z: dict[tuple[int, int, int], int] = {}
        in_room: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        taken: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
        for k, e in enumerate(problem.part_exam.tolist()):
            size, most = float(problem.part_size[k]), int(problem.max_rooms[e])
            for p in np.flatnonzero(self.domain[e]).tolist():
                uses, given = [], []
                for r in np.flatnonzero(problem.possible_rooms[k] & (problem.room_seats[:, p] > 0)).tolist():
                    seats = float(min(size, problem.room_seats[r, p]))
                    if most == 1 and seats < size:
                        continue
                    z[k, p, r] = use = self.column()
                    uses.append((use, 1.0))
                    in_room[p, r].append((k, use))
                    if most == 1:
                        taken[p, r].append((use, size))
                        continue
                    seated = self.column(seats, whole=False)
                    given.append((seated, 1.0))
                    taken[p, r].append((seated, 1.0))
                    self.row(-INFINITY, 0, [(seated, 1.0), (use, -seats)])
                here = self.x[e, p]
                if most == 1:
                    self.row(0, 0, [*uses, (here, -1.0)])
                else:
                    self.row(0, 0, [*given, (here, -size)])
                    self.row(-INFINITY, 0, [*uses, (here, -float(most))])
                    self.row(0, INFINITY, [*uses, (here, -1.0)])
        for (p, r), terms in taken.items():
            self.row(-INFINITY, float(problem.room_seats[r, p]), terms)
        self.exclusive(in_room)
        self.rooms_in_use(in_room)
        self.room_rules(z)

    def exclusive(self, in_room: dict[tuple[int, int], list[tuple[int, int]]]) -> None:
        problem = self.problem
        for there in in_room.values():
            for k, use in there:
                exam = problem.part_exam[k]
                if problem.exclusive[exam]:
                    others = [(other, 1.0) for j, other in there if problem.part_exam[j] != exam]
                    for other in others:
                        self.row(-INFINITY, 1, [(use, 1.0), other])

    def rooms_in_use(self, in_room: dict[tuple[int, int], list[tuple[int, int]]]) -> None:
        for p in np.flatnonzero(self.problem.period_max_rooms < self.problem.rooms).tolist():
            used = []
            for r in range(self.problem.rooms):
                if (p, r) in in_room:
                    room = self.column()
                    used.append((room, 1.0))
                    for _, use in in_room[p, r]:
                        self.row(-INFINITY, 0, [(use, 1.0), (room, -1.0)])
            self.row(-INFINITY, float(self.problem.period_max_rooms[p]), used)

    def room_rules(self, z: dict[tuple[int, int, int], int]) -> None:
        """Both kinds for exams of one part in one room each; different_room for all."""
        problem = self.problem
        parts_of = defaultdict(list)
        for k, e in enumerate(problem.part_exam.tolist()):
            parts_of[e].append(k)
        for rule in problem.pair_rules:
            if rule.kind not in ROOM_PAIR_KINDS:
                continue
            single = problem.max_rooms[rule.a] == problem.max_rooms[rule.b] == 1
            for j in parts_of[rule.a]:
                for k in parts_of[rule.b]:
                    for p in np.flatnonzero(self.domain[rule.a] & self.domain[rule.b]).tolist():
                        for r in range(problem.rooms):
                            one, two = z.get((j, p, r)), z.get((k, p, r))
                            if rule.kind == "different_room":
                                if one is not None and two is not None:
                                    self.row(-INFINITY, 1, [(one, 1.0), (two, 1.0)])
                            elif single and len(parts_of[rule.a]) == len(parts_of[rule.b]) == 1:
                                both = [(self.x[rule.a, p], 1.0), (self.x[rule.b, p], 1.0)]
                                terms = [(c, s) for c, s in ((one, 1.0), (two, -1.0)) if c is not None]
                                if terms:
                                    self.row(-INFINITY, 2, [*both, *terms])
                                    self.row(-INFINITY, 2, [*both, *((c, -s) for c, s in terms)])

    def is_infeasible(self, seconds: float) -> bool:
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = self.columns, len(self.rows)
        program.col_cost_ = np.zeros(self.columns)
        program.col_lower_ = np.zeros(self.columns)
        program.col_upper_ = np.array(self.upper)
        program.row_lower_ = np.array([low for low, _, _ in self.rows])
        program.row_upper_ = np.array([high for _, high, _ in self.rows])
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = np.concatenate(([0], np.cumsum([len(row[2]) for row in self.rows])))
        program.a_matrix_.index_ = np.array([c for row in self.rows for c, _ in row[2]], dtype=np.int32)
        program.a_matrix_.value_ = np.array([value for row in self.rows for _, value in row[2]], dtype=float)
        kinds = highspy.HighsVarType
        program.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in self.whole]
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("time_limit", max(0.05, seconds))
        # Any plan will do, so that the first one ends it.
        solver.setOptionValue("mip_max_improving_sols", 1)
        solver.passModel(program)
        solver.run()
        if solver.getModelStatus() == highspy.HighsModelStatus.kSolveError:
            # HiGHS 1.15 may presolve an impossible program to an empty one, and notices it at the end.
            solver.clearSolver()
            solver.setOptionValue("presolve", "off")
            solver.run()
        return bool(solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible)
