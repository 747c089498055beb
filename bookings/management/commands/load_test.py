"""manage.py load_test: a rush on one session of the running site, then the invariants."""

import json
import statistics
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings import rush
from bookings.invariants import find_faults

MOST_REQUESTS, MOST_AT_ONCE = 100_000, 1_000


class Command(BaseCommand):
    help = "Drive the running site (on this machine only) with guardians who all want one session."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=settings.SITE_URL, help="where the site runs, on this machine")
        parser.add_argument("--requests", type=int, default=500)
        parser.add_argument("--at-once", type=int, default=16)
        parser.add_argument("--children", type=int, default=200)
        parser.add_argument("--capacity", type=int, default=50)
        parser.add_argument("--api", action="store_true", help="over the API in place of the pages")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        host = urlsplit(options["url"]).hostname or ""
        if host != "localhost" and not _is_loopback(host):
            raise CommandError("load_test drives this machine's own site only: give a loopback address.")
        if not (0 < options["requests"] <= MOST_REQUESTS and 0 < options["at_once"] <= MOST_AT_ONCE):
            raise CommandError(f"At most {MOST_REQUESTS} requests, at most {MOST_AT_ONCE} at once.")
        world = rush.make_world(children=options["children"], capacity=options["capacity"])
        seen = rush.rush(
            world=world,
            url=options["url"],
            requests=options["requests"],
            at_once=options["at_once"],
            by_api=options["api"],
        )
        booked, waiting = rush.counts(world)
        faults = find_faults(world.institution)
        times = statistics.quantiles(seen.times or [0.0, 0.0], n=100)
        told = {
            "requests": options["requests"],
            "booked": booked,
            "waiting": waiting,
            "answered_per_s": round(options["requests"] / seen.seconds, 1),
            "confirmed_per_s": round(booked / seen.seconds, 1),
            "p50_ms": round(times[49], 1),
            "p99_ms": round(times[98], 1),
            "statuses": {str(status): count for status, count in sorted(seen.statuses.items())},
            "faults": faults,
        }
        self.stdout.write(json.dumps(told) if options["json"] else _sentence(told))
        wrong = [status for status in seen.statuses if status == 0 or status >= 500]
        if faults or wrong or booked > options["capacity"]:
            raise CommandError("The rush found a fault.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _sentence(told: dict[str, Any]) -> str:
    return (
        f"{told['booked']} places booked, {told['waiting']} children waiting; "
        f"{told['answered_per_s']} answers and {told['confirmed_per_s']} bookings a second, "
        f"p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms; answers {told['statuses']}; "
        + ("everything that must be true is true." if not told["faults"] else " ".join(told["faults"]))
    )
