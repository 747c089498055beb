"""A backup of the whole installation, database and files, and an installation made from one.

The database is copied as it stood at one moment, while the site goes on: by SQLite's own online backup, or by
pg_dump. The secrets of the environment are not in it, so that who holds a backup cannot read medical notes:
keep SECRET_KEY and MEDICAL_KEYS elsewhere.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

ABOUT, DATABASE, FILES = "about.json", "database", "files/"


class CannotBackUp(Exception):
    """Why there is no backup, in words for the keeper of the installation."""


class CannotRestore(Exception):
    """Why no installation was made from a backup, in words for its keeper."""


def back_up(target: IO[bytes]) -> dict[str, Any]:
    """Write database and files as a zip; what stands in it: database, made_at, files (a count).

    The database comes first: a file that is added meanwhile is only one too many.
    """
    about: dict[str, Any] = {
        "database": connection.vendor,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "files": 0,
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        with TemporaryDirectory() as directory:
            copy = Path(directory, "database")
            copy_database(copy)
            packed.write(copy, DATABASE)
        for path in sorted(settings.MEDIA_ROOT.rglob("*")):
            if path.is_file():
                try:
                    packed.write(path, f"{FILES}{path.relative_to(settings.MEDIA_ROOT)}")
                except FileNotFoundError:
                    continue  # taken away meanwhile
                about["files"] += 1
        packed.writestr(ABOUT, json.dumps(about))
    return about


def restore(source: Path) -> dict[str, Any]:
    """Fill an empty database and an empty directory of files, then bring the tables to this release."""
    try:
        with zipfile.ZipFile(source) as packed, TemporaryDirectory() as directory:
            about = read_about(packed)
            refuse_what_is_in_use()
            places = {
                entry: place_of(entry)
                for entry in packed.infolist()
                if entry.filename.startswith(FILES) and not entry.is_dir()
            }
            with packed.open(DATABASE) as there, open(Path(directory, "database"), "wb") as here:
                shutil.copyfileobj(there, here, 1 << 20)
            fill_database(Path(here.name))
            for entry, place in places.items():
                put_file(packed, entry, place)
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError):
        raise CannotRestore(f"{source} is no backup, or was damaged: take another.") from None
    call_command("migrate", verbosity=0, interactive=False)
    return about


def read_about(packed: zipfile.ZipFile) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(packed.read(ABOUT))
    if about["database"] != connection.vendor:
        raise CannotRestore(
            f"This backup is of {about['database']}, and DATABASE_URL names {connection.vendor}: "
            f"name an empty database of {about['database']}."
        )
    return about


def refuse_what_is_in_use() -> None:
    if connection.introspection.table_names():
        raise CannotRestore("There are tables in this database: name an empty one in DATABASE_URL.")
    if settings.MEDIA_ROOT.exists() and any(settings.MEDIA_ROOT.iterdir()):
        raise CannotRestore(
            f"There are files in {settings.MEDIA_ROOT}: name an empty directory in MEDIA_ROOT."
        )


def place_of(entry: zipfile.ZipInfo) -> Path:
    root = settings.MEDIA_ROOT.resolve()
    place: Path = (root / entry.filename.removeprefix(FILES)).resolve()
    if not place.is_relative_to(root):
        raise CannotRestore(f"The backup has a file that lies outside: {entry.filename}.")
    return place


def put_file(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path) -> None:
    place.parent.mkdir(mode=settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS, parents=True, exist_ok=True)
    opened = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, settings.FILE_UPLOAD_PERMISSIONS)
    with packed.open(entry) as there, open(opened, "wb") as here:
        shutil.copyfileobj(there, here, 1 << 20)


def copy_database(target: Path) -> None:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(target)) as copy:
            connection.connection.backup(copy)
    else:
        postgres("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def fill_database(copy: Path) -> None:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        try:
            with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as source:
                source.backup(connection.connection)
        except sqlite3.DatabaseError as fault:
            raise CannotRestore(f"The backup's database cannot be read: {fault}.") from None
        connection.close()
        return
    name = connection.settings_dict["NAME"]
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    try:
        postgres("pg_restore", *options, f"--dbname={name}", str(copy))
    except CannotBackUp as reason:
        raise CannotRestore(str(reason)) from None


def postgres(program: str, *words: str) -> None:
    """Run one of PostgreSQL's own programs on our database; no list of processes shows the password."""
    path = shutil.which(program, path=os.environ.get("PG_BIN")) or shutil.which(program)
    if path is None:
        raise CannotBackUp(
            f"{program} is missing here: install the package postgresql-client, "
            "or name the directory of PostgreSQL's programs in PG_BIN."
        )
    told = connection.get_connection_params()
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    names |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    env = {**os.environ, **{names[key]: str(value) for key, value in told.items() if key in names and value}}
    ended = subprocess.run([path, *words], env=env, capture_output=True, text=True)
    if ended.returncode:
        raise CannotBackUp(f"{program} stopped: {ended.stderr.strip()}")
