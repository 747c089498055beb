"""How candidates are seated, who is held on which chair, and their photos."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from projects.admin import ProjectScopedAdmin
from projects.resources import ProjectExport, ProjectImportExport

from ..models import Seating, SeatingPolicy, SeatPin, StudentPhoto
from ..resources.seating import SeatPinResource
from .solutions import ShownOnly


@admin.register(SeatingPolicy)
class SeatingPolicyAdmin(ProjectScopedAdmin):
    icon = "sliders-horizontal"
    about = _("The page of rooms and seats shows this policy beside what it does.")
    when_empty = _("The defaults serve: left, right, front and back sit different exams.")
    list_display = ["neighbours", "order", "spare_seats", "spare_percent"]
    fields = [("neighbours", "metres"), "order", ("spare_seats", "spare_percent")]


@admin.register(SeatPin)
class SeatPinAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "pin"
    resource_classes = [SeatPinResource]
    about = _("Candidates who keep this chair in every run. They are pinned on the seat map, or here.")
    when_empty = _("Nobody is held on a chair: the solver chooses.")
    list_display = ["student", "exam", "room", "row", "column", "side"]
    list_select_related = ["student", "exam", "room"]
    search_fields = ["student__roll_no", "student__name", "exam__code", "room__code"]
    autocomplete_fields = ["student", "exam", "room"]
    fields = [("student", "exam"), ("room", "row", "column", "side")]
    ordering = ["student__roll_no", "exam__code"]


@admin.register(StudentPhoto)
class StudentPhotoAdmin(ProjectScopedAdmin):
    icon = "user"
    change_list_template = "scheduling/staff/photos_list.html"
    about = _("They stand on attendance sheets and slips, where the project wants them.")
    when_empty = _("No photo is there. Upload a zip of images named by roll number.")
    list_display = ["student", "picture"]
    list_select_related = ["student", "file"]
    search_fields = ["student__roll_no", "student__name"]
    fields = ["student", "picture"]
    readonly_fields = ["student", "picture"]
    ordering = ["student__roll_no"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("file"))
    def picture(self, row: StudentPhoto) -> str:
        return format_html("<bdi>{}</bdi>", row.file.name)


@admin.register(Seating)
class SeatingAdmin(ProjectExport, ShownOnly):
    icon = "layers"
    about = _("Who sits where, of the live plan and of all others. The seat map shows it room by room.")
    when_empty = _("No candidate has a chair yet: seat them on the page of rooms and seats.")
    list_display = ["student", "exam", "period", "room", "label", "solution"]
    list_display_links = None
    list_select_related = ["student", "placement__sitting__exam", "period", "room", "solution"]
    search_fields = ["student__roll_no", "room__code"]
    fields = ["student", "exam", "period", "room", "label", "solution"]
    # The order of an index: there may be a million rows.
    ordering = ["project_id", "solution_id", "period_id", "room_id", "row", "column", "side"]
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=_("exam"))
    def exam(self, row: Seating) -> str:
        return row.placement.sitting.exam.code
