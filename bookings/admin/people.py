"""Families, children, tutors, and what families ask of the office."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from projects.models import Role

from .. import inviting, joining
from ..models import (
    ApiClient,
    AuthorisedCollector,
    Child,
    CoGuardianInvitation,
    ConsentKind,
    DataRequest,
    EmergencyContact,
    Guardian,
    Guardianship,
    Household,
    LinkRequest,
    Tutor,
    YearGroup,
)
from ..models.secrets import new_token, token_hash
from .scoped import OfficeAdmin, OfficeInline, ReadOnlyAdmin, ReadOnlyInline, WithoutDuplicates, among


class GuardianInline(ReadOnlyInline):
    model = Guardian
    fields = readonly_fields = ("name", "email", "phone")
    show_change_link = True


@admin.register(Household)
class HouseholdAdmin(WithoutDuplicates, OfficeAdmin):
    icon = "house"
    about = _("Who pays: guardians who live together have one account.")
    when_empty = _("Import the families, or add them one by one.")
    list_display = ("name", "reference", "created_at", "account")
    fields = ("name", "address", "reference", "account")
    readonly_fields = ("account",)
    search_fields = ("name", "reference")
    inlines = (GuardianInline,)
    actions = None

    def get_fields(self, request: HttpRequest, obj: Household | None = None) -> tuple[str, ...]:
        return self.fields if obj else tuple(field for field in self.fields if field != "account")

    @admin.display(description=_("account"))
    def account(self, row: Household) -> str:
        address = reverse("admin:family_account", args=[row.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Dues and payments"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class GuardianshipInline(OfficeInline):
    model = Guardianship
    fields = (
        "child",
        "relation",
        "may_book",
        "may_see_medical",
        "may_collect",
        "contact_order",
        "valid_from",
        "valid_to",
        "restriction_note",
    )
    autocomplete_fields = ("child",)


@admin.register(Guardian)
class GuardianAdmin(WithoutDuplicates, OfficeAdmin):
    icon = "user"
    list_display = ("name", "household", "email", "phone", "has_account", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("household", "user")
    search_fields = ("name", "email", "phone", "household__reference")
    autocomplete_fields = ("household",)
    fields = ("name", "household", "email", "phone", "language", "wants_texts", "is_active")
    inlines = (GuardianshipInline,)
    actions = ("invite",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("has an account"), boolean=True)
    def has_account(self, row: Guardian) -> bool:
        return row.user_id is not None

    @admin.action(description=_("New code for the school's letter"), permissions=["change"])
    def invite(self, request: HttpRequest, queryset: QuerySet[Guardian]) -> None:
        """The codes are told here, once; only their hashes are kept."""
        for guardian in queryset[:100]:
            code = joining.invite(guardian=guardian, staff=request.user)
            words = gettext("%(name)s: %(code)s (works once, for 60 days)")
            self.message_user(request, words % {"name": guardian.name, "code": code}, messages.SUCCESS)


class EmergencyContactInline(OfficeInline):
    model = EmergencyContact
    fields = ("order", "name", "relation", "phone")


class CollectorInline(OfficeInline):
    model = AuthorisedCollector
    fields = ("name", "relation", "phone", "valid_from", "valid_to")


class ChildsGuardianInline(OfficeInline):
    model = Guardianship
    fields = ("guardian", "relation", "may_book", "may_see_medical", "may_collect", "valid_to")
    autocomplete_fields = ("guardian",)


@admin.register(Child)
class ChildAdmin(WithoutDuplicates, OfficeAdmin):
    icon = "users"
    list_display = (
        "family_name",
        "given_name",
        "date_of_birth",
        "year_group",
        "class_name",
        "number",
        "left_on",
    )
    list_display_links = ("family_name", "given_name")
    list_filter = (among(YearGroup, "year_group", _("year group")),)
    list_select_related = ("year_group",)
    search_fields = ("family_name", "given_name", "known_as", "number")
    autocomplete_fields = ("year_group", "person")
    fields = (
        ("given_name", "family_name", "known_as"),
        "date_of_birth",
        ("year_group", "class_name", "number"),
        "person",
        "left_on",
    )
    inlines = (ChildsGuardianInline, EmergencyContactInline, CollectorInline)
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Tutor)
class TutorAdmin(OfficeAdmin):
    icon = "briefcase"
    list_display = ("name", "email", "phone", "clearance_expires_on", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "email")
    fields = ("name", "email", "phone", "clearance_expires_on", "is_active")


@admin.register(ConsentKind)
class ConsentKindAdmin(OfficeAdmin):
    icon = "file-check-2"
    about = _("What guardians are asked to agree to. Raise the version when the text changes.")
    list_display = ("name", "code", "version", "lets_go_alone")
    fields = ("name", "code", "text", "version", "lets_go_alone")
    search_fields = ("name",)


@admin.register(ApiClient)
class ApiClientAdmin(OfficeAdmin):
    icon = "key-round"
    about = _("Other systems that book or read over the API, each by a token of its own.")
    view_roles = edit_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ("name", "token_start", "may_write", "may_read_people", "last_used_at", "revoked_at")
    fields = ("name", "may_write", "may_read_people")
    actions = ("revoke",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        """The token is told here, once; only its hash is kept."""
        token = "" if change else new_token()
        if token:
            obj.token_start, obj.token_hash, obj.created_by = token[:8], token_hash(token), request.user
        super().save_model(request, obj, form, change)
        if token:
            words = gettext("The token of %(name)s, shown this once: %(token)s")
            self.message_user(request, words % {"name": obj.name, "token": token}, messages.WARNING)

    @admin.action(description=_("Revoke the tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiClient]) -> None:
        for client in queryset.filter(revoked_at=None):
            client.revoked_at = timezone.now()
            client.save(update_fields=["revoked_at"])
        self.message_user(request, gettext("The tokens no longer open anything."), messages.SUCCESS)


@admin.register(LinkRequest)
class LinkRequestAdmin(ReadOnlyAdmin):
    icon = "link-2"
    about = _("Guardians who signed up by themselves name their children. Link each to a child of your list.")
    list_display = ("asked_at", "guardian", "child_name", "date_of_birth", "candidates", "state")
    list_filter = ("state",)
    list_select_related = ("guardian",)
    fields = readonly_fields = (
        "guardian",
        "child_name",
        "date_of_birth",
        "note",
        "state",
        "child",
        "asked_at",
    )
    actions = ("link_to_the_only", "refuse")

    def _alike(self, row: LinkRequest) -> list[Child]:
        """Children of that birthday who bear one of the names, as a whole: one letter is in every name."""
        words = set(row.child_name.casefold().split())
        born = Child.objects.for_institution(row.institution).filter(date_of_birth=row.date_of_birth)
        return [child for child in born if words & set(child.full_name.casefold().split())]

    @admin.display(description=_("on your list"))
    def candidates(self, row: LinkRequest) -> str:
        return ", ".join(str(child) for child in self._alike(row)) or "–"

    @admin.action(description=_("Link to the child on the list"), permissions=["act"])
    def link_to_the_only(self, request: HttpRequest, queryset: QuerySet[LinkRequest]) -> None:
        for row in queryset.filter(state=LinkRequest.State.OPEN):
            alike = self._alike(row)
            if len(alike) != 1:
                words = gettext(
                    "%(name)s: there is not exactly one such child. Add the guardian at the child."
                )
                self.message_user(request, words % {"name": row.child_name}, messages.WARNING)
                continue
            try:
                joining.link(request=row, child=alike[0], staff=request.user)
            except joining.CannotJoin as reason:
                self.message_user(request, str(reason), messages.WARNING)
            else:
                self.message_user(request, gettext("%s is linked.") % alike[0], messages.SUCCESS)

    @admin.action(description=_("Refuse"), permissions=["act"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[LinkRequest]) -> None:
        for row in queryset.filter(state=LinkRequest.State.OPEN):
            joining.refuse(request=row, staff=request.user)
        self.message_user(request, gettext("The requests are refused."), messages.SUCCESS)


@admin.register(CoGuardianInvitation)
class CoGuardianInvitationAdmin(ReadOnlyAdmin):
    icon = "users"
    about = _(
        "Guardians invite another adult of the child, by mail. You see who, for whom, with which rights."
    )
    list_display = ("asked_at", "invited_by", "name", "email", "for_whom", "now", "expires_at")
    list_filter = ("state",)
    list_select_related = ("invited_by",)
    search_fields = ("name", "email", "invited_by__name")
    fields = readonly_fields = (
        "invited_by",
        "name",
        "email",
        "relation",
        "for_whom",
        "may_book",
        "may_see_medical",
        "may_collect",
        "now",
        "asked_at",
        "expires_at",
        "answered_at",
        "accepted_as",
    )
    actions = ("take_back",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CoGuardianInvitation]:
        return super().get_queryset(request).prefetch_related("children")

    @admin.display(description=_("children"))
    def for_whom(self, row: CoGuardianInvitation) -> str:
        return ", ".join(str(child) for child in row.children.all())

    @admin.display(description=_("state"))
    def now(self, row: CoGuardianInvitation) -> str:
        return gettext("ended unanswered") if inviting.is_over(row) else row.get_state_display()

    @admin.action(description=_("Take back: the link opens nothing"), permissions=["act"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[CoGuardianInvitation]) -> None:
        for row in queryset.select_related("invited_by"):
            try:
                inviting.withdraw(invitation=row, staff=request.user)
            except inviting.CannotAnswer as reason:
                self.message_user(request, f"{row}: {reason}", messages.WARNING)
            else:
                self.message_user(request, gettext("%s is taken back.") % row, messages.SUCCESS)


@admin.register(DataRequest)
class DataRequestAdmin(ReadOnlyAdmin):
    icon = "shield"
    about = _("Families who want their data, or want them erased.")
    list_display = ("asked_at", "guardian", "kind", "state", "note")
    list_filter = ("kind", "state")
    list_select_related = ("guardian",)
    fields = readonly_fields = ("guardian", "kind", "state", "note", "asked_at", "decided_at")
