"""The fixed words of every print, by language. Data is never translated: it is printed as it was typed."""

import datetime as dt

LANGUAGES = ("en", "ur")

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "page": "Page {page} of {pages}",
        "generated": "Printed",
        "notification": "Notification No.",
        "version": "Version",
        "draft": "DRAFT",
        "notes": "Instructions",
    },
    "ur": {
        "page": "صفحہ {page} از {pages}",
        "generated": "طباعت",
        "notification": "نوٹیفکیشن نمبر",
        "version": "اشاعت",
        "draft": "مسودہ",
        "notes": "ہدایات",
    },
}

# Monday first, as datetime.date.weekday() counts.
WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ur": ("پیر", "منگل", "بدھ", "جمعرات", "جمعہ", "ہفتہ", "اتوار"),
}
# fmt: off
MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "ur": (
        "جنوری", "فروری", "مارچ", "اپریل", "مئی", "جون",
        "جولائی", "اگست", "ستمبر", "اکتوبر", "نومبر", "دسمبر",
    ),
}
# fmt: on


def direction(language: str) -> str:
    return "rtl" if language == "ur" else "ltr"


def weekday(day: dt.date, language: str, *, short: bool = False) -> str:
    name = WEEKDAYS[language][day.weekday()]
    # Urdu does not shorten the names of days.
    return name[:3] if short and language == "en" else name


def long_date(day: dt.date, language: str) -> str:
    """Monday 4 January 2027."""
    return f"{weekday(day, language)} {day.day} {MONTHS[language][day.month - 1]} {day.year}"


def short_date(day: dt.date, language: str) -> str:
    """Mon 4 Jan 2027; Urdu writes the names out."""
    month = MONTHS[language][day.month - 1]
    if language == "en":
        month = month[:3]
    return f"{weekday(day, language, short=True)} {day.day} {month} {day.year}"
