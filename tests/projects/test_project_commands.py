"""The commands about whole projects: what they make, what they answer, and how they fail."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import User
from projects import access
from projects.models import Institution, Project
from scheduling.models import Student
from tests.factories.accounts import UserFactory
from tests.factories.projects import InstitutionFactory, ProjectFactory
from tests.factories.scheduling import RegistrationFactory, StudentFactory

pytestmark = pytest.mark.django_db


def answer(capsys, *arguments):
    call_command(*arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_create_project_makes_what_is_missing(capsys):
    told = answer(capsys, "create_project", "city/spring", "--owner", "alice@example.edu")
    alice = User.objects.get(email="alice@example.edu")
    standing = access.standing(alice, "city", "spring")
    assert standing.owns
    assert standing.is_administrator
    assert (told["made"], told["made_institution"]) == (True, True)
    assert "/account/" in told["set_password_url"]


def test_create_project_twice_changes_nothing(capsys):
    for _ in range(2):
        told = answer(capsys, "create_project", "city/spring", "--owner", "alice@example.edu")
    assert told["made"] is False
    assert Project.objects.count() == Institution.objects.count() == User.objects.count() == 1


def test_an_owner_may_bring_a_password(capsys, monkeypatch):
    monkeypatch.setenv("DATESHEET_OWNER_PASSWORD", "correct horse battery")
    told = answer(capsys, "create_project", "city/spring", "--owner", "alice@example.edu")
    assert told["set_password_url"] == ""
    assert User.objects.get().check_password("correct horse battery")


def test_an_owner_who_has_a_password_keeps_it(capsys, monkeypatch):
    monkeypatch.setenv("DATESHEET_OWNER_PASSWORD", "something else entirely")
    User.objects.create_user("alice@example.edu", "correct horse battery")
    answer(capsys, "create_project", "city/spring", "--owner", "ALICE@example.edu")
    assert User.objects.get().check_password("correct horse battery")


def test_an_owner_in_an_institution_that_is_there_administers_nothing(capsys):
    InstitutionFactory(slug="city")
    answer(capsys, "create_project", "city/spring", "--owner", "alice@example.edu")
    standing = access.standing(User.objects.get(), "city", "spring")
    assert (standing.owns, standing.is_administrator) == (True, False)


@pytest.mark.parametrize("path", ["city", "city/spring/x", "/", "ci ty/spring", "city/", "city/staff"])
def test_a_project_that_cannot_be_named_so_is_refused(path):
    with pytest.raises(CommandError):
        call_command("create_project", path, "--owner", "alice@example.edu")
    assert not Institution.objects.exists()


def test_an_archive_goes_out_and_comes_in(capsys, tmp_path):
    project, owner = RegistrationFactory().project, UserFactory()
    file = tmp_path / "season.zip"
    told = answer(capsys, "export_archive", project.path, str(file))
    assert told["rows"]["scheduling.registration"] == 1
    assert told["bytes"] == file.stat().st_size

    new = f"{project.institution.slug}/again"
    told = answer(capsys, "restore_archive", new, str(file), "--owner", owner.email)
    assert told["rows"]["scheduling.registration"] == 1
    assert access.standing(owner, project.institution.slug, "again").owns


def test_an_export_overwrites_nothing(tmp_path):
    file = tmp_path / "season.zip"
    file.write_text("precious")
    with pytest.raises(CommandError, match="another name"):
        call_command("export_archive", ProjectFactory().path, str(file))
    assert file.read_text() == "precious"
    assert [path.name for path in tmp_path.glob("season*")] == ["season.zip"]


def test_a_project_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match="There is no project no/where"):
        call_command("export_archive", "no/where", str(tmp_path / "season.zip"))


def test_a_full_project_is_not_overwritten(capsys, tmp_path):
    project = StudentFactory(name="Ana").project
    file = tmp_path / "season.zip"
    call_command("export_archive", project.path, str(file))
    with pytest.raises(CommandError, match="already has data"):
        call_command("restore_archive", project.path, str(file))
    assert Student.objects.get().name == "Ana"


def test_a_damaged_archive_leaves_no_project(tmp_path):
    file = tmp_path / "season.zip"
    file.write_bytes(b"junk")
    institution = InstitutionFactory(slug="city")
    with pytest.raises(CommandError, match="damaged"):
        call_command("restore_archive", "city/new", str(file), "--owner", UserFactory().email)
    assert not Project.objects.filter(institution=institution).exists()


def test_the_first_command_makes_the_tables_of_an_empty_database(tmp_path):
    """As on a fresh machine, where nothing has run before it."""
    place = {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.sqlite3'}", "MEDIA_ROOT": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "manage.py", "create_project", "city/spring", "--owner", "a@example.edu", "--json"],
        env={**os.environ, **place},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(told.stdout)["made"] is True
