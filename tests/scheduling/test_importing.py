import json
from datetime import date, time

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook, load_workbook

from projects.models import Change
from projects.spreadsheets.headers import Choice
from scheduling.importing import HasErrors, Upload, dry_run, import_workbooks, remember_headers, write_errors
from scheduling.models import (
    AccessArrangement,
    Course,
    Designation,
    Exam,
    ExamLink,
    Exemption,
    FixedPlacement,
    Period,
    Programme,
    Registration,
    Relative,
    Room,
    Seat,
    StaffingStep,
    Student,
    Teacher,
    TeacherPair,
    Teaches,
    Unavailability,
)
from tests.factories.projects import ProjectFactory
from tests.factories.scheduling import CourseFactory, ExamFactory, PeriodFactory, RoomFactory, StudentFactory

pytestmark = pytest.mark.django_db

SEASON = {
    "Students": [
        ["Roll No", "Name", "Programme", "Gender"],
        ["001", "Mia", "Physics", "F"],
        ["002", "Ali", "Law", "M"],
    ],
    "Courses": [
        ["Course Code", "Title", "Duration (min)"],
        ["PHY-1", "Physics 1", 120],
        ["LAW-1", "Law 1", 60],
    ],
    "Registrations": [
        ["Roll No", "Course Code", "Type"],
        ["001", "PHY-1", "regular"],
        ["002", "LAW-1", "repeat"],
    ],
    "Rooms": [["Block", "Room", "Rows", "Columns"], ["B", "B-1", 5, 6]],
    "Teachers": [["Staff No", "Name", "Designation"], ["T1", "Zoë", "Professor"]],
    "Teaches": [["Staff No", "Course Code"], ["T1", "PHY-1"]],
    "Slots": [["Date", "Slot", "Start", "End"], ["2027-01-04", "A", "09:00", "12:00"]],
}


@pytest.fixture
def project():
    return ProjectFactory(institution__slug="school", slug="season")


@pytest.fixture
def upload(tmp_path):
    """upload({"Sheet": rows, …}) saves a workbook as a person would have sent it."""

    def upload(sheets, name="book.xlsx"):
        book = Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / name)
        return Upload(path=tmp_path / name, name=name)

    return upload


@pytest.fixture
def bring(project, upload):
    """bring(sheets) imports a workbook into the project."""

    def bring(sheets, **options):
        return import_workbooks(project=project, uploads=[upload(sheets)], **options)

    return bring


def faults(outcome):
    return [(error.sheet, error.row, error.column) for error in outcome.report.errors]


def test_a_workbook_becomes_a_season(project, bring):
    outcome = bring(SEASON)
    assert outcome.is_written
    assert outcome.exams_made == 2
    student = Student.objects.get(project=project, roll_no="001")
    assert (student.name, student.programme.name, student.gender) == ("Mia", "Physics", "F")
    assert student.institution_id == project.institution_id
    assert Registration.objects.get(student__roll_no="002").kind == "repeat"
    assert Room.objects.get().exam_capacity == 30
    assert Teacher.objects.get().designation.name == "Professor"
    assert Teaches.objects.get().course.code == "PHY-1"
    assert (Period.objects.get().label, Period.objects.get().starts) == ("A", time(9))
    assert set(Exam.objects.values_list("code", "duration", "sittings__number")) == {
        ("PHY-1", 120, 1),
        ("LAW-1", 60, 1),
    }


def test_a_dry_run_tells_all_and_writes_nothing(project, upload, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        outcome = dry_run(project=project, uploads=[upload(SEASON)])
    assert outcome.changes["Students"] == {"added": 2, "changed": 0, "left": 0, "removed": 0}
    assert not outcome.is_written
    assert not Student.objects.exists()
    assert not Change.objects.filter(project_id=project.pk, model="scheduling.student").exists()


def test_the_same_workbook_again_changes_nothing(bring):
    bring(SEASON)
    again = bring(SEASON)
    assert {(c["added"], c["changed"], c["removed"]) for c in again.changes.values()} == {(0, 0, 0)}
    assert again.changes["Registrations"]["left"] == 2
    assert again.exams_made == 0


def test_an_update_changes_what_differs_and_leaves_the_rest(project, bring):
    bring(SEASON)
    outcome = bring({"Students": [["Roll No", "Name"], ["001", "Mia Khan"], ["003", "Noor"]]})
    assert outcome.changes["Students"] == {"added": 1, "changed": 1, "left": 1, "removed": 0}
    mia = Student.objects.get(roll_no="001")
    assert (mia.name, mia.programme.name) == ("Mia Khan", "Physics")


def test_an_empty_cell_of_an_uploaded_column_empties_the_field(bring):
    bring(SEASON)
    bring({"Students": [["Roll No", "Name", "Programme"], ["001", "Mia", ""]]})
    assert Student.objects.get(roll_no="001").programme is None


def test_the_case_of_letters_makes_no_new_row(bring):
    bring(SEASON)
    outcome = bring({"Courses": [["Code", "Title"], ["phy-1", "Physics One"]]})
    assert outcome.changes["Courses"]["changed"] == 1
    assert Course.objects.get(code="PHY-1").title == "Physics One"
    assert (
        bring({"Courses": [["Code", "Title"], ["PHY-1", "PHYSICS ONE"]]}).changes["Courses"]["changed"] == 1
    )


def test_a_replacement_removes_what_the_sheet_does_not_have(project, bring):
    bring(SEASON)
    outcome = bring({"Courses": SEASON["Courses"][:2]}, replace=True)
    assert outcome.changes["Courses"] == {"added": 0, "changed": 0, "left": 1, "removed": 1}
    assert list(Exam.objects.values_list("code", flat=True)) == ["PHY-1"]
    assert Student.objects.count() == 2


def test_an_empty_replacement_is_refused(bring):
    bring(SEASON)
    with pytest.raises(HasErrors) as refused:
        bring({"Students": [["Roll No", "Name"]]}, replace=True)
    assert "no row to replace the Students" in refused.value.outcome.report.errors[0].message
    with pytest.raises(HasErrors):
        bring({"Students": [["Roll No", "Name"], ["", "Mia"]]}, replace=True)
    assert Student.objects.count() == 2


def test_a_faulty_row_removes_nothing_when_good_rows_replace_the_rest(bring):
    bring(SEASON)
    rows = [["Roll No", "Name", "Gender"], ["001", "Mia", "blue"], ["003", "Noor", "F"]]
    outcome = bring({"Students": rows}, replace=True, skip_errors=True)
    assert outcome.changes["Students"] == {"added": 1, "changed": 0, "left": 0, "removed": 1}
    assert set(Student.objects.values_list("roll_no", flat=True)) == {"001", "003"}


def test_with_an_error_nothing_is_written(project, bring):
    faulty = SEASON | {"Courses": [*SEASON["Courses"], ["CHE-1", "Chemistry", "two hours"]]}
    with pytest.raises(HasErrors, match="One error: nothing was written") as refused:
        bring(faulty)
    assert faults(refused.value.outcome) == [("Courses", 4, "Duration (min)")]
    assert not Student.objects.exists()


def test_the_good_rows_may_be_taken_alone(bring):
    faulty = SEASON | {
        "Courses": [*SEASON["Courses"], ["CHE-1", "Chemistry", "two hours"]],
        "Registrations": [*SEASON["Registrations"], ["001", "CHE-1", "regular"]],
    }
    outcome = bring(faulty, skip_errors=True)
    assert outcome.report.accepted["Registrations"] == 2
    assert Registration.objects.count() == 2
    assert faults(outcome) == [("Courses", 4, "Duration (min)")]


def test_another_projects_rows_are_neither_seen_nor_named(bring):
    other = ProjectFactory()
    StudentFactory(project=other, roll_no="001", name="Other Mia")
    CourseFactory(project=other, code="GEO-1")
    bring(SEASON)
    assert Student.objects.get(project=other).name == "Other Mia"
    with pytest.raises(HasErrors) as refused:
        bring({"Registrations": [["Roll No", "Course Code"], ["001", "GEO-1"]]})
    assert faults(refused.value.outcome) == [("Registrations", 2, "Course Code")]


def test_courses_of_one_group_share_an_exam(bring):
    bring(
        SEASON
        | {"Courses": [["Code", "Title", "Common Group"], ["PHY-1", "Physics", "g"], ["LAW-1", "Law", "G"]]}
    )
    assert list(Exam.objects.values_list("code", flat=True)) == ["LAW-1"]


def test_a_datesheet_alone_brings_its_courses_and_periods(project, bring):
    outcome = bring(
        {
            "Complete": [
                ["DATE SHEET"],
                ["Day", "Date", "Code", "09:00 - 10:00", "Code", "10:30 - 11:30"],
                ["Mon", "04-Jan-2027", "CS1", "Logic &amp; Proof", "MA1", "Algebra"],
                ["", "", "CS2", "Sets", "", ""],
            ]
        }
    )
    assert outcome.report.accepted == {"Fixed": 3, "Courses": 3, "Periods": 2}
    assert Course.objects.get(code="CS1").title == "Logic & Proof"
    fixed = FixedPlacement.objects.get(exam__code="MA1")
    assert (fixed.period.date, fixed.period.starts, fixed.date) == (date(2027, 1, 4), time(10, 30), None)


def test_fixed_dates_are_set_by_date_period_and_room(project, bring):
    bring(SEASON)
    rows = [
        ["Course", "Date", "Slot", "Room"],
        ["PHY-1", "2027-01-04", "A", "B-1"],
        ["LAW-1", "2027-01-04", "", ""],
    ]
    bring({"Fixed": rows})
    physics, law = (FixedPlacement.objects.get(exam__code=code) for code in ("PHY-1", "LAW-1"))
    assert (physics.period.label, physics.room.code, physics.date) == ("A", "B-1", None)
    assert (law.period, law.date) == (None, date(2027, 1, 4))
    again = bring({"Fixed": rows})
    assert again.changes["Fixed"] == {"added": 0, "changed": 0, "left": 2, "removed": 0}


def test_one_exam_cannot_be_fixed_at_two_times(bring):
    bring(SEASON | {"Courses": [["Code", "Title", "Common Group"], ["PHY-1", "P", "g"], ["LAW-1", "L", "g"]]})
    rows = [["Course", "Date", "Slot"], ["PHY-1", "2027-01-04", "A"], ["LAW-1", "2027-01-04", ""]]
    with pytest.raises(HasErrors) as refused:
        bring({"Fixed": rows})
    assert "LAW-1 shares its exam with PHY-1" in refused.value.outcome.report.errors[0].message


def test_links_of_courses_become_links_of_exams(bring):
    bring(SEASON)
    bring({"Links": [["Kind", "Course A", "Course B"], ["precedes", "PHY-1", "LAW-1"]]})
    link = ExamLink.objects.get()
    assert (link.kind, link.exam_a.code, link.exam_b.code, link.is_hard) == ("before", "PHY-1", "LAW-1", True)


def test_arrangements_may_stand_in_rows_or_in_columns(bring):
    bring(SEASON)
    bring({"Needs": [["Roll No", "Extra Time (%)", "Own Room", "Reader"], ["001", 25, "yes", "no"]]})
    assert set(AccessArrangement.objects.values_list("kind", "extra_percent")) == {
        ("extra time", 25),
        ("own room", 0),
    }


def test_seats_absences_and_designations_are_written(bring):
    bring(
        SEASON
        | {
            "Seats": [["Room", "Row", "Col", "Attributes"], ["B-1", "C", 4, "aisle; front"]],
            "Leave": [["Staff No", "Date", "From", "To", "Reason"], ["T1", "2027-01-04", "", "", "away"]],
            "Designations": [["Designation", "Rank", "Max Duties"], ["Professor", 1, 4]],
            "Teachers": [
                ["Staff No", "Name", "Designation", "Courses Taught"],
                ["T1", "Zoë", "professor", "LAW-1"],
            ],
        }
    )
    seat = Seat.objects.get()
    assert (seat.row, seat.column, seat.attributes) == (3, 4, "aisle, front")
    assert Unavailability.objects.get().starts is None
    assert Designation.objects.get().max_duties == 4
    assert set(Teaches.objects.values_list("course__code", flat=True)) == {"PHY-1", "LAW-1"}


def test_periods_never_overlap(project, bring):
    PeriodFactory(project=project, date=date(2027, 1, 5), starts=time(9), ends=time(12), label="A")
    rows = [["Date", "Start", "End"], ["2027-01-04", "9:00", "12:00"], ["2027-01-04", "11:00", "13:00"],
            ["2027-01-05", "11:00", "13:00"], ["2027-01-05", "13:00", "14:00"]]  # fmt: skip
    with pytest.raises(HasErrors) as refused:
        bring({"Periods": rows})
    assert faults(refused.value.outcome) == [("Periods", 3, "Start"), ("Periods", 4, "Start")]


def test_a_period_with_an_unreadable_date_excuses_those_who_name_it(bring):
    sheets = SEASON | {
        "Slots": [*SEASON["Slots"], ["31-Feb-2027", "B", "13:00", "14:00"]],
        "Fixed": [["Course", "Date", "Slot"], ["PHY-1", "2027-01-04", "B"], ["LAW-1", "2027-01-04", "C"]],
    }
    with pytest.raises(HasErrors) as refused:
        bring(sheets)
    assert faults(refused.value.outcome) == [("Slots", 3, "Date"), ("Fixed", 3, "Slot")]


def test_history_sums_up_what_was_imported(project, bring):
    bring(SEASON)
    change = Change.objects.get(project_id=project.pk, model="scheduling.student")
    assert (change.action, change.rows, change.reason) == ("added", 2, "import of book.xlsx")
    bring({"Students": [["Roll No", "Name"], ["001", "Mia Khan"]]})
    change = Change.objects.filter(project_id=project.pk, action="changed").latest("pk")
    assert (change.before[0]["name"], change.after[0]["name"]) == ("Mia", "Mia Khan")


def test_a_correction_of_headers_is_remembered(project, upload):
    sheets = {"List": [["Matrikel", "Name"], ["001", "Mia"]]}
    choice = Choice(dataset="Students", columns={"Matrikel": "roll_no"})
    assert dry_run(project=project, uploads=[upload(sheets)]).report.accepted == {}
    outcome = dry_run(project=project, uploads=[upload(sheets)], choices={"List": choice})
    assert outcome.report.accepted == {"Students": 1}
    remember_headers(project=project, sheet="Students", columns=choice.columns)
    project.refresh_from_db()
    assert dry_run(project=project, uploads=[upload(sheets)]).report.accepted == {"Students": 1}


def test_a_file_that_cannot_be_opened_is_an_error_beside_the_others(project, upload, tmp_path):
    (tmp_path / "photo.xlsx").write_bytes(b"\x89PNG....")
    uploads = [Upload(tmp_path / "photo.xlsx", "photo.xlsx"), upload(SEASON)]
    outcome = dry_run(project=project, uploads=uploads)
    assert [error.file for error in outcome.report.errors] == ["photo.xlsx"]
    assert outcome.report.accepted["Students"] == 2


def test_a_batch_of_a_practical_takes_in_late_registrations(project, bring):
    bring(SEASON)
    exam = Exam.objects.get(code="PHY-1")
    exam.batch_size = 1
    exam.save()
    bring({"Registrations": [["Roll No", "Course Code"], ["002", "PHY-1"]]})
    assert exam.sittings.count() == 2


def test_the_persons_own_workbook_comes_back_with_its_errors(project, upload, tmp_path):
    sent = upload({"Rooms": [["Room", "Capacity"], ["B-1", "many"]]})
    outcome = dry_run(project=project, uploads=[sent])
    write_errors(upload=sent, report=outcome.report, out=tmp_path / "back.xlsx")
    assert load_workbook(tmp_path / "back.xlsx")["Rooms"]["C2"].value == "Capacity: Write a number in digits."


def run(capsys, *words):
    try:
        call_command("import_workbook", *map(str, words))
    except CommandError as refusal:
        return refusal.returncode, capsys.readouterr().out, str(refusal)
    return 0, capsys.readouterr().out, ""


def test_the_command_answers_in_json_and_fails_with_a_sentence(project, upload, tmp_path, capsys):
    sent = upload(SEASON | {"Rooms": [["Room", "Capacity"], ["B-1", "many"]]})
    back = tmp_path / "back.xlsx"
    code, out, refusal = run(capsys, "school/season", sent.path, "--json", "--errors", back)
    facts = json.loads(out)
    assert code == 1
    assert refusal.startswith("One error: nothing was written")
    assert facts["errors"] == [
        {
            "sheet": "Rooms",
            "row": 2,
            "column": "Capacity",
            "value": "many",
            "message": "Write a number in digits.",
        }
    ]
    assert facts["accepted"]["Students"] == 2
    assert facts["seconds"] >= 0
    assert facts["peak_mb"] > 0
    assert back.exists()
    assert not Student.objects.exists()

    code, out, _ = run(capsys, "school/season", sent.path, "--skip-errors", "--json")
    assert (code, Student.objects.count()) == (0, 2)


def test_the_command_says_what_is_wrong_with_a_path(project, upload, tmp_path, capsys):
    code, _, refusal = run(
        capsys, "school/season", upload(SEASON).path, "--errors", tmp_path / "no" / "o.xlsx"
    )
    assert (code, Student.objects.count()) == (1, 0)
    assert "There is no folder" in refusal
    code, out, _ = run(capsys, "school/season", tmp_path, "--errors", tmp_path / "o.xlsx")
    assert code == 1
    assert "This is a folder" in out


def test_the_command_tells_a_dry_run_in_sentences(project, upload, capsys):
    code, out, _ = run(capsys, "school/season", upload(SEASON).path, "--dry-run")
    assert code == 0
    assert "book.xlsx, Students: 2 rows taken as Students." in out
    assert "Students: 2 would be added." in out
    assert not Student.objects.exists()


def test_the_number_of_queries_does_not_grow_with_the_rows(project, upload, django_assert_max_num_queries):
    students = [["Roll No", "Name"], *([f"R{number}", "Mia"] for number in range(300))]
    with django_assert_max_num_queries(25):
        import_workbooks(project=project, uploads=[upload({"Students": students})])
    assert Student.objects.count() == 300


def test_rooms_keep_what_a_sheet_does_not_say(project, bring):
    RoomFactory(project=project, code="B-1", floor=2, rows=5, columns=6, exam_capacity=25)
    bring({"Rooms": [["Room", "Features"], ["B-1", "sockets"]]})
    room = Room.objects.get()
    assert (room.floor, room.rows, room.exam_capacity, room.features) == (2, 5, 25, "sockets")


def test_a_new_room_without_seats_is_an_error(project, bring):
    RoomFactory(project=project, code="B-1")
    with pytest.raises(HasErrors) as refused:
        bring({"Rooms": [["Room", "Features"], ["B-1", "sockets"], ["B-2", "sockets"]]})
    assert faults(refused.value.outcome) == [("Rooms", 3, "Room")]


def test_an_exam_made_by_hand_takes_the_fixed_date_of_its_course(project, bring):
    PeriodFactory(project=project, date=date(2027, 1, 4), starts=time(9), ends=time(12), label="A")
    course = CourseFactory(project=project, code="PHY-1")
    ExamFactory(project=project, code="E-1", of_course=course)
    bring({"Fixed": [["Course", "Date", "Slot"], ["PHY-1", "2027-01-04", "A"]]})
    assert FixedPlacement.objects.get().exam.code == "E-1"


def test_names_on_the_way_are_made_once(project, bring):
    Programme.objects.create(project=project, name="Physics")
    bring(
        {
            "Students": [
                ["Roll No", "Name", "Programme"],
                ["1", "Mia", "PHYSICS"],
                ["2", "Ali", "Law"],
                ["3", "Zoë", "law"],
            ]
        }
    )
    assert set(Programme.objects.values_list("name", flat=True)) == {"Physics", "Law"}


DUTIES = {
    "Teachers": [["Staff No", "Name"], ["T1", "Ayesha"], ["T2", "Bilal"]],
    "Students": [["Roll No", "Name"], ["R1", "Dania"]],
    "Staffing": [
        ["From Candidates", "To Candidates", "Invigilators", "One more per", "Tolerance"],
        [1, 50, 2, None, None],
        [51, None, 3, 30, 5],
    ],
    "Exemptions": [
        ["Staff No", "First on", "Last on", "Reason"],
        ["T1", "2027-01-04", "2027-01-08", "leave"],
    ],
    "Pairs": [["Staff No", "Other Staff No", "How"], ["T1", "T2", "never together"]],
    "Relatives": [["Staff No", "Roll No"], ["T2", "R1"]],
}


def test_a_workbook_brings_what_the_duties_need(project, bring):
    bring(DUTIES)
    steps = StaffingStep.objects.for_project(project).values_list("first", "last", "base", "per", "tolerance")
    assert list(steps) == [(1, 50, 2, None, 0), (51, None, 3, 30, 5)]
    exempt = Exemption.objects.for_project(project).get()
    assert (exempt.teacher.name, exempt.last_on, exempt.reason) == ("Ayesha", date(2027, 1, 8), "leave")
    pair = TeacherPair.objects.for_project(project).get()
    assert (pair.teacher_a.name, pair.teacher_b.name, pair.kind) == ("Ayesha", "Bilal", "never")
    assert Relative.objects.for_project(project).get().student.name == "Dania"
    assert {name: row["left"] for name, row in bring(DUTIES).changes.items()} == {
        name: len(rows) - 1 for name, rows in DUTIES.items()
    }


def test_two_teachers_are_one_pair_in_whatever_order_they_are_named(project, bring):
    bring(DUTIES)
    bring(
        {"Pairs": [["Staff No", "Other Staff No", "How"], ["T2", "T1", "together"], ["T1", "T2", "together"]]}
    )
    assert [row.kind for row in TeacherPair.objects.for_project(project)] == ["together"]


def test_what_is_wrong_with_the_sheets_of_duties_is_told_by_row_and_column(bring):
    wrong = {
        "Staffing": [["From Candidates", "To Candidates", "Invigilators"], [30, 20, 1]],
        "Exemptions": [["Staff No", "First on", "Last on"], ["T1", "2027-01-08", "2027-01-04"]],
        "Pairs": [["Staff No", "Other Staff No"], ["T1", "T1"]],
        "Relatives": [["Staff No", "Roll No"], ["T2", "R9"]],
    }
    with pytest.raises(HasErrors) as told:
        bring(DUTIES | wrong)
    assert sorted(faults(told.value.outcome)) == [
        ("Exemptions", 2, "Last on"),
        ("Pairs", 2, "Other Staff No"),
        ("Relatives", 2, "Roll No"),
        ("Staffing", 2, "To Candidates"),
    ]
