"""Resources for what is said of exams one by one: fixed places, own rules, links, allowed clashes."""

from projects.resources import CellField, ProjectScopedResource
from projects.spreadsheets import cells
from projects.spreadsheets.columns import Column

from ..models import (
    AllowedClash,
    Exam,
    ExamLink,
    ExamRule,
    FixedPlacement,
    Period,
    Room,
    RoomPool,
    Student,
)
from ..sheets.exams import LINK_KINDS
from .duties import PeriodWidget
from .lists import DayResource, _field, _named, _text

RULE_KINDS = {"only": (), "never": ("not", "must not"), "prefer": ("rather",), "avoid": ("rather not",)}


def _period() -> CellField:
    column = Column("period", "Period", ("When",), clean=cells.text, empty=None)
    return CellField(column, "period", PeriodWidget(column, Period, "date"))


def _date() -> CellField:
    return _field(Column("date", "Date", ("Day", "On"), empty=None))


def _whole(name: str, header: str, low: int, high: int, empty: int) -> CellField:
    return _field(Column(name, header, clean=cells.whole(low, high), empty=empty))


def _yes_no(name: str, header: str, *also: str) -> CellField:
    return _field(Column(name, header, also, clean=cells.yes_no, empty=True))


class FixedPlacementResource(DayResource):
    exam = _named("exam", "Exam Code", Exam, "code", required=True)
    sitting_number = _whole("sitting_number", "Sitting", 1, 1000, 1)
    date = _date()
    period = _period()
    room = _named("room", "Room", Room, "code")
    note = _field(_text("note", "Note", 200))
    day_columns = ("date",)

    class Meta(DayResource.Meta):
        model = FixedPlacement
        fields = ["exam", "sitting_number", "date", "period", "room", "note"]
        import_id_fields = ["exam", "sitting_number", "room"]


class ExamRuleResource(DayResource):
    """A row has no name of its own: the same exam, kind and subject are the same rule, of another weight."""

    exam = _named("exam", "Exam Code", Exam, "code", required=True)
    kind = _field(Column("kind", "How", ("Kind",), clean=cells.choice(RULE_KINDS), required=True))
    date = _date()
    period = _period()
    room = _named("room", "Room", Room, "code")
    pool = _named("pool", "Pool", RoomPool, "name")
    weight = _whole("weight", "Weight", 0, 10_000, 1)
    day_columns = ("date",)

    class Meta(DayResource.Meta):
        model = ExamRule
        fields = ["exam", "kind", "date", "period", "room", "pool", "weight"]
        import_id_fields = ["exam", "kind", "date", "period", "room", "pool"]


class ExamLinkResource(ProjectScopedResource):
    exam_a = _named("exam_a", "Exam A", Exam, "code", required=True)
    kind = _field(Column("kind", "Kind", ("Link", "How"), clean=cells.choice(LINK_KINDS), required=True))
    exam_b = _named("exam_b", "Exam B", Exam, "code", required=True)
    is_hard = _yes_no("is_hard", "Must Hold", "Hard", "Required")
    weight = _whole("weight", "Weight", 0, 10_000, 10)
    gap_days = _whole("gap_days", "Gap Days", 0, 365, 1)

    class Meta(ProjectScopedResource.Meta):
        model = ExamLink
        fields = ["exam_a", "kind", "exam_b", "is_hard", "weight", "gap_days"]
        import_id_fields = ["exam_a", "kind", "exam_b"]


class AllowedClashResource(ProjectScopedResource):
    student = _named("student", "Roll No", Student, "roll_no", required=True)
    exam_a = _named("exam_a", "Exam A", Exam, "code", required=True)
    exam_b = _named("exam_b", "Exam B", Exam, "code", required=True)
    is_supervised = _yes_no("is_supervised", "Supervised")
    reason = _field(_text("reason", "Reason", 250, required=True))

    class Meta(ProjectScopedResource.Meta):
        model = AllowedClash
        fields = ["student", "exam_a", "exam_b", "is_supervised", "reason"]
        import_id_fields = ["student", "exam_a", "exam_b"]
