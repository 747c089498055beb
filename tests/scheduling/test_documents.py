"""The printed things of a datesheet, from rows to files."""

import csv
import io
import json
import re
import zipfile
from collections import Counter
from datetime import date, time

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from scheduling import models
from scheduling.documents import folder, grids, lists, prints, quality, words
from scheduling.documents.prints import PRINTS, NothingToPrint, Press, make_print
from scheduling.documents.tables import rows_of

from ..factories import scheduling as factories
from .printed import SeatedWorld, World, printed, text_of, text_of_xlsx, text_of_zip

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


@pytest.fixture
def seated():
    return SeatedWorld()


@pytest.fixture
def rows(world):
    return rows_of(world.solution)


# --- rows -------------------------------------------------------------------------------------------------
def test_sittings_come_in_order_of_time_and_the_unplaced_last(rows):
    assert [sitting.code for sitting in rows.sittings] == ["ALG", "CHE", "BIO"]
    assert [sitting.code for sitting in rows.unplaced] == ["BIO"]


def test_an_exam_ends_when_its_own_time_is_over(rows):
    assert rows.sittings[0].times() == "14:00–15:30"
    assert rows.sittings[0].times(extra_minutes=30) == "14:00–16:00"


def test_rooms_come_with_their_candidates_the_fullest_first(rows):
    assert [(room.code, candidates) for room, candidates in rows.sittings[0].rooms] == [("X", 2), ("Y", 1)]


def test_candidates_of_a_batch_are_those_named_for_it(world):
    exam = world.biology
    second = models.Sitting.objects.create(project=world.project, exam=exam, number=2)
    models.Placement.objects.create(
        project=world.project, solution=world.solution, sitting=second, period=world.periods[3]
    )
    for sitting, students in (
        (exam.sittings.get(number=1), world.students[:1]),
        (second, world.students[1:]),
    ):
        for student in students:
            models.SittingCandidate.objects.create(project=world.project, sitting=sitting, student=student)
    found = {(s.number, s.candidates) for s in rows_of(world.solution).sittings if s.code == "BIO"}
    assert found == {(1, 1), (2, 2)}


def test_a_repeater_does_not_make_an_exam_one_of_the_class(world):
    other = factories.ProgrammeFactory(project=world.project, name="BS Law")
    repeater = factories.StudentFactory(project=world.project, programme=other)
    factories.RegistrationFactory(
        project=world.project, student=repeater, course=world.algebra.courses.get(), kind="repeat"
    )
    algebra = rows_of(world.solution).sittings[0]
    assert algebra.candidates == 4
    assert algebra.programmes == ["BS Physics"]


def test_closed_rooms_and_lessons_take_their_seats_away(world):
    first, second, *_ = world.periods
    models.RoomClosure.objects.create(project=world.project, room=world.rooms[0], date=first.date)
    models.Lesson.objects.create(
        project=world.project, room=world.rooms[1], weekday=second.date.weekday(),
        starts=time(16, 30), ends=time(18),
    )  # fmt: skip
    seats = rows_of(world.solution).seats_in
    assert [seats[period.pk] for period in world.periods] == [2, 0, 4, 4]


def test_the_number_of_queries_does_not_grow_with_the_plan(world, django_assert_num_queries):
    with CaptureQueriesContext(connection) as small:
        rows_of(world.solution)
    for number in range(5):
        world.exam(f"N{number}", "New", world.periods[0], [1])
    with django_assert_num_queries(len(small)):
        rows_of(world.solution)


# --- every print ------------------------------------------------------------------------------------------
EVERY = [(each.code, format) for each in PRINTS.values() for format in each.formats]
IN_URDU = [(code, format) for code, format in EVERY if format == "pdf"]


@pytest.mark.parametrize(
    ("code", "format", "language"),
    [*((*one, "en") for one in EVERY), *((*one, "ur") for one in IN_URDU)],
)
def test_every_print_can_be_made_in_every_format_and_language(seated, code, format, language):
    name, contents = make_print(solution=seated.solution, code=code, format=format, language=language)
    assert name.startswith(f"fall-{code.replace('_', '-')}") or format == "ics"
    assert len(contents) > 100


@pytest.mark.parametrize(("code", "format"), [one for one in EVERY if one[1] in ("xlsx", "ics")])
def test_a_print_holds_nothing_of_another_project(seated, code, format):
    SeatedWorld("spring")
    shown = {"xlsx": text_of_xlsx, "ics": text_of_zip}[format](printed(seated, code, format))
    assert any(own in shown for own in ("ALG", "Dr Noor", "fall student 2", "X")) or code == "quality"
    assert "spring" not in shown


def test_every_language_has_the_same_words():
    assert {frozenset(of) for of in words.WORDS.values()} == {frozenset(words.WORDS["en"])}
    for english, urdu in zip(words.WORDS["en"].values(), words.WORDS["ur"].values(), strict=True):
        assert re.findall(r"\{\w+\}", english) == re.findall(r"\{\w+\}", urdu)


def test_what_the_planner_set_stands_on_the_print(world):
    models.PrintSetting.objects.create(
        project=world.project, notification_no="N/12", instructions="Come early.\nBring a pen.",
        signature_name="Dr A. Khan", signature_title="Controller",
    )  # fmt: skip
    models.PrintSetting.objects.create(project=world.project, print_code="by_room", title="Rooms of the week")
    by_room, by_day = text_of(printed(world, "by_room")), text_of(printed(world, "by_day"))
    for expected in ("Institute fall", "N/12", "2. Bring a pen.", "Dr A. Khan", "Controller"):
        assert expected in by_room
    assert "Rooms of the week" in by_room
    assert "Rooms of the week" not in by_day
    assert "Come early." in by_day
    assert "Come early." not in text_of(printed(world, "quality"))


def test_only_what_is_published_for_good_is_no_draft(world):
    assert "DRAFT" in text_of(printed(world, "by_day"))
    world.publish(world.solution, 7, kind="draft")
    assert "DRAFT" in text_of(printed(world, "by_day"))
    world.publish(world.solution, 8)
    final = text_of(printed(world, "by_day"))
    assert "DRAFT" not in final
    assert re.search(r"Version\s+8", final)


def test_a_missing_logo_file_does_not_stop_a_print(world):
    world.project.institution.logo = "logos/gone.png"
    world.project.institution.save()
    assert "Institute fall" in text_of(printed(world, "by_day"))


def test_without_a_placed_exam_there_is_nothing_to_print(world):
    models.Placement.objects.update(period=None)
    with pytest.raises(NothingToPrint, match="make a datesheet first"):
        printed(world, "by_day")


@pytest.mark.parametrize("code", [each.code for each in PRINTS.values() if each.of])
def test_a_person_or_room_that_is_not_there_gets_a_sentence(seated, code):
    for format in PRINTS[code].formats:
        with pytest.raises(NothingToPrint, match="nothing to print for 404"):
            printed(seated, code, format, only="404")


def test_a_print_or_format_that_is_not_there_gets_a_sentence(world):
    for code, format in (("by_day", "ics"), ("nonsense", "pdf"), ("by_day", "exe")):
        with pytest.raises(NothingToPrint, match="There is no print"):
            printed(world, code, format)


# --- lists ------------------------------------------------------------------------------------------------
def test_by_day_shows_what_a_wall_needs(world):
    shown = text_of(printed(world, "by_day"))
    for expected in (
        "Monday 4 January 2027", "14:00–15:30", "ALG", "Algebra = #1 *best*", "BS Physics", "Dr Noor",
        "X (2), Y (1)", "Tuesday 5 January 2027", "Not yet placed", "BIO",
    ):  # fmt: skip
        assert expected in shown


def test_an_urdu_print_keeps_data_as_typed_and_numbers_left_to_right(world):
    shown = text_of(printed(world, "by_day", language="ur"), "-raw")
    assert "Algebra = #1 *best*" in shown
    assert "14:00–15:30" in shown
    assert "Time" not in shown


def test_a_students_print_has_own_exams_and_own_finish_only(world):
    mine, other = world.students[0], world.students[1]
    models.AccessArrangement.objects.create(
        project=world.project, student=mine, kind="extra time", extra_percent=25
    )
    shown = text_of(printed(world, "by_student", only=mine.roll_no))
    assert "fall student 1" in shown
    assert "14:00–15:53" in shown
    assert other.name not in shown
    assert "14:00–15:30" in text_of(printed(world, "by_student", only=other.roll_no))
    # No list of all tells who has more time.
    assert "15:53" not in text_of_xlsx(printed(world, "by_student", "xlsx"))


def test_students_come_class_by_class_in_files_of_500(world, monkeypatch, tmp_path):
    monkeypatch.setattr(
        prints.typeset_in_files, "__kwdefaults__", prints.typeset_in_files.__kwdefaults__ | {"per_file": 2}
    )
    told = []
    files = Press(world.solution).write("by_student", "pdf", tmp_path, progress=lambda *n: told.append(n))
    assert [file.name for file in files] == ["fall-by-student-001.pdf", "fall-by-student-002.pdf"]
    assert told == [(2, 3), (3, 3)]
    assert "003" in text_of(files[1].read_bytes())


def test_a_long_list_becomes_several_files(world, monkeypatch, tmp_path):
    monkeypatch.setattr(prints, "ROWS_PER_FILE", 1)
    files = Press(world.solution).write("by_room", "pdf", tmp_path)
    assert [file.name for file in files] == ["fall-by-room-001.pdf", "fall-by-room-002.pdf"]


def test_the_sheet_fixed_holds_one_row_for_each_room(world):
    book = openpyxl.load_workbook(io.BytesIO(printed(world, "by_day", "xlsx", language="ur")))
    header, *found = book["Fixed"].values
    assert header == ("Course Code", "Date", "Period", "Start", "End", "Room")
    assert [(row[0], row[1].date(), *row[2:]) for row in found] == [
        ("ALG", date(2027, 1, 4), "B", "14:00", "17:00", "X"),
        ("ALG", date(2027, 1, 4), "B", "14:00", "17:00", "Y"),
        ("CHE", date(2027, 1, 5), "A", "09:00", "12:00", "X"),
    ]


def test_roll_numbers_keep_their_zeros_in_a_spreadsheet(world):
    sheet = openpyxl.load_workbook(io.BytesIO(printed(world, "by_student", "xlsx"))).worksheets[0]
    assert sheet["A2"].value == "001"
    assert sheet["A2"].data_type == "s"


def test_csv_of_several_tables_comes_as_several_files(world):
    name, contents = make_print(solution=world.solution, code="by_day", format="csv")
    assert name == "fall-by-day-csv.zip"
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        assert sorted(archive.namelist()) == ["fall-by-day-fixed.csv", "fall-by-day.csv"]
        listed = list(csv.reader(io.StringIO(archive.read("fall-by-day.csv").decode("utf-8-sig"))))
    assert listed[1][:2] == ["ALG", "Algebra = #1 *best*"]


# --- grids ------------------------------------------------------------------------------------------------
def test_a_day_without_a_period_has_no_cell_and_other_times_are_told(world, rows):
    friday = factories.PeriodFactory(
        project=world.project, date=date(2027, 1, 8), label="B", starts=time(15), ends=time(18)
    )
    world.exam("FRI", "Friday's", friday, [1])
    [part] = grids.wide_data(rows_of(world.solution), "en")["parts"]
    assert [slot["heading"] for slot in part["slots"]] == ["Period A", "Period B"]
    last = part["days"][-1]["cells"]
    assert last[0] is None
    assert last[1]["times"] == "15:00–18:00"
    assert part["days"][0]["cells"][1]["times"] == ""


def test_the_wide_sheet_can_be_hung_out_and_uploaded(rows):
    [table] = grids.wide_tables(rows, "en")
    assert [column.heading for column in table.columns] == [
        "Day", "Date", "Code", "09:00 - 12:00", "Code", "14:00 - 17:00",
    ]  # fmt: skip
    assert table.rows[0] == ("Monday", date(2027, 1, 4), None, None, ["ALG"], "Algebra = #1 *best*")


def test_each_programme_has_its_line_in_the_matrix(rows):
    [part] = grids.matrix_data(rows, "en")["parts"]
    [line] = part["rows"]
    assert (line["programme"], line["semester"]) == ("BS Physics", "Semester 3")
    assert [[exam["codes"] for exam in cell] for cell in line["cells"]] == [[["ALG"]], [["CHE"]]]


# --- quality ----------------------------------------------------------------------------------------------
def test_closeness_is_counted_from_each_exam_to_the_next(world):
    solution = factories.SolutionFactory(project=world.project, number=2)
    days = [date(2027, 2, 1), date(2027, 2, 2), date(2027, 2, 5), date(2027, 2, 20)]
    period = {
        (day, hour): factories.PeriodFactory(
            project=world.project, date=day, label=str(hour), starts=time(hour), ends=time(hour + 2)
        )
        for day in days
        for hour in (8, 11, 14)
    }
    when = [
        (days[0], 8), (days[0], 8), (days[0], 11), (days[1], 8), (days[1], 14), (days[2], 8), (days[3], 8),
    ]  # fmt: skip
    for number, key in enumerate(when):
        world.place(solution, world.exam(f"Q{number}", "Q", None, []), period[key], [])
    found = rows_of(solution)
    counts = quality.closeness_of(found, found.of_student[world.students[0].pk])
    assert counts == Counter(same_period=1, adjacent=1, next_day=1, same_day=1, few_days=1, further=1)


def test_the_report_names_rules_counts_and_the_run(world):
    world.solution.run = models.Run.objects.create(
        project=world.project,
        seed=42,
        seconds=60,
        input_hash="abc123",
        state="done",
        record={"steps": [["anneal", 9.0, 700]]},
    )
    world.solution.hard, world.solution.cost = 2, 60
    world.solution.by_rule = {
        "clash": {"count": 2, "cost": 0},
        "two_in_a_row": {"count": 3, "cost": 60},
        "proximity": {"count": 99, "cost": 0},
    }
    world.solution.save()
    facts, hard, soft, *_, periods, rooms = quality.tables(rows_of(world.solution), world.solution, "en")
    assert {"Seed": "42", "Steps": 700, "Input hash": "abc123", "Exams placed": "2 / 3"}.items() <= dict(
        facts.rows
    ).items()
    assert ("No student has two exams at once", 2, "broken") in hard.rows
    assert ("No more candidates than seats", 0, "kept") in hard.rows
    # A rule that the project does not use and that costs nothing is left out.
    assert [row[:3] for row in soft.rows] == [("Two exams in a row", 3, 60)]
    assert [row[3:] for row in periods.rows] == [(0, 0, 4, 0), (1, 3, 4, 0.75), (1, 3, 4, 0.75), (0, 0, 4, 0)]
    assert [(row[0], row[-1]) for row in rooms.rows] == [("X", 1.25), ("Y", 0.5)]
    assert "42" in text_of(printed(world, "quality"))


def test_the_report_says_how_good_seats_and_duties_are_and_what_is_proven(world):
    plan = world.solution
    plan.measures = {
        "datesheet": {"bounds": {"all": 41.6}},
        "seats": {"same_exam_neighbours": 0},
        "duties": {"largest_deviation": 48, "gap": 0.4},
    }
    plan.by_rule = {"two_in_a_row": {"count": 3.0, "cost": 60.0}, "overnight": {"count": 2.49, "cost": 25.4}}
    facts, _hard, soft, *_ = quality.tables(rows_of(plan), plan, "ur")
    assert [row[0] for row in facts.rows][:1] == ["حل"]
    assert facts.rows[0][1] == "حل 1"
    said = dict(quality.tables(rows_of(plan), plan, "en")[0].rows)
    assert said["No plan costs less than"] == 42
    assert said["Neighbours who sit the same exam"] == 0
    assert said["Largest deviation from a duty target, in minutes"] == 48
    assert said["Duties: gap to the best, at most"] == "0.4 %"
    assert [(str(row[1]), str(row[2])) for row in soft.rows] == [("3", "60"), ("2.5", "25")]


# --- calendars --------------------------------------------------------------------------------------------
def events_of(contents: bytes) -> dict[str, dict]:
    return {str(event["SUMMARY"]): event for event in Calendar.from_ical(contents).walk("VEVENT")}


def test_a_calendar_holds_the_exams_in_the_institutions_time(world):
    [algebra, chemistry] = events_of(printed(world, "by_student", "ics", only="001")).values()
    assert algebra.start.isoformat() == "2027-01-04T14:00:00+05:00"
    assert algebra.end.isoformat() == "2027-01-04T15:30:00+05:00"
    assert str(chemistry["SUMMARY"]) == "CHE کیمیا"
    assert str(algebra["STATUS"]) == "TENTATIVE"
    assert [
        str(e["SUMMARY"]) for e in events_of(printed(world, "by_teacher", "ics", only="T1")).values()
    ] == ["ALG Algebra = #1 *best*"]


def test_a_moved_exam_keeps_its_identity_and_a_dropped_one_is_called_off(world):
    world.publish(world.solution, 1)
    before = events_of(printed(world, "by_programme", "ics", only="BS Physics"))
    moved = factories.SolutionFactory(project=world.project, number=2)
    world.place(moved, world.algebra, world.periods[3], [2])
    world.place(moved, world.chemistry, None, [])
    world.place(moved, world.biology, None, [])
    world.publish(moved, 2)
    world.solution = moved
    after = events_of(printed(world, "by_programme", "ics", only="BS Physics"))
    algebra, chemistry = "ALG Algebra = #1 *best*", "CHE کیمیا"
    assert set(after) == {algebra, chemistry}
    assert [after[name]["UID"] for name in after] == [before[name]["UID"] for name in after]
    assert (before[algebra]["SEQUENCE"], after[algebra]["SEQUENCE"]) == (1, 2)
    assert str(after[algebra]["STATUS"]) == "CONFIRMED"
    assert str(after[chemistry]["STATUS"]) == "CANCELLED"
    assert after[chemistry].start == before[chemistry].start


def test_names_of_files_are_safe_and_each_once(world, tmp_path):
    for roll_no in ("a/1", "A-1", "../../x"):
        student = factories.StudentFactory(project=world.project, roll_no=roll_no)
        factories.RegistrationFactory(
            project=world.project, student=student, course=world.algebra.courses.get()
        )
    files = Press(world.solution).write("by_student", "ics", tmp_path)
    assert {file.parent for file in files} == {tmp_path}
    assert len({file.name.casefold() for file in files}) == 6


# --- the folder and the command ---------------------------------------------------------------------------
def test_the_command_writes_every_print_and_an_index(seated, tmp_path, capsys):
    out = tmp_path / "out"
    call_command("export_project", seated.project.path, out=str(out), json=True)
    told = json.loads(capsys.readouterr().out)
    assert set(told["prints"]) == {f"{code}.{format}" for code, format in EVERY}
    assert told["files"] == sum(1 for file in out.rglob("*") if file.is_file()) - 2
    index = (out / "index.html").read_text(encoding="utf-8")
    for link in re.findall(r'href="([^"]+)"', index):
        assert (out / link).exists()


def test_what_needs_seats_is_left_out_and_said(world, tmp_path):
    done = folder.write_all(Press(world.solution), tmp_path, formats=["csv"])
    reasons = {one.code: one.reason for one in done if not one.files}
    assert "Make the seats first" in reasons["seating_list"]
    assert "Make the duties first" in reasons["duty_roster"]
    assert "by_day" not in reasons
    assert "Make the seats first" in (tmp_path / folder.INDEX).read_text(encoding="utf-8")


def test_files_of_an_earlier_export_are_gone(world, tmp_path):
    folder.write_all(Press(world.solution), tmp_path, formats=["ics"])
    kept = tmp_path / "notes.txt"
    kept.write_text("mine")
    gone = tmp_path / "by-student" / "calendars" / "001.ics"
    assert gone.exists()
    world.students[0].delete()
    folder.write_all(Press(world.solution), tmp_path, formats=["ics"])
    assert not gone.exists()
    assert kept.exists()


def test_a_list_of_files_that_leads_outside_is_not_followed(world, tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / folder.LIST).write_text('["../precious.txt"]')
    folder.write_all(Press(world.solution), out, formats=["csv"])
    assert precious.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"format": "exe"}, "There is no format exe"),
        ({"format": ","}, "Choose some of"),
        ({"solution": 9}, "has no solution 9"),
    ],
)
def test_the_command_says_what_is_wrong(world, tmp_path, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("export_project", world.project.path, out=str(tmp_path), **options)


def test_lists_know_what_they_show_of_programmes(rows):
    sitting = rows.sittings[0]
    sitting.cohorts.update({(f"P{n}", "1"): n for n in range(1, 6)})
    assert lists.programmes_of(sitting) == ["P5", "P4", "BS Physics", "+3"]
