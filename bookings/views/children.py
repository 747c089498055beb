"""One child, as its guardians see and change it: contacts, who collects, consents, health, calendar."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects import throttle
from projects.throttle import Rate

from .. import families, feeds, inviting, medical
from ..forms.family import CollectorForm, ContactForm, InviteForm, NoteForm
from ..models import (
    AuthorisedCollector,
    CalendarFeed,
    ConsentKind,
    EmergencyContact,
    Guardianship,
    MedicalNote,
)
from . import doors
from .family import right_for

CHANGES = (Rate(30, 60),)
MOST_ADULTS = 20


def to_child(request: HttpRequest, right: Guardianship, part: str = "") -> HttpResponse:
    response = redirect("bookings:child", request.institution.slug, right.child.public_id)
    if part:
        response["Location"] += f"#{part}"
    return response


def may_change(request: HttpRequest, public_id: str) -> Guardianship:
    """Who may book for a child may also say who is called, who collects and what is agreed to."""
    right = right_for(request, public_id)
    if not right.may_book:
        raise Http404
    return right


def may_say_who_collects(request: HttpRequest, public_id: str) -> Guardianship:
    right = right_for(request, public_id)
    if not right.may_say_who_collects:
        raise Http404
    return right


@require_safe
@doors.for_guardians
def child(request: HttpRequest, public_id: str) -> HttpResponse:
    return child_page(request, right_for(request, public_id))


def child_page(
    request: HttpRequest,
    right: Guardianship,
    contact_form: ContactForm | None = None,
    collector_form: CollectorForm | None = None,
    invite_form: InviteForm | None = None,
    feed_address: str = "",
) -> HttpResponse:
    found = right.child
    feed = CalendarFeed.objects.filter(guardian=request.guardian, child=found, revoked_at__isnull=True)
    context = {
        "right": right,
        "child": found,
        "age": found.age_on(timezone.localdate()),
        "contacts": list(found.emergency_contacts.all()),
        "collectors": list(found.collectors.all()),
        "consents": [
            (kind, given, families.may_give(right, kind))
            for kind, given in families.consents([found])[found.pk]
        ],
        "flag": medical.flags([found.pk]).get(found.pk) if right.may_see_medical else None,
        "contact_form": contact_form or ContactForm(child=found),
        "collector_form": collector_form or CollectorForm(child=found),
        "guardians": families.guardians_of(found),
        "invitations": list(inviting.open_ones(request.guardian, found)) if right.may_book else [],
        "invite_form": invite_form or InviteForm(right=right),
        "has_feed": feed.exists(),
        "feed_address": feed_address,
        "feed_webcal": "webcal:" + feed_address.partition(":")[2],
        "tab": "family",
    }
    return render(request, "bookings/child.html", context)


@require_POST
@doors.for_guardians
def contact(request: HttpRequest, public_id: str) -> HttpResponse:
    """One more to call."""
    right = may_change(request, public_id)
    form = ContactForm(request.POST, child=right.child)
    if not form.is_valid():
        return child_page(request, right, contact_form=form)
    count = right.child.emergency_contacts.count()
    if count < MOST_ADULTS:
        form.instance.order = count + 1
        form.save()
    return to_child(request, right, "contacts")


@require_POST
@doors.for_guardians
def contact_removed(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    right = may_change(request, public_id)
    _of_child(EmergencyContact, right, pk).delete()
    return to_child(request, right, "contacts")


@require_POST
@doors.for_guardians
def collector(request: HttpRequest, public_id: str) -> HttpResponse:
    """One more who may take the child home."""
    right = may_say_who_collects(request, public_id)
    form = CollectorForm(request.POST, child=right.child)
    if not form.is_valid():
        return child_page(request, right, collector_form=form)
    if right.child.collectors.count() < MOST_ADULTS:
        form.save()
    return to_child(request, right, "collectors")


@require_POST
@doors.for_guardians
def collector_removed(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    right = may_say_who_collects(request, public_id)
    _of_child(AuthorisedCollector, right, pk).delete()
    return to_child(request, right, "collectors")


@require_POST
@doors.for_guardians
def consent(request: HttpRequest, public_id: str, code: str) -> HttpResponse:
    """Given or withdrawn."""
    right = may_change(request, public_id)
    kind = ConsentKind.objects.for_institution(request.institution).filter(code=code).first()
    if kind is None:
        raise Http404
    if request.POST.get("withdraw"):
        families.withdraw_consent(child=right.child, kind=kind)
    elif not families.may_give(right, kind):
        raise Http404
    else:
        families.give_consent(child=right.child, kind=kind, guardian=request.guardian)
    return to_child(request, right, "consents")


@require_http_methods(["GET", "POST"])
@doors.for_guardians
def health(request: HttpRequest, public_id: str) -> HttpResponse:
    """What those who look after the child must know. Opening it is written down, whoever it is."""
    right = right_for(request, public_id)
    if not right.may_see_medical:
        raise Http404
    form = NoteForm(request.POST or None)
    if request.method == "POST":
        throttle.slow_down("medical note", request.user.pk, rates=CHANGES)
        if request.POST.get("nothing"):
            medical.nothing_to_know(child=right.child)
            messages.success(request, _("Thank you. Say so here if it changes."))
            return to_child(request, right, "health")
        if form.is_valid():
            medical.write(child=right.child, by=request.user, **form.cleaned_data)
            messages.success(
                request, _("The tutors see the flag from now on, and the note when they open it.")
            )
            return to_child(request, right, "health")
    notes = medical.read(child=right.child)
    context = {"right": right, "child": right.child, "notes": notes, "form": form, "tab": "family"}
    return render(request, "bookings/health.html", context)


@require_POST
@doors.for_guardians
def health_removed(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    right = right_for(request, public_id)
    if not right.may_see_medical:
        raise Http404
    _of_child(MedicalNote, right, pk).delete()
    return redirect("bookings:health", request.institution.slug, public_id)


@require_POST
@doors.for_guardians
def calendar(request: HttpRequest, public_id: str) -> HttpResponse:
    """A new secret address, shown once; or none any more."""
    right = right_for(request, public_id)
    if request.POST.get("revoke"):
        feeds.revoke(guardian=request.guardian, child=right.child)
        messages.success(request, _("The old calendar address leads nowhere from now on."))
        return to_child(request, right, "calendar")
    token = feeds.make(guardian=request.guardian, child=right.child)
    return child_page(request, right, feed_address=feeds.address(request.institution, token))


def _of_child(model, right: Guardianship, pk: int):
    row = model.objects.for_institution(right.institution).filter(child=right.child, pk=pk).first()
    if row is None:
        raise Http404
    return row
