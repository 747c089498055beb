"""Messages that go out after the commit: written in the business transaction, sent by the worker."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .tenancy import Institution, TenantQuerySet


class OutboxMessageQuerySet(TenantQuerySet):
    def due(self, now: datetime) -> Self:
        """What may be claimed: what waits and has waited long enough, and what a dead worker left."""
        return self.filter(
            Q(state=OutboxMessage.State.WAITING, next_attempt_at__lte=now)
            | Q(state=OutboxMessage.State.SENDING, claimed_until__lte=now)
        )


class OutboxMessage(models.Model):
    """One message to one person. The row is the truth; the queue only rings the bell."""

    keeps_history = False

    class Channel(models.TextChoices):
        MAIL = "mail", _("mail")
        TEXT = "text", _("text message")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        DROPPED = "dropped", _("no longer needed")

    # Mail about an account (a code, a new password) belongs to no institution.
    institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.CASCADE, related_name="+", editable=False
    )
    channel = models.CharField(_("by"), max_length=4, choices=Channel.choices, default=Channel.MAIL)
    to = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    text = models.TextField(_("text"))
    html = models.TextField(blank=True)
    # {"template": …, "language": …, "context": …} of a letter that is made when it leaves: until then `text`
    # holds its news alone.
    made_of = models.JSONField(null=True, blank=True, editable=False)
    # [{"name": "exam.ics", "type": "text/calendar", "content": "…"}], text only
    attachments = models.JSONField(default=list, blank=True)
    # A code or link that lets its reader in: shown to nobody, and blanked as soon as it is sent or given up.
    is_secret = models.BooleanField(default=False, editable=False)
    # The last letter to somebody whose data are erased: the address goes as soon as the letter has gone.
    is_last = models.BooleanField(default=False, editable=False)
    # One reason, one message: a second message with the same key is not written. Begins with the institution.
    dedupe = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    # Sent again on purpose is another message to mail programs; tried again is not.
    round = models.PositiveSmallIntegerField(default=1, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("written at"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = OutboxMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="projects_outbox_sent_has_moment"
            )
        ]
        indexes = [
            models.Index(fields=["institution", "-created_at"], name="projects_outbox_newest"),
            models.Index(fields=["state", "next_attempt_at"], name="projects_outbox_due"),
        ]

    def __str__(self) -> str:
        return self.subject or self.text[:60]
