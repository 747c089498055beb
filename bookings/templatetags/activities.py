"""What the pages of bookings say about money, days and ages."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "PKR": "Rs "}
COLOURS = 8


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """1500, "PKR": "Rs 1,500"; pence only where there are some. Safe to stand in text, page or mail."""
    if amount is None:
        return ""
    places = 0 if amount == amount.to_integral_value() else 2
    number = number_format(abs(amount), places, use_l10n=True, force_grouping=True)
    return f"{'−' if amount < 0 else ''}{SIGNS.get(currency, currency + ' ')}{number}"


@register.simple_tag
def price(amount: Decimal, currency: str) -> SafeString:
    if not amount:
        return format_html("{}", _("no charge"))
    return format_html("<bdi>{}</bdi>", money(amount, currency))


@register.simple_tag
def times(starts: Any, ends: Any) -> SafeString:
    """15:30–16:30: of two times, or of two moments in the page's time zone."""
    if not starts:
        return SafeString()
    if isinstance(starts, datetime):
        starts, ends = timezone.localtime(starts), timezone.localtime(ends)
    return format_html('<bdi class="times">{}–{}</bdi>', f"{starts:%H:%M}", f"{ends:%H:%M}")


@register.simple_tag
def ages(activity: Any) -> str:
    """For whom by age; empty: for all."""
    if activity.youngest is None and activity.oldest is None:
        return ""
    if activity.oldest is None:
        return _("from %(age)s years") % {"age": activity.youngest}
    if activity.youngest is None:
        return _("up to %(age)s years") % {"age": activity.oldest}
    if activity.youngest == activity.oldest:
        return _("%(age)s years") % {"age": activity.youngest}
    return _("%(youngest)s to %(oldest)s years") % {
        "youngest": activity.youngest,
        "oldest": activity.oldest,
    }


class Figure(NamedTuple):
    value: Any
    kind: str


@register.filter
def beside(row: list[Any], columns: list[Any]) -> list[Figure]:
    """The cells of a report's row, each with what its column holds."""
    return [Figure(value, column.kind) for value, column in zip(row, columns, strict=True)]


@register.filter
def percent(share: float) -> str:
    """0.914 as 91 %."""
    return f"{number_format(share * 100, 0, use_l10n=True)} %"


@register.filter
def colour(category: Any) -> str:
    """A class of the style sheet: each kind of activity keeps its colour."""
    return f"kind-{category.pk % COLOURS}" if category else "kind-none"


@register.filter
def day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "D j M")
