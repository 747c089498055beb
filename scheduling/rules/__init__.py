"""The rules that a planner sets, in plain words, and how a project uses them.

The solver counts more rules than these: what must hold because of the data (seats, fixed dates, links between
exams) is set where the data are. `docs/rules.md`, generated from here, lists them all.
"""

from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from projects.models import Project

from ..models import Registration, RuleSetting
from . import datesheet, duties, seats
from .demands import DEMANDS
from .info import RuleInfo


class Setting(NamedTuple):
    """How a project uses one rule: its own setting, else the default of RULES."""

    is_on: bool
    is_hard: bool
    weight: int
    limit: int | None
    days: int | None


RULES: tuple[RuleInfo, ...] = (
    *datesheet.RULES,
    *(rule._replace(part="seats") for rule in seats.RULES),
    *(rule._replace(part="duties") for rule in duties.RULES),
)
RULE_OF_CODE: Mapping[str, RuleInfo] = {rule.code: rule for rule in RULES}
# In the place of rules that a worker counts at this moment.
BEING_COUNTED = "being_counted"
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
    """The prices of the datesheet's solver, apart from those of `may_be_broken`."""
    left_out = {"repeaters"} if has_published else {"repeaters"} | _NEEDS_EARLIER_PLAN
    return {
        code: setting.weight
        for code, setting in settings.items()
        if setting.is_on
        and setting.weight
        and code not in left_out
        and RULE_OF_CODE[code].part == "datesheet"
        and not RULE_OF_CODE[code].may_be_hard
    }


def may_be_broken(settings: Mapping[str, Setting]) -> dict[str, int]:
    """The datesheet's rules that would have to hold but need not by the planner's choice, and the price of a
    fault; it is never nothing, which would not tell them from rules that are off."""
    return {
        code: max(1, setting.weight)
        for code, setting in settings.items()
        if RULE_OF_CODE[code].part == "datesheet"
        and RULE_OF_CODE[code].may_be_hard
        and setting.is_on
        and not setting.is_hard
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
