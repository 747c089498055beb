"""Seats after a change: late candidates, a lost room. Whoever is not touched by it stays where he is.

Both acts write a new version of the solution and say by name whom they touched; the old one stays as it was.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from . import versions
from .adapter import seats
from .findings import Finding
from .models import Period, Placement, Room, RoomClosure, Seating, Solution, Student
from .recounting import recount_soon
from .solver.seating.insert import insert
from .solver.seating.neighbours import shapes_of
from .solver.seating.problem import NOWHERE, Ints
from .solver.seating.search import Result, result_of


class CannotReseat(Exception):
    """Why the seats cannot be changed so, in words for the exam office."""


class Touched(NamedTuple):
    """A candidate who sits elsewhere now; `before` is empty for who had no seat, `now` for who has none."""

    roll_no: str
    name: str
    exam: str
    period: str
    before: str
    now: str


class Reseated(NamedTuple):
    """solution: the new version. touched: who sits elsewhere now, by roll number. reasons: what is short,
    where, and the cheapest cure."""

    solution: Solution
    touched: list[Touched]
    reasons: list[str]


def seat_late(*, solution: Solution) -> Reseated:
    """Seat the candidates who have no seat in the solution, such as those who registered after it was made.

    Nobody else moves. Who is no candidate any more loses the seat.
    """
    _refuse(solution)
    season = seats.season_of(solution)
    before = season.chairs_in(solution)
    gone = _strangers(season)
    if (before != NOWHERE).all() and not gone:
        raise CannotReseat(_("Every candidate of this solution has a seat already: there is nobody to seat."))
    return _write(season, before, before, gone)


def lose_room(
    *, solution: Solution, room: Room, periods: Collection[Period] | None = None, because: str = ""
) -> Reseated:
    """Seat those of a room elsewhere, which cannot be used in these periods (in all, if none are named).

    The room is noted as closed then, so that later runs know it too.
    """
    _refuse(solution)
    if room.project_id != solution.project_id:
        raise CannotReseat(_("That room is not of this project."))
    used = Seating.objects.filter(solution=solution, room=room)
    if periods is not None:
        used = used.filter(period__in=list(periods))
    when = list(Period.objects.filter(pk__in=used.values("period")).order_by("date", "starts"))
    if not when:
        raise CannotReseat(_("Nobody sits in %s then: there is nobody to move.") % room.code)
    with transaction.atomic():
        for period in list(periods) if periods is not None else when:
            _close(room, period, because)
        season = seats.season_of(solution)
        before = season.chairs_in(solution)
        number = [row.pk for row in season.rooms].index(room.pk)
        lost = {row.pk for row in when}
        chair = before.copy()
        p = season.problem
        in_room = np.append(p.chair_room, NOWHERE)[before] == number
        in_time = np.isin(
            p.exam_period[p.candidate_exam], [n for n, row in enumerate(season.periods) if row.pk in lost]
        )
        chair[in_room & in_time] = NOWHERE
        return _write(season, before, chair, _strangers(season))


def _refuse(solution: Solution) -> None:
    if solution.project.is_archived:
        raise CannotReseat(_("This project is archived. Bring it back before you change it."))
    if "seats" not in solution.measures:
        raise CannotReseat(_("%s has no seats yet: let the solver make them first.") % solution)


def _close(room: Room, period: Period, because: str) -> None:
    closures = RoomClosure.objects.for_project(room.project).filter(room=room, date=period.date)
    for row in closures:
        if row.starts is None or row.ends is None or row.starts <= period.starts < period.ends <= row.ends:
            return
    RoomClosure.objects.update_or_create(
        project=room.project,
        room=room,
        date=period.date,
        starts=period.starts,
        defaults={"ends": period.ends, "reason": because[:200]},
        create_defaults={
            "institution": room.project.institution,
            "ends": period.ends,
            "reason": because[:200],
        },
    )


def _strangers(season: seats.Season) -> list[Seating]:
    """Seats of students who are no candidates of that exam any more."""
    p = season.problem
    expected = {
        (season.sittings[exam].pk, season.students[student])
        for exam, student in zip(p.candidate_exam.tolist(), p.candidate_student.tolist(), strict=True)
    }
    sat = Seating.objects.filter(solution=season.solution).values_list("placement__sitting", "student", "pk")
    gone = [pk for sitting, student, pk in sat if (sitting, student) not in expected]
    rows = Seating.objects.filter(pk__in=gone)
    return list(rows.select_related("placement__sitting__exam", "student", "period", "room"))


@transaction.atomic
def _write(season: seats.Season, before: Ints, chair: Ints, gone: list[Seating]) -> Reseated:
    """Seat who has no chair, and keep it all in a new version of the solution."""
    p, shapes = season.problem, shapes_of(season.problem)
    by_period = p.exam_period[p.candidate_exam]
    chair = chair.copy()
    for period in np.unique(by_period[chair == NOWHERE]).tolist():
        mine = np.flatnonzero(by_period == period)
        chair[mine] = insert(p, shapes, period, mine, chair[mine])
    # Who had no chair may still have a row, on a chair that is gone.
    changed = np.flatnonzero((chair != before) | (before == NOWHERE))
    solution = versions.new_version(of=season.solution)
    placements = seats.twins_of(season, solution)
    _take_away(season, solution, changed, gone, placements)
    now = changed[chair[changed] != NOWHERE]
    seats.insert_seatings(season, now, chair[now], solution, placements)
    seats.write_shares(season, chair, solution, placements)
    reasons = [*season.why_not, *seats.reasons_of(season, chair)]
    _count(solution, result_of(p, chair, shapes), reasons)
    return Reseated(solution, _touched(season, before, chair, changed, gone), reasons)


def _take_away(
    season: seats.Season, solution: Solution, changed: Ints, gone: list[Seating], placements: list[int]
) -> None:
    """From the new version the seats that are left: of those who move, and of those who do not come."""
    p = season.problem
    of_sitting = dict(Placement.objects.filter(solution=solution).values_list("sitting", "pk"))
    leaving: dict[int, list[int]] = defaultdict(list)
    for exam, student in zip(
        p.candidate_exam[changed].tolist(), p.candidate_student[changed].tolist(), strict=True
    ):
        leaving[placements[exam]].append(season.students[student])
    for row in gone:
        leaving[of_sitting[row.placement.sitting_id]].append(row.student_id)
    for placement, students in leaving.items():
        Seating.objects.filter(solution=solution, placement=placement, student__in=students).delete()


def _count(solution: Solution, result: Result, reasons: list[str]) -> None:
    """The solution's figures after the change; the full count of every rule follows."""
    by_rule = {
        code: {"count": count, "cost": result.costs.get(code, 0)}
        for code, count in result.counts.items()
        if count
    }
    before = solution.measures["seats"]
    solution.measures["seats"] = before | {
        **result.measures,
        "seconds": before.get("seconds", 0),
        "hard": result.hard,
        "cost": result.cost,
        "reasons": reasons,
        "by_rule": by_rule,
    }
    solution.hard = sum(told["hard"] for told in solution.measures.values())
    solution.unseated = result.counts["chair_missing"]
    solution.by_rule = {
        code: row for code, row in solution.by_rule.items() if code not in result.counts
    } | by_rule
    said = [Finding("error", "unseated", 0, reason)._asdict() for reason in reasons]
    others = [found for found in solution.findings if found["message"] not in before.get("reasons", ())]
    solution.findings = [*others, *said]
    solution.save(update_fields=["unseated", "measures", "hard", "by_rule", "findings"])
    recount_soon(solution)


def _touched(
    season: seats.Season, before: Ints, chair: Ints, changed: Ints, gone: list[Seating]
) -> list[Touched]:
    p = season.problem
    names = dict(
        Student.objects.filter(
            pk__in=[season.students[student] for student in p.candidate_student[changed].tolist()]
        ).values_list("pk", "name")
    )

    def where(number: int) -> str:
        if number == NOWHERE:
            return ""
        room, seat = season.chairs[number]
        return f"{codes[room]} {seat.label}"

    codes = {room.pk: room.code for room in season.rooms}
    found = [
        Touched(
            season.roll_nos[p.candidate_student[candidate]],
            names[season.students[p.candidate_student[candidate]]],
            season.sittings[p.candidate_exam[candidate]].exam.code,
            str(season.periods[p.exam_period[p.candidate_exam[candidate]]]),
            where(int(before[candidate])),
            where(int(chair[candidate])),
        )
        for candidate in changed.tolist()
    ]
    found += [
        Touched(
            row.student.roll_no,
            row.student.name,
            row.placement.sitting.exam.code,
            str(row.period),
            f"{row.room.code} {row.label}",
            "",
        )
        for row in gone
    ]
    return sorted(found)
