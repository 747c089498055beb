"""A candidate's chair changed by hand, or held.

The change goes into a draft: what candidates were told stays until that draft is live.
"""

from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history
from projects.models import Project

from .candidate_groups import group_of
from .drafts import draft_of
from .layouts import chairs_of
from .models import CandidateGroup, Room, RoomShare, Seating, SeatPin, Solution, Student
from .recounting import recount_if_quick, recount_soon

Key = tuple[int, int, int]


class CannotMove(Exception):
    """Why a candidate cannot sit there, in words for the planner."""


def pin_seat(*, seating: Seating, by: User) -> SeatPin:
    """Hold the candidate on this chair in that exam, in every run from now on."""
    _refuse_archived(seating.project)
    with history.acting(by=by):
        pin, _made = SeatPin.objects.update_or_create(
            project=seating.project,
            student=seating.student,
            exam=seating.placement.sitting.exam,
            defaults={
                "room": seating.room,
                "row": seating.row,
                "column": seating.column,
                "side": seating.side,
            },
        )
    return pin


def unpin_seat(*, seating: Seating, by: User) -> None:
    """Let the solver seat the candidate elsewhere again."""
    _refuse_archived(seating.project)
    with history.acting(by=by):
        SeatPin.objects.for_project(seating.project).filter(
            student=seating.student, exam=seating.placement.sitting.exam
        ).delete()


def move(*, seating: Seating, room: Room, key: Key, by: User) -> Seating:
    """Seat the candidate on another chair of the period; whoever sits there takes the chair left behind.

    Return the candidate's seat in the draft that holds the change. A pin follows its candidate.
    """
    _refuse_archived(seating.project)
    new = _spot(room, key)
    if _spot_of(seating)[:4] == new[:4]:
        raise CannotMove(_("%s sits on that chair already.") % seating.student.roll_no)
    moved = _move(seating, new, by)
    recount_if_quick(moved.solution)
    return moved


@transaction.atomic
def _move(seating: Seating, new: "Spot", by: User) -> Seating:
    draft = draft_of(seating.solution)
    mine = _same_candidate(seating, draft)
    old = _spot_of(mine)
    other = Seating.objects.filter(solution=draft, period=mine.period_id, **new.where).first()
    try:
        with transaction.atomic():
            if other is not None:
                _put(other, old._replace(side=ON_THE_WAY), by)
            _put(mine, new, by)
            if other is not None:
                _put(other, old, by)
    except IntegrityError as error:
        raise CannotMove(_("Somebody has just been put on that chair. Look at the room again.")) from error
    recount_soon(draft)
    return mine


# Of two who change places one has to stand for a moment: on no chair that any bench has.
ON_THE_WAY = 32_000


class Spot(NamedTuple):
    room: Room
    row: int
    column: int
    side: int
    label: str

    @property
    def where(self) -> dict[str, Any]:
        return {"room": self.room, "row": self.row, "column": self.column, "side": self.side}


def _spot(room: Room, key: Key) -> Spot:
    chair = next((chair for chair in chairs_of(room) if chair.key == key), None)
    if chair is None or not chair.is_usable:
        raise CannotMove(_("That chair is not used in %s: choose another one.") % room.code)
    return Spot(room, *key, chair.label)


def _spot_of(row: Seating) -> Spot:
    return Spot(row.room, row.row, row.column, row.side, row.label)


def _same_candidate(seating: Seating, draft: Solution) -> Seating:
    """Where the candidate sits in the draft now."""
    rows = Seating.objects.filter(solution=draft, student=seating.student_id)
    rows = rows.select_related("placement__sitting__exam", "student", "room")
    mine = rows.get(placement__sitting=seating.placement.sitting_id)
    mine.solution = draft
    return mine


def _put(row: Seating, spot: Spot, by: User) -> None:
    """The row on its new chair; the rooms' counts and a pin follow."""
    before = row.room_id
    row.room, row.row, row.column, row.side, row.label = spot
    row.save(update_fields=["room", "row", "column", "side", "label"])
    if before != spot.room.pk:
        _count_elsewhere(row, before)
    with history.acting(by=by):
        pins = SeatPin.objects.for_project(row.project)
        for pin in pins.filter(student=row.student_id, exam=row.placement.sitting.exam_id):
            pin.room, pin.row, pin.column, pin.side = spot[:4]
            pin.save()


def _count_elsewhere(row: Seating, before: int) -> None:
    """One candidate of the placement less in the room before, one more in the room now."""
    shares = RoomShare.objects.filter(placement=row.placement_id)
    group = _group_of(row.student)
    old = shares.filter(room=before, group=group).first() or shares.filter(room=before).first()
    if old is not None:
        if old.candidates > 1:
            shares.filter(pk=old.pk).update(candidates=F("candidates") - 1)
        else:
            old.delete()
    new, made = RoomShare.objects.get_or_create(
        project=row.project,
        placement_id=row.placement_id,
        room=row.room,
        group=old.group if old is not None else group,
        defaults={"candidates": 1},
    )
    if not made:
        shares.filter(pk=new.pk).update(candidates=F("candidates") + 1)


def _group_of(student: Student) -> CandidateGroup | None:
    groups = list(CandidateGroup.objects.for_project(student.project))
    place = group_of(groups, student.gender, student.shift, student.campus, student.programme_id)
    return None if place is None else groups[place]


def _refuse_archived(project: Project) -> None:
    if project.is_archived:
        raise CannotMove(_("This project is archived. Bring it back before you change it."))
