"""What a person decides about the sheets of an upload holds, sheet by sheet, however often it is read."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from projects.models import Project
from scheduling.models import WorkbookImport


def workbook(name="registrar.xlsx", hidden=(), **sheets):
    book = Workbook()
    book.remove(book.active)
    book.create_sheet("Read me").append(["Nothing is to be read here."])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile(name, out.getvalue())


@pytest.fixture
def uploaded(alice_pages, django_capture_on_commit_callbacks):
    """uploaded(*files): the row of the upload; uploaded.again(told): after it was read again."""

    class Uploaded:
        def __call__(self, *files):
            with django_capture_on_commit_callbacks(execute=True):
                self.seen = alice_pages.post("uploads/", {"files": files}).url
            return WorkbookImport.objects.get()

        def again(self, **told):
            with django_capture_on_commit_callbacks(execute=True):
                alice_pages.client.post(f"{self.seen}read-again/", told)
            return WorkbookImport.objects.get()

    return Uploaded()


def sheet_of(row, name, file="registrar.xlsx"):
    found = [sheet for sheet in row.report["sheets"] if (sheet["file"], sheet["sheet"]) == (file, name)]
    return found[0]


PEOPLE = [["Roll No", "Name", "Wing"], ["R1", "Ayesha", "F"]]


def test_a_hidden_sheet_that_was_chosen_is_still_read_when_a_column_is_explained(uploaded):
    row = uploaded(workbook(hidden=["Archive"], Archive=PEOPLE))
    place = row.report["sheets"].index(sheet_of(row, "Archive"))
    row = uploaded.again(**{f"{place}-dataset": "Students"})
    assert sheet_of(row, "Archive")["accepted"] == 1
    row = uploaded.again(**{f"{place}-column-2": "gender"})
    assert sheet_of(row, "Archive")["accepted"] == 1
    assert dict(sheet_of(row, "Archive")["headers"])["Wing"] == "gender"


def test_what_is_decided_about_a_sheet_leaves_its_namesake_in_another_file_alone(uploaded):
    one, other = workbook("one.xlsx", Data=PEOPLE), workbook("other.xlsx", Data=PEOPLE)
    row = uploaded(one, other)
    place = row.report["sheets"].index(sheet_of(row, "Data", "one.xlsx"))
    row = uploaded.again(**{f"{place}-dataset": ""})
    assert sheet_of(row, "Data", "one.xlsx")["dataset"] == ""
    assert sheet_of(row, "Data", "other.xlsx")["dataset"] == "Students"


def test_a_column_that_no_sheet_has_is_neither_chosen_nor_remembered(uploaded, season):
    row = uploaded(workbook(Data=PEOPLE))
    place = row.report["sheets"].index(sheet_of(row, "Data"))
    row = uploaded.again(**{f"{place}-column-2": "no such column"})
    assert sheet_of(row, "Data")["accepted"] == 1
    assert Project.objects.get(pk=season.pk).header_mappings == {}


def test_a_remembered_column_that_is_gone_since_is_not_read(uploaded, season):
    Project.objects.filter(pk=season.pk).update(header_mappings={"Students": {"Wing": "an older name"}})
    book = Workbook()
    for line in (["Roll No", "Name", "Wing"], ["R1", "Ayesha", 7]):
        book.active.append(line)
    book.active["C2"].number_format = "000"
    out = io.BytesIO()
    book.save(out)
    row = uploaded(SimpleUploadedFile("registrar.xlsx", out.getvalue()))
    assert row.state == "read"
    assert dict(sheet_of(row, "Sheet")["headers"])["Wing"] == ""
