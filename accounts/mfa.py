"""The second factor: its secrets lie encrypted in the database."""

import base64
import hashlib
from io import BytesIO

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.translation import gettext_lazy as _


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


def _box() -> MultiFernet:
    """A copy of the database alone opens nothing; after a change of SECRET_KEY the old one is a fallback."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"second factor:" + key.encode()).digest()))
        for key in keys
    )
