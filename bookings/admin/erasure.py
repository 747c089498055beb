"""A family wants its data erased: who it is about, what has to be done first, and then it is done."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import erasing, erasure_scope
from ..booking import CannotCancel
from ..locks import Busy
from ..models import DataRequest
from .looking_first import page


class TypedForm(forms.Form):
    typed = forms.CharField(
        max_length=20,
        label=gettext_lazy("Its payment reference, to be sure"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        label=gettext_lazy("Why not"),
        help_text=gettext_lazy("The family reads it."),
        widget=forms.TextInput({"autocomplete": "off", "class": "wide"}),
    )


def erasure(request: HttpRequest) -> HttpResponse:
    """The open requests; with one of them chosen, what it would erase."""
    waiting = (
        DataRequest.objects.for_institution(request.institution)
        .filter(kind=DataRequest.Kind.ERASURE, state=DataRequest.State.OPEN)
        .select_related("guardian__household", "institution")
        .order_by("asked_at")
    )
    asked = request.POST.get("request") or request.GET.get("request") or ""
    chosen = waiting.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 19 else None
    if chosen is None:
        return page(request, "erasure", title=_("Erase a family's data"), waiting=waiting)
    told = request.POST if "erase" in request.POST else None
    typed = TypedForm(told, label_suffix="")
    reason = ReasonForm(request.POST if "refuse" in request.POST else None, label_suffix="")
    if request.method == "POST" and (done := _act(request, chosen, typed, reason)):
        return done
    return page(
        request,
        "erasure",
        title=_("Erase a family's data"),
        chosen=chosen,
        scope=erasure_scope.scope_of(chosen.guardian),
        typed=typed,
        reason=reason,
    )


def _act(
    request: HttpRequest, chosen: DataRequest, typed: TypedForm, reason: ReasonForm
) -> HttpResponse | None:
    """Give the places up, erase, or refuse; None where the page has to be shown again."""
    try:
        if "give_up" in request.POST:
            freed = erasing.give_up_places(guardian=chosen.guardian, staff=request.user)
            messages.success(request, _("Their places are given up: %s.") % freed)
            return None
        if typed.is_bound and typed.is_valid():
            has_address = bool(chosen.guardian.email)
            erasing.erase(request=chosen, typed=typed.cleaned_data["typed"], staff=request.user)
            messages.success(request, _("The family's data are erased. What the books need has no name."))
            if has_address:
                messages.info(request, _("The family is told by a last mail; its address goes with it."))
            else:
                messages.warning(request, _("There is no address to write to: tell the family yourself."))
            return redirect("admin:erase_family")
        if reason.is_bound and reason.is_valid():
            erasing.refuse(request=chosen, reason=reason.cleaned_data["reason"], staff=request.user)
            messages.success(request, _("The request is refused, and the family is told why."))
            return redirect("admin:erase_family")
    except (erasing.CannotErase, CannotCancel, Busy) as refusal:
        messages.error(request, str(refusal))
    return None
