"""A restored project begins at rest: nothing runs, nothing is public."""

import io

import pytest

from projects import archive, savepoints
from scheduling.models import Publication, Run, WorkbookImport
from tests.factories.projects import ProjectFactory
from tests.factories.scheduling import SolutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    solution = SolutionFactory(is_live=True)
    Publication.objects.create(project=solution.project, solution=solution, version=1, kind="final")
    return solution.project


def test_what_was_under_way_has_failed_in_the_new_project(project):
    Run.objects.create(project=project, state=Run.State.RUNNING)
    WorkbookImport.objects.create(project=project)
    file, new = io.BytesIO(), ProjectFactory()
    archive.dump(project, file)
    archive.restore(new, file)
    assert Run.objects.for_project(new).get().state == Run.State.FAILED
    assert WorkbookImport.objects.for_project(new).get().state == WorkbookImport.State.FAILED
    assert Run.objects.for_project(project).get().state == Run.State.RUNNING


def test_a_restored_project_is_not_public(project):
    file, new = io.BytesIO(), ProjectFactory()
    archive.dump(project, file)
    archive.restore(new, file)
    assert not Publication.objects.for_project(new).current().exists()
    assert Publication.objects.for_project(project).current().exists()


def test_going_back_takes_the_datesheet_back(project):
    point = savepoints.make(project=project, name="Published", by=None)
    savepoints.go_back(savepoint=point, by=None)
    assert not Publication.objects.for_project(project).current().exists()
