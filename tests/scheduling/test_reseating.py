"""After a change of candidates or rooms only those sit elsewhere whom it touches, and they are named."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from scheduling import findings, recounting, reseating, seat_moves, solving
from scheduling.models import (
    Course,
    Period,
    Registration,
    Room,
    RoomClosure,
    RoomShare,
    Seating,
    SeatingPolicy,
    Solution,
    Student,
)

from ..factories.accounts import UserFactory
from .worlds import small_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def seated():
    """Six exams of four candidates, in periods and on chairs; a second room stands by."""
    project = small_season()
    Room.objects.create(project=project, code="Annexe", block="Main", rows=3, columns=4, exam_capacity=12)
    made = solving.solve_now(project=project, steps=500)
    return solving.solve_now(project=project, part="seats", steps=20, start_from=made)


def chairs(solution):
    rows = Seating.objects.filter(solution=solution)
    keys = rows.values_list("placement__sitting", "student", "room", "row", "column", "side", "label")
    return {(sitting, student): chair for sitting, student, *chair in keys}


def come_late(project, count):
    course = Course.objects.for_project(project).get(code="C-0")
    late = [
        Student.objects.create(project=project, roll_no=f"S000-{n}", name=f"Late {n}") for n in range(count)
    ]
    for student in late:
        Registration.objects.create(project=project, student=student, course=course)
    return late


def test_late_candidates_are_seated_and_nobody_else_moves(seated):
    late = come_late(seated.project, 3)

    done = reseating.seat_late(solution=seated)

    before, after = chairs(seated), chairs(done.solution)
    assert {key: after[key] for key in before} == before
    assert {student for _sitting, student in after.keys() - before.keys()} == {one.pk for one in late}
    assert [(one.roll_no, one.name, one.exam, one.before) for one in done.touched] == [
        (f"S000-{n}", f"Late {n}", "C-0", "") for n in range(3)
    ]
    assert done.reasons == []
    assert findings.count_hard(findings.check(done.solution)) == 0


def test_the_rooms_of_the_new_version_hold_the_late_ones_too(seated):
    come_late(seated.project, 2)
    done = reseating.seat_late(solution=seated)
    shares = RoomShare.objects.filter(placement__solution=done.solution)
    assert sum(share.candidates for share in shares) == Seating.objects.filter(solution=done.solution).count()


def test_the_old_solution_stays_as_it_was(seated):
    before = chairs(seated)
    come_late(seated.project, 2)
    done = reseating.seat_late(solution=seated)
    assert chairs(Solution.objects.get(pk=seated.pk)) == before
    assert done.solution.parent == seated
    assert not done.solution.is_live


def test_who_comes_no_more_loses_the_seat_and_is_named(seated):
    gone = Registration.objects.for_project(seated.project).select_related("student", "course").first()
    gone.delete()

    done = reseating.seat_late(solution=seated)

    assert [(one.roll_no, one.exam, one.now) for one in done.touched] == [
        (gone.student.roll_no, gone.course.code, "")
    ]
    assert len(chairs(done.solution)) == len(chairs(seated)) - 1


def test_with_nobody_late_there_is_nothing_to_do(seated):
    with pytest.raises(reseating.CannotReseat, match="nobody to seat"):
        reseating.seat_late(solution=seated)


def test_a_solution_without_seats_is_refused():
    made = solving.solve_now(project=small_season(), steps=300)
    with pytest.raises(reseating.CannotReseat, match="no seats yet"):
        reseating.seat_late(solution=made)


def test_too_many_late_candidates_are_told_with_a_cure(seated):
    Room.objects.filter(project=seated.project, code="Annexe").update(is_usable=False)
    come_late(seated.project, 60)

    done = reseating.seat_late(solution=seated)

    assert done.solution.unseated > 0
    assert any("candidates need a seat" in reason for reason in done.reasons)
    assert any(found["message"] in done.reasons for found in done.solution.findings)
    assert any(one.now == "" for one in done.touched)


def test_until_a_worker_has_counted_the_findings_have_every_hard_fault_of_the_plan(seated, monkeypatch):
    monkeypatch.setattr(recounting, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(recounting, "async_task", lambda *told, **options: None)
    Room.objects.filter(project=seated.project, code="Annexe").update(is_usable=False)
    come_late(seated.project, 60)

    done = reseating.seat_late(solution=seated).solution

    errors = {row["rule"]: row["count"] for row in done.findings if row["level"] == "error" and row["count"]}
    assert errors["chair_missing"] == done.unseated
    assert "unseated" not in errors
    assert done.hard == sum(errors.values()) == findings.count_hard(findings.check(done))
    assert {code: row["count"] for code, row in done.by_rule.items() if code in errors} == errors
    told = [row["message"] for row in done.findings]
    assert sum("candidates need a seat" in message for message in told) == 1


def test_faults_that_reseating_has_mended_are_told_no_more(seated, monkeypatch):
    SeatingPolicy.objects.update_or_create(project=seated.project, defaults={"neighbours": "none"})
    monkeypatch.setattr(recounting, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(recounting, "async_task", lambda *told, **options: None)
    Room.objects.filter(project=seated.project, code="Annexe").update(is_usable=False)
    come_late(seated.project, 60)
    short = reseating.seat_late(solution=seated).solution
    Room.objects.filter(project=seated.project, code="Annexe").update(is_usable=True, rows=20)
    Room.objects.filter(project=seated.project, code="Annexe").update(columns=10, exam_capacity=200)

    done = reseating.seat_late(solution=short).solution

    assert (done.hard, done.unseated) == (0, 0)
    assert [row["rule"] for row in done.findings if row["level"] == "error"] == []


def test_those_of_a_lost_room_sit_elsewhere_and_only_they(seated):
    room = Room.objects.get(pk=Seating.objects.filter(solution=seated).first().room_id)
    period = Period.objects.get(pk=Seating.objects.filter(solution=seated, room=room).first().period_id)

    done = reseating.lose_room(solution=seated, room=room, periods=[period], because="flooded")

    before, after = chairs(seated), chairs(done.solution)
    moved = {key for key in before if after.get(key) != before[key]}
    rows = Seating.objects.filter(solution=seated, room=room, period=period)
    assert moved == set(rows.values_list("placement__sitting", "student"))
    assert {one.roll_no for one in done.touched} == set(rows.values_list("student__roll_no", flat=True))
    assert not Seating.objects.filter(solution=done.solution, room=room, period=period).exists()


def test_a_lost_room_is_closed_for_later_runs(seated):
    room = Room.objects.get(pk=Seating.objects.filter(solution=seated).first().room_id)
    done = reseating.lose_room(solution=seated, room=room, because="flooded")
    closed = RoomClosure.objects.for_project(seated.project)
    when = Seating.objects.filter(solution=seated, room=room).values_list("period__date", "period__starts")
    assert set(closed.values_list("date", "starts")) == set(when)
    assert set(closed.values_list("reason", flat=True)) == {"flooded"}
    assert not Seating.objects.filter(solution=done.solution, room=room).exists()


def test_a_room_that_is_marked_as_not_usable_can_be_lost_too(seated):
    room = Room.objects.get(pk=Seating.objects.filter(solution=seated).first().room_id)
    sat = set(Seating.objects.filter(solution=seated, room=room).values_list("student__roll_no", flat=True))
    Room.objects.filter(pk=room.pk).update(is_usable=False)
    done = reseating.lose_room(solution=seated, room=room)
    assert {one.roll_no for one in done.touched} == sat
    assert not Seating.objects.filter(solution=done.solution, room=room).exists()


def test_a_room_without_candidates_is_not_lost(seated):
    empty = Room.objects.create(project=seated.project, code="Empty", exam_capacity=5)
    with pytest.raises(reseating.CannotReseat, match="Empty"):
        reseating.lose_room(solution=seated, room=empty)
    assert not RoomClosure.objects.for_project(seated.project).exists()


@pytest.fixture
def meanwhile(monkeypatch):
    """Have something happen while chairs are looked for: meanwhile(what, *told), the first so many times."""

    def have(what, times=1):
        left, insert = [what] * times, reseating.insert

        def slow(*told):
            if left:
                left.pop()()
            return insert(*told)

        monkeypatch.setattr(reseating, "insert", slow)

    return have


def by_hand(draft):
    """Somebody else has two candidates change places."""
    one, *_others, other = Seating.objects.filter(solution=draft).order_by("period", "pk")[:3]
    key = (other.row, other.column, other.side)
    return seat_moves.move(seating=one, room=other.room, key=key, by=UserFactory())


def test_who_changes_the_plan_while_the_late_are_seated_is_taken_into_account(seated, meanwhile):
    draft = by_hand(seated).solution
    late = come_late(seated.project, 2)
    meanwhile(lambda: by_hand(draft))

    done = reseating.seat_late(solution=draft)

    before, after = chairs(draft), chairs(done.solution)
    assert {key: after[key] for key in before} == before
    assert {student for _sitting, student in after.keys() - before.keys()} == {one.pk for one in late}
    assert findings.count_hard(findings.check(done.solution)) == 0


def test_who_goes_on_changing_the_plan_is_told_of_and_nothing_is_written(seated, meanwhile):
    draft = by_hand(seated).solution
    room = Room.objects.get(pk=Seating.objects.filter(solution=draft).first().room_id)
    meanwhile(lambda: by_hand(draft), times=10)

    with pytest.raises(reseating.CannotReseat, match="Others are changing this plan"):
        reseating.lose_room(solution=draft, room=room)

    assert not RoomClosure.objects.for_project(seated.project).exists()
    assert Solution.objects.order_by("number").last() == draft


def test_nobody_is_held_up_while_chairs_are_looked_for(seated, meanwhile):
    come_late(seated.project, 1)
    depth = []
    meanwhile(lambda: depth.append(len(connection.savepoint_ids)))
    before = len(connection.savepoint_ids)
    reseating.seat_late(solution=seated)
    assert depth == [before]


def test_the_neighbour_rule_holds_for_those_who_come_late(seated):
    SeatingPolicy.objects.create(project=seated.project, neighbours="eight")
    come_late(seated.project, 1)
    done = reseating.seat_late(solution=seated)
    assert done.touched[0].now


def test_the_command_seats_the_late_and_names_them(seated, capsys):
    come_late(seated.project, 1)
    path = f"{seated.project.institution.slug}/{seated.project.slug}"
    call_command("seat_late", path, "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["solution"], told["unseated"], told["hard"]) == (seated.number + 1, 0, 0)
    assert [one["roll_no"] for one in told["touched"]] == ["S000-0"]
    with pytest.raises(CommandError, match="nobody to seat"):
        call_command("seat_late", path)
