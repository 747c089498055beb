"""Card payments by Stripe Checkout (docs.stripe.com/payments/checkout), through Stripe's own library.

The family pays on Stripe's page; no card number ever reaches this site. A signed message says what became of
it; where none comes, the state is asked for.
"""

import json
from typing import Any

import stripe
from stripe import StripeClient

from ..models import Payment, Refund
from .provider import (
    Checkout,
    Event,
    News,
    NotFromProvider,
    ProviderRefused,
    ProviderSilent,
    major_units,
    minor_units,
)

TOLERANCE_S = 300  # a message that was signed longer ago is not believed

# What Stripe tells (docs.stripe.com/api/events/types); the state of its object decides the rest.
CHECKOUT = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)
REFUND = frozenset({"refund.created", "refund.updated", "refund.failed"})


class Stripe:
    """A provider. `http_client` takes the place of the network."""

    name = "stripe"

    def __init__(self, *, key: str, webhook_secret: str, http_client: Any = None) -> None:
        self.webhook_secret = webhook_secret
        self.client = StripeClient(key, http_client=http_client, max_network_retries=1)

    def begin(self, payment: Payment, *, what: str, paid_url: str, back_url: str) -> Checkout:
        line = {
            "quantity": 1,
            "price_data": {
                "currency": payment.currency.lower(),
                "unit_amount": minor_units(payment.amount, payment.currency),
                "product_data": {"name": what},
            },
        }
        session = self._call(
            self.client.v1.checkout.sessions.create,
            {
                "mode": "payment",
                "client_reference_id": payment.public_id,
                "metadata": {"institution": str(payment.institution_id), "payment": payment.public_id},
                "line_items": [line],
                "success_url": paid_url,
                "cancel_url": back_url,
            },
            {"idempotency_key": payment.attempt_key},
        )
        return Checkout(session.id, session.url)

    def ask(self, payment: Payment) -> News:
        session = self._call(self.client.v1.checkout.sessions.retrieve, payment.provider_ref)
        return _of_session(session.to_dict())

    def refund(self, refund: Refund) -> News:
        payment = refund.payment
        if payment is None:
            raise ProviderRefused("No card payment stands behind this refund.")
        session = self._call(self.client.v1.checkout.sessions.retrieve, payment.provider_ref)
        answer = self._call(
            self.client.v1.refunds.create,
            {
                "payment_intent": session.payment_intent,
                "amount": minor_units(refund.amount, refund.currency),
                "metadata": {"institution": str(refund.institution_id), "refund": refund.attempt_key},
            },
            {"idempotency_key": refund.attempt_key},
        )
        return _of_refund(answer.to_dict())

    def read(self, body: bytes, signature: str) -> News:
        try:
            stripe.WebhookSignature.verify_header(
                body.decode(), signature, self.webhook_secret, tolerance=TOLERANCE_S
            )
            told = json.loads(body)
            kind, about = told["type"], told["data"]["object"]
        except (
            stripe.SignatureVerificationError,
            UnicodeDecodeError,
            ValueError,
            KeyError,
            TypeError,
        ) as fault:
            raise NotFromProvider(str(fault)) from fault
        if kind in CHECKOUT:
            news = _of_session(about, failed=kind.endswith("failed"))
        elif kind in REFUND:
            news = _of_refund(about)
        else:
            news = News(Event.OTHER, str(about.get("id", "")))
        return news._replace(event_id=told["id"], kind=kind)

    def _call(self, method: Any, *args: Any) -> Any:
        try:
            return method(*args)
        except (stripe.APIConnectionError, stripe.RateLimitError) as fault:
            raise ProviderSilent(str(fault)) from fault
        except stripe.APIError as fault:  # their side failed: it may have acted all the same
            raise ProviderSilent(str(fault)) from fault
        except stripe.StripeError as fault:
            raise ProviderRefused(fault.user_message or str(fault)) from fault


def _of_session(session: dict[str, Any], *, failed: bool = False) -> News:
    event = Event.OTHER
    if session.get("payment_status") == "paid":
        event = Event.PAID
    elif failed or session.get("status") == "expired":
        event = Event.FAILED
    currency = str(session.get("currency") or "").upper()
    total = session.get("amount_total")
    amount = None if total is None else major_units(total, currency)
    return News(event, session["id"], amount=amount, currency=currency, payload=_without_people(session))


def _of_refund(refund: dict[str, Any]) -> News:
    event = {"succeeded": Event.REFUNDED, "failed": Event.REFUND_FAILED, "canceled": Event.REFUND_FAILED}.get(
        refund.get("status", ""), Event.OTHER
    )
    currency = str(refund["currency"]).upper()
    amount = major_units(refund["amount"], currency)
    return News(event, refund["id"], amount=amount, currency=currency, payload=_without_people(refund))


def _without_people(about: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a message: numbers and states, nobody's name or address."""
    kept = ("id", "object", "status", "payment_status", "amount_total", "amount", "currency", "metadata")
    return {key: about[key] for key in (*kept, "payment_intent") if about.get(key) is not None}
