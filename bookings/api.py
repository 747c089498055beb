"""The bookings of an institution for other systems: JSON under /api/v1, described by /api/v1/openapi.json.

A client sends its token (`Authorization: Bearer …`) and acts for guardians. What changes something takes an
`Idempotency-Key`: the same key with the same question is answered again without acting twice, with another
question it is refused (422). In a rush the answer is 429 with Retry-After, and nothing was written.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, NinjaAPI, Query, Schema, Status
from ninja.security import HttpBearer

from . import booking as acts
from . import paying, waitlist
from .checks import CannotBook
from .compiled import compiled_once
from .locks import Busy
from .models import ApiClient, Booking, Child, Guardian, Guardianship, Session, Source, WaitEntry
from .models.secrets import token_hash

# One write a minute tells when a client was last heard of.
SEEN_EVERY = timedelta(minutes=1)
# What is not there, or not the guardian's, is the same to a client.
NOT_FOUND, FORBIDDEN = frozenset({"not-yours"}), frozenset({"no-right", "inactive"})


@compiled_once
def _clients(token: str) -> QuerySet[ApiClient]:
    return ApiClient.objects.filter(token_hash=token, revoked_at=None).select_related("institution")


@compiled_once
def _sessions(institution: int, public_id: str) -> QuerySet[Session]:
    return Session.objects.filter(institution=institution, public_id=public_id).order_by()


@compiled_once
def _families(institution: int, guardian: str, child: str) -> QuerySet[Guardianship]:
    rows = Guardianship.objects.filter(institution=institution)
    rows = rows.filter(guardian__public_id=guardian, child__public_id=child)
    return rows.select_related("guardian", "child").order_by()


class Token(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> ApiClient | None:
        client = next(iter(_clients(token_hash(token))), None)
        if client is not None:
            request.institution = client.institution
            now = timezone.now()
            if client.last_used_at is None or client.last_used_at < now - SEEN_EVERY:
                ApiClient.objects.filter(pk=client.pk).update(last_used_at=now)
        return client


api = NinjaAPI(
    title="Datesheet: activity bookings",
    version="1",
    urls_namespace="bookings_api",
    auth=Token(),
    docs_url=None,  # its page would load scripts from elsewhere
    openapi_url="/openapi.json",
)


# No text of ours holds a null character, and PostgreSQL will not even look for it.
NO_NULL = r"^[^\x00]*$"
Id = Annotated[str, Field(max_length=40, pattern=NO_NULL)]


class Refusal(Schema):
    """Why not: `code` for programs, `message` for people."""

    code: str
    message: str


class SessionOut(Schema):
    id: str
    activity: str
    name: str
    term: str
    price: Decimal
    currency: str
    places: int
    free: int
    waiting: int


class BookingIn(Schema):
    """`or_queue`: if it is full, join the queue instead."""

    session: Id
    child: Id
    guardian: Id
    or_queue: bool = False
    promo_code: str = Field("", max_length=30, pattern=NO_NULL)


class BookingOut(Schema):
    id: str
    session: str
    child: str
    state: str
    price: Decimal
    currency: str
    hold_until: datetime | None


class WaitOut(Schema):
    id: str
    session: str
    child: str
    state: str
    position: int | None


class Answer(Schema):
    """Either a booking or a number in the queue."""

    booking: BookingOut | None = None
    waiting: WaitOut | None = None


class CancelledOut(Schema):
    booking: BookingOut
    refund: Decimal
    moved_up: int


class WaitIn(Schema):
    session: Id
    child: Id
    guardian: Id


class Page(Schema):
    limit: int = Field(100, ge=0)
    offset: int = Field(0, ge=0, le=10**9)


def _session(row: Session) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "activity": row.activity.name,
        "name": row.name,
        "term": row.term.name,
        "price": row.price,
        "currency": row.institution.currency,
        "places": row.places.capacity + row.places.extra,
        "free": row.places.open,
        "waiting": row.places.waiting,
    }


def _booking(row: Booking) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "session": row.session.public_id,
        "child": row.child.public_id,
        "state": row.state,
        "price": row.price,
        "currency": row.currency,
        "hold_until": row.hold_until,
    }


def _entry(row: WaitEntry) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "session": row.session.public_id,
        "child": row.child.public_id,
        "state": row.state,
        "position": waitlist.position(row) if row.is_live else None,
    }


def _one(request: HttpRequest, model: type, public_id: str, *beside: str) -> Any:
    rows = model._default_manager.for_institution(request.institution).select_related(*beside)
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _wish(request: HttpRequest, asked: "BookingIn | WaitIn") -> dict[str, Session | Child | Guardian]:
    """Who wants what. A child that was never the guardian's is not there; the acts ask what may be now."""
    sessions = _sessions(request.institution.pk, asked.session)
    families = _families(request.institution.pk, asked.guardian, asked.child)
    if not (sessions and families):
        raise Http404
    sessions[0].institution = request.institution
    return {"session": sessions[0], "child": families[0].child, "by": families[0].guardian}


def _writer(request: HttpRequest) -> str:
    """The owner of the client's keys. Refused to clients that only read."""
    if not request.auth.may_write:
        raise CannotBook("This token may only read.", code="no-right")
    return f"client:{request.auth.pk}"


def _key(request: HttpRequest) -> str:
    return request.headers.get("Idempotency-Key", "")[:100]


@api.get("/sessions", response=list[SessionOut], summary="What can be booked now")
def sessions(request: HttpRequest, page: Query[Page]) -> Any:
    rows = (
        Session.objects.for_institution(request.institution)
        .in_catalogue()
        .select_related("activity", "term", "places", "institution")
    )
    return [_session(row) for row in rows[page.offset : page.offset + min(page.limit, 500)]]


@api.get("/sessions/{public_id}", response=SessionOut, summary="One session")
def session(request: HttpRequest, public_id: str) -> Any:
    return _session(_one(request, Session, public_id, "activity", "term", "places", "institution"))


@api.get("/bookings", response=list[BookingOut], summary="Bookings, newest first")
def bookings(request: HttpRequest, page: Query[Page], child: str = "", session: str = "") -> Any:
    rows = Booking.objects.for_institution(request.institution).select_related("session", "child")
    if child:
        rows = rows.filter(child__public_id=child)
    if session:
        rows = rows.filter(session__public_id=session)
    return [_booking(row) for row in rows[page.offset : page.offset + min(page.limit, 500)]]


@api.post("/bookings", response={201: Answer, 403: Refusal, 409: Refusal, 422: Refusal, 429: Refusal})
def book(request: HttpRequest, asked: BookingIn) -> Any:
    """A place for a child, or with `or_queue` a number in the queue for it."""
    outcome = acts.book(
        **_wish(request, asked),
        key=_key(request),
        owner=_writer(request),
        source=Source.API,
        or_queue=asked.or_queue,
        promo_code=asked.promo_code,
    )
    if outcome.refusal:
        raise outcome.refusal
    if outcome.booking:
        paying.confirm_covered([outcome.booking])
    answer = {
        "booking": _booking(outcome.booking) if outcome.booking else None,
        "waiting": _entry(outcome.entry) if outcome.entry else None,
    }
    return Status(201, answer)


@api.get("/bookings/{public_id}", response=BookingOut, summary="One booking")
def one_booking(request: HttpRequest, public_id: str) -> Any:
    return _booking(_one(request, Booking, public_id, "session", "child"))


@api.post("/bookings/{public_id}/cancel", response={200: CancelledOut, 409: Refusal, 429: Refusal})
def cancel(request: HttpRequest, public_id: str) -> Any:
    """Give the place up, as the guardian who booked it; the first in the queue gets it at once."""
    _writer(request)
    row = _one(request, Booking, public_id, "session", "child", "booked_by")
    if row.booked_by is None:
        raise CannotBook("The office booked this place: it cancels it.", code="no-right")
    done = acts.cancel(booking=row, by=row.booked_by)
    moved_up = len(done.promoted)
    return Status(200, {"booking": _booking(done.booking), "refund": done.refund, "moved_up": moved_up})


@api.post("/queue", response={201: WaitOut, 403: Refusal, 409: Refusal, 429: Refusal})
def join(request: HttpRequest, asked: WaitIn) -> Any:
    """Join the queue of a session that is full; who waits already keeps the number."""
    _writer(request)
    entry = waitlist.join(**_wish(request, asked))
    return Status(201, _entry(entry))


@api.get("/queue/{public_id}", response=WaitOut, summary="One number in a queue, with its position")
def one_entry(request: HttpRequest, public_id: str) -> Any:
    return _entry(_one(request, WaitEntry, public_id, "session", "child"))


@api.post("/queue/{public_id}/leave", response={200: WaitOut, 409: Refusal, 429: Refusal})
def leave(request: HttpRequest, public_id: str) -> Any:
    """Leave the queue, as the guardian who joined it."""
    _writer(request)
    row = _one(request, WaitEntry, public_id, "session", "child", "asked_by")
    waitlist.leave(entry=row, by=row.asked_by)
    return Status(200, _entry(_one(request, WaitEntry, public_id, "session", "child")))


def _refused(request: HttpRequest, status: int, code: str, words: str) -> HttpResponse:
    return api.create_response(request, {"code": code, "message": words}, status=status)


@api.exception_handler(CannotBook)
def refused(request: HttpRequest, why: CannotBook) -> HttpResponse:
    status = 404 if why.code in NOT_FOUND else 403 if why.code in FORBIDDEN else 409
    return _refused(request, status, why.code, str(why))


@api.exception_handler(acts.CannotCancel)
def not_cancelled(request: HttpRequest, why: acts.CannotCancel) -> HttpResponse:
    return _refused(request, 409, "cannot-cancel", str(why))


@api.exception_handler(acts.KeyUsedDifferently)
def key_used(request: HttpRequest, why: acts.KeyUsedDifferently) -> HttpResponse:
    return _refused(request, 422, "key-used", "This key came with another question before: take a new one.")


@api.exception_handler(Busy)
def busy(request: HttpRequest, why: Busy) -> HttpResponse:
    answer = _refused(request, 429, "busy", str(why))
    answer["Retry-After"] = str(why.retry_after)
    return answer
