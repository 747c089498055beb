"""What a copy for the next season may take along. Registrations, dates and plans are never among it."""

from django.utils.translation import gettext_lazy as _

from projects import sharing

from . import ledger, models


def register() -> None:
    sharing.register_part(
        "people",
        _("Students, teachers, programmes and departments"),
        models.Department,
        models.Programme,
        models.Designation,
        models.Student,
        models.AccessArrangement,
        models.Teacher,
        models.TeacherPair,
        models.Relative,
        carry=ledger.carry_over,
    )
    sharing.register_part(
        "rooms",
        _("Rooms, seats and pools of rooms"),
        models.Room,
        models.Seat,
        models.RoomPool,
        models.CandidateGroup,
    )
    sharing.register_part(
        "courses",
        _("Courses, who teaches them, and their exams"),
        models.Course,
        models.Teaches,
        models.Exam,
        models.ExamCourse,
        models.Sitting,
    )
    sharing.register_part(
        "rules",
        _("Rules, weekly breaks, links between exams, and how prints look"),
        models.RuleSetting,
        models.WeeklyBreak,
        models.ExamLink,
        models.SeatingPolicy,
        models.DutyPolicy,
        models.StaffingStep,
        models.PrintSetting,
    )
