"""The largest exam that fits into a room is known exactly, and the patterns break no rule."""

from itertools import combinations

import numpy as np
import pytest

from scheduling.solver.seating.neighbours import largest_set, shape_of

from .worlds import halls


def shape(rows, columns, policy, **more):
    return shape_of(halls((rows, columns), exams=[(0, 1)], neighbours=policy, **more), 0)


# How full a room can be with 1, 2, 3 exams, in percent: an exact count of full grids.
TABLE = [
    (5, 5, "sides", (60, 100, 100)),
    (5, 5, "four", (52, 100, 100)),
    (5, 5, "eight", (36, 60, 84)),
    (6, 5, "sides", (60, 100, 100)),
    (6, 5, "four", (50, 100, 100)),
    (6, 5, "eight", (30, 60, 80)),
    (8, 5, "eight", (30, 60, 80)),
    (6, 6, "sides", (50, 100, 100)),
    (6, 6, "eight", (25, 50, 75)),
]


@pytest.mark.parametrize(("rows", "columns", "policy", "percent"), TABLE)
def test_a_room_fills_as_far_as_the_policy_lets_it(rows, columns, policy, percent):
    found = shape(rows, columns, policy)
    assert tuple(round(100 * found.most(exams) / (rows * columns)) for exams in (1, 2, 3)) == percent
    assert found.largest == found.most(1)


@pytest.mark.parametrize("policy", ["bench", "sides", "four", "eight", "distance"])
@pytest.mark.parametrize("seed", range(4))
def test_no_larger_set_of_chairs_without_neighbours_exists(policy, seed):
    """Against every subset of a small room with dead chairs."""
    chance = np.random.default_rng(seed)
    usable = chance.random(12) < 0.75
    bench = np.arange(12) // 2
    found = shape(
        3,
        4,
        policy,
        chair_usable=usable,
        chair_bench=bench,
        chair_x=np.tile([0, 0.7, 1.4, 2.1], 3),
        chair_y=np.repeat([0, 0.9, 1.8], 4),
    )
    chairs, edges = found.chairs.tolist(), {frozenset(pair) for pair in found.edges.tolist()}
    assert chairs == np.flatnonzero(usable).tolist()

    def is_free(chosen):
        return not any(frozenset(pair) in edges for pair in combinations(chosen, 2))

    best = max(n for n in range(len(chairs) + 1) if any(is_free(c) for c in combinations(chairs, n)))
    assert found.largest == best
    assert any(len(classes[0]) == best for classes in found.patterns)
    for classes in found.patterns:
        assert sorted(chair for part in classes for chair in part.tolist()) == chairs
        assert all(is_free(part.tolist()) for part in classes)


def test_who_is_a_neighbour_the_policy_says():
    """A room of two rows of two benches of two."""
    bench = [0, 0, 1, 1, 2, 2, 3, 3]
    count = {
        policy: len(shape(2, 4, policy, chair_bench=bench).edges)
        for policy in ("none", "bench", "sides", "four", "eight")
    }
    assert count == {"none": 0, "bench": 4, "sides": 6, "four": 10, "eight": 16}


def test_chairs_of_unknown_place_keep_no_distance_but_have_four_neighbours():
    assert len(shape(2, 2, "distance").edges) == 4


def test_chairs_nearer_than_the_distance_are_neighbours():
    places = {"chair_x": [0, 1, 0, 1], "chair_y": [0, 0, 1, 1]}
    assert len(shape(2, 2, "distance", metres=1.25, **places).edges) == 4
    assert len(shape(2, 2, "distance", metres=1.5, **places).edges) == 6
    assert len(shape(2, 2, "distance", metres=1.0, **places).edges) == 0


def test_an_aisle_parts_neighbours():
    found = shape(1, 3, "sides", chair_usable=[True, False, True])
    assert (len(found.edges), found.largest) == (0, 2)


def test_the_largest_set_of_an_odd_ring_is_proved():
    ring = np.array([(n, (n + 1) % 5) for n in range(5)])
    chosen, bound = largest_set(5, ring)
    assert (len(chosen), bound) == (2, 2)
