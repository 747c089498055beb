"""What families owe and have paid. Exact decimals, one currency: the institution's.

The ledger is the truth: rows are added, never changed (the database refuses it), and the entries of one
reference add up to nothing. A household's balance is the sum of its entries in the account `family`:
more than 0 is owed, less is credit.
"""

from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import TenantModel, TenantQuerySet

from .booking import Booking
from .catalogue import Activity, Category
from .people import Child, Household
from .secrets import new_public_id


class LedgerIsKept(Exception):
    """Somebody tried to change or delete an entry of the ledger."""


class Amount(models.DecimalField):
    """Money: at most 99,999,999.99."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_digits": 10, "decimal_places": 2, **kwargs})


class Discount(TenantModel):
    """Why a family pays less. A bursary for a child or household is known to them and the office only."""

    class Kind(models.TextChoices):
        SIBLING = "sibling", _("siblings")
        BURSARY = "bursary", _("bursary")
        STAFF = "staff", _("staff")
        EARLY = "early", _("early booking")
        SEVERAL = "several", _("several sessions")

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    percent = models.DecimalField(
        _("percent"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    amount = Amount(_("amount"), default=Decimal(0), validators=[MinValueValidator(0)])
    # Empty: everybody, every category.
    household = models.ForeignKey(
        Household, null=True, blank=True, on_delete=models.CASCADE, related_name="discounts"
    )
    child = models.ForeignKey(
        Child, null=True, blank=True, on_delete=models.CASCADE, related_name="discounts"
    )
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.CASCADE, related_name="discounts"
    )
    # From the second sibling or session on.
    from_number = models.PositiveSmallIntegerField(_("from the … on"), default=2)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until"), null=True, blank=True)
    is_active = models.BooleanField(_("is given"), default=True)

    class Meta:
        verbose_name = _("discount")
        verbose_name_plural = _("discounts")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "name"],
                name="bookings_discount_name_once",
                violation_error_message=_("There is a discount of that name already."),
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100, amount__gte=0),
                name="bookings_discount_size",
                violation_error_message=_("A discount is between nothing and all of it."),
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True)
                | Q(ends_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="bookings_discount_ends_after_start",
                violation_error_message=_("The last day lies before the first: put the days in order."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PromoCode(TenantModel):
    code = models.CharField(_("code"), max_length=30)
    percent = models.DecimalField(
        _("percent"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    amount = Amount(_("amount"), default=Decimal(0), validators=[MinValueValidator(0)])
    activity = models.ForeignKey(
        Activity, null=True, blank=True, on_delete=models.CASCADE, related_name="promo_codes"
    )
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until"), null=True, blank=True)
    most_uses = models.PositiveIntegerField(_("most uses"), null=True, blank=True)
    used = models.PositiveIntegerField(_("used"), default=0, editable=False)

    class Meta:
        verbose_name = _("promo code")
        verbose_name_plural = _("promo codes")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "code"],
                name="bookings_promocode_once",
                violation_error_message=_("There is such a code already: choose another."),
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100, amount__gte=0),
                name="bookings_promocode_size",
                violation_error_message=_("A discount is between nothing and all of it."),
            ),
            models.CheckConstraint(
                condition=Q(most_uses__isnull=True) | Q(used__lte=F("most_uses")),
                name="bookings_promocode_most_uses",
                violation_error_message=_("This code has been used as often as it may be."),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Charge(TenantModel):
    """What a household owes for one thing. The ledger holds its amount under "charge:<pk>"."""

    class Kind(models.TextChoices):
        PLACE = "place", _("place")
        LATE = "late", _("late collection")
        OTHER = "other", _("other")

    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="charges", verbose_name=_("household")
    )
    booking = models.ForeignKey(
        Booking,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="charges",
        verbose_name=_("booking"),
    )
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices, default=Kind.PLACE)
    what = models.CharField(_("what for"), max_length=200)
    # After discounts.
    amount = Amount(_("amount"), validators=[MinValueValidator(0)])
    currency = models.CharField(_("currency"), max_length=3)
    due_on = models.DateField(_("due on"), default=date.today)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    # How much of it is no longer owed since it was cancelled: what is kept of the price is still due.
    taken_back = Amount(_("taken back"), default=Decimal(0))

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "booking"],
                condition=Q(kind="place", cancelled_at__isnull=True, booking__isnull=False),
                name="bookings_charge_place_once",
                violation_error_message=_("That booking is charged already."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="bookings_charge_amount",
                violation_error_message=_("A charge is 0 or more: to give money back, refund it."),
            ),
            models.CheckConstraint(
                condition=Q(taken_back__gte=0, taken_back__lte=F("amount")),
                name="bookings_charge_taken_back",
            ),
        ]
        indexes = [models.Index(fields=["institution", "due_on"], name="bookings_charge_due")]

    def __str__(self) -> str:
        return f"{self.what}: {self.amount} {self.currency}"

    @property
    def counts(self) -> Decimal:
        """How much of it is owed, or was until it was paid."""
        return self.amount - self.taken_back


class WriteOff(TenantModel):
    """A part of a charge that the office no longer asks for. In the ledger under "write-off:<pk>"."""

    charge = models.ForeignKey(
        Charge, on_delete=models.PROTECT, related_name="write_offs", verbose_name=_("charge")
    )
    amount = Amount(_("amount"))
    # How much of it counts no longer: it was undone, or the charge was taken back after it.
    undone = Amount(_("undone"), default=Decimal(0))
    reason = models.CharField(_("reason"), max_length=200)
    written_at = models.DateTimeField(_("written off at"), auto_now_add=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("by"),
    )

    class Meta:
        verbose_name = _("debt written off")
        verbose_name_plural = _("debts written off")
        ordering = ["-written_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="bookings_writeoff_amount",
                violation_error_message=_("What is written off is more than 0."),
            ),
            models.CheckConstraint(
                condition=Q(undone__gte=0, undone__lte=F("amount")), name="bookings_writeoff_undone"
            ),
        ]
        indexes = [models.Index(fields=["institution", "-written_at"], name="bookings_writeoff_newest")]

    def __str__(self) -> str:
        return f"{self.charge}: {self.amount}"

    @property
    def counts(self) -> Decimal:
        """How much of it is still let off."""
        return self.amount - self.undone


class Instalment(TenantModel):
    """A part of a charge, due on its own day."""

    class State(models.TextChoices):
        DUE = "due", _("due")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")
        RELEASED = "released", _("no longer asked for")

    charge = models.ForeignKey(
        Charge, on_delete=models.CASCADE, related_name="instalments", verbose_name=_("charge")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    amount = Amount(_("amount"), validators=[MinValueValidator(0)])
    due_on = models.DateField(_("due on"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DUE)
    grace_until = models.DateField(_("grace until"), null=True, blank=True)

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        ordering = ["charge", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "charge", "number"], name="bookings_instalment_once"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="bookings_instalment_amount"),
        ]
        indexes = [models.Index(fields=["institution", "state", "due_on"], name="bookings_instalment_due")]

    def __str__(self) -> str:
        return f"{self.charge} {self.number}"


class Payment(TenantModel):
    """Money that came, or is to come, from a household. The ledger holds it under "payment:<pk>"."""

    class State(models.TextChoices):
        CREATED = "created", _("begun")
        PENDING = "pending", _("on its way")
        SUCCEEDED = "succeeded", _("paid")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("given up")

    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="payments", verbose_name=_("household")
    )
    public_id = models.CharField(max_length=16, default=new_public_id, editable=False)
    # "stripe", "local", "office", "bank", "voucher": bookings.payments names them.
    provider = models.CharField(_("by way of"), max_length=20)
    provider_ref = models.CharField(_("provider's number"), max_length=120, blank=True)
    # Sent along, so that a repeated request charges once.
    attempt_key = models.CharField(max_length=60, default=new_public_id, editable=False)
    amount = Amount(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.CREATED)
    note = models.CharField(_("note"), max_length=200, blank=True)
    receipt_number = models.CharField(_("receipt"), max_length=30, blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    settled_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    # The provider's answer is not known: asked again until it is.
    next_poll_at = models.DateTimeField(null=True, blank=True, editable=False)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("taken by"),
    )

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "provider", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="bookings_payment_ref_once",
                violation_error_message=_("That payment is entered already."),
            ),
            models.UniqueConstraint(
                fields=["institution", "receipt_number"],
                condition=~Q(receipt_number=""),
                name="bookings_payment_receipt_once",
            ),
            models.UniqueConstraint(fields=["institution", "public_id"], name="bookings_payment_public_id"),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="bookings_payment_amount",
                violation_error_message=_("A payment is more than 0: to give money back, refund it."),
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(settled_at__isnull=False),
                name="bookings_payment_settled_at",
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "-created_at"], name="bookings_payment_newest"),
            models.Index(fields=["state", "next_poll_at"], name="bookings_payment_poll"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} ({self.get_state_display()})"


class Allocation(TenantModel):
    """Which part of a payment is meant for which charge."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="allocations")
    amount = Amount(_("amount"))

    class Meta:
        verbose_name = _("part of a payment")
        verbose_name_plural = _("parts of payments")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "payment", "charge"], name="bookings_allocation_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="bookings_allocation_amount"),
        ]
        indexes = [models.Index(fields=["payment"], name="bookings_allocation_payment")]

    def __str__(self) -> str:
        return f"{self.amount}"


class Refund(TenantModel):
    """Money on its way back, to the card it came from or to the household's credit."""

    class State(models.TextChoices):
        CREATED = "created", _("begun")
        PENDING = "pending", _("on its way")
        SUCCEEDED = "succeeded", _("done")
        FAILED = "failed", _("failed")

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="refunds")
    # Empty: credit that the office has paid out, by the way that stands in `way`.
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds"
    )
    booking = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds"
    )
    way = models.CharField(
        _("by way of"), max_length=7, blank=True, choices=[("cash", _("cash")), ("bank", _("bank"))]
    )
    provider_ref = models.CharField(_("provider's number"), max_length=120, blank=True)
    attempt_key = models.CharField(max_length=60, default=new_public_id, editable=False)
    amount = Amount(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.CREATED)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    settled_at = models.DateTimeField(_("done at"), null=True, blank=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="bookings_refund_ref_once",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="bookings_refund_amount",
                violation_error_message=_("A refund is more than 0."),
            ),
            models.CheckConstraint(
                condition=Q(payment__isnull=False) | ~Q(way=""), name="bookings_refund_has_a_way"
            ),
        ]
        indexes = [models.Index(fields=["institution", "-created_at"], name="bookings_refund_newest")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} ({self.get_state_display()})"


class LedgerQuerySet(TenantQuerySet):
    def update(self, **values: Any) -> NoReturn:
        raise LedgerIsKept("The ledger is added to, never changed: enter the opposite.")

    def delete(self) -> NoReturn:
        raise LedgerIsKept("The ledger is added to, never deleted: enter the opposite.")

    delete.queryset_only = True  # type: ignore[attr-defined]


class LedgerEntry(TenantModel):
    """One side of a movement of money. All entries of one (kind, ref) add up to nothing."""

    keeps_history = False

    class Account(models.TextChoices):
        FAMILY = "family", _("family")
        INCOME = "income", _("income")
        DISCOUNT = "discount", _("discounts")
        CARD = "card", _("card")
        BANK = "bank", _("bank")
        CASH = "cash", _("cash")
        VOUCHER = "voucher", _("vouchers")
        WRITE_OFF = "write-off", _("written off")
        BETWEEN = "between", _("between families")

    class Kind(models.TextChoices):
        CHARGE = "charge", _("charge")
        PAYMENT = "payment", _("payment")
        REFUND = "refund", _("refund")
        REVERSAL = "reversal", _("charge taken back")
        TRANSFER = "transfer", _("transfer")
        WRITE_OFF = "writeoff", _("written off")

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="entries", db_index=False)
    booking = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )
    account = models.CharField(_("account"), max_length=9, choices=Account.choices)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    # "charge:12", "payment:7": the row that this is about; with kind and account never twice.
    ref = models.CharField(_("reference"), max_length=60)
    # More than 0: the account's owner owes more, or the till holds more.
    amount = Amount(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    what = models.CharField(_("what"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.DO_NOTHING, related_name="+"
    )

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "kind", "ref", "account"],
                name="bookings_ledger_once",
                violation_error_message=_("That is in the ledger already."),
            )
        ]
        indexes = [models.Index(fields=["household", "account", "at"], name="bookings_ledger_household")]

    def __str__(self) -> str:
        return f"{self.get_account_display()} {self.amount} {self.currency}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LedgerIsKept("The ledger is added to, never changed: enter the opposite.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerIsKept("The ledger is added to, never deleted: enter the opposite.")


class ProviderEvent(TenantModel):
    """What a payment provider told: stored before it is acted upon, once."""

    keeps_history = False

    provider = models.CharField(_("provider"), max_length=20)
    event_id = models.CharField(_("event"), max_length=120)
    kind = models.CharField(_("kind"), max_length=80)
    payload = models.JSONField(default=dict)
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("message of a payment provider")
        verbose_name_plural = _("messages of payment providers")
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "provider", "event_id"], name="bookings_providerevent_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind}"


class BankLine(TenantModel):
    """A line of a bank statement, matched to a household's dues or still to be."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        MATCHED = "matched", _("matched")
        IGNORED = "ignored", _("not ours")

    booked_on = models.DateField(_("booked on"))
    amount = Amount(_("amount"))
    payer = models.CharField(_("from"), max_length=150, blank=True)
    text = models.CharField(_("text"), max_length=300, blank=True)
    # Hash of day, amount, text and its number among equal lines: the same statement twice adds nothing.
    fingerprint = models.CharField(max_length=64, editable=False)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.OPEN)
    household = models.ForeignKey(
        Household, null=True, blank=True, on_delete=models.PROTECT, related_name="bank_lines"
    )
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.SET_NULL, related_name="bank_lines"
    )
    imported_at = models.DateTimeField(_("read at"), auto_now_add=True)

    class Meta:
        verbose_name = _("bank line")
        verbose_name_plural = _("bank lines")
        ordering = ["-booked_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "fingerprint"],
                name="bookings_bankline_once",
                violation_error_message=_("That line was read before."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount} {self.payer}"
