"""The rules of seats that a planner sets."""

from django.utils.translation import gettext_lazy as _

from .info import RuleInfo

RULES: tuple[RuleInfo, ...] = (
    RuleInfo(
        "neighbours",
        _("Neighbours sit different exams"),
        _("Who is a neighbour the seating policy says. If it need not hold, each pair has a price."),
        is_hard=True,
        may_be_hard=True,
        may_be_off=False,
        weight=100,
    ),
    RuleInfo(
        "sparse",
        _("Only a part of a room for one exam"),
        _("An exam takes more than this many percent of a room's seats."),
        is_on=False,
        weight=100,
        limit=50,
        limit_label=_("percent"),
        most=100,
    ),
    RuleInfo(
        "cohort_neighbours",
        _("Neighbours of one class"),
        _("Two of one programme, semester and section sit side by side, whatever they sit."),
        is_on=False,
    ),
    RuleInfo(
        "exams_in_room",
        _("Many exams in a room"),
        _("Each exam in a room beyond this many."),
        weight=5,
        limit=4,
        limit_label=_("exams"),
    ),
    RuleInfo(
        "roll_ranges",
        _("Roll numbers together"),
        _("Each range of roll numbers of an exam in a room beyond the first."),
        weight=2,
    ),
    RuleInfo(
        "rooms_used",
        _("Few rooms"),
        _("Each room that is used in a period costs the weight."),
        weight=3,
    ),
    RuleInfo(
        "spare_seats",
        _("Seats kept free"),
        _("A seat is missing from those that the seating policy keeps free in each room."),
        weight=10,
    ),
    RuleInfo(
        "same_neighbour",
        _("The same neighbour again"),
        _("Two students are neighbours more than once in the season."),
    ),
    RuleInfo(
        "moved_seat",
        _("Stay with the earlier plan: seats"),
        _("A candidate sits on another chair than in the solution that the run starts from."),
        weight=10,
    ),
    RuleInfo(
        "room_change",
        _("Another room on the same day"),
        _("A student with several exams on a day changes the room."),
    ),
)
