"""The staff site: Django's admin behind the wall."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from . import access


class StaffSite(AdminSite):
    site_header = _("Datesheet")
    site_title = _("Datesheet")
    index_title = _("Projects")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Inside an institution the middleware has decided; outside are only the installation's own pages."""
        if getattr(request, "standing", None):
            return True
        return request.user.is_active and (
            access.is_staff_somewhere(request.user) or request.user.is_superuser
        )

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One way to sign in, with its throttling and second factor."""
        return redirect("account_login")
