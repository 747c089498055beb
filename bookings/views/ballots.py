"""Ballots: a family's wishes; and the draw, which anybody can do again with what is published."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from .. import ballot as acts
from .. import families
from ..checks import CannotBook
from ..models import Ballot, DrawResult, Preference, Session
from . import doors
from .family import right_for


def _ballot(request: HttpRequest, public_id: str) -> Ballot:
    """A ballot whose wishes have begun, or will."""
    found = Ballot.objects.for_institution(request.institution).filter(public_id=public_id)
    # No page has any business with the seed before it is published.
    ballot = found.select_related("term", "institution").defer("secret_seed").first()
    if ballot is None:
        raise Http404
    return ballot


@require_safe
@doors.public
def ballot(request: HttpRequest, public_id: str) -> HttpResponse:
    """What is drawn, when; a guardian's wishes; after the draw the seed, the lots and what became of each."""
    found = _ballot(request, public_id)
    now = timezone.now()
    sessions = _sessions(found)
    context: dict[str, Any] = {
        "ballot": found,
        "sessions": sessions,
        "is_open": found.opens_at <= now < found.closes_at and not found.drawn_at,
        "is_soon": now < found.opens_at,
        "families": _wishes(request, found, sessions),
        "tab": "catalogue",
    }
    if found.published_at:
        context["lots"] = _lots(request, found)
    return render(request, "bookings/ballot.html", context)


def _sessions(found: Ballot) -> list[Session]:
    rows = Session.objects.in_catalogue().filter(ballot=found)
    return list(rows.select_related("activity__category", "places", "location"))


def _wishes(request: HttpRequest, found: Ballot, sessions: list[Session]) -> list[dict[str, Any]]:
    """For each child that the guardian books for, its wishes by rank, and the choices."""
    if not (request.guardian and request.guardian.is_active):
        return []
    rights = [row for row in families.guardianships(request.guardian) if row.may_book]
    rows = Preference.objects.filter(ballot=found, child__in=[row.child_id for row in rights])
    wished = {(row.child_id, row.rank): row.session_id for row in rows}
    ranks = range(1, min(found.most_wishes, len(sessions)) + 1)
    return [
        {
            "child": right.child,
            "wishes": [(rank, wished.get((right.child_id, rank))) for rank in ranks],
            "has_any": any(child == right.child_id for child, _rank in wished),
        }
        for right in rights
    ]


def _lots(request: HttpRequest, found: Ballot) -> list[dict[str, Any]]:
    """By lot; one's own children by name."""
    mine = {}
    if request.guardian and request.guardian.is_active:
        mine = {row.child_id: row.child.first_name for row in families.guardianships(request.guardian)}
    return acts.lots(found, mine)


def _told(found: Ballot) -> dict[str, Any]:
    """The published draw: what it was made of, and what came out. Children are opaque numbers."""
    rows = DrawResult.objects.filter(ballot=found).select_related("child", "session")
    return {
        "ballot": found.name,
        "commitment": found.seed_commitment,
        "seed": found.seed,
        **found.protocol,
        "results": [
            {
                "child": row.child.public_id,
                "session": row.session.public_id,
                "rank": row.rank,
                "lot": row.lot,
                "outcome": row.outcome,
                "drawn": acts.was_drawn(found, row),
            }
            for row in rows.order_by("band", "lot", "rank")
        ],
    }


@require_POST
@doors.for_guardians
def wishes(request: HttpRequest, public_id: str, child: str) -> HttpResponse:
    """A child's wishes, in their order; those it had before go. No wish at all: it is not in the draw."""
    found = _ballot(request, public_id)
    right = right_for(request, child)
    if not right.may_book:
        raise Http404
    sessions = {str(session.pk): session for session in _sessions(found)}
    told = [request.POST.get(f"rank-{rank}", "") for rank in range(1, found.most_wishes + 1)]
    # Twice the same is once, at its better rank.
    ranked = [sessions[key] for key in dict.fromkeys(told) if key in sessions]
    try:
        acts.wish(ballot=found, child=right.child, sessions=ranked, by=request.guardian)
    except CannotBook as reason:
        messages.error(request, str(reason))
    else:
        name = right.child.first_name
        messages.success(
            request,
            _("The wishes of %s are kept. You can change them until the end.") % name
            if ranked
            else _("%s takes no part in the draw.") % name,
        )
    return redirect("bookings:ballot", request.institution.slug, public_id)


@require_safe
@doors.public
def draw_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """All that the draw was made of, and what came out, for whoever wants to do it again. No names."""
    found = _ballot(request, public_id)
    if found.published_at is None:
        raise Http404
    response = JsonResponse(_told(found), json_dumps_params={"indent": 1})
    response["Content-Disposition"] = f'attachment; filename="draw-{found.public_id}.json"'
    return response
