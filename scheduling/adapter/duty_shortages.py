"""Why posts stay open: what is short, where, and the cheapest cure, in the planner's words."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _

from ..models import Designation, DutyPin, Period, Role, Teacher
from ..solver.duties.bound import least_open
from ..solver.duties.problem import (
    AWAY,
    BAN_RULES,
    NO_LIMIT,
    NOT_SENIOR,
    OPEN,
    OWN_PERIOD,
    OWN_ROOM,
    Ints,
)

if TYPE_CHECKING:
    from .duties import Season

MOST_NAMES = 5
# A most that has to rise by more than this is no cure but another rule.
MOST_MORE = 5


def contradictions(season: "Season") -> list[str]:
    """Pins that no plan can keep, and with whom each is at odds; known before any search."""
    found = []
    taken: dict[int, DutyPin] = {}
    for pin, (teacher, posts) in zip(season.pins, season.problem.pins, strict=True):
        free = [post for post in posts if not season.problem.forbidden[teacher, post]]
        place = pin.room or pin.get_role_display()
        said = {"teacher": pin.teacher, "period": pin.period, "place": place}
        if not posts:
            found.append(
                _("%(teacher)s is pinned to %(place)s in %(period)s, where no such post is: drop the pin.")
                % said
            )
        elif not free:
            why = _reason(int(season.problem.ban[teacher, posts[0]]))
            found.append(
                _("%(teacher)s is pinned to %(place)s in %(period)s, but %(why)s: drop the pin.")
                % {**said, "why": why}
            )
        elif all(post in taken for post in free):
            found.append(
                _("%(teacher)s and %(other)s are pinned to the same post in %(period)s: drop one pin.")
                % {**said, "other": taken[free[0]].teacher}
            )
        else:
            taken[next(post for post in free if post not in taken)] = pin
    pinned = Counter(teacher for teacher, _posts in season.problem.pins)
    for teacher, pins in pinned.items():
        most = int(season.problem.most[teacher])
        if pins > most:
            found.append(
                _("%(teacher)s has %(pins)d pinned duties and may have %(most)d: drop %(short)d of the pins.")
                % {"teacher": season.teachers[teacher], "pins": pins, "most": most, "short": pins - most}
            )
    return found


def _reason(bits: int) -> str:
    if bits & AWAY:
        return _("is away then")
    if bits & NOT_SENIOR:
        return _("is not senior enough")
    if bits & (OWN_ROOM | OWN_PERIOD):
        return _("an own exam is sat there")
    return _("a relative sits there")


def why_open(season: "Season", who: Ints) -> list[str]:
    """A sentence for each kind of shortage and place; together they are about every open post."""
    return _Shortage(season, who).sentences()


class _Shortage:
    """Open posts by cause. `spare`: teachers without a duty in the post's period."""

    def __init__(self, season: "Season", who: Ints) -> None:
        self.season, self.problem, self.who = season, season.problem, who
        self.allowed = ~self.problem.forbidden
        self.duties = np.bincount(who[who != OPEN], minlength=self.problem.teachers)
        self.has_room = self.duties < self.problem.most
        self.busy_in: dict[int, set[int]] = defaultdict(set)
        for post, teacher in enumerate(who):
            if teacher != OPEN:
                self.busy_in[int(self.problem.period[post])].add(int(teacher))

    def sentences(self) -> list[str]:
        of_cause: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for post in np.flatnonzero(self.who == OPEN).tolist():
            of_cause[self.cause(post)][int(self.problem.period[post])].append(post)
        found = []
        for cause in ("senior", "woman", "own", "period"):
            for posts in of_cause[cause].values():
                found.append(getattr(self, f"say_{cause}")(posts))
        if capped := [post for posts in of_cause["caps"].values() for post in posts]:
            found.append(self.say_caps(capped))
        if rest := sum(len(posts) for posts in of_cause["other"].values()):
            found.append(
                _(
                    "Posts that stay open because gaps, pairs or limits of a day stand in the way: %d. "
                    "The cheapest cure: let one of these rules be a wish, or give the run more time."
                )
                % rest
            )
        return found

    def cause(self, post: int) -> str:
        if self.season.posts[post].role == Role.SUPERINTENDENT:
            lead = self.to_lead_with(post)
            if self.at_hand(lead).sum() < len(lead):
                return "senior"
        if self.waits_for_a_woman(post):
            return "woman"
        spare = self.spare_with(post)
        can = self.allowed[:, post] & spare
        own = (self.problem.ban[:, post] & (OWN_ROOM | OWN_PERIOD)) != 0
        is_there = (self.problem.ban[:, post] & AWAY) == 0
        if can.any():
            return "other" if (can & self.has_room).any() else "caps"
        return "own" if (own & is_there & spare & self.has_room).any() else "period"

    def waits_for_a_woman(self, post: int) -> bool:
        team = self.problem.team[post]
        if "woman_in_room" not in self.problem.hard or team < 0 or not self.problem.team_wants_woman[team]:
            return False
        there = self.who[self.problem.team == team]
        return not self.problem.is_woman[there[there != OPEN]].any()

    def available(self, posts: list[int]) -> np.ndarray:
        """Teachers who could have one of the posts if they had nothing else to do."""
        return self.allowed[:, posts].any(axis=1) & (self.problem.most > 0)

    def at_hand(self, posts: list[int]) -> np.ndarray:
        """Those of them who have a duty left, or have it at that time."""
        there = np.zeros(self.problem.teachers, bool)
        there[list(self.busy_in[int(self.problem.period[posts[0]])])] = True
        return self.available(posts) & (self.has_room | there)

    def spare_with(self, post: int) -> np.ndarray:
        """Teachers without a duty at that time."""
        spare = np.ones(self.problem.teachers, bool)
        spare[list(self.busy_in[int(self.problem.period[post])])] = False
        return spare

    def could_come(self, post: int) -> np.ndarray:
        """Those away who would have the post if they came after all."""
        return self.barred_only(AWAY, post) & self.has_room & self.spare_with(post)

    def barred_only(self, bit: int, post: int) -> np.ndarray:
        """Teachers who may not have the post for that reason and no other."""
        bars = sum(bit for rule, bit in BAN_RULES.items() if rule in self.problem.hard)
        return (self.problem.ban[:, post] & bars) == bit

    def to_lead_with(self, post: int) -> list[int]:
        """The superintendents' posts of that time."""
        same_time = np.flatnonzero(self.problem.period == self.problem.period[post]).tolist()
        return [number for number in same_time if self.season.posts[number].role == Role.SUPERINTENDENT]

    def period(self, posts: list[int]) -> Period:
        return self.season.posts[posts[0]].period

    def say_period(self, posts: list[int]) -> str:
        """Too few teachers in a period: let who is away come, of the department that is away most first."""
        same_time = np.flatnonzero(self.problem.period == self.problem.period[posts[0]]).tolist()
        can = int(self.available(same_time).sum())
        said = {
            "period": self.period(posts),
            "needed": len(same_time),
            "can": can,
            "short": len(posts),
        }
        away = ((self.problem.ban[:, same_time] & AWAY) != 0).all(axis=1)
        away &= np.array([row.may_invigilate for row in self.season.teachers])
        absent = [row for row, is_away in zip(self.season.teachers, away, strict=True) if is_away]
        of_use = away & np.any([self.could_come(post) for post in posts], axis=0)
        words = _("%(period)s needs %(needed)d teachers and %(can)d can come: %(short)d short.") % said
        by_department = Counter(row.department for row in absent if row.department)
        if by_department:
            department, members = by_department.most_common(1)[0]
            everybody = sum(row.department_id == department.pk for row in self.season.teachers)
            if 2 * members > everybody and members > 1:
                words += " " + _("Of %(department)s %(away)d of %(all)d are away.") % {
                    "department": department,
                    "away": members,
                    "all": everybody,
                }
        if of_use.sum() >= len(posts):
            rows = [row for row, is_of_use in zip(self.season.teachers, of_use, strict=True) if is_of_use]
            cure = _("The cheapest cure: %(short)d of those who are away come after all: %(names)s.")
            return f"{words} {cure % {**said, 'names': _names(rows)}}"
        cure = _("The cheapest cure: find %(short)d more for that period, or move an exam out of it.")
        return f"{words} {cure % said}"

    def say_caps(self, posts: list[int]) -> str:
        """Too low a most in all: raise that of the designation where the fewest people feel it."""
        may = int(np.minimum(self.problem.most, self.periods_of_each()).sum())
        words = _(
            "The teachers may have %(may)d duties in all and %(needed)d are needed: "
            "the most duties are %(short)d too low."
        ) % {"may": may, "needed": self.problem.posts, "short": len(posts)}
        full = (self.problem.most < NO_LIMIT) & (self.duties >= self.problem.most)
        rows = [row for row, is_full in zip(self.season.teachers, full, strict=True) if is_full]
        if raised := self.most_that_is_enough(rows, len(posts)):
            rank, more, count = raised
            cure = _("The cheapest cure: raise the most duties of %(rank)s by %(more)d (%(count)d of them).")
            return f"{words} {cure % {'rank': rank, 'more': more, 'count': count}}"
        free = np.any([self.allowed[:, post] & self.spare_with(post) for post in posts], axis=0)
        rows = [row for row, is_free in zip(self.season.teachers, full & free, strict=True) if is_free]
        cure = _("The cheapest cure: let these have more duties, %(short)d in all: %(names)s.")
        return f"{words} {cure % {'short': len(posts), 'names': _names(rows)}}"

    def most_that_is_enough(self, full: list[Teacher], short: int) -> tuple[Designation, int, int] | None:
        """Whose most to raise, by how much, and how many they are: least first, then the most junior; proven
        by the flow of `least_open`, since who is away then does not help."""
        ranks = {row.designation for row in full if row.designation and row.max_duties is None}
        enough = max(0, least_open(self.problem) - short)
        for more in range(1, MOST_MORE + 1):
            for rank in sorted(ranks, key=lambda rank: (-rank.rank, rank.pk)):
                of_rank = np.array(
                    [row.designation == rank and row.max_duties is None for row in self.season.teachers]
                )
                most = np.where(of_rank, np.minimum(self.problem.most + more, NO_LIMIT), self.problem.most)
                count = int(of_rank.sum())
                if more * count >= short and least_open(self.problem._replace(most=most)) <= enough:
                    return rank, more, count
        return None

    def periods_of_each(self) -> Ints:
        days = np.zeros(self.problem.teachers, np.int64)
        for period in np.unique(self.problem.period):
            days += self.allowed[:, self.problem.period == period].any(axis=1)
        return days

    def say_woman(self, posts: list[int]) -> str:
        """Too few women for the rooms in which women sit."""
        same_time = self.problem.period == self.problem.period[posts[0]]
        teams = np.unique(self.problem.team[same_time & (self.problem.team >= 0)])
        rooms = int(self.problem.team_wants_woman[teams].sum())
        women = int((self.at_hand(np.flatnonzero(same_time).tolist()) & self.problem.is_woman).sum())
        short = {int(self.problem.team[post]) for post in posts}
        return _(
            "%(period)s: rooms with women: %(rooms)d, women who can watch: %(women)d; %(short)d short, as in "
            "%(room)s. The cheapest cure: find %(short)d more women for that period, or seat the women in "
            "fewer rooms."
        ) % {
            "period": self.period(posts),
            "rooms": rooms,
            "women": women,
            "short": len(short),
            "room": self.season.posts[posts[0]].room,
        }

    def say_senior(self, posts: list[int]) -> str:
        """Too few of the rank that superintendents need: the ranks below lead too, down to enough."""
        lead = self.to_lead_with(posts[0])
        can = self.at_hand(lead)
        below = np.any([self.barred_only(NOT_SENIOR, post) for post in lead], axis=0)
        below &= self.has_room & self.spare_with(posts[0]) & (self.problem.rank > 0)
        ranks = np.sort(self.problem.rank[below])
        said = {
            "period": self.period(posts),
            "needed": len(lead),
            "can": int(can.sum()),
            "short": len(posts),
        }
        words = _(
            "%(period)s needs %(needed)d superintendents, %(can)d of the seniors can come: %(short)d short."
        )
        if len(ranks) >= len(posts):
            lowest = int(ranks[len(posts) - 1])
            said |= {"rank": lowest, "more": int((ranks <= lowest).sum())}
            cure = _("The cheapest cure: let rank %(rank)d lead too (%(more)d more).")
        else:
            cure = _("The cheapest cure: find %(short)d more for that period.")
        return f"{words % said} {cure % said}"

    def say_own(self, posts: list[int]) -> str:
        """Whoever is free teaches what is sat there."""
        free = (self.problem.ban[:, posts[0]] & (OWN_ROOM | OWN_PERIOD)) != 0
        free &= self.has_room & ((self.problem.ban[:, posts[0]] & AWAY) == 0)
        free[list(self.busy_in[int(self.problem.period[posts[0]])])] = False
        rows = [row for row, is_free in zip(self.season.teachers, free, strict=True) if is_free]
        return _(
            "%(period)s, %(room)s: whoever is free teaches what is sat there: %(names)s; %(short)d short. "
            "The cheapest cure: bring in %(short)d of another subject for that period, or let the rule about "
            "own exams be a wish."
        ) % {
            "period": self.period(posts),
            "room": self.season.posts[posts[0]].room or self.season.posts[posts[0]].block,
            "names": _names(rows),
            "short": len(posts),
        }


def _names(rows: list) -> str:
    shown = ", ".join(str(row) for row in rows[:MOST_NAMES])
    return shown + (_(" and %d more") % (len(rows) - MOST_NAMES) if len(rows) > MOST_NAMES else "")
