"""A small season to be printed, and what its prints say."""

import io
import re
import subprocess
import zipfile
from datetime import time

import openpyxl

from scheduling import models
from scheduling.documents.prints import make_print

from ..factories import scheduling as factories
from ..factories.projects import InstitutionFactory, ProjectFactory


class World:
    """Two exams of three students in two rooms; ALG is split over both, BIO has no period yet."""

    def __init__(self, slug: str = "fall") -> None:
        institution = InstitutionFactory(name=f"Institute {slug}", time_zone="Asia/Karachi")
        self.project = project = ProjectFactory(institution=institution, slug=slug, name="Finals")
        physics = factories.ProgrammeFactory(project=project, name="BS Physics")
        self.students = [
            factories.StudentFactory(
                project=project, roll_no=f"00{n}", name=f"{slug} student {n}", programme=physics, semester="3"
            )
            for n in (1, 2, 3)
        ]
        self.rooms = [factories.RoomFactory(project=project, code=code, exam_capacity=2) for code in "XY"]
        self.periods = [factories.PeriodFactory(project=project, n=n) for n in range(4)]
        self.teacher = factories.TeacherFactory(project=project, staff_no="T1", name="Dr Noor")
        self.solution = factories.SolutionFactory(project=project, number=1, is_live=True)
        self.algebra = self.exam("ALG", "Algebra = #1 *best*", self.periods[1], [2, 1])
        self.chemistry = self.exam("CHE", "کیمیا", self.periods[2], [3])
        self.biology = self.exam("BIO", "Biology", None, [])
        models.Teaches.objects.create(
            project=project, teacher=self.teacher, course=self.algebra.courses.get()
        )

    def exam(self, code: str, title: str, period, counts: list[int]) -> models.Exam:
        course = factories.CourseFactory(project=self.project, code=code, title=title)
        for student in self.students:
            factories.RegistrationFactory(project=self.project, student=student, course=course)
        exam = factories.ExamFactory(
            project=self.project, code=code, title=title, duration=90, of_course=course
        )
        self.place(self.solution, exam, period, counts)
        return exam

    def place(self, solution, exam, period, counts) -> None:
        placement = models.Placement.objects.create(
            project=self.project, solution=solution, sitting=exam.sittings.get(), period=period
        )
        for room, candidates in zip(self.rooms, counts, strict=False):
            models.RoomShare.objects.create(
                project=self.project, placement=placement, room=room, candidates=candidates
            )

    def make_whole(self) -> None:
        """Nothing that must hold is broken: X holds all three, and nobody sits BIO this season."""
        self.rooms[0].exam_capacity = 3
        self.rooms[0].save()
        models.Registration.objects.filter(course__in=self.biology.courses.all()).delete()
        models.Placement.objects.filter(sitting__exam=self.biology).delete()
        self.biology.delete()

    def publish(self, solution, version: int, kind: str = "final") -> models.Publication:
        models.Publication.objects.for_project(self.project).update(withdrawn_at="2026-12-01T00:00Z")
        return models.Publication.objects.create(
            project=self.project, solution=solution, version=version, kind=kind
        )


class SeatedWorld(World):
    """The same with seats and duties: 001 and 002 sit ALG in X, 003 in Y; all three sit CHE in X. Dr Noor
    watches X in both periods, nobody yet Y. 002's slip is withheld, 003 needs a reader."""

    def __init__(self, slug: str = "fall") -> None:
        super().__init__(slug)
        one, two, three = self.students
        x, y = self.rooms
        self.seat(self.algebra, x, {one: (1, 1), two: (2, 1)})
        self.seat(self.algebra, y, {three: (1, 1)})
        self.seat(self.chemistry, x, {one: (1, 1), two: (3, 1), three: (1, 2)})
        self.duty(self.periods[1], x, teacher=self.teacher)
        self.duty(self.periods[1], y)
        self.duty(self.periods[2], x, teacher=self.teacher)
        self.duty(self.periods[2], None, role="reserve")
        models.Hold.objects.create(project=self.project, student=two, kind="fees", reason="July")
        models.AccessArrangement.objects.create(project=self.project, student=three, kind="reader")

    def seat(self, exam, room, chairs: dict) -> None:
        placement = self.solution.placements.get(sitting__exam=exam)
        for student, (row, column) in chairs.items():
            models.Seating.objects.create(
                project=self.project, solution=self.solution, placement=placement, period=placement.period,
                student=student, room=room, row=row, column=column, label="ABCDEF"[column - 1] + str(row),
            )  # fmt: skip

    def duty(self, period, room, *, role: str = "invigilator", teacher=None) -> models.Duty:
        return models.Duty.objects.create(
            project=self.project, solution=self.solution, period=period, room=room, role=role,
            teacher=teacher, starts=period.starts, ends=time(period.starts.hour + 2),
        )  # fmt: skip


def text_of(pdf: bytes, order: str = "-layout") -> str:
    """The words of a pdf as a reader program finds them, without the marks of direction."""
    out = subprocess.run(["pdftotext", order, "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", out.stdout.decode())


def printed(world, code: str, format: str = "pdf", **more) -> bytes:
    return make_print(solution=world.solution, code=code, format=format, **more)[1]


def text_of_xlsx(contents: bytes) -> str:
    book = openpyxl.load_workbook(io.BytesIO(contents))
    return "\n".join(str(cell) for sheet in book for row in sheet.values for cell in row)


def text_of_zip(contents: bytes) -> str:
    if not contents.startswith(b"PK"):
        return contents.decode()
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())
