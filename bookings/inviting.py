"""A guardian asks another adult of a child's, often of a second household, to be its guardian too.

Nobody gives a right that he has not got. The link in the mail works once, for two weeks; who takes it up has
an account and a household of his own, so that neither sees the other's money. A child under a restriction
gets no guardian this way: the office decides.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from projects import history, outbox
from projects.models import Institution

from . import families, joining
from .models import Child, CoGuardianInvitation, Guardian, Guardianship
from .models.secrets import new_token, token_hash

LIFE = timedelta(days=14)
MOST_OPEN = 10
State = CoGuardianInvitation.State

# What the asker is told, in his language: subject, text.
ACCEPTED = (
    gettext_lazy("{name} is a guardian now"),
    gettext_lazy("{name} has taken up your invitation and is a guardian of {children} now."),
)
REFUSED = (
    gettext_lazy("{name} does not want to be a guardian"),
    gettext_lazy("{name} has turned down your invitation to be a guardian of {children}."),
)


class CannotInvite(Exception):
    """Why this person cannot be invited, in words for the guardian who asks."""


class CannotAnswer(Exception):
    """Why an invitation leads nowhere (any more), in words for whoever opened it."""


def _names(children: Sequence[Child]) -> str:
    return ", ".join(child.first_name for child in children)


_names_of = lazy(_names, str)


# --- asking -------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(
    *,
    by: Guardian,
    children: Sequence[Child],
    name: str,
    email: str,
    relation: str = "",
    may_book: bool = True,
    may_see_medical: bool = False,
    may_collect: bool = True,
) -> CoGuardianInvitation:
    """Write the mail with the link. The same person is asked once: an invitation before it ends.

    Raises CannotInvite.
    """
    Guardian.objects.select_for_update(no_key=True).get(pk=by.pk)
    asked = {"may_book": may_book, "may_see_medical": may_see_medical, "may_collect": may_collect}
    _may_ask(by, children, asked)
    _may_be_asked(email, children)
    now = timezone.now()
    mine = CoGuardianInvitation.objects.for_institution(by.institution).filter(
        invited_by=by, state=State.OPEN, expires_at__gt=now
    )
    for earlier in mine.filter(email__iexact=email):
        _close(earlier, State.WITHDRAWN)
    if mine.count() >= MOST_OPEN:
        raise CannotInvite(_("Many invitations of yours wait for an answer: take some of them back first."))
    token = new_token()
    invitation = CoGuardianInvitation.objects.create(
        institution=by.institution,
        invited_by=by,
        name=name,
        email=email,
        relation=relation,
        token_hash=token_hash(token),
        expires_at=now + LIFE,
        **asked,
    )
    invitation.children.set(children)
    outbox.write(
        institution=by.institution,
        to=email,
        template="bookings_invited",
        context={
            "name": name,
            "guardian": by,
            "children": _names(children),
            "token": token,
            "until": timezone.localtime(invitation.expires_at),
        },
        language=by.language,
        dedupe=f"coguardian:{invitation.pk}",
        is_secret=True,
    )
    return invitation


def _may_ask(by: Guardian, children: Sequence[Child], asked: dict[str, bool]) -> None:
    """For these children, and give these rights."""
    if not children:
        raise CannotInvite(_("Choose at least one child."))
    rights = {right.child_id: right for right in families.guardianships(by)}
    for child in children:
        mine = rights.get(child.pk)
        if mine is None or not mine.may_book:
            raise CannotInvite(_("You may not invite anybody for %s. Ask the office.") % child.first_name)
        if any(wanted and not getattr(mine, name) for name, wanted in asked.items()):
            words = _("You can only give rights that you have yourself. Ask the office for %s.")
            raise CannotInvite(words % child.first_name)
        if _of(child).exclude(restriction_note="").exists():
            raise _for_the_office(child)


def _may_be_asked(email: str, children: Sequence[Child]) -> None:
    for child in children:
        same = _of(child).filter(guardian__email__iexact=email)
        if same.on(timezone.localdate()).exists():
            words = _("%(email)s is a guardian of %(child)s already.")
            raise CannotInvite(words % {"email": email, "child": child.first_name})
        if same.exists():
            # Somebody was this child's guardian and is no longer: that was decided by the office.
            raise _for_the_office(child)


def _of(child: Child) -> Any:
    return Guardianship.objects.for_institution(child.institution).filter(child=child)


def _for_the_office(child: Child) -> CannotInvite:
    return CannotInvite(_("The office adds guardians for %s: ask it.") % child.first_name)


def _close(invitation: CoGuardianInvitation, state: str, guardian: Guardian | None = None) -> None:
    invitation.state, invitation.answered_at = state, timezone.now()
    invitation.accepted_as = guardian
    invitation.save(update_fields=["state", "answered_at", "accepted_as"])


@transaction.atomic
def withdraw(*, invitation: CoGuardianInvitation, staff: User | None = None) -> None:
    """Whoever asked, or the office, takes it back. Raises CannotAnswer if it was answered."""
    with history.acting(by=staff) if staff else history.acting(by=invitation.invited_by.user):
        _close(_locked(invitation), State.WITHDRAWN)


def _locked(invitation: CoGuardianInvitation) -> CoGuardianInvitation:
    rows = CoGuardianInvitation.objects.select_for_update(of=("self",))
    found = rows.select_related("invited_by", "institution").get(pk=invitation.pk)
    if found.state == State.ACCEPTED:
        raise CannotAnswer(_("This invitation was accepted already."))
    if found.state != State.OPEN:
        raise CannotAnswer(_("This invitation has ended. Ask for a new one."))
    return found


# --- answering ----------------------------------------------------------------------------------------------


def of_token(institution: Institution, token: str) -> CoGuardianInvitation | None:
    rows = CoGuardianInvitation.objects.for_institution(institution).filter(token_hash=token_hash(token))
    return rows.select_related("invited_by", "institution").prefetch_related("children").first()


def open_ones(by: Guardian, child: Child) -> QuerySet[CoGuardianInvitation]:
    """Those of this guardian for the child that still wait for an answer."""
    rows = CoGuardianInvitation.objects.for_institution(by.institution).filter(invited_by=by, children=child)
    return rows.filter(state=State.OPEN, expires_at__gt=timezone.now())


def is_over(invitation: CoGuardianInvitation, *, now: datetime | None = None) -> bool:
    return invitation.state == State.OPEN and invitation.expires_at <= (now or timezone.now())


@transaction.atomic
def accept(*, invitation: CoGuardianInvitation, user: User) -> Guardian:
    """This person is a guardian of the children, with the rights that were given. Raises CannotAnswer.

    Rights that the person has already stay as they are: an invitation takes nothing away and adds nothing to
    what the office decided.
    """
    invitation = _locked(invitation)
    if is_over(invitation):
        raise CannotAnswer(_("This invitation has ended. Ask for a new one."))
    asker = invitation.invited_by
    if asker.user_id == user.pk:
        raise CannotAnswer(_("You have invited yourself: open the link in the account of the other person."))
    children = list(invitation.children.filter(erased_at__isnull=True, merged_into__isnull=True))
    try:
        _may_still_ask(asker, children, invitation)
    except CannotInvite as reason:
        words = _("%s can no longer give you these rights. Ask the office.")
        raise CannotAnswer(words % asker.name) from reason
    guardian = joining.sign_up(
        institution=invitation.institution, user=user, name=user.name or invitation.name, phone=""
    )
    if not guardian.is_active:
        raise CannotAnswer(_("Your account is closed here. Ask the office."))
    with history.acting(by=user):
        for child in children:
            _add(guardian, child, invitation)
        _close(invitation, State.ACCEPTED, guardian)
    _tell(invitation, ACCEPTED, guardian.name, children)
    return guardian


def _may_still_ask(asker: Guardian, children: list[Child], invitation: CoGuardianInvitation) -> None:
    rights = ("may_book", "may_see_medical", "may_collect")
    if not asker.is_active:
        raise CannotInvite
    _may_ask(asker, children, {name: getattr(invitation, name) for name in rights})


def _add(guardian: Guardian, child: Child, invitation: CoGuardianInvitation) -> None:
    last = _of(child).aggregate(last=Max("contact_order"))["last"] or 0
    Guardianship.objects.get_or_create(
        institution=child.institution,
        guardian=guardian,
        child=child,
        valid_to=None,
        defaults={
            "relation": invitation.relation,
            "may_book": invitation.may_book,
            "may_see_medical": invitation.may_see_medical,
            "may_collect": invitation.may_collect,
            "contact_order": last + 1,
        },
    )


@transaction.atomic
def refuse(*, invitation: CoGuardianInvitation) -> None:
    """By the link alone: no account is needed to say no. Raises CannotAnswer."""
    invitation = _locked(invitation)
    _close(invitation, State.REFUSED)
    _tell(invitation, REFUSED, invitation.name, list(invitation.children.all()))


def _tell(invitation: CoGuardianInvitation, words: tuple[Any, Any], name: str, children: list[Child]) -> None:
    asker = invitation.invited_by
    if not (asker.email and asker.is_active):
        return
    named = {"name": name, "children": _names_of(children)}
    outbox.write(
        institution=invitation.institution,
        to=asker.email,
        template="bookings_news",
        context={
            "guardian": asker,
            "subject": format_lazy(words[0], **named),
            "news": format_lazy(words[1], **named),
        },
        language=asker.language,
        dedupe=f"coguardian:{invitation.pk}:{invitation.state}",
    )
