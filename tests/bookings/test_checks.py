from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bookings import booking
from bookings.booking import CannotBook
from bookings.checks import refusals
from bookings.models import (
    Consent,
    ConsentKind,
    EmergencyContact,
    Guardianship,
    Invitee,
    Meeting,
    Session,
    SignUpWindow,
)
from projects import people
from projects.models import Person
from tests.factories.bookings import (
    ActivityFactory,
    CategoryFactory,
    ChildFactory,
    LocationFactory,
    SessionFactory,
    TermFactory,
    YearGroupFactory,
)

pytestmark = pytest.mark.django_db

TUESDAY = datetime(2027, 1, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def moment(clock):
    return clock


def at(hour, minute=0, end=None, day=TUESDAY):
    """One meeting on Tuesday, an hour long."""
    begins = day + timedelta(hours=hour, minutes=minute)
    return [(begins, end or begins + timedelta(hours=1))]


def codes(session, child, guardian=None):
    return [refusal.code for refusal in refusals(session=session, child=child, by=guardian)]


def test_nothing_stands_against_an_eligible_child(session, child, guardian):
    assert codes(session, child, guardian) == []


def test_all_reasons_are_told_in_the_order_of_the_checks(school, family):
    session = SessionFactory(
        institution=school, opens_at=TUESDAY, activity__oldest=5, activity__needs_medical=True, price=3
    )
    _guardian, child = family()
    stranger, _other = family()
    assert codes(session, child, stranger) == ["not-yours", "not-open-yet", "too-old", "needs-medical"]
    assert codes(session, child) == ["not-open-yet", "too-old", "needs-medical", "payment"]


# --- time and window ----------------------------------------------------------------------------------------


def test_what_is_over_cannot_be_joined(school, child, guardian, clock):
    session = SessionFactory(institution=school)
    clock.now = TUESDAY + timedelta(hours=16)
    assert codes(session, child, guardian) == []  # one meeting is still to come
    clock.now = TUESDAY + timedelta(days=7, hours=15, minutes=30)
    assert codes(session, child, guardian) == ["past"]


def test_after_its_last_joining_date_nobody_joins_a_series(school, child, guardian, clock):
    session = SessionFactory(institution=school, last_joining_on=date(2027, 1, 4))
    clock.now = datetime(2027, 1, 4, 23, 59, tzinfo=UTC)
    assert codes(session, child, guardian) == []
    clock.pass_by(minutes=1)
    assert codes(session, child, guardian) == ["past"]


def test_the_day_is_the_institutions_own(school, child, guardian, clock):
    school.time_zone = "Asia/Karachi"
    school.save()
    session = SessionFactory(institution=school, last_joining_on=date(2027, 1, 4))
    clock.now = datetime(2027, 1, 4, 19, 1, tzinfo=UTC)  # 00:01 on the 5th there
    assert codes(session, child, guardian) == ["past"]


def test_sign_up_opens_at_its_instant_and_not_a_second_before(school, child, guardian, clock):
    opens_at = datetime(2027, 1, 3, 8, tzinfo=UTC)
    session = SessionFactory(institution=school, opens_at=opens_at, closes_at=opens_at + timedelta(hours=1))
    clock.now = opens_at - timedelta(seconds=1)
    [refusal] = refusals(session=session, child=child, by=guardian)
    assert (refusal.code, refusal.opens_at) == ("not-open-yet", opens_at)
    assert "3 January 2027, 08:00" in str(refusal)
    clock.now = opens_at
    assert codes(session, child, guardian) == []
    clock.now = opens_at + timedelta(hours=1)
    assert codes(session, child, guardian) == ["closed"]


def test_each_year_has_its_own_window(school, guardian, clock):
    older, younger, last = (YearGroupFactory(institution=school) for _year in range(3))
    session = SessionFactory(institution=school)
    for year, day in ((older, 1), (younger, 3)):
        opens_at = datetime(2027, 1, day, 8, tzinfo=UTC)
        SignUpWindow.objects.create(institution=school, session=session, year_group=year, opens_at=opens_at)
    children = [
        ChildFactory(institution=school, of=guardian, year_group=year) for year in (older, younger, last)
    ]
    assert [codes(session, child, guardian) for child in children] == [
        [],
        ["not-open-yet"],
        ["not-your-year-yet"],
    ]
    with pytest.raises(CannotBook):
        booking.book(session=session, child=children[1], by=guardian)


def test_a_draft_and_a_session_that_is_called_off_take_nobody(school, child, guardian):
    draft = SessionFactory(institution=school, state=Session.State.DRAFT)
    off = SessionFactory(institution=school, state=Session.State.CANCELLED)
    assert codes(draft, child, guardian) == ["closed"]
    assert codes(off, child, guardian) == ["cancelled-session"]


# --- duplicates and clashes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("hour", "minute", "refused"), [(16, 0, ["clash"]), (16, 30, []), (14, 30, [])])
def test_a_child_is_not_in_two_places_and_touching_is_no_clash(
    school, child, guardian, hour, minute, refused
):
    club = SessionFactory(institution=school, activity__name="Chess", meetings_at=at(15, 30))
    booking.book(session=club, child=child, by=guardian)
    other = SessionFactory(institution=school, meetings_at=at(hour, minute))
    assert codes(other, child, guardian) == refused
    if refused:
        assert "Chess" in str(refusals(session=other, child=child, by=guardian)[0])


def test_the_way_between_two_locations_counts(school, child, guardian):
    hall, pool = LocationFactory(institution=school), LocationFactory(institution=school, travel_minutes=10)
    booking.book(
        session=SessionFactory(institution=school, location=hall, meetings_at=at(15, 30)),
        child=child,
        by=guardian,
    )
    too_close = SessionFactory(institution=school, location=pool, meetings_at=at(16, 39))
    far_enough = SessionFactory(institution=school, location=pool, meetings_at=at(16, 40))
    same_hall = SessionFactory(institution=school, location=hall, meetings_at=at(16, 30))
    assert [codes(one, child, guardian) for one in (too_close, far_enough, same_hall)] == [["clash"], [], []]


def test_a_cancelled_meeting_clashes_with_nothing(school, child, guardian):
    club = SessionFactory(institution=school, meetings_at=at(15, 30))
    booking.book(session=club, child=child, by=guardian)
    Meeting.objects.filter(session=club).update(cancelled_at=TUESDAY)
    assert codes(SessionFactory(institution=school, meetings_at=at(15, 30)), child, guardian) == []


@pytest.mark.parametrize(("month", "day"), [(3, 28), (10, 31)])
def test_a_clash_is_seen_over_the_change_of_the_clock(school, child, guardian, month, day):
    """The clocks of London change that Sunday: what is local 15:30 is another moment than the week before."""
    london = ZoneInfo("Europe/London")

    def weekly(hour, minute):
        sunday = datetime(2027, month, day, hour, minute, tzinfo=london)
        starts = [sunday - timedelta(weeks=1), sunday]
        return [(start, start + timedelta(hours=1)) for start in starts]

    booking.book(
        session=SessionFactory(institution=school, meetings_at=weekly(15, 30)), child=child, by=guardian
    )
    assert codes(SessionFactory(institution=school, meetings_at=weekly(16, 0)), child, guardian) == ["clash"]
    assert codes(SessionFactory(institution=school, meetings_at=weekly(16, 30)), child, guardian) == []


def test_a_childs_exam_is_seen_too(school, guardian):
    person = Person.objects.create(institution=school, number="S-1")
    child = ChildFactory(institution=school, of=guardian, person=person)
    begins = TUESDAY + timedelta(hours=16)
    exam = ("S-1", begins, begins + timedelta(hours=2), "Mathematics")
    people.replace_busy_times(institution=school, source="project:1", rows=[exam])
    session = SessionFactory(institution=school)
    [refusal] = refusals(session=session, child=child, by=guardian)
    assert refusal.code == "exam-clash"
    assert "Mathematics" in str(refusal)
    with pytest.raises(CannotBook):
        booking.book(session=session, child=child, by=guardian)
    assert codes(SessionFactory(institution=school, meetings_at=at(18)), child, guardian) == []


# --- eligibility and limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "refused"),
    [
        (date(2019, 1, 1), []),  # eight on the day
        (date(2019, 1, 2), ["too-young"]),
        (date(2016, 1, 2), []),  # ten, eleven tomorrow
        (date(2016, 1, 1), ["too-old"]),
    ],
)
def test_the_age_counts_on_the_day_that_is_named(school, guardian, born, refused):
    session = SessionFactory(
        institution=school, activity__youngest=8, activity__oldest=10, activity__age_on=date(2027, 1, 1)
    )
    child = ChildFactory(institution=school, of=guardian, date_of_birth=born)
    assert codes(session, child, guardian) == refused


def test_without_a_day_the_age_counts_on_the_terms_first(school, guardian):
    term = TermFactory(institution=school, starts_on=date(2027, 1, 4))
    session = SessionFactory(institution=school, term=term, activity__youngest=8)
    ages = [
        codes(session, ChildFactory(institution=school, of=guardian, date_of_birth=born), guardian)
        for born in (date(2019, 1, 4), date(2019, 1, 5))
    ]
    assert ages == [[], ["too-young"]]


@pytest.mark.parametrize(
    ("day", "age"),
    [(date(2027, 2, 28), 6), (date(2027, 3, 1), 7), (date(2028, 2, 28), 7), (date(2028, 2, 29), 8)],
)
def test_who_was_born_on_29_february_has_a_birthday_each_year(day, age):
    assert ChildFactory.build(institution=None, date_of_birth=date(2020, 2, 29)).age_on(day) == age


def test_other_years_uninvited_and_unprepared_children_are_told_why(school, child, guardian):
    year = YearGroupFactory(institution=school)
    years = SessionFactory(institution=school)
    years.activity.year_groups.add(year)
    invited = SessionFactory(institution=school, activity__is_by_invitation=True)
    first = SessionFactory(institution=school, meetings_at=at(9))
    second = SessionFactory(
        institution=school, activity=ActivityFactory(institution=school, prerequisite=first.activity)
    )
    assert codes(years, child, guardian) == ["wrong-year"]
    assert codes(invited, child, guardian) == ["not-invited"]
    assert codes(second, child, guardian) == ["prerequisite"]

    Invitee.objects.create(institution=school, activity=invited.activity, child=child)
    child.year_group = year
    child.save()
    booking.book(session=first, child=child, by=guardian)
    assert [codes(one, child, guardian) for one in (years, invited, second)] == [[], [], []]


def test_who_has_left_the_school_books_nothing(school, session, guardian):
    child = ChildFactory(institution=school, of=guardian, left_on=date(2027, 1, 1))
    assert codes(session, child, guardian) == ["left-school"]


def test_a_category_has_a_limit_of_its_own(school, child, guardian):
    music = CategoryFactory(institution=school, most_bookings=1)
    term = TermFactory(institution=school)
    piano, choir, chess = (
        SessionFactory(
            institution=school,
            term=term,
            activity=ActivityFactory(institution=school, category=category),
            meetings_at=at(hour),
        )
        for hour, category in ((9, music), (11, music), (13, None))
    )
    booking.book(session=piano, child=child, by=guardian)
    assert codes(choir, child, guardian) == ["too-many"]
    assert codes(chess, child, guardian) == []


def test_what_must_be_known_is_asked_for_before_a_place_is_taken(school, child, guardian, clock):
    session = SessionFactory(
        institution=school, activity__needs_medical=True, activity__needs_emergency_contact=True
    )
    photos = ConsentKind.objects.create(institution=school, code="photos", name="Photographs", text="…")
    session.activity.consents.add(photos)
    found = refusals(session=session, child=child, by=guardian)
    assert [refusal.code for refusal in found] == ["needs-medical", "needs-contact", "needs-consent"]
    assert found[2].consents == [photos]
    with pytest.raises(CannotBook):
        booking.book(session=session, child=child, by=guardian)
    assert Session.objects.get(pk=session.pk).places.taken == 0

    child.medical_answered_at = clock.now
    child.save()
    EmergencyContact.objects.create(institution=school, child=child, name="Aunt", phone="1")
    Consent.objects.create(institution=school, child=child, kind=photos, text_version=1)
    assert codes(session, child, guardian) == []
    # A new text asks again.
    photos.version = 2
    photos.save()
    assert codes(session, child, guardian) == ["needs-consent"]


def test_a_right_that_has_ended_is_no_right(session, child, guardian):
    Guardianship.objects.filter(child=child).update(valid_to=date(2027, 1, 1))
    assert codes(session, child, guardian) == ["not-yours"]
