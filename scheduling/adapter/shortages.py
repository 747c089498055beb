"""What is short when candidates are to be seated, and the cheapest cure, in the planner's words."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..models import CandidateGroup, SeatingPolicy
from ..solver.seating.diagnose import Shortage
from ..solver.seating.problem import NOWHERE

if TYPE_CHECKING:
    from .seats import Season

MOST_NAMED = 6


def sentence(season: "Season", short: Shortage) -> str:
    """One shortage and its cure."""
    told = {
        "period": season.periods[short.period],
        "exams": _exams(season, short.exams),
        "needed": short.needed,
        "available": short.available,
        "policy": _policy(season.problem.neighbours),
        "pool": _pool(season, short.part),
    }
    return f"{_SHORT[short.kind]() % told} {_cure(season, short)}"


def _exams(season: "Season", exams: tuple[int, ...]) -> str:
    codes = []
    for exam in exams[:MOST_NAMED]:
        sitting = season.sittings[exam]
        codes.append(sitting.exam.code if sitting.number == 1 else f"{sitting.exam.code} ({sitting.number})")
    more = len(exams) - len(codes)
    return ", ".join(codes) + (" " + _("and %d more") % more if more else "")


def _policy(policy: str) -> str:
    return str(SeatingPolicy.Neighbours(policy).label)


def _pool(season: "Season", part: int) -> str:
    group = season.part_groups[part] if part != NOWHERE else None
    found = CandidateGroup.objects.select_related("pool").filter(pk=group).first() if group else None
    return str(found.pool) if found else _("their rooms")


def _cure(season: "Season", short: Shortage) -> str:
    cure = short.cure
    told = {
        "number": cure.number,
        "exam": _exams(season, (cure.exam,)) if cure.exam != NOWHERE else "",
        "rooms": ", ".join(season.rooms[room].code for room in cure.rooms),
        "room": season.rooms[cure.room].code if cure.room != NOWHERE else "",
        "period": season.periods[cure.period] if cure.period != NOWHERE else "",
        "policy": _policy(cure.policy) if cure.policy else "",
        "pool": _pool(season, short.part),
    }
    return _CURE[cure.kind](cure) % told


_SHORT = {
    "period_seats": lambda: _(
        "%(period)s: %(needed)d candidates need a seat, and the open rooms have %(available)d."
    ),
    "period_rooms": lambda: _(
        "%(period)s: %(needed)d candidates need a seat, and as many rooms as the period may use have"
        " %(available)d."
    ),
    "exam_seats": lambda: _(
        "%(period)s: %(exams)s has %(needed)d candidates; the rooms that suit it have %(available)d seats."
    ),
    "max_rooms": lambda: _(
        "%(period)s: %(exams)s has %(needed)d candidates, and as many rooms as it may use have %(available)d"
        " seats for it."
    ),
    "too_large": lambda: _(
        "%(period)s: %(exams)s has %(needed)d candidates, and at most %(available)d fit where %(policy)s."
    ),
    "pool_seats": lambda: _(
        "%(period)s: %(exams)s together have %(needed)d candidates for %(pool)s, with %(available)d seats."
    ),
    "neighbours": lambda: _(
        "%(period)s: %(exams)s together have %(needed)d candidates, and at most %(available)d fit where"
        " %(policy)s."
    ),
    "own_rooms": lambda: _(
        "%(period)s: %(needed)d candidates need a room of their own (%(exams)s), and %(available)d rooms are"
        " left for them."
    ),
    "ground_seats": lambda: _(
        "%(period)s: %(needed)d candidates need the ground floor (%(exams)s), and it has %(available)d seats."
    ),
    "front_seats": lambda: _(
        "%(period)s: %(needed)d candidates need the front row (%(exams)s), and it has %(available)d seats."
    ),
    "not_found": lambda: _(
        "%(period)s: the search left %(needed)d faults, and nothing shows that it had to."
    ),
}

_CURE = {
    "mend": lambda cure: ngettext(
        "Cheapest: mend %(number)d dead chair in %(room)s.",
        "Cheapest: mend %(number)d dead chairs in %(room)s.",
        cure.number,
    ),
    "open": lambda cure: ngettext(
        "Cheapest: open %(rooms)s in that period; it is closed or has a lesson.",
        "Cheapest: open %(rooms)s in that period; they are closed or have lessons.",
        cure.number,
    ),
    "lend": lambda cure: _("Cheapest: let them use %(room)s too."),
    "rooms": lambda cure: (
        _("Cheapest: allow %(exam)s %(number)d rooms.")
        if cure.exam != NOWHERE
        else _("Cheapest: allow that period %(number)d rooms.")
    ),
    "policy": lambda cure: _("Cheapest: seat by a laxer rule: %(policy)s."),
    "move": lambda cure: _("Cheapest: move %(exam)s to %(period)s, where its candidates are free."),
    "split": lambda cure: _("Cheapest: hold %(exam)s in %(number)d sittings."),
    "seats": lambda cure: ngettext("Find %(number)d seat more.", "Find %(number)d seats more.", cure.number),
    "own_rooms": lambda cure: ngettext(
        "Find %(number)d small room more.", "Find %(number)d small rooms more.", cure.number
    ),
    "ground_seats": lambda cure: ngettext(
        "Find %(number)d seat more on the ground floor.",
        "Find %(number)d seats more on the ground floor.",
        cure.number,
    ),
    "front_seats": lambda cure: ngettext(
        "Find %(number)d seat more in a front row.",
        "Find %(number)d seats more in a front row.",
        cure.number,
    ),
    "time": lambda cure: _("Give it more seconds."),
}
