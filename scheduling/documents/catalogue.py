"""Every print by its code: what it needs, in which formats it comes, and what makes it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from projects.documents.page import Column, Section, Table
from scheduling.documents import (
    access,
    calendars,
    charts,
    day_lists,
    day_sheets,
    grids,
    letters,
    lists,
    quality,
    rosters,
    slip_sheets,
)
from scheduling.documents.plan import Json, Mass, Plan
from scheduling.documents.words import WORDS

FORMATS = ("pdf", "xlsx", "csv", "ics")
LIST_FORMATS = ("pdf", "xlsx", "csv")
ALL_FORMATS = (*LIST_FORMATS, "ics")


@dataclass(frozen=True)
class Print:
    """`of` says what one such print may be narrowed to (programme, room, student, teacher), if anything.
    `needs` is the part of the plan without which there is nothing to print. What is for the office has no
    instructions to candidates, unless they were set for that very print."""

    code: str
    formats: tuple[str, ...]
    template: str
    paper: str = "a4"
    is_flipped: bool = True
    size: float = 9.5
    of: str = ""
    starts_pages: bool = False
    is_for_office: bool = False
    needs: str = ""
    # Codes of slips, who needs a reader, why a slip is withheld: not for all who may look at the project.
    is_confidential: bool = False
    # Room to write by hand between the lines.
    is_roomy: bool = False

    def title(self, language: str) -> str:
        return WORDS[language][self.code]


PRINTS: dict[str, Print] = {
    each.code: each
    for each in (
        Print("by_day", LIST_FORMATS, "list.typ"),
        Print("wide", LIST_FORMATS, "wide.typ", paper="a3", size=10),
        Print("matrix", LIST_FORMATS, "matrix.typ", paper="a3", size=9),
        Print("by_programme", ALL_FORMATS, "list.typ", of="programme", starts_pages=True),
        Print("by_room", LIST_FORMATS, "list.typ", of="room"),
        Print("by_student", ALL_FORMATS, "personal.typ", "a5", is_flipped=False, size=8.5, of="student"),
        Print("by_teacher", ALL_FORMATS, "list.typ", of="teacher"),
        Print("seating_list", LIST_FORMATS, "list.typ", needs="seats", starts_pages=True),
        Print(
            "posting_list", ("pdf",), "posting.typ", is_flipped=False, size=8, needs="seats",
            starts_pages=True,
        ),
        Print("seating_chart", LIST_FORMATS, "chart.typ", of="room", needs="seats", size=8),
        Print("door_notice", ("pdf",), "door.typ", is_flipped=False, of="room", needs="seats", size=11),
        Print(
            "attendance", ("pdf",), "attendance.typ", is_flipped=False, of="room", needs="seats",
            is_for_office=True, size=8.5,
        ),
        Print(
            "desk_cards", ("pdf",), "cards.typ", is_flipped=False, of="room", needs="seats",
            is_for_office=True,
        ),
        Print(
            "packing_list", LIST_FORMATS, "list.typ", needs="seats", starts_pages=True, is_for_office=True,
            size=8.5,
        ),
        Print(
            "absentees", ("pdf",), "absentees.typ", is_flipped=False, needs="seats", is_for_office=True,
        ),
        Print("seats_left", LIST_FORMATS, "list.typ", is_flipped=False, needs="seats", is_for_office=True),
        Print("access_list", LIST_FORMATS, "list.typ", is_for_office=True, is_confidential=True),
        Print(
            "duty_roster", LIST_FORMATS, "list.typ", needs="duties", starts_pages=True, is_for_office=True,
            is_roomy=True, is_flipped=False, size=9,
        ),
        Print("duty_matrix", LIST_FORMATS, "duty_matrix.typ", "a3", needs="duties", is_for_office=True),
        Print(
            "duty_letters", ("pdf",), "letters.typ", is_flipped=False, of="teacher", needs="duties",
            is_for_office=True,
        ),
        Print("duty_fairness", LIST_FORMATS, "list.typ", needs="duties", is_for_office=True, size=8.5),
        Print(
            "slips", ("pdf",), "slip.typ", "a5", is_flipped=False, size=8, of="student", needs="seats",
            is_confidential=True,
        ),
        Print(
            "slips_withheld", LIST_FORMATS, "list.typ", is_flipped=False, is_for_office=True,
            is_confidential=True,
        ),
        Print("quality", LIST_FORMATS, "quality.typ", is_flipped=False, size=9, is_for_office=True),
    )
}  # fmt: skip

Sections = Callable[[Plan, str, str], Iterator[Section]]
Tables = Callable[[Plan, str, str], list[Table]]


def _of_rows(maker):
    """What was made for the rows of the datesheet alone."""
    return lambda plan, language, only: maker(plan.rows, language, only)


def _of_seated_rows(maker):
    """The same, with the room and seat of each student."""
    return lambda plan, language, only: maker(plan.rows, language, only, plan.seats.seat_of)


COLUMNS: dict[str, Callable[[str], tuple[Column, ...]]] = {
    "by_day": lists.by_day_columns,
    "by_programme": lists.by_programme_columns,
    "by_room": lists.by_room_columns,
    "by_student": lists.by_student_columns,
    "by_teacher": lists.by_teacher_columns,
    "seating_list": day_lists.seating_columns,
    "posting_list": day_lists.posting_columns,
    "packing_list": day_lists.packing_columns,
    "seats_left": day_lists.seats_left_columns,
    "access_list": access.columns,
    "duty_roster": rosters.roster_columns,
    "duty_fairness": rosters.fairness_columns,
    "duty_letters": letters.columns,
    "slips": slip_sheets.columns,
    "slips_withheld": slip_sheets.withheld_columns,
}
# One table after the other, in one file unless it becomes too long.
SECTIONS: dict[str, Sections] = {
    "by_day": _of_rows(lists.by_day_sections),
    "by_programme": _of_rows(lists.by_programme_sections),
    "by_room": _of_rows(lists.by_room_sections),
    "by_teacher": _of_rows(lists.by_teacher_sections),
    "seating_list": day_lists.seating_sections,
    "posting_list": day_lists.posting_sections,
    "packing_list": day_lists.packing_sections,
    "seats_left": day_lists.seats_left_sections,
    "access_list": access.sections,
    "duty_roster": rosters.roster_sections,
    "duty_fairness": rosters.fairness_sections,
    "slips_withheld": slip_sheets.withheld_sections,
}
# A page or a few for each person, room or exam: thousands, in piles.
PAGES: dict[str, Callable[[Plan, str, str], Mass]] = {
    "by_student": lists.by_student_pages,
    "seating_chart": charts.chart_pages,
    "door_notice": charts.door_pages,
    "attendance": day_sheets.attendance_pages,
    "desk_cards": day_sheets.card_pages,
    "absentees": day_sheets.absentee_pages,
    "duty_letters": letters.pages,
    "slips": slip_sheets.pages,
}
# These number their own pages.
NUMBERED = frozenset({"attendance", "desk_cards", "seating_chart"})
# One grid over many pages.
GRIDS: dict[str, Callable[[Plan, str], Json]] = {
    "wide": lambda plan, language: grids.wide_data(plan.rows, language),
    "matrix": lambda plan, language: grids.matrix_data(plan.rows, language),
    "duty_matrix": rosters.matrix_data,
    "quality": lambda plan, language: quality.data(plan.rows, plan.solution, language),
}
TABLES: dict[str, Tables] = {
    "by_day": _of_rows(lists.by_day_tables),
    "by_programme": _of_rows(lists.by_programme_tables),
    "by_room": _of_rows(lists.by_room_tables),
    "by_student": _of_seated_rows(lists.by_student_tables),
    "by_teacher": _of_rows(lists.by_teacher_tables),
    "wide": _of_rows(grids.wide_tables),
    "matrix": _of_rows(grids.matrix_tables),
    "seating_list": day_lists.seating_tables,
    "seating_chart": day_lists.seats_tables,
    "packing_list": day_lists.packing_tables,
    "seats_left": day_lists.seats_left_tables,
    "access_list": access.tables,
    "duty_roster": rosters.roster_tables,
    "duty_matrix": rosters.matrix_tables,
    "duty_fairness": rosters.fairness_tables,
    "slips_withheld": slip_sheets.withheld_tables,
    "quality": lambda plan, language, only: quality.tables(plan.rows, plan.solution, language),
}
CALENDARS = {
    "by_programme": calendars.programme_calendars,
    "by_student": calendars.student_calendars,
    "by_teacher": calendars.teacher_calendars,
}
