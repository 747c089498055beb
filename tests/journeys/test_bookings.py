"""A parent from the first look at the catalogue to the place from the queue; a tutor with a phone without a
network. Every page they come by is held to axe, on a phone and on a desk."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from bookings import attendance, ballot, joining, medical
from bookings import booking as acts
from bookings.models import (
    AttendanceMark,
    Ballot,
    Booking,
    CalendarFeed,
    DrawResult,
    Guardian,
    LinkRequest,
    WaitEntry,
)
from projects import outbox
from projects.models import Role
from tests.factories.accounts import UserFactory
from tests.factories.bookings import (
    ChildFactory,
    GuardianFactory,
    LocationFactory,
    SessionFactory,
    TermFactory,
    TutorFactory,
)
from tests.factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse 9"
WIDTHS = pytest.mark.parametrize("width", [390, 1280])


@pytest.fixture(autouse=True)
def nobody_has_been_quick():
    cache.clear()


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", name="Hill School", time_zone="Asia/Karachi")


@pytest.fixture
def offer(school):
    today = timezone.localdate()
    term = TermFactory(
        institution=school,
        name="Winter",
        starts_on=today - timedelta(days=7),
        ends_on=today + timedelta(days=90),
    )
    hall = LocationFactory(institution=school, name="Sports hall")

    def offer(name, capacity=5, days=3, **values):
        begins = timezone.now() + timedelta(days=days)
        dates = [begins + timedelta(weeks=week) for week in range(3)]
        return SessionFactory(
            institution=school,
            term=term,
            location=hall,
            capacity=capacity,
            weekday=timezone.localtime(begins).weekday(),
            meetings_at=[(at, at + timedelta(hours=1)) for at in dates],
            activity__name=name,
            activity__description="With friends after lessons.",
            **values,
        )

    return offer


@pytest.fixture
def look(assert_accessible):
    """look(page): nothing to complain of, and nothing to drag sideways."""

    def look(page):
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    return look


def newest_mail(to):
    outbox.sweep()
    return next(message for message in reversed(mail.outbox) if message.to == [to])


@WIDTHS
def test_a_parent_signs_up_books_one_child_queues_for_the_other_and_moves_up(
    another_page, school, offer, look, width
):
    page = another_page(viewport={"width": width, "height": 800})
    _chess, choir = offer("Chess"), offer("Choir", capacity=1, days=4)
    stranger = GuardianFactory(institution=school)
    theirs = acts.book(
        session=choir, child=ChildFactory(institution=school, of=stranger), by=stranger
    ).booking
    listed = GuardianFactory(institution=school, user=None, name="Amna Khan", email="")
    ChildFactory(institution=school, given_name="Zara", of=listed)
    omar = ChildFactory(institution=school, given_name="Omar")
    code = joining.invite(guardian=listed, staff=None)

    # Looks round, chooses, and only then has to say who this is.
    page.goto("/b/school/")
    look(page)
    page.get_by_role("link", name="Week").click()
    look(page)
    page.goto("/b/school/")
    page.get_by_role("link", name="Chess").click()
    look(page)
    page.get_by_role("button", name="Book a place").click()
    page.get_by_role("link", name="Make one").click()
    page.get_by_label("Your name").fill("Amna Khan")
    page.get_by_label("E-mail address").fill("amna@home.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_label("Code").fill(
        re.search(r"[A-Z0-9]{4,}-?[A-Z0-9]{2,}", newest_mail("amna@home.org").body).group()
    )
    page.get_by_role("button", name="Go on").click()

    # Two children: one from the school's letter, one that the office has to find.
    page.wait_for_url("**/b/school/join/")
    look(page)
    page.get_by_label("Code from the school's letter").fill(code)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Zara")).to_be_visible()
    look(page)
    page.get_by_role("link", name="Add a child").click()
    look(page)
    page.get_by_label("Child's full name").fill("Omar Khan")
    page.get_by_label("Date of birth").fill("2018-06-01")
    page.get_by_role("button", name="Ask the office").click()
    expect(page.get_by_text("Omar Khan")).to_be_visible()
    joining.link(request=LinkRequest.objects.get(), child=omar, staff=UserFactory())

    # Books one, queues for the other.
    page.goto("/b/school/book/")
    look(page)
    page.get_by_role("checkbox", name="Zara").check()
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("heading", name="Booked")).to_be_visible()
    look(page)
    page.get_by_role("link", name="More activities").click()
    page.get_by_role("link", name="Choir").click()
    page.get_by_role("button", name="Join the queue").click()
    look(page)
    page.get_by_role("checkbox", name="Omar").check()
    page.get_by_role("button", name="Join the queue").click()
    expect(page.get_by_text("position 1")).to_be_visible()
    page.get_by_role("link", name="To my family's page").click()
    expect(page.get_by_text("No. 1")).to_be_visible()
    look(page)
    booked = newest_mail("amna@home.org")
    assert "Omar" in booked.body

    # Gives up the one; the other moves up when the stranger cancels.
    page.get_by_role("link", name=re.compile("Cancel.*Chess, Zara")).click()
    look(page)
    page.get_by_role("button", name="Give up the place").click()
    expect(page.get_by_text("Zara has no place in Chess any more.")).to_be_visible()
    acts.cancel(booking=theirs, by=stranger)
    page.reload()
    expect(page.get_by_role("link", name=re.compile("Cancel.*Choir, Omar"))).to_be_visible()
    expect(page.get_by_text("No. 1")).to_have_count(0)
    promoted = newest_mail("amna@home.org")
    assert "Omar" in promoted.subject
    [(name, calendar, kind)] = [tuple(part) for part in promoted.attachments]
    assert (name, kind) == ("activity.ics", "text/calendar")
    assert calendar.count("BEGIN:VEVENT") == 3
    assert WaitEntry.objects.get().state == WaitEntry.State.PROMOTED

    # What is known of the child, and its calendar.
    page.get_by_role("link", name=re.compile("Details.*Omar")).click()
    look(page)
    page.get_by_role("link", name="Read and change").click()
    look(page)
    page.get_by_label("allergy").check()
    page.get_by_label("What is it, and what is to be done?").fill("Peanuts")
    page.get_by_role("button", name="Add the note").click()
    page.get_by_role("button", name="Make an address").click()
    address = page.get_by_label("Copy it now").input_value()
    assert CalendarFeed.objects.get().child == omar
    feed = page.request.get(address[address.index("/b/") :])
    assert "Choir" in feed.text()
    page.goto("/b/school/family/data/")
    look(page)
    with page.expect_download() as file:
        page.get_by_role("button", name="Make the file").click()
    assert "Peanuts" in file.value.path().read_text()


def test_the_whole_way_to_a_place_needs_no_scripts(another_page, school, offer, live_server):
    offer("Chess")
    mother = GuardianFactory(institution=school, user=User.objects.create_user("m@home.org", PASSWORD))
    mother.user.confirm_email()
    ChildFactory(institution=school, given_name="Zara", of=mother)
    page = another_page(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page.goto("/b/school/?q=che")
    page.get_by_role("link", name="Chess").click()
    page.get_by_role("button", name="Book a place").click()
    page.get_by_label("E-mail address").fill("m@home.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("heading", name="Booked")).to_be_visible()
    assert Booking.objects.get().state == "confirmed"


@WIDTHS
def test_a_family_reads_its_page_in_urdu(sign_in, page, school, offer, look, width):
    page.set_viewport_size({"width": width, "height": 800})
    mother = GuardianFactory(institution=school, user=UserFactory(language="ur"))
    zara = ChildFactory(institution=school, given_name="Zara", of=mother)
    acts.book(session=offer("Chess"), child=zara, by=mother)
    sign_in(mother.user)
    for address in ("", "?show=week", "family/", f"family/{zara.public_id}/", "book/", "join/"):
        page.goto(f"/b/school/{address}")
        assert page.get_attribute("html", "dir") == "rtl"
        look(page)


@WIDTHS
def test_a_tutor_marks_the_register_without_a_network(
    sign_in, page, school, offer, look, width, expected_faults
):
    expected_faults.append("net::ERR_INTERNET_DISCONNECTED")
    page.set_viewport_size({"width": width, "height": 800})
    tutor = TutorFactory(institution=school, user=UserFactory())
    session = offer("Chess", days=-0.005, tutor=tutor)
    mother = GuardianFactory(institution=school, name="Amna Khan", phone="0300 1234567")
    zara, omar = (ChildFactory(institution=school, given_name=name, of=mother) for name in ("Zara", "Omar"))
    medical.write(child=zara, severity="critical", text="Bee stings", by=None)
    for child in (zara, omar):
        acts.force(session=session, child=child, staff=UserFactory(), by=mother, reason="late")
    meeting = session.meetings.order_by("starts_at").first()
    sign_in(tutor.user)

    page.goto(f"/b/school/registers/?day={timezone.localtime(meeting.starts_at):%Y-%m-%d}")
    look(page)
    page.goto(f"/b/school/registers/{meeting.pk}/")
    look(page)
    page.context.set_offline(True)
    page.get_by_role("button", name=re.compile("Present.*Zara Khan")).click()
    page.get_by_role("button", name=re.compile("Late.*Omar Khan")).click()
    expect(page.get_by_text("No network")).to_be_visible()
    expect(page.locator("[data-unsent]")).to_contain_text("2")
    assert not AttendanceMark.objects.exists()
    look(page)

    page.context.set_offline(False)
    expect(page.locator("[data-unsent]")).to_be_hidden()
    assert set(AttendanceMark.objects.values_list("child__given_name", "state")) == {
        ("Zara", "present"),
        ("Omar", "late"),
    }
    page.get_by_role("link", name=re.compile("life-threatening.*Zara Khan")).click()
    expect(page.get_by_text("Bee stings")).to_be_visible()
    look(page)
    page.go_back()
    page.get_by_role("link", name=re.compile("Home.*Zara Khan")).click()
    look(page)
    page.get_by_role("button", name="Amna Khan").click()
    expect(page.get_by_text("Zara has gone home.")).to_be_visible()
    page.goto("/b/school/on-site/")
    expect(page.get_by_text("Omar Khan")).to_be_visible()
    expect(page.get_by_text("Zara Khan")).to_have_count(0)
    look(page)
    page.goto(f"/b/school/registers/{meeting.pk}/print/")
    look(page)
    assert Guardian.objects.get(pk=mother.pk) == AttendanceMark.objects.get(child=zara).collected_by_guardian


@WIDTHS
def test_the_office_enters_a_statement_reads_its_reports_and_draws_a_ballot(
    sign_in, page, school, offer, look, width
):
    page.set_viewport_size({"width": width, "height": 800})
    school.requires_second_factor = False
    school.save()
    chess = offer("Chess", capacity=3, days=20, price=40)
    mother = GuardianFactory(institution=school, name="Amna Khan", household__reference="F00012")
    zara, _omar = (ChildFactory(institution=school, given_name=name, of=mother) for name in ("Zara", "Omar"))
    acts.book(session=chess, child=zara, by=mother)
    sign_in(MembershipFactory(institution=school, role=Role.OFFICE).user)

    # A child among hundreds, by a few letters.
    page.goto("/at/school/staff/counter/book/")
    page.get_by_label("Child", exact=True).press_sequentially("om")
    expect(page.locator("datalist option")).to_have_attribute("value", re.compile("Omar Khan"))
    page.get_by_label("Session", exact=True).fill("chess")
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text("Omar Khan has a place")).to_be_visible()
    page.get_by_label("Child", exact=True).fill("khan")
    page.get_by_label("Session", exact=True).fill("chess")
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("radio")).to_have_count(2)
    look(page)

    text = "Date,Description,Amount\n2027-01-05,CLUB F00012,80.00\n2027-01-06,Interest,1.00\n"
    file = {"name": "bank.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.goto("/at/school/staff/counter/statement/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Go through it").click()
    look(page)
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Take it over").click()
    look(page)
    page.get_by_role("button", name="Enter the ticked payments").click()
    expect(page.get_by_text("1 payment is entered")).to_be_visible()
    page.get_by_role("link", name="Undo").click()
    look(page)
    page.get_by_label("Why").fill("wrong family")
    page.get_by_role("button", name="Undo the match").click()
    page.get_by_role("link", name=re.compile("Look.*80")).click()
    look(page)

    for report in ("Numbers", "Income", "Waiting", "Attendance"):
        page.goto("/at/school/staff/reports/")
        page.get_by_role("navigation", name="Reports").get_by_role("link", name=report).click()
        expect(page.get_by_role("table")).to_be_visible()
        look(page)

    now = timezone.now()
    drawn = ballot.open_ballot(
        term=chess.term,
        name="Winter draw",
        opens_at=now - timedelta(hours=2),
        closes_at=now + timedelta(hours=1),
        sessions=[offer("Choir", days=25)],
        staff=None,
    )
    choir = drawn.sessions.get()
    ballot.wish(ballot=drawn, child=zara, sessions=[choir], by=mother)
    Ballot.objects.update(closes_at=now)
    page.goto("/at/school/staff/bookings/ballot/")
    page.get_by_role("link", name="Wishes and draw").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Draw").click()
    expect(page.get_by_role("heading", name="What will be published")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Draw again and compare").click()
    expect(page.get_by_text("The seed keeps its promise")).to_be_visible()
    look(page)
    page.goto("/at/school/staff/bookings/ballot/add/")
    look(page)


def kept(page):
    """The worker has put the day's pages on the phone."""
    page.wait_for_selector("html[data-kept]", state="attached")


@WIDTHS
def test_a_register_opens_and_is_marked_without_a_network_and_both_marks_are_kept(
    sign_in, page, school, offer, look, width, expected_faults
):
    expected_faults.append("net::ERR_")
    page.set_viewport_size({"width": width, "height": 800})
    tutor = TutorFactory(institution=school, user=UserFactory())
    meetings = []
    for name in ("Chess", "Choir"):
        session = offer(name, days=-0.005, tutor=tutor)
        child = ChildFactory(institution=school, given_name=f"{name}child")
        acts.force(session=session, child=child, staff=UserFactory(), reason="late")
        meetings.append(session.meetings.order_by("starts_at").first())
    chess, choir = (f"/b/school/registers/{meeting.pk}/" for meeting in meetings)
    sign_in(tutor.user)
    page.goto("/b/school/registers/")
    kept(page)

    page.context.set_offline(True)
    page.goto(chess)
    page.get_by_role("button", name=re.compile("Present.*Chesschild")).click()
    page.goto(choir)
    page.get_by_role("button", name=re.compile("Late.*Choirchild")).click()
    expect(page.get_by_text("No network")).to_be_visible()
    expect(page.locator("[data-unsent]")).to_contain_text("2")
    look(page)
    page.goto(f"{chess}print/")
    expect(page.get_by_text("not kept on the phone")).to_be_visible()
    look(page)
    page.get_by_role("link", name="Today's registers").click()
    expect(page.locator("[data-unsent]")).to_contain_text("2")

    # Somebody else marks one of the two meanwhile: later than the phone did.
    child = meetings[1].session.bookings.get().child
    attendance.mark(meeting=meetings[1], child=child, state="absent", by=UserFactory(name="Sara"))
    page.context.set_offline(False)
    expect(page.locator("[data-unsent]")).to_be_hidden()
    assert set(AttendanceMark.objects.values_list("child__given_name", "state")) == {
        ("Chesschild", "present"),
        ("Choirchild", "absent"),
    }
    page.goto(choir)
    look(page)
    page.get_by_role("button", name=re.compile("Take this one")).click()
    expect(page.get_by_role("button", name=re.compile("Late.*Choirchild"))).to_have_attribute(
        "aria-pressed", "true"
    )

    # Whoever signs out leaves nothing behind.
    page.goto("/account/logout/")
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url(lambda address: "logout" not in address)
    assert not [name for name in page.evaluate("caches.keys()") if name.startswith("registers of")]


@WIDTHS
def test_a_family_gives_its_wishes_and_draws_again_in_its_own_browser(
    sign_in, page, school, offer, look, width
):
    page.set_viewport_size({"width": width, "height": 800})
    sessions = [offer("Chess", capacity=2, days=20), offer("Choir", capacity=1, days=21)]
    now = timezone.now()
    drawn = ballot.open_ballot(
        term=sessions[0].term,
        name="Winter draw",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        sessions=sessions,
        staff=None,
        most_wishes=2,
        most_places=2,
    )
    for session in sessions:
        session.refresh_from_db()
    for _number in range(5):
        guardian = GuardianFactory(institution=school)
        child = ChildFactory(institution=school, of=guardian)
        ballot.wish(ballot=drawn, child=child, sessions=sessions, by=guardian)
    mother = GuardianFactory(institution=school)
    ChildFactory(institution=school, given_name="Zara", of=mother)
    sign_in(mother.user)
    page.goto("/b/school/")
    page.get_by_role("link", name="Choir").click()
    look(page)
    page.get_by_role("link", name="To the wishes").click()
    look(page)
    page.get_by_label("Dearest wish").select_option(index=2)
    page.get_by_role("button", name="Keep the wishes").click()
    expect(page.get_by_text("in the draw")).to_be_visible()

    Ballot.objects.update(closes_at=timezone.now() - timedelta(seconds=1))
    drawn.refresh_from_db()
    ballot.draw(ballot=drawn, staff=None)
    ballot.publish(ballot=drawn, staff=None)
    page.reload()
    look(page)
    page.get_by_role("button", name="Draw again in this browser").click()
    expect(page.get_by_text("the same places come out")).to_be_visible()
    DrawResult.objects.filter(outcome="placed").first().delete()
    page.get_by_role("button", name="Draw again in this browser").click()
    expect(page.get_by_text("Something else comes out")).to_be_visible()


@WIDTHS
def test_a_family_pays_for_a_place_while_it_is_held_and_reads_the_receipt(
    sign_in, page, school, offer, look, live_server, settings, width
):
    settings.SITE_URL, settings.CARD_PAYMENTS = live_server.url, "local"
    page.set_viewport_size({"width": width, "height": 800})
    offer("Chess", price=1500, activity__paying="now")
    mother = GuardianFactory(institution=school)
    ChildFactory(institution=school, given_name="Zara", of=mother)
    sign_in(mother.user)
    page.goto("/b/school/")
    page.get_by_role("link", name="Chess").click()
    page.get_by_role("button", name="Book a place").click()
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("heading", name="Held for you")).to_be_visible()
    look(page)
    page.get_by_role("link", name="To my family's page").click()
    expect(page.get_by_text("Pay for Zara: Chess")).to_be_visible()
    look(page)
    page.get_by_role("link", name="Pay", exact=True).first.click()
    look(page)
    page.get_by_role("button", name="Pay by card").click()
    look(page)
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", name="Paid, thank you")).to_be_visible()
    look(page)
    receipt = page.get_by_role("link", name="Receipt").get_attribute("href")
    assert page.request.get(receipt).body().startswith(b"%PDF")
    assert Booking.objects.get().state == "confirmed"
    page.goto("/b/school/family/")
    expect(page.get_by_text("Nothing is due.")).to_be_visible()
