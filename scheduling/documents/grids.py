"""The datesheet as grids: day × period, and programme × date."""

import datetime as dt
from collections import defaultdict

from projects.documents.page import Column, Table, Value, breakable, shown
from projects.documents.words import MONTHS, weekday
from scheduling.documents.lists import (
    codes_of,
    semester_name,
    sittings_of_cohorts,
    title_of,
)
from scheduling.documents.tables import PeriodRow, SittingRow, SolutionRows
from scheduling.documents.words import WORDS

# Columns that an A3 page in landscape has room for.
SLOTS_A_PAGE = 6
DAYS_A_PAGE = 7

Json = dict[str, object]


# --- day × period -----------------------------------------------------------------------------------------
def slots_of(rows: SolutionRows) -> tuple[list[str], dict[int, int]]:
    """The columns, and period pk → its column: by label where a day uses each label once, else by turn."""
    used = {s.period.date for s in rows.placed if s.period}
    periods = [period for period in rows.periods if period.date in used]
    labels_are_unique = all(period.label for period in periods) and len(periods) == len(
        {(period.date, period.label) for period in periods}
    )
    turn: dict[dt.date, int] = defaultdict(int)
    key_of: dict[int, str] = {}
    first_start: dict[str, dt.time] = {}
    for period in periods:
        turn[period.date] += 1
        key = period.label if labels_are_unique else str(turn[period.date])
        key_of[period.pk] = key
        first_start[key] = min(first_start.get(key, dt.time.max), period.starts)
    keys = sorted(first_start, key=lambda key: (first_start[key], key))
    return keys, {pk: keys.index(key) for pk, key in key_of.items()}


def wide_data(rows: SolutionRows, language: str) -> Json:
    """In parts of as many columns as a page has room for. A cell is None where a day has no such period."""
    keys, slot_of = slots_of(rows)
    words = WORDS[language]
    of_period: dict[int, list[SittingRow]] = defaultdict(list)
    for sitting in rows.placed:
        if sitting.period:
            of_period[sitting.period.pk].append(sitting)
    at: dict[tuple[dt.date, int], PeriodRow] = {
        (period.date, slot_of[period.pk]): period for period in rows.periods if period.pk in slot_of
    }
    common: dict[int, str] = {}
    for slot in range(len(keys)):
        times = [period.times for (_, of), period in at.items() if of == slot]
        common[slot] = max(set(times), key=lambda one: (times.count(one), one))

    def cell(day: dt.date, slot: int) -> Json | None:
        period = at.get((day, slot))
        if period is None:
            return None
        return {
            "times": "" if period.times == common[slot] else period.times,
            "exams": [
                {
                    "codes": shown(codes_of(sitting), language),
                    "title": breakable(title_of(sitting, language)),
                    "small": f"({sitting.candidates})",
                }
                for sitting in of_period[period.pk]
            ],
        }

    parts = []
    for first in range(0, len(keys), SLOTS_A_PAGE):
        slots = range(first, min(first + SLOTS_A_PAGE, len(keys)))
        parts.append(
            {
                "slots": [
                    {"heading": f"{words['period']} {breakable(keys[slot])}", "times": common[slot]}
                    for slot in slots
                ],
                "days": [
                    {**day_words(day, language), "cells": [cell(day, slot) for slot in slots]}
                    for day in rows.days
                ],
            }
        )
    return {"parts": parts}


def day_words(day: dt.date, language: str) -> Json:
    month = MONTHS[language][day.month - 1]
    return {"weekday": weekday(day, language), "date": f"{day.day} {month} {day.year}"}


def wide_tables(rows: SolutionRows, language: str, only: str = "") -> list[Table]:
    """The layout that universities hang out and upload: Day, Date, then Code and, under the times, title.
    Periods with other times are other columns, so that nothing is lost on the way back."""
    words = WORDS[language]
    spans = sorted({(s.period.starts, s.period.ends) for s in rows.placed if s.period})
    columns = [Column(words["day"]), Column(words["date"], "date")]
    for starts, ends in spans:
        columns += [Column(words["code"], "code"), Column(f"{starts:%H:%M} - {ends:%H:%M}")]
    at: dict[tuple[dt.date, dt.time, dt.time], list[SittingRow]] = defaultdict(list)
    for sitting in rows.placed:
        if sitting.period:
            at[sitting.period.date, sitting.period.starts, sitting.period.ends].append(sitting)
    lines: list[tuple[Value, ...]] = []
    for day in rows.days:
        cells = [at[day, starts, ends] for starts, ends in spans]
        for number in range(max(map(len, cells))):
            line: list[Value] = [weekday(day, language), day]
            for sittings in cells:
                sitting = sittings[number] if number < len(sittings) else None
                line += [codes_of(sitting), title_of(sitting, language)] if sitting else [None, None]
            lines.append(tuple(line))
    return [Table(words["wide"], tuple(columns), lines)]


# --- programme × date -------------------------------------------------------------------------------------
def matrix_data(rows: SolutionRows, language: str) -> Json:
    cohorts = sittings_of_cohorts(rows)
    parts = []
    for first in range(0, len(rows.days), DAYS_A_PAGE):
        days = rows.days[first : first + DAYS_A_PAGE]
        lines = []
        for (programme, semester), sittings in cohorts.items():
            cells = [[s for s in sittings if s.period and s.period.date == day] for day in days]
            if not any(cells):
                continue
            lines.append(
                {
                    "programme": breakable(programme) or WORDS[language]["no_programme"],
                    "semester": breakable(semester_name(semester, language)),
                    "cells": [[_matrix_exam(sitting, language) for sitting in cell] for cell in cells],
                }
            )
        parts.append({"days": [day_words(day, language) for day in days], "rows": lines})
    return {"parts": parts, "row_heading_share": 0.9}


def _matrix_exam(sitting: SittingRow, language: str) -> Json:
    return {
        "times": sitting.times(),
        "codes": shown(codes_of(sitting), language),
        "title": breakable(title_of(sitting, language)),
    }


def matrix_tables(rows: SolutionRows, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        Column(words["programme"]),
        Column(words["semester"], "code"),
        *(Column(f"{weekday(day, language, short=True)} {day.isoformat()}") for day in rows.days),
    )
    lines: list[tuple[Value, ...]] = []
    for cohort, sittings in sittings_of_cohorts(rows).items():
        of_day: dict[dt.date, list[str]] = defaultdict(list)
        for sitting in sittings:
            if sitting.period:
                codes = "/".join(sitting.courses) or sitting.code
                of_day[sitting.period.date].append(f"{sitting.times()} {codes} {title_of(sitting, language)}")
        lines.append((*cohort, *(of_day.get(day) for day in rows.days)))
    return [Table(words["matrix"], columns, lines)]
