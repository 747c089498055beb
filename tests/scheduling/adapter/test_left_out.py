"""What a planner is told of exams that found no place."""

import numpy as np
import pytest

from scheduling import rules, searching
from scheduling.adapter import left_out, timetable
from scheduling.models import Course, Teacher, Teaches
from scheduling.solver.timetable.problem import UNPLACED, Plan

from ..worlds import small_season

pytestmark = pytest.mark.django_db


def test_why_exams_are_left_out_is_told_by_their_names_with_what_would_help():
    project = small_season(exams=3, students=3, periods=2)
    teacher = Teacher.objects.create(
        project=project, institution=project.institution, staff_no="T1", name="Hira Raza"
    )
    for course in Course.objects.for_project(project):
        Teaches.objects.create(
            project=project, institution=project.institution, teacher=teacher, course=course
        )
    used = rules.settings_of(project)["person_clash"]._replace(is_on=True)
    rules.save_settings(project=project, settings={"person_clash": used})
    season = timetable.season_of(project)
    searching.warm_up()  # as a run does: while it compiles no fix is tried
    periods = np.array([0, 1, UNPLACED])
    nothing = np.zeros(0, dtype=np.int64)

    (said,) = left_out.why_not_whole(season, Plan(periods, nothing, nothing, nothing))

    assert "Hira Raza (T1) must be at 3 exams (C-0, C-1, C-2) with only 2 periods" in said
    assert "It would help to: have somebody else than" in said
    assert left_out.why_not_whole(season, Plan(np.array([0, 1, 1]), nothing, nothing, nothing)) == []
