"""Resources for the tables without a sheet of their own, with columns in the same manner."""

from typing import Any

from projects.models import Project, ProjectModel
from projects.resources import (
    CellField,
    CellWidget,
    ProjectForeignKeyWidget,
    ProjectManyWidget,
    ProjectScopedResource,
)
from projects.spreadsheets import cells, moments
from projects.spreadsheets.columns import Column

from ..models import (
    CandidateGroup,
    Department,
    Exam,
    Holiday,
    Lesson,
    Programme,
    Room,
    RoomClosure,
    RoomPool,
    Teacher,
    Weekday,
    WeeklyBreak,
)
from ..sheets import GENDERS

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _weekday(value: Any) -> int:
    return WEEKDAYS.index(cells.choice({name: (name[:3], name[:2]) for name in WEEKDAYS})(value))


class WeekdayWidget(CellWidget):
    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else WEEKDAYS[Weekday(value)]


def _text(name: str, header: str, most: int, *also: str, required: bool = False) -> Column:
    return Column(name, header, also, clean=cells.limited(cells.text, most), required=required)


def _field(column: Column) -> CellField:
    return CellField(column, column.name)


def _named(name: str, header: str, model: type[ProjectModel], key: str, required: bool = False) -> CellField:
    column = Column(name, header, required=required, empty=None)
    return CellField(column, name, ProjectForeignKeyWidget(column, model, key))


class DayResource(ProjectScopedResource):
    """Dates are read in the project's order of day and month."""

    day_columns: tuple[str, ...] = ()

    def __init__(self, project: Project | None = None, **kwargs: Any) -> None:
        super().__init__(project, **kwargs)
        day_first = project.dates_are_day_first if project else True
        for name in self.day_columns:
            field = self.fields[name]
            column = Column(
                field.column.name,
                field.column.header,
                field.column.aliases,
                clean=moments.day(day_first=day_first),
                required=field.column.required,
                empty=None,
            )
            field.column = field.widget.column = column


DAY = Column("date", "Date", ("Day", "On"), required=True)
FROM = Column("starts", "From", ("Start", "Starts"), clean=moments.clock, empty=None)
UNTIL = Column("ends", "Until", ("End", "Ends", "To"), clean=moments.clock, empty=None)
WEEKDAY = Column("weekday", "Weekday", ("Day",), clean=_weekday, required=True)


class HolidayResource(DayResource):
    date = _field(DAY)
    name = _field(_text("name", "Name", 100, "Holiday"))
    day_columns = ("date",)

    class Meta(DayResource.Meta):
        model = Holiday
        fields = ["date", "name"]
        import_id_fields = ["date"]


class WeeklyBreakResource(ProjectScopedResource):
    weekday = CellField(WEEKDAY, "weekday", WeekdayWidget(WEEKDAY))
    starts = _field(FROM)
    ends = _field(UNTIL)
    name = _field(_text("name", "Name", 100))

    class Meta(ProjectScopedResource.Meta):
        model = WeeklyBreak
        fields = ["weekday", "starts", "ends", "name"]
        import_id_fields = ["weekday", "starts"]


class LessonResource(DayResource):
    weekday = CellField(WEEKDAY, "weekday", WeekdayWidget(WEEKDAY))
    starts = _field(FROM)
    ends = _field(UNTIL)
    label = _field(_text("label", "What", 100, "Lesson", "Course"))
    room = _named("room", "Room", Room, "code")
    teacher = _named("teacher", "Staff No", Teacher, "staff_no")
    first_on = _field(Column("first_on", "First on", empty=None))
    last_on = _field(Column("last_on", "Last on", empty=None))
    day_columns = ("first_on", "last_on")

    class Meta(DayResource.Meta):
        model = Lesson
        fields = ["weekday", "starts", "ends", "label", "room", "teacher", "first_on", "last_on"]
        import_id_fields = ["weekday", "starts", "room", "teacher"]


class RoomClosureResource(DayResource):
    room = _named("room", "Room", Room, "code", required=True)
    date = _field(DAY)
    starts = _field(FROM)
    ends = _field(UNTIL)
    reason = _field(_text("reason", "Reason", 200))
    day_columns = ("date",)

    class Meta(DayResource.Meta):
        model = RoomClosure
        fields = ["room", "date", "starts", "ends", "reason"]
        import_id_fields = ["room", "date", "starts"]


class ProgrammeResource(ProjectScopedResource):
    name = _field(_text("name", "Name", 150, "Programme", required=True))

    class Meta(ProjectScopedResource.Meta):
        model = Programme
        fields = import_id_fields = ["name"]


class DepartmentResource(ProjectScopedResource):
    name = _field(_text("name", "Name", 150, "Department", required=True))

    class Meta(ProjectScopedResource.Meta):
        model = Department
        fields = import_id_fields = ["name"]


ROOMS = _text("rooms", "Rooms", 4000)
GENDER = Column("gender", "Gender", clean=cells.choice(GENDERS))


class RoomPoolResource(ProjectScopedResource):
    name = _field(_text("name", "Pool", 100, "Name", required=True))
    rooms = CellField(ROOMS, "rooms", ProjectManyWidget(ROOMS, Room, "code"), m2m_add=False)

    class Meta(ProjectScopedResource.Meta):
        model = RoomPool
        fields = ["name", "rooms"]
        import_id_fields = ["name"]


class CandidateGroupResource(ProjectScopedResource):
    name = _field(_text("name", "Group", 100, "Name", required=True))
    gender = _field(GENDER)
    shift = _field(_text("shift", "Shift", 40))
    campus = _field(_text("campus", "Campus", 80))
    programme = _named("programme", "Programme", Programme, "name")
    pool = _named("pool", "Pool", RoomPool, "name", required=True)

    class Meta(ProjectScopedResource.Meta):
        model = CandidateGroup
        fields = ["name", "gender", "shift", "campus", "programme", "pool"]
        import_id_fields = ["name"]


class ExamResource(ProjectScopedResource):
    """Exams by code. Which courses they examine is set by the courses' common group, or in the exam."""

    code = _field(Column("code", "Exam Code", ("Code",), clean=cells.limited(cells.code, 40), required=True))
    title = _field(_text("title", "Title", 250))
    duration = _field(Column("duration", "Duration (min)", ("Minutes",), clean=moments.minutes(10, 600)))
    batch_size = _field(Column("batch_size", "Per sitting", clean=cells.whole(1, 30_000), empty=None))
    needs_room = _field(Column("needs_room", "Needs a room", clean=cells.yes_no, empty=True))
    max_rooms = _field(Column("max_rooms", "Most rooms", clean=cells.whole(1, 1000), empty=None))
    is_alone_in_room = _field(Column("is_alone_in_room", "Alone", clean=cells.yes_no, empty=False))
    room_features = _field(_text("room_features", "Room features", 200))
    front_load = _field(Column("front_load", "Better early", clean=cells.yes_no, empty=False))
    note = _field(_text("note", "Note", 250))

    class Meta(ProjectScopedResource.Meta):
        model = Exam
        fields = [
            "code",
            "title",
            "duration",
            "batch_size",
            "needs_room",
            "max_rooms",
            "is_alone_in_room",
            "room_features",
            "front_load",
            "note",
        ]
        import_id_fields = ["code"]
