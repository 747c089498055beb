"""Rows below a teacher, as the teacher's department may change them; and what students confide."""

import pytest

from projects.models import Change, ProjectMember, ProjectRole
from scheduling.models import AccessArrangement, Hold, Teaches
from tests.factories.scheduling import CourseFactory, DepartmentFactory, StudentFactory, TeacherFactory


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


CONFIDED = ("accessarrangement", "hold")


@pytest.fixture
def confided(season):
    """A student who has told the office something; the office has changed its words since."""
    student = StudentFactory(project=season)
    AccessArrangement.objects.create(
        project=season, student=student, kind=AccessArrangement.Kind.READER, note="first told"
    )
    Hold.objects.create(project=season, student=student, kind=Hold.Kind.DISCIPLINE, reason="first told")
    for row in (student.arrangements.get(), student.holds.get()):
        name = "note" if isinstance(row, AccessArrangement) else "reason"
        setattr(row, name, "told in confidence")
        row.save()
    return student


def addresses_of_confidences(student):
    yield f"scheduling/student/{student.pk}/change/"
    yield "projects/change/"
    for name in CONFIDED:
        key = (student.arrangements if name == "accessarrangement" else student.holds).get().pk
        line = Change.objects.get(model=f"scheduling.{name}", action=Change.Action.CHANGED)
        yield from (f"scheduling/{name}/", f"scheduling/{name}/export/")
        yield from (f"scheduling/{name}/{key}/change/", f"scheduling/{name}/{key}/history/")
        yield from (f"projects/change/{line.pk}/change/", f"projects/change/?kind=scheduling.{name}")


@pytest.mark.parametrize("role", [ProjectRole.DEPARTMENT, ProjectRole.DUTY_CLERK, ProjectRole.VIEWER])
def test_what_a_student_confides_is_for_those_who_arrange_it(role, confided, pages_of):
    pages = pages_of(role)
    for address in addresses_of_confidences(confided):
        told = pages.get(address).content.decode().lower()
        assert "told in confidence" not in told, address
        assert "access arrangement" not in told, address


def test_who_plans_reads_what_a_student_confides(confided, alice_pages):
    for address in addresses_of_confidences(confided):
        answer = alice_pages.get(address)
        assert answer.status_code == 200, address
    assert "told in confidence" in alice_pages.get("scheduling/hold/").content.decode()
