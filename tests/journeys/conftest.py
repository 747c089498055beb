"""Whole stories in a real browser, against a live server on the database of the run.

run.py names the browser in CHROMIUM; a plain `pytest` takes the one on PATH. Every page is watched: an error
in the console, a script that fails, a breach of the content security policy or a call to another host fails
the test.
"""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

HERE = Path(__file__).parent
# No sandbox as root, no graphics card, and nothing that calls the browser's maker.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def rows_beside_a_browser():
    """Playwright keeps an event loop in this thread; Django would take our queries for asynchronous ones."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.fail("The journeys need a browser: name one in CHROMIUM, or leave them out: -m 'not browser'.")
    return {**browser_type_launch_args, "executable_path": browser, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def base_url(live_server):
    """So that a story says page.goto("/accounts/login/")."""
    return live_server.url


# Pages live at the same moment as the server: tests/settings.py.
CLOCK = """(ahead => {
    const Real = Date;
    globalThis.Date = class Date extends Real {
        constructor(...told) { told.length ? super(...told) : super(Real.now() + ahead); }
        static now() { return Real.now() + ahead; }
    };
})(%d)"""


@pytest.fixture
def expected_faults():
    """What this story provokes on purpose: parts of messages, such as "status of 404"."""
    return []


@pytest.fixture
def watch(live_server, expected_faults):
    """watch(page): it must stay at home and in good order; looked at when the story is over."""
    faults = []
    at_home = (live_server.url, "data:", "blob:")

    def watch(page):
        page.set_default_timeout(20_000)
        page.add_init_script(CLOCK % (1000 * settings.CLOCK_AHEAD))
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request", lambda request: request.url.startswith(at_home) or faults.append(f"asks {request.url}")
        )
        return page

    yield watch
    unexpected = [fault for fault in faults if not any(part in fault for part in expected_faults)]
    assert not unexpected, unexpected


@pytest.fixture
def page(page, watch):
    return watch(page)


@pytest.fixture
def another_page(new_context, watch):
    """another_page(**options): a page on another device, where nobody is signed in."""
    return lambda **options: watch(new_context(**options).new_page())


@pytest.fixture
def sign_in(page, live_server):
    """sign_in(user): the page's visitor is that person from now on, without a visit to the sign-in form."""

    def sign_in(user):
        client = Client()
        client.force_login(user)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "url": live_server.url}
        page.context.add_cookies([{**cookie, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}])
        return page

    return sign_in


AXE = (HERE / "axe.min.js").read_text()
# Colours on their way from one theme to the other are nobody's choice; what turns for ever is not waited for.
AT_REST = """Promise.allSettled(document.getAnimations()
    .filter(motion => motion.effect.getComputedTiming().endTime !== Infinity)
    .map(motion => motion.finished))"""


@pytest.fixture
def assert_accessible():
    """assert_accessible(page): no breach of WCAG 2.2 A or AA that axe can find."""

    def assert_accessible(page):
        # Half a page has half its links' names: a click waits for the answer's first bytes alone.
        page.wait_for_load_state()
        # Not by a script element: the content security policy would refuse it, and rightly.
        page.evaluate(AXE)
        page.evaluate(AT_REST)
        found = page.evaluate(
            "() => axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],"
            " resultTypes: ['violations']})"
        )
        breaches = [
            f"{breach['id']} ({breach['help']}): {node['html']}"
            for breach in found["violations"]
            for node in breach["nodes"]
        ]
        assert not breaches, "\n".join(breaches)

    return assert_accessible
