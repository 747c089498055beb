"""What each stage of a project needs before it can be entered, as sentences for the planner."""

from django.utils import timezone
from django.utils.translation import gettext as _

from projects.models import Project

from .models import (
    Course,
    Exam,
    Period,
    Publication,
    Registration,
    Room,
    Run,
    Solution,
    Student,
    Teacher,
    WorkbookImport,
)
from .uploading import SILENCE


def for_rules(project: Project) -> list[str]:
    """The data are there."""
    wanted = (
        (Student, _("There are no students yet: upload them.")),
        (Course, _("There are no courses yet: upload them.")),
        (Registration, _("There are no registrations yet: upload them.")),
    )
    return [sentence for model, sentence in wanted if not model.objects.for_project(project).exists()]


def for_datesheet(project: Project) -> list[str]:
    """There is something to place, and somewhere to place it."""
    wanted = (
        (Exam, _("There are no exams yet: they are made from courses with registrations.")),
        (Period, _("There are no periods yet: upload them or make them from the calendar.")),
    )
    missing = [sentence for model, sentence in wanted if not model.objects.for_project(project).exists()]
    needs_room = Exam.objects.for_project(project).filter(needs_room=True).exists()
    if needs_room and not Room.objects.for_project(project).filter(is_usable=True).exists():
        missing.append(_("There are no rooms yet: upload them."))
    return missing


def for_run(project: Project, part: str, start_from: Solution | None) -> list[str]:
    """What a run of that part needs."""
    if part in {Run.Part.DATESHEET, Run.Part.ALL}:
        lacking = for_datesheet(project)
    elif start_from is None:
        lacking = [_("There is no datesheet yet: make one before its seats and duties.")]
    else:
        lacking = []
    if part in {Run.Part.DUTIES, Run.Part.ALL} and not _has_invigilators(project):
        lacking.append(_("There are no teachers who may invigilate yet: upload them."))
    return lacking


def _has_invigilators(project: Project) -> bool:
    return Teacher.objects.for_project(project).filter(may_invigilate=True).exists()


def for_rooms(project: Project) -> list[str]:
    """A plan is live."""
    if not Solution.objects.for_project(project).live().exists():
        return [_("No solution is live yet: solve, look, and make one live.")]
    return []


def for_duties(project: Project) -> list[str]:
    """There is somebody to watch; once a plan is published, that question is answered."""
    if _has_invigilators(project) or Publication.objects.for_project(project).current().exists():
        return []
    return [_("There are no teachers who may invigilate yet: upload them.")]


def for_publishing(project: Project) -> list[str]:
    """The live plan is published by its own act, which moves the stage."""
    if not Publication.objects.for_project(project).current().exists():
        return [_("The live solution is not published yet: publish it.")]
    return []


def no_upload_at_work(project: Project) -> list[str]:
    """No sheet is being read or taken over; a worker that fell silent keeps nobody waiting."""
    at_work = WorkbookImport.objects.for_project(project).filter(state__in=WorkbookImport.AT_WORK)
    if at_work.filter(told_at__gt=timezone.now() - SILENCE).exists():
        return [_("An upload is being read or taken over. Wait for it first.")]
    return []


def no_run_under_way(project: Project) -> list[str]:
    """Nobody is solving it now."""
    if Run.objects.for_project(project).filter(state__in=Run.UNDER_WAY).exists():
        return [_("A run is under way. Wait for it or cancel it first.")]
    return []
