"""The staff site: Django's admin behind the wall, with a front page and a navigation of its own.

An app adds its pages and the sections of the navigation when its admin module is loaded; projects knows none
of them by name.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from . import access
from .addresses import outside
from .models import Stage

Words = str | Promise


class Page(NamedTuple):
    """A page of a project that is no list of rows. Everybody with a standing may open it unless told else."""

    name: str
    route: str
    view: Callable[..., HttpResponse]
    label: Words = ""
    icon: str = "square"
    may_open: Callable[[access.Standing], bool] = lambda standing: standing.project is not None


class Listing(NamedTuple):
    """A list of rows in the navigation."""

    model: type[Model]
    icon: str = "square"


class Tile(NamedTuple):
    """What an institution's front page leads to: how many there are, and whether they wait for somebody."""

    label: Words
    address: str
    icon: str
    count: int | None = None
    waits: bool = False


class Section(NamedTuple):
    label: Words
    entries: Sequence[Page | Listing]


class Link(NamedTuple):
    label: Words
    address: str
    icon: str
    is_current: bool


class Step(NamedTuple):
    """A stage as the stepper shows it."""

    label: Words
    number: int
    address: str
    is_done: bool
    is_current: bool


OWN_APPS = frozenset({"accounts", "projects", "scheduling", "bookings"})


class StaffSite(AdminSite):
    site_header = _("Datesheet")
    site_title = _("Datesheet")
    index_title = _("Projects")
    enable_nav_sidebar = False
    empty_value_display = "–"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages: list[Page] = []
        self.sections: list[Section] = []
        # Where a stage's work is done; a stage without a page is not built yet.
        self.stage_pages: dict[Stage, str] = {}
        self.project_front: Callable[[HttpRequest], HttpResponse] | None = None
        self.tiles: list[Callable[[HttpRequest], Iterable[Tile]]] = []

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Our own apps only. Others' admin pages know no tenant, and the queue's schedules run any code."""
        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else model_or_iterable
        own = [model for model in models if model._meta.app_label in OWN_APPS]
        if own:
            super().register(own, admin_class, **options)

    # --- who may come in --------------------------------------------------------------------------------
    def has_permission(self, request: HttpRequest) -> bool:
        """Inside an institution the middleware has decided; outside are only the installation's own pages."""
        if getattr(request, "standing", None):
            return True
        return request.user.is_active and (
            access.is_staff_somewhere(request.user) or request.user.is_superuser
        )

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One way to sign in, with its throttling and second factor."""
        return redirect(outside(request, "account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect(outside(request, "account_logout"))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect(outside(request, "account_change_password"))

    # --- front pages ------------------------------------------------------------------------------------
    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.project and self.project_front:
            return self.project_front(request)
        if request.institution:
            return self.institution_front(request)
        if not request.user.is_superuser:
            return redirect("home")
        return super().index(request, extra_context)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.institution:
            return redirect("admin:index")
        return super().app_index(request, app_label, extra_context)

    def institution_front(self, request: HttpRequest) -> HttpResponse:
        projects = access.projects_of(request.user).filter(institution=request.institution)
        context = {
            **self.each_context(request),
            "title": request.institution.name,
            "projects": projects,
            "tiles": [tile for ask in self.tiles for tile in ask(request)],
        }
        return TemplateResponse(request, "admin/institution.html", context)

    # --- pages and navigation ---------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        mine = [path(page.route, self.admin_view(self._inside(page)), name=page.name) for page in self.pages]
        return mine + super().get_urls()

    def _inside(self, page: Page) -> Callable[..., HttpResponse]:
        """Pages of a project answer only where they may be opened; elsewhere there is nothing."""

        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.standing is None or not page.may_open(request.standing):
                raise PermissionDenied
            return page.view(request, *args, **kwargs)

        return view

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "has_permission": self.has_permission(request),
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
            "available_apps": [],
            "log_entries": None,
            "navigation": self.navigation(request),
            "steps": self.steps(request),
        }

    def navigation(self, request: HttpRequest) -> list[tuple[Words, list[Link]]]:
        """The sections with what this person may open here; an empty section is left out."""
        if request.institution is None:
            return []
        sections = [
            (section.label, [link for entry in section.entries if (link := self._link(request, entry))])
            for section in self.sections
        ]
        return [(label, links) for label, links in sections if links]

    def _link(self, request: HttpRequest, entry: Page | Listing) -> Link | None:
        if isinstance(entry, Page):
            if not entry.may_open(request.standing):
                return None
            address, label = reverse(f"admin:{entry.name}"), entry.label
        else:
            model_admin = self._registry.get(entry.model)
            if model_admin is None or not model_admin.has_view_permission(request):
                return None
            meta = entry.model._meta
            address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
            label = capfirst(str(meta.verbose_name_plural))
        return Link(label, address, entry.icon, request.path.startswith(address))

    def _address(self, request: HttpRequest, stage: Stage) -> str:
        """Of the stage's page, if there is one that this person may open."""
        name = self.stage_pages.get(stage)
        may_open = any(page.name == name and page.may_open(request.standing) for page in self.pages)
        return reverse(f"admin:{name}") if may_open else ""

    def steps(self, request: HttpRequest) -> list[Step]:
        if request.project is None:
            return []
        now = Stage(request.project.stage)
        return [
            Step(
                label=stage.label,
                number=number + 1,
                address=self._address(request, stage),
                is_done=stage.number < now.number and stage in self.stage_pages,
                is_current=stage == now,
            )
            for number, stage in enumerate(Stage)
        ]
