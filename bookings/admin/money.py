"""What families owe and have paid; the ledger is looked at, never written."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import (
    BankLine,
    Charge,
    Discount,
    Instalment,
    LedgerEntry,
    Payment,
    PromoCode,
    Refund,
)
from .scoped import OfficeAdmin, ReadOnlyAdmin, ReadOnlyInline, price_of

AMOUNT = price_of("amount", _("amount"))


@admin.register(Discount)
class DiscountAdmin(OfficeAdmin):
    icon = "percent"
    about = _("Of the general discounts the best counts; a bursary and a promo code come on top.")
    list_display = ("name", "kind", "percent", "amount", "category", "starts_on", "ends_on", "is_active")
    list_filter = ("kind", "is_active")
    list_select_related = ("category",)
    autocomplete_fields = ("household", "child", "category")
    fields = (
        "name",
        "kind",
        ("percent", "amount"),
        "household",
        "child",
        "category",
        "from_number",
        ("starts_on", "ends_on"),
        "is_active",
    )


@admin.register(PromoCode)
class PromoCodeAdmin(OfficeAdmin):
    icon = "tag"
    list_display = ("code", "percent", "amount", "activity", "most_uses", "used", "ends_on")
    list_select_related = ("activity",)
    autocomplete_fields = ("activity",)
    fields = ("code", ("percent", "amount"), "activity", ("starts_on", "ends_on"), "most_uses")


class InstalmentInline(ReadOnlyInline):
    model = Instalment
    fields = readonly_fields = ("number", "amount", "due_on", "state", "grace_until")


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    icon = "receipt"
    list_display = ("created_at", "household", "what", AMOUNT, "due_on", "cancelled_at")
    list_display_links = ("created_at", "what")
    list_select_related = ("household",)
    search_fields = ("what", "household__name", "household__reference")
    fields = readonly_fields = (
        "household",
        "booking",
        "kind",
        "what",
        "amount",
        "currency",
        "due_on",
        "created_at",
        "cancelled_at",
    )
    inlines = (InstalmentInline,)


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = readonly_fields = ("created_at", "amount", "state", "reason", "settled_at")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    icon = "credit-card"
    list_display = ("created_at", "household", AMOUNT, "provider", "state", "receipt_number")
    list_display_links = ("created_at", "receipt_number")
    list_filter = ("state", "provider")
    list_select_related = ("household",)
    search_fields = ("household__name", "household__reference", "receipt_number", "provider_ref")
    fields = readonly_fields = (
        "household",
        "amount",
        "currency",
        "provider",
        "provider_ref",
        "state",
        "note",
        "receipt_number",
        "created_at",
        "settled_at",
        "taken_by",
    )
    inlines = (RefundInline,)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    icon = "book-open"
    about = _("Every movement of money, from both sides. Rows are added, never changed.")
    list_display = ("at", "household", "account", "kind", AMOUNT, "what")
    list_filter = ("account", "kind")
    list_select_related = ("household",)
    search_fields = ("household__name", "household__reference", "ref", "what")
    fields = readonly_fields = (
        "household",
        "booking",
        "account",
        "kind",
        "ref",
        "amount",
        "currency",
        "what",
        "at",
        "by",
    )


@admin.register(BankLine)
class BankLineAdmin(ReadOnlyAdmin):
    icon = "landmark"
    about = _("Lines of bank statements, matched to what families owe by their payment reference.")
    list_display = ("booked_on", AMOUNT, "payer", "text", "state", "household")
    list_filter = ("state",)
    list_select_related = ("household", "institution")
    search_fields = ("payer", "text")
    fields = readonly_fields = ("booked_on", "amount", "payer", "text", "state", "household", "payment")
