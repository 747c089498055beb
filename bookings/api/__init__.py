"""The bookings of an institution for other systems: JSON under /api/v1, described by /api/v1/openapi.json.

A client sends its token (`Authorization: Bearer …`) and acts for guardians. What gives a place takes an
`Idempotency-Key`: the same key with the same question is answered again without acting twice, with another
question it is refused (422). In a rush the answer is 429 with Retry-After, and nothing was written. Whatever
is refused says why, for programs (`code`) and for people (`message`).
"""

from . import catalogue, people, places, queues
from .door import api

for routes in (catalogue, people, places, queues):
    api.add_router("", routes.router)

__all__ = ["api"]
