"""Students who sit, teachers who watch, and what the office knows of both."""

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import ProjectModel


class Gender(models.TextChoices):
    FEMALE = "F", _("female")
    MALE = "M", _("male")
    OTHER = "X", _("other")


class Department(ProjectModel):
    name = models.CharField(_("name"), max_length=150)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="scheduling_department_once",
                violation_error_message=_("This project already has that department."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Programme(ProjectModel):
    name = models.CharField(_("name"), max_length=150)

    class Meta:
        verbose_name = _("programme")
        verbose_name_plural = _("programmes")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="scheduling_programme_once",
                violation_error_message=_("This project already has that programme."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Student(ProjectModel):
    """A candidate. Programme, semester and shift together are the cohort."""

    roll_no = models.CharField(_("roll number"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    father_name = models.CharField(_("father's name"), max_length=200, blank=True)
    programme = models.ForeignKey(
        Programme,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="students",
        verbose_name=_("programme"),
    )
    semester = models.CharField(_("semester"), max_length=20, blank=True)
    section = models.CharField(_("section"), max_length=40, blank=True)
    shift = models.CharField(_("shift"), max_length=40, blank=True)
    campus = models.CharField(_("campus"), max_length=80, blank=True)
    gender = models.CharField(_("gender"), max_length=1, choices=Gender.choices, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)

    class Meta:
        verbose_name = _("student")
        verbose_name_plural = _("students")
        ordering = ["roll_no"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "roll_no"],
                name="scheduling_student_once",
                violation_error_message=_("This project already has a student with that roll number."),
            )
        ]
        indexes = [
            models.Index(fields=["project", "programme", "semester"], name="scheduling_student_cohort")
        ]

    def __str__(self) -> str:
        return f"{self.roll_no} {self.name}"


class Hold(ProjectModel):
    """A student who is seated and marked, but whose slip is withheld until the hold is released."""

    is_confidential = True

    class Kind(models.TextChoices):
        FEES = "fees", _("fees")
        ATTENDANCE = "attendance", _("attendance")
        DISCIPLINE = "discipline", _("discipline")
        OTHER = "other", _("other")

    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, related_name="holds", verbose_name=_("student")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    reason = models.CharField(_("reason"), max_length=250, blank=True)
    placed_at = models.DateTimeField(_("placed at"), auto_now_add=True)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "student", "kind"],
                condition=Q(released_at__isnull=True),
                name="scheduling_hold_once",
                violation_error_message=_("That student has this hold already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.student}: {self.get_kind_display()}"


class AccessArrangement(ProjectModel):
    """What a candidate needs in order to sit fairly. Shown to those who need it, and on no door."""

    is_confidential = True

    class Kind(models.TextChoices):
        EXTRA_TIME = "extra time", _("extra time")
        OWN_ROOM = "own room", _("own room")
        GROUND_FLOOR = "ground floor", _("ground floor")
        READER = "reader", _("reader")
        SCRIBE = "scribe", _("scribe")
        FRONT_SEAT = "front seat", _("front seat")
        OTHER = "other", _("other")

    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, related_name="arrangements", verbose_name=_("student")
    )
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    extra_percent = models.PositiveSmallIntegerField(
        _("extra time in percent"), default=0, validators=[MaxValueValidator(200)]
    )
    extra_minutes = models.PositiveSmallIntegerField(_("extra minutes"), default=0)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=250, blank=True)

    class Meta:
        verbose_name = _("access arrangement")
        verbose_name_plural = _("access arrangements")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "student", "kind"],
                name="scheduling_arrangement_once",
                violation_error_message=_("That student has this arrangement already: change it instead."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.student}: {self.get_kind_display()}"

    def holds_on(self, day: date) -> bool:
        return self.valid_until is None or day <= self.valid_until

    def minutes_for(self, duration: int) -> int:
        """Extra minutes on an exam of that many minutes, rounded up to the next whole minute."""
        return self.extra_minutes + -(-duration * self.extra_percent // 100)


class Designation(ProjectModel):
    """A rank of teachers, with the duties that come with it."""

    name = models.CharField(_("name"), max_length=100)
    rank = models.PositiveSmallIntegerField(_("rank"), default=0, help_text=_("1 is the most senior."))
    min_duties = models.PositiveSmallIntegerField(_("least duties"), default=0)
    max_duties = models.PositiveSmallIntegerField(_("most duties"), null=True, blank=True)
    weight = models.DecimalField(
        _("share of duties"), max_digits=5, decimal_places=2, default=1, validators=[MinValueValidator(0)]
    )

    class Meta:
        verbose_name = _("designation")
        verbose_name_plural = _("designations")
        ordering = ["rank", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="scheduling_designation_once",
                violation_error_message=_("This project already has that designation."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Teacher(ProjectModel):
    staff_no = models.CharField(_("staff number"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="teachers",
        verbose_name=_("department"),
    )
    designation = models.ForeignKey(
        Designation,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="teachers",
        verbose_name=_("designation"),
    )
    gender = models.CharField(_("gender"), max_length=1, choices=Gender.choices, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    max_duties = models.PositiveSmallIntegerField(_("most duties"), null=True, blank=True)
    may_invigilate = models.BooleanField(_("may invigilate"), default=True)
    share = models.DecimalField(
        _("share of a full post"),
        max_digits=3,
        decimal_places=2,
        default=1,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("0.5 for half-time: half the duties."),
    )
    # The ledger: what earlier seasons gave too much (above 0) or too little, in minutes.
    carried_minutes = models.IntegerField(
        _("minutes carried over"),
        default=0,
        help_text=_("Above 0: watched more than the target in earlier seasons, so watches less now."),
    )

    class Meta:
        verbose_name = _("teacher")
        verbose_name_plural = _("teachers")
        ordering = ["staff_no"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "staff_no"],
                name="scheduling_teacher_once",
                violation_error_message=_("This project already has a teacher with that staff number."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.staff_no})"


class Teaches(ProjectModel):
    """A teacher teaches, and so examines, a course."""

    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="teaches", verbose_name=_("teacher")
    )
    course = models.ForeignKey(
        "scheduling.Course", on_delete=models.CASCADE, related_name="taught_by", verbose_name=_("course")
    )
    section = models.CharField(_("section"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("taught course")
        verbose_name_plural = _("taught courses")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "teacher", "course", "section"],
                name="scheduling_teaches_once",
                violation_error_message=_("That teacher has this course already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.teacher}: {self.course}"


class Unavailability(ProjectModel):
    """A teacher is away on a date, all day or for a part of it."""

    class Decision(models.TextChoices):
        REQUESTED = "requested", _("requested")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="unavailabilities", verbose_name=_("teacher")
    )
    date = models.DateField(_("date"))
    starts = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=250, blank=True)
    decision = models.CharField(
        _("decision"), max_length=10, choices=Decision.choices, default=Decision.APPROVED
    )

    class Meta:
        verbose_name = _("unavailability")
        verbose_name_plural = _("unavailabilities")
        ordering = ["date", "starts"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "teacher", "date", "starts"],
                name="scheduling_unavailability_once",
                violation_error_message=_("That absence is noted already."),
            ),
            models.UniqueConstraint(
                fields=["project", "teacher", "date"],
                condition=Q(starts__isnull=True),
                name="scheduling_unavailability_day_once",
                violation_error_message=_("That absence is noted already."),
            ),
            models.CheckConstraint(
                condition=Q(starts__isnull=True, ends__isnull=True) | Q(ends__gt=F("starts")),
                name="scheduling_unavailability_ends_after_start",
                violation_error_message=_(
                    "Give both times, the later one second, or neither for the whole day."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.teacher}: {self.date}"
