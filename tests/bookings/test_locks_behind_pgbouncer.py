"""The races again where PgBouncer hands out connections by transaction: fewer of them than clients."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import connection, connections

from tests.on_postgres import find_binaries, not_as_root

from .test_locks import (  # noqa: F401
    gone_again,
    many_sessions,
    test_baskets_in_any_order_do_not_deadlock,
    test_numbers_have_no_gap_and_places_go_out_by_them,
    test_of_two_hundred_one_is_booked_and_the_others_wait_in_order,
    test_of_two_who_want_the_last_place_one_gets_it,
    test_one_key_many_times_at_once_has_one_effect,
)

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.soak,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no connections to hand out"),
    pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed"),
]


@pytest.fixture(autouse=True)
def bouncer(transactional_db):
    """Whoever connects during the test gets one of five connections, for a transaction each."""
    settings = connections.settings["default"]
    with TemporaryDirectory(prefix="pgb-") as home:
        Path(home).chmod(0o777)
        prefix, _binaries, options = not_as_root(find_binaries(), Path(home))
        name = connection.settings_dict["NAME"]
        server = connection.settings_dict["HOST"] or connection.settings_dict["OPTIONS"]["host"]
        told = Path(home) / "pgbouncer.ini"
        told.write_text(
            f"[databases]\n{name} = host={server} dbname={name} user=datesheet\n"
            "[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nauth_type = any\npool_mode = transaction\n"
            f"unix_socket_dir = {home}\nmax_client_conn = 300\ndefault_pool_size = 5\n"
        )
        process = subprocess.Popen(
            [*prefix, PGBOUNCER, told], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
        )
        socket = Path(home) / ".s.PGSQL.6432"
        deadline = time.monotonic() + 10
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        before = {key: settings[key] for key in ("HOST", "PORT", "OPTIONS")}
        there = {key: value for key, value in settings["OPTIONS"].items() if key not in ("host", "port")}
        connection.close()
        # A cursor of the server would outlive its transaction.
        settings.update(HOST=home, PORT="6432", OPTIONS=there, DISABLE_SERVER_SIDE_CURSORS=True)
        try:
            yield
        finally:
            connection.close()
            settings.update(before, DISABLE_SERVER_SIDE_CURSORS=False)
            process.send_signal(signal.SIGQUIT)
            process.wait(10)
