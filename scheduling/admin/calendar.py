"""When exams are sat."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from projects.admin import ProjectScopedAdmin
from projects.resources import ProjectImportExport

from ..models import Holiday, Period, WeeklyBreak
from ..resources import lists, sheets
from .needed import NeededBySolutions


@admin.register(Period)
class PeriodAdmin(NeededBySolutions, ProjectImportExport, ProjectScopedAdmin):
    icon = "clock"
    used_as = "placements__period"
    instead = _("New plans do without this period if you set its most exams to 0.")
    resource_classes = [sheets.PeriodResource]
    change_list_template = "scheduling/staff/periods_list.html"
    when_empty = _("Make the season's periods from a calendar: days, times, holidays and breaks.")
    list_display = ["date", "weekday", "label", "starts", "ends", "penalty", "max_exams", "max_candidates"]
    list_display_links = ["date", "weekday"]
    date_hierarchy = "date"
    search_fields = ["label", "date"]
    fieldsets = [
        (None, {"fields": [("date", "label"), ("starts", "ends")]}),
        (
            _("Limits and liking"),
            {
                "fields": ["penalty", ("max_exams", "max_candidates", "max_rooms")],
                "description": _("Empty: no limit."),
            },
        ),
    ]

    @admin.display(description=_("weekday"), ordering="date")
    def weekday(self, period: Period) -> str:
        return date_format(period.date, "l")


@admin.register(Holiday)
class HolidayAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "palmtree"
    resource_classes = [lists.HolidayResource]
    about = _("No exam is held on these days.")
    when_empty = _("No holiday falls into the season so far.")
    list_display = ["date", "name"]
    search_fields = ["name"]
    fields = [("date", "name")]


@admin.register(WeeklyBreak)
class WeeklyBreakAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "coffee"
    resource_classes = [lists.WeeklyBreakResource]
    about = _("Hours of a weekday in which nothing is held, such as Friday prayers.")
    when_empty = _("No hours of the week are kept free.")
    list_display = ["name", "weekday", "starts", "ends"]
    list_display_links = ["name", "weekday"]
    fields = ["name", ("weekday", "starts", "ends")]

    def get_search_fields(self, request: HttpRequest) -> Any:
        return []
