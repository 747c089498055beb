"""Places and queues: looked at here, changed by the same acts as everybody's."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from projects.admin import InstitutionScopedForm

from .. import ballot as ballots
from .. import booking as acts
from .. import waitlist
from ..models import Ballot, Booking, Offer, Session, WaitEntry
from .scoped import OfficeAdmin, ReadOnlyAdmin, ReadOnlyInline, among, price_of

PRICE = price_of("price", _("price"))


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    icon = "ticket"
    about = _("Who has a place where. To book for a family, use the counter.")
    list_display = ("created_at", "child", "session", "state", PRICE, "source", "booked_by", "is_extra")
    list_display_links = ("created_at", "child")
    list_filter = ("state", "source", among(Session, "session", _("session")))
    list_select_related = ("child", "session__activity", "booked_by")
    search_fields = ("child__family_name", "child__given_name", "session__activity__name", "public_id")
    fields = readonly_fields = (
        "child",
        "session",
        "state",
        "price",
        "currency",
        "source",
        "booked_by",
        "household",
        "created_at",
        "hold_until",
        "confirmed_at",
        "ended_at",
        "ended_by",
        "ended_because",
        "is_extra",
        "reason",
    )
    actions = ("cancel_by_policy", "cancel_for_nothing")

    def _cancel(self, request: HttpRequest, queryset: QuerySet[Booking], percent: int | None) -> None:
        ended = promoted = 0
        for row in queryset.select_related("session"):
            try:
                done = acts.cancel(
                    booking=row,
                    staff=request.user,
                    reason=gettext("cancelled by the office"),
                    percent=percent,
                )
            except acts.CannotCancel as reason:
                self.message_user(request, f"{row}: {reason}", messages.WARNING)
            else:
                ended += 1
                promoted += len(done.promoted)
        words = ngettext("%(count)s place is given up.", "%(count)s places are given up.", ended)
        self.message_user(request, words % {"count": ended}, messages.SUCCESS)
        if promoted:
            words = ngettext(
                "%(count)s child moved up from the queue.",
                "%(count)s children moved up from the queue.",
                promoted,
            )
            self.message_user(request, words % {"count": promoted}, messages.SUCCESS)

    @admin.action(description=_("Cancel, refund by the policy"), permissions=["act"])
    def cancel_by_policy(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._cancel(request, queryset, None)

    @admin.action(description=_("Cancel, give all of it back"), permissions=["act"])
    def cancel_for_nothing(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._cancel(request, queryset, 100)


class OfferInline(ReadOnlyInline):
    model = Offer
    fields = readonly_fields = ("made_at", "expires_at", "state", "answered_at", "answered_by")


@admin.register(WaitEntry)
class WaitEntryAdmin(ReadOnlyAdmin):
    icon = "list-ordered"
    about = _("The queues, in the order in which they are served.")
    list_display = ("session", "band", "seq", "child", "state", "joined_at", "reason")
    list_display_links = ("child",)
    list_filter = ("state", among(Session, "session", _("session")))
    list_select_related = ("child", "session__activity")
    search_fields = ("child__family_name", "child__given_name", "session__activity__name")
    fields = readonly_fields = (
        "child",
        "session",
        "state",
        "band",
        "band_reason",
        "seq",
        "reason",
        "promo_code",
        "asked_by",
        "joined_at",
        "ended_at",
    )
    inlines = (OfferInline,)
    actions = ("leave",)

    @admin.action(description=_("Take out of the queue"), permissions=["act"])
    def leave(self, request: HttpRequest, queryset: QuerySet[WaitEntry]) -> None:
        left = 0
        for entry in queryset.waiting().select_related("session"):
            waitlist.leave(entry=entry, staff=request.user, reason=gettext("taken out by the office"))
            left += 1
        words = ngettext("%(count)s child left the queue.", "%(count)s children left the queue.", left)
        self.message_user(request, words % {"count": left}, messages.SUCCESS)


class BallotForm(InstitutionScopedForm):
    sessions = forms.ModelMultipleChoiceField(
        Session.objects.none(),
        required=False,
        label=_("What is drawn"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "many-choices"}),
        help_text=_("Sessions of the ballot's term. Nobody books them by coming first."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "sessions" not in self.fields:
            return  # drawn: nothing can be changed any more
        rows = Session.objects.for_institution(self.institution).exclude(state=Session.State.CANCELLED)
        ballot = self.instance.pk
        if ballot:
            rows = rows.filter(term=self.instance.term_id)
            self.initial["sessions"] = list(rows.filter(ballot=ballot))
        free = rows.filter(Q(ballot=None) | Q(ballot=ballot)).filter(term__ends_on__gte=timezone.localdate())
        self.fields["sessions"].queryset = free.select_related("activity", "term").order_by(
            "term__starts_on", "activity__name"
        )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        term = told.get("term")
        if term and any(session.term_id != term.pk for session in told.get("sessions") or ()):
            self.add_error("sessions", _("Choose sessions of the ballot's term."))
        return told


@admin.register(Ballot)
class BallotAdmin(OfficeAdmin):
    icon = "shuffle"
    about = _("Places that are drawn instead of given to the first.")
    form = BallotForm
    refusals = (ballots.CannotDraw,)
    list_display = ("name", "term", "opens_at", "closes_at", "drawn_at", "published_at", "wishes")
    list_select_related = ("term",)
    fields = ("name", "term", ("opens_at", "closes_at"), ("most_wishes", "most_places"), "sessions")
    autocomplete_fields = ("term",)
    search_fields = ("name",)

    @admin.display(description=_("draw"))
    def wishes(self, row: Ballot) -> str:
        address = reverse("admin:draw", args=[row.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Wishes and draw"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ballot]:
        # No page has any business with the seed before it is published.
        return super().get_queryset(request).defer("secret_seed")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if self.has_change_permission(request, obj) else fields[:-1]

    def save_model(self, request: HttpRequest, obj: Ballot, form: Any, change: bool) -> None:
        if not change:
            ballots.promise(obj)
        super().save_model(request, obj, form, change)
        ballots.choose_sessions(ballot=obj, sessions=list(form.cleaned_data["sessions"]))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.drawn_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and not (obj and obj.preferences.exists())
