"""The speed: the compiled moves on the state of the search. README.md has the formulas.

No kernel breaks a hard rule: what is placed is placed rightly, what cannot be placed stays out.
"""

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from .compiled import add_block, entry, inlined, kernel
from .counts import (
    count_in,
    count_moves,
    crowd_cost,
    excess_change,
    least_travel,
    link_cost,
    shift_crowd,
    shift_travel,
    unit_travel,
)
from .model import BLOCK, BROKEN_LINK, IMPOSSIBLE
from .reference import refer_to
from .rooms import (
    empty_relief,
    enter_price,
    may_enter,
    missing_seats,
    move_rooms,
    put,
    relief,
    take,
)
from .state import (
    BEST,
    BEST_UNPLACED,
    CHAIN_UNITS,
    CHAINED,
    CHAINS,
    COST,
    DRAWN,
    EJECTED,
    EJECTION,
    KEMPE,
    MADE,
    MISSING,
    MOST_EJECTED,
    NEVER,
    PERIOD_SWAP,
    REFUSED,
    ROOM_MOVE,
    ROOM_MOVED,
    SHIFTED,
    SWAPPED,
    TWO_SEED,
    UNDECIDED,
    UNPLACED,
)


@kernel
def next_random(s):
    """The next 64 bits (Marsaglia's xorshift)."""
    x = s.random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    s.random[0] = x
    return x


@kernel
def keep_best(m, s):
    """Remember the plan if it has fewer exams left out, or as few and a lower cost, and owes no seats."""
    if s.sums[UNPLACED] > s.sums[BEST_UNPLACED] or (
        s.sums[UNPLACED] == s.sums[BEST_UNPLACED] and s.sums[COST] >= s.sums[BEST]
    ):
        return
    if m.lends and s.sums[MISSING] > 0:
        return
    s.sums[BEST] = s.sums[COST]
    s.sums[BEST_UNPLACED] = s.sums[UNPLACED]
    for u in range(len(s.period)):
        s.best_period[u] = s.period[u]
    for k in range(len(s.slots)):
        s.best_slots[k] = s.slots[k]
        # Of the places kept for its rooms a part mostly uses one.
        for i in range(m.slot_ptr[k], m.slot_ptr[k] + s.slots[k]):
            s.best_slot_room[i] = s.slot_room[i]
            s.best_slot_seats[i] = s.slot_seats[i]


# The table


@inlined
def shift_table(m, s, u, p, q):
    """Tell the neighbours of unit u that it leaves p and enters q (-1 = nowhere)."""
    # Without signs, since Numba looks for a negative index in the loop.
    size = np.uint64(BLOCK)
    width = np.uint64(s.table.shape[1])
    at_p = np.uint64(max(p, 0))
    at_q = np.uint64(max(q, 0))
    lo = np.int64(width)
    hi = np.int64(0)
    if p >= 0:
        lo = m.near_lo[at_p]
        hi = m.near_hi[at_p]
    if q >= 0:
        lo = min(lo, m.near_lo[at_q])
        hi = max(hi, m.near_hi[at_q])
    first = np.uint64(min(lo, hi)) // size * size
    last = (np.uint64(hi) + size - np.uint64(1)) // size * size
    for r in range(first, last):
        s.change[r] = (m.near[at_q, r] if q >= 0 else 0) - (m.near[at_p, r] if p >= 0 else 0)
    for j in range(np.uint64(m.edge_ptr[u]), np.uint64(m.edge_ptr[u + 1])):
        v = np.uint64(m.edge_to[j])
        weight = m.edge_weight[j]
        for r in range(first, last, size):
            add_block(s.table, v * width + r, s.change, r, weight)
        if p >= 0:
            s.clashes[v, at_p] -= 1
        if q >= 0:
            s.clashes[v, at_q] += 1


@inlined
def relocate(m, s, u, p, q):
    """Write down that unit u goes from p to q (-1 = nowhere)."""
    shift_table(m, s, u, p, q)
    if m.crowds > 0:
        shift_crowd(m, s, u, p, q)
    word = u >> 6
    bit = np.uint64(1) << np.uint64(u & 63)
    if p >= 0:
        last = s.member[p, s.members[p] - 1]
        s.member[p, s.position[u]] = last
        s.position[last] = s.position[u]
        s.members[p] -= 1
        s.inside[p, word] ^= bit
    else:
        s.sums[UNPLACED] -= 1
    if q >= 0:
        s.member[q, s.members[q]] = u
        s.position[u] = s.members[q]
        s.members[q] += 1
        s.inside[q, word] ^= bit
    else:
        s.sums[UNPLACED] += 1
    s.period[u] = q


@inlined
def shift(m, s, u, p, q, delta, most):
    """Move unit u from p to q, whose price by the table is delta, if it can be made and costs at most `most`
    in all. Returns MADE or REFUSED; or UNDECIDED, if only `apply` can tell. As `apply`, but of one part in
    one room nothing is moved before it is sure."""
    parts = m.part_ptr[u + 1] - m.part_ptr[u]
    if m.has_extras:
        if m.crowds > 0:
            delta += s.crowd[u, m.period_day[q]] - s.crowd[u, m.period_day[p]]
        if m.day_price > 0:
            day = m.period_day[q]
            if day != m.period_day[p]:
                if s.day_exams[day] == 0:
                    delta += m.day_price
                if s.day_exams[m.period_day[p]] == m.unit_exams[u]:
                    delta -= m.day_price
    # Not worth a try if what it leaves could not pay for it.
    rest = delta - most - m.gain[u]
    if parts > 0:
        if s.seats_free[q] < m.unit_seats[u] and m.overflow == 0:
            return REFUSED
        if rest > 0:
            for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
                rest -= relief(m, s, m.part[j])
            rest -= empty_relief(m, s, u, p, q)
            if m.travels:
                rest -= unit_travel(m, s, u, p) - least_travel(m, s, u, q)
    if rest > 0:
        return REFUSED
    if m.has_extras:
        for j in range(m.link_ptr[u], m.link_ptr[u + 1]):
            r = s.period[m.link_to[j]]
            if r >= 0:
                faults = m.link_faults[m.link_kind[j], q, r]
                if faults > 0 and m.link_price[j] >= BROKEN_LINK:
                    return REFUSED
                delta += m.link_price[j] * (faults - m.link_faults[m.link_kind[j], p, r])
        if m.exams_price == 0 and s.exams_in[q] + m.unit_exams[u] > m.period_exams[q]:
            return REFUSED
        if m.candidates_price == 0 and s.candidates_in[q] + m.unit_candidates[u] > m.period_candidates[q]:
            return REFUSED
        delta += excess_change(m, s, u, p, -1) + excess_change(m, s, u, q, 1)
    room = -1
    k = np.int64(0)
    if parts > 0:
        k = m.part[m.part_ptr[u]]
        if parts > 1 or s.slots[k] > 1:
            return UNDECIDED
        size = m.part_size[k]
        e = m.part_exam[k]
        here = s.slot_room[m.slot_ptr[k]]
        d = m.part_duration[k]
        delta -= m.part_price[k, here]
        if m.travels:
            delta -= s.travel[e, p, m.block[here]]
        if m.seat_price > 0:
            delta -= m.seat_price * missing_seats(m, s.free[p, here] + size, size)
        if s.in_room[p, here] == 1:
            delta -= m.empty_price * (s.free[p, here] - m.overflow)
            if s.rooms_used[p] > m.period_rooms[p]:
                delta -= m.rooms_price
        else:
            delta += m.empty_price * size
            if s.with_duration[p, here, d] == 1:
                delta -= m.mixed_price
        lowest = most - delta + m.empty_price * size + 1
        tightest = NEVER
        could = False
        for r in range(m.part_price.shape[1]):
            price = m.part_price[k, r]
            free = s.free[q, r]
            if price < 0 or free < size:
                continue
            if m.part_most[k] > 1 and m.overflow > 0 and missing_seats(m, free, size) > 0:
                continue  # it may be split
            price += enter_price(m, s, q, r, d, size)
            if m.travels:
                price += s.travel[e, q, m.block[r]]
            # As `seat` finds it: the cheapest, then the tightest.
            if price > lowest or (price == lowest and free >= tightest):
                could = True
                continue
            if may_enter(m, s, k, q, r):
                room = r
                lowest = price
                tightest = free
        if room < 0:
            return REFUSED if could or m.part_most[k] == 1 else UNDECIDED
        delta += lowest - m.empty_price * size
    if delta > most:
        return REFUSED
    if delta > 0:
        keep_best(m, s)
    if m.has_extras:
        count_in(m, s, u, p, -1)
        count_in(m, s, u, q, 1)
    if room >= 0:
        take(m, s, k)
        put(m, s, k, q, room, m.part_size[k])
    relocate(m, s, u, p, q)
    if m.travels:
        shift_travel(m, s, u, p, q)
    s.sums[COST] += delta
    return MADE


@kernel
def most_relief(m, s, n, is_exchange):
    """How much less rooms, and the ways between them, can cost after the n moves in move_unit and move_to, at
    most; -1 if there are too few seats. is_exchange: all moves are between two periods."""
    if len(s.slots) == 0:
        return 0
    relieved = np.int64(0)
    if m.overflow > 0:
        if m.empty_price > 0:
            return NEVER
    else:
        is_short = False
        for i in range(n):
            u = s.move_unit[i]
            if s.period[u] >= 0:
                s.seats_won[s.period[u]] += m.unit_seats[u]
            s.seats_won[s.move_to[i]] -= m.unit_seats[u]
        for i in range(n):
            for side in range(2):
                p = s.period[s.move_unit[i]] if side == 0 else s.move_to[i]
                if p >= 0 and not s.is_touched[p]:
                    s.is_touched[p] = 1
                    is_short |= s.seats_free[p] + s.seats_won[p] < 0
                    relieved += m.empty_price * s.seats_empty[p]
        for i in range(n):
            for side in range(2):
                p = s.period[s.move_unit[i]] if side == 0 else s.move_to[i]
                if p >= 0:
                    s.is_touched[p] = 0
                    s.seats_won[p] = 0
        if is_short:
            return -1
    for i in range(n):
        u = s.move_unit[i]
        for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
            relieved += relief(m, s, m.part[j])
        if m.travels and s.period[u] >= 0:
            relieved += unit_travel(m, s, u, s.period[u])
            if is_exchange:
                relieved -= least_travel(m, s, u, s.move_to[i])
    return relieved


@kernel
def is_hopeless(m, s, n, rest):
    """Whether the n moves in move_unit and move_to cost too much even if all but the table and rooms gets as
    cheap as it can. rest: how much too dear they are without."""
    if not m.has_extras or rest <= 0:
        return rest > 0
    exams = 0
    for i in range(n):
        u = s.move_unit[i]
        p = s.period[u]
        if p >= 0:
            rest -= m.gain[u]
            exams += m.unit_exams[u]
            if m.crowds > 0 and m.period_day[p] != m.period_day[s.move_to[i]]:
                rest -= s.crowd[u, m.period_day[p]]
    if m.day_price > 0:
        for i in range(n):
            p = s.period[s.move_unit[i]]
            if p >= 0 and s.day_exams[m.period_day[p]] <= exams:
                rest -= m.day_price
    return rest > 0


@kernel
def apply(m, s, n, delta, most, relieved):
    """Make the n moves in move_unit and move_to, whose price by the table is delta, if they can be made and
    cost at most `most` in all. relieved: how much less rooms can cost, at most. Returns whether they were
    made."""
    if delta > 0 or m.has_extras or len(s.slots) > 0:
        keep_best(m, s)
    for i in range(n):
        s.move_from[i] = s.period[s.move_unit[i]]
    fits = True
    if m.has_extras:
        for i in range(n):
            s.is_moved[s.move_unit[i]] = 1
        before = 0
        for side in range(2):
            links = link_cost(m, s, n)
            if side == 0:
                before = links
            else:
                delta += links - before
                fits = links < BROKEN_LINK
            for i in range(n):
                s.period[s.move_unit[i]] = s.move_to[i] if side == 0 else s.move_from[i]
        for i in range(n):
            s.is_moved[s.move_unit[i]] = 0
        if not fits:
            return False
        if m.crowds > 0:
            delta += crowd_cost(m, s, n)
        delta += count_moves(m, s, n, False)
        for i in range(n):
            q = s.move_to[i]
            if q < 0:
                continue
            if m.exams_price == 0 and s.exams_in[q] > m.period_exams[q]:
                fits = False
            if m.candidates_price == 0 and s.candidates_in[q] > m.period_candidates[q]:
                fits = False
    fits &= delta - relieved <= most
    if fits and len(s.slots) > 0:
        rooms = move_rooms(m, s, n, most - delta)
        fits = rooms < NEVER
        delta += rooms
    if not fits or delta > most:
        if m.has_extras:
            count_moves(m, s, n, True)
        return False
    for i in range(n):
        if s.move_from[i] != s.move_to[i]:
            relocate(m, s, s.move_unit[i], s.move_from[i], s.move_to[i])
        if m.travels:
            shift_travel(m, s, s.move_unit[i], s.move_from[i], s.move_to[i])
    s.sums[COST] += delta
    return True


# Moves of the search


@inlined
def chain(m, s, u, v, p, q):
    """Collect the Kempe chain that takes u from p to q and, unless -1, v from q to p. Returns (units, price
    by the table), price NEVER if some unit may not be there."""
    n = 1
    s.move_unit[0] = u
    s.move_to[0] = q
    s.is_moved[u] = 1
    if v >= 0 and not s.is_moved[v]:
        s.move_unit[1] = v
        s.move_to[1] = p
        s.is_moved[v] = 1
        n = 2
    no_bit = np.uint64(0)
    one_bit = np.uint64(1)
    delta = np.int64(0)
    near = np.int64(m.near[p, q])
    i = 0
    while i < n:
        a = s.move_unit[i]
        to = s.move_to[i]
        here = p + q - to
        clashes = np.int64(s.clashes[a, to])
        if clashes >= IMPOSSIBLE:
            delta = NEVER
            break
        delta += s.table[a, to] - s.table[a, here]
        word = 0
        while clashes > 0:
            found = m.touching[a, word] & s.inside[to, word]
            word += 1
            while found != no_bit:
                b = 64 * (word - 1) + np.int64(trailing_zeros(found))
                found &= found - one_bit
                clashes -= 1
                if near > 0:
                    # The table holds b where it is; b changes sides with a, so their distance stays.
                    delta += near * (m.edge[a, b] - 1)
                if not s.is_moved[b]:
                    s.is_moved[b] = 1
                    s.move_unit[n] = b
                    s.move_to[n] = here
                    n += 1
        i += 1
    for i in range(n):
        s.is_moved[s.move_unit[i]] = 0
    return n, delta


@inlined
def swap_periods(m, s, p, q):
    """Collect all units of two periods, to change places. Returns (units, price by the table)."""
    no_bit = np.uint64(0)
    one_bit = np.uint64(1)
    n = 0
    delta = np.int64(0)
    near = np.int64(m.near[p, q])
    for side in range(2):
        here = p if side == 0 else q
        to = p + q - here
        for j in range(s.members[here]):
            a = s.member[here, j]
            clashes = np.int64(s.clashes[a, to])
            if clashes >= IMPOSSIBLE:
                return n, NEVER
            delta += s.table[a, to] - s.table[a, here]
            word = 0
            while clashes > 0 and near > 0:
                found = m.touching[a, word] & s.inside[to, word]
                word += 1
                while found != no_bit:
                    b = 64 * (word - 1) + np.int64(trailing_zeros(found))
                    found &= found - one_bit
                    clashes -= 1
                    delta += near * (m.edge[a, b] - 1)
            s.move_unit[n] = a
            s.move_to[n] = to
            n += 1
    return n, delta


@inlined
def eject(m, s, u, p, q):
    """Collect the move of u from p (-1 = nowhere) to q where those in its way in q go each to their cheapest
    other period. Returns (units, price by the table), price NEVER if one has nowhere to go."""
    no_bit = np.uint64(0)
    one_bit = np.uint64(1)
    delta = np.int64(s.table[u, q])
    if p >= 0:
        delta -= s.table[u, p]
    s.move_unit[0] = u
    s.move_to[0] = q
    n = 1
    for word in range(s.inside.shape[1]):
        found = m.touching[u, word] & s.inside[q, word]
        while found != no_bit:
            f = 64 * word + np.int64(trailing_zeros(found))
            found &= found - one_bit
            weight = np.int64(m.edge[u, f]) - 1
            lowest = NEVER
            to = -1
            for r in range(len(s.members)):
                if s.clashes[f, r] > (r == p) or r == q:
                    continue
                cost = np.int64(s.table[f, r])
                cost += weight * m.near[q, r]
                if p >= 0:
                    cost -= weight * m.near[p, r]
                if cost < lowest:
                    lowest = cost
                    to = r
            if to < 0:
                return n, NEVER
            delta += lowest - s.table[f, q]
            if p >= 0:
                delta += weight * m.near[p, q]
            s.move_unit[n] = f
            s.move_to[n] = to
            n += 1
    return n, delta


@kernel
def change_rooms(m, s, u, x):
    """Collect the move of a part of unit u to another room of its period or, where that is too full, the
    exchange of rooms with a part of another unit there. Returns units, 0 if there is nothing to do."""
    p = s.period[u]
    parts = m.part_ptr[u + 1] - m.part_ptr[u]
    if parts == 0:
        return 0
    k = m.part[m.part_ptr[u] + np.int64(x & np.uint64(0xFFFF)) % parts]
    r = np.int64((x >> np.uint64(16)) & np.uint64(0xFFFF)) % m.part_price.shape[1]
    here = s.slot_room[m.slot_ptr[k]]
    if m.part_price[k, r] < 0 or s.free[p, r] < 0 or (s.slots[k] == 1 and here == r):
        return 0
    s.move_unit[0] = u
    s.move_to[0] = p
    n = 1
    if s.free[p, r] - m.overflow < m.part_size[k] and s.members[p] > 1:
        v = s.member[p, np.int64((x >> np.uint64(32)) & np.uint64(0xFFFF)) % s.members[p]]
        parts = m.part_ptr[v + 1] - m.part_ptr[v]
        if v != u and parts > 0:
            other = m.part[m.part_ptr[v] + np.int64(x >> np.uint64(48)) % parts]
            r = s.slot_room[m.slot_ptr[other]]
            if r == here or m.part_price[k, r] < 0 or m.part_price[other, here] < 0:
                return 0
            s.part_first[other] = here
            s.move_unit[1] = v
            s.move_to[1] = p
            n = 2
    s.part_first[k] = r
    return n


@entry
def anneal(model, state, mix, temperature, draws):
    """Draw so many moves at one temperature. A move is accepted if its price is at most temperature x (-ln
    of a uniform draw), which is Metropolis' rule with the draw made first."""
    m = refer_to(model)
    s = refer_to(state)
    units = np.uint64(len(m.movable))
    periods = np.uint64(len(m.near))
    if units == 0 or periods < 2:
        return
    low12 = np.uint64(0xFFF)
    has_rooms = len(s.slots) > 0
    two_seed = mix[ROOM_MOVE] + mix[TWO_SEED]
    rare = two_seed + mix[PERIOD_SWAP]
    x = s.random[0]
    for _ in range(draws):
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
        u = np.int64(m.movable[((x & np.uint64(0xFFFFF)) * units) >> np.uint64(20)])
        q = np.int64((((x >> np.uint64(20)) & low12) * periods) >> np.uint64(12))
        kind = np.int64((x >> np.uint64(32)) & low12)
        p = s.period[u]
        clashes = np.int64(s.clashes[u, q])
        n = 1
        delta = np.int64(0)
        move = SHIFTED
        most = NEVER
        v = np.int64(-1)
        y = x * np.uint64(0x9E3779B97F4A7C15)
        y ^= y >> np.uint64(29)
        if p < 0:
            # Whatever it costs: an exam more in the plan comes before any cost.
            if clashes > MOST_EJECTED:
                continue
            move = EJECTED
        elif kind < rare:
            if kind < mix[ROOM_MOVE]:
                move = ROOM_MOVED
                n = change_rooms(m, s, u, y) if has_rooms else 0
                if n == 0:
                    continue
                q = p
            elif p == q:
                continue
            elif kind < two_seed:
                move = CHAINED
                if s.members[q] == 0:
                    continue
                v = np.int64(
                    s.member[q, np.int64(((y >> np.uint64(32)) * np.uint64(s.members[q])) >> np.uint64(32))]
                )
            else:
                move = SWAPPED
                n, delta = swap_periods(m, s, p, q)
        elif p == q or clashes >= IMPOSSIBLE:
            continue
        elif clashes > 0:
            kind = np.int64((x >> np.uint64(44)) & np.uint64(0xFF)) - mix[KEMPE]
            if kind < 0:
                move = CHAINED
            elif kind < mix[EJECTION] and clashes <= MOST_EJECTED:
                move = EJECTED
            else:
                continue
        if p >= 0:
            most = np.int64(temperature * m.log[x >> np.uint64(52)])
        if move == SHIFTED:
            delta = np.int64(s.table[u, q]) - np.int64(s.table[u, p])
            if delta - most > m.slack[u]:
                continue
            answer = shift(m, s, u, p, q, delta, most)
            if answer == MADE:
                s.stats[move] += 1
            if answer != UNDECIDED:
                continue
            s.move_unit[0] = u
            s.move_to[0] = q
        elif move == EJECTED:
            n, delta = eject(m, s, u, p, q)
        elif move == CHAINED:
            n, delta = chain(m, s, u, v, p, q)
            s.stats[CHAINS] += 1
            s.stats[CHAIN_UNITS] += n
        if delta < NEVER:
            relieved = most_relief(m, s, n, move != EJECTED)
            is_idle = relieved < 0 or is_hopeless(m, s, n, delta - most - relieved)
            if not is_idle and apply(m, s, n, delta, most, relieved):
                s.stats[move] += 1
        if move == ROOM_MOVED:
            for i in range(n):
                for j in range(m.part_ptr[s.move_unit[i]], m.part_ptr[s.move_unit[i] + 1]):
                    s.part_first[m.part[j]] = -1
    s.random[0] = x
    s.stats[DRAWN] += draws
    keep_best(m, s)
