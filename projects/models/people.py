"""The person registry: who an institution knows by number, and when that person is busy.

An exam season writes its candidates' busy times when it publishes; activity bookings read them. Neither
knows the other.
"""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .tenancy import TenantModel, TenantQuerySet


class Person(TenantModel):
    """A student, teacher or child, by the institution's own number."""

    number = models.CharField(_("number"), max_length=60)
    name = models.CharField(_("name"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "number"],
                name="projects_person_number_once",
                violation_error_message=_("Another person has that number."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()


class BusyTimeQuerySet(TenantQuerySet):
    def between(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Half open: what ends when another begins does not overlap it."""
        return self.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)


class BusyTime(TenantModel):
    """A person cannot be elsewhere from starts_at up to, not including, ends_at."""

    # Whoever publishes writes them anew, all at once, and says so in the history.
    keeps_history = False

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="busy_times", db_index=False)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    what = models.CharField(_("what"), max_length=200)
    # Who wrote it, so that the same writer can replace it: "project:12".
    source = models.CharField(max_length=60)

    objects = BusyTimeQuerySet.as_manager()

    class Meta:
        verbose_name = _("busy time")
        verbose_name_plural = _("busy times")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="projects_busytime_ends_after_start"
            )
        ]
        indexes = [
            models.Index(fields=["person", "starts_at"], name="projects_busytime_person"),
            models.Index(fields=["institution", "source"], name="projects_busytime_source"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.starts_at:%Y-%m-%d %H:%M}"
