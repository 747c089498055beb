"""At the counter: book for a family, take its money, close a day, write to an activity's families."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import booking, importing, mailing, paying, till, waitlist
from ..locks import Busy
from ..models import Child, Guardian, Guardianship
from ..templatetags.activities import money
from .finding import FindField


class CounterForm(forms.Form):
    """Choices of this institution only."""

    def __init__(self, *args: Any, institution: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        for field in self.fields.values():
            if isinstance(field, FindField):
                field.institution = institution


def _page(request: HttpRequest, form: forms.Form, **context: Any) -> HttpResponse:
    site = admin.site.each_context(request)
    return TemplateResponse(request, "bookings/staff/counter.html", {**site, "form": form, **context})


class BookForm(CounterForm):
    child = FindField(
        "child", label=gettext_lazy("Child"), help_text=gettext_lazy("A few letters of the name will do.")
    )
    session = FindField("session", label=gettext_lazy("Session"))
    guardian = FindField(
        "guardian",
        required=False,
        label=gettext_lazy("Guardian"),
        help_text=gettext_lazy("Who pays and is told. Empty: the first on the child's list."),
    )
    reason = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Only for a place beyond the rules or the capacity: it is written down."),
    )
    beyond = forms.BooleanField(required=False, label=gettext_lazy("Beyond the rules, for this reason"))


def _first_guardian(child: Child) -> Guardian | None:
    rights = Guardianship.objects.filter(child=child, may_book=True).on(timezone.localdate())
    first = rights.select_related("guardian").order_by("contact_order", "pk").first()
    return first.guardian if first else None


def book(request: HttpRequest) -> HttpResponse:
    form = BookForm(request.POST or None, institution=request.institution)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        payer = told["guardian"] or _first_guardian(told["child"])
        try:
            if told["beyond"]:
                booking.force(
                    session=told["session"],
                    child=told["child"],
                    by=payer,
                    staff=request.user,
                    reason=told["reason"],
                )
                words = _("%(child)s has a place in %(session)s.")
            else:
                outcome = booking.book(
                    session=told["session"],
                    child=told["child"],
                    by=payer,
                    staff=request.user,
                    or_queue=True,
                )
                words = (
                    _("%(child)s has a place in %(session)s.")
                    if outcome.booking
                    else _("%(session)s is full: %(child)s waits for the next place.")
                )
        except (booking.CannotBook, Busy) as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, words % {"child": told["child"], "session": told["session"]})
            return redirect("admin:counter_book")
    return _page(request, form, title=_("Book for a family"), button=_("Book"))


class PayForm(CounterForm):
    household = FindField(
        "household",
        label=gettext_lazy("Household"),
        help_text=gettext_lazy("By its name, its payment reference, a guardian or a child."),
    )
    amount = forms.DecimalField(max_digits=10, decimal_places=2, label=gettext_lazy("Amount"))
    way = forms.ChoiceField(
        label=gettext_lazy("By way of"),
        choices=[
            ("cash", gettext_lazy("cash")),
            ("bank", gettext_lazy("bank")),
            ("voucher", gettext_lazy("voucher")),
        ],
    )
    note = forms.CharField(required=False, max_length=200, label=gettext_lazy("Note"))


def take_payment(request: HttpRequest) -> HttpResponse:
    form = PayForm(request.POST or None, institution=request.institution)
    if request.method == "POST" and form.is_valid():
        try:
            payment = till.take(**form.cleaned_data, staff=request.user)
        except paying.CannotPay as reason:
            form.add_error(None, str(reason))
        else:
            words = _("%(amount)s is entered, receipt %(number)s.")
            told = {
                "amount": money(payment.amount, payment.currency),
                "number": payment.receipt_number,
            }
            messages.success(request, words % told)
            return redirect("admin:take_payment")
    return _page(request, form, title=_("Take a payment"), button=_("Enter"))


class PriorityForm(CounterForm):
    entry = FindField("entry", label=gettext_lazy("In the queue"))
    band = forms.IntegerField(
        min_value=0,
        max_value=9,
        initial=3,
        label=gettext_lazy("Priority"),
        help_text=gettext_lazy("0 is served first, 5 is nobody in particular."),
    )
    reason = forms.CharField(max_length=200, label=gettext_lazy("Reason"))


def priority(request: HttpRequest) -> HttpResponse:
    form = PriorityForm(request.POST or None, institution=request.institution)
    if request.method == "POST" and form.is_valid():
        waitlist.set_band(**form.cleaned_data, staff=request.user)
        messages.success(request, _("The priority is set, with its reason."))
        return redirect("admin:priority")
    return _page(request, form, title=_("Give priority"), button=_("Set"))


class MailForm(CounterForm):
    session = FindField("session", label=gettext_lazy("Session"))
    subject = forms.CharField(max_length=150, label=gettext_lazy("Subject"))
    text = forms.CharField(widget=forms.Textarea, max_length=5000, label=gettext_lazy("Text"))


def write_to(request: HttpRequest) -> HttpResponse:
    form = MailForm(request.POST or None, institution=request.institution)
    if request.method == "POST" and form.is_valid():
        sent = mailing.write_to_families(**form.cleaned_data)
        words = ngettext("%(count)s message is on its way.", "%(count)s messages are on their way.", sent)
        messages.success(request, words % {"count": sent})
        return redirect("admin:write_to_families")
    return _page(request, form, title=_("Write to a session's families"), button=_("Send"))


MOST_BYTES = 20 * 1024 * 1024


class FileForm(CounterForm):
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("xlsx, xls, ods or csv, at most 20 MB.")
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("This file is larger than 20 MB: cut it into several."))
        return file


class ListForm(FileForm):
    what = forms.ChoiceField(
        label=gettext_lazy("List of"),
        choices=[("families", gettext_lazy("families")), ("activities", gettext_lazy("activities"))],
    )
    only_good = forms.BooleanField(
        required=False, label=gettext_lazy("Take the good rows, leave out the others")
    )
    field_order = ("what", "file", "only_good")


def bring_list(request: HttpRequest) -> HttpResponse:
    """A list is always gone through first; with the second button it is taken over as well."""
    form = ListForm(request.POST or None, request.FILES or None, institution=request.institution)
    outcome = None
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        is_for_sure = "sure" in request.POST
        with NamedTemporaryFile(suffix=Path(told["file"].name).suffix.lower()[:6]) as copy:
            for chunk in told["file"].chunks():
                copy.write(chunk)
            copy.flush()
            try:
                outcome = getattr(importing, f"import_{told['what']}")(
                    institution=request.institution,
                    path=Path(copy.name),
                    name=told["file"].name,
                    dry_run=not is_for_sure,
                    skip_errors=told["only_good"],
                    by=request.user,
                )
            except importing.HasErrors as refusal:
                outcome = refusal.outcome
                messages.error(request, str(refusal))
            else:
                if is_for_sure:
                    messages.success(request, _("The list is taken over."))
    return _page(
        request, form, title=_("Bring in a list"), button=_("Go through it"), outcome=outcome, is_list=True
    )
