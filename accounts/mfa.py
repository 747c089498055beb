"""The second factor: its secrets lie encrypted in the database."""

import base64
import hashlib
from io import BytesIO
from typing import Any

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .models import User


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("That is not the code. Wait for the next one and try again."),
        "unverified_email": _("Confirm your e-mail address first."),
    }

    def build_totp_svg(self, url: str) -> str:
        # On white, or a dark page leaves nothing to point a camera at.
        picture = BytesIO()
        segno.make(url, error="m").save(picture, kind="svg", scale=4, light="white")
        return picture.getvalue().decode()

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()


def end_sessions_without_it(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Whoever signed in elsewhere with the password alone is asked again, and then for the code too."""
    if authenticator.type == Authenticator.Type.TOTP:
        for session in UserSession.objects.filter(user=user):
            if session.session_key != request.session.session_key:
                session.end()


def _box() -> MultiFernet:
    """A copy of the database alone opens nothing; after a change of SECRET_KEY the old one is a fallback."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"second factor:" + key.encode()).digest()))
        for key in keys
    )
