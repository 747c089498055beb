"""What the public sees, and how prints look."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from projects.admin import ProjectScopedAdmin
from projects.resources import ProjectImportExport

from ..models import PrintSetting, Publication, Slip
from ..resources import papers
from .solutions import ShownOnly


@admin.register(Publication)
class PublicationAdmin(ShownOnly):
    icon = "megaphone"
    when_empty = _("Nothing is published. Make a solution live, look at its datesheet, then publish it.")
    list_display = ["__str__", "state", "solution", "published_at", "withdrawn_because"]
    list_select_related = ["solution"]
    fields = ["version", "kind", "solution", "notice", "published_at", "withdrawn_at", "withdrawn_because"]

    @admin.display(description=_("state"))
    def state(self, row: Publication) -> str:
        if row.withdrawn_at:
            return format_html('<span class="badge">{}</span>', _("withdrawn"))
        return format_html('<span class="badge good">{}</span>', _("on the public page"))


@admin.register(PrintSetting)
class PrintSettingAdmin(ProjectImportExport, ProjectScopedAdmin):
    resource_classes = [papers.PrintSettingResource]
    icon = "printer"
    about = _("What stands on a print beside its table. The row without a print serves all others.")
    when_empty = _("Prints carry the institution's letterhead only.")
    list_display = ["__str__", "title", "notification_no", "signature_name", "signature_title"]
    search_fields = ["title"]
    fieldsets = [
        (None, {"fields": [("print_code", "title"), "notification_no"]}),
        (_("Foot of the page"), {"fields": ["instructions", ("signature_name", "signature_title")]}),
    ]


@admin.register(Slip)
class SlipAdmin(ShownOnly):
    icon = "file-text"
    about = _("Each student's slip, found on the public pages by its code.")
    when_empty = _("Slips are made with the first publication.")
    list_display = ["student", "issue", "code"]
    list_display_links = None
    list_select_related = ["student"]
    search_fields = ["student__roll_no", "student__name"]
    fields = ["student", "issue", "code"]
    ordering = ["student__roll_no"]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return self.list_display if request.standing.may_read_confidences else ["student", "issue"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_list_display(request)
