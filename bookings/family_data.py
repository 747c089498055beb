"""All that is held about a family, for the guardian who asks; and the request to have it erased.

Another adult's address, phone or account is never in it: a court may have forbidden that.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from . import families, medical
from .models import (
    AbsenceNotice,
    AttendanceMark,
    AuthorisedCollector,
    Booking,
    Charge,
    Child,
    Consent,
    DataRequest,
    DrawResult,
    EmergencyContact,
    Guardian,
    Guardianship,
    LedgerEntry,
    Payment,
    Preference,
    WaitEntry,
)

Told = dict[str, Any]


@transaction.atomic
def export(*, guardian: Guardian) -> Told:
    """Everything, readable by machines: amounts and moments as text. The export itself is written down."""
    DataRequest.objects.create(
        institution=guardian.institution,
        guardian=guardian,
        kind=DataRequest.Kind.EXPORT,
        state=DataRequest.State.DONE,
        decided_at=timezone.now(),
    )
    rights = families.guardianships(guardian)
    return {
        "institution": guardian.institution.name,
        "made_at": _plain(timezone.now()),
        "guardian": _values(guardian, "name", "email", "phone", "language", "wants_texts", "created_at"),
        "household": _values(guardian.household, "name", "address", "reference"),
        "children": [_child(right) for right in rights],
        "money": _money(guardian),
    }


def _child(right: Guardianship) -> Told:
    child = right.child
    of_child = {"child": child}
    told = _values(
        child,
        "given_name",
        "family_name",
        "known_as",
        "date_of_birth",
        "class_name",
        "number",
        "medical_answered_at",
        "left_on",
    )
    told |= {
        "year_group": str(child.year_group or ""),
        "my_rights": _values(right, "relation", "may_book", "may_see_medical", "may_collect"),
        "emergency_contacts": [
            _values(row, "name", "relation", "phone") for row in EmergencyContact.objects.filter(**of_child)
        ],
        "may_be_collected_by": [
            _values(row, "name", "relation", "phone")
            for row in AuthorisedCollector.objects.filter(**of_child)
        ],
        "consents": [
            {"what": row.kind.name, **_values(row, "text_version", "given_at", "withdrawn_at")}
            for row in Consent.objects.filter(**of_child).select_related("kind")
        ],
        "bookings": [_booking(row) for row in _of_sessions(Booking, child)],
        "waiting_list": [
            {"session": str(row.session), **_values(row, "state", "reason", "joined_at", "ended_at")}
            for row in _of_sessions(WaitEntry, child)
        ],
        "wishes": [
            {"session": str(row.session), **_values(row, "rank", "made_at")}
            for row in _of_sessions(Preference, child)
        ],
        "draws": [
            {"session": str(row.session), **_values(row, "rank", "lot", "outcome", "reason")}
            for row in _of_sessions(DrawResult, child)
        ],
        "attendance": [
            {
                "session": str(row.meeting.session),
                "meeting": _plain(row.meeting.starts_at),
                **_values(row, "state", "arrived_at", "left_at", "note"),
            }
            for row in AttendanceMark.objects.filter(**of_child).select_related("meeting__session__activity")
        ],
        "absences": [
            {"meeting": _plain(row.meeting.starts_at), **_values(row, "reason", "reported_at")}
            for row in AbsenceNotice.objects.filter(**of_child).select_related("meeting")
        ],
    }
    if right.may_see_medical:
        told["medical_notes"] = [
            _values(note, "severity", "text", "written_at")
            for note in medical.read(child=child, reason="data export")
        ]
    return told


def _of_sessions(model: Any, child: Child) -> Any:
    return model.objects.filter(child=child).select_related("session__activity")


def _booking(row: Booking) -> Told:
    return {
        "session": str(row.session),
        **_values(row, "public_id", "state", "created_at", "confirmed_at", "ended_at", "ended_because"),
    }


def _money(guardian: Guardian) -> Told:
    mine = {"institution": guardian.institution, "household": guardian.household}
    return {
        "charges": [
            _values(row, "what", "amount", "currency", "due_on", "cancelled_at")
            for row in Charge.objects.filter(**mine)
        ],
        "payments": [
            _values(row, "provider", "amount", "currency", "state", "receipt_number", "settled_at")
            for row in Payment.objects.filter(**mine)
        ],
        "account": [
            _values(row, "kind", "amount", "currency", "what", "at")
            for row in LedgerEntry.objects.filter(**mine, account=LedgerEntry.Account.FAMILY)
        ],
    }


def _values(row: Any, *names: str) -> Told:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    return str(value) if isinstance(value, date | Decimal) else value


@transaction.atomic
def ask_for_erasure(*, guardian: Guardian, note: str) -> DataRequest:
    """One request is open at a time: asked again, it is the same."""
    Guardian.objects.select_for_update(no_key=True).get(pk=guardian.pk)
    erasures = DataRequest.objects.for_institution(guardian.institution).filter(
        guardian=guardian, kind=DataRequest.Kind.ERASURE
    )
    found = erasures.filter(state=DataRequest.State.OPEN).first()
    return found or DataRequest.objects.create(
        institution=guardian.institution, guardian=guardian, kind=DataRequest.Kind.ERASURE, note=note
    )


@transaction.atomic
def take_back_erasure(*, guardian: Guardian) -> None:
    asked = DataRequest.objects.for_institution(guardian.institution).filter(
        guardian=guardian, kind=DataRequest.Kind.ERASURE, state=DataRequest.State.OPEN
    )
    for request in asked:
        request.state, request.decided_at = DataRequest.State.REFUSED, timezone.now()
        request.save(update_fields=["state", "decided_at"])
