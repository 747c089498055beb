from datetime import time

import pytest

from projects.models import Project
from scheduling import duty_changes, models, rules
from scheduling.duty_changes import CannotGive, choices_for, give, pin_duty, unpin_duty
from scheduling.models import Duty, DutyPin, Solution, Teacher
from tests.factories.accounts import UserFactory
from tests.journeys.seasons import staffed_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def solution():
    """T0 and T1 watch the hall on the first day, T0 on the second with a post open; T2 is the reserve."""
    return Solution.objects.select_related("project").get(project=staffed_season())


@pytest.fixture
def open_post(solution):
    return posts(solution).get(teacher=None)


def posts(solution):
    rows = Duty.objects.filter(solution=solution)
    return rows.select_related("project", "solution__project", "period", "room", "teacher")


def teacher(number):
    return Teacher.objects.get(staff_no=number)


def test_a_post_is_given_in_a_copy_and_the_live_plan_stays(solution, open_post):
    given = give(duty=open_post, teacher=teacher("T3"), by=UserFactory())
    assert (given.solution.parent, given.solution.unfilled) == (solution, 0)
    assert posts(given.solution).filter(teacher__staff_no="T3").get().pk == given.pk
    assert posts(solution).filter(teacher=None).exists()
    again = give(duty=given, teacher=teacher("T4"), by=UserFactory())
    assert again.solution == given.solution


def test_a_post_is_left_open_and_its_pin_goes(solution):
    mine = posts(solution).filter(teacher__staff_no="T1").get()
    pin_duty(duty=mine, by=UserFactory())
    left = give(duty=mine, teacher=None, by=UserFactory())
    assert left.solution.unfilled == 2
    assert not DutyPin.objects.exists()


def test_nobody_gets_two_posts_in_a_period_or_the_same_post_again(solution, open_post):
    with pytest.raises(CannotGive, match="another post"):
        give(duty=open_post, teacher=teacher("T0"), by=UserFactory())
    assert Solution.objects.count() == 1
    mine = posts(solution).filter(teacher__staff_no="T1").get()
    with pytest.raises(CannotGive, match="already"):
        give(duty=mine, teacher=teacher("T1"), by=UserFactory())


def test_a_pin_holds_the_teacher_and_goes_again(solution, open_post):
    mine = posts(solution).filter(teacher__staff_no="T1").get()
    pin = pin_duty(duty=mine, by=UserFactory())
    assert (pin.teacher, pin.period, pin.room, pin.role) == (
        mine.teacher,
        mine.period,
        mine.room,
        "invigilator",
    )
    unpin_duty(duty=mine, by=UserFactory())
    assert not DutyPin.objects.exists()
    with pytest.raises(CannotGive, match="open"):
        pin_duty(duty=open_post, by=UserFactory())


def test_choices_begin_with_those_who_have_least_and_end_with_those_who_may_not(open_post):
    choices = choices_for(open_post)
    assert [choice.teacher.staff_no for choice in choices] == ["T3", "T4", "T1", "T0", "T2"]
    assert [choice.is_barred for choice in choices] == [False, False, False, True, True]
    assert choices[0].against == []
    assert choices[3].against == ["has invigilator Hall in this period"]


def against(duty, number):
    return next(choice.against for choice in choices_for(duty) if choice.teacher.staff_no == number)


def test_every_reason_against_a_teacher_is_told(solution, open_post):
    project, day, room = solution.project, open_post.period.date, open_post.room
    three = teacher("T3")
    course = models.Course.objects.get(code="C-3")
    seated = models.Seating.objects.filter(solution=solution, period=open_post.period, room=room).first()
    hours = {"starts": time(10), "ends": time(12)}
    make = {"project": project, "teacher": three}
    models.Unavailability.objects.create(**make, date=day, reason="leave")
    models.Exemption.objects.create(**make, first_on=day, last_on=day)
    models.Lesson.objects.create(**make, weekday=day.weekday(), **hours)
    models.Teaches.objects.create(**make, course=course)
    models.Relative.objects.create(**make, student=seated.student)
    models.TeacherPair.objects.create(project=project, teacher_a=teacher("T0"), teacher_b=three)
    Teacher.objects.filter(pk=three.pk).update(max_duties=0, may_invigilate=False)
    Duty.objects.filter(teacher=teacher("T2"), period=open_post.period).update(teacher=None)
    Duty.objects.filter(period=open_post.period, role="reserve").update(teacher=three)
    assert sorted(against(open_post, "T3")) == sorted(
        [
            "has reserve in this period",
            "is away (leave)",
            "is exempt",
            "teaches then",
            "does not invigilate",
            "is never to share a room with Teacher 0",
            "examines C-3 there",
            "is related to a candidate there",
            "has the most duties already (0)",
        ]
    )


def test_whom_a_rule_forbids_that_must_hold_is_barred(solution, open_post):
    def is_barred():
        return next(row.is_barred for row in choices_for(open_post) if row.teacher.staff_no == "T3")

    three, course = teacher("T3"), models.Course.objects.get(code="C-3")
    models.Teaches.objects.create(project=solution.project, teacher=three, course=course)
    assert is_barred()
    soft = rules.settings_of(solution.project)["own_exam_room"]._replace(is_hard=False)
    rules.save_settings(project=solution.project, settings={"own_exam_room": soft})
    assert not is_barred()
    Teacher.objects.filter(pk=three.pk).update(max_duties=0)
    assert is_barred()


def test_only_seniors_may_be_superintendents(solution, open_post):
    Duty.objects.filter(pk=open_post.pk).update(role="superintendent")
    open_post.refresh_from_db()
    assert "is not senior enough" in against(open_post, "T3")
    senior = models.Designation.objects.create(project=solution.project, name="Professor", rank=1)
    Teacher.objects.filter(pk=teacher("T3").pk).update(designation=senior)
    assert "is not senior enough" not in against(open_post, "T3")


def test_an_absence_that_was_only_asked_for_is_told_and_bars_nobody(solution, open_post):
    make = {"project": solution.project, "teacher": teacher("T3"), "date": open_post.period.date}
    models.Unavailability.objects.create(**make, decision="requested")
    assert against(open_post, "T3") == ["has asked to be away"]
    assert not next(row.is_barred for row in choices_for(open_post) if row.teacher.staff_no == "T3")


def test_a_rejected_absence_and_one_at_other_hours_bar_nobody(solution, open_post):
    make = {"project": solution.project, "teacher": teacher("T3"), "date": open_post.period.date}
    models.Unavailability.objects.create(**make, starts=time(14), ends=time(15))
    models.Unavailability.objects.create(**make, decision="rejected")
    assert against(open_post, "T3") == []


def test_a_second_duty_of_a_day_is_told_where_the_policy_says_so(solution, open_post):
    afternoon = models.Period.objects.get(date=open_post.period.date, starts__hour=13)
    Duty.objects.create(
        project=solution.project,
        solution=solution,
        period=afternoon,
        role="reserve",
        starts=time(13),
        ends=time(15),
        teacher=teacher("T3"),
    )
    assert against(open_post, "T3") == []
    models.DutyPolicy.objects.create(project=solution.project, same_day="one", gap_minutes=180)
    assert against(open_post, "T3") == [
        "has a duty on that day already",
        "has less than 180 minutes between two duties",
    ]


def test_choices_ask_no_more_for_more_teachers(open_post, django_assert_num_queries):
    with django_assert_num_queries(15):
        choices_for(open_post)
    for n in range(20):
        Teacher.objects.create(project=open_post.project, staff_no=f"X{n}", name=f"X{n}")
    duty = posts(open_post.solution).get(pk=open_post.pk)
    with django_assert_num_queries(15):
        choices_for(duty)


def test_nothing_changes_in_an_archived_project(open_post):
    Project.objects.update(is_archived=True)
    duty = posts(open_post.solution).get(pk=open_post.pk)
    for act in (
        lambda: give(duty=duty, teacher=teacher("T3"), by=UserFactory()),
        lambda: pin_duty(duty=duty, by=UserFactory()),
        lambda: duty_changes.unpin_duty(duty=duty, by=UserFactory()),
    ):
        with pytest.raises(CannotGive, match="archived"):
            act()
