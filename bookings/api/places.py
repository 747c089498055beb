"""Places: booked one by one or several at once, cancelled, swapped."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Header, Query, Router, Schema, Status

from .. import booking as acts
from ..checks import CannotBook
from ..compiled import compiled_once
from ..models import Booking, Child, Guardian, Guardianship, Session, Source
from .door import ACT, ONE, READ, Refusal, once, one, writer
from .shapes import BookingOut, Code, Id, Key, Page, Parts, WaitOut, booking_out, key_of, wait_out

router = Router(tags=["places"])

MOST_WISHES = 20


class Wish(Schema):
    session: Id
    child: Id


class BookingIn(Wish):
    """`or_queue`: if it is full, join the queue instead. `parts`: instalments (the session says how many)."""

    guardian: Id
    or_queue: bool = False
    promo_code: Code = ""
    parts: Parts = 1


class SeveralIn(Schema):
    """All or none; or, not `all_or_none`, each for itself, and with `or_queue` the rest into the queue."""

    guardian: Id
    wishes: list[Wish]
    all_or_none: bool = True
    or_queue: bool = False
    promo_code: Code = ""
    parts: Parts = 1


class Answer(Schema):
    """A booking, or a number in the queue, or (of several, each for itself) why neither."""

    booking: BookingOut | None = None
    waiting: WaitOut | None = None
    refusal: Refusal | None = None


class CancelledOut(Schema):
    """`refund`: by how much less the family owes. `moved_up`: who got the place from the queue."""

    booking: BookingOut
    refund: Decimal
    moved_up: int


class SwapIn(Schema):
    to: Id


@compiled_once
def _sessions(institution: int, public_id: str) -> QuerySet[Session]:
    return Session.objects.filter(institution=institution, public_id=public_id).order_by()


@compiled_once
def _families(institution: int, guardian: str, child: str) -> QuerySet[Guardianship]:
    rows = Guardianship.objects.filter(institution=institution)
    rows = rows.filter(guardian__public_id=guardian, child__public_id=child)
    return rows.select_related("guardian", "child").order_by()


def wish(request: HttpRequest, *, session: str, child: str, guardian: str) -> tuple[Session, Child, Guardian]:
    """Who wants what. A child that was never the guardian's is not there; the acts ask what may be now."""
    sessions = _sessions(request.institution.pk, session)
    families = _families(request.institution.pk, guardian, child)
    if not (sessions and families):
        raise Http404
    sessions[0].institution = request.institution
    return sessions[0], families[0].child, families[0].guardian


def _answer(outcome: acts.Outcome) -> dict[str, Any]:
    why = outcome.refusal
    return {
        "booking": booking_out(outcome.booking) if outcome.booking else None,
        "waiting": wait_out(outcome.entry) if outcome.entry else None,
        "refusal": {"code": why.code, "message": str(why)} if why else None,
    }


@router.get("/bookings", response={200: list[BookingOut], **READ}, summary="Bookings, newest first")
def bookings(request: HttpRequest, page: Query[Page], child: str = "", session: str = "") -> Any:
    rows = Booking.objects.for_institution(request.institution).select_related("session", "child")
    if child:
        rows = rows.filter(child__public_id=child)
    if session:
        rows = rows.filter(session__public_id=session)
    return [booking_out(row) for row in page.of(rows)]


@router.post("/bookings", response={201: Answer, **ACT}, summary="Book a place")
def book(request: HttpRequest, asked: BookingIn, key: Header[Key]) -> Any:
    """A place for a child, or with `or_queue` a number in the queue for it."""
    session, child, guardian = wish(
        request, session=asked.session, child=asked.child, guardian=asked.guardian
    )
    outcome = acts.book(
        session=session,
        child=child,
        by=guardian,
        key=key_of(request),
        owner=writer(request),
        source=Source.API,
        or_queue=asked.or_queue,
        promo_code=asked.promo_code,
        parts=asked.parts,
    )
    if outcome.refusal:
        raise outcome.refusal
    return Status(201, _answer(outcome))


@router.post("/bookings/several", response={201: list[Answer], **ACT}, summary="Book several places at once")
def book_several(request: HttpRequest, asked: SeveralIn, key: Header[Key]) -> Any:
    """Several children or sessions of one guardian in one transaction, answered in the order of wishes."""
    owner = writer(request)
    if not 1 <= len(asked.wishes) <= MOST_WISHES:
        raise CannotBook(f"Between 1 and {MOST_WISHES} wishes.", code="too-many-wishes")
    found = [
        wish(request, session=one.session, child=one.child, guardian=asked.guardian) for one in asked.wishes
    ]
    outcomes = acts.book_many(
        wishes=[acts.Wish(session, child) for session, child, _guardian in found],
        by=found[0][2],
        key=key_of(request),
        owner=owner,
        source=Source.API,
        all_or_none=asked.all_or_none,
        or_queue=asked.or_queue,
        promo_code=asked.promo_code,
        parts=asked.parts,
    )
    return Status(201, [_answer(outcome) for outcome in outcomes])


@router.get("/bookings/{public_id}", response={200: BookingOut, **ONE}, summary="One booking")
def one_booking(request: HttpRequest, public_id: str) -> Any:
    return booking_out(one(request, Booking, public_id, "session", "child"))


def _own(request: HttpRequest, public_id: str) -> Booking:
    writer(request)
    row = one(request, Booking, public_id, "session__institution", "child", "booked_by")
    if row.booked_by is None:
        raise CannotBook("The office booked this place: it cancels it.", code="no-right")
    return row


@router.post("/bookings/{public_id}/cancel", response={200: CancelledOut, **ACT}, summary="Give a place up")
def cancel(request: HttpRequest, public_id: str, key: Header[Key]) -> Any:
    """As the guardian who booked it; the first in the queue gets the place at once."""
    row = _own(request, public_id)

    def work() -> dict[str, Any]:
        done = acts.cancel(booking=row, by=row.booked_by)
        return {"booking": booking_out(done.booking), "refund": done.refund, "moved_up": len(done.promoted)}

    return once(request, "cancel", public_id, work)


@router.post(
    "/bookings/{public_id}/swap", response={200: BookingOut, **ACT}, summary="Another session in its place"
)
def swap(request: HttpRequest, public_id: str, asked: SwapIn, key: Header[Key]) -> Any:
    """One act: the old place goes only if there is a new one. Held, where a difference must be paid first."""
    row = _own(request, public_id)
    to = one(request, Session, asked.to, "institution")

    def work() -> dict[str, Any]:
        return booking_out(acts.swap(booking=row, to=to, by=row.booked_by))

    return once(request, "swap", [public_id, asked.to], work)
