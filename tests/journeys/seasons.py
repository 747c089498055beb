"""A season with a datesheet, made by hand: what the pages look like does not need a solver."""

from datetime import timedelta

from django.utils import timezone

from projects.models import ProjectMember, ProjectRole
from scheduling.layouts import chairs_of
from scheduling.models import (
    AccessArrangement,
    Designation,
    Duty,
    Period,
    Placement,
    Registration,
    Room,
    RoomShare,
    Run,
    Seating,
    Sitting,
    Solution,
    Teacher,
)
from tests.factories.accounts import UserFactory
from tests.scheduling.worlds import small_season


def member(project, role=ProjectRole.PLANNER):
    user = UserFactory(name=f"Alice, {role}")
    ProjectMember.objects.create(project=project, user=user, role=role)
    return user


def planned_season():
    """Six exams in two periods and a hall, three at a time, so that nobody has two at once; live."""
    project = small_season()
    now = timezone.now()
    run = Run.objects.create(
        project=project,
        state=Run.State.DONE,
        seconds=5,
        started_at=now - timedelta(seconds=5),
        ended_at=now,
        progress={
            "seconds": 5.0,
            "limit": 5,
            "best": 1240,
            "hard": 0,
            "by_rule": {"two_in_a_day": 12},
            "curves": {"datesheet": [[0.5, 2400], [2.0, 1600], [5.0, 1240]]},
        },
    )
    solution = Solution.objects.create(
        project=project,
        run=run,
        number=1,
        is_live=True,
        cost=1240,
        by_rule={"two_in_a_day": {"count": 12, "cost": 1240}},
        findings=[
            {"rule": "two_in_a_day", "level": "warning", "count": 12, "message": "12 students have two."},
            {"rule": "clash", "level": "info", "count": 0, "message": "No student has two at once."},
        ],
    )
    periods = list(Period.objects.for_project(project).order_by("date", "starts"))
    hall = Room.objects.for_project(project).get()
    for n, sitting in enumerate(Sitting.objects.for_project(project).order_by("exam__code")):
        placement = Placement.objects.create(
            project=project, solution=solution, sitting=sitting, period=periods[0 if n < 3 else 2]
        )
        RoomShare.objects.create(project=project, placement=placement, room=hall, candidates=4)
    return project


def staffed_season():
    """The planned season with every candidate on a chair, two dead chairs, and posts of which one is open."""
    project = planned_season()
    solution = Solution.objects.for_project(project).get()
    hall = Room.objects.for_project(project).get()
    hall.seats.create(project=project, row=1, column=1, is_usable=False)
    for row in range(1, 6):
        for column in range(1, 7):
            hall.seats.get_or_create(project=project, row=row, column=column)
    _seat(solution, hall)
    _staff(solution, hall)
    told = {"hard": 0, "cost": 0, "reasons": [], "by_rule": {}}
    short = "In the hall on Tuesday one invigilator is missing: let one teacher watch one duty more."
    solution.measures = {"datesheet": told, "seats": told, "duties": {**told, "reasons": [short]}}
    solution.unfilled = 1
    solution.save()
    return project


def _seat(solution, hall):
    chairs = [chair for chair in chairs_of(hall) if chair.is_usable]
    for period in Period.objects.for_project(solution.project):
        placements = solution.placements.filter(period=period).order_by("sitting__exam__code")
        seated = [
            (row.student, placement)
            for placement in placements
            for row in Registration.objects.filter(course__exam_courses__exam=placement.sitting.exam)
        ]
        # Every third chair to one exam: beside each other sit different ones.
        seated = [seated[n] for start in range(3) for n in range(start, len(seated), 4)] + seated[3::4]
        for chair, (student, placement) in zip(chairs, seated, strict=False):
            Seating.objects.create(
                project=solution.project,
                solution=solution,
                placement=placement,
                period=period,
                student=student,
                room=hall,
                row=chair.row,
                column=chair.column,
                label=chair.label,
            )
    student = Seating.objects.filter(solution=solution).first().student
    AccessArrangement.objects.create(project=solution.project, student=student, kind="front seat")


def _staff(solution, hall):
    project = solution.project
    lecturer = Designation.objects.create(project=project, name="Lecturer", rank=3)
    teachers = [
        Teacher.objects.create(project=project, staff_no=f"T{n}", name=f"Teacher {n}", designation=lecturer)
        for n in range(5)
    ]
    Room.objects.filter(pk=hall.pk).update(invigilators=2)
    placed = solution.placements.values("period")
    for n, period in enumerate(Period.objects.filter(pk__in=placed).order_by("date", "starts")):
        for number, role in enumerate(("invigilator", "invigilator", "reserve")):
            Duty.objects.create(
                project=project,
                solution=solution,
                period=period,
                room=hall if role == "invigilator" else None,
                role=role,
                number=number % 2 + 1,
                starts=period.starts,
                ends=period.starts.replace(hour=period.starts.hour + 2),
                teacher=None if (n, number) == (1, 1) else teachers[number],
            )
