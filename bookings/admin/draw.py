"""A ballot's page at the office: what is promised, wished for, drawn, and what families will see of it."""

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import ballot as acts
from ..locks import Busy
from ..models import Ballot, DrawResult, Preference, Session


def draw(request: HttpRequest, number: int) -> HttpResponse:
    """First a look at the wishes; then the draw, which nobody sees yet; then its publication."""
    # No page has any business with the seed before it is published.
    rows = Ballot.objects.for_institution(request.institution).select_related("term", "institution")
    ballot = rows.defer("secret_seed").filter(pk=number).first()
    if ballot is None:
        raise Http404
    if request.method == "POST":
        try:
            _act(request, ballot)
        except (acts.CannotDraw, Busy) as reason:
            messages.error(request, str(reason))
        return redirect("admin:draw", number)
    names = {}
    if ballot.drawn_at:
        results = DrawResult.objects.filter(ballot=ballot).select_related("child")
        names = {row.child_id: row.child.full_name for row in results}
    context = {
        **admin.site.each_context(request),
        "title": ballot.name,
        "ballot": ballot,
        "is_closed": timezone.now() >= ballot.closes_at,
        "is_open": ballot.opens_at <= timezone.now() < ballot.closes_at,
        "sessions": _sessions(ballot),
        "children": Preference.objects.filter(ballot=ballot).values("child").distinct().count(),
        "lots": acts.lots(ballot, names) if ballot.drawn_at else [],
    }
    return TemplateResponse(request, "bookings/staff/draw.html", context)


def _act(request: HttpRequest, ballot: Ballot) -> None:
    act = request.POST.get("act")
    if act == "draw":
        results = acts.draw(ballot=ballot, staff=request.user)
        placed = sum(row.outcome == DrawResult.Outcome.PLACED for row in results)
        words = ngettext(
            "Drawn: %(count)s place is given. Nobody sees it before you publish.",
            "Drawn: %(count)s places are given. Nobody sees it before you publish.",
            placed,
        )
        messages.success(request, words % {"count": placed})
    elif act == "publish":
        booked = acts.publish(ballot=ballot, staff=request.user)
        words = ngettext(
            "Published: %(count)s place is booked, and the families are told.",
            "Published: %(count)s places are booked, and the families are told.",
            len(booked),
        )
        messages.success(request, words % {"count": len(booked)})
    elif act == "recompute" and ballot.published_at:
        if acts.recompute(ballot):
            messages.success(request, _("The seed keeps its promise, and the same places come out."))
        else:
            messages.error(request, _("Something else comes out: what is published was not drawn so."))


def _sessions(ballot: Ballot) -> list[Session]:
    """Each with its places, how many wish for it, first of all, and how many have drawn it or wait."""
    wishes: Counter[tuple[int, bool]] = Counter()
    for session, rank in Preference.objects.filter(ballot=ballot).values_list("session", "rank"):
        wishes[session, rank == 1] += 1
    outcomes = Counter(DrawResult.objects.filter(ballot=ballot).values_list("session", "outcome"))
    rows: list[Any] = list(
        Session.objects.filter(ballot=ballot).select_related("activity", "places").order_by("activity__name")
    )
    for row in rows:
        row.dearest = wishes[row.pk, True]
        row.wished = row.dearest + wishes[row.pk, False]
        row.drawn = outcomes[row.pk, DrawResult.Outcome.PLACED]
        row.waits = outcomes[row.pk, DrawResult.Outcome.WAITING]
    return rows
