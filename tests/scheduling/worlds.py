"""Small random seasons that use every rule, for tests that compare two ways of counting."""

import random
from datetime import date, time, timedelta

from projects.models import Project
from scheduling import models, rules
from scheduling.exams import make_exams, make_sittings

from ..factories.projects import ProjectFactory


def random_season(seed: int) -> Project:
    """About 20 exams, 12 periods and 6 rooms, with every kind of rule somewhere."""
    chance = random.Random(seed)
    project = ProjectFactory()
    make = _maker(project)
    programmes = [make(models.Programme, name=name) for name in "PQ"]
    teachers = [make(models.Teacher, staff_no=f"T{n}", name=f"T{n}") for n in range(5)]
    students = [
        make(
            models.Student,
            roll_no=f"S{n:03}",
            name=f"S{n}",
            programme=chance.choice([*programmes, None]),
            semester=chance.choice("12"),
            gender=chance.choice("FM"),
        )
        for n in range(60)
    ]
    first = date(2027, 1, 4)
    periods = [
        make(
            models.Period,
            date=first + timedelta(days=n // 3 + (n // 6)),
            starts=time(8 + 3 * (n % 3)),
            ends=time(10 + 3 * (n % 3), 30),
            label="ABC"[n % 3],
            penalty=chance.choice((0, 0, 4)),
            max_exams=chance.choice((None, None, 2)),
            max_candidates=chance.choice((None, None, 30)),
            max_rooms=chance.choice((None, None, 2)),
        )
        for n in range(12)
    ]
    rooms = [
        make(
            models.Room,
            code=f"R{n}",
            block="XY"[n % 2],
            exam_capacity=chance.choice((4, 8, 15)),
            features=chance.choice(("", "computers")),
            penalty=chance.choice((0, 2)),
            is_usable=n != 5,
        )
        for n in range(6)
    ]
    exams = []
    for n in range(20):
        course = make(models.Course, code=f"C{n:02}", title=f"C{n}")
        exam = make(
            models.Exam,
            code=f"C{n:02}",
            title=f"C{n}",
            duration=chance.choice((60, 120, 150, 170)),
            batch_size=chance.choice((None, None, None, 4)),
            needs_room=chance.random() < 0.9,
            max_rooms=chance.choice((None, None, 1, 2)),
            is_alone_in_room=chance.random() < 0.2,
            room_features=chance.choice(("", "", "computers")),
            front_load=chance.random() < 0.2,
            last_season_position=chance.choice((None, 0.25, 1)),
        )
        make(models.ExamCourse, exam=exam, course=course)
        make(models.Teaches, teacher=chance.choice(teachers), course=course)
        for student in chance.sample(students, chance.randint(0, 14)):
            make(
                models.Registration, student=student, course=course, kind=chance.choice(("regular", "repeat"))
            )
        exams.append(exam)
    make_sittings(project=project, exams=exams)
    pool = make(models.RoomPool, name="hall")
    pool.rooms.set(rooms[:2])
    make(models.CandidateGroup, name="women", gender="F", pool=pool)
    make(models.Holiday, date=periods[0].date)
    make(models.WeeklyBreak, weekday=4, starts=time(12), ends=time(14))
    make(models.RoomClosure, room=rooms[0], date=periods[4].date)
    make(models.RoomClosure, room=rooms[1], date=periods[5].date, starts=time(9), ends=time(11))
    make(models.Lesson, weekday=1, starts=time(9), ends=time(12), room=rooms[2], teacher=teachers[0])
    make(models.Unavailability, teacher=teachers[1], date=periods[6].date)
    for exam in chance.sample(exams, 8):
        kind = chance.choice(("only", "never", "prefer", "avoid"))
        subject = chance.choice(
            (
                {"date": chance.choice(periods).date},
                {"period": chance.choice(periods)},
                {"room": chance.choice(rooms)},
                {"pool": pool},
            )
        )
        make(models.ExamRule, exam=exam, kind=kind, weight=chance.randint(1, 3), **subject)
    pinned = chance.sample(exams, 4)
    make(models.FixedPlacement, exam=pinned[0], period=chance.choice(periods))
    make(models.FixedPlacement, exam=pinned[1], date=chance.choice(periods).date)
    make(models.FixedPlacement, exam=pinned[2], room=chance.choice(rooms))
    for kind in models.ExamLink.Kind.values:
        pairs = [chance.sample(exams, 2) for _ in range(12)]
        for n, (a, b) in enumerate({(a.pk, b.pk): (a, b) for a, b in pairs}.values()):
            is_hard = "room" in kind or n % 2 == 0
            make(
                models.ExamLink,
                kind=kind,
                exam_a=a,
                exam_b=b,
                is_hard=is_hard,
                weight=chance.randint(1, 5),
                gap_days=chance.randint(0, 2),
            )
    for student in students:
        sits = [exams[int(row.course.code[1:])] for row in student.registrations.select_related("course")]
        if len(sits) > 1:
            a, b = chance.sample(sits, 2)
            make(models.AllowedClash, student=student, exam_a=a, exam_b=b, reason="agreed")
    everything = {
        code: row._replace(is_on=True, weight=1) for code, row in rules.settings_of(project).items()
    }
    rules.save_settings(project=project, settings=everything)
    return project


def _maker(project: Project):
    def make(model, **fields):
        return model.objects.create(project=project, institution=project.institution, **fields)

    return make


def small_season(*, exams: int = 6, students: int = 12, periods: int = 4) -> Project:
    """A season that is easy to solve: few exams, room for all."""
    project = ProjectFactory()
    make = _maker(project)
    programme = make(models.Programme, name="BS Physics")
    make(models.Room, code="Hall", block="Main", rows=5, columns=8, exam_capacity=40)
    for n in range(periods):
        day = date(2027, 1, 4) + timedelta(days=n // 2)
        make(
            models.Period,
            date=day,
            label="AB"[n % 2],
            starts=time(9 + 4 * (n % 2)),
            ends=time(12 + 4 * (n % 2)),
        )
    people = [
        make(models.Student, roll_no=f"S{n:03}", name=f"Student {n}", programme=programme)
        for n in range(students)
    ]
    for n in range(exams):
        course = make(models.Course, code=f"C-{n}", title=f"Course {n}", duration=120)
        for student in people[n % 3 :: 3]:
            make(models.Registration, student=student, course=course)
    make_exams(project=project)
    return project
