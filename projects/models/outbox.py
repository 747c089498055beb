"""Messages that go out after the commit: written in the business transaction, sent by the worker."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .tenancy import Institution


class OutboxMessage(models.Model):
    """One message to one person. The row is the truth; the queue only rings the bell."""

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
    # [{"name": "exam.ics", "type": "text/calendar", "content": "…"}], text only
    attachments = models.JSONField(default=list, blank=True)
    # One reason, one message: a second message with the same key is not written.
    dedupe = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("written at"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

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
