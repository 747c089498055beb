"""What a print is made of, as plain data: the front of a page, and tables that pdf, xlsx and csv share."""

import dataclasses
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Sequence

from PIL import Image

from projects.documents import words

# Written once into each file: 600 pixels are 18 mm at 800 dots per inch.
LOGO_PIXELS = 600


class Share(float):
    """A part of a whole, 0 to 1: a bar on paper, per cent in a spreadsheet. Above 1 the bar turns red."""


# What a cell may hold. A list is several values of one cell (rooms, codes).
Value = str | int | float | dt.date | dt.time | Sequence[str] | None


# A heading or a line; several pieces of data are set with dots between, each in its own direction.
Phrase = str | Sequence[str]


@dataclasses.dataclass(frozen=True)
class Letterhead:
    institution: str
    address: str = ""
    logo: bytes = b""


@dataclasses.dataclass(frozen=True)
class Signature:
    name: str
    post: str = ""


@dataclasses.dataclass(frozen=True)
class Front:
    """What stands on a print besides its tables. `lines` go below the title, `notes` below the tables."""

    letterhead: Letterhead
    title: str
    language: str = "en"
    lines: tuple[Phrase, ...] = ()
    version: str = ""
    is_draft: bool = False
    notification: str = ""
    generated_at: dt.datetime | None = None
    footer: str = ""
    notes: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()


@dataclasses.dataclass(frozen=True)
class Column:
    """`kind` is text, code, number, date, time or share; all but text run left to right on an Urdu page.
    `width` is the column's share of what is free on a page; 0 makes it as wide as its longest cell."""

    heading: str
    kind: str = "text"
    width: float = 0


@dataclasses.dataclass(frozen=True)
class Band:
    """Rows under one heading within a table: a day, a period."""

    heading: str
    rows: list[tuple[Value, ...]]


@dataclasses.dataclass(frozen=True)
class Section:
    """One table under its own heading: a room, a programme, a student. `lines` follow the heading."""

    heading: Phrase
    bands: list[Band]
    lines: tuple[Phrase, ...] = ()


@dataclasses.dataclass(frozen=True)
class Table:
    """The same as a spreadsheet sees it: one heading row, and every row whole."""

    title: str
    columns: tuple[Column, ...]
    rows: list[tuple[Value, ...]]


# Overrides and isolates that someone else's text brings along would turn the rest of the line round.
_DIRECTION_MARKS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_LONG_WORD = re.compile(r"[^\s\u0590-\u08ff\ufb50-\ufdff\ufe70-\ufeff]{19,}")


def plain(text: str) -> str:
    """One line of visible text: no control characters, no marks that turn a line round, no double spaces."""
    if text.isprintable() and "  " not in text and text == text.strip():
        return text
    text = text.translate(_DIRECTION_MARKS)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join(text.split())


def breakable(text: str) -> str:
    """`plain`, with places to break in words of 19 letters and more, which else run out of a narrow cell."""
    return _LONG_WORD.sub(_with_breaks, plain(text))


def _with_breaks(found: re.Match[str]) -> str:
    word, out = found.group(), []
    for place, letter in enumerate(word):
        if place and place % 6 == 0 and not unicodedata.combining(letter):
            out.append("\u200b")
        out.append(letter)
    return "".join(out)


def shown(value: Value, language: str) -> str | list[str] | float:
    """A cell as a person reads it on paper; a share stays a number, for a bar."""
    if value is None:
        return ""
    if isinstance(value, str):
        return breakable(value)
    if isinstance(value, dt.date):
        return words.short_date(value, language)
    if isinstance(value, dt.time):
        return f"{value:%H:%M}"
    if isinstance(value, Share):
        return float(value)
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    return [breakable(one) for one in value]


def front_for_typst(front: Front, more_words: dict[str, str]) -> dict[str, object]:
    """The JSON that packages/house/prints reads for letterhead, title, marks, notes and signatures."""
    generated = f"{front.generated_at:%Y-%m-%d %H:%M}" if front.generated_at else ""
    return {
        "language": front.language,
        "direction": words.direction(front.language),
        "words": words.WORDS[front.language] | more_words,
        "letterhead": {
            "institution": breakable(front.letterhead.institution),
            "address": breakable(front.letterhead.address),
            "logo": logo_for_typst(front.letterhead.logo),
        },
        "title": breakable(front.title),
        "lines": [_phrase(line) for line in front.lines if line],
        "version": plain(front.version),
        "draft": front.is_draft,
        "notification": plain(front.notification),
        "generated": generated,
        "footer": plain(front.footer),
        "notes": [breakable(note) for note in front.notes if note.strip()],
        "signatures": [{"name": breakable(s.name), "post": breakable(s.post)} for s in front.signatures],
    }


def _phrase(phrase: Phrase) -> str | list[str]:
    return breakable(phrase) if isinstance(phrase, str) else [breakable(part) for part in phrase if part]


def columns_for_typst(columns: Sequence[Column]) -> list[dict[str, object]]:
    return [dataclasses.asdict(column) for column in columns]


def section_for_typst(section: Section, language: str) -> dict[str, object]:
    return {
        "heading": _phrase(section.heading),
        "lines": [_phrase(line) for line in section.lines if line],
        "bands": [
            {
                "heading": breakable(band.heading),
                "rows": [[shown(value, language) for value in row] for row in band.rows],
            }
            for band in section.bands
        ],
    }


def logo_for_typst(logo: bytes) -> list[int] | None:
    """A small PNG's bytes. None without a logo, or with one that cannot be read: the print still goes out."""
    if not logo:
        return None
    try:
        with Image.open(io.BytesIO(logo)) as picture:
            picture.thumbnail((LOGO_PIXELS, LOGO_PIXELS))
            out = io.BytesIO()
            picture.convert("RGBA").save(out, "PNG")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    return list(out.getvalue())
