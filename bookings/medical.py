"""What must be known about a child's health: read by those who may, and every reading is written down."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from projects import history

from .models import Child, MedicalNote

Severity = MedicalNote.Severity
# The gravest first.
GRAVITY: list[str] = [Severity.CRITICAL, Severity.ALLERGY, Severity.NOTE]


def flags(children: Iterable[int]) -> dict[int, str]:
    """The gravest flag of each of these children (by pk) that has any. No text: nothing to write down."""
    rows = MedicalNote.objects.filter(child__in=list(children)).values_list("child", "severity")
    found: dict[int, str] = {}
    for child, severity in rows:
        if child not in found or GRAVITY.index(severity) < GRAVITY.index(found[child]):
            found[child] = severity
    return found


@transaction.atomic
def read(*, child: Child, reason: str = "") -> list[MedicalNote]:
    """The notes with their text, the gravest first. Who asks is known to the history (history.acting)."""
    history.note(
        institution=child.institution,
        what=_("Medical notes read: %s") % child.full_name,
        action="did",
        model=MedicalNote,
        reason=reason,
    )
    notes = MedicalNote.objects.for_institution(child.institution).filter(child=child)
    return sorted(notes.select_related("written_by"), key=lambda note: GRAVITY.index(note.severity))


@transaction.atomic
def write(*, child: Child, severity: str, text: str, by: Any) -> MedicalNote:
    note = MedicalNote.objects.create(
        institution=child.institution, child=child, severity=severity, text=text, written_by=by
    )
    _answered(child)
    return note


@transaction.atomic
def nothing_to_know(*, child: Child) -> None:
    """The question was answered: there is nothing."""
    _answered(child)


def _answered(child: Child) -> None:
    child.medical_answered_at = timezone.now()
    child.save(update_fields=["medical_answered_at"])
