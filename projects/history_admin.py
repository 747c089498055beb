"""History for people to read: the list of a project or institution, and what became of one row."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from . import history
from .models import Change, TenantModel


class Line(NamedTuple):
    """One value before and after; `row` names which of many."""

    row: str
    field: str
    before: Any
    after: Any


def visible_changes(request: HttpRequest) -> models.QuerySet[Change]:
    """A project's history to those with a standing in it, less what was confided to others; the
    institution's to its administrators."""
    changes = Change.objects.for_institution(request.institution).select_related("by")
    if request.project:
        changes = changes.filter(project_id=request.project.pk)
        return changes if request.standing.may_read_confidences else changes.exclude(model__in=confidential())
    return changes if request.standing and request.standing.is_administrator else changes.none()


def confidential() -> list[str]:
    return [
        model._meta.label_lower
        for model in apps.get_models()
        if issubclass(model, TenantModel) and model.is_confidential
    ]


def kind(change: Change) -> str:
    """What was changed, in the models' own words."""
    try:
        meta = apps.get_model(change.model)._meta
    except (LookupError, ValueError):
        return change.model
    return capfirst(str(meta.verbose_name if change.is_of_one_row else meta.verbose_name_plural))


def lines(change: Change) -> list[Line]:
    """The values before and after, with the fields' names and the names of the rows that are still there."""
    return [Line(row, field, _shown(was), _shown(now)) for row, field, was, now in _lines(change)]


def _lines(change: Change) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [Line("", "", before, after)]
    is_sample = any(isinstance(values, dict) for values in [*before.values(), *after.values()])
    try:
        model = apps.get_model(change.model)
    except (LookupError, ValueError):
        return [Line("", name, before.get(name), after.get(name)) for name in {**before, **after}]
    if not is_sample:
        return [
            Line("", _field_name(model, name), before.get(name), after.get(name))
            for name in {**before, **after}
            if before.get(name) != after.get(name)
        ]
    names = _row_names(model, change, {**before, **after})
    references = _reference_names(model, change, [*before.values(), *after.values()])
    found = []
    for row in {**before, **after}:
        was, now = before.get(row) or {}, after.get(row) or {}
        found += [
            Line(
                names.get(row, row),
                _field_name(model, name),
                references.get((name, was.get(name)), was.get(name)),
                references.get((name, now.get(name)), now.get(name)),
            )
            for name in {**was, **now}
            if was.get(name) != now.get(name)
        ]
    return found


def object_history(
    request: HttpRequest, model_admin: admin.ModelAdmin, object_id: str, extra: dict[str, Any] | None = None
) -> HttpResponse:
    """The page behind a row's "history": its own changes, and the bulk changes that may have touched it.

    For ModelAdmin.history_view of every admin inside the wall.
    """
    row = model_admin.get_object(request, unquote(object_id))
    if row is None:
        raise Http404
    if not model_admin.has_view_permission(request, row):
        raise PermissionDenied
    changes = visible_changes(request).filter(model=row._meta.label_lower)
    own = models.Q(row_id=str(row.pk))
    in_sample = models.Q(row_id="", before__has_key=str(row.pk)) | models.Q(
        row_id="", after__has_key=str(row.pk)
    )
    page = Paginator(changes.filter(own | in_sample), 50).get_page(request.GET.get("page"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": history.shown_label(row._meta.label_lower, str(row)),
        "opts": model_admin.opts,
        "object": row,
        "page": page,
        "changes": [(change, lines(change)) for change in page],
        **(extra or {}),
    }
    return TemplateResponse(request, "admin/object_history.html", context)


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        labels = visible_changes(request).order_by().values_list("model", flat=True).distinct()
        kinds = [(label, kind(Change(model=label, rows=2))) for label in labels if label]
        return sorted(kinds, key=lambda entry: entry[1])

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(model=self.value()) if self.value() else queryset


class ByFilter(admin.SimpleListFilter):
    title = _("by")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = visible_changes(request).order_by().filter(by__isnull=False)
        found = people.values_list("by", "by__name", "by__email").distinct()
        return sorted(((str(pk), name or email) for pk, name, email in found), key=lambda entry: entry[1])

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        value = self.value() or ""
        return queryset.filter(by=value) if value.isdecimal() else queryset


@admin.register(Change)
class ChangeAdmin(admin.ModelAdmin):
    about = _("Who changed what, when, and from what to what. Nobody can change or delete a line.")
    icon = "history"
    list_display = ("at", "by", "action", "kind", "what", "rows", "reason")
    list_display_links = ("at",)
    list_filter = ("action", KindFilter, ByFilter)
    search_fields = ("label", "reason")
    list_per_page = 50
    show_full_result_count = False
    actions = None
    fields = readonly_fields = ("at", "by", "action", "kind", "what", "rows", "reason", "values")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Change]:
        return visible_changes(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Change | None = None) -> bool:
        standing = request.standing
        return bool(standing and (standing.project or standing.is_administrator))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Change | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Change | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in {"action", "action__exact", KindFilter.parameter_name, ByFilter.parameter_name}

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:projects_change_change", object_id)

    @admin.display(description=_("kind"))
    def kind(self, change: Change) -> str:
        return kind(change)

    @admin.display(description=_("what"))
    def what(self, change: Change) -> str:
        return history.shown_label(change.model, change.label) or "–"

    @admin.display(description=_("before and after"))
    def values(self, change: Change) -> SafeString:
        return values_table(lines(change))


def values_table(found: Sequence[Line]) -> SafeString:
    if not found:
        return mark_safe("–")
    rows = format_html_join(
        "",
        "<tr><th scope='row'>{} {}</th><td>{}</td><td>{}</td></tr>",
        found,
    )
    head = format_html_join("", "<th scope='col'>{}</th>", [(_("field"),), (_("before"),), (_("after"),)])
    return mark_safe(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")  # noqa: S308


def _shown(value: Any) -> Any:
    if value is True:
        return _("yes")
    if value is False:
        return _("no")
    return "–" if value in (None, "") else value


def _field_name(model: type[models.Model], name: str) -> str:
    try:
        return str(model._meta.get_field(name).verbose_name)
    except FieldDoesNotExist:
        return name


def _row_names(model: type[models.Model], change: Change, keys: dict[str, Any]) -> dict[str, str]:
    numbers = [key for key in keys if key.isdecimal()]
    rows = model._base_manager.filter(pk__in=numbers)
    if _is_of_a_tenant(model):
        rows = rows.filter(institution=change.institution_id)
    return {str(row.pk): history.shown_label(model._meta.label_lower, str(row)) for row in rows}


def _is_of_a_tenant(model: type[models.Model]) -> bool:
    return any(field.name == "institution" for field in model._meta.concrete_fields)


def _reference_names(
    model: type[models.Model], change: Change, samples: list[Any]
) -> dict[tuple[str, Any], str]:
    """(field, number) → the name of the row there, inside the same institution."""
    names = {}
    for field in model._meta.concrete_fields:
        if not isinstance(field, models.ForeignKey):
            continue
        numbers = {sample[field.name] for sample in samples if (sample or {}).get(field.name)}
        rows = field.related_model._base_manager.filter(pk__in=numbers)
        if _is_of_a_tenant(field.related_model):
            rows = rows.filter(institution=change.institution_id)
        names |= {(field.name, row.pk): str(row) for row in rows}
    return names
