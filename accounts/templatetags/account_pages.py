"""What the account pages say about a browser."""

import re

from django import template
from django.utils.translation import gettext as _

register = template.Library()

# In this order: each pretends to be the ones after it.
BROWSERS = [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", ""), ("SamsungBrowser", "Samsung Internet")]
BROWSERS += [("HeadlessChrome", "Chrome"), ("Chrome", ""), ("CriOS", "Chrome"), ("Safari", "")]
SYSTEMS = [("Android", ""), ("iPhone", ""), ("iPad", ""), ("Windows", ""), ("Mac OS X", "Mac"), ("Linux", "")]


@register.filter
def browser(user_agent: str) -> str:
    """A browser and system that its owner knows: "Firefox on Android"."""

    def first(choices: list[tuple[str, str]]) -> str:
        found = (name or sign for sign, name in choices if re.search(rf"\b{re.escape(sign)}\b", user_agent))
        return next(found, "")

    name, system = first(BROWSERS), first(SYSTEMS)
    if name and system:
        return _("%(browser)s on %(system)s") % {"browser": name, "system": system}
    return name or system or _("Another program")
