"""How rooms are staffed, who need not watch, and who is held on which post."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from projects.access import CLERKS
from projects.admin import ProjectScopedAdmin, ProjectScopedRelatedFilter
from projects.resources import ProjectImportExport

from ..models import Duty, DutyPin, DutyPolicy, Exemption, Relative, StaffingStep, TeacherPair
from ..resources import sheets
from ..resources.duties import DutyPinResource
from .solutions import ShownOnly


class OfficeAdmin(ProjectImportExport, ProjectScopedAdmin):
    """Lists of the office: a member of a department reads them, also where they name its teachers."""

    edit_roles = CLERKS

    def _may_edit_row(self, request: HttpRequest, row: Any) -> bool:
        return self._may_edit(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request)


@admin.register(DutyPolicy)
class DutyPolicyAdmin(ProjectScopedAdmin):
    icon = "sliders-horizontal"
    edit_roles = CLERKS
    about = _("The page of duties shows this policy beside what it does.")
    when_empty = _("The defaults serve: one invigilator a room at least, one reserve for six rooms.")
    list_display = ["least_per_room", "rooms_per_reserve", "rooms_per_superintendent", "same_day"]
    fields = [
        "least_per_room",
        "rooms_per_reserve",
        ("rooms_per_superintendent", "senior_rank"),
        ("gap_minutes", "same_day", "report_before"),
    ]


@admin.register(StaffingStep)
class StaffingStepAdmin(OfficeAdmin):
    icon = "list-checks"
    resource_classes = [sheets.StaffingStepResource]
    about = _("How many invigilators a room of so many candidates has.")
    when_empty = _("Without steps a room has one invigilator for each started 30 candidates.")
    list_display = ["candidates", "base", "per", "tolerance"]
    fields = [("first", "last"), ("base", "per", "tolerance")]

    def get_search_fields(self, request: HttpRequest) -> Any:
        return []

    @admin.display(description=_("candidates"), ordering="first")
    def candidates(self, row: StaffingStep) -> str:
        return f"{row.first}–{row.last or '…'}"


@admin.register(DutyPin)
class DutyPinAdmin(OfficeAdmin):
    icon = "pin"
    resource_classes = [DutyPinResource]
    about = _("Duties that a teacher keeps in every run. They are pinned on the roster, or here.")
    when_empty = _("Nobody is held on a post: the solver chooses.")
    list_display = ["teacher", "period", "role", "room"]
    list_filter = ["role"]
    list_select_related = ["teacher", "period", "room"]
    search_fields = ["teacher__staff_no", "teacher__name", "room__code"]
    autocomplete_fields = ["teacher", "room"]
    fields = ["teacher", ("period", "role", "room")]
    ordering = ["period__date", "period__starts", "teacher__staff_no"]


@admin.register(Exemption)
class ExemptionAdmin(OfficeAdmin):
    icon = "palmtree"
    resource_classes = [sheets.ExemptionResource]
    about = _("Teachers without duties for a stretch of days. It lowers their target, an absence does not.")
    when_empty = _("Nobody is exempt.")
    list_display = ["teacher", "first_on", "last_on", "reason"]
    list_select_related = ["teacher"]
    search_fields = ["teacher__staff_no", "teacher__name", "reason"]
    autocomplete_fields = ["teacher"]
    fields = ["teacher", ("first_on", "last_on"), "reason"]


@admin.register(TeacherPair)
class TeacherPairAdmin(OfficeAdmin):
    icon = "users"
    resource_classes = [sheets.TeacherPairResource]
    about = _("Teachers who never watch one room together, or who had better.")
    when_empty = _("Any two teachers may share a room.")
    list_display = ["teacher_a", "kind", "teacher_b"]
    list_filter = ["kind"]
    list_select_related = ["teacher_a", "teacher_b"]
    search_fields = ["teacher_a__name", "teacher_a__staff_no", "teacher_b__name", "teacher_b__staff_no"]
    autocomplete_fields = ["teacher_a", "teacher_b"]
    fields = [("teacher_a", "kind", "teacher_b")]
    ordering = ["teacher_a__staff_no", "pk"]


@admin.register(Relative)
class RelativeAdmin(OfficeAdmin):
    icon = "user"
    resource_classes = [sheets.RelativeResource]
    about = _("Teachers related to a candidate. They do not watch that candidate's room alone.")
    when_empty = _("No teacher has told of a relative among the candidates.")
    list_display = ["teacher", "student"]
    list_select_related = ["teacher", "student"]
    search_fields = ["teacher__staff_no", "teacher__name", "student__roll_no", "student__name"]
    autocomplete_fields = ["teacher", "student"]
    fields = [("teacher", "student")]
    ordering = ["teacher__staff_no", "pk"]


@admin.register(Duty)
class DutyAdmin(ShownOnly):
    icon = "hand"
    about = _("Every post of every plan. The roster shows those of one plan by person and by room.")
    when_empty = _("No post was made yet: make the duties on their page.")
    list_display = ["period", "room", "block", "role", "who", "starts", "ends", "solution"]
    list_display_links = None
    list_filter = [("solution", ProjectScopedRelatedFilter), "role", ("teacher", admin.EmptyFieldListFilter)]
    list_select_related = ["period", "room", "teacher", "solution"]
    search_fields = ["teacher__staff_no", "teacher__name", "room__code"]
    fields = ["period", "room", "block", "role", "teacher", "starts", "ends", "solution"]
    ordering = ["project_id", "solution_id", "period_id", "room_id", "role", "number"]
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=_("teacher"), ordering="teacher")
    def who(self, row: Duty) -> str:
        if row.teacher is None:
            return format_html('<span class="badge bad">{}</span>', _("open"))
        return row.teacher.name
