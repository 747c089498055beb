"""Files of a project: taken in with a limit, handed out behind the wall, gone with the project."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.db import models, transaction
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User

from .access import Standing
from .models import FileKind, Project, ProjectModel, StoredFile

# What may be opened by whoever may look at the project. Uploads hold people's data, and who has the codes of
# slips has the slips: both are the editors'.
FOR_ALL_MEMBERS = frozenset({FileKind.OUTPUT})


# So many times the largest file a form may send and still be told that it is too much.
MOST_HEARD_OUT = 4


class CannotStore(Exception):
    """Why a file was not taken, in words for the person who chose it."""


class StopsAtTheLimit(FileUploadHandler):
    """Lets a form go no further than UPLOAD_MAX_BYTES: what is too large does not fill the disk first.

    The rest is heard out and thrown away, within reason: to whom it is cut off no page can say why.
    """

    hears_out = True

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *others: Any) -> None:
        self.hears_out = content_length <= MOST_HEARD_OUT * settings.UPLOAD_MAX_BYTES

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_MAX_BYTES:
            if self.request is not None:
                self.request.is_too_large = True  # type: ignore[attr-defined]
            raise StopUpload(connection_reset=not self.hears_out)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def store(*, project: Project, file: File, kind: FileKind, by: User | None, name: str = "") -> StoredFile:
    """Keep a file with its size and checksum; the name that a person gave is only for showing."""
    digest, size = hashlib.sha256(), 0
    for piece in file.chunks():
        size += len(piece)
        if size > settings.UPLOAD_MAX_BYTES:
            raise CannotStore(
                _("A file may have at most %(most)s: split it up.")
                % {"most": filesizeformat(settings.UPLOAD_MAX_BYTES)}
            )
        digest.update(piece)
    if not size:
        raise CannotStore(_("That file is empty: choose another one."))
    file.seek(0)
    row = StoredFile(
        project=project,
        institution_id=project.institution_id,
        kind=kind,
        name=shown_name(name or file.name or ""),
        size=size,
        sha256=digest.hexdigest(),
        created_by=by,
    )
    row.file.save(row.name, file, save=False)
    try:
        row.save()
    except BaseException:
        discard(row.file)
        raise
    return row


def shown_name(name: str) -> str:
    """The last part of a name, without what a header or a page could stumble over."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(letter for letter in last if letter.isprintable()).strip()[:200] or "file"


def may_download(standing: Standing | None, stored: StoredFile) -> bool:
    if standing is None or standing.project is None or stored.project_id != standing.project.pk:
        return False
    return stored.kind in FOR_ALL_MEMBERS or standing.may_read_uploads


def readable(standing: Standing, rows: models.QuerySet) -> models.QuerySet:
    """Of these files of the project, those that the person may have."""
    return rows if standing.may_read_uploads else rows.filter(kind__in=FOR_ALL_MEMBERS)


def download(stored: StoredFile) -> FileResponse:
    """Always something to save, never a page: a file may hold anything. Http404 if its contents are gone."""
    try:
        contents = stored.file.open("rb")
    except (FileNotFoundError, ValueError) as gone:
        raise Http404 from gone
    response = FileResponse(
        contents,
        as_attachment=True,
        filename=stored.name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


def remove(*, stored: StoredFile) -> None:
    """Forget a file: its row now, its contents when that is certain."""
    with transaction.atomic():
        stored.delete()
        transaction.on_commit(lambda: discard(stored.file))


def discard(file: FieldFile) -> None:
    """Delete the contents of a row that was not written, or is gone."""
    if file.name:
        file.storage.delete(file.name)


def remove_all(project: Project) -> None:
    """After a project's rows are gone: its files."""
    folder = f"{project.institution_id}/{project.pk}"
    for path in _files_under(folder):
        default_storage.delete(path)
    _remove_empty(folder)


def sweep(*, older_than: timedelta = timedelta(days=1)) -> int:
    """Delete files that no row names any more; young ones may belong to a row not written yet."""
    swept, limit = 0, timezone.now() - older_than
    for institution in _folders(""):
        for project in _folders(institution):
            named = _named_files(project.rpartition("/")[2])
            for path in _files_under(project):
                if path not in named and default_storage.get_modified_time(path) < limit:
                    default_storage.delete(path)
                    swept += 1
            _remove_empty(project)
    return swept


def _named_files(project_key: str) -> set[str]:
    names: set[str] = set()
    for model in apps.get_models():
        if issubclass(model, ProjectModel):
            for field in model._meta.concrete_fields:
                if isinstance(field, models.FileField):
                    rows = model._base_manager.filter(project=int(project_key))
                    names.update(rows.values_list(field.name, flat=True))
    return names


def _folders(path: str) -> list[str]:
    """The numbered folders in a folder: of institutions, and in these of projects."""
    if path and not default_storage.exists(path):
        return []
    try:
        names = default_storage.listdir(path)[0]
    except FileNotFoundError:
        return []
    return [f"{path}/{name}".lstrip("/") for name in names if name.isdigit()]


def _files_under(path: str) -> Iterator[str]:
    try:
        folders, names = default_storage.listdir(path)
    except FileNotFoundError:
        return
    yield from (f"{path}/{name}" for name in names)
    for folder in folders:
        yield from _files_under(f"{path}/{folder}")


def _remove_empty(path: str) -> None:
    """Empty folders go too, where storage has folders."""
    try:
        for folder in default_storage.listdir(path)[0]:
            _remove_empty(f"{path}/{folder}")
        if not any(default_storage.listdir(path)):
            default_storage.delete(path)
    except (FileNotFoundError, OSError):
        return
