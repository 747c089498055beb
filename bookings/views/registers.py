"""A tutor's registers on a phone, and who is on site. The office sees all of them; a tutor the own ones."""

import json
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import attendance, gate, medical
from ..models import AttendanceAlert, AttendanceMark, LateMark, Meeting
from . import doors

# Marks of one phone that come at once after a day without a network.
MOST_MARKS = 500


@require_safe
@doors.for_tutors
def registers(request: HttpRequest) -> HttpResponse:
    """A day's meetings; alerts and differing marks first."""
    day = _day(request)
    tutor = None if request.is_office else request.tutor
    meetings = list(attendance.meetings_on(request.institution, day, tutor=tutor))
    counts = attendance.counts(meetings)
    for meeting in meetings:
        meeting.counts = counts[meeting.pk]
    alerts = AttendanceAlert.objects.filter(meeting__in=meetings, resolved_at__isnull=True)
    context = {
        "day": day,
        "today": timezone.localdate(),
        "before": (day - timedelta(days=1)).isoformat(),
        "after": (day + timedelta(days=1)).isoformat(),
        "meetings": meetings,
        "alerts": list(alerts.select_related("child", "meeting__session__activity")),
        "differing": attendance.still_to_decide(request.institution, meetings),
        "now": timezone.now(),
        "tab": "registers",
    }
    return render(request, "bookings/registers.html", context)


def meeting_for(request: HttpRequest, pk: int) -> Meeting:
    """A meeting that this person may mark; to other tutors it is not there."""
    found = Meeting.objects.for_institution(request.institution).filter(pk=pk)
    if not request.is_office:
        found = attendance.led_by(found, request.tutor)
    meeting = found.select_related(
        "institution",
        "session__activity__category",
        "session__location",
        "session__tutor",
        "location",
        "tutor",
    ).first()
    if meeting is None:
        raise Http404
    return meeting


@require_safe
@doors.for_tutors
def register(request: HttpRequest, pk: int) -> HttpResponse:
    return _register(request, meeting_for(request, pk), "bookings/register.html")


@require_safe
@doors.for_tutors
def printed(request: HttpRequest, pk: int) -> HttpResponse:
    """On paper, with room for a pen."""
    return _register(request, meeting_for(request, pk), "bookings/register_printed.html")


def _register(request: HttpRequest, meeting: Meeting, template: str) -> HttpResponse:
    lines = attendance.register(meeting)
    here = [line for line in lines if line.mark and line.mark.state in ("present", "late")]
    context = {
        "meeting": meeting,
        "lines": lines,
        "here": len(here),
        "is_markable": meeting.cancelled_at is None
        and timezone.localdate(meeting.starts_at) <= timezone.localdate()
        and meeting.ends_at > timezone.now() - attendance.MARKED_UNTIL,
        "states": AttendanceMark.State.choices,
        "tab": "registers",
    }
    return render(request, template, context)


@require_POST
@doors.for_tutors
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """One mark from a form: what works without scripts."""
    meeting = meeting_for(request, pk)
    try:
        attendance.mark(
            meeting=meeting,
            child=_child(meeting, request.POST.get("child", "")),
            state=request.POST.get("state", ""),
            by=request.user,
            note=request.POST.get("note", "").replace("\0", "")[:300],
        )
    except attendance.CannotMark as reason:
        messages.error(request, str(reason))
    return redirect("bookings:register", request.institution.slug, pk)


@require_POST
@doors.for_tutors
def marks(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks of a phone, perhaps long after they were made: [{"child", "state", "at", "note"}].

    Answers for each what the register says now. The phone forgets only what was answered.
    """
    meeting = meeting_for(request, pk)
    try:
        told = json.loads(request.body)
        rows = [_told(row) for row in told["marks"][:MOST_MARKS]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, RawPostDataException):
        return JsonResponse(
            {"error": _("The phone sent something unreadable. Load the page again.")}, status=400
        )
    answers = [{"child": row["child"], **_marked(request, meeting, row)} for row in rows]
    return JsonResponse({"answers": answers})


def _marked(request: HttpRequest, meeting: Meeting, row: dict[str, Any]) -> dict[str, Any]:
    """What the register says after this mark of a phone. What it cannot take is kept for the office."""
    child = attendance.child_of(meeting, row["child"])
    if child is None:
        return {"words": _("That child is not on this register.")}
    told = {
        "meeting": meeting,
        "child": child,
        "state": row["state"],
        "marked_at": row["at"],
        "by": request.user,
        "note": row["note"],
    }
    try:
        found = attendance.mark(**told)
    except attendance.CannotMark as reason:
        if not attendance.keep(**told):
            return {"words": str(reason)}
        return {"words": _("%s The mark is kept, and the office decides about it.") % reason}
    if found.state == row["state"]:
        return {"state": found.state}
    words = _("Somebody marked “%(state)s” after you. Both are kept: load the page and say which holds.")
    return {"state": found.state, "words": words % {"state": found.get_state_display()}}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    at = parse_datetime(row["at"])
    if at is None or timezone.is_naive(at) or not 1900 < at.year < 9000:
        raise ValueError("not a moment")
    note = str(row.get("note", "")).replace("\0", "")[:300]
    return {"child": str(row["child"]), "state": str(row["state"]), "at": at, "note": note}


def _child(meeting: Meeting, public_id: str) -> Any:
    """A child of this register."""
    lines = (line.child for line in attendance.register(meeting) if line.child.public_id == public_id)
    child = next(lines, None)
    if child is None:
        raise Http404
    return child


@require_http_methods(["GET", "POST"])
@doors.for_tutors
def collect(request: HttpRequest, pk: int, public_id: str) -> HttpResponse:
    """Who takes the child home: somebody of its list, or somebody that the family has agreed to by phone."""
    meeting = meeting_for(request, pk)
    child = _child(meeting, public_id)
    line = next(line for line in attendance.register(meeting) if line.child == child)
    warning = phone = ""
    name = request.POST.get("name", "").replace("\0", "").strip()[:150]
    if request.method == "POST":
        try:
            gate.collect(
                meeting=meeting,
                child=child,
                by=request.user,
                name=name,
                password=request.POST.get("password", "")[:60],
                agreed_with=request.POST.get("agreed_with", "").replace("\0", "").strip()[:150],
                goes_alone=bool(request.POST.get("alone")),
            )
        except gate.AskFirst as reason:
            warning, phone = str(reason), reason.phone
        except attendance.CannotMark as reason:
            warning = str(reason)
        else:
            messages.success(request, _("%s has gone home.") % child.first_name)
            return redirect("bookings:register", request.institution.slug, pk)
    context = {
        "meeting": meeting,
        "line": line,
        "child": child,
        "warning": warning,
        "phone": phone,
        "name": name,
        "tab": "registers",
    }
    return render(request, "bookings/collect.html", context)


@require_safe
@doors.for_tutors
def health(request: HttpRequest, pk: int, public_id: str) -> HttpResponse:
    """A child's medical notes, for who looks after it at this meeting. Opening it is written down."""
    meeting = meeting_for(request, pk)
    child = _child(meeting, public_id)
    notes = medical.read(child=child, reason=f"{meeting.session} {timezone.localdate(meeting.starts_at)}")
    contacts = list(child.emergency_contacts.all())
    context = {"meeting": meeting, "child": child, "notes": notes, "contacts": contacts, "tab": "registers"}
    return render(request, "bookings/register_health.html", context)


@require_safe
@doors.for_tutors
def worker(request: HttpRequest) -> HttpResponse:
    """The script that keeps the registers on the phone: it may answer for the addresses beside its own."""
    context = {"static_url": settings.STATIC_URL}
    return render(request, "bookings/worker.js", context, content_type="text/javascript; charset=utf-8")


@require_safe
@doors.for_tutors
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown without a network in place of a page that the phone does not keep."""
    return render(request, "bookings/offline.html", {"tab": "registers"})


@require_POST
@doors.for_tutors
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """The child is found, or was never missing: say what it was."""
    found = AttendanceAlert.objects.for_institution(request.institution).filter(pk=pk).first()
    if found is None:
        raise Http404
    meeting = meeting_for(request, found.meeting_id)
    told = request.POST.get("resolution", "").replace("\0", "").strip() or _("looked after")
    attendance.resolve(meeting=meeting, child=found.child, resolution=told, by=request.user)
    return redirect("bookings:registers", request.institution.slug)


@require_POST
@doors.for_tutors
def late_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Two phones said different things: one of them holds."""
    found = LateMark.objects.for_institution(request.institution).filter(pk=pk).first()
    if found is None:
        raise Http404
    meeting_for(request, found.meeting_id)
    attendance.decide(late=found, take_over=bool(request.POST.get("take_over")), by=request.user)
    if request.POST.get("on") == "register":
        return redirect("bookings:register", request.institution.slug, found.meeting_id)
    return redirect("bookings:registers", request.institution.slug)


@require_safe
@doors.for_tutors
def on_site(request: HttpRequest) -> HttpResponse:
    """The fire list: every tutor must be able to read it, whoever's children they are."""
    rooms = attendance.on_site(request.institution)
    context = {
        "rooms": rooms,
        "count": sum(len(room.lines) for room in rooms),
        "now": timezone.now(),
        "tab": "registers",
    }
    return render(request, "bookings/on_site.html", context)


def _day(request: HttpRequest) -> date:
    try:
        day = parse_date(request.GET.get("day", ""))
    except ValueError:
        day = None
    return day if day and 1900 < day.year < 9000 else timezone.localdate()
