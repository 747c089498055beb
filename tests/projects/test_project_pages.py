"""The pages about a project as a whole, and the institution's settings."""

import pytest

from projects.models import Change, Role
from tests.factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def test_whoever_changes_the_institutions_settings_is_remembered(client):
    here = InstitutionFactory(slug="here", name="Here")
    administrator = MembershipFactory(institution=here, role=Role.ADMINISTRATOR).user
    client.force_login(administrator)
    told = {"name": "There", "language": here.language, "time_zone": "UTC", "currency": here.currency}
    assert client.post("/at/here/staff/institution/", told).status_code == 302
    line = Change.objects.for_institution(here).filter(model="projects.institution").get()
    assert (line.by, line.before[str(here.pk)]["name"], line.after[str(here.pk)]["name"]) == (
        administrator,
        "Here",
        "There",
    )
