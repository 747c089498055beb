"""What can be booked: activities, their sessions, and the dates of a session."""

from typing import Any

from django.db.models import Prefetch
from django.http import Http404, HttpRequest
from ninja import Query, Router

from ..models import Activity, Session
from .door import ONE, READ, one
from .shapes import ActivityOut, MeetingOut, Page, SessionOut, meeting_out, session_out

router = Router(tags=["catalogue"])

PARTS = ("activity", "term", "places", "institution", "location")


@router.get(
    "/activities", response={200: list[ActivityOut], **READ}, summary="Activities, with who may come to them"
)
def activities(request: HttpRequest, page: Query[Page]) -> Any:
    sessions = Session.objects.in_catalogue().select_related(*PARTS)
    rows = (
        Activity.objects.for_institution(request.institution)
        .filter(is_published=True)
        .select_related("category")
        .prefetch_related("year_groups", Prefetch("sessions", sessions, to_attr="listed"))
    )
    return [
        {
            "slug": row.slug,
            "name": row.name,
            "category": row.category.name if row.category else "",
            "description": row.description,
            "youngest": row.youngest,
            "oldest": row.oldest,
            "age_on": row.age_on,
            "year_groups": [year.name for year in row.year_groups.all()],
            "is_by_invitation": row.is_by_invitation,
            "sessions": [session_out(session) for session in row.listed],
        }
        for row in page.of(rows)
    ]


@router.get("/sessions", response={200: list[SessionOut], **READ}, summary="What can be booked now")
def sessions(request: HttpRequest, page: Query[Page]) -> Any:
    rows = Session.objects.for_institution(request.institution).in_catalogue().select_related(*PARTS)
    return [session_out(row) for row in page.of(rows)]


def _listed(request: HttpRequest, public_id: str) -> Session:
    """A draft is nobody's business yet."""
    found = one(request, Session, public_id, *PARTS)
    if found.state == Session.State.DRAFT or not found.activity.is_published:
        raise Http404
    return found


@router.get("/sessions/{public_id}", response={200: SessionOut, **ONE}, summary="One session")
def session(request: HttpRequest, public_id: str) -> Any:
    return session_out(_listed(request, public_id))


@router.get(
    "/sessions/{public_id}/meetings",
    response={200: list[MeetingOut], **ONE},
    summary="Dates of a session",
)
def meetings(request: HttpRequest, public_id: str) -> Any:
    found = _listed(request, public_id)
    rows = found.meetings.select_related("location").order_by("starts_at")
    for row in rows:
        row.session = found
    return [meeting_out(row) for row in rows]
