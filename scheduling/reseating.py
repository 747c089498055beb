"""Seats after a change: late candidates, a lost room. Whoever is not touched by it stays where he is.

Both acts write a new version of the solution and say by name whom they touched; the old one stays as it was.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import time
from typing import NamedTuple

import numpy as np
from django.utils.translation import gettext as _

from . import standing_in, versions
from .adapter import seats
from .models import Period, Placement, Room, RoomClosure, Run, Seating, Solution, Student
from .recounting import keep_part, recount_if_quick
from .solver.seating.insert import insert
from .solver.seating.neighbours import shapes_of
from .solver.seating.problem import NOWHERE, Ints
from .solver.seating.search import Result, result_of


class CannotReseat(Exception):
    """Why the seats cannot be changed so, in words for the exam office."""


class Touched(NamedTuple):
    """A candidate who sits elsewhere now; `before` is empty for who had no seat, `now` for who has none.
    is_gone: of those who come no more, and need none."""

    roll_no: str
    name: str
    exam: str
    period: str
    before: str
    now: str
    is_gone: bool = False


class _Moves(NamedTuple):
    """What is to be written: where everybody sat and sits, who comes no more, and what that counts."""

    season: seats.Season
    before: Ints
    chair: Ints
    gone: list[Seating]
    result: Result
    reasons: list[str]

    @property
    def changed(self) -> Ints:
        """Who had no chair may still have a row, on a chair that is gone."""
        changed: Ints = np.flatnonzero((self.chair != self.before) | (self.before == NOWHERE))
        return changed


class Reseated(NamedTuple):
    """solution: the new version. touched: who sits elsewhere now, by roll number. reasons: what is short,
    where, and the cheapest cure. duties: the posts that changed hands with the rooms."""

    solution: Solution
    touched: list[Touched]
    reasons: list[str]
    duties: Sequence[standing_in.Touched] = ()

    @property
    def without_seat(self) -> list[Touched]:
        """Candidates who need a seat and have none."""
        return [row for row in self.touched if not row.now and not row.is_gone]


def seat_late(*, solution: Solution) -> Reseated:
    """Seat the candidates who have no seat in the solution, such as those who registered after it was made.

    Nobody else moves. Who is no candidate any more loses the seat.
    """
    _refuse(solution)

    def compute() -> _Moves:
        season = seats.season_of(solution)
        before = season.chairs_in(solution)
        gone = _strangers(season)
        if (before != NOWHERE).all() and not gone:
            raise CannotReseat(
                _("Every candidate of this solution has a seat already: there is nobody to seat.")
            )
        return _seated(season, before, before, gone)

    done = versions.write_unchanged(of=solution, compute=compute, write=_write, refused=CannotReseat)
    recount_if_quick(done.solution)
    return done


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
    closures = [
        RoomClosure(
            project=room.project,
            institution=room.project.institution,
            room=room,
            date=period.date,
            starts=period.starts,
            ends=period.ends,
            reason=because[:200],
        )
        for period in (periods if periods is not None else when)
    ]

    def compute() -> _Moves:
        season = seats.season_of(solution, closures=closures)
        before = season.chairs_in(solution)
        return _seated(season, before, _without(season, before, room, when), _strangers(season))

    def write(held: Solution, moves: _Moves) -> Reseated:
        for closure in closures:
            _close(closure)
        return _write(held, moves)

    done = versions.write_unchanged(of=solution, compute=compute, write=write, refused=CannotReseat)
    done = _with_duties(done, when)
    recount_if_quick(done.solution)
    return done


def _with_duties(done: Reseated, when: Sequence[Period]) -> Reseated:
    """Who watched the lost room goes where its candidates went, in the same version."""
    if Run.Part.DUTIES not in done.solution.measures:
        return done
    try:
        followed = standing_in.follow_rooms(solution=done.solution, periods={row.pk for row in when})
    except (standing_in.CannotStandIn, ValueError) as reason:
        return done._replace(reasons=[*done.reasons, str(reason)])
    return Reseated(followed.solution, done.touched, [*done.reasons, *followed.reasons], followed.touched)


def _without(season: seats.Season, before: Ints, room: Room, when: Sequence[Period]) -> Ints:
    """The chairs, but for those of the room in these periods."""
    p, lost = season.problem, {row.pk for row in when}
    rooms = [row.pk for row in season.rooms]
    if room.pk not in rooms:  # marked as not usable: nobody has a chair there already
        return before
    number = rooms.index(room.pk)
    in_room = np.append(p.chair_room, NOWHERE)[before] == number
    in_time = np.isin(
        p.exam_period[p.candidate_exam], [n for n, row in enumerate(season.periods) if row.pk in lost]
    )
    return np.where(in_room & in_time, NOWHERE, before)


def _refuse(solution: Solution) -> None:
    if solution.project.is_archived:
        raise CannotReseat(_("This project is archived. Bring it back before you change it."))
    if "seats" not in solution.measures:
        raise CannotReseat(_("%s has no seats yet: let the solver make them first.") % solution)


def _close(closure: RoomClosure) -> None:
    """Note it, unless the room is noted as closed at that time already."""
    starts, ends = closure.starts or time.min, closure.ends or time.max
    that_day = RoomClosure.objects.for_project(closure.project).filter(room=closure.room, date=closure.date)
    for row in that_day:
        if (row.starts or time.min) <= starts and ends <= (row.ends or time.max):
            return
    told = {"ends": closure.ends, "reason": closure.reason}
    RoomClosure.objects.update_or_create(
        project=closure.project,
        room=closure.room,
        date=closure.date,
        starts=closure.starts,
        defaults=told,
        create_defaults={"institution": closure.institution, **told},
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


def _seated(season: seats.Season, before: Ints, chair: Ints, gone: list[Seating]) -> _Moves:
    """A chair for whoever has none."""
    p, shapes = season.problem, shapes_of(season.problem)
    by_period = p.exam_period[p.candidate_exam]
    chair = chair.copy()
    for period in np.unique(by_period[chair == NOWHERE]).tolist():
        mine = np.flatnonzero(by_period == period)
        chair[mine] = insert(p, shapes, period, mine, chair[mine])
    reasons = [*season.why_not, *seats.reasons_of(season, chair)]
    return _Moves(season, before, chair, gone, result_of(p, chair, shapes), reasons)


def _write(held: Solution, moves: _Moves) -> Reseated:
    """The moves in a new version of the solution."""
    season, chair, changed = moves.season, moves.chair, moves.changed
    solution = versions.new_version(of=held)
    placements = seats.twins_of(season, solution)
    _take_away(moves, solution, placements)
    now = changed[chair[changed] != NOWHERE]
    seats.insert_seatings(season, now, chair[now], solution, placements)
    seats.write_shares(season, chair, solution, placements)
    solution.unseated = moves.result.counts["chair_missing"]
    told = {**moves.result.measures, "seconds": held.measures["seats"].get("seconds", 0)}
    keep_part(solution, Run.Part.SEATS, moves.result, measures=told, reasons=moves.reasons)
    return Reseated(solution, _touched(moves), moves.reasons)


def _take_away(moves: _Moves, solution: Solution, placements: list[int]) -> None:
    """From the new version the seats that are left: of those who move, and of those who do not come."""
    p, season, changed = moves.season.problem, moves.season, moves.changed
    of_sitting = dict(Placement.objects.filter(solution=solution).values_list("sitting", "pk"))
    leaving: dict[int, list[int]] = defaultdict(list)
    for exam, student in zip(
        p.candidate_exam[changed].tolist(), p.candidate_student[changed].tolist(), strict=True
    ):
        leaving[placements[exam]].append(season.students[student])
    for row in moves.gone:
        leaving[of_sitting[row.placement.sitting_id]].append(row.student_id)
    for placement, students in leaving.items():
        Seating.objects.filter(solution=solution, placement=placement, student__in=students).delete()


def _touched(moves: _Moves) -> list[Touched]:
    season, changed = moves.season, moves.changed
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
            where(int(moves.before[candidate])),
            where(int(moves.chair[candidate])),
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
            is_gone=True,
        )
        for row in moves.gone
    ]
    return sorted(found)
