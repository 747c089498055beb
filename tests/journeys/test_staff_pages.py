"""The staff's pages to people who may not change them, to strangers, in the dark and on a telephone."""

from itertools import cycle

import pytest
from playwright.sync_api import expect

from projects import savepoints
from projects.models import Change, ProjectRole
from scheduling import publishing
from scheduling.models import Duty, Exam, Publication, Seating, Solution
from tests.factories.accounts import UserFactory

from .seasons import member, staffed_season

pytestmark = pytest.mark.django_db(transaction=True)

# Every page in both widths and both themes; page by page it is the other pairs.
SCREENS = [((1366, "light"), (390, "dark")), ((1366, "dark"), (390, "light"))]


@pytest.fixture
def season():
    return staffed_season()


@pytest.fixture
def pages(season):
    """The addresses of the pages on which planners work."""
    solution = Solution.objects.for_project(season).get()
    exam = Exam.objects.for_project(season).first()
    seating = Seating.objects.for_project(season).order_by("pk").first()
    seat_map = f"solutions/{solution.pk}/seats/{seating.period_id}/{seating.room_id}/"
    duty = Duty.objects.for_project(season).get(teacher=None)
    teacher = Duty.objects.for_project(season).filter(teacher__isnull=False).first().teacher_id
    return [
        "",
        "scheduling/student/",
        "scheduling/exam/",
        f"scheduling/exam/{exam.pk}/change/",
        f"scheduling/exam/{exam.pk}/history/",
        "rules/",
        "calendar/",
        "solve/",
        f"runs/{solution.run.pk}/",
        f"solutions/{solution.pk}/",
        f"solutions/{solution.pk}/datesheet/?exam={exam.pk}",
        f"solutions/{solution.pk}/datesheet/?exam={exam.pk}&move={exam.sittings.get().pk}",
        "seats/",
        "seats/what-fits/",
        f"solutions/{solution.pk}/seats/",
        f"solutions/{solution.pk}/seats/changes/",
        f"{seat_map}?seat={seating.row}-{seating.column}-{seating.side}",
        "duties/",
        f"solutions/{solution.pk}/roster/?teacher={teacher}",
        f"solutions/{solution.pk}/roster/?by=session",
        f"solutions/{solution.pk}/roster/{duty.pk}/",
        "scheduling/staffingstep/",
        "publish/",
        "prints/",
        "project/",
        "projects/projectmember/",
        "projects/savepoint/",
        "projects/change/",
    ]


def test_a_viewer_sees_all_and_can_change_nothing(sign_in, season, pages):
    page = sign_in(member(season, ProjectRole.VIEWER))
    before = Change.objects.count()
    home = f"/at/{season.path}/staff/"
    page.goto(home)
    listed = page.locator("#navigation a").evaluate_all("links => links.map(link => link.pathname)")
    assert len(listed) > 20
    for address in {*(home + path for path in pages), *listed}:
        assert page.goto(address).ok, address
        changing = page.locator("main form[method=post] button, main .submit-row input").all_inner_texts()
        # A look at what a calendar would give writes nothing.
        assert set(changing) <= {"Show what comes out"}, address
    page.goto(home + "rules/")
    expect(page.locator("form.rules :is(input:not([type=hidden]), select):enabled")).to_have_count(0)
    assert Change.objects.count() == before


def test_a_stranger_finds_nothing(sign_in, season, pages, expected_faults):
    expected_faults.append("status of 404")
    page = sign_in(UserFactory(name="Mallory"))
    page.goto("/")
    expect(page.get_by_text("You are not a member of any institution yet.")).to_be_visible()
    for path in pages:
        answer = page.goto(f"/at/{season.path}/staff/{path}")
        assert answer.status == 404, path
        for word in (season.name, season.institution.name, "Course 1", "Student 1"):
            assert word not in page.inner_text("body"), path


def test_the_main_pages_are_in_good_order_for_all_eyes_and_screens(sign_in, season, pages, assert_accessible):
    owner = member(season, ProjectRole.OWNER)
    page = sign_in(owner)
    savepoints.make(project=season, name="Before all", by=owner)
    publishing.publish(project=season, kind=Publication.Kind.DRAFT, by=owner)
    faults = []
    for path, screens in zip([*pages, "uploads/"], cycle(SCREENS), strict=False):
        page.goto(f"/at/{season.path}/staff/{path}")
        for width, theme in screens:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            try:
                assert_accessible(page)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "too wide"
            except AssertionError as fault:
                faults.append(f"{path or 'overview'}, {width} px, {theme}: {fault}")
    assert not faults, "\n".join(faults)


def test_what_a_plan_uses_stays_and_says_which_plan(sign_in, season):
    page = sign_in(member(season))
    page.goto(f"/at/{season.path}/staff/scheduling/room/")
    page.get_by_role("link", name="Hall", exact=True).click()
    page.get_by_role("link", name="Remove").click()
    expect(page.get_by_role("main")).to_contain_text("It is still needed by these.")
    page.get_by_role("main").get_by_role("link", name="Solution 1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Solution 1")
