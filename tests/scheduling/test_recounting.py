import pytest

from scheduling import drafts, findings, recounting, searching, seat_moves, solving, tasks
from scheduling.models import Exam, FixedPlacement, Placement, Room, RoomShare, Seating, Solution
from scheduling.solver.duties import search as duties_search
from scheduling.solver.seating import search as seating_search
from scheduling.solver.timetable import portfolio
from tests.factories.accounts import UserFactory
from tests.factories.scheduling import RegistrationFactory, StudentFactory
from tests.journeys.seasons import staffed_season

from .worlds import small_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan():
    return Solution.objects.select_related("project").get(project=staffed_season())


def test_a_recount_says_what_the_independent_check_says(plan):
    recounting.recount(plan)
    found = findings.check(plan)
    assert plan.hard == findings.count_hard(found)
    counted = {row.rule: row.count for row in found if row.count and row.level != "info"}
    assert {code: row["count"] for code, row in plan.by_rule.items() if code in counted} == counted
    assert set(plan.measures) == {"datesheet", "seats", "duties"}
    assert plan.cost == plan.measures["datesheet"]["cost"]


def test_a_count_is_not_kept_of_a_plan_that_was_changed_meanwhile(plan, monkeypatch):
    draft = drafts.draft_of(plan)
    check = findings.check

    def slow(solution):
        drafts.draft_of(Solution.objects.get(pk=draft.pk))
        Solution.objects.filter(pk=draft.pk).update(hard=77)
        return check(solution)

    monkeypatch.setattr(findings, "check", slow)
    recounting.recount(draft)
    assert Solution.objects.get(pk=draft.pk).hard == 77


def test_a_count_leaves_alone_what_it_does_not_count(plan):
    Solution.objects.filter(pk=plan.pk).update(name="The good one")
    recounting.recount(plan)
    assert Solution.objects.get(pk=plan.pk).name == "The good one"


def test_a_candidate_without_a_chair_is_one_fault(plan):
    recounting.recount(plan)
    before = plan.hard
    exam = Placement.objects.filter(solution=plan, period__isnull=False).first().sitting.exam
    late = StudentFactory(project=plan.project)
    RegistrationFactory(project=plan.project, student=late, course=exam.courses.get())

    recounting.recount(plan)

    assert (plan.unseated, plan.hard - before) == (1, 1)
    assert sum(told["hard"] for told in plan.measures.values()) == plan.hard


def test_reasons_for_what_is_short_are_kept(plan):
    reason = {"level": "error", "rule": "unfilled", "count": 0, "message": "One invigilator is missing."}
    plan.findings = [reason]
    recounting.recount(plan)
    assert plan.reasons == ["One invigilator is missing."]


def test_a_large_season_is_counted_by_a_worker_and_says_so_until_then(
    plan, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr(recounting, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(recounting, "async_task", lambda *told, **options: asked.append(told))
    seating = Seating.objects.filter(solution=plan).first()
    with django_capture_on_commit_callbacks(execute=True):
        moved = seat_moves.move(seating=seating, room=seating.room, key=(5, 6, 1), by=UserFactory())
    draft = Solution.objects.get(pk=moved.solution_id)
    assert draft.findings[0]["rule"] == recounting.PENDING
    assert asked == [("scheduling.tasks.recount", draft.pk)]
    assert tasks.recount(draft.pk)
    draft.refresh_from_db()
    assert recounting.PENDING not in {row["rule"] for row in draft.findings}
    assert draft.by_rule
    draft.delete()
    assert not tasks.recount(asked[0][1])


def test_a_draft_is_made_by_hand_and_relied_on_by_nobody(plan):
    draft = drafts.draft_of(plan)
    assert (draft.parent, draft.name) == (plan, "Solution 1, changed by hand")
    assert drafts.draft_of(draft) == draft
    draft.is_live = True
    Solution.objects.filter(pk=plan.pk).update(is_live=False)
    draft.save()
    assert drafts.draft_of(draft) != draft


def test_seats_in_another_room_are_no_move_from_an_earlier_datesheet():
    """Only a run of the datesheet is to stay close to the plan that it starts from."""
    project = small_season()
    made = solving.solve_now(project=project, steps=500)
    exam = Exam.objects.for_project(project).get(code="C-0")
    elsewhere = Room.objects.create(project=project, code="Annexe", block="Main", exam_capacity=12)
    FixedPlacement.objects.create(project=project, exam=exam, room=elsewhere)

    seated = solving.solve_now(project=project, part="seats", steps=20, start_from=made)

    shares = RoomShare.objects.filter(placement__solution=seated, placement__sitting__exam=exam)
    assert {share.room for share in shares} == {elsewhere}
    assert "moved_room" not in seated.by_rule
    assert {row.rule: row.level for row in findings.check(seated)}["moved_room"] == "skipped"
    recounting.recount(seated)
    assert "moved_room" not in seated.by_rule
    again = solving.solve_now(project=project, steps=500, start_from=made)
    assert again.by_rule["moved_room"]["count"] == 1


@pytest.mark.parametrize(
    ("part", "warm"),
    [
        ("datesheet", ["timetable"]),
        ("seats", ["seating"]),
        ("duties", ["duties"]),
        ("all", ["timetable", "seating", "duties"]),
    ],
)
def test_a_run_compiles_what_its_part_needs_before_it_starts(part, warm, monkeypatch):
    asked = []
    for module, name in (
        (portfolio, "timetable"),
        (seating_search, "seating"),
        (duties_search, "duties"),
    ):
        monkeypatch.setattr(module, "warm_up", lambda name=name: asked.append(name))
    searching.warm_up(part)
    assert asked == warm


def test_what_was_proven_of_a_roster_is_not_said_of_a_changed_one(plan):
    plan.measures["duties"] |= {"bound": 0, "gap": 0.0, "cost": 10**9}
    recounting.recount(plan)
    assert "gap" not in plan.measures["duties"]
    plan.measures["duties"] |= {"bound": 0, "gap": 0.0}
    recounting.recount(plan)
    assert plan.measures["duties"]["gap"] == 0
