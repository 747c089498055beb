"""Our thirteen sheets: their columns, what a cell may hold, and which sheet names which.

One definition serves the importer, the admin's import and every export. Lengths and ranges are those of the
models. Headers are compared without case, spaces and punctuation, so that an alias covers all its spellings.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

from projects.spreadsheets import cells, moments
from projects.spreadsheets.cells import BadCell, code, limited, text
from projects.spreadsheets.columns import Column, Dataset, Reference, Row

GENDERS = {
    "F": ("female", "woman", "girl", "w", "عورت", "خاتون"),
    "M": ("male", "man", "boy", "مرد"),
    "X": ("other", "diverse", "non-binary"),
}
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
ARRANGEMENT_KINDS = {
    "extra time": ("time", "additional time", "compensatory time"),
    "own room": ("separate room", "single room", "alone", "private room"),
    "ground floor": ("step free", "wheelchair", "no stairs"),
    "reader": (),
    "scribe": ("writer", "amanuensis"),
    "front seat": ("front", "front row"),
    "other": (),
}


def floor(value: Any) -> int:
    """G, Ground and LG are floors too."""
    word = cells.squeezed(text(value)).removesuffix("floor")
    named = {"g": 0, "gf": 0, "ground": 0, "lg": -1, "basement": -1, "b": -1, "ug": 1}
    named |= {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
    named |= {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "1f": 1, "2f": 2, "3f": 3}
    return named[word] if word in named else cells.whole(-20, 200)(value)


def place(value: Any) -> int:
    """A seat's row or column: 3, or C."""
    word = text(value)
    if len(word) == 1 and "A" <= word.upper() <= "Z":
        return ord(word.upper()) - ord("A") + 1
    return cells.whole(1, 1000)(value)


def words(most: int) -> cells.Clean:
    """Several words in one cell, as the models keep them: with commas between."""

    def clean(value: Any) -> str:
        joined = ", ".join(cells.items(text)(value))
        if len(joined) > most:
            raise BadCell(f"This has {len(joined)} characters; up to {most} fit. Shorten it.")
        return joined

    return clean


def _column(name: str, header: str, clean: cells.Clean, also: str = "", **options: Any) -> Column:
    """also: other headers that mean the same, with commas between."""
    aliases = tuple(alias.strip() for alias in also.split(",") if alias.strip())
    return Column(name, header, aliases, clean=clean, **options)


def _code(name: str, header: str, most: int, also: str = "", **options: Any) -> Column:
    return _column(name, header, limited(code, most), also, keeps_zeros=True, **options)


def _text(name: str, header: str, most: int, also: str = "", **options: Any) -> Column:
    return _column(name, header, limited(text, most), also, **options)


def _whole(name: str, header: str, low: int, high: int, also: str = "", **options: Any) -> Column:
    return _column(name, header, cells.whole(low, high), also, **{"empty": None, **options})


def _yes_no(name: str, header: str, also: str = "", *, empty: bool) -> Column:
    return _column(name, header, cells.yes_no, also, empty=empty, help="yes or no")


def _roll_no() -> Column:
    return _code(
        "roll_no",
        "Roll No",
        60,
        "Roll, Roll Number, Student ID, Student No, Student Number, Registration No, "
        "Registration Number, Reg No, Regd No, Enrolment No, Enrollment No, Matric No, Matric Number, "
        "Matriculation Number, Admission No, Exam No, Candidate No, USN, PRN",
        required=True,
        help="The student's number, as text: zeros in front are kept.",
    )


def _course_code(name: str = "course_code", header: str = "Course Code", also: str = "") -> Column:
    return _code(
        name,
        header,
        40,
        also
        or "Course, Code, Subject Code, Paper Code, Course ID, Course No, Course Number, Module Code, "
        "Unit Code, Subject ID, Paper",
        required=True,
        help="The course's code, as text.",
    )


def _staff_no() -> Column:
    return _code(
        "staff_no",
        "Staff No",
        60,
        "Staff ID, Staff Number, Teacher ID, Teacher No, Teacher Code, Employee No, Employee ID, Emp ID, "
        "Emp No, Faculty ID, Lecturer ID, Personnel No, User Name",
        required=True,
        help="The teacher's number, as text.",
    )


_ROOM = "Rooms, Room No, Room Number, Room Code, Room Name, Hall, Hall No, Venue, Classroom, Location"


def _room() -> Column:
    return _code("room", "Room", 40, _ROOM, required=True)


def _gender() -> Column:
    return _column("gender", "Gender", cells.choice(GENDERS), "Sex, M F", help="F, M or X.")


def _email() -> Column:
    return _column("email", "Email", cells.email, "Mail, Email Address")


def _department() -> Column:
    return _text("department", "Department", 150, "Dept, Department Name, Dept Name, Faculty, School")


def _day(name: str, header: str, also: str = "", *, day_first: bool, **options: Any) -> Column:
    options = {"empty": None, "help": "A date, such as 2027-01-31.", **options}
    doubt = moments.is_ambiguous_day(day_first=day_first)
    return _column(name, header, moments.day(day_first=day_first), also, doubt=doubt, **options)


def _clock(name: str, header: str, also: str = "", **options: Any) -> Column:
    options = {"empty": None, "doubt": moments.is_at_night, "help": "A time, such as 08:30.", **options}
    return _column(name, header, moments.clock, also, **options)


def _hours() -> Column:
    return _column(
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


def _ends_after_start(row: Row) -> Iterator[tuple[str, str]]:
    starts, ends = row.get("start"), row.get("end")
    if starts and ends and ends <= starts:
        yield "end", f"This ends at {ends:%H:%M}, before it starts at {starts:%H:%M}. Correct one of the two."


def _period_is_whole(row: Row) -> Iterator[tuple[str, str]]:
    if not row.get("start"):
        yield "start", "The start is missing. Write it, such as 08:30."
    elif not row.get("end"):
        yield "end", "The end is missing. Write it, such as 11:30."
    yield from _ends_after_start(row)


def _absence_is_whole(row: Row) -> Iterator[tuple[str, str]]:
    starts, ends = row.get("start"), row.get("end")
    if bool(starts) != bool(ends):
        yield "end" if starts else "start", "Give both times, or neither for the whole day."
    yield from _ends_after_start(row)


SEATS = ("rows", "columns", "exam_capacity")
ROOM_WITHOUT_SEATS = "The room has no seats: give its exam capacity, or its rows and columns."


def _room_has_seats(row: Row) -> Iterator[tuple[str, str]]:
    rows, columns, capacity = (row.get(name) for name in SEATS)
    if not row.keys() & set(SEATS):
        return  # only a new room needs them, and only the project knows which is new
    if bool(rows) != bool(columns):
        yield "columns" if rows else "rows", "Give both the rows and the columns of seats, or neither."
    elif not capacity and not rows:
        yield "room", ROOM_WITHOUT_SEATS


def _duties_in_order(row: Row) -> Iterator[tuple[str, str]]:
    least, most = row.get("min_duties"), row.get("max_duties")
    if least and most is not None and most < least:
        yield (
            "max_duties",
            f"The most duties ({most}) are fewer than the least ({least}). Correct one of the two.",
        )


def _fixes_something(row: Row) -> Iterator[tuple[str, str]]:
    if (row.get("period") or row.get("start")) and not row.get("date"):
        yield "course_code", "The period has no date. Write the date as well."
    elif not row.get("date") and not row.get("rooms"):
        yield (
            "course_code",
            "Nothing is fixed for this course. Give a date, a period or a room, or delete the row.",
        )
    yield from _ends_after_start(row)


def _two_courses(row: Row) -> Iterator[tuple[str, str]]:
    if cells.key(row["course_a"]) == cells.key(row["course_b"]):
        yield "course_b", "A course cannot be linked to itself. Name two different courses."


def _says_which(row: Row) -> Iterator[tuple[str, str]]:
    if not any(value for name, value in row.items() if name not in ("roll_no", "note", "valid_until")):
        yield "roll_no", "No arrangement is named for this student. Name one, or delete the row."


STUDENT = Reference(("roll_no",), "Students", ("roll_no",), "student")
COURSE = Reference(("course_code",), "Courses", ("course_code",), "course")
TEACHER = Reference(("staff_no",), "Teachers", ("staff_no",), "teacher")
ROOM = Reference(("room",), "Rooms", ("room",), "room")


def _students() -> Dataset:
    return Dataset(
        name="Students",
        one="student",
        aliases=("Student", "Candidates", "Student List", "Roll List"),
        key=("roll_no",),
        columns=(
            _roll_no(),
            _text(
                "name",
                "Name",
                200,
                "Student Name, Full Name, Candidate Name, Student, Name of Student",
                required=True,
            ),
            _text("father_name", "Father Name", 200, "Father's Name, Father, Guardian, Guardian Name"),
            _text(
                "programme",
                "Programme",
                150,
                "Program, Degree, Degree Programme, Programme Code, Class, Branch",
            ),
            _code("semester", "Semester", 20, "Year, Sem, Year/Semester, Level, Grade, Year of Study"),
            _code("section", "Section", 40, "Sec, Group, Batch"),
            _text("shift", "Shift", 40),
            _text("campus", "Campus", 80, "Site"),
            _gender(),
            _email(),
        ),
    )


def _courses() -> Dataset:
    return Dataset(
        name="Courses",
        one="course",
        aliases=("Course", "Subjects", "Papers", "Modules", "Course List"),
        key=("course_code",),
        columns=(
            _course_code(),
            _text(
                "title",
                "Title",
                250,
                "Course Title, Course Name, Name, Subject, Subject Name, Paper Name, Paper Title",
                required=True,
            ),
            _department(),
            _column(
                "credits",
                "Credits",
                cells.decimal(0, 999, 1),
                "Credit, Credit Hours, Cr Hrs, Credit Units",
                empty=None,
            ),
            _column(
                "duration",
                "Duration (min)",
                moments.minutes(10, 600),
                "Duration, Minutes, Duration Minutes, Duration in Minutes, Exam Duration, "
                "Exam Duration Minutes, Length, Duration (hours), Duration (hrs)",
                empty=None,
                doubt=moments.is_in_hours,
                help="Minutes; a number up to 10 is read as hours.",
            ),
            _column(
                "kind",
                "Kind",
                cells.choice(COURSE_KINDS),
                "Type, Theory/Practical, Course Type, Nature",
                empty="theory",
                help="theory, practical or viva.",
            ),
            _code(
                "common_group",
                "Common Group",
                60,
                "Common Exam, Common Paper, Similar Courses, Combined With, Exam Group",
                help="Courses with the same word here sit one exam.",
            ),
        ),
    )


def _rooms() -> Dataset:
    return Dataset(
        name="Rooms",
        one="room",
        aliases=("Halls", "Venues", "Room Capacity", "Classrooms"),
        key=("room",),
        columns=(
            _code("block", "Block", 60, "Building, Building Code, Block Name, Wing"),
            _room(),
            _whole("rows", "Rows", 0, 500, "No of Rows, Row Count", empty=0),
            _whole("columns", "Columns", 0, 500, "Cols, No of Columns, Column Count", empty=0),
            _whole(
                "seats_per_bench", "Seats per bench", 1, 20, "Per Bench, Bench Size, Cap per Bench", empty=1
            ),
            _whole(
                "exam_capacity",
                "Exam Capacity",
                1,
                100_000,
                "Capacity, Seats, Exam Seats, Seating Capacity, Total Seats, Strength",
                help="How many can sit an exam; rows × columns where it is empty.",
            ),
            _whole("teaching_capacity", "Teaching Capacity", 0, 100_000, "Class Capacity, Lecture Capacity"),
            _column("floor", "Floor", floor, "Storey, Level", empty=0),
            _column("features", "Features", words(200), "Facilities, Equipment, Room Type"),
            _yes_no("usable", "Usable", "Is Usable, Active, Available, Used for Exams", empty=True),
            _text("campus", "Campus", 80, "Site"),
        ),
        check=_room_has_seats,
    )


def _seats() -> Dataset:
    return Dataset(
        name="Seats",
        one="seat",
        aliases=("Seat", "Layout", "Room Layout"),
        key=("room", "row", "column", "side"),
        columns=(
            _room(),
            _column("row", "Row", place, "Seat Row, Row No", required=True, empty=None),
            _column(
                "column", "Column", place, "Col, Seat, Seat Column, Column No", required=True, empty=None
            ),
            _whole("side", "Side", 1, 20, "Bench Side, Place on Bench", empty=1),
            _code("label", "Label", 20, "Seat Label, Seat Name"),
            _column("x", "X", cells.decimal(-9999, 9999, 2), "X (m)", empty=None),
            _column("y", "Y", cells.decimal(-9999, 9999, 2), "Y (m)", empty=None),
            _column("attributes", "Attributes", words(200), "Features"),
            _yes_no("usable", "Usable", "Active, Available", empty=True),
        ),
        references=(ROOM,),
    )


def _designations() -> Dataset:
    return Dataset(
        name="Designations",
        one="designation",
        aliases=("Ranks",),
        key=("designation",),
        columns=(
            _text("designation", "Designation", 100, "Rank Name, Title, Name, Position, Post", required=True),
            _whole("rank", "Rank", 0, 1000, "Order, Seniority", empty=0, help="1 is the most senior."),
            _whole("min_duties", "Min Duties", 0, 1000, "Least Duties, Minimum Duties", empty=0),
            _whole("max_duties", "Max Duties", 0, 1000, "Most Duties, Maximum Duties, Duties"),
            _column("weight", "Weight", cells.decimal(0, 999, 2), "Share, Share of Duties", empty=Decimal(1)),
        ),
        check=_duties_in_order,
    )


def _teachers() -> Dataset:
    return Dataset(
        name="Teachers",
        one="teacher",
        aliases=("Teacher", "Staff", "Faculty", "Lecturers", "Invigilators", "Instructors"),
        key=("staff_no",),
        columns=(
            _staff_no(),
            _text(
                "name",
                "Name",
                200,
                "Teacher Name, Full Name, Teacher, Lecturer, Faculty Name, Staff Name",
                required=True,
            ),
            _text("designation", "Designation", 100, "Rank, Position, Post, Title"),
            _department(),
            _gender(),
            _email(),
            _whole("max_duties", "Max Duties", 0, 1000, "Most Duties, Maximum Duties, Duties"),
            _yes_no("may_invigilate", "May Invigilate", "Can Invigilate, Invigilates, Available", empty=True),
            _column(
                "courses_taught",
                "Courses Taught",
                cells.items(limited(code, 40)),
                "Courses, Teaches, Subjects Taught",
                empty=(),
                help="Course codes with commas between.",
            ),
        ),
        references=(Reference(("courses_taught",), "Courses", ("course_code",), "course", is_list=True),),
    )


def _teaches() -> Dataset:
    return Dataset(
        name="Teaches",
        one="taught course",
        aliases=("Course Instructors", "Course Teachers", "Examiners", "Teaching"),
        key=("staff_no", "course_code", "section"),
        columns=(_staff_no(), _course_code(), _code("section", "Section", 40, "Sec, Group")),
        references=(TEACHER, COURSE),
    )


def _unavailability(day_first: bool) -> Dataset:
    return Dataset(
        name="Unavailability",
        one="absence",
        aliases=("Unavailabilities", "Leave", "Absences", "Availability", "Staff Unavailability"),
        key=("staff_no", "date", "start"),
        columns=(
            _staff_no(),
            _day("date", "Date", "Day, Leave Date, Unavailable On", day_first=day_first, required=True),
            _clock("start", "From", "Start, From Time, Start Time"),
            _clock("end", "To", "End, Until, Till, To Time, End Time"),
            _hours(),
            _text("reason", "Reason", 250, "Remarks, Note, Cause"),
        ),
        references=(TEACHER,),
        check=_absence_is_whole,
    )


def _periods(day_first: bool) -> Dataset:
    return Dataset(
        name="Periods",
        one="period",
        aliases=("Period", "Slots", "Slot", "Shifts", "Exam Slots", "Calendar", "Time Slots", "Sessions"),
        key=("date", "start"),
        columns=(
            _day(
                "date",
                "Date",
                "Exam Date, Dated",
                day_first=day_first,
                required=True,
                carry_with=("start", "hours"),
            ),
            _code("period", "Period", 20, "Slot, Shift, Session, Slot No, Label, Slot Name"),
            _clock("start", "Start", "Starts, From, Start Time, Begin, Begins, Time From"),
            _clock("end", "End", "Ends, To, End Time, Until, Finish, Time To"),
            _hours(),
            _whole("penalty", "Dislike", 0, 100_000, "Penalty", empty=0),
            _whole("max_exams", "Max Exams", 0, 100_000, "Most Exams, Max Papers"),
            _whole("max_candidates", "Max Candidates", 0, 1_000_000, "Most Candidates, Max Seats"),
            _whole("max_rooms", "Max Rooms", 0, 100_000, "Most Rooms"),
        ),
        needs_one_of=("start", "hours"),
        check=_period_is_whole,
    )


def _fixed(day_first: bool) -> Dataset:
    return Dataset(
        name="Fixed",
        one="fixed exam",
        aliases=("Fixed Exams", "Fixed Dates", "Datesheet", "Date Sheet", "Timetable", "Fixed Slots"),
        key=("course_code", "rooms"),
        may_be_wide=True,
        columns=(
            _course_code(),
            _text(
                "title",
                "Title",
                250,
                "Course Title, Course Name, Subject, Subject Name, Name",
                is_compared=False,
            ),
            _day(
                "date",
                "Date",
                "Exam Date, Dated",
                day_first=day_first,
                carry_with=("period", "start", "hours"),
            ),
            _code("period", "Period", 20, "Slot, Shift, Session"),
            _clock("start", "Start", "Starts, From, Start Time"),
            _clock("end", "End", "Ends, To, End Time", is_compared=False),
            _hours(),
            _column("rooms", "Room", cells.items(limited(code, 40)), _ROOM, empty=()),
        ),
        references=(
            COURSE,
            Reference(("date",), "Periods", ("date",), "exam day"),
            Reference(("date", "period"), "Periods", ("date", "period"), "period"),
            Reference(("date", "start"), "Periods", ("date", "start"), "period"),
            Reference(("rooms",), "Rooms", ("room",), "room", is_list=True),
        ),
        needs_one_of=("date", "rooms"),
        check=_fixes_something,
    )


def _links() -> Dataset:
    return Dataset(
        name="Links",
        one="link",
        aliases=("Link", "Exam Links", "Distribution", "Constraints"),
        key=("kind", "course_a", "course_b"),
        columns=(
            _column(
                "kind",
                "Kind",
                cells.choice(LINK_KINDS),
                "Link, Type, How, Relation, Constraint",
                required=True,
                help=", ".join(LINK_KINDS),
            ),
            _course_code(
                "course_a", "Course A", "First Course, Course 1, Course Code A, Course Code 1, First"
            ),
            _course_code(
                "course_b", "Course B", "Second Course, Course 2, Course Code B, Course Code 2, Second"
            ),
            _yes_no("must_hold", "Must Hold", "Hard, Is Hard, Required, Must", empty=True),
            _whole("weight", "Weight", 0, 10_000, empty=10),
            _whole("gap_days", "Gap Days", 0, 365, "Gap, Days, Free Days, Days Between", empty=1),
        ),
        references=(
            Reference(("course_a",), "Courses", ("course_code",), "course"),
            Reference(("course_b",), "Courses", ("course_code",), "course"),
        ),
        check=_two_courses,
    )


def _registrations() -> Dataset:
    return Dataset(
        name="Registrations",
        one="registration",
        aliases=("Registration", "Enrolments", "Enrollments", "Course Registrations", "Student Courses"),
        key=("roll_no", "course_code"),
        columns=(
            _roll_no(),
            _course_code(),
            _column(
                "kind",
                "Type",
                cells.choice(REGISTRATION_KINDS),
                "Kind, Registration Type, Registration Kind, Status, Attempt",
                empty="regular",
                help=", ".join(REGISTRATION_KINDS),
            ),
            _code("section", "Section", 40, "Sec, Group"),
        ),
        references=(STUDENT, COURSE),
    )


FLAGS = {
    kind.replace(" ", "_"): kind for kind in ("own room", "ground floor", "reader", "scribe", "front seat")
}


def _accommodations(day_first: bool) -> Dataset:
    """One row per arrangement, or one per student with a column of yes and no for each."""
    return Dataset(
        name="Accommodations",
        one="access arrangement",
        aliases=("Access Arrangements", "Accommodation", "Special Needs", "Arrangements"),
        key=("roll_no", "kind"),
        columns=(
            _roll_no(),
            _column(
                "kind",
                "Kind",
                cells.choice(ARRANGEMENT_KINDS),
                "Arrangement, Type, Accommodation, Need",
                help=", ".join(ARRANGEMENT_KINDS),
            ),
            _whole(
                "extra_percent",
                "Extra Time (%)",
                0,
                200,
                "Extra Percent, Extra Time, Extra Time Percent",
                empty=0,
            ),
            _whole(
                "extra_minutes",
                "Extra Minutes",
                0,
                600,
                "Extra Min, Additional Minutes, Extra Time (min)",
                empty=0,
            ),
            *(
                _yes_no(name, kind.title(), ", ".join(ARRANGEMENT_KINDS[kind]), empty=False)
                for name, kind in FLAGS.items()
            ),
            _day("valid_until", "Valid Until", "Until, Expires", day_first=day_first),
            _text("note", "Note", 250, "Notes, Remarks, Reason"),
        ),
        references=(STUDENT,),
        needs_one_of=("kind", "extra_percent", "extra_minutes", *FLAGS),
        check=_says_which,
    )


@cache
def definitions(*, day_first: bool = True) -> tuple[Dataset, ...]:
    """All sheets, in the order in which they can be written: a sheet comes after those that it names."""
    return (
        _students(),
        _courses(),
        _rooms(),
        _seats(),
        _designations(),
        _teachers(),
        _teaches(),
        _unavailability(day_first),
        _periods(day_first),
        _registrations(),
        _fixed(day_first),
        _links(),
        _accommodations(day_first),
    )


def definition(name: str, *, day_first: bool = True) -> Dataset:
    return next(dataset for dataset in definitions(day_first=day_first) if dataset.name == name)
