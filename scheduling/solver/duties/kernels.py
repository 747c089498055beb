"""The speed: one move of the search, counted for the teachers and teams that it touches.

A plan is changed for good or put back: `hand_over` gives a post to a teacher (or to nobody) and keeps the
price of everything up to date. What a teacher costs depends on that teacher's own roster alone, a team's on
the team, and how often two have met is kept in a table.
"""

from typing import NamedTuple

import numpy as np

from ..timetable.compiled import entry, kernel
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
    roster: Ints  # (teachers, periods) posts in order of time
    count: Ints
    minutes: Ints
    price: Ints  # (teachers,)
    team_price: Ints
    met: np.ndarray  # (teachers, teachers) int16
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
def teacher_price(m, s, t):
    w, limit = m.weight, m.limit
    n = s.count[t]
    off = s.minutes[t] - m.target[t]
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
        p = s.roster[t, i]
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
    if w[W_ROOM]:
        for i in range(n):
            room = m.room[s.roster[t, i]]
            if room >= 0:
                for j in range(i):
                    if m.room[s.roster[t, j]] == room:
                        price += w[W_ROOM]
                        break
    return price


@kernel
def team_price(m, s, team):
    """Faults of a room's team; one with an open post has none yet."""
    woman = False
    stranger = len(m.kin) == 1
    for i in range(m.team_ptr[team], m.team_ptr[team + 1]):
        t = s.who[m.team_post[i]]
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
        price += m.weight[W_TOGETHER] * max(0, min(s.count[t], s.count[u]) - s.met[t, u])
    return price


@kernel
def clashes(m, s, t, p):
    """How many of the teacher's duties cannot go with this post, and one of them."""
    found = 0
    which = -1
    gap = m.limit[L_GAP]
    for i in range(s.count[t]):
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
    if not m.allowed[t, p] or s.count[t] >= m.most[t] or not is_welcome(m, s, t, p):
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
def post_price(m, s, p):
    price = 0
    if s.who[p] == OPEN:
        price += OPEN_PRICE
    if m.earlier[p] >= 0 and s.who[p] != m.earlier[p]:
        price += m.weight[W_MOVED]
    return price


@kernel
def hand_over(m, s, p, t):
    """Give the post to t, or to nobody; returns the change in price."""
    old = s.who[p]
    if old == t:
        return 0
    team = m.team[p]
    change = -post_price(m, s, p)
    if old >= 0:
        change -= mates_price(m, s, old)
        change += meet(m, s, p, old, -1)
        n = s.count[old]
        i = 0
        while s.roster[old, i] != p:
            i += 1
        for j in range(i, n - 1):
            s.roster[old, j] = s.roster[old, j + 1]
        s.count[old] = n - 1
        s.minutes[old] -= m.minutes[p]
        s.who[p] = OPEN
        now = teacher_price(m, s, old)
        change += now - s.price[old] + mates_price(m, s, old)
        s.price[old] = now
    if t >= 0:
        change -= mates_price(m, s, t)
        change += meet(m, s, p, t, 1)
        i = s.count[t]
        while i > 0 and s.roster[t, i - 1] > p:
            s.roster[t, i] = s.roster[t, i - 1]
            i -= 1
        s.roster[t, i] = p
        s.count[t] += 1
        s.minutes[t] += m.minutes[p]
        s.who[p] = t
        now = teacher_price(m, s, t)
        change += now - s.price[t] + mates_price(m, s, t)
        s.price[t] = now
    change += post_price(m, s, p)
    if team >= 0:
        now = team_price(m, s, team)
        change += now - s.team_price[team]
        s.team_price[team] = now
    s.sums[COST] += change
    return change


@entry
def load(m, s, who):
    """Take over a plan as far as it is allowed, the first posts first."""
    for t in range(len(m.target)):
        s.price[t] = teacher_price(m, s, t)
        s.sums[COST] += s.price[t]
    for t in range(len(m.target)):
        for i in range(m.mate_ptr[t], m.mate_ptr[t + 1]):
            u = m.mate[i]
            if t < u:
                s.sums[COST] += m.weight[W_TOGETHER] * max(0, min(s.count[t], s.count[u]) - s.met[t, u])
    for p in range(len(s.who)):
        s.sums[COST] += post_price(m, s, p)
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
                for i in range(s.count[t]):
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
    keep_if_best(s)


@entry
def anneal(m, s, temperature, times):
    """So many draws of a move at one temperature: Metropolis' rule."""
    movable = m.movable
    teachers = len(m.target)
    for _ in range(times):
        s.stats[DRAWN] += 1
        p = movable[draw(s, len(movable))]
        t = s.who[p]
        x = (draw(s, 1 << 30) + 1) / (1 << 30)
        allowance = -temperature * np.log(x)
        dice = draw(s, 8)
        if dice < 3 or t == OPEN:  # to somebody else
            u = draw(s, teachers)
            if u == t or not may_take(m, s, u, p):
                continue
            if hand_over(m, s, p, u) <= allowance:
                s.stats[GIVEN] += 1
                keep_if_best(s)
            else:
                hand_over(m, s, p, t)
            continue
        if dice < 5:  # change places within the period
            begin, end = m.period_ptr[m.period[p]], m.period_ptr[m.period[p] + 1]
            q = m.period_post[begin + draw(s, end - begin)]
        else:
            q = movable[draw(s, len(movable))]
        u = s.who[q]
        if u in (t, OPEN) or not m.allowed[t, q] or not m.allowed[u, p]:
            continue
        if not is_movable(m, q):
            continue
        before = s.sums[COST]
        hand_over(m, s, p, OPEN)
        hand_over(m, s, q, OPEN)
        done = may_take(m, s, u, p)
        if done:
            hand_over(m, s, p, u)
            done = may_take(m, s, t, q)
            if done:
                hand_over(m, s, q, t)
        if done and s.sums[COST] - before <= allowance:
            s.stats[SWAPPED] += 1
            keep_if_best(s)
            continue
        hand_over(m, s, p, OPEN)
        hand_over(m, s, q, OPEN)
        hand_over(m, s, p, t)
        hand_over(m, s, q, u)


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
