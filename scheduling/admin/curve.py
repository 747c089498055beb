"""The cost of the best plan over time, as the points of a drawing: no script, so it prints as well."""

import math
from typing import NamedTuple

from ..models import Run

WIDTH, HEIGHT = 600, 150


class Curve(NamedTuple):
    """Coordinates in a box of WIDTH by HEIGHT, upside down as screens have it. `part` is the run's part that
    it is of, in words."""

    part: str
    line: str
    area: str
    last_x: float
    last_y: float
    highest: int
    lowest: int
    seconds: int


def of(run: Run) -> list[Curve]:
    """One for each part, from its second point on."""
    told = run.progress.get("curves", {})
    return [_curve(run, part, points) for part, points in told.items() if len(points) > 1]


def _curve(run: Run, part: str, history: list[tuple[float, float]]) -> Curve:
    """Costs fall by powers of ten at first: the height is their logarithm."""
    is_under_way = run.is_under_way and part == run.progress.get("part")
    limit = float(run.progress.get("limit") or run.seconds) if is_under_way else 0.0
    seconds = max(limit, history[-1][0], 1.0)
    costs = [cost for _second, cost in history]
    top, bottom = math.log(max(costs) + 1), math.log(min(costs) + 1)
    span = (top - bottom) or 1.0
    points = [
        (round(second / seconds * WIDTH, 1), round(8 + (top - math.log(cost + 1)) / span * (HEIGHT - 16), 1))
        for second, cost in history
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    area = f"{points[0][0]},{HEIGHT} {line} {points[-1][0]},{HEIGHT}"
    whose = str(Run.Part(part).label)
    return Curve(whose, line, area, *points[-1], max(costs), min(costs), round(seconds))
