"""Students and teachers, and what the office knows of them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from projects.access import CLERKS
from projects.admin import ProjectScopedAdmin, ProjectScopedInline, ProjectScopedRelatedFilter
from projects.resources import ProjectExport, ProjectImportExport

from ..models import (
    AccessArrangement,
    Department,
    Designation,
    Hold,
    Programme,
    Registration,
    Student,
    Teacher,
    Teaches,
    Unavailability,
)
from ..resources import lists, papers, sheets
from .columns import count_of


class NamedAdmin(ProjectImportExport, ProjectScopedAdmin):
    """Programmes and departments: a name, and how many belong to it."""

    list_display = ["name", "belonging"]
    search_fields = ["name"]
    fields = ["name"]
    counted: Any = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(belonging=count_of(**self.counted))


@admin.register(Programme)
class ProgrammeAdmin(NamedAdmin):
    icon = "graduation-cap"
    when_empty = _("Programmes come with the students' sheet.")
    counted = {"model": Student, "programme": "pk"}
    resource_classes = [lists.ProgrammeResource]

    @admin.display(description=_("students"), ordering="belonging")
    def belonging(self, row: Any) -> int:
        return row.belonging


@admin.register(Department)
class DepartmentAdmin(NamedAdmin):
    icon = "network"
    when_empty = _("Departments come with the sheets of courses and teachers.")
    counted = {"model": Teacher, "department": "pk"}
    resource_classes = [lists.DepartmentResource]

    @admin.display(description=_("teachers"), ordering="belonging")
    def belonging(self, row: Any) -> int:
        return row.belonging


class RegistrationInline(ProjectScopedInline):
    model = Registration
    autocomplete_fields = ["course"]
    fields = ["course", "kind", "section"]


class ArrangementInline(ProjectScopedInline):
    model = AccessArrangement
    fields = ["kind", "extra_percent", "extra_minutes", "valid_until", "note"]


class HoldInline(ProjectScopedInline):
    model = Hold
    fields = ["kind", "reason", "released_at"]


@admin.register(Student)
class StudentAdmin(ProjectExport, ProjectScopedAdmin):
    icon = "users"
    resource_classes = [sheets.StudentResource]
    change_list_template = "scheduling/staff/uploaded_list.html"
    when_empty = _("Upload the students' sheet: roll number and name are enough to begin with.")
    list_display = ["roll_no", "name", "programme", "semester", "section", "shift", "campus", "exams"]
    list_filter = [("programme", ProjectScopedRelatedFilter), "semester", "shift", "campus", "gender"]
    list_select_related = ["programme"]
    search_fields = ["roll_no", "name"]
    search_help_text = _("Roll number or name")
    autocomplete_fields = ["programme"]
    inlines = [RegistrationInline, ArrangementInline, HoldInline]
    fieldsets = [
        (None, {"fields": [("roll_no", "name", "father_name"), ("gender", "email")]}),
        (
            _("Cohort"),
            {"fields": [("programme", "semester", "section"), ("shift", "campus")]},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Student]:
        return super().get_queryset(request).annotate(exams=count_of(Registration, student="pk"))

    @admin.display(description=_("registrations"))
    def exams(self, row: Any) -> int:
        return row.exams


@admin.register(Hold)
class HoldAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "hand"
    resource_classes = [papers.HoldResource]
    about = _("Held candidates are seated and marked; their slips are withheld until the hold is released.")
    when_empty = _("Nobody is held.")
    list_display = ["student", "kind", "reason", "placed_at", "state"]
    list_filter = ["kind", ("released_at", admin.EmptyFieldListFilter)]
    list_select_related = ["student"]
    search_fields = ["student__roll_no", "student__name"]
    autocomplete_fields = ["student"]
    fields = [("student", "kind"), "reason", "released_at"]
    ordering = ["-placed_at", "-pk"]

    @admin.display(description=_("state"), ordering="released_at")
    def state(self, row: Hold) -> str:
        if row.released_at:
            return format_html('<span class="badge">{}</span>', _("released"))
        return format_html('<span class="badge warn">{}</span>', _("held"))


@admin.register(AccessArrangement)
class ArrangementAdmin(ProjectExport, ProjectScopedAdmin):
    icon = "accessibility"
    resource_classes = [sheets.ArrangementResource]
    change_list_template = "scheduling/staff/uploaded_list.html"
    about = _("Shown to those who need them for the work, and on no door.")
    when_empty = _("No candidate has an arrangement. The sheet Accommodations brings them in.")
    list_display = ["student", "kind", "extra_percent", "extra_minutes", "valid_until", "note"]
    list_filter = ["kind"]
    list_select_related = ["student"]
    search_fields = ["student__roll_no", "student__name"]
    autocomplete_fields = ["student"]
    fields = [("student", "kind"), ("extra_percent", "extra_minutes", "valid_until"), "note"]
    ordering = ["student__roll_no", "kind"]


@admin.register(Designation)
class DesignationAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "badge-check"
    resource_classes = [sheets.DesignationResource]
    edit_roles = CLERKS
    when_empty = _("Designations come with the teachers' sheet.")
    list_display = ["name", "rank", "min_duties", "max_duties", "weight", "teachers_there"]
    search_fields = ["name"]
    fields = ["name", ("rank", "weight"), ("min_duties", "max_duties")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Designation]:
        return super().get_queryset(request).annotate(teachers_there=count_of(Teacher, designation="pk"))

    @admin.display(description=_("teachers"), ordering="teachers_there")
    def teachers_there(self, row: Any) -> int:
        return row.teachers_there


class TeachesInline(ProjectScopedInline):
    model = Teaches
    autocomplete_fields = ["course"]
    fields = ["course", "section"]


class UnavailabilityInline(ProjectScopedInline):
    model = Unavailability
    edit_roles = CLERKS
    fields = ["date", "starts", "ends", "reason", "decision"]


@admin.register(Teacher)
class TeacherAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "briefcase"
    resource_classes = [sheets.TeacherResource]
    edit_roles = CLERKS
    when_empty = _("Upload the teachers' sheet: staff number, name and designation.")
    list_display = ["staff_no", "name", "department", "designation", "may_invigilate", "max_duties", "share"]
    list_filter = [
        ("department", ProjectScopedRelatedFilter),
        ("designation", ProjectScopedRelatedFilter),
        "may_invigilate",
        "gender",
    ]
    list_select_related = ["department", "designation"]
    search_fields = ["staff_no", "name"]
    search_help_text = _("Staff number or name")
    autocomplete_fields = ["department", "designation"]
    inlines = [TeachesInline, UnavailabilityInline]
    fieldsets = [
        (None, {"fields": [("staff_no", "name"), ("gender", "email"), ("department", "designation")]}),
        (_("Duties"), {"fields": ["may_invigilate", ("max_duties", "share", "carried_minutes")]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """By what duties are shared out is the office's; a department looks at it."""
        return () if self._may_edit(request) else ("share", "carried_minutes")


@admin.register(Teaches)
class TeachesAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "link-2"
    resource_classes = [sheets.TeachesResource]
    when_empty = _("Upload the sheet Teaches to know who examines which course.")
    list_display = ["teacher", "course", "section"]
    list_select_related = ["teacher", "course"]
    search_fields = ["teacher__staff_no", "teacher__name", "course__code", "course__title"]
    autocomplete_fields = ["teacher", "course"]
    fields = [("teacher", "course"), "section"]
    ordering = ["teacher__staff_no", "course__code", "section"]


@admin.register(Unavailability)
class UnavailabilityAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "palmtree"
    resource_classes = [sheets.UnavailabilityResource]
    edit_roles = CLERKS
    when_empty = _("Nobody is away. The sheet Unavailability brings absences in.")
    list_display = ["teacher", "date", "starts", "ends", "reason", "decision"]
    list_filter = ["decision"]
    list_select_related = ["teacher"]
    date_hierarchy = "date"
    search_fields = ["teacher__staff_no", "teacher__name", "reason"]
    autocomplete_fields = ["teacher"]
    fields = ["teacher", ("date", "starts", "ends"), "reason", "decision"]
