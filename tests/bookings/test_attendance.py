"""Registers: who is expected, marks that come late and twice, the gate, missing children, who is on site."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from bookings import attendance, families, gate, medical, tasks
from bookings.models import (
    AbsenceNotice,
    AttendanceAlert,
    AttendanceMark,
    AuthorisedCollector,
    Booking,
    ConsentKind,
    Guardianship,
    LateMark,
    MeetingGuest,
)
from projects.models import OutboxMessage, Role
from tests.factories.accounts import UserFactory
from tests.factories.bookings import (
    BookingFactory,
    ChildFactory,
    GuardianFactory,
    LocationFactory,
    SessionFactory,
    TutorFactory,
)
from tests.factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db

State = AttendanceMark.State


@pytest.fixture
def school():
    return InstitutionFactory(slug="school")


@pytest.fixture
def tutor(school):
    return TutorFactory(institution=school, user=UserFactory())


@pytest.fixture
def mother(school):
    return GuardianFactory(institution=school, name="Amna Khan", phone="0300")


@pytest.fixture
def zara(school, mother):
    return ChildFactory(institution=school, given_name="Zara", of=mother)


@pytest.fixture
def meet(school, tutor):
    """meet(minutes, *children): a meeting of an hour that began so many minutes ago, with these children."""

    def meet(minutes, *children, **values):
        begins = timezone.now() - timedelta(minutes=minutes)
        session = SessionFactory(
            institution=school,
            tutor=tutor,
            capacity=40,
            meetings_at=[(begins, begins + timedelta(hours=1))],
            **values,
        )
        for child in children:
            BookingFactory(institution=school, session=session, child=child)
        return session.meetings.get()

    return meet


def test_a_register_holds_live_bookings_and_guests_with_their_flags(school, meet, zara):
    meeting = meet(5, zara)
    BookingFactory(institution=school, session=meeting.session, state="cancelled", ended_at=timezone.now())
    guest = ChildFactory(institution=school)
    MeetingGuest.objects.create(institution=school, meeting=meeting, child=guest, kind="trial")
    medical.write(child=zara, severity="note", text="x", by=None)
    medical.write(child=zara, severity="critical", text="x", by=None)
    lines = {line.child: line for line in attendance.register(meeting)}
    assert set(lines) == {zara, guest}
    assert (lines[zara].flag, lines[guest].flag) == ("critical", "")
    assert lines[guest].guest == "trial"


def test_a_register_takes_a_constant_number_of_queries(
    client, school, tutor, meet, django_assert_max_num_queries
):
    client.force_login(tutor.user)

    def open_with(children):
        meeting = meet(
            5,
            *[
                ChildFactory(institution=school, of=GuardianFactory(institution=school))
                for _ in range(children)
            ],
        )
        client.get(f"/b/school/registers/{meeting.pk}/")
        with django_assert_max_num_queries(20) as queries:
            client.get(f"/b/school/registers/{meeting.pk}/")
        return len(queries)

    assert open_with(1) == open_with(30)


def test_the_same_mark_twice_is_one_and_a_newer_one_takes_its_place(meet, zara, tutor):
    meeting = meet(5, zara)
    at = timezone.now() - timedelta(minutes=2)
    said = {"meeting": meeting, "child": zara, "by": tutor.user}
    for _twice in range(2):
        attendance.mark(**said, state=State.PRESENT, marked_at=at)
    attendance.mark(**said, state=State.LEFT, at_the_gate=True)
    mark = AttendanceMark.objects.get()
    assert mark.arrived_at == at
    assert mark.left_at > at
    assert not LateMark.objects.exists()


def test_an_older_mark_that_arrives_later_is_kept_beside_the_newer(meet, zara, tutor):
    meeting = meet(30, zara)
    said = {"meeting": meeting, "child": zara, "by": tutor.user}
    attendance.mark(**said, state=State.PRESENT)
    old = timezone.now() - timedelta(minutes=20)
    for _twice in range(2):
        attendance.mark(**said, state=State.ABSENT, marked_at=old)
    late = LateMark.objects.get()
    assert late.state == State.ABSENT.label
    assert AttendanceMark.objects.get().state == State.PRESENT
    attendance.decide(late=late, take_over=True, by=tutor.user)
    assert AttendanceMark.objects.get().state == State.ABSENT
    assert LateMark.objects.get().decided_at


def test_a_phone_whose_clock_runs_ahead_does_not_win_for_ever(meet, zara, tutor):
    meeting = meet(5, zara)
    said = {"meeting": meeting, "child": zara, "by": tutor.user}
    ahead = timezone.now() + timedelta(days=400)
    assert attendance.mark(**said, state=State.PRESENT, marked_at=ahead).marked_at < ahead - timedelta(
        days=300
    )


@pytest.mark.parametrize("fault", ["cancelled", "tomorrow", "not expected", "no such state"])
def test_what_cannot_be_marked_is_refused(school, meet, zara, tutor, fault):
    meeting = meet(-60 * 24 * 2 if fault == "tomorrow" else 5, zara)
    if fault == "cancelled":
        meeting.cancelled_at = timezone.now()
    child = ChildFactory(institution=school) if fault == "not expected" else zara
    state = "asleep" if fault == "no such state" else State.PRESENT
    with pytest.raises(attendance.CannotMark):
        attendance.mark(meeting=meeting, child=child, state=state, by=tutor.user)
    assert not AttendanceMark.objects.exists()


def test_a_phone_sends_its_marks_at_once_and_is_told_of_each(client, school, meet, zara, tutor):
    meeting = meet(5, zara)
    stranger = ChildFactory(institution=school)
    client.force_login(tutor.user)
    at = (timezone.now() - timedelta(minutes=1)).isoformat()
    marks = [{"child": child.public_id, "state": "present", "at": at} for child in (zara, stranger, zara)]
    response = client.post(
        f"/b/school/registers/{meeting.pk}/marks/",
        json.dumps({"marks": marks}),
        content_type="application/json",
    )
    first, second, third = response.json()["answers"]
    assert first["state"] == third["state"] == "present"
    assert "not on this register" in second["words"]
    assert AttendanceMark.objects.count() == 1


def test_no_button_and_no_phone_sends_a_child_home_past_the_gate(client, school, meet, zara, tutor):
    meeting = meet(5, zara)
    client.force_login(tutor.user)
    page = f"/b/school/registers/{meeting.pk}/"
    told = client.post(f"{page}mark/", {"child": zara.public_id, "state": "left"}, follow=True)
    assert "say who takes it home" in told.content.decode()
    marks = [{"child": zara.public_id, "state": "left", "at": timezone.now().isoformat()}]
    answer = client.post(f"{page}marks/", json.dumps({"marks": marks}), content_type="application/json")
    assert "the office decides" in answer.json()["answers"][0]["words"]
    assert not AttendanceMark.objects.exists()


def test_a_mark_for_a_place_that_was_cancelled_meanwhile_is_kept(client, school, meet, zara, tutor):
    meeting = meet(5, zara)
    Booking.objects.update(state=Booking.State.CANCELLED, ended_at=timezone.now())
    client.force_login(tutor.user)
    at = (timezone.now() - timedelta(minutes=1)).isoformat()
    body = json.dumps({"marks": [{"child": zara.public_id, "state": "present", "at": at}]})
    for _again in range(2):
        response = client.post(
            f"/b/school/registers/{meeting.pk}/marks/", body, content_type="application/json"
        )
        assert "is kept" in response.json()["answers"][0]["words"]
    late = LateMark.objects.get()
    client.post(f"/b/school/late-marks/{late.pk}/", {"take_over": "1", "on": "register"})
    assert AttendanceMark.objects.get().state == State.PRESENT
    assert late.state in client.get(f"/b/school/registers/{meeting.pk}/").text


@pytest.mark.parametrize(
    "sent", ["[" * 100_000, '{"marks": [{"child": "x", "state": "present", "at": "0001-01-01T00:00+14:00"}]}']
)
def test_marks_that_cannot_be_are_refused(client, meet, zara, tutor, sent):
    meeting = meet(5, zara)
    client.force_login(tutor.user)
    address = f"/b/school/registers/{meeting.pk}/marks/"
    assert client.post(address, sent, content_type="application/json").status_code == 400


def test_a_phone_is_told_when_somebody_marked_later(client, school, meet, zara, tutor):
    meeting = meet(5, zara)
    attendance.mark(meeting=meeting, child=zara, state=State.ABSENT, by=None)
    client.force_login(tutor.user)
    at = (timezone.now() - timedelta(minutes=1)).isoformat()
    answer = client.post(
        f"/b/school/registers/{meeting.pk}/marks/",
        json.dumps({"marks": [{"child": zara.public_id, "state": "present", "at": at}]}),
        content_type="application/json",
    ).json()["answers"][0]
    assert answer["state"] == "absent"
    assert "Both are kept" in answer["words"]
    assert "Take this one" in client.get(f"/b/school/registers/{meeting.pk}/").text


# --- the gate -----------------------------------------------------------------------------------------------
def test_a_child_goes_home_with_somebody_of_its_list(school, meet, mother, zara, tutor):
    meeting = meet(50, zara)
    AuthorisedCollector.objects.create(
        institution=school, child=zara, name="Uncle", password_hash=make_password("blue whale")
    )
    said = {"meeting": meeting, "child": zara, "by": tutor.user}
    with pytest.raises(gate.AskFirst) as wrong:
        gate.collect(**said, name="Uncle", password="red")
    assert wrong.value.phone == "0300"
    assert gate.collect(**said, name="uncle", password="Blue Whale ").collected_by.name == "Uncle"
    assert gate.collect(**said, name="Amna Khan").collected_by_guardian == mother


def test_a_stranger_needs_the_family_s_word_and_a_barred_parent_gets_none(school, meet, zara, tutor):
    meeting = meet(50, zara)
    barred = GuardianFactory(institution=school, name="Barred")
    Guardianship.objects.create(institution=school, guardian=barred, child=zara, may_collect=False)
    said = {"meeting": meeting, "child": zara, "by": tutor.user}
    for name, agreed in (("Neighbour", ""), ("Barred", ""), ("Barred", "Amna")):
        with pytest.raises(gate.AskFirst):
            gate.collect(**said, name=name, agreed_with=agreed)
    assert not AttendanceMark.objects.exists()
    mark = gate.collect(**said, name="Neighbour", agreed_with="Amna")
    assert (mark.state, mark.collected_by_name) == (State.LEFT, "Neighbour")
    assert "Amna" in mark.note


# --- missing children ---------------------------------------------------------------------------------------
def told():
    return sorted(OutboxMessage.objects.values_list("to", flat=True))


def test_a_missing_child_is_reported_once_to_the_family_and_the_office(school, meet, mother, zara):
    office = MembershipFactory(institution=school, role=Role.OFFICE).user
    meet(11, zara)
    assert tasks.look_for_missing_children() == 1
    assert tasks.look_for_missing_children() == 0
    assert told() == sorted([mother.email, office.email])
    assert AttendanceAlert.objects.get().child == zara


def test_where_a_child_should_be_is_not_told_to_who_may_neither_book_nor_collect(school, meet, mother, zara):
    barred = GuardianFactory(institution=school)
    rights = {"may_book": False, "may_see_medical": False, "may_collect": False}
    Guardianship.objects.create(institution=school, guardian=barred, child=zara, **rights)
    meet(11, zara)
    tasks.look_for_missing_children()
    assert told() == [mother.email]


@pytest.mark.parametrize("reason", ["too early", "here", "excused", "cancelled", "over"])
def test_nobody_is_alarmed_without_need(school, meet, zara, tutor, reason):
    meeting = meet({"too early": 9, "over": 61}.get(reason, 11), zara)
    if reason == "here":
        attendance.mark(meeting=meeting, child=zara, state=State.LATE, by=tutor.user)
    elif reason == "excused":
        attendance.report_absence(meeting=meeting, child=zara, by=None)
    elif reason == "cancelled":
        meeting.cancelled_at = timezone.now()
        meeting.save()
    assert tasks.look_for_missing_children() == 0
    assert told() == []


def test_a_child_marked_absent_without_a_word_of_the_family_is_missing_until_it_comes(meet, zara, tutor):
    meeting = meet(15, zara)
    attendance.mark(meeting=meeting, child=zara, state=State.ABSENT, by=tutor.user)
    assert tasks.look_for_missing_children() == 1
    attendance.mark(meeting=meeting, child=zara, state=State.LATE, by=tutor.user)
    assert AttendanceAlert.objects.get().resolved_at


def test_an_absence_of_a_meeting_that_is_over_cannot_be_reported(meet, zara):
    meeting = meet(61, zara)
    with pytest.raises(attendance.CannotReport):
        attendance.report_absence(meeting=meeting, child=zara, by=None)
    assert not AbsenceNotice.objects.exists()


@pytest.fixture
def alone(school):
    """What guardians agree to."""
    return ConsentKind.objects.create(
        institution=school, code="alone", name="Walks home", text="Alone.", lets_go_alone=True
    )


def goes_alone(meeting, child):
    [line] = attendance.register(meeting)
    assert line.child == child
    return line.may_go_alone


def test_a_child_goes_home_alone_by_a_consent_until_it_is_withdrawn(meet, zara, mother, tutor, alone):
    meeting = meet(50, zara)
    said = {"meeting": meeting, "child": zara, "by": tutor.user, "name": "", "goes_alone": True}
    assert not goes_alone(meeting, zara)
    with pytest.raises(gate.AskFirst) as refusal:
        gate.collect(**said)
    assert refusal.value.phone == "0300"

    families.give_consent(child=zara, kind=alone, guardian=mother)
    assert goes_alone(meeting, zara)
    assert gate.collect(**said).note == "went home alone"

    families.withdraw_consent(child=zara, kind=alone)
    assert not goes_alone(meeting, zara)
    with pytest.raises(gate.AskFirst):
        gate.collect(**said)


def test_a_family_may_agree_by_phone_that_a_child_goes_home_alone(meet, zara, tutor):
    meeting = meet(50, zara)
    mark = gate.collect(
        meeting=meeting, child=zara, by=tutor.user, name="", goes_alone=True, agreed_with="Amna"
    )
    assert mark.note == "went home alone, agreed by phone with Amna"


@pytest.mark.parametrize("right", ["may_book", "may_collect"])
def test_a_consent_to_go_alone_counts_while_its_giver_may_say_who_collects(meet, zara, mother, alone, right):
    meeting = meet(50, zara)
    families.give_consent(child=zara, kind=alone, guardian=mother)
    Guardianship.objects.update(**{right: False})
    assert not goes_alone(meeting, zara)


def test_another_consent_lets_no_child_go_alone(school, meet, zara, mother):
    meeting = meet(50, zara)
    kind = ConsentKind.objects.create(institution=school, code="photos", name="Photos", text="May we?")
    families.give_consent(child=zara, kind=kind, guardian=mother)
    assert not goes_alone(meeting, zara)


# --- who is on site -----------------------------------------------------------------------------------------
def test_who_is_on_site_is_listed_by_room_where_it_was_seen_last(school, meet, zara, tutor):
    omar, hira = (ChildFactory(institution=school, given_name=name) for name in ("Omar", "Hira"))
    hall, pool = (LocationFactory(institution=school, name=name) for name in ("Hall", "Pool"))
    first = meet(50, zara, omar, hira, location=hall)
    second = meet(5, zara, location=pool)
    now = timezone.now()
    said = {"by": tutor.user, "state": State.PRESENT}
    for child in (zara, omar, hira):
        attendance.mark(meeting=first, child=child, marked_at=now - timedelta(minutes=40), **said)
    attendance.mark(meeting=second, child=zara, marked_at=now - timedelta(minutes=2), **said)
    gate.collect(meeting=first, child=hira, by=tutor.user, name="", goes_alone=True, agreed_with="her mother")
    rooms = {
        room.place: [child.given_name for _mark, child, _meeting in room.lines]
        for room in attendance.on_site(school)
    }
    assert rooms == {"Hall": ["Omar"], "Pool": ["Zara"]}
