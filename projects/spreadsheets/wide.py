"""The wide datesheet: dates down, periods across, exams in the cells. Read as one row per exam.

Two forms are seen: pairs of columns (Code, 09:00 - 10:00) code in one and title in the other, and one
column per period (Morning, Evening or hours) whose cell lists course codes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from .cells import BadCell, shown, text
from .columns import header_key
from .headers import SEARCHED_ROWS, header_text
from .moments import hours

DATE_HEADERS = {"date", "examdate", "dateofexam", "dates", "datedday"}
CODE_HEADERS = {"code", "coursecode", "subjectcode", "papercode", "courseid"}
LABEL_HEADERS = {"morning", "evening", "afternoon", "forenoon", "noon", "fn", "an"}
NO_EXAM = {"noexam", "nopaper", "holiday", "off", "break", "prep", "preparation"}


@dataclass(frozen=True)
class WidePeriod:
    """One period's columns. codes is None where the exam's cell lists course codes."""

    header: str
    position: int
    codes: int | None
    starts: time | None
    ends: time | None
    label: str


@dataclass(frozen=True)
class WideLayout:
    header_row: int
    date: int
    periods: tuple[WidePeriod, ...]
    headers: Mapping[int, str]


@dataclass(frozen=True)
class WideRow:
    """One exam. `headers` says under which header each of its cells stands."""

    row: int
    date_row: int  # where its date stands
    cells: Mapping[str, Any]
    headers: Mapping[str, str]
    positions: Mapping[str, int]


def find_wide(head: Sequence[Sequence[Any]]) -> WideLayout | None:
    """The first row with a date and at least two periods as headers."""
    for number, row in enumerate(head[:SEARCHED_ROWS], 1):
        headers = {
            position: header_text(cell) for position, cell in enumerate(row) if isinstance(cell, str) and cell
        }
        date = next(
            (position for position, header in headers.items() if header_key(header) in DATE_HEADERS), None
        )
        if date is None:
            continue
        periods = tuple(_periods(headers))
        if len(periods) > 1:
            return WideLayout(header_row=number, date=date, periods=periods, headers=headers)
    return None


def _periods(headers: Mapping[int, str]) -> Iterator[WidePeriod]:
    for position, header in headers.items():
        starts = ends = None
        try:
            starts, ends = hours(header)
        except BadCell:
            if header_key(header) not in LABEL_HEADERS:
                continue
        before = headers.get(position - 1, "")
        yield WidePeriod(
            header=header,
            position=position,
            codes=position - 1 if header_key(before) in CODE_HEADERS else None,
            starts=starts,
            ends=ends,
            label="" if starts else header,
        )


def read_wide(
    layout: WideLayout, rows: Iterable[tuple[int, Sequence[Any]]], merged: Mapping[int, int]
) -> Iterator[WideRow]:
    """One row per exam. `merged` are the rows of dates in merged cells, first → last.

    Where there are none, an empty date repeats the one above, up to the next blank row.
    """
    carried: Any = ""
    dated = 0
    for number, row in rows:
        ends = number > merged.get(dated, dated) if merged else not any(shown(cell) for cell in row)
        if layout.date < len(row) and shown(row[layout.date]):
            carried, dated = row[layout.date], number
        elif ends or not dated:
            carried, dated = "", number
        for period in layout.periods:
            for code, title in _exams(row, period):
                codes = period.position if period.codes is None else period.codes
                yield WideRow(
                    row=number,
                    date_row=dated,
                    cells={
                        "date": carried,
                        "period": period.label,
                        "start": period.starts or "",
                        "end": period.ends or "",
                        "course_code": code,
                        "title": title,
                    },
                    headers={
                        "date": layout.headers[layout.date],
                        "course_code": layout.headers[codes],
                        **dict.fromkeys(("period", "start", "end", "title"), period.header),
                    },
                    positions={"date": layout.date, "course_code": codes, "title": period.position},
                )


def _exams(row: Sequence[Any], period: WidePeriod) -> Iterator[tuple[Any, Any]]:
    def cell(position: int) -> Any:
        return row[position] if position < len(row) else ""

    here = cell(period.position)
    if period.codes is not None:
        code = cell(period.codes)
        if shown(code) or shown(here):
            yield code, here
        return
    for part in re.split(r"[;,\n\r]+", here) if isinstance(here, str) else [here]:
        written = text(part)
        if written and header_key(written) not in NO_EXAM:
            yield written, ""
