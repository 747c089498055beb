"""Guests of single meetings: to try an activity, or in place of a meeting that was missed."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import guests as acts
from ..models import MeetingGuest
from .counter import CounterForm
from .finding import FindField
from .looking_first import page


class GuestForm(CounterForm):
    child = FindField("child", label=gettext_lazy("Child"))
    meeting = FindField(
        "meeting",
        label=gettext_lazy("Date"),
        help_text=gettext_lazy("A few letters of the activity: its next dates are shown."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Comes"), choices=MeetingGuest.Kind.choices)
    reason = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Only where all places are taken: it is written down."),
    )


def guests(request: HttpRequest) -> HttpResponse:
    """Who is to come, and one more."""
    coming = (
        MeetingGuest.objects.for_institution(request.institution)
        .filter(meeting__ends_at__gt=timezone.now())
        .select_related("child", "meeting__session__activity", "meeting__institution", "institution")
        .order_by("meeting__starts_at", "pk")
    )
    if "remove" in request.POST:
        key = request.POST["remove"]
        guest = coming.filter(pk=key if key.isdecimal() and len(key) < 19 else None).first()
        if guest is None:
            raise Http404
        acts.remove(guest=guest, staff=request.user)
        messages.success(request, _("%s is not expected any more.") % guest.child)
        return redirect("admin:guests")
    form = GuestForm(request.POST or None, institution=request.institution)
    if request.method == "POST" and form.is_valid():
        try:
            guest = acts.add(**form.cleaned_data, staff=request.user)
        except acts.CannotCome as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, _("%s stands on the register, and the family is told.") % guest.child)
            return redirect("admin:guests")
    return page(request, "guests", title=_("Guests"), form=form, coming=coming[:200])
