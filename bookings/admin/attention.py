"""What waits for the office, on one page."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from .. import attention as reading
from .looking_first import page


def attention(request: HttpRequest) -> HttpResponse:
    matters = [
        (matter, [(row.words, reverse(f"admin:{row.page}", args=row.of)) for row in matter.shown])
        for matter in reading.matters(request.institution)
    ]
    return page(request, "attention", title=_("What waits for you"), matters=matters)
