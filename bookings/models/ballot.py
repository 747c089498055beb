"""Places that are drawn: ranked wishes, a seed promised before and published after: anyone can repeat it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import TenantModel

from .booking import WaitEntry
from .catalogue import Session, Term
from .people import Child, Guardian
from .secrets import EncryptedTextField, new_public_id


class Ballot(TenantModel):
    """One draw over the sessions that name it."""

    masked_fields = frozenset({"secret_seed"})

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="ballots", verbose_name=_("term"))
    public_id = models.CharField(max_length=16, default=new_public_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    opens_at = models.DateTimeField(_("wishes from"))
    closes_at = models.DateTimeField(_("wishes until"))
    most_wishes = models.PositiveSmallIntegerField(_("most wishes of a child"), default=5)
    most_places = models.PositiveSmallIntegerField(_("most places of a child"), default=1)
    # sha256 of the seed, in hex: published when the wishes open.
    seed_commitment = models.CharField(_("promise"), max_length=64, editable=False)
    # Encrypted until the draw is published.
    secret_seed = EncryptedTextField(editable=False)
    seed = models.CharField(_("seed"), max_length=100, blank=True, editable=False)
    drawn_at = models.DateTimeField(_("drawn at"), null=True, blank=True, editable=False)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True, editable=False)
    # All that the draw went by, for whoever repeats it: bookings.ballot.Protocol.
    protocol = models.JSONField(default=dict, editable=False)
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("ballot")
        verbose_name_plural = _("ballots")
        ordering = ["-closes_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "term", "name"],
                name="bookings_ballot_name_once",
                violation_error_message=_("The term has a ballot of that name already."),
            ),
            models.UniqueConstraint(fields=["institution", "public_id"], name="bookings_ballot_public_id"),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")),
                name="bookings_ballot_closes_after_opening",
                violation_error_message=_("It closes before it opens: put the two in order."),
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | ~Q(seed=""),
                name="bookings_ballot_published_with_seed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Preference(TenantModel):
    """A wish of a child in a ballot. Rank 1 is dearest."""

    ballot = models.ForeignKey(Ballot, on_delete=models.CASCADE, related_name="preferences", db_index=False)
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="preferences")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="preferences")
    rank = models.PositiveSmallIntegerField(_("rank"))
    asked_by = models.ForeignKey(Guardian, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    band = models.PositiveSmallIntegerField(_("priority"), default=WaitEntry.ORDINARY)
    band_reason = models.CharField(_("reason of the priority"), max_length=200, blank=True)
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")
        ordering = ["child", "rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "ballot", "child", "rank"],
                name="bookings_preference_rank_once",
                violation_error_message=_("Another wish has that rank: give each its own."),
            ),
            models.UniqueConstraint(
                fields=["institution", "ballot", "child", "session"],
                name="bookings_preference_session_once",
                violation_error_message=_("That session is among the wishes already."),
            ),
            models.CheckConstraint(
                condition=Q(rank__gte=1),
                name="bookings_preference_rank",
                violation_error_message=_("The dearest wish has rank 1."),
            ),
            models.CheckConstraint(
                condition=Q(band=5) | ~Q(band_reason=""),
                name="bookings_preference_band_has_reason",
                violation_error_message=_("A priority needs a reason."),
            ),
        ]
        indexes = [models.Index(fields=["ballot", "child", "rank"], name="bookings_preference_ballot")]

    def __str__(self) -> str:
        return f"{self.child} {self.rank}: {self.session}"


class DrawResult(TenantModel):
    """What became of a wish in the draw, and why."""

    keeps_history = False

    class Outcome(models.TextChoices):
        PLACED = "placed", _("a place")
        WAITING = "waiting", _("waiting list")
        ENOUGH = "enough", _("has enough other places")
        CLASHES = "clashes", _("clashes with a place")
        REFUSED = "refused", _("may not come")

    ballot = models.ForeignKey(Ballot, on_delete=models.CASCADE, related_name="results", db_index=False)
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="draw_results")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="draw_results")
    rank = models.PositiveSmallIntegerField(_("rank"))
    band = models.PositiveSmallIntegerField(_("priority"))
    # sha256(seed + child) in hex: the child's lot; the lowest comes first.
    lot = models.CharField(_("lot"), max_length=64)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    reason = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("result of a draw")
        verbose_name_plural = _("results of draws")
        ordering = ["lot", "rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "ballot", "child", "session"], name="bookings_drawresult_once"
            )
        ]
        indexes = [models.Index(fields=["ballot", "lot"], name="bookings_drawresult_ballot")]

    def __str__(self) -> str:
        return f"{self.child}: {self.session}"
