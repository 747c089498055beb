"""Who is not signed in is led to the form for it, as a page of its own."""

import pytest

pytestmark = pytest.mark.django_db

PART = "/at/here/season/staff/runs/1/progress/"


def test_a_page_leads_to_the_form_and_back(client):
    response = client.get(PART)
    assert response.status_code == 302
    assert response["Location"] == f"/account/login/?next={PART}"


def test_a_part_of_a_page_has_the_page_asked_for_again(client):
    response = client.get(PART, headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"
    assert not response.content
