"""A backup made while the site goes on holds all that was told before it, and is restored elsewhere."""

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from bookings import booking
from bookings.models import Booking
from projects import backup
from tests.bookings.races import at_once
from tests.factories.bookings import ChildFactory, GuardianFactory, SessionFactory
from tests.on_postgres import find_binaries

ROOT = Path(backup.__file__).parent.parent


@pytest.fixture(autouse=True)
def programs_of_postgresql(monkeypatch):
    if connection.vendor == "postgresql":
        monkeypatch.setenv("PG_BIN", str(find_binaries()))


@pytest.fixture
def elsewhere(database_url, tmp_path):
    """The address of an empty database beside the tests' own."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"
        return
    name = f"{connection.settings_dict['NAME']}_elsewhere"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield database_url.replace(connection.settings_dict["NAME"], name)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def manage(*words, url, files):
    env = {**os.environ, "DATABASE_URL": url, "MEDIA_ROOT": str(files)}
    command = [sys.executable, "manage.py", *words, "--settings=tests.settings"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.mark.slow
def test_a_backup_under_load_is_restored_with_all_that_was_told_before_it(elsewhere, settings, tmp_path):
    session = SessionFactory(capacity=50)
    guardian = GuardianFactory(institution=session.institution)
    children = [ChildFactory(institution=session.institution, of=guardian) for _number in range(40)]
    (settings.MEDIA_ROOT / "prints").mkdir(parents=True)
    (settings.MEDIA_ROOT / "prints" / "datesheet.pdf").write_bytes(b"paper")
    file, told = tmp_path / "backup.zip", []

    def books():
        for child in children:
            told.append(booking.book(session=session, child=child, by=guardian).booking.pk)

    def backs_up():
        while len(told) < 5:
            time.sleep(0.01)
        before = list(told)
        call_command("backup", str(file), stdout=io.StringIO())
        return before

    _booked, before = at_once(books, backs_up)

    restored = manage("restore_backup", str(file), url=elsewhere, files=tmp_path / "there")
    assert restored.returncode == 0, restored.stderr
    assert (tmp_path / "there" / "prints" / "datesheet.pdf").read_bytes() == b"paper"
    listed = manage("dumpdata", "bookings.booking", url=elsewhere, files=tmp_path / "there")
    held = {row["pk"] for row in json.loads(listed.stdout)}
    assert set(before) <= held <= set(Booking.objects.values_list("pk", flat=True))
    checked = manage("check_invariants", url=elsewhere, files=tmp_path / "there")
    assert checked.returncode == 0, checked.stdout


def a_backup(tmp_path, **changes):
    about = {"database": connection.vendor, "made_at": "2027-01-04T09:00:00+00:00", "files": 0, **changes}
    file = tmp_path / "backup.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(backup.ABOUT, json.dumps(about))
        packed.writestr(backup.DATABASE, b"")
    return file


@pytest.mark.django_db
def test_nothing_is_restored_over_an_installation_in_use(tmp_path):
    with pytest.raises(CommandError, match="There are tables in this database"):
        call_command("restore_backup", str(a_backup(tmp_path)))


def test_a_backup_of_another_kind_of_database_is_refused(tmp_path):
    with pytest.raises(CommandError, match="This backup is of oracle"):
        call_command("restore_backup", str(a_backup(tmp_path, database="oracle")))


@pytest.mark.parametrize("contents", [b"", b"something else"])
def test_what_is_no_backup_is_refused(contents, tmp_path):
    (file := tmp_path / "backup.zip").write_bytes(contents)
    with pytest.raises(CommandError, match="is no backup, or was damaged"):
        call_command("restore_backup", str(file))


def test_a_file_that_would_lie_outside_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "refuse_what_is_in_use", lambda: None)
    file = a_backup(tmp_path)
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("files/../../outside.txt", b"")
    with pytest.raises(CommandError, match="lies outside"):
        call_command("restore_backup", str(file))


def test_no_backup_is_written_over_another_file(tmp_path):
    (file := tmp_path / "backup.zip").write_bytes(b"mine")
    with pytest.raises(CommandError, match="choose another name"):
        call_command("backup", str(file))
    assert file.read_bytes() == b"mine"
