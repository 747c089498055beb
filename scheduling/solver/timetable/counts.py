"""Kernels for the rules that the table does not hold: links, crowds, limits, days, travel."""

from .compiled import inlined, kernel


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
