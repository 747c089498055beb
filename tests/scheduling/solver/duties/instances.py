"""Small random rosters that use every rule, for tests that compare two ways of counting."""

import numpy as np

from scheduling.solver.duties import score
from scheduling.solver.duties.problem import Limits, Problem, make_problem

EVERY_RULE = {rule.code: rule.weight or 3 for rule in score.RULES if not rule.hard}


def instance(
    seed: int, *, days: int = 4, rooms: int = 3, teachers: int = 16, hard: tuple = ("own_exam_room",)
) -> Problem:
    chance = np.random.default_rng(seed)
    rows = []
    for period in range(3 * days):
        begins = (period // 3) * 1440 + 510 + 210 * (period % 3)
        kind = 2 * (period % 3 == 2) + 4 * (period // 3 == days - 1)
        for room in range(rooms):
            length = int(chance.choice([90, 120, 180, 225]))
            team = period * rooms + room
            for _ in range(int(chance.integers(1, 4))):
                rows.append((begins, begins + length, period, period // 3, room, team, kind))
        rows.append((begins, begins + 180, period, period // 3, -1, -1, kind + 1))
    start, end, period, day, room, team, kind = np.array(rows).T
    posts = len(rows)
    banned = chance.random((teachers, posts)) < 0.1
    weight = chance.choice([0.5, 1, 1.25], teachers)
    return make_problem(
        start=start,
        end=end,
        period=period,
        day=day,
        room=room,
        team=team,
        kind=kind,
        ban=np.where(banned, chance.choice([1, 2, 4, 8, 16], (teachers, posts)), 0),
        target=((end - start).sum() * weight / weight.sum()).astype(int),
        most=chance.integers(4, 12, teachers),
        least=chance.integers(0, 5, teachers),
        rank=chance.integers(0, 5, teachers),
        is_woman=chance.random(teachers) < 0.4,
        team_wants_woman=chance.random(rooms * 3 * days) < 0.5,
        never=[(0, 1), (2, 3)],
        together=[(4, 5), (5, 6)],
        kin=[(int(chance.integers(teachers)), int(chance.integers(rooms))) for _ in range(8)],
        pins=[(8, (0, 1, 2)), (9, (5,))],
        earlier=np.where(chance.random(posts) < 0.3, chance.integers(0, teachers, posts), -1),
        limits=Limits(free_minutes=10, a_day=2, on_end=1, days=3, span=400, gap=30),
        weights=EVERY_RULE,
        hard=hard,
    )
