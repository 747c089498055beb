"""What is true no more when a project's rows come out of an archive or a save point."""

from django.utils import timezone
from django.utils.translation import gettext as _

from projects.models import Project

from . import publishing
from .models import Publication, Run, WorkbookImport


def mend(project: Project) -> None:
    """No worker works on these runs and uploads; and nothing goes public by being restored."""
    Run.objects.for_project(project).filter(state__in=Run.UNDER_WAY).update(
        state=Run.State.FAILED,
        ended_at=timezone.now(),
        message=_("It was under way when the project was saved. Start the run again."),
    )
    WorkbookImport.objects.for_project(project).filter(state__in=WorkbookImport.AT_WORK).update(
        state=WorkbookImport.State.FAILED,
        message=_("It was being read when the project was saved. Upload the files again."),
    )
    for publication in Publication.objects.for_project(project).current():
        publishing.withdraw(
            publication=publication, because=_("The datesheet is being revised and will be published again.")
        )
