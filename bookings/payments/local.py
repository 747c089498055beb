"""The provider for demos and tests: a small Stripe inside this installation, in which no money moves.

It stands where the network would be: bookings.payments.stripe speaks to it in Stripe's own words, and it
answers, forgets to answer, and sends its signed messages late, twice or never, as the real one does.
"""

import json
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import stripe
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import schedule

from ..models import TrialObject

KEY = "sk_test_local"
# What a family may choose on the local page: {name: seconds until the message is sent, None for never}.
WAYS = {"pay": 0, "pay late": 20, "pay untold": None, "decline": 0}


def webhook_secret() -> str:
    """Of this installation alone: nobody else can sign a message."""
    return f"whsec_{settings.SECRET_KEY[::-1][:40]}"


class LocalStripe(stripe.HTTPClient):
    """Answers the four calls that bookings.payments.stripe makes. `is_silent` cuts the line after acting."""

    name = "local"

    def __init__(self, *, is_silent: bool = False) -> None:
        super().__init__()
        self.is_silent = is_silent

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        path = urlsplit(url).path.removeprefix("/v1/")
        asked = {name: values[-1] for name, values in parse_qs(post_data or "").items()}
        key = next((v for k, v in (headers or {}).items() if k.lower() == "idempotency-key"), "")
        body = self._answer(method.upper(), path, asked, key)
        if self.is_silent:
            raise stripe.APIConnectionError("The line was cut.")
        status = 400 if "error" in body else 200
        return json.dumps(body), status, {"request-id": "local"}

    def close(self) -> None:
        pass

    def _should_retry(self, *_args: Any, **_kwargs: Any) -> bool:
        return False

    def _answer(self, method: str, path: str, asked: dict[str, str], key: str) -> dict[str, Any]:
        if method == "POST" and path == "checkout/sessions":
            return _keep(asked, key, _new_session(asked))
        if method == "POST" and path == "refunds":
            return _keep(asked, key, _new_refund(asked))
        if method == "GET" and path.startswith("checkout/sessions/"):
            found = TrialObject.objects.filter(ref=path.rpartition("/")[2]).first()
            if found is not None:
                return found.body
        return {"error": {"type": "invalid_request_error", "message": f"No such thing: {path}"}}


def _keep(asked: dict[str, str], key: str, body: dict[str, Any]) -> dict[str, Any]:
    kept, _new = TrialObject.objects.get_or_create(
        institution_id=int(asked["metadata[institution]"]),
        idempotency_key=key or body["id"],
        defaults={"ref": body["id"], "body": body},
    )
    return kept.body


def _new_session(asked: dict[str, str]) -> dict[str, Any]:
    ref = f"cs_test_{secrets.token_urlsafe(18)}"
    return {
        "id": ref,
        "object": "checkout.session",
        "url": settings.SITE_URL + reverse("bookings:local_checkout", args=[ref]),
        "status": "open",
        "payment_status": "unpaid",
        "payment_intent": None,
        "amount_total": int(asked["line_items[0][price_data][unit_amount]"]),
        "currency": asked["line_items[0][price_data][currency]"],
        "what": asked["line_items[0][price_data][product_data][name]"],
        "client_reference_id": asked["client_reference_id"],
        "metadata": {"institution": asked["metadata[institution]"], "payment": asked["metadata[payment]"]},
        "success_url": asked["success_url"],
        "cancel_url": asked["cancel_url"],
    }


def _new_refund(asked: dict[str, str]) -> dict[str, Any]:
    return {
        "id": f"re_{secrets.token_urlsafe(18)}",
        "object": "refund",
        "status": "succeeded",
        "amount": int(asked["amount"]),
        "currency": _session_of(asked["payment_intent"])["currency"],
        "payment_intent": asked["payment_intent"],
        "metadata": {"institution": asked["metadata[institution]"], "refund": asked["metadata[refund]"]},
    }


def _session_of(intent: str) -> dict[str, Any]:
    return TrialObject.objects.get(ref=intent.replace("pi_", "cs_", 1)).body


@transaction.atomic
def answer_checkout(*, ref: str, way: str) -> dict[str, Any]:
    """The family has paid, or its card was declined: the object changes, and a message goes out (or not)."""
    row = TrialObject.objects.select_for_update().get(ref=ref)
    if row.body["status"] == "open":
        if way == "decline":
            row.body |= {"status": "expired"}
        else:
            intent = ref.replace("cs_", "pi_", 1)
            row.body |= {"status": "complete", "payment_status": "paid", "payment_intent": intent}
        row.save(update_fields=["body"])
        kind = "checkout.session.expired" if way == "decline" else "checkout.session.completed"
        delay = WAYS[way]
        if delay is not None:
            event = f"evt_{secrets.token_urlsafe(18)}"
            schedule(
                "bookings.payments.local.tell",
                ref,
                kind,
                event,
                schedule_type=Schedule.ONCE,
                next_run=timezone.now() + timedelta(seconds=delay),
                cluster="mail",
            )
    return row.body


def message(*, ref: str, kind: str, event_id: str) -> tuple[bytes, str]:
    """A message as Stripe would send it, and its signature."""
    about = TrialObject.objects.get(ref=ref).body
    body = json.dumps(
        {
            "id": event_id,
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": about},
        }
    )
    now = int(time.time())  # by the clock by which the signature is judged
    signed = stripe.WebhookSignature._compute_signature(f"{now}.{body}", webhook_secret())
    return body.encode(), f"t={now},v1={signed}"


def tell(ref: str, kind: str, event_id: str) -> None:
    """Post the message to this site, twice, as a provider may."""
    body, signature = message(ref=ref, kind=kind, event_id=event_id)
    address = settings.SITE_URL + reverse("bookings:payment_webhook", args=["local"])
    for _again in range(2):
        urlopen(Request(address, body, {"Stripe-Signature": signature}), timeout=20).close()  # noqa: S310
