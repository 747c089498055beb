"""Whom a wish to be erased is about, and what the office has to do before it can be carried out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from . import owed
from .models import (
    AttendanceAlert,
    Booking,
    Child,
    Guardian,
    Guardianship,
    Household,
    Meeting,
    Payment,
    Refund,
    WaitEntry,
)


@dataclass
class Scope:
    """Whom a request is about."""

    guardian: Guardian
    # With the duplicates that were merged into them.
    guardians: list[Guardian]
    children: list[Child]
    # Children who have another guardian: they stay.
    shared: list[Child]
    # Households that nobody is left in.
    households: list[Household]
    # Places and queues that are given up first.
    live: list[Booking] = field(default_factory=list)
    waits: list[WaitEntry] = field(default_factory=list)
    # What else has to be done first.
    obstacles: list[str] = field(default_factory=list)
    balance: Decimal = Decimal(0)

    @property
    def is_ready(self) -> bool:
        return not (self.live or self.waits or self.obstacles)


def scope_of(guardian: Guardian) -> Scope:
    """Who would be erased, and what has to be done first."""
    here = guardian.institution
    today = timezone.localdate()
    guardians = list(
        Guardian.objects.for_institution(here).filter(Q(pk=guardian.pk) | Q(merged_into=guardian))
    )
    rights = Guardianship.objects.for_institution(here)
    theirs = Child.objects.for_institution(here).filter(
        pk__in=rights.filter(guardian__in=guardians).values("child"), erased_at__isnull=True
    )
    others = (
        rights.on(today)
        .filter(child__in=theirs, guardian__erased_at__isnull=True, guardian__merged_into__isnull=True)
        .exclude(guardian__in=guardians)
    )
    kept = set(others.values_list("child", flat=True))
    shared = [child for child in theirs if child.pk in kept]
    children = [child for child in theirs if child.pk not in kept]
    children += Child.objects.for_institution(here).filter(merged_into__in=children)
    homes = {row.household_id for row in guardians}
    left = Guardian.objects.for_institution(here).filter(
        household__in=homes, erased_at__isnull=True, merged_into__isnull=True
    )
    lived_in = set(left.exclude(pk__in=[row.pk for row in guardians]).values_list("household", flat=True))
    empty = homes - lived_in
    households = list(
        Household.objects.for_institution(here).filter(Q(pk__in=empty) | Q(merged_into__in=empty))
    )
    scope = Scope(guardian, guardians, children, shared, households)
    _look_ahead(scope)
    return scope


def _look_ahead(scope: Scope) -> None:
    coming = Meeting.objects.live().filter(ends_at__gt=timezone.now()).values("session")
    live = Booking.objects.live().filter(child__in=scope.children)
    scope.live = list(
        live.filter(Q(session__in=coming) | Q(state=Booking.State.HELD))
        .select_related("child", "session__activity")
        .order_by("session", "pk")
    )
    waits = WaitEntry.objects.waiting().filter(child__in=scope.children)
    scope.waits = list(waits.select_related("child", "session__activity").order_by("session", "pk"))
    scope.balance = sum((owed.balance(home) for home in scope.households), Decimal(0))
    scope.obstacles = list(_obstacles(scope))


def _obstacles(scope: Scope) -> Iterator[str]:
    payments = Payment.objects.filter(household__in=scope.households)
    moving = payments.filter(state__in=[Payment.State.CREATED, Payment.State.PENDING])
    back = Refund.objects.filter(
        household__in=scope.households, state__in=[Refund.State.CREATED, Refund.State.PENDING]
    )
    if moving.exists() or back.exists():
        yield _("Money is on its way from or to this family: wait until it has come.")
    restricted = Guardianship.objects.filter(guardian__in=scope.guardians, child__in=scope.shared)
    for right in restricted.exclude(restriction_note="").select_related("child"):
        yield (
            _("A restriction protects %s, who stays with another guardian: it needs this name.") % right.child
        )
    alerts = AttendanceAlert.objects.filter(child__in=scope.children, resolved_at__isnull=True)
    for alert in alerts.select_related("child"):
        yield _("%s is reported missing: resolve that first.") % alert.child
