"""The speed: the state of the search and the compiled moves on it. README.md has the formulas.

No kernel breaks a hard rule: what is placed is placed rightly, what cannot be placed stays out.
"""

from typing import NamedTuple

import numpy as np

from .compiled import entry, kernel
from .model import BROKEN_LINK, CLASH, IMPOSSIBLE, SHIFT, SOFT, Model
from .problem import Ints

NEVER = 1 << 60  # dearer than any move
MOST_EJECTED = 3

# places in State.sums
COST, BEST, UNPLACED, BEST_UNPLACED = range(4)
# places in State.stats
DRAWN, TRIED, SHIFTED, EJECTED, CHAINED, CHAIN_TRIED, ROOM_MOVED, SWAPPED, BUILT = range(9)
# places in the mix of moves: out of 4096 draws the first three, out of 256 clashing draws the rest
TWO_SEED, ROOM_MOVE, PERIOD_SWAP, KEMPE, EJECTION = range(5)


class State(NamedTuple):
    """Where everything is now, and the best plan so far. Sizes as in Model."""

    period: Ints  # (U,) -1 = unplaced
    table: Ints  # (U, P) price of the unit there + CLASH for each clashing neighbour
    member: np.ndarray  # (P, U) units in each period
    members: Ints  # (P,)
    position: Ints  # (U,) in member
    free: Ints  # (P, R) seats, -1 = closed
    in_room: Ints  # (P, R) parts
    owner: Ints  # (P, R) exam that has the room to itself, -1 = none
    with_duration: Ints  # (P, R, L) parts
    durations: Ints  # (P, R) different durations
    room_cost: Ints  # (P,)
    seats_free: Ints  # (P,)
    rooms_used: Ints  # (P,)
    part_period: Ints  # (K,) -1 = not seated
    slots: Ints  # (K,) rooms in use
    slot_room: Ints
    slot_seats: Ints
    exams_in: Ints  # (P,)
    candidates_in: Ints  # (P,)
    day_exams: Ints  # (D,)
    crowd_day: np.ndarray  # (students, D) exams
    crowd: Ints  # (U, D) price of the unit there for students with too many exams
    sums: Ints
    stats: Ints
    random: np.ndarray
    # the move under consideration
    move_unit: Ints
    move_to: Ints
    move_from: Ints
    is_moved: np.ndarray
    saved_room: Ints
    saved_seats: Ints
    saved_slots: Ints
    taken: Ints  # (K,) parts in the order of taking them out, then by size
    ranked: Ints
    part_to: Ints
    part_first: Ints  # (K,) room to begin with, -1 = any
    try_room: Ints
    try_seats: Ints
    is_tried: np.ndarray
    # construction
    history: Ints  # (U,) times ejected
    tabu: Ints  # (U, P) step until which the unit stays out of the period
    harm: np.ndarray  # (P,) of placing a unit there
    wish_period: Ints  # (U,) where to place it first, -1 = anywhere
    wish_slots: Ints  # (K,) and in which rooms
    wish_room: Ints
    wish_seats: Ints
    # best so far
    best_period: Ints
    best_slots: Ints
    best_slot_room: Ints
    best_slot_seats: Ints


def make_state(model: Model, seed: int) -> State:
    """Nothing placed."""
    units, periods = model.static.shape
    parts, rooms = model.part_price.shape
    days = int(model.period_day.max()) + 1
    slots = int(model.slot_ptr[-1])
    lengths = int(model.part_duration.max(initial=0)) + 1

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    random = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    return State(
        period=zeros(units) - 1,
        table=model.static.copy(),
        member=np.zeros((periods, units), dtype=np.int32),
        members=zeros(periods),
        position=zeros(units),
        free=model.seats.copy(),
        in_room=zeros(periods, rooms),
        owner=zeros(periods, rooms) - 1,
        with_duration=zeros(periods, rooms, lengths),
        durations=zeros(periods, rooms),
        room_cost=zeros(periods),
        seats_free=np.maximum(model.seats, 0).sum(axis=1),
        rooms_used=zeros(periods),
        part_period=zeros(parts) - 1,
        slots=zeros(parts),
        slot_room=zeros(slots),
        slot_seats=zeros(slots),
        exams_in=zeros(periods),
        candidates_in=zeros(periods),
        day_exams=zeros(days),
        crowd_day=np.zeros((model.crowds, days), dtype=np.int16),
        crowd=zeros(units, days),
        sums=np.array([0, NEVER, units, units + 1], dtype=np.int64),
        stats=zeros(16),
        random=random | np.uint64(1),
        move_unit=zeros(units + 1),
        move_to=zeros(units + 1),
        move_from=zeros(units + 1),
        is_moved=np.zeros(units, dtype=np.uint8),
        saved_room=zeros(slots),
        saved_seats=zeros(slots),
        saved_slots=zeros(parts),
        taken=zeros(parts),
        ranked=zeros(parts),
        part_to=zeros(parts),
        part_first=zeros(parts) - 1,
        try_room=zeros(rooms + 1),
        try_seats=zeros(rooms + 1),
        is_tried=np.zeros(rooms + 1, dtype=np.uint8),
        history=zeros(units),
        tabu=zeros(units, periods) - 1,
        harm=np.zeros(periods),
        wish_period=zeros(units) - 1,
        wish_slots=zeros(parts),
        wish_room=zeros(slots),
        wish_seats=zeros(slots),
        best_period=zeros(units) - 1,
        best_slots=zeros(parts),
        best_slot_room=zeros(slots),
        best_slot_seats=zeros(slots),
    )


@kernel
def next_random(s):
    x = s.random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    s.random[0] = x
    return x


@kernel
def keep_best(m, s):
    """Remember the plan if it has fewer exams left out, or as few and a lower cost."""
    if s.sums[UNPLACED] > s.sums[BEST_UNPLACED] or (
        s.sums[UNPLACED] == s.sums[BEST_UNPLACED] and s.sums[COST] >= s.sums[BEST]
    ):
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


# Rooms


@kernel
def may_enter(m, s, k, p, r):
    """Whether part k may join room r in period p, seats apart."""
    exam = m.part_exam[k]
    owner = s.owner[p, r]
    if owner >= 0:
        return owner == exam
    if s.in_room[p, r] > 0:
        if m.part_exclusive[k]:
            return False
    elif s.rooms_used[p] >= m.period_rooms[p]:
        return False
    for j in range(m.room_link_ptr[exam], m.room_link_ptr[exam + 1]):
        other = m.room_link_to[j]
        there = False
        shared = False
        for kk in range(m.exam_part_ptr[other], m.exam_part_ptr[other + 1]):
            if s.part_period[kk] == p:
                there = True
                for i in range(m.slot_ptr[kk], m.slot_ptr[kk] + s.slots[kk]):
                    if s.slot_room[i] == r:
                        shared = True
        if there and shared != m.room_link_same[j]:
            return False
    return True


@kernel
def put(m, s, k, p, r, n):
    """Seat n candidates of part k in room r in period p; returns the change of the cost."""
    d = m.part_duration[k]
    cost = m.part_price[k, r]
    if s.in_room[p, r] == 0:
        s.rooms_used[p] += 1
        cost += m.empty_price * (s.free[p, r] - n)
    else:
        cost -= m.empty_price * n
    s.in_room[p, r] += 1
    s.free[p, r] -= n
    s.seats_free[p] -= n
    if s.with_duration[p, r, d] == 0:
        s.durations[p, r] += 1
        if s.durations[p, r] > 1:
            cost += m.mixed_price
    s.with_duration[p, r, d] += 1
    if m.part_exclusive[k]:
        s.owner[p, r] = m.part_exam[k]
    i = m.slot_ptr[k]
    if s.slots[k] > 0:
        cost += m.split_price
        if m.blocks > 1:
            cost += m.block_price[m.block[s.slot_room[i]], m.block[r]]
    i += s.slots[k]
    s.slot_room[i] = r
    s.slot_seats[i] = n
    s.slots[k] += 1
    s.part_period[k] = p
    s.room_cost[p] += cost
    return cost


@kernel
def take(m, s, k):
    """Take part k out of its rooms; returns the change of the cost (what it cost, below 0)."""
    p = s.part_period[k]
    if p < 0:
        return 0
    d = m.part_duration[k]
    first = m.slot_ptr[k]
    cost = 0
    for i in range(first + s.slots[k] - 1, first - 1, -1):
        r = s.slot_room[i]
        n = s.slot_seats[i]
        cost -= m.part_price[k, r]
        s.in_room[p, r] -= 1
        s.free[p, r] += n
        s.seats_free[p] += n
        if s.in_room[p, r] == 0:
            s.rooms_used[p] -= 1
            s.owner[p, r] = -1
            cost -= m.empty_price * (s.free[p, r] - n)
        else:
            cost += m.empty_price * n
        s.with_duration[p, r, d] -= 1
        if s.with_duration[p, r, d] == 0:
            s.durations[p, r] -= 1
            if s.durations[p, r] > 0:
                cost -= m.mixed_price
        if i > first:
            cost -= m.split_price
            if m.blocks > 1:
                cost -= m.block_price[m.block[s.slot_room[first]], m.block[r]]
    s.slots[k] = 0
    s.part_period[k] = -1
    s.room_cost[p] += cost
    return cost


@kernel
def plan_split(m, s, k, p, home, first):
    """Choose rooms for part k one by one, largest first, the last one as tight as it can be; only rooms of
    block `home` unless -1; begin with room `first` unless -1. Fills try_room and try_seats; returns (rooms,
    price), or (0, 0) if they do not suffice."""
    rooms = m.part_price.shape[1]
    left = m.part_size[k]
    count = 0
    price = 0
    opened = 0
    for r in range(rooms):
        s.is_tried[r] = 0
    while left > 0:
        if count == m.part_most[k]:
            return 0, 0
        chosen = -1
        if count == 0 and first >= 0:
            if m.part_price[k, first] >= 0 and s.free[p, first] > 0 and may_enter(m, s, k, p, first):
                chosen = first
        else:
            fit = -1
            fit_price = NEVER
            most = 0
            for r in range(rooms):
                cost = m.part_price[k, r]
                free = s.free[p, r]
                if cost < 0 or free <= 0 or s.is_tried[r] or (home >= 0 and m.block[r] != home):
                    continue
                if free < left and free <= most:
                    continue
                if s.in_room[p, r] == 0 and s.rooms_used[p] + opened >= m.period_rooms[p]:
                    continue
                if not may_enter(m, s, k, p, r):
                    continue
                if free >= left:
                    if count > 0 and m.blocks > 1:
                        cost += m.block_price[m.block[s.try_room[0]], m.block[r]]
                    if cost < fit_price or (cost == fit_price and free < s.free[p, fit]):
                        fit = r
                        fit_price = cost
                if free > most:
                    most = free
                    chosen = r
            if fit >= 0:
                chosen = fit
        if chosen < 0:
            return 0, 0
        s.is_tried[chosen] = 1
        opened += s.in_room[p, chosen] == 0
        price += m.part_price[k, chosen]
        if count > 0:
            price += m.split_price
            if m.blocks > 1:
                price += m.block_price[m.block[s.try_room[0]], m.block[chosen]]
        s.try_room[count] = chosen
        s.try_seats[count] = min(left, s.free[p, chosen])
        left -= s.try_seats[count]
        count += 1
    return count, price


@kernel
def seat(m, s, k, p, first):
    """Seat part k in period p: in the rooms wished for it if they will do; else in one room, the cheapest,
    then the tightest; if none is large enough and it may be split, in several. Begin with room `first`
    unless -1. Returns the change of the cost, NEVER if it cannot be."""
    size = m.part_size[k]
    if s.seats_free[p] < size:
        return NEVER
    rooms = m.part_price.shape[1]
    count = 0
    if s.wish_slots[k] > 0:
        for i in range(m.slot_ptr[k], m.slot_ptr[k] + s.wish_slots[k]):
            s.try_room[count] = s.wish_room[i]
            s.try_seats[count] = s.wish_seats[i]
            count += 1
    d = m.part_duration[k]
    fits = count > 0
    lo = 0
    hi = rooms
    if count > 0:
        hi = count
    elif first >= 0:
        lo = first
        hi = first + 1
    found = -1
    found_price = NEVER
    found_free = NEVER
    for i in range(lo, hi):
        r = s.try_room[i] if count > 0 else i
        price = m.part_price[k, r]
        free = s.free[p, r]
        if price < 0 or free < (s.try_seats[i] if count > 0 else size):
            fits = False
            continue
        if count == 0:
            if s.in_room[p, r] == 0:
                price += m.empty_price * free
            elif s.with_duration[p, r, d] == 0:
                price += m.mixed_price
            if price > found_price or (price == found_price and free >= found_free):
                continue
        if may_enter(m, s, k, p, r):
            found = r
            found_price = price
            found_free = free
        else:
            fits = False
    if count > 0 and not fits:
        s.wish_slots[k] = 0
        return NEVER
    if count == 0 and found >= 0:
        s.try_room[0] = found
        s.try_seats[0] = size
        count = 1
    elif count == 0 and m.part_most[k] > 1 and size > 0:
        # Each block by itself; then the best of them once more, or all together if none suffices.
        rounds = m.blocks + 1 if m.blocks > 1 and first < 0 else 1
        block = -1
        lowest = NEVER
        for b in range(rounds):
            home = b if b < rounds - 1 else block
            count, price = plan_split(m, s, k, p, home, first)
            if count > 0 and price < lowest:
                lowest = price
                block = home
    if count == 0:
        return NEVER
    cost = 0
    for i in range(count):
        cost += put(m, s, k, p, s.try_room[i], s.try_seats[i])
    return cost


@kernel
def save_rooms(m, s, k, at):
    """Note the rooms of part k from place `at` of the notebook; returns the next place."""
    for i in range(s.slots[k]):
        s.saved_room[at + i] = s.slot_room[m.slot_ptr[k] + i]
        s.saved_seats[at + i] = s.slot_seats[m.slot_ptr[k] + i]
    return at + s.slots[k]


# Rules beside the table


@kernel
def link_cost(m, s, n):
    """Price of the links of the n moved units where they are now, each link once."""
    cost = 0
    for i in range(n):
        u = s.move_unit[i]
        p = s.period[u]
        if p < 0:
            continue
        for j in range(m.link_ptr[u], m.link_ptr[u + 1]):
            v = m.link_to[j]
            q = s.period[v]
            if q >= 0 and (m.link_first[j] or not s.is_moved[v]):
                cost += m.link_price[j] * m.link_faults[m.link_kind[j], p, q]
    return cost


@kernel
def window_faults(m, s, student, day):
    """Exams beyond the limit in all windows that hold this day."""
    days = s.crowd_day.shape[1]
    faults = 0
    for start in range(max(0, day - m.window_days + 1), min(day, days - m.window_days) + 1):
        exams = 0
        for d in range(start, start + m.window_days):
            exams += s.crowd_day[student, d]
        if exams > m.window_limit:
            faults += exams - m.window_limit
    return faults


@kernel
def count_crowd(m, s, u, p, sign):
    """Add (1) or remove (-1) unit u in period p from its students' days; returns the change of the cost."""
    day = m.period_day[p]
    cost = 0
    for j in range(m.crowd_ptr[u], m.crowd_ptr[u + 1]):
        student = m.crowd_student[j]
        exams = s.crowd_day[student, day]
        if m.day_limit_price > 0:
            if sign > 0 and exams >= m.day_limit:
                cost += m.day_limit_price
            elif sign < 0 and exams > m.day_limit:
                cost -= m.day_limit_price
        for side in range(2):
            if m.window_limit_price > 0:
                faults = window_faults(m, s, student, day)
                cost += m.window_limit_price * (faults if side == 1 else -faults)
            if side == 0:
                s.crowd_day[student, day] = exams + sign
    return cost


@kernel
def crowd_cost(m, s, n):
    """Change of the cost of crowds by the n moves: for one, by its table; for several, by making and unmaking
    them on the counts."""
    cost = 0
    if n == 1:
        u = s.move_unit[0]
        if s.move_to[0] >= 0:
            cost += s.crowd[u, m.period_day[s.move_to[0]]]
        if s.move_from[0] >= 0:
            cost -= s.crowd[u, m.period_day[s.move_from[0]]]
        return cost
    for i in range(4 * n):
        j = i % n
        # Out of the old, into the new; then the same backwards.
        turn = i // n
        p = s.move_from[j] if turn == 0 or turn == 3 else s.move_to[j]
        if p >= 0:
            change = count_crowd(m, s, s.move_unit[j], p, -1 if turn % 2 == 0 else 1)
            if turn < 2:
                cost += change
    return cost


@kernel
def shift_crowd(m, s, u, p, q):
    """Unit u goes from p to q: count it, and tell the other units of its students what their days now cost.

    crowd[v, d] is what v costs on day d beyond the others' exams: the price of each day or window that
    holds d in which a student of v has the limit or more without v.
    """
    days = s.crowd_day.shape[1]
    for j in range(m.crowd_ptr[u], m.crowd_ptr[u + 1]):
        student = m.crowd_student[j]
        for side in range(2):
            period = p if side == 0 else q
            if period < 0:
                continue
            day = m.period_day[period]
            sign = -1 if side == 0 else 1
            # The count without v at which this step makes or ends a fault of v.
            edge = 0 if side == 0 else -1
            exams = s.crowd_day[student, day]
            for start in range(day - m.window_days, min(day, days - m.window_days) + 1):
                # The first round, whatever its start, is for the day itself.
                is_day = start == day - m.window_days
                first = day if is_day else start
                last = day + 1 if is_day else start + m.window_days
                price = m.day_limit_price if is_day else m.window_limit_price
                if price == 0 or first < 0:
                    continue
                there = 0
                for d in range(first, last):
                    there += s.crowd_day[student, d]
                limit = (m.day_limit if is_day else m.window_limit) + edge
                if there < limit or there > limit + 1:
                    continue
                for i in range(m.student_ptr[student], m.student_ptr[student + 1]):
                    v = m.student_unit[i]
                    if v == u:
                        continue
                    without = there
                    if s.period[v] >= 0:
                        here = m.period_day[s.period[v]]
                        without -= first <= here < last
                    if without == limit:
                        for d in range(first, last):
                            s.crowd[v, d] += sign * price
            s.crowd_day[student, day] = exams + sign


@kernel
def count_in(m, s, u, p, sign):
    """Add or remove unit u in period p from the counts of periods and days; returns the change."""
    cost = 0
    s.exams_in[p] += sign * m.unit_exams[u]
    s.candidates_in[p] += sign * m.unit_candidates[u]
    day = m.period_day[p]
    if sign > 0 and s.day_exams[day] == 0:
        cost += m.day_price
    s.day_exams[day] += sign * m.unit_exams[u]
    if sign < 0 and s.day_exams[day] == 0:
        cost -= m.day_price
    return cost


@kernel
def count_moves(m, s, n, back):
    """Count the n moves (or take them back); returns the change of the cost."""
    cost = 0
    for i in range(2 * n):
        leaves = i < n
        j = i if leaves else i - n
        p = s.move_from[j] if leaves != back else s.move_to[j]
        if p >= 0:
            cost += count_in(m, s, s.move_unit[j], p, -1 if leaves else 1)
    return cost


@kernel
def travel_cost(m, s, n):
    """Price of the ways between the exams of the n moved units and others close in time, each pair once."""
    cost = 0
    for i in range(n):
        s.is_moved[s.move_unit[i]] = 1
    for i in range(n):
        u = s.move_unit[i]
        p = s.period[u]
        if p < 0:
            continue
        for x in range(m.exam_ptr[u], m.exam_ptr[u + 1]):
            e = m.exam[x]
            k = m.exam_part_ptr[e]
            if k == m.exam_part_ptr[e + 1]:
                continue
            home = m.block[s.slot_room[m.slot_ptr[k]]]
            for j in range(m.travel_ptr[e], m.travel_ptr[e + 1]):
                q = s.period[m.travel_unit[j]]
                f = m.travel_to[j]
                if q < 0 or m.travel_near[p, q] == 0 or (s.is_moved[m.travel_unit[j]] and f < e):
                    continue
                k = m.exam_part_ptr[f]
                if k < m.exam_part_ptr[f + 1]:
                    other = m.block[s.slot_room[m.slot_ptr[k]]]
                    cost += m.travel_weight[j] * m.travel_price[home, other]
    for i in range(n):
        s.is_moved[s.move_unit[i]] = 0
    return cost


@kernel
def move_rooms(m, s, n, most):
    """Take the parts of the n moved units out and seat them in their new periods, largest first. Returns the
    change of the cost; NEVER, with all as before, if a part cannot be seated or it costs more than `most`."""
    parts = 0
    at = 0
    cost = 0
    if m.travels:
        cost -= travel_cost(m, s, n)
    for i in range(n):
        u = s.move_unit[i]
        for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
            k = m.part[j]
            s.taken[parts] = k
            s.saved_slots[parts] = s.slots[k]
            at = save_rooms(m, s, k, at)
            cost += take(m, s, k)
            s.part_to[k] = s.move_to[i]
            place = parts
            while place > 0 and m.part_size[s.ranked[place - 1]] < m.part_size[k]:
                s.ranked[place] = s.ranked[place - 1]
                place -= 1
            s.ranked[place] = k
            parts += 1
    fits = True
    for i in range(parts):
        k = s.ranked[i]
        if s.part_to[k] < 0:
            continue
        added = seat(m, s, k, s.part_to[k], s.part_first[k])
        if added == NEVER:
            fits = False
            break
        cost += added
    if fits and m.travels:
        for i in range(n):
            s.period[s.move_unit[i]] = s.move_to[i]
        cost += travel_cost(m, s, n)
        for i in range(n):
            s.period[s.move_unit[i]] = s.move_from[i]
    if fits and cost <= most:
        return cost
    for i in range(parts):
        take(m, s, s.taken[i])
    at = 0
    place = 0
    for i in range(n):
        u = s.move_unit[i]
        for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
            for _ in range(s.saved_slots[place]):
                put(m, s, m.part[j], s.move_from[i], s.saved_room[at], s.saved_seats[at])
                at += 1
            place += 1
    return NEVER


# The table


@kernel
def shift_table(m, s, u, p, q):
    """Tell the neighbours of unit u that it leaves p and enters q (-1 = nowhere)."""
    # Without signs, since Numba looks for a negative index in the loop; without views of rows, which it
    # counts.
    lo_p = np.uint64(0)
    hi_p = np.uint64(0)
    lo_q = np.uint64(0)
    hi_q = np.uint64(0)
    at_p = np.uint64(max(p, 0))
    at_q = np.uint64(max(q, 0))
    if p >= 0:
        lo_p = np.uint64(m.near_lo[p])
        hi_p = np.uint64(m.near_hi[p])
    if q >= 0:
        lo_q = np.uint64(m.near_lo[q])
        hi_q = np.uint64(m.near_hi[q])
    for j in range(np.uint64(m.edge_ptr[u]), np.uint64(m.edge_ptr[u + 1])):
        v = np.uint64(m.edge_to[j])
        weight = np.int64(m.edge_weight[j])
        for r in range(lo_p, hi_p):
            s.table[v, r] -= weight * m.near[at_p, r]
        for r in range(lo_q, hi_q):
            s.table[v, r] += weight * m.near[at_q, r]
        if p >= 0:
            s.table[v, at_p] -= CLASH
        if q >= 0:
            s.table[v, at_q] += CLASH


@kernel
def relocate(m, s, u, p, q):
    """Write down that unit u goes from p to q (-1 = nowhere)."""
    if p == q:
        return
    shift_table(m, s, u, p, q)
    if m.crowds > 0:
        shift_crowd(m, s, u, p, q)
    if p >= 0:
        last = s.member[p, s.members[p] - 1]
        s.member[p, s.position[u]] = last
        s.position[last] = s.position[u]
        s.members[p] -= 1
    else:
        s.sums[UNPLACED] -= 1
    if q >= 0:
        s.member[q, s.members[q]] = u
        s.position[u] = s.members[q]
        s.members[q] += 1
    else:
        s.sums[UNPLACED] += 1
    s.period[u] = q


@kernel
def relief(m, s, k):
    """How much less the rooms can cost without part k, at most, beyond what it costs anywhere."""
    p = s.part_period[k]
    if p < 0:
        return 0
    cost = -m.part_least[k]
    first = m.slot_ptr[k]
    for i in range(first, first + s.slots[k]):
        r = s.slot_room[i]
        cost += m.part_price[k, r] + m.empty_price * (s.free[p, r] + s.slot_seats[i])
        if s.durations[p, r] > 1:
            cost += m.mixed_price
        if i > first:
            cost += m.split_price
            if m.blocks > 1:
                cost += m.block_price[m.block[s.slot_room[first]], m.block[r]]
    return cost


@kernel
def shift(m, s, u, p, q, delta, most):
    """Move unit u from p to q, whose price by the table is delta, if it can be made and costs at most `most`
    in all. Returns whether it was made. As `apply`, but of one part in one room nothing is moved before it
    is sure."""
    by_table = delta
    if m.has_extras:
        for j in range(m.link_ptr[u], m.link_ptr[u + 1]):
            r = s.period[m.link_to[j]]
            if r >= 0:
                faults = m.link_faults[m.link_kind[j], q, r]
                if faults > 0 and m.link_price[j] >= BROKEN_LINK:
                    return False
                delta += m.link_price[j] * (faults - m.link_faults[m.link_kind[j], p, r])
        if s.exams_in[q] + m.unit_exams[u] > m.period_exams[q]:
            return False
        if s.candidates_in[q] + m.unit_candidates[u] > m.period_candidates[q]:
            return False
        if m.day_price > 0:
            day = m.period_day[q]
            if day != m.period_day[p]:
                if s.day_exams[day] == 0:
                    delta += m.day_price
                if s.day_exams[m.period_day[p]] == m.unit_exams[u]:
                    delta -= m.day_price
        if m.crowds > 0:
            delta += s.crowd[u, m.period_day[q]] - s.crowd[u, m.period_day[p]]
    parts = m.part_ptr[u + 1] - m.part_ptr[u]
    room = -1
    k = np.int64(0)
    if parts > 0:
        k = m.part[m.part_ptr[u]]
        if m.travels or parts > 1 or s.slots[k] > 1:
            s.move_unit[0] = u
            s.move_to[0] = q
            return apply(m, s, 1, by_table, most)
        size = m.part_size[k]
        if s.seats_free[q] < size or delta - relief(m, s, k) - m.empty_price * size > most:
            return False
        here = s.slot_room[m.slot_ptr[k]]
        d = m.part_duration[k]
        delta -= m.part_price[k, here]
        if s.in_room[p, here] == 1:
            delta -= m.empty_price * s.free[p, here]
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
            if s.in_room[q, r] == 0:
                price += m.empty_price * free
            elif s.with_duration[q, r, d] == 0:
                price += m.mixed_price
            # As `seat` finds it: the cheapest, then the tightest.
            if price > lowest or (price == lowest and free >= tightest):
                could = True
                continue
            if may_enter(m, s, k, q, r):
                room = r
                lowest = price
                tightest = free
        if room < 0:
            if could or m.part_most[k] == 1:
                return False
            s.move_unit[0] = u
            s.move_to[0] = q
            return apply(m, s, 1, by_table, most)
        delta += lowest - m.empty_price * size
    if delta > most:
        return False
    if delta > 0:
        keep_best(m, s)
    if m.has_extras:
        count_in(m, s, u, p, -1)
        count_in(m, s, u, q, 1)
    if room >= 0:
        take(m, s, k)
        put(m, s, k, q, room, m.part_size[k])
    relocate(m, s, u, p, q)
    s.sums[COST] += delta
    return True


@kernel
def apply(m, s, n, delta, most):
    """Make the n moves in move_unit and move_to, whose price by the table is delta, if they can be made and
    cost at most `most` in all. Returns whether they were made."""
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
            if q >= 0 and (s.exams_in[q] > m.period_exams[q] or s.candidates_in[q] > m.period_candidates[q]):
                fits = False
    if fits and len(s.slots) > 0:
        rooms = move_rooms(m, s, n, most - delta)
        fits = rooms < NEVER
        delta += rooms
    if not fits or delta > most:
        if m.has_extras:
            count_moves(m, s, n, True)
        return False
    for i in range(n):
        relocate(m, s, s.move_unit[i], s.move_from[i], s.move_to[i])
    s.sums[COST] += delta
    return True


# Moves of the search


@kernel
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
    delta = 0
    near = m.near[p, q]
    i = 0
    while i < n:
        a = s.move_unit[i]
        to = s.move_to[i]
        here = p + q - to
        price = s.table[a, to]
        if price >= IMPOSSIBLE:
            delta = NEVER
            break
        delta += (price & SOFT) - s.table[a, here]
        clashes = price >> SHIFT
        j = 0
        while clashes > 0:
            b = s.member[to, j]
            j += 1
            if m.touch[a, b]:
                # The table holds b where it is; b changes sides with a, so their distance stays.
                delta += near * (m.edge[a, b] - 1)
                clashes -= 1
                if not s.is_moved[b]:
                    s.is_moved[b] = 1
                    s.move_unit[n] = b
                    s.move_to[n] = here
                    n += 1
        i += 1
    for i in range(n):
        s.is_moved[s.move_unit[i]] = 0
    return n, delta


@kernel
def swap_periods(m, s, p, q):
    """Collect all units of two periods, to change places. Returns (units, price by the table)."""
    n = 0
    delta = 0
    for side in range(2):
        here = p if side == 0 else q
        to = p + q - here
        for j in range(s.members[here]):
            a = s.member[here, j]
            price = s.table[a, to]
            if price >= IMPOSSIBLE:
                return n, NEVER
            delta += (price & SOFT) - s.table[a, here]
            clashes = price >> SHIFT
            i = 0
            while clashes > 0:
                b = s.member[to, i]
                i += 1
                if m.touch[a, b]:
                    delta += m.near[p, q] * (m.edge[a, b] - 1)
                    clashes -= 1
            s.move_unit[n] = a
            s.move_to[n] = to
            n += 1
    return n, delta


@kernel
def eject(m, s, u, p, q):
    """Collect the move of u from p (-1 = nowhere) to q where those in its way in q go each to their cheapest
    other period. Returns (units, price by the table), price NEVER if one has nowhere to go."""
    price = s.table[u, q]
    clashes = price >> SHIFT
    delta = price & SOFT
    if p >= 0:
        delta -= s.table[u, p]
    s.move_unit[0] = u
    s.move_to[0] = q
    n = 1
    j = 0
    while clashes > 0:
        f = s.member[q, j]
        j += 1
        if not m.touch[u, f]:
            continue
        weight = np.int64(m.edge[u, f]) - 1
        clashes -= 1
        lowest = NEVER
        to = -1
        for r in range(len(s.members)):
            cost = s.table[f, r]
            if r == p:
                cost -= CLASH
            if cost >= CLASH or r == q:
                continue
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
    if s.free[p, r] < m.part_size[k] and s.members[p] > 1:
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
def anneal(m, s, mix, temperature, draws):
    """Draw so many moves at one temperature. A move is accepted if its price is at most temperature x (-ln
    of a uniform draw), which is Metropolis' rule with the draw made first."""
    units = np.uint64(len(m.movable))
    periods = np.uint64(len(m.near))
    if units == 0 or periods < 2:
        return
    low12 = np.uint64(0xFFF)
    has_rooms = len(s.slots) > 0
    x = s.random[0]
    for _ in range(draws):
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
        most = np.int64(temperature * m.log[x >> np.uint64(52)])
        u = m.movable[((x & np.uint64(0xFFFFF)) * units) >> np.uint64(20)]
        p = s.period[u]
        q = np.int64((((x >> np.uint64(20)) & low12) * periods) >> np.uint64(12))
        kind = np.int64((x >> np.uint64(32)) & low12)
        y = x * np.uint64(0x9E3779B97F4A7C15)
        y ^= y >> np.uint64(29)
        if kind < mix[ROOM_MOVE] and has_rooms and p >= 0:
            n = change_rooms(m, s, u, y)
            if n == 0:
                continue
            q = p
        elif p == q:
            continue
        else:
            n = 1
        kind -= mix[ROOM_MOVE]
        price = s.table[u, q]
        delta = price
        move = SHIFTED
        if p == q:
            delta = 0
            move = ROOM_MOVED
        elif p < 0:
            # Whatever it costs: an exam more in the plan comes before any cost.
            most = NEVER
            if price >= IMPOSSIBLE or (price >> SHIFT) > MOST_EJECTED:
                continue
            if price >= CLASH:
                move = EJECTED
                n, delta = eject(m, s, u, p, q)
                if delta == NEVER:
                    continue
        elif kind >= mix[TWO_SEED] and kind < mix[TWO_SEED] + mix[PERIOD_SWAP]:
            n, delta = swap_periods(m, s, p, q)
            move = SWAPPED
        else:
            v = -1
            if kind >= 0 and kind < mix[TWO_SEED]:
                if s.members[q] == 0:
                    continue
                v = np.int64(
                    s.member[q, np.int64(((y >> np.uint64(32)) * np.uint64(s.members[q])) >> np.uint64(32))]
                )
                move = CHAINED
            elif price < CLASH:
                delta = price - s.table[u, p]
            elif price >= IMPOSSIBLE:
                continue
            else:
                kind = np.int64((x >> np.uint64(44)) & np.uint64(0xFF))
                if kind < mix[KEMPE]:
                    move = CHAINED
                elif kind < mix[KEMPE] + mix[EJECTION] and (price >> SHIFT) <= MOST_EJECTED:
                    move = EJECTED
                    n, delta = eject(m, s, u, p, q)
                else:
                    continue
            if move == CHAINED:
                n, delta = chain(m, s, u, v, p, q)
        if move == SHIFTED:
            s.move_unit[0] = u
            s.move_to[0] = q
        if move == SHIFTED and p >= 0:
            rest = delta - most
            if rest > 0:
                # Not worth a call if what it leaves could not pay for it.
                if has_rooms:
                    for j in range(m.part_ptr[u], m.part_ptr[u + 1]):
                        rest -= relief(m, s, m.part[j])
                    rest -= m.empty_price * m.unit_candidates[u]
                if m.has_extras:
                    rest -= m.gain[u]
                    if m.crowds > 0:
                        rest += s.crowd[u, m.period_day[q]] - s.crowd[u, m.period_day[p]]
            if rest <= 0 and shift(m, s, u, p, q, delta, most):
                s.stats[move] += 1
            continue
        rest = delta - most
        for i in range(n):
            if rest <= 0:
                break
            a = s.move_unit[i]
            if has_rooms:
                for j in range(m.part_ptr[a], m.part_ptr[a + 1]):
                    rest -= relief(m, s, m.part[j])
                rest -= m.empty_price * m.unit_candidates[a]
            if m.has_extras:
                rest -= m.gain[a]
                if m.crowds > 0 and s.period[a] >= 0:
                    rest -= s.crowd[a, m.period_day[s.period[a]]]
        if rest <= 0 and apply(m, s, n, delta, most):
            s.stats[move] += 1
        if move == ROOM_MOVED:
            for i in range(n):
                for j in range(m.part_ptr[s.move_unit[i]], m.part_ptr[s.move_unit[i] + 1]):
                    s.part_first[m.part[j]] = -1
    s.random[0] = x
    s.stats[DRAWN] += draws
    keep_best(m, s)
