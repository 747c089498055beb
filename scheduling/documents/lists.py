"""The datesheet as lists: by day, programme, room, student and teacher."""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import groupby

from projects.documents.page import Band, Column, Section, Value
from projects.documents.words import long_date
from scheduling.documents.tables import Plan, SittingRow
from scheduling.documents.words import WORDS

# A longer list ends in "+n".
PROGRAMMES_SHOWN = 3


def rooms_of(sitting: SittingRow, language: str) -> Value:
    if not sitting.rooms:
        return WORDS[language]["no_room"] if sitting.needs_room and sitting.period else ""
    if len(sitting.rooms) == 1:
        return [sitting.rooms[0][0].code]
    return [f"{room.code} ({candidates})" for room, candidates in sitting.rooms]


def title_of(sitting: SittingRow, language: str) -> str:
    if sitting.sittings == 1:
        return sitting.title
    batch = WORDS[language]["sitting"].format(number=sitting.number, count=sitting.sittings)
    return f"{sitting.title} ({batch})"


def codes_of(sitting: SittingRow) -> Value:
    """Students look for the code of their course, which the exam's code may not be."""
    return list(sitting.courses) or [sitting.code]


def programmes_of(sitting: SittingRow) -> Value:
    """The programmes with the most candidates, and how many more: a wall has no room for nine in each row."""
    counts: dict[str, int] = {}
    for (programme, _), candidates in sitting.cohorts.items():
        counts[programme] = counts.get(programme, 0) + candidates
    names = sorted(filter(None, counts), key=lambda name: (-counts[name], name))
    return (
        names
        if len(names) <= PROGRAMMES_SHOWN + 1
        else [*names[:PROGRAMMES_SHOWN], f"+{len(names) - PROGRAMMES_SHOWN}"]
    )


def by_period(sittings: Iterable[SittingRow]) -> Iterator[tuple[dt.date | None, list[SittingRow]]]:
    for day, of_day in groupby(sittings, key=lambda s: s.period.date if s.period else None):
        yield day, list(of_day)


# --- by day -------------------------------------------------------------------------------------------------
def by_day_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["time"], "time"),
        Column(words["period"]),
        Column(words["code"], "code", 1.3),
        Column(words["title"], width=2.8),
        Column(words["programmes"], width=2.2),
        Column(words["examiners"], width=1.8),
        Column(words["candidates"], "number"),
        Column(words["rooms"], "code", 2),
    )


def by_day_sections(plan: Plan, language: str) -> list[Section]:
    bands = []
    for day, sittings in by_period(plan.sittings):
        heading = long_date(day, language) if day else WORDS[language]["not_placed"]
        bands.append(Band(heading, [_by_day_row(sitting, language) for sitting in sittings]))
    return [Section("", bands)]


def _by_day_row(sitting: SittingRow, language: str) -> tuple[Value, ...]:
    return (
        sitting.times(),
        sitting.period.name if sitting.period else "",
        codes_of(sitting),
        title_of(sitting, language),
        programmes_of(sitting),
        [teacher.name for teacher in sitting.examiners],
        sitting.candidates,
        rooms_of(sitting, language),
    )
