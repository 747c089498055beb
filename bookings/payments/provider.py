"""What the product asks of whoever moves card money. bookings.payments.stripe is the real one."""

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ..models import Payment, Refund

# Currencies counted whole or in thousandths (docs.stripe.com/currencies); all others in hundredths.
WHOLE = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


class ProviderSilent(Exception):
    """The provider gave no answer: whether it acted is not known, and is asked for later."""


class ProviderRefused(Exception):
    """The provider will not do it; why, in its words."""


class NotFromProvider(Exception):
    """A message that the provider did not sign, or signed too long ago."""


class Event(StrEnum):
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund failed"
    OTHER = "other"


class Checkout(NamedTuple):
    """A payment begun: the provider's number for it, and the page where the family pays."""

    ref: str
    url: str


class News(NamedTuple):
    """What the provider says of one payment or refund, by its own number."""

    event: Event
    ref: str
    event_id: str = ""
    amount: Decimal | None = None
    currency: str = ""
    kind: str = ""
    payload: dict[str, Any] = {}  # read only


class Provider(Protocol):
    """Each call may raise ProviderSilent or ProviderRefused, and is safe to repeat: it acts once."""

    name: str

    def begin(self, payment: Payment, *, what: str, paid_url: str, back_url: str) -> Checkout: ...

    def ask(self, payment: Payment) -> News:
        """How a payment stands; OTHER while it is open."""

    def refund(self, refund: Refund) -> News:
        """Send money back the way it came; OTHER while it is on its way."""

    def read(self, body: bytes, signature: str) -> News:
        """What a message says. NotFromProvider unless it is signed and fresh."""


def minor_units(amount: Decimal, currency: str) -> int:
    """10.50 GBP → 1050, 500 JPY → 500: the whole numbers that providers count in."""
    return int(amount.scaleb(digits(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def major_units(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-digits(currency))


def digits(currency: str) -> int:
    """How many of an amount stand after the point."""
    return 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2
