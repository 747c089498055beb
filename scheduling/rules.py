"""The rules that a planner sets, in plain words, and how a project uses them.

The solver counts more rules than these: what must hold because of the data (seats, fixed dates, links between
exams) is set where the data are. `docs/rules.md`, generated from here, lists them all.
"""

from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from projects.models import Project

from .models import Registration, RuleSetting


class RuleInfo(NamedTuple):
    """A rule for the planner. `limit_label` and `days_label` name its two numbers, if it has them."""

    code: str
    words: str
    sentence: str
    is_on: bool = True
    is_hard: bool = False
    may_be_hard: bool = False
    may_be_soft: bool = True
    may_be_off: bool = True
    weight: int = 1
    limit: int | None = None
    limit_label: str = ""
    most: int = 10_000  # that the limit may be
    days: int | None = None
    days_label: str = ""
    part: str = "datesheet"  # of the plan: datesheet, seats or duties


class Setting(NamedTuple):
    """How a project uses one rule: its own setting, else the default of RULES."""

    is_on: bool
    is_hard: bool
    weight: int
    limit: int | None
    days: int | None


RULES: tuple[RuleInfo, ...] = (
    RuleInfo(
        "clash",
        _("No student has two exams at once"),
        _("If it need not hold, each student with two exams at once costs the weight."),
        is_hard=True,
        may_be_hard=True,
        may_be_off=False,
        weight=1000,
    ),
    RuleInfo(
        "period",
        _("Fixed and forbidden periods"),
        _("If they need not be kept, each exam that is not in one of its periods costs the weight."),
        is_hard=True,
        may_be_hard=True,
        may_be_off=False,
        weight=1000,
    ),
    RuleInfo(
        "room",
        _("Fixed, forbidden and fitting rooms"),
        _("If they need not be kept, each use of an open room that does not suit costs the weight."),
        is_hard=True,
        may_be_hard=True,
        may_be_off=False,
        weight=500,
    ),
    RuleInfo(
        "person_clash",
        _("Teachers can attend the exams of their courses"),
        _("Two courses of one teacher are not examined at once, nor any while the teacher is away."),
        is_on=False,
        is_hard=True,
        may_be_hard=True,
        may_be_soft=False,
    ),
    RuleInfo(
        "two_in_a_row",
        _("Two exams in a row"),
        _("A student has exams in two periods of a day that follow each other."),
        weight=20,
    ),
    RuleInfo(
        "two_in_a_day",
        _("Two exams in a day"),
        _("A student has two exams on one day, with a free period between them."),
        weight=10,
    ),
    RuleInfo(
        "proximity_clock",
        _("Exams close together"),
        _("A student's two exams within five days cost 16, 8, 4, 2 or 1: the nearer, the dearer."),
    ),
    RuleInfo(
        "proximity",
        _("Exams close together, by periods"),
        _("A student's two exams within five periods cost 16, 8, 4, 2 or 1: the nearer, the dearer."),
        is_on=False,
    ),
    RuleInfo(
        "period_spread",
        _("Exams within a few periods"),
        _("A student has two exams at most this many periods apart, on whatever days."),
        is_on=False,
        limit=4,
        limit_label=_("periods"),
    ),
    RuleInfo(
        "overnight",
        _("Last in the evening, first in the morning"),
        _("A student has the last period of a day and the first of the next."),
        weight=3,
    ),
    RuleInfo(
        "short_break",
        _("Too short a break"),
        _("A student has less than this many minutes between two exams."),
        is_on=False,
        weight=20,
        limit=60,
        limit_label=_("minutes"),
    ),
    RuleInfo(
        "travel",
        _("Too far between two exams"),
        _("A student has less than this many minutes to go from one block to another."),
        is_on=False,
        weight=5,
        limit=120,
        limit_label=_("minutes"),
    ),
    RuleInfo(
        "day_limit",
        _("Too many exams in a day"),
        _("A student has more than this many exams on one day."),
        weight=100,
        limit=2,
        limit_label=_("exams a day"),
    ),
    RuleInfo(
        "window_limit",
        _("Too many exams in a few days"),
        _("A student has more than this many exams in this many days on end."),
        weight=20,
        limit=3,
        limit_label=_("exams"),
        days=4,
        days_label=_("days"),
    ),
    RuleInfo(
        "cohort_gap",
        _("Free days for a class"),
        _("The exams of one programme and semester lie at least this many days apart."),
        is_on=False,
        weight=5,
        days=2,
        days_label=_("days apart"),
    ),
    RuleInfo(
        "front_load",
        _("Large exams early"),
        _("One of the largest exams, or one marked as better early, is in one of the last periods."),
        weight=10,
        limit=20,
        limit_label=_("largest exams"),
        days=6,
        days_label=_("last periods"),
    ),
    RuleInfo(
        "period_penalty",
        _("Unwelcome periods"),
        _("An exam is in a period that is marked as disliked; it costs the period's dislike."),
    ),
    RuleInfo(
        "period_preference",
        _("Exams' own wishes for days and periods"),
        _("An exam is not where it would rather be."),
        weight=10,
    ),
    RuleInfo(
        "rotation",
        _("Late last season, early now"),
        _("An exam that was late last season is late again."),
        is_on=False,
    ),
    RuleInfo(
        "days_used",
        _("Few days"),
        _("Each day with an exam costs the weight."),
        is_on=False,
        weight=100,
    ),
    RuleInfo(
        "moved_period",
        _("Stay with the earlier plan: periods"),
        _("An exam is in another period than in the solution that the run starts from."),
        weight=50,
    ),
    RuleInfo(
        "moved_room",
        _("Stay with the earlier plan: rooms"),
        _("An exam uses a room that it did not use in the solution that the run starts from."),
        weight=5,
    ),
    RuleInfo(
        "room_penalty",
        _("Unwelcome rooms"),
        _("An exam uses a room that is marked as disliked; it costs the room's dislike."),
    ),
    RuleInfo(
        "room_preference",
        _("Exams' own wishes for rooms"),
        _("An exam is not in the rooms where it would rather be."),
        weight=10,
    ),
    RuleInfo(
        "mixed_durations",
        _("Different lengths in one room"),
        _("Exams of different length share a room, so that some leave while others write."),
        weight=5,
    ),
    RuleInfo(
        "split_rooms",
        _("Exams over several rooms"),
        _("Each room of an exam beyond its first."),
        weight=20,
    ),
    RuleInfo(
        "split_blocks",
        _("Exams over several blocks"),
        _("A room of an exam is in another block than its first."),
        weight=10,
    ),
    RuleInfo(
        "empty_seats",
        _("Empty seats"),
        _("Free seats in rooms that are used."),
        is_on=False,
    ),
    RuleInfo(
        "repeaters",
        _("Repeaters count less"),
        _("An exam taken again counts this many percent in the rules about students; never in clashes."),
        limit=30,
        limit_label=_("percent"),
        most=100,
    ),
    RuleInfo(
        "allowed_clash",
        _("Allowed clashes that happen"),
        _("A clash that was allowed one by one; the student waits under supervision."),
        weight=100,
    ),
    RuleInfo(
        "neighbours",
        _("Neighbours sit different exams"),
        _("Who is a neighbour the seating policy says. If it need not hold, each pair has a price."),
        is_hard=True,
        may_be_hard=True,
        may_be_off=False,
        weight=100,
        part="seats",
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
        part="seats",
    ),
    RuleInfo(
        "cohort_neighbours",
        _("Neighbours of one class"),
        _("Two of one programme, semester and section sit side by side, whatever they sit."),
        is_on=False,
        part="seats",
    ),
    RuleInfo(
        "exams_in_room",
        _("Many exams in a room"),
        _("Each exam in a room beyond this many."),
        weight=5,
        limit=4,
        limit_label=_("exams"),
        part="seats",
    ),
    RuleInfo(
        "roll_ranges",
        _("Roll numbers together"),
        _("Each range of roll numbers of an exam in a room beyond the first."),
        weight=2,
        part="seats",
    ),
    RuleInfo(
        "rooms_used",
        _("Few rooms"),
        _("Each room that is used in a period costs the weight."),
        weight=3,
        part="seats",
    ),
    RuleInfo(
        "spare_seats",
        _("Seats kept free"),
        _("A seat is missing from those that the seating policy keeps free in each room."),
        weight=10,
        part="seats",
    ),
    RuleInfo(
        "same_neighbour",
        _("The same neighbour again"),
        _("Two students are neighbours more than once in the season."),
        part="seats",
    ),
    RuleInfo(
        "moved_seat",
        _("Stay with the earlier plan: seats"),
        _("A candidate sits on another chair than in the solution that the run starts from."),
        weight=10,
        part="seats",
    ),
    RuleInfo(
        "room_change",
        _("Another room on the same day"),
        _("A student with several exams on a day changes the room."),
        part="seats",
    ),
    RuleInfo(
        "own_exam_room",
        _("Nobody watches an own exam"),
        _("A teacher is not in a room in which an exam of the teacher's own courses is sat."),
        is_hard=True,
        may_be_hard=True,
        weight=500,
        part="duties",
    ),
    RuleInfo(
        "own_exam_period",
        _("Free while an own exam is sat"),
        _("A teacher has no duty while an exam of the teacher's own courses is sat."),
        is_on=False,
        may_be_hard=True,
        weight=50,
        part="duties",
    ),
    RuleInfo(
        "woman_in_room",
        _("A woman watches where women sit"),
        _("At least one of a room's teachers is a woman if women sit there."),
        is_on=False,
        is_hard=True,
        may_be_hard=True,
        weight=200,
        part="duties",
    ),
    RuleInfo(
        "least_duties",
        _("Least duties"),
        _("A duty is missing from the least of the teacher's designation."),
        may_be_hard=True,
        weight=200,
        part="duties",
    ),
    RuleInfo(
        "fair_minutes",
        _("Fair shares"),
        _("A teacher's minutes are off the target: an hour off costs 60, two hours 240."),
        may_be_off=False,
        limit=15,
        limit_label=_("minutes that are free"),
        part="duties",
    ),
    RuleInfo(
        "juniors_first",
        _("What is over goes to juniors"),
        _("Each hour beyond a teacher's target costs the number of ranks that are more junior."),
        part="duties",
    ),
    RuleInfo(
        "even_kinds",
        _("Unwelcome duties shared evenly"),
        _("Reserves, evenings, weekends and long duties are shared out as all duties are."),
        weight=20,
        limit=15,
        limit_label=_("o'clock: evening from"),
        most=23,
        days=181,
        days_label=_("minutes: long from"),
        part="duties",
    ),
    RuleInfo(
        "duties_a_day",
        _("Too many duties in a day"),
        _("A teacher has more than this many duties on one day."),
        may_be_hard=True,
        weight=200,
        limit=2,
        limit_label=_("duties a day"),
        part="duties",
    ),
    RuleInfo(
        "duties_on_end",
        _("Too many duties on end"),
        _("A teacher has more than this many duties in periods of a day that follow each other."),
        may_be_hard=True,
        weight=100,
        limit=2,
        limit_label=_("duties"),
        part="duties",
    ),
    RuleInfo(
        "duty_days",
        _("Too many days with duties"),
        _("A teacher has duties on more than this many days."),
        is_on=False,
        weight=50,
        limit=10,
        limit_label=_("days"),
        part="duties",
    ),
    RuleInfo(
        "duty_span",
        _("Too long a day"),
        _("From the first duty of a day to the end of the last lie more than this many hours."),
        is_on=False,
        weight=20,
        limit=8,
        limit_label=_("hours"),
        part="duties",
    ),
    RuleInfo(
        "same_partner",
        _("The same two together again"),
        _("Two teachers watch a room together more than once."),
        weight=5,
        part="duties",
    ),
    RuleInfo(
        "same_duty_room",
        _("The same room again"),
        _("A teacher watches a room more than once."),
        weight=2,
        part="duties",
    ),
    RuleInfo(
        "pair_together",
        _("Pairs watch together"),
        _("Two teachers who had better watch together have duties apart."),
        weight=20,
        part="duties",
    ),
    RuleInfo(
        "both_sessions",
        _("Both sessions of a day"),
        _("A teacher's duties lie on more days than they need, if the duty policy asks for full days."),
        weight=20,
        part="duties",
    ),
    RuleInfo(
        "moved_duty",
        _("Stay with the earlier plan: duties"),
        _("A post has another teacher than in the solution that the run starts from."),
        weight=50,
        part="duties",
    ),
)
RULE_OF_CODE: Mapping[str, RuleInfo] = {rule.code: rule for rule in RULES}
# What the data demand; set where the data are.
DEMANDS = {
    "unplaced": _("Every exam has a period"),
    "unseated": _("Every candidate has a room"),
    "seats": _("No more candidates than seats"),
    "exclusive": _("Exams that want their rooms alone"),
    "max_rooms": _("Most rooms of an exam"),
    "period_exams": _("Most exams in a period"),
    "period_candidates": _("Most candidates in a period"),
    "period_rooms": _("Most rooms in a period"),
    "same_period": _("Linked exams in the same period"),
    "different_period": _("Linked exams in different periods"),
    "before": _("One linked exam before the other"),
    "same_day": _("Linked exams on the same day"),
    "different_day": _("Linked exams on different days"),
    "min_days": _("Free days between linked exams"),
    "same_room": _("Linked exams in the same rooms"),
    "different_room": _("Linked exams in different rooms"),
    "chair_missing": _("Every candidate has a chair"),
    "chair_twice": _("One chair, one candidate"),
    "stranger": _("Seats for candidates only"),
    "chair_unusable": _("Chairs that are in use, in open and fitting rooms"),
    "roll_order": _("Roll numbers rise along the chairs"),
    "arrangement": _("Own room, ground floor, front seat"),
    "seat_pin": _("Pinned seats"),
    "layout": _("Seats as the room's layout has them"),
    "unfilled": _("Every post has a teacher"),
    "missing_posts": _("Enough posts for the candidates"),
    "two_duties_at_once": _("One duty at a time"),
    "teacher_away": _("Nobody watches while away"),
    "not_senior": _("Superintendents are senior"),
    "relative_alone": _("Nobody watches a relative alone"),
    "most_duties": _("Most duties of a teacher"),
    "pair_never": _("Pairs that must not watch together"),
    "duty_pin": _("Pinned duties"),
}
# In the place of rules that a worker counts at this moment.
BEING_COUNTED = "being_counted"
# Settings that are no price of the solver's.
_NOT_A_PRICE = {"clash", "period", "room", "person_clash", "repeaters"}
_NEEDS_EARLIER_PLAN = {"moved_period", "moved_room"}

# What differs from the defaults above: {rule: fields of Setting}.
PRESETS: Mapping[str, Mapping[str, Mapping[str, int | bool]]] = {
    "university": {},
    # A board: one paper a day, days to prepare between the papers of a class, early and late alike.
    "school-board": {
        "two_in_a_day": {"weight": 100},
        "two_in_a_row": {"weight": 200},
        "day_limit": {"limit": 1, "weight": 500},
        "cohort_gap": {"is_on": True, "days": 2, "weight": 20},
        "front_load": {"is_on": False},
        "mixed_durations": {"weight": 10},
    },
}
PRESET_WORDS = {"university": _("University"), "school-board": _("School board")}


class UnknownPreset(Exception):
    """There is no preset of that name."""


def _default(rule: RuleInfo) -> Setting:
    return Setting(rule.is_on, rule.is_hard, rule.weight, rule.limit, rule.days)


def settings_of(project: Project) -> dict[str, Setting]:
    """Every rule's setting in the project."""
    own = {
        row.rule: Setting(row.is_on, row.is_hard, row.weight, row.limit, row.days)
        for row in RuleSetting.objects.for_project(project)
    }
    return {rule.code: own.get(rule.code, _default(rule)) for rule in RULES}


@transaction.atomic
def save_settings(*, project: Project, settings: Mapping[str, Setting]) -> None:
    """Keep these settings; rules that are not named stay as they are."""
    for code, setting in settings.items():
        RuleSetting.objects.update_or_create(
            project=project,
            rule=RULE_OF_CODE[code].code,
            defaults=setting._asdict(),
            create_defaults={"institution": project.institution, **setting._asdict()},
        )


def apply_preset(*, project: Project, name: str) -> None:
    """Set every rule as the preset says."""
    if name not in PRESETS:
        raise UnknownPreset(f"There is no preset {name}. Choose one of: {', '.join(PRESETS)}.")
    changes = PRESETS[name]
    save_settings(
        project=project,
        settings={rule.code: _default(rule)._replace(**changes.get(rule.code, {})) for rule in RULES},
    )


def weights(settings: Mapping[str, Setting], *, has_published: bool) -> dict[str, int]:
    """The prices of the datesheet's solver."""
    left_out = _NOT_A_PRICE | (set() if has_published else _NEEDS_EARLIER_PLAN)
    return {
        code: setting.weight
        for code, setting in settings.items()
        if setting.is_on
        and setting.weight
        and code not in left_out
        and RULE_OF_CODE[code].part == "datesheet"
    }


def weights_of_part(settings: Mapping[str, Setting], part: str) -> dict[str, int]:
    """The prices of the seats' or the duties' solver."""
    return {
        code: setting.weight
        for code, setting in settings.items()
        if setting.is_on and RULE_OF_CODE[code].part == part
    }


def registration_weights(settings: Mapping[str, Setting]) -> dict[str, float]:
    """How much a registration of each kind weighs in the rules about students, 0 to 1."""
    repeaters = settings["repeaters"]
    again = (repeaters.limit or 0) / 100 if repeaters.is_on else 1.0
    kinds = Registration.Kind
    return {kinds.REGULAR: 1.0, kinds.DEFERRED: 1.0, kinds.REPEAT: again, kinds.IMPROVEMENT: again}


def must_hold(code: str, settings: Mapping[str, Setting]) -> bool:
    """Whether a fault of that rule is a hard one: the data demand it, or the planner does."""
    rule = RULE_OF_CODE.get(code)
    if rule is None:
        return code in DEMANDS
    return rule.may_be_hard and settings[code].is_on and settings[code].is_hard


def rule_words(code: str) -> str:
    """A rule as the planner reads it, whoever sets it."""
    if code == BEING_COUNTED:
        return str(_("Not all rules are counted yet"))
    if code in RULE_OF_CODE:
        return str(RULE_OF_CODE[code].words)
    if code.startswith("wish_"):
        return str(_("%s, if possible")) % rule_words(code.removeprefix("wish_"))
    return str(DEMANDS.get(code, code.replace("_", " ").capitalize()))
