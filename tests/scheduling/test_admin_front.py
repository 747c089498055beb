"""What the front page of a project shows to whom."""

import pytest
from django.core.files.base import ContentFile

from projects import files
from projects.models import FileKind, ProjectRole


@pytest.mark.parametrize(
    ("role", "is_shown"), [(ProjectRole.PLANNER, True), (ProjectRole.VIEWER, False)], ids=str
)
def test_uploads_are_named_to_those_who_may_read_them(role, is_shown, pages_of, season):
    files.store(project=season, file=ContentFile(b"x", "held.xlsx"), kind=FileKind.UPLOAD, by=None)
    files.store(project=season, file=ContentFile(b"x", "wall.pdf"), kind=FileKind.OUTPUT, by=None)
    page = pages_of(role).get().content.decode()
    assert "wall.pdf" in page
    assert ("held.xlsx" in page) is is_shown
