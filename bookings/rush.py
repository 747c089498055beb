"""A rush on one session, over HTTP: what `load_test` drives a running site with.

The world is an institution of its own: guardians with accounts and sessions, a child each, one session with
few places. Its rows stay until `remove` is called.
"""

import http.client
import json
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.sessions.models import Session as BrowserSession
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.models import User
from projects import history
from projects.models import Institution

from .models import (
    Activity,
    ApiClient,
    Booking,
    Child,
    Guardian,
    Guardianship,
    Household,
    Meeting,
    Places,
    Session,
    Term,
    WaitEntry,
)
from .models.secrets import new_public_id, new_token, token_hash

PREFIX = "load-"
# Of who waits in a rush: on a busy machine a thousand pages at once take minutes.
PATIENCE = 600  # seconds
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
KEY = re.compile(r'name="key" value="([^"]+)"')


class Asker(NamedTuple):
    """One child's guardian: who they are to the site."""

    cookie: str
    guardian: str
    child: str


@dataclass
class World:
    institution: Institution
    session: Session
    askers: list[Asker]
    token: str


@dataclass
class Seen:
    """What the askers saw: answers by status, and how long each took in milliseconds."""

    statuses: dict[int, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def note(self, status: int, milliseconds: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.times.append(milliseconds)


def make_world(*, children: int, capacity: int) -> World:
    slug = PREFIX + get_random_string(8).lower()
    institution = Institution.objects.create(name="Load test", slug=slug, requires_second_factor=False)
    here = {"institution": institution}
    today = timezone.localdate()
    with history.quiet():
        term = Term.objects.create(**here, name="Term", starts_on=today, ends_on=today + timedelta(days=60))
        activity = Activity.objects.create(**here, slug="rush", name="Rush")
        session = Session.objects.create(**here, activity=activity, term=term)
        Places.objects.create(**here, session=session, capacity=capacity)
        starts_at = timezone.now() + timedelta(days=7)
        Meeting.objects.create(
            **here, session=session, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1)
        )
        askers = _askers(session, children)
    token = new_token()
    ApiClient.objects.create(**here, name="load", token_hash=token_hash(token), may_write=True)
    return World(institution, session, askers, token)


def _askers(session: Session, children: int) -> list[Asker]:
    institution = session.institution
    numbers = range(children)
    users = User.objects.bulk_create(
        User(
            email=f"{number}@{institution.slug}.invalid", name=f"G{number}", password=UNUSABLE_PASSWORD_PREFIX
        )
        for number in numbers
    )
    households = Household.objects.bulk_create(
        Household(institution=institution, name=f"F{number}", reference=f"{number:06}") for number in numbers
    )
    guardians = Guardian.objects.bulk_create(
        Guardian(institution=institution, household=household, user=user, name=user.name, email=user.email)
        for household, user in zip(households, users, strict=True)
    )
    made = Child.objects.bulk_create(
        Child(institution=institution, given_name=f"C{number}", date_of_birth="2018-01-01")
        for number in numbers
    )
    Guardianship.objects.bulk_create(
        Guardianship(institution=institution, guardian=guardian, child=child)
        for guardian, child in zip(guardians, made, strict=True)
    )
    cookies = _sign_in(users, chosen={f"chosen:{institution.pk}": [session.public_id]})
    return [
        Asker(cookie, guardian.public_id, child.public_id)
        for cookie, guardian, child in zip(cookies, guardians, made, strict=True)
    ]


def _sign_in(users: list[User], *, chosen: dict[str, list[str]]) -> list[str]:
    """A browser session for each, as signing in and choosing the session would leave it."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    until = timezone.now() + timedelta(hours=2)
    rows = []
    for user in users:
        told = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            **chosen,
        }
        rows.append(
            BrowserSession(
                session_key=get_random_string(32).lower(),
                session_data=store.encode(told),
                expire_date=until,
            )
        )
    BrowserSession.objects.bulk_create(rows)
    return [row.session_key for row in rows]


def rush(*, world: World, url: str, requests: int, at_once: int, by_api: bool) -> Seen:
    """So many askers at once, until so many have asked. Each child asks about equally often."""
    seen, lock = Seen(), threading.Lock()
    waiting = iter(range(requests))
    address = urlsplit(url)

    def work() -> None:
        line = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=PATIENCE)
        while True:
            with lock:
                number = next(waiting, None)
            if number is None:
                break
            asker = world.askers[number % len(world.askers)]
            ask = _ask_api if by_api else _ask_page
            try:
                status, milliseconds = ask(line, world, asker)
            except (OSError, http.client.HTTPException):
                line.close()
                status, milliseconds = 0, 0.0
            with lock:
                seen.note(status, milliseconds)
        line.close()

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.seconds = time.monotonic() - begun
    return seen


def _ask_page(line: http.client.HTTPConnection, world: World, asker: Asker) -> tuple[int, float]:
    """Read the form, send it: as a guardian's browser does. Timed is the sending."""
    path = f"/b/{world.institution.slug}/book/"
    name = settings.SESSION_COOKIE_NAME
    line.request("GET", path, headers={"Cookie": f"{name}={asker.cookie}"})
    answer = line.getresponse()
    page = answer.read().decode()
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    token, key = TOKEN.search(page), KEY.search(page)
    if answer.status != 200 or not token or not key:
        return answer.status, 0.0
    form = urlencode(
        {
            "csrfmiddlewaretoken": token[1],
            "key": key[1],
            "mode": "queue",
            "pick": f"{world.session.public_id}:{asker.child}",
        }
    )
    headers = {
        "Cookie": f"{name}={asker.cookie}; {cookie}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return _timed(line, "POST", path, form, headers)


def _ask_api(line: http.client.HTTPConnection, world: World, asker: Asker) -> tuple[int, float]:
    asked = {
        "session": world.session.public_id,
        "child": asker.child,
        "guardian": asker.guardian,
        "or_queue": True,
    }
    headers = {
        "Authorization": f"Bearer {world.token}",
        "Idempotency-Key": new_public_id(),
        "Content-Type": "application/json",
    }
    return _timed(line, "POST", "/api/v1/bookings", json.dumps(asked), headers)


def _timed(
    line: http.client.HTTPConnection, method: str, path: str, body: str, headers: dict[str, str]
) -> tuple[int, float]:
    begun = time.monotonic()
    line.request(method, path, body, headers)
    answer = line.getresponse()
    answer.read()
    return answer.status, (time.monotonic() - begun) * 1000


def counts(world: World) -> tuple[int, int]:
    """Places booked and children waiting, now."""
    live = Booking.objects.live().filter(session=world.session).count()
    return live, WaitEntry.objects.waiting().filter(session=world.session).count()
