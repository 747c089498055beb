"""Members, files and save points in the staff site, and the pages about the project as a whole."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import drafts, files, project_pages, savepoints, sharing
from .admin import ProjectScopedAdmin, ProjectScopedForm
from .forms import MemberForm
from .models import ProjectMember, ProjectRole, SavePoint, StoredFile
from .site import Page

PROJECT = Page("project", "project/", project_pages.project, gettext_lazy("This project"), "settings")
INSTITUTION = Page(
    "institution",
    "institution/",
    project_pages.institution,
    gettext_lazy("The institution"),
    "building-2",
    lambda standing: standing.project is None and standing.is_administrator,
)
NEW_PROJECT = Page(
    "new_project",
    "new-project/",
    project_pages.new_project,
    gettext_lazy("New project"),
    "plus",
    lambda standing: standing.project is None and standing.may_make_projects,
)
PAGES = [
    PROJECT,
    INSTITUTION,
    NEW_PROJECT,
    Page("go_back", "save-points/<int:number>/go-back/", project_pages.go_back),
    Page("file", "files/<int:number>/", project_pages.file),
    Page("drafts", "drafts/", drafts.drafts, may_open=lambda standing: True),
]


@admin.register(ProjectMember)
class ProjectMemberAdmin(ProjectScopedAdmin):
    about = gettext_lazy(
        "Who works in this project. Its owners let others in. Administrators own every project of theirs."
    )
    # Whoever leaves must not go on reading.
    outlives_archive = True
    icon = "user-cog"
    form = MemberForm
    refusals = (sharing.CannotShare,)
    edit_roles = frozenset({ProjectRole.OWNER})
    list_display = ("user", "email", "role", "department")
    list_filter = ("role",)
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email", "department")
    ordering = ("user__name", "user__email")
    # One by one: the last owner stays.
    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "role", "department") if obj else ("email", "role", "department")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user",) if obj else ()

    def save_model(self, request: HttpRequest, obj: ProjectMember, form: Any, change: bool) -> None:
        told = {"role": obj.role, "department": obj.department, "by": request.user}
        if change:
            sharing.change_role(member=obj, **told)
            return
        made = sharing.add_member(project=request.project, email=form.cleaned_data["email"], **told)
        obj.pk, obj.user = made.pk, made.user

    def delete_model(self, request: HttpRequest, obj: ProjectMember) -> None:
        sharing.remove_member(member=obj, by=request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and not (obj and sharing.is_last_owner(obj))

    @admin.display(description=gettext_lazy("e-mail"), ordering="user__email")
    def email(self, member: ProjectMember) -> str:
        return member.user.email


class _Kept(ProjectScopedAdmin):
    """Rows that come with a file: made and removed by their acts, never edited."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            self.delete_model(request, row)

    @admin.display(description=gettext_lazy("size"), ordering="size")
    def shown_size(self, row: Any) -> str:
        return filesizeformat(row.size)


@admin.register(StoredFile)
class StoredFileAdmin(_Kept):
    about = gettext_lazy("What was uploaded and what was made of it. Uploads are for those who plan.")
    when_empty = gettext_lazy("Uploaded workbooks and prints will be here.")
    icon = "folder"
    list_display = ("shown_name", "kind", "shown_size", "created_by", "created_at")
    list_display_links = None
    list_filter = ("kind",)
    list_select_related = ("created_by",)
    search_fields = ("name",)
    fields = readonly_fields = ("shown_name", "kind", "shown_size", "created_by", "created_at", "sha256")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        return files.readable(request.standing, rows) if request.standing else rows.none()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: StoredFile) -> None:
        files.remove(stored=obj)

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def shown_name(self, stored: StoredFile) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:file", args=[stored.pk]), stored.name)


class SavePointForm(ProjectScopedForm):
    class Meta:
        model = SavePoint
        fields = ("name",)

    def clean_name(self) -> str:
        try:
            savepoints.check_name(project=self.project, name=self.cleaned_data["name"])
        except savepoints.CannotSave as reason:
            raise forms.ValidationError(str(reason)) from None
        return self.cleaned_data["name"].strip()


@admin.register(SavePoint)
class SavePointAdmin(_Kept):
    about = gettext_lazy("States of the whole project that it can go back to.")
    when_empty = gettext_lazy("Make one before a large change: all data, rules and solutions are kept.")
    icon = "save"
    form = SavePointForm
    refusals = (savepoints.CannotSave,)
    list_display = ("name", "stage", "shown_size", "created_by", "created_at", "back")
    list_select_related = ("created_by",)
    search_fields = ("name",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """The way back is offered to those who may go it."""
        return self.list_display if self._may_edit(request) else self.list_display[:-1]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_list_display(request) if obj else ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj) if obj else ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request)

    def save_model(self, request: HttpRequest, obj: SavePoint, form: ModelForm, change: bool) -> None:
        made = savepoints.make(project=request.project, name=obj.name, by=request.user)
        for field in made._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))
        obj._state.adding = False

    def delete_model(self, request: HttpRequest, obj: SavePoint) -> None:
        savepoints.remove(savepoint=obj)

    @admin.display(description="")
    def back(self, point: SavePoint) -> str:
        return format_html(
            '<a class="button small" href="{}">{}</a>',
            reverse("admin:go_back", args=[point.pk]),
            _("Go back"),
        )


admin.site.pages += PAGES  # type: ignore[attr-defined]
