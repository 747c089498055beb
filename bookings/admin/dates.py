"""Dates that do not take place, and those in their place: why, who is told, and then it is done."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import booking, timetable
from ..locks import Busy
from ..models import Meeting, Session
from .looking_first import day, is_sure, page

MOST = 200


class WhyForm(forms.Form):
    reason = forms.CharField(
        max_length=200,
        label=gettext_lazy("Why"),
        help_text=gettext_lazy("The families read it."),
        widget=forms.TextInput({"autocomplete": "off", "class": "wide"}),
    )


class CloseForm(WhyForm):
    day = day(label=gettext_lazy("Day"))
    field_order = ("day", "reason")


class MakeUpForm(forms.Form):
    day = day(label=gettext_lazy("Day"))
    starts = forms.TimeField(
        label=gettext_lazy("Begins at"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    note = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("What the families should know"),
        widget=forms.TextInput({"autocomplete": "off", "class": "wide"}),
    )


def leading_to(name: str, rows: QuerySet[Any]) -> HttpResponse:
    """An action's chosen rows, shown on the page where it is done."""
    asked = QueryDict(mutable=True)
    asked.setlist("row", [str(pk) for pk in rows.values_list("pk", flat=True)[:MOST]])
    return redirect(f"{reverse(f'admin:{name}')}?{asked.urlencode()}")


def _chosen(request: HttpRequest, rows: QuerySet[Any]) -> list[Any]:
    keys = (request.POST or request.GET).getlist("row")[:MOST]
    wanted = [int(key) for key in keys if key.isdecimal() and len(key) < 19]
    return list(rows.for_institution(request.institution).filter(pk__in=wanted))  # type: ignore[attr-defined]


def _told(count: int) -> str:
    words = ngettext("%(count)s message is on its way.", "%(count)s messages are on their way.", count)
    return words % {"count": count}


def cancel_dates(request: HttpRequest) -> HttpResponse:
    """Some dates, chosen on their list."""
    meetings = _chosen(request, Meeting.objects.live().select_related("session__activity", "institution"))
    if not meetings:
        messages.info(request, _("Choose the dates on the list, those that are not cancelled yet."))
        return redirect("admin:bookings_meeting_changelist")
    form = WhyForm(request.POST or None, label_suffix="")
    if is_sure(request) and form.is_valid():
        told = 0
        for meeting in meetings:
            try:
                told += timetable.cancel_meeting(meeting=meeting, staff=request.user, **form.cleaned_data)
            except timetable.CannotChange as reason:
                messages.warning(request, f"{meeting}: {reason}")
        messages.success(request, _told(told))
        return redirect("admin:bookings_meeting_changelist")
    return page(
        request,
        "off",
        title=_("Cancel dates"),
        form=form,
        rows=meetings,
        meetings=meetings,
        told=timetable.who_is_told({meeting.session_id: meeting.session for meeting in meetings}.values()),
        button=_("Cancel them and tell the families"),
    )


def call_off(request: HttpRequest) -> HttpResponse:
    """Whole sessions, chosen on their list."""
    rows = Session.objects.exclude(state=Session.State.CANCELLED).select_related("activity", "term", "places")
    sessions = _chosen(request, rows)
    if not sessions:
        messages.info(request, _("Choose the sessions on the list, those that are not called off yet."))
        return redirect("admin:bookings_session_changelist")
    form = WhyForm(request.POST or None, label_suffix="")
    if is_sure(request) and form.is_valid():
        ended = 0
        for session in sessions:
            try:
                ended += booking.call_off(session=session, staff=request.user, **form.cleaned_data)
            except Busy as reason:
                messages.warning(request, f"{session}: {reason}")
        words = ngettext(
            "%(count)s place ended, and its family is told.",
            "%(count)s places ended, and their families are told.",
            ended,
        )
        messages.success(request, words % {"count": ended})
        return redirect("admin:bookings_session_changelist")
    return page(
        request,
        "off",
        title=_("Call sessions off"),
        form=form,
        rows=sessions,
        sessions=sessions,
        waiting=sum(session.places.waiting for session in sessions),
        told=timetable.who_is_told(sessions),
        button=_("Call them off and tell the families"),
    )


def close_day(request: HttpRequest) -> HttpResponse:
    """First what it would cancel; then, by the second button, the act."""
    form = CloseForm(request.POST or None, label_suffix="", initial={"day": timezone.localdate()})
    closing = told = None
    if request.method == "POST" and form.is_valid():
        here = {"institution": request.institution}
        if is_sure(request):
            done = timetable.close_day(**here, staff=request.user, **form.cleaned_data)
            words = ngettext(
                "%(count)s date is cancelled and its families are told.",
                "%(count)s dates are cancelled and their families are told.",
                len(done.meetings),
            )
            messages.success(request, words % {"count": len(done.meetings)})
            return redirect("admin:close_day")
        closing = timetable.preview_of_closing(**here, day=form.cleaned_data["day"])
        of_the_day = {meeting.session_id: meeting.session for meeting in closing.meetings}
        told = timetable.who_is_told(of_the_day.values())
    return page(
        request,
        "off",
        title=_("Close a day"),
        form=form,
        closing=closing,
        meetings=closing.meetings if closing else None,
        told=told,
        look=_("See what it cancels"),
        button=_("Cancel them and tell the families"),
    )


def make_up(request: HttpRequest) -> HttpResponse:
    """Another date for one that was cancelled."""
    rows = Meeting.objects.filter(cancelled_at__isnull=False).select_related(
        "institution", "session__activity", "session__tutor", "session__location", "tutor", "location"
    )
    meetings = _chosen(request, rows)
    if len(meetings) != 1:
        messages.info(request, _("Choose one date that was cancelled."))
        return redirect("admin:bookings_meeting_changelist")
    [meeting] = meetings
    zone = ZoneInfo(request.institution.time_zone)
    first = {"starts": meeting.starts_at.astimezone(zone).time()}
    form = MakeUpForm(request.POST or None, label_suffix="", initial=first)
    planned = None
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        starts_at = datetime.combine(told["day"], told["starts"], zone)
        try:
            if is_sure(request):
                timetable.make_up(meeting=meeting, starts_at=starts_at, staff=request.user, note=told["note"])
                messages.success(request, _("The date is made, and its families are told."))
                return redirect("admin:bookings_meeting_changelist")
            planned = timetable.planned_make_up(meeting=meeting, starts_at=starts_at)
        except timetable.CannotChange as reason:
            form.add_error("day", str(reason))
    return page(
        request,
        "off",
        title=_("A make-up date"),
        subtitle=str(meeting),
        form=form,
        rows=[meeting],
        planned=planned,
        in_the_way=timetable.in_the_way(planned) if planned else None,
        told=timetable.who_is_told([meeting.session]) if planned else None,
        look=_("See who is told"),
        button=_("Make the date and tell the families"),
    )
