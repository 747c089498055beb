"""When exams are sat."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from projects.models import ProjectModel

from .places import Weekday


class Holiday(ProjectModel):
    date = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "date"],
                name="scheduling_holiday_once",
                violation_error_message=_("That day is a holiday already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}".strip()


class WeeklyBreak(ProjectModel):
    """Hours of a weekday in which nothing is held, such as Friday prayers."""

    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    name = models.CharField(_("name"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("weekly break")
        verbose_name_plural = _("weekly breaks")
        ordering = ["weekday", "starts"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "weekday", "starts"],
                name="scheduling_break_once",
                violation_error_message=_("That break is noted already."),
            ),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="scheduling_break_ends_after_start",
                violation_error_message=_("The break must end after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.get_weekday_display()} {self.starts:%H:%M}"


class Period(ProjectModel):
    """A stretch of a day in which exams are sat. Periods of a project never overlap."""

    date = models.DateField(_("date"))
    label = models.CharField(_("period"), max_length=20, blank=True)
    starts = models.TimeField(_("start"))
    ends = models.TimeField(_("end"))
    penalty = models.PositiveIntegerField(
        _("dislike"), default=0, help_text=_("0 for a good period; the higher, the later it is used.")
    )
    max_exams = models.PositiveIntegerField(_("most exams"), null=True, blank=True)
    max_candidates = models.PositiveIntegerField(_("most candidates"), null=True, blank=True)
    max_rooms = models.PositiveIntegerField(
        _("most rooms"), null=True, blank=True, help_text=_("As many as there are invigilators at hand.")
    )

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("periods")
        ordering = ["date", "starts"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "date", "starts"],
                name="scheduling_period_once",
                violation_error_message=_("A period of that day starts at that time already."),
            ),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="scheduling_period_ends_after_start",
                violation_error_message=_("The period must end after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return f"{date_format(self.date, 'D d M')} {self.label or self.starts.strftime('%H:%M')}"

    def clean(self) -> None:
        super().clean()
        if None in (self.date, self.starts, self.ends):
            return
        overlapping = Period.objects.filter(
            project=self.project_id, date=self.date, starts__lt=self.ends, ends__gt=self.starts
        ).exclude(pk=self.pk)
        # One that starts at the same time is told by the unique key.
        if other := overlapping.exclude(starts=self.starts).first():
            raise ValidationError(_("It overlaps %(period)s: change its times.") % {"period": other})

    @property
    def minutes(self) -> int:
        return int(
            (datetime.combine(self.date, self.ends) - datetime.combine(self.date, self.starts)).seconds // 60
        )
