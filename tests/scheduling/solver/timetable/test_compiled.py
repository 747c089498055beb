"""How the kernels are compiled: by reference, in parts, with Numba's settings compared by what is unusual."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numba.core.compiler import Flags
from numba.core.targetconfig import TargetConfig

from scheduling.solver.timetable.compiled import are_same, entry, kernel
from scheduling.solver.timetable.reference import refer_to


class Pair(NamedTuple):
    grid: np.ndarray
    row: np.ndarray
    number: int
    is_on: bool


@kernel
def fill(pair):
    for i in range(pair.grid.shape[0]):
        for j in range(len(pair.row)):
            pair.grid[i, j] += pair.row[j] * pair.number * pair.is_on
    return pair.grid.size


@entry
def fill_twice(pair):
    by_reference = refer_to(pair)
    return fill(by_reference) + fill(by_reference)


def test_a_kernel_reads_and_writes_what_the_reference_is_to() -> None:
    grid = np.zeros((2, 3), dtype=np.int32)
    assert fill_twice(Pair(grid, np.arange(3), 5, True)) == 12
    assert grid.tolist() == [[0, 10, 20], [0, 10, 20]]


def test_references_to_other_arrays_are_another_kernel() -> None:
    grid = np.zeros((2, 3), dtype=np.int64)
    assert fill_twice(Pair(grid, np.arange(3, dtype=np.int32), 5, True)) == 12
    assert grid.tolist() == [[0, 10, 20], [0, 10, 20]]


def test_settings_are_the_same_when_all_of_them_are() -> None:
    one, two, other = Flags(), Flags(), Flags()
    one.nrt = two.nrt = True
    two.no_compile = False  # as by default
    other.no_compile = True
    assert are_same(one, two)
    assert hash(one) == hash(two)
    assert not are_same(one, other)
    assert one.values() != other.values()
    assert TargetConfig.__eq__(one, 1) is NotImplemented


def test_code_of_others_is_compiled_as_ever() -> None:
    @njit
    def total(numbers: np.ndarray) -> int:
        return int(numbers.sum())

    assert total(np.arange(4)) == 6
