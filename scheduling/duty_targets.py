"""How many minutes each teacher ought to watch in a season.

The minutes of all posts are shared out by weight: designation's weight × share of a full post × the part
of the season (by minutes of posts) without exemption. What earlier seasons gave too much is taken off first,
what they gave too little is added. Nobody's target is below 0 or above what the most duties allow; what that
leaves goes to the others. Targets are whole minutes; together they are all minutes, or as many as may be.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from projects.models import Project

from .models import Exemption, Teacher

DEFAULT_WEIGHT = 1.0  # of a teacher without a designation


class _Staff(NamedTuple):
    """Those who may invigilate: an entry a teacher in each."""

    keys: list[int]
    weights: list[float]
    carried: list[int]
    most: list[float]


def targets_of(project: Project, posts: Sequence[tuple[date, int]]) -> dict[int, int]:
    """teacher → minutes, for those who may invigilate. posts: the day of each, and its minutes."""
    staff = _staff_of(project, posts)
    total = sum(minutes for _day, minutes in posts)
    return dict(zip(staff.keys, share_out(total, *staff[1:]), strict=True))


def unsettled_of(project: Project, posts: Sequence[tuple[date, int]]) -> dict[int, int]:
    """teacher → minutes carried over that the target could not take in, because it would be below 0 or the
    teacher has no part in this season. They are carried over once more."""
    staff = _staff_of(project, posts)
    targets, per_weight = _shares(sum(minutes for _day, minutes in posts), *staff[1:])
    found = {}
    for key, weight, carried, target in zip(staff.keys, staff.weights, staff.carried, targets, strict=True):
        if weight <= 0:
            found[key] = carried
        elif target == 0:
            found[key] = max(0, round(carried - per_weight * weight))
    return found


def _staff_of(project: Project, posts: Sequence[tuple[date, int]]) -> _Staff:
    total = sum(minutes for _day, minutes in posts)
    mean = total / len(posts) if posts else 0.0
    exempted = _exempted_minutes(project, posts)
    staff = _Staff([], [], [], [])
    for row in (
        Teacher.objects.for_project(project)
        .filter(may_invigilate=True)
        .select_related("designation")
        .order_by("staff_no")
    ):
        limit = most_duties_of(row)
        free = 1.0 - exempted.get(row.pk, 0) / total if total else 1.0
        staff.keys.append(row.pk)
        staff.weights.append(
            (float(row.designation.weight) if row.designation else DEFAULT_WEIGHT) * float(row.share) * free
        )
        staff.carried.append(row.carried_minutes)
        staff.most.append(float("inf") if limit is None else limit * mean)
    return staff


def most_duties_of(teacher: Teacher) -> int | None:
    """The teacher's own number, else the designation's; None for any."""
    if teacher.max_duties is not None:
        return teacher.max_duties
    return teacher.designation.max_duties if teacher.designation else None


def share_out(
    total: int, weights: Sequence[float], carried: Sequence[int], most: Sequence[float]
) -> list[int]:
    """Whole minutes by weight, less what was carried over, each within 0 and its most."""
    target, _per_weight = _shares(total, weights, carried, most)
    return _whole(target, min(total, sum(target)))


def _shares(
    total: int, weights: Sequence[float], carried: Sequence[int], most: Sequence[float]
) -> tuple[list[float], float]:
    """The minutes before they are rounded; and what one of weight 1 is due before what was carried over."""
    target, per_weight = [0.0] * len(weights), 0.0
    active = {number for number, weight in enumerate(weights) if weight > 0}
    left = float(total)
    while active:
        pool = left + sum(carried[number] for number in active)
        whole = sum(weights[number] for number in active)
        per_weight = pool / whole
        for number in active:
            target[number] = per_weight * weights[number] - carried[number]
        over = {number for number in active if target[number] > most[number]}
        below = {number for number in active if target[number] < 0}
        # If more is lacking below 0 than is too much above the most, those below stay at 0 and the others
        # give; or the other way round. To hold both at once would give equals unequal targets.
        lack = -sum(target[number] for number in below)
        excess = sum(target[number] - most[number] for number in over)
        done = below if lack > excess else over if excess > lack else below | over
        if not done:
            break
        for number in done:
            target[number] = most[number] if number in over else 0.0
            left -= target[number]
        active -= done
    return target, per_weight


def _whole(parts: Sequence[float], total: float) -> list[int]:
    """Rounded so that the sum is kept: the largest remainders are rounded up."""
    found = [int(part) for part in parts]
    missing = round(total) - sum(found)
    by_remainder = sorted(range(len(parts)), key=lambda number: found[number] - parts[number])
    for number in by_remainder[: max(0, missing)]:
        found[number] += 1
    return found


def _exempted_minutes(project: Project, posts: Iterable[tuple[date, int]]) -> dict[int, int]:
    """teacher → minutes of posts on days of an exemption"""
    of_day: dict[date, int] = {}
    for day, minutes in posts:
        of_day[day] = of_day.get(day, 0) + minutes
    days_of: dict[int, set[date]] = {}
    for row in Exemption.objects.for_project(project).order_by("pk"):
        days_of.setdefault(row.teacher_id, set()).update(
            day for day in of_day if row.first_on <= day <= row.last_on
        )
    return {teacher: sum(of_day[day] for day in days) for teacher, days in days_of.items()}
