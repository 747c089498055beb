"""The settings as the tests need them: a trial installation with a database of its own."""

import os
from pathlib import Path

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
