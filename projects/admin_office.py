"""The office's pages: members, messages, the person registry. At the institution's address only."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from . import letterhead, members, outbox
from .admin import InstitutionScopedAdmin, InstitutionScopedForm
from .forms import InstitutionForm
from .models import BusyTime, Institution, Membership, OutboxMessage, Person, Role


class MembershipForm(InstitutionScopedForm):
    class Meta:
        model = Membership
        fields = ("role",)


class InvitationForm(InstitutionScopedForm):
    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150, required=False)

    class Meta:
        model = Membership
        fields = ("role",)

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        known = Membership.objects.for_institution(self.institution)
        if known.filter(user__email__iexact=email).exists():
            raise forms.ValidationError(_("That person is a member already: change the role instead."))
        return email


@admin.register(Membership)
class MembershipAdmin(InstitutionScopedAdmin):
    about = gettext_lazy("Who works here. Administrators own all projects and let others in.")
    icon = "user-cog"
    form = MembershipForm
    refusals = (members.CannotLetGo,)
    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ("user", "email", "role", "last_signed_in_at")
    list_filter = ("role",)
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email")
    ordering = ("user__name", "user__email")
    # One by one: the last administrator stays.
    actions = None

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        return super().get_form(
            request, obj, change=change, **({} if obj else {"form": InvitationForm}) | kwargs
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "email", "role") if obj else ("email", "name", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "email") if obj else ()

    def save_model(self, request: Any, obj: Membership, form: Any, change: bool) -> None:
        if change:
            members.change_role(membership=obj, role=obj.role)
            return
        made = members.invite(
            institution=request.institution,
            email=form.cleaned_data["email"],
            name=form.cleaned_data["name"],
            role=obj.role,
            by=request.user,
        )
        obj.pk, obj.user = made.pk, made.user

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        members.remove(membership=obj)

    def response_add(
        self, request: HttpRequest, obj: Membership, post_url_continue: Any = None
    ) -> HttpResponse:
        words = _("%(person)s is in, and a mail with the way to sign in is under way.")
        self.message_user(request, words % {"person": obj.user}, messages.SUCCESS)
        return redirect("admin:projects_membership_changelist")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and not (obj and members.is_last_administrator(obj))

    @admin.display(description=gettext_lazy("e-mail"), ordering="user__email")
    def email(self, membership: Membership) -> str:
        return membership.user.email

    @admin.display(description=gettext_lazy("last signed in at"), ordering="user__last_login")
    def last_signed_in_at(self, membership: Membership) -> Any:
        return membership.user.last_login


@admin.register(Institution)
class InstitutionAdmin(InstitutionScopedAdmin):
    about = gettext_lazy("What stands on letterheads, and what holds for everybody here.")
    icon = "school"
    form = InstitutionForm
    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ("name", "requires_second_factor", "time_zone", "language")
    actions = None

    def get_queryset(self, request: Any) -> QuerySet[Institution]:
        here = request.institution
        return Institution.objects.filter(pk=here.pk) if here else Institution.objects.none()

    def get_search_results(self, request: Any, queryset: QuerySet, search_term: str) -> Any:
        return admin.ModelAdmin.get_search_results(self, request, queryset, search_term)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_add_permission

    def save_model(self, request: HttpRequest, obj: Institution, form: Any, change: bool) -> None:
        before = {name: form.initial.get(name) for name in form.changed_data}
        letterhead.save_settings(institution=obj, before=before)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        address = reverse("admin:projects_change_changelist")
        return redirect(f"{address}?kind={Institution._meta.label_lower}")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(InstitutionScopedAdmin):
    about = gettext_lazy("Mail and text messages to your people, and what became of them.")
    icon = "mail"
    list_display = ("created_at", "to", "subject", "state", "attempts", "sent_at", "last_error")
    list_display_links = ("created_at", "subject")
    list_filter = ("state", "channel")
    search_fields = ("to", "subject")
    actions = ("send_again",)
    fields = readonly_fields = (
        "created_at",
        "channel",
        "to",
        "subject",
        "words",
        "enclosed",
        "state",
        "attempts",
        "next_attempt_at",
        "sent_at",
        "last_error",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission

    def has_send_permission(self, request: HttpRequest) -> bool:
        return self._has_role(request, self.view_roles)

    @admin.action(description=gettext_lazy("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        queued = 0
        refusals: set[str] = set()
        for message in queryset:
            try:
                outbox.send_again(message=message)
                queued += 1
            except outbox.CannotSendAgain as reason:
                refusals.add(str(reason))
        if queued:
            words = ngettext(
                "%(count)s message is on its way.", "%(count)s messages are on their way.", queued
            )
            self.message_user(request, words % {"count": queued}, messages.SUCCESS)
        for refusal in sorted(refusals):
            self.message_user(request, refusal, messages.WARNING)

    @admin.display(description=gettext_lazy("text"))
    def words(self, message: OutboxMessage) -> str:
        if message.is_secret:
            return _("Only its reader sees this: it holds a way in.")
        return message.text

    @admin.display(description=gettext_lazy("enclosed"))
    def enclosed(self, message: OutboxMessage) -> str:
        return ", ".join(part["name"] for part in message.attachments) or "–"


class BusyTimeInline(admin.TabularInline):
    model = BusyTime
    fields = readonly_fields = ("starts_at", "ends_at", "what")
    ordering = ("starts_at",)
    extra = 0
    can_delete = False

    def get_queryset(self, request: Any) -> QuerySet:
        return BusyTime.objects.for_institution(request.institution)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Person)
class PersonAdmin(InstitutionScopedAdmin):
    about = gettext_lazy("Students, staff and children by your own numbers, and when they are busy.")
    when_empty = gettext_lazy("Publishing a datesheet or booking an activity brings people here.")
    icon = "users"
    list_display = ("number", "name")
    search_fields = ("number", "name")
    fields = readonly_fields = ("number", "name")
    inlines = (BusyTimeInline,)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission
