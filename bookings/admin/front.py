"""What the office of a school with activities sees first: today, and what waits for somebody's decision."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.addresses import outside
from projects.models import OutboxMessage
from projects.site import Tile

from ..models import Activity, AttendanceAlert, BankLine, DataRequest, LinkRequest, Meeting
from .scoped import OFFICE


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """For the office of an institution that has activities; what waits for nobody is left out."""
    here, standing = request.institution, request.standing
    if standing.project or standing.institution_role not in OFFICE:
        return
    if not Activity.objects.for_institution(here).exists():
        return
    today = Meeting.objects.for_institution(here).live().filter(starts_at__date=timezone.localdate())
    registers = outside(request, "bookings:registers", here.slug)
    yield Tile(_("Today's registers"), registers, "list-checks", today.count())
    yield Tile(_("Who is on site"), outside(request, "bookings:on_site", here.slug), "siren")
    yield Tile(_("The page of families"), outside(request, "bookings:catalogue", here.slug), "star")
    missing = AttendanceAlert.objects.filter(meeting__in=today, resolved_at__isnull=True)
    yield from _waiting(_("Missing children"), missing, registers, "triangle-alert")
    asked = LinkRequest.objects.for_institution(here).filter(state=LinkRequest.State.OPEN)
    yield from _waiting(_("Requests to link a child"), asked, _list(asked, LinkRequest.State.OPEN), "link-2")
    erasures = DataRequest.objects.for_institution(here).filter(
        state=DataRequest.State.OPEN, kind=DataRequest.Kind.ERASURE
    )
    yield from _waiting(_("Families to be erased"), erasures, reverse("admin:erase_family"), "trash-2")
    lines = BankLine.objects.for_institution(here).filter(state=BankLine.State.OPEN)
    yield from _waiting(_("Bank lines to confirm"), lines, reverse("admin:statement"), "landmark")
    failed = OutboxMessage.objects.for_institution(here).filter(state=OutboxMessage.State.FAILED)
    yield from _waiting(
        _("Messages that could not be sent"), failed, _list(failed, OutboxMessage.State.FAILED), "mail"
    )


def _waiting(label: str, rows: QuerySet, address: str, icon: str) -> Iterator[Tile]:
    if count := rows.count():
        yield Tile(label, address, icon, count, waits=True)


def _list(rows: QuerySet, state: str) -> str:
    """The rows of that state, on the list of their kind."""
    meta = rows.model._meta
    return f"{reverse(f'admin:{meta.app_label}_{meta.model_name}_changelist')}?state__exact={state}"
