"""Families that were written down twice: found, compared, made one, and taken apart again."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import duplicates, merging, owed, unmerging
from ..locks import Busy
from ..models import Booking, FamilyMerge, Household, WaitEntry
from .finding import FindField
from .looking_first import is_sure, page
from .scoped import ReadOnlyAdmin

MOST_PAIRS = 100


class TwoHouseholdsForm(forms.Form):
    kept = FindField(
        "household", label=gettext_lazy("Keep"), help_text=gettext_lazy("By name, reference or child.")
    )
    other = FindField("household", label=gettext_lazy("Merge into it"))

    def __init__(self, *args: Any, institution: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        for name in ("kept", "other"):
            self.fields[name].institution = institution

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        if told.get("kept") and told.get("kept") == told.get("other"):
            self.add_error("other", _("Choose two different households."))
        return told


def find(request: HttpRequest) -> HttpResponse:
    """Pairs that are worth a look, and a way to two others."""
    pairs = duplicates.find(request.institution)
    return page(
        request,
        "duplicates",
        title=_("Families written down twice"),
        pairs=pairs[:MOST_PAIRS],
        more=max(len(pairs) - MOST_PAIRS, 0),
        form=TwoHouseholdsForm(institution=request.institution),
    )


def merge(request: HttpRequest) -> HttpResponse:
    """Two households side by side; with the second button they are one."""
    asked = request.POST or request.GET
    form = TwoHouseholdsForm(asked or None, institution=request.institution)
    if not form.is_valid():
        return page(request, "merge", title=_("Merge two families"), form=form)
    kept, other = form.cleaned_data["kept"], form.cleaned_data["other"]
    offered = duplicates.same_people(kept, other)
    chosen = {pair.name for pair in offered}
    if request.method == "POST":
        chosen &= set(request.POST.getlist("same"))
    same = [pair for pair in offered if pair.name in chosen]
    if is_sure(request):
        try:
            merging.merge(kept=kept, other=other, same=same, staff=request.user)
        except merging.CannotMerge as reason:
            messages.error(request, str(reason))
        except Busy as reason:
            messages.error(request, str(reason))
        else:
            words = _("%(other)s is merged into %(kept)s. You can undo it on the list of merges.")
            messages.success(request, words % {"other": other, "kept": kept})
            return redirect("admin:family_duplicates")
    return page(
        request,
        "merge",
        title=_("Merge two families"),
        form=form,
        homes=[_about(kept), _about(other)],
        pairs=[(pair, pair.name in chosen) for pair in offered],
        preview=merging.preview(kept=kept, other=other, same=same),
    )


def _about(home: Household) -> dict[str, Any]:
    """What a person compares."""
    children = duplicates.children_of(home)
    return {
        "row": home,
        "guardians": duplicates.guardians_of(home),
        "children": children,
        "places": Booking.objects.live()
        .filter(child__in=children)
        .select_related("session__activity", "child"),
        "waits": WaitEntry.objects.waiting().filter(child__in=children).count(),
        "balance": owed.balance(home),
    }


@admin.register(FamilyMerge)
class FamilyMergeAdmin(ReadOnlyAdmin):
    icon = "layers"
    about = gettext_lazy("Households that were made one, and can be taken apart again.")
    list_display = ("done_at", "kept", "merged", "done_by", "undone_at")
    list_select_related = ("kept", "merged", "done_by")
    fields = readonly_fields = ("kept", "merged", "done_at", "done_by", "undone_at")
    actions = ("undo",)

    @admin.action(description=gettext_lazy("Undo: two families again"), permissions=["act"])
    def undo(self, request: HttpRequest, queryset: QuerySet[FamilyMerge]) -> None:
        undone = 0
        for row in queryset.filter(undone_at__isnull=True).order_by("-done_at"):
            try:
                unmerging.undo(merge=row, staff=request.user)
            except (unmerging.CannotUndo, Busy) as reason:
                self.message_user(request, f"{row}: {reason}", messages.WARNING)
            else:
                undone += 1
        words = ngettext("%(count)s merge is undone.", "%(count)s merges are undone.", undone)
        self.message_user(request, words % {"count": undone}, messages.SUCCESS if undone else messages.INFO)
