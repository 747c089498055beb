"""Who changed what, when, why, from what to what. Rows are added, never changed."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .tenancy import TenantModel


class Change(TenantModel):
    """One change of one row, or one bulk change of many rows of one kind."""

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
    before = models.JSONField(_("before"), null=True, blank=True)
    after = models.JSONField(_("after"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("history")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["institution", "project_id", "-at"], name="projects_change_newest"),
            models.Index(fields=["institution", "model", "row_id"], name="projects_change_of_row"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.label}"
