"""The sheet of Periods."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from projects.spreadsheets.columns import Dataset, Row

from .columns import (
    clock_column,
    code_column,
    day_column,
    ends_after_start,
    hours_column,
    whole_column,
)


def _period_is_whole(row: Row) -> Iterator[tuple[str, str]]:
    if not row.get("start"):
        yield "start", _("The start is missing. Write it, such as 08:30.")
    elif not row.get("end"):
        yield "end", _("The end is missing. Write it, such as 11:30.")
    yield from ends_after_start(row)


def periods(day_first: bool) -> Dataset:
    return Dataset(
        name="Periods",
        one="period",
        aliases=("Period", "Slots", "Slot", "Shifts", "Exam Slots", "Calendar", "Time Slots", "Sessions"),
        key=("date", "start"),
        columns=(
            day_column(
                "date",
                "Date",
                "Exam Date, Dated",
                day_first=day_first,
                required=True,
                carry_with=("start", "hours"),
            ),
            code_column("period", "Period", 20, "Slot, Shift, Session, Slot No, Label, Slot Name"),
            clock_column("start", "Start", "Starts, From, Start Time, Begin, Begins, Time From"),
            clock_column("end", "End", "Ends, To, End Time, Until, Finish, Time To"),
            hours_column(),
            whole_column("penalty", "Dislike", 0, 100_000, "Penalty", empty=0),
            whole_column("max_exams", "Max Exams", 0, 100_000, "Most Exams, Max Papers"),
            whole_column("max_candidates", "Max Candidates", 0, 1_000_000, "Most Candidates, Max Seats"),
            whole_column("max_rooms", "Max Rooms", 0, 100_000, "Most Rooms"),
        ),
        needs_one_of=("start", "hours"),
        check=_period_is_whole,
    )
