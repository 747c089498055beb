import zipfile
from datetime import date

import pytest

from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.survey import CannotOpen, Package, survey_ods

from .test_survey import CELL, save_ods

PEOPLE = ["Number", "Name", "Age", "Town"]


def merge(*ranges, sheet="Folk"):
    def change(book):
        for cells in ranges:
            book[sheet].merge_cells(cells)

    return change


def people(*towns, first=1):
    return [[str(number), f"Name {number}", 20, town] for number, town in enumerate(towns, first)]


def test_a_merged_value_is_that_of_every_row_it_covers_and_of_no_other(save, read):
    rows = people("Lahore", "", "", "", "Multan", "", "")
    found = read(save({"Folk": [PEOPLE, *rows]}, merge("D2:D4", "D6:D7")))
    assert found.column("town") == ["Lahore", "Lahore", "Lahore", "", "Multan", "Multan", ""]
    assert found.errors == []


def test_merged_cells_are_told_once_for_a_column(save, read):
    found = read(save({"Folk": [PEOPLE, *people("Lahore", "", "", "Multan", "")]}, merge("D2:D4", "D5:D6")))
    (note,) = found.report.findings
    assert (note.level, note.row, note.column) == ("info", 2, "Town")
    assert "3 rows" in note.message


def test_blank_rows_inside_a_merged_range_stay_blank_and_end_nothing(save, read):
    rows = [*people("Lahore", ""), [], *people("", first=3)]
    found = read(save({"Folk": [PEOPLE, *rows]}, merge("D2:D5")))
    assert (found.column("number"), found.column("town")) == (["1", "2", "3"], ["Lahore"] * 3)


def test_headers_and_titles_that_are_merged_downwards_are_no_values(save, read):
    rows = [["All our people"], [], PEOPLE, *people("", "")]
    found = read(save({"Folk": rows}, merge("A1:D2", "D3:D4")))
    assert found.column("town") == ["", ""]


def test_a_range_over_two_columns_speaks_for_its_first(save, read):
    found = read(save({"Folk": [PEOPLE, ["1", "Mia", 30, ""], ["2", "Ali", "", ""]]}, merge("C2:D3")))
    assert (found.column("age"), found.column("town")) == ([30, 30], ["", ""])


def test_a_key_that_is_merged_over_its_rows_counts_in_each(save, read):
    rows = [["Number", "Name", "Book"], ["1", "Mia", "Emma"], ["", "", "Ulysses"], ["2", "Ali", "Emma"]]
    found = read(save({"All": rows}, merge("A2:A3", "B2:B3", sheet="All")))
    assert found.errors == []
    assert found.report.accepted == {"Loans": 3, "People": 2}


def test_the_fault_of_a_merged_cell_is_told_once_and_holds_back_its_rows(save, read):
    rows = [PEOPLE, *people("", "", ""), ["9", "Zoë", 9, ""]]
    rows[1][2], rows[2][2], rows[3][2] = "old", "", ""
    found = read(save({"Folk": rows}, merge("C2:C4")))
    assert found.errors == [("Folk", 2, "Age")]
    assert found.report.accepted == {"People": 1}


def test_a_merged_formula_without_a_stored_value_is_told_once(save, read):
    rows = [PEOPLE, *people("=1+1", "", ""), ["9", "Zoë", 9, "Multan"]]
    found = read(save({"Folk": rows}, merge("D2:D4")))
    assert found.errors == [("Folk", 2, "Town")]
    assert found.report.accepted == {"People": 1}


def test_an_unknown_name_in_a_merged_cell_is_told_once(save, read):
    rows = [["Number", "Book"], ["7", "Emma"], ["", "Ulysses"], ["1", "Emma"]]
    path = save({"Loans": rows, "Folk": [PEOPLE, *people("")]}, merge("A2:A3", sheet="Loans"))
    found = read(path)
    assert found.errors == [("Loans", 2, "Number")]
    assert found.report.accepted == {"Loans": 1, "People": 1}


def test_rows_of_one_merged_key_that_contradict_each_other_are_told_each(save, read):
    rows = [PEOPLE, ["1", "Mia", 20, ""], ["", "Ali", "", ""], ["", "Zoë", "", ""]]
    found = read(save({"Folk": rows}, merge("A2:A4")))
    assert [row for _, row, _ in found.errors] == [3, 4]


def test_zeros_that_a_number_format_puts_before_a_merged_number_count_in_each_row(save, read):
    def change(book):
        book["Loans"]["A2"].number_format = "0000"
        merge("A2:A3", sheet="Loans")(book)

    from projects.spreadsheets.reading import read_workbook
    from projects.spreadsheets.report import Report

    from .conftest import PEOPLE as DATASET

    path = save({"Loans": [["Number", "Name"], [12, "Mia"], [None, "Ali"]]}, change)
    (table,) = read_workbook(open_workbook(path), (DATASET,), Report())
    assert table.values["number"] == ["0012", "0012"]


def test_a_date_is_not_carried_below_the_range_that_it_is_merged_over(save, read):
    rows = [["Code", "Date", "Start"], ["A", "2027-01-04", "9:00"], ["B", "", "14:00"], ["C", "", "9:00"]]
    found = read(save({"Visits": rows}, merge("B2:B3", sheet="Visits")))
    assert found.column("date") == [date(2027, 1, 4)] * 2
    assert found.errors == [("Visits", 4, "Date")]


def test_a_merged_date_of_a_wide_datesheet_covers_its_rows_and_no_others(save, read):
    rows = [
        ["Date", "Code", "09:00 - 10:00", "Code", "10:30 - 11:30"],
        ["2027-01-04", "A", "a", "", ""],
        [],
        ["", "B", "b", "C", "c"],
        ["", "D", "d", "", ""],
    ]
    found = read(save({"Visits": rows}, merge("A2:A4", sheet="Visits")))
    assert found.column("course_code") == ["A", "B", "C"]
    assert found.column("date") == [date(2027, 1, 4)] * 3
    assert found.errors == [("Visits", 5, "Date")]


def test_merged_cells_of_an_ods_sheet_are_seen(tmp_path):
    span = CELL.format(' table:number-rows-spanned="3"')
    body = f"<table:table-row>{CELL.format('')}</table:table-row><table:table-row>{span}</table:table-row>"
    path = save_ods(tmp_path / "a.ods", body)
    assert survey_ods(Package(path))["A"].merged == [(2, 4, 0)]
    assert list(open_workbook(path).sheets[0].merged()) == [(2, 4, 0)]


def test_more_merged_cells_than_the_fast_reader_should_hold_are_refused(save, tmp_path):
    path = tmp_path / "merged.xlsx"
    ranges = b"".join(b'<mergeCell ref="B%d:B%d"/>' % (n, n + 1) for n in range(2, 400_400, 2))
    with (
        zipfile.ZipFile(save({"Folk": [PEOPLE]})) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if "sheet1" in name:
                content = content.replace(
                    b"</sheetData>", b"</sheetData><mergeCells>" + ranges + b"</mergeCells>"
                )
            new.writestr(name, content)
    with pytest.raises(CannotOpen, match="merged"):
        open_workbook(path)
