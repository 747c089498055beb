"""The pages of seats, duties, photos and moves: what they do when their buttons are pressed."""

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.models import FileKind, ProjectMember, ProjectRole, StoredFile
from scheduling import models
from scheduling.models import Duty, DutyPin, RuleSetting, Run, Seating, SeatPin, Solution, Teacher
from tests.factories.accounts import UserFactory
from tests.factories.scheduling import ExamFactory, TeacherFactory
from tests.journeys.seasons import staffed_season

from .conftest import Pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan():
    return Solution.objects.select_related("project").get(project=staffed_season())


@pytest.fixture
def pages_as(client, plan):
    def pages_as(role):
        user = UserFactory()
        ProjectMember.objects.create(project=plan.project, user=user, role=role)
        client.force_login(user)
        return Pages(client, plan.project)

    return pages_as


@pytest.fixture
def alice(pages_as):
    return pages_as(ProjectRole.PLANNER)


@pytest.fixture
def no_queue(monkeypatch):
    monkeypatch.setattr("scheduling.solving.async_task", lambda *args, **kwargs: None)


POLICY = {"neighbours": "eight", "order": "roll", "metres": "1.5", "spare_seats": "2", "spare_percent": "5"}
DUTY_POLICY = {
    "least_per_room": "2",
    "rooms_per_reserve": "5",
    "rooms_per_superintendent": "8",
    "senior_rank": "1",
    "gap_minutes": "15",
    "same_day": "one",
    "report_before": "45",
}


def with_numbers(pages, address, told):
    """The numbers of the rules as the page has them, beside what is told."""
    forms = pages.get(address).context["rule_forms"]
    for form in forms:
        for name, value in form.initial.items():
            if name in form.fields and value not in (None, False, ""):
                yes = "1" if name == "is_hard" else "on"
                told.setdefault(form.add_prefix(name), yes if value is True else str(value))
    return told


def test_the_seating_policy_and_its_rules_are_kept(alice, plan):
    told = with_numbers(alice, "seats/", dict(POLICY))
    response = alice.post("seats/", told)
    assert response.status_code == 302, response.context and response.context["form"].errors
    policy = models.SeatingPolicy.objects.get(project=plan.project)
    assert (policy.neighbours, policy.order, policy.spare_seats) == ("eight", "roll", 2)
    assert RuleSetting.objects.filter(project=plan.project, rule="roll_ranges").exists()
    assert not RuleSetting.objects.filter(rule="clash").exists()


def test_the_duty_policy_and_its_rules_are_kept(alice, plan):
    response = alice.post("duties/", with_numbers(alice, "duties/", dict(DUTY_POLICY)))
    assert response.status_code == 302, response.context and response.context["form"].errors
    policy = models.DutyPolicy.objects.get(project=plan.project)
    assert (policy.least_per_room, policy.same_day, policy.report_before) == (2, "one", 45)


def test_the_page_says_how_many_invigilators_the_steps_ask_for(alice, plan):
    models.StaffingStep.objects.create(project=plan.project, first=1, base=2, per=50)
    examples = alice.get("duties/").context["examples"]
    assert {row.candidates: row.invigilators for row in examples}[60] == 3


@pytest.mark.parametrize(("page", "part"), [("seats", "seats"), ("duties", "duties")])
def test_a_run_of_one_part_is_asked_for_the_plan_that_is_shown(alice, plan, no_queue, page, part):
    other = Solution.objects.create(project=plan.project, number=2, measures=plan.measures)
    alice.post(f"{page}/start/?solution={other.pk}", {"seconds": "9"})
    run = Run.objects.get(project=plan.project, state="queued")
    assert (run.part, run.seconds, run.start_from) == (part, 9, other)


def test_the_solve_page_makes_all_parts_at_once(alice, plan, no_queue):
    alice.post("solve/", {"part": "all", "seconds": 5, "seed": 7, "workers": 1})
    assert Run.objects.get(project=plan.project, state="queued").part == "all"


def test_what_is_short_stands_on_the_page_of_its_stage(alice):
    assert "let one teacher watch one duty more" in alice.get("duties/").content.decode()


def test_what_does_not_fit_is_told_before_a_run(alice, plan):
    hall = plan.project_id and models.Room.objects.get(project=plan.project)
    models.SeatingPolicy.objects.create(project=plan.project, neighbours="eight")
    hall.seats.exclude(row=2).delete()
    assert alice.get("seats/what-fits/").context["reasons"]
    models.SeatingPolicy.objects.update(neighbours="none")
    models.Room.objects.update(exam_capacity=100)
    hall.seats.all().delete()
    assert not alice.get("seats/what-fits/").context["reasons"]


def map_of(seating):
    return f"solutions/{seating.solution_id}/seats/{seating.period_id}/{seating.room_id}/"


def acts_of(seating):
    return f"solutions/{seating.solution_id}/seats/{seating.pk}/"


def test_a_seat_is_held_and_let_go_on_the_map(alice):
    seating = Seating.objects.first()
    alice.post(acts_of(seating) + "pin/", {"pin": ""})
    assert SeatPin.objects.get().student == seating.student
    page = alice.get(map_of(seating), seat=f"{seating.row}-{seating.column}-1")
    assert page.context["chosen"].is_pinned
    alice.post(acts_of(seating) + "pin/", {"unpin": ""})
    assert not SeatPin.objects.exists()


def test_a_candidate_is_moved_on_the_map_and_the_draft_is_named(alice, plan):
    seating = Seating.objects.filter(solution=plan).first()
    page = alice.get(map_of(seating), seat=f"{seating.row}-{seating.column}-1")
    free = next(place for place, _touching in page.context["chairs_to_go_to"] if not place.seating)
    response = alice.post(acts_of(seating) + "move/", {"to": free.address})
    draft = Solution.objects.exclude(pk=plan.pk).get()
    assert f"solutions/{draft.pk}/seats/" in response["Location"]
    moved = Seating.objects.get(solution=draft, student=seating.student, period=seating.period)
    assert moved.label == free.chair.label
    assert "Make it live when it is good" in alice.client.get(response["Location"]).content.decode()
    changes = alice.get(f"solutions/{draft.pk}/seats/changes/").context
    assert [(row.before, row.now) for row in changes["changed"]] == [
        (f"Hall {seating.label}", f"Hall {free.chair.label}")
    ]


@pytest.mark.parametrize("told", ["", "1", "x-y-z", "999999-1-1", "1-1-1"])
def test_a_chair_that_is_none_is_refused_with_a_sentence(alice, told):
    seating = Seating.objects.first()
    response = alice.post(acts_of(seating) + "move/", {"to": told})
    assert response.status_code == 302
    assert Solution.objects.count() == 1
    assert alice.client.get(response["Location"]).status_code == 200


def test_a_candidate_is_found_by_roll_number_or_name(alice, plan):
    address = f"solutions/{plan.pk}/seats/"
    found = alice.get(address, q="s003").context["found"]
    assert {row.student.name for row in found} == {"Student 3"}
    assert len(found) == 2
    assert len(alice.get(address, q="Student 3").context["found"]) == 2
    assert not alice.get(address, q="nobody").context["found"]
    assert not alice.get(address).context["found"]


def test_late_candidates_are_seated_and_nobody_else_moves(alice, plan):
    late = models.Student.objects.create(project=plan.project, roll_no="LATE", name="Late")
    course = models.Course.objects.get(code="C-0")
    models.Registration.objects.create(project=plan.project, student=late, course=course)
    alice.post(f"solutions/{plan.pk}/seats/late/")
    draft = Solution.objects.exclude(pk=plan.pk).get()
    changes = alice.get(f"solutions/{draft.pk}/seats/changes/").context["changed"]
    assert [(row.roll_no, row.before) for row in changes] == [("LATE", "")]


def test_a_lost_room_is_emptied(alice, plan):
    models.Room.objects.create(project=plan.project, code="Spare", rows=5, columns=6, exam_capacity=30)
    seating = Seating.objects.filter(solution=plan).first()
    alice.post(map_of(seating) + "lose/", {"this": "", "because": "water"})
    draft = Solution.objects.exclude(pk=plan.pk).get()
    assert not Seating.objects.filter(solution=draft, period=seating.period, room=seating.room).exists()
    assert models.RoomClosure.objects.get().reason == "water"


def test_who_watched_a_lost_room_goes_with_its_candidates_and_is_named(alice, plan):
    spare = models.Room.objects.create(
        project=plan.project, code="Spare", rows=5, columns=6, exam_capacity=30
    )
    seating = Seating.objects.filter(solution=plan).first()
    there = {"period": seating.period, "teacher__isnull": False}
    watched = Duty.objects.filter(solution=plan, room=seating.room, **there)

    response = alice.post(map_of(seating) + "lose/", {"this": ""}, follow=True)

    draft = Solution.objects.exclude(pk=plan.pk).get()
    assert not Duty.objects.filter(solution=draft, period=seating.period, room=seating.room).exists()
    moved = Duty.objects.get(solution=draft, room=spare, **there)
    assert moved.teacher_id in watched.values_list("teacher", flat=True)
    told = [str(message) for message in response.context["messages"]]
    assert any("followed the rooms" in words and moved.teacher.name in words for words in told)


def test_who_has_no_seat_after_a_room_is_lost_is_told_by_name_first_with_what_would_help(alice, plan):
    seating = Seating.objects.filter(solution=plan).first()
    lost = Seating.objects.filter(solution=plan, period=seating.period, room=seating.room)
    models.Room.objects.create(project=plan.project, code="Small", rows=1, columns=1, exam_capacity=1)
    models.Room.objects.exclude(pk=seating.room_id).exclude(code="Small").update(is_usable=False)

    response = alice.post(map_of(seating) + "lose/", {"this": ""}, follow=True)

    told = [str(message) for message in response.context["messages"]]
    without = lost.count() - 1
    assert told[0].startswith("1 candidate has another seat")
    assert told[1].startswith(f"{without} candidates have no seat")
    assert sum(f"({row.student.roll_no})" in told[1] for row in lost) == min(without, 10)
    assert any("need a seat" in words for words in told[2:])
    assert not any("Make it live" in words for words in told)
    assert [row.now == "" for row in response.context["changed"]] == [True] * without + [False]


def test_a_map_asks_as_much_for_many_candidates_as_for_few(alice, plan):
    seating = Seating.objects.filter(solution=plan).first()
    alice.get(map_of(seating))  # what is asked once for all pages
    with CaptureQueriesContext(connection) as few:
        alice.get(map_of(seating))
    kept = Seating.objects.filter(solution=plan, period=seating.period).first()
    Seating.objects.filter(solution=plan, period=seating.period).exclude(pk=kept.pk).delete()
    with CaptureQueriesContext(connection) as fewer:
        alice.get(map_of(seating))
    assert len(few) == len(fewer) < 40


def duty_page(duty):
    return f"solutions/{duty.solution_id}/roster/{duty.pk}/"


def test_the_roster_is_shown_by_person_and_by_session_and_can_be_narrowed(alice, plan):
    address = f"solutions/{plan.pk}/roster/"
    assert len(alice.get(address).context["people"]) == 5
    assert len(alice.get(address, q="t3").context["people"]) == 1
    other = models.Designation.objects.create(project=plan.project, name="Professor")
    assert alice.get(address, designation=other.pk).context["people"] == []
    assert "Tuesday 5 January" in alice.get(address, by="session").content.decode()
    teacher = Teacher.objects.get(staff_no="T0")
    assert len(alice.get(address, teacher=teacher.pk).context["chosen_posts"]) == 2


def test_the_roster_by_session_shows_one_day_first_the_one_with_an_open_post(alice, plan):
    address = f"solutions/{plan.pk}/roster/"
    shown = [session.period.date.day for session in alice.get(address, by="session").context["sessions"]]
    asked = alice.get(address, by="session", day="2027-01-04").context["sessions"]
    assert (shown, [session.period.date.day for session in asked]) == ([5], [4])
    assert alice.get(address, by="session", day="never").context["day"].day == 5


def test_the_grid_and_the_roster_ask_as_much_for_many_rows_as_for_few(alice, plan):
    def asked():
        counts = []
        for page in ("datesheet/", "roster/", "roster/?by=session"):
            with CaptureQueriesContext(connection) as queries:
                alice.get(f"solutions/{plan.pk}/{page}")
            counts.append(len(queries))
        return counts

    asked()
    few = asked()
    for number in range(10):
        exam = ExamFactory(project=plan.project, code=f"Q-{number}")
        period = plan.placements.first().period
        placement = models.Placement.objects.create(
            project=plan.project, solution=plan, sitting=exam.sittings.get(), period=period
        )
        room = models.Room.objects.first()
        models.RoomShare.objects.create(project=plan.project, placement=placement, room=room, candidates=3)
        Duty.objects.create(
            project=plan.project,
            solution=plan,
            period=period,
            room=room,
            role="invigilator",
            number=number + 10,
            starts=period.starts,
            ends=period.ends,
            teacher=TeacherFactory(project=plan.project, may_invigilate=False),
        )
    assert asked() == few


def test_an_open_post_is_given_and_left_again(alice, plan):
    post = Duty.objects.get(solution=plan, teacher=None)
    three = Teacher.objects.get(staff_no="T3")
    response = alice.post(duty_page(post) + "give/", {"teacher": three.pk})
    draft = Solution.objects.exclude(pk=plan.pk).get()
    given = Duty.objects.get(solution=draft, teacher=three)
    assert response["Location"].endswith(f"/roster/{given.pk}/")
    alice.post(duty_page(given) + "give/", {"teacher": ""})
    assert not Duty.objects.filter(solution=draft, teacher=three).exists()


def test_a_duty_is_held_and_let_go(alice, plan):
    duty = Duty.objects.filter(solution=plan, teacher__staff_no="T1").get()
    alice.post(duty_page(duty) + "pin/", {"pin": ""})
    assert DutyPin.objects.get().teacher == duty.teacher
    assert alice.get(duty_page(duty)).context["is_pinned"]
    alice.post(duty_page(duty) + "pin/", {"unpin": ""})
    assert not DutyPin.objects.exists()


def test_who_is_ill_is_stood_in_for(alice, plan):
    zero = Teacher.objects.get(staff_no="T0")
    day = Duty.objects.filter(solution=plan, teacher=zero).first().period.date
    alice.post(f"solutions/{plan.pk}/roster/stand-in/", {"teacher": zero.pk, "on": day.isoformat()})
    draft = Solution.objects.exclude(pk=plan.pk).get()
    assert not Duty.objects.filter(solution=draft, teacher=zero, period__date=day).exists()
    assert Duty.objects.filter(solution=draft, teacher=None).count() <= 1


def test_a_duty_that_is_declined_goes_to_somebody_else(alice, plan):
    duty = Duty.objects.filter(solution=plan, teacher__staff_no="T1").get()
    alice.post(duty_page(duty) + "decline/")
    draft = Solution.objects.exclude(pk=plan.pk).get()
    same = Duty.objects.get(solution=draft, period=duty.period, role=duty.role, number=duty.number)
    assert same.teacher not in {None, duty.teacher}


def test_an_exam_is_moved_where_its_price_is_shown(alice, plan):
    exam = models.Exam.objects.get(code="C-0")
    sitting = exam.sittings.get()
    address = f"solutions/{plan.pk}/datesheet/"
    page = alice.get(address, exam=exam.pk, move=sitting.pk)
    levels = [cell.price.level for day in page.context["days"] for cell in day.cells if cell]
    assert levels[0] == "now"
    assert "bad" in levels
    to = models.Period.objects.filter(project=plan.project).order_by("date", "starts")[1]
    response = alice.post(
        f"solutions/{plan.pk}/exams/{exam.pk}/move/", {"sitting": sitting.pk, "period": to.pk}
    )
    draft = Solution.objects.exclude(pk=plan.pk).get()
    assert f"solutions/{draft.pk}/datesheet/" in response["Location"]
    assert draft.placements.get(sitting=sitting).period == to
    shown = alice.client.get(response["Location"]).content.decode()
    assert "4 candidates have no seat now" in shown


def test_two_exams_change_places_from_the_datesheet(alice, plan):
    one, other = (models.Sitting.objects.get(exam__code=code) for code in ("C-0", "C-5"))
    address = f"solutions/{plan.pk}/exams/{one.exam_id}/move/"
    alice.post(address, {"sitting": one.pk, "with": ""})
    assert Solution.objects.count() == 1
    alice.post(address, {"sitting": one.pk, "with": other.pk})
    draft = Solution.objects.exclude(pk=plan.pk).get()
    assert draft.placements.get(sitting=one).period == plan.placements.get(sitting=other).period


def changing_addresses(plan):
    seating, duty = Seating.objects.first(), Duty.objects.filter(teacher__isnull=False).first()
    sitting = models.Sitting.objects.first()
    period = models.Period.objects.order_by("date", "starts")[1]
    teacher = Teacher.objects.get(staff_no="T3")
    yield "seats/", POLICY
    yield "duties/", DUTY_POLICY
    yield "seats/start/", {}
    yield "duties/start/", {}
    yield acts_of(seating) + "pin/", {}
    yield acts_of(seating) + "move/", {"to": "5-6-1"}
    yield map_of(seating) + "lose/", {"all": ""}
    yield f"solutions/{plan.pk}/seats/late/", {}
    yield duty_page(duty) + "pin/", {}
    yield duty_page(duty) + "give/", {"teacher": teacher.pk}
    yield duty_page(duty) + "decline/", {}
    yield f"solutions/{plan.pk}/roster/stand-in/", {"teacher": duty.teacher_id}
    yield f"solutions/{plan.pk}/exams/{sitting.exam_id}/move/", {"sitting": sitting.pk, "period": period.pk}


def test_a_viewer_changes_nothing_on_these_pages(pages_as, plan, no_queue):
    viewer = pages_as(ProjectRole.VIEWER)
    for address, told in changing_addresses(plan):
        assert viewer.post(address, told).status_code in {200, 302}, address
    assert Solution.objects.count() == 1
    for model in (models.SeatingPolicy, models.DutyPolicy, SeatPin, DutyPin, RuleSetting):
        assert not model.objects.exists(), model
    assert not Run.objects.filter(state="queued").exists()


def test_a_duty_clerk_keeps_the_duties_and_not_the_seats(pages_as, plan, no_queue):
    clerk = pages_as(ProjectRole.DUTY_CLERK)
    duty = Duty.objects.filter(solution=plan, teacher__staff_no="T1").get()
    clerk.post(duty_page(duty) + "pin/", {})
    assert DutyPin.objects.exists()
    seating = Seating.objects.first()
    clerk.post(acts_of(seating) + "pin/", {})
    assert not SeatPin.objects.exists()


def test_a_photo_is_shown_to_editors_only(pages_as, plan):
    student = models.Student.objects.first()
    file = StoredFile(project=plan.project, institution=plan.institution, kind=FileKind.INPUT, name="a.jpg")
    file.file.save("a.jpg", ContentFile(b"jpeg"), save=False)
    file.save()
    models.StudentPhoto.objects.create(project=plan.project, student=student, file=file)
    response = pages_as(ProjectRole.PLANNER).get(f"photos/{student.pk}/")
    assert (response["Content-Type"], b"".join(response.streaming_content)) == ("image/jpeg", b"jpeg")
    assert pages_as(ProjectRole.VIEWER).get(f"photos/{student.pk}/").status_code == 403


def test_the_page_of_duties_says_how_far_from_the_best_they_are(alice, plan):
    for gap, words in ((0.0, "No plan is better"), (1.5, "at most 1.5 % of what this one costs")):
        plan.measures["duties"] |= {"bound": 197, "gap": gap}
        plan.save()
        assert words in alice.get("duties/").content.decode()
