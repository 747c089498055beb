"""A school's lists come in whole or not at all, and a second time they add nothing."""

import csv
import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from bookings import importing
from bookings.models import Activity, Child, Guardian, Guardianship, Session, YearGroup

from ..factories.bookings import TermFactory
from ..factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db

FAMILIES = ["Child No", "First name", "Surname", "DOB", "Year", "Parent", "E-mail", "Phone", "Household"]
ACTIVITIES = ["Club", "Category", "Term", "Day", "From", "Until", "Places", "Price", "Tutor", "Year Groups"]


@pytest.fixture
def institution():
    return InstitutionFactory()


def sheet(tmp_path, headers, *rows):
    path = tmp_path / "list.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([headers, *rows])
    return path


def families(tmp_path, *rows):
    return sheet(tmp_path, FAMILIES, *rows)


AMAL = ["0012", "Amal", "Khan", "2018-03-01", "Year 3", "Dua Khan", "dua@example.org", "0300", "Khan"]
BILAL = ["0013", "Bilal", "Khan", "2019-05-02", "Year 2", "Dua Khan", "dua@example.org", "0300", "Khan"]


def bring_families(institution, path, **how):
    return importing.import_families(institution=institution, path=path, name=path.name, **how)


def test_two_children_of_one_guardian_are_one_family(institution, tmp_path):
    bring_families(institution, families(tmp_path, AMAL, BILAL))
    assert Guardian.objects.get().household.name == "Khan"
    assert set(Child.objects.values_list("number", flat=True)) == {"0012", "0013"}
    assert Guardianship.objects.count() == 2
    assert YearGroup.objects.count() == 2


def test_a_child_with_two_guardians_has_two_rows(institution, tmp_path):
    other = [*AMAL[:5], "Idris Mirza", "idris@example.org", "", "Mirza"]
    bring_families(institution, families(tmp_path, AMAL, other))
    assert Child.objects.count() == 1
    assert Guardian.objects.values("household").distinct().count() == 2


def test_the_same_list_again_changes_nothing(institution, tmp_path):
    path = families(tmp_path, AMAL, BILAL)
    bring_families(institution, path)
    again = bring_families(institution, path)
    assert again.changes["children"] == {"added": 0, "changed": 0, "left": 2}
    assert again.changes["guardians"] == {"added": 0, "changed": 0, "left": 2}


def test_a_child_who_moved_up_is_changed(institution, tmp_path):
    bring_families(institution, families(tmp_path, AMAL))
    moved = [*AMAL]
    moved[4] = "Year 4"
    assert bring_families(institution, families(tmp_path, moved)).changes["children"]["changed"] == 1
    assert Child.objects.get().year_group.name == "Year 4"


def test_with_an_error_nothing_is_written(institution, tmp_path):
    wrong = [*BILAL]
    wrong[3] = "31.02.2019"
    with pytest.raises(importing.HasErrors) as refused:
        bring_families(institution, families(tmp_path, AMAL, wrong))
    [error] = refused.value.outcome.report.errors
    assert (error.row, error.column) == (3, "DOB")
    assert not Child.objects.exists()


def test_the_good_rows_alone_may_be_taken(institution, tmp_path):
    wrong = [*BILAL]
    wrong[3] = "never"
    bring_families(institution, families(tmp_path, AMAL, wrong), skip_errors=True)
    assert Child.objects.get().given_name == "Amal"


def test_a_dry_run_counts_and_writes_nothing(institution, tmp_path):
    told = bring_families(institution, families(tmp_path, AMAL, BILAL), dry_run=True)
    assert told.changes["children"]["added"] == 2
    assert not Child.objects.exists()


def test_an_activity_comes_with_its_dates_and_places(institution, tmp_path):
    TermFactory(institution=institution, name="Spring", starts_on=date(2027, 1, 4), ends_on=date(2027, 1, 31))
    row = ["Chess", "Games", "Spring", "Tuesdays", "15:30", "16:30", 12, "2500", "T. Rana", "Year 2; Year 3"]
    path = sheet(tmp_path, ACTIVITIES, row)
    for _again in range(2):
        importing.import_activities(institution=institution, path=path, name="list.csv")
    session = Session.objects.get()
    assert (session.places.capacity, session.meetings.count(), session.price) == (12, 4, 2500)
    assert {year.name for year in Activity.objects.get().year_groups.all()} == {"Year 2", "Year 3"}


def test_an_unknown_term_is_an_error_at_its_cell(institution, tmp_path):
    row = ["Chess", "", "Sprung", "Tue", "15:30", "16:30", 12, "", "", ""]
    with pytest.raises(importing.HasErrors) as refused:
        importing.import_activities(
            institution=institution, path=sheet(tmp_path, ACTIVITIES, row), name="list.csv"
        )
    [error] = refused.value.outcome.report.errors
    assert (error.column, error.value) == ("Term", "Sprung")


def test_the_command_tells_in_json_and_fails_with_an_error(institution, tmp_path):
    out = StringIO()
    call_command("import_families", institution.slug, str(families(tmp_path, AMAL)), "--json", stdout=out)
    assert json.loads(out.getvalue())["accepted"] == {"Families": 1}
    with pytest.raises(CommandError, match="no institution"):
        call_command("import_families", "nowhere", str(families(tmp_path, AMAL)))
    errors = tmp_path / "errors.xlsx"
    wrong = families(tmp_path, ["", *AMAL[1:]])
    with pytest.raises(CommandError, match="Nothing was written"):
        call_command("import_families", institution.slug, str(wrong), f"--errors={errors}", stdout=out)
    assert errors.exists()
