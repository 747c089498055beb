"""Who sits too near to whom: the chairs of a room as a graph, its largest sets of chairs without neighbours.

Chairs that are neighbours under the policy are joined by an edge. An exam may take a set of chairs without an
edge between them (an independent set): the largest exam that fits into a room is the largest such set. Its
size is exact here, by matching where the graph is bipartite, else by integer programming. A pattern cuts
all chairs of a room into such sets (classes); giving each exam a stretch of one class breaks no rule.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .problem import Ints, Problem

EXACT_SECONDS = 5.0  # for the largest set of one layout, where no formula is known


class Shape(NamedTuple):
    """One layout under one policy. Chairs are numbered as in the room, the unusable ones left out of all.

    edges: (n, 2). patterns: ways to cut the chairs into classes. largest: the most chairs that one exam may
    take; no more are possible. fill: the most chairs that 1, 2, … exams take together by the patterns.
    """

    chairs: Ints
    edges: Ints
    patterns: tuple[tuple[Ints, ...], ...]
    largest: int
    fill: tuple[int, ...]

    def most(self, exams: int) -> int:
        return self.fill[min(exams, len(self.fill)) - 1] if exams > 0 else 0


def shapes_of(problem: Problem) -> list[Shape]:
    """The shape of every room; rooms of one layout share it."""
    return [shape_of(problem, room) for room in range(problem.rooms)]


def shape_of(problem: Problem, room: int) -> Shape:
    here = slice(problem.room_ptr[room], problem.room_ptr[room + 1])
    usable = problem.chair_usable[here]
    chairs = np.flatnonzero(usable)
    bench = np.unique(problem.chair_bench[here][chairs], return_inverse=True)[1]
    policy = problem.neighbours
    places: tuple[tuple[float, float], ...] = ()
    if policy == "distance":
        x, y = problem.chair_x[here][chairs], problem.chair_y[here][chairs]
        if np.isnan(x).any() or np.isnan(y).any():
            policy = "four"
        else:
            places = tuple(zip(x.tolist(), y.tolist(), strict=True))
    return _shape(
        policy,
        tuple(chairs.tolist()),
        tuple(problem.chair_row[here][chairs].tolist()),
        tuple(problem.chair_across[here][chairs].tolist()),
        tuple(bench.tolist()) if policy == "bench" else (),
        places,
        problem.metres if policy == "distance" else 0.0,
    )


@lru_cache(maxsize=512)
def _shape(
    policy: str,
    chairs: tuple[int, ...],
    row: tuple[int, ...],
    across: tuple[int, ...],
    bench: tuple[int, ...],
    places: tuple[tuple[float, float], ...],
    metres: float,
) -> Shape:
    names = np.array(chairs, dtype=np.int64)
    count = len(chairs)
    rows, columns = np.array(row, dtype=np.int64), np.array(across, dtype=np.int64)
    if policy == "none" or count == 0:
        return Shape(names, np.zeros((0, 2), dtype=np.int64), ((names,),), count, (count,))
    if policy == "bench":
        edges = _within(bench)
        cuts = [_classes(_rank_in(bench))]
        largest = len(set(bench))
    elif policy == "distance":
        edges = _near(np.array(places), metres)
        best, largest = largest_set(count, edges)
        cuts = [_greedy(count, edges, best), *_lattices(rows, columns, edges)]
    elif policy == "eight":
        edges = _beside(row, across, ((0, 1), (1, 0), (1, 1), (1, -1)))
        parity = [
            _classes((2 * ((rows - a) % 2) + (columns - b) % 2).tolist()) for a in (0, 1) for b in (0, 1)
        ]
        cuts = parity
        largest = max(len(classes[0]) for classes in cuts)
        if count != (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1):
            best, largest = largest_set(count, edges)
            cuts = [*cuts, _greedy(count, edges, best)]
    else:
        steps = ((0, 1), (1, 0)) if policy == "four" else ((0, 1),)
        edges = _beside(row, across, steps)
        cuts = [_classes(((rows + columns) % 2).tolist())]
        if policy == "sides":
            cuts.append(_classes((columns % 2).tolist()))
        best = _largest_bipartite(count, edges, (rows + columns) % 2)
        largest = len(best)
        if largest > max(len(classes[0]) for classes in cuts):
            cuts.append(_greedy(count, edges, best))
    patterns = tuple(tuple(names[part] for part in classes) for classes in _distinct(cuts))
    sizes = [np.cumsum(sorted((len(part) for part in classes), reverse=True)) for classes in patterns]
    most = max(len(size) for size in sizes)
    fill = tuple(max(int(size[min(n, len(size) - 1)]) for size in sizes) for n in range(most))
    return Shape(names, names[edges], patterns, largest, (max(fill[0], largest), *fill[1:]))


def largest_set(count: int, edges: Ints) -> tuple[Ints, int]:
    """A largest set of points without an edge between them, and a proven bound on its size.

    By integer programming over cliques. Where the time is not enough the bound is above the set.
    """
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", EXACT_SECONDS)
    for _point in range(count):
        solver.addVar(0.0, 1.0)
    solver.changeColsIntegrality(
        count, np.arange(count), np.full(count, highspy.HighsVarType.kInteger, dtype=object)
    )
    solver.changeColsCost(count, np.arange(count), np.full(count, -1.0))
    for clique in _cliques(count, edges):
        solver.addRow(-highspy.kHighsInf, 1.0, len(clique), clique, np.ones(len(clique)))
    solver.run()
    chosen = np.flatnonzero(np.array(solver.getSolution().col_value) > 0.5)
    bound = int(np.floor(-solver.getInfo().mip_dual_bound + 1e-6)) if len(edges) else count
    return chosen, max(bound, len(chosen))


def _cliques(count: int, edges: Ints) -> list[NDArray[np.int32]]:
    """Sets of points that all neighbour each other and together hold every edge."""
    near: list[set[int]] = [set() for _ in range(count)]
    for a, b in edges.tolist():
        near[a].add(b)
        near[b].add(a)
    found, covered = [], set()
    for a, b in edges.tolist():
        if (a, b) in covered:
            continue
        clique = [a, b]
        for c in sorted(near[a] & near[b]):
            if all(c in near[d] for d in clique):
                clique.append(c)
        covered |= {(x, y) for x in clique for y in clique}
        found.append(np.array(clique, dtype=np.int32))
    return found


def _largest_bipartite(count: int, edges: Ints, side: Ints) -> Ints:
    """König: all points less a largest matching, found by augmenting paths."""
    near: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges.tolist():
        near[a].append(b)
        near[b].append(a)
    mate = [-1] * count
    left = np.flatnonzero(side == 0).tolist()

    def augment(start: int) -> bool:
        came: dict[int, int] = {}
        queue = [start]
        for point in queue:
            for other in near[point]:
                if other in came:
                    continue
                came[other] = point
                if mate[other] < 0:
                    while other >= 0:
                        point = came[other]
                        mate[other], mate[point], other = point, other, mate[point]
                    return True
                queue.append(mate[other])
        return False

    for point in left:
        if mate[point] < 0:
            augment(point)
    # What a free left point reaches by alternating paths: those left points and the other right ones.
    seen = {point for point in left if mate[point] < 0}
    queue = list(seen)
    reached = set()
    for point in queue:
        for other in near[point]:
            if other not in reached:
                reached.add(other)
                if mate[other] not in seen:
                    seen.add(mate[other])
                    queue.append(mate[other])
    right = set(range(count)) - set(left)
    return np.array(sorted(seen | (right - reached)), dtype=np.int64)


def _classes(colour: Iterable[int]) -> list[Ints]:
    """Points by colour, the largest class first, in order within each."""
    found: dict[int, list[int]] = defaultdict(list)
    for point, name in enumerate(colour):
        found[name].append(point)
    return [np.array(points, dtype=np.int64) for points in sorted(found.values(), key=lambda c: -len(c))]


def _rank_in(group: Iterable[int]) -> list[int]:
    """The how-many-th of its group each point is."""
    seen: dict[int, int] = defaultdict(int)
    ranks = []
    for name in group:
        ranks.append(seen[name])
        seen[name] += 1
    return ranks


def _within(group: tuple[int, ...]) -> Ints:
    members: dict[int, list[int]] = defaultdict(list)
    for point, name in enumerate(group):
        members[name].append(point)
    pairs = [(a, b) for points in members.values() for n, a in enumerate(points) for b in points[n + 1 :]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _beside(row: tuple[int, ...], across: tuple[int, ...], steps: tuple[tuple[int, int], ...]) -> Ints:
    at = {place: point for point, place in enumerate(zip(row, across, strict=True))}
    pairs = [
        (point, at[r + down, c + right])
        for (r, c), point in at.items()
        for down, right in steps
        if (r + down, c + right) in at
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _near(places: np.ndarray, metres: float) -> Ints:
    apart = np.hypot(*(places[:, None, :] - places[None, :, :]).transpose(2, 0, 1))
    return np.argwhere(np.triu(apart < metres - 1e-9, 1))


def _greedy(count: int, edges: Ints, first: Ints) -> list[Ints]:
    """Classes, the given one first, then each as large as a look at the free points in order makes it."""
    near: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges.tolist():
        near[a].append(b)
        near[b].append(a)
    colour = [-1] * count
    for point in first.tolist():
        colour[point] = 0
    name = 0
    while -1 in colour:
        name += 1
        for point in range(count):
            if colour[point] < 0 and all(colour[other] != name for other in near[point]):
                colour[point] = name
    return _classes(colour)


def _lattices(rows: Ints, columns: Ints, edges: Ints) -> list[list[Ints]]:
    """Regular patterns, every a-th row and b-th place, that break no edge; the one of fewest classes."""
    for a, b in sorted(((a, b) for a in range(1, 6) for b in range(1, 6)), key=lambda ab: ab[0] * ab[1]):
        colour = (rows % a) * b + columns % b
        if not (colour[edges[:, 0]] == colour[edges[:, 1]]).any():
            return [_classes(colour.tolist())]
    return []


def _distinct(cuts: list[list[Ints]]) -> list[list[Ints]]:
    seen: dict[tuple, list[Ints]] = {}
    for classes in cuts:
        seen.setdefault(tuple(part.tobytes() for part in classes), classes)
    return list(seen.values())
