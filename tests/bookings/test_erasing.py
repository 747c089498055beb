"""A family asked to be erased: nothing in the whole database names it any more, and the books balance."""

from datetime import timedelta
from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.utils import timezone

from bookings import (
    attendance,
    booking,
    erasing,
    families,
    family_data,
    invariants,
    medical,
    merging,
    money,
    owed,
    till,
    unmerging,
    waitlist,
)
from bookings.duplicates import same_people
from bookings.models import (
    AuthorisedCollector,
    Booking,
    CalendarFeed,
    Charge,
    Child,
    ConsentKind,
    Discount,
    EmergencyContact,
    Guardian,
    Guardianship,
    Household,
    LedgerEntry,
    LinkRequest,
    MedicalNote,
    Payment,
    ProviderEvent,
    TrialObject,
)
from projects import outbox
from projects.models import Change, Membership, OutboxMessage, Role

from ..factories.accounts import UserFactory
from ..factories.bookings import ChildFactory, GuardianFactory, HouseholdFactory, SessionFactory
from ..factories.projects import MembershipFactory

pytestmark = pytest.mark.django_db

NAMES = ("Zebulon", "Quillfeather", "Marigold", "Thistlewood", "zeb@quill.org", "0777 123456", "Peapod Lane")


def dump():
    """Every value of every row of every table, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield table, str(row)


def named(words=NAMES):
    """The tables that still hold one of these words, once the last letter has left."""
    outbox.sweep()
    return {(table, word) for table, row in dump() for word in words if word.casefold() in row.casefold()}


@pytest.fixture
def home(school):
    return HouseholdFactory(institution=school, name="Family Quillfeather", address="4 Peapod Lane")


@pytest.fixture
def parent(school, home):
    user = UserFactory(name="Zebulon Quillfeather", email="zeb@quill.org")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return GuardianFactory(
        institution=school, household=home, user=user, name="Zebulon Quillfeather", phone="0777 123456"
    )


@pytest.fixture
def marigold(school, parent):
    return ChildFactory(
        institution=school, of=parent, given_name="Marigold", family_name="Quillfeather", number="77"
    )


@pytest.fixture
def staff(school):
    return MembershipFactory(institution=school, role=Role.OFFICE).user


def ask(parent):
    return family_data.ask_for_erasure(guardian=parent, note="Marigold moves to Rome")


def paid_by_card(home, what):
    """A card payment as the provider and its messages leave it behind."""
    payment = Payment.objects.create(
        institution=home.institution,
        household=home,
        provider="local",
        provider_ref="cs_test_1",
        amount=Decimal(15),
        currency="GBP",
        note=what,
        state="succeeded",
        settled_at=timezone.now(),
    )
    money.enter_all(
        household=home,
        currency="GBP",
        kind="payment",
        ref=f"payment:{payment.pk}",
        sides={"family": Decimal(-15), "card": Decimal(15)},
        what=what,
    )
    body = {"id": "cs_test_1", "what": what, "customer_details": {"email": "zeb@quill.org"}}
    TrialObject.objects.create(institution=home.institution, ref="cs_test_1", body=body)
    ProviderEvent.objects.create(
        institution=home.institution, provider="local", event_id="evt_1", kind="paid", payload=body
    )


def test_nothing_in_the_database_names_the_family_any_more(clock, school, home, parent, marigold, staff):
    tuesday = SessionFactory(institution=school, price=Decimal(20), capacity=2)
    stranger = ChildFactory(institution=school, of=GuardianFactory(institution=school))
    booking.book(session=tuesday, child=marigold, by=parent)
    till.take(household=home, amount=Decimal(5), way="bank", staff=staff, note="by Z. Quillfeather")
    paid_by_card(home, "Swimming: Marigold")
    later = tuesday.meetings.last().starts_at + timedelta(hours=4)
    full = SessionFactory(institution=school, capacity=0, meetings_at=[(later, later + timedelta(hours=1))])
    waitlist.join(session=full, child=marigold, by=parent, band=1, band_reason="Marigold came last year")
    medical.write(child=marigold, by=staff, severity="allergy", text="Marigold: nuts")
    medical.read(child=marigold)
    kind = ConsentKind.objects.create(institution=school, code="photos", name="Photographs", text="Yes.")
    families.give_consent(child=marigold, kind=kind, guardian=parent)
    EmergencyContact.objects.create(institution=school, child=marigold, name="A. Thistlewood", phone="1")
    gone = EmergencyContact.objects.create(
        institution=school, child=marigold, name="B. Thistlewood", phone="2"
    )
    gone.delete()
    AuthorisedCollector.objects.create(institution=school, child=marigold, name="C. Thistlewood")
    CalendarFeed.objects.create(institution=school, guardian=parent, child=marigold, token_hash="x" * 64)
    Discount.objects.create(
        institution=school, name="Bursary Quillfeather", kind="bursary", percent=10, child=marigold
    )
    LinkRequest.objects.create(
        institution=school, guardian=parent, child_name="Marigold", date_of_birth=marigold.date_of_birth
    )
    meeting = tuesday.meetings.first()
    attendance.report_absence(meeting=meeting, child=marigold, by=parent, reason="Marigold is ill")
    clock.now = meeting.starts_at + timedelta(minutes=5)
    attendance.mark(
        meeting=meeting,
        child=marigold,
        state="left",
        by=staff,
        collected_by_name="D. Thistlewood",
        note="Marigold forgot her coat",
        at_the_gate=True,
    )
    for _alert in attendance.missing(institution=school, now=clock.now):
        pass
    clock.pass_by(days=30)  # both meetings are over; the queue is not asked any more
    waitlist.leave(entry=marigold.wait_entries.get(), by=parent)
    request = ask(parent)
    assert {word for _table, word in named()} == set(NAMES)
    mail.outbox.clear()

    erasing.erase(request=request, typed=home.reference, staff=staff)
    assert named() == set()
    assert not MedicalNote.objects.exists()
    assert Booking.objects.get(child=marigold).state == "confirmed"
    assert attendance.AttendanceMark.objects.get().state == "left"
    assert (Charge.objects.get().amount, Payment.objects.count()) == (20, 2)
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    assert owed.balance(Household.objects.get(pk=home.pk)) == 0
    assert invariants.find_faults() == []
    request.refresh_from_db()
    assert (request.state, request.decided_by) == ("done", staff)
    assert Change.objects.filter(label__contains=home.reference, by=staff).exists()
    assert not Guardian.objects.get(pk=parent.pk).is_active
    assert Child.objects.get(pk=stranger.pk).given_name == stranger.given_name


def test_the_guardian_is_told_by_a_last_letter_that_takes_its_address_along(
    school, home, parent, marigold, staff
):
    Guardian.objects.filter(pk=parent.pk).update(language="ur")
    erasing.erase(request=ask(parent), typed=home.reference, staff=staff)
    letter = OutboxMessage.objects.get(state="waiting")
    assert letter.to == "zeb@quill.org"
    outbox.sweep()
    [sent] = mail.outbox
    assert (sent.to, "Zebulon" in sent.body) == (["zeb@quill.org"], True)
    assert "It is done" not in sent.body
    letter.refresh_from_db()
    assert (letter.state, letter.to, letter.text) == ("sent", "•••", "")
    with pytest.raises(outbox.CannotSendAgain):
        outbox.send_again(message=letter)


def test_without_an_address_nobody_is_written_to(school, home, parent, marigold, staff):
    Guardian.objects.filter(pk=parent.pk).update(email="")
    erasing.erase(request=ask(parent), typed=home.reference, staff=staff)
    assert not OutboxMessage.objects.filter(state="waiting").exists()


def test_live_places_are_given_up_first_and_their_queues_served(
    clock, school, home, parent, marigold, family
):
    session = SessionFactory(institution=school)
    other, waiting = family()
    booking.book(session=session, child=marigold, by=parent)
    waitlist.join(session=session, child=waiting, by=other)
    request = ask(parent)
    with pytest.raises(erasing.CannotErase, match="Give up their places first"):
        erasing.erase(request=request, typed=home.reference, staff=None)
    assert erasing.give_up_places(guardian=parent, staff=None) == 1
    assert Booking.objects.live().get(session=session).child == waiting
    erasing.erase(request=request, typed=home.reference, staff=None)
    assert named() == set()
    assert invariants.find_faults() == []


def test_a_child_with_another_guardian_stays_and_the_other_guardian_too(
    school, home, parent, marigold, staff
):
    other = GuardianFactory(institution=school, name="Omar Baig")
    Guardianship.objects.create(institution=school, guardian=other, child=marigold)
    contact = EmergencyContact.objects.create(
        institution=school, child=marigold, name=parent.name, phone=parent.phone
    )
    erasing.erase(request=ask(parent), typed=home.reference, staff=staff)
    marigold.refresh_from_db()
    assert (marigold.full_name, marigold.erased_at) == ("Marigold Quillfeather", None)
    assert marigold.guardianships.get().guardian == other
    assert not EmergencyContact.objects.filter(pk=contact.pk).exists()
    assert named(["Zebulon", "zeb@quill.org", "0777 123456", "Peapod Lane"]) == set()
    assert Guardian.objects.get(pk=other.pk).name == "Omar Baig"


def test_others_of_the_household_keep_it(school, home, parent, marigold, staff):
    GuardianFactory(institution=school, household=home, name="Omar Quillfeather", user=None)
    erasing.erase(request=ask(parent), typed=home.reference, staff=staff)
    home.refresh_from_db()
    assert (home.name, home.address) == ("Family Quillfeather", "4 Peapod Lane")


def test_a_merged_duplicate_goes_too(clock, school, home, parent, marigold, staff):
    twice = HouseholdFactory(institution=school, name="Quillfeather, Z.", address="Peapod Lane 4")
    again = GuardianFactory(
        institution=school, household=twice, user=None, name="Zebulon Quillfeather", phone="+44 777 123456"
    )
    ChildFactory(institution=school, of=again, given_name="Marigold", family_name="Quillfeather")
    merging.merge(kept=home, other=twice, same=same_people(home, twice), staff=staff)
    erasing.erase(request=ask(parent), typed=home.reference, staff=staff)
    assert named() == set()
    with pytest.raises(unmerging.CannotUndo):
        unmerging.undo(merge=merging.FamilyMerge.objects.get(), staff=staff)


def test_who_works_here_can_still_sign_in(school, home, parent, marigold, staff):
    Membership.objects.create(institution=school, user=parent.user, role=Role.TUTOR)
    user = parent.user
    erasing.erase(request=ask(parent), typed=home.reference, staff=staff)
    user.refresh_from_db()
    assert (user.is_active, user.email) == (True, "zeb@quill.org")
    assert not Guardian.objects.filter(user=user).exists()


def test_a_restriction_that_protects_a_child_is_not_erased(school, home, parent, marigold, staff):
    other = GuardianFactory(institution=school)
    Guardianship.objects.create(institution=school, guardian=other, child=marigold)
    parent.guardianships.update(restriction_note="Court order of May")
    with pytest.raises(erasing.CannotErase, match="restriction protects"):
        erasing.erase(request=ask(parent), typed=home.reference, staff=staff)


def test_another_reference_erases_nothing(school, home, parent, marigold, staff):
    with pytest.raises(erasing.CannotErase, match="payment reference"):
        erasing.erase(request=ask(parent), typed="F9", staff=staff)
    marigold.refresh_from_db()
    assert marigold.erased_at is None


def test_the_ledger_loses_its_words_and_nothing_else(clock, school, home, parent, marigold):
    session = SessionFactory(institution=school, price=Decimal(20))
    booking.book(session=session, child=marigold, by=parent)
    entries = LedgerEntry._base_manager
    for values in ({"amount": 1}, {"what": "something else"}, {"what": "", "amount": 1}):
        with pytest.raises(Exception, match="never changed"), erasing.transaction.atomic():
            entries.update(**values)
    entries.update(what="")
    assert sum(entries.values_list("amount", flat=True)) == 0


def test_a_refusal_is_told_in_the_familys_language(school, home, parent, marigold, staff):
    Guardian.objects.filter(pk=parent.pk).update(language="ur")
    request = ask(parent)
    erasing.refuse(request=request, reason="A charge is open.", staff=staff)
    request.refresh_from_db()
    assert request.state == "refused"
    message = OutboxMessage.objects.get(to="zeb@quill.org")
    assert "A charge is open." in message.text
    assert "You asked us" not in message.text
    with pytest.raises(erasing.CannotErase):
        erasing.refuse(request=request, reason="Again", staff=staff)


# --- the office's page --------------------------------------------------------------------------------------
@pytest.fixture
def office(client, school, staff):
    school.requires_second_factor = False
    school.save()
    client.force_login(staff)
    client.page = f"/at/{school.slug}/staff/families/erasure/"
    return client


def test_the_office_sees_who_goes_gives_up_places_and_erases(clock, office, school, home, parent, marigold):
    booking.book(session=SessionFactory(institution=school), child=marigold, by=parent)
    request = ask(parent)
    assert "Zebulon" in office.get(office.page).text
    page = office.get(office.page, {"request": request.pk}).text
    assert "Marigold" in page
    assert 'name="erase"' not in page
    page = office.post(office.page, {"request": request.pk, "give_up": "1"}).text
    assert 'name="erase"' in page
    office.post(office.page, {"request": request.pk, "erase": "1", "typed": "wrong"})
    assert Child.objects.get(pk=marigold.pk).erased_at is None
    office.post(office.page, {"request": request.pk, "erase": "1", "typed": home.reference})
    assert named() == set()
    assert "Zebulon" not in office.get(office.page).text


def test_a_request_of_others_is_not_there(office, marigold):
    theirs = GuardianFactory(name="Theirs")
    request = ask(theirs)
    assert "Theirs" not in office.get(office.page, {"request": request.pk}).text
    office.post(office.page, {"request": request.pk, "erase": "1", "typed": theirs.household.reference})
    request.refresh_from_db()
    assert request.state == "open"
