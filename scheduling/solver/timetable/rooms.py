"""Kernels for rooms: who may enter, seating and unseating a part, what a move of units does to them."""

from .compiled import inlined, kernel
from .counts import travel_cost
from .state import MISSING, NEVER


@inlined
def may_enter(m, s, k, p, r):
    """Whether part k may join room r in period p, seats apart."""
    exam = m.part_exam[k]
    owner = s.owner[p, r]
    if owner >= 0:
        return owner == exam
    if s.in_room[p, r] > 0:
        if m.part_exclusive[k]:
            return False
    elif m.rooms_price == 0 and s.rooms_used[p] >= m.period_rooms[p]:
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


@inlined
def missing_seats(m, free, n):
    """How many of n candidates who come into a room find no seat. free: State.free of it before."""
    return max(0, m.overflow - free + n) - max(0, m.overflow - free)


@inlined
def put(m, s, k, p, r, n):
    """Seat n candidates of part k in room r in period p; returns the change of the cost."""
    d = m.part_duration[k]
    cost = m.part_price[k, r]
    if s.in_room[p, r] == 0:
        if s.rooms_used[p] >= m.period_rooms[p]:
            cost += m.rooms_price
        s.rooms_used[p] += 1
        empty = s.free[p, r] - m.overflow - n
    else:
        empty = -n
    cost += m.empty_price * empty
    s.seats_empty[p] += empty
    if m.seat_price > 0:
        missing = missing_seats(m, s.free[p, r], n)
        s.sums[MISSING] += missing
        cost += m.seat_price * missing
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
    return cost


@inlined
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
            if s.rooms_used[p] >= m.period_rooms[p]:
                cost -= m.rooms_price
            s.owner[p, r] = -1
            empty = n + m.overflow - s.free[p, r]
        else:
            empty = n
        cost += m.empty_price * empty
        s.seats_empty[p] += empty
        if m.seat_price > 0:
            missing = missing_seats(m, s.free[p, r], n)
            s.sums[MISSING] -= missing
            cost -= m.seat_price * missing
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
    return cost


@inlined
def enter_price(m, s, p, r, d, n):
    """What room r costs more in period p if n candidates of duration class d come there with one part, apart
    from the dislike of the room and m.empty_price * n less."""
    price = 0
    if s.in_room[p, r] == 0:
        price += m.empty_price * (s.free[p, r] - m.overflow)
        if s.rooms_used[p] >= m.period_rooms[p]:
            price += m.rooms_price
    elif s.with_duration[p, r, d] == 0:
        price += m.mixed_price
    if m.seat_price > 0:
        price += m.seat_price * missing_seats(m, s.free[p, r], n)
    return price


@kernel
def plan_split(m, s, k, p, home, first):
    """Choose rooms for part k one by one, largest first, the last one as tight as it can be; only rooms of
    block `home` unless -1; begin with room `first` unless -1. Who finds no seat in them goes to the first
    room where that has a price. Fills try_room and try_seats; returns (rooms, price), or (0, 0) if they do
    not suffice."""
    rooms = m.part_price.shape[1]
    left = m.part_size[k]
    count = 0
    price = 0
    opened = 0
    for r in range(rooms):
        s.is_tried[r] = 0
    while left > 0:
        chosen = -1
        if count == m.part_most[k]:
            pass
        elif count == 0 and first >= 0:
            free = s.free[p, first] - m.overflow
            if m.part_price[k, first] >= 0 and free > 0 and may_enter(m, s, k, p, first):
                chosen = first
        else:
            fit = -1
            fit_price = NEVER
            most = 0
            for r in range(rooms):
                cost = m.part_price[k, r]
                free = s.free[p, r] - m.overflow
                if cost < 0 or free <= 0 or s.is_tried[r] or (home >= 0 and m.block[r] != home):
                    continue
                if free < left and free <= most:
                    continue
                if s.in_room[p, r] == 0 and s.rooms_used[p] + opened >= m.period_rooms[p]:
                    if m.rooms_price == 0:
                        continue
                    cost += m.rooms_price
                if not may_enter(m, s, k, p, r):
                    continue
                if free >= left:
                    if count > 0 and m.blocks > 1:
                        cost += m.block_price[m.block[s.try_room[0]], m.block[r]]
                    if cost < fit_price or (cost == fit_price and s.free[p, r] < s.free[p, fit]):
                        fit = r
                        fit_price = cost
                if free > most:
                    most = free
                    chosen = r
            if fit >= 0:
                chosen = fit
        if chosen < 0:
            if m.overflow == 0 or count == 0:
                return 0, 0
            s.try_seats[0] += left
            return count, price + m.seat_price * left
        s.is_tried[chosen] = 1
        if s.in_room[p, chosen] == 0:
            if s.rooms_used[p] + opened >= m.period_rooms[p]:
                price += m.rooms_price
            opened += 1
        price += m.part_price[k, chosen]
        if count > 0:
            price += m.split_price
            if m.blocks > 1:
                price += m.block_price[m.block[s.try_room[0]], m.block[chosen]]
        s.try_room[count] = chosen
        s.try_seats[count] = min(left, s.free[p, chosen] - m.overflow)
        left -= s.try_seats[count]
        count += 1
    return count, price


@inlined
def seat(m, s, k, p, first):
    """Seat part k in period p: in the rooms wished for it if they will do; else in one room, the cheapest,
    then the tightest; if none is large enough and it may be split, in several. Begin with room `first`
    unless -1. Returns the change of the cost, NEVER if it cannot be."""
    size = m.part_size[k]
    if s.seats_free[p] < size and m.overflow == 0:
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
            price += enter_price(m, s, p, r, d, size)
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
    is_full = found >= 0 and m.overflow > 0 and missing_seats(m, found_free, size) > 0
    if count == 0 and m.part_most[k] > 1 and size > 0 and (found < 0 or is_full):
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
        if found >= 0 and price > found_price:
            count = 0
    if count == 0 and found >= 0:
        s.try_room[0] = found
        s.try_seats[0] = size
        count = 1
    if count == 0:
        return NEVER
    cost = 0
    for i in range(count):
        cost += put(m, s, k, p, s.try_room[i], s.try_seats[i])
    return cost


@inlined
def save_rooms(m, s, k, at):
    """Note the rooms of part k from place `at` of the notebook; returns the next place."""
    for i in range(s.slots[k]):
        s.saved_room[at + i] = s.slot_room[m.slot_ptr[k] + i]
        s.saved_seats[at + i] = s.slot_seats[m.slot_ptr[k] + i]
    return at + s.slots[k]


@inlined
def relief(m, s, k):
    """How much less the rooms can cost without part k, at most, beyond what it costs anywhere; empty seats
    apart."""
    p = s.part_period[k]
    if p < 0:
        return 0
    cost = -m.part_least[k]
    if s.rooms_used[p] > m.period_rooms[p]:
        cost += m.rooms_price * s.slots[k]
    first = m.slot_ptr[k]
    for i in range(first, first + s.slots[k]):
        r = s.slot_room[i]
        cost += m.part_price[k, r]
        if s.durations[p, r] > 1:
            cost += m.mixed_price
        if m.seat_price > 0:
            cost += m.seat_price * missing_seats(m, s.free[p, r] + s.slot_seats[i], s.slot_seats[i])
        if i > first:
            cost += m.split_price
            if m.blocks > 1:
                cost += m.block_price[m.block[s.slot_room[first]], m.block[r]]
    return cost


@inlined
def empty_relief(m, s, u, p, q):
    """How much less empty seats can cost when unit u alone goes from p to q, at most."""
    if m.empty_price == 0:
        return 0
    if m.overflow > 0:
        return NEVER
    # Those that are in q, but no more than the unit fills.
    empty = min(m.unit_seats[u], s.seats_empty[q])
    if m.part_ptr[u + 1] - m.part_ptr[u] > 1:
        return m.empty_price * (empty + s.seats_empty[p])
    k = m.part[m.part_ptr[u]]
    for i in range(m.slot_ptr[k], m.slot_ptr[k] + s.slots[k]):
        r = s.slot_room[i]
        empty += s.free[p, r] if s.in_room[p, r] == 1 else -s.slot_seats[i]
    return m.empty_price * empty


@inlined
def move_rooms(m, s, n, most):
    """Take the parts of the n moved units out and seat them in their new periods, largest first. Returns the
    change of the cost; NEVER, with all as before, if a part cannot be seated or it costs more than `most`."""
    parts = 0
    at = 0
    cost = 0
    rest = 0  # what those that are not yet seated will cost, at least
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
            if s.move_to[i] >= 0:
                rest += m.part_least[k] - m.empty_price * m.part_size[k]
    fits = True
    for i in range(parts):
        k = s.ranked[i]
        if s.part_to[k] < 0:
            continue
        if cost + rest > most:
            fits = False
            break
        rest -= m.part_least[k] - m.empty_price * m.part_size[k]
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
