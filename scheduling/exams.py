"""From courses and registrations to exams and their sittings."""

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from projects.models import Project

from .models import Course, Exam, ExamCourse, Registration, Sitting, SittingCandidate

DEFAULT_MINUTES = 120


@transaction.atomic
def make_exams(*, project: Project, also: Iterable[int] = ()) -> int:
    """Give an exam to every course that has registrations and none yet; return how many exams were made.

    `also` are pks of courses that get one without registrations, because something is fixed for them.

    Courses of one common group share an exam: its code and title are the first course's, its duration the
    longest of theirs. A course that joins a group later joins the group's exam.
    """
    courses = list(
        Course.objects.for_project(project)
        .filter(
            Q(pk__in=list(also)) | Exists(Registration.objects.filter(project=project, course=OuterRef("pk")))
        )
        .exclude(Exists(ExamCourse.objects.filter(project=project, course=OuterRef("pk"))))
        .order_by("code")
    )
    exam_of_group = {
        row.course.common_group.casefold(): row.exam
        for row in ExamCourse.objects.for_project(project)
        .exclude(course__common_group="")
        .select_related("exam", "course")
    }
    taken = set(Exam.objects.for_project(project).values_list("code", flat=True))
    made: list[Exam] = []
    owners: list[tuple[Exam, Course]] = []
    for course in courses:
        group = course.common_group.casefold()
        exam = exam_of_group.get(group) if group else None
        if exam is None:
            exam = Exam(
                institution_id=project.institution_id,
                project=project,
                code=_free_code(course.code, taken),
                title=course.title,
                duration=course.duration or DEFAULT_MINUTES,
            )
            made.append(exam)
            if group:
                exam_of_group[group] = exam
        elif exam.pk is None:
            exam.duration = max(exam.duration, course.duration or DEFAULT_MINUTES)
        owners.append((exam, course))
    Exam.objects.bulk_create(made)
    ExamCourse.objects.bulk_create(
        ExamCourse(institution_id=project.institution_id, project=project, exam=exam, course=course)
        for exam, course in owners
    )
    make_sittings(project=project, exams=made)
    return len(made)


def _free_code(code: str, taken: set[str]) -> str:
    """The course's own code, or the first free one after it where a planner's own exam took it."""
    free, number = code, 2
    while free in taken:
        free, number = f"{code}-{number}", number + 1
    taken.add(free)
    return free


@transaction.atomic
def make_sittings(*, project: Project, exams: Iterable[Exam] | None = None) -> None:
    """Bring the sittings of these exams (all, if none are named) in line with their batch sizes.

    An exam held in batches has as many sittings as its candidates need, filled in order of roll number to
    within one candidate of each other. Sittings that go take their placements with them.
    """
    wanted = list(Exam.objects.for_project(project) if exams is None else exams)
    existing: dict[int, dict[int, Sitting]] = defaultdict(dict)
    for sitting in Sitting.objects.for_project(project).filter(exam__in=wanted):
        existing[sitting.exam_id][sitting.number] = sitting
    batched = {exam.pk: exam for exam in wanted if exam.batch_size}
    candidates = candidates_of(project=project, exams=batched.values()) if batched else {}

    new: list[Sitting] = []
    surplus: list[int] = []
    for exam in wanted:
        count = 1
        if exam.batch_size:
            count = max(1, -(-len(candidates.get(exam.pk, ())) // exam.batch_size))
        have = existing[exam.pk]
        new += [
            Sitting(institution_id=project.institution_id, project=project, exam=exam, number=number)
            for number in range(1, count + 1)
            if number not in have
        ]
        surplus += [sitting.pk for number, sitting in have.items() if number > count]
    Sitting.objects.filter(pk__in=surplus).delete()
    Sitting.objects.bulk_create(new)
    if any(existing[exam.pk] for exam in wanted) or batched:
        SittingCandidate.objects.for_project(project).filter(sitting__exam__in=wanted).delete()
    if batched:
        _fill(project, batched, candidates)


def _fill(project: Project, batched: dict[int, Exam], candidates: dict[int, list[int]]) -> None:
    sittings: dict[int, list[Sitting]] = defaultdict(list)
    for sitting in Sitting.objects.for_project(project).filter(exam__in=batched).order_by("number"):
        sittings[sitting.exam_id].append(sitting)
    rows = []
    for exam_id, students in candidates.items():
        batches = sittings[exam_id]
        if len(batches) < 2:
            continue
        for place, student in enumerate(students):
            batch = batches[place * len(batches) // len(students)]
            rows.append(
                SittingCandidate(
                    institution_id=project.institution_id, project=project, sitting=batch, student_id=student
                )
            )
    SittingCandidate.objects.bulk_create(rows, batch_size=5000)


def candidates_of(*, project: Project, exams: Iterable[Exam]) -> dict[int, list[int]]:
    """Exam pk → pks of its students in order of roll number; a student of two of its courses counts once."""
    rows = (
        Registration.objects.for_project(project)
        .filter(course__exam_courses__exam__in=list(exams))
        .order_by("student__roll_no")
        .values_list("course__exam_courses__exam", "student")
    )
    found: dict[int, dict[int, None]] = defaultdict(dict)
    for exam, student in rows:
        found[exam][student] = None
    return {exam: list(students) for exam, students in found.items()}


def count_candidates(*, project: Project) -> dict[int, int]:
    """Exam pk → number of its candidates."""
    return dict(
        ExamCourse.objects.for_project(project)
        .values("exam")
        .annotate(candidates=Count("course__registrations__student", distinct=True))
        .values_list("exam", "candidates")
    )
