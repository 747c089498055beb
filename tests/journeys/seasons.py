"""A season with a datesheet, made by hand: what the pages look like does not need a solver."""

from datetime import timedelta

from django.utils import timezone

from projects.models import ProjectMember, ProjectRole
from scheduling.models import Period, Placement, Room, RoomShare, Run, Sitting, Solution
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
            "history": [[0.5, 2400], [2.0, 1600], [5.0, 1240]],
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
