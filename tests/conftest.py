"""The world of every test: its database, its files, its languages. Rows come from tests/factories."""

import os
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone, translation


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="run the full counts of races, kills and loads")
    parser.addoption("--of-databases", action="store_true", help="leave out what touches no database")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--of-databases"):
        return
    left_out = [item for item in items if not touches_a_database(item)]
    items[:] = [item for item in items if touches_a_database(item)]
    config.hook.pytest_deselected(items=left_out)


def touches_a_database(item) -> bool:
    return bool(item.get_closest_marker("django_db")) or "django_db_setup" in item.fixturenames


@pytest.fixture(scope="session")
def rounds(request):
    """How often a race, kill or load is repeated: rounds(sample, full), full with --soak."""

    def rounds(sample: int, full: int) -> int:
        return full if request.config.getoption("--soak") else sample

    return rounds


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """SQLite in a file, one for each xdist worker: live servers, threads and other processes must see it."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """PostgreSQL drops no database that somebody uses: a live server's thread does while a browser holds its
    line, and so does, for a moment, the server process of a client that was killed."""
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            connection.close()  # a test may have cut it off
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                    "AND usename = current_user"
                )
            connection.close()


@pytest.fixture
def database_url(transactional_db):
    """This test's own database, for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture(autouse=True)
def english_and_utc():
    """A page in another language leaves its thread speaking it; the next test begins afresh."""
    with translation.override("en"), timezone.override(None):
        yield


@pytest.fixture(autouse=True)
def files_of_their_own(settings, tmp_path):
    """Uploads and prints of one test are nobody else's."""
    settings.MEDIA_ROOT = tmp_path / "files"
