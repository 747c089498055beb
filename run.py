#!/usr/bin/env python3
"""Datesheet's commands. Each sets up what it needs first, in .venv.

Anything set in the environment wins: DATABASE_URL, HOST, PORT, SECRET_KEY, CHROMIUM, PG_BIN … (README.md).
Standard library only: this file runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VAR = ROOT / "var"
PYTHON = VENV / "bin" / "python"
LEAN, DEV = "requirements.lock", "requirements-dev.lock"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_POSTGRES = [PYTHON, "tests/on_postgres.py"]
NO_SERVER = 75  # tests/on_postgres.py found no PostgreSQL


class Stop(Exception):
    """Why a command cannot go on, and what to do about it."""


def say(sentence: str) -> None:
    print(f"\n› {sentence}", flush=True)


def environment() -> dict[str, str]:
    """The environment of everything that is started here; what the person has set stays."""
    env = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_SYSTEM_CERTS": "1",
        "UV_LINK_MODE": "copy",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NUMBA_CACHE_DIR": str(VAR / "numba"),
        "PYTHONUNBUFFERED": "1",
        **os.environ,
    }
    # A mirror that pip has been told about is meant for uv too.
    if "PIP_INDEX_URL" in env:
        env.setdefault("UV_DEFAULT_INDEX", env["PIP_INDEX_URL"])
    # Containers often forbid bytecode: then each of our processes compiles Django anew, for seconds.
    for stray in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        env.pop(stray, None)
    env["PATH"] = f"{VENV / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
    return env


def call(*command: object, env: dict[str, str] | None = None, quiet: bool = False) -> int:
    """The command's exit code."""
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, env=env or environment(), capture_output=quiet
    ).returncode


def must(*command: object, env: dict[str, str] | None = None) -> None:
    if code := call(*command, env=env):
        raise SystemExit(code)


def manage(*words: object, env: dict[str, str] | None = None) -> None:
    must(PYTHON, "manage.py", *words, env=env)


# --- set-up -----------------------------------------------------------------------------------------------


def digest(*paths: Path) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def has_changed(marker: Path, wanted: str) -> bool:
    """Whether what the marker stands for was last made from something else."""
    return not marker.exists() or marker.read_text() != wanted


def apt(package: str) -> bool:
    """Install a Debian package, where this user may; say whether it worked."""
    if not shutil.which("apt-get"):
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and (not shutil.which("sudo") or call(*sudo, "true", quiet=True)):
        return False
    say(f"Installing {package} with apt-get")
    # Setting it behind sudo: sudo drops the environment.
    get = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    install = [*get, "install", "--yes", "--no-install-recommends", package]
    # A fresh machine has no package lists yet.
    return call(*install, quiet=True) == 0 or (call(*get, "update") == 0 and call(*install) == 0)


def make_venv() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  whoever starts this file may have any Python
        raise Stop("Datesheet needs Python 3.11 or newer: install it and start run.py with it.")
    has_ensurepip = call(sys.executable, "-c", "import ensurepip; ensurepip.version()", quiet=True) == 0
    if not has_ensurepip and not shutil.which("uv"):
        has_ensurepip = apt("python3-venv")
    say(f"Making {VENV.name} with Python {sys.version.split()[0]}")
    without = [] if has_ensurepip else ["--without-pip"]
    must(sys.executable, "-m", "venv", "--clear", *without, VENV)
    # Without ensurepip an installer must come from outside: uv on PATH, or a pip that serves another Python.
    pip_in = [sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "pip"]
    if without and not shutil.which("uv") and call(*pip_in, quiet=True):
        shutil.rmtree(VENV)
        raise Stop("Python cannot make a virtual environment here. As root:  apt-get install python3-venv")


def find_uv() -> str | None:
    """uv from PATH (or from an earlier set-up); else pip brings it; else there is none."""
    if not shutil.which("uv", path=environment()["PATH"]):
        call(PYTHON, "-m", "pip", "install", "--quiet", "uv", quiet=True)
    return shutil.which("uv", path=environment()["PATH"])


def install(lock: str) -> None:
    say(f"Installing {lock}")
    options = ["--require-hashes", "--quiet", "-r", lock]
    uv = find_uv()
    if uv and not call(uv, "pip", "install", "--python", PYTHON, *options):
        return
    if call(PYTHON, "-m", "pip", "install", *options):
        raise Stop(f"{lock} could not be installed: see the lines above, then run the same command again.")


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Two commands started side by side would write into the same .venv: the second waits."""
    VAR.mkdir(exist_ok=True)
    with open(VAR / "setup.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def setup(*, dev: bool = False) -> None:
    """Bring .venv to the lock; does nothing where nothing has changed since."""
    lock = DEV if dev else LEAN
    marker = VENV / f"installed-{lock}"
    with turn():
        wanted = digest(ROOT / lock)
        if not PYTHON.exists():
            make_venv()
        if has_changed(marker, wanted):
            install(lock)
            marker.write_text(wanted)
            if dev:  # the dev lock holds every line of the lean one
                (VENV / f"installed-{LEAN}").write_text(digest(ROOT / LEAN))


@contextlib.contextmanager
def compiling_solver() -> Iterator[None]:
    """Fill numba's cache, so that the first search starts at once and no two processes compile the same.

    It takes a minute of one processor: meanwhile the block does what needs no solver.
    """
    marker = VENV / "compiled-solver"
    with turn():
        wanted = digest(ROOT / LEAN, *sorted((ROOT / "scheduling" / "solver").rglob("*.py")))
        compiling = []
        if has_changed(marker, wanted):
            say("Compiling the solver")
            parts = ("timetable.portfolio", "seating.search", "duties.search")
            words = "from scheduling.solver.{} import warm_up; warm_up()"
            compiling = [
                subprocess.Popen([PYTHON, "-c", words.format(part)], cwd=ROOT, env=environment())
                for part in parts
            ]
        try:
            yield
        except BaseException:
            for process in compiling:
                process.kill()
            raise
        # Only time is lost without it: what is wrong with a solver, the tests say better.
        codes = [process.wait() for process in compiling]
        if codes and not any(codes):
            marker.write_text(wanted)


def compile_solver() -> None:
    with compiling_solver():
        pass


def find_browser() -> str:
    """Chromium or Chrome for the journeys; apt brings it where it may."""
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found and not named and apt("chromium"):
        found = shutil.which("chromium")
    if not found:
        raise Stop(
            "The journeys need a browser: install the package chromium (or name a Chrome in CHROMIUM), "
            "or leave them out with  python3 run.py test --no-browser"
        )
    return found


# --- the site and its workers -----------------------------------------------------------------------------


def address() -> tuple[str, int]:
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Stop(f"PORT is a number between 1 and 65535, such as 8000: {port} is none.")
    return os.environ.get("HOST", "127.0.0.1"), int(port)


def must_be_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Stop(f"Port {port} is taken: choose another, such as  PORT={port + 1}") from None


def demo_environment() -> dict[str, str]:
    """The demo's own database, files and secret, in var/demo."""
    place = VAR / "demo"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = place / "secret-key"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(50))
    host, port = address()
    return {
        "DEMO": "1",
        "SECRET_KEY": secret.read_text(),
        "DATABASE_URL": f"sqlite:///{quote(str(place / 'datesheet.sqlite3'))}",
        "MEDIA_ROOT": str(place / "files"),
        "EMAIL_URL": f"filemail:///{quote(str(place / 'mail'))}",
        "SITE_URL": f"http://{host}:{port}",
        **environment(),
    }


def configured() -> dict[str, str]:
    """The installation that .env or the environment describes; where neither does, the demo."""
    if (ROOT / ".env").exists() or "SECRET_KEY" in os.environ or "DEBUG" in os.environ:
        return environment()
    return demo_environment()


def prepare(env: dict[str, str]) -> None:
    manage("migrate", "--verbosity=0", env=env)
    manage("createcachetable", "--verbosity=0", env=env)
    # The settings choose hashed file names only where this directory stands.
    collected = ROOT / "staticfiles" / "collected"
    collected.parent.mkdir(exist_ok=True)
    own = [path for folder in ("static", "*/static") for path in sorted(ROOT.glob(f"{folder}/**/*"))]
    wanted = digest(ROOT / LEAN, *filter(Path.is_file, own))
    if has_changed(collected, wanted):
        manage("collectstatic", "--no-input", "--verbosity=0", env=env)
        collected.write_text(wanted)


def die_with_parent() -> None:
    """Ask Linux to stop this process when run.py is killed and cannot do it any more."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def keep_running(processes: dict[str, tuple[list, dict[str, str]]]) -> int:
    """Run them side by side until one ends or somebody says stop; leave none behind."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: asked.append(number))
    started: dict[str, subprocess.Popen] = {}
    for name, (command, env) in processes.items():
        # Each in a session of its own: Ctrl-C must reach the parents only; the queue hangs if its children
        # hear it too.
        started[name] = subprocess.Popen(
            [str(word) for word in command],
            cwd=ROOT,
            env=env,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    while not asked and all(process.poll() is None for process in started.values()):
        time.sleep(0.2)
    ended = {name: process.returncode for name, process in started.items() if process.poll() is not None}
    for name, code in ended.items():
        print(f"{name} ended by itself ({code}); the others stop with it.", file=sys.stderr)
    for process in started.values():
        process.terminate()
    deadline = time.monotonic() + 30
    # Whoever asks twice is in a hurry.
    while any(process.poll() is None for process in started.values()):
        if time.monotonic() > deadline or len(asked) > 1:
            break
        time.sleep(0.05)
    for process in started.values():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return 1 if ended else 0


def workers(env: dict[str, str]) -> dict[str, tuple[list, dict[str, str]]]:
    queue = [PYTHON, "manage.py", "qcluster"]
    others = {name: (queue, {**env, "Q_CLUSTER_NAME": name}) for name in ("mail", "sheets")}
    return {"solve": (queue, env), **others}


def serve_now(env: dict[str, str]) -> int:
    host, port = address()
    must_be_free(host, port)
    gunicorn = [
        PYTHON,
        "-m",
        "gunicorn",
        "datesheet.wsgi",
        "--workers=2",
        "--threads=4",
        "--no-control-socket",
    ]
    # Only the web server may pool its connections: a pool does not survive the queue's fork.
    web = ([*gunicorn, f"--bind={host}:{port}"], {"DATABASE_POOL": "1", **env})
    say(f"Serving http://{host}:{port}  (Ctrl-C stops it)")
    return keep_running({"web": web, **workers(env)})


# --- commands ---------------------------------------------------------------------------------------------


def help_(*words: str) -> int:
    """this list"""
    print(__doc__.strip(), "\n\npython3 run.py …")
    for name, command in COMMANDS.items():
        if name in ("bench", "soak") and not (benchmarks() if name == "bench" else soaks()):
            continue
        arguments = f"{name} {ARGUMENTS.get(name, '')}".strip()
        print(f"  {arguments:34} {command.__doc__}")
    return 0


def setup_(*words: str) -> int:
    """everything for development, the demo's empty database too; quick when nothing has changed"""
    setup(dev=True)
    with compiling_solver():
        env = configured()
        if "DEMO" in env:
            manage("migrate", "--verbosity=0", env=env)
    return 0


def demo(*words: str) -> int:
    """5,000 students' datesheet solved, seated, staffed, printed and published; a school; the site"""
    begun = time.monotonic()
    if set(words) - {"--no-serve"}:
        raise Stop("demo takes one option: --no-serve")
    if not words:
        must_be_free(*address())
    setup()
    env = demo_environment()
    with compiling_solver():
        prepare(env)
    set_up = time.monotonic()
    # The search takes one processor; the other makes the school, whose sign-ins come after the others.
    make_school = [str(PYTHON), "manage.py", "demo_school"]
    with subprocess.Popen(make_school, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as school:
        try:
            manage("demo", env=env)
        except BaseException:
            school.kill()
            raise
        print(school.communicate()[0], flush=True)
    if school.returncode:
        raise SystemExit(school.returncode)
    now = time.monotonic()
    say(f"Done in {now - begun:.0f} s, of which set-up took {set_up - begun:.0f} s")
    return 0 if words else serve_now(env)


def serve(*words: str) -> int:
    """the site and its workers; the demo's where nothing is configured"""
    must_be_free(*address())
    setup()
    env = configured()
    with compiling_solver():
        prepare(env)
    return serve_now(env)


def worker(*words: str) -> int:
    """the workers alone, for a second machine"""
    setup()
    compile_solver()
    return keep_running(workers(configured()))


def shell(*words: str) -> int:
    """Django's shell on the same database as serve"""
    return manage_("shell", *words)


def manage_(*words: str) -> int:
    """any of Django's commands on the same database as serve"""
    setup()
    return call(PYTHON, "manage.py", *words, env=configured())


LINT_IMPORTS = "from importlinter.cli import lint_imports_command as lint; lint()"
CHECKS = {
    "ruff check": [PYTHON, "-m", "ruff", "check", "--quiet"],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--check", "--quiet"],
    "types": [PYTHON, "-m", "mypy", "."],
    "imports": [PYTHON, "-c", LINT_IMPORTS, "--no-cache", "--no-logo"],
    "migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--settings=tests.settings"],
}


class Stage(NamedTuple):
    name: str
    code: int | None  # None: left out
    seconds: float
    closing: str = ""  # pytest's last line


def timed(name: str, *command: object) -> Stage:
    say(name)
    begun = time.monotonic()
    return Stage(name, call(*command), time.monotonic() - begun)


def pytest(name: str, *command: object, env: dict[str, str]) -> Stage:
    """Run pytest and show what it says as it says it."""
    say(name)
    begun = time.monotonic()
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    words = [str(word) for word in (*command, *colour)]
    tail = b""
    with subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE) as process:
        while chunk := process.stdout and os.read(process.stdout.fileno(), 65536):
            sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
            tail = (tail + chunk)[-5000:]
    closing = [line for line in tail.decode(errors="replace").splitlines() if re.search(r" in [\d.]+s", line)]
    return Stage(name, process.returncode, time.monotonic() - begun, closing[-1] if closing else "")


def on_both_databases(words: list[str], env: dict[str, str], *, again: Iterable[str] = ()) -> list[Stage]:
    """The same tests on SQLite and on a PostgreSQL of their own, which is told `again` besides."""
    command = [PYTHON, "-m", "pytest", *words]
    env.pop("DATABASE_URL", None)  # tests/settings.py names the one, tests/on_postgres.py the other
    sqlite = pytest("tests on SQLite", *command, env=env)
    postgres = pytest("tests on PostgreSQL", *ON_POSTGRES, *command, *again, env=env)
    if postgres.code == NO_SERVER and os.environ.get("CI") != "true":
        postgres = postgres._replace(code=None)
    return [sqlite, postgres]


def report(stages: list[Stage]) -> int:
    """A line for each stage, then what pytest said last, failures after successes; the exit code."""
    print()
    for stage in stages:
        verdict = "left out" if stage.code is None else "FAILED" if stage.code else "ok"
        print(f"  {stage.name:20} {verdict:8} {stage.seconds:6.1f} s")
    print()
    for stage in sorted(stages, key=lambda stage: bool(stage.code)):
        if stage.closing:
            print(stage.closing, flush=True)
    return int(any(stage.code for stage in stages))


def lint(*words: str) -> int:
    """style, types, import contracts, migrations"""
    setup(dev=True)
    return report([timed(name, *command) for name, command in CHECKS.items()])


def fix(*words: str) -> int:
    """what ruff can put right by itself"""
    setup(dev=True)
    must(PYTHON, "-m", "ruff", "format")
    return call(PYTHON, "-m", "ruff", "check", "--fix")


def test(*words: str) -> int:
    """lint and all tests, on SQLite and PostgreSQL; or the tests that pytest's arguments choose"""
    chosen = [word for word in words if word != "--no-browser"]
    env = environment()
    cores = min(4, len(os.sched_getaffinity(0)))
    arguments = chosen or [f"--numprocesses={cores}"]
    if "--no-browser" in words:
        arguments = [*arguments, "-m", "not browser"]
    else:
        env["CHROMIUM"] = find_browser()
    setup(dev=True)
    with compiling_solver():
        checks = [] if chosen else [timed(name, *command) for name, command in CHECKS.items()]
    # What touches no database says the same twice; of chosen tests nothing might be left.
    again = [] if chosen else ["--of-databases"]
    return report([*checks, *on_both_databases(arguments, env, again=again)])


def benchmarks() -> dict[str, Path]:
    return {path.stem: path for path in sorted((ROOT / "tests" / "benchmarks").glob("[a-z]*.py"))}


def bench(*words: str) -> int:
    """measure: a benchmark's name and its arguments; alone, the list of them"""
    if not words:
        print("\n".join(f"python3 run.py bench {name}" for name in benchmarks()))
        return 0
    if words[0] not in benchmarks():
        raise Stop(f"There is no benchmark {words[0]}. There are: {', '.join(benchmarks()) or 'none yet'}.")
    setup(dev=True)
    compile_solver()
    return call(PYTHON, "-m", f"tests.benchmarks.{words[0]}", *words[1:])


def soaks() -> bool:
    return any("mark.soak" in path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


def soak(*words: str) -> int:
    """the full counts of races, kills and loads, of which test runs a sample"""
    setup(dev=True)
    compile_solver()
    # Hundreds of rounds of one race take longer than a test that hangs may.
    patient = ["-o", "faulthandler_timeout=7200"]
    return report(on_both_databases(["--soak", "-m", "soak", *patient, *words], environment()))


def lock(*words: str) -> int:
    """both locks again from the .in files; --upgrade takes newer releases"""
    setup(dev=True)
    uv = find_uv()
    if not uv:
        raise Stop("Locking needs uv: install it, or make it reachable for pip.")
    # No index and no path may stand in a lock: it must install from any mirror.
    options = ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--python-version=3.11"]
    options += ["--annotation-style=line"]
    made_by = {**environment(), "UV_CUSTOM_COMPILE_COMMAND": "python3 run.py lock"}
    for source, target in (("requirements.in", LEAN), ("requirements-dev.in", DEV)):
        bound = ["--constraint", LEAN] if target == DEV else []
        must(uv, "pip", "compile", "--quiet", *options, *bound, *words, source, "-o", target, env=made_by)
    return 0


def messages(*words: str) -> int:
    """collect the sentences of the site for translation, and compile what is translated"""
    setup(dev=True)
    if not shutil.which("xgettext") and not apt("gettext"):
        raise Stop("Catalogues are made by gettext: apt-get install gettext")
    left_out = [f"--ignore={folder}" for folder in (".venv", "tests", "staticfiles", "var")]
    shape = ["--no-wrap", "--no-obsolete", "--add-location=file"]
    manage("makemessages", "--locale=ur", *shape, *left_out)
    manage("compilemessages", "--locale=ur", "--locale=en", "--ignore=.venv")
    return 0


COMMANDS = {
    "demo": demo,
    "test": test,
    "serve": serve,
    "worker": worker,
    "lint": lint,
    "fix": fix,
    "bench": bench,
    "soak": soak,
    "shell": shell,
    "manage": manage_,
    "setup": setup_,
    "lock": lock,
    "messages": messages,
    "help": help_,
}
ARGUMENTS = {
    "demo": "[--no-serve]",
    "test": "[--no-browser] [PYTEST…]",
    "bench": "[NAME …]",
    "manage": "COMMAND …",
    "lock": "[--upgrade]",
}


def main() -> int:
    name, *words = sys.argv[1:] or ["help"]
    name = {"-h": "help", "--help": "help"}.get(name, name)
    if name not in COMMANDS:
        print(f"There is no command {name}.\n", file=sys.stderr)
        help_()
        return 2
    try:
        return int(COMMANDS[name](*words))
    except Stop as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
