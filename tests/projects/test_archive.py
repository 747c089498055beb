"""A project in one file: whole, the same again, and never more than was in it."""

import io
import json
import zipfile

import pytest
from django.apps import apps
from django.db import models

from projects import archive
from projects.archive import reading, tables, values
from projects.models import Membership, Place, ProjectMember, ProjectModel, StoredFile
from scheduling.models import Period, Registration, RoomPool, RuleSetting, Run, Solution, Student
from tests.factories.accounts import UserFactory
from tests.factories.everything import World
from tests.factories.projects import MembershipFactory, ProjectFactory
from tests.factories.scheduling import (
    RegistrationFactory,
    RoomFactory,
    StudentFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_menders(monkeypatch):
    """What apps put right after a restore is theirs to test."""
    monkeypatch.setattr(reading, "_menders", [])


def dumped(project, **options) -> io.BytesIO:
    file = io.BytesIO()
    archive.dump(project, file, **options)
    file.seek(0)
    return file


def contents(file: io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def changed(file: io.BytesIO, **members) -> io.BytesIO:
    """The archive with other members, and a manifest that fits the rows."""
    parts = contents(file)
    manifest = json.loads(parts["manifest.json"])
    for name, lines in members.items():
        label = name.replace("__", ".")
        parts[f"rows/{label}.jsonl"] = data = "".join(f"{line}\n" for line in lines).encode()
        for table in manifest["tables"]:
            if table["name"] == label:
                table["rows"], table["sha256"] = len(lines), reading.hashlib.sha256(data).hexdigest()
    return zipped({**parts, "manifest.json": json.dumps(manifest)})


def with_manifest(file: io.BytesIO, change) -> io.BytesIO:
    parts = contents(file)
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    return zipped({**parts, "manifest.json": json.dumps(manifest)})


def zipped(parts: dict) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in parts.items():
            target.writestr(name, data)
    file.seek(0)
    return file


def rows_of(project) -> dict[str, int]:
    return {table.label: n for table in tables.tables() if (n := table.rows(project).count())}


@pytest.fixture
def institution(db):
    return MembershipFactory(user__email="alice@example.edu").institution


@pytest.fixture
def world(institution):
    """Alice's season, with rows of every kind."""
    alice = Membership.objects.get(institution=institution).user
    project = ProjectFactory(
        institution=institution, term="Spring", header_mappings={"students": {"No": "roll_no"}}
    )
    world = World(project, "OURS").fill(alice)
    ProjectMember.objects.create(project=project, user=alice, role="planner")
    Place.objects.create(project=project, user=alice, path="/staff/")
    return world


def test_every_kind_of_row_is_in_the_archive(world):
    counts = archive.dump(world.project, io.BytesIO())
    models_of_projects = {
        model._meta.label_lower for model in apps.get_models() if issubclass(model, ProjectModel)
    }
    there = {label for label, rows in counts.items() if rows}
    assert there == {table.label for table in tables.tables()}
    assert there > models_of_projects


def test_every_column_can_be_read_again():
    for table in tables.tables():
        for field in table.columns:
            known = isinstance(field, models.FileField) or field.is_relation or values.can_read(field)
            assert known, f"teach projects.archive.values to read {field}"


def test_what_stands_apart_refers_to_nothing_that_a_save_point_replaces():
    replaced = {table.model for table in tables.tables()} - tables.STANDS_APART
    for model in apps.get_models():
        if model not in replaced and not model._meta.auto_created:
            pointing = [field for field in model._meta.concrete_fields if field.related_model in replaced]
            assert not pointing, f"{pointing} would point at nothing after going back to a save point"


def test_a_restored_project_is_the_same_project(world):
    first = dumped(world.project)
    other = ProjectFactory(institution=world.institution)

    counts = archive.restore(other, first)

    again = contents(dumped(other))
    assert counts["scheduling.student"] == 2
    for name, data in contents(first).items():
        if name != "manifest.json":
            assert again[name] == data, name
    assert json.loads(again["manifest.json"]) == json.loads(contents(first)["manifest.json"])
    other.refresh_from_db()
    assert (other.term, other.header_mappings) == ("Spring", {"students": {"No": "roll_no"}})


def test_a_restored_row_belongs_to_the_new_project_and_refers_to_its_rows(world):
    other = ProjectFactory()
    archive.restore(other, dumped(world.project))

    registration = Registration.objects.for_project(other).first()
    assert registration.institution == other.institution
    assert registration.student.project == other
    assert Run.objects.for_project(other).exclude(start_from=None).first().start_from.project == other
    assert RoomPool.objects.for_project(other).first().rooms.first().project == other


def test_moments_stay_as_they_were(world):
    other = ProjectFactory()
    archive.restore(other, dumped(world.project))
    before = Solution.objects.for_project(world.project).values_list("created_at", flat=True)
    assert list(Solution.objects.for_project(other).values_list("created_at", flat=True)) == list(before)


def test_files_come_along_under_names_of_their_own(world):
    other = ProjectFactory()
    archive.restore(other, dumped(world.project))
    old, new = (
        StoredFile.objects.for_project(world.project).last(),
        StoredFile.objects.for_project(other).last(),
    )
    assert new.file.name != old.file.name
    assert new.file.name.startswith(f"{other.institution_id}/{other.pk}/")
    with new.file as file:
        assert (file.read(), new.size) == (b"OURS", 4)


def test_people_whom_the_institution_does_not_know_are_left_out(world):
    elsewhere = ProjectFactory()
    archive.restore(elsewhere, dumped(world.project))
    assert not ProjectMember.objects.for_project(elsewhere).exists()
    assert set(Run.objects.for_project(elsewhere).values_list("asked_by", flat=True)) == {None}


def test_an_archive_lets_nobody_in_who_has_only_an_account(world):
    UserFactory(email="mallory@example.edu")
    file = changed(dumped(world.project), projects__projectmember=['["mallory@example.edu","owner",""]'])
    other = ProjectFactory(institution=world.institution)
    archive.restore(other, file)
    assert not ProjectMember.objects.for_project(other).exists()


def test_a_project_with_data_is_not_overwritten(world):
    busy = StudentFactory().project
    with pytest.raises(archive.CannotRestore, match="already has data"):
        archive.restore(busy, dumped(world.project))
    assert rows_of(busy) == {"scheduling.student": 1}


def test_replacing_leaves_who_and_what_stands_apart(world):
    project = world.project
    file = dumped(project, leaving_out=archive.STANDS_APART)
    before = contents(file)
    Student.objects.for_project(project).update(name="Changed")
    RoomFactory(project=project)
    kept = list(StoredFile.objects.for_project(project).values_list("pk", flat=True))

    archive.replace(project, file)

    assert contents(dumped(project, leaving_out=archive.STANDS_APART)) == before
    assert list(StoredFile.objects.for_project(project).values_list("pk", flat=True)) == kept
    assert ProjectMember.objects.for_project(project).exists()


def test_replacing_touches_no_other_project(world):
    neighbour = StudentFactory(project__institution=world.institution).project
    archive.replace(world.project, dumped(world.project, leaving_out=archive.STANDS_APART))
    assert rows_of(neighbour) == {"scheduling.student": 1}


def test_menders_put_right_what_is_true_no_more(world):
    archive.when_restored(lambda project: Run.objects.for_project(project).update(message="mended"))
    other = ProjectFactory()
    archive.restore(other, dumped(world.project))
    assert set(Run.objects.for_project(other).values_list("message", flat=True)) == {"mended"}


def test_a_column_that_came_later_gets_its_default(world):
    def without_weight(manifest):
        table = next(table for table in manifest["tables"] if table["name"] == "scheduling.rulesetting")
        table["columns"].remove("weight")

    file = changed(dumped(world.project), scheduling__rulesetting=['["K-0",true,false,null,null]'])
    other = ProjectFactory()
    archive.restore(other, with_manifest(file, without_weight))
    assert RuleSetting.objects.for_project(other).get().weight == 1


def test_a_reference_to_a_row_that_was_left_out_takes_its_row_along(world):
    file = dumped(world.project, leaving_out=[Student])
    other = ProjectFactory()
    archive.restore(other, file)
    assert not Registration.objects.for_project(other).exists()
    assert Period.objects.for_project(other).exists()


# --- what is refused ------------------------------------------------------------------------------------
@pytest.fixture
def small():
    """An archive of one student, one course and the registration."""
    return dumped(RegistrationFactory(student__roll_no="R1", student__name="Ana").project)


def refuses(file, saying="damaged|not known|another version|larger") -> None:
    project = ProjectFactory()
    with pytest.raises(archive.CannotRestore, match=saying):
        archive.restore(project, file)
    assert rows_of(project) == {}


ANA = '["R1","Ana","",null,"","","","","",""]'


def test_the_small_archive_by_itself_is_taken(small):
    other = ProjectFactory()
    assert archive.restore(other, changed(small, scheduling__student=[ANA]))["scheduling.student"] == 1


@pytest.mark.parametrize(
    "row",
    [
        "[",
        "{}",
        "[]",
        ANA[:-1] + ',"more"]',
        ANA.replace('"R1"', "1"),
        ANA.replace('"R1"', '"' + "R" * 61 + '"'),
        ANA.replace('"R1"', '"R\\u0000"'),
        ANA.replace('"R1"', '"\\ud800"'),
        ANA.replace('"R1"', "null"),
        ANA.replace("null", "7"),
        ANA.replace("null", "-1"),
        ANA.replace("null", '"1"'),
        ANA.replace("null", "true"),
        ANA.replace("null", "NaN"),
        ANA.replace("null", "1e999"),
        "[" * 100_000,
        "[" + "9" * 5000 + "]",
    ],
    ids=lambda row: row[:40],
)
def test_a_row_that_no_student_could_be_is_refused(small, row):
    refuses(changed(small, scheduling__student=[row]))


def test_rows_that_contradict_each_other_are_refused(small):
    refuses(changed(small, scheduling__student=[ANA, ANA]))


def test_a_reference_may_not_leave_the_archive(small):
    stranger = StudentFactory()
    refuses(changed(small, scheduling__registration=[f'[{stranger.pk + 100},1,"regular",""]']))


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(format="something else"),
        lambda manifest: manifest.update(version=99),
        lambda manifest: manifest.update(tables="all"),
        lambda manifest: manifest.pop("files"),
        lambda manifest: manifest["project"].update(stage="finished"),
        lambda manifest: manifest["project"].update(header_mappings=[1]),
        lambda manifest: manifest["tables"].append({**manifest["tables"][0], "name": "accounts.user"}),
        lambda manifest: manifest["tables"].append({**manifest["tables"][0], "name": "../../etc/passwd"}),
        lambda manifest: manifest["tables"].append(manifest["tables"][0]),
        lambda manifest: manifest["tables"][0]["columns"].append("project"),
        lambda manifest: manifest["tables"][0].update(rows=5),
        lambda manifest: manifest["tables"][0].update(sha256="0" * 64),
        lambda manifest: manifest["files"].append({"name": "files/../../x", "size": 1, "sha256": ""}),
    ],
)
def test_a_manifest_that_says_otherwise_is_refused(small, change):
    refuses(with_manifest(small, change))


def test_the_project_itself_stays_as_it_was_when_an_archive_is_refused(small):
    project = ProjectFactory(term="Autumn")
    with pytest.raises(archive.CannotRestore):
        archive.restore(project, changed(small, scheduling__student=["[]"]))
    project.refresh_from_db()
    assert project.term == "Autumn"


@pytest.mark.parametrize("junk", [b"", b"roll_no,name\n", b"PK\x05\x06" + b"\0" * 18, b"PK\x03\x04" * 50])
def test_a_file_that_is_no_archive_is_refused(junk):
    refuses(io.BytesIO(junk))


def test_a_file_cut_short_is_refused(small):
    refuses(io.BytesIO(small.getvalue()[:-200]))


def test_a_flipped_byte_is_refused(small):
    data = bytearray(small.getvalue())
    data[data.index(b"rows/scheduling.student.jsonl") + 60] ^= 1
    refuses(io.BytesIO(bytes(data)))


def test_a_member_that_the_manifest_does_not_name_is_refused(small):
    refuses(zipped({**contents(small), "../../tmp/evil.txt": b"evil"}))


def test_a_bomb_is_refused_by_what_it_says_it_is(small, monkeypatch):
    monkeypatch.setattr(reading, "HARMLESS", 1_000_000)
    refuses(zipped({**contents(small), "rows/bomb": b"\0" * 2_000_000}), "larger than one project")


def test_a_directory_that_would_fill_the_memory_is_not_read(small, monkeypatch):
    monkeypatch.setattr(reading, "MAX_DIRECTORY", 100)
    refuses(small)


def test_an_archive_with_too_many_rows_is_refused(small, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 1)
    refuses(small, "more than one project")


def test_files_of_a_refused_archive_are_gone(world, settings):
    file = changed(dumped(world.project), scheduling__student=["[]"])
    before = sorted(settings.MEDIA_ROOT.rglob("*.txt"))
    refuses(file)
    assert sorted(settings.MEDIA_ROOT.rglob("*.txt")) == before


def test_a_file_whose_contents_were_changed_is_refused(world):
    parts = contents(dumped(world.project))
    name = next(name for name in parts if name.startswith("files/"))
    refuses(zipped({**parts, name: b"EVIL"}))


def test_a_row_may_not_name_a_file_twice(world):
    file = dumped(world.project)
    lines = contents(file)["rows/projects.storedfile.jsonl"].decode().splitlines()
    refuses(changed(file, projects__storedfile=[lines[0], lines[0]]))
