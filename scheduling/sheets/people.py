"""Sheets of people: Students, Designations, Teachers, Teaches, Unavailability, Accommodations."""

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.spreadsheets import cells
from projects.spreadsheets.cells import code, limited
from projects.spreadsheets.columns import Dataset, Reference, Row

from .columns import (
    COURSE,
    STUDENT,
    TEACHER,
    clock_column,
    code_column,
    column,
    course_code,
    day_column,
    department,
    email,
    ends_after_start,
    gender,
    hours_column,
    roll_no,
    staff_no,
    text_column,
    whole_column,
    yes_no_column,
)

ARRANGEMENT_KINDS = {
    "extra time": ("time", "additional time", "compensatory time"),
    "own room": ("separate room", "single room", "alone", "private room"),
    "ground floor": ("step free", "wheelchair", "no stairs"),
    "reader": (),
    "scribe": ("writer", "amanuensis"),
    "front seat": ("front", "front row"),
    "other": (),
}

FLAGS = {
    kind.replace(" ", "_"): kind for kind in ("own room", "ground floor", "reader", "scribe", "front seat")
}


def students() -> Dataset:
    return Dataset(
        name="Students",
        one="student",
        aliases=("Student", "Candidates", "Student List", "Roll List"),
        key=("roll_no",),
        columns=(
            roll_no(),
            text_column(
                "name",
                "Name",
                200,
                "Student Name, Full Name, Candidate Name, Student, Name of Student",
                required=True,
            ),
            text_column("father_name", "Father Name", 200, "Father's Name, Father, Guardian, Guardian Name"),
            text_column(
                "programme",
                "Programme",
                150,
                "Program, Degree, Degree Programme, Programme Code, Class, Branch",
            ),
            code_column("semester", "Semester", 20, "Year, Sem, Year/Semester, Level, Grade, Year of Study"),
            code_column("section", "Section", 40, "Sec, Group, Batch"),
            text_column("shift", "Shift", 40),
            text_column("campus", "Campus", 80, "Site"),
            gender(),
            email(),
        ),
    )


def _duties_in_order(row: Row) -> Iterator[tuple[str, str]]:
    least, most = row.get("min_duties"), row.get("max_duties")
    if least and most is not None and most < least:
        yield (
            "max_duties",
            _("The most duties (%(most)d) are fewer than the least (%(least)d). Correct one of the two.")
            % {"most": most, "least": least},
        )


def designations() -> Dataset:
    return Dataset(
        name="Designations",
        one="designation",
        aliases=("Ranks",),
        key=("designation",),
        columns=(
            text_column("designation", "Designation", 100, "Rank Name, Title, Name, Post", required=True),
            whole_column("rank", "Rank", 0, 1000, "Order, Seniority", empty=0, help="1 is the most senior."),
            whole_column("min_duties", "Min Duties", 0, 1000, "Least Duties, Minimum Duties", empty=0),
            whole_column("max_duties", "Max Duties", 0, 1000, "Most Duties, Maximum Duties, Duties"),
            column("weight", "Weight", cells.decimal(0, 999, 2), "Share, Share of Duties", empty=Decimal(1)),
        ),
        check=_duties_in_order,
    )


def teachers() -> Dataset:
    return Dataset(
        name="Teachers",
        one="teacher",
        aliases=("Teacher", "Staff", "Faculty", "Lecturers", "Invigilators", "Instructors"),
        key=("staff_no",),
        columns=(
            staff_no(),
            text_column(
                "name",
                "Name",
                200,
                "Teacher Name, Full Name, Teacher, Lecturer, Faculty Name, Staff Name",
                required=True,
            ),
            text_column("designation", "Designation", 100, "Rank, Position, Post, Title"),
            department(),
            gender(),
            email(),
            whole_column("max_duties", "Max Duties", 0, 1000, "Most Duties, Maximum Duties, Duties"),
            yes_no_column("may_invigilate", "May Invigilate", "Can Invigilate, Available", empty=True),
            column(
                "share",
                "Share of Post",
                cells.decimal(0, 1, 2),
                "FTE, Employment Fraction, Part Time Share",
                empty=Decimal(1),
                help="0.5 for half-time: half the duties.",
            ),
            whole_column(
                "carried_minutes",
                "Minutes Carried Over",
                -100_000,
                100_000,
                "Carried Over, Duty Balance",
                empty=0,
            ),
            column(
                "courses_taught",
                "Courses Taught",
                cells.items(limited(code, 40)),
                "Courses, Teaches, Subjects Taught",
                empty=(),
                help="Course codes with commas between.",
            ),
        ),
        references=(
            Reference(("courses_taught",), "Courses", ("course_code",), gettext_lazy("course"), is_list=True),
        ),
    )


def teaches() -> Dataset:
    return Dataset(
        name="Teaches",
        one="taught course",
        aliases=("Course Instructors", "Course Teachers", "Examiners", "Teaching"),
        key=("staff_no", "course_code", "section"),
        columns=(staff_no(), course_code(), code_column("section", "Section", 40, "Sec, Group")),
        references=(TEACHER, COURSE),
    )


def _absence_is_whole(row: Row) -> Iterator[tuple[str, str]]:
    starts, ends = row.get("start"), row.get("end")
    if bool(starts) != bool(ends):
        yield "end" if starts else "start", _("Give both times, or neither for the whole day.")
    yield from ends_after_start(row)


def unavailability(day_first: bool) -> Dataset:
    return Dataset(
        name="Unavailability",
        one="absence",
        aliases=("Unavailabilities", "Leave", "Absences", "Availability", "Staff Unavailability"),
        key=("staff_no", "date", "start"),
        columns=(
            staff_no(),
            day_column("date", "Date", "Day, Leave Date, Unavailable On", day_first=day_first, required=True),
            clock_column("start", "From", "Start, From Time, Start Time"),
            clock_column("end", "To", "End, Until, Till, To Time, End Time"),
            hours_column(),
            text_column("reason", "Reason", 250, "Remarks, Note, Cause"),
        ),
        references=(TEACHER,),
        check=_absence_is_whole,
    )


def _says_which(row: Row) -> Iterator[tuple[str, str]]:
    if not any(value for name, value in row.items() if name not in ("roll_no", "note", "valid_until")):
        yield "roll_no", _("No arrangement is named for this student. Name one, or delete the row.")


def accommodations(day_first: bool) -> Dataset:
    """One row per arrangement, or one per student with a column of yes and no for each."""
    return Dataset(
        name="Accommodations",
        one="access arrangement",
        aliases=("Access Arrangements", "Accommodation", "Special Needs", "Arrangements"),
        key=("roll_no", "kind"),
        columns=(
            roll_no(),
            column(
                "kind",
                "Kind",
                cells.choice(ARRANGEMENT_KINDS),
                "Arrangement, Type, Accommodation, Need",
                help=", ".join(ARRANGEMENT_KINDS),
            ),
            whole_column(
                "extra_percent",
                "Extra Time (%)",
                0,
                200,
                "Extra Percent, Extra Time, Extra Time Percent",
                empty=0,
            ),
            whole_column(
                "extra_minutes",
                "Extra Minutes",
                0,
                600,
                "Extra Min, Additional Minutes, Extra Time (min)",
                empty=0,
            ),
            *(
                yes_no_column(name, kind.title(), ", ".join(ARRANGEMENT_KINDS[kind]), empty=False)
                for name, kind in FLAGS.items()
            ),
            day_column("valid_until", "Valid Until", "Until, Expires", day_first=day_first),
            text_column("note", "Note", 250, "Notes, Remarks, Reason"),
        ),
        references=(STUDENT,),
        needs_one_of=("kind", "extra_percent", "extra_minutes", *FLAGS),
        check=_says_which,
    )
