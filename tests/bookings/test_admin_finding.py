"""The counter finds one row among hundreds by a few words, of this institution only, without scripts too."""

import pytest

from bookings.admin.finding import MOST, FindField, find, label
from bookings.models import Booking
from projects.models import Role

from ..factories.bookings import ChildFactory, GuardianFactory, SessionFactory, YearGroupFactory
from ..factories.projects import InstitutionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return InstitutionFactory(slug="school", requires_second_factor=False)


@pytest.fixture
def office(client, school):
    client.force_login(MembershipFactory(institution=school, role=Role.OFFICE).user)
    return client


@pytest.fixture
def amal(school):
    guardian = GuardianFactory(institution=school, household__reference="F00012")
    year = YearGroupFactory(institution=school, name="Year 3")
    return ChildFactory(institution=school, of=guardian, given_name="Amal", year_group=year)


def test_every_word_must_fit_somewhere(school, amal):
    ChildFactory(institution=school, given_name="Amal", family_name="Mirza")
    assert find("child", school, "amal kha") == [amal]
    assert find("child", school, "Amal f00012") == [amal]
    assert len(find("child", school, "amal")) == 2
    assert find("child", school, "amal nobody") == []


def test_the_whole_label_finds_its_own_row(school, amal):
    ChildFactory(institution=school, given_name="Amal")
    assert label("child", amal) == "Amal Khan · Year 3 · F00012"
    assert find("child", school, label("child", amal)) == [amal]


def test_nobody_of_another_school_is_found(school):
    ChildFactory(given_name="Zara")
    assert find("child", school, "Zara") == []


def test_a_household_is_found_by_its_child(school, amal):
    household = amal.guardianships.get().guardian.household
    assert find("household", school, "amal khan") == [household]


def test_several_that_fit_are_offered_and_one_is_chosen(office, school, amal):
    other = ChildFactory(institution=school, given_name="Amal")
    session = SessionFactory(institution=school)
    told = {"child": "amal", "session": str(session)}
    page = office.post("/at/school/staff/counter/book/", told).text
    assert "Several fit" in page
    assert f'value="{other.pk}"' in page
    office.post("/at/school/staff/counter/book/", {**told, "child-found": other.pk})
    assert Booking.objects.get().child == other


def test_what_was_not_offered_cannot_be_chosen(school, amal):
    field = FindField("child")
    field.institution = school
    theirs = ChildFactory()
    assert field.clean(("", str(amal.pk))) == amal
    with pytest.raises(Exception, match="Nothing fits"):
        field.clean(("", str(theirs.pk)))


def test_while_one_types_a_dozen_are_told(office, school, django_assert_max_num_queries):
    ChildFactory.create_batch(MOST + 3, institution=school, given_name="Amal")
    ChildFactory(given_name="Amal")
    with django_assert_max_num_queries(14):
        found = office.get("/at/school/staff/counter/find/child/?q=amal").json()["found"]
    assert len(found) == MOST
    assert office.get("/at/school/staff/counter/find/child/?q=a").json()["found"] == []
    assert office.get("/at/school/staff/counter/find/nonsense/?q=amal").status_code == 404


def test_a_tutor_finds_nobody(client, school, amal):
    client.force_login(MembershipFactory(institution=school, role=Role.TUTOR).user)
    assert client.get("/at/school/staff/counter/find/child/?q=amal").status_code in (403, 404)
