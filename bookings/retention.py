"""What is not kept for ever: health notes, contacts and collectors of children who have left."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from projects import history, redaction
from projects.models import Institution

from .models import (
    AuthorisedCollector,
    BookingRules,
    CalendarFeed,
    Child,
    EmergencyContact,
    MedicalNote,
)

KEPT_FOR_THE_CHILD: tuple[Any, ...] = (MedicalNote, EmergencyContact, AuthorisedCollector, CalendarFeed)


@transaction.atomic
def forget(institution: Institution) -> int:
    """Once a child has been away for the days that the rules say; how many rows went.

    The history keeps that they were there and went, not what they said.
    """
    days = timedelta(days=BookingRules.of(institution).keeps_days)
    left = Child.objects.for_institution(institution).filter(left_on__lt=timezone.localdate() - days)
    rows: dict[str, set[int]] = {}
    with history.quiet():
        for model in KEPT_FOR_THE_CHILD:
            found = model.objects.filter(child__in=left)
            rows[model._meta.label_lower] = set(found.values_list("pk", flat=True))
            found.delete()
    gone = sum(map(len, rows.values()))
    if gone:
        redaction.redact_history(institution=institution, rows=rows, words=redaction.Words([]))
        what = _("Forgotten: health notes, contacts and collectors of children who left")
        history.note(institution=institution, what=what, model=Child, rows=gone)
    return gone
