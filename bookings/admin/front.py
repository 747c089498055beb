"""What the office of a school with activities sees first: today, and what waits for somebody's decision."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.addresses import outside
from projects.site import Tile

from .. import attention
from ..models import Activity, Meeting
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
    waiting = reverse("admin:attention")
    for number, matter in enumerate(attention.matters(here), 1):
        icon = "triangle-alert" if matter.is_urgent else "circle-alert"
        yield Tile(matter.title, f"{waiting}#matter-{number}", icon, len(matter.rows), waits=True)
