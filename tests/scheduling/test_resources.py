"""What leaves by an export comes in again unchanged, and into another project as it was."""

from datetime import UTC, date, datetime, time

import pytest
import tablib

from scheduling.models import (
    AllowedClash,
    ExamLink,
    ExamRule,
    Exemption,
    FixedPlacement,
    Hold,
    PrintSetting,
    Relative,
    RoomPool,
    Seat,
    StaffingStep,
    TeacherPair,
)
from scheduling.resources import exams, papers, sheets
from tests.factories.scheduling import ExamFactory, PeriodFactory, RoomFactory, StudentFactory, TeacherFactory

DAY = date(2027, 1, 4)


def fill(project, *, with_rows: bool) -> None:
    """What other rows name, and with `with_rows` a few rows of each table that is exported here."""
    one, two = (ExamFactory(project=project, code=code) for code in ("X-1", "X-2"))
    student = StudentFactory(project=project, roll_no="R1")
    room = RoomFactory(project=project, code="B-1")
    pool = RoomPool.objects.create(project=project, name="Labs")
    period = PeriodFactory(project=project, date=DAY, starts=time(9), ends=time(12))
    teachers = [TeacherFactory(project=project, staff_no=f"T{number}") for number in (1, 2)]
    if not with_rows:
        return
    StaffingStep.objects.create(project=project, first=31, last=90, base=2, per=30, tolerance=5)
    days = {"first_on": DAY, "last_on": date(2027, 1, 8)}
    Exemption.objects.create(project=project, teacher=teachers[0], reason="leave", **days)
    TeacherPair.objects.create(project=project, teacher_a=teachers[0], teacher_b=teachers[1], kind="together")
    Relative.objects.create(project=project, teacher=teachers[1], student=student)
    fixed = FixedPlacement.objects
    fixed.create(project=project, exam=one, period=period, note="as ever")
    fixed.create(project=project, exam=one, room=room, sitting_number=2)
    fixed.create(project=project, exam=two, date=DAY)
    for subject in ({"date": DAY}, {"period": period}, {"room": room}, {"pool": pool}):
        ExamRule.objects.create(project=project, exam=one, kind="avoid", weight=7, **subject)
    ExamLink.objects.create(
        project=project, exam_a=one, exam_b=two, kind="minimum gap", gap_days=3, is_hard=False
    )
    AllowedClash.objects.create(
        project=project, student=student, exam_a=one, exam_b=two, reason="both repeated"
    )
    Hold.objects.create(project=project, student=student, kind="fees", reason="second instalment")
    released = datetime(2027, 1, 2, 15, 30, tzinfo=UTC)
    Hold.objects.create(project=project, student=student, kind="attendance", released_at=released)
    Seat.objects.create(project=project, room=room, row=1, column=2, side=1, label="A1", x="1.50")
    PrintSetting.objects.create(
        project=project, print_code="by_day", title="Date sheet", instructions="One.\nTwo."
    )


@pytest.mark.parametrize(
    ("resource", "columns"),
    [
        (exams.FixedPlacementResource, ["Exam Code", "Sitting", "Date", "Period", "Room", "Note"]),
        (exams.ExamRuleResource, ["Exam Code", "How", "Date", "Period", "Room", "Pool", "Weight"]),
        (exams.ExamLinkResource, ["Exam A", "Kind", "Exam B", "Must Hold", "Weight", "Gap Days"]),
        (exams.AllowedClashResource, ["Roll No", "Exam A", "Exam B", "Supervised", "Reason"]),
        (papers.HoldResource, ["Roll No", "Kind", "Reason", "Released on"]),
        (
            papers.PrintSettingResource,
            ["Print", "Title", "Notification No", "Instructions", "Signed by", "As"],
        ),
        (sheets.SeatResource, None),
        (
            sheets.StaffingStepResource,
            ["From Candidates", "To Candidates", "Invigilators", "One More per", "Tolerance"],
        ),
        (sheets.ExemptionResource, ["Staff No", "First on", "Last on", "Reason"]),
        (sheets.TeacherPairResource, ["Staff No", "Other Staff No", "How"]),
        (sheets.RelativeResource, ["Staff No", "Roll No"]),
    ],
)
def test_what_is_exported_can_be_imported(season, other_season, resource, columns):
    fill(season, with_rows=True)
    fill(other_season, with_rows=False)
    exported = resource(project=season).export()
    assert columns in (None, exported.headers)
    assert len(exported) == resource._meta.model.objects.for_project(season).count() > 0

    again = resource(project=season).import_data(tablib.Dataset(*exported, headers=exported.headers))
    assert {kind: n for kind, n in again.totals.items() if n} == {"skip": len(exported)}

    there = resource(project=other_season)
    copied = there.import_data(tablib.Dataset(*exported, headers=exported.headers))
    assert {kind: n for kind, n in copied.totals.items() if n} == {"new": len(exported)}
    assert sorted(map(str, there.export())) == sorted(map(str, exported))


def test_a_period_that_is_none_and_a_hold_of_nobody_are_told(season):
    fill(season, with_rows=False)
    rows = tablib.Dataset(["X-1", "2027-01-04 13:00"], headers=["Exam Code", "Period"])
    (row,) = exams.FixedPlacementResource(project=season).import_data(rows).invalid_rows
    assert "No period starts at" in str(row.error)
    rows = tablib.Dataset(["R9", "fees"], headers=["Roll No", "Kind"])
    (row,) = papers.HoldResource(project=season).import_data(rows).invalid_rows
    assert "No student R9 is known" in str(row.error)


def test_a_hold_is_released_by_its_day(season):
    fill(season, with_rows=True)
    rows = tablib.Dataset(["R1", "fees", "05/01/2027"], headers=["Roll No", "Kind", "Released on"])
    assert papers.HoldResource(project=season).import_data(rows).totals["update"] == 1
    assert Hold.objects.get(kind="fees").released_at.date() == date(2027, 1, 5)
