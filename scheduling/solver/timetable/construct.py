"""The first plan: most constrained exam first; what is in its way makes room and is placed again later."""

import numpy as np

from .compiled import entry, kernel
from .kernels import apply, eject, keep_best, next_random
from .model import BROKEN_LINK, IMPOSSIBLE
from .reference import refer_to
from .state import BEST_UNPLACED, BUILT, HAS_WISHES, NEVER, UNPLACED

FIXED = 1000  # history of a unit without a choice: nearly never ejected
TABU = 10  # steps that an ejected unit stays out of the period, and up to as many more
FIRST = 1 << 32  # rank beyond any number of neighbours
CLOSED = 1e18  # harm of a period where the unit cannot be


@kernel
def noise(s):
    """A uniform draw from 0 to 1."""
    return np.float64(next_random(s) >> np.uint64(40)) / 16777216.0


@kernel
def most_constrained(m, s):
    """The unplaced unit with the fewest free periods, often ejected ones first; -1 if none can be placed."""
    chosen = -1
    if s.sums[HAS_WISHES]:
        # Those first that others make room for least easily; last those whose rooms are not to be had.
        most = -1
        for u in range(len(s.period)):
            if s.wish_period[u] != -1:
                rank = m.edge_ptr[u + 1] - m.edge_ptr[u] + (FIRST if s.wish_period[u] >= 0 else 0)
                if rank > most:
                    most = rank
                    chosen = u
        if chosen >= 0:
            return chosen
    lowest = CLOSED
    for u in range(len(s.period)):
        if s.period[u] >= 0:
            continue
        free = 0
        possible = 0
        for p in range(len(s.members)):
            free += s.clashes[u, p] == 0
            possible += s.clashes[u, p] < IMPOSSIBLE
        if possible == 0:
            continue
        if possible == 1:
            s.history[u] = max(s.history[u], FIXED)
        key = free - 0.3 * min(s.history[u], FIXED) - 0.001 * (m.edge_ptr[u + 1] - m.edge_ptr[u])
        key += 0.1 * noise(s) - 0.00001 * m.unit_candidates[u]
        if key < lowest:
            lowest = key
            chosen = u
    return chosen


@kernel
def measure_harm(m, s, u, step, harm):
    """What placing unit u in each period ejects, by how hard that was to place; a little for its price."""
    periods = len(harm)
    for p in range(periods):
        harm[p] = CLOSED
        if s.clashes[u, p] < IMPOSSIBLE:
            harm[p] = 0.000001 * s.table[u, p] + 0.01 * noise(s)
            if s.tabu[u, p] > step:
                harm[p] += 20
            short = np.int64(0)
            if m.part_ptr[u + 1] > m.part_ptr[u]:
                short = m.unit_candidates[u] - s.seats_free[p]
            short = max(short, s.candidates_in[p] + m.unit_candidates[u] - m.period_candidates[p])
            exams = max(0, s.exams_in[p] + m.unit_exams[u] - m.period_exams[p])
            if (short > 0 or exams > 0) and s.members[p] > 0:
                # About how many must go, at the trouble of an average one.
                trouble = 0.0
                seated = 0.0
                for i in range(s.members[p]):
                    trouble += 1 + s.history[s.member[p, i]]
                    seated += m.unit_candidates[s.member[p, i]]
                leave = max(short / max(1.0, seated / s.members[p]), np.float64(exams))
                harm[p] += 0.5 + max(1.0, leave) * trouble / s.members[p]
    for j in range(m.edge_ptr[u], m.edge_ptr[u + 1]):
        v = m.edge_to[j]
        if s.period[v] >= 0:
            harm[s.period[v]] += 1 + s.history[v]
    for j in range(m.link_ptr[u], m.link_ptr[u + 1]):
        v = m.link_to[j]
        if m.link_price[j] >= BROKEN_LINK and s.period[v] >= 0:
            for p in range(periods):
                if m.link_faults[m.link_kind[j], p, s.period[v]] > 0:
                    harm[p] += 1 + s.history[v]


@kernel
def in_the_way(m, s, u, p):
    """A unit that must leave so that u can be in p: a clash, a broken link, or, for want of room, the
    exam of the period that gives most seats for the trouble that it is. -1 if the period is empty."""
    for j in range(m.edge_ptr[u], m.edge_ptr[u + 1]):
        v = m.edge_to[j]
        if s.period[v] == p:
            return np.int64(v)
    for j in range(m.link_ptr[u], m.link_ptr[u + 1]):
        v = m.link_to[j]
        q = s.period[v]
        if m.link_price[j] >= BROKEN_LINK and q >= 0 and m.link_faults[m.link_kind[j], p, q] > 0:
            return np.int64(v)
    victim = np.int64(-1)
    lowest = CLOSED
    need = max(1, m.unit_candidates[u] - s.seats_free[p])
    for i in range(s.members[p]):
        v = np.int64(s.member[p, i])
        key = (1 + s.history[v]) * (0.5 + noise(s)) / min(need, max(1, m.unit_candidates[v]))
        if key < lowest:
            lowest = key
            victim = v
    return victim


@kernel
def smallest(harm):
    """The period with the least harm."""
    p = 0
    for q in range(1, len(harm)):
        if harm[q] < harm[p]:
            p = q
    return p


@kernel
def mend(m, s):
    """Place what could not be placed as wished where it costs least, all in its way going each to their
    cheapest other period, if one can be had so."""
    for u in range(len(s.period)):
        if s.period[u] >= 0:
            continue
        for p in range(len(s.harm)):
            s.harm[p] = CLOSED
            if s.clashes[u, p] < IMPOSSIBLE:
                _, delta = eject(m, s, u, -1, p)
                s.harm[p] = delta if delta < NEVER else CLOSED
        while True:
            p = smallest(s.harm)
            if s.harm[p] >= CLOSED:
                break
            n, delta = eject(m, s, u, -1, p)
            if apply(m, s, n, delta, NEVER, NEVER):
                break
            s.harm[p] = CLOSED


@entry
def build(model, state, steps):
    """Place units one after the other, so many steps at most, those with a wish first. Returns the steps
    made; the best plan is kept."""
    m = refer_to(model)
    s = refer_to(state)
    harm = s.harm
    for made_steps in range(steps):
        u = most_constrained(m, s)
        if u < 0:
            keep_best(m, s)
            return made_steps
        if s.sums[HAS_WISHES] and s.wish_period[u] == -1:
            s.sums[HAS_WISHES] = 0
            mend(m, s)
            continue
        step = s.stats[BUILT]
        s.stats[BUILT] += 1
        measure_harm(m, s, u, step, harm)
        tries = 0
        made = False
        p = s.wish_period[u]
        is_wish = p != -1
        if p < -1:
            p = -2 - p
        elif p < 0:
            p = smallest(harm)
        if harm[p] >= CLOSED:
            s.wish_period[u] = -1
            continue
        while True:
            # Either u goes to p or, where something is in the way, that leaves.
            unit = u
            to = p
            if harm[p] >= 1 and not is_wish:
                blocked = s.clashes[u, p] > 0
                if blocked or tries < 0:
                    unit = in_the_way(m, s, u, p)
                    to = -1
                    if unit < 0:
                        # Not even the empty period will do.
                        s.clashes[u, p] += IMPOSSIBLE
                        break
            where = s.period[unit]
            price = np.int64(s.table[unit, to if to >= 0 else where])
            s.move_unit[0] = unit
            s.move_to[0] = to
            made = s.clashes[unit, to if to >= 0 else where] == 0 and apply(
                m, s, 1, price if to >= 0 else -price, NEVER, NEVER
            )
            if to < 0:
                s.history[unit] += 1
                s.tabu[unit, where] = step + TABU + np.int64(TABU * noise(s))
                tries = 0
            elif made or is_wish:
                break
            elif harm[p] < 1 and tries < len(harm):
                # It looked free but has no room: the next best first.
                harm[p] += 1.5
                tries += 1
                p = smallest(harm)
            else:
                tries = -1
                harm[p] += 1
        if is_wish:
            # The rooms that it wished for are not to be had: once more with any, after all other wishes.
            s.wish_period[u] = -1 if made or s.wish_period[u] < 0 else -2 - p
            for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
                s.wish_slots[m.part[j]] = 0
        if s.sums[UNPLACED] < s.sums[BEST_UNPLACED]:
            keep_best(m, s)
    return steps
