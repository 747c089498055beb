"""Admin base classes inside the wall: the list, the object, every choice and the new row's tenant.

A model admin of a ProjectModel inherits ProjectScopedAdmin, an inline ProjectScopedInline. Both work only at
an address inside a project (projects.middleware); elsewhere they show no rows and grant no right.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import BadRequest
from django.db import IntegrityError, models
from django.forms import BaseInlineFormSet, ModelForm, ModelMultipleChoiceField, Script
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from . import access, history_admin
from .addresses import number
from .models import ProjectModel, ProjectRole, Role, TenantModel

# What a hierarchy of dates asks of its field.
DATES_ASK = ("year", "month", "day", "gte", "lt")


class RefusedForm(ModelForm):
    """Says why it could not be saved, though nothing was wrong with it when it was checked."""

    refusal = ""

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.refusal and not self.errors:
            self.add_error(None, self.refusal)


class ProjectScopedForm(RefusedForm):
    """Knows its project before it is checked: without it Django skips the constraints that name it."""

    project: Any = None
    standing: access.Standing | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if self.project is not None and self.instance.project_id is None:
            self.instance.project = self.project
            self.instance.institution_id = self.project.institution_id

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"project", "institution"}

    def _post_clean(self) -> None:
        """A member of a department cannot move a row into another one."""
        super()._post_clean()
        standing = self.standing
        if standing is None or standing.project_role != ProjectRole.DEPARTMENT or self.errors:
            return
        if self.instance.pk and not self.has_changed():
            return
        if not standing.may_edit_row(self.instance):
            self.add_error(None, _("Choose your own department."))


class _InsideTheProject:
    """What model admins and inlines share: rows, choices and rights of request.project only."""

    form = ProjectScopedForm
    # Who may change rows; everybody with a standing in the project may look.
    edit_roles: frozenset[ProjectRole] = access.EDITORS
    # What may still change when the rest is archived.
    outlives_archive = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).for_project(request.project)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> type[ModelForm]:
        form = super().get_form(request, obj, **kwargs)
        form.project, form.standing = request.project, request.standing
        form.refusal = getattr(request, "refusal", "")
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request) and "widget" not in kwargs:
            kwargs["widget"] = KnownRowSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request) and "widget" not in kwargs:
            kwargs["widget"] = KnownRowsSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        related = db_field.related_model
        if isinstance(related, type) and issubclass(related, TenantModel) and "queryset" not in kwargs:
            rows = related._default_manager.get_queryset()
            kwargs["queryset"] = (
                rows.for_project(request.project)
                if issubclass(related, ProjectModel)
                else rows.for_institution(request.institution)
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def _may_edit(self, request: HttpRequest) -> bool:
        standing = request.standing
        return bool(
            standing
            and standing.project
            and (self.outlives_archive or not standing.project.is_archived)
            and standing.project_role in self.edit_roles
        )

    def _may_edit_row(self, request: HttpRequest, row: Any) -> bool:
        """Without a row, the question is about all rows: those of one department do not count then."""
        if self._may_edit(request):
            return True
        # An editor of rows is not yet one of these: members are the owners' affair.
        is_of_department = bool(request.standing) and request.standing.project_role == ProjectRole.DEPARTMENT
        return row is not None and is_of_department and request.standing.may_edit_row(row)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if request.project is None:
            return False
        return request.standing.may_read_confidences or not self.model.is_confidential

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit_row(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit_row(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit_row(request, obj)


class _NumbersOnly:
    """What an address proposes as a choice, or a form brought back, may be no row's number."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [key for key in value if number(str(key)) is not None], attr)  # type: ignore[misc]


class KnownRowSelect(_NumbersOnly, AutocompleteSelect): ...


class KnownRowsSelect(_NumbersOnly, AutocompleteSelectMultiple): ...


class _ShownAgain:
    """A form that could not be saved after all is shown again, and says why."""

    # What the acts behind save_model raise, in words for the person.
    refusals: tuple[type[Exception], ...] = ()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except self.refusals as reason:
            request.refusal = str(reason)  # type: ignore[attr-defined]
        except IntegrityError:
            # Between check and saving somebody was quicker: often the same person, who clicked twice.
            request.refusal = _(  # type: ignore[attr-defined]
                "The same was saved a moment ago. Look whether it is there before you save again."
            )
        return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]
        except self.refusals as reason:
            self.message_user(request, str(reason), messages.ERROR)  # type: ignore[attr-defined]
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")  # type: ignore[attr-defined]


class _WithHistory:
    """A row's "history" is ours (projects.history): Django's own knows neither bulk changes nor tenants."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return history_admin.object_history(request, self, object_id, extra_context)

    # Django's own log knows no tenant; projects.history writes down what the models do.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None: ...

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None: ...

    def log_deletions(self, request: HttpRequest, queryset: models.QuerySet) -> None: ...


class _ChosenRows:
    def response_action(self, request: HttpRequest, queryset: models.QuerySet) -> Any:
        """What is no key was not ticked on the page; the database may choke on it."""
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if any(number(key) is None for key in keys):
            raise BadRequest("A chosen row has no number.")
        return super().response_action(request, queryset)  # type: ignore[misc]


class _KeepsDrafts:
    """Its forms offer again what was typed and not saved (projects.drafts)."""

    class Media:
        js = (Script("js/drafts.js", defer=True),)


class ProjectScopedAdmin(
    _InsideTheProject, _ShownAgain, _WithHistory, _KeepsDrafts, _ChosenRows, admin.ModelAdmin
):
    list_per_page = 50
    show_full_result_count = False
    # Words on the list's page: what these rows are, and what to do while there are none.
    about: Any = ""
    when_empty: Any = ""
    icon = "square"
    # More rows than this are not removed one by one: their sheet is uploaded again.
    most_removed_at_once = 1_000

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Members of a department add rows to it, where rows of this kind belong to one."""
        if self._may_edit(request):
            return True
        standing = request.standing
        return bool(
            standing
            and standing.project
            and not standing.project.is_archived
            and standing.project_role == ProjectRole.DEPARTMENT
            and access.department_field(self.model)
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What the list's own filters ask, no more: a pattern of somebody's making can take for ever."""
        asked = {f"{self.date_hierarchy}__{how}" for how in DATES_ASK}
        for entry in self.get_list_filter(request):
            if isinstance(entry, str):
                asked |= {entry, f"{entry}__exact", f"{entry}__isnull"}
            elif isinstance(entry, tuple):
                asked |= {f"{entry[0]}__{how}" for how in ("id__exact", "isnull", "isempty")}
            else:
                asked.add(entry.parameter_name)
        return lookup in asked and super().lookup_allowed(lookup, value, request)

    def get_search_results(self, request: HttpRequest, queryset: models.QuerySet, search_term: str) -> Any:
        # Autocomplete begins from the default manager of the *other* model's admin: narrow it here as well.
        return super().get_search_results(request, queryset.for_project(request.project), search_term)

    def get_action_choices(self, request: HttpRequest, default_choices: Any = None) -> Any:
        return super().get_action_choices(request, default_choices or [("", _("With the chosen rows …"))])

    def response_action(self, request: HttpRequest, queryset: models.QuerySet) -> Any:
        """To ask whether all of a long list may go would fill a page with a hundred thousand rows."""
        removes_all = (
            request.POST.get("action") == "delete_selected" and request.POST.get("select_across") == "1"
        )
        if removes_all and (rows := queryset.count()) > self.most_removed_at_once:
            words = _("%(rows)s rows are too many to remove here. Choose at most %(most)s, or upload anew.")
            self.message_user(
                request, words % {"rows": rows, "most": self.most_removed_at_once}, messages.WARNING
            )
            return None
        return super().response_action(request, queryset)


class LabelledFormSet(BaseInlineFormSet):
    """The box that removes a row stands in a table, apart from its label: it says itself what it does.

    Rows below a department's own row may be of another department.
    """

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        standing = getattr(form, "standing", None)
        if standing and standing.project_role == ProjectRole.DEPARTMENT and form.instance.pk:
            # The row of their teacher may be another department's: it is shown, and stays.
            is_theirs = standing.may_edit_row(form.instance)
            for name in set(form.fields) - {self._pk_field.name, self.fk.name}:
                form.fields[name].disabled = not is_theirs
        if DELETION_FIELD_NAME in form.fields:
            form.fields[DELETION_FIELD_NAME].widget.attrs["aria-label"] = _("Remove this row")


class ProjectScopedInline(_InsideTheProject, admin.TabularInline):
    extra = 0
    formset = LabelledFormSet

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.project, formset.form.standing = request.project, request.standing
        return formset


class InstitutionScopedForm(RefusedForm):
    """Knows its institution before it is checked, as ProjectScopedForm its project."""

    institution: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.institution is not None and self.instance.institution_id is None:
            self.instance.institution = self.institution
        for field in self.fields.values():
            if isinstance(field, ModelMultipleChoiceField):
                # Django's sentence repeats the key that was sent, whosesoever it is.
                field.error_messages["invalid_choice"] = _("Choose from this list.")

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"institution"}


class InstitutionScopedAdmin(_ShownAgain, _WithHistory, _KeepsDrafts, _ChosenRows, admin.ModelAdmin):
    """The office's pages: rows of request.institution, for the roles named, outside any project."""

    form: type[ModelForm] = InstitutionScopedForm
    view_roles: frozenset[Role] = frozenset({Role.ADMINISTRATOR, Role.OFFICE})
    edit_roles: frozenset[Role] = frozenset({Role.ADMINISTRATOR})
    list_per_page = 50
    show_full_result_count = False
    about: Any = ""
    when_empty: Any = ""
    icon = "square"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).for_institution(request.institution)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> type[ModelForm]:
        form = super().get_form(request, obj, **kwargs)
        form.institution = request.institution
        form.refusal = getattr(request, "refusal", "")
        return form

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        related = db_field.related_model
        if isinstance(related, type) and issubclass(related, TenantModel) and "queryset" not in kwargs:
            kwargs["queryset"] = related._default_manager.get_queryset().for_institution(request.institution)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: models.QuerySet, search_term: str) -> Any:
        return super().get_search_results(request, queryset.for_institution(request.institution), search_term)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No looking through a reference into the tenant or its people."""
        return "__" not in lookup.removesuffix("__exact") and lookup.split("__")[0] in self.list_filter

    def _has_role(self, request: HttpRequest, roles: frozenset[Role]) -> bool:
        standing = request.standing
        return bool(standing and standing.project is None and standing.institution_role in roles)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._has_role(request, self.view_roles)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has_role(request, self.view_roles)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has_role(request, self.edit_roles)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has_role(request, self.edit_roles)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has_role(request, self.edit_roles)


class ProjectScopedRelatedFilter(admin.RelatedFieldListFilter):
    """A filter on a reference that offers this project's rows only."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        rows = field.related_model._default_manager.for_project(request.project)
        return [(row.pk, str(row)) for row in rows]


# The pages of the office and of the project: registered when Django looks for this module.
from . import admin_office, admin_project  # noqa: E402, F401
