"""The queue as a family sees it: leaving it, and answering an offer."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from .. import families, waitlist
from ..models import Offer, WaitEntry
from . import doors


def _children(request: HttpRequest) -> list[int]:
    return [row.child_id for row in families.guardianships(request.guardian) if row.may_book]


@require_http_methods(["GET", "POST"])
@doors.for_guardians
def leave(request: HttpRequest, public_id: str) -> HttpResponse:
    entries = WaitEntry.objects.for_institution(request.institution).filter(child__in=_children(request))
    entry = entries.filter(public_id=public_id).select_related("child", "session__activity").first()
    if entry is None:
        raise Http404
    if entry.state != WaitEntry.State.WAITING:
        messages.info(request, _("%s is not in that queue any more.") % entry.child.first_name)
        return redirect("bookings:family", request.institution.slug)
    if request.method == "POST":
        waitlist.leave(entry=entry, by=request.guardian)
        words = {"child": entry.child.first_name, "activity": entry.session.activity.name}
        messages.success(request, _("%(child)s no longer waits for %(activity)s.") % words)
        return redirect("bookings:family", request.institution.slug)
    position = waitlist.position(entry) if request.rules.shows_position else None
    return render(request, "bookings/leave.html", {"entry": entry, "position": position, "tab": "family"})


@require_http_methods(["GET", "POST"])
@doors.for_guardians
def offer(request: HttpRequest, token: str) -> HttpResponse:
    """By the link in the mail."""
    found = waitlist.offer_of_token(request.institution, token)
    if found is None or found.entry.child_id not in _children(request):
        raise Http404
    return _answer(request, found)


@require_http_methods(["GET", "POST"])
@doors.for_guardians
def offer_of_entry(request: HttpRequest, public_id: str) -> HttpResponse:
    """From the family's page: the newest offer to that child."""
    offers = Offer.objects.for_institution(request.institution).filter(
        entry__public_id=public_id, entry__child__in=_children(request)
    )
    found = offers.order_by("-made_at").first()
    if found is None:
        raise Http404
    return _answer(request, found)


def _answer(request: HttpRequest, found: Offer) -> HttpResponse:
    found = Offer.objects.select_related(
        "entry__child", "entry__session__activity", "entry__session__location", "booking"
    ).get(pk=found.pk)
    state = found.state
    if request.method == "POST":
        try:
            if request.POST.get("answer") == "accept":
                booking = waitlist.accept(offer=found, by=request.guardian)
                words = {"child": booking.child.first_name, "activity": found.entry.session.activity.name}
                messages.success(request, _("%(child)s has a place in %(activity)s.") % words)
            else:
                waitlist.decline(offer=found, by=request.guardian)
                messages.success(request, _("The place goes to the next in the queue."))
            return redirect("bookings:family", request.institution.slug)
        except waitlist.AlreadyAnswered as reason:
            state = reason.state
    return render(request, "bookings/offer.html", {"offer": found, "state": state, "tab": "family"})
