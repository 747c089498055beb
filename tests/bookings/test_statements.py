"""A bank's statement in whatever shape it comes; each line is kept once."""

from datetime import date
from decimal import Decimal

import pytest
from openpyxl import Workbook

from bookings import statements
from bookings.models import BankLine
from projects.spreadsheets.cells import BadCell

from ..factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(currency="GBP")


@pytest.fixture
def bring(school, tmp_path):
    def bring(text, name="statement.csv", encoding="utf-8", **how):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return statements.read(institution=school, path=path, name=name, by=None, **how)

    return bring


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,5", "1234.50"),
        ("1'234.50", "1234.50"),
        ("£12.50", "12.50"),
        ("12.50 CR", "12.50"),
        ("12.50 Dr", "-12.50"),
        ("(12.50)", "-12.50"),
        ("12,50-", "-12.50"),
        ("−3.00", "-3.00"),
        ("1.500", "1500"),
        ("Rs 1,500", "1500"),
        (12.5, "12.50"),
    ],
)
def test_an_amount_is_read_as_banks_write_it(written, amount):
    assert statements.money(written) == Decimal(amount)


@pytest.mark.parametrize("written", ["twelve", "1,23,456.00x99", "12.34.56.7", "", "99999999999"])
def test_what_is_no_amount_is_refused(written):
    with pytest.raises(BadCell):
        statements.money(written)


def test_one_column_of_amounts(bring):
    told = bring(
        'Date,Description,Amount,Balance\n05/01/2027,KHAN F00012,"1,500.00",9\n06/01/2027,Rent,-300.00,9\n'
    )
    line = BankLine.objects.get()
    assert (line.booked_on, line.amount, line.text) == (date(2027, 1, 5), Decimal("1500.00"), "KHAN F00012")
    assert (len(told.lines), told.outgoing, told.report.errors) == (1, 1, [])


def test_a_column_for_each_direction_below_a_title(bring):
    bring(
        "Statement of account 123,,,,\n,,,,\n"
        "Value Date,Particulars,Ref,Paid out (£),Paid in (£)\n"
        "05-Jan-2027,Transfer,F00012,,12.50\n05-Jan-2027,Fee,,3.00,\nTotal,,,3.00,12.50\n"
    )
    line = BankLine.objects.get()
    assert (line.amount, line.text) == (Decimal("12.50"), "F00012 Transfer")


def test_german_columns_with_commas_and_semicolons(bring):
    bring(
        "Buchungstag;Beguenstigter/Zahlungspflichtiger;Verwendungszweck;Betrag;Waehrung\n"
        "05.01.27;Müller, Anna;Fußball F00012;1.234,50;GBP\n",
        encoding="cp1252",
    )
    line = BankLine.objects.get()
    assert (line.payer, line.amount) == ("Müller, Anna", Decimal("1234.50"))


def test_the_side_of_an_amount_in_a_column_of_its_own(bring):
    told = bring("Date,Amount,Dr/Cr,Details\n2027-01-05,10.00,CR,a\n2027-01-05,11.00,DR,b\n")
    assert BankLine.objects.get().amount == 10
    assert told.outgoing == 1


def test_the_month_first_only_where_the_whole_statement_says_so(bring):
    bring("Date,Amount,Details\n01/02/2027,10.00,a\n01/13/2027,11.00,b\n")
    assert set(BankLine.objects.values_list("booked_on", flat=True)) == {
        date(2027, 1, 2),
        date(2027, 1, 13),
    }


def test_a_workbook(school, tmp_path):
    book = Workbook()
    book.active.append(["Transaction Date", "Narrative", "Credit Amount (GBP)"])
    book.active.append([date(2027, 1, 5), "F00012", 12.5])
    book.save(tmp_path / "s.xlsx")
    statements.read(institution=school, path=tmp_path / "s.xlsx", name="s.xlsx", by=None)
    assert BankLine.objects.get().amount == Decimal("12.50")


def test_the_same_and_an_overlapping_statement_add_nothing_twice(bring):
    head = "Date,Name,Amount\n"
    two = "2027-01-05,Khan,10.00\n2027-01-05,Khan,10.00\n"
    bring(head + two)
    again = bring(head + two + "2027-01-06,Khan,10.00\n")
    assert (again.known, len(again.lines)) == (2, 1)
    assert BankLine.objects.count() == 3


def test_a_look_keeps_nothing(bring):
    assert len(bring("Date,Name,Amount\n2027-01-05,Khan,10.00\n", dry_run=True).lines) == 1
    assert not BankLine.objects.exists()


def test_lines_of_another_currency_are_told_and_left_out(bring):
    told = bring("Date,Amount,Currency\n2027-01-05,10.00,EUR\n2027-01-05,11.00,GBP\n")
    assert BankLine.objects.get().amount == 11
    assert [error.row for error in told.report.errors] == [2]


@pytest.mark.parametrize("text", ["nothing,here\n1,2\n", "", "Date,Details\n2027-01-05,a\n"])
def test_what_is_no_statement_is_told(bring, text):
    assert bring(text).report.errors
