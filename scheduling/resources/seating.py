"""Resources for seats that planners hold."""

from projects.resources import ProjectScopedResource
from projects.spreadsheets import cells
from projects.spreadsheets.columns import Column

from ..models import Exam, Room, SeatPin, Student
from ..sheets.places import place
from .lists import _field, _named


class SeatPinResource(ProjectScopedResource):
    student = _named("student", "Roll No", Student, "roll_no", required=True)
    exam = _named("exam", "Exam Code", Exam, "code", required=True)
    room = _named("room", "Room", Room, "code", required=True)
    row = _field(Column("row", "Row", clean=place, required=True, empty=None))
    column = _field(Column("column", "Column", clean=place, required=True, empty=None))
    side = _field(Column("side", "Side", clean=cells.whole(1, 20), empty=1))

    class Meta(ProjectScopedResource.Meta):
        model = SeatPin
        fields = ["student", "exam", "room", "row", "column", "side"]
        import_id_fields = ["student", "exam"]
