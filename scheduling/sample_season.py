"""An invented university's exam season, as the workbook that its registrar would send.

Invented from a seed: the same seed gives the same workbook. Names are put together at random from lists of
given and family names. The structure is what makes a season hard: classes that share courses, repeaters who
sit with another year, service courses with hundreds of candidates, practicals in batches, a hall for women.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import Model
from openpyxl import Workbook

from projects.models import Project

from . import models
from .exams import make_sittings
from .rules import save_settings, settings_of

PROGRAMMES = (
    ("BS Computer Science", "CS"), ("BS Software Engineering", "SE"), ("BS Data Science", "DS"),
    ("BS Electrical Engineering", "EE"), ("BS Mechanical Engineering", "ME"), ("BS Civil Engineering", "CE"),
    ("BBA Business Administration", "BA"), ("BS Accounting and Finance", "AF"), ("BS Economics", "EC"),
    ("BS Mathematics", "MT"), ("BS Physics", "PH"), ("BS Chemistry", "CH"),
    ("BS English Literature", "EN"), ("BA Urdu", "UR"), ("BS Psychology", "PS"),
)  # fmt: skip
SEMESTERS = (1, 2, 3, 4, 5, 6, 7, 8)
OWN_COURSES = 3  # of a class
SERVICE_COURSES = 90  # shared by several classes
SERVICE_PER_CLASS = 2
REPEATERS = 0.08
HOLIDAY = timedelta(days=9)  # after the first day

GIVEN = (
    "Ayesha", "Fatima", "Maryam", "Zainab", "Hira", "Sana", "Rabia", "Noor", "Amina", "Khadija",
    "Mahnoor", "Iqra", "Ali", "Ahmed", "Hassan", "Usman", "Bilal", "Saad", "Hamza", "Omar", "Zain",
    "Taimoor", "Faisal", "Danish", "Emma", "Oliver", "Noah", "Sofia", "José", "Zoë", "Łukasz", "Søren",
    "Mia", "Lucas",
)  # fmt: skip
WOMEN = frozenset(GIVEN[:12]) | {"Emma", "Sofia", "Zoë", "Mia"}
FAMILY = (
    "Khan", "Malik", "Hussain", "Iqbal", "Raza", "Butt", "Chaudhry", "Qureshi", "Sheikh", "Ahmed",
    "Siddiqui", "Mirza", "Smith", "Johnson", "García", "Nuñez", "O'Neill", "Weiß", "Øberg", "Novák",
)  # fmt: skip
SUBJECTS = (
    "Analysis", "Design", "Theory", "Systems", "Methods", "Principles", "Foundations", "Applications",
    "Modelling", "Measurement", "History", "Practice", "Computing", "Statistics", "Structures",
    "Processes", "Ethics", "Law",
)  # fmt: skip
SERVICE_TITLES = (
    "Functional English", "Pakistan Studies", "Islamic Studies", "Calculus", "Linear Algebra",
    "Applied Physics",
    "Introduction to Computing", "Technical Writing", "Probability and Statistics", "Professional Ethics",
    "Entrepreneurship", "Communication Skills", "اردو زبان و ادب", "Economics for All",
    "Environmental Science",
)  # fmt: skip


class Course(NamedTuple):
    code: str
    title: str
    department: str
    credits: int
    minutes: int
    kind: str = "theory"
    common_group: str = ""


class SampleSeason(NamedTuple):
    """Sheets as lists of rows, the header first."""

    sheets: dict[str, list[Sequence[Any]]]

    def save(self, path: Path) -> None:
        """Write the workbook as a registrar's office would: a title and a blank row above each header."""
        book = Workbook(write_only=True)
        for name, rows in self.sheets.items():
            sheet = book.create_sheet(name)
            sheet.append(["Model University: examination data, autumn semester"])
            sheet.append([])
            for row in rows:
                sheet.append(list(row))
        path.parent.mkdir(parents=True, exist_ok=True)
        book.save(path)


def invent(*, students: int = 5000, seed: int = 2026, first_day: date = date(2027, 1, 4)) -> SampleSeason:
    """A season of about that many students, with five registrations each."""
    chance = random.Random(seed)  # noqa: S311  (nothing secret)
    classes = [(programme, letters, semester) for programme, letters in PROGRAMMES for semester in SEMESTERS]
    service = _service_courses(chance)
    own = {key: _own_courses(chance, *key) for key in classes}
    of_class = {key: [*own[key], *chance.sample(service, SERVICE_PER_CLASS)] for key in classes}
    courses = list({course.code: course for group in of_class.values() for course in group}.values())
    people = list(islice(_students(chance, classes), students))
    registrations = list(_registrations(chance, people, of_class))
    teachers = list(_teachers(chance, courses))
    periods = list(_periods(first_day))
    return SampleSeason(
        {
            "Students": [
                (
                    "Roll No",
                    "Name",
                    "Father Name",
                    "Programme",
                    "Semester",
                    "Section",
                    "Shift",
                    "Gender",
                    "Email",
                ),
                *(row for row, _key in people),
            ],
            "Registrations": [("Roll No", "Course Code", "Type"), *registrations],
            "Courses": [
                ("Course Code", "Title", "Department", "Credits", "Duration (min)", "Kind", "Common Group"),
                *courses,
            ],
            "Rooms": [
                ("Block", "Room", "Rows", "Columns", "Seats per bench", "Exam Capacity", "Floor", "Features"),
                *_rooms(),
            ],
            "Designations": [("Designation", "Rank", "Max Duties", "Weight"), *_DESIGNATIONS],
            "Teachers": [
                ("Staff No", "Name", "Department", "Designation", "Gender", "Email"),
                *(row for row, _taught in teachers),
            ],
            "Teaches": [
                ("Staff No", "Course Code"),
                *((row[0], code) for row, taught in teachers for code in taught),
            ],
            "Unavailability": [
                ("Staff No", "Date", "From", "To", "Reason"),
                *_absences(chance, teachers, first_day),
            ],
            "Periods": [("Date", "Slot", "Start", "End", "Dislike"), *periods],
            "Fixed": [("Course Code", "Date", "Slot"), *_fixed(chance, courses, registrations, periods)],
            "Links": [("Kind", "Course A", "Course B", "Gap Days"), *_links(own)],
            "Accommodations": [("Roll No", "Kind", "Extra Time (%)"), *_arrangements(chance, people)],
        }
    )


_DESIGNATIONS = (
    ("Professor", 1, 6, 0.5),
    ("Associate Professor", 2, 10, 0.8),
    ("Assistant Professor", 3, 16, 1),
    ("Lecturer", 4, 24, 1.25),
)


def _name(chance: random.Random) -> str:
    return f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"


def _service_courses(chance: random.Random) -> list[Course]:
    return [
        Course(
            f"SV-{1001 + number}",
            SERVICE_TITLES[number % len(SERVICE_TITLES)]
            + (f" {'I' * (1 + number // len(SERVICE_TITLES))}" if number >= len(SERVICE_TITLES) else ""),
            "Service Courses",
            chance.choice((2, 3)),
            chance.choice((90, 120)),
        )
        for number in range(SERVICE_COURSES)
    ]


def _own_courses(chance: random.Random, programme: str, letters: str, semester: int) -> list[Course]:
    subject = programme.split(maxsplit=1)[1]
    found = []
    for number in range(OWN_COURSES):
        is_practical = number == OWN_COURSES - 1 and letters in ("CH", "PH") and semester in (2, 4)
        found.append(
            Course(
                f"{letters}-{semester}{number + 1:02}",
                f"{subject}: {chance.choice(SUBJECTS)}{' (Practical)' if is_practical else ''}",
                subject,
                chance.choice((3, 4)),
                60 if is_practical else chance.choice((120, 180, 180)),
                "practical" if is_practical else "theory",
                # two departments teach one course under two codes
                "Numerical Methods" if (letters in ("CS", "SE") and semester == 5 and number == 0) else "",
            )
        )
    return found


def _students(chance: random.Random, classes: list[tuple]) -> Iterable[tuple[tuple, tuple]]:
    for number in count():
        key = classes[number % len(classes)]
        programme, letters, semester = key
        given = chance.choice(GIVEN)
        year = 2027 - (semester + 1) // 2
        roll_no = f"{letters}{year % 100:02}-{number + 1:05}"
        yield (
            (
                roll_no,
                f"{given} {chance.choice(FAMILY)}",
                _name(chance),
                programme,
                semester,
                "AB"[number // len(classes) % 2],
                "evening" if letters == "BA" and number // len(classes) % 2 else "morning",
                "F" if given in WOMEN else "M",
                f"{roll_no.lower()}@students.example.edu",
            ),
            key,
        )


def _registrations(chance: random.Random, people: list, of_class: dict) -> Iterable[tuple[str, str, str]]:
    for row, key in people:
        programme, letters, semester = key
        mine = {course.code: "regular" for course in of_class[key]}
        if semester > 2 and chance.random() < REPEATERS:
            again = chance.choice(of_class[programme, letters, semester - 2])
            mine.setdefault(again.code, chance.choice(("repeat", "repeat", "improvement")))
        for code, kind in mine.items():
            yield row[0], code, kind


def _rooms() -> Iterable[tuple]:
    shapes = ((8, 6), (10, 6), (6, 5), (8, 8), (12, 8))
    for number in range(28):
        rows, columns = shapes[number % len(shapes)]
        block = "ABCD"[number % 4]
        floor = number % 3
        features = "computers" if number % 7 == 0 else ""
        yield block, f"{block}-{floor}{number:02}", rows, columns, 1, rows * columns, floor, features
    yield "Main", "Main Hall", 20, 15, 1, 300, 0, "projector"
    yield "Main", "Women's Hall", 15, 14, 1, 210, 0, "projector"
    yield "Science", "Laboratory 1", 5, 5, 1, 25, 1, "laboratory"
    yield "Science", "Laboratory 2", 5, 5, 1, 25, 1, "laboratory"


def _teachers(chance: random.Random, courses: list[Course]) -> Iterable[tuple[tuple, list[str]]]:
    ranks = [row[0] for row in _DESIGNATIONS]
    departments: dict[str, list[Course]] = {}
    for course in courses:
        departments.setdefault(course.department, []).append(course)
    number = count(1)
    for department, taught in departments.items():
        for start in range(0, len(taught), 2):
            staff_no = f"T{next(number):04}"
            given = chance.choice(GIVEN)
            yield (
                (
                    staff_no,
                    f"{given} {chance.choice(FAMILY)}",
                    department,
                    chance.choices(ranks, (1, 2, 4, 5))[0],
                    "F" if given in WOMEN else "M",
                    f"{staff_no.lower()}@example.edu",
                ),
                [course.code for course in taught[start : start + 2]],
            )


def _absences(chance: random.Random, teachers: list, first_day: date) -> Iterable[tuple]:
    for row, _taught in chance.sample(teachers, len(teachers) // 12):
        day = first_day + timedelta(days=chance.randrange(18))
        whole_day = chance.random() < 0.5
        yield row[0], day, "" if whole_day else "08:00", "" if whole_day else "12:00", "conference"


def _periods(first_day: date) -> Iterable[tuple]:
    """Three weeks of six days with three periods; two on Fridays, when noon belongs to prayer."""
    for number in range(19):
        day = first_day + timedelta(days=number)
        if day.weekday() == 6:
            continue
        yield day, "A", time(8, 30), time(11, 30), 0
        if day.weekday() != 4:
            yield day, "B", time(12, 0), time(15, 0), 0
        yield day, "C", time(15, 30), time(18, 30), 3


def _fixed(
    chance: random.Random, courses: list[Course], registrations: list, periods: list
) -> Iterable[tuple]:
    """A few dates that the office has promised: courses of different classes in different periods."""
    working = [period for period in periods if period[0] != periods[0][0] + HOLIDAY]
    chosen = [course for course in courses if course.code.endswith("01") and not course.common_group]
    for course, period in zip(chance.sample(chosen, 12), chance.sample(working, 12), strict=True):
        yield course.code, period[0], period[1]


def _links(own: dict[tuple, list[Course]]) -> Iterable[tuple]:
    """Links of every kind, none of which fights a class's own clashes."""

    def code(letters: str, semester: int, number: int) -> str:
        return next(
            group[number].code for key, group in own.items() if key[1] == letters and key[2] == semester
        )

    yield "same period", code("CE", 3, 1), code("ME", 3, 1), ""
    yield "different period", code("EE", 6, 1), code("CE", 6, 1), ""
    yield "before", code("CH", 4, 1), code("CH", 4, 2), ""
    yield "same day", code("PS", 7, 1), code("EN", 7, 1), ""
    yield "different day", code("EC", 5, 1), code("AF", 5, 1), ""
    yield "minimum gap", code("MT", 3, 1), code("MT", 3, 2), 2
    yield "same room", code("CE", 3, 1), code("ME", 3, 1), ""
    yield "different room", code("EE", 2, 1), code("ME", 2, 1), ""


def _arrangements(chance: random.Random, people: list) -> Iterable[tuple]:
    for row, _key in chance.sample(people, 40):
        yield row[0], "extra time", 25
    for row, _key in chance.sample(people, 6):
        yield row[0], "ground floor", ""


def add_office_work(project: Project) -> None:
    """What the office types in by hand for this season: pools, closures, breaks, exams' own rules, holds."""

    def add(model: type[Model], **fields: Any) -> Any:
        return model.objects.create(project=project, institution=project.institution, **fields)

    rooms = {room.code: room for room in models.Room.objects.for_project(project)}
    exams = {exam.code: exam for exam in models.Exam.objects.for_project(project)}
    periods = list(models.Period.objects.for_project(project))
    teacher = models.Teacher.objects.for_project(project).first()

    for name, codes in {
        "Main hall": ["Main Hall"],
        "Women's hall": ["Women's Hall"],
        "Laboratories": ["Laboratory 1", "Laboratory 2"],
    }.items():
        add(models.RoomPool, name=name).rooms.set(rooms[code] for code in codes)
    pools = {pool.name: pool for pool in models.RoomPool.objects.for_project(project)}
    psychology = models.Programme.objects.for_project(project).get(name="BS Psychology")
    add(models.CandidateGroup, name="Evening students", shift="evening", pool=pools["Main hall"])
    add(
        models.CandidateGroup,
        name="Women in psychology",
        gender="F",
        programme=psychology,
        pool=pools["Women's hall"],
    )

    holiday = periods[0].date + HOLIDAY
    add(models.Holiday, date=holiday, name="Founder's day")
    add(models.WeeklyBreak, weekday=4, starts=time(12, 30), ends=time(14, 30), name="Friday prayer")
    add(models.RoomClosure, room=rooms["Main Hall"], date=periods[4].date, reason="convocation")
    add(
        models.Lesson,
        weekday=1,
        starts=time(9),
        ends=time(11),
        room=rooms["B-101"],
        teacher=teacher,
        label="Evening diploma",
    )
    models.Room.objects.filter(pk=rooms["C-202"].pk).update(penalty=2)
    busy = periods[-1]
    busy.max_exams, busy.max_candidates, busy.max_rooms = 8, 400, 10
    busy.ends = time(17, 30)  # too early for exams of three hours
    busy.save()

    practicals = [exam for exam in exams.values() if "(Practical)" in exam.title]
    for exam in practicals:
        exam.batch_size = 25
        exam.save()
        add(models.ExamRule, exam=exam, kind="only", pool=pools["Laboratories"])
    make_sittings(project=project, exams=practicals)
    theory = [exams[code] for code in sorted(exams) if exams[code] not in practicals]
    special = iter(theory[40:])
    one = next(special)
    one.is_alone_in_room, one.max_rooms = True, 1
    one.save()
    one = exams["DS-202"]
    one.room_features = "computers"
    one.save()
    one = next(special)
    one.front_load, one.last_season_position = True, 1
    one.save()
    add(models.ExamRule, exam=next(special), kind="never", period=periods[0])
    add(models.ExamRule, exam=next(special), kind="prefer", date=periods[0].date, weight=2)
    add(models.ExamRule, exam=next(special), kind="prefer", room=rooms["Main Hall"], weight=2)
    add(
        models.ExamLink, kind="same day", exam_a=next(special), exam_b=next(special), is_hard=False, weight=20
    )

    repeat = (
        models.Registration.objects.for_project(project)
        .filter(kind="repeat")
        .select_related("student")
        .first()
    )
    other = repeat.student.registrations.filter(kind="regular").first()
    add(
        models.AllowedClash,
        student=repeat.student,
        exam_a=repeat.course.exams.get(),
        exam_b=other.course.exams.get(),
        reason="Repeats a course of another year; agreed with the student.",
    )
    for student in models.Student.objects.for_project(project)[:12]:
        add(models.Hold, student=student, kind="fees", reason="second instalment")
    add(
        models.PrintSetting,
        title="Final Examinations, Autumn Semester",
        notification_no="MU/EXAM/2027/014",
        instructions="Be in your room 15 minutes before the start. Bring your identity card.\n"
        "Telephones stay outside the examination room.",
        signature_name="",
        signature_title="Controller of Examinations",
    )
    save_settings(
        project=project,
        settings={
            code: setting._replace(
                is_on=True, weight=1 if code in ("days_used", "empty_seats") else setting.weight
            )
            for code, setting in settings_of(project).items()
        },
    )
