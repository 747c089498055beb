"""What the local payment provider keeps in Stripe's place."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.models import TenantModel


class TrialObject(TenantModel):
    """A checkout or a refund of the local provider: no money moves. `body` is shaped as Stripe's is."""

    keeps_history = False

    ref = models.CharField(_("number"), max_length=80)
    # The same request again is answered with the same object.
    idempotency_key = models.CharField(max_length=100)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("trial payment")
        verbose_name_plural = _("trial payments")
        constraints = [
            models.UniqueConstraint(fields=["institution", "ref"], name="bookings_trial_ref_once"),
            models.UniqueConstraint(
                fields=["institution", "idempotency_key"], name="bookings_trial_key_once"
            ),
        ]

    def __str__(self) -> str:
        return self.ref
