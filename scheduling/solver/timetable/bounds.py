"""What no plan can cost less than, rule by rule: cheap relaxations, none of them complete.

Each bound drops most of the problem, so that it holds for every plan without exams left out:
- a rule on two exams of a student: each student by itself, with as many periods as exams, the cheapest ones;
- more exams in a day, or in n days, than a student should have: each student by itself;
- a rule on one exam and its period, or its rooms: each exam in its cheapest ones, where the seats of all
  periods, or of a room in all periods together, suffice for parts of exams (a linear program, HiGHS);
- days used: the largest day after the other until exams, candidates and some student have enough.
"""

from collections.abc import Mapping

import highspy
import numpy as np

from . import score
from .model import can_be_seated
from .problem import NO_LIMIT, Bools, Ints, Problem, period_pairs, possible_periods, without_soft_limits

WINDOW = 15  # periods back to which a pair of exams is charged; the rest is left out of the bound
MOST_EXAMS = 14  # of a student; of more, the dearest so many count
NEVER = 1 << 50
MOST_WORK = 10_000_000  # numbers of the dynamic program
MOST_VARIABLES = 50_000
PROGRAM_S = 0.5


def lower_bounds(problem: Problem, weights: Mapping[str, int] | None = None) -> dict[str, float]:
    """{rule: what it costs at least}, for soft rules with a bound above 0, and "all" for the cost as a
    whole, at least their sum."""
    price = {code: weight for code, weight in {**problem.weights, **(weights or {})}.items() if weight}
    problem = without_soft_limits(problem)
    domain = possible_periods(problem) & can_be_seated(problem)
    if not domain.any(axis=1).all():
        return {}
    bounds: dict[str, float] = {}
    periods = problem.periods
    p, q = period_pairs(problem)
    pairs = {
        code: (faults(problem, p, q) * price[code]).reshape(periods, periods)
        for code, faults in score.STUDENT_PAIRS.items()
        if code in price
    }
    apart = _keeps_students_apart(problem)
    together = 0.0
    if pairs and apart:
        for code, near in pairs.items():
            bounds[code] = _students(problem, near)
        # Rules that pull apart cost more together than each by itself.
        together = _students(problem, np.sum(list(pairs.values()), axis=0))
    rest = {
        "day_limit": lambda: _crowded(problem, problem.day_limit, 1),
        "window_limit": lambda: _crowded(problem, problem.window_limit, problem.window_days),
        "days_used": lambda: _days(problem),
        "split_rooms": lambda: _splits(problem),
    }
    for code, faults_by_exam in score.EXAM_IN_PERIOD.items():
        if code in price:
            table = np.where(domain, faults_by_exam(problem), NEVER)
            seated = np.bincount(problem.part_exam, problem.part_size, problem.exams)
            seats = np.minimum(problem.room_seats.sum(axis=0), problem.period_max_candidates)
            bounds[code] = price[code] * _transport(table, seated, seats)
    for code, fault in (
        ("room_penalty", np.repeat(problem.room_penalty[None, :], problem.parts, axis=0)),
        ("room_preference", problem.part_room_penalty),
        ("moved_room", score.moved_room_table(problem)),
    ):
        if code in price and problem.parts:
            able = np.stack([_suitable(problem, k) for k in range(problem.parts)])
            table = np.where(able, fault, NEVER)
            bounds[code] = price[code] * _transport(table, problem.part_size, problem.room_seats.sum(axis=1))
    for code, least in rest.items():
        if code in price:
            bounds[code] = price[code] * float(least())
    alone = sum(bound for code, bound in bounds.items() if code not in pairs)
    total = alone + max(together, sum(bounds.get(code, 0) for code in pairs))
    bounds = {code: round(bound, 2) for code, bound in bounds.items() if bound > 0}
    return {**bounds, "all": round(total, 2)} if total > 0 else bounds


def _keeps_students_apart(problem: Problem) -> bool:
    return "clash" not in problem.soft and not len(problem.allowed_clashes)


def _students(problem: Problem, near: Ints) -> float:
    """For each student with k exams the cheapest k periods; a registration that weighs less counts as the
    lightest of its student."""
    exams = np.bincount(problem.registration_student, minlength=problem.students)
    lightest = np.full(problem.students, problem.scale)
    np.minimum.at(lightest, problem.registration_student, problem.registration_weight)
    by_count = np.bincount(np.minimum(exams, MOST_EXAMS), lightest / problem.scale, MOST_EXAMS + 1)
    cheapest = cheapest_periods(near, min(int(exams.max(initial=0)), MOST_EXAMS))
    known = np.append(cheapest, np.full(MOST_EXAMS + 1 - len(cheapest), 0))
    return float((by_count * known).sum())


def cheapest_periods(near: Ints, most: int) -> Ints:
    """(most + 1,) for each k the least sum of near[p, q] over all pairs of k different periods; pairs more
    than WINDOW periods apart are left out. Dynamic programming over the periods, by how many are chosen and
    which of the last WINDOW."""
    periods = len(near)
    window = min(WINDOW, max(1, _reach(near)))
    while window > 1 and (most * periods << window) > MOST_WORK:
        window -= 1
    masks = 1 << window
    best = np.full((most + 1, masks), NEVER, dtype=np.int64)
    best[0, 0] = 0
    mask = np.arange(masks)
    low = mask & -mask
    bit = np.zeros(masks, dtype=np.int64)
    bit[1:] = np.log2(low[1:]).astype(np.int64)
    for p in range(periods):
        # Bit i of the mask: period p - 1 - i is chosen.
        cost = np.zeros(masks, dtype=np.int64)
        for i in range(min(window, p)):
            cost += near[p, p - 1 - i] * (mask >> i & 1)
        taken = np.full_like(best, NEVER)
        taken[1:] = best[:-1] + cost
        after = np.full_like(best, NEVER)
        for option, chosen in ((best, 0), (taken, 1)):
            place = (mask << 1 & masks - 1) | chosen
            for half in (slice(0, masks // 2), slice(masks // 2, masks)):
                # Within a half no two masks have the same place.
                after[:, place[half]] = np.minimum(after[:, place[half]], option[:, half])
        best = after
    least = best.min(axis=1)
    return np.where(least >= NEVER, 0, least)


def _reach(near: Ints) -> int:
    p, q = np.nonzero(near)
    return int(np.abs(p - q).max(initial=0))


def _crowded(problem: Problem, limit: int, days: int) -> int:
    """Exams beyond the limit in every stretch of so many days, if each student's were spread evenly: those
    of stretches that do not overlap."""
    if limit <= 0 or days <= 0:
        return 0
    day = problem.period_day - problem.period_day.min()
    stretches = -(-(int(day.max()) + 1) // days)
    exams = np.bincount(problem.registration_student, minlength=problem.students)
    if days > 1 and (int(day.max()) + 1) % days:
        # The last stretch is shorter: it is no window of its own, so that it may hold any number.
        return 0
    return int(np.maximum(exams - limit * stretches, 0).sum())


def _days(problem: Problem) -> int:
    """Days that exams, candidates and the student with most exams need at least."""
    day = problem.period_day - problem.period_day.min()
    slots = np.sort(np.bincount(day))[::-1]
    seats = np.minimum(problem.room_seats.sum(axis=0), problem.period_max_candidates)
    needed = 1
    for amount, by_period in (
        (int(problem.part_size.sum()), seats),
        (problem.exams, np.minimum(problem.period_max_exams, NO_LIMIT)),
    ):
        by_day = np.sort(np.bincount(day, by_period))[::-1]
        needed = max(needed, int((np.cumsum(by_day) < amount).sum()) + 1)
    if _keeps_students_apart(problem):
        exams = int(np.bincount(problem.registration_student, minlength=1).max(initial=0))
        needed = max(needed, int((np.cumsum(slots) < exams).sum()) + 1)
    return min(needed, len(slots[slots > 0]))


def _most_seats(problem: Problem) -> Ints:
    """(rooms,) seats in the period where the room has most."""
    return problem.room_seats.max(axis=1, initial=0)


def _suitable(problem: Problem, k: int) -> Bools:
    """Rooms that part k may use at all; where it may use one only, those that hold it."""
    seats = _most_seats(problem)
    rooms = problem.possible_rooms[k] & (seats > 0)
    return rooms & (seats >= problem.part_size[k]) if problem.max_rooms[problem.part_exam[k]] == 1 else rooms


def _transport(table: Ints, size: Ints, room: Ints) -> float:
    """The least sum of table[i, j] over all i, each in one j or shared among several, where no j holds more
    than its room; NEVER in the table = not there."""
    alone = table.min(axis=1)
    if (alone >= NEVER).any():
        return 0.0
    best = float(alone.sum())
    filled = np.bincount(table.argmin(axis=1), size, table.shape[1])
    if (filled <= room).all() or (np.where(table < NEVER, table, 0).max(axis=1) == alone).all():
        return best  # the cheapest fit, or all cost the same
    row, column = np.nonzero(table < NEVER)
    if len(row) > MOST_VARIABLES:
        return best
    program = highspy.HighsLp()
    rows, columns = table.shape
    program.num_col_, program.num_row_ = len(row), rows + columns
    program.col_cost_ = table[row, column].astype(float)
    program.col_lower_, program.col_upper_ = np.zeros(len(row)), np.ones(len(row))
    program.row_lower_ = np.concatenate((np.ones(rows), np.full(columns, -highspy.kHighsInf)))
    program.row_upper_ = np.concatenate((np.ones(rows), room.astype(float)))
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.arange(0, 2 * len(row) + 1, 2)
    program.a_matrix_.index_ = np.stack((row, rows + column), axis=1).ravel().astype(np.int32)
    program.a_matrix_.value_ = np.stack((np.ones(len(row)), size[row]), axis=1).ravel().astype(float)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", PROGRAM_S)
    solver.passModel(program)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return best
    return max(best, float(np.floor(solver.getInfo().objective_function_value + 1 - 1e-6)))


def _splits(problem: Problem) -> int:
    """Rooms beyond the first that each part needs even if it had the largest for itself."""
    seats = _most_seats(problem)
    total = 0
    for k in range(problem.parts):
        largest = np.cumsum(np.sort(seats[_suitable(problem, k)])[::-1])
        total += int((largest < problem.part_size[k]).sum())
    return total
