"""The published datesheet as parents and students find it, on a desk and on a telephone."""

import re

import pytest
from playwright.sync_api import expect

from scheduling import publishing
from scheduling.models import Exam, Programme, Publication

from .seasons import planned_season

pytestmark = pytest.mark.django_db(transaction=True)

LONG_TITLE = "Comparative Constitutional Development of South Asia and Electroencephalographically Guided Law"


@pytest.fixture
def season():
    project = planned_season()
    Exam.objects.for_project(project).filter(code="C-1").update(title=LONG_TITLE)
    Programme.objects.for_project(project).update(name="BS (Hons) Physics and Astrophysics, evening shift")
    return project


@pytest.fixture
def address(season):
    return f"/d/{season.path}/"


def fits(page):
    """Nothing has to be dragged sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [390, 1366])
def test_a_student_reads_the_datesheet(another_page, season, address, assert_accessible, width):
    publishing.publish(project=season, kind=Publication.Kind.FINAL, notice="Bring your identity card.")
    page = another_page(viewport={"width": width, "height": 800})

    page.goto(address)

    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert_accessible(page)
    assert fits(page)
    expect(page.get_by_text("Bring your identity card.")).to_be_visible()
    expect(page.get_by_text("This is a draft.")).to_have_count(0)
    expect(page.get_by_role("heading", level=2)).to_have_text(
        [re.compile("4 January"), re.compile("5 January")]
    )
    row = page.locator("tr", has_text="C-5")
    for words in ("09:00–11:00", "Course 5", "Hall"):
        expect(row).to_contain_text(words)


@pytest.mark.parametrize("width", [390, 1366])
def test_without_scripts_one_looks_for_a_course_in_the_draft(another_page, season, address, width):
    publishing.publish(project=season, kind=Publication.Kind.DRAFT)
    page = another_page(java_script_enabled=False, viewport={"width": width, "height": 800})

    page.goto(address)
    expect(page.get_by_text("This is a draft. Dates and rooms may still change.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("status")).to_have_text("6 exams")
    page.get_by_label("Programme").select_option(label="BS (Hons) Physics and Astrophysics, evening shift")
    page.get_by_label("Course code or title").fill("constitutional")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_role("main").get_by_role("status")).to_have_text("1 exam")
    expect(page.locator("tr", has_text="C-1")).to_contain_text(LONG_TITLE)
    # What would do nothing is not there.
    expect(page.get_by_role("group", name="Colours")).to_be_hidden()
    page.get_by_role("link", name="Show all").click()
    expect(page.get_by_role("main").get_by_role("status")).to_have_text("6 exams")


def test_a_datesheet_that_was_taken_back_says_why(another_page, season, address, assert_accessible):
    publication = publishing.publish(project=season, kind=Publication.Kind.FINAL)
    page = another_page(viewport={"width": 390, "height": 800})
    page.goto(address)
    expect(page.get_by_text("Course 3")).to_be_visible()

    publishing.withdraw(
        publication=publication, because="Hall 3 is flooded; a new datesheet comes on Friday."
    )
    page.reload()

    expect(page.locator("header .badge")).to_have_text(["withdrawn"])
    expect(page.get_by_role("status")).to_contain_text("This datesheet has been taken back")
    expect(page.get_by_role("status")).to_contain_text("Hall 3 is flooded")
    expect(page.get_by_text("Course 3")).to_have_count(0)
    assert_accessible(page)


def test_nothing_is_found_before_it_is_published(another_page, address, expected_faults, assert_accessible):
    expected_faults.append("status of 404")
    page = another_page()

    answer = page.goto(address)

    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
    assert_accessible(page)
