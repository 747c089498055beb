import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from projects.models import Project, StoredFile
from projects.spreadsheets.headers import Choice
from scheduling import uploading
from scheduling.models import Student, WorkbookImport
from tests.factories.accounts import UserFactory

STUDENTS = [["Roll No", "Name"], ["R1", "Ayesha"], ["R2", "Bilal"]]


def workbook(**sheets):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("registrar.xlsx", out.getvalue())


@pytest.fixture
def uploaded(season, django_capture_on_commit_callbacks):
    """uploaded(file): the row after its file was read."""

    def uploaded(*files):
        with django_capture_on_commit_callbacks(execute=True):
            row = uploading.begin(project=season, uploads=files, by=UserFactory())
        row.refresh_from_db()
        return row

    return uploaded


@pytest.fixture
def after(django_capture_on_commit_callbacks):
    """after(act, row=row, …): the row after the act and what it handed over."""

    def after(act, row, **told):
        with django_capture_on_commit_callbacks(execute=True):
            act(row=row, **told)
        row.refresh_from_db()
        return row

    return after


def test_a_workbook_is_read_and_nothing_is_written(uploaded):
    row = uploaded(workbook(Students=STUDENTS))
    assert row.state == "read"
    assert row.report["changes"] == [
        ["Students", {"added": 2, "changed": 0, "left": 0, "removed": 0}],
    ]
    assert not Student.objects.exists()


def test_what_would_become_of_the_sheets_is_told_in_the_order_of_their_work(uploaded):
    row = uploaded(
        workbook(
            Courses=[["Course Code", "Title"], ["PHY-1", "Physics"]],
            Students=STUDENTS,
            Teachers=[["Staff No", "Name"], ["T1", "Nadia"]],
        )
    )
    assert [sheet for sheet, _counts in row.report["changes"]] == ["Students", "Courses", "Teachers"]


def test_taking_over_writes_the_rows_into_the_project(uploaded, after, season):
    row = after(uploading.take_over, uploaded(workbook(Students=STUDENTS)), skips_errors=False)
    assert row.state == "done"
    assert Student.objects.for_project(season).count() == 2


def test_rows_with_errors_are_refused_until_the_good_ones_alone_are_wanted(uploaded, after):
    row = uploaded(workbook(Students=[*STUDENTS, ["R3", ""]]))
    assert row.report["errors"] == 1
    with pytest.raises(uploading.CannotUpload, match="errors"):
        uploading.take_over(row=row, skips_errors=False)
    after(uploading.take_over, row, skips_errors=True)
    assert sorted(Student.objects.values_list("roll_no", flat=True)) == ["R1", "R2"]


def test_the_workbook_comes_back_with_what_to_correct(uploaded):
    row = uploaded(workbook(Students=[*STUDENTS, ["R3", ""]]))
    with row.error_files.get().file.open("rb") as file:
        sheet = load_workbook(file)["Students"]
    assert sheet.max_column == 3
    assert "Name is missing" in sheet.cell(4, 3).value


def test_what_is_told_of_the_sheets_is_in_the_language_of_who_asked(
    season, django_capture_on_commit_callbacks
):
    sheets = workbook(Students=[*STUDENTS, ["R3", ""]], Courses=[["Course Code", "Title"]])
    with django_capture_on_commit_callbacks(execute=True):
        row = uploading.begin(project=season, uploads=[sheets], by=UserFactory(language="ur"))
    row.refresh_from_db()
    told = [found["message"] for found in row.report["findings"]]
    assert "Name موجود نہیں۔ اسے لکھیں، یا پوری قطار خالی کر دیں۔" in told
    assert [words for words in told if words.isascii()] == []


def test_a_header_that_a_person_explained_is_read_and_remembered(uploaded, after, season):
    strange = [["Roll No", "Known as"], ["R1", "Ayesha"]]
    row = uploaded(workbook(Students=strange))
    assert row.report["errors"]
    row = after(
        uploading.read_again,
        row,
        choices={"Students": Choice(columns={"Known as": "name"})},
        replaces=False,
        headers={"Students": {"Known as": "name"}},
    )
    assert row.report["errors"] == 0
    assert uploaded(workbook(Students=strange)).report["errors"] == 0


def test_what_is_taken_over_cannot_be_taken_over_again(uploaded, after):
    row = after(uploading.take_over, uploaded(workbook(Students=STUDENTS)), skips_errors=False)
    with pytest.raises(uploading.CannotUpload, match="already"):
        uploading.take_over(row=row, skips_errors=False)


def test_a_task_that_is_delivered_twice_finds_nothing_to_do(uploaded, after):
    row = after(uploading.take_over, uploaded(workbook(Students=STUDENTS)), skips_errors=False)
    Student.objects.all().delete()
    assert uploading.carry_out(import_id=row.pk) == "done"
    assert not Student.objects.exists()


def test_no_file_and_an_empty_file_are_refused_and_leave_nothing(season):
    for files in ([], [SimpleUploadedFile("empty.csv", b"")]):
        with pytest.raises(uploading.CannotUpload):
            uploading.begin(project=season, uploads=files, by=UserFactory())
    assert not WorkbookImport.objects.exists()
    assert not StoredFile.objects.exists()


def test_an_upload_whose_worker_fell_silent_can_be_started_again(uploaded, after):
    row = uploaded(workbook(Students=STUDENTS))
    with pytest.raises(uploading.CannotUpload):
        uploading.start_again(row=row)
    long_ago = timezone.now() - uploading.SILENCE - timedelta(minutes=1)
    WorkbookImport.objects.update(state="reading", told_at=long_ago)
    row.refresh_from_db()
    assert uploading.is_silent(row)
    assert after(uploading.start_again, row).state == "read"


def test_a_large_file_is_left_to_a_worker(season, monkeypatch, django_capture_on_commit_callbacks):
    handed_over = []
    monkeypatch.setattr(uploading, "READ_AT_ONCE", 10)
    monkeypatch.setattr(uploading, "async_task", lambda *args, **kwargs: handed_over.append((args, kwargs)))
    with django_capture_on_commit_callbacks(execute=True):
        row = uploading.begin(project=season, uploads=[workbook(Students=STUDENTS)], by=UserFactory())
    row.refresh_from_db()
    assert row.state == "waiting"
    assert [args for args, _kwargs in handed_over] == [("scheduling.tasks.carry_out_import", row.pk)]


def test_a_failure_is_told_on_the_row(uploaded, monkeypatch, caplog):
    def breaks(**told):
        raise RuntimeError("broken")

    monkeypatch.setattr(uploading.importing, "dry_run", breaks)
    row = uploaded(workbook(Students=STUDENTS))
    assert row.state == "failed"
    assert "nothing was written" in row.message


def test_nothing_is_taken_over_into_a_project_archived_meanwhile(uploaded, after, season):
    row = uploaded(workbook(Students=STUDENTS))
    Project.objects.filter(pk=season.pk).update(is_archived=True)
    row = after(uploading.take_over, row, skips_errors=False)
    assert (row.state, row.message[:24]) == ("read", "This project is archived")
    assert not Student.objects.exists()
