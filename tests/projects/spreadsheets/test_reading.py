from datetime import date, time

from projects.spreadsheets.headers import Choice

HEADER = ["Number", "Name", "Age"]


def test_dirt_is_cleaned_without_a_word(save, read):
    rows = [
        ["People of Somewhere"],
        [],
        [" number", "NAME\xa0", "Age"],
        [" 1 ", "Mia\xa0 Khan", "20"],
        [],
        ["Number", "Name", "Age"],
        [2, "Zoë", 21],
        ["People of Somewhere"],
        ["3", "Ali", ""],
        ["", "", "  "],
        ["Total: 3"],
        ["Signature of the registrar"],
    ]
    found = read(save({"Sheet1": rows}))
    assert found.errors == []
    assert found.column("number") == ["1", "2", "3"]
    assert found.column("name") == ["Mia Khan", "Zoë", "Ali"]
    assert found.column("age") == [20, 21, None]
    (entry,) = found.report.sheets
    assert dict(entry.skipped) == {
        "above the header": 1, "blank": 2, "repeated header": 1, "repeated title": 1, "footer": 2,
    }  # fmt: skip
    assert (entry.rows, entry.accepted) == (3, 3)


def test_each_faulty_cell_is_reported_where_it_is(save, read):
    found = read(save({"Folk": [HEADER, ["1", "Mia", "old"], ["2", "", 200], ["", "Ali", 3]]}))
    assert found.errors == [
        ("Folk", 2, "Age"),
        ("Folk", 3, "Age"),
        ("Folk", 3, "Name"),
        ("Folk", 4, "Number"),
    ]
    assert found.column("name") == []
    assert found.report.errors[0].value == "old"


def test_a_column_is_named_as_the_person_wrote_it(save, read):
    found = read(save({"Folk": [["ID ", "Full  Name", "YEARS"], ["1", "Mia", "old"]]}))
    assert found.errors == [("Folk", 2, "YEARS")]


def test_columns_that_are_not_read_are_listed(save, read):
    found = read(save({"Folk": [[*HEADER, "Shoe size"], ["1", "Mia", 20, 39]]}))
    assert "“Shoe size”" in found.said
    assert found.report.sheets[0].headers == {
        "Number": "number",
        "Name": "name",
        "Age": "age",
        "Shoe size": "",
    }


def test_a_formula_without_a_stored_value_is_an_error_at_its_cell(save, read):
    found = read(save({"Folk": [HEADER, ["1", "=A2", 20], ["2", "Ali", 3]]}))
    assert found.errors == [("Folk", 2, "Name")]
    assert "not saved" in found.said


def test_a_formula_in_a_column_that_is_not_read_is_nobodys_fault(save, read):
    assert read(save({"Folk": [[*HEADER, "Sum"], ["1", "Mia", 20, "=1+1"]]})).errors == []


def test_zeros_that_a_number_format_shows_are_kept(save, read):
    def change(book):
        book["Folk"]["A2"].number_format = "0000"
        book["Folk"]["C2"].number_format = "0000"

    found = read(save({"Folk": [HEADER, [7, "Mia", 20]]}, change))
    assert (found.column("number"), found.column("age")) == (["0007"], [20])


def test_hidden_rows_are_read_and_flagged(save, read):
    def change(book):
        book["Folk"].row_dimensions[3].hidden = True

    found = read(save({"Folk": [HEADER, ["1", "Mia", 20], ["2", "Ali", 21]]}, change))
    assert found.column("number") == ["1", "2"]
    assert "A hidden row was read as well: 3" in found.said


def test_a_hidden_sheet_is_listed_and_read_by_choice_only(save, read):
    def change(book):
        book["Folk"].sheet_state = "hidden"

    path = save({"Other": [["x"]], "Folk": [HEADER, ["1", "Mia", 20]]}, change)
    found = read(path)
    assert found.tables == []
    assert [entry.is_hidden for entry in found.report.sheets] == [False, True]
    assert read(path, choices={"Folk": Choice(dataset="People")}).column("number") == ["1"]


def test_two_sheets_of_one_dataset_are_both_read(save, read):
    found = read(save({"North": [HEADER, ["1", "Mia", 20]], "South": [HEADER, ["2", "Ali", 21]]}))
    assert found.report.accepted == {"People": 2}


def test_one_sheet_may_feed_two_datasets(save, read):
    found = read(save({"All": [["Number", "Name", "Book"], ["1", "Mia", "Emma"], ["1", "Mia", "Ulysses"]]}))
    assert found.errors == []
    assert found.report.accepted == {"Loans": 2, "People": 1}


def test_a_sheet_that_fits_nothing_is_said_to_be_left_out(save, read):
    found = read(save({"Notes": [["some", "thoughts"]], "Blank": []}))
    assert "fit none of the known sheets" in found.said
    assert "The sheet is empty" in found.said
    assert found.errors == []


def test_a_sheet_of_ours_by_name_must_be_readable(save, read):
    assert read(save({"People": [["some", "thoughts"]]})).errors == [("People", 0, "")]


def test_a_sheet_without_a_needed_column_says_which(save, read):
    found = read(save({"Folk": [["Name", "Age"], ["Mia", 20]]}))
    assert found.errors == [("Folk", 1, "")]
    assert "no column Number" in found.said


def test_a_sheet_that_a_person_leaves_out_is_left_out(save, read):
    found = read(save({"Folk": [["Name", "Age"], ["Mia", 20]]}), choices={"Folk": Choice(dataset="")})
    assert found.errors == []


def test_a_merged_date_is_carried_down_within_its_block(save, read):
    rows = [["Code", "Date", "Start"], ["A", "2027-01-04", "9:00"], ["B", "", "14:00"], [], ["C", "", "9:00"]]
    found = read(save({"Visits": rows}))
    assert found.column("date") == [date(2027, 1, 4), date(2027, 1, 4)]
    assert found.errors == [("Visits", 5, "Date")]


def test_hours_in_one_cell_become_start_and_end(save, read):
    found = read(save({"Visits": [["Code", "Date", "Hours"], ["A", "2027-01-04", "09:00 - 12:00"]]}))
    assert (found.column("start"), found.column("end")) == ([time(9)], [time(12)])


def test_dates_with_two_readings_are_one_warning_for_the_column(save, read):
    rows = [["Code", "Date"], ["A", "03/04/2027"], ["B", "05/06/2027"], ["C", "25/06/2027"]]
    found = read(save({"Visits": rows}))
    (warning,) = [finding for finding in found.report.findings if finding.level == "warning"]
    assert (warning.row, warning.column) == (2, "Date")
    assert "like 1 more of this column" in warning.message
    assert found.column("date")[0] == date(2027, 4, 3)


def test_data_after_a_long_gap_is_not_lost(save, read):
    path = save({"Folk": [HEADER, ["1", "Mia", 20]]}, lambda book: (
        book["Folk"].cell(3000, 1, "2"), book["Folk"].cell(3000, 2, "Ali")))  # fmt: skip
    assert read(path).column("number") == ["1", "2"]


def test_headers_without_a_row_are_told(save, read):
    (told,) = read(save({"Folk": [["People"], HEADER]})).report.findings
    assert (told.level, told.sheet, told.row) == ("warning", "Folk", 2)
    assert "no row below" in told.message


def test_a_row_of_nothing_but_formulas_without_results_is_not_taken_for_a_blank_one(save, read):
    rows = [HEADER, ["1", "Mia", 20], ["=A2", "=B2", "=C2"], [], ["2", "Ali", 21], ["=A5", "=B5", "=C5"]]
    found = read(save({"Folk": rows}))
    assert {row for _, row, _ in found.errors} == {3, 6}
    assert found.column("number") == ["1", "2"]
