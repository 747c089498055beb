"""A payment's receipt, as pdf."""

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

from ..models import Payment
from ..templatetags.activities import money

TEMPLATE = Path(__file__).parent / "templates" / "receipt.typ"


def receipt(payment: Payment, *, language: str) -> bytes:
    """The pdf of a payment that has come."""
    institution = payment.institution
    with translation.override(language):
        front = Front(
            Letterhead(institution.name, institution.address),
            title=_("Receipt %s") % payment.receipt_number,
            language=language,
            lines=(payment.household.name,),
            generated_at=payment.settled_at.astimezone(ZoneInfo(institution.time_zone)),
            notes=(payment.note,),
        )
        columns = (Column(_("For"), width=1), Column(_("Amount"), kind="code"))
        rows = [(one.charge.what, _amount(one.amount, payment)) for one in _parts(payment)]
        rest = payment.amount - sum(one.amount for one in _parts(payment))
        if rest:
            rows.append((_("Credit for later"), _amount(rest, payment)))
        rows.append((_("Paid"), _amount(payment.amount, payment)))
        section = Section("", [Band("", rows)])
        return typeset(
            TEMPLATE,
            {
                **front_for_typst(front, {}),
                "columns": columns_for_typst(columns),
                "sections": [section_for_typst(section, language)],
            },
        )


def _parts(payment: Payment) -> list:
    return list(payment.allocations.select_related("charge").order_by("pk"))


def _amount(amount, payment: Payment) -> str:
    return money(amount, payment.currency)
