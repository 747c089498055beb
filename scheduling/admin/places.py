"""Rooms, their seats, and who sits where."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from projects.admin import (
    LabelledFormSet,
    ProjectScopedAdmin,
    ProjectScopedForm,
    ProjectScopedInline,
    ProjectScopedRelatedFilter,
)
from projects.resources import ProjectImportExport

from .. import layouts
from ..models import CandidateGroup, Lesson, Room, RoomClosure, RoomPool, Seat
from ..resources import lists, sheets
from ..sheet_checks import GRID
from .columns import count_of
from .needed import NeededBySolutions

CHAIR = {"room", "row", "column", "side", "label", "is_usable"}


def _refusal(room: Room | None) -> str:
    """Why the room's chairs stay as they are, if they do."""
    try:
        if room is not None and room.pk:
            layouts.refuse_if_printed(room)
    except layouts.FrozenLayout as reason:
        return str(reason)
    return ""


class RoomForm(ProjectScopedForm):
    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        # Without rows and columns the capacity says where the chairs are.
        layout = {*GRID} if self.initial.get("rows") else {*GRID, "exam_capacity"}
        if layout & set(self.changed_data) and (reason := _refusal(self.instance)):
            self.add_error(None, reason)
        return told


class SeatForm(ProjectScopedForm):
    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        if CHAIR & set(self.changed_data):
            before = self.instance.room if self.instance.pk else None
            if reason := _refusal(before) or _refusal(told.get("room")):
                self.add_error(None, reason)
        return told


class SeatFormSet(LabelledFormSet):
    def clean(self) -> None:
        super().clean()
        is_changed = any(CHAIR & set(form.changed_data) for form in self.forms) or self.deleted_forms
        if is_changed and (reason := _refusal(self.instance)):
            raise ValidationError(reason)


class SeatInline(ProjectScopedInline):
    model = Seat
    formset = SeatFormSet
    classes = ["collapse"]
    fields = ["row", "column", "side", "label", "attributes", "is_usable"]


@admin.register(Seat)
class SeatAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "square"
    form = SeatForm
    resource_classes = [sheets.SeatResource]
    about = _("The seats of rooms that are no plain grid, one by one.")
    when_empty = _("All rooms are plain grids of rows and columns. The sheet Seats describes others.")
    list_display = ["room", "row", "column", "side", "label", "attributes", "is_usable"]
    list_display_links = ["room", "row", "column"]
    list_filter = [("room", ProjectScopedRelatedFilter), "is_usable"]
    list_select_related = ["room"]
    search_fields = ["room__code", "label", "attributes"]
    autocomplete_fields = ["room"]
    fields = ["room", ("row", "column", "side"), ("label", "attributes"), ("x", "y"), "is_usable"]
    ordering = ["room__code", "row", "column", "side"]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rooms = Room.objects.for_project(request.project).filter(seats__in=objs).distinct()
        if reasons := [reason for room in rooms if (reason := _refusal(room))]:
            return [], {}, set(), reasons
        return super().get_deleted_objects(objs, request)


class ClosureInline(ProjectScopedInline):
    model = RoomClosure
    fields = ["date", "starts", "ends", "reason"]


@admin.register(Room)
class RoomAdmin(NeededBySolutions, ProjectImportExport, ProjectScopedAdmin):
    icon = "door-open"
    form = RoomForm
    used_as = "placements__shares__room"
    instead = _("New plans do without this room if you switch off that it is used for exams.")
    resource_classes = [sheets.RoomResource]
    when_empty = _("Upload the rooms' sheet, or add the first room: code and seats are enough.")
    list_display = ["code", "block", "campus", "floor", "exam_capacity", "layout", "features", "is_usable"]
    list_filter = ["block", "campus", "is_usable"]
    search_fields = ["code", "block", "features"]
    inlines = [ClosureInline, SeatInline]
    fieldsets = [
        (None, {"fields": [("code", "block", "campus", "floor"), ("exam_capacity", "teaching_capacity")]}),
        (
            _("Layout"),
            {
                "fields": [("rows", "columns", "seats_per_bench", "numbering")],
                "description": _("Rooms that are no plain grid list their seats one by one below."),
            },
        ),
        (_("Use"), {"fields": [("is_usable", "penalty", "invigilators"), "features"]}),
    ]

    @admin.display(description=_("layout"))
    def layout(self, room: Room) -> str:
        benches = f" × {room.seats_per_bench}" if room.seats_per_bench > 1 else ""
        return f"{room.rows} × {room.columns}{benches}" if room.rows else "–"


@admin.register(RoomPool)
class RoomPoolAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "layers"
    resource_classes = [lists.RoomPoolResource]
    about = _("Rooms that belong together: the women's hall, the computer labs, the north campus.")
    when_empty = _("Without pools any candidate may sit in any room.")
    list_display = ["name", "rooms_there"]
    search_fields = ["name"]
    autocomplete_fields = ["rooms"]
    fields = ["name", "rooms"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoomPool]:
        return (
            super()
            .get_queryset(request)
            .annotate(rooms_there=count_of(RoomPool.rooms.through, roompool="pk"))
        )

    @admin.display(description=_("rooms"), ordering="rooms_there")
    def rooms_there(self, row: Any) -> int:
        return row.rooms_there


@admin.register(CandidateGroup)
class CandidateGroupAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "users"
    resource_classes = [lists.CandidateGroupResource]
    about = _("Candidates who sit in one pool of rooms only. The first group that fits counts.")
    when_empty = _("Without groups all candidates share all rooms.")
    list_display = ["name", "gender", "shift", "campus", "programme", "pool"]
    list_filter = [("pool", ProjectScopedRelatedFilter)]
    list_select_related = ["programme", "pool"]
    search_fields = ["name"]
    autocomplete_fields = ["programme", "pool"]
    fieldsets = [
        (None, {"fields": [("name", "pool")]}),
        (
            _("Who belongs to it"),
            {"fields": [("gender", "shift", "campus", "programme")], "description": _("Empty means any.")},
        ),
    ]


@admin.register(RoomClosure)
class RoomClosureAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "lock"
    resource_classes = [lists.RoomClosureResource]
    when_empty = _("No room is closed.")
    list_display = ["room", "date", "starts", "ends", "reason"]
    list_select_related = ["room"]
    date_hierarchy = "date"
    search_fields = ["room__code", "reason"]
    autocomplete_fields = ["room"]
    fields = ["room", ("date", "starts", "ends"), "reason"]


@admin.register(Lesson)
class LessonAdmin(ProjectImportExport, ProjectScopedAdmin):
    icon = "clock"
    resource_classes = [lists.LessonResource]
    about = _("Weekly lessons that go on during the exams: their rooms and teachers are busy.")
    when_empty = _("No lesson goes on during the exams.")
    list_display = ["label", "weekday", "starts", "ends", "room", "teacher", "first_on", "last_on"]
    list_display_links = ["label", "weekday"]
    list_filter = ["weekday"]
    list_select_related = ["room", "teacher"]
    search_fields = ["label", "room__code", "teacher__name"]
    autocomplete_fields = ["room", "teacher"]
    fields = ["label", ("weekday", "starts", "ends"), ("first_on", "last_on"), ("room", "teacher")]
