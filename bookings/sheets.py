"""The lists that a school brings along, of families and activities: columns, and what a cell may hold."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from projects.spreadsheets import cells, moments
from projects.spreadsheets.columns import Column, Dataset, Row

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekday(value: Any) -> int:
    word = cells.squeezed(cells.text(value))
    for number, name in enumerate(WEEKDAYS):
        if len(word) >= 2 and name.startswith(word.removesuffix("s")):
            return number
    raise cells.BadCell(_("Write a weekday, such as Monday."))


def _words(name: str, header: str, most: int, *aliases: str, required: bool = False) -> Column:
    return Column(name, header, aliases=aliases, clean=cells.limited(cells.text, most), required=required)


def _child_is_a_child(row: Row) -> Iterator[tuple[str, str]]:
    born = row.get("date_of_birth")
    if isinstance(born, date) and not 0 <= date.today().year - born.year <= 25:
        yield "date_of_birth", _("That is no child's date of birth. Write it again, such as 2018-01-31.")


def families() -> Dataset:
    """One row per child and guardian: a child with two guardians has two rows."""
    return Dataset(
        name="Families",
        one="family",
        columns=(
            Column(
                "number",
                "Child No",
                aliases=("child number", "pupil no", "student no", "admission no", "mis id"),
                clean=cells.limited(cells.code, 60),
                required=True,
                keeps_zeros=True,
            ),
            _words("given_name", "Given Name", 100, "first name", "forename", required=True),
            _words("family_name", "Family Name", 100, "surname", "last name"),
            Column(
                "date_of_birth",
                "Date of Birth",
                aliases=("dob", "birthday", "born"),
                clean=moments.day(),
                required=True,
                doubt=moments.is_ambiguous_day(),
            ),
            _words("year_group", "Year Group", 60, "year", "grade"),
            _words("class_name", "Class", 40, "form", "section"),
            _words("guardian", "Guardian", 150, "parent", "parent name", "guardian name", required=True),
            Column("email", "E-mail", aliases=("email", "mail", "parent email"), clean=cells.email),
            _words("phone", "Phone", 40, "mobile", "telephone"),
            _words("relation", "Relation", 60, "relationship"),
            _words("household", "Household", 150, "family", "family id"),
        ),
        key=("number", "guardian"),
        aliases=("children", "pupils", "parents", "guardians"),
        check=_child_is_a_child,
    )


def _ends_after_start(row: Row) -> Iterator[tuple[str, str]]:
    starts, ends = row.get("starts"), row.get("ends")
    if starts and ends and ends <= starts:
        yield "ends", _("It ends before it begins: put the times in order.")
    youngest, oldest = row.get("youngest"), row.get("oldest")
    if youngest and oldest and oldest < youngest:
        yield "oldest", _("The oldest is younger than the youngest: put the ages in order.")


def activities() -> Dataset:
    """One row per weekly session."""
    return Dataset(
        name="Activities",
        one="activity",
        columns=(
            _words("activity", "Activity", 150, "club", "name", required=True),
            _words("group", "Group", 100, "session"),
            _words("category", "Category", 100, "kind"),
            _words("term", "Term", 100, required=True),
            Column("weekday", "Weekday", aliases=("day",), clean=_weekday, required=True, empty=None),
            Column("starts", "From", aliases=("start", "starts", "time"), clean=moments.clock, required=True),
            Column("ends", "Until", aliases=("end", "ends", "to"), clean=moments.clock, required=True),
            Column(
                "capacity",
                "Places",
                aliases=("capacity", "max"),
                clean=cells.whole(0, 10_000),
                required=True,
            ),
            Column("price", "Price", aliases=("cost", "fee"), clean=cells.decimal(0, 99_999_999, 2), empty=0),
            _words("tutor", "Tutor", 150, "teacher", "leader"),
            _words("location", "Location", 100, "room", "place"),
            Column("youngest", "From Age", aliases=("min age",), clean=cells.whole(0, 99), empty=None),
            Column("oldest", "Up To Age", aliases=("max age",), clean=cells.whole(0, 99), empty=None),
            Column(
                "year_groups",
                "Year Groups",
                aliases=("years", "grades"),
                clean=cells.items(cells.text),
                empty=(),
            ),
            _words("description", "Description", 5000, "about"),
        ),
        key=("activity", "group", "term"),
        aliases=("clubs", "sessions", "catalogue"),
        check=_ends_after_start,
    )
