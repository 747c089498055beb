from datetime import UTC, datetime, timedelta

import pytest

from projects import people
from projects.models import BusyTime, Change, Person
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db

NINE = datetime(2027, 1, 4, 9, tzinfo=UTC)


def hours(begin, end, number="S1", what="Exam"):
    return (number, NINE + timedelta(hours=begin), NINE + timedelta(hours=end), what)


def numbers_busy(institution, numbers, begin, end):
    found = people.busy(
        institution=institution,
        numbers=numbers,
        starts_at=NINE + timedelta(hours=begin),
        ends_at=NINE + timedelta(hours=end),
    )
    return [(time.person.number, time.what) for time in found]


def test_registering_adds_people_and_updates_names():
    institution = InstitutionFactory()
    people.register(institution=institution, people=[("S1", "Ali"), ("S2", "Sana")])
    people.register(institution=institution, people=[(" S1 ", "Ali Raza"), ("S3", "")])
    assert dict(Person.objects.for_institution(institution).values_list("number", "name")) == {
        "S1": "Ali Raza",
        "S2": "Sana",
        "S3": "",
    }


def test_a_blank_name_leaves_a_known_one():
    institution = InstitutionFactory()
    people.register(institution=institution, people=[("S1", "Ali"), ("S1", "")])
    people.register(institution=institution, people=[("S1", "")])
    assert Person.objects.get().name == "Ali"


def test_two_institutions_may_use_the_same_number():
    here, there = InstitutionFactory(), InstitutionFactory()
    people.register(institution=here, people=[("S1", "Ali")])
    people.register(institution=there, people=[("S1", "Omar")])
    assert Person.objects.for_institution(here).get().name == "Ali"


def test_a_writer_replaces_what_it_wrote_and_nothing_of_others():
    institution = InstitutionFactory()
    people.replace_busy_times(institution=institution, source="project:1", rows=[hours(0, 2), hours(4, 6)])
    people.replace_busy_times(institution=institution, source="project:2", rows=[hours(8, 9, what="Viva")])
    people.replace_busy_times(institution=institution, source="project:1", rows=[hours(1, 3)])
    assert numbers_busy(institution, ["S1"], 0, 24) == [("S1", "Exam"), ("S1", "Viva")]


def test_people_the_registry_does_not_know_are_added():
    institution = InstitutionFactory()
    people.register(institution=institution, people=[("S1", "Ali")])
    rows = [hours(0, 2, f"S{n}") for n in range(1, 1200)]
    assert people.replace_busy_times(institution=institution, source="project:1", rows=rows) == 1199
    assert Person.objects.for_institution(institution).count() == 1199
    assert Person.objects.get(number="S1").name == "Ali"


def test_touching_is_not_overlapping():
    institution = InstitutionFactory()
    people.replace_busy_times(institution=institution, source="project:1", rows=[hours(2, 4)])
    assert numbers_busy(institution, ["S1"], 0, 2) == []
    assert numbers_busy(institution, ["S1"], 4, 6) == []
    assert numbers_busy(institution, ["S1"], 3, 5) == [("S1", "Exam")]
    assert numbers_busy(institution, ["S2"], 3, 5) == []


def test_another_institution_s_people_are_free():
    here, there = InstitutionFactory(), InstitutionFactory()
    people.replace_busy_times(institution=there, source="project:1", rows=[hours(2, 4)])
    assert numbers_busy(here, ["S1"], 0, 24) == []


def test_a_thousand_rows_are_one_line_of_history():
    institution = InstitutionFactory()
    people.register(institution=institution, people=[(f"S{n}", "") for n in range(1000)])
    assert Change.objects.get(model="projects.person").rows == 1000


def test_a_season_of_a_large_institution_takes_statements_by_the_hundred_not_by_the_row(
    django_assert_max_num_queries,
):
    institution = InstitutionFactory()
    rows = [hours(n % 8, n % 8 + 1, f"S{n // 4}") for n in range(4000)]
    with django_assert_max_num_queries(80):
        people.replace_busy_times(institution=institution, source="project:1", rows=rows)
    assert BusyTime.objects.count() == 4000
