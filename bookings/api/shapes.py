"""What goes out: one function makes of a row what its schema promises."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Header, Schema

from .. import waitlist
from ..models import MOST_PARTS, Booking, Meeting, Session, WaitEntry

MOST = 500
# No text of ours holds a null character, and PostgreSQL will not even look for it.
NO_NULL = r"^[^\x00]*$"
Id = Annotated[str, Field(max_length=40, pattern=NO_NULL)]
Code = Annotated[str, Field(max_length=30, pattern=NO_NULL)]
Parts = Annotated[int, Field(ge=1, le=MOST_PARTS)]


class Page(Schema):
    """Of a `limit` above 500 there are 500."""

    limit: int = Field(100, ge=0)
    offset: int = Field(0, ge=0, le=10**9)

    def of(self, rows: Any) -> list[Any]:
        return list(rows[self.offset : self.offset + min(self.limit, MOST)])


class Key(Schema):
    """The header that makes it harmless to ask again; kept for 48 hours."""

    idempotency_key: str = Header("", alias="Idempotency-Key", max_length=100)  # type: ignore[assignment]


def key_of(request: HttpRequest) -> str:
    return request.headers.get("Idempotency-Key", "")[:100]


class SessionOut(Schema):
    """Its price may be paid in `most_parts` instalments, the first while booking, each so many days later."""

    id: str
    activity: str
    name: str
    term: str
    price: Decimal
    currency: str
    most_parts: int
    days_between_parts: int
    places: int
    free: int
    waiting: int


def session_out(row: Session) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "activity": row.activity.name,
        "name": row.name,
        "term": row.term.name,
        "price": row.price,
        "currency": row.institution.currency,
        "most_parts": row.activity.most_parts,
        "days_between_parts": row.activity.days_between_parts,
        "places": row.places.capacity + row.places.extra,
        "free": row.places.open,
        "waiting": row.places.waiting,
    }


class MeetingOut(Schema):
    starts_at: datetime
    ends_at: datetime
    location: str
    is_cancelled: bool


def meeting_out(row: Meeting) -> dict[str, Any]:
    return {
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "location": str(row.location or row.session.location or ""),
        "is_cancelled": row.cancelled_at is not None,
    }


class ActivityOut(Schema):
    """Who may come: empty is everybody. `age_on` empty: on the term's first day."""

    slug: str
    name: str
    category: str
    description: str
    youngest: int | None
    oldest: int | None
    age_on: date | None
    year_groups: list[str]
    is_by_invitation: bool
    sessions: list[SessionOut]


class InstalmentOut(Schema):
    amount: Decimal
    due_on: date
    state: str


class BookingOut(Schema):
    id: str
    session: str
    child: str
    state: str
    price: Decimal
    currency: str
    hold_until: datetime | None
    instalments: list[InstalmentOut]


def booking_out(row: Booking) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "session": row.session.public_id,
        "child": row.child.public_id,
        "state": row.state,
        "price": row.price,
        "currency": row.currency,
        "hold_until": row.hold_until,
        "instalments": [
            {"amount": part.amount, "due_on": part.due_on, "state": part.state}
            for charge in (row.charges.filter(cancelled_at=None) if row.parts > 1 else ())
            for part in charge.instalments.all()
        ],
    }


class WaitOut(Schema):
    id: str
    session: str
    child: str
    state: str
    position: int | None


def wait_out(row: WaitEntry) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "session": row.session.public_id,
        "child": row.child.public_id,
        "state": row.state,
        "position": waitlist.position(row) if row.is_live else None,
    }
