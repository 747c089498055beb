"""Runs: asked for once, claimed once, ended once; a new solution or nothing."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from projects.models import Project
from scheduling import findings, searching, solving
from scheduling.models import Period, Placement, Room, Run, Solution

from ..factories.projects import ProjectFactory
from .worlds import small_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return small_season()


def claimed(project, **options) -> Run:
    run = solving.request_run(project=project, **{"seconds": 1, **options})
    return solving.claim(run_id=run.pk)


def test_a_run_writes_a_new_solution_without_faults(project):
    first = solving.solve_now(project=project, steps=2000)
    second = solving.solve_now(project=project, steps=2000, seed=2)

    assert (first.number, second.number) == (1, 2)
    assert second.hard == second.unplaced == 0
    assert {row["count"] for row in second.findings if row["level"] == "error"} <= {0}
    assert Placement.objects.filter(solution=second, period__isnull=False).count() == 6
    assert not Solution.objects.live().exists()


@pytest.mark.django_db(transaction=True)
def test_others_may_write_while_the_rules_of_a_new_plan_are_counted(project, monkeypatch):
    counted, check = [], findings.check

    def watched(solution):
        kept = Solution.objects.get(pk=solution.pk)
        counted.append((connection.in_atomic_block, kept.findings[0]["rule"], kept.cost == solution.cost))
        return check(solution)

    monkeypatch.setattr(findings, "check", watched)
    solving.solve_now(project=project, steps=500)
    solution = solving.solve_now(project=project, part="seats", steps=20)

    assert counted == [(False, "being_counted", True)] * 2
    assert "being_counted" not in {row["rule"] for row in solution.findings}


def test_a_plan_whose_worker_died_before_its_rules_were_counted_has_them_counted(project, monkeypatch):
    solution = solving.solve_now(project=project, steps=500)
    asked = []
    monkeypatch.setattr(solving, "async_task", lambda *told, **options: asked.append(told))
    silent = timezone.now() - solving.SILENCE - timedelta(seconds=1)
    Run.objects.update(state=Run.State.RUNNING, heartbeat_at=silent)

    assert solving.sweep() == 1
    assert solving.sweep() == 0

    assert asked == [("scheduling.tasks.recount", solution.pk)]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ((), "Nothing was changed."),
        (("datesheet",), "Kept in “Solution 1”: datesheet."),
        (("datesheet", "seats"), "Kept in “Solution 1”: datesheet, seats."),
    ],
)
def test_a_run_whose_worker_died_says_which_parts_are_kept(project, written, told):
    run = Run.objects.create(
        project=project, part="all", state=Run.State.RUNNING, heartbeat_at=timezone.now() - timedelta(hours=1)
    )
    if written:
        Solution.objects.create_next(project=project, run=run, measures={part: {} for part in written})

    solving.sweep()

    run.refresh_from_db()
    assert run.message == f"The worker stopped in the middle. {told} Start the run again."


def test_a_run_of_seats_keeps_only_the_seats_of_what_it_wrote(project):
    run = Run.objects.create(
        project=project, part="seats", state=Run.State.RUNNING, heartbeat_at=timezone.now(), claim="mine"
    )
    measures = {"datesheet": {}, "seats": {}}
    Solution.objects.create_next(project=project, run=run, measures=measures)

    solving.give_up(run)

    run.refresh_from_db()
    assert run.message == (
        "The solver was stopped from outside. Kept in “Solution 1”: seats. Start the run again."
    )


def test_the_same_seed_and_steps_give_the_same_plan(project):
    plans = [
        list(
            Placement.objects.filter(solution=solving.solve_now(project=project, steps=3000, seed=7))
            .order_by("sitting")
            .values_list("sitting", "period")
        )
        for _ in range(2)
    ]
    assert plans[0] == plans[1]


def test_a_run_by_the_clock_is_replayed_from_its_record(project):
    first = solving.solve_now(project=project, seconds=1, seed=3)

    again = solving.solve_now(project=project, seconds=1, seed=3, replay_of=first.run)

    assert again.cost == first.cost
    assert list(again.placements.order_by("sitting").values_list("sitting", "period")) == list(
        first.placements.order_by("sitting").values_list("sitting", "period")
    )


def test_of_two_workers_the_better_plan_counts_and_is_replayed_by_its_own_seed(project):
    together = solving.solve_now(project=project, seconds=1, seed=5, workers=2)
    assert together.hard == 0

    again = solving.solve_now(project=project, replay_of=together.run)

    assert again.cost == together.cost
    assert again.run.record == together.run.record


def test_a_plan_that_leaves_exams_out_says_why():
    project = small_season(exams=6, periods=1)
    solution = solving.solve_now(project=project, steps=1000)
    assert solution.unplaced
    said = " ".join(solution.reasons)
    assert "with only 1 periods" in said or "each two of these" in said
    assert len(solution.faults) + len(solution.reasons) == len(solution.findings)
    assert [row["count"] for row in solution.faults if row["rule"] == "unplaced"] == [solution.unplaced]


def test_an_ended_run_tells_the_figures_of_its_plan(project):
    solution = solving.solve_now(project=project, seconds=1)
    now = solution.run.progress
    assert (now["best"], now["hard"]) == (solution.cost, solution.hard)


def test_a_run_that_left_no_record_is_not_taken_again(project):
    failed = Run.objects.create(project=project, state=Run.State.FAILED)
    with pytest.raises(solving.CannotSolve, match="no record of its steps"):
        solving.request_run(project=project, replay_of=failed)


def test_a_replay_is_refused_after_the_data_changed(project):
    first = solving.solve_now(project=project, steps=1000)
    exam = first.placements.first().sitting.exam
    exam.duration += 5
    exam.save()

    with pytest.raises(solving.CannotSolve, match="have changed"):
        solving.solve_now(project=project, steps=1000, replay_of=first.run)
    assert Solution.objects.count() == 1


def test_a_project_without_exams_is_refused_in_words():
    with pytest.raises(solving.CannotSolve, match="There are no exams yet"):
        solving.request_run(project=ProjectFactory())


def test_a_project_without_rooms_is_refused_in_words(project):
    Room.objects.for_project(project).delete()
    with pytest.raises(solving.CannotSolve, match="There are no rooms yet"):
        solving.request_run(project=project)


def test_a_run_of_no_steps_is_refused_in_words(project):
    with pytest.raises(solving.CannotSolve, match="at least one step"):
        solving.request_run(project=project, steps=-1)


def test_an_archived_project_is_not_solved(project):
    # By somebody else, after this page was loaded.
    Project.objects.filter(pk=project.pk).update(is_archived=True)
    with pytest.raises(solving.CannotSolve, match="archived"):
        solving.request_run(project=project)


def test_two_runs_of_one_project_are_not_under_way_at_once(project):
    solving.request_run(project=project)
    with pytest.raises(solving.CannotSolve, match="under way"):
        solving.request_run(project=project)


def test_a_run_that_waits_is_cancelled_at_once(project):
    run = solving.request_run(project=project)
    solving.cancel_run(run=run)
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert solving.claim(run_id=run.pk) is None


def test_a_cancelled_run_keeps_its_best_plan(project, monkeypatch):
    run = claimed(project, seconds=3600)
    told = searching.Watch.progress

    def cancel_once_there_is_a_plan(watch, now):
        told(watch, now)
        if now.hard == 0:
            solving.cancel_run(run=run)

    monkeypatch.setattr(searching.Watch, "progress", cancel_once_there_is_a_plan)
    solving.carry_out(run)

    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert run.solutions.get().unplaced == 0


def test_a_run_cancelled_before_it_has_a_plan_leaves_none(project):
    run = claimed(project, seconds=3600)
    solving.cancel_run(run=run)
    solving.carry_out(run)
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert not Solution.objects.exists()


def test_a_run_is_claimed_once(project):
    run = solving.request_run(project=project)
    assert solving.claim(run_id=run.pk)
    assert solving.claim(run_id=run.pk) is None


def test_a_run_whose_worker_died_is_swept_up_and_the_project_usable(project):
    dead = claimed(project)
    Run.objects.filter(pk=dead.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))

    solving.request_run(project=project)

    dead.refresh_from_db()
    assert dead.state == Run.State.FAILED
    assert "Start the run again" in dead.message


def test_a_worker_that_lost_its_run_writes_nothing(project):
    run = claimed(project, seconds=1)
    Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED)
    solving.carry_out(run)
    assert not Solution.objects.exists()


def test_what_the_planner_must_mend_ends_the_run_in_words(project):
    run = claimed(project)
    Period.objects.for_project(project).delete()  # somebody else's work while the run waited
    solving.carry_out(run)
    run.refresh_from_db()
    assert run.state == Run.State.FAILED
    assert "Add periods" in run.message


def test_one_solution_is_live_at_a_time(project):
    first, second = (solving.solve_now(project=project, steps=500, seed=seed) for seed in (1, 2))
    solving.make_live(solution=first)
    solving.make_live(solution=second)
    assert list(Solution.objects.for_project(project).live()) == [second]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_gets_the_run(project):
    run = solving.request_run(project=project)
    got = []

    def work():
        got.append(solving.claim(run_id=run.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in got if one]) == 1
