"""Make the season's periods from a calendar: see first what comes out, then make it."""

from itertools import groupby
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..calendar_making import CannotMakePeriods, Hours, make_periods, plan_periods
from ..models import Holiday, Weekday, WeeklyBreak


class SeasonForm(forms.Form):
    first_on = forms.DateField(label=_("First day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    last_on = forms.DateField(label=_("Last day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"),
        choices=Weekday.choices,
        coerce=int,
        initial=[Weekday.MONDAY, 1, 2, 3, 4, Weekday.SATURDAY],
        widget=forms.CheckboxSelectMultiple,
    )


class HoursForm(forms.Form):
    label = forms.CharField(
        label=_("Name"), max_length=20, required=False, widget=forms.TextInput({"aria-label": _("Name")})
    )
    starts = forms.TimeField(
        label=_("Start"),
        required=False,
        widget=forms.TimeInput({"type": "time", "aria-label": _("Start")}, "%H:%M"),
    )
    minutes = forms.IntegerField(
        label=_("Minutes"),
        min_value=1,
        max_value=1439,
        required=False,
        widget=forms.NumberInput({"aria-label": _("Minutes")}),
    )
    only_on = forms.TypedMultipleChoiceField(
        label=_("Only on"),
        choices=Weekday.choices,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        if told.get("starts") and not told.get("minutes") and "minutes" not in self.errors:
            self.add_error("minutes", _("How many minutes does it last?"))
        if told.get("minutes") and not told.get("starts") and "starts" not in self.errors:
            self.add_error("starts", _("When does it start?"))
        return told


class _HoursFormSet(forms.BaseFormSet):
    def hours(self) -> list[Hours]:
        told = [form.cleaned_data for form in self.forms if form.cleaned_data.get("starts")]
        return [Hours(row["label"], row["starts"], row["minutes"], frozenset(row["only_on"])) for row in told]


HoursFormSet = forms.formset_factory(HoursForm, formset=_HoursFormSet, extra=0, max_num=12)
USUAL_HOURS = [
    {"label": "A", "starts": "09:00", "minutes": 180},
    {"label": "B", "starts": "14:00", "minutes": 180},
    {"label": "", "starts": None, "minutes": None},
    {"label": "", "starts": None, "minutes": None},
]


def make_periods_page(request: HttpRequest) -> HttpResponse:
    may_edit = request.standing.may_edit
    form = SeasonForm(request.POST or None)
    hours = HoursFormSet(request.POST or None, prefix="hours", initial=None if request.POST else USUAL_HOURS)
    planned = None
    if request.method == "POST" and form.is_valid() and hours.is_valid():
        season = {**form.cleaned_data, "hours": hours.hours()}
        try:
            if "make" in request.POST and may_edit:
                made = make_periods(project=request.project, **season)
                words = ngettext("%d period was made.", "%d periods were made.", made)
                messages.success(request, words % made)
                return redirect("admin:scheduling_period_changelist")
            planned = plan_periods(project=request.project, **season)
        except CannotMakePeriods as reason:
            form.add_error(None, str(reason))
    context = {
        **admin.site.each_context(request),
        "title": _("Periods from a calendar"),
        "form": form,
        "hours": hours,
        "planned": planned,
        "days": [(day, list(rows)) for day, rows in groupby(planned or [], lambda row: row.date)],
        "new": sum(row.is_new for row in planned or []),
        "holidays": Holiday.objects.for_project(request.project),
        "breaks": WeeklyBreak.objects.for_project(request.project),
        "may_edit": may_edit,
    }
    return TemplateResponse(request, "scheduling/staff/make_periods.html", context)
