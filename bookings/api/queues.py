"""The queue: joined, left, and the place that it offers taken or declined."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Header, Router, Schema, Status

from .. import waitlist
from ..models import Offer, WaitEntry
from .door import ACT, ONE, once, one, writer
from .places import wish
from .shapes import BookingOut, Code, Id, Key, WaitOut, booking_out, wait_out

router = Router(tags=["queue"])


class WaitIn(Schema):
    session: Id
    child: Id
    guardian: Id
    promo_code: Code = ""


@router.post("/queue", response={201: WaitOut, **ACT}, summary="Join a queue")
def join(request: HttpRequest, asked: WaitIn, key: Header[Key]) -> Any:
    """Of a session that is full; who waits already keeps the number."""
    writer(request)
    session, child, guardian = wish(
        request, session=asked.session, child=asked.child, guardian=asked.guardian
    )

    def work() -> dict[str, Any]:
        return wait_out(waitlist.join(session=session, child=child, by=guardian, promo_code=asked.promo_code))

    return Status(201, once(request, "queue", asked.dict(), work))


@router.get(
    "/queue/{public_id}", response={200: WaitOut, **ONE}, summary="One number in a queue, with its position"
)
def one_entry(request: HttpRequest, public_id: str) -> Any:
    return wait_out(one(request, WaitEntry, public_id, "session", "child"))


@router.post("/queue/{public_id}/leave", response={200: WaitOut, **ACT}, summary="Leave a queue")
def leave(request: HttpRequest, public_id: str, key: Header[Key]) -> Any:
    """As the guardian who joined it."""
    writer(request)
    row = one(request, WaitEntry, public_id, "session", "child", "asked_by")

    def work() -> dict[str, Any]:
        waitlist.leave(entry=row, by=row.asked_by)
        return wait_out(one(request, WaitEntry, public_id, "session", "child"))

    return once(request, "leave", public_id, work)


def _offer(request: HttpRequest, public_id: str) -> Offer:
    """The newest: whether it is still open, the act says."""
    writer(request)
    entry = one(request, WaitEntry, public_id, "asked_by")
    rows = Offer.objects.filter(entry=entry).select_related("entry__session__institution", "entry__asked_by")
    found = rows.order_by("-made_at").first()
    if found is None:
        raise Http404
    return found


@router.post(
    "/queue/{public_id}/accept", response={200: BookingOut, **ACT}, summary="Take the place that is offered"
)
def accept(request: HttpRequest, public_id: str, key: Header[Key]) -> Any:
    """As the guardian who joined the queue. Held, where it must be paid first."""
    offer = _offer(request, public_id)

    def work() -> dict[str, Any]:
        return booking_out(waitlist.accept(offer=offer, by=offer.entry.asked_by))

    return once(request, "accept", public_id, work)


@router.post("/queue/{public_id}/decline", response={200: WaitOut, **ACT}, summary="Decline the place")
def decline(request: HttpRequest, public_id: str, key: Header[Key]) -> Any:
    """The place goes to the next at once."""
    offer = _offer(request, public_id)

    def work() -> dict[str, Any]:
        waitlist.decline(offer=offer, by=offer.entry.asked_by)
        return wait_out(one(request, WaitEntry, public_id, "session", "child"))

    return once(request, "decline", public_id, work)
