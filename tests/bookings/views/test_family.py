"""Becoming a guardian, a family at one glance, what is told about a child, and taking one's data along."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings import feeds, glance, guests, joining, medical
from bookings.models import (
    AbsenceNotice,
    CalendarFeed,
    Child,
    Consent,
    ConsentKind,
    DataRequest,
    Guardian,
    Guardianship,
    LinkRequest,
    MedicalNote,
)
from projects.models import BusyTime, Change, Person
from tests.factories.accounts import UserFactory
from tests.factories.bookings import (
    BookingFactory,
    ChildFactory,
    GuardianFactory,
    HouseholdFactory,
    SessionFactory,
    TermFactory,
)
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", name="Hill School")


@pytest.fixture
def mother(school):
    return GuardianFactory(institution=school, name="Amna Khan", user=UserFactory(email="amna@home.org"))


@pytest.fixture
def zara(school, mother):
    return ChildFactory(institution=school, given_name="Zara", of=mother)


@pytest.fixture
def signed_in(client, mother):
    client.force_login(mother.user)
    return client


def session(school, *, days=1, hours=1):
    begins = timezone.now() + timedelta(days=days)
    term = TermFactory(
        institution=school, starts_on=timezone.localdate(), ends_on=timezone.localdate() + timedelta(days=60)
    )
    return SessionFactory(
        institution=school, term=term, capacity=5, meetings_at=[(begins, begins + timedelta(hours=hours))]
    )


# --- joining ------------------------------------------------------------------------------------------------
@pytest.fixture
def letter(school):
    """A guardian on the school's list with a child, and the code in the letter."""
    listed = GuardianFactory(institution=school, user=None, name="Mrs Khan")
    ChildFactory(institution=school, given_name="Omar", of=listed)
    return listed, joining.invite(guardian=listed, staff=None)


def test_the_code_of_the_letter_makes_its_reader_the_guardian_once(client, letter):
    listed, code = letter
    reader, second = UserFactory(email="reader@home.org"), UserFactory()
    client.force_login(reader)
    response = client.post("/b/school/join/", {"code": code.lower().replace("-", " ")})
    assertRedirects(response, "/b/school/family/")
    listed.refresh_from_db()
    assert (listed.user, listed.email) == (reader, "reader@home.org")
    assertContains(client.get("/b/school/family/"), "Omar")

    client.force_login(second)
    assertContains(client.post("/b/school/join/", {"code": code}), "not known here or has been used")


@pytest.mark.parametrize("fault", ["unknown", "old", "used", "of another school", "renewed"])
def test_a_code_that_does_not_count_is_refused_in_the_same_words(client, school, letter, fault):
    listed, code = letter
    row = listed.invitation_codes.get()
    if fault == "unknown":
        code = "AAAA-BBBB-CC"
    elif fault == "old":
        row.expires_at = timezone.now()
    elif fault == "used":
        row.used_at = timezone.now()
    elif fault == "renewed":
        joining.invite(guardian=listed, staff=None)
        row.refresh_from_db()
    row.save()
    place = "school"
    if fault == "of another school":
        place = InstitutionFactory().slug
    client.force_login(UserFactory())
    response = client.post(f"/b/{place}/join/", {"code": code})
    assertContains(response, "not known here or has been used")
    assert Guardian.objects.get(pk=listed.pk).user is None


def test_guessing_at_codes_is_slowed_down(client, school):
    cache.clear()
    client.force_login(UserFactory())
    answers = [client.post("/b/school/join/", {"code": f"AAAA-AAAA-{n}"}).status_code for n in range(6)]
    assert answers == [200] * 5 + [429]


def test_who_is_a_guardian_already_gets_the_children_of_the_letter_besides(signed_in, mother, zara, letter):
    listed, code = letter
    signed_in.post("/b/school/join/", {"code": code})
    assert {row.child.given_name for row in mother.guardianships.all()} == {"Zara", "Omar"}
    listed.refresh_from_db()
    assert not listed.is_active


def test_without_a_code_the_office_links_the_child_that_is_named(client, school):
    user = UserFactory(email="new@home.org")
    omar = ChildFactory(institution=school, given_name="Omar")
    client.force_login(user)
    assertRedirects(client.get("/b/school/family/"), "/b/school/join/")
    asked = {"name": "New", "phone": "0300", "child_name": "Omar Khan", "date_of_birth": "2018-06-01"}
    for _twice in range(2):
        assertRedirects(client.post("/b/school/join/ask/", asked), "/b/school/family/")
    request = LinkRequest.objects.get()
    assertNotContains(client.get("/b/school/family/"), omar.public_id)

    joining.link(request=request, child=omar, staff=UserFactory())

    assertContains(client.get("/b/school/family/"), omar.public_id)
    with pytest.raises(joining.CannotJoin):
        joining.refuse(request=request, staff=UserFactory())


# --- one glance ---------------------------------------------------------------------------------------------
def test_a_family_is_seen_in_a_constant_number_of_queries(
    signed_in, school, mother, django_assert_max_num_queries
):
    def add_child():
        child = ChildFactory(
            institution=school,
            of=mother,
            person=Person.objects.create(institution=school, number=Child.objects.count()),
        )
        for days in range(1, 4):
            BookingFactory(
                institution=school, session=session(school, days=days), child=child, booked_by=mother
            )

    add_child()
    signed_in.get("/b/school/family/")
    with django_assert_max_num_queries(20) as of_one:
        signed_in.get("/b/school/family/")
    for _number in range(4):
        add_child()
    with django_assert_max_num_queries(20) as of_five:
        signed_in.get("/b/school/family/")
    assert len(of_five) == len(of_one)


def test_an_exam_at_the_time_of_a_meeting_is_a_clash_by_name(school, mother, zara):
    booked = session(school)
    booking = BookingFactory(institution=school, session=booked, child=zara)
    zara.person = Person.objects.create(institution=school, number="7")
    zara.save()
    meeting = booked.meetings.get()
    BusyTime.objects.create(
        institution=school,
        person=zara.person,
        starts_at=meeting.ends_at - timedelta(minutes=1),
        ends_at=meeting.ends_at + timedelta(hours=1),
        what="Mathematics",
        source="project:1",
    )
    [one] = glance.of(mother).children
    assert [item.what for item in one.diary] == [booking.session.activity.name, "Mathematics"]
    assert one.diary[0].clashes == ["Mathematics"]
    BusyTime.objects.update(starts_at=meeting.ends_at)
    assert glance.of(mother).children[0].diary[0].clashes == []


def test_what_was_held_and_not_paid_in_time_is_no_place_any_more(school, mother, zara):
    held = {"state": "held", "confirmed_at": None, "child": zara, "institution": school}
    BookingFactory(session=session(school), hold_until=timezone.now() + timedelta(minutes=5), **held)
    BookingFactory(session=session(school), hold_until=timezone.now() - timedelta(minutes=5), **held)
    [one] = glance.of(mother).children
    assert (len(one.bookings), len(one.ended), len(glance.of(mother).held)) == (1, 1, 1)


def test_a_child_is_reported_absent_and_comes_after_all(signed_in, school, zara):
    booked = session(school)
    BookingFactory(institution=school, session=booked, child=zara)
    address = f"/b/school/family/{zara.public_id}/absences/{booked.meetings.get().pk}/"
    signed_in.post(address, {"reason": "dentist"})
    assert AbsenceNotice.objects.get().reason == "dentist"
    assertContains(signed_in.get("/b/school/family/"), "does not come")
    signed_in.post(address, {"comes": "1"})
    assert not AbsenceNotice.objects.exists()


# --- one child ----------------------------------------------------------------------------------------------
def test_who_must_not_collect_a_child_cannot_let_it_go_home_alone(signed_in, school, mother, zara):
    ConsentKind.objects.create(
        institution=school, code="alone", name="Walks home", text="Alone.", lets_go_alone=True
    )
    Guardianship.objects.filter(guardian=mother).update(may_collect=False)
    page = f"/b/school/family/{zara.public_id}/"
    assert b"Walks home" in signed_in.get(page).content
    assert b"I agree" not in signed_in.get(page).content
    assert signed_in.post(f"{page}consents/alone/").status_code == 404
    assert not Consent.objects.exists()


def test_a_consent_is_given_to_the_text_as_it_reads_and_withdrawn(signed_in, school, zara):
    kind = ConsentKind.objects.create(institution=school, code="photos", name="Photos", text="May we?")
    address = f"/b/school/family/{zara.public_id}/consents/photos/"
    for _twice in range(2):
        signed_in.post(address)
    assert Consent.objects.in_force().count() == Consent.objects.count() == 1
    kind.version = 2
    kind.save()
    assert not Consent.objects.in_force().exists()
    signed_in.post(address)
    signed_in.post(address, {"withdraw": "1"})
    assert not Consent.objects.in_force().exists()
    assert Consent.objects.count() == 2


def test_health_is_kept_encrypted_and_every_reading_is_written_down(signed_in, mother, zara):
    address = f"/b/school/family/{zara.public_id}/health/"
    signed_in.post(address, {"severity": "allergy", "text": "Peanuts"})
    assert MedicalNote.objects.get().text == "Peanuts"
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert "Peanuts" not in str(cursor.fetchall()), table
    assert medical.flags([zara.pk]) == {zara.pk: "allergy"}
    assertNotContains(signed_in.get(f"/b/school/family/{zara.public_id}/"), "Peanuts")
    before = Change.objects.filter(label__contains="Medical notes read").count()
    assertContains(signed_in.get(address), "Peanuts")
    read = Change.objects.filter(label__contains="Medical notes read")
    assert read.count() == before + 1
    assert read.first().by == mother.user


def test_that_there_is_nothing_to_know_is_an_answer(signed_in, zara):
    signed_in.post(f"/b/school/family/{zara.public_id}/health/", {"nothing": "1"})
    zara.refresh_from_db()
    assert zara.medical_answered_at


def test_a_calendar_follows_a_secret_address_until_it_is_ended(client, school, mother, zara):
    booked = session(school)
    BookingFactory(institution=school, session=booked, child=zara, booked_by=mother)
    token = feeds.make(guardian=mother, child=zara)
    address = f"/b/school/calendars/{token}.ics"
    response = client.get(address)
    assert response["Content-Type"].startswith("text/calendar")
    assert booked.activity.name in response.content.decode()
    assert client.get(address, headers={"If-None-Match": response["ETag"]}).status_code == 304

    Guardianship.objects.update(valid_to=timezone.localdate() - timedelta(days=1))
    assert client.get(address).status_code == 404
    Guardianship.objects.update(valid_to=None)
    feeds.revoke(guardian=mother, child=zara)
    assert client.get(address).status_code == 404


def test_a_date_as_a_guest_is_in_the_calendar(school, mother, zara):
    chess = session(school)
    guests.add(meeting=chess.meetings.first(), child=zara, kind="trial", staff=None)
    feeds.make(guardian=mother, child=zara)
    assert feeds.feed_file(CalendarFeed.objects.get()).count(b"BEGIN:VEVENT") == 1


def test_a_place_given_up_is_cancelled_in_the_calendar(school, mother, zara):
    booked = session(school)
    booking = BookingFactory(institution=school, session=booked, child=zara)
    [before] = feeds.events_of([booking])
    booking.state, booking.ended_at, booking.sequence = "cancelled", timezone.now(), 1
    booking.save()
    [after] = feeds.events_of([booking])
    assert (before.status, after.status) == ("CONFIRMED", "CANCELLED")
    assert before.uid == after.uid
    assert after.sequence > before.sequence
    assert "METHOD:CANCEL" in feeds.attachment(booking.pk)


# --- one's own data -----------------------------------------------------------------------------------------
def test_the_export_holds_the_family_and_no_other_adult(signed_in, school, mother, zara):
    father = GuardianFactory(
        institution=school,
        name="Father Secret",
        phone="555-SECRET",
        household=HouseholdFactory(institution=school, address="SECRET Road"),
    )
    Guardianship.objects.create(
        institution=school, guardian=father, child=zara, restriction_note="SECRET order"
    )
    medical.write(child=zara, severity="allergy", text="Peanuts", by=None)
    BookingFactory(institution=school, session=session(school), child=zara)
    told = signed_in.post("/b/school/family/data/export/").content.decode()
    assert "SECRET" not in told.upper().replace("SECRETARY", "")
    data = json.loads(told)
    [child] = data["children"]
    assert child["given_name"] == "Zara"
    assert child["medical_notes"][0]["text"] == "Peanuts"
    assert len(child["bookings"]) == 1
    assert DataRequest.objects.get().kind == DataRequest.Kind.EXPORT


def test_erasure_is_asked_for_once_and_taken_back(signed_in, mother):
    for _twice in range(2):
        signed_in.post("/b/school/family/data/erasure/", {"note": "We move"})
    assert DataRequest.objects.get().state == DataRequest.State.OPEN
    signed_in.post("/b/school/family/data/erasure/", {"take_back": "1"})
    assert DataRequest.objects.get().state == DataRequest.State.REFUSED


def test_a_parent_with_nothing_else_to_do_here_comes_to_the_family(signed_in):
    assertRedirects(signed_in.get("/"), "/b/school/family/")


# --- how the school reaches a guardian ------------------------------------------------------------------
def test_messages_go_to_an_address_that_is_known_or_confirmed_and_to_no_other(school, mother, signed_in):
    mother.user.confirm_email()
    told = {"name": "Amna Khan", "phone": "0300 1234567"}
    refused = signed_in.post("/b/school/family/me/", told | {"email": "stranger@elsewhere.org"})
    mother.refresh_from_db()
    assert (refused.status_code, mother.email) == (200, "amna@home.org")

    mother.user.email = "amna@new.org"
    mother.user.save()
    mother.user.confirm_email()
    assertContains(signed_in.get("/b/school/family/me/"), "amna@home.org")
    signed_in.post("/b/school/family/me/", told | {"email": "amna@new.org"})
    mother.refresh_from_db()
    assert mother.email == "amna@new.org"
