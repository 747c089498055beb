"""What the pages' templates need beside Django's own tags: icons, and ways out of the tenant."""

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects import addresses

register = template.Library()


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """A picture beside a word; on its own it needs a label on what carries it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        classes,
        static("vendor/lucide.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def outside(context: template.Context, name: str, *args: Any) -> str:
    return addresses.outside(context["request"], name, *args)


@register.simple_tag(takes_context=True)
def staff_address(context: template.Context, institution: Any, project: Any = None) -> str:
    return addresses.staff(context["request"], institution.slug, project.slug if project else "")


@register.filter
def thousands(number: float | None) -> str:
    """12345 as 12,345 (as the language has it); what is no number stays as it is."""
    if not isinstance(number, int | float):
        return "" if number is None else str(number)
    places = 0 if number == int(number) else 1
    return number_format(number, places, use_l10n=True, force_grouping=True)


@register.filter
def thousands_signed(number: float) -> str:
    """+1,234, −56, ±0: a difference."""
    sign = "+" if number > 0 else "−" if number < 0 else "±"
    return f"{sign}{thousands(abs(number))}"
