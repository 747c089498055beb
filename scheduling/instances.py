"""Benchmark instances and projects: one becomes the other."""

from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from projects.models import Project

from . import rules
from .adapter import timetable
from .exams import make_sittings
from .models import Course, Exam, ExamCourse, ExamLink, Period, Registration, Room, Student
from .solver.timetable import exchange, formats
from .solver.timetable.problem import Problem

FIRST_DAY = date(2027, 1, 4)
HOURS = (time(9), time(12))  # of a period of an instance that knows no clock
DAY_MINUTES = 24 * 60
LINKS = {
    "same_period": ExamLink.Kind.SAME_PERIOD,
    "different_period": ExamLink.Kind.DIFFERENT_PERIOD,
    "before": ExamLink.Kind.BEFORE,
}


class CannotImport(Exception):
    """Why the instance cannot become this project, in words for who asked."""


@transaction.atomic
def import_instance(*, project: Project, path: Path, periods: int | None = None) -> formats.Instance:
    """Turn an ITC-2007 or Carter instance into an empty project's season, with its rules and their weights,
    so that a plan costs there what it costs in the instance (Carter: times the students).

    `periods` is for a Carter instance that is not one of the thirteen.
    """
    try:
        instance = formats.read_instance(path, periods)
    except (OSError, ValueError) as reason:
        raise CannotImport(str(reason)) from reason
    if instance.kind == "json":
        raise CannotImport(_("Only .exam files and Carter's become projects: solve this one itself."))
    if Exam.objects.for_project(project).exists() or Period.objects.for_project(project).exists():
        raise CannotImport(_("The project has exams or periods already. Make a new one for the instance."))
    _Writer(project, instance).write()
    return instance


class _Writer:
    def __init__(self, project: Project, instance: formats.Instance) -> None:
        self.project, self.instance, self.problem = project, instance, instance.problem
        self.tenant = {"institution_id": project.institution_id, "project": project}

    def make(self, model: Any, rows: list[dict[str, Any]]) -> list[Any]:
        return model.objects.bulk_create([model(**self.tenant, **row) for row in rows], batch_size=5000)

    def write(self) -> None:
        problem = self.problem
        self.make(Period, self.periods())
        self.make(
            Room,
            [
                {
                    "code": f"R{number:0{len(str(problem.rooms))}}",
                    "exam_capacity": int(problem.room_seats[number, 0]),
                    "penalty": int(problem.room_penalty[number]),
                }
                for number in range(problem.rooms)
            ],
        )
        # Padded, so that the order of codes is the order of numbers.
        width = max(len(label) for label in self.instance.labels)
        codes = [label.zfill(width) for label in self.instance.labels]
        names = [{"code": code, "title": code} for code in codes]
        minutes = self.minutes()
        courses = self.make(Course, [{**name, "duration": n} for name, n in zip(names, minutes, strict=True)])
        exams = self.make(
            Exam,
            [
                {
                    **name,
                    "duration": minutes[e],
                    "needs_room": bool(problem.rooms),
                    "max_rooms": 1 if problem.rooms else None,
                    "is_alone_in_room": bool(problem.exclusive[e]),
                }
                for e, name in enumerate(names)
            ],
        )
        pairs = zip(exams, courses, strict=True)
        self.make(ExamCourse, [{"exam": exam, "course": course} for exam, course in pairs])
        self.registrations(courses)
        make_sittings(project=self.project, exams=exams)
        self.make(
            ExamLink,
            [
                {"kind": LINKS[rule.kind], "exam_a": exams[rule.a], "exam_b": exams[rule.b]}
                for rule in problem.pair_rules
            ],
        )
        rules.save_settings(project=self.project, settings=self.settings())

    def registrations(self, courses: list[Course]) -> None:
        problem = self.problem
        width = len(str(problem.students))
        students = self.make(
            Student,
            [
                {"roll_no": f"{number:0{width}}", "name": f"{number:0{width}}"}
                for number in range(problem.students)
            ],
        )
        exam = np.repeat(np.arange(problem.exams), np.diff(problem.registration_ptr))
        self.make(
            Registration,
            [
                {"student": students[who], "course": courses[what]}
                for who, what in zip(problem.registration_student.tolist(), exam.tolist(), strict=True)
            ],
        )

    def minutes(self) -> list[int]:
        # Carter's exams have no length, a project's have.
        return [int(minutes) or 60 for minutes in self.problem.duration]

    def periods(self) -> list[dict[str, Any]]:
        """Days from FIRST_DAY with the instance's distances between them. A day whose periods reach past
        midnight gets them one after the other, no longer than their longest exam."""
        problem, rows = self.problem, []
        days = problem.period_day - problem.period_day[0]
        longest = np.unique(problem.duration)
        for number in np.unique(days).tolist():
            here = np.flatnonzero(days == number)
            starts, lengths = problem.period_start[here], problem.period_length[here]
            if self.instance.kind == "carter":
                starts, lengths = np.array([HOURS[0].hour * 60]), np.array([180])
            elif (starts + lengths).max() >= DAY_MINUTES:
                lengths = np.array([max(1, longest[longest <= n].max(initial=1)) for n in lengths])
                starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
                if starts[-1] + lengths[-1] >= DAY_MINUTES:
                    raise CannotImport(_("Its periods do not fit into their days."))
            rows += [
                {
                    "date": FIRST_DAY + timedelta(days=number),
                    "starts": _time(start),
                    "ends": _time(start + length),
                    "penalty": int(problem.period_penalty[p]),
                }
                for p, start, length in zip(here, starts, lengths, strict=True)
            ]
        return rows

    def settings(self) -> dict[str, rules.Setting]:
        """The instance's weights; every other rule that may be off is."""
        problem, known = self.problem, rules.settings_of(self.project)
        settings = {
            code: setting._replace(is_on=not rules.RULE_OF_CODE[code].may_be_off)
            for code, setting in known.items()
            if rules.RULE_OF_CODE[code].part == "datesheet"
        }
        for code, weight in problem.weights.items():
            settings[code] = known[code]._replace(is_on=weight > 0, weight=weight)
        if "period_spread" in problem.weights:
            settings["period_spread"] = settings["period_spread"]._replace(limit=problem.spread)
        if "front_load" in problem.weights:
            settings["front_load"] = settings["front_load"]._replace(
                limit=int(problem.front_load.sum()), days=int(problem.late_period.sum())
            )
        return settings


def _time(minute: int) -> time:
    return time(int(minute) // 60, int(minute) % 60)


def export_instance(*, project: Project, path: Path, is_anonymous: bool = False) -> Problem:
    """Write the project's season with all its rules as an instance (docs/instances.md); without any name if
    it is to be anonymous. ValueError with a sentence if the project cannot be solved."""
    season = timetable.season_of(project)
    labels = None
    if not is_anonymous:
        roll_nos = dict(Student.objects.for_project(project).values_list("pk", "roll_no"))
        labels = {
            "exams": [f"{row.exam.code}/{row.number}" for row in season.sittings],
            "periods": [f"{row.date} {row.starts:%H:%M}" for row in season.periods],
            "rooms": [row.code for row in season.rooms],
            "students": [roll_nos[pk] for pk in season.students],
        }
    exchange.write_problem(path, season.problem, labels)
    return season.problem
