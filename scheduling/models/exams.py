"""What is taught, who is registered, what is sat, and what must hold between exams."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import ProjectModel

from .calendar import Period
from .people import Department, Student
from .places import Room, RoomPool


class Course(ProjectModel):
    class Kind(models.TextChoices):
        THEORY = "theory", _("theory")
        PRACTICAL = "practical", _("practical")
        VIVA = "viva", _("viva")

    code = models.CharField(_("course code"), max_length=40)
    title = models.CharField(_("title"), max_length=250)
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="courses",
        verbose_name=_("department"),
    )
    credits = models.DecimalField(_("credits"), max_digits=4, decimal_places=1, null=True, blank=True)
    duration = models.PositiveSmallIntegerField(_("duration (min)"), null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.THEORY)
    # Courses of one common group are examined by one exam.
    common_group = models.CharField(_("common exam"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "code"],
                name="scheduling_course_once",
                violation_error_message=_("This project already has that course."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Registration(ProjectModel):
    class Kind(models.TextChoices):
        REGULAR = "regular", _("regular")
        REPEAT = "repeat", _("repeat")
        IMPROVEMENT = "improvement", _("improvement")
        DEFERRED = "deferred", _("deferred")

    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, related_name="registrations", verbose_name=_("student")
    )
    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="registrations", verbose_name=_("course")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.REGULAR)
    section = models.CharField(_("section"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "student", "course"],
                name="scheduling_registration_once",
                violation_error_message=_("That student is registered for this course already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.student}: {self.course}"


class Exam(ProjectModel):
    """What is sat for one or several courses, in one sitting or in batches."""

    code = models.CharField(_("exam code"), max_length=40)
    title = models.CharField(_("title"), max_length=250)
    duration = models.PositiveSmallIntegerField(_("duration (min)"), validators=[MinValueValidator(1)])
    batch_size = models.PositiveSmallIntegerField(
        _("candidates per sitting"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("For practicals and vivas held in batches. Empty: all at once."),
    )
    needs_room = models.BooleanField(_("needs a room"), default=True)
    max_rooms = models.PositiveSmallIntegerField(
        _("most rooms"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: as many as it needs."),
    )
    is_alone_in_room = models.BooleanField(_("no other exam in its rooms"), default=False)
    room_features = models.CharField(_("features that its rooms need"), max_length=200, blank=True)
    front_load = models.BooleanField(_("better early"), default=False)
    last_season_position = models.DecimalField(
        _("place in last season (0 first, 1 last)"), max_digits=4, decimal_places=3, null=True, blank=True
    )
    note = models.CharField(_("note"), max_length=250, blank=True)
    courses = models.ManyToManyField(
        Course, through="ExamCourse", related_name="exams", verbose_name=_("courses")
    )

    class Meta:
        verbose_name = _("exam")
        verbose_name_plural = _("exams")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "code"],
                name="scheduling_exam_once",
                violation_error_message=_("This project already has that exam."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class ExamCourse(ProjectModel):
    """A course, or one section of it, is examined by an exam."""

    exam = models.ForeignKey(
        Exam, on_delete=models.CASCADE, related_name="exam_courses", verbose_name=_("exam")
    )
    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="exam_courses", verbose_name=_("course")
    )

    class Meta:
        verbose_name = _("course of an exam")
        verbose_name_plural = _("courses of an exam")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "course"],
                name="scheduling_examcourse_once",
                violation_error_message=_(
                    "That course is examined by another exam: take it out there first."
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.exam.code}: {self.course.code}"


class Sitting(ProjectModel):
    """One batch of an exam. An ordinary exam has one, for all its candidates."""

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="sittings", verbose_name=_("exam"))
    number = models.PositiveSmallIntegerField(_("sitting"), default=1)

    class Meta:
        verbose_name = _("sitting")
        verbose_name_plural = _("sittings")
        ordering = ["exam", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "exam", "number"],
                name="scheduling_sitting_once",
                violation_error_message=_("That exam already has that sitting."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.exam.code} ({self.number})"


class SittingCandidate(ProjectModel):
    """Who sits in which batch. Only exams in several sittings have these rows."""

    keeps_history = False  # it follows from the registrations

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="candidates")
    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("candidate of a sitting")
        verbose_name_plural = _("candidates of sittings")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "student", "sitting"], name="scheduling_sittingcandidate_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sitting}: {self.student}"


class FixedPlacement(ProjectModel):
    """Where an exam must be: a date, a period, a room, or several of these. Uploaded or pinned."""

    class Origin(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        PINNED = "pinned", _("pinned by a planner")

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="fixed", verbose_name=_("exam"))
    sitting_number = models.PositiveSmallIntegerField(_("sitting"), default=1)
    date = models.DateField(_("date"), null=True, blank=True)
    period = models.ForeignKey(
        Period,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="fixed",
        verbose_name=_("period"),
    )
    room = models.ForeignKey(
        Room, null=True, blank=True, on_delete=models.CASCADE, related_name="fixed", verbose_name=_("room")
    )
    origin = models.CharField(_("origin"), max_length=8, choices=Origin.choices, default=Origin.UPLOADED)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("fixed placement")
        verbose_name_plural = _("fixed placements")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "exam", "sitting_number", "room"],
                name="scheduling_fixed_once",
                violation_error_message=_("That exam is fixed already: change that row instead."),
            ),
            models.UniqueConstraint(
                fields=["project", "exam", "sitting_number"],
                condition=Q(room__isnull=True),
                name="scheduling_fixed_time_once",
                violation_error_message=_("That exam is fixed already: change that row instead."),
            ),
            models.CheckConstraint(
                condition=Q(date__isnull=False) | Q(period__isnull=False) | Q(room__isnull=False),
                name="scheduling_fixed_says_something",
                violation_error_message=_("Fix a date, a period or a room."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam.code}: {self.period or self.date or self.room}"


class ExamRule(ProjectModel):
    """Periods, days or rooms that one exam may, must not or should use."""

    class Kind(models.TextChoices):
        ONLY = "only", _("only")
        NEVER = "never", _("never")
        PREFER = "prefer", _("rather")
        AVOID = "avoid", _("rather not")

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="rules", verbose_name=_("exam"))
    kind = models.CharField(_("how"), max_length=6, choices=Kind.choices)
    date = models.DateField(_("date"), null=True, blank=True)
    period = models.ForeignKey(
        Period, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("period")
    )
    room = models.ForeignKey(
        Room, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("room")
    )
    pool = models.ForeignKey(
        RoomPool,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("pool of rooms"),
    )
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)

    class Meta:
        verbose_name = _("exam's own rule")
        verbose_name_plural = _("exams' own rules")
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(date__isnull=False, period__isnull=True, room__isnull=True, pool__isnull=True)
                    | Q(date__isnull=True, period__isnull=False, room__isnull=True, pool__isnull=True)
                    | Q(date__isnull=True, period__isnull=True, room__isnull=False, pool__isnull=True)
                    | Q(date__isnull=True, period__isnull=True, room__isnull=True, pool__isnull=False)
                ),
                name="scheduling_examrule_one_subject",
                violation_error_message=_("Name one thing: a date, a period, a room or a pool."),
            )
        ]
        indexes = [models.Index(fields=["project", "exam"], name="scheduling_examrule_exam")]

    def __str__(self) -> str:
        subject = self.date or self.period or self.room or self.pool
        return f"{self.exam.code}: {self.get_kind_display()} {subject}"


class ExamLink(ProjectModel):
    """What must or should hold between two exams."""

    class Kind(models.TextChoices):
        SAME_PERIOD = "same period", _("in the same period")
        DIFFERENT_PERIOD = "different period", _("in different periods")
        BEFORE = "before", _("the first before the second")
        SAME_DAY = "same day", _("on the same day")
        DIFFERENT_DAY = "different day", _("on different days")
        MIN_GAP = "minimum gap", _("with a gap of days between")
        SAME_ROOM = "same room", _("in the same rooms")
        DIFFERENT_ROOM = "different room", _("in different rooms")

    kind = models.CharField(_("how"), max_length=16, choices=Kind.choices)
    exam_a = models.ForeignKey(
        Exam, on_delete=models.CASCADE, related_name="links_from", verbose_name=_("first exam")
    )
    exam_b = models.ForeignKey(
        Exam, on_delete=models.CASCADE, related_name="links_to", verbose_name=_("second exam")
    )
    is_hard = models.BooleanField(_("must hold"), default=True)
    weight = models.PositiveSmallIntegerField(_("weight"), default=10)
    gap_days = models.PositiveSmallIntegerField(_("free days between"), default=1)

    class Meta:
        verbose_name = _("link between exams")
        verbose_name_plural = _("links between exams")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "exam_a", "exam_b", "kind"],
                name="scheduling_link_once",
                violation_error_message=_("These exams have that link already."),
            ),
            models.CheckConstraint(
                condition=~Q(exam_a=F("exam_b")),
                name="scheduling_link_two_exams",
                violation_error_message=_("Choose two different exams."),
            ),
            models.CheckConstraint(
                condition=Q(is_hard=True) | ~Q(kind__in=["same room", "different room"]),
                name="scheduling_link_room_is_hard",
                violation_error_message=_("A link about rooms must hold: tick “must hold”."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam_a.code} {self.get_kind_display()} {self.exam_b.code}"


class AllowedClash(ProjectModel):
    """A student's two exams that may be held at once; the student waits under supervision between them."""

    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, related_name="allowed_clashes", verbose_name=_("student")
    )
    exam_a = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="+", verbose_name=_("one exam"))
    exam_b = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="+", verbose_name=_("other exam"))
    is_supervised = models.BooleanField(_("kept under supervision between the two"), default=True)
    reason = models.CharField(_("reason"), max_length=250)

    class Meta:
        verbose_name = _("allowed clash")
        verbose_name_plural = _("allowed clashes")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "student", "exam_a", "exam_b"],
                name="scheduling_allowedclash_once",
                violation_error_message=_("That clash is allowed already."),
            ),
            models.CheckConstraint(
                condition=~Q(exam_a=F("exam_b")),
                name="scheduling_allowedclash_two_exams",
                violation_error_message=_("Choose two different exams."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student}: {self.exam_a.code}, {self.exam_b.code}"
