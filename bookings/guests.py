"""A child at one meeting without a place in the session: to try it, or in place of one that it missed."""

from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history
from projects.models import BusyTime

from . import attendance, locks, messages
from .models import Booking, Child, Meeting, MeetingGuest, Places


class CannotCome(Exception):
    """Why this child cannot come as a guest, in words for the office."""


@transaction.atomic
def add(*, meeting: Meeting, child: Child, kind: str, staff: User | None, reason: str = "") -> MeetingGuest:
    """The register expects the child, and its guardians are told. A full room takes a reason."""
    locks.lock_children([child.pk])
    for refusal in _refusals(meeting, child):
        raise CannotCome(refusal)
    if is_full(meeting) and not reason.strip():
        raise CannotCome(_("All places of that meeting are taken: say why one more may come."))
    with history.acting(by=staff, reason=reason[:300]):
        guest = MeetingGuest.objects.create(
            institution=meeting.institution, meeting=meeting, child=child, kind=kind
        )
    messages.tell_guest(guest=guest)
    return guest


def _refusals(meeting: Meeting, child: Child) -> Iterator[str]:
    name = child.first_name
    if child.institution_id != meeting.institution_id:
        yield _("There is no such child on your list.")
    if meeting.cancelled_at or meeting.ends_at <= timezone.now():
        yield _("That meeting is over, or does not take place: choose another date.")
    if child.left_on and child.left_on <= timezone.localdate(meeting.starts_at):
        yield _("%s has left the school.") % name
    if attendance.is_expected(meeting, child):
        yield _("%s is expected there already.") % name
    booked = Booking.objects.live().filter(child=child).values("session")
    as_guest = MeetingGuest.objects.filter(child=child).values("meeting")
    there = Meeting.objects.live().between(meeting.starts_at, meeting.ends_at).exclude(pk=meeting.pk)
    for other in there.filter(session__in=booked) | there.filter(pk__in=as_guest):
        yield _("%(child)s is in %(other)s at that time.") % {"child": name, "other": other.session}
    if child.person_id:
        exams = BusyTime.objects.filter(person=child.person_id)
        for exam in exams.between(meeting.starts_at, meeting.ends_at):
            yield _("%(child)s has an exam at that time: %(exam)s.") % {"child": name, "exam": exam.what}


def is_full(meeting: Meeting) -> bool:
    """With those who come as guests."""
    places = Places.objects.get(session=meeting.session_id)
    return places.taken + meeting.guests.count() >= places.capacity + places.extra


@transaction.atomic
def remove(*, guest: MeetingGuest, staff: User | None) -> None:
    """It does not come after all, and its guardians are told. Marks of the register stay."""
    messages.tell_guest(guest=guest, is_off=True)
    with history.acting(by=staff):
        guest.delete()
