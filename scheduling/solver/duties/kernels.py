"""The speed: one move of the search, counted for the teachers and teams that it touches.

A plan is changed for good or put back: `hand_over` gives a post to a teacher (or to nobody) and keeps the
price of everything up to date. What a teacher costs depends on that teacher's own roster alone, a team's on
the team, and how often two have met is kept in a table.
"""

from typing import NamedTuple

import numpy as np

from ..timetable.compiled import entry, kernel
from ..timetable.reference import refer_to
from .problem import OPEN, OWN_PERIOD, OWN_ROOM, Bools, Ints

# What an open post costs, and a fault that opening a post would end: more than any soft rules together.
OPEN_PRICE = 10**10
FAULT_PRICE = 3 * 10**10

# places in Model.weight
(
    W_OWN_ROOM,
    W_OWN_PERIOD,
    W_WOMAN,
    W_LEAST,
    W_FAIR,
    W_A_DAY,
    W_ON_END,
    W_DAYS,
    W_SPAN,
    W_JUNIORS,
    W_KINDS,
    W_PARTNER,
    W_ROOM,
    W_TOGETHER,
    W_SESSIONS,
    W_MOVED,
    WEIGHTS,
) = range(17)
WEIGHT_OF = {
    "own_exam_room": W_OWN_ROOM,
    "own_exam_period": W_OWN_PERIOD,
    "woman_in_room": W_WOMAN,
    "least_duties": W_LEAST,
    "fair_minutes": W_FAIR,
    "duties_a_day": W_A_DAY,
    "duties_on_end": W_ON_END,
    "duty_days": W_DAYS,
    "duty_span": W_SPAN,
    "juniors_first": W_JUNIORS,
    "even_kinds": W_KINDS,
    "same_partner": W_PARTNER,
    "same_duty_room": W_ROOM,
    "pair_together": W_TOGETHER,
    "both_sessions": W_SESSIONS,
    "moved_duty": W_MOVED,
}
# places in Model.limit
L_FREE, L_A_DAY, L_ON_END, L_DAYS, L_SPAN, L_GAP, LIMITS = range(7)
# places in State.sums
COST, BEST, HELD, SUMS = range(4)
# places in State.stats
DRAWN, GIVEN, SWAPPED, STATS = range(4)


class Model(NamedTuple):
    """A Problem as the kernels want it."""

    start: Ints
    end: Ints
    minutes: Ints
    period: Ints
    day: Ints
    room: Ints
    team: Ints
    kind: Ints
    allowed: Bools  # (teachers, posts)
    ban: np.ndarray  # (teachers, posts) the bits that have a price
    target: Ints
    most: Ints
    least: Ints
    steps: Ints  # (teachers,) ranks down to the most junior
    is_woman: Bools
    wants_woman: Bools
    team_ptr: Ints
    team_post: Ints
    period_ptr: Ints
    period_post: Ints  # the posts of each period
    never: Bools  # (teachers, teachers)
    kin: Bools  # (teachers, teams), or (1, 1) if nobody has kin
    mate_ptr: Ints
    mate: Ints  # who should watch with whom
    earlier: Ints
    kind_low: Ints
    kind_high: Ints
    movable: Ints  # posts that may change hands
    weight: Ints
    limit: Ints


class State(NamedTuple):
    who: Ints
    roster: Ints  # (teachers + 1, periods) posts in order of time; the last row is for trying
    duties: Ints  # (teachers,) how many
    minutes: Ints
    price: Ints  # (teachers,)
    team_price: Ints
    met: np.ndarray  # (teachers, teachers) int16
    visits: np.ndarray  # (teachers, rooms) int16
    best_who: Ints
    sums: Ints
    stats: Ints
    random: np.ndarray  # (1,) uint64
    queue: Ints
    parent: Ints
    seen: Ints


@kernel
def draw(s, below):
    """A number from 0 to below − 1."""
    x = s.random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    s.random[0] = x
    return np.int64((x >> np.uint64(11)) % np.uint64(below))


@kernel
def roster_price(m, s, t, row, n, minutes):
    """What the teacher costs with the n posts of that row, in order of time, of so many minutes."""
    w, limit = m.weight, m.limit
    off = minutes - m.target[t]
    beyond = max(0, abs(off) - limit[L_FREE])
    price = w[W_FAIR] * (beyond * beyond // 60)
    if off > 0:
        price += w[W_JUNIORS] * (m.steps[t] * off // 60)
    if n < m.least[t]:
        price += w[W_LEAST] * (m.least[t] - n)
    days = 0
    day = -1
    today = 0
    run = 0
    last = -2
    first_start = 0
    last_end = 0
    k0 = k1 = k2 = k3 = 0
    bans = 0
    for i in range(n):
        p = s.roster[row, i]
        if m.day[p] != day:
            if day >= 0 and last_end - first_start > limit[L_SPAN]:
                price += w[W_SPAN] * ((last_end - first_start - limit[L_SPAN] + 29) // 30)
            days += 1
            day = m.day[p]
            today = run = 0
            last = -2
            first_start = m.start[p]
            last_end = 0
        today += 1
        if today > limit[L_A_DAY]:
            price += w[W_A_DAY]
        run = run + 1 if m.period[p] == last + 1 else 1
        last = m.period[p]
        if run > limit[L_ON_END]:
            price += w[W_ON_END]
        last_end = max(last_end, m.end[p])
        kind = m.kind[p]
        k0 += kind & 1
        k1 += (kind >> 1) & 1
        k2 += (kind >> 2) & 1
        k3 += (kind >> 3) & 1
        bans = m.ban[t, p]
        if bans & OWN_ROOM:
            price += w[W_OWN_ROOM]
        if bans & OWN_PERIOD:
            price += w[W_OWN_PERIOD]
    if day >= 0 and last_end - first_start > limit[L_SPAN]:
        price += w[W_SPAN] * ((last_end - first_start - limit[L_SPAN] + 29) // 30)
    if days > limit[L_DAYS]:
        price += w[W_DAYS] * (days - limit[L_DAYS])
    if days > (n + 1) // 2:
        price += w[W_SESSIONS] * (days - (n + 1) // 2)
    if w[W_KINDS]:
        low, high = m.kind_low, m.kind_high
        wrong = max(0, k0 - high[t, 0], low[t, 0] - k0) + max(0, k1 - high[t, 1], low[t, 1] - k1)
        wrong += max(0, k2 - high[t, 2], low[t, 2] - k2) + max(0, k3 - high[t, 3], low[t, 3] - k3)
        price += w[W_KINDS] * wrong
    return price


@kernel
def teacher_price(m, s, t):
    return roster_price(m, s, t, t, s.duties[t], s.minutes[t])


@kernel
def price_if(m, s, t, out, into):
    """What the teacher would cost without one post and with another (−1: none)."""
    trial = len(m.target)
    n = 0
    waits = into >= 0
    for i in range(s.duties[t]):
        p = s.roster[t, i]
        if waits and p > into:
            s.roster[trial, n] = into
            n += 1
            waits = False
        if p != out:
            s.roster[trial, n] = p
            n += 1
    if waits:
        s.roster[trial, n] = into
        n += 1
    minutes = s.minutes[t]
    if out >= 0:
        minutes -= m.minutes[out]
    if into >= 0:
        minutes += m.minutes[into]
    return roster_price(m, s, t, trial, n, minutes)


@kernel
def team_price(m, s, team, post, instead):
    """Faults of a room's team, with another teacher at one of its posts (−1: as it is). A team with an open
    post has none yet."""
    woman = False
    stranger = len(m.kin) == 1
    for i in range(m.team_ptr[team], m.team_ptr[team + 1]):
        t = instead if m.team_post[i] == post else s.who[m.team_post[i]]
        if t == OPEN:
            return 0
        woman = woman or m.is_woman[t]
        stranger = stranger or not m.kin[t, team]
    price = 0
    if m.wants_woman[team] and not woman:
        price += m.weight[W_WOMAN]
    if not stranger:
        price += FAULT_PRICE
    return price


@kernel
def mates_price(m, s, t):
    """Duties that the teacher could have had together with those who are the better company."""
    price = 0
    for i in range(m.mate_ptr[t], m.mate_ptr[t + 1]):
        u = m.mate[i]
        price += m.weight[W_TOGETHER] * max(0, min(s.duties[t], s.duties[u]) - s.met[t, u])
    return price


@kernel
def clashes(m, s, t, p):
    """How many of the teacher's duties cannot go with this post, and one of them."""
    found = 0
    which = -1
    gap = m.limit[L_GAP]
    for i in range(s.duties[t]):
        q = s.roster[t, i]
        if m.period[q] == m.period[p] or (m.start[q] < m.end[p] + gap and m.start[p] < m.end[q] + gap):
            found += 1
            which = q
    return found, which


@kernel
def is_welcome(m, s, t, p):
    """No one of the post's team must not watch together with the teacher."""
    team = m.team[p]
    if team >= 0:
        for i in range(m.team_ptr[team], m.team_ptr[team + 1]):
            u = s.who[m.team_post[i]]
            if u >= 0 and m.team_post[i] != p and m.never[t, u]:
                return False
    return True


@kernel
def may_take(m, s, t, p):
    if not m.allowed[t, p] or s.duties[t] >= m.most[t] or not is_welcome(m, s, t, p):
        return False
    return clashes(m, s, t, p)[0] == 0


@kernel
def meet(m, s, p, t, sign):
    """The price of the teacher's meetings in the post's team, as they begin (1) or end (−1)."""
    team = m.team[p]
    price = 0
    if team >= 0:
        for i in range(m.team_ptr[team], m.team_ptr[team + 1]):
            u = s.who[m.team_post[i]]
            if u >= 0 and u != t and m.team_post[i] != p:
                if sign > 0:
                    price += m.weight[W_PARTNER] if s.met[t, u] >= 1 else 0
                else:
                    price -= m.weight[W_PARTNER] if s.met[t, u] >= 2 else 0
                s.met[t, u] += sign
                s.met[u, t] += sign
    return price


@kernel
def visit(m, s, p, t, sign):
    """The price of the teacher's being in the post's room, as it begins (1) or ends (−1)."""
    room = m.room[p]
    if room < 0:
        return 0
    price = 0
    if sign > 0:
        price += m.weight[W_ROOM] if s.visits[t, room] >= 1 else 0
    else:
        price -= m.weight[W_ROOM] if s.visits[t, room] >= 2 else 0
    s.visits[t, room] += sign
    return price


@kernel
def place_price(m, s, p, t, u):
    """About what it changes in the post's room, its team and its own price if u comes in place of t.

    Meetings and visits are counted as if nothing else moved: right but for a swap of posts that have a
    teacher or a room in common. Only `hand_over` keeps the accounts.
    """
    w = m.weight
    change = 0
    team, room = m.team[p], m.room[p]
    if team >= 0:
        change += team_price(m, s, team, p, u) - s.team_price[team]
        for i in range(m.team_ptr[team], m.team_ptr[team + 1]):
            v = s.who[m.team_post[i]]
            if v >= 0 and m.team_post[i] != p:
                if t >= 0 and s.met[t, v] >= 2:
                    change -= w[W_PARTNER]
                if s.met[u, v] >= 1:
                    change += w[W_PARTNER]
    if room >= 0:
        if t >= 0 and s.visits[t, room] >= 2:
            change -= w[W_ROOM]
        if s.visits[u, room] >= 1:
            change += w[W_ROOM]
    return change + post_price(m, p, u) - post_price(m, p, t)


@kernel
def post_price(m, p, t):
    price = 0
    if t == OPEN:
        price += OPEN_PRICE
    if m.earlier[p] >= 0 and t != m.earlier[p]:
        price += m.weight[W_MOVED]
    return price


@kernel
def hand_over(m, s, p, t):
    """Give the post to t, or to nobody; returns the change in price."""
    old = s.who[p]
    if old == t:
        return 0
    team = m.team[p]
    change = post_price(m, p, t) - post_price(m, p, old)
    if old >= 0:
        change -= mates_price(m, s, old)
        change += meet(m, s, p, old, -1) + visit(m, s, p, old, -1)
        n = s.duties[old]
        i = 0
        while s.roster[old, i] != p:
            i += 1
        for j in range(i, n - 1):
            s.roster[old, j] = s.roster[old, j + 1]
        s.duties[old] = n - 1
        s.minutes[old] -= m.minutes[p]
        s.who[p] = OPEN
        now = teacher_price(m, s, old)
        change += now - s.price[old] + mates_price(m, s, old)
        s.price[old] = now
    if t >= 0:
        change -= mates_price(m, s, t)
        change += meet(m, s, p, t, 1) + visit(m, s, p, t, 1)
        i = s.duties[t]
        while i > 0 and s.roster[t, i - 1] > p:
            s.roster[t, i] = s.roster[t, i - 1]
            i -= 1
        s.roster[t, i] = p
        s.duties[t] += 1
        s.minutes[t] += m.minutes[p]
        s.who[p] = t
        now = teacher_price(m, s, t)
        change += now - s.price[t] + mates_price(m, s, t)
        s.price[t] = now
    if team >= 0:
        now = team_price(m, s, team, -1, -1)
        change += now - s.team_price[team]
        s.team_price[team] = now
    s.sums[COST] += change
    return change


@entry
def load(m, s, who):
    """Take over a plan as far as it is allowed, the first posts first."""
    m, s = refer_to(m), refer_to(s)
    for t in range(len(m.target)):
        s.price[t] = teacher_price(m, s, t)
        s.sums[COST] += s.price[t]
    for t in range(len(m.target)):
        for i in range(m.mate_ptr[t], m.mate_ptr[t + 1]):
            u = m.mate[i]
            if t < u:
                s.sums[COST] += m.weight[W_TOGETHER] * max(0, min(s.duties[t], s.duties[u]) - s.met[t, u])
    for p in range(len(s.who)):
        s.sums[COST] += post_price(m, p, OPEN)
    for p in range(len(s.who)):
        if who[p] >= 0 and may_take(m, s, who[p], p):
            hand_over(m, s, p, who[p])


@kernel
def is_on_path(s, q, t):
    """The teacher gives or takes a post somewhere on the path that led to q."""
    while q >= 0:
        if s.who[q] == t:
            return True
        q = s.parent[q]
    return False


@entry
def fill(m, s, first, movable):
    """Fill an open post by a chain: a teacher takes it and gives another away, and so on to one with room.

    Shortest chains first (Kuhn, Hopcroft & Karp); the cheapest last teacher. Returns whether it was filled.
    """
    m, s = refer_to(m), refer_to(s)
    for p in range(len(s.seen)):
        s.seen[p] = 0
    s.seen[first] = 1
    s.parent[first] = -1
    s.queue[0] = first
    head, tail = 0, 1
    while head < tail:
        p = s.queue[head]
        head += 1
        best, chosen = np.int64(2) ** 60, -1
        for t in range(len(m.target)):
            if m.allowed[t, p] and s.who[p] != t and may_take(m, s, t, p) and not is_on_path(s, p, t):
                need = (s.minutes[t] - m.target[t]) * 64 + draw(s, 64)
                if need < best:
                    best, chosen = need, t
        if chosen >= 0:
            t = chosen
            q = p
            while q >= 0:
                giver = s.who[q]
                hand_over(m, s, q, t)
                t = giver
                q = s.parent[q]
            return True
        for t in range(len(m.target)):
            if not m.allowed[t, p] or not is_welcome(m, s, t, p) or is_on_path(s, p, t):
                continue
            found, which = clashes(m, s, t, p)
            if found == 1 and movable[which] and not s.seen[which]:
                s.seen[which] = 1
                s.parent[which] = p
                s.queue[tail] = which
                tail += 1
            elif found == 0:
                for i in range(s.duties[t]):
                    q = s.roster[t, i]
                    if movable[q] and not s.seen[q]:
                        s.seen[q] = 1
                        s.parent[q] = p
                        s.queue[tail] = q
                        tail += 1
    return False


@entry
def open_where_cheaper(m, s):
    """Open the posts whose faults cost more than an open post."""
    m, s = refer_to(m), refer_to(s)
    for i in range(len(m.movable)):
        p = m.movable[i]
        t = s.who[p]
        if t >= 0 and hand_over(m, s, p, OPEN) >= 0:
            hand_over(m, s, p, t)


@kernel
def keep_if_best(s):
    if s.sums[COST] < s.sums[BEST]:
        s.sums[BEST] = s.sums[COST]
        for p in range(len(s.who)):
            s.best_who[p] = s.who[p]


@entry
def note_best(s):
    s = refer_to(s)
    keep_if_best(s)


@kernel
def give(m, s, p, u, allowance):
    """Give the post to u if that is allowed and costs at most so much."""
    t = s.who[p]
    if u == t or not may_take(m, s, u, p):
        return False
    change = place_price(m, s, p, t, u) + price_if(m, s, u, -1, p) - s.price[u]
    if t >= 0:
        change += price_if(m, s, t, p, -1) - s.price[t]
    if change > allowance and not has_mates(m, t, u):
        return False
    if hand_over(m, s, p, u) > allowance:
        hand_over(m, s, p, t)
        return False
    s.stats[GIVEN] += 1
    return True


@kernel
def swap(m, s, p, q, allowance):
    """Let two teachers change places if that is allowed and costs at most so much."""
    t, u = s.who[p], s.who[q]
    if t in (u, OPEN) or u == OPEN or not m.allowed[t, q] or not m.allowed[u, p]:
        return False
    if not fits_for(m, s, t, q, p) or not fits_for(m, s, u, p, q):
        return False
    if m.team[p] != m.team[q] and not (is_welcome(m, s, t, q) and is_welcome(m, s, u, p)):
        return False
    change = price_if(m, s, t, p, q) - s.price[t] + price_if(m, s, u, q, p) - s.price[u]
    if m.team[p] < 0 or m.team[p] != m.team[q]:
        change += place_price(m, s, p, t, u) + place_price(m, s, q, u, t)
    if change > allowance and not has_mates(m, t, u):
        return False
    before = s.sums[COST]
    hand_over(m, s, p, OPEN)
    hand_over(m, s, q, t)
    hand_over(m, s, p, u)
    if s.sums[COST] - before > allowance:
        hand_over(m, s, p, OPEN)
        hand_over(m, s, q, u)
        hand_over(m, s, p, t)
        return False
    s.stats[SWAPPED] += 1
    return True


@kernel
def fits_for(m, s, t, q, p):
    """The teacher could have q instead of p."""
    gap = m.limit[L_GAP]
    for i in range(s.duties[t]):
        r = s.roster[t, i]
        if r != p and (
            m.period[r] == m.period[q] or (m.start[r] < m.end[q] + gap and m.start[q] < m.end[r] + gap)
        ):
            return False
    return True


@kernel
def has_mates(m, t, u):
    if len(m.mate) == 0:
        return False
    has = m.mate_ptr[u] < m.mate_ptr[u + 1]
    return has or (t >= 0 and m.mate_ptr[t] < m.mate_ptr[t + 1])


@entry
def anneal(m, s, temperature, times):
    """So many draws of a move at one temperature: Metropolis' rule, with the draw made first."""
    m, s = refer_to(m), refer_to(s)
    movable = m.movable
    teachers = len(m.target)
    for _ in range(times):
        s.stats[DRAWN] += 1
        p = movable[draw(s, len(movable))]
        x = (draw(s, 1 << 30) + 1) / (1 << 30)
        allowance = -temperature * np.log(x)
        dice = draw(s, 8)
        if dice < 2 or s.who[p] == OPEN:
            made = give(m, s, p, draw(s, teachers), allowance)
        else:
            if dice < 5:  # within the period
                begin, end = m.period_ptr[m.period[p]], m.period_ptr[m.period[p] + 1]
                q = m.period_post[begin + draw(s, end - begin)]
                made = is_movable(m, q) and swap(m, s, p, q, allowance)
            else:
                made = swap(m, s, p, movable[draw(s, len(movable))], allowance)
        if made:
            keep_if_best(s)


@kernel
def is_movable(m, p):
    low, high = 0, len(m.movable)
    while low < high:
        middle = (low + high) // 2
        if m.movable[middle] < p:
            low = middle + 1
        else:
            high = middle
    return low < len(m.movable) and m.movable[low] == p


@entry
def knapsack(price, lengths, value, last):
    """Fill value[minutes]: the dearest duties that add up to so many minutes; last[minutes]: one of them."""
    value[0] = 0.0
    for minutes in range(1, len(value)):
        for k in range(len(lengths)):
            before = minutes - lengths[k]
            if before >= 0 and value[before] + price[k] > value[minutes]:
                value[minutes] = value[before] + price[k]
                last[minutes] = k


@entry
def price_of(m, s, p, t):
    """What it changes in price if t takes the open post; −1 if t may not."""
    m, s = refer_to(m), refer_to(s)
    if not may_take(m, s, t, p):
        return False, 0
    change = hand_over(m, s, p, t)
    hand_over(m, s, p, OPEN)
    return True, change


@entry
def set_plan(m, s, who):
    """Take over a plan as it is, allowed or not."""
    m, s = refer_to(m), refer_to(s)
    for p in range(len(who)):
        hand_over(m, s, p, who[p])


@entry
def take(m, s, p, t):
    m, s = refer_to(m), refer_to(s)
    hand_over(m, s, p, t)


@entry
def best_chain(m, s, p, but):
    """Fill an open post by two steps: t takes it and hands the duty q on to u. Cheapest; t is −1 if none can
    or each would cost more than the open post, as a fault of what must hold does.

    `but`: the teacher who is not asked.
    """
    m, s = refer_to(m), refer_to(s)
    best = np.int64(0)
    teacher, given, other = -1, -1, -1
    for t in range(len(m.target)):
        if t == but or not m.allowed[t, p] or not is_welcome(m, s, t, p):
            continue
        found, which = clashes(m, s, t, p)
        if found > 1 or (found == 0 and s.duties[t] < m.most[t]):
            continue
        for i in range(s.duties[t] - 1, -1, -1):
            q = s.roster[t, i]
            if found == 1 and q != which:
                continue
            change = hand_over(m, s, q, OPEN) + hand_over(m, s, p, t)
            for u in range(len(m.target)):
                if u not in (but, t) and may_take(m, s, u, q):
                    now = change + hand_over(m, s, q, u)
                    hand_over(m, s, q, OPEN)
                    if now < best:
                        best, teacher, given, other = now, t, q, u
            hand_over(m, s, p, OPEN)
            hand_over(m, s, q, t)
    return teacher, given, other
