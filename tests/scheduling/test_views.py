"""The public datesheet: what the public may see, and nothing else."""

import pytest
from django.urls import reverse

from scheduling import publishing, solving
from scheduling.models import Student

from .worlds import small_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = small_season()
    solving.make_live(solution=solving.solve_now(project=project, steps=1000))
    return project


def address(project) -> str:
    return reverse("scheduling:datesheet", args=[project.institution.slug, project.slug])


def test_an_unpublished_datesheet_is_not_found(client, project):
    assert client.get(address(project)).status_code == 404


def test_the_datesheet_shows_exams_and_no_person(client, project):
    publishing.publish(project=project, kind="final")
    page = client.get(address(project)).content.decode()
    assert "Course 3" in page
    for student in Student.objects.for_project(project):
        assert student.roll_no not in page
        assert student.name not in page


def test_a_draft_says_that_it_is_one(client, project):
    publishing.publish(project=project, kind="draft")
    assert "This is a draft" in client.get(address(project)).content.decode()


def test_it_is_narrowed_by_programme_and_by_words(client, project):
    publishing.publish(project=project, kind="final")
    assert client.get(address(project), {"q": "course 3"}).context["exams"] == 1
    assert client.get(address(project), {"programme": "BS Physics"}).context["exams"] == 6
    nothing = client.get(address(project), {"programme": "BS Magic"})
    assert "No exam fits" in nothing.content.decode()


def test_a_datesheet_that_was_taken_back_says_why(client, project):
    publication = publishing.publish(project=project, kind="final")
    publishing.withdraw(publication=publication, because="The hall is flooded.")
    page = client.get(address(project)).content.decode()
    assert "The hall is flooded." in page
    assert "Course 3" not in page


def test_an_unchanged_page_is_not_sent_again(client, project):
    publishing.publish(project=project, kind="final")
    first = client.get(address(project))
    again = client.get(address(project), headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_the_page_takes_few_queries(client, project, django_assert_max_num_queries):
    publishing.publish(project=project, kind="final")
    with django_assert_max_num_queries(2):
        client.get(address(project))
