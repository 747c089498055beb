"""Files are taken in with a limit, handed out to save, and leave nothing behind."""

import hashlib
import os
import time

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopUpload
from django.http import Http404

from projects import access, files
from projects.models import FileKind, ProjectRole, StoredFile
from tests.factories.projects import ProjectFactory, ProjectMemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


def stored(project, name="Students.xlsx", data=b"rows", kind=FileKind.UPLOAD):
    return files.store(project=project, file=ContentFile(data, name), kind=kind, by=None)


def test_a_stored_file_knows_its_size_and_checksum(project):
    row = stored(project)
    with row.file as file:
        assert file.read() == b"rows"
    assert (row.size, row.sha256) == (4, hashlib.sha256(b"rows").hexdigest())


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "/abs/olute.csv", "a\r\nb.csv", "\x00.csv", ""]
)
def test_a_name_reaches_neither_the_file_system_nor_a_header(project, name):
    row = stored(project, name=name)
    path = row.file.name.split("/")
    assert path[:3] == [str(project.institution_id), str(project.pk), "upload"]
    assert len(path) == 4
    assert path[3][:32].isalnum()
    assert "/" not in row.name
    assert row.name.isprintable()
    assert row.name


def test_what_is_too_large_is_refused_and_not_kept(project, settings):
    settings.UPLOAD_MAX_BYTES = 3
    with pytest.raises(files.CannotStore, match="at most"):
        stored(project)
    assert not StoredFile.objects.exists()
    assert not settings.MEDIA_ROOT.exists()


def test_an_empty_file_is_refused(project):
    with pytest.raises(files.CannotStore, match="empty"):
        stored(project, data=b"")


def test_an_upload_stops_at_the_limit(settings):
    settings.UPLOAD_MAX_BYTES = 5
    handler = files.StopsAtTheLimit()
    handler.new_file("file", "big.csv", "text/csv", None)
    assert handler.receive_data_chunk(b"12345", 0) == b"12345"
    with pytest.raises(StopUpload):
        handler.receive_data_chunk(b"6", 5)


@pytest.mark.parametrize("language", ["en", "ur"])
def test_a_form_with_too_large_a_file_is_told_so(client, project, settings, language):
    """Before anything is done with the rest of it."""
    settings.UPLOAD_MAX_BYTES = 100_000
    member = ProjectMemberFactory(project=project, role=ProjectRole.OWNER, user__language=language)
    client.force_login(member.user)
    address = f"/at/{project.path}/staff/uploads/"
    sent = {"files": [SimpleUploadedFile("big.csv", b"Roll No,Name\n" + b"1,x\n" * 50_000)]}
    response = client.post(address, sent)
    assert response.status_code == 413
    assert {"en": "too large", "ur": "بڑی"}[language] in response.text
    assert address in response.text
    assert not StoredFile.objects.exists()


def test_what_is_larger_by_far_is_cut_off(settings):
    settings.UPLOAD_MAX_BYTES = 5
    handler = files.StopsAtTheLimit()
    handler.handle_raw_input(None, {}, 1_000, b"", None)
    handler.new_file("file", "big.csv", "text/csv", None)
    with pytest.raises(StopUpload) as stop:
        handler.receive_data_chunk(b"123456", 0)
    assert stop.value.connection_reset


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        (ProjectRole.OWNER, {FileKind.UPLOAD, FileKind.PRIVATE, FileKind.OUTPUT}),
        (ProjectRole.PLANNER, {FileKind.UPLOAD, FileKind.PRIVATE, FileKind.OUTPUT}),
        (ProjectRole.DEPARTMENT, {FileKind.OUTPUT}),
        (ProjectRole.DUTY_CLERK, {FileKind.OUTPUT}),
        (ProjectRole.VIEWER, {FileKind.OUTPUT}),
    ],
)
def test_uploads_and_confidences_are_for_those_who_edit(project, role, kinds):
    member = ProjectMemberFactory(project=project, role=role)
    standing = access.standing(member.user, project.institution.slug, project.slug)
    for kind in (FileKind.UPLOAD, FileKind.PRIVATE, FileKind.OUTPUT):
        assert files.may_download(standing, stored(project, kind=kind)) == (kind in kinds)


def test_a_file_of_another_project_is_never_handed_out(project):
    member = ProjectMemberFactory(project=project, role=ProjectRole.OWNER)
    standing = access.standing(member.user, project.institution.slug, project.slug)
    assert not files.may_download(standing, stored(ProjectFactory(), kind=FileKind.OUTPUT))


def test_a_download_is_something_to_save(project):
    response = files.download(stored(project, name='<script>"x".html', data=b"<script>"))
    assert b"".join(response.streaming_content) == b"<script>"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    response.close()


def test_a_file_whose_contents_are_lost_is_not_there(project):
    row = stored(project)
    row.file.storage.delete(row.file.name)
    with pytest.raises(Http404):
        files.download(row)


def test_a_removed_file_is_gone_from_storage(project, settings, django_capture_on_commit_callbacks):
    row = stored(project)
    with django_capture_on_commit_callbacks(execute=True):
        files.remove(stored=row)
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_orphans_are_swept_and_what_rows_name_stays(project, settings):
    row, orphan = stored(project), stored(project)
    StoredFile.objects.filter(pk=orphan.pk).delete()
    young = settings.MEDIA_ROOT / f"{project.institution_id}/{project.pk}/upload/young.csv"
    young.write_bytes(b"")
    yesterday = time.time() - 2 * 86400
    for name in (row.file.name, orphan.file.name):
        os.utime(settings.MEDIA_ROOT / name, (yesterday, yesterday))

    assert files.sweep() == 1

    assert (settings.MEDIA_ROOT / row.file.name).exists()
    assert young.exists()
    assert not (settings.MEDIA_ROOT / orphan.file.name).exists()


def test_sweeping_leaves_what_is_not_of_projects(settings):
    logo = settings.MEDIA_ROOT / "logos" / "logo.png"
    logo.parent.mkdir(parents=True)
    logo.write_bytes(b"")
    os.utime(logo, (0, 0))
    assert files.sweep() == 0
    assert logo.exists()
