"""A family's account at the office: what is due and was paid, and every way in which it is put right."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import instalments, owed, paying, till
from ..models import Charge, Household, LedgerEntry, Payment, Refund, WriteOff
from ..money import TILLS
from ..templatetags.activities import money
from .counter import CounterForm
from .finding import FindField
from .looking_first import day, page

# So many movements are shown; all of them stand in the ledger.
MOST = 40

Refused = (till.CannotLetOff, till.CannotCharge, instalments.CannotSplit, paying.CannotPay)


class FamilyForm(CounterForm):
    household = FindField(
        "household",
        label=gettext_lazy("Household"),
        help_text=gettext_lazy("By its name, its payment reference, a guardian or a child."),
    )


class OfHouseholdForm(forms.Form):
    """Its choices of charges and payments are those that the act may be done to."""

    def __init__(self, *args: Any, rows: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        if "row" in self.fields:
            self.rows = {str(row.pk): row for row, _words in rows}
            self.fields["row"].choices = [(str(row.pk), words) for row, words in rows]

    def clean_row(self) -> Any:
        return self.rows[self.cleaned_data["row"]]


def _amount(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(max_digits=10, decimal_places=2, min_value=0, **options)


def _reason(label: Any) -> forms.CharField:
    return forms.CharField(max_length=200, label=label, widget=forms.TextInput({"autocomplete": "off"}))


class WriteOffForm(OfHouseholdForm):
    row = forms.ChoiceField(label=gettext_lazy("What is due"))
    amount = _amount(
        required=False, label=gettext_lazy("Amount"), help_text=gettext_lazy("Empty: all of it.")
    )
    reason = _reason(gettext_lazy("Why"))


class PayOutForm(OfHouseholdForm):
    amount = _amount(label=gettext_lazy("Amount"))
    way = forms.ChoiceField(
        label=gettext_lazy("By way of"),
        choices=[("cash", gettext_lazy("cash")), ("bank", gettext_lazy("bank"))],
    )


class RefundForm(OfHouseholdForm):
    row = forms.ChoiceField(label=gettext_lazy("Of the payment"))
    amount = _amount(label=gettext_lazy("Amount"))
    reason = _reason(gettext_lazy("Why"))


class SplitForm(OfHouseholdForm):
    row = forms.ChoiceField(label=gettext_lazy("What is due"))
    parts = forms.IntegerField(min_value=2, max_value=24, initial=3, label=gettext_lazy("In so many parts"))
    first_on = day(label=gettext_lazy("The first is due on"))
    days = forms.IntegerField(
        min_value=1, max_value=120, initial=30, label=gettext_lazy("Days from one to the next")
    )


class ChargeForm(OfHouseholdForm):
    what = forms.CharField(max_length=200, label=gettext_lazy("What for"))
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[c for c in Charge.Kind.choices if c[0] != Charge.Kind.PLACE]
    )
    amount = _amount(label=gettext_lazy("Amount"))
    due_on = day(required=False, label=gettext_lazy("Due on"), help_text=gettext_lazy("Empty: today."))


def find_account(request: HttpRequest) -> HttpResponse:
    form = FamilyForm(request.POST or None, institution=request.institution)
    if request.method == "POST" and form.is_valid():
        return redirect("admin:family_account", form.cleaned_data["household"].pk)
    return page(request, "find_account", title=_("A family's account"), form=form)


class _Account:
    """One household's account: what may be done to it, and the forms for that."""

    def __init__(self, request: HttpRequest, household: Household) -> None:
        self.request, self.household = request, household
        self.dues = owed.dues(household)
        self.credit = owed.credit(household)

    def form(self, act: str, of: type[OfHouseholdForm], rows: Any = ()) -> OfHouseholdForm:
        asked = self.request.POST if self.request.POST.get("act") == act else None
        return of(asked, rows=rows, auto_id=f"{act}_%s")

    def forms(self) -> dict[str, OfHouseholdForm]:
        """Those that there is something for."""
        here = self.household
        found = {"charge": self.form("charge", ChargeForm)}
        let_off = [(due.charge, self._words(due)) for due in till.may_be_let_off(here)]
        if let_off:
            found["write_off"] = self.form("write_off", WriteOffForm, let_off)
        whole = [
            (due.charge, self._words(due)) for due in self.dues if not due.charge.instalments.all().exists()
        ]
        if whole:
            found["split"] = self.form("split", SplitForm, whole)
        if self.credit:
            found["pay_out"] = self.form("pay_out", PayOutForm)
            found["pay_out"].fields["amount"].initial = self.credit
        came = here.payments.filter(state=Payment.State.SUCCEEDED).exclude(provider__in=TILLS)
        cards = [(row, f"{row.created_at:%Y-%m-%d} {self._money(row.amount)}") for row in came]
        if cards and self.credit:
            found["refund"] = self.form("refund", RefundForm, cards)
            found["refund"].fields["amount"].initial = self.credit
        return found

    def _money(self, amount: Any) -> str:
        return money(amount, self.household.institution.currency)

    def _words(self, due: owed.Due) -> str:
        return f"{due.charge.what}: {self._money(due.open)}"

    # --- acts: each says what it did ---

    def write_off(self, told: dict[str, Any]) -> str:
        row = till.write_off(
            charge=told["row"], amount=told["amount"], reason=told["reason"], staff=self.request.user
        )
        return _("%s is written off, and the family is told.") % self._money(row.amount)

    def pay_out(self, told: dict[str, Any]) -> str:
        row = till.pay_out(household=self.household, staff=self.request.user, **told)
        return _("%s is paid out, and the family is told.") % self._money(row.amount)

    def refund(self, told: dict[str, Any]) -> str:
        till.give_back(
            payment=told["row"], amount=told["amount"], reason=told["reason"], staff=self.request.user
        )
        return _("%s is on its way back to the card.") % self._money(told["amount"])

    def split(self, told: dict[str, Any]) -> str:
        parts = instalments.split(
            charge=told["row"], parts=told["parts"], first_on=told["first_on"], days=told["days"]
        )
        return _("It is due in %s parts now: the family sees them on its page.") % len(parts)

    def charge(self, told: dict[str, Any]) -> str:
        row = till.charge(household=self.household, staff=self.request.user, **told)
        return _("%s is charged, and the family is told.") % self._money(row.amount)

    # --- acts on a row of the page ---

    def take_back(self) -> str:
        till.take_back_entered(payment=self._row(self.household.payments), staff=self.request.user)
        return _("The payment is taken back by the opposite entry, and the family is told.")

    def take_back_charge(self) -> str:
        till.take_back_charge(charge=self._row(self.household.charges), staff=self.request.user)
        return _("The charge is taken back, and the family is told.")

    def call_back(self) -> str:
        till.call_back(row=self._row(self._write_offs()), staff=self.request.user)
        return _("The debt is due again, and the family is told.")

    def _row(self, rows: Any) -> Any:
        key = self.request.POST.get("number", "")
        row = rows.filter(pk=key if key.isdecimal() and len(key) < 19 else None).first()
        if row is None:
            raise Http404
        return row

    def _write_offs(self) -> Any:
        return WriteOff.objects.for_institution(self.household.institution).filter(
            charge__household=self.household
        )

    def context(self) -> dict[str, Any]:
        here = self.household
        entries = LedgerEntry.objects.filter(household=here, account=LedgerEntry.Account.FAMILY)
        return {
            "household": here,
            "currency": here.institution.currency,
            "balance": owed.balance(here),
            "credit": self.credit,
            "dues": self.dues,
            "payments": here.payments.exclude(state=Payment.State.CREATED).order_by("-created_at")[:MOST],
            "refunds": here.refunds.exclude(state=Refund.State.CREATED).order_by("-created_at")[:MOST],
            "write_offs": self._write_offs().select_related("charge")[:MOST],
            "other_charges": here.charges.filter(cancelled_at=None).exclude(kind=Charge.Kind.PLACE)[:MOST],
            "parts": [
                part
                for charge in here.charges.filter(cancelled_at=None, instalments__isnull=False)
                .distinct()
                .prefetch_related("instalments")
                for part in charge.instalments.all()
            ],
            "entries": entries[:MOST],
            "guardians": here.guardians.filter(erased_at=None, merged_into=None),
        }


BY_FORM: dict[str, Callable[..., str]] = {
    name: getattr(_Account, name) for name in ("write_off", "pay_out", "refund", "split", "charge")
}
BY_ROW: dict[str, Callable[..., str]] = {
    name: getattr(_Account, name) for name in ("take_back", "take_back_charge", "call_back")
}


def family_account(request: HttpRequest, number: int) -> HttpResponse:
    rows = Household.objects.for_institution(request.institution).select_related("institution")
    household = rows.filter(pk=number, merged_into=None).first()
    if household is None:
        raise Http404
    account = _Account(request, household)
    found = account.forms()
    act = request.POST.get("act", "")
    try:
        done = ""
        if act in BY_ROW:
            done = BY_ROW[act](account)
        elif act in found and found[act].is_valid():
            done = BY_FORM[act](account, found[act].cleaned_data)
    except Refused as reason:
        messages.error(request, str(reason))
    else:
        if done:
            messages.success(request, done)
            return redirect("admin:family_account", number)
    title = _("Account of %s") % household
    return page(request, "account", title=title, forms=found, open_act=act, **account.context())
