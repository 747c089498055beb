"""What the tables say of a plan, whatever has become of them since."""

import pytest

from scheduling import findings, solving
from scheduling.exams import make_sittings
from scheduling.models import Exam, Registration, Student

from .worlds import small_season

pytestmark = pytest.mark.django_db


def test_a_late_candidate_of_an_exam_in_batches_has_no_seat():
    project = small_season()
    exam = Exam.objects.for_project(project).first()
    exam.batch_size = 1
    exam.save()
    make_sittings(project=project, exams=[exam])
    solution = solving.solve_now(project=project, steps=500)
    assert findings.count_hard(findings.check(solution)) == 0

    late = Student.objects.create(project=project, roll_no="LATE", name="Late")
    Registration.objects.create(project=project, student=late, course=exam.courses.get())

    faults = {found.rule: found for found in findings.check(solution) if found.level == "error"}
    assert list(faults) == ["unseated"]
    assert faults["unseated"].message == f"LATE: {exam.code}"
