import pytest

from projects.spreadsheets.columns import header_key
from projects.spreadsheets.headers import Choice, candidates, choose

from .conftest import DATASETS


def chosen(*head, sheet="Sheet1", choice=None, remembered=None):
    found = candidates(head, DATASETS, sheet=sheet, choice=choice or Choice(), remembered=remembered or {})
    return choose(found)


@pytest.mark.parametrize(
    "written", ["Roll No", "  roll_no ", "ROLL-NO.", "Roll\xa0No", "Roll #", "Ｒｏｌｌ no", "Roll\nNo"]
)
def test_headers_are_compared_without_case_width_spaces_and_punctuation(written):
    assert header_key(written) == "rollno"


def test_the_header_row_is_found_under_title_rows_whatever_the_sheet_is_called():
    layouts, _ = chosen(
        ["University of Somewhere"], [], ["Nr", "full name", "NUMBER ", "years"], ["", "Mia", "1", 20]
    )
    (layout,) = layouts
    assert (layout.dataset.name, layout.header_row) == ("People", 3)
    assert layout.columns == {"name": 1, "number": 2, "age": 3}
    assert [layout.headers[place] for place in layout.unread] == ["Nr"]


def test_a_row_of_data_is_no_header_row():
    layouts, _ = chosen(["Number", "Name"], ["Name", "Number"])
    assert layouts[0].header_row == 1


def test_of_two_readings_the_one_with_the_longer_key_says_more():
    layouts, rivals = chosen(["Number", "Name", "Book"])
    assert [layout.dataset.name for layout in layouts] == ["Loans", "People"]
    assert rivals == []


def test_a_sheet_that_two_datasets_read_alike_is_ambiguous():
    twin = DATASETS[0].__class__(**{**vars(DATASETS[0]), "name": "Others", "aliases": ()})
    found = candidates([["Number", "Name"]], (DATASETS[0], twin), sheet="x", choice=Choice(), remembered={})
    assert choose(found) == ([], ["People", "Others"])
    found = candidates(
        [["Number", "Name"]], (DATASETS[0], twin), sheet="others", choice=Choice(), remembered={}
    )
    assert choose(found)[0][0].dataset.name == "Others"


def test_a_choice_corrects_dataset_header_row_and_columns():
    choice = Choice(dataset="People", header_row=2, columns={"Who": "name", "Town": ""})
    layouts, _ = chosen(["Number", "Name"], ["ID", "Who", "Town"], choice=choice)
    assert (layouts[0].header_row, layouts[0].columns) == (2, {"number": 0, "name": 1})


def test_remembered_headers_are_known_again():
    layouts, _ = chosen(["Matric", "Name"], remembered={"People": {"Matric": "number"}})
    assert layouts[0].columns == {"number": 0, "name": 1}


def test_a_missing_column_is_named_by_the_header_that_we_write():
    layouts, _ = chosen(["Name", "Age", "Town"])
    assert layouts[0].missing == ["Number"]
