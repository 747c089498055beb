"""Cells that hold a length of time, a time of day or a date."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .cells import DASHES, BadCell, Clean, as_number, text

FIRST_YEAR, LAST_YEAR = 2000, 2100
EARLIEST = time(5)


def minutes(low: int, high: int) -> Clean:
    """A length of time in minutes: 120, "120 min", "2 h", "2:00", "1.5 hours"; a number up to 10 is hours."""

    def clean(value: Any) -> int:
        amount = _minutes(value)
        if not low <= amount <= high:
            raise BadCell(_("Write minutes from %(low)d to %(high)d.") % {"low": low, "high": high})
        return amount

    return clean


_LENGTH = re.compile(
    r"(?:(?P<hours>\d+(?:[.,]\d+)?) ?(?:h|hrs?|hours?)\.?)? ?(?:(?P<minutes>\d+) ?(?:m|mins?|minutes?)\.?)?",
    re.IGNORECASE,
)


def _minutes(value: Any) -> int:
    if isinstance(value, time):
        return value.hour * 60 + value.minute
    if isinstance(value, timedelta):
        return round(value.total_seconds() / 60)
    if isinstance(value, str):
        value = text(value)
        if clock := re.fullmatch(r"(\d{1,2}):(\d{2})(?::00)?", value):
            return int(clock[1]) * 60 + int(clock[2])
        if value and (length := _LENGTH.fullmatch(value)) and (length["hours"] or length["minutes"]):
            return round(float((length["hours"] or "0").replace(",", ".")) * 60) + int(length["minutes"] or 0)
    try:
        number = as_number(value)
    except BadCell as reason:
        raise BadCell(_("Write the minutes as a number, such as 120.")) from reason
    return round(number * 60) if 0 < number <= 10 else round(number)


def is_in_hours(value: Any, header: str) -> str:
    """The doubt about a bare small number of a length of time, unless the header speaks of hours."""
    if re.search(r"\bh(ou)?rs?\b", header, re.IGNORECASE):
        return ""
    try:
        number = as_number(value)
    except BadCell:
        return ""
    return _("read as hours") if 0 < number <= 10 else ""


_CLOCK = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2})(?:[:.](\d{2})(?:\.\d+)?)?)? ?([ap])?\.? ?(?:m\.?)?", re.IGNORECASE
)
_CLOCK_WORDS = {"noon": time(12), "12 noon": time(12), "midnight": time(0)}


def clock(value: Any) -> time:
    """A time of day: 08:30, 8.30 am, 0830, a fraction of a day. Seconds are dropped."""
    if isinstance(value, datetime):
        return value.time().replace(second=0, microsecond=0)
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0)
    if isinstance(value, timedelta):
        return _from_minutes(round(value.total_seconds() / 60))
    if isinstance(value, (bool, date)):
        raise BadCell(_("Write a time of day, such as 08:30."))
    if isinstance(value, (int, float)):
        return _from_number(float(value))
    word = text(value).casefold()
    if word in _CLOCK_WORDS:
        return _CLOCK_WORDS[word]
    if re.fullmatch(r"\d{3,4}", word):
        word = f"{word[:-2]}:{word[-2:]}"
    if re.fullmatch(r"0?\.\d{3,}|0", word):
        return _from_number(float(word))
    found = _CLOCK.fullmatch(word)
    if not found or (found[2] is None and found[4] is None and not word.isdigit()):
        raise BadCell(_("Write a time of day, such as 08:30."))
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[4]:
        if not 1 <= hour <= 12:
            raise BadCell(_("%d is no hour with am or pm. Write a time such as 08:30.") % hour)
        hour = hour % 12 + (12 if found[4] == "p" else 0)
    if hour > 23 or minute > 59:
        raise BadCell(_("There is no such time of day. Write a time from 00:00 to 23:59."))
    return time(hour, minute)


def _from_number(value: float) -> time:
    if 0 <= value < 1:
        return _from_minutes(round(value * 24 * 60))
    if value.is_integer():
        hour, minute = (int(value), 0) if value < 24 else divmod(int(value), 100)
        if hour < 24 and minute < 60:
            return time(hour, minute)
    words = _("%s can be read in several ways. Write the time with a colon, such as 08:30.")
    raise BadCell(words % f"{value:g}")


def _from_minutes(count: int) -> time:
    if not 0 <= count < 24 * 60:
        raise BadCell(_("There is no such time of day. Write a time from 00:00 to 23:59."))
    return time(count // 60, count % 60)


_MONTHS = {
    name: number
    for number, names in enumerate(
        ["jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
         "aug august", "sep sept september", "oct october", "nov november", "dec december"], 1,
    )
    for name in names.split()
}  # fmt: skip
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]*([a-z]+)[-/., ]*(\d{4}|\d{2})", re.IGNORECASE)
_MONTH_DAY = re.compile(r"([a-z]+)[-/. ]*(\d{1,2})(?:st|nd|rd|th)?[-/., ]+(\d{4}|\d{2})", re.IGNORECASE)
_CLOCK_AFTER = re.compile(r"[T ]+\d{1,2}:\d{2}.*$")


_SPAN = re.compile(r"(.+?)(?: ?- ?| to | until )(.+)", re.IGNORECASE)


def hours(value: Any) -> tuple[time, time]:
    """From when to when: 09:00 - 10:30, 9 am to 12 noon."""
    found = _SPAN.fullmatch(text(value).translate(DASHES)) if isinstance(value, str) else None
    if not found:
        raise BadCell(_("Write from when to when, such as 09:00 - 12:00."))
    starts, ends = clock(found[1].strip()), clock(found[2].strip())
    # "1:00 - 4:00 pm" means the afternoon twice; "9:00 - 1:00 pm" does not.
    if starts.hour < 12 <= ends.hour and not re.search(r"m\b", found[1], re.IGNORECASE):
        later = starts.replace(hour=starts.hour + 12)
        if later < ends and re.search(r"p\.? ?m", found[2], re.IGNORECASE):
            starts = later
    return starts, ends


def is_at_night(value: Any, header: str) -> str:
    """The doubt about 2:00 without am or pm: nobody sits an exam then."""
    try:
        starts = hours(value)[0] if isinstance(value, str) and _SPAN.fullmatch(text(value)) else clock(value)
    except BadCell:
        return ""
    return _("read as a time of the night") if starts < EARLIEST else ""


def day(*, day_first: bool = True) -> Clean:
    """A date: a date cell, a serial number, or text in one of the usual forms."""

    def clean(value: Any) -> date:
        found = _day(value, day_first)
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            words = _("The year %d cannot be meant. Write the date again, such as 2027-01-31.")
            raise BadCell(words % found.year)
        return found

    return clean


def _day(value: Any, day_first: bool) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_serial(float(value))
    if not isinstance(value, str):
        raise BadCell(_("Write a date, such as 2027-01-31."))
    words = text(value).translate(DASHES)
    if re.fullmatch(r"\d{5}", words):
        return _from_serial(float(words))
    year, month, day_of_month = _parts(words, day_first)
    try:
        return date(year, month, day_of_month)
    except ValueError as wrong:
        raise BadCell(_no_such_day(year, month, day_of_month)) from wrong


def _from_serial(value: float) -> date:
    """Days since 1899-12-30, as a spreadsheet counts them."""
    if not 36_526 <= value < 73_416:
        raise BadCell(_("This number is no date of this century. Write the date, such as 2027-01-31."))
    return date(1899, 12, 30) + timedelta(days=int(value))


def _parts(words: str, day_first: bool) -> tuple[int, int, int]:
    words = _WEEKDAY.sub("", words)
    if found := re.fullmatch(r"([A-Za-z]{3}) (\d{1,2}) (\d{4}) \d\d:\d\d:\d\d .*", words):
        words = (
            f"{found[2]} {found[1]} {found[3]}"  # Tue Jun 14 2022 05:00:00 GMT+0500 (Pakistan Standard Time)
        )
    words = _CLOCK_AFTER.sub("", words).strip(" ,")
    if found := _YEAR_FIRST.fullmatch(words):
        return int(found[1]), int(found[2]), int(found[3])
    if re.fullmatch(r"(20|19)\d{6}", words):
        return int(words[:4]), int(words[4:6]), int(words[6:])
    if found := _NUMBERS.fullmatch(words):
        first, second = int(found[1]), int(found[2])
        is_day_first = first > 12 or (day_first and second <= 12)
        return (_year(found[3]), second, first) if is_day_first else (_year(found[3]), first, second)
    if (found := _DAY_MONTH.fullmatch(words)) and found[2].casefold() in _MONTHS:
        return _year(found[3]), _MONTHS[found[2].casefold()], int(found[1])
    if (found := _MONTH_DAY.fullmatch(words)) and found[1].casefold() in _MONTHS:
        return _year(found[3]), _MONTHS[found[1].casefold()], int(found[2])
    raise BadCell(_("This cannot be read as a date. Write it such as 2027-01-31 or 31-Jan-2027."))


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _no_such_day(year: int, month: int, day_of_month: int) -> str:
    if not 1 <= month <= 12:
        return _("There is no month %d. Write the date such as 2027-01-31.") % month
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)) if 0 < year < 9999 else None
    name = date_format(last, "F Y") if last else f"{month}/{year}"
    return _("%(month)s has no day %(day)d. Correct the date.") % {"month": name, "day": day_of_month}


def is_ambiguous_day(*, day_first: bool = True) -> Callable[[Any, str], str]:
    """The doubt about a date such as 03/04/2027, and about one that only the other order can read."""

    def doubt(value: Any, header: str) -> str:
        found = _NUMBERS.fullmatch(_CLOCK_AFTER.sub("", value.strip())) if isinstance(value, str) else None
        if not found or found[1] == found[2]:
            return ""
        first, second = int(found[1]), int(found[2])
        if first <= 12 and second <= 12:
            return _("read with the day first") if day_first else _("read with the month first")
        if (second > 12) == day_first:
            return _("read with the month first") if day_first else _("read with the day first")
        return ""

    return doubt
