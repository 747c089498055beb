"""A resource for pinned duties, and the cell that names a period."""

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from projects.models import ProjectModel
from projects.resources import CellField, ProjectForeignKeyWidget, ProjectScopedResource
from projects.spreadsheets import cells, moments
from projects.spreadsheets.cells import BadCell
from projects.spreadsheets.columns import Column

from ..models import (
    DutyPin,
    Period,
    Role,
    Room,
    Teacher,
)
from .lists import _field, _named

ROLES = {role.value: () for role in Role}


class PeriodWidget(ProjectForeignKeyWidget):
    """A cell that names a period by its day and start: 2027-01-31 09:00."""

    def find(self, told: Any) -> ProjectModel:
        day, _space, clock = str(told).rpartition(" ")
        try:
            found = self.get_queryset().filter(date=moments.day()(day), starts=moments.clock(clock)).first()
        except BadCell:
            found = None
        if found is None:
            raise ValueError(_("No period starts at %s. Write its day and start: 2027-01-31 09:00.") % told)
        return found

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else f"{date_format(value.date, 'Y-m-d')} {value.starts:%H:%M}"


def period_field() -> CellField:
    column = Column("period", "Period", ("When",), clean=cells.text, required=True, empty=None)
    return CellField(column, "period", PeriodWidget(column, Period, "date"))


class DutyPinResource(ProjectScopedResource):
    teacher = _named("teacher", "Staff No", Teacher, "staff_no", required=True)
    period = period_field()
    role = _field(Column("role", "Role", clean=cells.choice(ROLES), empty=Role.INVIGILATOR.value))
    room = _named("room", "Room", Room, "code")

    class Meta(ProjectScopedResource.Meta):
        model = DutyPin
        fields = ["teacher", "period", "role", "room"]
        import_id_fields = ["teacher", "period"]
