"""The public catalogue: a list of activities, or a week; and one session with all that is to know of it."""

from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from .. import catalogue as reading
from ..forms.catalogue import WantedForm
from ..models import Session
from . import doors

PAGE = 48


@require_safe
@doors.public
def catalogue(request: HttpRequest) -> HttpResponse:
    form = WantedForm(request.GET, institution=request.institution)
    wanted = form.wanted
    context: dict[str, Any] = {"form": form, "wanted": wanted, "asked": _asked(request), "tab": "catalogue"}
    if request.GET.get("show") == "week":
        of = _day(request.GET.get("week", "")) or reading.first_week(request.institution, wanted.term)
        days = reading.week(request.institution, wanted, of=of)
        monday = days[0].on
        context |= {
            "days": days,
            "today": timezone.localdate(),
            "meetings": sum(len(day.meetings) for day in days),
            "before": (monday - timedelta(days=7)).isoformat(),
            "after": (monday + timedelta(days=7)).isoformat(),
        }
        return render(request, "bookings/week.html", context)
    found = reading.activities(request.institution, wanted)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    for activity in page:
        for session in activity.fitting:
            session.activity = activity
            session.availability = reading.Availability(session, at=now, year_group=wanted.year_group)
    return render(request, "bookings/catalogue.html", {**context, "page": page})


@require_safe
@doors.public
def session(request: HttpRequest, public_id: str) -> HttpResponse:
    found = reading.session(request.institution, public_id)
    if found is None:
        raise Http404
    now = timezone.now()
    meetings = list(found.meetings.select_related("location", "tutor"))
    context = {
        "session": found,
        "activity": found.activity,
        "availability": reading.Availability(found, at=now),
        "windows": list(found.windows.all()),
        "meetings": meetings,
        "coming": [meeting for meeting in meetings if meeting.ends_at > now],
        "other_sessions": _others(found),
        "refund_steps": list(found.activity.refund_policy.steps.all())
        if found.activity.refund_policy
        else [],
        "now": now,
        "tab": "catalogue",
    }
    return render(request, "bookings/session.html", context)


def _others(found: Session) -> list[Session]:
    """The activity's other groups."""
    others = Session.objects.in_catalogue().filter(activity=found.activity, term=found.term)
    return list(others.exclude(pk=found.pk).select_related("activity", "places"))


def _asked(request: HttpRequest) -> str:
    """What the address asks for, without what the links of the page set themselves."""
    asked = request.GET.copy()
    for name in ("show", "week", "page"):
        asked.pop(name, None)
    return asked.urlencode()


def _day(told: str) -> date | None:
    try:
        day = parse_date(told)
    except ValueError:
        return None
    # Weeks at the ends of the calendar have no neighbours.
    return day if day and 1900 < day.year < 9000 else None
