"""What the public sees, and how prints look."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from projects.admin import ProjectScopedAdmin

from ..models import PrintSetting, Publication
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
class PrintSettingAdmin(ProjectScopedAdmin):
    icon = "printer"
    about = _("What stands on a print beside its table. The row without a print serves all others.")
    when_empty = _("Prints carry the institution's letterhead only.")
    list_display = ["__str__", "title", "notification_no", "signature_name", "signature_title"]
    search_fields = ["title"]
    fieldsets = [
        (None, {"fields": [("print_code", "title"), "notification_no"]}),
        (_("Foot of the page"), {"fields": ["instructions", ("signature_name", "signature_title")]}),
    ]
