"""Courses, registrations, exams, and what must hold between exams."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from projects.admin import ProjectScopedAdmin, ProjectScopedInline, ProjectScopedRelatedFilter
from projects.resources import ProjectExport, ProjectImportExport

from .. import exams
from ..models import (
    AllowedClash,
    Course,
    Exam,
    ExamCourse,
    ExamLink,
    ExamRule,
    FixedPlacement,
    Registration,
)
from ..resources import exams as resources
from ..resources import lists, sheets
from .columns import count_of


@admin.register(Course)
class CourseAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "book-open"
    resource_classes = [sheets.CourseResource]
    when_empty = _("Upload the courses' sheet: code and title are enough to begin with.")
    list_display = [
        "code",
        "title",
        "department",
        "kind",
        "credits",
        "duration",
        "common_group",
        "candidates",
    ]
    list_filter = [("department", ProjectScopedRelatedFilter), "kind"]
    list_select_related = ["department"]
    search_fields = ["code", "title"]
    search_help_text = _("Code or title")
    autocomplete_fields = ["department"]
    fieldsets = [
        (None, {"fields": ["code", "title", ("department", "credits")]}),
        (
            _("Its exam"),
            {
                "fields": [("kind", "duration", "common_group")],
                "description": _("Courses with the same common exam are examined by one exam."),
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        return super().get_queryset(request).annotate(candidates=count_of(Registration, course="pk"))

    @admin.display(description=_("candidates"), ordering="candidates")
    def candidates(self, row: Any) -> int:
        return row.candidates


@admin.register(Registration)
class RegistrationAdmin(ProjectExport, ProjectScopedAdmin):
    icon = "clipboard-list"
    resource_classes = [sheets.RegistrationResource]
    change_list_template = "scheduling/staff/uploaded_list.html"
    when_empty = _("Upload the registrations' sheet: roll number and course code.")
    list_display = ["roll_no", "student_name", "course_code", "course_title", "kind", "section"]
    list_filter = ["kind"]
    list_select_related = ["student", "course"]
    search_fields = ["student__roll_no", "student__name", "course__code", "course__title"]
    search_help_text = _("Roll number, name, course code or title")
    autocomplete_fields = ["student", "course"]
    fields = [("student", "course"), ("kind", "section")]
    # The order of the unique key: the database reads one page from its index, however many rows there are.
    ordering = ["project_id", "student_id", "course_id"]
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=_("roll number"), ordering="student__roll_no")
    def roll_no(self, row: Registration) -> str:
        return row.student.roll_no

    @admin.display(description=_("name"))
    def student_name(self, row: Registration) -> str:
        return row.student.name

    @admin.display(description=_("course"), ordering="course__code")
    def course_code(self, row: Registration) -> str:
        return row.course.code

    @admin.display(description=_("title"))
    def course_title(self, row: Registration) -> str:
        return row.course.title


class ExamCourseInline(ProjectScopedInline):
    model = ExamCourse
    autocomplete_fields = ["course"]
    min_num = 1


class FixedInline(ProjectScopedInline):
    model = FixedPlacement
    autocomplete_fields = ["room"]
    fields = ["date", "period", "room", "sitting_number", "note"]


class ExamRuleInline(ProjectScopedInline):
    model = ExamRule
    autocomplete_fields = ["room", "pool"]


class ExamLinkInline(ProjectScopedInline):
    model = ExamLink
    fk_name = "exam_a"
    autocomplete_fields = ["exam_b"]
    fields = ["kind", "exam_b", "is_hard", "weight", "gap_days"]


@admin.register(Exam)
class ExamAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "file-text"
    resource_classes = [lists.ExamResource]
    change_list_template = "scheduling/staff/exams_list.html"
    when_empty = _("Exams are made from the courses that have registrations.")
    list_display = ["code", "title", "courses_there", "duration", "candidates", "batch_size", "fixed_there"]
    list_filter = [
        ("courses__department", ProjectScopedRelatedFilter),
        "needs_room",
        "is_alone_in_room",
    ]
    search_fields = ["code", "title", "courses__code"]
    search_help_text = _("Code or title")
    inlines = [ExamCourseInline, FixedInline, ExamRuleInline, ExamLinkInline]
    fieldsets = [
        (None, {"fields": [("code", "title"), ("duration", "batch_size")]}),
        (
            _("Rooms"),
            {"fields": ["needs_room", "is_alone_in_room", ("max_rooms", "room_features")]},
        ),
        (_("Place in the season"), {"fields": ["front_load", "last_season_position"]}),
        (None, {"fields": ["note"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Exam]:
        rows = super().get_queryset(request).prefetch_related("courses")
        return rows.annotate(
            candidates=count_of(Registration, course__exam_courses__exam="pk"),
            fixed_there=count_of(FixedPlacement, exam="pk"),
        )

    @admin.display(description=_("courses"))
    def courses_there(self, row: Exam) -> str:
        codes = [course.code for course in row.courses.all()]
        return ", ".join(codes[:3]) + (" …" if len(codes) > 3 else "")

    @admin.display(description=_("candidates"), ordering="candidates")
    def candidates(self, row: Any) -> int:
        return row.candidates

    @admin.display(description=_("fixed"), ordering="fixed_there", boolean=True)
    def fixed_there(self, row: Any) -> bool:
        return bool(row.fixed_there)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        exams.make_sittings(project=request.project, exams=[form.instance])


@admin.register(FixedPlacement)
class FixedPlacementAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "pin"
    resource_classes = [resources.FixedPlacementResource]
    about = _("Where exams must be: uploaded with the sheet Fixed, or pinned by a planner.")
    when_empty = _("No exam is fixed: the solver chooses.")
    list_display = ["exam", "date", "period", "room", "sitting_number", "origin", "note"]
    list_filter = ["origin"]
    list_select_related = ["exam", "period", "room"]
    search_fields = ["exam__code", "exam__title", "note"]
    autocomplete_fields = ["exam", "room"]
    fields = [("exam", "sitting_number"), ("date", "period", "room"), "note"]
    ordering = ["exam__code", "sitting_number"]


@admin.register(ExamRule)
class ExamRuleAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "list-checks"
    resource_classes = [resources.ExamRuleResource]
    about = _("Periods, days or rooms that one exam may, must not or should use.")
    when_empty = _("No exam has rules of its own.")
    list_display = ["exam", "kind", "date", "period", "room", "pool", "weight"]
    list_filter = ["kind"]
    list_select_related = ["exam", "period", "room", "pool"]
    search_fields = ["exam__code", "exam__title"]
    autocomplete_fields = ["exam", "room", "pool"]
    ordering = ["exam__code", "pk"]


@admin.register(ExamLink)
class ExamLinkAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "link-2"
    resource_classes = [resources.ExamLinkResource]
    about = _("What must or should hold between two exams.")
    when_empty = _("No two exams are linked.")
    list_display = ["exam_a", "kind", "exam_b", "is_hard", "weight", "gap_days"]
    list_filter = ["kind", "is_hard"]
    list_select_related = ["exam_a", "exam_b"]
    search_fields = ["exam_a__code", "exam_a__title", "exam_b__code", "exam_b__title"]
    autocomplete_fields = ["exam_a", "exam_b"]
    fields = [("exam_a", "kind", "exam_b"), ("is_hard", "weight"), "gap_days"]
    ordering = ["exam_a__code", "pk"]


@admin.register(AllowedClash)
class AllowedClashAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "ban"
    resource_classes = [resources.AllowedClashResource]
    about = _("A student's two exams that may be held at once; the student waits under supervision.")
    when_empty = _("No clash is allowed.")
    list_display = ["student", "exam_a", "exam_b", "is_supervised", "reason"]
    list_filter = ["is_supervised"]
    list_select_related = ["student", "exam_a", "exam_b"]
    search_fields = ["student__roll_no", "student__name", "exam_a__code", "exam_b__code"]
    autocomplete_fields = ["student", "exam_a", "exam_b"]
    fields = ["student", ("exam_a", "exam_b"), "is_supervised", "reason"]
    ordering = ["student__roll_no", "pk"]
