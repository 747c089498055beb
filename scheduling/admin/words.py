"""Rules as the planner reads them: those with a setting by their own words, what the data demand by these."""

from django.utils.translation import gettext_lazy as _

from .. import rules

DEMANDS = {
    "unplaced": _("Every exam has a period"),
    "period": _("Fixed and forbidden periods"),
    "unseated": _("Every candidate has a room"),
    "seats": _("No more candidates than seats"),
    "room": _("Fixed, forbidden and fitting rooms"),
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
}


def rule_words(code: str) -> str:
    if code in rules.RULE_OF_CODE:
        return str(rules.RULE_OF_CODE[code].words)
    if code.startswith("wish_"):
        return _("%s, if possible") % rule_words(code.removeprefix("wish_"))
    return str(DEMANDS.get(code, code.replace("_", " ").capitalize()))
