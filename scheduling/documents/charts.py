"""Rooms as pictures: the seating chart that lies with the invigilator, the notice that hangs on the door."""

from collections.abc import Iterator
from itertools import groupby

from django.utils.text import slugify

from projects.documents.page import breakable, plain, shown
from projects.documents.typesetting import Pile
from projects.documents.words import long_date
from scheduling.documents.lists import codes_of, programmes_of, title_of
from scheduling.documents.plan import Json, Mass, Plan
from scheduling.documents.seat_rows import RoomSession, ranges_of
from scheduling.documents.tables import PeriodRow
from scheduling.documents.words import WORDS

# More places than this side by side, or rows behind each other, need an A3 page.
WIDEST_ON_A4, DEEPEST_ON_A4 = 14, 14
# Light fills, told apart in grey too by the code in each cell.
FILLS = 8
# Where the door is, if the room's features say so: "door front left".
DOORS = ("front left", "front right", "back left", "back right")
# Text on a door, in points, by how much there is to tell.
DOOR_SIZES = ((250, 16.0), (500, 13.0), (900, 11.0), (1600, 9.0))


def sessions_of(plan: Plan, only: str) -> list[RoomSession]:
    return [session for session in plan.seats.sessions if not only or session.room.code == only]


def stem_of(period: PeriodRow) -> str:
    """2027-01-04-a: files of prints sort as the exams are sat."""
    name = slugify(period.label, allow_unicode=True) or f"{period.starts:%H%M}"
    return f"{period.date}-{period.starts:%H%M}" + (f"-{name}" if period.label else "")


def piles_by_period(sessions: list[RoomSession], sections) -> Iterator[Pile]:
    """A pile a period; `sections` makes the pages of one room in it."""
    for period, of_period in groupby(sessions, key=lambda session: session.period):
        listed = list(of_period)
        yield Pile(stem_of(period), (page for session in listed for page in sections(session)))


def head_of(session: RoomSession, language: str) -> Json:
    """What every sheet of a room says at its top."""
    words, period, room = WORDS[language], session.period, session.room
    return {
        "room": plain(room.code),
        "block": f"{words['block']} {plain(room.block)}" if room.block else "",
        "date": long_date(period.date, language),
        "period": f"{words['period']} {plain(period.label)}" if period.label else "",
        "times": f"{period.starts:%H:%M}–{session.ends_at_last}",
    }


# --- seating chart ----------------------------------------------------------------------------------------
def chart_pages(plan: Plan, language: str, only: str = "") -> Mass:
    sessions = sessions_of(plan, only)
    piles = piles_by_period(sessions, lambda session: [chart(session, language)])
    return Mass(len(sessions), piles)


def chart(session: RoomSession, language: str) -> Json:
    """The front of the room is at the top, the first column at the left, in every language."""
    fill_of = {sitting.pk: number % FILLS for number, (sitting, _) in enumerate(session.exams)}
    grid = _grid(session, fill_of, language)
    width, depth = len(grid[0]) if grid else 1, len(grid)
    return {
        **head_of(session, language),
        "exams": [
            {
                "codes": shown(codes_of(sitting), language),
                "title": breakable(title_of(sitting, language)),
                "times": sitting.times(),
                "count": len(seats),
                "fill": fill_of[sitting.pk],
            }
            for sitting, seats in session.exams
        ],
        "taken": len(session.seats),
        "free": session.seats_left,
        "dead": sum(not chair.is_usable for chair in session.layout.chairs),
        "grid": grid,
        "columns": _columns(session),
        "row_names": sorted({key[0] for key in _places(session)}),
        "paper": "a3" if width > WIDEST_ON_A4 or depth > DEEPEST_ON_A4 else "a4",
        "door": next((side for side in DOORS if f"door {side}" in session.layout.features.casefold()), ""),
        "longest": max(len(seat.student.roll_no) for seat in session.seats),
    }


def _grid(session: RoomSession, fill_of: dict[int, int], language: str) -> list[list[Json | None]]:
    """Row by row from the front, a cell a chair; None where there is none, as in an aisle."""
    places = _places(session)
    rows = sorted({key[0] for key in places})
    width = max(places.values(), default=0)
    grid: list[list[Json | None]] = [[None] * width for _ in rows]
    line = {row: number for number, row in enumerate(rows)}
    for chair in session.layout.chairs:
        state = "free" if chair.is_usable else "dead"
        grid[line[chair.row]][chair.across - 1] = {"state": state, "label": plain(chair.label)}
    for seat in session.seats:
        grid[line[seat.key[0]]][places[seat.key] - 1] = {
            "state": "taken",
            "label": plain(seat.label),
            "roll": breakable(seat.student.roll_no),
            "code": plain(_short_code(seat.sitting.courses or (seat.sitting.code,))),
            "fill": fill_of[seat.sitting.pk],
        }
    return grid


def _places(session: RoomSession) -> dict[tuple[int, int, int], int]:
    """Each chair's place along its row; one that is gone from the layout still holds its candidate."""
    benches = _benches(session)
    gone = {seat.key: (seat.key[1] - 1) * benches + seat.key[2] for seat in session.seats}
    return gone | {chair.key: chair.across for chair in session.layout.chairs}


def _short_code(courses: tuple[str, ...]) -> str:
    return courses[0] + ("…" if len(courses) > 1 else "")


def _benches(session: RoomSession) -> int:
    return max(1, *(chair.side for chair in session.layout.chairs), *(seat.key[2] for seat in session.seats))


def _columns(session: RoomSession) -> list[Json]:
    """Heads over the columns: their number, over as many places as a bench has."""
    benches = _benches(session)
    width = max(
        (chair.column for chair in session.layout.chairs), default=max(s.key[1] for s in session.seats)
    )
    return [{"name": str(column), "places": benches} for column in range(1, width + 1)]


# --- door notice ------------------------------------------------------------------------------------------
def door_pages(plan: Plan, language: str, only: str = "") -> Mass:
    sessions = sessions_of(plan, only)
    piles = piles_by_period(sessions, lambda session: [door(plan, session, language)])
    return Mass(len(sessions), piles)


def door(plan: Plan, session: RoomSession, language: str) -> Json:
    """What every passer-by may read: no name, and nothing of what anybody needs."""
    page = chart(session, language)
    exams = []
    for known, (sitting, seats) in zip(page["exams"], session.exams, strict=True):  # type: ignore[call-overload]
        rolls = (seat.student.roll_no for seat in seats)
        ranges = [plain(one) for one in ranges_of(rolls, plan.seats.rolls_of[sitting.pk])]
        exams.append({**known, "programmes": shown(programmes_of(sitting), language), "ranges": ranges})
    letters = sum(len(one) + 2 for exam in exams for one in exam["ranges"]) + sum(
        len(str(exam["title"])) for exam in exams
    )
    return {
        **page,
        "exams": exams,
        "size": next((size for most, size in DOOR_SIZES if letters <= most), 7.5),
        "times": f"{session.period.starts:%H:%M}",
    }
