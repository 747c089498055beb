"""Rows below a teacher, as a member of the teacher's department may change them."""

import pytest

from projects.models import ProjectMember, ProjectRole
from scheduling.models import Teaches
from tests.factories.scheduling import CourseFactory, DepartmentFactory, TeacherFactory


@pytest.fixture
def taught(season):
    """What a teacher of physics teaches: {department: the row}."""
    teacher = TeacherFactory(project=season, department=DepartmentFactory(project=season, name="Physics"))
    law = CourseFactory(project=season, department=DepartmentFactory(project=season, name="Law"))
    physics = CourseFactory(project=season, department=teacher.department)
    return {
        course.department.name: Teaches.objects.create(project=season, teacher=teacher, course=course)
        for course in (physics, law)
    }


@pytest.mark.parametrize(("department", "is_there"), [("Physics", False), ("Law", True)])
def test_a_department_removes_its_own_rows_only(department, is_there, taught, pages_of):
    pages = pages_of(ProjectRole.DEPARTMENT)
    ProjectMember.objects.filter(user=pages.user).update(department="Physics")
    row = taught[department]
    told = {
        "staff_no": row.teacher.staff_no,
        "name": row.teacher.name,
        "department": row.teacher.department_id,
        "teaches-TOTAL_FORMS": "1",
        "teaches-INITIAL_FORMS": "1",
        "teaches-0-id": row.pk,
        "teaches-0-teacher": row.teacher_id,
        "teaches-0-course": row.course_id,
        "teaches-0-DELETE": "on",
        "unavailabilities-TOTAL_FORMS": "0",
        "unavailabilities-INITIAL_FORMS": "0",
    }
    answer = pages.post(f"scheduling/teacher/{row.teacher_id}/change/", told)
    assert answer.status_code == 302, answer.context["errors"]
    assert Teaches.objects.filter(pk=row.pk).exists() is is_there
