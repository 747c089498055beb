PEOPLE = [["Number", "Name", "Age"], ["1", "Mia", 20], ["2", "Ali", 21]]
LOANS = [["Number", "Book"], ["1", "Emma"]]


def test_the_same_row_again_is_merged(save, read):
    found = read(save({"Folk": [*PEOPLE, ["1", "MIA", 20]]}))
    assert found.errors == []
    assert found.report.sheets[0].merged == 1
    assert "One row repeats an earlier row and counts once: 4" in found.said


def test_the_same_key_with_other_values_is_an_error_at_the_later_row(save, read):
    found = read(save({"Folk": [*PEOPLE, ["1", "Mia", 30]]}))
    assert found.errors == [("Folk", 4, "Number")]
    assert "1 stands in row 2 already, with another Age" in found.said


def test_an_empty_cell_contradicts_nothing(save, read):
    assert read(save({"Folk": [*PEOPLE, ["1", "Mia", ""]]})).errors == []
    assert read(save({"Folk": [*PEOPLE, ["3", "Zoë", ""], ["3", "Zoë", 9]]})).errors == [
        ("Folk", 5, "Number")
    ]


def test_twins_are_found_across_sheets(save, read):
    found = read(save({"North": PEOPLE, "South": [["Number", "Name"], ["1", "Emma"]]}))
    assert found.errors == [("South", 2, "Number")]
    assert "row 2 of sheet “North”" in found.said


def test_a_column_that_only_one_sheet_has_is_no_contradiction(save, read):
    assert read(save({"North": PEOPLE, "South": [["Number", "Name"], ["1", "Mia"]]})).errors == []


def test_a_reference_to_an_unknown_row_is_an_error_where_it_is(save, read):
    found = read(save({"Folk": PEOPLE, "Loans": [*LOANS, ["9", "Emma"]]}))
    assert found.errors == [("Loans", 3, "Number")]
    assert "No person 9 is known" in found.said


def test_rows_that_the_project_has_can_be_named(save, read):
    assert read(save({"Loans": LOANS}), existing=[("1",)]).errors == []


def test_a_row_that_names_a_faulty_row_is_held_back_without_a_word(save, read):
    found = read(
        save({"Loans": [*LOANS, ["2", "Emma"]], "Folk": [PEOPLE[0], ["1", "Mia", "old"], PEOPLE[2]]})
    )
    assert found.errors == [("Folk", 2, "Age")]
    loans = next(entry for entry in found.report.sheets if entry.dataset == "Loans")
    assert (loans.accepted, loans.held_back) == (1, 1)


def test_a_missing_key_excuses_no_unknown_reference(save, read):
    found = read(save({"Folk": [*PEOPLE, ["", "Zoë", 22]], "Loans": [*LOANS, ["9", "Emma"]]}))
    assert found.errors == [("Folk", 4, "Number"), ("Loans", 3, "Number")]


def test_a_whole_sheet_that_is_missing_is_said_once(save, read):
    found = read(save({"Loans": [*LOANS, ["2", "Emma"], ["3", "Emma"]]}))
    assert found.errors == [("Loans", 1, "Number")]
    assert found.report.accepted == {"Loans": 0}


def test_a_name_written_in_another_way_is_suggested(save, read):
    found = read(save({"Folk": [PEOPLE[0], ["CS-1", "Mia", 20]], "Loans": [LOANS[0], ["CS 1", "Emma"]]}))
    assert "No person is called CS 1, but one is called CS-1" in found.said


def test_findings_come_in_the_order_of_the_workbook(save, read):
    found = read(save({"Loans": [*LOANS, ["9", "x"]], "Folk": [*PEOPLE, ["3", "Zoë", "old"], ["1", "x", 1]]}))
    assert found.errors == [("Loans", 3, "Number"), ("Folk", 4, "Age"), ("Folk", 5, "Number")]
