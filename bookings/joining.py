"""How a person with an account becomes a guardian: with the school's one-time code, or by asking the office.

A code is on paper and works once. Whoever signs up without one names the children; the office links them.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from projects import outbox
from projects.models import Institution

from .models import Child, Guardian, Guardianship, Household, InvitationCode, LinkRequest
from .models.secrets import CODE_LETTERS, new_code, token_hash

# What the guardian is told, in his language: subject, text.
LINKED = (
    gettext_lazy("{child} is on your page"),
    gettext_lazy("The school has added {child} to your page. You can book now."),
)
NOT_LINKED = (
    gettext_lazy("{child} is not on your page"),
    gettext_lazy("The school could not add {child} to your page. Ask the office, or type the letter's code."),
)

CODE_LIFE = timedelta(days=60)
MOST_OPEN_REQUESTS = 10


class CannotJoin(Exception):
    """Why this code or request leads nowhere, in words for the guardian."""


@transaction.atomic
def invite(*, guardian: Guardian, staff: User | None) -> str:
    """A new code for that guardian; those made before end. Told once: only its hash is kept."""
    now = timezone.now()
    earlier = InvitationCode.objects.for_institution(guardian.institution).filter(guardian=guardian)
    earlier.filter(used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    code = new_code()
    InvitationCode.objects.create(
        institution=guardian.institution,
        guardian=guardian,
        code_hash=token_hash(code),
        expires_at=now + CODE_LIFE,
        created_by=staff,
    )
    return code


@transaction.atomic
def use_code(*, institution: Institution, user: User, code: str) -> Guardian:
    """Make this person the guardian that the code is for. Raises CannotJoin.

    Who is a guardian here already gets the children of the code's guardian besides the own.
    """
    codes = InvitationCode.objects.for_institution(institution).select_for_update(of=("self",))
    invitation = codes.filter(code_hash=token_hash(code)).select_related("guardian").first()
    now = timezone.now()
    if invitation is None or not _is_good(invitation, user, now):
        raise CannotJoin(
            _("That code is not known here or has been used. Look at the letter again, or ask the office.")
        )
    invited = invitation.guardian
    invitation.used_at = now
    invitation.save(update_fields=["used_at"])
    mine = Guardian.objects.for_institution(institution).filter(user=user).first()
    if mine is None or mine == invited:
        invited.user, invited.is_active = user, True
        invited.email = invited.email or user.email
        invited.language = user.language
        invited.save(update_fields=["user", "is_active", "email", "language"])
        return invited
    _hand_over(invited, mine)
    return mine


def _is_good(invitation: InvitationCode, user: User, now: datetime) -> bool:
    """Not used, not too old, and its guardian nobody else's by now."""
    is_open = invitation.used_at is None and invitation.expires_at > now
    invited = invitation.guardian
    return is_open and invited.erased_at is None and invited.user_id in (None, user.pk)


def _hand_over(invited: Guardian, mine: Guardian) -> None:
    """The office wrote the same person down a second time: the children move to the account's guardian."""
    has_already = set(mine.guardianships.filter(valid_to__isnull=True).values_list("child", flat=True))
    for guardianship in invited.guardianships.all():
        if guardianship.child_id not in has_already:
            guardianship.guardian = mine
            guardianship.save(update_fields=["guardian"])
    invited.is_active = False
    invited.save(update_fields=["is_active"])


@transaction.atomic
def sign_up(*, institution: Institution, user: User, name: str, phone: str) -> Guardian:
    """A guardian with a household and no child yet. Signed up already: the same one."""
    found = Guardian.objects.for_institution(institution).filter(user=user).first()
    if found:
        return found
    household = Household.objects.create(
        institution=institution, name=name, reference=_new_reference(institution)
    )
    return Guardian.objects.create(
        institution=institution,
        user=user,
        household=household,
        name=name,
        phone=phone,
        email=user.email,
        language=user.language,
    )


@transaction.atomic
def name_child(*, guardian: Guardian, child_name: str, date_of_birth: Any, note: str = "") -> LinkRequest:
    """Ask the office to link a child. The answer is the same whether the school knows it or not."""
    Guardian.objects.select_for_update(no_key=True).get(pk=guardian.pk)
    asked = guardian.link_requests.filter(state=LinkRequest.State.OPEN)
    same = asked.filter(child_name__iexact=child_name, date_of_birth=date_of_birth).first()
    if same:
        return same
    if asked.count() >= MOST_OPEN_REQUESTS:
        raise CannotJoin(_("The office has many requests of yours to answer. Wait for its answer, or call."))
    return LinkRequest.objects.create(
        institution=guardian.institution,
        guardian=guardian,
        child_name=child_name,
        date_of_birth=date_of_birth,
        note=note,
    )


@transaction.atomic
def link(*, request: LinkRequest, child: Child, staff: User, **rights: Any) -> Guardianship:
    """The office says which child was meant; `rights` as in Guardianship. The guardian is told.

    Raises CannotJoin if decided, and for a child under a restriction unless the rights are named: somebody
    must not get them all by one press of a button.
    """
    request = _open_request(request)
    of_child = Guardianship.objects.for_institution(request.institution).filter(child=child)
    if not rights and of_child.exclude(restriction_note="").exists():
        words = _("%s is under a restriction. Read it, and add the guardian at the child.")
        raise CannotJoin(words % child)
    _decide(request, LinkRequest.State.LINKED, staff, child)
    guardianship, _is_new = Guardianship.objects.get_or_create(
        institution=request.institution,
        guardian=request.guardian,
        child=child,
        valid_to=None,
        defaults=rights,
    )
    _tell(request, LINKED, child.first_name)
    return guardianship


@transaction.atomic
def refuse(*, request: LinkRequest, staff: User) -> None:
    """No such child, or not this person's; the guardian is told. Raises CannotJoin if decided."""
    request = _open_request(request)
    _decide(request, LinkRequest.State.REFUSED, staff, None)
    _tell(request, NOT_LINKED, request.child_name)


def _tell(request: LinkRequest, words: tuple[Any, Any], child: str) -> None:
    guardian = request.guardian
    if not (guardian.email and guardian.is_active):
        return
    subject, news = (format_lazy(sentence, child=child) for sentence in words)
    outbox.write(
        institution=request.institution,
        to=guardian.email,
        template="bookings_news",
        context={"guardian": guardian, "subject": subject, "news": news},
        language=guardian.language,
        dedupe=f"link:{request.pk}:{request.state}",
    )


def _open_request(request: LinkRequest) -> LinkRequest:
    rows = LinkRequest.objects.select_for_update(of=("self",)).select_related("guardian", "institution")
    request = rows.get(pk=request.pk)
    if request.state != LinkRequest.State.OPEN:
        raise CannotJoin(_("Somebody has decided this already."))
    return request


def _decide(request: LinkRequest, state: str, staff: User, child: Child | None) -> None:
    request.state, request.child = state, child
    request.decided_at, request.decided_by = timezone.now(), staff
    request.save(update_fields=["state", "child", "decided_at", "decided_by"])


def _new_reference(institution: Institution) -> str:
    """Short enough for a bank's form, without letters that look alike."""
    while True:
        reference = get_random_string(7, CODE_LETTERS)
        if not Household.objects.for_institution(institution).filter(reference=reference).exists():
            return reference
