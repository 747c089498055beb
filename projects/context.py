"""What every template may know about where the request stands."""

from typing import Any

from django.http import HttpRequest


def tenant(request: HttpRequest) -> dict[str, Any]:
    return {
        "institution": getattr(request, "institution", None),
        "project": getattr(request, "project", None),
        "standing": getattr(request, "standing", None),
    }
