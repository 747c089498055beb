"""For every rule of duties the smallest season in which it decides something.

A case has an earlier plan that breaks the rule, and a run would rather stay with it. Without the rule it
does, and the rule's finding says so; with it the run does not. docs/rules.md is made from this.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from scheduling import models

from .staffed import Season

RULE = 1000


class Case(NamedTuple):
    """build: makes the season and returns the act that brings the rule into it."""

    code: str
    words: str
    build: Callable[[Season], Callable[[], Any]]


CASES: dict[str, Case] = {}


def case(code: str) -> Callable:
    def keep(build: Callable[[Season], Callable[[], Any]]) -> Callable:
        CASES[code] = Case(code, " ".join((build.__doc__ or "").split()), build)
        return build

    return keep


def one_post_each(s: Season, *periods: int) -> tuple[models.Teacher, models.Teacher]:
    """A room with one post in each of the periods, two teachers."""
    room = s.room("A")
    for at in periods:
        s.exam(at, room)
    return s.teacher(), s.teacher()


@case("unfilled")
def _(s: Season):
    """The only teacher may have no duty; then one."""
    s.exam(0, s.room("A"))
    teacher = s.teacher(max_duties=0)
    return lambda: models.Teacher.objects.filter(pk=teacher.pk).update(max_duties=1)


@case("missing_posts")
def _(s: Season):
    """A room of 20 candidates has one post; then 20 more sit there."""
    one_post_each(s, 0)
    return lambda: models.RoomShare.objects.update(candidates=40)


@case("two_duties_at_once")
def _(s: Season):
    """A teacher has duties with half an hour between; then the policy asks for two hours."""
    one, _two = one_post_each(s, 0, 1)
    s.would_like(one, one)
    return lambda: s.ask(gap_minutes=120)


@case("teacher_away")
def _(s: Season):
    """A teacher who has a duty is then away."""
    one, _two = one_post_each(s, 0)
    s.would_like(one)
    return lambda: s.add(models.Unavailability, teacher=one, date=s.periods[0].date)


@case("not_senior")
def _(s: Season):
    """A lecturer leads a block; then only professors may."""
    s.ask(rooms_per_superintendent=1, senior_rank=3)
    ranks = [s.add(models.Designation, name=f"Rank {rank}", rank=rank) for rank in (1, 3)]
    s.exam(0, s.room("A"))
    senior, junior = (s.teacher(designation=rank) for rank in ranks)
    s.would_like(senior, junior)
    return lambda: s.ask(senior_rank=1)


@case("relative_alone")
def _(s: Season):
    """A teacher watches a room; then a candidate there is a relative."""
    student = s.student()
    s.exam(0, s.room("A"), students=(student,))
    one, _two = s.teacher(), s.teacher()
    s.would_like(one)
    return lambda: s.add(models.Relative, teacher=one, student=student)


@case("most_duties")
def _(s: Season):
    """A teacher has two duties; then may have one."""
    one, _two = one_post_each(s, 0, 3)
    s.would_like(one, one)
    return lambda: models.Teacher.objects.filter(pk=one.pk).update(max_duties=1)


@case("pair_never")
def _(s: Season):
    """Two teachers watch a room together; then they must not."""
    s.exam(0, s.room("A"), candidates=40)
    one, two, _three = s.teacher(), s.teacher(), s.teacher()
    s.would_like(one, two)
    return lambda: s.add(models.TeacherPair, teacher_a=one, teacher_b=two, kind="never")


@case("duty_pin")
def _(s: Season):
    """A teacher has a duty that is then pinned for another."""
    one, two = one_post_each(s, 0)
    s.would_like(one)
    return lambda: s.add(models.DutyPin, teacher=two, period=s.periods[0])


@case("own_exam_room")
def _(s: Season):
    """A teacher watches a room in which the own exam is sat."""
    one, _two = s.teacher(), s.teacher()
    s.exam(0, s.room("A"), taught_by=(one,))
    s.would_like(one)
    return lambda: s.use("own_exam_room", is_hard=True)


@case("own_exam_period")
def _(s: Season):
    """A teacher watches a room while the own exam is sat in another."""
    one, two, _three = s.teacher(), s.teacher(), s.teacher()
    s.exam(0, s.room("A"), taught_by=(one,))
    s.exam(0, s.room("B"))
    s.would_like(two, one)
    return lambda: s.use("own_exam_period", weight=RULE)


@case("woman_in_room")
def _(s: Season):
    """A man watches a room in which a woman sits."""
    s.exam(0, s.room("A"), students=(s.student(gender="F"),))
    man, _woman = s.teacher(gender="M"), s.teacher(gender="F")
    s.would_like(man)
    return lambda: s.use("woman_in_room", is_hard=True)


@case("least_duties")
def _(s: Season):
    """One teacher has both duties, the other's designation asks for one."""
    room = s.room("A")
    for at in (0, 3):
        s.exam(at, room)
    one = s.teacher()
    s.teacher(designation=s.add(models.Designation, name="Lecturer", rank=4, min_duties=1))
    s.would_like(one, one)
    return lambda: s.use("least_duties", weight=RULE)


@case("fair_minutes")
def _(s: Season):
    """One teacher has both duties, another none."""
    one, _two = one_post_each(s, 0, 3)
    s.would_like(one, one)
    return lambda: s.use("fair_minutes", weight=RULE, limit=0)


@case("juniors_first")
def _(s: Season):
    """Of three duties a professor has two and a lecturer one."""
    room = s.room("A")
    for at in (0, 3, 6):
        s.exam(at, room)
    senior, junior = (
        s.teacher(designation=s.add(models.Designation, name=f"Rank {rank}", rank=rank)) for rank in (1, 4)
    )
    s.would_like(senior, junior, senior)
    return lambda: s.use("juniors_first", weight=RULE)


@case("even_kinds")
def _(s: Season):
    """One teacher has both evenings, the other both mornings."""
    one, two = one_post_each(s, 0, 2, 3, 5)
    s.would_like(two, one, two, one)
    return lambda: s.use("even_kinds", weight=RULE)


@case("duties_a_day")
def _(s: Season):
    """A teacher has the morning and the evening of a day."""
    one, _two = one_post_each(s, 0, 2)
    s.would_like(one, one)
    return lambda: s.use("duties_a_day", weight=RULE, limit=1)


@case("duties_on_end")
def _(s: Season):
    """A teacher has two periods that follow each other."""
    one, _two = one_post_each(s, 0, 1)
    s.would_like(one, one)
    return lambda: s.use("duties_on_end", weight=RULE, limit=1)


@case("duty_days")
def _(s: Season):
    """A teacher has duties on two days."""
    one, _two = one_post_each(s, 0, 3)
    s.would_like(one, one)
    return lambda: s.use("duty_days", weight=RULE, limit=1)


@case("duty_span")
def _(s: Season):
    """A teacher has the first and the last period of a day."""
    one, _two = one_post_each(s, 0, 2)
    s.would_like(one, one)
    return lambda: s.use("duty_span", weight=RULE, limit=4)


@case("same_partner")
def _(s: Season):
    """Two teachers watch a room together on two days."""
    room = s.room("A")
    for at in (0, 3):
        s.exam(at, room, candidates=40)
    one, two, _three = s.teacher(), s.teacher(), s.teacher()
    s.would_like(one, two, one, two)
    return lambda: s.use("same_partner", weight=RULE)


@case("same_duty_room")
def _(s: Season):
    """A teacher has one room on two days."""
    one, _two = one_post_each(s, 0, 3)
    s.would_like(one, one)
    return lambda: s.use("same_duty_room", weight=RULE)


@case("pair_together")
def _(s: Season):
    """Two who had better watch together are in different rooms."""
    s.exam(0, s.room("A"), s.room("B"), candidates=80)
    one, two, three, four = (s.teacher() for _ in range(4))
    s.would_like(one, three, two, four)
    s.add(models.TeacherPair, teacher_a=one, teacher_b=two, kind="together")
    return lambda: s.use("pair_together", weight=RULE)


@case("both_sessions")
def _(s: Season):
    """Two teachers share each of two days; then the policy asks for both sessions of a day."""
    s.use("both_sessions", weight=RULE)
    one, two = one_post_each(s, 0, 1, 3, 4)
    s.would_like(one, two, one, two)
    return lambda: s.ask(same_day="keep")


@case("moved_duty")
def _(s: Season):
    """A teacher had better be free while the own exam is sat, but had the duty in the earlier plan."""
    one, _two = s.teacher(), s.teacher()
    s.exam(0, s.room("A"), taught_by=(one,))
    s.would_like(one)
    s.use("own_exam_period", weight=50)
    return lambda: s.use("moved_duty", weight=RULE)
