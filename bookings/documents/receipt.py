"""What was paid, and what was paid out, as pdf."""

from pathlib import Path
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

from projects.documents.page import (
    Band,
    Column,
    Front,
    Letterhead,
    Section,
    columns_for_typst,
    front_for_typst,
    section_for_typst,
)
from projects.documents.typesetting import typeset

from ..models import Payment, Refund
from ..templatetags.activities import money

TEMPLATE = Path(__file__).parent / "templates" / "receipt.typ"


def receipt(payment: Payment, *, language: str) -> bytes:
    """The pdf of a payment that has come."""
    with translation.override(language):
        currency = payment.currency
        rows = [(one.charge.what, money(one.amount, currency)) for one in _parts(payment)]
        rest = payment.amount - sum(one.amount for one in _parts(payment))
        if rest:
            rows.append((_("Credit for later"), money(rest, currency)))
        rows.append((_("Paid"), money(payment.amount, currency)))
        return _sheet(payment, _("Receipt %s") % payment.receipt_number, payment.note, rows, language)


def payout(refund: Refund, *, language: str) -> bytes:
    """The pdf of credit that was paid out."""
    with translation.override(language):
        amount = money(refund.amount, refund.currency)
        rows = [
            (refund.reason or _("Credit paid out"), amount),
            (_("Paid out, %s") % refund.get_way_display(), amount),
        ]
        return _sheet(refund, _("Payout %s") % payout_number(refund), "", rows, language)


def payout_number(refund: Refund) -> str:
    """2026-P000012: beside the numbers of receipts, never among them."""
    return f"{refund.settled_at:%Y}-P{refund.pk:06}"


def _sheet(row: Payment | Refund, title: str, note: str, rows: list[tuple[str, str]], language: str) -> bytes:
    institution = row.institution
    front = Front(
        Letterhead(institution.name, institution.address),
        title=title,
        language=language,
        lines=(row.household.name,),
        generated_at=row.settled_at.astimezone(ZoneInfo(institution.time_zone)),
        notes=(note,),
    )
    columns = (Column(_("For"), width=1), Column(_("Amount"), kind="code"))
    return typeset(
        TEMPLATE,
        {
            **front_for_typst(front, {}),
            "columns": columns_for_typst(columns),
            "sections": [section_for_typst(Section("", [Band("", rows)]), language)],
        },
    )


def _parts(payment: Payment) -> list:
    return list(payment.allocations.select_related("charge").order_by("pk"))
