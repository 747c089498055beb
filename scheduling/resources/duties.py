"""Resources for what the office knows of duties: exemptions, pairs, relatives, staffing steps, pins."""

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
    Exemption,
    Period,
    Relative,
    Role,
    Room,
    StaffingStep,
    Student,
    Teacher,
    TeacherPair,
)
from .lists import DayResource, _field, _named, _text

KINDS = {"never": ("never together", "apart"), "together": ("rather together",)}
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


def _whole(name: str, header: str, low: int, high: int, empty: int | None, *also: str) -> CellField:
    return _field(Column(name, header, also, clean=cells.whole(low, high), empty=empty))


def period_field() -> CellField:
    column = Column("period", "Period", ("When",), clean=cells.text, required=True, empty=None)
    return CellField(column, "period", PeriodWidget(column, Period, "date"))


class ExemptionResource(DayResource):
    teacher = _named("teacher", "Staff No", Teacher, "staff_no", required=True)
    first_on = _field(Column("first_on", "First on", ("From",), required=True, empty=None))
    last_on = _field(Column("last_on", "Last on", ("Until", "To"), required=True, empty=None))
    reason = _field(_text("reason", "Reason", 250))
    day_columns = ("first_on", "last_on")

    class Meta(DayResource.Meta):
        model = Exemption
        fields = ["teacher", "first_on", "last_on", "reason"]
        import_id_fields = ["teacher", "first_on"]


class TeacherPairResource(ProjectScopedResource):
    teacher_a = _named("teacher_a", "Staff No", Teacher, "staff_no", required=True)
    teacher_b = _named("teacher_b", "Other Staff No", Teacher, "staff_no", required=True)
    kind = _field(Column("kind", "How", ("Kind",), clean=cells.choice(KINDS), empty="never"))

    class Meta(ProjectScopedResource.Meta):
        model = TeacherPair
        fields = ["teacher_a", "teacher_b", "kind"]
        import_id_fields = ["teacher_a", "teacher_b"]


class RelativeResource(ProjectScopedResource):
    teacher = _named("teacher", "Staff No", Teacher, "staff_no", required=True)
    student = _named("student", "Roll No", Student, "roll_no", required=True)

    class Meta(ProjectScopedResource.Meta):
        model = Relative
        fields = import_id_fields = ["teacher", "student"]


class StaffingStepResource(ProjectScopedResource):
    first = _whole("first", "From candidates", 0, 30_000, 1, "From")
    last = _whole("last", "To candidates", 0, 30_000, None, "To")
    base = _whole("base", "Invigilators", 0, 1_000, 1)
    per = _whole("per", "One more per", 1, 30_000, None)
    tolerance = _whole("tolerance", "Tolerance", 0, 30_000, 0)

    class Meta(ProjectScopedResource.Meta):
        model = StaffingStep
        fields = ["first", "last", "base", "per", "tolerance"]
        import_id_fields = ["first"]


class DutyPinResource(ProjectScopedResource):
    teacher = _named("teacher", "Staff No", Teacher, "staff_no", required=True)
    period = period_field()
    role = _field(Column("role", "Role", clean=cells.choice(ROLES), empty=Role.INVIGILATOR.value))
    room = _named("room", "Room", Room, "code")

    class Meta(ProjectScopedResource.Meta):
        model = DutyPin
        fields = ["teacher", "period", "role", "room"]
        import_id_fields = ["teacher", "period"]
