"""What is printed of seats and duties: charts, notices, sheets, lists, rosters, letters."""

from datetime import date

import pytest
from icalendar import Calendar

from scheduling import models, publishing
from scheduling.documents import charts, day_lists, day_sheets, rosters
from scheduling.documents.plan import Plan
from scheduling.documents.prints import Press
from scheduling.documents.seat_rows import ranges_of

from ..factories import scheduling as factories
from .printed import SeatedWorld, printed, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return SeatedWorld()


@pytest.fixture
def plan(world):
    return Plan(world.solution)


def sections_of(mass) -> list[dict]:
    return [section for pile in mass.piles for section in pile.sections]


# --- rolls ------------------------------------------------------------------------------------------------
def test_roll_numbers_are_drawn_together_where_nobody_of_the_exam_is_between():
    whole = ["1", "2", "5", "9", "10", "11"]
    assert ranges_of(["1", "2", "5"], whole) == ["1 – 5"]
    assert ranges_of(["11", "9", "10", "1"], whole) == ["1", "9 – 11"]
    assert ranges_of(["1", "2"], whole) == ["1", "2"]


# --- rows of seats ----------------------------------------------------------------------------------------
def test_sessions_hold_each_rooms_candidates_in_the_order_of_seats(plan):
    [first, second, third] = plan.seats.sessions
    assert [(s.room.code, [seat.student.roll_no for seat in s.seats]) for s in (first, second, third)] == [
        ("X", ["001", "002"]),
        ("Y", ["003"]),
        ("X", ["001", "002", "003"]),
    ]


def test_who_has_no_seat_is_named_on_the_list(world):
    models.Seating.objects.filter(student=world.students[2], room=world.rooms[1]).delete()
    shown = text_of(printed(world, "seating_list"))
    assert "Without a seat" in shown
    [(sitting, left)] = Plan(world.solution).seats.unseated
    assert (sitting.code, [student.roll_no for student in left]) == ("ALG", ["003"])


def test_a_candidate_keeps_the_place_of_a_chair_that_is_gone(world):
    models.Seat.objects.create(project=world.project, room=world.rooms[0], row=1, column=1)
    [chart, *_] = sections_of(charts.chart_pages(Plan(world.solution), "en"))
    assert [cell["roll"] for line in chart["grid"] for cell in line if cell and "roll" in cell] == [
        "001",
        "002",
    ]


# --- chart and door ---------------------------------------------------------------------------------------
def test_a_chart_has_the_front_on_top_and_shows_empty_and_dead_seats(world):
    for row in (1, 2, 3):
        for column in (1, 2):
            models.Seat.objects.create(
                project=world.project, room=world.rooms[0], row=row, column=column,
                is_usable=(row, column) != (3, 2),
            )  # fmt: skip
    models.Room.objects.filter(pk=world.rooms[0].pk).update(exam_capacity=5)
    [chart, *_] = sections_of(charts.chart_pages(Plan(world.solution), "ur"))
    assert [[cell["state"] for cell in line] for line in chart["grid"]] == [
        ["taken", "free"],
        ["taken", "free"],
        ["free", "dead"],
    ]
    assert (chart["taken"], chart["free"], chart["dead"]) == (2, 3, 1)


def test_a_bench_has_one_head_over_its_places(world):
    models.Room.objects.filter(pk=world.rooms[0].pk).update(rows=3, columns=2, seats_per_bench=2)
    [chart, *_] = sections_of(charts.chart_pages(Plan(world.solution), "en"))
    assert chart["columns"] == [{"name": "1", "places": 2}, {"name": "2", "places": 2}]
    assert {len(line) for line in chart["grid"]} == {4}


def test_a_door_tells_who_belongs_in_there_and_nothing_of_what_anybody_needs(world, tmp_path):
    models.AccessArrangement.objects.create(
        project=world.project, student=world.students[0], kind="extra time", extra_minutes=45
    )
    files = Press(world.solution).write("door_notice", "pdf", tmp_path)
    shown = "".join(text_of(file.read_bytes()) for file in files)
    for expected in ("Block B", "ALG", "001", "Monday 4 January 2027", "14:00"):
        assert expected in shown
    for secret in ("fall student", "extra", "16:15", "reader", "Reader"):
        assert secret not in shown


# --- attendance and cards ---------------------------------------------------------------------------------
def test_an_attendance_sheet_has_each_candidate_once_and_five_free_lines(plan):
    pages = sections_of(day_sheets.attendance_pages(plan, "en"))
    rolls = [row["roll"] for page in pages for block in page["blocks"] for row in block["rows"]]
    assert sorted(rolls) == ["001", "001", "002", "002", "003", "003"]
    assert [page["blocks"][-1]["blanks"] for page in pages if page["is_last"]] == [5, 5, 5]


@pytest.mark.parametrize("language", ["en", "ur"])
def test_a_full_room_is_cut_into_as_many_pages_as_it_was_counted(world, language, tmp_path):
    for n in range(40):
        student = factories.StudentFactory(project=world.project, roll_no=f"L{n:02}")
        factories.RegistrationFactory(
            project=world.project, student=student, course=world.algebra.courses.get()
        )
        world.seat(world.algebra, world.rooms[0], {student: (10 + n, 1)})
    pages = sections_of(day_sheets.attendance_pages(Plan(world.solution), language))
    assert [(page["sheet"], page["sheets"]) for page in pages[:2]] == [(1, 2), (2, 2)]
    for file in Press(world.solution, language).write("attendance", "pdf", tmp_path):
        assert file.read_bytes().count(b"/Type/Page/") in (1, 3)


def test_a_desk_card_tells_the_own_finish_and_looks_like_all_others(world):
    models.AccessArrangement.objects.create(
        project=world.project, student=world.students[0], kind="extra time", extra_percent=50
    )
    pages = sections_of(day_sheets.card_pages(Plan(world.solution), "en"))
    cards = {(card["roll"], card["times"]): set(card) for page in pages for card in page["cards"]}
    assert ("001", "14:00–16:15") in cards
    assert ("002", "14:00–15:30") in cards
    assert len({frozenset(keys) for keys in cards.values()}) == 1


# --- packing, seats left ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("papers", "words"), [(0, "0"), (7, "7"), (50, "50"), (87, "50 + 20 + 10 + 7"), (140, "2×50 + 2×20")]
)
def test_papers_are_packed_in_packets(papers, words):
    assert day_lists.packets(papers) == words


def test_a_spare_paper_goes_along_even_for_one_candidate():
    assert [day_lists.spare(n) for n in (1, 20, 21, 100)] == [1, 1, 2, 5]


def test_papers_are_handed_out_walking_down_and_up(plan):
    session = plan.seats.sessions[-1]
    assert day_lists.walk_words(session, session.seats) == ["A1·3", "B1"]


def test_the_packing_list_adds_up_what_leaves_the_strong_room(world):
    shown = text_of(printed(world, "packing_list"))
    assert "From the strong room" in shown
    assert "ALG" in shown


def test_seats_left_are_those_that_a_room_may_still_fill(world):
    models.Room.objects.filter(pk=world.rooms[1].pk).update(rows=2, columns=1)
    [table] = day_lists.seats_left_tables(Plan(world.solution), "en")
    listed = {row[4]: row[7:] for row in table.rows}
    assert listed["Y"] == (1, ["A2"])
    assert listed["X"] == (0, [])
    free = {
        chart["room"]: chart["free"] for chart in sections_of(charts.chart_pages(Plan(world.solution), "en"))
    }
    assert free == {"X": 0, "Y": 1}


# --- access -----------------------------------------------------------------------------------------------
def test_the_access_list_says_who_needs_what_until_when_and_who_helps(world):
    models.AccessArrangement.objects.create(
        project=world.project, student=world.students[2], kind="extra time", extra_percent=50,
        valid_until=date(2027, 1, 4),
    )  # fmt: skip
    for role, name in (("reader", "Reza"), ("supervisor", "Mina")):
        post = world.duty(world.periods[1], world.rooms[1], role=role)
        post.student = world.students[2]
        post.teacher = factories.TeacherFactory(project=world.project, name=name)
        post.save()
    shown = text_of(printed(world, "access_list"))
    assert "Reza" in shown
    assert "Mina" not in shown
    assert "16:15" in shown
    assert shown.count("+50%") == 1


# --- duties -----------------------------------------------------------------------------------------------
def test_the_roster_names_who_reports_when_and_which_posts_are_open(world):
    shown = text_of(printed(world, "duty_roster"))
    for expected in ("Dr Noor", "13:30", "nobody yet", "reserve", "Signature"):
        assert expected in shown


def test_on_the_roster_a_block_comes_once_and_rooms_without_one_stand_for_themselves(world):
    for room, block in zip(world.rooms, ("", "North"), strict=True):
        models.Room.objects.filter(pk=room.pk).update(block=block)
    third = factories.RoomFactory(project=world.project, code="Z", exam_capacity=2, block="North")
    for room in (third, None):
        world.duty(world.periods[1], room, role="invigilator" if room else "reserve")
    section = next(rosters.roster_sections(Plan(world.solution), "en"))
    assert [(band.heading, [row[0] for row in band.rows]) for band in section.bands] == [
        ("Block North", ["Y", "Z"]),
        ("Rooms", ["X"]),
        ("For the whole period", [""]),
    ]


def test_the_matrix_marks_each_duty_once(plan):
    [part] = rosters.matrix_data(plan, "en")["parts"]
    [noor] = [row for row in part["rows"] if row["name"] == "Dr Noor"]
    assert noor["marks"] == ["D", "D"]
    assert (noor["duties"], noor["minutes"]) == ("2", "240")


def test_fairness_tells_target_and_deviation(world):
    factories.TeacherFactory(project=world.project, staff_no="T2", name="Idle")
    [table] = rosters.fairness_tables(Plan(world.solution), "en")
    found = {row[1]: row[6:9] for row in table.rows}
    assert found == {"Dr Noor": (240, 240, 0), "Idle": (240, 0, -240)}


def test_a_letter_goes_to_who_has_a_duty_and_to_nobody_else(world):
    factories.TeacherFactory(project=world.project, name="Idle")
    shown = text_of(printed(world, "duty_letters"))
    assert "You have been assigned 2 duties, 240 minutes in all." in shown
    assert "30 minutes before" in shown
    assert "Idle" not in shown


# --- calendars --------------------------------------------------------------------------------------------
def events_of(contents: bytes) -> dict[str, list]:
    found: dict[str, list] = {}
    for event in Calendar.from_ical(contents).walk("VEVENT"):
        found.setdefault(str(event["SUMMARY"]), []).append(event)
    return found


def test_a_students_calendar_tells_room_and_seat(world):
    events = events_of(printed(world, "by_student", "ics", only="003"))
    assert str(events["ALG Algebra = #1 *best*"][0]["LOCATION"]) == "Y, A1"


def test_a_teachers_calendar_holds_exams_and_duties(world):
    events = events_of(printed(world, "by_teacher", "ics", only="T1"))
    assert [str(duty["LOCATION"]) for duty in events["Duty: invigilator"]] == ["X", "X"]
    assert "ALG Algebra = #1 *best*" in events


def test_a_duty_that_went_to_somebody_else_is_called_off(world):
    world.make_whole()
    publishing.publish(project=world.project, kind="final")
    later = factories.SolutionFactory(project=world.project, number=2)
    world.place(later, world.algebra, world.periods[1], [2])
    publishing.publish(project=world.project, kind="draft", solution=later)
    world.solution = later
    events = events_of(printed(world, "by_teacher", "ics", only="T1"))
    assert {str(duty["STATUS"]) for duty in events["Duty: invigilator"]} == {"CANCELLED"}
