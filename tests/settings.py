"""The settings as the tests need them: a trial installation with a database of its own."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

os.environ.setdefault("DEMO", "1")
# A .env for production must not lead the tests to its database.
# A file, never memory: a live server would share one connection to memory among its threads, and crash.
os.environ.setdefault(
    "DATABASE_URL", f"sqlite:///{Path(__file__).resolve().parent.parent / 'var' / 'tests.sqlite3'}"
)
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)

from datesheet.settings import *

# Argon2 is slow on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Files as they stand in the working tree, also after a demo has collected others.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Nothing needs collecting.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True

# The factories' rows are of January 2027. Whenever the tests run, they begin on the last of November before,
# in every process that they start; from there the clock goes on.
BEGIN = datetime(2026, 11, 30, 12, tzinfo=UTC)
_now, _time = timezone.now, time.time
CLOCK_AHEAD = float(os.environ.setdefault("TESTS_CLOCK_AHEAD", str(BEGIN.timestamp() - _time())))
timezone.now = lambda: _now() + timedelta(seconds=CLOCK_AHEAD)
time.time = lambda: _time() + CLOCK_AHEAD
