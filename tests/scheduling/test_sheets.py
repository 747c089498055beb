from datetime import date, time
from decimal import Decimal

import pytest

from projects.spreadsheets.columns import header_key
from projects.spreadsheets.headers import Choice, candidates, choose
from scheduling.models import Room, Teacher
from scheduling.sheets import definition, definitions
from scheduling.sheets.places import floor, place

NAMES = {
    "Students", "Registrations", "Courses", "Rooms", "Seats", "Teachers", "Designations", "Teaches",
    "Unavailability", "Periods", "Fixed", "Links", "Accommodations", "Staffing", "Exemptions", "Pairs",
    "Relatives",
}  # fmt: skip


def dataset_of(*headers, sheet="Sheet1"):
    layouts, rivals = choose(
        candidates([headers], definitions(), sheet=sheet, choice=Choice(), remembered={})
    )
    assert rivals == []
    return [layout.dataset.name for layout in layouts]


def test_there_are_seventeen_sheets():
    assert {dataset.name for dataset in definitions()} == NAMES


@pytest.mark.parametrize("dataset", definitions(), ids=lambda dataset: dataset.name)
def test_no_two_columns_of_a_sheet_share_a_header(dataset):
    owner = {}
    for column in dataset.columns:
        for word in (column.header, column.name, *column.aliases):
            assert owner.setdefault(header_key(word), column.name) == column.name, word


@pytest.mark.parametrize("dataset", definitions(), ids=lambda dataset: dataset.name)
def test_a_sheet_with_all_our_headers_is_known_whatever_its_name(dataset):
    assert dataset_of(*(column.header for column in dataset.columns))[0] == dataset.name


def test_a_sheet_comes_after_those_that_it_names():
    seen = set()
    for dataset in definitions():
        assert {reference.dataset for reference in dataset.references} <= seen
        seen.add(dataset.name)


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        (("Roll", "Name"), ["Students"]),
        (("matric_no", "Course ID"), ["Registrations"]),
        (("Room No.", "Exam Capacity", "Block"), ["Rooms"]),
        (("Date", "Slot", "Start", "End"), ["Periods"]),
        (("Date", "Shift", "From", "To"), ["Periods"]),
        (("Staff ID", "Date", "From", "To"), ["Unavailability"]),
        (("Designation", "Max Duties"), ["Designations"]),
        (("Course Code", "Date", "Slot", "Room"), ["Fixed"]),
        (("Room", "Row", "Col", "X", "Y"), ["Seats"]),
        (
            ("Student ID", "Course Code", "Course Name", "Student Name"),
            ["Registrations", "Students", "Courses"],
        ),
        (("Course Code", "Course Title", "Staff No"), ["Courses", "Teaches"]),
        (("Staff ID", "First Day", "Last Day", "Reason"), ["Exemptions"]),
        (("Staff No", "Staff No 2"), ["Pairs"]),
        (("Employee No", "Roll No"), ["Relatives"]),
        (("Candidates From", "Candidates To", "Invigilators", "One more per"), ["Staffing"]),
    ],
)
def test_headers_of_real_workbooks_are_known(headers, names):
    first, *others = dataset_of(*headers)
    assert first == names[0] or set(names) == {first, *others}
    assert {first, *others} == set(names)


def check(name, **row):
    return list(definition(name).check(row))


def test_a_period_ends_after_it_starts():
    faults = check("Periods", date=date(2027, 1, 4), start=time(15, 30), end=time(7))
    assert faults == [("end", "This ends at 07:00, before it starts at 15:30. Correct one of the two.")]


def test_a_room_needs_a_capacity_or_a_layout():
    assert check("Rooms", room="A", rows=5, columns=6, exam_capacity=None) == []
    assert check("Rooms", room="A", rows=0, columns=0, exam_capacity=30) == []
    assert [column for column, _ in check("Rooms", room="A", rows=0, columns=0, exam_capacity=None)] == [
        "room"
    ]
    assert [column for column, _ in check("Rooms", room="A", rows=5, columns=0, exam_capacity=30)] == [
        "columns"
    ]


def test_an_absence_has_both_times_or_none():
    assert [column for column, _ in check("Unavailability", start=time(9), end=None)] == ["end"]
    assert check("Unavailability", start=None, end=None) == []


def test_a_fixed_exam_says_where_or_when():
    assert [column for column, _ in check("Fixed", course_code="A", date=None, rooms=())] == ["course_code"]
    assert [column for column, _ in check("Fixed", course_code="A", date=None, period="B")] == ["course_code"]
    assert check("Fixed", course_code="A", date=None, rooms=("R",)) == []


def test_a_link_needs_two_courses():
    assert [column for column, _ in check("Links", kind="before", course_a="A", course_b="a")] == ["course_b"]


def test_stretches_end_where_they_begin_or_later():
    assert [column for column, _ in check("Staffing", first=31, last=30)] == ["last"]
    days = {"first_on": date(2027, 1, 5), "last_on": date(2027, 1, 4)}
    assert [column for column, _ in check("Exemptions", **days)] == ["last_on"]


def test_a_pair_is_of_two_teachers():
    assert [column for column, _ in check("Pairs", staff_no="t1", other_staff_no="T1")] == ["other_staff_no"]


@pytest.mark.parametrize(
    ("written", "meant"), [("G", 0), ("Ground Floor", 0), ("2nd floor", 2), (3.0, 3), ("LG", -1)]
)
def test_floors_are_read_as_people_name_them(written, meant):
    assert floor(written) == meant


@pytest.mark.parametrize(("written", "meant"), [("C", 3), ("c", 3), (4.0, 4)])
def test_rows_of_seats_may_be_letters(written, meant):
    assert place(written) == meant


def test_the_project_decides_how_dates_are_read():
    assert definition("Periods", day_first=False).column("date").clean("04/01/2027") == date(2027, 4, 1)
    assert definition("Periods").column("date").clean("04/01/2027") == date(2027, 1, 4)


@pytest.mark.parametrize(
    ("sheet", "column", "told", "kept"),
    [
        ("Teachers", "share", "0.5", Decimal("0.50")),
        ("Teachers", "carried_minutes", "-120", -120),
        ("Rooms", "numbering", "Zigzag", "snake"),
        ("Rooms", "invigilators", "3", 3),
    ],
)
def test_what_seats_and_duties_need_of_rooms_and_teachers_comes_with_their_sheets(sheet, column, told, kept):
    found = next(row for row in definition(sheet).columns if row.name == column)
    assert found.clean(told) == kept


def test_an_empty_share_is_a_full_post():
    share = next(row for row in definition("Teachers").columns if row.name == "share")
    assert share.empty == Teacher._meta.get_field("share").default
    numbering = next(row for row in definition("Rooms").columns if row.name == "numbering")
    assert numbering.empty == Room._meta.get_field("numbering").default
