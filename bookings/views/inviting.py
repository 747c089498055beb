"""Another guardian of a child: invited on the child's page, answered by the link in the mail."""

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from projects import throttle
from projects.throttle import Rate

from .. import families, inviting
from ..forms.family import InviteForm
from ..models import CoGuardianInvitation
from . import doors
from .children import child_page, may_change, to_child

INVITATIONS = (Rate(5, 60), Rate(20, 86400))
ANSWERS = (Rate(20, 60),)


@require_POST
@doors.for_guardians
def invited(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask somebody to be a guardian too."""
    right = may_change(request, public_id)
    form = InviteForm(request.POST, right=right)
    if not form.is_valid():
        return child_page(request, right, invite_form=form)
    told = dict(form.cleaned_data)
    public_ids = set(told.pop("children"))
    # What the form did not offer is not given.
    told = {"may_see_medical": False, "may_collect": False, **told}
    children = [
        row.child for row in families.guardianships(request.guardian) if row.child.public_id in public_ids
    ]
    try:
        throttle.slow_down("invite guardian", request.user.pk, rates=INVITATIONS)
        inviting.invite(by=request.guardian, children=children, **told)
    except inviting.CannotInvite as reason:
        form.add_error(None, str(reason))
        return child_page(request, right, invite_form=form)
    messages.success(request, _("The invitation is on its way to %s.") % told["email"])
    return to_child(request, right, "guardians")


@require_POST
@doors.for_guardians
def invitation_withdrawn(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    right = may_change(request, public_id)
    mine = CoGuardianInvitation.objects.for_institution(request.institution).filter(
        pk=pk, invited_by=request.guardian, children=right.child
    )
    if not (found := mine.first()):
        raise Http404
    try:
        inviting.withdraw(invitation=found)
    except inviting.CannotAnswer as reason:
        messages.info(request, str(reason))
    else:
        messages.success(request, _("The link no longer opens anything."))
    return to_child(request, right, "guardians")


@require_http_methods(["GET", "POST"])
@doors.by_link
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """By the link in the mail; to say no takes no account."""
    found = inviting.of_token(request.institution, token)
    if found is None:
        raise Http404
    if request.method == "POST":
        throttle.slow_down("invitation", throttle.client_address(request), rates=ANSWERS)
        try:
            if request.POST.get("answer") == "refuse":
                inviting.refuse(invitation=found)
                found.refresh_from_db()
            elif not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("account_login"))
            else:
                inviting.accept(invitation=found, user=request.user)
                messages.success(request, _("The children are on your page."))
                return redirect("bookings:family", request.institution.slug)
        except inviting.CannotAnswer as reason:
            messages.error(request, str(reason))
            found.refresh_from_db()
    context = {
        "invitation": found,
        "children": list(found.children.all()),
        "is_over": inviting.is_over(found),
        "is_mine": bool(request.guardian and request.guardian.pk == found.invited_by_id),
        "tab": "join",
    }
    return render(request, "bookings/invitation.html", context)
