"""What families are told about money: rows of the outbox, written in the transaction of what they tell."""

from typing import Any

from projects import outbox

from .models import Booking, Guardian, Household, Instalment, Payment


def tell_receipt(payment: Payment) -> None:
    _tell(payment.household, "bookings_receipt", f"receipt:{payment.pk}", payment=payment)


def tell_taken_back(payment: Payment) -> None:
    _tell(payment.household, "bookings_taken_back", f"taken-back:{payment.pk}", payment=payment)


def tell_place_gone(booking: Booking) -> None:
    _tell(booking.household, "bookings_place_gone", f"place-gone:{booking.pk}", booking=booking)


def tell_instalment_due(part: Instalment) -> None:
    _tell(part.charge.household, "bookings_instalment_due", f"instalment-due:{part.pk}", part=part)


def tell_instalment_failed(part: Instalment) -> None:
    _tell(part.charge.household, "bookings_instalment_failed", f"instalment-failed:{part.pk}", part=part)


def _tell(household: Household | None, template: str, about: str, **context: Any) -> None:
    """One message to each guardian of the household who has an address."""
    if household is None:
        return
    guardians = Guardian.objects.filter(household=household, is_active=True).exclude(email="")
    for guardian in guardians:
        outbox.write(
            institution=household.institution,
            to=guardian.email,
            template=template,
            context={**context, "guardian": guardian},
            language=guardian.language,
            dedupe=f"{about}:{guardian.pk}",
        )
