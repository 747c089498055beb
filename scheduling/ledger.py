"""What a season's duties gave each teacher too much or too little, and the next season makes good."""

from projects.models import Project

from .duty_targets import targets_of, unsettled_of
from .models import Duty, Solution, Teacher


def balances(solution: Solution) -> dict[int, int]:
    """teacher → minutes watched beyond the target of the solution's posts (below it: less than 0), with what
    had been carried over and the target could not take in."""
    duties = list(Duty.objects.filter(solution=solution).select_related("period"))
    posts = [(duty.period.date, duty.minutes) for duty in duties]
    unsettled = unsettled_of(solution.project, posts)
    targets = targets_of(solution.project, posts)
    found = {teacher: unsettled.get(teacher, 0) - target for teacher, target in targets.items()}
    for duty in duties:
        if duty.teacher_id:
            found[duty.teacher_id] = found.get(duty.teacher_id, 0) + duty.minutes
    return found


def carry_over(old: Project, new: Project) -> None:
    """The old season's balances into the copy's teachers, by staff number.

    They stand in place of what the old season had carried over itself: its targets have taken that in, and
    who had no target keeps it. A
    season without live duties settles nothing: the copy keeps what the teachers brought along.
    """
    solution = Solution.objects.for_project(old).live().first()
    if solution is None or not Duty.objects.filter(solution=solution).exists():
        return
    balance = balances(solution)
    rows = Teacher.objects.for_project(old)
    of_number = {row.staff_no: balance.get(row.pk, row.carried_minutes) for row in rows}
    teachers = list(Teacher.objects.for_project(new))
    for row in teachers:
        row.carried_minutes = of_number.get(row.staff_no, row.carried_minutes)
    Teacher.objects.bulk_update(teachers, ["carried_minutes"], batch_size=500)
