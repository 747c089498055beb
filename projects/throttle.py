"""Slowing people down, never locking them out.

A leaky bucket in the database: each act is a drop, and so many leak away in so many seconds. When it is full
the act is refused with the seconds to wait. A refused act adds nothing, so waiting always helps. What
identifies a bucket is kept as a hash only.
"""

import ipaddress
import math
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, NamedTuple

from allauth.account.adapter import get_adapter
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .models import Bucket


class Rate(NamedTuple):
    """So many at once; as many more in each such time, evenly."""

    amount: int
    seconds: float

    @property
    def leak(self) -> float:
        """Drops per second."""
        return self.amount / self.seconds


class SlowDown(Exception):
    """Too much in a short time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(f"Wait {self.seconds} seconds.")


def slow_down(scope: str, *parts: object, rates: tuple[Rate, ...]) -> None:
    """Count one act of this scope by these parts (an address, a user), or raise SlowDown if it is early.

    Several rates make the wait grow: five at once, but twenty in the hour.
    """
    keys = [_key(scope, parts, rate) for rate in rates]
    now = timezone.now()
    with transaction.atomic():
        Bucket.objects.bulk_create([Bucket(key=key, updated_at=now) for key in keys], ignore_conflicts=True)
        # In the order of their keys, so that two who share both buckets do not wait for each other.
        rows = Bucket.objects.select_for_update(no_key=True).filter(key__in=keys).order_by("key")
        buckets = {bucket.key: bucket for bucket in rows}
        wait = 0.0
        for key, rate in zip(keys, rates, strict=True):
            bucket = buckets[key]
            passed = max(0.0, (now - bucket.updated_at).total_seconds())
            bucket.level = max(0.0, bucket.level - passed * rate.leak)
            bucket.updated_at = max(now, bucket.updated_at)
            wait = max(wait, (bucket.level + 1 - rate.amount) / rate.leak)
        # Not by a hair: a person who waited as told must get through.
        if wait > 1e-6:
            raise SlowDown(wait)
        for bucket in buckets.values():
            bucket.level += 1
        Bucket.objects.bulk_update(buckets.values(), ["level", "updated_at"])


def give_back(scope: str, *parts: object, rates: tuple[Rate, ...]) -> None:
    """The act turned out well (the password was right), so it does not count."""
    with transaction.atomic():
        keys = sorted(_key(scope, parts, rate) for rate in rates)
        for bucket in Bucket.objects.select_for_update(no_key=True).filter(key__in=keys).order_by("key"):
            bucket.level = max(0.0, bucket.level - 1)
            bucket.save(update_fields=["level"])


def too_many(request: HttpRequest, reason: SlowDown) -> HttpResponse:
    """The page that says how long to wait."""
    response = render(request, "429.html", {"seconds": reason.seconds}, status=429)
    response["Retry-After"] = str(reason.seconds)
    return response


def throttled(scope: str, *rates: Rate) -> Callable:
    """A view that one network address may ask for at these rates."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                slow_down(scope, client_address(request), rates=rates)
            except SlowDown as reason:
                return too_many(request, reason)
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def client_address(request: HttpRequest) -> str:
    """The visitor's network address; of IPv6 the network, as one visitor has all of it."""
    address = get_adapter(request).get_client_ip(request)
    if ":" in address:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address


def sweep(*, older_than: timedelta = timedelta(days=2)) -> int:
    """Forget buckets that have long been empty: no rate reaches over a day."""
    return Bucket.objects.filter(updated_at__lt=timezone.now() - older_than).delete()[0]


def _key(scope: str, parts: tuple[object, ...], rate: Rate) -> str:
    value = "\n".join([*map(str, parts), f"{rate.amount}/{rate.seconds}"])
    return salted_hmac(f"throttle.{scope}", value, algorithm="sha256").hexdigest()
