"""Roll-number slips: issued with a final datesheet, found by their code and by nothing else."""

import re
from datetime import timedelta

import pytest
from django.test.utils import override_script_prefix
from django.urls import reverse

from projects.models import Change
from scheduling import models, publishing, slips
from scheduling.documents import slip_sheets
from scheduling.documents.plan import Plan
from scheduling.documents.prints import Press
from scheduling.models import Publication, Slip

from ..factories.projects import ProjectFactory
from .printed import SeatedWorld, printed, text_of, text_of_xlsx

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return SeatedWorld()


@pytest.fixture
def published(world):
    world.make_whole()
    world.publication = publishing.publish(project=world.project, kind="final")
    return world


def slip_of(world, number: int) -> Slip:
    return Slip.objects.get(student=world.students[number - 1])


def address(project) -> str:
    return reverse("scheduling:slip", args=[project.institution.slug, project.slug])


# --- issuing ----------------------------------------------------------------------------------------------
def test_a_draft_gives_nobody_a_slip(world):
    publishing.publish(project=world.project, kind="draft")
    assert not Slip.objects.exists()


def test_each_candidate_gets_a_slip_with_a_code_of_their_own(published):
    codes = set(Slip.objects.for_project(published.project).values_list("code", flat=True))
    assert len(codes) == 3
    assert all(re.fullmatch(f"[{slips.LETTERS}]{{12}}", code) for code in codes)


def test_the_history_knows_of_slips_and_no_code(published):
    lines = Change.objects.filter(model=Slip._meta.label_lower)
    told = str([(line.label, line.before, line.after) for line in lines])
    assert lines
    for code in Slip.objects.for_project(published.project).values_list("code", flat=True):
        assert code not in told


def issue_again(published):
    return slips.hand_out(slips.make_out(solution=published.solution), project=published.project)


def test_a_slip_that_says_the_same_keeps_its_issue(published):
    publishing.publish(project=published.project, kind="final")
    assert set(Slip.objects.values_list("issue", flat=True)) == {1}


def test_only_whose_seat_changed_gets_a_new_issue_and_keeps_the_code(published):
    codes = dict(Slip.objects.values_list("student_id", "code"))
    published.solution.seatings.filter(student=published.students[0]).update(label="Z9")
    assert issue_again(published) == 1
    assert [slip_of(published, n).issue for n in (1, 2, 3)] == [2, 1, 1]
    assert dict(Slip.objects.values_list("student_id", "code")) == codes


# --- on paper ---------------------------------------------------------------------------------------------
def test_before_publication_a_slip_is_a_draft_without_code(world):
    shown = text_of(printed(world, "slips"))
    assert "Not valid as a slip" in shown
    assert "Not yet placed" in shown
    assert "Slip code" not in shown


def test_a_slip_tells_room_seat_issue_and_code(published):
    shown = text_of(printed(published, "slips", only="001"))
    for expected in ("001", "fall student 1", "ALG", "X, A1", "BS Physics"):
        assert expected in shown
    assert slip_sheets.shown_code(slip_of(published, 1).code) in shown


def test_a_withheld_slip_is_not_printed_but_listed(published):
    assert "fall student 2" not in text_of(printed(published, "slips"))
    listed = text_of_xlsx(printed(published, "slips_withheld", "xlsx"))
    assert "fall student 2" in listed
    assert "the accounts office" in listed
    assert "fall student 1" not in listed


def test_slips_come_in_a_file_a_programme(published, tmp_path):
    law = models.Programme.objects.create(project=published.project, name="LLB Law")
    models.Student.objects.filter(pk=published.students[2].pk).update(programme=law)
    files = slips_written(published, tmp_path)
    assert files == ["fall-slips-bs-physics.pdf", "fall-slips-llb-law.pdf"]


def test_programmes_whose_names_come_to_the_same_have_a_file_each(published, tmp_path):
    for name, student in zip(("B.Sc. Law", "BSc Law"), published.students[1:], strict=True):
        law = models.Programme.objects.create(project=published.project, name=name)
        models.Student.objects.filter(pk=student.pk).update(programme=law)
    models.Hold.objects.all().delete()
    files = slips_written(published, tmp_path)
    assert sorted(files)[:2] == ["fall-slips-bs-physics.pdf", "fall-slips-bsc-law-2.pdf"]
    assert len(set(files)) == len(list(tmp_path.iterdir())) == 3


def slips_written(world, folder) -> list[str]:
    return [file.name for file in Press(world.solution).write("slips", "pdf", folder)]


# --- online -----------------------------------------------------------------------------------------------
def ask(client, world, code: str):
    return client.post(address(world.project), {"code": code})


def test_a_student_finds_the_own_slip_however_the_code_is_typed(client, published):
    code = slip_of(published, 1).code
    for typed in (code, slip_sheets.shown_code(code).lower(), f" {code[:6]} {code[6:]} ".replace("0", "o")):
        response = ask(client, published, typed)
        page = response.content.decode()
        assert "fall student 1" in page
        assert "A1" in page
        assert "14:00–15:30" in page
        assert "no-store" in response["Cache-Control"]


def test_the_page_shows_nobody_elses_exams(client, published):
    page = ask(client, published, slip_of(published, 3).code).content.decode()
    assert "fall student 3" in page
    assert "fall student 1" not in page
    exams = slips.exams_of(slip_of(published, 3), published.publication)
    assert [exam.seat for exam in exams] == ["A1", "B1"]


def test_rooms_and_seats_are_shown_only_if_the_publisher_says_so(client, world):
    world.make_whole()
    publication = publishing.publish(project=world.project, kind="final", shows_rooms=False)
    assert {exam.seat for exam in slips.exams_of(slip_of(world, 1), publication)} == {""}
    assert "paper slip" in ask(client, world, slip_of(world, 1).code).content.decode()
    assert all(row["rooms"] == [] for row in publication.table)


def test_extra_time_is_on_the_own_slip(published):
    models.AccessArrangement.objects.create(
        project=published.project, student=published.students[0], kind="extra time", extra_percent=25
    )
    exams = slips.exams_of(slip_of(published, 1), published.publication)
    assert exams[0].ends == "15:53"


def test_extra_time_that_has_run_out_is_on_no_slip(published):
    models.AccessArrangement.objects.create(
        project=published.project,
        student=published.students[0],
        kind="extra time",
        extra_percent=25,
        valid_until=published.periods[1].date - timedelta(days=1),
    )
    assert slips.exams_of(slip_of(published, 1), published.publication)[0].ends == "15:30"
    assert issue_again(published) == 0


def test_a_withheld_slip_says_to_whom_to_go_and_not_why_the_office_thinks_so(client, published):
    page = ask(client, published, slip_of(published, 2).code).content.decode()
    assert "the accounts office" in page
    assert "July" not in page
    assert "fall student 2" not in page
    assert "ALG" not in page


def test_a_code_of_another_season_or_none_gets_the_same_answer(client, published):
    other = ProjectFactory(institution=published.project.institution)
    foreign = Slip.objects.create(
        project=other, student=models.Student.objects.create(project=other, roll_no="1"), code="0" * 12
    )
    answers = {
        re.sub(r'(value|content)="[^"]*"', "", ask(client, published, code).content.decode())
        for code in (foreign.code, "123456789ABC", "x", "")
    }
    assert len(answers) == 1
    assert "There is no slip with that code" in answers.pop()


def test_who_guesses_is_slowed_down_and_who_has_a_slip_is_not(client, published):
    code = slip_of(published, 1).code
    for _n in range(15):
        assert ask(client, published, code).status_code == 200
    statuses = [ask(client, published, f"{n:012}").status_code for n in range(12)]
    assert statuses[:10] == [200] * 10
    assert statuses[-1] == 429


def test_a_withdrawn_or_draft_datesheet_shows_no_slip(client, published):
    code = slip_of(published, 1).code
    publishing.withdraw(publication=published.publication, because="Flood.")
    assert "fall student 1" not in ask(client, published, code).content.decode()
    publishing.publish(project=published.project, kind=Publication.Kind.DRAFT)
    assert "fall student 1" not in ask(client, published, code).content.decode()


def test_the_code_stands_behind_the_hash_where_no_server_sees_it(published, settings):
    settings.SITE_URL = "https://exams.example.edu"
    found = slip_sheets.slip_address(Plan(published.solution), "ABC")
    assert found == f"https://exams.example.edu{address(published.project)}#ABC"


def test_the_address_on_a_slip_leads_outside_also_when_staff_look_at_it(published, settings):
    """Inside a tenant's pages every address gets the tenant's prefix: a slip is a page outside."""
    settings.SITE_URL = "https://exams.example.edu"
    with override_script_prefix("/at/fall/autumn/"):
        found = slip_sheets.slip_address(Plan(published.solution), "ABC")
    assert found == f"https://exams.example.edu{address(published.project)}#ABC"
