"""What goes when a family's data are erased: names, contacts, notes, health, messages, words of the history.

What the books need stays without a name: places, registers, charges, payments, the ledger. A child whom
another guardian looks after stays that guardian's.
"""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session as SignIn
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from projects import redaction
from projects.history import MASK
from projects.models import Membership, ProjectMember

from .erasure_scope import Scope
from .models import (
    AbsenceNotice,
    AttendanceAlert,
    AttendanceMark,
    AuthorisedCollector,
    BankLine,
    Booking,
    CalendarFeed,
    Charge,
    Child,
    CoGuardianInvitation,
    Consent,
    DataRequest,
    Discount,
    DrawResult,
    EmergencyContact,
    FamilyMerge,
    Guardian,
    Guardianship,
    Household,
    IdempotencyKey,
    Instalment,
    InvitationCode,
    Invitee,
    LateMark,
    LedgerEntry,
    LinkRequest,
    MedicalNote,
    MeetingGuest,
    Offer,
    Payment,
    Preference,
    ProviderEvent,
    Refund,
    TrialObject,
    Tutor,
    WaitEntry,
    WriteOff,
)

# Lines of history about these lose all words as soon as an erased name is among them.
PERSONAL = frozenset(
    model._meta.label_lower
    for model in (
        AbsenceNotice,
        AuthorisedCollector,
        CalendarFeed,
        CoGuardianInvitation,
        Consent,
        EmergencyContact,
        Guardianship,
        InvitationCode,
        LinkRequest,
        MedicalNote,
    )
)


def blank(scope: Scope) -> None:
    """All of it, inside the transaction that decides."""
    rows = _rows_of(scope)
    words = redaction.Words(_texts(scope))
    here = scope.guardian.institution
    redaction.redact_history(institution=here, rows=rows, words=words, personal=PERSONAL)
    redaction.redact_messages(
        institution=here, addresses=list(_addresses(scope)), reasons=list(_reasons(rows)), words=words
    )
    _accounts(scope)
    _what_others_tell(scope)
    _money(scope)
    _free_text(scope)
    _people(scope)


def _texts(scope: Scope) -> Iterator[str]:
    for guardian in scope.guardians:
        yield from (guardian.name, guardian.email, guardian.phone)
        if guardian.user and _is_only_a_guardian(guardian.user, scope):
            yield from (guardian.user.name, guardian.user.email)
    for child in scope.children:
        yield child.full_name
        if child.known_as:
            yield f"{child.known_as} {child.family_name}".strip()
    others = Household.objects.for_institution(scope.guardian.institution)
    others = others.exclude(pk__in=[home.pk for home in scope.households])
    for home in scope.households:
        yield home.address
        # "Family Khan" tells who it is only if nobody else is called so.
        if not others.filter(name__iexact=home.name).exists():
            yield home.name


def _addresses(scope: Scope) -> Iterator[str]:
    for guardian in scope.guardians:
        yield from (guardian.email, guardian.phone, guardian.user.email if guardian.user else "")


def _rows_of(scope: Scope) -> dict[str, set[int]]:
    """Every row that is about them, by model: what refers to the erased, and what refers to that."""
    found: dict[str, set[int]] = {}
    todo: list[tuple[Any, set[int]]] = [
        (Guardian, {row.pk for row in scope.guardians}),
        (Child, {row.pk for row in scope.children}),
        (Household, {row.pk for row in scope.households}),
    ]
    while todo:
        model, keys = todo.pop()
        new = keys - found.setdefault(model._meta.label_lower, set())
        if not new:
            continue
        found[model._meta.label_lower] |= new
        for relation in model._meta.get_fields(include_hidden=True):
            if not (relation.auto_created and (relation.one_to_many or relation.one_to_one)):
                continue
            # People and homes are only those of the scope; a shared child's rows are the other guardian's.
            if relation.related_model in (Guardian, Child, Household):
                continue
            rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": new})
            if model is Guardian:
                rows = _without_shared(rows, relation.related_model, scope)
            todo.append((relation.related_model, set(rows.values_list("pk", flat=True))))
    return found


def _without_shared(rows: Any, model: Any, scope: Scope) -> Any:
    names = {one.name for one in model._meta.fields}
    return rows.exclude(child__in=scope.shared) if "child" in names and model is not Guardianship else rows


def _reasons(rows: dict[str, set[int]]) -> Iterator[str]:
    """How the keys of messages about these rows begin."""
    for model, word in (
        (Booking, "booking"),
        (WaitEntry, "wait"),
        (Offer, "offer"),
        (AttendanceAlert, "missing"),
        (MeetingGuest, "guest"),
        (Payment, "receipt"),
        (Booking, "place-gone"),
        (Instalment, "instalment-due"),
        (Instalment, "instalment-failed"),
        (Refund, "paid-out"),
        (WriteOff, "let-off"),
        (WriteOff, "due-again"),
        (Charge, "charged"),
        (Charge, "charge-gone"),
    ):
        yield from (f"{word}:{key}" for key in rows.get(model._meta.label_lower, ()))


def _accounts(scope: Scope) -> None:
    """Who is nothing but this guardian no longer signs in; who works here or has children elsewhere does."""
    for guardian in scope.guardians:
        user = guardian.user
        if user is None or not _is_only_a_guardian(user, scope):
            continue
        EmailAddress.objects.filter(user=user).delete()
        Authenticator.objects.filter(user=user).delete()
        keys = set(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
        UserSession.objects.filter(user=user).delete()
        SignIn.objects.filter(session_key__in=keys).delete()
        user.name, user.email, user.is_active = "", f"erased-{user.pk}@example.invalid", False
        user.set_unusable_password()
        user.save()


def _is_only_a_guardian(user: User, scope: Scope) -> bool:
    mine = {"user": user}
    elsewhere = Guardian.objects.filter(**mine).exclude(pk__in=[row.pk for row in scope.guardians])
    works = (Membership, ProjectMember, Tutor)
    return not (
        user.is_superuser
        or elsewhere.exists()
        or any(model._default_manager.filter(**mine).exists() for model in works)
    )


def _what_others_tell(scope: Scope) -> None:
    """Contacts, collectors, health, consents, links and codes: rows that exist for them alone."""
    of_child, of_guardian = {"child__in": scope.children}, {"guardian__in": scope.guardians}
    child_models: tuple[Any, ...] = (
        MedicalNote,
        EmergencyContact,
        AuthorisedCollector,
        Invitee,
        CalendarFeed,
        Consent,
    )
    guardian_models: tuple[Any, ...] = (CalendarFeed, InvitationCode, LinkRequest)
    for model in child_models:
        model.objects.filter(**of_child).delete()
    for model in guardian_models:
        model.objects.filter(**of_guardian).delete()
    invitations = CoGuardianInvitation.objects.filter(institution=scope.guardian.institution)
    mails = [row.email for row in scope.guardians if row.email]
    invitations.filter(
        Q(invited_by__in=scope.guardians) | Q(accepted_as__in=scope.guardians) | Q(email__in=mails)
    ).delete()
    FamilyMerge.objects.filter(Q(kept__in=scope.households) | Q(merged__in=scope.households)).update(moved={})
    # On the list of a child who stays, the erased adult is no contact any more.
    names = [row.name for row in scope.guardians]
    phones = [row.phone for row in scope.guardians if row.phone]
    for model in child_models[1:3]:
        rows = model.objects.filter(child__in=scope.shared)
        rows.filter(Q(name__in=names) | Q(phone__in=phones)).delete()
    owners = [f"guardian:{row.pk}" for row in scope.guardians]
    owners += [f"user:{row.user_id}" for row in scope.guardians if row.user_id]
    IdempotencyKey.objects.for_institution(scope.guardian.institution).filter(owner__in=owners).delete()


def _money(scope: Scope) -> None:
    """Amounts, days and numbers stay; who it was goes."""
    of_home = {"household__in": scope.households}
    charges = Charge.objects.filter(Q(**of_home) | Q(booking__child__in=scope.children))
    own = Discount.objects.filter(Q(**of_home) | Q(child__in=scope.children))
    named = set(own.values_list("pk", flat=True))
    for charge in charges.select_related("booking__session__activity"):
        charge.what = str(charge.booking.session)[:200] if charge.booking else MASK
        charge.save(update_fields=["what"])
    for booking in Booking.objects.filter(Q(**of_home) | Q(child__in=scope.children)).exclude(discounts=[]):
        booking.discounts = [
            {**one, "name": MASK} if one.get("discount") in named else one for one in booking.discounts
        ]
        booking.save(update_fields=["discounts"])
    for discount in own:
        discount.name, discount.is_active = f"{MASK} {discount.pk}", False
        discount.save(update_fields=["name", "is_active"])
    entries = Q(**of_home) | Q(booking__child__in=scope.children)
    # The ledger refuses every change but this one: its words may go, nothing else.
    models.QuerySet(LedgerEntry).filter(entries).exclude(what="").update(what="")
    payments = Payment.objects.filter(**of_home)
    _mask(payments, "note")
    _mask(Refund.objects.filter(**of_home), "reason")
    _mask(WriteOff.objects.filter(charge__in=charges), "reason")
    _mask(BankLine.objects.filter(**of_home), "payer", "text")
    refs = {*payments.values_list("provider_ref", flat=True)} - {""}
    refs |= {*Refund.objects.filter(**of_home).values_list("provider_ref", flat=True)} - {""}
    here = scope.guardian.institution
    for event in ProviderEvent.objects.for_institution(here).filter(payload__id__in=refs):
        event.payload = {"id": event.payload["id"]}
        event.save(update_fields=["payload"])
    for trial in TrialObject.objects.for_institution(here).filter(ref__in=refs):
        trial.body = {**trial.body, "what": MASK, "customer_details": {}}
        trial.save(update_fields=["body"])


def _free_text(scope: Scope) -> None:
    """What somebody wrote about them: that something was written stays, not what."""
    of_child: dict[str, Any] = {"child__in": scope.children}
    _mask(Booking.objects.filter(**of_child), "reason", "ended_because")
    _mask(WaitEntry.objects.filter(**of_child), "reason", "band_reason")
    _mask(Preference.objects.filter(**of_child), "band_reason")
    _mask(DrawResult.objects.filter(**of_child), "reason")
    _mask(AbsenceNotice.objects.filter(**of_child), "reason")
    _mask(AttendanceMark.objects.filter(**of_child), "note", "collected_by_name")
    _mask(AttendanceAlert.objects.filter(**of_child), "resolution")
    _mask(DataRequest.objects.filter(guardian__in=scope.guardians), "note")
    names = [row.name for row in scope.guardians]
    marks = AttendanceMark.objects.filter(child__in=scope.shared, collected_by_name__in=names)
    _mask(marks, "collected_by_name")
    for late in LateMark.objects.filter(**of_child):
        late.values = {"state": late.values.get("state", "")}
        late.save(update_fields=["values"])


def _mask(rows: Any, *fields: str) -> None:
    for name in fields:
        rows.exclude(**{name: ""}).update(**{name: MASK})


def _people(scope: Scope) -> None:
    """The rows themselves stay, because places and money refer to them, and tell nothing any more."""
    now = timezone.now()
    Guardianship.objects.filter(guardian__in=scope.guardians).delete()
    Guardianship.objects.filter(child__in=scope.children).delete()
    for guardian in scope.guardians:
        guardian.name, guardian.email, guardian.phone = f"{MASK} {guardian.pk}", "", ""
        guardian.wants_texts, guardian.is_active = False, False
        guardian.user, guardian.erased_at = None, now
        guardian.save()
    for child in scope.children:
        child.given_name, child.family_name, child.known_as = MASK, str(child.pk), ""
        child.class_name, child.number, child.person = "", "", None
        # The year tells how old children were who came; the day tells who.
        child.date_of_birth = child.date_of_birth.replace(month=1, day=1)
        child.medical_answered_at, child.erased_at = None, now
        child.left_on = child.left_on or timezone.localdate()
        child.save()
    for home in scope.households:
        home.name, home.address = f"{MASK} {home.pk}", ""
        home.save()
