"""The settings of an installation that only has what must be set."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def in_production(name: str) -> str:
    """What a production installation without further settings says a setting is."""
    left = {key: value for key, value in os.environ.items() if key not in ("DEMO", "DEBUG", "EMAIL_URL")}
    told = subprocess.run(
        [sys.executable, "-c", f"from datesheet import settings; print(settings.{name})"],
        env={**left, "SECRET_KEY": "x" * 50},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


def test_mail_goes_to_a_server_and_never_into_the_log():
    assert in_production("EMAIL_BACKEND") == "django.core.mail.backends.smtp.EmailBackend"


def test_a_probe_needs_no_certificate(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/account/login/").status_code == 301
