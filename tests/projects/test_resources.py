"""Import and export inside the wall, with the rooms and the holidays as examples."""

import io
from datetime import date

import pytest
import tablib
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from projects.models import ProjectRole
from projects.resources import MOST_ROWS, AnyWorkbook, SafeCsv, SafeXlsx
from scheduling.models import Holiday, Lesson, Programme, Room, RoomPool, Teacher, WeeklyBreak
from scheduling.resources.lists import (
    HolidayResource,
    LessonResource,
    RoomPoolResource,
    WeeklyBreakResource,
)
from scheduling.resources.sheets import RoomResource, TeacherResource
from tests.factories.accounts import UserFactory
from tests.factories.projects import ProjectFactory, ProjectMemberFactory
from tests.factories.scheduling import ProgrammeFactory, RoomFactory


@pytest.fixture
def season(db):
    return ProjectFactory()


@pytest.fixture
def other_season(season):
    return ProjectFactory(institution=season.institution)


def sheet(headers, *rows):
    return tablib.Dataset(*rows, headers=headers)


def faults(result):
    cells = [str(words) for row in result.invalid_rows for words in row.error.messages]
    rows = [str(error.error) for _row, errors in result.row_errors() for error in errors]
    return cells + rows + [str(error.error) for error in result.base_errors]


def test_of_no_project_there_are_no_rows(season):
    RoomFactory(project=season)
    assert len(RoomResource().export()) == 0
    assert len(RoomResource().export(Room.objects.all())) == 0
    result = RoomResource().import_data(sheet(["Room", "Exam Capacity"], ["B-1", 30]))
    assert result.has_errors()
    assert Room.objects.count() == 1


def test_an_export_has_this_projects_rows_only(season, other_season):
    RoomFactory(project=season, code="MINE")
    RoomFactory(project=other_season, code="THEIRS")
    assert RoomResource(project=season).export(Room.objects.all())["Room"] == ["MINE"]


def test_a_row_is_found_by_its_natural_key_in_this_project(season, other_season):
    mine = RoomFactory(project=season, code="B-1", exam_capacity=10)
    theirs = RoomFactory(project=other_season, code="B-1", exam_capacity=10)
    result = RoomResource(project=season).import_data(sheet(["Room", "Exam Capacity"], ["B-1", 44]))
    assert result.totals["update"] == 1
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.exam_capacity, theirs.exam_capacity) == (44, 10)


def test_an_id_in_the_sheet_is_no_key(season, other_season):
    theirs = RoomFactory(project=other_season, code="THEIRS")
    RoomResource(project=season).import_data(sheet(["id", "Room", "Exam Capacity"], [theirs.pk, "MINE", 20]))
    theirs.refresh_from_db()
    assert theirs.code == "THEIRS"
    assert Room.objects.for_project(season).get().code == "MINE"


def test_a_reference_is_looked_up_in_this_project_only(season, other_season):
    RoomFactory(project=other_season, code="THEIRS")
    rows = sheet(["Weekday", "From", "Until", "Room"], ["Monday", "09:00", "10:00", "THEIRS"])
    result = LessonResource(project=season).import_data(rows)
    assert faults(result) == ["No room THEIRS is known. Correct it, or add it first."]
    assert not Lesson.objects.exists()


def test_a_weekday_is_read_by_its_name(season):
    rows = sheet(["Weekday", "From", "Until", "Name"], ["fri", "12:30", "14:30", "Friday prayers"])
    result = WeeklyBreakResource(project=season).import_data(rows)
    assert faults(result) == []
    assert WeeklyBreak.objects.get().get_weekday_display() == "Friday"
    assert WeeklyBreakResource(project=season).export()["Weekday"] == ["Friday"]


def test_a_name_that_a_sheet_brings_along_is_added_to_this_project(season, other_season):
    rows = sheet(["Staff No", "Name", "Designation"], ["T1", "Dr Iqbal", "Lecturer"])
    TeacherResource(project=season).import_data(rows)
    teacher = Teacher.objects.for_project(season).get()
    assert (teacher.designation.name, teacher.designation.project) == ("Lecturer", season)


def test_a_cell_means_what_its_column_says(season):
    rows = sheet(["ROOM no.", "capacity", "Floor"], ["0012", "30.0", "Ground"])
    RoomResource(project=season).import_data(rows)
    room = Room.objects.get()
    assert (room.code, room.exam_capacity, room.floor) == ("0012", 30, 0)


def test_dates_are_read_as_the_project_writes_them(season):
    rows = sheet(["Date", "Name"], ["03/04/2027", "Day off"])
    HolidayResource(project=season).import_data(rows)
    season.dates_are_day_first = False
    HolidayResource(project=season).import_data(rows)
    assert sorted(Holiday.objects.values_list("date", flat=True)) == [date(2027, 3, 4), date(2027, 4, 3)]


@pytest.mark.parametrize(
    ("headers", "row", "words"),
    [
        (["Room", "Exam Capacity"], ["B-1", "many"], "number"),
        (["Room", "Exam Capacity"], ["", "30"], "Room is missing"),
        (["Room", "Rows"], ["B-1", "5"], "rows and the columns"),
        (["Exam Capacity"], ["30"], "These columns are missing: Room"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence_and_nothing_is_written(season, headers, row, words):
    result = RoomResource(project=season).import_data(sheet(headers, row))
    assert words in " ".join(faults(result))
    assert not Room.objects.exists()


def test_rooms_of_a_pool_are_named_in_one_cell(season, other_season):
    first, second = RoomFactory(project=season, code="A-1"), RoomFactory(project=season, code="A-2")
    RoomFactory(project=other_season, code="A-3")
    RoomPoolResource(project=season).import_data(sheet(["Pool", "Rooms"], ["North", "A-1, A-2"]))
    assert set(RoomPool.objects.get().rooms.all()) == {first, second}
    assert RoomPoolResource(project=season).export()["Rooms"] == ["A-1, A-2"]


def test_what_is_exported_can_be_imported_as_it_is(season):
    RoomFactory(project=season, code="B-1", features="sockets, computers", is_usable=False)
    there = RoomResource(project=season).export()
    result = RoomResource(project=season).import_data(there)
    assert (result.totals["skip"], faults(result)) == (1, [])


DANGEROUS = "=HYPERLINK(1)"


def test_no_text_becomes_a_formula_in_a_workbook(season):
    ProgrammeFactory(project=season, name=DANGEROUS)
    dataset = sheet(["Name", "Students"], [DANGEROUS, 12])
    cells = load_workbook(io.BytesIO(SafeXlsx().export_data(dataset))).active[2]
    assert [(cell.value, cell.data_type) for cell in cells] == [(DANGEROUS, "s"), (12, "n")]


def test_no_text_becomes_a_formula_in_a_csv_file():
    lines = SafeCsv().export_data(sheet(["Name", "n"], [DANGEROUS, -12], ["@cmd", 1])).decode("utf-8-sig")
    assert lines.split() == ["Name,n", f"'{DANGEROUS},-12", "'@cmd,1"]


def test_a_file_of_any_kind_is_read_by_its_contents():
    rows = AnyWorkbook().create_dataset("Date;Name\n2027-01-01;New Year\n".encode("utf-16"))
    assert rows.dict == [{"Date": "2027-01-01", "Name": "New Year"}]


def test_a_long_sheet_is_sent_to_the_upload_page():
    lines = "Name\n" + "x\n" * (MOST_ROWS + 1)
    with pytest.raises(ValueError, match="upload page"):
        AnyWorkbook().create_dataset(lines.encode())


# --- the buttons in the admin ---------------------------------------------------------------------------


@pytest.fixture
def pages(client, season):
    """pages(role, address, data=None): what a member in that role gets there."""

    def pages(role, address, data=None):
        user = UserFactory()
        ProjectMemberFactory(project=season, user=user, role=role)
        client.force_login(user)
        address = f"/at/{season.path}/staff/scheduling/{address}"
        return client.get(address) if data is None else client.post(address, data)

    return pages


def test_an_import_shows_what_would_be_done_and_then_does_it(pages, season):
    rows = SimpleUploadedFile("days.csv", b"Date,Name\n2027-01-01,New Year\n")
    told = {"import_file": rows, "format": "0", "resource": "0"}
    shown = pages(ProjectRole.PLANNER, "holiday/import/", told)
    assert "<ins>New Year</ins>" in shown.content.decode()
    assert not Holiday.objects.exists()
    confirm = shown.context["confirm_form"].initial
    pages(ProjectRole.PLANNER, "holiday/process_import/", confirm)
    assert Holiday.objects.for_project(season).get().name == "New Year"

    again = pages(ProjectRole.PLANNER, "holiday/process_import/", confirm)
    assert again.url.endswith("/holiday/import/")


def test_a_large_file_is_sent_to_the_upload_page(pages, monkeypatch):
    monkeypatch.setattr("projects.resources.MOST_BYTES", 20)
    rows = SimpleUploadedFile("days.csv", b"Date,Name\n2027-01-01,New Year\n")
    shown = pages(
        ProjectRole.PLANNER, "holiday/import/", {"import_file": rows, "format": "0", "resource": "0"}
    )
    assert "Use the upload page" in shown.content.decode()


def test_an_export_from_the_admin_is_a_safe_workbook(pages, season):
    Programme.objects.create(project=season, name=DANGEROUS)
    response = pages(ProjectRole.PLANNER, "programme/export/", {"format": "0", "resource": "0"})
    assert response["Content-Disposition"].endswith(f'{season.slug}-programme.xlsx"')
    assert load_workbook(io.BytesIO(response.content)).active["A2"].data_type == "s"


def test_a_viewer_imports_nothing(pages):
    assert pages(ProjectRole.VIEWER, "holiday/import/").status_code == 403
    assert pages(ProjectRole.VIEWER, "holiday/process_import/", {}).status_code == 403
