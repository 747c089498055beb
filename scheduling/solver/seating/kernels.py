"""Compiled: exchange two candidates of one exam, and what that costs.

Which exam sits on which chair stays, so that no hard rule is touched. Prices are those of `score`:
neighbours of one class, the same neighbour again, another room on the same day, roll numbers together, and
another chair than before.
"""

import numpy as np
from numba import njit

NEAR = 12  # places in the list
CLASS, AGAIN, ROOM, RANGE, MOVED = range(5)  # places in `price`

kernel = njit(cache=True, nogil=True, error_model="numpy")


@kernel
def _met(s, a, b, change):
    """Two students are neighbours once more (1) or less (-1): the change in the times beyond the first.

    Each has a list of all neighbours in the season, one entry for each time.
    """
    if change < 0:
        _forget(s, a, b)
        _forget(s, b, a)
    others = 0
    for at in range(s.met_many[a]):
        others += s.met[a, at] == b
    if change > 0:
        s.met[a, s.met_many[a]] = b
        s.met_many[a] += 1
        s.met[b, s.met_many[b]] = a
        s.met_many[b] += 1
    return change if others > 0 else 0


@kernel
def _forget(s, a, b):
    last = s.met_many[a] - 1
    for at in range(last + 1):
        if s.met[a, at] == b:
            s.met[a, at] = s.met[a, last]
            s.met_many[a] = last
            return


@kernel
def _beside(s, c, change):
    """Take a candidate out of its neighbours' company (change -1) or in (1); the change of cost."""
    cost = 0.0
    chair, period = s.chair[c], s.period[c]
    for at in range(s.near_ptr[chair], s.near_ptr[chair + 1]):
        other = s.on[period, s.near[at]]
        if other < 0:
            continue
        if s.cohort[c] >= 0 and s.cohort[c] == s.cohort[other]:
            cost += change * s.price[CLASS]
        if s.price[AGAIN] > 0:
            cost += s.price[AGAIN] * _met(s, s.student[c], s.student[other], change)
    return cost


@kernel
def _alone(s, c):
    """The candidate's own cost: rooms of its student that day, its neighbours in the list, its old chair."""
    room = s.room_of[s.chair[c]]
    cost = 0.0
    if s.price[ROOM] > 0:
        # Rooms that are new among the day's, each counted at its first candidate.
        first, last = s.day_ptr[s.day[c]], s.day_ptr[s.day[c] + 1]
        for i in range(first, last):
            mine = s.chair[s.day_list[i]]
            if mine < 0:
                continue
            is_new = i > first
            for j in range(first, i):
                before = s.chair[s.day_list[j]]
                if before >= 0 and s.room_of[before] == s.room_of[mine]:
                    is_new = False
            if is_new:
                cost += s.price[ROOM]
    for other in (c - 1, c + 1):
        is_listed = 0 <= other < len(s.chair) and s.exam[other] == s.exam[c] and s.chair[other] >= 0
        if is_listed and s.room_of[s.chair[other]] == room:
            cost -= s.price[RANGE]
    if s.before[c] >= 0 and s.before[c] != s.chair[c]:
        cost += s.price[MOVED]
    return cost


@kernel
def _sit(s, c, chair):
    s.chair[c] = chair
    s.on[s.period[c], chair] = c


@kernel
def _exchange(s, a, b):
    """Exchange two candidates' chairs; the change of cost."""
    one, other = s.chair[a], s.chair[b]
    period = s.period[a]
    cost = -_alone(s, a) - _alone(s, b)
    cost += _beside(s, a, -1)
    s.on[period, one] = -1  # of two neighbours the pair leaves once
    cost += _beside(s, b, -1)
    s.on[period, other] = -1
    _sit(s, a, other)
    cost += _beside(s, a, 1)
    _sit(s, b, one)
    cost += _beside(s, b, 1)
    return cost + _alone(s, a) + _alone(s, b)


@kernel
def fill(s):
    """Count all pairs of neighbours once."""
    for c in range(len(s.chair)):
        if s.chair[c] >= 0:
            s.on[s.period[c], s.chair[c]] = -1
    for c in range(len(s.chair)):
        if s.chair[c] >= 0:
            _beside(s, c, 1)
            s.on[s.period[c], s.chair[c]] = c


@kernel
def anneal(s, draws, heat, seed):
    """So many draws of two candidates of one part of an exam; the change of cost of those exchanged."""
    np.random.seed(seed)
    total = 0.0
    for _draw in range(draws):
        a = s.movable[np.random.randint(len(s.movable))]
        first, last = s.part_ptr[s.part[a]], s.part_ptr[s.part[a] + 1]
        if last - first < 2:
            continue
        # Half of them near by in the list, where most sit in the same room.
        at = first + np.random.randint(last - first)
        if np.random.randint(2):
            at = min(last - 1, max(first, s.place[a] + np.random.randint(-NEAR, NEAR + 1)))
        b = s.part_list[at]
        # In one list two who are neighbours in it are counted from both sides: leave those alone.
        if a == b or abs(a - b) < 2:
            continue
        change = _exchange(s, a, b)
        if change > 0 and np.random.random() >= np.exp(-change / heat):
            _exchange(s, a, b)
        else:
            total += change
    return total
