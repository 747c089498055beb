"""How our columns are made, and those that several sheets share. Lengths are those of the models."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.spreadsheets import cells, moments
from projects.spreadsheets.cells import code, limited, text
from projects.spreadsheets.columns import Column, Reference, Row


def column(name: str, header: str, clean: cells.Clean, also: str = "", **options: Any) -> Column:
    """also: other headers that mean the same, with commas between."""
    aliases = tuple(alias.strip() for alias in also.split(",") if alias.strip())
    return Column(name, header, aliases, clean=clean, **options)


def code_column(name: str, header: str, most: int, also: str = "", **options: Any) -> Column:
    return column(name, header, limited(code, most), also, keeps_zeros=True, **options)


def text_column(name: str, header: str, most: int, also: str = "", **options: Any) -> Column:
    return column(name, header, limited(text, most), also, **options)


def whole_column(name: str, header: str, low: int, high: int, also: str = "", **options: Any) -> Column:
    return column(name, header, cells.whole(low, high), also, **{"empty": None, **options})


def yes_no_column(name: str, header: str, also: str = "", *, empty: bool) -> Column:
    return column(name, header, cells.yes_no, also, empty=empty, help="yes or no")


def day_column(name: str, header: str, also: str = "", *, day_first: bool, **options: Any) -> Column:
    options = {"empty": None, "help": "A date, such as 2027-01-31.", **options}
    doubt = moments.is_ambiguous_day(day_first=day_first)
    return column(name, header, moments.day(day_first=day_first), also, doubt=doubt, **options)


def clock_column(name: str, header: str, also: str = "", **options: Any) -> Column:
    options = {"empty": None, "doubt": moments.is_at_night, "help": "A time, such as 08:30.", **options}
    return column(name, header, moments.clock, also, **options)


def hours_column() -> Column:
    return column(
        "hours",
        "Hours",
        moments.hours,
        "Time, Timing, Timings, Exam Time, Time Slot",
        empty=None,
        unpack=("start", "end"),
        is_compared=False,
        doubt=moments.is_at_night,
        help="From when to when: 09:00 - 12:00.",
    )


def words(most: int) -> cells.Clean:
    """Several words in one cell, as the models keep them: with commas between."""

    def clean(value: Any) -> str:
        joined = ", ".join(cells.items(text)(value))
        if len(joined) > most:
            raise cells.too_long(len(joined), most)
        return joined

    return clean


def ends_after_start(row: Row) -> Iterator[tuple[str, str]]:
    starts, ends = row.get("start"), row.get("end")
    if starts and ends and ends <= starts:
        words = _("This ends at %(end)s, before it starts at %(start)s. Correct one of the two.")
        yield "end", words % {"end": f"{ends:%H:%M}", "start": f"{starts:%H:%M}"}


def roll_no() -> Column:
    return code_column(
        "roll_no",
        "Roll No",
        60,
        "Roll, Roll Number, Student ID, Student No, Student Number, Registration No, "
        "Registration Number, Reg No, Regn No, Regd No, Enrolment No, Enrollment No, Matric No, "
        "Matric Number, Matriculation Number, Admission No, Exam No, Candidate No, USN, PRN",
        required=True,
        help="The student's number, as text: zeros in front are kept.",
    )


def course_code(name: str = "course_code", header: str = "Course Code", also: str = "") -> Column:
    return code_column(
        name,
        header,
        40,
        also
        or "Course, Code, Subject Code, Paper Code, Course ID, Course No, Course Number, Module Code, "
        "Unit Code, Subject ID, Paper",
        required=True,
        help="The course's code, as text.",
    )


def staff_no() -> Column:
    return code_column(
        "staff_no",
        "Staff No",
        60,
        "Staff ID, Staff Number, Teacher ID, Teacher No, Teacher Code, Employee No, Employee ID, Emp ID, "
        "Emp No, Faculty ID, Lecturer ID, Personnel No, User Name",
        required=True,
        help="The teacher's number, as text.",
    )


ROOM_HEADERS = "Rooms, Room No, Room Number, Room Code, Room Name, Hall, Hall No, Venue, Classroom, Location"


def room() -> Column:
    return code_column("room", "Room", 40, ROOM_HEADERS, required=True)


def gender() -> Column:
    return column("gender", "Gender", cells.choice(GENDERS), "Sex, M F", help="F, M or X.")


def email() -> Column:
    return column("email", "Email", cells.email, "Mail, Email Address")


def department() -> Column:
    return text_column("department", "Department", 150, "Dept, Department Name, Dept Name, Faculty, School")


GENDERS = {
    "F": ("female", "woman", "girl", "w", "عورت", "خاتون"),
    "M": ("male", "man", "boy", "مرد"),
    "X": ("other", "diverse", "non-binary"),
}

STUDENT = Reference(("roll_no",), "Students", ("roll_no",), gettext_lazy("student"))

COURSE = Reference(("course_code",), "Courses", ("course_code",), gettext_lazy("course"))

TEACHER = Reference(("staff_no",), "Teachers", ("staff_no",), gettext_lazy("teacher"))

ROOM = Reference(("room",), "Rooms", ("room",), gettext_lazy("room"))
