"""One cell: from what a spreadsheet holds to what a column means. Every refusal is a sentence.

A spreadsheet cell is "" (empty), text, a float, a bool, a date, a time, a datetime or a timedelta.
"""

import html
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

Clean = Callable[[Any], Any]

MAX_EXACT = 10**15  # a spreadsheet keeps 15 digits of a number

# Zero-width and directional marks that come along with copied text; joiners stay, Urdu needs them.
_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F)])
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
DASHES = str.maketrans("‐‑‒–—−", "------")
_ESCAPE = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,10});")


class BadCell(ValueError):
    """Why a cell cannot be taken, and what to write instead."""


def text(value: Any) -> str:
    """Text on one line: no odd spaces or invisible marks, HTML entities read, numbers as they are shown."""
    if isinstance(value, str):
        if value.isascii() and value.isprintable() and "  " not in value and "&" not in value:
            value = value.strip()
            return _unquoted(value) if value[:1] in ("'", "=") else value
        return _tidied(value)
    return _written(value)


def _tidied(value: str) -> str:
    if "\ufffd" in value:
        raise BadCell(_("Letters were lost here when the file was saved (“�”). Type them again."))
    if "&" in value:
        value = _ESCAPE.sub(lambda found: html.unescape(found[0]), value)
    value = unicodedata.normalize("NFC", value).translate(_INVISIBLE)
    value = _CONTROL.sub("", value)
    return _unquoted(" ".join(value.split()))


def _unquoted(value: str) -> str:
    """Undo what keeps text text: ="007" and '=SUM."""
    if value.startswith('="') and value.endswith('"') and len(value) > 2:
        return value[2:-1]
    if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@"):
        return value[1:]
    return value


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < MAX_EXACT else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return str(value)


def shown(value: Any) -> str:
    """The cell as a report quotes it. Never fails."""
    return " ".join(value.split())[:200] if isinstance(value, str) else _written(value)


def zero_padded(value: float, number_format: str) -> str:
    """12.0 shown by 0000 is 0012; by 000-0000 it is 000-0012."""
    digits = list(str(int(value)))
    written = []
    for mark in reversed(number_format):
        written.append((digits.pop() if digits else "0") if mark == "0" else mark)
    return "".join(digits) + "".join(reversed(written))


def code(value: Any) -> str:
    """An identifier: always text. A number that lost digits is refused."""
    if isinstance(value, bool):
        return text(value)
    if isinstance(value, (int, float)):
        if not math.isfinite(value) or abs(value) >= MAX_EXACT:
            raise BadCell(
                _("Only 15 digits of this number were kept. Format the column as text and type it again.")
            )
        return _written(float(value))
    if isinstance(value, (date, datetime, time)):
        raise BadCell(
            _("The spreadsheet turned this into a date or time. Format the column as text and type it again.")
        )
    value = text(value).translate(DASHES)
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value)
    if re.fullmatch(r"\d([.,]\d+)?[eE]\+\d+", value):
        raise BadCell(
            _("This number was shortened and lost digits. Format the column as text and type it again.")
        )
    return re.sub(r"^(\d+)\.0$", r"\1", value)


def key(value: str) -> str:
    """How two identifiers are compared: letters' case does not count."""
    return value.casefold()


def too_long(letters: int, most: int) -> BadCell:
    words = _("This has %(letters)d characters; up to %(most)d fit. Shorten it.")
    return BadCell(words % {"letters": letters, "most": most})


def limited(clean: Clean, most: int) -> Clean:
    """At most so many characters."""

    def short_enough(value: Any) -> str:
        value = clean(value)
        if len(value) > most:
            raise too_long(len(value), most)
        return value

    return short_enough


def as_number(value: Any) -> float:
    if isinstance(value, (bool, date, time, timedelta)):
        raise BadCell(_("Write a number."))
    if isinstance(value, (int, float)):
        return float(value)
    value = text(value).translate(DASHES)
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", value):
        value = value.replace(",", "")
    elif re.fullmatch(r"[+-]?\d+,\d{1,2}", value):
        value = value.replace(",", ".")
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", value):
        raise BadCell(_("Write a number in digits."))
    return float(value)


def whole(low: int, high: int) -> Clean:
    """A whole number from low to high."""

    def clean(value: Any) -> int:
        number = as_number(value)
        if not number.is_integer():
            raise BadCell(_("Write a whole number."))
        if not low <= number <= high:
            raise BadCell(
                _("Write a number from %(low)s to %(high)s.") % {"low": f"{low:,}", "high": f"{high:,}"}
            )
        return int(number)

    return clean


def decimal(low: float, high: float, places: int) -> Clean:
    """A number from low to high with so many places."""

    def clean(value: Any) -> Decimal:
        number = as_number(value)
        if not low <= number <= high:
            raise BadCell(
                _("Write a number from %(low)s to %(high)s.") % {"low": f"{low:g}", "high": f"{high:g}"}
            )
        return Decimal(f"{number:.{places}f}")

    return clean


_YES = {"yes", "y", "true", "t", "1", "x", "✓", "✔", "on", "ja", "oui", "si", "sí", "ہاں", "active"}
_NO = {"no", "n", "false", "f", "0", "-", "off", "nein", "non", "نہیں", "inactive"}


def yes_no(value: Any) -> bool:
    word = text(value).casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadCell(_("Write yes or no."))


def choice(words: Mapping[str, Iterable[str]]) -> Clean:
    """One of some values; each by its own word or by others that mean it."""
    values = {squeezed(word): value for value, others in words.items() for word in (value, *others)}

    def clean(value: Any) -> str:
        word = squeezed(text(value))
        if word not in values:
            raise BadCell(_("Write one of: %s.") % ", ".join(words))
        return values[word]

    return clean


def squeezed(value: str) -> str:
    """Letters and digits only, of one case and width: how headers and words of choice are compared."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", value).casefold()))


def items(clean: Clean) -> Clean:
    """Several values in one cell, between semicolons, commas or line ends."""

    def split(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, str):
            return (clean(value),)
        return tuple(dict.fromkeys(clean(part) for part in re.split(r"[;,\n\r]+", value) if part.strip()))

    return split


def email(value: Any) -> str:
    value = text(value).removeprefix("mailto:").strip("<>")
    if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]{2,}", value) or len(value) > 254:
        raise BadCell(_("This is no e-mail address. Correct it, or leave the cell empty."))
    return value
