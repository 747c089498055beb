"""What families are told about money: rows of the outbox, written in the transaction of what they tell."""

from typing import Any

from projects import outbox

from .models import Booking, Charge, Guardian, Household, Instalment, Payment, Refund, WriteOff


def tell_receipt(payment: Payment) -> None:
    _tell(payment.household, "bookings_receipt", f"receipt:{payment.pk}", payment=payment)


def tell_taken_back(payment: Payment) -> None:
    _tell(payment.household, "bookings_taken_back", f"taken-back:{payment.pk}", payment=payment)


def tell_paid_out(row: Refund) -> None:
    _tell(row.household, "bookings_paid_out", f"paid-out:{row.pk}", refund=row)


def tell_let_off(row: WriteOff) -> None:
    _tell(row.charge.household, "bookings_let_off", f"let-off:{row.pk}", row=row)


def tell_due_again(row: WriteOff) -> None:
    _tell(row.charge.household, "bookings_due_again", f"due-again:{row.pk}", row=row)


def tell_charged(charge: Charge) -> None:
    _tell(charge.household, "bookings_charged", f"charged:{charge.pk}", charge=charge)


def tell_charge_gone(charge: Charge) -> None:
    _tell(charge.household, "bookings_charge_gone", f"charge-gone:{charge.pk}", charge=charge)


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
