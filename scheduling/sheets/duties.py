"""Sheets of duties: Staffing, Exemptions, Pairs, Relatives."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.spreadsheets import cells
from projects.spreadsheets.columns import Dataset, Reference, Row

from .columns import (
    STUDENT,
    TEACHER,
    code_column,
    column,
    day_column,
    roll_no,
    staff_no,
    text_column,
    whole_column,
)

PAIR_KINDS = {
    "never": ("never together", "apart", "not together"),
    "together": ("rather together", "with"),
}


def _step_in_order(row: Row) -> Iterator[tuple[str, str]]:
    first, last = row.get("first"), row.get("last")
    if first is not None and last is not None and last < first:
        yield "last", _("The step must end where it begins or later.")


def staffing() -> Dataset:
    """Invigilators of a room by its candidates: `base`, and one more per started `per` above the first."""
    return Dataset(
        name="Staffing",
        one="staffing step",
        aliases=("Staffing Steps", "Staffing Table", "Posts", "Invigilators per Room"),
        key=("first",),
        columns=(
            whole_column(
                "first", "From Candidates", 0, 30_000, "Candidates From, Min Candidates", required=True
            ),
            whole_column("last", "To Candidates", 0, 30_000, "Candidates To, Max Candidates"),
            whole_column("base", "Invigilators", 0, 1000, "Posts", required=True),
            whole_column(
                "per", "One More per", 1, 30_000, "One More per Candidates, Per", help="Empty: none more."
            ),
            whole_column(
                "tolerance",
                "Tolerance",
                0,
                30_000,
                "Remainder",
                empty=0,
                help="A remainder of so many candidates asks for nobody.",
            ),
        ),
        check=_step_in_order,
    )


def _days_in_order(row: Row) -> Iterator[tuple[str, str]]:
    first, last = row.get("first_on"), row.get("last_on")
    if first and last and last < first:
        yield "last_on", _("The last day must not lie before the first.")


def exemptions(day_first: bool) -> Dataset:
    return Dataset(
        name="Exemptions",
        one="exemption",
        aliases=("Exemption", "Exempt", "Duty Exemptions", "Exempted Teachers"),
        key=("staff_no", "first_on"),
        columns=(
            staff_no(),
            day_column(
                "first_on",
                "First on",
                "First Day, From Date, Exempt From",
                day_first=day_first,
                required=True,
            ),
            day_column(
                "last_on", "Last on", "Last Day, To Date, Exempt Until", day_first=day_first, required=True
            ),
            text_column("reason", "Reason", 250, "Remarks, Note, Cause"),
        ),
        references=(TEACHER,),
        check=_days_in_order,
    )


def _two_teachers(row: Row) -> Iterator[tuple[str, str]]:
    one, other = row.get("staff_no"), row.get("other_staff_no")
    if one and other and one.casefold() == other.casefold():
        yield "other_staff_no", _("Choose two different teachers.")


def pairs() -> Dataset:
    return Dataset(
        name="Pairs",
        one="pair of teachers",
        aliases=("Teacher Pairs", "Pairs of Teachers"),
        key=("staff_no", "other_staff_no"),
        columns=(
            staff_no(),
            code_column(
                "other_staff_no",
                "Other Staff No",
                60,
                "Other Teacher, Second Staff No, Staff No 2, With",
                required=True,
                help="The other teacher's number, as text.",
            ),
            column(
                "kind", "How", cells.choice(PAIR_KINDS), "Kind", empty="never", help=", ".join(PAIR_KINDS)
            ),
        ),
        references=(
            TEACHER,
            Reference(("other_staff_no",), "Teachers", ("staff_no",), gettext_lazy("teacher")),
        ),
        check=_two_teachers,
    )


def relatives() -> Dataset:
    return Dataset(
        name="Relatives",
        one="relative",
        aliases=("Relative", "Related Candidates", "Kin"),
        key=("staff_no", "roll_no"),
        columns=(staff_no(), roll_no()),
        references=(TEACHER, STUDENT),
    )
