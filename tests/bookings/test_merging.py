"""Two families that were one: found, compared, merged, and put back exactly."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps

from bookings import (
    attendance,
    booking,
    families,
    invariants,
    medical,
    merging,
    money,
    owed,
    till,
    unmerging,
    waitlist,
)
from bookings.duplicates import SAME_CHILD, SAME_EMAIL, find, same_people
from bookings.models import (
    Booking,
    CalendarFeed,
    Charge,
    Child,
    ConsentKind,
    EmergencyContact,
    FamilyMerge,
    Guardian,
    Guardianship,
    Household,
    WaitEntry,
)
from projects.models import Change, Role

from ..factories.accounts import UserFactory
from ..factories.bookings import ChildFactory, GuardianFactory, HouseholdFactory, SessionFactory
from ..factories.projects import MembershipFactory

pytestmark = pytest.mark.django_db

# Undoing adds to these, and changes nothing in them.
ADDED_TO = {"LedgerEntry", "FamilyMerge"}


@pytest.fixture
def one(school):
    """The family that is kept: it has an account."""
    home = HouseholdFactory(institution=school, name="Family Khan")
    guardian = GuardianFactory(institution=school, household=home, name="Dua Khan", email="dua@home.org")
    ChildFactory(institution=school, of=guardian, given_name="Amal", number="17")
    return home


@pytest.fixture
def two(school):
    """The same, written down by the office a second time, with a child that the first has not."""
    home = HouseholdFactory(institution=school, name="Khan", address="1 Mill Lane")
    guardian = GuardianFactory(
        institution=school, household=home, user=None, name="dua  khan", email="DUA@home.org", phone="0301 23"
    )
    ChildFactory(institution=school, of=guardian, given_name="amal", known_as="Ami")
    ChildFactory(institution=school, of=guardian, given_name="Bilal")
    return home


def of(home, name):
    return Child.objects.get(guardianships__guardian__household=home, given_name=name)


def guardian_of(home):
    return Guardian.objects.get(household=home)


def rows():
    """All of bookings, as it stands."""
    models = [
        model
        for model in apps.get_app_config("bookings").get_models(include_auto_created=True)
        if model.__name__ not in ADDED_TO
    ]
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


def merge(one, two, **more):
    same = more.pop("same", None)
    same = same_people(one, two) if same is None else same
    return merging.merge(kept=one, other=two, same=same, staff=UserFactory())


def test_likely_duplicates_are_found_with_their_reasons(school, one, two, family):
    family(family_name="Baig")
    [pair] = find(school)
    assert (pair.one, pair.other) == (one, two)
    assert {SAME_EMAIL, SAME_CHILD} <= set(pair.reasons)


def test_two_households_of_one_child_are_no_duplicates(school, one):
    other = GuardianFactory(institution=school, name="Omar Khan")
    Guardianship.objects.create(institution=school, guardian=other, child=of(one, "Amal"))
    assert find(school) == []


def test_a_merge_moves_everything_and_undoing_it_restores_every_row(clock, school, one, two):
    places = [SessionFactory(institution=school, price=20, capacity=3) for _number in range(2)]
    tuesday = places[1].meetings.first().starts_at + timedelta(hours=3)
    places[1].meetings.all().delete()
    places[1].meetings.create(institution=school, starts_at=tuesday, ends_at=tuesday + timedelta(hours=1))
    full = SessionFactory(
        institution=school, capacity=0, meetings_at=[(tuesday, tuesday + timedelta(hours=2))]
    )
    theirs = guardian_of(two)
    booking.book(session=places[0], child=of(one, "Amal"), by=guardian_of(one))
    booking.book(session=places[1], child=of(two, "amal"), by=theirs)
    booking.book(session=places[0], child=of(two, "Bilal"), by=theirs)
    waitlist.join(session=full, child=of(two, "Bilal"), by=theirs)
    till.take(household=two, amount=Decimal("50.00"), way="cash", staff=None)
    kind = ConsentKind.objects.create(institution=school, code="photos", name="Photographs", text="Yes.")
    for home, name in ((one, "Amal"), (two, "amal")):
        families.give_consent(child=of(home, name), kind=kind, guardian=guardian_of(home))
        EmergencyContact.objects.create(
            institution=school, child=of(home, name), name="Gul Khan", phone="0300 1234567"
        )
    medical.write(child=of(two, "amal"), by=UserFactory(), severity="allergy", text="nuts")
    CalendarFeed.objects.create(
        institution=school, guardian=theirs, child=of(two, "amal"), token_hash="x" * 64
    )
    attendance.report_absence(meeting=places[1].meetings.get(), child=of(two, "amal"), by=theirs)
    assert owed.balance(one) == 20
    assert owed.balance(two) == -10
    before = rows()

    row = merge(one, two)
    kept = of(one, "Amal")
    assert set(Booking.objects.filter(household=one).values_list("child__given_name", flat=True)) == {
        "Amal",
        "Bilal",
    }
    assert Booking.objects.filter(child=kept).count() == 2
    assert owed.balance(one) == 10
    assert owed.balance(two) == 0
    assert [due.open for due in owed.dues(one)] == [Decimal("10.00")]
    mine = Guardian.objects.get(household=one)
    assert (mine.email, mine.phone) == ("dua@home.org", "0301 23")
    assert (kept.known_as, kept.number, kept.consents.count()) == ("Ami", "17", 1)
    assert kept.emergency_contacts.count() == 1
    assert kept.medical_notes.get().text == "nuts"
    assert mine.calendar_feeds.get().child == kept
    assert WaitEntry.objects.get().asked_by == mine
    assert [right.child for right in families.guardianships(mine)] == [kept, of(one, "Bilal")]
    assert Household.objects.get(pk=one.pk).address == "1 Mill Lane"
    assert invariants.find_faults() == []
    assert Change.objects.filter(label="Khan merged into Family Khan").count() == 1
    assert find(school) == []

    unmerging.undo(merge=row, staff=UserFactory())
    assert rows() == before
    assert (owed.balance(one), owed.balance(two)) == (20, -10)
    assert invariants.find_faults() == []
    with pytest.raises(unmerging.CannotUndo):
        unmerging.undo(merge=row, staff=None)


def test_a_place_given_up_since_goes_back_with_its_money(clock, school, one, two):
    session = SessionFactory(institution=school, price=20)
    mine = booking.book(session=session, child=of(two, "Bilal"), by=guardian_of(two)).booking
    row = merge(one, two)
    booking.cancel(booking=Booking.objects.get(pk=mine.pk), staff=UserFactory())
    assert owed.balance(one) == 0
    unmerging.undo(merge=row, staff=None)
    assert (owed.balance(one), owed.balance(two)) == (0, 0)
    assert invariants.find_faults() == []


def test_a_debt_written_off_since_goes_back_with_its_charge(clock, school, one, two):
    session = SessionFactory(institution=school, price=20)
    place = booking.book(session=session, child=of(two, "Bilal"), by=guardian_of(two)).booking
    row = merge(one, two)
    till.write_off(charge=place.charges.get(), amount=Decimal(5), reason="hard times", staff=None)
    assert owed.balance(one) == 15
    unmerging.undo(merge=row, staff=None)
    assert (owed.balance(one), owed.balance(two)) == (0, 15)
    assert [due.open for due in owed.dues(two)] == [15]
    assert invariants.find_faults() == []


def test_what_was_paid_since_keeps_the_merge(clock, school, one, two):
    session = SessionFactory(institution=school, price=20)
    booking.book(session=session, child=of(two, "Bilal"), by=guardian_of(two))
    row = merge(one, two)
    till.take(household=Household.objects.get(pk=one.pk), amount=Decimal(20), way="cash", staff=None)
    before = rows()
    with pytest.raises(unmerging.CannotUndo):
        unmerging.undo(merge=row, staff=None)
    assert rows() == before


def test_two_places_in_one_session_are_refused_with_a_sentence(clock, school, one, two):
    session = SessionFactory(institution=school, capacity=2)
    for home, name in ((one, "Amal"), (two, "amal")):
        booking.book(session=session, child=of(home, name), by=guardian_of(home))
    before = rows()
    with pytest.raises(merging.CannotMerge, match="two places"):
        merge(one, two)
    assert rows() == before
    assert FamilyMerge.objects.count() == 0


def test_places_at_the_same_time_and_two_waits_are_refused(clock, school, one, two):
    full = SessionFactory(institution=school, capacity=0)
    for home, name in ((one, "Amal"), (two, "amal")):
        booking.book(session=SessionFactory(institution=school), child=of(home, name), by=guardian_of(home))
    with pytest.raises(merging.CannotMerge, match="at the same time"):
        merge(one, two)
    for row in Booking.objects.live():
        booking.cancel(booking=row, staff=UserFactory())
    for home, name in ((one, "Amal"), (two, "amal")):
        waitlist.join(session=full, child=of(home, name), by=guardian_of(home))
    with pytest.raises(merging.CannotMerge, match="waits twice"):
        merge(one, two)


def test_two_accounts_are_no_one_guardian_but_may_be_two_of_one_household(school, one, two):
    Guardian.objects.filter(household=two).update(user=UserFactory())
    with pytest.raises(merging.CannotMerge, match="two accounts"):
        merge(one, two)
    children = [pair for pair in same_people(one, two) if isinstance(pair.kept, Child)]
    merge(one, two, same=children)
    assert Guardian.objects.filter(household=one, user__isnull=False).count() == 2


def test_an_account_moves_to_the_kept_guardian_and_back(school, one, two):
    user = UserFactory()
    Guardian.objects.filter(household=one).update(user=None)
    Guardian.objects.filter(household=two).update(user=user)
    row = merge(one, two)
    assert Guardian.objects.get(user=user).household == one
    unmerging.undo(merge=row, staff=None)
    assert Guardian.objects.get(user=user).household == two


def test_two_school_numbers_are_two_children(school, one, two):
    Child.objects.filter(given_name="amal").update(number="18")
    with pytest.raises(merging.CannotMerge, match="two school numbers"):
        merge(one, two)


def test_a_payment_under_way_is_settled_where_it_moved_to(clock, school, one, two):
    session = SessionFactory(institution=school, price=20)
    booking.book(session=session, child=of(two, "Bilal"), by=guardian_of(two))
    merge(one, two)
    charge = Charge.objects.get()
    assert charge.household == one
    till.take(household=charge.household, amount=Decimal(20), way="cash", staff=None)
    assert owed.balance(one) == 0
    assert money.paid_for(Booking.objects.get()) == 20


# --- the office's pages -------------------------------------------------------------------------------------
@pytest.fixture
def office(client, school):
    school.requires_second_factor = False
    school.save()
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    client.at = f"/at/{school.slug}/staff/"
    return client


def test_the_office_compares_merges_and_undoes(office, school, one, two):
    assert "Khan" in office.get(f"{office.at}families/duplicates/").text
    asked = {"kept-found": one.pk, "other-found": two.pk}
    page = office.get(f"{office.at}families/merge/", asked)
    same = [pair.name for pair in same_people(one, two)]
    assert all(name in page.text for name in same)
    office.post(f"{office.at}families/merge/", {**asked, "same": same, "sure": "1"})
    row = FamilyMerge.objects.get()
    assert Guardian.objects.get(household=one).name == "Dua Khan"
    assert "dua  khan" not in office.get(f"{office.at}bookings/guardian/").text
    address = f"{office.at}bookings/familymerge/"
    office.post(address, {"action": "undo", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.undone_at


def test_what_stands_in_the_way_is_said_before_and_nothing_is_done(office, school, one, two):
    Child.objects.filter(given_name="amal").update(number="18")
    asked = {"kept-found": one.pk, "other-found": two.pk}
    assert "two school numbers" in office.get(f"{office.at}families/merge/", asked).text
    same = [pair.name for pair in same_people(one, two)]
    office.post(f"{office.at}families/merge/", {**asked, "same": same, "sure": "1"})
    assert not FamilyMerge.objects.exists()


def test_households_of_others_are_no_choice(office, school, one):
    theirs = HouseholdFactory(name="Theirs")
    asked = {"kept-found": one.pk, "other-found": theirs.pk}
    assert "Theirs" not in office.get(f"{office.at}families/merge/", asked).text
    office.post(f"{office.at}families/merge/", {**asked, "sure": "1"})
    assert not FamilyMerge.objects.exists()
