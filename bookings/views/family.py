"""A guardian's page: all children at one glance; absences; the data of the family taken out or erased."""

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects import throttle
from projects.throttle import Rate

from .. import attendance, families, family_data, glance
from ..forms.family import MyDetailsForm
from ..models import DataRequest, Guardianship, Meeting
from . import doors

EXPORTS = (Rate(6, 3600),)


@require_safe
@doors.for_guardians
def family(request: HttpRequest) -> HttpResponse:
    seen = glance.of(request.guardian)
    context: dict[str, Any] = {
        "glance": seen,
        "owes": max(seen.balance, 0),
        "credit": max(-seen.balance, 0),
        "pay_url": reverse("bookings:account", args=[request.institution.slug]),
        "shows_position": request.rules.shows_position,
        "now": timezone.now(),
        "tab": "family",
    }
    return render(request, "bookings/family.html", context)


@require_POST
@doors.for_guardians
def absence(request: HttpRequest, public_id: str, meeting: int) -> HttpResponse:
    """The child will not come to that meeting; or will, after all."""
    right = right_for(request, public_id)
    if not right.may_report_absence:
        raise Http404
    found = Meeting.objects.for_institution(request.institution).filter(pk=meeting).first()
    if found is None or not attendance.is_expected(found, right.child):
        raise Http404
    if request.POST.get("comes"):
        attendance.take_back_absence(meeting=found, child=right.child)
        messages.success(request, _("%s is expected again.") % right.child.first_name)
    else:
        try:
            attendance.report_absence(
                meeting=found,
                child=right.child,
                by=request.guardian,
                reason=request.POST.get("reason", "").replace("\0", "")[:200],
            )
        except attendance.CannotReport as reason:
            messages.error(request, str(reason))
        else:
            messages.success(request, _("The tutor knows that %s does not come.") % right.child.first_name)
    return redirect("bookings:family", request.institution.slug)


@require_http_methods(["GET", "POST"])
@doors.for_guardians
def me(request: HttpRequest) -> HttpResponse:
    """How the school reaches this guardian."""
    sends_texts = request.rules.sends_texts and bool(settings.TEXT_MESSAGE_PROVIDER)
    form = MyDetailsForm(request.POST or None, instance=request.guardian, sends_texts=sends_texts)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The school reaches you there from now on."))
        return redirect("bookings:family", request.institution.slug)
    return render(request, "bookings/me.html", {"form": form, "tab": "family"})


def right_for(request: HttpRequest, public_id: str) -> Guardianship:
    """The guardian's rights over that child; to everybody else it is not there."""
    right = families.guardianship(request.guardian, public_id)
    if right is None:
        raise Http404
    return right


@require_safe
@doors.for_guardians
def data(request: HttpRequest) -> HttpResponse:
    """What we hold, to take away; and how to have it erased."""
    requests = DataRequest.objects.for_institution(request.institution).filter(guardian=request.guardian)
    open_request = requests.filter(kind=DataRequest.Kind.ERASURE, state=DataRequest.State.OPEN).first()
    return render(request, "bookings/data.html", {"open_request": open_request, "tab": "family"})


@require_POST
@doors.for_guardians
def data_export(request: HttpRequest) -> HttpResponse:
    throttle.slow_down("data export", request.user.pk, rates=EXPORTS)
    told = family_data.export(guardian=request.guardian)
    response = HttpResponse(
        json.dumps(told, indent=2, ensure_ascii=False), content_type="application/json; charset=utf-8"
    )
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="family-data-{day}.json"'
    return response


@require_POST
@doors.for_guardians
def data_erasure(request: HttpRequest) -> HttpResponse:
    if request.POST.get("take_back"):
        family_data.take_back_erasure(guardian=request.guardian)
        messages.success(request, _("Nothing will be erased."))
    else:
        note = request.POST.get("note", "").replace("\0", "")[:300]
        family_data.ask_for_erasure(guardian=request.guardian, note=note)
        messages.success(request, _("The office has your request. It will write to you before it erases."))
    return redirect("bookings:data", request.institution.slug)
