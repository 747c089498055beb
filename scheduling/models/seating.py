"""Who sits on which chair, and how a season wants its candidates seated."""

from decimal import Decimal

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.models import ProjectModel, StoredFile

from .calendar import Period
from .exams import Exam
from .people import Student
from .places import Room
from .solutions import Placement, Solution


class SeatingPolicy(ProjectModel):
    """How a season seats its candidates. A project without this row uses the defaults."""

    class Neighbours(models.TextChoices):
        NONE = "none", _("anybody may sit anywhere")
        BENCH = "bench", _("bench mates sit different exams")
        SIDES = "sides", _("left and right sit different exams")
        FOUR = "four", _("left, right, front and back sit different exams")
        EIGHT = "eight", _("diagonals too sit different exams")
        DISTANCE = "distance", _("candidates of one exam keep a distance")

    class Order(models.TextChoices):
        MIXED = "mixed", _("mixed, as the neighbours ask for")
        ROLL = "roll", _("by ascending roll number")

    neighbours = models.CharField(
        _("neighbours"), max_length=8, choices=Neighbours.choices, default=Neighbours.FOUR
    )
    metres = models.DecimalField(
        _("distance in metres"),
        max_digits=4,
        decimal_places=2,
        default=Decimal("1.25"),
        help_text=_("From chair to chair; used where candidates of one exam keep a distance."),
    )
    order = models.CharField(_("order"), max_length=5, choices=Order.choices, default=Order.MIXED)
    # Seats of a room that stay free, for whoever turns up.
    spare_seats = models.PositiveSmallIntegerField(_("seats kept free in each room"), default=0)
    spare_percent = models.PositiveSmallIntegerField(
        _("percent of each room kept free"), default=0, validators=[MaxValueValidator(90)]
    )

    class Meta:
        verbose_name = _("seating policy")
        verbose_name_plural = _("seating policies")
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                name="scheduling_seatingpolicy_once",
                violation_error_message=_("This project has its seating policy already: change it instead."),
            )
        ]

    def __str__(self) -> str:
        return self.get_neighbours_display()


class Seating(ProjectModel):
    """A candidate of a placement on a chair, in one Solution."""

    keeps_history = False  # a solution is written whole, and again rather than changed

    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="seatings")
    placement = models.ForeignKey(Placement, on_delete=models.CASCADE, related_name="seatings")
    # The placement's own period, again: what keeps two candidates off one chair.
    period = models.ForeignKey(Period, on_delete=models.RESTRICT, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="seatings")
    room = models.ForeignKey(Room, on_delete=models.RESTRICT, related_name="seatings")
    row = models.PositiveSmallIntegerField(_("row"))
    column = models.PositiveSmallIntegerField(_("column"))
    side = models.PositiveSmallIntegerField(_("place on the bench"), default=1)
    # As it stands on the chair: once printed, the plan keeps it whatever becomes of the layout.
    label = models.CharField(_("seat"), max_length=20)

    class Meta:
        verbose_name = _("seat of a candidate")
        verbose_name_plural = _("seats of candidates")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "solution", "placement", "student"], name="scheduling_seating_once"
            ),
            models.UniqueConstraint(
                fields=["project", "solution", "period", "room", "row", "column", "side"],
                name="scheduling_seating_one_to_a_chair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room} {self.label}: {self.student}"


class SeatPin(ProjectModel):
    """A candidate sits on this chair in an exam, in every run from now on."""

    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, related_name="seat_pins", verbose_name=_("student")
    )
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="seat_pins", verbose_name=_("exam"))
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="seat_pins", verbose_name=_("room"))
    row = models.PositiveSmallIntegerField(_("row"))
    column = models.PositiveSmallIntegerField(_("column"))
    side = models.PositiveSmallIntegerField(_("place on the bench"), default=1)

    class Meta:
        verbose_name = _("pinned seat")
        verbose_name_plural = _("pinned seats")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "student", "exam"],
                name="scheduling_seatpin_once",
                violation_error_message=_("That candidate's seat is pinned already: change it instead."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.student}, {self.exam.code}: {self.room} {self.row}-{self.column}"


class StudentPhoto(ProjectModel):
    """A student's picture, as it came in a zip named by roll number."""

    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, related_name="photos", verbose_name=_("student")
    )
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="+", verbose_name=_("file"))

    class Meta:
        verbose_name = _("photo of a student")
        verbose_name_plural = _("photos of students")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "student"],
                name="scheduling_photo_once",
                violation_error_message=_("That student has a photo already: replace it."),
            )
        ]

    def __str__(self) -> str:
        return str(self.student)
