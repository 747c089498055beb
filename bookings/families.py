"""A guardian's children and what is known of them: who may do what, consents, and what is still missing."""

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from .models import Child, Consent, ConsentKind, Guardian, Guardianship


def guardianships(guardian: Guardian, *, on: date | None = None) -> list[Guardianship]:
    """The guardian's rights that hold on that day (today), with the children, the eldest first."""
    rows = Guardianship.objects.for_institution(guardian.institution).filter(guardian=guardian)
    rows = rows.on(on or timezone.localdate()).filter(child__erased_at__isnull=True)
    return list(
        rows.select_related("child__year_group", "child__person").order_by("child__date_of_birth", "child_id")
    )


def guardianship(guardian: Guardian, public_id: str) -> Guardianship | None:
    """The guardian's right for one child; None for a child of others and for one that does not exist."""
    found = (row for row in guardianships(guardian) if row.child.public_id == public_id)
    return next(found, None)


def guardians_of(child: Child, *, on: date | None = None) -> list[Guardianship]:
    """Who has rights for the child on that day (today), in the order in which they are called."""
    rows = Guardianship.objects.for_institution(child.institution).filter(
        child=child, guardian__erased_at__isnull=True
    )
    return list(
        rows.on(on or timezone.localdate()).select_related("guardian").order_by("contact_order", "pk")
    )


@transaction.atomic
def give_consent(*, child: Child, kind: ConsentKind, guardian: Guardian) -> Consent:
    """Agree to the text as it reads now. Given twice, it is given once."""
    Child.objects.select_for_update(no_key=True).get(pk=child.pk)
    consent, _is_new = Consent.objects.get_or_create(
        institution=child.institution,
        child=child,
        kind=kind,
        text_version=kind.version,
        withdrawn_at=None,
        defaults={"given_by": guardian},
    )
    return consent


@transaction.atomic
def withdraw_consent(*, child: Child, kind: ConsentKind) -> None:
    """Whatever version of the text was agreed to. The row stays: it was given then."""
    given = Consent.objects.for_institution(child.institution).filter(child=child, kind=kind)
    for consent in given.filter(withdrawn_at__isnull=True):
        consent.withdrawn_at = timezone.now()
        consent.save(update_fields=["withdrawn_at"])


def who_may_go_alone(children: Iterable[int], *, on: date) -> set[int]:
    """Of these children (by pk) who may go home alone that day.

    A guardian agreed to it who still may say who takes the child home, and nobody has withdrawn it.
    """
    rights = Guardianship.objects.filter(
        guardian=OuterRef("given_by"), child=OuterRef("child"), may_book=True, may_collect=True
    )
    given = Consent.objects.in_force().filter(Exists(rights.on(on)), kind__lets_go_alone=True)
    return set(given.filter(child__in=list(children)).values_list("child", flat=True))


def may_give(right: Guardianship, kind: ConsentKind) -> bool:
    """That a child goes home alone is said by who may say with whom it goes."""
    return right.may_say_who_collects if kind.lets_go_alone else right.may_book


def consents(children: Iterable[Child]) -> dict[int, list[tuple[ConsentKind, Consent | None]]]:
    """For each child every consent that the institution asks for, and the one in force."""
    children = list(children)
    if not children:
        return {}
    institution = children[0].institution
    kinds = list(ConsentKind.objects.for_institution(institution))
    rows = Consent.objects.for_institution(institution).filter(child__in=children).in_force()
    given = {(row.child_id, row.kind_id): row for row in rows.select_related("given_by")}
    return {child.pk: [(kind, given.get((child.pk, kind.pk))) for kind in kinds] for child in children}
