"""A post given to another person by hand, left open, or held. The change goes into a draft of the plan."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import time
from functools import cached_property
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history
from projects.models import Project

from . import rules
from .drafts import draft_of
from .duty_targets import most_duties_of
from .models import (
    Duty,
    DutyPin,
    DutyPolicy,
    Exemption,
    Lesson,
    Placement,
    Relative,
    Role,
    RoomShare,
    Seating,
    Solution,
    Teacher,
    TeacherPair,
    Teaches,
    Unavailability,
)
from .posts import policy_of
from .recounting import recount_if_quick, recount_soon
from .rosters import PersonLine, Roster


class CannotGive(Exception):
    """Why a post cannot be given so, in words for the planner."""


def pin_duty(*, duty: Duty, by: User) -> DutyPin:
    """The teacher keeps this post in every run from now on."""
    _refuse_archived(duty.project)
    if duty.teacher is None:
        raise CannotGive(_("This post is open: give it to somebody first."))
    with history.acting(by=by):
        pin, _made = DutyPin.objects.update_or_create(
            project=duty.project,
            teacher=duty.teacher,
            period=duty.period,
            defaults={"role": duty.role, "room": duty.room},
        )
    return pin


def unpin_duty(*, duty: Duty, by: User) -> None:
    """Let the solver give the post to somebody else again."""
    _refuse_archived(duty.project)
    with history.acting(by=by):
        DutyPin.objects.for_project(duty.project).filter(teacher=duty.teacher, period=duty.period).delete()


def give(*, duty: Duty, teacher: Teacher | None, by: User) -> Duty:
    """Give the post to that teacher, or to nobody; return the post in the draft that holds the change.

    Whoever had it has it no more, and is pinned to it no more.
    """
    _refuse_archived(duty.project)
    if teacher is not None and teacher.pk == duty.teacher_id:
        raise CannotGive(_("%s has this post already.") % teacher.name)
    given = _give(duty, teacher, by)
    recount_if_quick(given.solution)
    return given


@transaction.atomic
def _give(duty: Duty, teacher: Teacher | None, by: User) -> Duty:
    draft = draft_of(duty.solution)
    mine = same_post(duty, draft)
    if mine.teacher_id is not None:
        unpin_duty(duty=mine, by=by)
    mine.teacher = teacher
    try:
        with transaction.atomic():
            mine.save(update_fields=["teacher"])
    except IntegrityError as error:
        raise CannotGive(
            _("%s has another post in that period: leave that one open first.") % teacher
        ) from error
    recount_soon(draft)
    return mine


def same_post(duty: Duty, draft: Solution) -> Duty:
    """The post in the draft, with who has it now."""
    post = Duty.objects.select_related("period", "room", "teacher").get(
        solution=draft,
        period=duty.period_id,
        room=duty.room_id,
        block=duty.block,
        role=duty.role,
        number=duty.number,
    )
    post.solution = draft
    return post


class Choice(NamedTuple):
    """Somebody who could take a post, and what speaks against it. is_barred: a rule that must hold does."""

    line: PersonLine
    against: list[str]
    is_barred: bool

    @property
    def teacher(self) -> Teacher:
        return self.line.teacher


def choices_for(duty: Duty) -> list[Choice]:
    """All teachers for a post: those first against whom nothing speaks, of these who has the least."""
    facts = _Facts(duty)
    choices = []
    for line in facts.roster.people:
        if line.teacher.pk == duty.teacher_id:
            continue
        bars, doubts = list(facts.bars(line)), list(facts.doubts(line))
        choices.append(Choice(line, [*bars, *doubts], bool(bars)))
    return sorted(choices, key=lambda choice: (choice.is_barred, len(choice.against), choice.line.deviation))


class _Facts:
    """What is to be known of all teachers about one post; the number of queries does not grow with them."""

    def __init__(self, duty: Duty) -> None:
        self.duty, self.project, day = duty, duty.project, duty.period.date
        self.roster = Roster(duty.solution)
        self.policy = policy_of(self.project)
        self.busy = {post.teacher_id: post for post in self.roster.posts if post.period_id == duty.period_id}
        overlapping = Q(starts__isnull=True) | Q(starts__lt=duty.ends, ends__gt=duty.starts)
        away = Unavailability.objects.for_project(self.project).filter(date=day)
        decided = Unavailability.Decision
        away = away.filter(overlapping)
        self.away = dict(away.filter(decision=decided.APPROVED).values_list("teacher", "reason"))
        asked = away.filter(decision=decided.REQUESTED)
        self.asked_to_be_away = set(asked.values_list("teacher", flat=True))
        exempt = Exemption.objects.for_project(self.project).filter(first_on__lte=day, last_on__gte=day)
        self.exempt = dict(exempt.values_list("teacher", "reason"))
        lessons = Lesson.objects.for_project(self.project).filter(
            Q(first_on=None) | Q(first_on__lte=day),
            Q(last_on=None) | Q(last_on__gte=day),
            weekday=day.weekday(),
            starts__lt=duty.ends,
            ends__gt=duty.starts,
            teacher__isnull=False,
        )
        self.teaching = dict(lessons.values_list("teacher", "label"))
        self.own_exams = self._own_exams()
        self.relatives = self._relatives()
        self.mates = {
            post.teacher_id: post.teacher
            for post in self.roster.posts
            if post.teacher and post.pk != duty.pk and duty.room_id
            and (post.period_id, post.room_id) == (duty.period_id, duty.room_id)
        }  # fmt: skip
        self.apart = self._apart()

    def _own_exams(self) -> dict[int, str]:
        """teacher → code of an exam of theirs in the room, or in the period where the post has no room"""
        there = Placement.objects.filter(solution=self.duty.solution, period=self.duty.period)
        if self.duty.room_id:
            shares = RoomShare.objects.filter(placement__in=there, room=self.duty.room)
            there = there.filter(pk__in=shares.values("placement"))
        exams = there.values("sitting__exam")
        rows = Teaches.objects.for_project(self.project).filter(course__exam_courses__exam__in=exams)
        return dict(rows.values_list("teacher", "course__exam_courses__exam__code"))

    def _relatives(self) -> set[int]:
        if not self.duty.room_id:
            return set()
        there = Seating.objects.filter(
            solution=self.duty.solution, period=self.duty.period, room=self.duty.room
        )
        rows = Relative.objects.for_project(self.project).filter(student__in=there.values("student"))
        return set(rows.values_list("teacher", flat=True))

    def _apart(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        rows = TeacherPair.objects.for_project(self.project).filter(kind=TeacherPair.Kind.NEVER)
        for one, other in rows.values_list("teacher_a", "teacher_b"):
            found[one].add(other)
            found[other].add(one)
        return found

    def bars(self, line: PersonLine) -> Iterator[str]:
        key = line.teacher.pk
        if key in self.busy:
            yield _("has %s in this period") % _words(self.busy[key])
        if key in self.away:
            yield _("is away") + (f" ({self.away[key]})" if self.away[key] else "")
        if key in self.exempt:
            yield _("is exempt") + (f" ({self.exempt[key]})" if self.exempt[key] else "")
        if key in self.teaching:
            yield _("teaches then")
        if not line.teacher.may_invigilate:
            yield _("does not invigilate")
        for mate in self.apart[key] & self.mates.keys():
            yield _("is never to share a room with %s") % self.mates[mate].name
        if self.duty.role == Role.SUPERINTENDENT and not self._is_senior(line.teacher):
            yield _("is not senior enough")
        if key in self.own_exams and self.own_exams_bar:
            yield _("examines %s there") % self.own_exams[key]
        most = most_duties_of(line.teacher)
        if most is not None and line.duties >= most:
            yield _("has the most duties already (%d)") % most
        that_day = [
            post
            for post in self.roster.of_teacher.get(key, ())
            if post.period.date == self.duty.period.date and post.period_id != self.duty.period_id
        ]
        if that_day and self.policy.same_day == DutyPolicy.SameDay.ONE:
            yield _("has a duty on that day already")
        for post in that_day:
            if _minutes_between(post, self.duty) < self.policy.gap_minutes:
                yield _("has less than %d minutes between two duties") % self.policy.gap_minutes

    def doubts(self, line: PersonLine) -> Iterator[str]:
        key = line.teacher.pk
        if key in self.asked_to_be_away:
            yield _("has asked to be away")
        if key in self.own_exams and not self.own_exams_bar:
            yield _("examines %s there") % self.own_exams[key]
        if key in self.relatives:
            yield _("is related to a candidate there")

    @cached_property
    def own_exams_bar(self) -> bool:
        """Whether nobody may watch where own exams are sat."""
        settings = rules.settings_of(self.project)
        setting = settings["own_exam_room" if self.duty.room_id else "own_exam_period"]
        return setting.is_on and setting.is_hard

    def _is_senior(self, teacher: Teacher) -> bool:
        rank = teacher.designation.rank if teacher.designation else 0
        return 1 <= rank <= self.policy.senior_rank


def _words(post: Duty) -> str:
    return f"{post.get_role_display()} {post.room or post.block}".strip()


def _minutes_between(one: Duty, other: Duty) -> int:
    first, second = sorted((one, other), key=lambda post: post.starts)
    return _minute(second.starts) - _minute(first.ends)


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _refuse_archived(project: Project) -> None:
    if project.is_archived:
        raise CannotGive(_("This project is archived. Bring it back before you change it."))
