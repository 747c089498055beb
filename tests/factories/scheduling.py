from datetime import date, time, timedelta

import factory

from scheduling import models

from .projects import ProjectFactory


class ProjectModelFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    project = factory.SubFactory(ProjectFactory)


class ProgrammeFactory(ProjectModelFactory):
    class Meta:
        model = models.Programme

    name = factory.Sequence(lambda n: f"Programme {n}")


class DepartmentFactory(ProjectModelFactory):
    class Meta:
        model = models.Department

    name = factory.Sequence(lambda n: f"Department {n}")


class StudentFactory(ProjectModelFactory):
    class Meta:
        model = models.Student

    roll_no = factory.Sequence(lambda n: f"R{n:04}")
    name = factory.Sequence(lambda n: f"Student {n}")


class TeacherFactory(ProjectModelFactory):
    class Meta:
        model = models.Teacher

    staff_no = factory.Sequence(lambda n: f"T{n:03}")
    name = factory.Sequence(lambda n: f"Teacher {n}")


class RoomFactory(ProjectModelFactory):
    class Meta:
        model = models.Room

    code = factory.Sequence(lambda n: f"B-{n}")
    block = "B"
    rows, columns, exam_capacity = 5, 6, 30


class PeriodFactory(ProjectModelFactory):
    """Two periods a day, from 4 January 2027, in the order in which they are made."""

    class Meta:
        model = models.Period

    class Params:
        n = factory.Sequence(int)

    date = factory.LazyAttribute(lambda row: date(2027, 1, 4) + timedelta(days=row.n // 2))
    label = factory.LazyAttribute(lambda row: "AB"[row.n % 2])
    starts = factory.LazyAttribute(lambda row: (time(9), time(14))[row.n % 2])
    ends = factory.LazyAttribute(lambda row: (time(12), time(17))[row.n % 2])


class CourseFactory(ProjectModelFactory):
    class Meta:
        model = models.Course

    code = factory.Sequence(lambda n: f"C-{n}")
    title = factory.Sequence(lambda n: f"Course {n}")
    duration = 120


class RegistrationFactory(ProjectModelFactory):
    class Meta:
        model = models.Registration

    student = factory.SubFactory(StudentFactory, project=factory.SelfAttribute("..project"))
    course = factory.SubFactory(CourseFactory, project=factory.SelfAttribute("..project"))


class ExamFactory(ProjectModelFactory):
    """An exam of one course, in one sitting."""

    class Meta:
        model = models.Exam
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"C-{n}")
    title = factory.Sequence(lambda n: f"Exam {n}")
    duration = 120

    @factory.post_generation
    def of_course(self, create, extracted, **kwargs):
        course = extracted or CourseFactory(project=self.project, code=self.code)
        models.ExamCourse.objects.create(project=self.project, exam=self, course=course)
        models.Sitting.objects.create(project=self.project, exam=self, number=1)


class SolutionFactory(ProjectModelFactory):
    class Meta:
        model = models.Solution

    number = factory.Sequence(lambda n: n + 1)
