"""A season from the registrar's workbook to the published datesheet, as its registrar lives it."""

import re

import pytest
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from openpyxl import load_workbook
from playwright.sync_api import expect

from accounts.models import User
from projects.models import Role
from tests.clusters import running_cluster
from tests.factories.projects import InstitutionFactory, MembershipFactory

from .workbooks import write_cell, write_workbook

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PASSWORD = "correct horse 9"
LONG = 240_000  # milliseconds: a worker starts on a machine that has much else to do


@pytest.fixture
def registrar():
    """May open projects at Crescent University."""
    user = User.objects.create_user("registrar@crescent.edu", PASSWORD, name="Registrar")
    user.confirm_email()
    institution = InstitutionFactory(slug="crescent", name="Crescent University")
    MembershipFactory(institution=institution, user=user, role=Role.OFFICE)
    return user


@pytest.fixture
def worker(monkeypatch, database_url):
    """Solves what is asked for."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SOLVE_WORKERS", "1")
    with running_cluster() as process:
        yield process


def test_a_registrar_brings_a_season_from_the_workbook_to_the_public(
    page, another_page, registrar, worker, tmp_path, assert_accessible
):
    sign_in(page)
    open_a_project(page)
    workbook = write_workbook(tmp_path / "spring.xlsx")
    upload_with_faults(page, workbook)
    assert_accessible(page)
    upload_corrected(page, workbook)
    make_periods(page)
    set_rules(page)
    first = solve_once(page)
    watch_and_stop_a_run(page)
    pin_and_solve_on(page, first)
    publish(page, another_page())
    take_a_print_home(page)
    go_back_to_a_save_point(page)
    continue_elsewhere(page, another_page())


def sign_in(page):
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill("registrar@crescent.edu")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My projects")).to_be_visible()


def open_a_project(page):
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name").fill("Spring 2027")
    page.get_by_label("Address").fill("spring-2027")
    page.get_by_label("Term").fill("Spring")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", level=1, name="Spring 2027")).to_be_visible()
    expect(page.get_by_role("region", name="Next step")).to_contain_text("Upload the registrar's workbook")


def upload_with_faults(page, path):
    write_cell(path, "Papers", "C4", "long")
    write_cell(path, "Halls", "C5", "forty")
    page.get_by_role("region", name="Next step").get_by_role("link", name="Upload").click()
    page.get_by_label("Workbooks and sheets").set_input_files(path)
    page.get_by_role("button", name="Upload and read").click()

    # A header that nobody could guess: told once, remembered.
    page.locator("summary", has_text="Enrolled").click()
    page.get_by_label("Stream").select_option("Programme")
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_text("1 column not read")).to_have_count(0)

    # Each fault once, where it is, with what to do.
    errors = page.locator("tr.error")
    expect(errors).to_have_count(2)
    for told in (("Papers", "4", "Duration (hrs)", "long"), ("Halls", "5", "Seating capacity", "forty")):
        cells = errors.filter(has_text=told[-1]).locator("td").all_inner_texts()
        assert cells[1:5] == [*told], cells
        assert cells[5].endswith(".")
    with page.expect_download() as download:
        page.get_by_role("link", name="what to correct").click()
    assert remarks_in(beside(path, download.value)) == {
        ("Papers", 4): "Duration (hrs): Write the minutes as a number, such as 120.",
        ("Halls", 5): "Seating capacity: Write a number in digits.",
    }


def upload_corrected(page, path):
    write_cell(path, "Papers", "C4", 2)
    write_cell(path, "Halls", "C5", 16)
    page.get_by_role("link", name="Upload sheets").first.click()
    page.get_by_label("Workbooks and sheets").set_input_files(path)
    page.get_by_role("button", name="Upload and read").click()
    expect(page.locator("tr.error")).to_have_count(0)
    added = page.locator("table", has=page.get_by_role("columnheader", name="Added"))
    expect(added.locator("tr", has_text="Students").locator("td").first).to_have_text("24")
    expect(added.locator("tr", has_text="Registrations").locator("td").first).to_have_text("72")
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_text("7 exams were made")).to_be_visible()
    page.get_by_role("link", name="To the overview").click()


def beside(path, download):
    """The file that was downloaded, beside the one that was sent."""
    to = path.with_name(download.suggested_filename)
    download.save_as(to)
    return to


def remarks_in(path):
    """(sheet, row) → what to correct there."""
    remarks = {}
    for sheet in load_workbook(path):
        last_column = [cells[-1] for cells in sheet.values]
        if "What to correct" in last_column:
            remarks |= {(sheet.title, row): text for row, text in enumerate(last_column, 1) if text}
    return {place: text for place, text in remarks.items() if text != "What to correct"}


def make_periods(page):
    page.get_by_role("region", name="Next step").get_by_role("link", name="Make periods").click()
    page.get_by_label("First day").fill("2027-01-04")
    page.get_by_label("Last day").fill("2027-01-07")
    page.get_by_role("button", name="Show what comes out").click()
    page.get_by_role("button", name="Make 8 periods").click()
    expect(page.get_by_text("8 periods were made.")).to_be_visible()


def set_rules(page):
    page.get_by_role("link", name="Rules", exact=True).first.click()
    page.get_by_role("button", name="University").click()
    rule = page.get_by_role("group", name="Two exams in a row")
    rule.get_by_role("spinbutton").fill("35")
    page.get_by_role("button", name="Keep these rules").click()
    expect(page.get_by_text("The rules are kept.")).to_be_visible()
    expect(rule.get_by_role("spinbutton")).to_have_value("35")


def start(page, seconds):
    page.get_by_label("How long may it take?").fill(str(seconds))
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1, name=re.compile(r"Run \d+"))).to_be_visible()


def solve_once(page):
    """The name of the solution that came out."""
    page.get_by_role("link", name="Solve", exact=True).click()
    start(page, 2)
    page.get_by_role("main").get_by_role("link", name=re.compile(r"^Solution \d+")).click(timeout=LONG)
    expect(page.locator("dl.figures div", has_text="Hard faults").locator("dd")).to_have_text("0")
    return page.locator("h1").inner_text()


def watch_and_stop_a_run(page):
    page.get_by_role("link", name="Solve on from here").click()
    start(page, 3600)
    page.evaluate("window.isStillThisPage = true")
    time = page.locator("#run-card dl div", has_text="Time").locator("dd")
    expect(time).to_have_text(re.compile(r"\d"), timeout=LONG)
    expect(time).not_to_have_text(time.inner_text(), timeout=LONG)
    assert page.evaluate("window.isStillThisPage")
    page.get_by_role("button", name="Stop and keep the best").click()
    expect(page.locator("#run-card .badge")).to_have_text("cancelled", timeout=LONG)
    expect(page.get_by_role("main").get_by_role("link", name="Solution 2")).to_be_visible()


def cell_of(page, code):
    """Day and column of an exam in the grid."""
    return page.locator(".entry", has_text=code).evaluate(
        "entry => [entry.closest('tr').rowIndex, entry.closest('td').cellIndex]"
    )


def pin_and_solve_on(page, solution):
    page.get_by_role("link", name="Solutions", exact=True).first.click()
    page.get_by_role("link", name=solution, exact=True).click()
    page.get_by_role("main").get_by_role("link", name="Datesheet", exact=True).click()
    where = cell_of(page, "ISL-100")
    page.locator(".entry", has_text="ISL-100").get_by_role("link").click()
    beside = page.get_by_role("region", name="ISL-100")
    expect(beside).to_contain_text("Islamic Studies")
    beside.get_by_role("button", name="Pin it here").click()
    expect(page.locator(".entry.is-pinned")).to_contain_text("ISL-100")

    page.get_by_role("link", name=solution, exact=True).click()
    page.get_by_role("link", name="Solve on from here").click()
    start(page, 1)
    page.get_by_role("main").get_by_role("link", name="Solution 3").click(timeout=LONG)
    page.get_by_role("main").get_by_role("link", name="Datesheet", exact=True).click()
    expect(page.locator(".entry.is-pinned")).to_contain_text("ISL-100")
    assert cell_of(page, "ISL-100") == where


def publish(page, visitor):
    page.get_by_role("link", name="Solution 3", exact=True).click()
    page.get_by_role("button", name="Make live").click()
    expect(page.get_by_text("is the live plan now")).to_be_visible()
    page.get_by_role("link", name="Publish", exact=True).first.click()
    page.get_by_label("Draft").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is on the public page now.")).to_be_visible()
    address = page.get_by_role("region", name="Draft 1").get_by_role("link").get_attribute("href")
    visitor.goto(address)
    expect(visitor.get_by_text("This is a draft.")).to_be_visible()

    page.get_by_label("Final").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 2 is on the public page now.")).to_be_visible()
    visitor.reload()
    expect(visitor.get_by_text("This is a draft.")).to_have_count(0)
    expect(visitor.get_by_role("status")).to_have_text("7 exams")
    visitor.get_by_label("Programme").select_option("BA English")
    visitor.get_by_role("button", name="Show").click()
    expect(visitor.get_by_role("status")).to_have_text("3 exams")
    visitor.get_by_label("Course code or title").fill("novel")
    visitor.get_by_role("button", name="Show").click()
    expect(visitor.get_by_role("status")).to_have_text("1 exam")
    expect(visitor.get_by_role("main")).to_contain_text("ENG-102")


def do_what_waits():
    """The work of the queue of sheets, here and now."""
    for waiting in OrmQ.objects.filter(key="sheets"):
        task = SignedPackage.loads(waiting.payload)
        import_string(task["func"])(*task["args"], **task["kwargs"])
        waiting.delete()


def take_a_print_home(page):
    page.get_by_role("link", name="Prints", exact=True).click()
    page.get_by_label("PDF", exact=True).check()
    page.get_by_role("button", name="Make them").click()
    expect(page.get_by_text("prints are being made")).to_be_visible()
    do_what_waits()
    made = page.get_by_role("region", name="Made so far").get_by_role("link", name=".pdf").first
    with page.expect_download() as download:
        made.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")


def go_back_to_a_save_point(page):
    page.get_by_role("link", name="Save points").click()
    page.get_by_role("link", name="Add save point").first.click()
    page.get_by_label("Name").fill("Before the halls change")
    page.get_by_role("button", name="Save", exact=True).click()

    page.get_by_role("link", name="Rooms", exact=True).click()
    page.get_by_role("link", name="Annexe", exact=True).click()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name="A-1", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Annexe", exact=True)).to_have_count(0)

    page.get_by_role("link", name="Save points").click()
    page.locator("tr", has_text="Before the halls change").get_by_role("link", name="Go back").click()
    page.get_by_role("button", name="Go back").click()
    expect(page.get_by_text("The project is as it was at “Before the halls change”.")).to_be_visible()
    page.get_by_role("link", name="Rooms", exact=True).click()
    expect(page.get_by_role("link", name="Annexe", exact=True)).to_be_visible()


def continue_elsewhere(page, telephone):
    page.get_by_role("link", name="Rules", exact=True).first.click()
    page.wait_for_url("**/rules/")
    sign_in(telephone)
    telephone.get_by_role("link", name="Continue: Spring 2027").click()
    telephone.wait_for_url("**/at/crescent/spring-2027/staff/rules/")
    expect(telephone.get_by_role("heading", level=1, name="Rules")).to_be_visible()
