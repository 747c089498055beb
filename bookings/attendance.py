"""Registers: who is expected and who came. Marks may come late or twice; none is lost."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.models import Institution

from . import families, medical
from .models import (
    AbsenceNotice,
    AttendanceAlert,
    AttendanceMark,
    AuthorisedCollector,
    Booking,
    BookingRules,
    Child,
    EmergencyContact,
    Guardian,
    Guardianship,
    LateMark,
    Meeting,
    MeetingGuest,
    Tutor,
)

State = AttendanceMark.State
# A phone's clock that runs ahead must not win over everybody for ever.
CLOCK_SLIP = timedelta(minutes=2)
# How long after its end a meeting's register may still be marked by its tutor.
MARKED_UNTIL = timedelta(days=7)


# After a meeting that ended about midnight.
LINGERS = timedelta(hours=6)


class CannotMark(Exception):
    """Why a mark is refused, in words for the tutor."""


class CannotReport(Exception):
    """Why an absence cannot be reported, in words for the guardian."""


def meetings_on(institution: Institution, day: Any, *, tutor: Tutor | None = None) -> QuerySet[Meeting]:
    """That day's meetings, in the current time zone; a tutor's own only, if one is given."""
    zone = timezone.get_current_timezone()
    starts_at = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    ends_at = datetime(after.year, after.month, after.day, tzinfo=zone)
    found: QuerySet[Meeting] = Meeting.objects.for_institution(institution).filter(
        starts_at__gte=starts_at, starts_at__lt=ends_at
    )
    if tutor:
        found = led_by(found, tutor)
    return found.select_related(
        "session__activity__category", "session__location", "session__tutor", "location", "tutor"
    ).order_by("starts_at", "session__activity__name", "pk")


def led_by(meetings: QuerySet[Meeting], tutor: Tutor) -> QuerySet[Meeting]:
    """Those that this tutor leads: named for the meeting, else for the session."""
    return meetings.filter(Q(tutor=tutor) | Q(tutor__isnull=True, session__tutor=tutor))


@dataclass
class Line:
    """One child on a register."""

    child: Child
    # A trial or make-up guest, in words; empty for a booking.
    guest: str = ""
    mark: AttendanceMark | None = None
    notice: AbsenceNotice | None = None
    flag: str = ""
    collectors: list[AuthorisedCollector] = field(default_factory=list)
    guardians: list[Guardianship] = field(default_factory=list)
    contacts: list[EmergencyContact] = field(default_factory=list)
    # By a guardian's consent.
    may_go_alone: bool = False
    alert: AttendanceAlert | None = None
    differing: list[LateMark] = field(default_factory=list)

    @property
    def may_collect(self) -> list[Guardianship]:
        return [row for row in self.guardians if row.may_collect]

    @property
    def may_not_collect(self) -> list[Guardianship]:
        """Guardians whom the child must not be given to, and why: for staff's eyes."""
        return [row for row in self.guardians if not row.may_collect or row.restriction_note]


def register(meeting: Meeting) -> list[Line]:
    """Who is expected at this meeting, with all that a tutor must know; a constant number of queries."""
    lines = {
        booking.child_id: Line(booking.child)
        for booking in Booking.objects.filter(session=meeting.session_id, state=Booking.State.CONFIRMED)
        .select_related("child__year_group")
        .order_by("child__given_name", "child__family_name")
    }
    for guest in MeetingGuest.objects.filter(meeting=meeting).select_related("child__year_group"):
        lines.setdefault(guest.child_id, Line(guest.child, guest=guest.get_kind_display()))
    # Somebody was marked and has cancelled since: the mark stays to be seen.
    marks = AttendanceMark.objects.filter(meeting=meeting).select_related(
        "child__year_group", "collected_by", "collected_by_guardian", "marked_by"
    )
    for mark in marks:
        lines.setdefault(mark.child_id, Line(mark.child)).mark = mark
    for notice in AbsenceNotice.objects.filter(meeting=meeting, child__in=lines):
        lines[notice.child_id].notice = notice
    for alert in AttendanceAlert.objects.filter(meeting=meeting, child__in=lines):
        lines[alert.child_id].alert = alert
    for late in LateMark.objects.filter(meeting=meeting, child__in=lines, decided_at__isnull=True):
        lines[late.child_id].differing.append(late)
    for child, flag in medical.flags(lines).items():
        lines[child].flag = flag
    add_adults(lines, timezone.localdate(meeting.starts_at))
    return list(lines.values())


def add_adults(lines: dict[int, Line], day: Any) -> None:
    on_that_day = Q(valid_from__isnull=True) | Q(valid_from__lte=day)
    on_that_day &= Q(valid_to__isnull=True) | Q(valid_to__gte=day)
    for collector in AuthorisedCollector.objects.filter(on_that_day, child__in=lines):
        lines[collector.child_id].collectors.append(collector)
    for right in Guardianship.objects.filter(child__in=lines).on(day).select_related("guardian"):
        lines[right.child_id].guardians.append(right)
    for contact in EmergencyContact.objects.filter(child__in=lines):
        lines[contact.child_id].contacts.append(contact)
    for child in families.who_may_go_alone(lines, on=day):
        lines[child].may_go_alone = True


def is_expected(meeting: Meeting, child: Child) -> bool:
    booked = Booking.objects.filter(
        session=meeting.session_id, child=child, state=Booking.State.CONFIRMED
    ).exists()
    return booked or MeetingGuest.objects.filter(meeting=meeting, child=child).exists()


@transaction.atomic
def mark(
    *,
    meeting: Meeting,
    child: Child,
    state: str,
    by: Any,
    marked_at: datetime | None = None,
    collected_by: AuthorisedCollector | None = None,
    collected_by_guardian: Guardian | None = None,
    collected_by_name: str = "",
    note: str = "",
    at_the_gate: bool = False,
) -> AttendanceMark:
    """What a tutor says of a child at a meeting; `marked_at` is the phone's moment, which may be long ago.
    Nobody goes home but `at_the_gate`, where it is asked with whom (gate.collect).

    The same mark again changes nothing. A mark that is older than the one we have is kept beside it
    (LateMark) for somebody to decide; a newer one takes its place, and the history has the one before.
    Raises CannotMark.
    """
    if state not in State.values:
        raise CannotMark(_("Choose present, late, absent or gone home."))
    if state == State.LEFT and not at_the_gate:
        raise CannotMark(_("Press “Home” beside the child, and say who takes it home."))
    if meeting.cancelled_at:
        raise CannotMark(_("This meeting does not take place, so nobody is marked."))
    now = timezone.now()
    told_at = min(marked_at or now, now + CLOCK_SLIP)
    if timezone.localdate(told_at) < timezone.localdate(meeting.starts_at):
        raise CannotMark(_("Registers are marked on the day of the meeting."))
    # One at a time for a child: two tutors, or one whose phone sends twice.
    Child.objects.select_for_update(no_key=True).get(pk=child.pk)
    existing = AttendanceMark.objects.filter(meeting=meeting, child=child).first()
    if existing is None and not is_expected(meeting, child):
        raise CannotMark(_("That child is not expected here: ask the office to add it as a guest."))
    told = {
        "state": state,
        "collected_by": collected_by,
        "collected_by_guardian": collected_by_guardian,
        "collected_by_name": collected_by_name,
        "note": note,
    }
    if existing and existing.marked_at > told_at:
        return _keep_beside(existing, told, told_at, by)
    if existing and existing.marked_at == told_at and existing.state == state:
        return existing
    found = existing or AttendanceMark(institution=meeting.institution, meeting=meeting, child=child)
    for name, value in told.items():
        setattr(found, name, value)
    found.arrived_at, found.left_at = _times(found, state, told_at)
    found.marked_at, found.marked_by = told_at, by
    found.save()
    if state != State.ABSENT:
        resolve(meeting=meeting, child=child, resolution=found.get_state_display(), by=by)
    return found


def _times(found: AttendanceMark, state: str, told_at: datetime) -> tuple[Any, Any]:
    """When the child came and went, as far as the marks say."""
    if state == State.ABSENT:
        return None, None
    if state == State.LEFT:
        return found.arrived_at, max(told_at, found.arrived_at or told_at)
    return found.arrived_at or told_at, None


def _keep_beside(existing: AttendanceMark, told: dict, told_at: datetime, by: Any) -> AttendanceMark:
    """It comes later than it was made, and another was made since. Said once, however often it is sent."""
    values = {name: getattr(value, "pk", value) for name, value in told.items() if value not in (None, "")}
    same = existing.state == told["state"]
    if not same:
        LateMark.objects.get_or_create(
            institution=existing.institution,
            meeting=existing.meeting,
            child=existing.child,
            marked_at=told_at,
            values=values,
            defaults={"marked_by": by},
        )
    return existing


def child_of(meeting: Meeting, public_id: str) -> Child | None:
    """A child that is, or was until it cancelled, on this register."""
    here = Q(bookings__session=meeting.session_id) | Q(pk__in=_guests(meeting)) | Q(pk__in=_marked(meeting))
    rows = Child.objects.for_institution(meeting.institution).filter(here, public_id=public_id)
    return rows.distinct().first()


def _guests(meeting: Meeting) -> QuerySet:
    return MeetingGuest.objects.filter(meeting=meeting).values("child")


def _marked(meeting: Meeting) -> QuerySet:
    return AttendanceMark.objects.filter(meeting=meeting).values("child")


@transaction.atomic
def keep(*, meeting: Meeting, child: Child, state: str, marked_at: datetime, by: Any, note: str = "") -> bool:
    """A phone's mark that the register cannot take (the place was cancelled meanwhile): kept, to be decided.

    The child may have been there. False for what is no mark at all.
    """
    if state not in State.values:
        return False
    values = {"state": state, "note": note} if note else {"state": state}
    LateMark.objects.get_or_create(
        institution=meeting.institution,
        meeting=meeting,
        child=child,
        marked_at=marked_at,
        values=values,
        defaults={"marked_by": by},
    )
    return True


@transaction.atomic
def decide(*, late: LateMark, take_over: bool, by: Any) -> None:
    """Say which of two marks holds."""
    late = LateMark.objects.select_for_update(of=("self",)).get(pk=late.pk)
    if late.decided_at:
        return
    late.decided_at, late.is_taken_over = timezone.now(), take_over
    late.save(update_fields=["decided_at", "is_taken_over"])
    if take_over:
        current = AttendanceMark.objects.filter(meeting=late.meeting, child=late.child).first()
        current = current or AttendanceMark(
            institution=late.institution,
            meeting=late.meeting,
            child=late.child,
            marked_at=late.marked_at,
        )
        current.state = late.values["state"]
        current.note = late.values.get("note", current.note)
        current.arrived_at, current.left_at = _times(current, current.state, late.marked_at)
        current.marked_by = by
        current.save()


# --- absences and missing children --------------------------------------------------------------------------
@transaction.atomic
def report_absence(*, meeting: Meeting, child: Child, by: Guardian | None, reason: str = "") -> AbsenceNotice:
    """A family says that a child will not come. Raises CannotReport."""
    if meeting.ends_at <= timezone.now():
        raise CannotReport(
            _("That meeting is over. Call the office if something is wrong with the register.")
        )
    if not is_expected(meeting, child):
        raise CannotReport(_("The child has no place there, so nobody waits for it."))
    notice, _is_new = AbsenceNotice.objects.update_or_create(
        institution=meeting.institution,
        meeting=meeting,
        child=child,
        defaults={"reported_by": by, "reason": reason},
    )
    resolve(meeting=meeting, child=child, resolution=_("reported by the family"), by=None)
    return notice


def take_back_absence(*, meeting: Meeting, child: Child) -> None:
    AbsenceNotice.objects.filter(meeting=meeting, child=child).delete()


def resolve(*, meeting: Meeting, child: Child, resolution: str, by: Any) -> bool:
    """The missing child is found, or was never missing; whether there was an alert."""
    open_alert = AttendanceAlert.objects.filter(
        meeting=meeting, child=child, resolved_at__isnull=True
    ).first()
    if open_alert is None:
        return False
    open_alert.resolved_at, open_alert.resolved_by = timezone.now(), by
    open_alert.resolution = resolution[:200]
    open_alert.save(update_fields=["resolved_at", "resolved_by", "resolution"])
    return True


def missing(*, institution: Institution, now: datetime) -> list[tuple[Meeting, int]]:
    """Expected children (by pk) of meetings under way, unmarked or absent without a word of the family.

    Only once the institution's minutes have passed since the meeting began.
    """
    minutes = BookingRules.of(institution).absence_minutes
    under_way = list(
        Meeting.objects.for_institution(institution)
        .live()
        .filter(starts_at__lte=now - timedelta(minutes=minutes), ends_at__gt=now)
        .select_related("session__activity", "session__tutor__user", "tutor__user")
    )
    by_session: dict[int, list[Meeting]] = {}
    for meeting in under_way:
        by_session.setdefault(meeting.session_id, []).append(meeting)
    expected = {
        (meeting.pk, child)
        for session, child in Booking.objects.filter(
            session__in=by_session, state=Booking.State.CONFIRMED
        ).values_list("session", "child")
        for meeting in by_session[session]
    }
    expected |= set(MeetingGuest.objects.filter(meeting__in=under_way).values_list("meeting", "child"))
    here = AttendanceMark.objects.filter(meeting__in=under_way).exclude(state=State.ABSENT)
    known = set(here.values_list("meeting", "child"))
    for told in (AbsenceNotice, AttendanceAlert):
        known |= set(told.objects.filter(meeting__in=under_way).values_list("meeting", "child"))
    meetings = {meeting.pk: meeting for meeting in under_way}
    return [(meetings[meeting], child) for meeting, child in sorted(expected - known)]


def raise_alert(*, meeting: Meeting, child_id: int) -> AttendanceAlert | None:
    """Once for a child and meeting, whoever asks; None if it was raised already."""
    try:
        with transaction.atomic():
            return AttendanceAlert.objects.create(
                institution=meeting.institution, meeting=meeting, child_id=child_id
            )
    except IntegrityError:
        return None


# --- who is on site -----------------------------------------------------------------------------------------
@dataclass
class OnSite:
    place: str
    lines: list[tuple[AttendanceMark | None, Child, Meeting]]


def on_site(institution: Institution, *, now: datetime | None = None) -> list[OnSite]:
    """Who is here now, by room: marked as here and not gone home since, wherever the meeting was.

    A child that came and whose meeting is over stays on the list until somebody says that it has left, or the
    day is over too.
    """
    now = now or timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    lately = Q(starts_at__gte=midnight) | Q(ends_at__gt=now - LINGERS)
    meetings = Meeting.objects.for_institution(institution).filter(lately, starts_at__lte=now + LINGERS)
    rows = (
        AttendanceMark.objects.filter(
            meeting__in=meetings.values("pk"), state__in=[State.PRESENT, State.LATE]
        )
        .exclude(_left_later())
        .select_related(
            "child", "meeting__location", "meeting__session__location", "meeting__session__activity"
        )
        .order_by("meeting__starts_at")
    )
    # A child goes from one to the next: it is where it was seen last.
    latest = {row.child_id: row for row in rows}
    rooms: dict[str, list[Any]] = {}
    for row in sorted(latest.values(), key=lambda row: (row.child.given_name, row.child.family_name)):
        place = row.meeting.location or row.meeting.session.location
        rooms.setdefault(str(place or _("No room named")), []).append((row, row.child, row.meeting))
    return [OnSite(place, lines) for place, lines in sorted(rooms.items())]


def _left_later() -> Exists:
    return Exists(
        AttendanceMark.objects.filter(
            child=OuterRef("child"), state=State.LEFT, left_at__gte=OuterRef("marked_at")
        )
    )


def still_to_decide(institution: Institution, meetings: Iterable[Meeting]) -> list[LateMark]:
    rows = LateMark.objects.for_institution(institution).filter(
        meeting__in=list(meetings), decided_at__isnull=True
    )
    return list(rows.select_related("child", "meeting__session__activity", "marked_by"))


@dataclass
class Counts:
    expected: int = 0
    here: int = 0
    marked: int = 0


def counts(meetings: list[Meeting]) -> dict[int, Counts]:
    """For each meeting how many are expected, marked, and there now."""
    found = {meeting.pk: Counts() for meeting in meetings}
    booked = Booking.objects.filter(
        session__in={meeting.session_id for meeting in meetings}, state=Booking.State.CONFIRMED
    )
    in_session = dict(booked.order_by().values_list("session").annotate(n=Count("pk")))
    for meeting in meetings:
        found[meeting.pk].expected = in_session.get(meeting.session_id, 0)
    for meeting, n in (
        MeetingGuest.objects.filter(meeting__in=meetings).values_list("meeting").annotate(n=Count("pk"))
    ):
        found[meeting].expected += n
    marks = AttendanceMark.objects.filter(meeting__in=meetings).order_by()
    for meeting, state, n in marks.values_list("meeting", "state").annotate(n=Count("pk")):
        found[meeting].marked += n
        if state in (State.PRESENT, State.LATE):
            found[meeting].here += n
    return found
