from datetime import date, time
from decimal import Decimal

import pytest

from projects.spreadsheets import cells
from projects.spreadsheets.cells import BadCell


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("  Mia\xa0 Khan\u200b ", "Mia Khan"),
        ("Safety &amp; Environment", "Safety & Environment"),
        ("R&D; and &copy", "R&D; and &copy"),
        ('="007"', "007"),
        ("'=SUM(A1)", "=SUM(A1)"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("عائشہ\u200f خان", "عائشہ خان"),
        (7.0, "7"),
        (True, "TRUE"),
        (time(8, 30), "08:30"),
    ],
)
def test_text_keeps_its_letters_and_loses_its_dirt(written, meant):
    assert cells.text(written) == meant


def test_text_that_lost_letters_is_refused():
    with pytest.raises(BadCell, match="Letters were lost"):
        cells.text("Jos\ufffd")


@pytest.mark.parametrize(
    ("written", "meant"),
    [(12345.0, "12345"), ("00123", "00123"), ("CS–101", "CS-101"), ("ＣＳ１", "CS1"), ("5E10", "5E10")],
)
def test_an_identifier_stays_text(written, meant):
    assert cells.code(written) == meant


@pytest.mark.parametrize("written", [2.0042e20, "2.0042E+20", date(2027, 1, 1), 1e15])
def test_an_identifier_that_lost_digits_is_refused(written):
    with pytest.raises(BadCell, match="Format the column as text"):
        cells.code(written)


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [(12.0, "0000", "0012"), (12.0, "000-0000", "000-0012"), (123456.0, "0000", "123456")],
)
def test_a_number_format_pads_with_zeros(value, number_format, shown):
    assert cells.zero_padded(value, number_format) == shown


@pytest.mark.parametrize(("written", "meant"), [("1,000", 1000), ("7.0", 7), (7.0, 7), ("۵", 5)])
def test_a_whole_number_is_read_in_its_usual_forms(written, meant):
    assert cells.whole(0, 2000)(written) == meant


@pytest.mark.parametrize("written", ["ten", -4.0, 5.5, "", True, "2001"])
def test_what_is_no_whole_number_of_the_range_is_refused(written):
    with pytest.raises(BadCell, match="Write a"):
        cells.whole(0, 2000)(written)


def test_a_decimal_keeps_its_places():
    assert cells.decimal(0, 9, 2)("1,5") == Decimal("1.50")


def test_words_of_choice_are_read_by_what_they_mean():
    kind = cells.choice({"repeat": ("carry-over", "arrear"), "regular": ()})
    assert [kind("Carry Over"), kind(" REGULAR ")] == ["repeat", "regular"]
    with pytest.raises(BadCell, match="repeat, regular"):
        kind("sometimes")


def test_a_list_cell_is_split_and_each_item_counts_once():
    assert cells.items(cells.code)("A1; B2,\nA1") == ("A1", "B2")


@pytest.mark.parametrize(("written", "meant"), [("Yes", True), (True, True), ("n", False), (0.0, False)])
def test_yes_and_no_have_many_spellings(written, meant):
    assert cells.yes_no(written) is meant


def test_an_address_without_a_domain_is_no_address():
    with pytest.raises(BadCell, match="no e-mail address"):
        cells.email("mia@example")


def test_what_is_too_long_for_its_column_is_refused():
    with pytest.raises(BadCell, match="4 characters; up to 3 fit"):
        cells.limited(cells.text, 3)("abcd")
