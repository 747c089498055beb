"""Who may open a page of an institution's bookings, and what every such page knows.

Each view below is named for who comes through it. A page of families says no-store, and to everybody else
what it says of a page that is not there.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.translation import gettext as _

from projects import history, throttle
from projects.middleware import second_factor_first
from projects.models import Institution, Membership, Role
from projects.throttle import Rate

from .. import locks
from ..models import BookingRules, Guardian, Tutor

View = Callable[..., HttpResponse]

# Who sees every register and who is on site.
OFFICE = (Role.ADMINISTRATOR, Role.OFFICE)
# Pages that are not there, or not this person's: a slip or two, not a search through all numbers.
NOT_THERE = (Rate(30, 60), Rate(300, 3600))


def public(view: View) -> View:
    """For everybody, where the catalogue is public; else for families, tutors and staff."""

    def may_enter(request: HttpRequest) -> HttpResponse | None:
        if request.rules.is_public or request.guardian or request.tutor or request.is_office:
            return None
        return _to_sign_in(request)

    return _door(view, may_enter, is_private=False)


def for_members(view: View) -> View:
    """For whoever is signed in: a family may just be joining."""
    return _door(view, lambda request: None if request.user.is_authenticated else _to_sign_in(request))


def by_link(view: View) -> View:
    """For whoever has the secret address; the view itself asks what it opens."""
    return _door(view, lambda request: None)


def for_guardians(view: View) -> View:
    def may_enter(request: HttpRequest) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if request.guardian is None:
            return redirect("bookings:join", request.institution.slug)
        if not request.guardian.is_active:
            return render(request, "bookings/closed.html", {"tab": "family"}, status=403)
        return None

    return _door(view, may_enter)


def for_tutors(view: View) -> View:
    """For tutors, and for the office, who sees what every tutor sees."""

    def may_enter(request: HttpRequest) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if not (request.tutor or request.is_office):
            raise Http404
        # The registers and what they say of children's health are as much the staff's as their site is.
        return second_factor_first(request, is_asked=request.institution.requires_second_factor)

    return _door(view, may_enter)


def _door(view: View, may_enter: Callable[[HttpRequest], HttpResponse | None], *, is_private=True) -> View:
    @wraps(view)
    def entered(request: HttpRequest, institution: str, *args: Any, **kwargs: Any) -> HttpResponse:
        request.institution = Institution.objects.filter(slug=institution).first()
        if request.institution is None:
            return _to_sign_in(request)
        request.rules = BookingRules.of(request.institution)
        _recognise(request)
        with timezone.override(request.institution.time_zone):
            try:
                response = may_enter(request) or view(request, *args, **kwargs)
            except locks.Busy as reason:
                response = _busy(request, reason)
            except throttle.SlowDown as reason:
                response = throttle.too_many(request, reason)
            except Http404:
                if not (is_private and request.user.is_authenticated):
                    raise
                response = _denied(request)
        if is_private:
            add_never_cache_headers(response)
        elif not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, max_age=0, must_revalidate=True)
        return response

    return entered


def _denied(request: HttpRequest) -> HttpResponse:
    """Written down for the office, and slowed down; it looks like any page that is not there."""
    try:
        throttle.slow_down("not there", request.user.pk, rates=NOT_THERE)
    except throttle.SlowDown as reason:
        return throttle.too_many(request, reason)
    page = f"{request.method} {request.resolver_match.view_name}"
    history.note(institution=request.institution, what=_("Not there, or not theirs: %s") % page)
    raise Http404


def _busy(request: HttpRequest, reason: locks.Busy) -> HttpResponse:
    """The form comes back with the same key, so that to try again is to ask for the same."""
    again = [(name, value) for name, values in request.POST.lists() for value in values]
    again = [(name, value) for name, value in again if name != "csrfmiddlewaretoken"]
    response = render(request, "bookings/busy.html", {"reason": reason, "again": again}, status=429)
    response["Retry-After"] = str(reason.retry_after)
    return response


def _recognise(request: HttpRequest) -> None:
    """Who the visitor is here: a guardian, a tutor, the office; perhaps all of them."""
    request.guardian = request.tutor = None
    request.is_office = False
    if not request.user.is_authenticated:
        return
    here = {"institution": request.institution, "user": request.user}
    request.guardian = Guardian.objects.filter(**here).select_related("household", "user").first()
    if request.guardian:
        request.guardian.institution = request.institution
    request.tutor = Tutor.objects.filter(**here, is_active=True).first()
    request.is_office = Membership.objects.filter(**here, role__in=OFFICE).exists()


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A visitor may be somebody who is let in; who is signed in already is not."""
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.get_full_path(), reverse("account_login"))
