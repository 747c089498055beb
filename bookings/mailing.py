"""A message of the office to all families of a session."""

from django.db import transaction
from django.utils.crypto import get_random_string

from projects import outbox

from .models import Booking, Session


@transaction.atomic
def write_to_families(*, session: Session, subject: str, text: str) -> int:
    """One message to each guardian who booked a live place; how many. They see nobody else's address."""
    live = Booking.objects.live().filter(session=session, booked_by__isnull=False)
    booked = (row.booked_by for row in live.select_related("booked_by"))
    guardians = {guardian for guardian in booked if guardian and guardian.email}
    once = get_random_string(12)
    for guardian in guardians:
        outbox.write(
            institution=session.institution,
            to=guardian.email,
            template="bookings_office",
            context={"subject": subject, "text": text, "session": session},
            language=guardian.language,
            dedupe=f"office:{once}:{guardian.pk}",
        )
    return len(guardians)
