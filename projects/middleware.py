"""The tenant is in the address: /at/<institution>/<project>/staff/… is the staff site inside that project.

The part before /staff/ becomes the script prefix, so that every link that the admin makes stays inside, and
two tabs can show two projects. Nothing about the tenant is kept in the session.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRefresh

from . import access, drafts, history
from .models import Place, Project

TENANT_ADDRESS = re.compile(
    r"^/at/(?P<institution>[-\w]+)(?:/(?P<project>(?!staff/)[-\w]+))?(?P<rest>/staff/.*)$"
)


class TooLargeMiddleware:
    """Answers a form with too large a file (files.StopsAtTheLimit) before a view sees half of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.method != "POST" or request.content_type != "multipart/form-data":
            return None
        request.POST  # noqa: B018 - read now, as the check against forgery does next
        if not getattr(request, "is_too_large", False):
            return None
        return render(request, "413.html", {"most": settings.UPLOAD_MAX_BYTES}, status=413)


def second_factor_first(request: HttpRequest, *, is_asked: bool) -> HttpResponse | None:
    """Away to where a second factor is added, if one is asked of this person and there is none yet."""
    if is_asked and not is_mfa_enabled(request.user):
        # The page with the recovery codes leads on to it.
        request.session["continue_to"] = request.get_full_path()
        return redirect("mfa_activate_totp")
    request.session.pop("continue_to", None)
    return None


class TenantMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.standing = request.institution = request.project = None
        told = (text for name, values in request.GET.lists() for text in (name, *values))
        if any("\0" in text for text in (request.path_info, *told)):
            # No text of ours holds it, and PostgreSQL will not even look for it.
            raise BadRequest("A null character in the address.")
        with history.acting(by=request.user if request.user.is_authenticated else None):
            address = TENANT_ADDRESS.match(request.path_info)
            if address is None:
                if request.path_info.startswith("/staff/") and (turned_away := self.turn_away(request)):
                    return turned_away
                return self.get_response(request)
            return self.inside(request, **address.groupdict())

    def inside(self, request: HttpRequest, institution: str, project: str | None, rest: str) -> HttpResponse:
        if turned_away := self.turn_away(request):
            return turned_away
        request.standing = access.standing(request.user, institution, project)
        if request.standing is None:
            raise Http404
        request.institution, request.project = request.standing.institution, request.standing.project
        outer_prefix = get_script_prefix()
        prefix = "/".join(["/at", institution, *([project] if project else [])])
        request.path_info = rest
        set_script_prefix(outer_prefix.rstrip("/") + prefix + "/")
        try:
            with (
                translation.override(request.user.language),
                timezone.override(request.institution.time_zone),
            ):
                request.LANGUAGE_CODE = translation.get_language()
                response = self.get_response(request)
        finally:
            set_script_prefix(outer_prefix)
        is_page = response.status_code == 200 and response.get("Content-Type", "").startswith("text/html")
        if request.project and request.method == "GET" and is_page:
            self.remember(request)
        if request.method == "POST" and response.status_code == 302:
            # The form at this address was saved.
            drafts.forget(request.session, request.path)
        return response

    def turn_away(self, request: HttpRequest) -> HttpResponse | None:
        if not request.user.is_authenticated:
            if request.htmx:  # a part of a page: the login form belongs in its place as a whole
                return HttpResponseClientRefresh()
            return redirect_to_login(request.get_full_path(), reverse("account_login"))
        return second_factor_first(request, is_asked=access.needs_second_factor(request.user))

    def remember(self, request: HttpRequest) -> None:
        """Where the person was, for going on there on any device; at most one write a minute and page."""
        if request.htmx or request.headers.get("Sec-Fetch-Dest", "document") != "document":
            return
        if "_popup" in request.GET:
            return
        now, path = timezone.now(), request.path_info[:300]
        if request.project.last_accessed_at < now - timedelta(minutes=1):
            Project.objects.filter(pk=request.project.pk).update(last_accessed_at=now)
        lately = Place.objects.for_project(request.project).filter(
            user=request.user, path=path, opened_at__gt=now - timedelta(minutes=1)
        )
        if not lately.exists():
            Place.objects.update_or_create(
                project=request.project, user=request.user, defaults={"path": path, "opened_at": now}
            )
