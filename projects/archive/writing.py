"""A project's rows and files into an archive, a line at a time."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.core.files.storage import Storage
from django.db import connection, models, transaction
from django.db.models import Model

from accounts.models import User
from projects.models import Project
from projects.models.files import FileKind

from . import tables, values

LINES_AT_ONCE = 2000


def dump(project: Project, file: IO[bytes], *, leaving_out: Collection[type[Model]] = ()) -> dict[str, int]:
    """Write the project into an open file; returns the number of rows by model.

    References to models left out keep their key: they hold again where the same rows still stand.
    """
    with _one_moment(), ZipFile(file, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        return _Writer(project, archive, leaving_out).write()


@contextmanager
def _one_moment() -> Iterator[None]:
    """All rows as they stood at one moment, whatever others change meanwhile."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


class _Writer:
    def __init__(self, project: Project, archive: ZipFile, leaving_out: Collection[type[Model]]) -> None:
        self.project = project
        self.archive = archive
        self.tables = [table for table in tables.tables() if table.model not in leaving_out]
        self.by_model = {table.model: table for table in self.tables}
        self.lines: dict[type[Model], dict[int, int]] = {}
        self.files: list[dict[str, Any]] = []

    def write(self) -> dict[str, int]:
        described = [self.write_table(table) for table in self.tables]
        manifest = {
            "format": tables.FORMAT,
            "version": tables.VERSION,
            "project": {
                field.name: getattr(self.project, field.attname) for field in tables.project_columns()
            },
            "tables": described,
            "files": self.files,
        }
        # Without the time of day: the same project gives the same bytes.
        self.archive.writestr(ZipInfo("manifest.json"), values.encode(manifest), ZIP_DEFLATED)
        return {table["name"]: table["rows"] for table in described}

    def write_table(self, table: tables.Table) -> dict[str, Any]:
        changed = [
            (n, change) for n, field in enumerate(table.columns) if (change := self.change(table, field))
        ]
        rows = self.rows(table).values_list(*(field.attname for field in table.columns))
        digest, count = hashlib.sha256(), 0
        files_from = len(self.files)
        with self.archive.open(f"rows/{table.label}.jsonl", "w", force_zip64=True) as member:
            lines: list[str] = []
            for row in rows.iterator(chunk_size=LINES_AT_ONCE):
                cells = list(row)
                for n, change in changed:
                    cells[n] = change(cells[n])
                lines.append(values.encode(cells))
                if len(lines) == LINES_AT_ONCE:
                    count += _put(lines, member, digest)
            count += _put(lines, member, digest)
        for entry in self.files[files_from:]:
            self.write_file(entry)
        return {
            "name": table.label,
            "columns": [field.name for field in table.columns],
            "rows": count,
            "sha256": digest.hexdigest(),
        }

    def rows(self, table: tables.Table) -> models.QuerySet:
        rows = table.rows(self.project).order_by("pk")
        # Archives kept among the files would pack themselves again and again.
        return rows.exclude(kind=FileKind.ARCHIVE) if table.label == "projects.storedfile" else rows

    def change(self, table: tables.Table, field: models.Field) -> Callable[[Any], Any] | None:
        """How a column's value is told without keys, where it is one."""
        if isinstance(field, models.FileField):
            return lambda name: self.announce_file(field.storage, name)
        if tables.refers_to_user(field):
            people = self.rows(table).values(field.attname)
            return dict(User.objects.filter(pk__in=people).values_list("pk", "email")).get
        related = tables.target(field)
        if related is None or related not in self.by_model:
            return None
        lines = self.line_numbers(related)
        return lines.get

    def line_numbers(self, model: type[Model]) -> dict[int, int]:
        if model not in self.lines:
            keys = self.rows(self.by_model[model]).values_list("pk", flat=True).iterator(LINES_AT_ONCE)
            self.lines[model] = {key: line for line, key in enumerate(keys, 1)}
        return self.lines[model]

    def announce_file(self, storage: Storage, name: str | None) -> str:
        """The file's name in the archive; its contents follow when the rows are written."""
        if not name or not storage.exists(name):
            return ""
        member = f"files/{len(self.files) + 1:06}{PurePosixPath(name).suffix}"
        self.files.append({"name": member, "storage": storage, "path": name})
        return member

    def write_file(self, entry: dict[str, Any]) -> None:
        storage, path = entry.pop("storage"), entry.pop("path")
        digest = hashlib.sha256()
        # Stored as they are: workbooks and prints are packed already.
        info = ZipInfo(entry["name"])
        with storage.open(path) as source, self.archive.open(info, "w", force_zip64=True) as member:
            entry["size"] = 0
            for piece in source.chunks():
                digest.update(piece)
                entry["size"] += member.write(piece)
        entry["sha256"] = digest.hexdigest()


def _put(lines: list[str], member: IO[bytes], digest: Any) -> int:
    """Write the lines and forget them; returns how many there were."""
    count = len(lines)
    if count:
        if max(map(len, lines)) > tables.MAX_LINE // 4:
            raise ValueError("A row is too long for an archive.")
        piece = ("\n".join(lines) + "\n").encode()
        digest.update(piece)
        member.write(piece)
        lines.clear()
    return count
