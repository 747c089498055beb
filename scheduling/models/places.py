"""Where exams are sat."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import ProjectModel

from .people import Gender, Programme, Teacher


class Room(ProjectModel):
    class Numbering(models.TextChoices):
        ROWS = "rows", _("along the rows")
        COLUMNS = "columns", _("down the columns")
        SNAKE = "snake", _("down one column and up the next")

    code = models.CharField(_("room"), max_length=40)
    block = models.CharField(_("block"), max_length=60, blank=True)
    campus = models.CharField(_("campus"), max_length=80, blank=True)
    floor = models.SmallIntegerField(_("floor"), default=0)
    rows = models.PositiveSmallIntegerField(_("rows"), default=0)
    columns = models.PositiveSmallIntegerField(_("columns"), default=0)
    seats_per_bench = models.PositiveSmallIntegerField(_("seats per bench"), default=1)
    exam_capacity = models.PositiveIntegerField(_("seats in an exam"))
    teaching_capacity = models.PositiveIntegerField(_("seats in a lesson"), null=True, blank=True)
    features = models.CharField(
        _("features"),
        max_length=200,
        blank=True,
        help_text=_("Words with commas between: computers, sockets"),
    )
    penalty = models.PositiveSmallIntegerField(
        _("dislike"), default=0, help_text=_("0 for a good room; the higher, the later it is used.")
    )
    is_usable = models.BooleanField(_("used for exams"), default=True)
    numbering = models.CharField(
        _("seat numbers"), max_length=7, choices=Numbering.choices, default=Numbering.COLUMNS
    )
    invigilators = models.PositiveSmallIntegerField(
        _("invigilators"), null=True, blank=True, help_text=_("Empty: as the staffing steps say.")
    )

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["block", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "code"],
                name="scheduling_room_once",
                violation_error_message=_("This project already has that room."),
            )
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def feature_set(self) -> frozenset[str]:
        return frozenset(word.strip().casefold() for word in self.features.split(",") if word.strip())


class Seat(ProjectModel):
    """One chair of a room whose layout is more than rows times columns."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="seats", verbose_name=_("room"))
    row = models.PositiveSmallIntegerField(_("row"))
    column = models.PositiveSmallIntegerField(_("column"))
    side = models.PositiveSmallIntegerField(_("place on the bench"), default=1)
    label = models.CharField(_("label"), max_length=20, blank=True)
    x = models.DecimalField(_("metres from the left"), max_digits=6, decimal_places=2, null=True, blank=True)
    y = models.DecimalField(_("metres from the front"), max_digits=6, decimal_places=2, null=True, blank=True)
    attributes = models.CharField(_("attributes"), max_length=200, blank=True)
    is_usable = models.BooleanField(_("may be used"), default=True)

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        ordering = ["room", "row", "column", "side"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "room", "row", "column", "side"],
                name="scheduling_seat_once",
                violation_error_message=_("That room already has that seat."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.room} {self.label or f'{self.row}-{self.column}-{self.side}'}"


class RoomPool(ProjectModel):
    """Rooms that belong together: the women's hall, the computer labs, the north campus."""

    name = models.CharField(_("name"), max_length=100)
    rooms = models.ManyToManyField(Room, related_name="pools", verbose_name=_("rooms"), blank=True)

    class Meta:
        verbose_name = _("pool of rooms")
        verbose_name_plural = _("pools of rooms")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="scheduling_pool_once",
                violation_error_message=_("This project already has that pool."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class CandidateGroup(ProjectModel):
    """Candidates who sit in one pool of rooms only. An empty field means any; the first that fits counts."""

    name = models.CharField(_("name"), max_length=100)
    gender = models.CharField(_("gender"), max_length=1, choices=Gender.choices, blank=True)
    shift = models.CharField(_("shift"), max_length=40, blank=True)
    campus = models.CharField(_("campus"), max_length=80, blank=True)
    programme = models.ForeignKey(
        Programme,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("programme"),
    )
    pool = models.ForeignKey(
        RoomPool, on_delete=models.CASCADE, related_name="groups", verbose_name=_("pool of rooms")
    )

    class Meta:
        verbose_name = _("candidate group")
        verbose_name_plural = _("candidate groups")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="scheduling_group_once",
                violation_error_message=_("This project already has that group."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class RoomClosure(ProjectModel):
    """A room that cannot be used on a date, all day or for a part of it."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="closures", verbose_name=_("room"))
    date = models.DateField(_("date"))
    starts = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("room closure")
        verbose_name_plural = _("room closures")
        ordering = ["date", "starts"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "room", "date", "starts"],
                name="scheduling_closure_once",
                violation_error_message=_("That closure is noted already."),
            ),
            models.UniqueConstraint(
                fields=["project", "room", "date"],
                condition=Q(starts__isnull=True),
                name="scheduling_closure_day_once",
                violation_error_message=_("That closure is noted already."),
            ),
            models.CheckConstraint(
                condition=Q(starts__isnull=True, ends__isnull=True) | Q(ends__gt=F("starts")),
                name="scheduling_closure_ends_after_start",
                violation_error_message=_(
                    "Give both times, the later one second, or neither for the whole day."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room}: {self.date}"


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Lesson(ProjectModel):
    """A weekly lesson that goes on during the exams: its room and its teacher are busy."""

    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    first_on = models.DateField(_("first on"), null=True, blank=True)
    last_on = models.DateField(_("last on"), null=True, blank=True)
    room = models.ForeignKey(
        Room, null=True, blank=True, on_delete=models.CASCADE, related_name="lessons", verbose_name=_("room")
    )
    teacher = models.ForeignKey(
        Teacher,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="lessons",
        verbose_name=_("teacher"),
    )
    label = models.CharField(_("what"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")
        ordering = ["weekday", "starts"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="scheduling_lesson_ends_after_start",
                violation_error_message=_("The lesson must end after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(room__isnull=False) | Q(teacher__isnull=False),
                name="scheduling_lesson_needs_room_or_teacher",
                violation_error_message=_("Name the room or the teacher that is busy."),
            ),
        ]
        indexes = [models.Index(fields=["project", "weekday"], name="scheduling_lesson_weekday")]

    def __str__(self) -> str:
        return self.label or f"{self.get_weekday_display()} {self.starts:%H:%M}"
