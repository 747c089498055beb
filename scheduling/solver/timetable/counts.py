"""Kernels for the rules that the table does not hold: links, crowds, limits, days, travel."""

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from .compiled import inlined, kernel
from .state import NEVER


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


@inlined
def leave_and_enter(s, student, word, leaves, enters):
    """A student has one exam less in the spans `leaves` of a word of spans and one more in `enters`.

    Returns the spans at the limit or over it, and those over it: before and now. Sixty-four counts at once,
    digit by digit, the lowest first; they begin so far below the limit that the last digit says whether it is
    reached (`state.spans_at_first`).
    """
    digits = s.in_span.shape[2]
    last = digits - 1
    at_before = s.in_span[student, word, last]
    rest = s.in_span[student, word, 0]
    for i in range(1, last):
        rest |= s.in_span[student, word, i]
    over_before = at_before & rest
    borrow = leaves
    carry = enters
    rest = np.uint64(0)
    for i in range(digits):
        digit = s.in_span[student, word, i] ^ borrow
        borrow &= digit
        carried = digit & carry
        digit ^= carry
        carry = carried
        s.in_span[student, word, i] = digit
        if i < last:
            rest |= digit
    at_now = s.in_span[student, word, last]
    return at_before, over_before, at_now, at_now & rest


@inlined
def price_of_spans(m, word, spans):
    """What one exam too many in each of these spans costs."""
    price = np.int64(0)
    while spans != np.uint64(0):
        price += m.span_price[64 * word + np.int64(trailing_zeros(spans))]
        spans &= spans - np.uint64(1)
    return price


@kernel
def count_crowd(m, s, u, p, q):
    """Move unit u from p to q (-1 = nowhere) in its students' spans; returns the change of the cost."""
    cost = np.int64(0)
    for word in range(m.day_spans.shape[1]):
        out = m.day_spans[m.period_day[p], word] if p >= 0 else np.uint64(0)
        into = m.day_spans[m.period_day[q], word] if q >= 0 else np.uint64(0)
        leaves = out & ~into
        enters = into & ~out
        if (leaves | enters) == np.uint64(0):
            continue
        for j in range(m.crowd_ptr[u], m.crowd_ptr[u + 1]):
            at, over, _, _ = leave_and_enter(s, m.crowd_student[j], word, leaves, enters)
            cost += price_of_spans(m, word, at & enters)
            cost -= price_of_spans(m, word, over & leaves)
    return cost


@kernel
def exchange_crowd(m, s, n, p, q):
    """Change of the cost of crowds by n moves between p and q, on two days. Returns whether it could be told,
    and the change: not if a student has two exams that go the same way."""
    changed_days = (m.period_day[p], m.period_day[q])
    cost = np.int64(0)
    can_tell = True
    for side in range(2):
        for i in range(n):
            if s.move_from[i] != (p if side == 0 else q):
                continue
            u = s.move_unit[i]
            cost += s.crowd[u, changed_days[1 - side]] - s.crowd[u, changed_days[side]]
            for j in range(m.crowd_ptr[u], m.crowd_ptr[u + 1]):
                student = m.crowd_student[j]
                goes = s.goes[student]
                if goes > side:
                    can_tell = False
                elif goes == 1:
                    # Together they change nothing for this student. Each table takes the other exam to stay,
                    # so that the two count a fault more in each span that is just at the limit.
                    for word in range(m.day_spans.shape[1]):
                        changed = m.day_spans[changed_days[0], word] ^ m.day_spans[changed_days[1], word]
                        over = np.uint64(0)
                        for d in range(s.in_span.shape[2] - 1):
                            over |= s.in_span[student, word, d]
                        full = s.in_span[student, word, s.in_span.shape[2] - 1] & ~over
                        cost -= price_of_spans(m, word, full & changed)
                s.goes[student] = side + 1
    for i in range(n):
        u = s.move_unit[i]
        for j in range(m.crowd_ptr[u], m.crowd_ptr[u + 1]):
            s.goes[m.crowd_student[j]] = 0
    return can_tell, cost


@kernel
def crowd_cost(m, s, n):
    """Change of the cost of crowds by the n moves: for one, by its table; for an exchange of two periods, by
    the tables and the students with an exam in each; else by making and unmaking them on the counts."""
    cost = np.int64(0)
    if n == 1:
        u = s.move_unit[0]
        if s.move_to[0] >= 0:
            cost += s.crowd[u, m.period_day[s.move_to[0]]]
        if s.move_from[0] >= 0:
            cost -= s.crowd[u, m.period_day[s.move_from[0]]]
        return cost
    p = s.move_from[0]
    q = s.move_to[0]
    is_exchange = p >= 0 and q >= 0
    for i in range(n):
        if s.move_from[i] + s.move_to[i] != p + q or (s.move_from[i] != p and s.move_from[i] != q):
            is_exchange = False
    if is_exchange:
        if m.period_day[p] == m.period_day[q]:
            return cost
        is_exchange, cost = exchange_crowd(m, s, n, p, q)
        if is_exchange:
            return cost
        cost = np.int64(0)
    for i in range(n):
        cost += count_crowd(m, s, s.move_unit[i], s.move_from[i], s.move_to[i])
    for i in range(n):
        count_crowd(m, s, s.move_unit[i], s.move_to[i], s.move_from[i])
    return cost


@kernel
def shift_crowd(m, s, u, p, q):
    """Unit u goes from p to q: count it, and tell the other units of its students what their days now cost.

    crowd[v, d] is what v costs on day d beyond the others' exams: the price of each span that holds d in
    which a student of v has the limit or more without v.
    """
    no_bit = np.uint64(0)
    one_bit = np.uint64(1)
    for word in range(m.day_spans.shape[1]):
        out = m.day_spans[m.period_day[p], word] if p >= 0 else no_bit
        into = m.day_spans[m.period_day[q], word] if q >= 0 else no_bit
        leaves = out & ~into
        enters = into & ~out
        if (leaves | enters) != no_bit:
            for j in range(m.crowd_ptr[u], m.crowd_ptr[u + 1]):
                student = m.crowd_student[j]
                at_before, over_before, at, over = leave_and_enter(s, student, word, leaves, enters)
                at_changed = at ^ at_before
                over_changed = over ^ over_before
                if (at_changed | over_changed) == no_bit:
                    continue
                for i in range(m.student_ptr[student], m.student_ptr[student + 1]):
                    v = m.student_unit[i]
                    own = s.spans[v, word]
                    # Without v its own spans hold one exam less.
                    changed = (at_changed & ~own) | (over_changed & own)
                    if changed == no_bit or v == u:
                        continue
                    full = (at & ~own) | (over & own)
                    while changed != no_bit:
                        bit = changed & (~changed + one_bit)
                        span = 64 * word + np.int64(trailing_zeros(changed))
                        changed ^= bit
                        price = m.span_price[span] if (full & bit) != no_bit else -m.span_price[span]
                        for d in range(m.span_first[span], m.span_last[span] + 1):
                            s.crowd[v, d] += price
        s.spans[u, word] = into


@inlined
def excess_cost(m, p, exams, candidates):
    """Price of so many exams and candidates in period p beyond its limits, where those are soft."""
    return m.exams_price * max(0, exams - m.period_exams[p]) + m.candidates_price * max(
        0, candidates - m.period_candidates[p]
    )


@inlined
def excess_change(m, s, u, p, sign):
    """Change of that price if unit u enters (1) or leaves (-1) period p."""
    if m.exams_price == 0 and m.candidates_price == 0:
        return 0
    exams = s.exams_in[p]
    candidates = s.candidates_in[p]
    return excess_cost(
        m, p, exams + sign * m.unit_exams[u], candidates + sign * m.unit_candidates[u]
    ) - excess_cost(m, p, exams, candidates)


@kernel
def count_in(m, s, u, p, sign):
    """Add or remove unit u in period p from the counts of periods and days; returns the change."""
    cost = excess_change(m, s, u, p, sign)
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
def unit_travel(m, s, u, p):
    """Price of the ways between the exams of unit u, in p and where they are, and others close in time."""
    cost = np.int64(0)
    for x in range(m.exam_ptr[u], m.exam_ptr[u + 1]):
        e = m.exam[x]
        k = m.exam_part_ptr[e]
        if k < m.exam_part_ptr[e + 1]:
            cost += s.travel[e, p, m.block[s.slot_room[m.slot_ptr[k]]]]
    return cost


@kernel
def travel_cost(m, s, n):
    """Price of the ways between the exams of the n moved units and others close in time, each pair once."""
    cost = np.int64(0)
    if n == 1:
        return (
            unit_travel(m, s, s.move_unit[0], s.period[s.move_unit[0]])
            if s.period[s.move_unit[0]] >= 0
            else cost
        )
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


@inlined
def least_travel(m, s, u, p):
    """The same in period p in the block where it is least."""
    cost = np.int64(0)
    for x in range(m.exam_ptr[u], m.exam_ptr[u + 1]):
        e = m.exam[x]
        if m.exam_part_ptr[e] < m.exam_part_ptr[e + 1]:
            least = NEVER
            for b in range(s.travel.shape[2]):
                least = min(least, s.travel[e, p, b])
            cost += least
    return cost


@kernel
def shift_travel(m, s, u, p, q):
    """Unit u went from p to q, into the rooms that it has now: tell those who share students with its exams
    what their ways now cost in each period and block."""
    for x in range(m.exam_ptr[u], m.exam_ptr[u + 1]):
        e = m.exam[x]
        k = m.exam_part_ptr[e]
        was = s.home[e]
        now = np.int64(-1)
        if q >= 0 and k < m.exam_part_ptr[e + 1]:
            now = m.block[s.slot_room[m.slot_ptr[k]]]
        if p == q and was == now:
            continue
        s.home[e] = now
        for r in range(len(m.travel_near)):
            leaves = p >= 0 and was >= 0 and m.travel_near[p, r] != 0
            enters = q >= 0 and now >= 0 and m.travel_near[q, r] != 0
            if not leaves and not enters:
                continue
            for j in range(m.travel_ptr[e], m.travel_ptr[e + 1]):
                f = m.travel_to[j]
                for b in range(s.travel.shape[2]):
                    price = m.travel_price[now, b] if enters else 0
                    price -= m.travel_price[was, b] if leaves else 0
                    s.travel[f, r, b] += m.travel_weight[j] * price
