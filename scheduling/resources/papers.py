"""Resources for what stands on papers, and whose papers are withheld."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from projects.resources import CellField, CellWidget, ProjectScopedResource
from projects.spreadsheets import cells
from projects.spreadsheets.columns import Column

from ..models import Hold, PrintSetting, Student
from .lists import DayResource, _field, _named, _text

HOLD_KINDS = {"fees": ("fee", "dues"), "attendance": ("short attendance",), "discipline": (), "other": ()}


class MomentWidget(CellWidget):
    """A moment as the day on which it was."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> datetime | None:
        day: date | None = super().clean(value, row, **kwargs)
        return timezone.make_aware(datetime.combine(day, time())) if day else None

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return timezone.localtime(value).date() if value else ""


RELEASED = Column("released_at", "Released on", ("Released",), empty=None)


class HoldResource(DayResource):
    """A student is held for one reason of a kind at a time; those that were released are kept."""

    student = _named("student", "Roll No", Student, "roll_no", required=True)
    kind = _field(Column("kind", "Kind", ("Hold",), clean=cells.choice(HOLD_KINDS), required=True))
    reason = _field(_text("reason", "Reason", 250))
    released_at = CellField(RELEASED, "released_at", MomentWidget(RELEASED))
    day_columns = ("released_at",)

    def get_instance(self, instance_loader: Any, row: Mapping[str, Any]) -> Hold | None:
        """The one that was released on that day, else the one that is in force."""
        try:
            student, kind, released = (
                self.fields[name].clean(row) for name in ("student", "kind", "released_at")
            )
        except ValueError:
            return None
        known = self.get_queryset().filter(student=student, kind=kind)
        if released and (same := known.filter(released_at__date=released.date()).first()):
            return same
        return known.filter(released_at=None).first()

    def import_instance(self, instance: Hold, row: Any, **kwargs: Any) -> None:
        """A sheet knows the day of a release; its hour stays."""
        known = instance.released_at
        super().import_instance(instance, row, **kwargs)
        told = instance.released_at
        if known and told and timezone.localdate(known) == timezone.localdate(told):
            instance.released_at = known

    class Meta(DayResource.Meta):
        model = Hold
        fields = ["student", "kind", "reason", "released_at"]
        import_id_fields = ["student", "kind"]


def _lines(value: Any) -> str:
    return "\n".join(cells.text(line) for line in str(value).splitlines())


class PrintSettingResource(ProjectScopedResource):
    print_code = _field(_text("print_code", "Print", 40, "Print Code"))
    title = _field(_text("title", "Title", 200))
    notification_no = _field(_text("notification_no", "Notification No", 80, "Notification"))
    instructions = _field(Column("instructions", "Instructions", clean=cells.limited(_lines, 10_000)))
    signature_name = _field(_text("signature_name", "Signed by", 120))
    signature_title = _field(_text("signature_title", "As", 120))

    class Meta(ProjectScopedResource.Meta):
        model = PrintSetting
        fields = [
            "print_code",
            "title",
            "notification_no",
            "instructions",
            "signature_name",
            "signature_title",
        ]
        import_id_fields = ["print_code"]
