"""What the office does with a family's account: let off, paid out, charged, split, and taken back again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings import booking as acts
from bookings import instalments, owed, paying, till
from bookings.invariants import find_faults
from bookings.models import Charge, Household, LedgerEntry, Payment, Refund, WriteOff
from projects.models import OutboxMessage, Role

from ..factories.bookings import ChildFactory, GuardianFactory, SessionFactory
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", currency="GBP", requires_second_factor=False)


@pytest.fixture
def guardian(school):
    return GuardianFactory(institution=school, user=None, email="amna@home.org", name="Amna Malik")


@pytest.fixture
def home(guardian):
    return guardian.household


@pytest.fixture
def place(school, guardian):
    """A place for 40.00 that is paid later."""
    child = ChildFactory(institution=school, of=guardian, given_name="Zara")
    session = SessionFactory(institution=school, price=Decimal("40.00"), activity__name="Chess")
    return acts.book(session=session, child=child, by=guardian).booking


@pytest.fixture
def staff(school):
    return MembershipFactory(institution=school, role=Role.OFFICE).user


def accounts():
    """What each account holds."""
    sums = {}
    for account, amount in LedgerEntry.objects.values_list("account", "amount"):
        sums[account] = sums.get(account, 0) + amount
    return {name: amount for name, amount in sums.items() if amount}


def let_off(place, amount=None, reason="hard times"):
    return till.write_off(charge=place.charges.get(), amount=amount, reason=reason, staff=None)


def told():
    return list(OutboxMessage.objects.order_by("pk").values_list("subject", flat=True))[1:]


def test_a_debt_that_is_written_off_is_due_no_longer_and_the_ledger_says_so(home, place):
    let_off(place)
    assert (owed.balance(home), owed.dues(home)) == (0, [])
    assert accounts() == {"income": -40, "write-off": 40}
    place.refresh_from_db()
    assert place.state == "confirmed"
    assert told() == ["A debt is no longer asked for"]
    assert find_faults() == []


def test_a_part_is_written_off_and_the_rest_stays_due(home, place):
    let_off(place, Decimal("15.50"))
    assert [due.open for due in owed.dues(home)] == [Decimal("24.50")]
    with pytest.raises(till.CannotLetOff, match=r"24\.50 GBP are open"):
        let_off(place, Decimal(25))
    till.take(household=home, amount=Decimal("24.50"), way="cash", staff=None)
    assert owed.dues(home) == []
    with pytest.raises(till.CannotLetOff):
        let_off(place)


def test_writing_off_takes_a_reason(place):
    with pytest.raises(till.CannotLetOff, match="Say why"):
        let_off(place, reason=" ")
    assert not WriteOff.objects.exists()


def test_a_held_place_is_no_debt(school, guardian, settings):
    settings.CARD_PAYMENTS = "local"
    session = SessionFactory(institution=school, price=Decimal(10), activity__paying="now")
    child = ChildFactory(institution=school, of=guardian)
    held = acts.book(session=session, child=child, by=guardian).booking
    assert held.state == "held"
    with pytest.raises(till.CannotLetOff):
        let_off(held)


@pytest.mark.parametrize(
    ("paid", "percent", "credit", "still_off"),
    [(0, 100, 0, 0), (0, 50, 0, 20), (30, 100, 30, 0), (30, 50, 10, 0), (15, 50, 0, 5)],
)
def test_a_place_given_up_gives_back_what_was_paid_never_what_was_let_off(
    home, place, paid, percent, credit, still_off
):
    if paid:
        till.take(household=home, amount=Decimal(paid), way="cash", staff=None)
    row = let_off(place)
    acts.cancel(booking=place, staff=None, percent=percent)
    row.refresh_from_db()
    assert (owed.credit(home), row.counts) == (credit, still_off)
    assert owed.balance(home) <= 0
    assert find_faults() == []


def test_a_card_gets_back_only_what_is_beyond_the_part_that_is_kept(home, place):
    payment = Payment.objects.create(
        institution=home.institution,
        household=home,
        provider="local",
        amount=Decimal(10),
        currency="GBP",
    )
    paying.allocate(payment, owed.dues(home))
    paying.settle(payment)
    acts.cancel(booking=place, staff=None, percent=50)
    assert not Refund.objects.exists()
    assert owed.balance(home) == 10


def test_a_debt_is_called_back_once(home, place):
    row = let_off(place)
    till.call_back(row=row, staff=None)
    assert [due.open for due in owed.dues(home)] == [40]
    assert "write-off" not in accounts()
    with pytest.raises(till.CannotLetOff, match="already"):
        till.call_back(row=row, staff=None)
    assert told()[-1] == "An amount is due again"
    assert find_faults() == []


def test_what_is_let_off_counts_for_the_instalments(place):
    parts = instalments.split(charge=place.charges.get(), parts=4, first_on=date(2027, 1, 1))
    let_off(place, Decimal(20))
    states = [part.state for part in parts if part.refresh_from_db() is None]
    assert states == ["paid", "paid", "due", "due"]


def test_credit_is_paid_out_in_cash_and_by_transfer_up_to_the_last_penny(home):
    till.take(household=home, amount=Decimal("20.10"), way="bank", staff=None)
    till.pay_out(household=home, amount=Decimal("5.10"), way="cash", staff=None)
    with pytest.raises(paying.CannotPay, match=r"15\.00 GBP"):
        till.pay_out(household=home, amount=Decimal(16), way="bank", staff=None)
    till.pay_out(household=home, amount=Decimal(15), way="bank", staff=None)
    assert owed.credit(home) == 0
    assert accounts() == {"bank": Decimal("5.10"), "cash": Decimal("-5.10")}
    assert told() == ["Your credit was paid out", "Your credit was paid out"]
    assert find_faults() == []


def test_money_on_its_way_to_a_card_is_no_credit(home):
    till.take(household=home, amount=Decimal(20), way="cash", staff=None)
    Refund.objects.create(
        institution=home.institution,
        household=home,
        payment=Payment.objects.get(),
        amount=Decimal(15),
        currency="GBP",
        state="pending",
    )
    assert owed.credit(home) == 5
    with pytest.raises(paying.CannotPay):
        till.pay_out(household=home, amount=Decimal(6), way="cash", staff=None)


def test_credit_goes_back_to_the_card_it_came_from_and_what_pays_for_a_place_does_not(home, place):
    payment = Payment.objects.create(
        institution=home.institution, household=home, provider="local", amount=Decimal(50), currency="GBP"
    )
    paying.allocate(payment, owed.dues(home))
    paying.settle(payment)
    told = {"payment": payment, "reason": "too much", "staff": None}
    with pytest.raises(paying.CannotPay, match=r"10\.00 GBP"):
        till.give_back(amount=Decimal(11), **told)
    till.give_back(amount=Decimal(10), **told)
    assert Refund.objects.get().amount == 10
    assert owed.credit(home) == 0


@pytest.mark.parametrize(
    ("card", "cash", "off", "told"),
    [
        (0, 0, 40, (0, 0, 40, 0)),
        (40, 0, 20, (20, 0, 0, 0)),
        (10, 10, 40, (10, 10, 20, 0)),
        (10, 0, 20, (0, 0, 20, 10)),
    ],
)
def test_a_family_is_told_what_goes_to_its_card_what_is_credit_and_what_is_still_due(
    home, place, card, cash, off, told
):
    if card:
        payment = Payment.objects.create(
            institution=home.institution,
            household=home,
            provider="local",
            amount=Decimal(card),
            currency="GBP",
        )
        paying.allocate(payment, owed.dues(home))
        paying.settle(payment)
    if cash:
        till.take(household=home, amount=Decimal(cash), way="cash", staff=None)
    comes = owed.comes_back(place.charges.get(), Decimal(off))
    assert comes == told
    acts.cancel(booking=place, staff=None, percent=off * 100 // 40)
    assert sum(row.amount for row in Refund.objects.all()) == comes.to_card
    assert (owed.credit(home), max(owed.balance(home), 0)) == (comes.as_credit, comes.still)


def test_something_besides_a_place_is_charged_paid_and_taken_back(home):
    row = till.charge(
        household=home, amount=Decimal("7.5"), what="Collected at 17:10", kind="late", staff=None
    )
    assert [due.charge.what for due in owed.dues(home)] == ["Collected at 17:10"]
    till.take(household=home, amount=Decimal("7.50"), way="cash", staff=None)
    till.take_back_charge(charge=row, staff=None)
    assert owed.credit(home) == Decimal("7.50")
    with pytest.raises(till.CannotCharge, match="already"):
        till.take_back_charge(charge=row, staff=None)
    assert find_faults() == []


def test_the_price_of_a_place_is_not_taken_back_without_the_place(place):
    with pytest.raises(till.CannotCharge, match="cancel the place"):
        till.take_back_charge(charge=place.charges.get(), staff=None)


# --- the office's page --------------------------------------------------------------------------------------
@pytest.fixture
def office(client, staff, home):
    client.force_login(staff)
    client.page = f"/at/school/staff/counter/account/{home.pk}/"
    return client


def test_the_office_finds_a_familys_account_by_a_child(office, home, place):
    found = office.post("/at/school/staff/counter/account/", {"household": "Zara"})
    assert found.headers["Location"] == office.page
    assert "Chess: Zara" in office.get(office.page).text


def test_the_office_lets_off_and_calls_back(office, home, place, staff):
    charge = place.charges.get()
    told = {"act": "write_off", "row": charge.pk, "amount": "", "reason": "hard times"}
    page = office.post(office.page, told, follow=True).text
    assert "£40 is written off" in page
    assert WriteOff.objects.get().written_by == staff
    office.post(office.page, {"act": "call_back", "number": WriteOff.objects.get().pk})
    assert owed.balance(home) == 40


def test_the_office_pays_out_no_more_than_there_is(office, home):
    till.take(household=home, amount=Decimal(20), way="bank", staff=None)
    page = office.post(office.page, {"act": "pay_out", "amount": "30", "way": "cash"}).text
    assert "pay out no more than that" in page
    office.post(office.page, {"act": "pay_out", "amount": "20", "way": "cash"})
    assert owed.credit(home) == 0


def test_the_office_splits_charges_and_takes_back_what_was_entered(office, home, place, staff):
    charge = place.charges.get()
    first_on = timezone.localdate() + timedelta(days=3)
    told = {"act": "split", "row": charge.pk, "parts": 4, "first_on": first_on, "days": 7}
    office.post(office.page, told)
    assert charge.instalments.count() == 4
    office.post(office.page, {"act": "charge", "what": "Bus", "kind": "other", "amount": "3"})
    assert Charge.objects.get(what="Bus").due_on == timezone.localdate()
    office.post(office.page, {"act": "take_back_charge", "number": Charge.objects.get(what="Bus").pk})
    payment = till.take(household=home, amount=Decimal(40), way="cash", staff=staff)
    assert "Entered by mistake" in office.get(office.page).text
    office.post(office.page, {"act": "take_back", "number": payment.pk})
    assert owed.balance(home) == 40


def test_others_accounts_are_not_there(office):
    theirs = GuardianFactory().household
    page = office.page.replace(str(office.page.split("/")[-2]), str(theirs.pk))
    assert office.get(page).status_code == 404
    assert Household.objects.filter(pk=theirs.pk).exists()
