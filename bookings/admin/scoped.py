"""Admin classes for the office: rows of the institution, read-only where only acts may write."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db import models
from django.forms import BaseInlineFormSet
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _

from projects.admin import InstitutionScopedAdmin, InstitutionScopedForm
from projects.models import Role, TenantModel

from ..templatetags.activities import money

OFFICE = frozenset({Role.ADMINISTRATOR, Role.OFFICE})


class NamedDateTime(AdminSplitDateTime):
    """The two halves of a moment say which they are: their words stand beside them, but are no labels."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for half, words in zip(context["widget"]["subwidgets"], (_("Date"), _("Time")), strict=True):
            half["attrs"]["aria-label"] = words
        return context


MOMENTS: Any = {models.DateTimeField: {"widget": NamedDateTime}}


class OfficeAdmin(InstitutionScopedAdmin):
    edit_roles = OFFICE
    formfield_overrides = MOMENTS

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What the list's own filters ask, no more."""
        asked = {
            f"{one}__exact" if isinstance(one, str) else getattr(one, "parameter_name", "")
            for one in self.list_filter
        }
        return super().lookup_allowed(lookup, value, request) or lookup in asked


class WithoutDuplicates:
    """Rows that were merged into another are seen in the list of merges only (bookings.merging)."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).filter(merged_into__isnull=True)  # type: ignore[misc]

    def get_search_results(self, request: HttpRequest, queryset: models.QuerySet, search_term: str) -> Any:
        found = queryset.filter(merged_into__isnull=True)
        return super().get_search_results(request, found, search_term)  # type: ignore[misc]


class ReadOnlyAdmin(OfficeAdmin):
    """Rows that acts alone write: they are looked at here, and changed by the buttons."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission

    def has_act_permission(self, request: HttpRequest) -> bool:
        return self._has_role(request, OFFICE)


class OfficeFormSet(BaseInlineFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if DELETION_FIELD_NAME in form.fields:
            form.fields[DELETION_FIELD_NAME].widget.attrs["aria-label"] = _("Remove this row")


class OfficeInline(admin.TabularInline):
    """Rows below another row of the institution."""

    extra = 0
    form = InstitutionScopedForm
    formset = OfficeFormSet
    formfield_overrides = MOMENTS

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).for_institution(request.institution)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.institution = request.institution
        return formset

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        related = db_field.related_model
        if isinstance(related, type) and issubclass(related, TenantModel) and "queryset" not in kwargs:
            kwargs["queryset"] = related._default_manager.get_queryset().for_institution(request.institution)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def _is_office(self, request: HttpRequest, obj: Any = None) -> bool:
        standing = request.standing
        return bool(standing and standing.project is None and standing.institution_role in OFFICE)

    has_view_permission = has_add_permission = has_change_permission = has_delete_permission = _is_office


class ReadOnlyInline(OfficeInline):
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


def price_of(field: str, words: Any) -> Callable[[Any], str]:
    """A column of amounts as people read them: Rs 1,500."""

    @admin.display(description=words, ordering=field)
    def shown(row: Any) -> str:
        currency = getattr(row, "currency", "") or row.institution.currency
        return format_html("<bdi>{}</bdi>", money(getattr(row, field), currency))

    return shown


def among(rows: type[TenantModel], field: str, words: Any) -> type[admin.SimpleListFilter]:
    """A filter on a reference that offers this institution's rows only."""

    class Among(admin.SimpleListFilter):
        title = words
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            found = rows._default_manager.for_institution(request.institution)[:200]
            return [(str(row.pk), str(row)) for row in found]

        def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
            chosen = self.value() or ""
            return queryset.filter(**{field: int(chosen)}) if chosen.isdecimal() else queryset

    return Among
