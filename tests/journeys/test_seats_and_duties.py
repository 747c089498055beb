"""The day before the exams: a planner moves a candidate, a clerk fills a post, on a telephone too."""

import pytest
from playwright.sync_api import expect

from projects.models import ProjectRole
from scheduling.models import Duty, Seating, SeatPin, Solution, Teacher

from .seasons import member, staffed_season

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def season():
    return staffed_season()


@pytest.fixture
def plan(season):
    return Solution.objects.get(project=season)


def test_a_planner_holds_a_seat_and_moves_a_candidate(sign_in, season, plan):
    page = sign_in(member(season))
    page.goto(f"/at/{season.path}/staff/seats/")
    expect(page.get_by_text("every exam can be seated under this policy")).to_be_visible()
    page.get_by_role("link", name="Look at the rooms").click()
    page.get_by_role("link", name="Hall").first.click()
    seating = Seating.objects.filter(solution=plan).order_by("period__date", "pk").first()
    roll = seating.student.roll_no
    page.get_by_role("link", name=roll).click()
    panel = page.get_by_role("region", name=roll)
    panel.get_by_role("button", name="Hold this seat").click()
    expect(panel.get_by_role("button", name="Take the pin out")).to_be_visible()
    assert SeatPin.objects.get().student == seating.student
    panel.get_by_label("To another chair").select_option(label="F5 · free")
    panel.get_by_role("button", name="Move").click()
    expect(page.get_by_role("main")).to_contain_text("Make it live when it is good")
    expect(page.get_by_role("region", name=f"F5 · {roll}")).to_be_visible()
    draft = Solution.objects.exclude(pk=plan.pk).get()
    assert Seating.objects.get(solution=draft, student=seating.student, period=seating.period).label == "F5"
    assert Seating.objects.get(pk=seating.pk).label == seating.label


def test_a_clerk_gives_an_open_post_on_a_telephone(sign_in, season, plan):
    page = sign_in(member(season, ProjectRole.DUTY_CLERK))
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"/at/{season.path}/staff/solutions/{plan.pk}/roster/?by=session")
    page.get_by_role("table").get_by_role("link", name="open").click()
    row = page.get_by_role("row").filter(has_text="Teacher 3")
    expect(row).to_contain_text("nothing")
    row.get_by_role("button", name="Give Teacher 3").click()
    expect(page.get_by_role("main")).to_contain_text("Make it live when it is good")
    three = Teacher.objects.get(staff_no="T3")
    assert Duty.objects.filter(teacher=three).exclude(solution=plan).exists()


def test_an_exam_is_moved_where_its_price_is_read(sign_in, season, plan):
    page = sign_in(member(season))
    page.goto(f"/at/{season.path}/staff/solutions/{plan.pk}/datesheet/")
    page.get_by_role("link", name="C-0").click()
    page.get_by_role("link", name="Move it").click()
    grid = page.get_by_role("region", name="Datesheet")
    expect(grid).to_contain_text("+4 hard")
    page.once("dialog", lambda dialog: dialog.dismiss())
    grid.get_by_role("button", name="Here Tue 05 Jan A").click()
    assert Solution.objects.count() == 1
    grid.get_by_role("button", name="Here Mon 04 Jan B").click()
    expect(page.get_by_role("main")).to_contain_text("4 candidates have no seat now")
    draft = Solution.objects.exclude(pk=plan.pk).get()
    assert draft.placements.get(sitting__exam__code="C-0").period.label == "B"


def test_the_seat_map_is_read_without_scripts(new_context, season, plan, sign_in, page):
    sign_in(member(season))
    seating = Seating.objects.filter(solution=plan).first()
    plain = new_context(java_script_enabled=False)
    plain.add_cookies(page.context.cookies())
    there = plain.new_page()
    address = f"/at/{season.path}/staff/solutions/{plan.pk}/seats/{seating.period_id}/{seating.room_id}/"
    there.goto(address)
    there.get_by_role("link", name=seating.student.roll_no).click()
    expect(there.get_by_role("region", name=seating.student.roll_no)).to_contain_text(seating.student.name)
