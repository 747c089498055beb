"""The page of prints: what can be made, a look at it, and what is under way."""

import pytest
from django.core.files.base import ContentFile

from projects import files
from projects.models import FileKind, ProjectRole, StoredFile
from scheduling import models, printing, tasks
from scheduling.admin.prints_page import GROUPS
from scheduling.documents.prints import PRINTS

from .printed import SeatedWorld, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return SeatedWorld()


@pytest.fixture
def season(world):
    return world.project


def without_seats(world) -> None:
    models.Seating.objects.all().delete()
    models.Duty.objects.all().delete()


def test_every_print_has_its_place_on_the_page():
    assert sorted(code for _name, codes in GROUPS for code in codes) == sorted(PRINTS)


def test_what_has_no_seats_or_duties_is_not_offered_and_why(world, alice_pages):
    assert "Make the seats first" not in alice_pages.get("prints/").content.decode()
    without_seats(world)
    page = alice_pages.get("prints/").content.decode()
    assert "Make the seats first" in page
    assert "Make the duties first" in page
    assert page.count("disabled") >= sum(each.needs != "" for each in PRINTS.values())


def test_asked_for_all_the_same_it_is_refused_or_left_out(world):
    without_seats(world)
    ask = {"solution": world.solution, "formats": ["pdf"], "language": "en", "by": None}
    assert printing.request_prints(codes=["by_day", "attendance"], **ask) == 1
    with pytest.raises(printing.CannotPrint, match="Make the seats first"):
        printing.request_prints(codes=["attendance"], **ask)


@pytest.mark.parametrize("code", [each.code for each in PRINTS.values()])
def test_each_print_can_be_looked_at_before_it_is_made(alice_pages, code):
    response = alice_pages.get(f"prints/{code}/preview/", language="ur")
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF")


def test_a_look_at_all_shows_the_first_page_of_each(world, alice_pages):
    page = alice_pages.get("prints/look/", language="ur").content.decode()
    for code in PRINTS:
        assert f"prints/{code}/picture/?language=ur" in page
    assert alice_pages.get("prints/slips/picture/").content.startswith(b"\x89PNG")
    without_seats(world)
    assert "prints/slips/picture/" not in alice_pages.get("prints/look/").content.decode()
    assert alice_pages.get("prints/slips/picture/").status_code == 404


def test_a_preview_of_a_mass_print_is_of_few(world, alice_pages, monkeypatch):
    monkeypatch.setattr("scheduling.documents.prints.PREVIEWED", 1)
    shown = text_of(alice_pages.get("prints/by_student/preview/").content)
    assert "fall student 1" in shown
    assert "fall student 3" not in shown


def test_what_waits_and_how_far_it_is_stands_on_the_page(world, alice_pages, monkeypatch):
    printing._hand_over(world.solution, "slips", "pdf", "en", None)
    assert "waits for a worker" in alice_pages.get("prints/made/").content.decode()
    printing._note(world.project, "slips", "pdf", "en", 500, 30029)
    page = alice_pages.get("prints/made/").content.decode()
    assert "30029" in page.replace(",", "")
    assert tasks.make_print(world.solution.pk, "slips", "pdf", "en", None) == 1
    assert printing.under_way(world.project) == []
    assert "fall-slips-bs-physics-1.pdf" in alice_pages.get("prints/made/").content.decode()


def test_why_a_print_was_not_made_is_told(world, alice_pages):
    models.Hold.objects.all().delete()
    assert tasks.make_print(world.solution.pk, "slips_withheld", "pdf", "en", None) == 0
    assert "nothing to put on this print" in alice_pages.get("prints/made/").content.decode()


def test_each_file_is_kept_as_soon_as_it_is_there(world, monkeypatch):
    seen: list[int] = []
    store = files.store
    monkeypatch.setattr("scheduling.printing.files.store", lambda **kept: seen.append(1) or store(**kept))
    made = tasks.make_print(world.solution.pk, "attendance", "pdf", "en", None)
    assert made == len(seen) == 2  # a file a period


def test_a_photo_is_on_the_slip_and_the_attendance_sheet(world):
    kept = files.store(
        project=world.project, file=ContentFile(b"not a picture", "001.jpg"), kind=FileKind.OUTPUT, by=None
    )
    models.StudentPhoto.objects.create(project=world.project, student=world.students[0], file=kept)
    for code in ("slips", "attendance"):
        assert tasks.make_print(world.solution.pk, code, "pdf", "en", None) >= 1


@pytest.mark.parametrize(
    ("code", "name"),
    [("slips", "fall-slips-bs-physics-1.pdf"), ("slips_withheld", "fall-slips-withheld-1.pdf")],
)
def test_codes_and_confidences_are_not_for_viewers(code, name, world, alice_pages, pages_of):
    """Not to look at, not among the pictures, not in the files that were made."""
    for made in (code, "by_day"):
        printing.make_print(solution=world.solution, code=made, format="pdf", language="en", by=None)
    assert name in alice_pages.get("prints/").content.decode()
    file = StoredFile.objects.get(name=name)
    viewer = pages_of(ProjectRole.VIEWER)
    for page in ("prints/", "prints/look/", "prints/made/", ""):
        shown = viewer.get(page).content.decode()
        assert name not in shown
        assert f"prints/{code}/" not in shown
    assert "fall-by-day-1.pdf" in viewer.get("prints/made/").content.decode()
    assert "Only planners look at it" in viewer.get("prints/").content.decode()
    assert viewer.get(f"prints/{code}/preview/").status_code == 403
    assert viewer.get(f"prints/{code}/picture/").status_code == 403
    assert viewer.get("prints/door_notice/preview/").status_code == 200
    assert viewer.get(f"files/{file.pk}/").status_code == 404


def test_who_needs_a_reader_is_for_planners():
    assert PRINTS["access_list"].is_confidential
