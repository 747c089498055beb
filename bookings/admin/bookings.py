"""Places and queues: looked at here, changed by the same acts as everybody's."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from .. import booking as acts
from .. import waitlist
from ..models import Ballot, Booking, Offer, Session, WaitEntry
from .scoped import OfficeAdmin, ReadOnlyAdmin, ReadOnlyInline, among


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    icon = "ticket"
    about = _("Who has a place where. To book for a family, use the counter.")
    list_display = ("created_at", "child", "session", "state", "price", "source", "booked_by", "is_extra")
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


@admin.register(Ballot)
class BallotAdmin(OfficeAdmin):
    icon = "shuffle"
    about = _("Places that are drawn instead of given to the first.")
    list_display = ("name", "term", "opens_at", "closes_at", "drawn_at", "published_at")
    list_select_related = ("term",)
    fields = ("name", "term", ("opens_at", "closes_at"), ("most_wishes", "most_places"))
    autocomplete_fields = ("term",)
    search_fields = ("name",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.drawn_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and not (obj and obj.preferences.exists())
