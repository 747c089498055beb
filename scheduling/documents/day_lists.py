"""Lists of where candidates sit and what a day needs: seating and posting lists, packing list, seats left."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby

from projects.documents.page import Band, Column, Phrase, Section, Table, Value
from projects.documents.words import long_date
from scheduling.documents.lists import codes_of, programmes_of, title_of, when, when_columns
from scheduling.documents.plan import Plan
from scheduling.documents.seat_rows import RoomSession, SeatRow, ranges_of
from scheduling.documents.tables import PeriodRow, SittingRow
from scheduling.documents.words import WORDS
from scheduling.roll_order import natural_key

# Question papers that go along for whoever is not on the list: per cent of the candidates, and at least one.
SPARE_PERCENT = 5
# Papers come from the press in packets of these.
PACKETS = (50, 20, 10)


def period_heading(period: PeriodRow, language: str) -> Phrase:
    """Day, period and time. A period that is called by its start says so once."""
    name = f"{WORDS[language]['period']} {period.label}" if period.label else ""
    return long_date(period.date, language), name, period.times


# --- seating list: exam, roll numbers, room ---------------------------------------------------------------
def seating_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["code"], "code", 1.1),
        Column(words["title"], width=2.2),
        Column(words["programmes"], width=1.8),
        Column(words["roll_nos"], "code", 4),
        Column(words["candidates"], "number"),
        Column(words["room"], "code", 0.9),
    )


def seating_sections(plan: Plan, language: str, only: str = "") -> Iterator[Section]:
    for period, sessions in plan.seats.periods():
        bands = []
        for sitting, of_sitting in _by_exam(sessions):
            rows = [
                (
                    codes_of(sitting) if first else "",
                    title_of(sitting, language) if first else "",
                    programmes_of(sitting) if first else "",
                    _ranges(plan, sitting, seats),
                    len(seats),
                    session.room.code,
                )
                for first, (session, seats) in zip(_first_then(), of_sitting, strict=False)
            ]
            bands.append(Band("", rows))
        left = _unseated(plan, period)
        if left:
            bands.append(
                Band(WORDS[language]["without_seat"], [_left_row(plan, one, language) for one in left])
            )
        yield Section(period_heading(period, language), bands)


def _first_then() -> Iterator[bool]:
    yield True
    while True:
        yield False


def _by_exam(
    sessions: list[RoomSession],
) -> list[tuple[SittingRow, list[tuple[RoomSession, list[SeatRow]]]]]:
    """Exams by code; of each its rooms in the order of the roll numbers that they begin with."""
    found: dict[int, list[tuple[RoomSession, list[SeatRow]]]] = defaultdict(list)
    sittings: dict[int, SittingRow] = {}
    for session in sessions:
        for sitting, seats in session.exams:
            found[sitting.pk].append((session, seats))
            sittings[sitting.pk] = sitting
    for of_sitting in found.values():
        of_sitting.sort(key=lambda pair: natural_key(pair[1][0].student.roll_no))
    order = sorted(sittings.values(), key=lambda sitting: sitting.sort_key)
    return [(sitting, found[sitting.pk]) for sitting in order]


def _ranges(plan: Plan, sitting: SittingRow, seats: Iterable[SeatRow]) -> list[str]:
    return ranges_of((seat.student.roll_no for seat in seats), plan.seats.rolls_of[sitting.pk])


def _unseated(plan: Plan, period: PeriodRow) -> list[tuple[SittingRow, list[str]]]:
    return [
        (sitting, [student.roll_no for student in students])
        for sitting, students in plan.seats.unseated
        if sitting.period == period
    ]


def _left_row(plan: Plan, one: tuple[SittingRow, list[str]], language: str) -> tuple[Value, ...]:
    sitting, rolls = one
    return (
        codes_of(sitting), title_of(sitting, language), programmes_of(sitting),
        ranges_of(rolls, plan.seats.rolls_of[sitting.pk]), len(rolls), "",
    )  # fmt: skip


def seating_tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        *when_columns(language),
        Column(words["course_code"], "code"),
        Column(words["title"]),
        Column(words["programmes"]),
        Column(words["roll_nos"], "code"),
        Column(words["candidates"], "number"),
        Column(words["room"], "code"),
        Column(words["block"], "code"),
    )
    listed: list[tuple[Value, ...]] = [
        (
            *when(sitting, language), codes_of(sitting), title_of(sitting, language), sitting.programmes,
            _ranges(plan, sitting, seats), len(seats), session.room.code, session.room.block,
        )
        for _period, sessions in plan.seats.periods()
        for sitting, of_sitting in _by_exam(sessions)
        for session, seats in of_sitting
    ]  # fmt: skip
    return [Table(words["seating_list"], columns, listed)]


def seats_tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    """Each candidate's seat, a row each: for whoever makes labels or lists of their own."""
    words = WORDS[language]
    columns = (
        Column(words["date"], "date"),
        Column(words["period"]),
        Column(words["start"], "time"),
        Column(words["room"], "code"),
        Column(words["seat"], "code"),
        Column(words["row"], "number"),
        Column(words["column"], "number"),
        Column(words["place"], "number"),
        Column(words["roll_no"], "code"),
        Column(words["name"]),
        Column(words["course_code"], "code"),
        Column(words["title"]),
    )
    listed: list[tuple[Value, ...]] = [
        (
            session.period.date, session.period.name, session.period.starts, session.room.code, seat.label,
            *seat.key, seat.student.roll_no, seat.student.name, codes_of(seat.sitting),
            title_of(seat.sitting, language),
        )
        for session in plan.seats.sessions
        if not only or session.room.code == only
        for seat in session.seats
    ]  # fmt: skip
    return [Table(words["seating_chart"], columns, listed)]


# --- posting list: roll number, room, seat ----------------------------------------------------------------
def posting_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["roll_no"], "code", 1.4),
        Column(words["code"], "code", 1.2),
        Column(words["room"], "code", 0.9),
        Column(words["seat"], "code"),
    )


def posting_sections(plan: Plan, language: str, only: str = "") -> Iterator[Section]:
    """Everybody of a period by roll number: who knows the own number finds room and seat."""
    for period, sessions in plan.seats.periods():
        found = sorted(
            ((seat, session) for session in sessions for seat in session.seats),
            key=lambda pair: natural_key(pair[0].student.roll_no),
        )
        rows: list[tuple[Value, ...]] = [
            (seat.student.roll_no, codes_of(seat.sitting), session.room.code, seat.label)
            for seat, session in found
        ]
        yield Section(period_heading(period, language), [Band("", rows)])


# --- packing list: papers into rooms ----------------------------------------------------------------------
def packing_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["room"], "code", 0.8),
        Column(words["code"], "code", 1),
        Column(words["title"], width=2.2),
        Column(words["candidates"], "number"),
        Column(words["spare"], "number"),
        Column(words["papers"], "number"),
        Column(words["packets"], "code", 1.1),
        Column(words["in_seat_order"], "code", 3.6),
        Column(words["packed_by"], width=0.8),
    )


def packing_sections(plan: Plan, language: str, only: str = "") -> Iterator[Section]:
    words = WORDS[language]
    for period, sessions in plan.seats.periods():
        bands = []
        for block, of_block in groupby(sessions, key=lambda session: session.room.block):
            listed = list(of_block)
            rows: list[tuple[Value, ...]] = []
            for session in listed:
                rows += [
                    (
                        session.room.code if first else "", codes_of(sitting), title_of(sitting, language),
                        len(seats), spare(len(seats)), len(seats) + spare(len(seats)),
                        packets(len(seats) + spare(len(seats))), walk_words(session, seats), "",
                    )
                    for first, (sitting, seats) in zip(_first_then(), session.exams, strict=False)
                ]  # fmt: skip
            rows.append(_packing_total(words["total"], listed))
            bands.append(Band(f"{words['block']} {block}" if block else "", rows))
        bands.append(Band(words["from_the_press"], list(_papers_of_exams(sessions, language))))
        yield Section(period_heading(period, language), bands)


def _packing_total(label: str, sessions: list[RoomSession]) -> tuple[Value, ...]:
    groups = [len(seats) for session in sessions for _, seats in session.exams]
    extra = sum(map(spare, groups))
    return label, "", "", sum(groups), extra, sum(groups) + extra, "", "", ""


def _papers_of_exams(sessions: list[RoomSession], language: str) -> Iterator[tuple[Value, ...]]:
    """What leaves the strong room: each exam's papers for all its rooms."""
    for sitting, of_sitting in _by_exam(sessions):
        groups = [len(seats) for _, seats in of_sitting]
        extra = sum(map(spare, groups))
        rooms = WORDS[language]["in_rooms"].format(n=len(groups))
        yield (
            "", codes_of(sitting), title_of(sitting, language), sum(groups), extra, sum(groups) + extra,
            "", rooms, "",
        )  # fmt: skip


def spare(candidates: int) -> int:
    return max(1, math.ceil(candidates * SPARE_PERCENT / 100))


def packets(papers: int) -> str:
    """87 papers are 50 + 20 + 10 + 7."""
    out = []
    for size in PACKETS:
        number, papers = divmod(papers, size)
        if number:
            out.append(f"{number}×{size}" if number > 1 else str(size))
    return " + ".join([*out, str(papers)] if papers or not out else out)


_LABEL = re.compile(r"^([A-Z]+)(\d+)$")


def walk_words(session: RoomSession, seats: Iterable[SeatRow]) -> list[str]:
    """The seats as one walks with the papers, a column a piece: A1·3·5, B6·4·2."""
    return by_line(seat.label for seat in sorted(seats, key=lambda seat: session.layout.walk(seat.key)))


def by_line(labels: Iterable[str]) -> list[str]:
    out: list[str] = []
    line = ""
    for label in labels:
        found = _LABEL.match(label)
        if found and found[1] == line:
            out[-1] += f"·{found[2]}"
        else:
            out.append(label)
            line = found[1] if found else ""
    return out


def packing_tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        Column(words["date"], "date"),
        Column(words["period"]),
        Column(words["start"], "time"),
        Column(words["block"], "code"),
        Column(words["room"], "code"),
        Column(words["course_code"], "code"),
        Column(words["title"]),
        Column(words["candidates"], "number"),
        Column(words["spare"], "number"),
        Column(words["papers"], "number"),
        Column(words["packets"], "code"),
        Column(words["in_seat_order"], "code"),
    )
    listed: list[tuple[Value, ...]] = [
        (
            session.period.date, session.period.name, session.period.starts, session.room.block,
            session.room.code, codes_of(sitting), title_of(sitting, language), len(seats),
            spare(len(seats)), len(seats) + spare(len(seats)), packets(len(seats) + spare(len(seats))),
            walk_words(session, seats),
        )
        for session in plan.seats.sessions
        for sitting, seats in session.exams
    ]  # fmt: skip
    return [Table(words["packing_list"], columns, listed)]


# --- seats left: where a late candidate can sit -----------------------------------------------------------
def seats_left_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["block"], "code"),
        Column(words["room"], "code"),
        Column(words["seats"], "number"),
        Column(words["seats_taken"], "number"),
        Column(words["seats_free"], "number"),
        Column(words["free_seats"], "code", 1),
    )


def seats_left_sections(plan: Plan, language: str, only: str = "") -> Iterator[Section]:
    for period, sessions in plan.seats.periods():
        yield Section(
            period_heading(period, language), [Band("", [_left_in(session) for session in sessions])]
        )


def _left_in(session: RoomSession) -> tuple[Value, ...]:
    free = session.seats_left
    shown = sorted(session.empty_chairs, key=lambda chair: session.layout.walk(chair.key)) if free else []
    return (
        session.room.block, session.room.code, session.room.seats, len(session.seats), free,
        by_line(chair.label for chair in shown),
    )  # fmt: skip


def seats_left_tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        Column(words["date"], "date"),
        Column(words["period"]),
        Column(words["start"], "time"),
        *(Column(column.heading, column.kind) for column in seats_left_columns(language)),
    )
    listed: list[tuple[Value, ...]] = [
        (session.period.date, session.period.name, session.period.starts, *_left_in(session))
        for session in plan.seats.sessions
    ]
    return [Table(words["seats_left"], columns, listed)]
