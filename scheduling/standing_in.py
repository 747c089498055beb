"""A teacher falls ill or declines: who stands in, in a new version of the plan that touches as few as can be.

Nearest first: who is free then and breaks no rule, in the order of what it costs by the rules. If nobody is,
one other hands a duty on (a chain of two); else the post stays open. Everything else stays as it was.
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import NamedTuple

import numpy as np
from django.utils.translation import gettext as _

from . import versions
from .adapter import duties as adapter
from .models import Duty, Run, Solution, Teacher
from .recounting import keep_part, recount_if_quick
from .solver.duties import score
from .solver.duties.problem import AWAY, OPEN, Ints

MOST_SHOWN = 10


class CannotStandIn(Exception):
    """Why nobody can be put in, in words for the exam office."""


class Substitute(NamedTuple):
    """Who could take a duty: what it costs by the rules (less is nearer), and why, in words."""

    teacher: Teacher
    cost: int
    why: str


class Touched(NamedTuple):
    """A duty that changed hands; `before` is empty for one that was open, `now` for one that is."""

    duty: str
    before: str
    now: str


class StoodIn(NamedTuple):
    """solution: the new version. touched: the duties that changed hands. reasons: what is short, where, and
    the cheapest cure."""

    solution: Solution
    touched: list[Touched]
    reasons: list[str]

    @property
    def names(self) -> list[str]:
        """Everybody whose roster changed."""
        return list(dict.fromkeys(name for row in self.touched for name in (row.before, row.now) if name))


def substitutes(*, duty: Duty, most: int = MOST_SHOWN) -> list[Substitute]:
    """Who could take the duty, the nearest first."""
    desk = _Desk(duty.solution)
    post = desk.post_of(duty)
    return [
        Substitute(desk.season.teachers[teacher], cost, desk.why(teacher, post))
        for cost, teacher in desk.desk.choices(post)[:most]
    ]


def hand_on(*, duty: Duty, to: Teacher) -> StoodIn:
    """The duty to that teacher, in a new version of the plan; CannotStandIn says if that cannot be."""

    def change(desk: _Desk) -> None:
        post, teacher = desk.post_of(duty), desk.number_of(to)
        if teacher not in [number for _cost, number in desk.desk.choices(post)]:
            words = _("%(teacher)s is not free for that duty or may not have it: choose another teacher.")
            raise CannotStandIn(words % {"teacher": to})
        desk.desk.give(post, teacher)

    return _changed(duty.solution, change)


def replace(*, solution: Solution, teacher: Teacher, on: date | None = None) -> StoodIn:
    """All duties of a teacher who is ill, or those of one day, each to the nearest other."""

    def change(desk: _Desk) -> None:
        number = desk.number_of(teacher)
        posts = [
            post
            for post in np.flatnonzero(desk.before == number).tolist()
            if on is None or desk.season.posts[post].period.date == on
        ]
        if not posts:
            words = _("%(teacher)s has no duty then: nothing is to be done.")
            raise CannotStandIn(words % {"teacher": teacher})
        desk.desk.refill(posts, without=number)

    return _changed(solution, change)


def decline(*, duty: Duty) -> StoodIn:
    """The duty to the nearest other teacher, since its own has declined it."""

    def change(desk: _Desk) -> None:
        post = desk.post_of(duty)
        desk.desk.refill([post], without=int(desk.before[post]))

    return _changed(duty.solution, change)


def follow_rooms(*, solution: Solution, periods: Collection[int]) -> StoodIn:
    """Let the duties of these periods (primary keys) follow the rooms, in the version itself that has them.

    Who watched a room that is used no more takes a post that is new then, if nothing forbids it, else has no
    duty then. Nobody else is touched; new posts that are left stay open.
    """

    def compute() -> tuple[_Moves, list[Duty]]:
        desk = _Desk(solution, following=periods)
        desk.let_follow()
        return desk.moves(), desk.left_over

    def write(held: Solution, found: tuple[_Moves, list[Duty]]) -> StoodIn:
        return _write_followed(held, *found, periods=periods)

    return versions.write_unchanged(of=solution, compute=compute, write=write, refused=CannotStandIn)


def _write_followed(
    solution: Solution, moves: "_Moves", left_over: list[Duty], *, periods: Collection[int]
) -> StoodIn:
    wanted = {post.key: number for number, post in enumerate(moves.season.posts)}
    teachers = moves.season.teachers
    rows = Duty.objects.filter(solution=solution, period__in=periods)
    had = {adapter.key_of(row): row for row in rows.select_related("period", "room")}
    freed = {(row.teacher_id, row.period_id): row for row in left_over}
    Duty.objects.filter(pk__in=[row.pk for key, row in had.items() if key not in wanted]).delete()
    new: list[Duty] = []
    kept: list[Duty] = []
    touched = []
    for key, number in wanted.items():
        post, who = moves.season.posts[number], int(moves.who[number])
        if post.period.pk not in periods:
            continue
        row = had.get(key) or adapter.duty_of(post, solution)
        row.starts, row.ends, row.student_id = post.starts, post.ends, post.student
        if who != int(moves.before[number]):
            row.teacher = teachers[who]
            freed.pop((row.teacher.pk, row.period_id), None)
            touched.append(Touched(str(row), "", str(row.teacher)))
        (kept if row.pk else new).append(row)
    names = {row.pk: str(row) for row in teachers}
    touched += [Touched(str(row), names[teacher or 0], "") for (teacher, _when), row in freed.items()]
    Duty.objects.bulk_update(kept, ["starts", "ends", "student", "teacher"])
    Duty.objects.bulk_create(new)
    solution.changes += 1
    solution.save(update_fields=["changes"])
    measures = score.measures_of(moves.season.problem, moves.who, moves.found)
    keep_part(solution, Run.Part.DUTIES, moves.found, measures=measures, reasons=moves.reasons)
    return StoodIn(solution, touched, moves.reasons)


def _changed(solution: Solution, change: "Callable[[_Desk], None]") -> StoodIn:
    """A new version of the plan with what the change does to its roster."""

    def compute() -> _Moves:
        desk = _Desk(solution)
        change(desk)
        return desk.moves()

    done = versions.write_unchanged(of=solution, compute=compute, write=_write, refused=CannotStandIn)
    recount_if_quick(done.solution)
    return done


class _Desk:
    """A solution's roster, its rows and the solver's desk."""

    def __init__(self, solution: Solution, *, following: Collection[int] = ()) -> None:
        """following: periods (primary keys) in which whom the rooms ask for no more is free."""
        from .solver.duties import repair  # compiled code, which other pages do without

        if solution.project.is_archived:
            raise CannotStandIn(_("This project is archived. Bring it back before you change it."))
        if "duties" not in solution.measures:
            raise CannotStandIn(_("%s has no duties yet: let the solver make them first.") % solution)
        self.solution = solution
        self.season = adapter.season_of(solution, stay_close_to=solution)
        self.before: Ints = self.season.problem.earlier
        left_over = adapter.duties_without_post(self.season)
        self.left_over = [row for row in left_over if row.period_id in following]
        self._keep_from([row for row in left_over if row.period_id not in following])
        self.desk = repair.Desk(self.season.problem, self.before)

    def _keep_from(self, left_over: list[Duty]) -> None:
        """Who still has a duty that the rooms ask for no more is as good as away in that period."""
        problem = self.season.problem
        numbers = {row.pk: number for number, row in enumerate(self.season.teachers)}
        periods = np.array([post.period.pk for post in self.season.posts])
        for duty in left_over:
            posts = np.flatnonzero(periods == duty.period_id)
            problem.ban[numbers[duty.teacher_id or 0], posts] |= np.uint8(AWAY)

    def number_of(self, teacher: Teacher) -> int:
        for number, row in enumerate(self.season.teachers):
            if row.pk == teacher.pk:
                return number
        raise CannotStandIn(_("That teacher is not of this project."))

    def post_of(self, duty: Duty) -> int:
        for number, post in enumerate(self.season.posts):
            if post.key == adapter.key_of(duty):
                return number
        raise CannotStandIn(_("The rooms have changed since these duties were made: make the duties again."))

    def why(self, teacher: int, post: int) -> str:
        """Minutes against the target, and whether the teacher is there that day anyway."""
        problem = self.season.problem
        mine = self.before == teacher
        off = int(problem.minutes[mine].sum() - problem.target[teacher])
        words = [
            _("%d minutes below the target") % -off if off < 0 else _("%d minutes above the target") % off
        ]
        if (problem.day[mine] == problem.day[post]).any():
            words.append(_("on duty that day anyway"))
        return ", ".join(words)

    def let_follow(self) -> None:
        """Who is free, since no room asks for the duty any more, takes an open post of that period."""
        numbers = {row.pk: number for number, row in enumerate(self.season.teachers)}
        for duty in self.left_over:
            number = numbers[duty.teacher_id or 0]
            posts = [
                post
                for post in np.flatnonzero(self.desk.who == OPEN).tolist()
                if self.season.posts[post].period.pk == duty.period_id
            ]
            # A post of the same kind first: a reader goes with the candidate, a reserve comes last.
            posts.sort(key=lambda post: (self.season.posts[post].role != duty.role, post))
            for post in posts:
                if number in [teacher for _price, teacher in self.desk.choices(post)]:
                    self.desk.give(post, number)
                    break

    def moves(self) -> "_Moves":
        who = self.desk.who.copy()
        found = score.evaluate(self.season.problem, who)
        return _Moves(self.season, self.before, who, found, adapter.reasons_of(self.season, who))


class _Moves(NamedTuple):
    """What is to be written: who had and has each post, and what that counts."""

    season: adapter.Season
    before: Ints
    who: Ints
    found: score.Score
    reasons: list[str]


def _write(held: Solution, moves: _Moves) -> StoodIn:
    """A new version in which only these duties are others'."""
    solution = versions.new_version(of=held)
    rows = {adapter.key_of(row): row for row in Duty.objects.filter(solution=solution)}
    teachers, posts = moves.season.teachers, moves.season.posts
    changed, touched = [], []
    for post in np.flatnonzero(moves.who != moves.before).tolist():
        row, before, now = rows[posts[post].key], int(moves.before[post]), int(moves.who[post])
        row.teacher = None if now == OPEN else teachers[now]
        changed.append(row)
        touched.append(
            Touched(
                str(row),
                "" if before == OPEN else str(teachers[before]),
                "" if now == OPEN else str(teachers[now]),
            )
        )
    # Out first, in second: a teacher has one duty in a period at any moment.
    Duty.objects.filter(pk__in=[row.pk for row in changed]).update(teacher=None)
    Duty.objects.bulk_update(changed, ["teacher"])
    measures = score.measures_of(moves.season.problem, moves.who, moves.found)
    keep_part(solution, Run.Part.DUTIES, moves.found, measures=measures, reasons=moves.reasons)
    return StoodIn(solution, touched, moves.reasons)
