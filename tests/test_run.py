"""run.py is what a newcomer meets first, so it is held to what it says."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import run

ROOT = Path(run.__file__).parent


def test_help_lists_every_command_that_there_is(capsys):
    run.help_()
    listed = capsys.readouterr().out
    there = (
        set(run.COMMANDS) - (set() if run.benchmarks() else {"bench"}) - (set() if run.soaks() else {"soak"})
    )
    assert {name for name in run.COMMANDS if f"\n  {name} " in listed} == there


def test_an_unknown_command_ends_with_the_list():
    ended = subprocess.run([sys.executable, "run.py", "dmeo"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "There is no command dmeo." in ended.stderr


def test_a_taken_port_is_told_before_anything_is_made():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(run.Stop, match="is taken: choose another"):
            run.must_be_free(*taken.getsockname())


@pytest.mark.parametrize("port", ["abc", "", "0", "70000"])
def test_a_port_that_is_none_is_told(port, monkeypatch):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(run.Stop, match="PORT is a number"):
        run.address()


def test_the_environment_of_the_person_wins(monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    monkeypatch.setenv("DATABASE_URL", "postgres://mine")
    assert run.environment()["NUMBA_CACHE_DIR"] == "elsewhere"
    assert run.demo_environment()["DATABASE_URL"] == "postgres://mine"


def test_what_is_started_keeps_the_bytecode_it_compiles(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert "PYTHONDONTWRITEBYTECODE" not in run.environment()


def test_the_demos_secret_is_made_once_and_for_its_owner_only(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "VAR", tmp_path)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = run.demo_environment()["SECRET_KEY"]
    assert run.demo_environment()["SECRET_KEY"] == first
    assert (tmp_path / "demo" / "secret-key").stat().st_mode & 0o077 == 0


def test_every_queue_of_the_settings_is_served(settings):
    assert set(run.workers({})) == {settings.Q_CLUSTER["name"], *settings.Q_CLUSTER["ALT_CLUSTERS"]}


# A parent with a child, as the web server and the queue are; the parent notes both and waits.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1], "w") as notes:
    notes.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1], sys.argv[1] + ".ready")
time.sleep(float(sys.argv[2]))
"""
SUPERVISOR = """
import os, sys, run
family, folder, seconds = sys.argv[1:]
one = [sys.executable, "-c", family, folder + "/one", "600"]
two = [sys.executable, "-c", family, folder + "/two", seconds]
sys.exit(run.keep_running({"one": (one, dict(os.environ)), "two": (two, dict(os.environ))}))
"""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("seconds", "stop", "code"),
    [("600", signal.SIGTERM, 0), ("600", signal.SIGINT, 0), ("1", None, 1)],
    ids=["told to stop", "Ctrl-C", "one ends by itself"],
)
def test_all_processes_stop_together_and_none_is_left(tmp_path, seconds, stop, code):
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, FAMILY, tmp_path, seconds], cwd=ROOT)
    ready = [tmp_path / "one.ready", tmp_path / "two.ready"]
    deadline = time.monotonic() + 30
    while not all(path.exists() for path in ready):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    pids = [int(pid) for path in ready for pid in path.read_text().split()]
    if stop:
        supervisor.send_signal(stop)
    assert supervisor.wait(timeout=40) == code
    assert [pid for pid in pids if is_alive(pid)] == []


def test_pytests_closing_line_is_kept(tmp_path):
    script = "print('== 3 passed, 1 skipped in 2.50s =='); print('and a warning'); raise SystemExit(5)"
    stage = run.pytest("tests", sys.executable, "-c", script, env=dict(os.environ))
    assert (stage.code, stage.closing) == (5, "== 3 passed, 1 skipped in 2.50s ==")


def test_a_failure_is_reported_last(capsys):
    stages = [run.Stage("one", 1, 1.0, "1 failed in 1.00s"), run.Stage("two", 0, 1.0, "1 passed in 1.00s")]
    assert run.report(stages) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 failed in 1.00s"


def test_tests_get_a_postgresql_of_their_own_as_a_plain_role():
    ask = (
        "import os, psycopg\n"
        "connection = psycopg.connect(os.environ['DATABASE_URL'].replace('/datesheet?', '/postgres?'))\n"
        "role = connection.execute('select rolsuper, rolcreatedb from pg_roles where rolname = user')\n"
        "print(role.fetchone())\n"
        "connection.close()\n"
        "raise SystemExit(7)"
    )
    command = [sys.executable, "tests/on_postgres.py", sys.executable, "-c", ask]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.stdout.strip() == "(False, True)", ended.stderr
    assert ended.returncode == 7
