"""A family asks for its data to be erased: refused with a reason, or carried out.

Whom it is about says bookings.erasure_scope, what goes bookings.blanking. Live places are given up first, by
the acts that all places end by. None of it can be undone.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from projects import history, outbox

from . import blanking, locks, waitlist
from . import booking as places
from .erasure_scope import Scope, scope_of
from .models import (
    DataRequest,
    Guardian,
)

# Subject and text, in the reader's language.
NOT_ERASED = (
    gettext_lazy("Your data are not erased"),
    gettext_lazy("You asked us to erase your family's data. We cannot: {reason}"),
)


class CannotErase(Exception):
    """What has to be done first, in words for the office."""


def give_up_places(*, guardian: Guardian, staff: User | None) -> int:
    """All live places and queues of those who would be erased, each by its own act; how many places."""
    scope = scope_of(guardian)
    reason = _("the family has asked to be erased")
    for entry in scope.waits:
        waitlist.leave(entry=entry, staff=staff, reason=reason)
    for row in scope.live:
        places.cancel(booking=row, staff=staff, reason=reason)
    return len(scope.live)


@transaction.atomic
def refuse(*, request: DataRequest, reason: str, staff: User | None) -> None:
    """The family is told why. Raises CannotErase if it was decided before."""
    if not reason.strip():
        raise CannotErase(_("Say why: the family reads it."))
    request = _open_request(request)
    _decide(request, DataRequest.State.REFUSED, staff)
    guardian = request.guardian
    if guardian.email:
        outbox.write(
            institution=request.institution,
            to=guardian.email,
            template="bookings_news",
            context={
                "guardian": guardian,
                "subject": NOT_ERASED[0],
                "news": format_lazy(NOT_ERASED[1], reason=reason),
            },
            language=guardian.language,
            dedupe=f"erasure:{request.pk}:refused",
        )


def _open_request(request: DataRequest) -> DataRequest:
    rows = DataRequest.objects.select_for_update(of=("self",)).select_related("guardian", "institution")
    request = rows.get(pk=request.pk)
    if request.state != DataRequest.State.OPEN or request.kind != DataRequest.Kind.ERASURE:
        raise CannotErase(_("Somebody has decided this already."))
    return request


def _decide(request: DataRequest, state: str, staff: User | None) -> None:
    request.state, request.decided_at, request.decided_by = state, timezone.now(), staff
    with history.acting(by=staff):
        request.save(update_fields=["state", "decided_at", "decided_by"])


def erase(*, request: DataRequest, typed: str, staff: User | None) -> None:
    """Carry it out, in one transaction. Raises CannotErase.

    `typed` is the payment reference of the household, so that nobody does it by a slip.
    """

    def work() -> None:
        fresh = _open_request(request)
        if typed.strip().upper() != fresh.guardian.household.reference.upper():
            raise CannotErase(_("Type the payment reference of the household, to be sure that it is meant."))
        scope = scope_of(fresh.guardian)
        locks.lock_children([child.pk for child in [*scope.children, *scope.shared]])
        if not scope.is_ready:
            first = [
                *scope.obstacles,
                *([_("Give up their places first.")] if scope.live or scope.waits else []),
            ]
            raise CannotErase(" ".join(first))
        reference = fresh.guardian.household.reference
        _decide(fresh, DataRequest.State.DONE, staff)
        with history.quiet():
            last_words = _Last(fresh)
            blanking.blank(scope)
            last_words.write(scope)
        with history.acting(by=staff):
            history.note(
                institution=fresh.institution,
                what=_("Erased on request: the family with the payment reference %s") % reference,
                model=DataRequest,
                rows=len(scope.children) + len(scope.guardians),
            )

    locks.carry_out(work)


class _Last:
    """The guardian is told that it is done. The address is read before it goes, and goes with the letter."""

    def __init__(self, request: DataRequest) -> None:
        guardian = request.guardian
        self.request, self.name = request, guardian.name
        self.email, self.language = guardian.email, guardian.language

    def write(self, scope: Scope) -> None:
        if not self.email:
            return
        outbox.write(
            institution=self.request.institution,
            to=self.email,
            template="bookings_erased",
            context={"name": self.name, "has_shared": bool(scope.shared)},
            language=self.language,
            dedupe=f"erasure:{self.request.pk}:done",
            is_last=True,
        )
