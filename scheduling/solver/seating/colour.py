"""Which exam sits on which chair of one room, so that no exam neighbours itself."""

import random
from itertools import combinations

import numpy as np

from .neighbours import Shape
from .problem import NOWHERE, Bools, Ints

REPAIR_STEPS = 400
EMPTY = -2  # a chair that has to stay free
MOST_SUBSETS = 10  # exams in a room up to which every split over two classes is looked at


def colour(
    shape: Shape,
    counts: dict[int, int],
    chairs: int,
    locked: Ints,
    chance: random.Random,
    wish: dict[int, int] | None = None,
) -> Ints:
    """(chairs,) the exam on each chair of the room, NOWHERE where it stays free.

    counts: chairs for each exam besides the locked ones. locked: (chairs,) exams that sit already. wish: the
    class of the first pattern that each exam would have.
    As few neighbours of one exam as are found; none wherever a pattern serves.
    """
    best, fewest = None, None
    for classes in shape.patterns:
        free = [part[locked[part] == NOWHERE] for part in classes]
        sizes = [len(part) for part in free]
        wished = _as_wished(sizes, counts, wish) if wish and classes is shape.patterns[0] else None
        for groups in [wished] if wished else _splits(sizes, counts):
            there = _fill(locked, free, groups)
            faults = count_faults(shape, there)
            if fewest is None or faults < fewest:
                best, fewest = there, faults
            if not faults:
                return there
    assert best is not None
    return _repair(shape, best, locked, chance)


def bring_forward(
    shape: Shape, there: Ints, locked: Ints, front: Bools, wanted: dict[int, int], chance: random.Random
) -> Ints:
    """The same exams with so many chairs in the front row for each, as far as that makes no new faults."""
    needs = {exam: count for exam, count in wanted.items() if count}
    if not needs:
        return there
    faults = count_faults(shape, there)
    for exam in sorted(needs, key=lambda exam: -needs[exam]):
        while int((front & (locked == NOWHERE) & (there == exam)).sum()) < needs[exam]:
            ahead = [
                chair
                for chair in shape.chairs.tolist()
                if front[chair]
                and locked[chair] == NOWHERE
                and there[chair] != exam
                and _can_spare(int(there[chair]), there, locked, front, needs)
            ]
            behind = [
                chair
                for chair in shape.chairs.tolist()
                if not front[chair] and locked[chair] == NOWHERE and there[chair] == exam
            ]
            better = next(
                (
                    changed
                    for chair in ahead
                    for other in behind
                    if count_faults(shape, changed := _exchanged(there, chair, other)) <= faults
                ),
                None,
            )
            if better is None and ahead and behind:
                # Exchange two all the same, hold the front row, and mend behind it.
                changed = _exchanged(there, ahead[0], behind[-1])
                held = np.where(front, changed, locked)
                held = np.where(front & (held == NOWHERE), EMPTY, held)
                mended = _repair(shape, changed, held, chance)
                better = mended if count_faults(shape, mended) <= faults else None
            if better is None:
                break
            there = better
    return there


def _can_spare(exam: int, there: Ints, locked: Ints, front: Bools, needs: dict[int, int]) -> bool:
    return int((front & (locked == NOWHERE) & (there == exam)).sum()) > needs.get(exam, 0) or exam == NOWHERE


def _exchanged(there: Ints, one: int, other: int) -> Ints:
    changed = there.copy()
    changed[[one, other]] = there[[other, one]]
    return changed


def count_faults(shape: Shape, there: Ints) -> int:
    one, other = there[shape.edges[:, 0]], there[shape.edges[:, 1]]
    return int(((one == other) & (one != NOWHERE)).sum())


def _as_wished(
    sizes: list[int], counts: dict[int, int], wish: dict[int, int]
) -> list[list[tuple[int, int]]] | None:
    groups = [
        [(exam, counts[exam]) for exam in counts if wish.get(exam) == place] for place in range(len(sizes))
    ]
    fits = all(sum(n for _exam, n in group) <= size for group, size in zip(groups, sizes, strict=True))
    return groups if fits and wish.keys() >= counts.keys() else None


def _splits(sizes: list[int], counts: dict[int, int]) -> list[list[list[tuple[int, int]]]]:
    """Ways to give the classes their exams: for each class (exam, chairs), the last resort last."""
    exams = sorted(counts, key=lambda exam: -counts[exam])
    found = []
    if len(sizes) == 2 and len(exams) <= MOST_SUBSETS:
        whole = sum(counts.values())
        for many in range(len(exams) + 1):
            for chosen in combinations(exams, many):
                first = sum(counts[exam] for exam in chosen)
                if first <= sizes[0] and whole - first <= sizes[1]:
                    rest = [exam for exam in exams if exam not in chosen]
                    found.append([[(e, counts[e]) for e in chosen], [(e, counts[e]) for e in rest]])
                    break
            if found:
                break
    if not found:
        found.append(_bins(sizes, exams, counts))
    found.append(_stretches(sizes, exams, counts))
    found.append(_stretches(sizes, exams[::-1], counts))
    return found


def _bins(sizes: list[int], exams: list[int], counts: dict[int, int]) -> list[list[tuple[int, int]]]:
    """Each exam whole in the fullest class that holds it; who fits nowhere is cut."""
    groups: list[list[tuple[int, int]]] = [[] for _ in sizes]
    free, cut = list(sizes), []
    for exam in exams:
        fits = [place for place, seats in enumerate(free) if seats >= counts[exam]]
        if fits:
            place = min(fits, key=lambda p: free[p])
            groups[place].append((exam, counts[exam]))
            free[place] -= counts[exam]
        else:
            cut.append(exam)
    for exam in cut:
        left = counts[exam]
        for place in sorted(range(len(free)), key=lambda p: -free[p]):
            count = min(left, free[place])
            if count:
                groups[place].append((exam, count))
                free[place] -= count
                left -= count
    return groups


def _stretches(sizes: list[int], exams: list[int], counts: dict[int, int]) -> list[list[tuple[int, int]]]:
    """One exam after the other along the classes."""
    groups: list[list[tuple[int, int]]] = [[] for _ in sizes]
    place, free = 0, sizes[0] if sizes else 0
    for exam in exams:
        left = counts[exam]
        while left and place < len(sizes):
            count = min(left, free)
            if count:
                groups[place].append((exam, count))
            left, free = left - count, free - count
            if not free:
                place += 1
                free = sizes[place] if place < len(sizes) else 0
    return groups


def _fill(locked: Ints, free: list[Ints], groups: list[list[tuple[int, int]]]) -> Ints:
    """Every second class is filled from its end, so that an exam cut in two has its halves far apart."""
    there = locked.copy()
    for number, (chairs, group) in enumerate(zip(free, groups, strict=True)):
        at, row = 0, chairs if number % 2 == 0 else chairs[::-1]
        for exam, count in group:
            there[row[at : at + count]] = exam
            at += count
    return there


def _repair(shape: Shape, there: Ints, locked: Ints, chance: random.Random) -> Ints:
    """Exchange two chairs at a time while that leaves fewer faults, now and then as many."""
    near: dict[int, list[int]] = {int(chair): [] for chair in shape.chairs}
    for a, b in shape.edges.tolist():
        near[a].append(b)
        near[b].append(a)
    now = there.tolist()
    movable = [chair for chair in near if locked[chair] == NOWHERE]
    faults, best, kept = count_faults(shape, there), None, list(now)

    def own(chair: int, exam: int, without: int) -> int:
        return sum(now[other] == exam for other in near[chair] if other != without) if exam != NOWHERE else 0

    fewest = faults
    for step in range(REPAIR_STEPS):
        if not faults:
            break
        bad = [chair for chair in movable if own(chair, now[chair], NOWHERE)]
        if not bad:
            break
        chair = chance.choice(bad)
        here = now[chair]
        price_here = own(chair, here, NOWHERE)
        choices = []
        for other in movable:
            there_now = now[other]
            if there_now == here:
                continue
            before = price_here + own(other, there_now, NOWHERE)
            after = own(chair, there_now, other) + own(other, here, chair)
            choices.append((after - before, chance.random(), other))
        if not choices:
            break
        change, _tie, other = min(choices)
        if change > 0 and step % 3:
            continue
        now[chair], now[other] = now[other], here
        faults += change
        if faults < fewest:
            fewest, kept = faults, list(now)
    best = np.array(kept, dtype=np.int64)
    return best
