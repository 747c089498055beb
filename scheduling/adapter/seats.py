"""The door between the tables and the seating solver: placements to a Problem, chairs to Seatings.

A candidate is one student of one sitting. A student with two exams in one period, as an allowed clash or one
that could not be helped, is two candidates with a chair each: the second exam is sat after the first, under
supervision, on the chair that was kept for it.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from django.utils.translation import gettext as _

from projects import bulk
from projects.models import Project

from .. import layouts, rules
from ..candidate_groups import FIELDS, group_of
from ..models import (
    AccessArrangement,
    CandidateGroup,
    ExamLink,
    Period,
    Placement,
    Room,
    RoomClosure,
    RoomShare,
    Seating,
    SeatingPolicy,
    SeatPin,
    Sitting,
    Solution,
)
from ..roll_order import students_in_order
from ..solver.seating import score
from ..solver.seating.diagnose import explain, find_shortages
from ..solver.seating.neighbours import shapes_of
from ..solver.seating.problem import NO_LIMIT, NOWHERE, Ints, Problem, make_problem
from .left_out import MOST_REASONS
from .shortages import sentence
from .timetable import _Reader

BATCH = 5000
SEATING_COLUMNS = (
    "institution_id",
    "project_id",
    "solution_id",
    "placement_id",
    "period_id",
    "student_id",
    "room_id",
    "row",
    "column",
    "side",
    "label",
)


class Season(NamedTuple):
    """A seating Problem and the rows that its numbers stand for.

    chairs: (room's primary key, chair). placements, sittings: of each exam. students: primary keys.
    part_groups: the candidate group of each part. why_not: what cannot be, known before the search starts.
    """

    problem: Problem
    solution: Solution
    policy: SeatingPolicy
    rooms: list[Room]
    periods: list[Period]
    chairs: list[tuple[int, layouts.Chair]]
    placements: list[int]
    sittings: list[Sitting]
    students: list[int]
    roll_nos: list[str]
    part_groups: list[int | None]
    why_not: list[str]

    def chairs_in(self, solution: Solution) -> Ints:
        """Where a solution has the candidates; NOWHERE where it has not, or the chair is gone."""
        exam_of_sitting = {row.pk: exam for exam, row in enumerate(self.sittings)}
        index_of_student = {pk: number for number, pk in enumerate(self.students)}
        chair_of = {(room, *chair.key): number for number, (room, chair) in enumerate(self.chairs)}
        p = self.problem
        candidate_of = {
            pair: number
            for number, pair in enumerate(
                zip(p.candidate_exam.tolist(), p.candidate_student.tolist(), strict=True)
            )
        }
        found = np.full(p.candidates, NOWHERE, dtype=np.int64)
        for sitting, student, *key in Seating.objects.filter(solution=solution).values_list(
            "placement__sitting", "student", "room", "row", "column", "side"
        ):
            candidate = candidate_of.get((exam_of_sitting.get(sitting), index_of_student.get(student)))
            if candidate is not None:
                found[candidate] = chair_of.get(tuple(key), NOWHERE)
        return found


def policy_of(project: Project) -> SeatingPolicy:
    """The project's seating policy, or the usual one, unsaved."""
    return SeatingPolicy.objects.for_project(project).first() or SeatingPolicy(project=project)


def largest_exam(project: Project) -> int:
    """The most candidates of one exam that all rooms together hold under the project's neighbour policy."""
    policy = policy_of(project)
    rooms = list(Room.objects.for_project(project).filter(is_usable=True))
    _chairs_of_rooms, of_chairs = _chairs(rooms)
    problem = make_problem(
        **of_chairs,
        rooms=len(rooms),
        room_capacity=[room.exam_capacity for room in rooms],
        exam_period=[],
        candidate_exam=[],
        candidate_student=[],
        neighbours=str(policy.neighbours),
        metres=float(policy.metres),
    )
    return sum(
        min(shape.largest, int(seats))
        for shape, seats in zip(shapes_of(problem), problem.room_capacity, strict=True)
    )


def season_of(
    solution: Solution, *, stay_close_to: Solution | None = None, closures: Iterable[RoomClosure] = ()
) -> Season:
    """The solution's candidates, rooms and chairs as a Problem; ValueError if it cannot be one.

    closures: of rooms, beyond those that are written down.
    """
    project = solution.project
    reader = _Reader(project)
    policy = policy_of(project)
    settings = reader.settings
    students, student, sitting, _load = reader.registrations()
    facts = _Students(reader, students)

    placed = {
        reader.index_of_sitting[row]: (pk, reader.index_of_period[period])
        for pk, row, period in Placement.objects.filter(solution=solution, period__isnull=False).values_list(
            "pk", "sitting", "period"
        )
        if row in reader.index_of_sitting and reader.sittings[reader.index_of_sitting[row]].exam.needs_room
    }
    numbers = sorted(placed)
    sittings = [reader.sittings[number] for number in numbers]
    exam_of = np.full(len(reader.sittings), NOWHERE, dtype=np.int64)
    exam_of[numbers] = np.arange(len(numbers))
    period = np.array([placed[number][1] for number in numbers], dtype=np.int64)

    exam = exam_of[sitting]
    there = exam != NOWHERE
    order = np.lexsort((student[there], exam[there]))
    who, exam = student[there][order], exam[there][order]
    part_exam, part_rooms, part_groups, part = _parts(reader, facts, numbers, exam, who)
    chairs, of_chairs = _chairs(reader.rooms)
    chair_of = {(room, *chair.key): number for number, (room, chair) in enumerate(chairs)}
    arranged = facts.arrangements([row.date for row in reader.periods], period[exam], who)
    linked = _links(reader, exam_of, period)
    spare = [
        max(policy.spare_seats, -(-room.exam_capacity * policy.spare_percent // 100)) for room in reader.rooms
    ]
    problem = make_problem(
        **of_chairs,
        rooms=len(reader.rooms),
        periods=len(reader.periods),
        room_capacity=[room.exam_capacity for room in reader.rooms],
        room_spare=spare,
        room_block=reader.blocks(),
        room_floor=[room.floor for room in reader.rooms],
        room_penalty=[room.penalty for room in reader.rooms],
        room_open=reader.room_seats(closures) > 0,
        period_day=[row.date.toordinal() for row in reader.periods],
        period_max_rooms=[
            NO_LIMIT if row.max_rooms is None or not settings["period_rooms"].is_hard else row.max_rooms
            for row in reader.periods
        ],
        exam_period=period,
        exam_duration=[row.exam.duration for row in sittings],
        exam_alone=[row.exam.is_alone_in_room for row in sittings],
        exam_max_rooms=[row.exam.max_rooms or NO_LIMIT for row in sittings],
        part_exam=part_exam,
        part_rooms=part_rooms,
        candidate_exam=exam,
        candidate_part=part,
        candidate_student=who,
        candidate_cohort=facts.cohort[who],
        candidate_own_room=arranged[AccessArrangement.Kind.OWN_ROOM],
        candidate_ground=arranged[AccessArrangement.Kind.GROUND_FLOOR],
        candidate_front=arranged[AccessArrangement.Kind.FRONT_SEAT],
        candidate_pin=_pins(reader, sittings, students, exam, who, chair_of),
        same_room=linked[ExamLink.Kind.SAME_ROOM],
        different_room=linked[ExamLink.Kind.DIFFERENT_ROOM],
        neighbours=str(policy.neighbours),
        metres=float(policy.metres),
        order=str(policy.order),
        must_keep_neighbours=settings["neighbours"].is_hard,
        most_exams=(settings["exams_in_room"].limit or 0) if settings["exams_in_room"].is_on else 0,
        sparse_percent=(settings["sparse"].limit or 100) if settings["sparse"].is_on else 100,
        weights=_weights(settings),
    )
    season = Season(
        problem=problem,
        solution=solution,
        policy=policy,
        rooms=reader.rooms,
        periods=reader.periods,
        chairs=chairs,
        placements=[placed[number][0] for number in numbers],
        sittings=sittings,
        students=students,
        roll_nos=facts.roll_nos,
        part_groups=part_groups,
        why_not=[],
    )
    if stay_close_to is not None:
        before = season.chairs_in(stay_close_to)
        season = season._replace(problem=problem._replace(candidate_before=before))
    short = find_shortages(problem)
    said = [sentence(season, one) for one in short[:MOST_REASONS]]
    said += [_("And %d more.") % (len(short) - MOST_REASONS)] if len(short) > MOST_REASONS else []
    return season._replace(why_not=said)


class _Students:
    """What the seats need to know of the students, in order of roll number."""

    def __init__(self, reader: _Reader, students: list[int]) -> None:
        self.reader = reader
        self.students = students
        self.rows = students_in_order(reader.project, *FIELDS, "semester", "section")
        self.roll_nos = [roll_no for _key, roll_no, *_facts in self.rows]
        number_of: dict[tuple, int] = {}
        self.cohort = np.array(
            [number_of.setdefault(row[5:], len(number_of)) if row[5] else NOWHERE for row in self.rows],
            dtype=np.int64,
        )

    def groups(self) -> tuple[Ints, list[CandidateGroup]]:
        """Each student's candidate group, the first that fits; the number of groups where none does."""
        groups = list(CandidateGroup.objects.for_project(self.reader.project).prefetch_related("pool__rooms"))
        found = np.full(len(self.rows), len(groups), dtype=np.int64)
        for number, (_key, _roll_no, gender, shift, campus, programme, *_cohort) in enumerate(self.rows):
            place = group_of(groups, gender, shift, campus, programme)
            if place is not None:
                found[number] = place
        return found, groups

    def arrangements(self, dates: list[Any], period: Ints, who: Ints) -> dict[str, np.ndarray]:
        """For each kind that is about seats, which candidates have it on the day of their exam."""
        index = {pk: number for number, pk in enumerate(self.students)}
        day = np.array([date.toordinal() for date in dates], dtype=np.int64)
        found: dict[str, np.ndarray] = {}
        for kind in SEATED_KINDS:
            until = np.full(len(self.students), NOWHERE, dtype=np.int64)
            rows = AccessArrangement.objects.for_project(self.reader.project).filter(kind=kind)
            for student, last in rows.values_list("student", "valid_until"):
                if student in index:
                    until[index[student]] = NO_LIMIT if last is None else last.toordinal()
            found[kind] = until[who] >= day[period] if len(who) else np.zeros(0, dtype=bool)
        return found


SEATED_KINDS = (
    AccessArrangement.Kind.OWN_ROOM,
    AccessArrangement.Kind.GROUND_FLOOR,
    AccessArrangement.Kind.FRONT_SEAT,
)


def _parts(
    reader: _Reader, facts: _Students, numbers: list[int], exam: Ints, who: Ints
) -> tuple[Ints, np.ndarray, list[int | None], Ints]:
    """Parts of exams by candidate group: exam, rooms, group of each; and the part of each candidate."""
    suitable = reader.exam_rooms()
    pinned: dict[int, set[int]] = defaultdict(set)
    for number, room in reader.pinned_rooms():
        pinned[number].add(room)
    for number, named in pinned.items():
        suitable[number] &= np.isin(np.arange(len(reader.rooms)), list(named))
    group_of, groups = facts.groups()
    masks = [
        np.isin([room.pk for room in reader.rooms], [room.pk for room in group.pool.rooms.all()])
        for group in groups
    ]
    masks.append(np.ones(len(reader.rooms), dtype=bool))
    pks: list[int | None] = [*(group.pk for group in groups), None]
    keys, part = np.unique(exam * len(pks) + group_of[who], return_inverse=True)
    part_exam, group = keys // len(pks), keys % len(pks)
    rooms = np.array(
        [suitable[numbers[e]] & masks[g] for e, g in zip(part_exam, group, strict=True)], dtype=bool
    )
    return part_exam, rooms.reshape(len(keys), len(reader.rooms)), [pks[g] for g in group], part


def _chairs(rooms: list[Room]) -> tuple[list[tuple[int, layouts.Chair]], dict[str, Any]]:
    of_room = layouts.chairs_of_rooms(rooms)
    found = [(room.pk, chair) for room in rooms for chair in of_room[room.pk]]
    number = {room.pk: place for place, room in enumerate(rooms)}
    benches: dict[tuple[int, int, int], int] = {}
    far = float("nan")
    return found, {
        "chair_room": [number[room] for room, _chair in found],
        "chair_row": [chair.row for _room, chair in found],
        "chair_across": [chair.across for _room, chair in found],
        "chair_bench": [
            benches.setdefault((room, chair.row, chair.column), len(benches)) for room, chair in found
        ],
        "chair_usable": [chair.is_usable for _room, chair in found],
        "chair_front": [chair.is_front and chair.is_usable for _room, chair in found],
        "chair_x": [far if chair.x is None else chair.x for _room, chair in found],
        "chair_y": [far if chair.y is None else chair.y for _room, chair in found],
    }


def _pins(
    reader: _Reader,
    sittings: list[Sitting],
    students: list[int],
    exam: Ints,
    who: Ints,
    chair_of: dict[tuple, int],
) -> Ints:
    pins = np.full(len(exam), NOWHERE, dtype=np.int64)
    rows = list(
        SeatPin.objects.for_project(reader.project).values_list(
            "student", "exam", "room", "row", "column", "side"
        )
    )
    if rows:
        candidates = {
            (students[student], sittings[e].exam_id): number
            for number, (student, e) in enumerate(zip(who.tolist(), exam.tolist(), strict=True))
        }
        for student, of_exam, *key in rows:
            if (student, of_exam) in candidates:
                pins[candidates[student, of_exam]] = chair_of.get(tuple(key), NOWHERE)
    return pins


def _links(reader: _Reader, exam_of: Ints, period: Ints) -> dict[str, list[tuple[int, int]]]:
    """Pairs of exams of one period that are linked by their rooms."""
    found: dict[str, list[tuple[int, int]]] = {ExamLink.Kind.SAME_ROOM: [], ExamLink.Kind.DIFFERENT_ROOM: []}
    rows = ExamLink.objects.for_project(reader.project).filter(kind__in=list(found))
    for link in rows:
        for a in reader.of_exam.get(link.exam_a_id, ()):
            for b in reader.of_exam.get(link.exam_b_id, ()):
                one, other = int(exam_of[a]), int(exam_of[b])
                if one != NOWHERE and other != NOWHERE and period[one] == period[other]:
                    found[link.kind].append((one, other))
    return found


def _weights(settings: dict[str, rules.Setting]) -> dict[str, int]:
    priced = rules.weights_of_part(settings, "seats")
    for code in score.OF_THE_DATESHEET:
        if code in settings and settings[code].is_on:
            priced[code] = settings[code].weight
    return {code: weight for code, weight in priced.items() if code in score.RULE_OF_CODE}


def write(season: Season, result: Any, solution: Solution) -> None:
    """Keep the chairs: the solution's RoomShares and Seatings anew, its unseated, its measures["seats"].

    `solution`: the one that the season was read from, or a copy of it. Inside the caller's transaction.
    """
    write_chairs(season, result.chair, solution, twins_of(season, solution))
    solution.unseated = int((result.chair == NOWHERE).sum())
    solution.measures["seats"] = result.measures
    solution.save(update_fields=["unseated", "measures"])


def twins_of(season: Season, solution: Solution) -> list[int]:
    """The placements of the season's exams in this solution."""
    if solution.pk == season.solution.pk:
        return season.placements
    twin = dict(Placement.objects.filter(solution=solution).values_list("sitting", "pk"))
    return [twin[sitting.pk] for sitting in season.sittings]


def write_chairs(season: Season, chair: Ints, solution: Solution, placements: list[int]) -> None:
    """The rows themselves, in the place of what the solution had. placements: of the season's exams."""
    Seating.objects.filter(solution=solution)._raw_delete(using=solution._state.db)
    seated = np.flatnonzero(chair != NOWHERE)
    insert_seatings(season, seated, chair[seated], solution, placements)
    write_shares(season, chair, solution, placements)


def write_shares(season: Season, chair: Ints, solution: Solution, placements: list[int]) -> None:
    """How many of each exam sit in which room."""
    RoomShare.objects.filter(placement__solution=solution).delete()
    p = season.problem
    seated = np.flatnonzero(chair != NOWHERE)
    room = p.chair_room[chair[seated]]
    keys, counts = np.unique(p.candidate_part[seated] * p.rooms + room, return_counts=True)
    RoomShare.objects.bulk_create(
        [
            RoomShare(
                institution_id=solution.institution_id,
                project_id=solution.project_id,
                placement_id=placements[p.part_exam[key // p.rooms]],
                room_id=season.rooms[key % p.rooms].pk,
                group_id=season.part_groups[key // p.rooms],
                candidates=count,
            )
            for key, count in zip(keys.tolist(), counts.tolist(), strict=True)
        ],
        batch_size=BATCH,
    )


def insert_seatings(
    season: Season, who: Ints, chair: Ints, solution: Solution, placements: list[int]
) -> None:
    """Seatings of these candidates on these chairs."""
    p = season.problem
    exam = p.candidate_exam[who].tolist()
    rows = (
        (
            solution.institution_id,
            solution.project_id,
            solution.pk,
            placements[e],
            season.periods[period].pk,
            season.students[student],
            room,
            where.row,
            where.column,
            where.side,
            where.label,
        )
        for e, period, student, (room, where) in zip(
            exam,
            p.exam_period[exam].tolist(),
            p.candidate_student[who].tolist(),
            (season.chairs[number] for number in chair.tolist()),
            strict=True,
        )
    )
    bulk.insert(Seating, SEATING_COLUMNS, rows)


def reasons(season: Season, result: Any) -> list[str]:
    """What is short, where, and the cheapest cure, beyond what was known before; in the planner's words."""
    return reasons_of(season, result.chair)


def reasons_of(season: Season, chair: Ints) -> list[str]:
    found = explain(season.problem, chair)
    said = [sentence(season, short) for short in found[:MOST_REASONS]]
    return said + ([_("And %d more.") % (len(found) - MOST_REASONS)] if len(found) > MOST_REASONS else [])
