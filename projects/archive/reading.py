"""An archive's rows and files into a project. Nothing in the file is trusted; it is written whole or not."""

import hashlib
import logging
import struct
import traceback
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from django.core.files import File
from django.core.files.storage import Storage
from django.db import DataError, IntegrityError, connection, models, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from accounts.models import User
from projects import bulk
from projects.models import Membership, Place, Project, ProjectMember

from . import inserting, tables, values

MEGABYTE = 1024 * 1024
MAX_UNPACKED = 4096 * MEGABYTE
# Rows of a season shrink about tenfold; a bomb a thousandfold. What is small unpacked is harmless anyway.
MAX_RATIO, HARMLESS = 100, 256 * MEGABYTE
MAX_ROWS = 5_000_000
MAX_FILES = 20_000
MAX_DIRECTORY = 8 * MEGABYTE
ROWS_AT_ONCE, BYTES_AT_ONCE = 2000, 4 * MEGABYTE

logger = logging.getLogger(__name__)
_menders: list[Callable[[Project], None]] = []


class CannotRestore(Exception):
    """Why an archive was not restored, in words for the person who chose it."""


class _Damage(Exception):
    """What is wrong inside the archive, in words for the log."""


# What zipfile, json and our own checks raise on a file that is not what it should be.
_FAULTS = (
    _Damage,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    IntegrityError,
    DataError,
)


def when_restored(mend: Callable[[Project], None]) -> Callable[[Project], None]:
    """Have the function called whenever a project's rows come out of an archive, in the same transaction.

    It puts right what was true only when the archive was made, such as a run under way.
    """
    if mend not in _menders:
        _menders.append(mend)
    return mend


def restore(project: Project, file: IO[bytes]) -> dict[str, int]:
    """Fill an empty project; returns the number of rows by model."""
    with _all_or_nothing(project) as new_files:
        for table in tables.tables():
            # The members of a new project are known before its rows.
            if table.model not in (ProjectMember, Place) and table.rows(project).exists():
                raise CannotRestore(_("This project already has data: restore into a new project."))
        return _Reader(project, file, new_files).read()


def replace(project: Project, file: IO[bytes]) -> dict[str, int]:
    """Put the rows of a save point in the place of the project's; who and what stands apart stays."""
    with _all_or_nothing(project) as new_files:
        reader = _Reader(project, file, new_files, leaving=tables.STANDS_APART)
        remove_rows(project, leaving=tables.STANDS_APART)
        return reader.read()


def remove_rows(project: Project, *, leaving: Collection[type[Model]] = ()) -> None:
    """Delete all rows, those first that nothing else needs. Quick: no row is read."""
    for table in reversed(tables.tables()):
        if table.model not in leaving:
            # References to later tables are checked by the database when the transaction ends.
            table.rows(project)._raw_delete(connection.alias)


@contextmanager
def _all_or_nothing(project: Project) -> Iterator[list[tuple[Storage, str]]]:
    new_files: list[tuple[Storage, str]] = []
    try:
        with transaction.atomic():
            Project.objects.select_for_update().get(pk=project.pk)
            yield new_files
            for mend in _menders:
                mend(project)
    except BaseException as fault:
        for storage, name in new_files:
            storage.delete(name)
        if isinstance(fault, _FAULTS):
            # Where and what, but no values: they are people's.
            place = traceback.extract_tb(fault.__traceback__)[-1]
            logger.warning("An archive was refused: %s in %s, line %s", type(fault).__name__, *place[2:0:-1])
            raise CannotRestore(
                _("This archive is damaged or was not made by Datesheet. Export the project again.")
            ) from fault
        raise


class _Reader:
    def __init__(
        self,
        project: Project,
        file: IO[bytes],
        new_files: list[tuple[Storage, str]],
        leaving: Collection[type[Model]] = (),
    ) -> None:
        self.project = project
        self.new_files = new_files
        self.tables = [table for table in tables.tables() if table.model not in leaving]
        self.archive = _open(file)
        self.manifest = self.check_manifest()
        self.described = {table["name"]: table for table in self.manifest["tables"]}
        self.files = {entry["name"]: entry for entry in self.manifest["files"]}
        # The new keys are known before the first row is written, so a row may refer to a later one.
        self.keys = {table.model: inserting.new_keys(table, self.rows_of(table)) for table in self.tables}
        self.dropped: dict[type[Model], list[int]] = {}

    def rows_of(self, table: tables.Table) -> int:
        return self.described[table.label]["rows"] if table.label in self.described else 0

    def check_manifest(self) -> dict[str, Any]:
        with self.archive.open("manifest.json") as member:
            manifest = values.decode(member.read(MAX_DIRECTORY).decode())
        if manifest["format"] != tables.FORMAT:
            raise _Damage("another format")
        if manifest["version"] != tables.VERSION:
            raise CannotRestore(
                _("This archive was made by another version of Datesheet: update this one first.")
            )
        names = [table["name"] for table in manifest["tables"]]
        known = {table.label: {field.name for field in table.columns} for table in self.tables}
        for table in manifest["tables"]:
            if table["name"] not in known or not set(table["columns"]) <= known[table["name"]]:
                raise CannotRestore(
                    _("This archive holds kinds of data that are not known here: update Datesheet first.")
                )
            if (
                len(set(table["columns"])) != len(table["columns"])
                or type(table["rows"]) is not int
                or table["rows"] < 0
            ):
                raise _Damage("a table is described wrongly")
        if (
            sum(table["rows"] for table in manifest["tables"]) > MAX_ROWS
            or len(manifest["files"]) > MAX_FILES
        ):
            raise CannotRestore(
                _("This archive holds more than one project can: it was not made by Datesheet.")
            )
        members = ["manifest.json", *(f"rows/{name}.jsonl" for name in names)]
        members += [entry["name"] for entry in manifest["files"]]
        if sorted(members) != sorted(self.archive.namelist()) or len(set(members)) != len(members):
            raise _Damage("the contents are not what the manifest says")
        return manifest

    def read(self) -> dict[str, int]:
        people = User.objects.filter(pk__in=_people(self.project))
        self.people = {email.casefold(): key for key, email in people.values_list("pk", "email")}
        there = [table for table in self.tables if table.label in self.described]
        counts = {table.label: self.read_table(table) for table in there}
        for table in there:
            self.forget_dropped(table)
        if self.files:
            raise _Damage("a file belongs to no row")
        self.read_project()
        return counts

    def read_project(self) -> None:
        told = self.manifest["project"]
        for field in tables.project_columns():
            if field.name in told:
                setattr(self.project, field.attname, values.reader(field)(told[field.name]))
        self.project.save(update_fields=[field.name for field in tables.project_columns()])

    # --- rows -------------------------------------------------------------------------------------------
    def read_table(self, table: tables.Table) -> int:
        described = self.described[table.label]
        columns = {field.name: field for field in table.columns}
        fields = [columns[name] for name in described["columns"]]
        missing = [field for field in table.columns if field.name not in described["columns"]]
        readers = [self.reader(field) for field in fields]
        # A reference that finds nothing here takes its row along, unless it may be empty.
        required = [n for n, field in enumerate(fields) if field.is_relation and not field.null]
        has_files = any(isinstance(field, models.FileField) for field in fields)
        same = [*self.tenant(table), *(_prepared(field)(field.get_default()) for field in missing)]
        names = [field.column for field in (*_tenant_fields(table), *missing, *fields)]
        names.insert(0, table.model._meta.pk.column)
        keys, n, count = self.keys[table.model], 0, 0
        for batch in _batches(self.lines(table, described)):
            rows = []
            for line in batch:
                cells = values.decode(line)
                if type(cells) is not list or len(cells) != len(readers):
                    raise _Damage("a row is too short or too long")
                if n == len(keys):
                    raise _Damage("there are more rows than the manifest says")
                told = [read(cell) for read, cell in zip(readers, cells, strict=True)]
                if any(told[column] is None for column in required):
                    self.dropped.setdefault(table.model, []).append(keys[n])
                    keys[n] = 0
                else:
                    if has_files:
                        self.store_files(table, fields, told)
                    rows.append([keys[n], *same, *told])
                n += 1
            bulk.insert(table.model, names, rows)
            count += len(rows)
        if n < len(keys):
            raise _Damage("rows are missing")
        return count

    def tenant(self, table: tables.Table) -> list[int]:
        return [] if table.is_link else [self.project.institution_id, self.project.pk]

    def forget_dropped(self, table: tables.Table) -> None:
        """Empty the references to rows that came later and were dropped."""
        for field in table.columns:
            gone = self.dropped.get(field.related_model) if field.name in table.late else None
            for start in range(0, len(gone or ()), 500):
                some = {f"{field.attname}__in": gone[start : start + 500]}
                table.rows(self.project).filter(**some).update(**{field.attname: None})

    def lines(self, table: tables.Table, described: dict[str, Any]) -> Iterator[str]:
        digest = hashlib.sha256()
        with self.archive.open(f"rows/{table.label}.jsonl") as member:
            while line := member.readline(tables.MAX_LINE):
                if not line.endswith(b"\n"):
                    raise _Damage("a line is too long or cut short")
                digest.update(line)
                yield line.decode()
        if digest.hexdigest() != described["sha256"]:
            raise _Damage("rows were changed")

    def reader(self, field: models.Field) -> Callable[[Any], Any]:
        """What turns a cell of the archive into what the database is given."""
        if isinstance(field, models.FileField):
            return self.file_name
        if tables.refers_to_user(field):
            return self.newcomer(field) if field.model in (ProjectMember, Place) else self.user
        related = tables.target(field)
        if related is None:
            return _prepared(field, values.reader(field))
        if related._meta.label_lower not in self.described:
            return _StillThere(related, self.project)
        return lambda line: self.key(related, line)

    def user(self, email: Any) -> int | None:
        return None if email is None else self.people.get(values.check_text(email).casefold())

    def newcomer(self, field: models.Field) -> Callable[[Any], int | None]:
        """Whoever stands in the new project already, as its owner does, stays as they are there."""
        rows = field.model._base_manager.filter(project=self.project)
        there = set(rows.values_list(field.attname, flat=True))
        return lambda email: None if (key := self.user(email)) in there else key

    def key(self, model: type[Model], line: Any) -> int | None:
        if _line_number(line) is None:
            return None
        keys = self.keys[model]
        if not 0 < line <= len(keys):
            raise _Damage("a reference leads nowhere")
        return keys[line - 1] or None

    # --- files ------------------------------------------------------------------------------------------
    def file_name(self, told: Any) -> str:
        if told != "" and told not in self.files:
            raise _Damage("a row's file is missing or named twice")
        return str(told)

    def store_files(self, table: tables.Table, fields: list[models.Field], told: list[Any]) -> None:
        """Copy the files of a row to storage; the row then says of its file what the file is."""
        by_name = {field.name: n for n, field in enumerate(fields)}
        for n, field in enumerate(fields):
            if not isinstance(field, models.FileField) or not told[n]:
                continue
            described = self.files.pop(told[n])
            row = table.model(**dict(zip((field.attname for field in fields), told, strict=True)))
            row.project_id, row.institution_id = self.project.pk, self.project.institution_id
            with self.archive.open(told[n]) as member:
                content = _Watched(member, told[n])
                getattr(row, field.name).save(told[n], content, save=False)
            told[n] = getattr(row, field.name).name
            self.new_files.append((field.storage, told[n]))
            if (content.digest.hexdigest(), content.size_read) != (described["sha256"], described["size"]):
                raise _Damage("a file was changed")
            for name, true in (("size", content.size_read), ("sha256", described["sha256"])):
                if name in by_name:
                    told[by_name[name]] = true


class _Watched(File):
    """A file of the archive that is measured while storage copies it."""

    DEFAULT_CHUNK_SIZE = MEGABYTE

    def __init__(self, member: IO[bytes], name: str) -> None:
        super().__init__(member, name)
        self.digest, self.size_read = hashlib.sha256(), 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while piece := self.file.read(chunk_size or self.DEFAULT_CHUNK_SIZE):
            self.digest.update(piece)
            self.size_read += len(piece)
            yield piece


def _tenant_fields(table: tables.Table) -> list[models.Field]:
    meta = table.model._meta
    return [] if table.is_link else [meta.get_field("institution"), meta.get_field("project")]


def _prepared(field: models.Field, read: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    """As the database wants it; texts and whole numbers are that already."""
    if read and field.get_internal_type() in values.PLAIN:
        return read
    return lambda value: field.get_db_prep_save(read(value) if read else value, connection)


class _StillThere:
    """A reference to a row that stands apart: good while that row is still the project's."""

    def __init__(self, model: type[Model], project: Project) -> None:
        table = next(table for table in tables.tables() if table.model is model)
        self.keys = set(table.rows(project).values_list("pk", flat=True))

    def __call__(self, key: Any) -> int | None:
        return key if _line_number(key) in self.keys else None


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    """Some rows at a time, few where they are long."""
    batch: list[str] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if len(batch) == ROWS_AT_ONCE or size > BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _line_number(value: Any) -> int | None:
    if value is not None and type(value) is not int:
        raise _Damage("a reference is no number")
    return value


def _people(project: Project) -> models.QuerySet:
    """Whom the institution knows: an archive lets nobody else in."""
    members = Membership.objects.filter(institution=project.institution_id).values("user")
    guests = ProjectMember.objects.filter(institution=project.institution_id).values("user")
    return members.union(guests)


def _open(file: IO[bytes]) -> ZipFile:
    # The directory is held in memory whole: look at its size before zipfile does.
    end = zipfile._EndRecData(file)
    if end is None:
        raise _Damage("no zip file")
    if end[zipfile._ECD_SIZE] > MAX_DIRECTORY:
        raise _Damage("the directory is too large")
    archive = ZipFile(file)
    unpacked = packed = 0
    for info in archive.infolist():
        if info.flag_bits & 1 or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise _Damage("packed in an unusual way")
        unpacked, packed = unpacked + info.file_size, packed + info.compress_size
    if unpacked > MAX_UNPACKED or (unpacked > HARMLESS and unpacked > MAX_RATIO * packed):
        raise CannotRestore(_("Unpacked, this archive is larger than one project can be."))
    return archive
