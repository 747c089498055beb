"""Whose money it is: suggested with reasons, confirmed by the office, entered once, undone in the open."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from bookings import instalments, matching, money, owed
from bookings.invariants import find_faults
from bookings.matching import Certainty, Reason
from bookings.models import BankLine, Charge, Household, LedgerEntry, Payment
from projects.models import OutboxMessage, Role

from ..factories.bookings import ChildFactory, GuardianFactory, HouseholdFactory
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", currency="GBP", requires_second_factor=False)


@pytest.fixture
def owing(school):
    """owing("Dua Khan", "F00012", 40): a household that owes so much."""

    def owing(name, reference, amount=0, child="Amal"):
        guardian = GuardianFactory(
            institution=school, name=name, household__name=name, household__reference=reference
        )
        ChildFactory(institution=school, of=guardian, given_name=child, family_name=name.split()[-1])
        if amount:
            charge = Charge.objects.create(
                institution=school, household=guardian.household, what="Chess", amount=amount, currency="GBP"
            )
            sides = {money.Account.FAMILY: amount, money.Account.INCOME: -amount}
            money.enter(charge=charge, kind=money.Kind.CHARGE, ref=f"charge:{charge.pk}", sides=sides)
        return guardian.household

    return owing


@pytest.fixture
def line(school):
    def line(text, amount=40, payer=""):
        return BankLine.objects.create(
            institution=school,
            booked_on=date(2027, 1, 5),
            amount=amount,
            payer=payer,
            text=text,
            fingerprint=f"{BankLine.objects.count()}",
        )

    return line


def of(school, line):
    return [
        (one.household.reference, one.certainty, set(one.reasons))
        for one in matching.suggest(school, [line])[line.pk]
    ]


def test_reference_and_amount_are_certain(school, owing, line):
    owing("Dua Khan", "F00012", 40)
    owing("Sara Mirza", "F00013", 40)
    found = of(school, line("CHESS F 00012 thank you"))
    assert found[0] == ("F00012", Certainty.CERTAIN, {Reason.REFERENCE, Reason.AMOUNT})


def test_a_reference_within_a_longer_number_is_none(school, owing, line):
    owing("Dua Khan", "F00012", 30)
    assert of(school, line("TRF000125")) == []


def test_the_reference_of_a_family_that_was_merged_finds_the_family(school, owing, line):
    first, second, kept = (owing("Dua Khan", f"F0001{number}") for number in range(3))
    for other, into in ((first, second), (second, kept)):
        other.merged_into = into
        other.save()
    [found] = matching.suggest(school, [old := line("activities F00010")])[old.pk]
    assert (found.household, found.reasons) == (kept, (Reason.REFERENCE,))


def test_rows_that_say_they_were_merged_in_a_circle_stop_nobody(school, owing, line):
    one, other = owing("Dua Khan", "F00012", 40), owing("Ali Noor", "F00013", 40)
    for row, into in ((one, other), (other, one)):
        row.merged_into = into
        row.save()
    asked = line("F00012")
    assert asked.pk in matching.suggest(school, [asked])


def test_a_reference_alone_is_likely(school, owing, line):
    owing("Dua Khan", "F00012", 30)
    assert of(school, line("F00012", payer="Somebody Else")) == [
        ("F00012", Certainty.LIKELY, {Reason.REFERENCE})
    ]


def test_two_references_are_not_certain(school, owing, line):
    owing("Dua Khan", "F00012", 40)
    owing("Sara Mirza", "F00013", 40)
    assert {one[1] for one in of(school, line("F00012 F00013"))} == {Certainty.POSSIBLE}


def test_name_and_amount_are_likely_and_a_namesake_makes_them_possible(school, owing, line):
    owing("Dua Khan", "F00012", 40)
    arrived = line("", payer="KHAN DUA MRS")
    assert of(school, arrived) == [("F00012", Certainty.LIKELY, {Reason.AMOUNT, Reason.NAME})]
    owing("Dua Khan", "F00013", 40)
    assert {one[1] for one in of(school, arrived)} == {Certainty.POSSIBLE}


def test_a_child_of_the_name_counts(school, owing, line):
    owing("Dua Mirza", "F00012", 40, child="Zara")
    assert of(school, line("for Zara Mirza"))[0][1] == Certainty.LIKELY


def test_a_sum_that_many_owe_tells_nothing(school, owing, line):
    for number in range(4):
        owing(f"Parent{number} Family{number}", f"F0001{number}", 40)
    assert of(school, line("swimming")) == []


def test_suggestions_cost_the_same_for_many_lines(school, owing, line, django_assert_num_queries):
    owing("Dua Khan", "F00012", 40)
    for lines in ([line("a")], [line(f"F00012 {number}") for number in range(20)]):
        with django_assert_num_queries(5):
            matching.suggest(school, lines)


def test_a_match_is_a_payment_in_the_ledger_once(school, owing, line):
    household = owing("Dua Khan", "F00012", 40)
    arrived = line("F00012")
    payment = matching.match(line=arrived, household=household, staff=None)
    with pytest.raises(matching.CannotMatch):
        matching.match(line=arrived, household=household, staff=None)
    assert Payment.objects.get() == payment
    assert owed.balance(household) == 0
    assert owed.dues(household) == []
    assert find_faults(school) == []


def test_a_wrong_match_is_undone_by_the_opposite_entry_and_told(school, owing, line):
    wrong, right = owing("Dua Khan", "F00012", 40), owing("Sara Mirza", "F00013", 40)
    arrived = line("thanks")
    matching.match(line=arrived, household=wrong, staff=None)
    matching.undo(line=arrived, staff=None, reason="wrong family")
    assert owed.balance(wrong) == 40
    assert [due.open for due in owed.dues(wrong)] == [Decimal(40)]
    assert sum(LedgerEntry.objects.filter(account="bank").values_list("amount", flat=True)) == 0
    assert OutboxMessage.objects.filter(subject="A payment was entered by mistake").exists()
    matching.match(line=arrived, household=right, staff=None)
    assert owed.balance(right) == 0
    assert find_faults(school) == []


def test_an_undone_instalment_is_due_again(school, owing, line):
    household = owing("Dua Khan", "F00012", 40)
    instalments.split(charge=Charge.objects.get(), parts=2, first_on=date(2027, 1, 1))
    arrived = line("F00012", 20)
    matching.match(line=arrived, household=household, staff=None)
    assert [part.state for part in Charge.objects.get().instalments.all()] == ["paid", "due"]
    matching.undo(line=arrived, staff=None, reason="wrong")
    assert [part.state for part in Charge.objects.get().instalments.all()] == ["due", "due"]


# --- the page -----------------------------------------------------------------------------------------------
STATEMENT = "/at/school/staff/counter/statement/"


@pytest.fixture
def office(client, school):
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    return client


def send(office, **more):
    text = "Date,Description,Amount\n2027-01-05,F00012,40.00\n2027-01-06,what is this,7.00\n"
    file = SimpleUploadedFile("bank.csv", text.encode())
    return office.post(STATEMENT, {"file": file, **more}, follow=True).text


def test_from_the_file_to_the_ledger_and_back(office, school, owing):
    household = owing("Dua Khan", "F00012", 40)
    assert "2 new payments, £47" in send(office)
    assert not BankLine.objects.exists()
    assert "no family fits" in send(office, sure="1")
    sure = BankLine.objects.get(text="F00012")
    told = {"confirm": "1", "line": sure.pk, f"household-{sure.pk}": household.pk}
    assert "1 payment is entered" in office.post(STATEMENT, told, follow=True).text
    assert "0 new payments" in send(office)
    office.post(STATEMENT, told)
    assert Payment.objects.count() == 1
    office.post(f"{STATEMENT}{sure.pk}/", {"act": "undo", "reason": "wrong family"})
    assert owed.balance(household) == 40


def test_a_line_without_a_suggestion_is_given_to_a_family_found_by_name(office, school, owing, line):
    household = owing("Dua Khan", "F00012", 40)
    arrived = line("what is this", 7)
    office.post(f"{STATEMENT}{arrived.pk}/", {"act": "other", "household": "dua"})
    assert Payment.objects.get().household == household


def test_a_line_that_is_nobodys_is_set_aside_and_opened_again(office, line):
    arrived = line("interest", 7)
    for act, state in (("aside", "ignored"), ("reopen", "open")):
        office.post(f"{STATEMENT}{arrived.pk}/", {"act": act})
        arrived.refresh_from_db()
        assert arrived.state == state


def test_families_and_lines_of_others_are_out_of_reach(office, school, line):
    theirs = HouseholdFactory()
    arrived = line("x", 7)
    told = {"confirm": "1", "line": arrived.pk, f"household-{arrived.pk}": theirs.pk}
    office.post(STATEMENT, told)
    office.post(f"{STATEMENT}{arrived.pk}/", {"act": "match", "household": theirs.pk})
    assert not Payment.objects.exists()
    other = BankLine.objects.create(
        institution=theirs.institution, booked_on=date(2027, 1, 5), amount=1, fingerprint="x"
    )
    assert office.get(f"{STATEMENT}{other.pk}/").status_code == 404
    assert Household.objects.get(pk=theirs.pk).payments.count() == 0


def test_the_statement_is_the_offices(client, school):
    client.force_login(MembershipFactory(institution=school, role=Role.TUTOR).user)
    assert client.get(STATEMENT).status_code in (403, 404)
