"""A planner's first hour: sheets in, periods from the calendar, rules, a look at the datesheet, a pin."""

import pytest

from projects.models import ProjectMember, ProjectRole
from scheduling.models import Course, Exam, FixedPlacement, Period, Placement, Room, Sitting
from tests.factories.accounts import UserFactory
from tests.factories.projects import ProjectFactory, ProjectMemberFactory
from tests.factories.scheduling import SolutionFactory

STUDENTS = "Roll No,Name\nR1,Ayesha Khan\nR2,Bilal Malik\n"
COURSES = "Course Code,Title\nMT-101,Calculus\nPH-101,Mechanics\n"
REGISTRATIONS = "Roll No,Course Code\nR1,MT-101\nR1,PH-101\nR2,MT-101\n"
ROOMS = "Room,Exam Capacity\nHall 1,40\n"
FILES = {"students": STUDENTS, "courses": COURSES, "registrations": REGISTRATIONS, "rooms": ROOMS}


@pytest.fixture
def season(transactional_db):
    project = ProjectFactory()
    ProjectMemberFactory(project=project, user=UserFactory(name="Alice"), role=ProjectRole.PLANNER)
    return project


@pytest.fixture
def desk(sign_in, season):
    page = sign_in(ProjectMember.objects.get(project=season).user)
    page.goto(f"/at/{season.path}/staff/")
    return page


def test_a_season_grows_from_sheets_to_a_pinned_exam(desk, season, tmp_path, assert_accessible):
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    desk.get_by_role("link", name="Upload", exact=True).click()
    assert_accessible(desk)
    desk.set_input_files("input[type=file]", [tmp_path / f"{name}.csv" for name in FILES])
    desk.get_by_role("button", name="Upload and read").click()
    assert_accessible(desk)
    desk.get_by_role("button", name="Take over").click()
    desk.get_by_role("link", name="To the overview").click()
    assert Course.objects.for_project(season).count() == 2
    assert Room.objects.for_project(season).get().exam_capacity == 40

    desk.get_by_role("link", name="Make periods").click()
    desk.get_by_label("First day").fill("2027-01-04")
    desk.get_by_label("Last day").fill("2027-01-05")
    desk.get_by_role("button", name="Show what comes out").click()
    assert_accessible(desk)
    desk.get_by_role("button", name="Make 4 periods").click()
    assert Period.objects.for_project(season).count() == 4

    desk.goto(f"/at/{season.path}/staff/rules/")
    assert_accessible(desk)
    desk.get_by_role("button", name="School board").click()
    desk.get_by_role("button", name="Keep these rules").click()
    desk.get_by_text("The rules are kept").wait_for()

    solution = a_plan(season)
    desk.goto(f"/at/{season.path}/staff/solutions/{solution.pk}/datesheet/")
    assert_accessible(desk)
    desk.locator(".entry a").first.click()
    desk.get_by_role("button", name="Pin it here").click()
    desk.get_by_role("button", name="Take the pin out").wait_for()
    assert_accessible(desk)
    assert FixedPlacement.objects.for_project(season).count() == 1


def a_plan(season):
    """Every exam in the first period."""
    solution = SolutionFactory(project=season)
    period = Period.objects.for_project(season).first()
    for sitting in Sitting.objects.for_project(season):
        Placement.objects.create(project=season, solution=solution, sitting=sitting, period=period)
    assert Exam.objects.for_project(season).count() == 2
    return solution


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1366, "dark")])
def test_the_front_room_is_in_good_order_on_any_screen(desk, season, assert_accessible, width, scheme):
    desk.set_viewport_size({"width": width, "height": 800})
    desk.emulate_media(color_scheme=scheme)
    for address in ("", "scheduling/student/", "scheduling/exam/add/", "calendar/", "rules/", "solve/"):
        desk.goto(f"/at/{season.path}/staff/{address}")
        assert_accessible(desk)
        assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_the_menu_opens_on_a_phone(desk):
    desk.set_viewport_size({"width": 390, "height": 800})
    desk.get_by_role("button", name="Menu").click()
    desk.get_by_role("link", name="Registrations").first.click()
    assert desk.get_by_role("heading", level=1).inner_text().startswith("Registrations")
