"""What a project has, what is missing, and what its planner does next."""

from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Sum
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects.models import Project
from projects.templatetags.staff import thousands

from . import layouts
from .exams import count_candidates
from .models import (
    Course,
    Exam,
    ExamCourse,
    Period,
    Publication,
    Registration,
    Room,
    RuleSetting,
    Run,
    Solution,
    Student,
    Teacher,
)
from .rules import Setting, must_hold, settings_of


class Warning(NamedTuple):
    """A fact about the data that a planner should know before solving. `page` names where to mend it."""

    level: str  # error, warning
    message: str
    page: str


class Step(NamedTuple):
    """The next step, in one sentence. `page` names where it is done; `does` that the button acts at once."""

    sentence: str
    button: str
    page: str
    number: int | None = None
    does: bool = False


class Readiness:
    """Counted once for one page."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @cached_property
    def settings(self) -> dict[str, Setting]:
        return settings_of(self.project)

    @cached_property
    def students(self) -> int:
        return Student.objects.for_project(self.project).count()

    @cached_property
    def registrations(self) -> int:
        return Registration.objects.for_project(self.project).count()

    @cached_property
    def courses(self) -> int:
        return Course.objects.for_project(self.project).count()

    @cached_property
    def exams(self) -> int:
        return Exam.objects.for_project(self.project).count()

    @cached_property
    def teachers(self) -> int:
        return Teacher.objects.for_project(self.project).count()

    @cached_property
    def usable_rooms(self) -> int:
        return Room.objects.for_project(self.project).filter(is_usable=True).count()

    @cached_property
    def seats(self) -> int:
        usable = Room.objects.for_project(self.project).filter(is_usable=True)
        return usable.aggregate(seats=Sum("exam_capacity"))["seats"] or 0

    @cached_property
    def periods(self) -> int:
        return Period.objects.for_project(self.project).count()

    @cached_property
    def days(self) -> int:
        return Period.objects.for_project(self.project).values("date").distinct().order_by().count()

    @cached_property
    def courses_without_exam(self) -> int:
        # Two short lists instead of one question for each course: the first is read from its index.
        registered = (
            Registration.objects.for_project(self.project).order_by().values_list("course", flat=True)
        )
        examined = ExamCourse.objects.for_project(self.project).values_list("course", flat=True)
        return len(set(registered.distinct()) - set(examined))

    @cached_property
    def candidates(self) -> dict[int, int]:
        return count_candidates(project=self.project)

    @cached_property
    def run_under_way(self) -> Run | None:
        return Run.objects.for_project(self.project).filter(state__in=Run.UNDER_WAY).first()

    @cached_property
    def live(self) -> Solution | None:
        return Solution.objects.for_project(self.project).live().first()

    @cached_property
    def latest(self) -> Solution | None:
        return Solution.objects.for_project(self.project).first()

    @cached_property
    def publication(self) -> Publication | None:
        return Publication.objects.for_project(self.project).current().select_related("solution").first()

    # --- what should be known before solving -------------------------------------------------------------
    @cached_property
    def warnings(self) -> list[Warning]:
        return list(self._warnings())

    def _warnings(self) -> Iterator[Warning]:
        if self.courses_without_exam and self.exams:
            n = self.courses_without_exam
            yield Warning(
                "warning",
                ngettext(
                    "%(n)s course with registrations has no exam.",
                    "%(n)s courses with registrations have no exam.",
                    n,
                )
                % {"n": thousands(n)},
                "exams",
            )
        if self.exams and self.periods:
            yield from self._too_long()
        if self.exams and self.seats and self.periods:
            yield from self._too_many()
            yield from self._chairs()

    def _chairs(self) -> Iterator[Warning]:
        for room, there in layouts.rooms_with_too_few_chairs(self.project):
            words = _("%(room)s says that it seats %(says)d in an exam, and its layout has %(there)d chairs.")
            told = {"room": room.code, "says": room.exam_capacity, "there": there}
            yield Warning("warning", words % told, "rooms")
        from .adapter import seats  # arrays, which are wanted only here

        policy = seats.policy_of(self.project)
        most = seats.largest_exam(self.project)
        for exam in Exam.objects.for_project(self.project).filter(needs_room=True, batch_size=None):
            size = self.candidates.get(exam.pk, 0)
            if most < size <= self.seats:
                words = _(
                    "%(code)s has %(size)s candidates, and all rooms together hold %(most)s of one exam where"
                    " %(policy)s: choose another neighbour rule, or hold it in sittings."
                )
                told = {"code": exam.code, "size": thousands(size), "most": thousands(most)}
                told["policy"] = policy.get_neighbours_display()
                yield Warning("error", words % told, "seats")

    def _level(self, rule: str) -> str:
        return "error" if must_hold(rule, self.settings) else "warning"

    def _too_long(self) -> Iterator[Warning]:
        longest = max(period.minutes for period in Period.objects.for_project(self.project))
        late = Exam.objects.for_project(self.project).filter(duration__gt=longest)
        if n := late.count():
            words = ngettext(
                "%(n)s exam is longer than the longest period (%(minutes)d minutes): %(code)s",
                "%(n)s exams are longer than the longest period (%(minutes)d minutes), first %(code)s.",
                n,
            )
            told = {"n": thousands(n), "minutes": longest, "code": late[0].code}
            yield Warning(self._level("length"), words % told, "periods")

    def _too_many(self) -> Iterator[Warning]:
        in_rooms = Exam.objects.for_project(self.project).filter(needs_room=True, batch_size=None)
        sizes = [(self.candidates.get(exam.pk, 0), exam) for exam in in_rooms]
        largest, exam = max(sizes, key=lambda pair: pair[0], default=(0, None))
        if exam and largest > self.seats:
            yield Warning(
                self._level("seats"),
                _("%(code)s has %(candidates)s candidates, and all rooms together have %(seats)s seats.")
                % {"code": exam.code, "candidates": thousands(largest), "seats": thousands(self.seats)},
                "rooms",
            )
        needed, offered = sum(size for size, _exam in sizes), self.seats * self.periods
        if needed > offered:
            yield Warning(
                self._level("seats"),
                _("%(needed)s candidates are to be seated, and all periods together have %(offered)s seats.")
                % {"needed": thousands(needed), "offered": thousands(offered)},
                "periods",
            )
        elif needed > 0.9 * offered:
            yield Warning(
                "warning",
                _("Nine of ten seats of the whole season are needed. A room or a day more would help."),
                "periods",
            )

    # --- what comes next ---------------------------------------------------------------------------------
    @cached_property
    def next_step(self) -> Step:
        return next(self._steps())

    def _steps(self) -> Iterator[Step]:
        if not self.registrations:
            yield Step(
                _("Upload the registrar's workbook: students, courses, registrations and rooms."),
                _("Upload"),
                "upload",
            )
        if not self.usable_rooms:
            yield Step(_("Add the rooms in which exams are sat."), _("Rooms"), "scheduling_room_changelist")
        if not self.periods:
            yield Step(_("Make the season's periods from a calendar."), _("Make periods"), "make_periods")
        if self.courses_without_exam:
            yield Step(
                _("Make an exam of every course that has registrations."),
                _("Make exams"),
                "make_exams",
                does=True,
            )
        if self.run_under_way:
            yield Step(
                _("A run is under way. Watch it, or go on with other work."),
                _("Watch it"),
                "run",
                self.run_under_way.pk,
            )
        if not self.latest and not RuleSetting.objects.for_project(self.project).exists():
            yield Step(
                _("Look through the rules: what must hold, what should, and how much it matters."),
                _("Rules"),
                "rules",
            )
        if not self.latest:
            has_errors = any(warning.level == "error" for warning in self.warnings)
            sentence = (
                _("Put right what is shown in red, or let the solver show how far it comes.")
                if has_errors
                else _("Everything is there. Let the solver make a datesheet.")
            )
            yield Step(sentence, _("Solve"), "solve")
            return
        if not self.live:
            yield Step(
                _("Look at %s. If it is good, make it the live plan.") % self.latest,
                _("Look at it"),
                "solution",
                self.latest.pk,
            )
            return
        yield from self._parts_to_make(self.live)
        if not self.publication:
            yield Step(
                _("%s is live. Look through its datesheet before you publish it.") % self.live,
                _("Datesheet"),
                "datesheet",
                self.live.pk,
            )
        elif self.publication.solution_id != self.live.pk:
            yield Step(
                _("The public sees %(public)s, and %(live)s is live.")
                % {"public": self.publication.solution, "live": self.live},
                _("Look at it"),
                "solution",
                self.live.pk,
            )
        yield Step(
            _("The datesheet is published. Late changes begin from the live solution."),
            _("Datesheet"),
            "datesheet",
            self.live.pk,
        )

    def _parts_to_make(self, live: Solution) -> Iterator[Step]:
        """Seats, then duties: made for the live plan, looked at, and made live in their turn."""
        parts = [(Run.Part.SEATS, "seats", "rooms_seated", _("Seat plan"))]
        if Teacher.objects.for_project(self.project).filter(may_invigilate=True).exists():
            parts.append((Run.Part.DUTIES, "duties", "roster", _("Duties")))
        for part, page, result, button in parts:
            if part in live.measures:
                continue
            newer = next((row for row in live.children.all() if part in row.measures), None)
            if newer is not None:
                yield Step(
                    _("Look at %s. If it is good, make it the live plan.") % newer,
                    _("Look at it"),
                    result,
                    newer.pk,
                )
            elif part == Run.Part.SEATS:
                yield Step(_("%s is live. Give every candidate a seat.") % live, button, page)
            else:
                yield Step(_("Every candidate has a room. Share out the duties."), button, page)
