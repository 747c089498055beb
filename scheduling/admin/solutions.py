"""Runs and solutions. Acts own every change of them: these lists show, and lead to the pages that act."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from projects.addresses import number as number_in
from projects.admin import ProjectScopedAdmin

from .. import versions
from ..models import Run, Solution

STATE_COLOURS = {
    Run.State.QUEUED: "note",
    Run.State.RUNNING: "accent",
    Run.State.DONE: "good",
    Run.State.FAILED: "bad",
    Run.State.CANCELLED: "warn",
}


class ShownOnly(ProjectScopedAdmin):
    """Rows that people look at here and change elsewhere. `shown_at`: the page of one, if it has its own."""

    shown_at = ""

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.shown_at:
            return super().change_view(request, object_id, *args, **kwargs)
        if number_in(object_id) is None:
            raise Http404
        return redirect(f"admin:{self.shown_at}", object_id)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ShownOnly):
    icon = "play"
    change_list_template = "scheduling/staff/runs_list.html"
    when_empty = _("Nothing was solved yet. Start the first run.")
    shown_at = "run"
    list_display = ["number", "part", "state_now", "asked_at", "took", "seed", "workers", "result", "message"]
    list_display_links = None
    list_filter = ["state"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).prefetch_related("solutions")

    @admin.display(description=_("run"), ordering="pk")
    def number(self, run: Run) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:run", args=[run.pk]), run)

    @admin.display(description=_("state"), ordering="state")
    def state_now(self, run: Run) -> str:
        colour = STATE_COLOURS[Run.State(run.state)]
        return format_html('<span class="badge {}">{}</span>', colour, run.get_state_display())

    @admin.display(description=_("took"))
    def took(self, run: Run) -> str:
        if not (run.started_at and run.ended_at):
            return "–"
        return _("%d s") % (run.ended_at - run.started_at).total_seconds()

    @admin.display(description=_("solution"))
    def result(self, run: Run) -> str:
        solution = next(iter(run.solutions.all()), None)
        if solution is None:
            return "–"
        address = reverse("admin:solution", args=[solution.pk])
        return format_html('<a href="{}">{}</a>', address, solution)


@admin.register(Solution)
class SolutionAdmin(ShownOnly):
    icon = "layers"
    refusals = (versions.CannotRemove,)
    when_empty = _("Each run writes a new solution; none was written yet.")
    shown_at = "solution"
    list_display = [
        "named",
        "state",
        "hard",
        "cost",
        "unplaced",
        "without_seat",
        "open_posts",
        "created_at",
        "parent",
    ]
    list_display_links = None
    list_filter = ["is_live"]
    list_select_related = ["parent"]

    def has_delete_permission(self, request: HttpRequest, obj: Solution | None = None) -> bool:
        """The live one stays, and what was published."""
        return self._may_edit(request) and not (obj and obj.is_live)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The plans by name: what hangs on them are perhaps 100,000 seats, each of which would be read."""
        kept = [reason for row in objs if (reason := versions.why_kept(row))]
        return [str(row) for row in objs], {self.opts.verbose_name_plural: len(objs)}, set(), kept

    def delete_model(self, request: HttpRequest, obj: Solution) -> None:
        versions.remove(solution=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Solution]) -> None:
        for row in queryset:
            versions.remove(solution=row)

    @admin.display(description=_("solution"), ordering="number")
    def named(self, solution: Solution) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:solution", args=[solution.pk]), solution)

    @admin.display(description=_("candidates without a seat"), ordering="unseated")
    def without_seat(self, solution: Solution) -> int | None:
        return solution.unseated if Run.Part.SEATS in solution.measures else None

    @admin.display(description=_("posts without a teacher"), ordering="unfilled")
    def open_posts(self, solution: Solution) -> int | None:
        return solution.unfilled if Run.Part.DUTIES in solution.measures else None

    @admin.display(description=_("state"), ordering="is_live")
    def state(self, solution: Solution) -> str:
        return format_html('<span class="badge good">{}</span>', _("live")) if solution.is_live else ""
