"""How long public pages take while two workers solve: python3 run.py bench pages_while_solving WORKBOOK.xlsx

Imports the workbook into a database of its own, publishes a first plan, serves the site on a free port of
this machine, and asks for the public page 400 times, idle and then during a solve with two workers.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUESTS, AT_ONCE = 400, 2
PATH = "/d/bench/season/"


def main(workbook: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        env = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{place}/bench.sqlite3",
            "MEDIA_ROOT": place,
            "DEMO": "1",
        }
        manage("migrate", "--verbosity=0", env=env)
        manage("create_project", "bench/season", "--owner", "bench@example.edu", env=env)
        manage("import_workbook", "bench/season", str(workbook), env=env)
        manage("solve", "bench/season", "--seconds", "60", env=env)
        manage("shell", "-v0", "-c", PUBLISH, env=env)
        port = free_port()
        web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "datesheet.wsgi", f"--bind=127.0.0.1:{port}", "--workers=2",
             "--threads=4", "--no-control-socket", "--log-level=warning"],
            cwd=ROOT, env=env,
        )  # fmt: skip
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"], cwd=ROOT, env=env, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(port)
            idle = measure(port)
            manage("shell", "-v0", "-c", SOLVE, env=env)
            time.sleep(30)  # past reading the season
            solving = measure(port)
            print(
                json.dumps(
                    {"idle": idle, "solving": solving, "p99_ratio": round(solving["p99"] / idle["p99"], 2)}
                )
            )
        finally:
            worker.terminate()
            web.terminate()
            web.wait(30)
            subprocess.run(["pkill", "-f", "carry_out_run"], check=False)
            worker.wait(60)


PUBLISH = """
from scheduling.models import Solution
from scheduling import publishing, solving
solution = Solution.objects.get()
solving.make_live(solution=solution)
publishing.publish(project=solution.project, kind="draft")
"""
SOLVE = """
from projects.models import Project
from scheduling import solving
solving.request_run(project=Project.objects.get(), seconds=600, workers=2)
"""


def manage(*words: str, env: dict[str, str]) -> None:
    subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, check=True, stdout=sys.stderr)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            ask(port)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("The site did not start.")


def ask(port: int) -> float:
    start = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{PATH}", timeout=60) as answer:
        answer.read()
    return (time.perf_counter() - start) * 1000


def measure(port: int) -> dict[str, float]:
    """Milliseconds of one request: median, 99th percentile, slowest."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        times = sorted(pool.map(lambda _: ask(port), range(REQUESTS)))
    return {
        "p50": round(statistics.median(times), 1),
        "p99": round(times[int(0.99 * len(times))], 1),
        "max": round(times[-1], 1),
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]).resolve())
