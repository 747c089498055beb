"""What a session knows of its person: the language, and when it was last used."""

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import timezone, translation

SEEN_EVERY = 300  # seconds


class LanguageMiddleware(LocaleMiddleware):
    """A signed-in person's language; a visitor's by cookie, then by browser. Comes after authentication."""

    def process_request(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        else:
            super().process_request(request)


class LastSeenMiddleware:
    """Keeps "last used" on the list of sessions, without a write at each page (as allauth's own does)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            if request.session.get("seen", 0) < now - SEEN_EVERY:
                request.session["seen"] = now
                rows = UserSession.objects.filter(session_key=request.session.session_key)
                rows.update(last_seen_at=timezone.now())
        return self.get_response(request)
