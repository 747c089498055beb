"""What can be booked: terms, activities, sessions with their dates and places."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from projects.admin import InstitutionScopedForm

from .. import rollover, timetable, waitlist
from ..models import (
    Activity,
    BookingRules,
    Category,
    Closure,
    Invitee,
    Location,
    Meeting,
    Places,
    RefundPolicy,
    RefundStep,
    Session,
    SignUpWindow,
    Term,
    YearGroup,
)
from . import dates
from .scoped import OfficeAdmin, OfficeInline, ReadOnlyInline, among, price_of

PRICE = price_of("price", _("price"))


@admin.register(BookingRules)
class BookingRulesAdmin(OfficeAdmin):
    icon = "sliders-horizontal"
    about = _("Hours in which families are left alone, how long a place is held, who sees the catalogue.")
    list_display = ("__str__", "quiet_from", "quiet_until", "hold_minutes", "is_public")
    exclude = ("institution",)
    actions = None


@admin.register(Term)
class TermAdmin(OfficeAdmin):
    icon = "calendar-range"
    list_display = ("name", "starts_on", "ends_on", "most_bookings")
    fields = ("name", "starts_on", "ends_on", "most_bookings")
    search_fields = ("name",)


@admin.register(YearGroup)
class YearGroupAdmin(OfficeAdmin):
    icon = "graduation-cap"
    list_display = ("name", "order", "next")
    fields = ("name", "order", "next")
    list_select_related = ("next",)
    search_fields = ("name",)


@admin.register(Closure)
class ClosureAdmin(OfficeAdmin):
    icon = "palmtree"
    about = _("Days without activities. New dates of weekly sessions leave them out.")
    list_display = ("name", "starts_on", "ends_on")
    fields = ("name", "starts_on", "ends_on")


@admin.register(Category)
class CategoryAdmin(OfficeAdmin):
    icon = "layers"
    list_display = ("name", "order", "most_bookings")
    fields = ("name", "order", "most_bookings")
    search_fields = ("name",)


@admin.register(Location)
class LocationAdmin(OfficeAdmin):
    icon = "door-open"
    list_display = ("name", "address", "travel_minutes")
    fields = ("name", "address", "travel_minutes")
    search_fields = ("name",)


class RefundStepInline(OfficeInline):
    model = RefundStep
    fields = ("days", "percent")


@admin.register(RefundPolicy)
class RefundPolicyAdmin(OfficeAdmin):
    icon = "rotate-ccw"
    list_display = ("name", "cancel_hours")
    fields = ("name", "cancel_hours")
    inlines = (RefundStepInline,)


class InviteeInline(OfficeInline):
    model = Invitee
    fields = ("child",)
    autocomplete_fields = ("child",)


@admin.register(Activity)
class ActivityAdmin(OfficeAdmin):
    icon = "star"
    when_empty = _("Add the first activity, or import a list of them.")
    list_display = ("name", "category", "youngest", "oldest", "promotion", "paying", "is_published")
    list_filter = (among(Category, "category", _("category")), "is_published", "promotion", "paying")
    list_select_related = ("category",)
    search_fields = ("name", "slug")
    autocomplete_fields = ("category", "prerequisite")
    # A few of each: all of them are seen at once.
    formfield_overrides = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}
    prepopulated_fields = {"slug": ("name",)}  # Django's own shape
    inlines = (InviteeInline,)
    fieldsets = (
        (None, {"fields": ("name", "slug", "category", "description", "is_published")}),
        (
            _("Who may come"),
            {
                "fields": (
                    ("youngest", "oldest", "age_on"),
                    "year_groups",
                    "is_by_invitation",
                    "prerequisite",
                )
            },
        ),
        (
            _("What must be known first"),
            {"fields": ("needs_medical", "needs_emergency_contact", "consents")},
        ),
        (
            _("How places are given"),
            {
                "fields": (
                    "promotion",
                    "offer_hours",
                    "paying",
                    ("most_parts", "days_between_parts"),
                    "refund_policy",
                )
            },
        ),
    )


class SessionForm(InstitutionScopedForm):
    capacity = forms.IntegerField(label=_("Places"), min_value=0, initial=20)

    class Meta:
        model = Session
        fields = "__all__"  # the admin's fieldsets choose

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["capacity"].initial = self.instance.places.capacity

    def clean_capacity(self) -> int:
        capacity = self.cleaned_data["capacity"]
        if self.instance.pk:
            places = self.instance.places
            if capacity + places.extra < places.taken:
                raise forms.ValidationError(
                    gettext("%(taken)s places are taken: cancel some first, or leave at least so many.")
                    % {"taken": places.taken - places.extra}
                )
        return capacity


class SignUpWindowInline(OfficeInline):
    model = SignUpWindow
    fields = ("year_group", "opens_at", "closes_at")


class MeetingInline(ReadOnlyInline):
    model = Meeting
    fields = readonly_fields = ("starts_at", "ends_at", "location", "tutor", "is_make_up", "cancelled_at")
    ordering = ("starts_at",)
    show_change_link = True


@admin.register(Session)
class SessionAdmin(OfficeAdmin):
    icon = "calendar-days"
    about = _("What is booked: a weekly group over a term, or a single date.")
    form = SessionForm
    list_display = ("__str__", "term", "weekday", "starts", "tutor", PRICE, "state", "filled", "queue")
    list_filter = (
        among(Term, "term", _("term")),
        among(Activity, "activity", _("activity")),
        "state",
        "weekday",
    )
    list_select_related = ("activity", "term", "tutor", "places", "institution")
    search_fields = ("activity__name", "name")
    autocomplete_fields = ("activity", "term", "tutor", "location")
    actions = ("open_drafts", "make_dates", "call_off")
    inlines = (SignUpWindowInline, MeetingInline)
    fieldsets = (
        (None, {"fields": ("activity", "term", "name", "capacity", "price")}),
        (_("When and where"), {"fields": (("weekday", "starts", "ends"), "location", "tutor")}),
        (_("Sign-up"), {"fields": (("opens_at", "closes_at"), "last_joining_on", "ballot")}),
        (_("Takes place"), {"fields": (("fewest", "decide_on"),)}),
    )

    @admin.display(description=_("taken"))
    def filled(self, row: Session) -> str:
        return f"{row.places.taken} / {row.places.capacity + row.places.extra}"

    @admin.display(description=_("waiting"))
    def queue(self, row: Session) -> int:
        return row.places.waiting

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and not (obj and (obj.bookings.exists() or obj.wait_entries.exists()))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: act for name, act in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: Session, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            Places.objects.create(
                institution=obj.institution, session=obj, capacity=form.cleaned_data["capacity"]
            )
            if obj.weekday is not None and obj.starts and obj.ends:
                self._tell_dates(request, timetable.make_meetings(obj))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        session = form.instance
        if change and "capacity" in form.changed_data:
            # After the form's own transaction: the act retries a whole one of its own.
            request.new_capacity = (session, form.cleaned_data["capacity"])

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = super().changeform_view(request, *args, **kwargs)
        if wanted := getattr(request, "new_capacity", None):
            session, capacity = wanted
            try:
                moved = waitlist.change_capacity(session=session, capacity=capacity, staff=request.user)
            except waitlist.CapacityTooSmall as reason:
                self.message_user(request, str(reason), messages.ERROR)
            else:
                if moved:
                    words = ngettext(
                        "%(count)s child moved up from the queue.",
                        "%(count)s children moved up from the queue.",
                        len(moved),
                    )
                    self.message_user(request, words % {"count": len(moved)}, messages.SUCCESS)
        return response

    def _tell_dates(self, request: HttpRequest, made: int) -> None:
        words = ngettext("%(count)s date was made.", "%(count)s dates were made.", made)
        self.message_user(request, words % {"count": made}, messages.SUCCESS)

    @admin.action(description=_("Open the drafts to families"), permissions=["change"])
    def open_drafts(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        opened = rollover.open_drafts(queryset)
        words = ngettext(
            "%(count)s session stands in the catalogue now.",
            "%(count)s sessions stand in the catalogue now.",
            opened,
        )
        self.message_user(request, words % {"count": opened}, messages.SUCCESS)

    @admin.action(description=_("Make the weekly dates"), permissions=["change"])
    def make_dates(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        made = 0
        for session in queryset.select_related("institution", "term"):
            try:
                made += timetable.make_meetings(session)
            except timetable.CannotChange as reason:
                self.message_user(request, f"{session}: {reason}", messages.WARNING)
        self._tell_dates(request, made)

    @admin.action(description=_("Call off: cancel and tell the families"), permissions=["change"])
    def call_off(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse:
        return dates.leading_to("call_off", queryset.exclude(state=Session.State.CANCELLED))


class When(admin.SimpleListFilter):
    """Dates ahead, cancelled ones, all."""

    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("today", _("today")), ("ahead", _("ahead")), ("cancelled", _("cancelled"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Meeting]) -> QuerySet[Meeting]:
        zone = ZoneInfo(request.institution.time_zone)
        now = timezone.now().astimezone(zone)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.value() == "today":
            return queryset.between(midnight, midnight + timedelta(days=1))
        if self.value() == "ahead":
            return queryset.live().filter(starts_at__gt=now)
        return queryset.filter(cancelled_at__isnull=False) if self.value() == "cancelled" else queryset


@admin.register(Meeting)
class MeetingAdmin(OfficeAdmin):
    icon = "clock"
    about = _("Each date of each session.")
    list_display = (
        "session",
        "starts_at",
        "ends_at",
        "location",
        "tutor",
        "is_make_up",
        "cancelled_at",
        "cancelled_because",
    )
    list_filter = (When, "is_make_up")
    list_select_related = ("session__activity", "location", "tutor")
    date_hierarchy = None
    search_fields = ("session__activity__name",)
    autocomplete_fields = ("session", "location", "tutor")
    fields = ("session", "starts_at", "ends_at", "location", "tutor", "is_make_up")
    actions = ("cancel", "make_up")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("session",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Cancel and tell the families"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Meeting]) -> HttpResponse:
        return dates.leading_to("cancel_dates", queryset.live())

    @admin.action(description=_("Make another date for it"), permissions=["change"])
    def make_up(self, request: HttpRequest, queryset: QuerySet[Meeting]) -> HttpResponse:
        return dates.leading_to("make_up", queryset.filter(cancelled_at__isnull=False))
