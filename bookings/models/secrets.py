"""Text that lies encrypted in the database, and tokens that lie there as hashes only."""

import base64
import hashlib
import secrets
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

# Without letters and digits that look alike: codes are read from paper.
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def new_public_id() -> str:
    """What stands in addresses in place of a number that tells how many there are."""
    return secrets.token_urlsafe(12)


def new_token() -> str:
    """A secret for a link or a client; only its hash is kept."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """A one-time code for paper, 50 bits: "K7Q2-9MXA-PB"."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(10))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def token_hash(token: str) -> str:
    """How a token or a typed code is found again; case, blanks and dashes of a code do not count."""
    if len(token) < 40:
        token = token.upper().replace("-", "").replace(" ", "")
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=4)
def _lock(keys: tuple[str, ...]) -> MultiFernet:
    digests = (hashlib.sha256(key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def _current_lock() -> MultiFernet:
    if not settings.MEDICAL_KEYS:
        raise ImproperlyConfigured("Set MEDICAL_KEYS to a long random text: medical notes are encrypted.")
    return _lock(tuple(settings.MEDICAL_KEYS))


class EncryptedTextField(models.TextField):
    """Text that only this installation's keys (MEDICAL_KEYS, the newest first) make readable.

    It cannot be searched. What no key opens reads as an exception, never as text.
    """

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return _current_lock().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if not value:
            return value
        try:
            return _current_lock().decrypt(value.encode()).decode()
        except InvalidToken as fault:
            raise ImproperlyConfigured(
                "A medical note was encrypted with a key that MEDICAL_KEYS does not name."
            ) from fault
