"""A season with a datesheet in rooms, ready for duties: made by hand, so that a test says who sits where."""

from datetime import date, time, timedelta
from typing import Any

from scheduling import models, rules
from scheduling.adapter import duties
from scheduling.findings import duties as findings
from scheduling.posts import Attendance, posts_of
from scheduling.solver.duties import search
from scheduling.solver.stop import MaxSteps

from ..factories.projects import ProjectFactory

STARTS = (time(9), time(12, 30), time(16))


class Season:
    """Three days of three periods of three hours (09:00, 12:30, 16:00), no room, nobody; no reserves."""

    def __init__(self, days: int = 3) -> None:
        self.project = ProjectFactory()
        self.periods = [
            self.add(
                models.Period,
                date=date(2027, 1, 4) + timedelta(days=n // 3),
                starts=STARTS[n % 3],
                ends=time(STARTS[n % 3].hour + 3, STARTS[n % 3].minute),
                label=f"{n // 3 + 1}{'ABC'[n % 3]}",
            )
            for n in range(3 * days)
        ]
        self.solution = models.Solution.objects.create_next(project=self.project)
        self.policy = self.add(models.DutyPolicy, rooms_per_reserve=0)
        off = {
            row.code: rules.settings_of(self.project)[row.code]._replace(is_on=False)
            for row in rules.RULES
            if row.part == "duties"
        }
        rules.save_settings(project=self.project, settings=off)
        self.earlier: models.Solution | None = None
        self.people = self.sat = 0

    def add(self, model: type, **fields: Any) -> Any:
        return model.objects.create(project=self.project, institution=self.project.institution, **fields)

    def use(self, rule: str, **fields: Any) -> None:
        setting = rules.settings_of(self.project)[rule]
        rules.save_settings(project=self.project, settings={rule: setting._replace(is_on=True, **fields)})

    def ask(self, **fields: Any) -> None:
        """Of the duty policy."""
        models.DutyPolicy.objects.filter(pk=self.policy.pk).update(**fields)

    def room(self, code: str, **fields: Any) -> models.Room:
        return self.add(models.Room, code=code, **{"block": "X", "exam_capacity": 300, **fields})

    def teacher(self, name: str = "", **fields: Any) -> models.Teacher:
        self.people += 1
        name = name or f"T{self.people}"
        return self.add(models.Teacher, staff_no=name, name=name, **fields)

    def student(self, **fields: Any) -> models.Student:
        self.people += 1
        return self.add(models.Student, roll_no=f"S{self.people}", name=f"S{self.people}", **fields)

    def exam(
        self,
        at: int,
        *rooms: models.Room,
        minutes: int = 120,
        candidates: int = 20,
        students: tuple = (),
        taught_by: tuple = (),
    ) -> models.Exam:
        """An exam in a period, its candidates shared out over the rooms; only named students have rows."""
        self.sat += 1
        code = f"E{self.sat}"
        course = self.add(models.Course, code=code, title=code)
        exam = self.add(models.Exam, code=code, title=code, duration=minutes)
        self.add(models.ExamCourse, exam=exam, course=course)
        for student in students:
            self.add(models.Registration, student=student, course=course)
        for teacher in taught_by:
            self.add(models.Teaches, teacher=teacher, course=course)
        sitting = self.add(models.Sitting, exam=exam)
        placement = self.add(
            models.Placement, solution=self.solution, sitting=sitting, period=self.periods[at]
        )
        for room in rooms:
            self.add(models.RoomShare, placement=placement, room=room, candidates=candidates // len(rooms))
        return exam

    def would_like(self, *teachers: models.Teacher | None) -> None:
        """An earlier plan that had these teachers, post by post; runs stay with it where they can."""
        self.earlier = models.Solution.objects.create_next(project=self.project)
        posts = posts_of(Attendance(self.solution))
        for post, teacher in zip(posts, teachers, strict=True):
            self.add(
                models.Duty,
                solution=self.earlier,
                period=post.period,
                room=post.room,
                block=post.block,
                role=post.role,
                number=post.number,
                starts=post.starts,
                ends=post.ends,
                teacher=teacher,
            )
        self.solution.parent = self.earlier
        self.solution.save()
        self.use("moved_duty", weight=5)

    def staff(self, *, steps: int = 2000, seed: int = 1) -> "Roster":
        season = duties.season_of(self.solution, stay_close_to=self.earlier)
        result = search.solve(season.problem, stop=MaxSteps(steps), seed=seed)
        duties.write(season, result, self.solution)
        return Roster(self.solution, season, result)


class Roster:
    def __init__(self, solution: models.Solution, season: Any, result: Any) -> None:
        self.solution, self.season, self.result = solution, season, result
        self.duties = list(models.Duty.objects.filter(solution=solution).select_related("teacher", "room"))

    def of(self, teacher: models.Teacher) -> list[models.Duty]:
        return [duty for duty in self.duties if duty.teacher_id == teacher.pk]

    def names(self, **fields: Any) -> list[str]:
        found = models.Duty.objects.filter(solution=self.solution, **fields)
        return sorted(duty.teacher.name if duty.teacher else "" for duty in found)

    def found(self, code: str) -> int:
        return next(row.count for row in findings.check(self.solution) if row.rule == code)

    def reasons(self) -> list[str]:
        return [*self.season.why_not, *duties.reasons(self.season, self.result)]
