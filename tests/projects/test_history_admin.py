import pytest
from django.utils import timezone

from projects import history
from projects.models import Change, ProjectRole, Role
from scheduling.models import Publication, Room, RuleSetting, Solution
from tests.factories.projects import (
    InstitutionFactory,
    MembershipFactory,
    ProjectFactory,
    ProjectMemberFactory,
)
from tests.factories.scheduling import CourseFactory, RoomFactory, SolutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory(institution=InstitutionFactory(slug="here"), slug="spring")


@pytest.fixture
def alice_page(client, project):
    """alice_page(rest): a page inside the project, as Alice, who plans it."""
    alice = ProjectMemberFactory(project=project, role=ProjectRole.PLANNER, user__name="Alice").user
    client.force_login(alice)
    return lambda rest: client.get(f"/at/here/spring/staff/projects/change/{rest}")


def test_a_project_s_history_shows_its_own_lines_only(alice_page, project):
    RoomFactory(project=project, code="B-OURS")
    RoomFactory(project=ProjectFactory(institution=project.institution), code="B-NEXT-DOOR")
    RoomFactory(code="B-ELSEWHERE")
    page = alice_page("").content.decode()
    assert "B-OURS" in page
    assert "B-NEXT-DOOR" not in page
    assert "B-ELSEWHERE" not in page


def test_the_institution_s_history_is_its_administrators(client, project):
    RoomFactory(project=project, code="B-OURS")
    RoomFactory(code="B-ELSEWHERE")
    client.force_login(MembershipFactory(institution=project.institution, role=Role.ADMINISTRATOR).user)
    page = client.get("/at/here/staff/projects/change/").content.decode()
    assert "B-OURS" in page
    assert "B-ELSEWHERE" not in page


def test_a_line_of_another_project_is_not_there(alice_page):
    room = RoomFactory()
    line = Change.objects.get(row_id=str(room.pk), model="scheduling.room")
    assert alice_page(f"{line.pk}/change/").status_code == 302


def test_the_filters_offer_what_is_in_this_history_only(alice_page, project, client):
    with history.acting(by=MembershipFactory(user__name="Stranger").user):
        RoomFactory()
    with history.acting(by=MembershipFactory(institution=project.institution, user__name="Bob").user):
        RoomFactory(project=project)
    page = alice_page("").content.decode()
    assert "Bob" in page
    assert "Stranger" not in page


def test_history_is_narrowed_to_a_kind_and_to_a_person(alice_page, project):
    by = MembershipFactory(institution=project.institution).user
    with history.acting(by=by):
        RoomFactory(project=project, code="BY-THEM")
    RoomFactory(project=project, code="BY-NOBODY")
    CourseFactory(project=project, code="A-COURSE")
    for asked, shown in (
        ("kind=scheduling.room", {"BY-THEM", "BY-NOBODY"}),
        ("kind=scheduling.course", {"A-COURSE"}),
        (f"who={by.pk}", {"BY-THEM"}),
    ):
        page = alice_page(f"?{asked}").content.decode()
        assert {code for code in ("BY-THEM", "BY-NOBODY", "A-COURSE") if code in page} == shown


def test_a_line_shows_values_before_and_after_in_words(alice_page, project):
    room = RoomFactory(project=project, code="B-1", exam_capacity=30)
    room.exam_capacity = 44
    room.save()
    line = Change.objects.filter(project_id=project.pk).first()
    page = alice_page(f"{line.pk}/change/").content.decode()
    assert str(Room._meta.get_field("exam_capacity").verbose_name) in page
    assert "<td>30</td><td>44</td>" in page


def test_a_rule_is_called_by_its_words(alice_page, project, client):
    setting = RuleSetting.objects.create(project=project, rule="two_in_a_row", weight=3)
    RuleSetting.objects.for_project(project).update(weight=7)
    listed = alice_page("").content.decode()
    assert listed.count("Two exams in a row") == 2
    assert "two_in_a_row" not in listed
    line = Change.objects.get(row_id=str(setting.pk), action="changed")
    assert "Two exams in a row" in alice_page(f"{line.pk}/change/").content.decode()


def test_a_publication_that_is_withdrawn_by_the_next_is_called_by_its_name(alice_page, project):
    solution = SolutionFactory(project=project, name="The May plan")
    Publication.objects.create(project=project, solution=solution, version=4, kind="draft")
    Publication.objects.for_project(project).current().update(withdrawn_at=timezone.now())
    Solution.objects.for_project(project).update(is_live=True)
    page = alice_page("?action=changed").content.decode()
    assert str(Publication.objects.get()) in page
    assert "The May plan" in page


def test_values_that_people_typed_are_text(alice_page, project):
    RoomFactory(project=project, code="<b>B</b>", block="<script>")
    line = Change.objects.filter(project_id=project.pk, model="scheduling.room").get()
    page = alice_page(f"{line.pk}/change/").content.decode()
    assert "<b>B</b>" not in page
    assert "<td><script>" not in page


def test_nothing_in_the_history_can_be_changed(alice_page, project, client):
    RoomFactory(project=project)
    line = Change.objects.filter(project_id=project.pk).first()
    here = f"/at/here/spring/staff/projects/change/{line.pk}"
    assert client.post(f"{here}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{here}/change/", {"reason": "x"}).status_code == 403
    assert client.get("/at/here/spring/staff/projects/change/add/").status_code == 403


def test_a_room_s_history_is_behind_its_own_page(alice_page, project, client):
    room = RoomFactory(project=project, code="B-1", exam_capacity=30)
    Room.objects.for_project(project).update(exam_capacity=31)
    page = client.get(f"/at/here/spring/staff/scheduling/room/{room.pk}/history/").content.decode()
    assert "<td>30</td><td>31</td>" in page
    stranger = RoomFactory()
    assert client.get(f"/at/here/spring/staff/scheduling/room/{stranger.pk}/history/").status_code == 404


def test_a_row_s_history_tells_of_its_own_changes_and_of_bulk_ones(client, project):
    administrator = MembershipFactory(institution=project.institution, role=Role.ADMINISTRATOR)
    other = MembershipFactory(institution=project.institution, role=Role.OFFICE)
    third = MembershipFactory(institution=project.institution, role=Role.OFFICE, user__name="Third")
    type(other).objects.filter(pk__in=[other.pk, third.pk]).update(role=Role.TUTOR)
    client.force_login(administrator.user)
    page = client.get(f"/at/here/staff/projects/membership/{other.pk}/history/").content.decode()
    assert "Together with others: 2 rows." in page
    assert page.count('<section class="card"') == 2
    page = client.get(f"/at/here/staff/projects/membership/{administrator.pk}/history/").content.decode()
    assert "Together with others" not in page
