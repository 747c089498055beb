"""What a plan uses stays; the page that says so names the plans, not their thousands of placements."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html

from ..models import Solution


class NeededBySolutions:
    """An admin of rows that placements refer to: `used_as` is the way to them from a solution.

    `instead` says how new plans do without the row, for what was published stays.
    """

    used_as: str
    instead: str | Promise

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        users = Solution.objects.for_project(request.project).filter(**{f"{self.used_as}__in": objs})
        links = [
            format_html('<a href="{}">{}</a>', reverse("admin:solution", args=[solution.pk]), solution)
            for solution in users.distinct()
        ]
        if links:
            request.instead = self.instead  # type: ignore[attr-defined]
            return [], {}, set(), links
        return super().get_deleted_objects(objs, request)  # type: ignore[misc]
