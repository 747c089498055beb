"""What the mail queue does for bookings by the clock: thin, because the acts hold the sense."""

import logging
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from projects.models import Institution

from . import attendance, invariants, messages, retention, waitlist
from .models import Meeting

log = logging.getLogger(__name__)

# The local hours in which families are reminded of tomorrow.
REMINDING_HOURS = range(16, 20)


def look_for_missing_children() -> int:
    """Every minute: raise an alert for each expected child that is not there; how many were raised."""
    now = timezone.now()
    under_way = Meeting.objects.live().filter(starts_at__lte=now, ends_at__gt=now)
    raised = 0
    for institution in Institution.objects.filter(pk__in=under_way.values("institution")):
        with timezone.override(institution.time_zone):
            for meeting, child in attendance.missing(institution=institution, now=now):
                with transaction.atomic():
                    alert = attendance.raise_alert(meeting=meeting, child_id=child)
                    if alert:
                        messages.tell_missing(alert=alert)
                        raised += 1
    return raised


def remind() -> int:
    """Every half hour: towards the evening, families are told what tomorrow brings; once."""
    told = 0
    soon = Meeting.objects.live().filter(
        starts_at__gt=timezone.now(), starts_at__lt=timezone.now() + timedelta(days=2)
    )
    for institution in Institution.objects.filter(pk__in=soon.values("institution")):
        local = timezone.now().astimezone(ZoneInfo(institution.time_zone))
        if local.hour in REMINDING_HOURS:
            with transaction.atomic():
                told += messages.tell_tomorrow(institution=institution, day=local.date() + timedelta(days=1))
    return told


def count_again() -> int:
    """Each night: what must be true of places, queues and accounts and is not stands in the log; how much."""
    faults = invariants.find_faults()
    for fault in faults:
        log.error("%s", fault)
    return len(faults)


def forget() -> int:
    """Each night: what is not kept for ever goes; how many rows."""
    return sum(retention.forget(institution) for institution in Institution.objects.all())


def sweep_holds() -> int:
    """Every minute: holds and offers that have run out, and queues that were left half served."""
    return waitlist.serve_all_due()
