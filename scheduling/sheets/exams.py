"""Sheets of what is sat: Courses, Registrations, Fixed, Links."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.spreadsheets import cells, moments
from projects.spreadsheets.cells import code, limited
from projects.spreadsheets.columns import Dataset, Reference, Row

from .columns import (
    COURSE,
    ROOM_HEADERS,
    STUDENT,
    clock_column,
    code_column,
    column,
    course_code,
    day_column,
    department,
    ends_after_start,
    hours_column,
    roll_no,
    text_column,
    whole_column,
    yes_no_column,
)

REGISTRATION_KINDS = {
    "regular": ("reg", "normal", "fresh", "first", "r"),
    "repeat": ("repeater", "rep", "carry-over", "carryover", "arrear", "supplementary", "backlog", "retake"),
    "improvement": ("imp", "improve", "grade improvement"),
    "deferred": ("defer", "deferral", "incomplete", "i"),
}

COURSE_KINDS = {
    "theory": ("th", "t", "written", "lecture"),
    "practical": ("pr", "p", "lab", "laboratory"),
    "viva": ("viva voce", "oral"),
}

LINK_KINDS = {
    "same period": ("same slot", "same time", "together", "with", "coincidence", "same shift"),
    "different period": (
        "different slot",
        "different time",
        "not together",
        "not with",
        "exclusion",
        "apart",
    ),
    "before": ("precedes", "a before b", "first before second", "order"),
    "same day": ("same date",),
    "different day": ("different date", "not same day", "not the same day"),
    "minimum gap": ("gap", "min gap", "days between", "free days"),
    "same room": ("same venue", "share room"),
    "different room": ("different venue", "not same room"),
}


def courses() -> Dataset:
    return Dataset(
        name="Courses",
        one="course",
        aliases=("Course", "Subjects", "Papers", "Modules", "Course List"),
        key=("course_code",),
        columns=(
            course_code(),
            text_column(
                "title",
                "Title",
                250,
                "Course Title, Course Name, Name, Subject, Subject Name, Paper Name, Paper Title",
                required=True,
            ),
            department(),
            column(
                "credits",
                "Credits",
                cells.decimal(0, 999, 1),
                "Credit, Credit Hours, Cr Hrs, Credit Units",
                empty=None,
            ),
            column(
                "duration",
                "Duration (min)",
                moments.minutes(10, 600),
                "Duration, Minutes, Duration Minutes, Duration in Minutes, Exam Duration, "
                "Exam Duration Minutes, Length, Duration (hours), Duration (hrs)",
                empty=None,
                doubt=moments.is_in_hours,
                help="Minutes; a number up to 10 is read as hours.",
            ),
            column(
                "kind",
                "Kind",
                cells.choice(COURSE_KINDS),
                "Type, Theory/Practical, Course Type, Nature",
                empty="theory",
                help="theory, practical or viva.",
            ),
            code_column(
                "common_group",
                "Common Group",
                60,
                "Common Exam, Common Paper, Similar Courses, Combined With, Exam Group",
                help="Courses with the same word here sit one exam.",
            ),
        ),
    )


def registrations() -> Dataset:
    return Dataset(
        name="Registrations",
        one="registration",
        aliases=("Registration", "Enrolments", "Enrollments", "Course Registrations", "Student Courses"),
        key=("roll_no", "course_code"),
        columns=(
            roll_no(),
            course_code(),
            column(
                "kind",
                "Type",
                cells.choice(REGISTRATION_KINDS),
                "Kind, Registration Type, Registration Kind, Status, Attempt",
                empty="regular",
                help=", ".join(REGISTRATION_KINDS),
            ),
            code_column("section", "Section", 40, "Sec, Group"),
        ),
        references=(STUDENT, COURSE),
    )


def _fixes_something(row: Row) -> Iterator[tuple[str, str]]:
    if (row.get("period") or row.get("start")) and not row.get("date"):
        yield "course_code", _("The period has no date. Write the date as well.")
    elif not row.get("date") and not row.get("rooms"):
        yield (
            "course_code",
            _("Nothing is fixed for this course. Give a date, a period or a room, or delete the row."),
        )
    yield from ends_after_start(row)


def fixed(day_first: bool) -> Dataset:
    return Dataset(
        name="Fixed",
        one="fixed exam",
        aliases=("Fixed Exams", "Fixed Dates", "Datesheet", "Date Sheet", "Timetable", "Fixed Slots"),
        key=("course_code", "rooms"),
        may_be_wide=True,
        columns=(
            course_code(),
            text_column(
                "title",
                "Title",
                250,
                "Course Title, Course Name, Subject, Subject Name, Name",
                is_compared=False,
            ),
            day_column(
                "date",
                "Date",
                "Exam Date, Dated",
                day_first=day_first,
                carry_with=("period", "start", "hours"),
            ),
            code_column("period", "Period", 20, "Slot, Shift, Session"),
            clock_column("start", "Start", "Starts, From, Start Time"),
            clock_column("end", "End", "Ends, To, End Time", is_compared=False),
            hours_column(),
            column("rooms", "Room", cells.items(limited(code, 40)), ROOM_HEADERS, empty=()),
        ),
        references=(
            COURSE,
            Reference(("date",), "Periods", ("date",), gettext_lazy("exam day")),
            Reference(("date", "period"), "Periods", ("date", "period"), gettext_lazy("period")),
            Reference(("date", "start"), "Periods", ("date", "start"), gettext_lazy("period")),
            Reference(("rooms",), "Rooms", ("room",), gettext_lazy("room"), is_list=True),
        ),
        needs_one_of=("date", "rooms"),
        check=_fixes_something,
    )


def _two_courses(row: Row) -> Iterator[tuple[str, str]]:
    if cells.key(row["course_a"]) == cells.key(row["course_b"]):
        yield "course_b", _("A course cannot be linked to itself. Name two different courses.")


def links() -> Dataset:
    return Dataset(
        name="Links",
        one="link",
        aliases=("Link", "Exam Links", "Distribution", "Constraints"),
        key=("kind", "course_a", "course_b"),
        columns=(
            column(
                "kind",
                "Kind",
                cells.choice(LINK_KINDS),
                "Link, Type, How, Relation, Constraint",
                required=True,
                help=", ".join(LINK_KINDS),
            ),
            course_code(
                "course_a", "Course A", "First Course, Course 1, Course Code A, Course Code 1, First"
            ),
            course_code(
                "course_b", "Course B", "Second Course, Course 2, Course Code B, Course Code 2, Second"
            ),
            yes_no_column("must_hold", "Must Hold", "Hard, Is Hard, Required, Must", empty=True),
            whole_column("weight", "Weight", 0, 10_000, empty=10),
            whole_column("gap_days", "Gap Days", 0, 365, "Gap, Days, Free Days, Days Between", empty=1),
        ),
        references=(
            Reference(("course_a",), "Courses", ("course_code",), gettext_lazy("course")),
            Reference(("course_b",), "Courses", ("course_code",), gettext_lazy("course")),
        ),
        check=_two_courses,
    )
