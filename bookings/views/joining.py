"""Becoming a guardian: a code from the school's letter, or a request that the office answers."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from projects import throttle
from projects.throttle import Rate

from .. import joining
from ..forms.family import AboutMeForm, CodeForm, NameChildForm
from . import doors

# A code has 50 bits; this keeps guessing from being worth the while.
CODES = (Rate(5, 60), Rate(20, 3600))
CODES_OF_NETWORK = (Rate(60, 60),)
REQUESTS = (Rate(10, 3600),)


@require_http_methods(["GET", "POST"])
@doors.for_members
def join(request: HttpRequest) -> HttpResponse:
    """With a code; who has none goes on to the request."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            throttle.slow_down(
                "family code by network", throttle.client_address(request), rates=CODES_OF_NETWORK
            )
            throttle.slow_down("family code", request.user.pk, rates=CODES)
            joining.use_code(
                institution=request.institution, user=request.user, code=form.cleaned_data["code"]
            )
        except joining.CannotJoin as reason:
            form.add_error("code", str(reason))
        else:
            messages.success(
                request, _("Your children are here. Look whether everything about them is known.")
            )
            return redirect("bookings:family", request.institution.slug)
    return render(request, "bookings/join.html", {"form": form, "tab": "join"})


@require_http_methods(["GET", "POST"])
@doors.for_members
def ask_to_join(request: HttpRequest) -> HttpResponse:
    """Without a code: who one is (unless that is known), and one child."""
    about_me = AboutMeForm(request.POST or None, initial={"name": request.user.name})
    about_child = NameChildForm(request.POST or None)
    if request.guardian:
        about_me = None
    if request.method == "POST" and about_child.is_valid() and (about_me is None or about_me.is_valid()):
        try:
            throttle.slow_down("family request", request.user.pk, rates=REQUESTS)
            with transaction.atomic():
                guardian = request.guardian or joining.sign_up(
                    institution=request.institution, user=request.user, **about_me.cleaned_data
                )
                joining.name_child(guardian=guardian, **about_child.cleaned_data)
        except joining.CannotJoin as reason:
            about_child.add_error(None, str(reason))
        else:
            messages.success(
                request, _("The office has your request. You can book as soon as it is answered.")
            )
            return redirect("bookings:family", request.institution.slug)
    context = {"about_me": about_me, "about_child": about_child, "tab": "join"}
    return render(request, "bookings/ask_to_join.html", context)
