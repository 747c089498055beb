"""The gate: a child goes home with somebody of its list, alone by a consent, or as agreed by phone."""

from datetime import date

from django.contrib.auth.hashers import check_password
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history

from .attendance import CannotMark, Line, State, add_adults, mark
from .models import AttendanceMark, AuthorisedCollector, Child, Guardian, Guardianship, Meeting


class AskFirst(CannotMark):
    """Somebody wants to take the child home who is not on its list; `phone` is whom to call.

    It is final for whoever must not collect: no phone call makes it right.
    """

    def __init__(self, sentence: str, phone: str = "", *, is_final: bool = False) -> None:
        self.phone, self.is_final = phone, is_final
        super().__init__(sentence)


def person_at_the_gate(
    *, child: Child, name: str, password: str = "", day: date | None = None
) -> tuple[AuthorisedCollector | None, Guardian | None]:
    """Who of the child's list that is: a collector or a guardian. Raises AskFirst for everybody else."""
    day = day or timezone.localdate()
    line = {child.pk: Line(child)}
    add_adults(line, day)
    adults = line[child.pk]
    wanted = name.strip().casefold()
    for right in adults.guardians:
        if right.guardian.name.casefold() == wanted:
            if not right.may_collect:
                raise AskFirst(
                    _("Do not give the child to this person. Call the office at once."),
                    _phone(adults, right),
                    is_final=True,
                )
            return None, right.guardian
    for collector in adults.collectors:
        if collector.name.casefold() == wanted:
            told = password.strip().casefold()
            if collector.password_hash and not check_password(told, collector.password_hash):
                raise AskFirst(
                    _("The password is not right. Ask again, or call the family first."), _phone(adults)
                )
            return collector, None
    raise AskFirst(
        _("This person is not on the child's list. Call the family before you agree."), _phone(adults)
    )


def _phone(adults: Line, besides: Guardianship | None = None) -> str:
    for right in sorted(adults.guardians, key=lambda row: row.contact_order):
        if right.guardian.phone and right != besides:
            return right.guardian.phone
    return adults.contacts[0].phone if adults.contacts else ""


def alone_from_the_gate(*, child: Child, day: date | None = None) -> None:
    """Raises AskFirst unless a guardian has agreed that the child goes home alone."""
    line = {child.pk: Line(child)}
    add_adults(line, day or timezone.localdate())
    if not line[child.pk].may_go_alone:
        raise AskFirst(
            _("No guardian has agreed that this child goes home alone. Call the family first."),
            _phone(line[child.pk]),
        )


def collect(
    *,
    meeting: Meeting,
    child: Child,
    by: User,
    name: str,
    password: str = "",
    agreed_with: str = "",
    goes_alone: bool = False,
) -> AttendanceMark:
    """The child goes home: with somebody of its list, alone where a consent says so, or otherwise as
    `agreed_with` (a guardian, by phone). Raises AskFirst for all else, and always for who must not collect.
    """
    if not (name or goes_alone):
        raise CannotMark(_("Say who takes the child home."))
    day = timezone.localdate(meeting.starts_at)
    collector = guardian = None
    note = _("went home alone") if goes_alone else ""
    try:
        if goes_alone:
            alone_from_the_gate(child=child, day=day)
        else:
            collector, guardian = person_at_the_gate(child=child, name=name, password=password, day=day)
    except AskFirst as reason:
        history.note(
            institution=meeting.institution,
            what=_("Asked for %(child)s at the gate: %(name)s")
            % {"child": child.full_name, "name": note if goes_alone else name},
            model=AttendanceMark,
            reason=str(reason),
        )
        if reason.is_final or not agreed_with:
            raise
        agreed = _("agreed by phone with %s") % agreed_with
        note = f"{note}, {agreed}" if note else agreed
    return mark(
        meeting=meeting,
        child=child,
        state=State.LEFT,
        by=by,
        collected_by=collector,
        collected_by_guardian=guardian,
        collected_by_name="" if goes_alone else name,
        note=note[:300],
        at_the_gate=True,
    )
