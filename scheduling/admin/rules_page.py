"""All rules on one page, in plain words: used or not, must or should, how much each fault costs."""

from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.core.validators import MaxValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from projects.models import Project, Stage

from .. import rules
from ..models import RuleSetting

# Dearer than this a soft rule drowns all others.
DEAREST = 10_000

GROUPS = (
    (_("Candidates and teachers"), ("clash", "person_clash", "allowed_clash", "repeaters")),
    (
        _("A candidate's season"),
        (
            "two_in_a_row",
            "two_in_a_day",
            "proximity_clock",
            "proximity",
            "period_spread",
            "overnight",
            "short_break",
            "travel",
            "day_limit",
            "window_limit",
            "cohort_gap",
        ),
    ),
    (
        _("Days and periods"),
        (
            "period",
            "length",
            "period_exams",
            "period_candidates",
            "period_rooms",
            "front_load",
            "period_penalty",
            "period_preference",
            "rotation",
            "days_used",
            "moved_period",
        ),
    ),
    (
        _("Rooms"),
        (
            "room",
            "seats",
            "split_rooms",
            "split_blocks",
            "mixed_durations",
            "empty_seats",
            "room_penalty",
            "room_preference",
            "moved_room",
        ),
    ),
)


class RuleForm(forms.Form):
    is_on = forms.BooleanField(label=_("used"), required=False)
    is_hard = forms.TypedChoiceField(
        label=_("how"),
        choices=[("1", _("must hold")), ("", _("should hold"))],
        coerce=bool,
        empty_value=False,
        required=False,
    )
    weight = forms.IntegerField(label=_("price of a fault"), min_value=0, max_value=DEAREST, required=False)
    limit = forms.IntegerField(min_value=0, required=False)
    days = forms.IntegerField(min_value=0, max_value=366, required=False)

    def __init__(self, *args: Any, rule: rules.RuleInfo, **kwargs: Any) -> None:
        super().__init__(*args, prefix=rule.code, **kwargs)
        self.rule = rule
        self.fields["limit"].validators.append(MaxValueValidator(rule.most))
        self.fields["limit"].widget.attrs["max"] = rule.most
        for name, label in (("limit", rule.limit_label), ("days", rule.days_label)):
            if label:
                self.fields[name].label = label
                self.fields[name].required = bool(self.data.get(f"{rule.code}-is_on"))
            else:
                del self.fields[name]
        if not rule.may_be_off:
            self.fields["is_on"].disabled = True
            self.initial["is_on"] = True
        if not (rule.may_be_hard and rule.may_be_soft):
            del self.fields["is_hard"]
        if not self.has_price:
            del self.fields["weight"]

    @property
    def has_price(self) -> bool:
        return self.rule.may_be_soft and self.rule.code != "repeaters"

    @property
    def setting(self) -> rules.Setting:
        told = self.cleaned_data
        return rules.Setting(
            is_on=told["is_on"],
            is_hard=told.get("is_hard", self.rule.is_hard),
            weight=told["weight"] if told.get("weight") is not None else self.rule.weight,
            limit=told.get("limit", self.rule.limit),
            days=told.get("days", self.rule.days),
        )


class Group(NamedTuple):
    words: Any
    forms: list[RuleForm]


def rules_page(request: HttpRequest) -> HttpResponse:
    may_edit = request.standing.may_edit
    if request.method == "POST" and not may_edit:
        messages.error(
            request, _("You may look at the rules. Ask the project's owner if you need to change them.")
        )
        return redirect("admin:rules")
    if request.method == "POST" and "preset" in request.POST:
        return _apply_preset(request)
    settings = rules.settings_of(request.project)
    rule_forms = {
        rule.code: RuleForm(request.POST or None, rule=rule, initial=settings[rule.code]._asdict())
        for rule in rules.RULES
        if rule.part == "datesheet"  # the others stand on the pages of seats and of duties
    }
    if request.method == "POST" and not any(form.errors for form in rule_forms.values()):
        rules.save_settings(
            project=request.project, settings={code: form.setting for code, form in rule_forms.items()}
        )
        _reach_rules(request.project)
        messages.success(request, _("The rules are kept. The next run goes by them."))
        return redirect("admin:rules")
    if not may_edit:
        for form in rule_forms.values():
            for field in form.fields.values():
                field.disabled = True
    context = {
        **admin.site.each_context(request),
        "title": _("Rules"),
        "groups": _grouped(rule_forms),
        "presets": rules.PRESET_WORDS.items(),
        "has_own": RuleSetting.objects.for_project(request.project).exists(),
        "may_edit": may_edit,
        "dearest": DEAREST,
        "errors": sum(len(form.errors) for form in rule_forms.values()) if request.POST else 0,
    }
    return TemplateResponse(request, "scheduling/staff/rules.html", context)


def _grouped(rule_forms: dict[str, RuleForm]) -> list[Group]:
    """In the order of GROUPS; a rule that is in none of them comes last, so that no rule is ever hidden."""
    left = dict(rule_forms)
    groups = [Group(words, [left.pop(code) for code in codes if code in left]) for words, codes in GROUPS]
    return groups + ([Group(_("More"), list(left.values()))] if left else [])


def _apply_preset(request: HttpRequest) -> HttpResponse:
    name = request.POST["preset"]
    try:
        rules.apply_preset(project=request.project, name=name)
    except rules.UnknownPreset as reason:
        messages.error(request, str(reason))
    else:
        _reach_rules(request.project)
        words = rules.PRESET_WORDS[name]
        messages.success(request, _("The rules are those of a %s now. Change what differs here.") % words)
    return redirect("admin:rules")


def _reach_rules(project: Project) -> None:
    """Whoever has kept rules has come to the second stage."""
    Project.objects.filter(pk=project.pk, stage=Stage.DATA).update(stage=Stage.RULES)
