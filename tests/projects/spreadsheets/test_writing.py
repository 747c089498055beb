import csv
from datetime import date, time

from openpyxl import load_workbook

from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.writing import csv_safe, sheet_name, write_csv, write_error_workbook, write_xlsx

ROWS = [["Number", "Name", "Age"], ["=1+1", "Mia", "old"], ["0007", "", 20]]


def test_nothing_in_an_xlsx_is_a_live_formula(tmp_path):
    path = tmp_path / "out.xlsx"
    write_xlsx(path, {"A": (["=head()"], [["=1+1"], ["+1"], ["#N/A"], ["a\x00b"], [None], [1.0]])})
    sheet = load_workbook(path)["A"]
    assert [cell.data_type for cell in sheet["A"]] == ["s", "s", "s", "s", "s", "n", "n"]
    assert [cell.value for cell in sheet["A"]] == ["=head()", "=1+1", "+1", "#N/A", "ab", None, 1]
    # Else who opens the cell and leaves it again makes one.
    assert [cell.quotePrefix for cell in sheet["A"]] == [True, True, True, False, False, False, False]


def test_dates_and_times_stay_dates_and_times(tmp_path):
    path = tmp_path / "out.xlsx"
    write_xlsx(path, {"A": (["When", "At"], [[date(2027, 1, 4), time(8, 30)]])})
    sheet = load_workbook(path)["A"]
    assert (sheet["A2"].number_format, sheet["B2"].value) == ("yyyy-mm-dd", time(8, 30))


def test_text_that_looks_like_a_formula_leaves_a_csv_as_text_and_numbers_as_numbers(tmp_path):
    path = tmp_path / "out.csv"
    write_csv(path, ["Name", "Sum"], [["=cmd()", -5], ["@x", "-x"]])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig") as file:
        assert list(csv.reader(file)) == [["Name", "Sum"], ["'=cmd()", "-5"], ["'@x", "'-x"]]
    assert csv_safe("plain") == "plain"


def test_sheet_names_are_such_as_excel_takes():
    assert sheet_name("a/b:c", []) == "a b c"
    assert sheet_name("x" * 40, ["X" * 31]) == "x" * 27 + " 2"
    assert sheet_name("", []) == "Sheet"


def test_the_workbook_comes_back_with_its_errors_and_can_be_read_again(save, read, tmp_path):
    def as_text(book):
        book["Folk"]["A3"].data_type = "s"

    path = save({"Notes": [["free text"]], "Folk": [[], *ROWS]}, as_text)
    out = tmp_path / "errors.xlsx"
    found = read(path)
    write_error_workbook(out, open_workbook(path), found.report.findings, {"Folk": 2})

    back = load_workbook(out)
    assert back.sheetnames == ["Notes", "Folk"]
    assert [cell.value for cell in back["Folk"][2]] == [*ROWS[0], "What to correct"]
    assert back["Folk"]["D3"].value == "Age: Write a number in digits."
    assert back["Folk"]["D4"].value == "Name: Name is missing. Write it, or clear the whole row."
    assert back["Folk"]["C3"].fill.fgColor.rgb == "00FDE2E1"
    assert back["Folk"]["A4"].value == "0007"
    assert all(cell.data_type != "f" for row in back["Folk"] for cell in row)
    again = read(out)
    assert again.errors == found.errors
    assert "not read" not in again.said


def test_a_formula_without_a_stored_value_comes_back_as_text(save, read, tmp_path):
    path = save({"Folk": [ROWS[0], ["1", '="Mia "&A2', 20]]})
    out = tmp_path / "errors.xlsx"
    found = read(path)
    (error,) = found.report.errors
    assert (error.row, error.column, error.value) == (2, "Name", '="Mia "&A2')
    write_error_workbook(out, open_workbook(path), found.report.findings, {"Folk": 1})
    cell = load_workbook(out)["Folk"]["B2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ('="Mia "&A2', "s", True)


def test_an_error_column_of_an_earlier_time_is_replaced(save, read, tmp_path):
    path = save({"Folk": [[*ROWS[0], "What to correct"], ["1", "Mia", "old", "Age: no"]]})
    out = tmp_path / "errors.xlsx"
    write_error_workbook(out, open_workbook(path), read(path).report.findings, {"Folk": 1})
    assert [cell.value for cell in load_workbook(out)["Folk"][2]] == [
        "1",
        "Mia",
        "old",
        "Age: Write a number in digits.",
    ]
