"""The settings of an installation that only has what must be set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_a_year_of_https_holds_for_this_name_alone_unless_told_else():
    assert in_production("SECURE_HSTS_SECONDS") == "31536000"
    assert in_production("SECURE_HSTS_INCLUDE_SUBDOMAINS") == in_production("SECURE_HSTS_PRELOAD") == "False"


def test_hsts_reaches_further_by_the_environment(monkeypatch):
    monkeypatch.setenv("SECURE_HSTS_INCLUDE_SUBDOMAINS", "1")
    monkeypatch.setenv("SECURE_HSTS_PRELOAD", "1")
    assert in_production("SECURE_HSTS_INCLUDE_SUBDOMAINS") == in_production("SECURE_HSTS_PRELOAD") == "True"


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ur", "rtl")])
def test_what_cannot_be_understood_is_answered_in_the_readers_language(client, language, direction):
    response = client.get("/account/login/?next=%00", headers={"Accept-Language": language})
    assert response.status_code == 400
    assert f'lang="{language}" dir="{direction}"' in response.text
