"""Who changed what, when, why, from what to what. Rows are added, never changed."""

from typing import Any, NoReturn

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from .tenancy import TenantModel, TenantQuerySet


class HistoryIsKept(Exception):
    """Somebody tried to change or delete a line of history."""


class ChangeQuerySet(TenantQuerySet):
    def update(self, **values: Any) -> NoReturn:
        raise HistoryIsKept("History is added to, never changed.")

    def delete(self) -> NoReturn:
        raise HistoryIsKept("History is added to, never deleted; it goes with its institution.")

    delete.queryset_only = True  # type: ignore[attr-defined]


class Change(TenantModel):
    """One change of one row, or one bulk change of many rows of one kind.

    before and after are {field: value} for one row, {row: {field: value}} for the first rows of many.
    """

    keeps_history = False

    class Action(models.TextChoices):
        ADDED = "added", _("added")
        CHANGED = "changed", _("changed")
        REMOVED = "removed", _("removed")
        DID = "did", _("did")

    # A plain number: the history of a deleted project outlives it.
    project_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("by"),
    )
    action = models.CharField(_("action"), max_length=8, choices=Action.choices)
    model = models.CharField(_("kind"), max_length=80, blank=True)
    row_id = models.CharField(max_length=40, blank=True)
    label = models.CharField(_("what"), max_length=250, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=1)
    before = models.JSONField(_("before"), null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(_("after"), null=True, blank=True, encoder=DjangoJSONEncoder)
    reason = models.CharField(_("why"), max_length=300, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("history")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["institution", "project_id", "-at"], name="projects_change_newest"),
            models.Index(fields=["institution", "model", "row_id"], name="projects_change_of_row"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.label or self.model}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise HistoryIsKept("History is added to, never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise HistoryIsKept("History is added to, never deleted; it goes with its institution.")

    @property
    def is_of_one_row(self) -> bool:
        return bool(self.row_id) and self.rows == 1
