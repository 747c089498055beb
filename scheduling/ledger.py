"""What a season's duties gave each teacher too much or too little, and the next season makes good."""

from projects.models import Project

from .duty_targets import targets_of
from .models import Duty, Solution, Teacher


def balances(solution: Solution) -> dict[int, int]:
    """teacher → minutes watched beyond the target of the solution's posts (below it: less than 0)."""
    duties = list(Duty.objects.filter(solution=solution).select_related("period"))
    targets = targets_of(solution.project, [(duty.period.date, duty.minutes) for duty in duties])
    found = {teacher: -target for teacher, target in targets.items()}
    for duty in duties:
        if duty.teacher_id:
            found[duty.teacher_id] = found.get(duty.teacher_id, 0) + duty.minutes
    return found


def carry_over(old: Project, new: Project) -> None:
    """The old season's balances into the copy's teachers, by staff number.

    They stand in place of what the old season had carried over itself: its targets have taken that in. A
    season without live duties settles nothing: the copy keeps what the teachers brought along.
    """
    solution = Solution.objects.for_project(old).live().first()
    if solution is None or not Duty.objects.filter(solution=solution).exists():
        return
    balance = balances(solution)
    of_number = {row.staff_no: balance.get(row.pk, 0) for row in Teacher.objects.for_project(old)}
    teachers = list(Teacher.objects.for_project(new))
    for row in teachers:
        row.carried_minutes = of_number.get(row.staff_no, row.carried_minutes)
    Teacher.objects.bulk_update(teachers, ["carried_minutes"], batch_size=500)
