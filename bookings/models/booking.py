"""Who has a place, who waits for one, and what was asked for twice.

A booking is live while it is held (for a payment, or by an offer to somebody who waited) or confirmed; it is
never deleted. Whoever waits has a number that was given out under the lock of the session's places.
"""

from datetime import datetime
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import TenantModel, TenantQuerySet

from .catalogue import Session
from .people import Child, Guardian, Household
from .secrets import new_public_id


class Source(models.TextChoices):
    """How a booking came about."""

    GUARDIAN = "guardian", _("guardian")
    OFFICE = "office", _("office")
    QUEUE = "queue", _("waiting list")
    BALLOT = "ballot", _("ballot")
    IMPORT = "import", _("import")
    API = "api", _("other system")


class BookingQuerySet(TenantQuerySet):
    def live(self) -> Self:
        return self.filter(state__in=Booking.LIVE)


class Booking(TenantModel):
    """A place of a child in a session."""

    class State(models.TextChoices):
        HELD = "held", _("held")
        CONFIRMED = "confirmed", _("booked")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("not taken up")

    LIVE = (State.HELD, State.CONFIRMED)

    session = models.ForeignKey(
        Session, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("session")
    )
    child = models.ForeignKey(
        Child, on_delete=models.PROTECT, related_name="bookings", db_index=False, verbose_name=_("child")
    )
    public_id = models.CharField(max_length=16, default=new_public_id, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices)
    source = models.CharField(_("by way of"), max_length=8, choices=Source.choices)
    # Empty when the office books for a family that has named nobody.
    booked_by = models.ForeignKey(
        Guardian,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="bookings",
        db_index=False,
        verbose_name=_("guardian"),
    )
    household = models.ForeignKey(
        Household,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="bookings",
        verbose_name=_("paid by"),
    )
    # As it was when the place was taken; currency of the institution then.
    price = models.DecimalField(_("price"), max_digits=10, decimal_places=2, default=Decimal(0))
    currency = models.CharField(_("currency"), max_length=3)
    # [{"name": "Siblings", "amount": "4.50", "discount": 3}]: what the price is less by, as it was given.
    discounts = models.JSONField(default=list, blank=True, editable=False)
    # In so many instalments: chosen while booking.
    parts = models.PositiveSmallIntegerField(_("instalments"), default=1)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    hold_until = models.DateTimeField(_("held until"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("booked at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("ended by"),
    )
    ended_because = models.CharField(_("why it ended"), max_length=200, blank=True)
    # Given beyond the capacity, and why.
    is_extra = models.BooleanField(_("beyond the capacity"), default=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    # A swap that waits for its payment: the place that is kept until then, and given up by it.
    replaces = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="replaced_by"
    )
    # Grows with each change: calendars take the highest.
    sequence = models.PositiveIntegerField(default=0, editable=False)

    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "session", "child"],
                condition=Q(state__in=["held", "confirmed"]),
                name="bookings_booking_one_live",
                violation_error_message=_("That child has a place in this session already."),
            ),
            models.UniqueConstraint(fields=["institution", "public_id"], name="bookings_booking_public_id"),
            models.CheckConstraint(
                condition=Q(state__in=["held", "confirmed", "cancelled", "expired"]),
                name="bookings_booking_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(hold_until__isnull=False),
                name="bookings_booking_hold_ends",
                violation_error_message=_("A place is held until a moment: say which."),
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(confirmed_at__isnull=False),
                name="bookings_booking_confirmed_at",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["held", "confirmed"], ended_at__isnull=True)
                | Q(state__in=["cancelled", "expired"], ended_at__isnull=False),
                name="bookings_booking_ended_at",
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0),
                name="bookings_booking_price",
                violation_error_message=_("A price is 0 or more: 0 is free."),
            ),
            models.CheckConstraint(
                condition=Q(is_extra=False) | ~Q(reason=""),
                name="bookings_booking_extra_has_reason",
                violation_error_message=_("A place beyond the capacity needs a reason."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["session", "hold_until"], condition=Q(state="held"), name="bookings_booking_holds"
            ),
            models.Index(fields=["child", "state"], name="bookings_booking_child"),
            models.Index(fields=["booked_by", "-created_at"], name="bookings_booking_guardian"),
            models.Index(fields=["institution", "-created_at"], name="bookings_booking_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.child}: {self.session}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    def has_lapsed(self, now: datetime) -> bool:
        """Its hold has run out: it is over, also before anybody says so."""
        return bool(self.state == self.State.HELD and self.hold_until and self.hold_until <= now)


class WaitEntryQuerySet(TenantQuerySet):
    def waiting(self) -> Self:
        return self.filter(state=WaitEntry.State.WAITING)

    def in_turn(self) -> Self:
        """Lower bands first; in a band by the number that was given out under the lock."""
        return self.order_by("band", "seq")


class WaitEntry(TenantModel):
    """A child in the queue for a session. First come, first served inside a priority band."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        OFFERED = "offered", _("a place is offered")
        ACCEPTED = "accepted", _("offer accepted")
        PROMOTED = "promoted", _("moved up")
        DECLINED = "declined", _("offer declined")
        LAPSED = "lapsed", _("offer lapsed")
        WITHDRAWN = "withdrawn", _("left the queue")
        SKIPPED = "skipped", _("passed over")
        CLOSED = "closed", _("queue closed")

    LIVE = (State.WAITING, State.OFFERED)
    # Who has no priority.
    ORDINARY = 5

    session = models.ForeignKey(
        Session, on_delete=models.PROTECT, related_name="wait_entries", verbose_name=_("session")
    )
    child = models.ForeignKey(
        Child, on_delete=models.PROTECT, related_name="wait_entries", verbose_name=_("child")
    )
    public_id = models.CharField(max_length=16, default=new_public_id, editable=False)
    asked_by = models.ForeignKey(
        Guardian,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="wait_entries",
        verbose_name=_("guardian"),
    )
    seq = models.PositiveIntegerField(_("number"))
    band = models.PositiveSmallIntegerField(
        _("priority"), default=ORDINARY, help_text=_("0 is served first, 5 is nobody in particular.")
    )
    band_reason = models.CharField(_("reason of the priority"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    # Why it ended, in words for the family.
    reason = models.CharField(_("why"), max_length=300, blank=True)
    # Kept for the place: whether it still counts is asked when the place comes.
    promo_code = models.ForeignKey(
        "bookings.PromoCode",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="wait_entries",
        verbose_name=_("promo code"),
    )
    # In so many instalments the place is paid when it comes.
    parts = models.PositiveSmallIntegerField(_("instalments"), default=1, editable=False)
    # A place of lower choice that is given up when this one comes.
    drops = models.ForeignKey(
        Booking,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("gives up"),
    )
    # The place that came of it.
    booking = models.ForeignKey(
        Booking, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="wait_entries"
    )
    joined_at = models.DateTimeField(_("joined at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = WaitEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("wait entry")
        verbose_name_plural = _("waiting list")
        ordering = ["session", "band", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["institution", "session", "seq"], name="bookings_wait_seq_once"),
            models.UniqueConstraint(
                fields=["institution", "session", "child"],
                condition=Q(state__in=["waiting", "offered"]),
                name="bookings_wait_one_live",
                violation_error_message=_("That child waits for this session already."),
            ),
            models.UniqueConstraint(fields=["institution", "public_id"], name="bookings_wait_public_id"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "offered"], ended_at__isnull=True)
                | (~Q(state__in=["waiting", "offered"]) & Q(ended_at__isnull=False)),
                name="bookings_wait_ended_at",
            ),
            models.CheckConstraint(
                condition=Q(band=5) | ~Q(band_reason=""),
                name="bookings_wait_band_has_reason",
                violation_error_message=_("A priority needs a reason."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["session", "band", "seq"], condition=Q(state="waiting"), name="bookings_wait_turn"
            )
        ]

    def __str__(self) -> str:
        return f"{self.child}: {self.session}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE


class WaitBlock(TenantModel):
    """How many wait in a band among 256 numbers in a row: a position is added up from these."""

    keeps_history = False
    SIZE = 256

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="+", db_index=False)
    band = models.PositiveSmallIntegerField()
    block = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("block of the waiting list")
        verbose_name_plural = _("blocks of the waiting list")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "session", "band", "block"], name="bookings_waitblock_once"
            ),
            models.CheckConstraint(condition=Q(waiting__gte=0), name="bookings_waitblock_waiting"),
        ]
        indexes = [models.Index(fields=["session", "band", "block"], name="bookings_waitblock_session")]

    def __str__(self) -> str:
        return f"{self.band}/{self.block}: {self.waiting}"


class Offer(TenantModel):
    """A place held for somebody who waited, until a moment. The held place is a booking."""

    masked_fields = frozenset({"token_hash"})

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        LAPSED = "lapsed", _("lapsed")
        WITHDRAWN = "withdrawn", _("withdrawn")

    entry = models.ForeignKey(WaitEntry, on_delete=models.PROTECT, related_name="offers")
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="offers")
    # For the link in the mail: bookings.models.secrets.token_hash.
    token_hash = models.CharField(max_length=64, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN)
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("answer until"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        Guardian, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "entry"],
                condition=Q(state="open"),
                name="bookings_offer_one_open",
                violation_error_message=_("A place is offered to that child already."),
            ),
            models.UniqueConstraint(fields=["institution", "token_hash"], name="bookings_offer_token_once"),
        ]
        indexes = [
            models.Index(
                fields=["institution", "expires_at"], condition=Q(state="open"), name="bookings_offer_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry}"


class IdempotencyKey(TenantModel):
    """What was asked for under a key, and what came of it: written in the transaction of its effect."""

    keeps_history = False

    # "user:12" or "client:3".
    owner = models.CharField(max_length=40)
    scope = models.CharField(max_length=40)
    key = models.CharField(max_length=100)
    # Of what was asked: the same key with another question is refused.
    request_hash = models.CharField(max_length=64)
    # What to answer again; empty while the transaction that made the row is under way.
    result = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "owner", "scope", "key"], name="bookings_idempotency_once"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="bookings_idempotency_age")]

    def __str__(self) -> str:
        return f"{self.scope} {self.created_at:%Y-%m-%d %H:%M}"


class ApiClient(TenantModel):
    """Another system that books over the API in the name of the institution."""

    masked_fields = frozenset({"token_hash"})
    unrecorded_fields = frozenset({"last_used_at"})

    name = models.CharField(_("name"), max_length=100)
    # The first characters, to tell tokens apart; the rest is known as a hash.
    token_start = models.CharField(_("token begins with"), max_length=8, editable=False)
    token_hash = models.CharField(max_length=64, editable=False)
    may_write = models.BooleanField(_("may book"), default=False)
    may_read_people = models.BooleanField(_("may read names"), default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "name"],
                name="bookings_apiclient_name_once",
                violation_error_message=_("Another client has that name: choose another."),
            ),
            models.UniqueConstraint(
                fields=["institution", "token_hash"], name="bookings_apiclient_token_once"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("created_at")),
                name="bookings_apiclient_revoked_after",
            ),
        ]

    def __str__(self) -> str:
        return self.name
