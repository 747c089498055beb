"""When a search ends. A stop says how far along the search is: 0 at the start, 1 or more at the end."""

from typing import Literal, NamedTuple, Protocol


class Spent(NamedTuple):
    """What a search has used so far; idle = since its best plan last improved."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    steps: int = 0
    idle_s: float = 0.0
    idle_steps: int = 0


class Stop(Protocol):
    def progress(self, spent: Spent) -> float: ...

    @property
    def is_bounded(self) -> bool: ...


class MaxSeconds(NamedTuple):
    """So many seconds by the clock on the wall, or of this process' processor; the search cools over them."""

    seconds: float
    clock: Literal["wall", "cpu"] = "wall"

    @property
    def is_bounded(self) -> bool:
        return True

    def progress(self, spent: Spent) -> float:
        used = spent.cpu_s if self.clock == "cpu" else spent.wall_s
        return used / self.seconds if self.seconds > 0 else 1.0


class MaxSteps(NamedTuple):
    """So many draws of a move: with the seed, the same plan every time."""

    steps: int

    @property
    def is_bounded(self) -> bool:
        return True

    def progress(self, spent: Spent) -> float:
        return spent.steps / self.steps if self.steps > 0 else 1.0


class NoImprovement(NamedTuple):
    """So long without a better plan; use it with a bound, since a search that starts hot improves late."""

    seconds: float = float("inf")
    steps: float = float("inf")

    @property
    def is_bounded(self) -> bool:
        return False

    def progress(self, spent: Spent) -> float:
        return 1.0 if spent.idle_s >= self.seconds or spent.idle_steps >= self.steps else 0.0


class Any:
    """The first of several."""

    def __init__(self, *stops: Stop) -> None:
        self.stops = stops

    @property
    def is_bounded(self) -> bool:
        return any(stop.is_bounded for stop in self.stops)

    def progress(self, spent: Spent) -> float:
        return max(stop.progress(spent) for stop in self.stops)
