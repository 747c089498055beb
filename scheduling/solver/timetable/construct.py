"""The first plan: most constrained exam first; what is in its way makes room and is placed again later."""

import numpy as np

from .kernels import (
    BEST_UNPLACED,
    COST,
    NEVER,
    UNPLACED,
    apply,
    jit,
    keep_best,
    may_enter,
    next_random,
    put,
    seat,
    take,
)
from .model import BROKEN_LINK, IMPOSSIBLE, SOFT

FIXED = 1000  # history of a unit without a choice: nearly never ejected
TABU = 10  # steps that an ejected unit stays out of the period, and up to as many more


@jit
def screen(m, s):
    """Close the periods in which a unit could not be seated even alone. Run before anything is placed."""
    units, periods = m.static.shape
    for u in range(units):
        possible = 0
        for p in range(periods):
            if s.table[u, p] >= IMPOSSIBLE:
                continue
            fits = m.unit_exams[u] <= m.period_exams[p] and m.unit_candidates[u] <= m.period_candidates[p]
            for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
                if fits and seat(m, s, m.part[j], p, -1) == NEVER:
                    fits = False
            for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
                take(m, s, m.part[j])
            if fits:
                possible += 1
            else:
                s.table[u, p] += IMPOSSIBLE
        s.hopeless[u] = possible == 0
        if possible == 1:
            s.history[u] = FIXED


@jit
def remove(m, s, u):
    """Take unit u out of the plan."""
    s.move_unit[0] = u
    s.move_to[0] = -1
    apply(m, s, 1, -(s.table[u, s.period[u]] & SOFT), NEVER)


@jit
def place(m, s, u, p):
    """Place unit u in p if nothing is in the way. Returns whether it is."""
    s.move_unit[0] = u
    s.move_to[0] = p
    return apply(m, s, 1, s.table[u, p] & SOFT, NEVER)


@jit
def eject(m, s, u, step):
    """Take u out, remember it, and keep it out of that period for a while."""
    p = s.period[u]
    remove(m, s, u)
    s.history[u] += 1
    s.tabu[u, p] = step + TABU + np.int64(next_random(s) % np.uint64(TABU))


@jit
def most_constrained(m, s, step):
    """The unplaced unit with the fewest free periods, often ejected ones first; -1 if there is none."""
    periods = m.static.shape[1]
    chosen = -1
    lowest = 1e18
    for u in range(len(s.period)):
        if s.period[u] >= 0 or s.hopeless[u]:
            continue
        free = 0
        for p in range(periods):
            if s.table[u, p] <= SOFT:
                free += 1
        noise = np.float64(next_random(s) >> np.uint64(40)) / 2.0**24
        key = free - 0.3 * min(s.history[u], FIXED) - 1e-3 * (m.edge_ptr[u + 1] - m.edge_ptr[u])
        key -= 1e-5 * m.unit_candidates[u] + 0.1 * noise
        if key < lowest:
            lowest = key
            chosen = u
    return chosen


@jit
def build(m, s, steps):
    """Place units one after the other, so many steps at most. Returns the steps made; the best plan is kept."""
    units, periods = m.static.shape
    harm = np.zeros(periods)
    for step in range(steps):
        u = most_constrained(m, s, step)
        if u < 0:
            keep_best(m, s)
            return step
        for p in range(periods):
            noise = np.float64(next_random(s) >> np.uint64(40)) / 2.0**24
            price = s.table[u, p]
            harm[p] = 1e18
            if price < IMPOSSIBLE:
                harm[p] = 1e-6 * (price & SOFT) + 0.01 * noise
                if s.tabu[u, p] > step:
                    harm[p] += 20
                if s.seats_free[p] < m.unit_candidates[u] and m.part_ptr[u + 1] > m.part_ptr[u]:
                    harm[p] += 1.5
                if s.exams_in[p] + m.unit_exams[u] > m.period_exams[p]:
                    harm[p] += 1.5
                if s.candidates_in[p] + m.unit_candidates[u] > m.period_candidates[p]:
                    harm[p] += 1.5
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
        for _ in range(2 * periods):
            p = np.argmin(harm)
            if harm[p] >= 1e17:
                break
            # A period that looked free but has no room goes back in the queue, once.
            if harm[p] < 1 and s.table[u, p] <= SOFT:
                if place(m, s, u, p):
                    break
                harm[p] += 1.5
                continue
            clear(m, s, u, p, step)
            break
        if s.sums[UNPLACED] < s.sums[BEST_UNPLACED]:
            keep_best(m, s)
    return steps


@jit
def clear(m, s, u, p, step):
    """Place u in p and eject whatever is in the way: clashes, broken links, then exams until there is room."""
    for j in range(m.edge_ptr[u], m.edge_ptr[u + 1]):
        v = m.edge_to[j]
        if s.period[v] == p:
            eject(m, s, v, step)
    for j in range(m.link_ptr[u], m.link_ptr[u + 1]):
        v = m.link_to[j]
        if m.link_price[j] >= BROKEN_LINK and s.period[v] >= 0:
            if m.link_faults[m.link_kind[j], p, s.period[v]] > 0:
                eject(m, s, v, step)
    while not place(m, s, u, p):
        if s.members[p] == 0:
            return
        # Of three members at random, the one that was ejected least.
        victim = -1
        for _ in range(3):
            v = s.member[p, np.int64(next_random(s) % np.uint64(s.members[p]))]
            if victim < 0 or s.history[v] < s.history[victim]:
                victim = v
        eject(m, s, victim, step)


@jit
def load(m, s, period, slots, slot_room, slot_seats):
    """Place units as a given plan says, with its rooms where they are still right, else other rooms; what cannot
    be placed stays out."""
    for u in range(len(period)):
        p = period[u]
        if p < 0 or s.table[u, p] > SOFT:
            continue
        if not place(m, s, u, p):
            continue
        for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
            restore(m, s, m.part[j], p, slots, slot_room, slot_seats)
    keep_best(m, s)


@jit
def restore(m, s, k, p, slots, slot_room, slot_seats):
    """Put part k into the rooms of the given plan if they will have it."""
    wanted = 0
    first = m.slot_ptr[k]
    for i in range(first, first + slots[k]):
        wanted += slot_seats[i]
    if wanted != m.part_size[k] or slots[k] == 0:
        return
    before = s.slots[k]
    for i in range(before):
        s.saved_room[i] = s.slot_room[first + i]
        s.saved_seats[i] = s.slot_seats[first + i]
    cost = take(m, s, k)
    fits = True
    for i in range(first, first + slots[k]):
        r = slot_room[i]
        if m.part_price[k, r] < 0 or s.free[p, r] < slot_seats[i] or not may_enter(m, s, k, p, r):
            fits = False
            break
        cost += put(m, s, k, p, r, slot_seats[i])
    if not fits:
        cost += take(m, s, k)
        for i in range(before):
            cost += put(m, s, k, p, s.saved_room[i], s.saved_seats[i])
    s.sums[COST] += cost
