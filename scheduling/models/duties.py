"""Posts that must be watched, who watches them, and what the office asks of that."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import ProjectModel

from .calendar import Period
from .people import Student, Teacher
from .places import Room
from .solutions import Solution


class Role(models.TextChoices):
    INVIGILATOR = "invigilator", _("invigilator")
    RESERVE = "reserve", _("reserve")
    SUPERINTENDENT = "superintendent", _("superintendent")
    READER = "reader", _("reader")
    SCRIBE = "scribe", _("scribe")
    SUPERVISOR = "supervisor", _("supervisor between two exams")


class DutyPolicy(ProjectModel):
    """How a season staffs its rooms. A project without this row uses the defaults."""

    class SameDay(models.TextChoices):
        ANY = "any", _("it does not matter")
        KEEP = "keep", _("rather both sessions of a day")
        ONE = "one", _("at most one duty a day")

    least_per_room = models.PositiveSmallIntegerField(_("least invigilators in a room"), default=1)
    rooms_per_reserve = models.PositiveSmallIntegerField(
        _("rooms per reserve"), default=6, help_text=_("One reserve for so many rooms of a period; 0: none.")
    )
    rooms_per_superintendent = models.PositiveSmallIntegerField(
        _("rooms per superintendent"), default=0, help_text=_("One for so many rooms of a block; 0: none.")
    )
    senior_rank = models.PositiveSmallIntegerField(
        _("superintendents' lowest rank"),
        default=2,
        help_text=_("Of the designations; 1 is the most senior."),
    )
    gap_minutes = models.PositiveSmallIntegerField(_("minutes between two duties"), default=0)
    same_day = models.CharField(
        _("two duties on a day"), max_length=4, choices=SameDay.choices, default=SameDay.ANY
    )
    report_before = models.PositiveSmallIntegerField(_("minutes to report before the start"), default=30)

    class Meta:
        verbose_name = _("duty policy")
        verbose_name_plural = _("duty policies")
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                name="scheduling_dutypolicy_once",
                violation_error_message=_("This project has its duty policy already: change it instead."),
            )
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class StaffingStep(ProjectModel):
    """Invigilators for a room of so many candidates: `base`, and one more per started `per` above `first`.

    A remainder of at most `tolerance` candidates asks for nobody more.
    """

    first = models.PositiveSmallIntegerField(_("from candidates"), default=1)
    last = models.PositiveSmallIntegerField(_("to candidates"), null=True, blank=True)
    base = models.PositiveSmallIntegerField(_("invigilators"), default=1)
    per = models.PositiveSmallIntegerField(
        _("one more per"), null=True, blank=True, help_text=_("Started so many candidates; empty: none.")
    )
    tolerance = models.PositiveSmallIntegerField(_("a remainder that asks for nobody"), default=0)

    class Meta:
        verbose_name = _("staffing step")
        verbose_name_plural = _("staffing steps")
        ordering = ["first"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "first"],
                name="scheduling_staffing_once",
                violation_error_message=_("A step begins there already: change it instead."),
            ),
            models.CheckConstraint(
                condition=Q(last__isnull=True) | Q(last__gte=F("first")),
                name="scheduling_staffing_in_order",
                violation_error_message=_("The step must end where it begins or later."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first}–{self.last or '…'}: {self.base}"


class Duty(ProjectModel):
    """A post in a period of one Solution, and who watches it; without a teacher it is open.

    A post without a room serves a block, or the whole period. Its times hold the extra time of the candidates
    in its room.
    """

    keeps_history = False  # a solution is written whole, and again rather than changed

    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="duties")
    period = models.ForeignKey(Period, on_delete=models.RESTRICT, related_name="+", verbose_name=_("period"))
    room = models.ForeignKey(
        Room,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="duties",
        verbose_name=_("room"),
    )
    block = models.CharField(_("block"), max_length=60, blank=True)
    role = models.CharField(_("role"), max_length=14, choices=Role.choices)
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    starts = models.TimeField(_("start"))
    ends = models.TimeField(_("end"))
    # A reader or scribe works for one candidate, a supervisor waits with one.
    student = models.ForeignKey(
        Student,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("student"),
    )
    # If the teacher leaves, the post is open again.
    teacher = models.ForeignKey(
        Teacher,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="duties",
        verbose_name=_("teacher"),
    )

    class Meta:
        verbose_name = _("duty")
        verbose_name_plural = _("duties")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "solution", "period", "room", "block", "role", "number"],
                name="scheduling_duty_once",
            ),
            models.UniqueConstraint(
                fields=["project", "solution", "period", "teacher"],
                name="scheduling_duty_one_place_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")), name="scheduling_duty_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period}: {self.get_role_display()} {self.room or self.block}".strip()

    @property
    def minutes(self) -> int:
        return (self.ends.hour - self.starts.hour) * 60 + self.ends.minute - self.starts.minute


class DutyPin(ProjectModel):
    """A teacher has this duty, in every run from now on."""

    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="duty_pins", verbose_name=_("teacher")
    )
    period = models.ForeignKey(
        Period, on_delete=models.CASCADE, related_name="duty_pins", verbose_name=_("period")
    )
    role = models.CharField(_("role"), max_length=14, choices=Role.choices, default=Role.INVIGILATOR)
    room = models.ForeignKey(
        Room,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="duty_pins",
        verbose_name=_("room"),
        help_text=_("Empty: any room."),
    )

    class Meta:
        verbose_name = _("pinned duty")
        verbose_name_plural = _("pinned duties")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "teacher", "period"],
                name="scheduling_dutypin_once",
                violation_error_message=_("That teacher's duty in this period is pinned already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.teacher}: {self.period}"


class Exemption(ProjectModel):
    """A teacher has no duties for a stretch of days, such as the weeks of a leave."""

    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="exemptions", verbose_name=_("teacher")
    )
    first_on = models.DateField(_("first on"))
    last_on = models.DateField(_("last on"))
    reason = models.CharField(_("reason"), max_length=250, blank=True)

    class Meta:
        verbose_name = _("exemption")
        verbose_name_plural = _("exemptions")
        ordering = ["first_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "teacher", "first_on"],
                name="scheduling_exemption_once",
                violation_error_message=_("An exemption of that teacher begins on that day already."),
            ),
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")),
                name="scheduling_exemption_in_order",
                violation_error_message=_("The last day must not lie before the first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.teacher}: {self.first_on}–{self.last_on}"


class TeacherPair(ProjectModel):
    """Two teachers who must not, or had better, watch one room together."""

    class Kind(models.TextChoices):
        NEVER = "never", _("never together")
        TOGETHER = "together", _("rather together")

    teacher_a = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="+", verbose_name=_("one teacher")
    )
    teacher_b = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="+", verbose_name=_("other teacher")
    )
    kind = models.CharField(_("how"), max_length=8, choices=Kind.choices, default=Kind.NEVER)

    class Meta:
        verbose_name = _("pair of teachers")
        verbose_name_plural = _("pairs of teachers")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "teacher_a", "teacher_b"],
                name="scheduling_pair_once",
                violation_error_message=_("These two are a pair already."),
            ),
            models.CheckConstraint(
                condition=~Q(teacher_a=F("teacher_b")),
                name="scheduling_pair_two_teachers",
                violation_error_message=_("Choose two different teachers."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.teacher_a} {self.get_kind_display()} {self.teacher_b}"


class Relative(ProjectModel):
    """A teacher related to a candidate, who must not watch that candidate's room alone."""

    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="relatives", verbose_name=_("teacher")
    )
    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, related_name="relatives", verbose_name=_("student")
    )

    class Meta:
        verbose_name = _("relative")
        verbose_name_plural = _("relatives")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "teacher", "student"],
                name="scheduling_relative_once",
                violation_error_message=_("That is noted already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.teacher}: {self.student}"
