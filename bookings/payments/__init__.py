"""Card payments: one interface, Stripe as the real provider, a local one for demos and tests."""

from functools import cache

from django.conf import settings

from .provider import (
    Checkout,
    Event,
    News,
    NotFromProvider,
    Provider,
    ProviderRefused,
    ProviderSilent,
    major_units,
)

__all__ = [
    "Checkout",
    "Event",
    "News",
    "NotFromProvider",
    "Provider",
    "ProviderRefused",
    "ProviderSilent",
    "card_provider",
    "major_units",
    "provider_named",
]


def card_provider() -> Provider | None:
    """Who takes card payments here; None where nobody does."""
    return provider_named(settings.CARD_PAYMENTS) if settings.CARD_PAYMENTS else None


@cache
def provider_named(name: str) -> Provider:
    """The provider of that name; KeyError for another. Loaded when wanted: Stripe's library is large."""
    from .stripe import Stripe

    if name == "stripe":
        return Stripe(key=settings.STRIPE_SECRET_KEY, webhook_secret=settings.STRIPE_WEBHOOK_SECRET)
    if name == "local" and not settings.IS_PRODUCTION:
        from . import local

        provider = Stripe(
            key=local.KEY, webhook_secret=local.webhook_secret(), http_client=local.LocalStripe()
        )
        provider.name = "local"
        return provider
    raise KeyError(name)
