"""Why a datesheet leaves exams out, and what would help, in the planner's words."""

from django.utils.translation import gettext as _

from ..models import Student, Teacher
from ..solver.timetable.diagnose import explain
from ..solver.timetable.problem import UNPLACED, Plan
from .timetable import Season

MOST_REASONS, MOST_CURES = 40, 3
EXPLAIN_S = 10.0  # a run that says nothing for 45 s is swept up


def why_not_whole(season: Season, plan: Plan, *, seconds: float = EXPLAIN_S) -> list[str]:
    """Why the plan leaves exams out, and what was tried and would help, in the planner's words; nothing if it
    leaves none out."""
    if not (plan.period == UNPLACED).any():
        return []
    problem = season.problem
    several = {row.exam_id for row in season.sittings if row.number > 1}

    def exam(number: int) -> str:
        row = season.sittings[number]
        return f"{row.exam.code} ({row.number})" if row.exam_id in several else row.exam.code

    def period(number: int) -> str:
        return str(season.periods[number])

    def student(number: int) -> str:
        return Student.objects.get(pk=season.students[number]).roll_no

    def teacher(number: int) -> str:
        return str(Teacher.objects.get(pk=number))

    sentences = []
    reasons = explain(problem, plan, seconds=seconds)
    for reason in reasons[:MOST_REASONS]:
        who = student if reason.kind == "student" else teacher
        said = reason.sentence(exam, period, who, _)
        cures = [fix.sentence(exam, period, teacher, _) for fix in reason.fixes if fix.left_out >= 0]
        if cures:
            said += " " + _("It would help to: %s.") % "; ".join(cures[:MOST_CURES])
        sentences.append(said)
    if len(reasons) > MOST_REASONS:
        sentences.append(_("And %d more.") % (len(reasons) - MOST_REASONS))
    return sentences
