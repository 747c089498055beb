"""What lies on the desks of an exam day: attendance sheets, desk cards, absentee statements."""

from collections.abc import Iterable, Iterator

from projects.documents.page import breakable, plain, shown
from projects.documents.typesetting import Pile
from projects.documents.words import direction, long_date
from scheduling.documents.charts import head_of, piles_by_period, sessions_of, stem_of
from scheduling.documents.lists import codes_of, title_of
from scheduling.documents.plan import Json, Mass, Plan
from scheduling.documents.seat_rows import RoomSession, SeatRow
from scheduling.documents.tables import SittingRow
from scheduling.documents.words import WORDS
from scheduling.roll_order import natural_key

# Heights on an attendance sheet, in millimetres, and what a page holds below its head.
ROW, ROW_WITH_PHOTO, EXAM, FOOT = 7.4, 15.0, 8.0, 45.0
# Nastaliq's head is taller.
PAGE = {"ltr": 240.0, "rtl": 227.0}
# Lines for candidates who turn up without being listed.
BLANK_ROWS = 5
CARDS_A_PAGE = 10


# --- attendance sheets ------------------------------------------------------------------------------------
def attendance_pages(plan: Plan, language: str, only: str = "") -> Mass:
    sessions = sessions_of(plan, only)
    return Mass(
        sum(len(_pages_of(session, bool(plan.photos), language)) for session in sessions),
        piles_by_period(sessions, lambda session: attendance(plan, session, language)),
    )


def attendance(plan: Plan, session: RoomSession, language: str) -> Iterator[Json]:
    """The pages of one room, cut here so that each knows its number and the foot stands on the last."""
    pages = _pages_of(session, bool(plan.photos), language)
    serial = 0
    for number, page in enumerate(pages, start=1):
        blocks: list[Json] = []
        photos: list[str] = []
        for kind, value in page:
            if kind == "exam":
                blocks.append(_exam_block(value, language))
            elif kind == "more":
                blocks.append({**_exam_block(value, language), "is_continued": True})
            elif kind == "blank":
                blocks.append({"codes": "", "title": "", "count": 0, "rows": [], "blanks": BLANK_ROWS})
            else:
                serial += 1
                photo = f"{value.student.pk}.jpg" if value.student.pk in plan.photos else ""
                photos.append(photo)
                blocks[-1]["rows"].append(_attendance_row(serial, value, photo))  # type: ignore[attr-defined]
        yield {
            **head_of(session, language),
            "sheet": number,
            "sheets": len(pages),
            "blocks": blocks,
            "is_last": number == len(pages),
            "expected": len(session.seats),
            "photos": photos,
            "has_photos": bool(plan.photos),
            "row_height": ROW_WITH_PHOTO if plan.photos else ROW,
        }


def _exam_block(sitting: SittingRow, language: str) -> Json:
    return {
        "codes": shown(codes_of(sitting), language),
        "title": breakable(title_of(sitting, language)),
        "times": sitting.times(),
        "is_continued": False,
        "rows": [],
        "blanks": 0,
    }


def _attendance_row(serial: int, seat: SeatRow, photo: str) -> Json:
    return {
        "serial": serial,
        "seat": plain(seat.label),
        "roll": breakable(seat.student.roll_no),
        "name": breakable(seat.student.name),
        "photo": photo,
    }


Piece = tuple[str, object]


def _pages_of(session: RoomSession, has_photos: bool, language: str) -> list[list[Piece]]:
    """What comes on which page, by its height. An exam's heading never stands alone at a foot."""
    row = ROW_WITH_PHOTO if has_photos else ROW
    pages: list[list[Piece]] = [[]]
    left = full = PAGE[direction(language)]

    def turn() -> None:
        nonlocal left
        pages.append([])
        left = full

    for sitting, seats in session.exams:
        if left < EXAM + row:
            turn()
        pages[-1].append(("exam", sitting))
        left -= EXAM
        for seat in seats:
            if left < row:
                turn()
                pages[-1].append(("more", sitting))
                left -= EXAM
            pages[-1].append(("row", seat))
            left -= row
    if left < EXAM + BLANK_ROWS * ROW + FOOT:
        turn()
    pages[-1].append(("blank", None))
    return pages


# --- desk cards -------------------------------------------------------------------------------------------
def card_pages(plan: Plan, language: str, only: str = "") -> Mass:
    sessions = sessions_of(plan, only)
    return Mass(
        sum(-(-len(session.seats) // CARDS_A_PAGE) for session in sessions),
        piles_by_period(sessions, lambda session: _cards(session, language)),
    )


def _cards(session: RoomSession, language: str) -> Iterator[Json]:
    """A room begins a page, so that its cards can be cut and carried by themselves. Every card tells its
    candidate's own finish: one that has more time looks like all others."""
    head = head_of(session, language)
    for first in range(0, len(session.seats), CARDS_A_PAGE):
        seats = session.seats[first : first + CARDS_A_PAGE]
        yield {"cards": [{**head, **_card(seat, language)} for seat in seats]}


def _card(seat: SeatRow, language: str) -> Json:
    sitting = seat.sitting
    return {
        "seat": plain(seat.label),
        "roll": breakable(seat.student.roll_no),
        "name": breakable(seat.student.name),
        "codes": shown(codes_of(sitting), language),
        "title": breakable(title_of(sitting, language)),
        "times": sitting.times(seat.student.extra_minutes(sitting)),
    }


# --- absentee statements ----------------------------------------------------------------------------------
def absentee_pages(plan: Plan, language: str, only: str = "") -> Mass:
    """A statement an exam, to the controller, in piles of a period."""
    statements = sum(
        len({s.pk for session in of for s, _ in session.exams}) for _, of in plan.seats.periods()
    )
    piles = (
        Pile(stem_of(period), _statements(sessions, language)) for period, sessions in plan.seats.periods()
    )
    return Mass(statements, piles)


def _statements(sessions: list[RoomSession], language: str) -> Iterator[Json]:
    of_exam: dict[int, list[tuple[RoomSession, int]]] = {}
    sittings: dict[int, SittingRow] = {}
    for session in sessions:
        for sitting, seats in session.exams:
            of_exam.setdefault(sitting.pk, []).append((session, len(seats)))
            sittings[sitting.pk] = sitting
    for sitting in sorted(sittings.values(), key=lambda sitting: natural_key(sitting.code)):
        yield _statement(sitting, of_exam[sitting.pk], language)


def _statement(sitting: SittingRow, rooms: Iterable[tuple[RoomSession, int]], language: str) -> Json:
    listed = list(rooms)
    period = listed[0][0].period
    return {
        "codes": shown(codes_of(sitting), language),
        "title": breakable(title_of(sitting, language)),
        "date": long_date(period.date, language),
        "period": f"{WORDS[language]['period']} {plain(period.label)}" if period.label else "",
        "times": sitting.times(),
        "rooms": [{"room": plain(session.room.code), "count": count} for session, count in listed],
        "total": sum(count for _, count in listed),
    }
