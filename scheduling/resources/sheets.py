"""Resources for the tables that have a sheet of their own: the same columns, checks and keys as an upload."""

from typing import Any

from django.core.exceptions import ValidationError

from projects.models import Project
from projects.resources import CellField, CellWidget, ProjectForeignKeyWidget, ProjectScopedResource

from .. import layouts
from ..models import Room, Seat
from ..sheet_checks import GRID
from ..sheet_targets import TARGETS, Target
from ..sheets import definition


class SheetResource(ProjectScopedResource):
    """Rows as the sheet of that name has them."""

    sheet = ""

    def __init__(self, project: Project | None = None, **kwargs: Any) -> None:
        super().__init__(project, **kwargs)
        day_first = project.dates_are_day_first if project else True
        self.dataset = definition(self.sheet, day_first=day_first)
        for column in self.dataset.columns:
            if column.name in self.fields:
                self.fields[column.name].column = self.fields[column.name].widget.column = column

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """The cells one by one, then what only several cells of the row show."""
        super().import_instance(instance, row, **kwargs)
        told = {
            name: field.clean(row)
            for name, field in self.fields.items()
            if field.column_name in row and type(field.widget) is CellWidget
        }
        faults = list(self.dataset.check(told)) if self.dataset.check else []
        if faults:
            raise ValidationError(
                {
                    self.fields[name].attribute if name in self.fields else "__all__": words
                    for name, words in faults
                }
            )
        self.fill(instance)

    def fill(self, instance: Any) -> None:
        """What follows from other cells."""


def _fields(target: Target) -> dict[str, CellField]:
    dataset = definition(target.sheet)
    fields = {}
    for column in dataset.columns:
        if column.name not in target.fields or len(target.paths(column.name)) > 1:
            continue
        attribute, _double, key = target.paths(column.name)[0].partition("__")
        parent = target.parent(column.name)
        widget = (
            ProjectForeignKeyWidget(
                column, parent.related_model, key, makes=column.name in target.made_on_the_way
            )
            if parent is not None
            else CellWidget(column)
        )
        fields[column.name] = CellField(column, attribute, widget)
    return fields


def _resource(sheet: str, base: type[SheetResource] = SheetResource) -> type[SheetResource]:
    target = next(target for target in TARGETS if target.sheet == sheet)
    fields = _fields(target)
    keys = [name for name in target.key if name in fields]
    meta = {"model": target.model, "fields": list(fields), "import_id_fields": keys, "name": sheet}
    meta_class = type("Meta", (base.Meta,), meta)
    return type(f"{sheet}Resource", (base,), {**fields, "sheet": sheet, "Meta": meta_class})


def _refuse_if_told(room: Room | None, before: Any, now: Any) -> None:
    if room is not None and before != now:
        try:
            layouts.refuse_if_printed(room)
        except layouts.FrozenLayout as reason:
            raise ValidationError(str(reason)) from reason


class _Rooms(SheetResource):
    def fill(self, instance: Any) -> None:
        """A room without a capacity has that of its layout; one whose chairs candidates know keeps them."""
        if before := Room.objects.for_project(self.project).filter(pk=instance.pk).first():
            _refuse_if_told(before, *([getattr(row, name) for name in GRID] for row in (before, instance)))
        if not instance.exam_capacity:
            instance.exam_capacity = instance.rows * instance.columns * instance.seats_per_bench


class _Seats(SheetResource):
    def fill(self, instance: Any) -> None:
        """A room whose chairs candidates know keeps them."""
        before = Seat.objects.for_project(self.project).filter(pk=instance.pk).first()
        told = [row and (row.label, row.is_usable) for row in (before, instance)]
        _refuse_if_told(instance.room, *told)


StudentResource = _resource("Students")
CourseResource = _resource("Courses")
RoomResource = _resource("Rooms", _Rooms)
DesignationResource = _resource("Designations")
TeacherResource = _resource("Teachers")
TeachesResource = _resource("Teaches")
UnavailabilityResource = _resource("Unavailability")
PeriodResource = _resource("Periods")
RegistrationResource = _resource("Registrations")
ArrangementResource = _resource("Accommodations")
StaffingStepResource = _resource("Staffing")
ExemptionResource = _resource("Exemptions")
TeacherPairResource = _resource("Pairs")
RelativeResource = _resource("Relatives")
SeatResource = _resource("Seats", _Seats)
