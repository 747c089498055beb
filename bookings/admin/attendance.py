"""Who came: looked at by the office; tutors mark the registers on their own pages."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import AbsenceNotice, AttendanceAlert, AttendanceMark
from .scoped import ReadOnlyAdmin


@admin.register(AttendanceMark)
class AttendanceMarkAdmin(ReadOnlyAdmin):
    icon = "list-checks"
    list_display = ("meeting", "child", "state", "arrived_at", "left_at", "collected_by_name", "marked_by")
    list_display_links = ("child",)
    list_filter = ("state",)
    list_select_related = ("meeting__session__activity", "meeting__institution", "child", "marked_by")
    search_fields = ("child__family_name", "child__given_name")
    fields = readonly_fields = (
        "meeting",
        "child",
        "state",
        "arrived_at",
        "left_at",
        "collected_by_name",
        "note",
        "marked_at",
        "marked_by",
    )


@admin.register(AbsenceNotice)
class AbsenceNoticeAdmin(ReadOnlyAdmin):
    icon = "bell-off"
    list_display = ("meeting", "child", "reason", "reported_at")
    list_display_links = ("child",)
    list_select_related = ("meeting__session__activity", "meeting__institution", "child")
    fields = readonly_fields = ("meeting", "child", "reason", "reported_by", "reported_at")


@admin.register(AttendanceAlert)
class AttendanceAlertAdmin(ReadOnlyAdmin):
    icon = "siren"
    about = _("Children who were expected and did not come.")
    list_display = ("raised_at", "meeting", "child", "resolved_at", "resolution")
    list_display_links = ("child",)
    list_select_related = ("meeting__session__activity", "meeting__institution", "child")
    fields = readonly_fields = ("meeting", "child", "raised_at", "resolved_at", "resolved_by", "resolution")
