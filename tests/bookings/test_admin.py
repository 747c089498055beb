"""The office's lists and counter: inside the wall, and by the same acts as everybody's."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from bookings import joining
from bookings.models import (
    Activity,
    ApiClient,
    Booking,
    Child,
    Closure,
    Guardianship,
    LedgerEntry,
    LinkRequest,
    Meeting,
    Payment,
    Session,
    WaitEntry,
)
from projects.models import OutboxMessage, Role

from ..factories.bookings import (
    ActivityFactory,
    BookingFactory,
    ChildFactory,
    GuardianFactory,
    GuardianshipFactory,
    HouseholdFactory,
    SessionFactory,
    TermFactory,
    YearGroupFactory,
)
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db

COUNTER = ("book", "pay", "close-day", "priority", "write", "list")
LISTS = [model._meta.model_name for model in admin.site._registry if model._meta.app_label == "bookings"]


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", requires_second_factor=False)


@pytest.fixture
def office(client, school):
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    return client


@pytest.fixture
def family(school):
    guardian = GuardianFactory(institution=school)
    return guardian, ChildFactory(institution=school, of=guardian)


def at(path):
    return f"/at/school/staff/{path}"


@pytest.mark.parametrize("page", [*(f"counter/{name}/" for name in COUNTER)])
@pytest.mark.parametrize("role", [Role.TUTOR, Role.STAFF])
def test_the_counter_is_for_the_office(client, school, page, role):
    client.force_login(MembershipFactory(institution=school, role=role).user)
    assert client.get(at(page)).status_code in (403, 404)


@pytest.fixture
def asked(school):
    """asked(name): somebody has signed up and names a child of Omar Khan's birthday so."""
    guardian = GuardianFactory(institution=school)
    child = ChildFactory(institution=school, given_name="Omar", date_of_birth=date(2018, 6, 1))

    def asked(name):
        joining.name_child(guardian=guardian, child_name=name, date_of_birth=child.date_of_birth)
        return guardian, child

    return asked


def act_on_request(office, action="link_to_the_only"):
    told = {"action": action, "_selected_action": LinkRequest.objects.get().pk}
    return office.post(at("bookings/linkrequest/"), told, follow=True)


def test_a_guardian_is_told_what_the_office_decided_about_a_child(office, asked):
    guardian, child = asked("omar khan")
    act_on_request(office)
    assert Guardianship.objects.get(guardian=guardian).child == child
    asked("Amina")
    LinkRequest.objects.filter(state="linked").delete()
    act_on_request(office, "refuse")
    subjects = OutboxMessage.objects.filter(to=guardian.email).values_list("subject", flat=True)
    assert set(subjects) == {"Omar is on your page", "Amina is not on your page"}


def test_letters_that_are_in_every_name_link_nobody(office, asked):
    asked("o k a")
    act_on_request(office)
    assert not Guardianship.objects.exists()


def test_a_child_under_a_restriction_is_not_linked_by_one_press(office, school, asked):
    _guardian, child = asked("Omar Khan")
    GuardianshipFactory(institution=school, child=child, may_collect=False, restriction_note="court order")
    assert "under a restriction" in act_on_request(office).content.decode()
    assert LinkRequest.objects.get().state == "open"
    assert Guardianship.objects.count() == 1


@pytest.mark.parametrize("page", [f"counter/{name}/" for name in COUNTER])
def test_the_office_opens_the_counter(office, page):
    assert office.get(at(page)).status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_a_list_shows_this_institution_only(office, school, name):
    if name == "apiclient":
        assert office.get(at("bookings/apiclient/")).status_code == 403
        return
    assert office.get(at(f"bookings/{name}/")).status_code == 200


def test_a_list_is_narrowed_to_one_row_of_another_kind(office, school):
    sessions = [SessionFactory(institution=school) for _number in range(2)]
    page = office.get(at(f"bookings/session/?term={sessions[0].term.pk}"))
    assert page.status_code == 200
    assert f"/{sessions[0].pk}/change/" in page.text
    assert f"/{sessions[1].pk}/change/" not in page.text


def test_others_rows_are_not_found(office, school):
    theirs = SessionFactory()
    assert office.get(at(f"bookings/session/{theirs.pk}/change/")).status_code == 302
    assert theirs.activity.name not in office.get(at("bookings/session/?q=Activity")).text


def test_years_and_consents_of_this_school_are_ticked_on_an_activity(office, school):
    mine, others = YearGroupFactory(institution=school), YearGroupFactory()
    activity = ActivityFactory(institution=school)
    activity.year_groups.add(mine)
    page = office.get(at(f"bookings/activity/{activity.pk}/change/"))
    [ticked] = [line for line in page.text.splitlines() if f'name="year_groups" value="{mine.pk}"' in line]
    assert 'type="checkbox"' in ticked
    assert "checked" in ticked
    assert others.name not in page.text


def test_a_new_session_has_its_places_and_dates(office, school):
    term = TermFactory(institution=school)
    activity = Activity.objects.create(institution=school, slug="chess", name="Chess")
    answer = office.post(
        at("bookings/session/add/"),
        {
            "activity": activity.pk,
            "term": term.pk,
            "capacity": 7,
            "price": "0",
            "fewest": "0",
            "weekday": "1",
            "starts": "15:30",
            "ends": "16:30",
            "windows-TOTAL_FORMS": 0,
            "windows-INITIAL_FORMS": 0,
            "meetings-TOTAL_FORMS": 0,
            "meetings-INITIAL_FORMS": 0,
        },
    )
    assert answer.status_code == 302, answer.text
    session = Session.objects.get()
    assert session.places.capacity == 7
    assert session.meetings.count() == 12


def test_the_office_books_and_a_full_session_has_a_queue(office, school, family):
    session = SessionFactory(institution=school, capacity=1)
    other = ChildFactory(institution=school, of=family[0])
    for child in (family[1], other):
        office.post(at("counter/book/"), {"child": str(child), "session": str(session)})
    assert Booking.objects.get().child == family[1]
    assert WaitEntry.objects.get().child == other


def test_without_a_word_the_first_guardian_pays(office, school, family):
    session = SessionFactory(institution=school, price=Decimal(10))
    office.post(at("counter/book/"), {"child": str(family[1]), "session": str(session)})
    assert Booking.objects.get().booked_by == family[0]


def test_beyond_the_rules_needs_a_reason(office, school, family):
    session = SessionFactory(institution=school, capacity=0)
    told = {"child": str(family[1]), "session": str(session), "beyond": "on"}
    assert "needs a reason" in office.post(at("counter/book/"), told).text
    office.post(at("counter/book/"), {**told, "reason": "moved here yesterday"})
    assert Booking.objects.get().reason == "moved here yesterday"


def test_a_child_of_others_is_no_choice(office, school, family):
    session = SessionFactory(institution=school)
    theirs = ChildFactory()
    page = office.post(at("counter/book/"), {"child": str(theirs), "session": str(session)})
    assert page.status_code == 200
    assert not Booking.objects.exists()


def test_cash_is_entered_with_a_receipt(office, school):
    household = HouseholdFactory(institution=school)
    office.post(at("counter/pay/"), {"household": household.reference, "amount": "12.50", "way": "cash"})
    assert Payment.objects.get().receipt_number
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == Decimal(0)


def test_a_booking_is_cancelled_by_its_act_and_the_queue_served(office, school, family):
    session = SessionFactory(institution=school, capacity=1)
    booking = BookingFactory(institution=school, session=session, child=family[1])
    other = ChildFactory(institution=school, of=family[0])
    office.post(at("counter/book/"), {"child": str(other), "session": str(session)})
    office.post(at("bookings/booking/"), {"action": "cancel_for_nothing", "_selected_action": [booking.pk]})
    assert Booking.objects.live().get().child == other


def test_more_places_serve_the_queue(office, school, family):
    session = SessionFactory(institution=school, capacity=0)
    office.post(at("counter/book/"), {"child": str(family[1]), "session": str(session)})
    assert WaitEntry.objects.waiting().exists()
    office.post(
        at(f"bookings/session/{session.pk}/change/"),
        {
            "activity": session.activity.pk,
            "term": session.term.pk,
            "capacity": 2,
            "price": "0",
            "fewest": "0",
            "weekday": "1",
            "starts": "15:30",
            "ends": "16:30",
            "windows-TOTAL_FORMS": 0,
            "windows-INITIAL_FORMS": 0,
            "meetings-TOTAL_FORMS": 0,
            "meetings-INITIAL_FORMS": 0,
        },
    )
    assert Booking.objects.get().child == family[1]


def test_a_day_is_closed_after_a_look_at_what_it_cancels(office, school, family):
    tomorrow = timezone.now() + timedelta(days=1)
    session = SessionFactory(institution=school, meetings_at=[(tomorrow, tomorrow + timedelta(minutes=30))])
    BookingFactory(institution=school, session=session, child=family[1], booked_by=family[0])
    asked = {"day": session.meetings.get().starts_at.date().isoformat(), "reason": "Snow"}
    assert "1 date, 1 children" in office.post(at("counter/close-day/"), asked).text
    assert not Meeting.objects.get().cancelled_at
    office.post(at("counter/close-day/"), {**asked, "sure": "1"})
    assert Meeting.objects.get().cancelled_because == "Snow"
    assert Closure.objects.get().name == "Snow"
    assert OutboxMessage.objects.filter(to=family[0].email).exists()


def test_a_priority_is_given_with_its_reason(office, school, family):
    session = SessionFactory(institution=school, capacity=0)
    office.post(at("counter/book/"), {"child": str(family[1]), "session": str(session)})
    entry = WaitEntry.objects.get()
    office.post(at("counter/priority/"), {"entry": str(entry.child), "band": 1, "reason": "sibling there"})
    entry.refresh_from_db()
    assert (entry.band, entry.band_reason) == (1, "sibling there")


def test_a_message_goes_to_each_family_once(office, school, family):
    session = SessionFactory(institution=school, capacity=3)
    for _child in range(2):
        child = ChildFactory(institution=school, of=family[0])
        BookingFactory(institution=school, session=session, child=child, booked_by=family[0])
    office.post(at("counter/write/"), {"session": str(session), "subject": "Boots", "text": "Bring them."})
    assert OutboxMessage.objects.filter(subject="Boots").count() == 1


def test_a_list_is_gone_through_before_it_is_taken_over(office, school):
    text = "Child No,Given Name,Date of Birth,Guardian\n7,Amal,2018-03-01,Dua Khan\n"

    def send(**more):
        file = SimpleUploadedFile("list.csv", text.encode())
        return office.post(at("counter/list/"), {"what": "families", "file": file, **more})

    assert "<td>1</td>" in send().text
    assert not Child.objects.exists()
    send(sure="1")
    assert Child.objects.get().number == "7"


def test_a_token_is_shown_once(client, school):
    client.force_login(MembershipFactory(institution=school, role=Role.ADMINISTRATOR).user)
    told = {"name": "Portal", "may_write": "on"}
    page = client.post(at("bookings/apiclient/add/"), told, follow=True).text
    row = ApiClient.objects.get()
    assert row.token_start in page
    assert row.token_hash not in page
    assert client.get(at("bookings/apiclient/")).text.count("shown this once") == 0
